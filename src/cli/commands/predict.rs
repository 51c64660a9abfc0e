//! `predict`: time courses, expressions and populations with their intervals.

use std::path::PathBuf;

use serde_json::{Map, Value, json};

use super::super::common::{Display, Integration, Run, Times, name, times};
use super::super::console::{Console, SCHEMA_VERSION};
use super::super::session::Session;
use super::super::stages::Scene;
use super::super::{Exit, Failure, predicting, show};
use crate::objective::BuildOptions;
use crate::study::plan::{CoursePlan, PopulationPlan, PredictionPlan};

/// Predict time courses, expressions, or responses over a population, with intervals.
///
/// Intervals and bands come from the replicates of the bootstrap in the folder of the results, where they belong to this
/// fit; else from the linearised fit, which the output then says. Intervals over a population always come from replicates:
/// the bootstrap is run first where the folder holds none.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  mechfit predict fits/wang2020                         every observable and arm, 0 to 72 h\n  mechfit predict fits/wang2020 --times 6,12,24,48 --observable apoptosis\n  mechfit predict fits/wang2020 --prediction 'apoptosis@co_amd@48' --prediction 'max(mfi@co_vcr@0:72)'\n  mechfit predict fits/wang2020 --prediction 'cxcl12@co@24' --vary 'n_sites*=lognormal(0.52,0.29)' --id new"
)]
pub struct Arguments {
    /// Problem (folder or YAML file)
    pub problem: PathBuf,
    /// Expression over `observable@experiment@time`; may be repeated
    #[arg(long, value_name = "EXPRESSION")]
    pub prediction: Vec<String>,
    /// Times of the courses: `6,12,24` or `0:72:144` [default: the plan's, else 0:72]
    #[arg(long, value_name = "TIMES", value_parser = times)]
    pub times: Option<Times>,
    /// Courses of this observable, output or state only; may be repeated
    #[arg(long, value_name = "ID")]
    pub observable: Vec<String>,
    /// Courses in this experiment only; may be repeated
    #[arg(long, value_name = "ID")]
    pub experiment: Vec<String>,
    /// Let a parameter or input differ over a population: `ID=lognormal(MEAN,SD)`, `ID*=…` for a factor on the estimate;
    /// also normal, uniform, loguniform; may be repeated
    #[arg(long, value_name = "ID=DISTRIBUTION", requires = "prediction",
        conflicts_with_all = ["times", "observable", "experiment"])]
    pub vary: Vec<String>,
    /// Members of the population
    #[arg(long, value_name = "N", default_value_t = 256, requires = "vary", value_parser = clap::value_parser!(u64).range(2..=65536))]
    pub members: u64,
    /// Name of the result files of a population: `population_NAME`
    #[arg(long, value_name = "NAME", requires = "vary", value_parser = name)]
    pub id: Option<String>,
    #[command(flatten)]
    pub integration: Integration,
    #[command(flatten)]
    pub run: Run,
    #[command(flatten)]
    pub display: Display,
}

impl Arguments {
    /// Computes what is asked for.
    pub fn run(&self, console: &mut Console) -> Result<Exit, Failure> {
        let session = Session::open(&self.problem, &self.run, &self.integration)?;
        let prepared = session.prepare(console)?;
        let scene = Scene::new(&session, &prepared, BuildOptions::default())?;
        let populations: Vec<PopulationPlan> = self
            .prediction
            .iter()
            .filter(|_| !self.vary.is_empty())
            .map(|expression| PopulationPlan {
                id: self.id.clone().unwrap_or_default(),
                expression: expression.clone(),
                vary: self.vary.clone(),
                members: self.members,
                note: None,
            })
            .collect();
        // Names are looked at before anything takes time.
        for text in &self.prediction {
            scene.expression(text)?;
        }
        for p in &populations {
            scene.check_population(p)?;
        }
        scene.check_courses(&self.observable, &self.experiment)?;
        let fitted = scene.fit_or_recall(None, console)?;
        let replicates = if populations.is_empty() {
            scene.replicates_if_there(&fitted, console)?
        } else {
            scene.replicates(&fitted, None, console)?
        };
        let mut parts = Map::new();
        parts.insert("schema_version".into(), json!(SCHEMA_VERSION));
        let asked_for_courses = self.prediction.is_empty()
            || self.times.is_some()
            || !(self.observable.is_empty() && self.experiment.is_empty());
        if asked_for_courses {
            let planned = session.study.plan.plan.courses.as_ref();
            let times = match &self.times {
                Some(Times(list)) => list.clone(),
                None => predicting::times(planned),
            };
            let plan = CoursePlan {
                observables: or(&self.observable, planned.map(|p| &p.observables)),
                experiments: or(&self.experiment, planned.map(|p| &p.experiments)),
                ..CoursePlan::default()
            };
            let courses = scene.courses(&fitted, &replicates, Some(&plan), &times, console)?;
            parts.insert("courses".into(), scene.write_courses(&courses)?);
            show::courses(console, &courses);
        }
        if !self.prediction.is_empty() && self.vary.is_empty() {
            let plans: Vec<PredictionPlan> = self
                .prediction
                .iter()
                .map(|text| PredictionPlan {
                    id: text.clone(),
                    expression: text.clone(),
                    with: Default::default(),
                    unit: None,
                    note: None,
                })
                .collect();
            let result = scene.expressions(&fitted, &replicates, &plans, console)?;
            parts.insert("predictions".into(), scene.write_predictions(&result)?);
            show::expressions(console, &result);
        }
        if !populations.is_empty() {
            let mut list = Vec::new();
            for plan in &populations {
                list.push(scene.population(&fitted, &replicates, plan, console)?);
            }
            let written = scene.write_populations(self.id.as_deref(), &list, replicates.len())?;
            parts.insert("populations".into(), written);
            for p in &list {
                show::population(console, p, session.level, replicates.len());
            }
        }
        let (command, why) = if replicates.is_empty() {
            (
                "bootstrap",
                "(intervals that hold where the model is curved)",
            )
        } else {
            ("report", "(all of it on one page)")
        };
        show::next(console, command, &self.problem, why);
        console.document(Value::Object(parts));
        Ok(Exit::Ok)
    }
}

/// What was asked for, else what is planned.
fn or(asked: &[String], planned: Option<&Vec<String>>) -> Vec<String> {
    if asked.is_empty() {
        planned.cloned().unwrap_or_default()
    } else {
        asked.to_vec()
    }
}
