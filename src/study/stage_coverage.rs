//! The coverage of a scenario's intervals: one simulated data set a unit.

use std::collections::BTreeMap;

use serde::Serialize;

use super::canonical::hash;
use super::fitted::{Fitted, SCHEMA_VERSION};
use super::job::{Job, Manner};
use super::open::Prepared;
use super::result::{IntegrationSettings, ProblemHash};
use super::stage_fit::{StageError, parts};
use crate::objective::{Objective, Target as _};
use crate::simulate::Settings;
use crate::uncertainty::coverage::{
    Context, Coverage, CoverageSet, Options, coverage_set, summarise,
};

/// Name of the result file.
pub const RESULT: &str = "coverage.json";
/// Name of the work in checkpoints.
pub const KIND: &str = "coverage";

/// A coverage study to be made.
pub struct CoverageStage<'a> {
    /// What is simulated and fitted.
    pub prepared: &'a Prepared<'a>,
    /// Compiled.
    pub objective: &'a Objective,
    /// The fit that is taken for the truth.
    pub fitted: &'a Fitted,
    /// Number of data sets.
    pub samples: u64,
    /// Replicates that every mean is supposed to have, in place of those reported.
    pub n: Option<u32>,
    /// Settings.
    pub options: Options,
    /// Settings of the simulations.
    pub integration: &'a Settings,
    /// Where its records go, which piece, and when to stop.
    pub manner: Manner<'a>,
}

/// `coverage.json` without provenance.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CoverageDocument {
    /// Version of the format.
    pub schema_version: u32,
    /// `complete`, or `partial` if it was stopped before all sets were done.
    pub status: String,
    /// Hashes of what was simulated.
    pub problem: ProblemHash,
    /// Scenario.
    pub scenario: String,
    /// Replicates that every mean was supposed to have; null: those reported.
    pub n: Option<u32>,
    /// Seed.
    pub seed: u64,
    /// Replicates of the bootstraps in each set.
    pub replicates: u64,
    /// The truth, estimation scale (before parameters with priors are drawn from them).
    pub truth: Vec<f64>,
    /// Settings of the integration.
    pub integration: IntegrationSettings,
    /// The coverage.
    #[serde(flatten)]
    pub coverage: Coverage,
}

/// What came of it.
#[derive(Debug)]
pub enum Outcome {
    /// All sets are there, or those done until the stop.
    Whole {
        /// The result.
        document: Box<CoverageDocument>,
        /// Sets taken over from earlier runs.
        taken_over: u64,
        /// Why it ended before all were done.
        stopped: Option<super::stop::Why>,
    },
    /// The sets of a shard are kept; `merge` joins them.
    Shard {
        /// Sets in it.
        done: u64,
    },
}

impl<'a> CoverageStage<'a> {
    fn context(&self) -> Context<'a, Objective> {
        Context {
            target: self.objective,
            data: self.objective.data(),
            theta: &self.fitted.optimum.theta,
            options: self.options.clone(),
        }
    }

    /// What is computed.
    pub fn job(&self) -> Job {
        let o = &self.options;
        let mut parts = parts(self.prepared, self.integration, o.seed);
        let optimum = format!("{:?}", self.fitted.optimum.theta);
        parts.insert("optimum".into(), hash(optimum.as_bytes()));
        parts.insert(
            "coverage".into(),
            format!(
                "level {:?} replicates {} in {} sets, calibrated in {}, exact {}, walked in {}",
                o.level, o.bootstrap, o.bootstrap_sets, o.calibrated_sets, o.exact, o.widths
            ),
        );
        parts.insert("violation".into(), o.violation.name());
        parts.insert("search".into(), format!("{:?}", o.search));
        Job {
            kind: KIND.into(),
            called: "data sets",
            first: 1,
            units: self.samples,
            common: false,
            parts,
        }
    }

    /// Runs the sets of the piece, or all. A stop keeps what is done: the sets are independent, so that those done are a
    /// result with a larger binomial error.
    ///
    /// # Errors
    /// [`StageError`].
    pub fn run(&self, progress: &(dyn Fn() + Sync)) -> Result<Outcome, StageError> {
        let context = self.context();
        let outcome = self.job().run_until_stopped(
            &self.manner,
            || self.objective.workspace(),
            |k, ws| coverage_set(k, &context, ws),
            progress,
        )?;
        let done = outcome.records.len() as u64;
        if let Some(why) = outcome.stopped
            && (!outcome.whole || done == 0)
        {
            return Err(StageError::Stopped {
                why,
                done,
                of: outcome.asked,
                units: "data sets",
            });
        }
        if !outcome.whole {
            return Ok(Outcome::Shard { done });
        }
        Ok(Outcome::Whole {
            document: Box::new(self.document_of(outcome.records)),
            taken_over: outcome.taken_over,
            stopped: outcome.stopped,
        })
    }

    fn document_of(&self, records: BTreeMap<u64, CoverageSet>) -> CoverageDocument {
        let sets: Vec<CoverageSet> = records
            .into_iter()
            .filter(|(k, _)| *k <= self.samples)
            .map(|(_, set)| set)
            .collect();
        let whole = sets.len() as u64 == self.samples;
        CoverageDocument {
            schema_version: SCHEMA_VERSION,
            status: if whole { "complete" } else { "partial" }.into(),
            problem: ProblemHash::of(self.prepared),
            scenario: self.prepared.scenario.id.clone(),
            n: self.n,
            seed: self.options.seed,
            replicates: self.options.bootstrap,
            truth: self.fitted.optimum.theta.clone(),
            integration: IntegrationSettings::of(self.integration),
            coverage: summarise(&self.context(), &sets),
        }
    }
}
