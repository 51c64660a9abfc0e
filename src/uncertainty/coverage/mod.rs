//! What each kind of interval really covers, from data simulated with known truth.

mod options;
mod ratio;
mod resample;
mod set;
mod simulate;
mod summary;
mod targets;
mod widths;

pub use options::{KINDS, Options, Violation};
pub use set::{Cell, CoverageSet, coverage_set, coverage_sets};
pub use simulate::simulate;
pub use summary::summarise;
pub use targets::{CoveredParameter, TargetRow, targets};

use serde::{Deserialize, Serialize};

use crate::objective::{Data, Target};

/// What all sets share.
pub struct Context<'a, T: Target> {
    /// Target.
    pub target: &'a T,
    /// Data as reported; with a noise setting for the analysis, if another is declared.
    pub data: &'a Data,
    /// The fit that truths are made from.
    pub theta: &'a [f64],
    /// Settings.
    pub options: Options,
}

/// How a kind of interval fared for one parameter.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CoverageRow {
    /// Parameter id; null: the mean over parameters.
    pub id: Option<String>,
    /// Kind of interval.
    pub method: String,
    /// Data sets in which it was computed.
    pub sets: u64,
    /// Share that covered; an end that is not closed excludes nothing.
    pub covered: Option<f64>,
    /// Binomial standard error.
    pub standard_error: Option<f64>,
    /// Share whose interval lay wholly below the truth.
    pub missed_below: Option<f64>,
    /// Share whose interval lay wholly above the truth.
    pub missed_above: Option<f64>,
    /// Median width, estimation scale, of the intervals with both ends closed.
    pub median_width: Option<f64>,
    /// Its ratio to the median width of Fisher z.
    pub relative_width: Option<f64>,
    /// Share of intervals with an end that is not closed.
    pub open: Option<f64>,
}

/// Size of a test: share of rejections of a correct model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SizeRow {
    /// Test.
    pub test: String,
    /// Nominal size.
    pub nominal: f64,
    /// Data sets.
    pub sets: u64,
    /// Share of rejections.
    pub rejected: Option<f64>,
    /// Binomial standard error.
    pub standard_error: Option<f64>,
}

/// Coverage, with the keys of `coverage.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Coverage {
    /// Nominal coverage.
    pub level: f64,
    /// Data sets asked for.
    pub samples: u64,
    /// Data sets fitted.
    pub succeeded: u64,
    /// Failures by reason.
    pub failed: std::collections::BTreeMap<String, u64>,
    /// What the data were drawn with that the analysis does not know (`none`, …).
    pub violation: String,
    /// Kinds by parameters.
    pub rows: Vec<CoverageRow>,
    /// Size of the goodness-of-fit tests.
    pub sizes: Vec<SizeRow>,
    /// Parameters whose truths were drawn from their priors.
    pub drawn_from_priors: Vec<String>,
    /// Which parameters the data identify, for which the targets hold.
    pub parameters: Vec<CoveredParameter>,
    /// What was asked of the intervals and tests, met or missed; empty under a violation or at another level than 95 %.
    pub targets: Vec<TargetRow>,
}
