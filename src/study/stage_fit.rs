//! The fit of a scenario: taken from its result file, gone on with from its checkpoint, or made anew.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;

use super::atomic::{self, FileError};
use super::checkpoint::CheckpointError;
use super::checks::{self, Checks};
use super::files::ResultError;
use super::fitted::{self, Fitted, SearchEnd};
use super::fitting::{self, StartEnd, StartFailure, StartRecord, Starts, StartsDocument};
use super::job::{Job, Manner};
use super::open::Prepared;
use super::postmortem::{self, PostMortem};
use super::result::{ARITHMETIC, FitSettings, IntegrationSettings, RANDOMNESS, SearchSettings};
use super::stop::Why;
use crate::fit;
use crate::objective::{EvalError, Objective, Target as _};
use crate::simulate::Settings;

/// Name of the result file.
pub const RESULT: &str = "result.json";
/// Name of the table of the starts.
pub const STARTS: &str = "starts.tsv";

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
    /// Where its records go, and when to stop.
    pub manner: Manner<'a>,
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
            arithmetic: ARITHMETIC.into(),
            randomness: RANDOMNESS.into(),
        }
    }

    /// What is computed.
    pub fn job(&self) -> Job {
        let units = self.options.starts as u64;
        let mut parts = parts(self.prepared, self.integration, self.options.seed);
        // The plan of the starting points depends on their number.
        parts.insert("starts".into(), units.to_string());
        parts.insert("search".into(), format!("{:?}", self.options.search));
        let nominal = format!("{:?}", self.objective.nominal_point());
        parts.insert(
            "nominal point".into(),
            super::canonical::hash(nominal.as_bytes()),
        );
        Job {
            kind: "fit".into(),
            called: "starts",
            first: 0,
            units,
            common: false,
            parts,
        }
    }

    /// Fits. Returns the fit and the number of starts taken over; nothing for a piece.
    ///
    /// # Errors
    /// [`StageError`].
    pub fn run(&self, progress: &(dyn Fn() + Sync)) -> Result<Option<(Fitted, u64)>, StageError> {
        let done = self.job().run(
            &self.manner,
            || self.objective.workspace(),
            |k, ws| fitting::start(self.objective, k, &self.options, ws),
            progress,
        )?;
        if !done.whole {
            return Ok(None);
        }
        self.record_failures(&done.records)?;
        let starts = Starts::new(done.records, self.options.starts as u64)
            .map_err(StageError::NothingEvaluated)?;
        let mut fitted = fitted::fitted(self.prepared, self.objective, &starts, self.settings())?;
        let checks = checks::checks(self.objective, &fitted, &fitted.document.starts);
        fitted.document.checks = Some(checks);
        atomic::write(
            &self.manner.folder.join(STARTS),
            fitting::starts_table(self.objective, &starts).as_bytes(),
        )?;
        Ok(Some((fitted, done.taken_over)))
    }

    /// Records the first starts that could not be evaluated.
    fn record_failures(&self, records: &BTreeMap<u64, StartRecord>) -> Result<(), StageError> {
        postmortem::forget(self.manner.folder, "start-");
        let failed = records.iter().filter(|(_, r)| r.outcome.is_err());
        for (k, record) in failed.take(postmortem::MOST) {
            let what = format!("start {k}");
            let found = PostMortem::of(self.prepared, self.objective, &record.from, true, what);
            if let Some(found) = found {
                found.write(self.manner.folder).map_err(|e| match e {
                    ResultError::File(e) => StageError::File(e),
                    ResultError::Json(e) => StageError::Checkpoint(CheckpointError::Record {
                        path: self.manner.folder.to_path_buf(),
                        line: 0,
                        message: e.to_string(),
                    }),
                })?;
            }
        }
        Ok(())
    }

    /// The fit of an earlier run in a folder, if its result file is of this problem with these settings. Starts and seed
    /// are compared only where they are asked for explicitly.
    ///
    /// # Errors
    /// [`StageError::Evaluation`] if its optimum cannot be evaluated here.
    pub fn recall(
        &self,
        folder: &Path,
        starts: Option<u64>,
        seed: Option<u64>,
    ) -> Result<Result<Fitted, Unusable>, StageError> {
        let stored = match read(&folder.join(RESULT)) {
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
        let mut fitted = fitted::from_end(
            self.prepared,
            self.objective,
            &end,
            stored.starts,
            settings,
            stored.structural,
            &mut ws,
        )?;
        fitted.document.checks = stored.checks;
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
    /// Checks of the optimum.
    #[serde(default)]
    pub checks: Option<Checks>,
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
