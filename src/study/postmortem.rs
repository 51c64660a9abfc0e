//! The record of an evaluation that failed: enough to see why, and to do it again.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::atomic;
use super::audit::Program;
use super::files::ResultError;
use super::fitted::SCHEMA_VERSION;
use super::json;
use super::open::Prepared;
use super::result::{IntegrationSettings, ProblemHash};
use crate::objective::target::to_natural;
use crate::objective::{EvalError, Objective, Target as _};
use crate::search::Want;
use crate::simulate::Autopsy;

/// Folder of the records in a folder of results.
pub const FOLDER: &str = "failures";
/// What `kind` says in every such file.
pub const KIND: &str = "failure";
/// Failed starts of a fit that are recorded: the first ones. More of them say the same again.
pub const MOST: usize = 5;

/// A failed evaluation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PostMortem {
    /// Version of the format.
    pub schema_version: u32,
    /// Always `failure`.
    pub kind: String,
    /// What was being done: `start 3`, `evaluate`.
    pub what: String,
    /// Hashes of the problem.
    pub problem: ProblemHash,
    /// Scenario.
    pub scenario: String,
    /// Settings of the integration.
    pub integration: IntegrationSettings,
    /// Whether sensitivities were integrated as well.
    pub sensitivities: bool,
    /// Estimated parameters.
    pub parameters: Vec<Value>,
    /// Stable name of the cause.
    pub reason: String,
    /// The whole message.
    pub message: String,
    /// Likely cause in words.
    pub likely_cause: String,
    /// Experiment that failed; null if a term of the objective did.
    pub experiment: Option<String>,
    /// Time reached.
    pub time: Option<f64>,
    /// States there.
    pub states: Vec<State>,
    /// Eigenvalues of the Jacobian there, the fastest first.
    pub eigenvalues: Vec<Eigenvalue>,
    /// Why there are none.
    pub eigenvalues_reason: Option<String>,
    /// The last accepted steps.
    pub steps: Vec<Step>,
    /// The measurement row that could not be reached.
    pub row: Option<Row>,
    /// Where it happened.
    pub provenance: Where,
}

/// Where it happened: the part that depends on machine and command.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Where {
    /// Problem as given.
    pub problem: PathBuf,
    /// Working directory.
    pub working_directory: Option<PathBuf>,
    /// The command.
    pub command: Vec<String>,
    /// Version of the program.
    pub version: String,
    /// SHA-256 of the executable.
    pub executable_sha256: Option<String>,
}

/// A parameter.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Value {
    /// Id.
    pub id: String,
    /// Natural scale.
    pub value: Option<f64>,
    /// Estimation scale.
    pub scaled: Option<f64>,
}

/// A state.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct State {
    /// Id.
    pub id: String,
    /// Value; null if it is not finite.
    pub value: Option<f64>,
    /// Rate of change; null if it is not finite.
    pub rate: Option<f64>,
}

/// An eigenvalue, in one by the unit of time.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Eigenvalue {
    /// Real part.
    pub real: f64,
    /// Imaginary part.
    pub imaginary: f64,
}

/// A step of the integrator.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Step {
    /// Where it began.
    pub start: f64,
    /// Its size.
    pub size: f64,
}

/// A row of the measurement table.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// Observable.
    pub observable: String,
    /// Experiment.
    pub experiment: String,
    /// Time; null at steady state.
    pub time: Option<f64>,
    /// Measured value.
    pub measured: Option<f64>,
    /// Line of the measurement table.
    pub line: usize,
}

fn finite(x: f64) -> Option<f64> {
    Some(x).filter(|x| x.is_finite())
}

impl PostMortem {
    /// Evaluates at `theta` (estimation scale) and records what fails; `None` if nothing does.
    pub fn of(
        prepared: &Prepared,
        objective: &Objective,
        theta: &[f64],
        sensitivities: bool,
        what: String,
    ) -> Option<Self> {
        let want = if sensitivities {
            Want::Derivatives
        } else {
            Want::Value
        };
        let mut ws = objective.workspace();
        let error = objective
            .evaluate(theta, objective.data(), want, &mut ws)
            .err()?;
        let failed = objective.autopsy(theta, sensitivities);
        let found: Option<&Autopsy> = failed.as_ref().map(|f| &f.autopsy);
        let row = failed.as_ref().and_then(|f| f.row);
        let program = Program::hashed();
        Some(Self {
            schema_version: SCHEMA_VERSION,
            kind: KIND.into(),
            what,
            problem: ProblemHash::of(prepared),
            scenario: prepared.scenario.id.clone(),
            integration: IntegrationSettings::of(&objective.settings),
            sensitivities,
            parameters: objective
                .coordinates()
                .iter()
                .zip(theta)
                .map(|(c, x)| Value {
                    id: c.id.clone(),
                    value: finite(to_natural(c.scale, *x)),
                    scaled: finite(*x),
                })
                .collect(),
            reason: error.reason().into(),
            message: error.to_string(),
            likely_cause: found
                .map_or_else(|| without_simulation(&error), |a| a.likely_cause.clone()),
            experiment: failed.as_ref().map(|f| f.experiment.clone()),
            time: found.and_then(|a| a.t).and_then(finite),
            states: found.map_or_else(Vec::new, |a| {
                a.states
                    .iter()
                    .map(|s| State {
                        id: s.id.clone(),
                        value: finite(s.value),
                        rate: finite(s.rate),
                    })
                    .collect()
            }),
            eigenvalues: found.map_or_else(Vec::new, |a| {
                a.eigenvalues
                    .iter()
                    .map(|&(real, imaginary)| Eigenvalue { real, imaginary })
                    .collect()
            }),
            eigenvalues_reason: found.and_then(|a| a.no_eigenvalues.clone()),
            steps: found.map_or_else(Vec::new, |a| {
                a.steps
                    .iter()
                    .map(|&(start, size)| Step { start, size })
                    .collect()
            }),
            row: row.map(|r| {
                let measured = prepared.problem.measurements.get(r.measurement);
                Row {
                    observable: r.observable.clone(),
                    experiment: r.experiment.clone(),
                    time: finite(r.time),
                    measured: measured.and_then(|m| finite(m.value)),
                    line: measured.map_or(0, |m| m.row),
                }
            }),
            provenance: Where {
                problem: prepared.problem.path.clone(),
                working_directory: std::env::current_dir().ok(),
                command: std::env::args_os()
                    .map(|a| a.to_string_lossy().into_owned())
                    .collect(),
                version: program.version.into(),
                executable_sha256: program.executable_sha256,
            },
        })
    }

    /// Writes it to the folder of the failures; returns the file.
    ///
    /// # Errors
    /// [`ResultError`] if it cannot be written.
    pub fn write(&self, results: &Path) -> Result<PathBuf, ResultError> {
        let name = self.what.replace(' ', "-");
        let path = results.join(FOLDER).join(format!("{name}.json"));
        atomic::write(&path, json::text(&json::document(self)?).as_bytes())?;
        Ok(path)
    }

    /// Reads such a file; `None` if it is something else.
    pub fn read(path: &Path) -> Option<Self> {
        let found: Self = serde_json::from_slice(&std::fs::read(path).ok()?).ok()?;
        (found.kind == KIND).then_some(found)
    }

    /// The point on the estimation scale, in the order of `objective`; `None` if other parameters are estimated now.
    pub fn theta(&self, objective: &Objective) -> Option<Vec<f64>> {
        let value = |id: &str| self.parameters.iter().find(|p| p.id == id)?.scaled;
        let coordinates = objective.coordinates();
        if coordinates.len() != self.parameters.len() {
            return None;
        }
        coordinates.iter().map(|c| value(&c.id)).collect()
    }
}

/// The cause where every experiment can be simulated.
fn without_simulation(error: &EvalError) -> String {
    match error {
        EvalError::NotFinite { what } => format!(
            "every experiment can be simulated, but {what} has no value: a logarithm of zero, a division by zero or a noise of zero in its formula"
        ),
        _ => "the simulation fails only within the objective; this is a mistake of the program"
            .into(),
    }
}

/// Removes the records of earlier failures of one kind (`start-`), so that none of them seems to be of this run.
pub fn forget(results: &Path, kind: &str) {
    let old = std::fs::read_dir(results.join(FOLDER))
        .into_iter()
        .flatten();
    for entry in old.flatten() {
        if entry.file_name().to_string_lossy().starts_with(kind) {
            // One that cannot be removed is overwritten or stays; nothing depends on it.
            let _ = std::fs::remove_file(entry.path());
        }
    }
}
