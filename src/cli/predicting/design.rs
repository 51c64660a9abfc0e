//! Which further measurement narrows a target most.

use serde_json::Value;

use super::super::Failure;
use super::super::failure::unknown_name;
use super::super::stages::Scene;
use super::file_name;
use crate::objective::{BuildOptions, QuantitySpec, RowKind, Target as _};
use crate::predict::DoseRange;
use crate::predict::ask::AskError;
use crate::predict::dosing::{self, DosingError, quantity};
use crate::problem::Problem;
use crate::report::figure;
use crate::study::findings;
use crate::study::fitted::Fitted;
use crate::uncertainty::Design;
use crate::uncertainty::design::{Candidate, design, expected_sd};

/// What may be measured, and what for.
pub struct Wanted<'a> {
    /// What is to be narrowed; `None`: the determinant of the information.
    pub target: Option<&'a str>,
    /// Observables; empty: all of the table.
    pub observables: &'a [String],
    /// Experiments; empty: all.
    pub experiments: &'a [String],
    /// Times.
    pub times: &'a [f64],
    /// Inputs with doses beside those of the experiments, `INPUT=LO:HI[:N]`.
    pub doses: &'a [String],
    /// Replicates; `None`: what most means of the data have.
    pub n: Option<u32>,
}

/// A measurement before it is compiled.
struct Asked {
    id: String,
    observable: String,
    spec: QuantitySpec,
}

/// Measurements that may be made, with the problem that they would be made in.
pub struct Candidates {
    problem: Problem,
    target: Option<QuantitySpec>,
    list: Vec<Asked>,
}

/// Replicates of a new mean where the data hold no mean with n.
const REPLICATES: u32 = 5;

impl Scene<'_> {
    /// The candidates that a question stands for; its names are looked at here, before anything takes time.
    pub fn candidates(&self, wanted: &Wanted<'_>) -> Result<Candidates, Failure> {
        let problem = &self.prepared.problem;
        let choose =
            |asked: &[String], all: Vec<&str>, what: &str| -> Result<Vec<String>, Failure> {
                for id in asked {
                    if !all.contains(&id.as_str()) {
                        return Err(unknown_name(id, &format!("{what} of the tables"), &all).into());
                    }
                }
                Ok(if asked.is_empty() {
                    all.into_iter().map(String::from).collect()
                } else {
                    asked.to_vec()
                })
            };
        let plain = |o: &&crate::problem::Observable| o.placeholders.is_empty();
        let observables = problem.observables.iter().filter(plain);
        let observables = choose(
            wanted.observables,
            observables.map(|o| o.id.as_str()).collect(),
            "an observable",
        )?;
        let experiments = choose(
            wanted.experiments,
            problem.experiments.iter().map(|e| e.id.as_str()).collect(),
            "an experiment",
        )?;
        let mut changed = problem.clone();
        let mut arms: Vec<(String, String)> =
            experiments.iter().map(|e| (e.clone(), e.clone())).collect();
        for text in wanted.doses {
            arms.extend(self.dosed_arms(text, &experiments, &mut changed)?);
        }
        let mut asked = Vec::new();
        for (arm, shown) in &arms {
            for observable in &observables {
                for t in wanted.times {
                    let text = format!("{observable}@{arm}@{t}");
                    let (name, dose) = shown.split_once(' ').unwrap_or((shown, ""));
                    let mut id = format!("{observable}@{name}@{t}");
                    if !dose.is_empty() {
                        id += &format!(" {dose}");
                    }
                    let spec =
                        quantity(&text).map_err(|error| AskError::Response { text, error })?;
                    asked.push(Asked {
                        id,
                        observable: observable.clone(),
                        spec,
                    });
                }
            }
        }
        Ok(Candidates {
            problem: changed,
            target: wanted.target.map(|t| self.expression(t)).transpose()?,
            list: asked,
        })
    }

    /// Copies of the experiments that dose an input, one a dose, as name and what is shown of it.
    fn dosed_arms(
        &self,
        text: &str,
        experiments: &[String],
        changed: &mut Problem,
    ) -> Result<Vec<(String, String)>, Failure> {
        let problem = &self.prepared.problem;
        let (id, range) = text.split_once('=').ok_or_else(|| {
            Failure::usage(
                format!("`{text}` is no input with a range of doses"),
                "write INPUT=LO:HI[:N], such as vcr=1nM:1uM:4",
            )
        })?;
        let model = self
            .prepared
            .models
            .first()
            .ok_or_else(|| AskError::from(DosingError::Build(Vec::new())))?;
        let input = dosing::input(model, problem, id).map_err(AskError::from)?;
        let range = DoseRange::parse(range, model, id).map_err(AskError::from)?;
        let set: Vec<&String> = experiments
            .iter()
            .filter(|e| dosing::sets(problem, e, &input))
            .collect();
        let set = if set.is_empty() {
            experiments.iter().collect()
        } else {
            set
        };
        let unit = input.unit.as_deref().unwrap_or_default();
        let mut arms = Vec::new();
        for e in set {
            for value in range.doses() {
                let arm =
                    dosing::with_dose(changed, model, e, &input, value).map_err(AskError::from)?;
                let dose = crate::report::number::significant(
                    value,
                    3,
                    crate::report::number::Style::Plain,
                );
                let shown = format!("{e} with {id} {dose} {unit}");
                arms.push((arm, shown.trim_end().to_string()));
            }
        }
        Ok(arms)
    }

    /// Judges candidate measurements.
    pub fn design(
        &self,
        fitted: &Fitted,
        wanted: &Wanted<'_>,
        candidates: Candidates,
    ) -> Result<Design, Failure> {
        let Candidates {
            problem: mut bare,
            target,
            list: asked,
        } = candidates;
        let mut quantities: Vec<QuantitySpec> = target.into_iter().collect();
        quantities.extend(asked.iter().map(|a| a.spec.clone()));
        bare.measurements.clear();
        bare.relations.clear();
        let options = BuildOptions {
            quantities,
            settings: self.session.settings.clone(),
            ..BuildOptions::default()
        };
        let objective =
            crate::objective::Objective::build(self.prepared.models.clone(), &bare, &options)
                .map_err(|list| {
                    let loaded = &self.session.study.loaded;
                    let list = list.iter().map(|e| findings::of_build(loaded, e));
                    Failure::Findings(list.collect())
                })?;
        let mut compiled = objective.quantities.iter();
        let goal = wanted
            .target
            .and_then(|text| Some((text, compiled.next()?)));
        let n = wanted.n.unwrap_or_else(|| self.usual_n());
        let mut ws = objective.workspace();
        let theta = &fitted.optimum.theta;
        let mut candidates = Vec::new();
        for (a, q) in asked.iter().zip(compiled) {
            // What cannot be simulated is refused below, with its reason.
            let value = objective.value_of(q, theta, &mut ws).unwrap_or(f64::NAN);
            let data = self.objective.data();
            let sd = expected_sd(&self.objective, data, &a.observable, value);
            candidates.push(Candidate {
                id: a.id.clone(),
                quantity: q,
                n,
                sd: sd.unwrap_or(f64::NAN),
            });
        }
        design(
            &objective,
            &fitted.linearised,
            goal,
            &candidates,
            self.session.level,
            &mut ws,
        )
        .map_err(|e| Failure::NothingEvaluated {
            message: format!("the target cannot be evaluated at the fit: {e}"),
            notes: Vec::new(),
        })
    }

    /// The n that most means of the data have; the smallest of several.
    fn usual_n(&self) -> u32 {
        let mut counts = std::collections::BTreeMap::<u32, usize>::new();
        for row in self.objective.rows() {
            if let RowKind::Mean { n } = row.kind {
                *counts.entry(n).or_default() += 1;
            }
        }
        let most = counts.values().max().copied();
        counts
            .into_iter()
            .find(|(_, count)| Some(*count) == most)
            .map_or(REPLICATES, |(n, _)| n)
    }

    /// Writes `design.*`, or `design_ID.*`.
    pub fn write_design(&self, id: Option<&str>, result: &Design) -> Result<Value, Failure> {
        let name = file_name("design", id);
        let document = self.write_document(&name, id.unwrap_or("design"), result)?;
        let columns = [
            "id",
            "n",
            "sd",
            "expected_value",
            "error_ratio",
            "expected_lower",
            "expected_upper",
            "d_gain",
            "opens",
        ];
        self.write_table(&name, &document, "proposals", &columns)?;
        let figures: Vec<figure::Figure> = figure::design(result, Some(self.session.level))
            .into_iter()
            .collect();
        self.write_figures(&name, &figures)?;
        Ok(document)
    }
}
