//! Predictions from a fit and its replicates.

use serde::Serialize;
use serde_json::Value;

use crate::diagnostic::Finding;
use crate::objective::BuildOptions;
use crate::predict::combination::{Combination, Readout};
use crate::predict::combine::{CombineSetup, combine, default_full};
use crate::predict::dose::{DoseResult, DoseSetup, dose_response};
use crate::predict::dosing::{Dosed, quantity};
use crate::predict::text::DoseRange;
use crate::report::figure;
use crate::study::files;
use crate::study::fitted::{Fitted, SCHEMA_VERSION};
use crate::study::plan::{CombinationPlan, DosePlan, Response};
use crate::study::result::ProblemHash;

use super::Failure;
use super::stages::Scene;

/// The response that a plan of doses reads, as an expression.
pub fn response_text(
    observable: &str,
    experiment: &str,
    time: f64,
    summary: Option<&str>,
) -> Result<String, Failure> {
    let over = || format!("{observable}@{experiment}@0:{time}");
    match summary {
        None | Some("value") => Ok(format!("{observable}@{experiment}@{time}")),
        Some(s @ ("max" | "min" | "auc")) => Ok(format!("{s}({})", over())),
        Some(s) => match s.strip_prefix("time_above:").map(str::parse::<f64>) {
            Some(Ok(level)) => Ok(format!("time_above({}, {level})", over())),
            _ => Err(Failure::usage(
                format!("`{s}` is no summary over time"),
                "use value, max, min, auc or time_above:X",
            )),
        },
    }
}

/// A dose-response document without provenance.
#[derive(Serialize)]
struct DoseDocument<'a> {
    schema_version: u32,
    problem: ProblemHash,
    scenario: &'a str,
    id: &'a str,
    seed: u64,
    #[serde(flatten)]
    response: &'a crate::predict::dose::DoseResponse,
}

/// A combination document without provenance.
#[derive(Serialize)]
struct CombinationDocument<'a> {
    schema_version: u32,
    problem: ProblemHash,
    scenario: &'a str,
    id: &'a str,
    seed: u64,
    #[serde(flatten)]
    combination: &'a Combination,
}

/// An input that cannot be dosed.
fn dosing(e: crate::predict::DosingError) -> Failure {
    Finding::error("dosing", e.to_string())
        .help("inputs are declared by the model, experiments and observables by the tables")
        .into()
}

impl Scene<'_> {
    /// A dose-response curve with intervals from replicates.
    pub fn dose(
        &self,
        fitted: &Fitted,
        replicates: &[Vec<f64>],
        plan: &DosePlan,
    ) -> Result<DoseResult, Failure> {
        let model =
            self.prepared.models.first().ok_or_else(|| {
                Failure::usage("the problem has no model", "dose-response needs one")
            })?;
        let range = DoseRange::parse(&plan.range, model, &plan.input).map_err(|e| {
            Failure::usage(
                e.to_string(),
                "write LO:HI or LO:HI:N, such as 1nM:100uM:50",
            )
        })?;
        let text = response_text(
            &plan.observable,
            &plan.experiment,
            plan.time,
            plan.summary.as_deref(),
        )?;
        let expression =
            quantity(&text).map_err(|e| Failure::usage(e.to_string(), "check the names"))?;
        let options = BuildOptions {
            quantities: vec![expression],
            settings: self.session.settings.clone(),
            ..BuildOptions::default()
        };
        let dosed = Dosed::build(
            self.prepared.models.clone(),
            &self.prepared.problem,
            &[plan.experiment.as_str()],
            &[plan.input.as_str()],
            &options,
        )
        .map_err(dosing)?;
        let input = dosed
            .inputs
            .first()
            .cloned()
            .ok_or_else(|| Failure::Internal("a dosed problem has no input".into()))?;
        let setup = DoseSetup {
            which: 0,
            others: vec![input.control],
            response: text,
            response_unit: self.unit_of(&plan.observable),
            doses: range.doses(),
            full: None,
            level: self.session.level,
            input,
        };
        dose_response(
            &dosed,
            &setup,
            &fitted.optimum.theta,
            replicates,
            Some(&fitted.linearised.covariance),
        )
        .map_err(|e| Failure::NothingEvaluated {
            message: format!("the dose-response cannot be evaluated at the fit: {e}"),
            notes: Vec::new(),
        })
    }

    /// Writes the files of a dose-response.
    pub fn write_dose(
        &self,
        name: &str,
        id: &str,
        result: &DoseResult,
        study: &crate::report::view::Study,
    ) -> Result<Value, Failure> {
        let document = DoseDocument {
            schema_version: SCHEMA_VERSION,
            problem: ProblemHash::of(self.prepared),
            scenario: &self.prepared.scenario.id,
            id,
            seed: self.session.seed,
            response: &result.response,
        };
        let document = files::document(&document, &self.session.provenance(self.prepared, 0))?;
        files::write(&self.folder.join(format!("{name}.json")), &document)?;
        let columns = ["dose", "value", "lower", "upper", "extrapolated"];
        let curve = document.get("curve").cloned().unwrap_or(Value::Null);
        self.write_text(&format!("{name}.tsv"), &files::table(&curve, &columns))?;
        let figures = figure::doses(study, std::slice::from_ref(&result.response));
        self.write_figures(name, &figures)?;
        Ok(document)
    }

    /// A two-drug surface with intervals from replicates.
    pub fn combine(
        &self,
        fitted: &Fitted,
        replicates: &[Vec<f64>],
        plan: &CombinationPlan,
    ) -> Result<Combination, Failure> {
        let model =
            self.prepared.models.first().ok_or_else(|| {
                Failure::usage("the problem has no model", "a combination needs one")
            })?;
        let range = |text: &str, input: &str| {
            DoseRange::parse(text, model, input).map_err(|e| {
                Failure::usage(
                    e.to_string(),
                    "write LO:HI or LO:HI:N, such as 1nM:100uM:20",
                )
            })
        };
        let [a, b] = &plan.inputs;
        let (range_a, range_b) = (range(&plan.range_a, a)?, range(&plan.range_b, b)?);
        let text = response_text(&plan.observable, &plan.experiment, plan.time, None)?;
        let expression =
            quantity(&text).map_err(|e| Failure::usage(e.to_string(), "check the names"))?;
        let options = BuildOptions {
            quantities: vec![expression],
            settings: self.session.settings.clone(),
            ..BuildOptions::default()
        };
        let dosed = Dosed::build(
            self.prepared.models.clone(),
            &self.prepared.problem,
            &[plan.experiment.as_str()],
            &[a.as_str(), b.as_str()],
            &options,
        )
        .map_err(dosing)?;
        let (Some(first), Some(second)) = (dosed.inputs.first(), dosed.inputs.get(1)) else {
            return Err(Failure::usage(
                "the two inputs are one",
                "write --inputs A,B",
            ));
        };
        let readout = match plan.response {
            Response::Inhibition => Readout::Inhibition,
            Response::Viability => Readout::Viability,
        };
        let unit = self.unit_of(&plan.observable);
        let full = default_full(readout, unit.as_deref()).ok_or_else(|| {
            Failure::usage(
                format!("what the full effect on `{}` is does not follow from its unit", plan.observable),
                "combine an observable that is a fraction or a percentage, or declare it as viability",
            )
        })?;
        let setup = CombineSetup {
            inputs: [first.clone(), second.clone()],
            response: text,
            response_unit: unit,
            readout,
            full,
            doses_a: range_a.doses(),
            doses_b: range_b.doses(),
            effects: Vec::new(),
            level: self.session.level,
        };
        combine(&dosed, &setup, &fitted.optimum.theta, replicates).map_err(|e| {
            Failure::from(
                Finding::error("combination", e.to_string())
                    .help("`mechfit explain combination` says what a combination needs"),
            )
        })
    }

    /// Writes the files of a combination.
    pub fn write_combination(
        &self,
        name: &str,
        id: &str,
        result: &Combination,
        study: &crate::report::view::Study,
    ) -> Result<Value, Failure> {
        let document = CombinationDocument {
            schema_version: SCHEMA_VERSION,
            problem: ProblemHash::of(self.prepared),
            scenario: &self.prepared.scenario.id,
            id,
            seed: self.session.seed,
            combination: result,
        };
        let document = files::document(&document, &self.session.provenance(self.prepared, 0))?;
        files::write(&self.folder.join(format!("{name}.json")), &document)?;
        let columns = [
            "a",
            "b",
            "response.value",
            "response.lower",
            "response.upper",
            "effect",
            "bliss.value",
            "bliss.lower",
            "bliss.upper",
            "loewe.value",
            "loewe.lower",
            "loewe.upper",
            "hsa.value",
            "hsa.lower",
            "hsa.upper",
            "extrapolated",
        ];
        let surface = document.get("surface").cloned().unwrap_or(Value::Null);
        self.write_text(&format!("{name}.tsv"), &files::table(&surface, &columns))?;
        let figures: Vec<figure::Figure> = figure::combination(study, result).into_iter().collect();
        self.write_figures(name, &figures)?;
        Ok(document)
    }

    /// Unit of an observable or model quantity.
    pub fn unit_of(&self, id: &str) -> Option<String> {
        let observables = &self.prepared.problem.observables;
        observables
            .iter()
            .find(|o| o.id == id)
            .and_then(|o| o.unit.clone())
            .or_else(|| {
                self.prepared
                    .models
                    .iter()
                    .find_map(|m| m.unit(id).map(str::to_string))
            })
    }

    /// Writes figures: the first as `NAME.svg`, the others numbered.
    pub fn write_figures(&self, name: &str, figures: &[figure::Figure]) -> Result<(), Failure> {
        for (k, f) in figures.iter().enumerate() {
            let file = if k == 0 {
                format!("{name}.svg")
            } else {
                format!("{name}-{}.svg", k + 1)
            };
            self.write_text(&file, &f.svg())?;
        }
        Ok(())
    }
}
