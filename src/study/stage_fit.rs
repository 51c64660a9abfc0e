//! The fit of a scenario: taken from its result file, gone on with from its checkpoint, or made anew.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::json;

use super::atomic::FileError;
use super::checkpoint::{Checkpoint, CheckpointError, Header};
use super::fitted::{self, Fitted, SearchEnd};
use super::fitting::{self, StartEnd, StartFailure, Starts, StartsDocument};
use super::open::Prepared;
use super::result::{FitSettings, IntegrationSettings, SearchSettings};
use super::stop::{Stop, Why};
use super::work;
use crate::fit;
use crate::objective::{EvalError, Objective, Target as _};
use crate::simulate::Settings;

/// Name of the result file.
pub const RESULT: &str = "result.json";

/// Why a stage of a study ended without its result.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StageError {
    /// A checkpoint.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// A file.
    #[error(transparent)]
    File(#[from] FileError),
    /// No start could be evaluated.
    #[error("none of the {} starts could be evaluated", .0.len())]
    NothingEvaluated(Vec<StartFailure>),
    /// The optimum cannot be evaluated.
    #[error("the optimum cannot be evaluated: {0}")]
    Evaluation(#[from] EvalError),
    /// Ended early.
    #[error("{done} of {of} {units} are done")]
    Stopped {
        /// Why.
        why: Why,
        /// Units done.
        done: u64,
        /// All units.
        of: u64,
        /// What a unit is.
        units: &'static str,
    },
}

/// A fit to be made.
#[derive(Debug)]
pub struct FitStage<'a> {
    /// What is fitted.
    pub prepared: &'a Prepared<'a>,
    /// Compiled.
    pub objective: &'a Objective,
    /// Starts, seed, search.
    pub options: fit::Options,
    /// Settings of the simulations.
    pub integration: &'a Settings,
    /// Level of the intervals.
    pub level: f64,
    /// Folder of the results.
    pub folder: &'a Path,
}

/// The checkpoint of a kind of work in a folder of results.
pub fn checkpoint_path(folder: &Path, kind: &str, shard: Option<(u64, u64)>) -> PathBuf {
    let name = match shard {
        None => format!("{kind}.jsonl"),
        Some((i, n)) => format!("{kind}.shard-{i}-of-{n}.jsonl"),
    };
    folder.join("checkpoints").join(name)
}

/// What every record of a scenario depends on, in named parts.
pub fn parts(prepared: &Prepared, integration: &Settings, seed: u64) -> BTreeMap<String, String> {
    let mut parts: BTreeMap<String, String> = prepared
        .canonical
        .parts()
        .into_iter()
        .map(|(name, hash)| (name.to_string(), hash.to_string()))
        .collect();
    let i = IntegrationSettings::of(integration);
    parts.insert("scenario".into(), prepared.scenario.id.clone());
    parts.insert("seed".into(), seed.to_string());
    parts.insert(
        "integration".into(),
        format!("{} rtol {:?} atol {:?}", i.method, i.rtol, i.atol),
    );
    parts.insert("program version".into(), env!("CARGO_PKG_VERSION").into());
    parts
}

impl FitStage<'_> {
    /// Settings as the result shows them.
    pub fn settings(&self) -> FitSettings {
        FitSettings {
            seed: self.options.seed,
            starts: self.options.starts as u64,
            level: self.level,
            integration: IntegrationSettings::of(self.integration),
            search: SearchSettings::of(&self.options.search),
            likelihood: String::new(),
        }
    }

    fn header(&self) -> Header {
        let units = self.options.starts as u64;
        let mut parts = parts(self.prepared, self.integration, self.options.seed);
        parts.insert("starts".into(), units.to_string());
        parts.insert("search".into(), format!("{:?}", self.options.search));
        let nominal = format!("{:?}", self.objective.nominal_point());
        parts.insert(
            "nominal point".into(),
            super::canonical::hash(nominal.as_bytes()),
        );
        let arguments = BTreeMap::from([
            ("seed".to_string(), json!(self.options.seed)),
            ("starts".to_string(), json!(units)),
            ("scenario".to_string(), json!(self.prepared.scenario.id)),
        ]);
        let problem = self.prepared.problem.path.display().to_string();
        Header::new("fit", units, parts, problem, arguments)
    }

    /// Fits; `resume` goes on with the checkpoint of an earlier run. Returns the fit and the number of starts taken over.
    ///
    /// # Errors
    /// [`StageError`].
    pub fn run(
        &self,
        resume: bool,
        stop: &Stop,
        progress: &(dyn Fn() + Sync),
    ) -> Result<(Fitted, u64), StageError> {
        let path = checkpoint_path(self.folder, "fit", None);
        let (checkpoint, old) = Checkpoint::open(&path, &self.header(), resume)?;
        let done = work::recall(&path, &old)?;
        let taken_over = done.len() as u64;
        let of = self.options.starts as u64;
        let units: Vec<u64> = (0..of).collect();
        let outcome = work::run(
            &units,
            done,
            Some(&checkpoint),
            stop,
            || self.objective.workspace(),
            |k, ws| fitting::start(self.objective, k, &self.options, ws),
            progress,
        )?;
        checkpoint.finish()?;
        if let Some(why) = outcome.stopped {
            return Err(StageError::Stopped {
                why,
                done: outcome.records.len() as u64,
                of,
                units: "starts",
            });
        }
        let starts = Starts::new(outcome.records, of).map_err(StageError::NothingEvaluated)?;
        let fitted = fitted::fitted(self.prepared, self.objective, &starts, self.settings())?;
        Ok((fitted, taken_over))
    }

    /// The fit of an earlier run, if its result file is of this problem with these settings. Starts and seed are compared
    /// only where they are asked for explicitly.
    ///
    /// # Errors
    /// [`StageError::Evaluation`] if its optimum cannot be evaluated here.
    pub fn recall(
        &self,
        starts: Option<u64>,
        seed: Option<u64>,
    ) -> Result<Result<Fitted, Unusable>, StageError> {
        let stored = match read(&self.folder.join(RESULT)) {
            Ok(stored) => stored,
            Err(reason) => return Ok(Err(reason)),
        };
        let s = &stored.settings;
        let differs = [
            (
                "the problem",
                stored.problem.canonical_sha256 != self.prepared.canonical.sha256(),
            ),
            ("the scenario", stored.scenario != self.prepared.scenario.id),
            (
                "the tolerances",
                s.integration != IntegrationSettings::of(self.integration),
            ),
            (
                "the search",
                s.search != SearchSettings::of(&self.options.search),
            ),
            (
                "the number of starts",
                starts.is_some_and(|n| n != s.starts),
            ),
            ("the seed", seed.is_some_and(|n| n != s.seed)),
            (
                "the parameters",
                stored.optimum.len() != self.objective.coordinates().len(),
            ),
        ];
        if let Some((what, _)) = differs.iter().find(|(_, differ)| *differ) {
            return Ok(Err(Unusable::Differs(what)));
        }
        let end = StartEnd {
            theta: stored.optimum,
            objective: stored.objective,
            converged: stored.status == "converged",
            termination: stored.search.termination,
            at_bound: stored.held,
            iterations: stored.search.iterations,
            gradients: stored.search.gradients,
            values: stored.search.values,
        };
        let settings = FitSettings {
            level: self.level,
            ..stored.settings
        };
        let mut ws = self.objective.workspace();
        let fitted = fitted::from_end(
            self.prepared,
            self.objective,
            &end,
            stored.starts,
            settings,
            stored.structural,
            &mut ws,
        )?;
        Ok(Ok(fitted))
    }
}

/// Why an earlier result is not used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unusable {
    /// There is none.
    #[error("there is no earlier fit")]
    Missing,
    /// It cannot be read.
    #[error("the earlier result cannot be read")]
    Unreadable,
    /// It is of other inputs.
    #[error("{0} of the earlier fit differ")]
    Differs(&'static str),
}

/// The part of a result file that a later command begins from.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Stored {
    /// Hashes.
    pub problem: super::result::ProblemHash,
    /// Scenario.
    pub scenario: String,
    /// Status.
    pub status: String,
    /// Objective.
    pub objective: f64,
    /// Optimum on the estimation scales.
    pub optimum: Vec<f64>,
    /// Bounds that hold it.
    pub held: Vec<i8>,
    /// How the best search ended.
    pub search: SearchEnd,
    /// Starts.
    pub starts: StartsDocument,
    /// What the rows determine at all.
    #[serde(default)]
    pub structural: Option<crate::uncertainty::identifiability::Structural>,
    /// Settings.
    pub settings: FitSettings,
}

/// Reads a result file.
///
/// # Errors
/// [`Unusable`] if there is none or it cannot be read.
pub fn read(path: &Path) -> Result<Stored, Unusable> {
    let bytes = std::fs::read(path).map_err(|_| Unusable::Missing)?;
    serde_json::from_slice(&bytes).map_err(|_| Unusable::Unreadable)
}
