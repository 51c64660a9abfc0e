//! Fitting: one refit from a point, and the best of many starts, with verdicts on convergence.
//!
//! Written against [`crate::objective::Target`] only. A start is a pure function of its index, so that runs can be resumed, split and
//! repeated with the same result on any number of threads.

mod multistart;
mod refit;
mod start;
#[cfg(test)]
mod tests;

pub use multistart::{multistart, run_start};
pub use refit::refit;
pub use start::start_point;

use std::collections::BTreeMap;

use crate::objective::{EvalError, Evaluated};
use crate::search::{self, Termination};

/// How many starts, from where, and when each ends.
#[derive(Debug, Clone, PartialEq)]
pub struct Options {
    /// Number of starts, the nominal point included (default 20).
    pub starts: usize,
    /// Seed of the points of start (default 1).
    pub seed: u64,
    /// Search of each start.
    pub search: search::Options,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            starts: 20,
            seed: 1,
            search: search::Options::default(),
        }
    }
}

/// A bound.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Side {
    /// Lower bound.
    Lower,
    /// Upper bound.
    Upper,
}

/// Where a search ended.
#[derive(Debug, Clone, PartialEq)]
pub struct Optimum {
    /// Point on the estimation scale.
    pub theta: Vec<f64>,
    /// Objective, gradient, curvature and parts there, over all coordinates, fixed ones included.
    pub evaluated: Evaluated,
    /// Per coordinate: the bound that holds it. Fixed coordinates have none.
    pub at_bound: Vec<Option<Side>>,
    /// Why the search ended.
    pub termination: Termination,
    /// Iterations.
    pub iterations: usize,
    /// Evaluations with derivatives.
    pub gradients: usize,
    /// Evaluations of the value alone.
    pub values: usize,
}

/// One start and what came of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Start {
    /// Index; 0 is the nominal point.
    pub index: usize,
    /// Point of start on the estimation scale.
    pub from: Vec<f64>,
    /// Where it ended, or why the objective could not be evaluated there.
    pub outcome: Result<Optimum, EvalError>,
}

impl Start {
    /// Objective at its end, if it got anywhere.
    pub fn objective(&self) -> Option<f64> {
        self.outcome.as_ref().ok().map(|o| o.evaluated.value)
    }
}

/// All starts and the best of them.
#[derive(Debug, Clone, PartialEq)]
pub struct Fit {
    /// The optimum with the lowest objective; among equals that of the first start.
    pub best: Optimum,
    /// Index of its start.
    pub best_start: usize,
    /// Starts that were run, in order of index.
    pub starts: Vec<Start>,
    /// Number of starts asked for: more than were run if the run was stopped.
    pub requested: usize,
}

/// Starts that end within this of the best objective have found the same optimum (a −log likelihood; pyPESTO and the
/// benchmark collection of Hass et al. 2019 use 0.1).
pub const SAME_OPTIMUM: f64 = 0.1;

impl Fit {
    /// Whether every start asked for was run.
    pub fn is_complete(&self) -> bool {
        self.starts.len() == self.requested
    }
    /// Number of starts whose search converged.
    pub fn converged(&self) -> usize {
        self.starts
            .iter()
            .filter(|s| {
                s.outcome
                    .as_ref()
                    .is_ok_and(|o| o.termination.is_converged())
            })
            .count()
    }
    /// Number of starts that ended within [`SAME_OPTIMUM`] of the best.
    pub fn at_best(&self) -> usize {
        let limit = self.best.evaluated.value + SAME_OPTIMUM;
        self.starts
            .iter()
            .filter(|s| s.objective().is_some_and(|v| v <= limit))
            .count()
    }
    /// Starts that failed or did not converge, counted by reason: the stable name of the error or of the termination.
    pub fn failures(&self) -> BTreeMap<&'static str, usize> {
        failures(&self.starts)
    }
    /// Objective of every start that got anywhere, ascending.
    pub fn objectives(&self) -> Vec<f64> {
        let mut list: Vec<f64> = self.starts.iter().filter_map(Start::objective).collect();
        list.sort_by(f64::total_cmp);
        list
    }
}

fn failures(starts: &[Start]) -> BTreeMap<&'static str, usize> {
    let mut count = BTreeMap::new();
    for start in starts {
        let reason = match &start.outcome {
            Err(error) => error.reason(),
            Ok(o) if !o.termination.is_converged() => o.termination.name(),
            Ok(_) => continue,
        };
        *count.entry(reason).or_insert(0) += 1;
    }
    count
}

/// Why there is no fit.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum FitError {
    /// The objective could not be evaluated at any start.
    #[error("none of the {starts} starts could be evaluated; the first failed with: {first}")]
    NothingEvaluated {
        /// Number of starts.
        starts: usize,
        /// Failures by reason.
        reasons: BTreeMap<&'static str, usize>,
        /// Error of the first start.
        first: EvalError,
    },
    /// No start was run: none was asked for, or the run was stopped before the first ended.
    #[error("no start was run")]
    NoStarts,
}
