//! Predictions from a fit: computed by the floor below, written as documents, tables and figures.

mod combine;
mod course;
mod design;
mod dose;
mod expression;
mod population;
mod sensitivity;

pub use course::times;
pub use design::Wanted as DesignWanted;
pub use dose::{Basis, Dosing, comparable, wants};
pub use expression::Predictions;
pub use sensitivity::Wanted as SensitivityWanted;

use serde::Serialize;
use serde_json::Value;

use crate::diagnostic::{Finding, Source};
use crate::math::Expr;
use crate::objective::{BuildOptions, QuantitySpec};
use crate::predict::ask::{self, AskError};
use crate::predict::dosing::{self, DosingError};
use crate::report::{figure, view};
use crate::study::claims::Judged;
use crate::study::files;
use crate::study::fitted::{Fitted, SCHEMA_VERSION};
use crate::study::job::Begin;
use crate::study::replicates::{Drawn, NotUsable, Recorded, recorded};
use crate::study::result::ProblemHash;

use super::Failure;
use super::console::Console;
use super::failure::unknown_name;
use super::stages::{BootstrapFlags, Scene};

/// A document of predictions without its provenance.
#[derive(Serialize)]
struct Document<'a, T> {
    schema_version: u32,
    problem: ProblemHash,
    scenario: &'a str,
    id: &'a str,
    seed: u64,
    #[serde(flatten)]
    content: &'a T,
}

/// Name of the files of a result: `dose`, or `dose_ID`.
pub fn file_name(kind: &str, id: Option<&str>) -> String {
    match id {
        None => kind.into(),
        Some(id) => format!("{kind}_{id}"),
    }
}

impl From<AskError> for Failure {
    fn from(e: AskError) -> Self {
        let range = "write LO:HI or LO:HI:N, such as 1nM:100uM:50";
        let message = e.to_string();
        match e {
            AskError::Range(_) => Self::usage(message, range),
            AskError::Summary(_) => {
                Self::usage(message, "use value, max, min, auc or time_above:LEVEL")
            }
            AskError::Varied(_) => Self::usage(message, "give each quantity one distribution"),
            AskError::Dosing(DosingError::Twice(_)) => {
                Self::usage(message, "name two different inputs")
            }
            AskError::Dosing(e) => Finding::error("dosing", e.to_string())
                .help("inputs are declared by the model, experiments and observables by the tables")
                .into(),
            AskError::Response { text, error } => {
                let help = error.kind.help().unwrap_or_else(|| {
                    "expressions are written over `observable@experiment@time`, see docs/predictions.md"
                        .into()
                });
                let source = Source::new("expression", text);
                Finding::error(error.kind.code(), error.kind.to_string())
                    .at(&source, error.span, "here")
                    .help(help)
                    .into()
            }
            AskError::Full(_) => Self::usage(
                message,
                "give it with --full, or combine an observable that is a fraction or a percentage",
            ),
            AskError::Factor(_) => Finding::error("population", message)
                .help("the estimated parameters are listed by `mechfit fit`")
                .into(),
            AskError::Simulation(_) | AskError::Population(_) => Self::NothingEvaluated {
                message: format!("the prediction cannot be evaluated at the fit: {message}"),
                notes: Vec::new(),
            },
            AskError::Combine(_) => Finding::error("combination", message)
                .help("docs/predictions.md says where each definition of synergy applies")
                .into(),
        }
    }
}

impl Scene<'_> {
    /// What predictions are asked about.
    fn setting(&self) -> ask::Setting<'_> {
        ask::Setting {
            models: &self.prepared.models,
            problem: &self.prepared.problem,
            settings: &self.session.settings,
        }
    }

    /// The fit as predictions take it.
    fn asked<'a>(&'a self, fitted: &'a Fitted, replicates: &'a [Vec<f64>]) -> ask::Fitted<'a> {
        ask::Fitted {
            setting: self.setting(),
            theta: &fitted.optimum.theta,
            replicates,
            covariance: Some(&fitted.linearised.covariance),
            level: self.session.level,
        }
    }

    /// Names and units as figures show them.
    pub fn vocabulary(&self) -> view::Study {
        self.prepared
            .models
            .first()
            .map_or_else(view::Study::default, |m| {
                view::Study::of(&self.prepared.problem, m)
            })
    }

    /// The replicates that the folder holds for this fit, if it holds any.
    pub fn recorded(&self, fitted: &Fitted) -> Result<Result<Recorded, NotUsable>, Failure> {
        let flags = BootstrapFlags::default();
        let stage = self.bootstrap_stage(fitted, &flags, None, Begin::ResumeOrAnew)?;
        let drawn = Drawn {
            kind: stage.options.kind,
            draw: stage.options.draw,
            fixed_priors: stage.options.fixed_priors,
            seed: self.session.run.seed,
        };
        Ok(recorded(
            &self.folder,
            self.prepared,
            &self.objective,
            fitted,
            &self.session.settings,
            drawn,
        ))
    }

    /// Parameter vectors of the replicates of this fit that succeeded. Those that the folder holds are taken; where there
    /// are none or fewer than asked for, the bootstrap is run first.
    pub fn replicates(
        &self,
        fitted: &Fitted,
        samples: Option<u64>,
        console: &Console,
    ) -> Result<Vec<Vec<f64>>, Failure> {
        match self.recorded(fitted)? {
            Ok(r) if samples.is_none_or(|n| n <= r.samples) => {
                let all = r.samples;
                return Ok(r.first(samples.unwrap_or(all)));
            }
            Ok(r) => console.note(format!(
                "the folder holds {} replicates, more are made first",
                r.samples
            )),
            Err(reason) => console.note(format!("{reason}, so the bootstrap is run first")),
        }
        let flags = BootstrapFlags {
            samples,
            ..BootstrapFlags::default()
        };
        let stage = self.bootstrap_stage(fitted, &flags, None, Begin::ResumeOrAnew)?;
        self.bootstrap(&stage, console)?;
        match self.recorded(fitted)? {
            Ok(r) => {
                let all = r.samples;
                Ok(r.first(samples.unwrap_or(all)))
            }
            Err(reason) => Err(Failure::Internal(format!(
                "the bootstrap that was just written is not found: {reason}"
            ))),
        }
    }

    /// The recorded replicates, or none with a note that intervals come from the linearised fit.
    pub fn replicates_if_there(
        &self,
        fitted: &Fitted,
        console: &Console,
    ) -> Result<Vec<Vec<f64>>, Failure> {
        Ok(match self.recorded(fitted)? {
            Ok(r) => {
                let all = r.samples;
                r.first(all)
            }
            Err(reason) => {
                console.note(format!(
                    "{reason}: intervals come from the linearised fit (Fisher, Student's t); \
                     `mechfit bootstrap` makes replicates, which hold where the model is curved"
                ));
                Vec::new()
            }
        })
    }

    /// A result as a document with provenance, written to the folder.
    fn write_document<T: Serialize>(
        &self,
        name: &str,
        id: &str,
        content: &T,
    ) -> Result<Value, Failure> {
        let document = Document {
            schema_version: SCHEMA_VERSION,
            problem: ProblemHash::of(self.prepared),
            scenario: &self.prepared.scenario.id,
            id,
            seed: self.session.seed,
            content,
        };
        let document = files::document(&document, &self.session.provenance(self.prepared, 0))?;
        files::write(&self.folder.join(format!("{name}.json")), &document)?;
        Ok(document)
    }

    /// Writes the list under a key of a document as a table of the same name.
    fn write_table(
        &self,
        name: &str,
        document: &Value,
        key: &str,
        columns: &[&str],
    ) -> Result<(), Failure> {
        let list = document.get(key).cloned().unwrap_or(Value::Null);
        self.write_text(&format!("{name}.tsv"), &files::table(&list, columns))
    }

    /// Writes `claims.json` and its table, if the study makes claims.
    pub fn write_claims(&self, judged: &[Judged]) -> Result<(), Failure> {
        #[derive(Serialize)]
        struct Content<'a> {
            claims: &'a [Judged],
        }
        if judged.is_empty() {
            return Ok(());
        }
        let document = self.write_document("claims", "claims", &Content { claims: judged })?;
        let columns = [
            "id",
            "kind",
            "printed",
            "recomputed",
            "agrees",
            "expected",
            "reason",
            "source",
        ];
        self.write_table("claims", &document, "claims", &columns)
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

    /// An expression from its text, with all names of observables and experiments known.
    pub fn names(&self, text: &str) -> Result<QuantitySpec, Failure> {
        let spec = dosing::quantity(text).map_err(|error| {
            Failure::from(AskError::Response {
                text: text.into(),
                error,
            })
        })?;
        let findings = self.unknown_names(text, &spec.expr);
        if findings.is_empty() {
            Ok(spec)
        } else {
            Err(Failure::Findings(findings))
        }
    }

    /// An expression from its text that can be computed: all its names are known, and it compiles.
    pub fn expression(&self, text: &str) -> Result<QuantitySpec, Failure> {
        let spec = self.names(text)?;
        let options = BuildOptions {
            quantities: vec![spec.clone()],
            ..BuildOptions::default()
        };
        self.session.objective(self.prepared, options)?;
        Ok(spec)
    }

    /// What an expression names that neither the tables nor the model know.
    fn unknown_names(&self, text: &str, expr: &Expr) -> Vec<Finding> {
        let problem = &self.prepared.problem;
        let mut findings: Vec<Finding> = Vec::new();
        let mut unknown = |name: &str, what: &str, known: Vec<&str>| {
            let finding = unknown_name(name, what, &known);
            findings.push(finding.note(format!("in the expression `{text}`")));
        };
        expr.for_each_symbol(&mut |name| {
            let mut parts = name.split('@');
            let Some(quantity) = parts.next() else { return };
            let experiment = parts.next();
            let observables = problem.observables.iter().map(|o| o.id.as_str());
            let declared = self.prepared.models.iter().any(|m| m.declares(quantity));
            if experiment.is_some()
                && !declared
                && !problem.observables.iter().any(|o| o.id == quantity)
            {
                let outputs = self
                    .prepared
                    .models
                    .iter()
                    .flat_map(|m| m.outputs.iter().map(|o| o.id.as_str()));
                let states = self
                    .prepared
                    .models
                    .iter()
                    .flat_map(|m| m.states.iter().map(|s| s.id.as_str()));
                let mut known: Vec<&str> = observables.chain(outputs).chain(states).collect();
                known.sort_unstable();
                known.dedup();
                unknown(quantity, "an observable, output or state", known);
            }
            if let Some(e) = experiment
                && !problem.experiments.iter().any(|x| x.id == e)
            {
                let known = problem.experiments.iter().map(|x| x.id.as_str());
                unknown(e, "an experiment", known.collect());
            }
        });
        findings
    }
}
