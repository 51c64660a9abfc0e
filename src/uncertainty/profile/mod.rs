//! Profile likelihoods of parameters and predictions, with thresholds that hold for means of a few replicates.

mod calibrate;
mod context;
mod item;
mod one;
mod path;
mod run;
mod sides;
pub mod threshold;
mod walk;

pub use calibrate::{
    Calibration, LikelihoodRatios, calibration, held_parameter, likelihood_ratios,
};
pub use context::Context;
pub use item::{Item, ItemResult, Outcome};
pub use one::profile_item;
pub use run::profiles;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::search;

use super::interval::{End, Interval, Range, Status};
use super::verdict::Verdict;

/// Which rise of the objective ends an interval.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ThresholdKind {
    /// `t²_ν·KR` (exact summary: `(ν+1)·ln(1 + t²_ν·KR/ν)`), ν by Satterthwaite, KR by Kenward & Roger. The reference.
    #[default]
    SmallSample,
    /// χ²₁: covers 87–90 % where it says 95 % at n = 5.
    Chi2,
    /// The quantile of the likelihood ratio among data drawn from the fit.
    Bootstrap,
}

/// Settings of profiles.
#[derive(Debug, Clone, PartialEq)]
pub struct Options {
    /// Nominal coverage.
    pub level: f64,
    /// Threshold.
    pub threshold: ThresholdKind,
    /// Per item: threshold given (from a calibration), used with [`ThresholdKind::Bootstrap`].
    pub calibrated: Vec<Option<f64>>,
    /// Intervals that hold for all items at once (Bonferroni), beside the pointwise ones.
    pub simultaneous: bool,
    /// Rise of the threshold's root from one point to the next that the steps aim at, as a share of that root.
    pub step: f64,
    /// Relative accuracy of a closed end, of its distance from the estimate.
    pub accuracy: f64,
    /// Points between a closed end and the bound at which a second accepted set is looked for.
    pub beyond: usize,
    /// Most refits of one side.
    pub max_refits: usize,
    /// Whether an end is looked at again from two other starts.
    pub second_look: bool,
    /// Search of each refit.
    pub search: search::Options,
}

/// A point of a profile.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Point {
    /// Value of the parameter (natural scale) or prediction.
    pub value: f64,
    /// Objective, minimised over everything else.
    pub objective: f64,
}

/// A one-sided limit, at a natural bound.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OneSided {
    /// Nominal coverage.
    pub level: f64,
    /// `lower` or `upper`.
    pub side: String,
    /// The limit, natural scale; null if not closed.
    pub limit: Option<f64>,
    /// What it is.
    pub status: Status,
}

/// A profile, with the keys of `profile.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Profile {
    /// Parameter id, or text of the prediction.
    pub id: String,
    /// Points in order of value.
    pub points: Vec<Point>,
    /// Rise of twice the objective that ends the interval.
    pub threshold: f64,
    /// Satterthwaite's degrees of freedom; null if infinite.
    pub degrees_of_freedom: Option<f64>,
    /// Inflation of the variance (Kenward & Roger).
    pub inflation: f64,
    /// The interval, natural scale.
    pub interval: Interval,
    /// The interval that holds for all items at once, if asked for.
    pub simultaneous: Option<Interval>,
    /// One-sided limit where the lower end meets a natural bound.
    pub one_sided: Option<OneSided>,
    /// Further accepted sets, apart from the interval.
    pub further_sets: Vec<Range>,
    /// Parameters that moved most along the profile to make up for it, per side.
    pub moved_with: [Vec<String>; 2],
    /// Refits.
    pub refits: usize,
    /// Refits that failed, by reason.
    pub failed: BTreeMap<String, u64>,
    /// Verdict.
    pub verdict: Option<Verdict>,
    /// The verdict in words.
    pub verdict_text: Option<String>,
}

/// A better optimum that a profile came upon; the fit, and every profile, were redone from it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BetterOptimum {
    /// Item whose profile found it.
    pub found_by: String,
    /// Objective before.
    pub before: f64,
    /// Objective after.
    pub after: f64,
    /// The point, estimation scale.
    pub theta: Vec<f64>,
}

/// Profiles, with the keys of `profile.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Profiles {
    /// Nominal coverage.
    pub level: f64,
    /// Threshold.
    pub threshold: ThresholdKind,
    /// The optimum they were made from, estimation scale.
    pub theta: Vec<f64>,
    /// Objective there.
    pub objective: f64,
    /// Parameters.
    pub parameters: Vec<Profile>,
    /// Predictions.
    pub predictions: Vec<Profile>,
    /// Better optima that were found, in order: the fit given was not the best.
    pub better_optima: Vec<BetterOptimum>,
    /// Items that could not be profiled, with the reason.
    pub refused: BTreeMap<String, String>,
}

/// Default accuracy of an end, of its distance from the estimate: closed forms of size 1 are met to 1e-6.
const ACCURACY: f64 = 1e-7;
/// Default step: about five points a side, enough to draw the curve.
const STEP: f64 = 0.2;
/// Default limit of refits on one side.
const MAX_REFITS: usize = 200;

impl Default for Options {
    fn default() -> Self {
        Self {
            level: 0.95,
            threshold: ThresholdKind::default(),
            calibrated: Vec::new(),
            simultaneous: false,
            step: STEP,
            accuracy: ACCURACY,
            beyond: 3,
            max_refits: MAX_REFITS,
            second_look: true,
            // A profile compares objectives: they have to be minimised well beyond the threshold's own digits.
            search: search::Options {
                objective_tolerance: 1e-12,
                gradient_tolerance: 1e-8,
                ..search::Options::default()
            },
        }
    }
}

impl OneSided {
    /// A limit as an end.
    pub fn new(level: f64, side: &str, end: End) -> Self {
        Self {
            level,
            side: side.into(),
            limit: end.closed(),
            status: end.status(),
        }
    }
}
