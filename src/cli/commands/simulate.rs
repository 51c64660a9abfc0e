//! `simulate`: a time course of a model, or the simulation table of a problem.

use std::path::{Path, PathBuf};

use serde_json::json;

use super::super::common::{Display, Integration, Run, Values};
use super::super::console::{Console, SCHEMA_VERSION};
use super::super::session::{self, Session, TargetKind};
use super::super::{Exit, Failure};
use crate::diagnostic::Finding;
use crate::model;
use crate::objective::{BuildOptions, Objective, Target as _};
use crate::simulate::{Course, CourseError, Request, Settings, Show, course};
use crate::study::atomic;
use crate::study::json;
use crate::study::open::Prepared;
use crate::study::sbml_case::{self, Case};
use crate::study::simulations;

/// Integrate: a model gives a time course (CSV), a problem gives the PEtab simulation table (TSV).
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  mechfit simulate models/cxcr4_axis/cxcr4_axis.model --end 24 --steps 48 --variables R,RL,RA\n  mechfit simulate fits/wang2020 --set K_A=300"
)]
pub struct Arguments {
    /// Model (`*.model`, SBML `*.xml`) or problem (folder or YAML file)
    pub target: PathBuf,
    /// First time of a model's time course
    #[arg(
        long,
        value_name = "T",
        default_value_t = 0.0,
        allow_negative_numbers = true
    )]
    pub start: f64,
    /// Last time
    #[arg(
        long,
        value_name = "T",
        allow_negative_numbers = true,
        conflicts_with = "times"
    )]
    pub end: Option<f64>,
    /// Number of equal steps between (N + 1 rows) [default: 100]
    #[arg(long, value_name = "N", conflicts_with = "times")]
    pub steps: Option<u32>,
    /// Times of the rows instead
    #[arg(
        long,
        value_name = "T1,T2,…",
        value_delimiter = ',',
        allow_negative_numbers = true
    )]
    pub times: Vec<f64>,
    /// Columns [default: every state]
    #[arg(long, value_name = "A,B,…", value_delimiter = ',')]
    pub variables: Vec<String>,
    /// Species that are shown as amounts (SBML)
    #[arg(long, value_name = "IDS", value_delimiter = ',')]
    pub amount: Vec<String>,
    /// Species that are shown as concentrations (SBML)
    #[arg(long, value_name = "IDS", value_delimiter = ',')]
    pub concentration: Vec<String>,
    /// Settings file of an SBML Test Suite case (`NNNNN-settings.txt`)
    #[arg(long, value_name = "FILE", conflicts_with_all = ["end", "steps", "times", "variables"])]
    pub settings: Option<PathBuf>,
    /// File to write [default: stdout]
    #[arg(long, short, value_name = "FILE")]
    pub output: Option<PathBuf>,
    #[command(flatten)]
    pub values: Values,
    #[command(flatten)]
    pub integration: Integration,
    #[command(flatten)]
    pub run: Run,
    #[command(flatten)]
    pub display: Display,
}

/// Steps of a time course without `--steps`.
const STEPS: u32 = 100;

impl Arguments {
    /// Integrates.
    pub fn run(&self, console: &mut Console) -> Result<Exit, Failure> {
        session::exists(&self.target)?;
        match session::kind_of(&self.target) {
            TargetKind::Problem => self.problem(console),
            TargetKind::Model(language) => self.model(language, console),
        }
    }

    fn problem(&self, console: &mut Console) -> Result<Exit, Failure> {
        let session = Session::open(&self.target, &self.run, &self.integration)?;
        let prepared = session.prepare_with(&self.values, console)?;
        let objective = session.objective(&prepared, BuildOptions::default())?;
        let theta = objective.nominal_point();
        let text = simulation_table(&prepared, &objective, &theta)?;
        self.put(&text, console)?;
        Ok(Exit::Ok)
    }

    fn model(&self, language: &'static str, console: &mut Console) -> Result<Exit, Failure> {
        let loaded = model::load(&self.target, language, &[])?;
        console.findings(&loaded.findings);
        let mut settings = Settings::default();
        let case = match &self.settings {
            Some(path) => Some(sbml_case::read(path)?),
            None => None,
        };
        if case.is_some() {
            settings.tolerances.rtol = sbml_case::RTOL;
            settings.tolerances.atol = vec![sbml_case::ATOL];
        }
        if let Some(rtol) = self.integration.rtol {
            settings.tolerances.rtol = rtol;
        }
        if let Some(atol) = self.integration.atol {
            settings.tolerances.atol = vec![atol];
        }
        let variables = match &case {
            Some(case) => case.variables.clone(),
            None if self.variables.is_empty() => {
                loaded.model.states.iter().map(|s| s.id.clone()).collect()
            }
            None => self.variables.clone(),
        };
        let (amount, concentration) = match &case {
            Some(case) => (&case.amount, &case.concentration),
            None => (&self.amount, &self.concentration),
        };
        let show = |id: &str| {
            if amount.iter().any(|a| a == id) {
                Show::Amount
            } else if concentration.iter().any(|c| c == id) {
                Show::Concentration
            } else {
                Show::Named
            }
        };
        let times = self.times(case.as_ref())?;
        let request = Request {
            start: case.as_ref().map_or(self.start, |c| c.start),
            times,
            variables: variables.iter().map(|v| (v.clone(), show(v))).collect(),
            set: session::read_values(&self.values)?,
        };
        let file = self.target.display().to_string();
        let result = course(loaded.model, &request, &settings).map_err(|e| match e {
            CourseError::Unknown { .. } | CourseError::Times { .. } => Failure::usage(
                e.to_string(),
                "`mechfit check` lists what the model declares",
            ),
            CourseError::Compile(_) => Finding::error("model", e.to_string())
                .in_file(file.clone())
                .into(),
            other => Failure::NothingEvaluated {
                message: format!("`{file}` could not be integrated: {other}"),
                notes: Vec::new(),
            },
        })?;
        if console.is_json() && self.output.is_none() {
            console.document(document(&result)?);
        } else {
            self.put(&csv(&result), console)?;
        }
        Ok(Exit::Ok)
    }

    fn times(&self, case: Option<&Case>) -> Result<Vec<f64>, Failure> {
        if let Some(case) = case {
            return Ok(grid(case.start, case.duration, case.steps));
        }
        if !self.times.is_empty() {
            return Ok(self.times.clone());
        }
        match self.end {
            Some(end) => Ok(grid(
                self.start,
                end - self.start,
                self.steps.unwrap_or(STEPS),
            )),
            None => Err(Failure::usage(
                "a time course of a model needs its times",
                "give --end T (and --steps N), or --times t1,t2,…, or --settings FILE",
            )),
        }
    }

    /// Writes to the file asked for, or to stdout.
    fn put(&self, text: &str, console: &mut Console) -> Result<(), Failure> {
        match &self.output {
            Some(path) => {
                atomic::write(path, text.as_bytes())?;
                console.document(json!({
                    "schema_version": SCHEMA_VERSION,
                    "status": "ok",
                    "file": path.display().to_string(),
                }));
            }
            None => {
                console.raw(text);
                console.document(json!({
                    "schema_version": SCHEMA_VERSION,
                    "status": "ok",
                    "table": text,
                }));
            }
        }
        Ok(())
    }
}

/// `steps + 1` equidistant times; the last one is exact.
fn grid(start: f64, duration: f64, steps: u32) -> Vec<f64> {
    let n = steps.max(1);
    (0..=n)
        .map(|k| start + duration * (f64::from(k) / f64::from(n)))
        .collect()
}

/// A number as the SBML Test Suite writes it.
fn cell(x: f64) -> String {
    if x.is_nan() {
        "NaN".into()
    } else if x.is_infinite() {
        if x > 0.0 { "INF".into() } else { "-INF".into() }
    } else {
        json!(x).to_string()
    }
}

fn csv(course: &Course) -> String {
    let mut text = String::from("time");
    for name in &course.names {
        text.push(',');
        text += name;
    }
    text.push('\n');
    for (t, row) in rows(course) {
        text += &cell(t);
        for x in row {
            text.push(',');
            text += &cell(*x);
        }
        text.push('\n');
    }
    text
}

fn rows(course: &Course) -> impl Iterator<Item = (f64, &[f64])> {
    let width = course.names.len();
    course.times.iter().enumerate().map(move |(k, t)| {
        (
            *t,
            course
                .values
                .get(k * width..(k + 1) * width)
                .unwrap_or_default(),
        )
    })
}

fn document(course: &Course) -> Result<serde_json::Value, Failure> {
    let columns: std::collections::BTreeMap<&str, Vec<f64>> = course
        .names
        .iter()
        .enumerate()
        .map(|(k, name)| {
            let values = rows(course).map(|(_, row)| row.get(k).copied().unwrap_or(f64::NAN));
            (name.as_str(), values.collect())
        })
        .collect();
    Ok(json!({
        "schema_version": SCHEMA_VERSION,
        "status": "ok",
        "time": json::document(&course.times)?,
        "variables": json::document(&columns)?,
    }))
}

/// Writes the simulation table of a problem.
pub fn write_table(
    path: &Path,
    prepared: &Prepared,
    objective: &Objective,
    theta: &[f64],
) -> Result<(), Failure> {
    Ok(atomic::write(
        path,
        simulation_table(prepared, objective, theta)?.as_bytes(),
    )?)
}

/// PEtab's simulation table.
fn simulation_table(
    prepared: &Prepared,
    objective: &Objective,
    theta: &[f64],
) -> Result<String, Failure> {
    let mut ws = objective.workspace();
    let simulated = objective
        .simulated(theta, &mut ws)
        .map_err(|e| Failure::NothingEvaluated {
            message: format!("the simulations could not be made: {e}"),
            notes: Vec::new(),
        })?;
    let mut by_measurement = vec![f64::NAN; prepared.problem.measurements.len()];
    for (row, value) in objective.rows().iter().zip(&simulated) {
        if let Some(slot) = by_measurement.get_mut(row.measurement) {
            *slot = *value;
        }
    }
    Ok(simulations::table(&prepared.problem, &by_measurement))
}
