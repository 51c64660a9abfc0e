//! Bootstraps meant for reported means: what is redrawn, refitted, and made into intervals.

pub(super) mod ends;
pub mod quantile;
mod replicate;
mod summary;

pub use replicate::{Context, replicate, replicates};
pub use summary::{Wanted, summarise};

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::search;

use super::extended;
use super::interval::{Interval, Range};

/// What is redrawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Data from the fitted model and the reported scatter.
    #[default]
    Parametric,
    /// The fit plus residuals drawn with replacement, each scaled by √(1 − h).
    Residual,
    /// Rows drawn with replacement: replicate-level data only.
    Case,
}

/// How the parametric bootstrap draws means and SDs of n replicates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Draw {
    /// `σ*² = (n−1)s²/χ²ₙ₋₁`, `ȳ* ~ N(f̂, σ*²/n)`, weights kept: percentiles have Student's tails. For intervals.
    #[default]
    T,
    /// `ȳ* ~ N(f̂, s²/n)`, `s*² ~ s²χ²ₙ₋₁/(n−1)`: for null distributions, bootstrap-t and thresholds. Its percentiles cover
    /// too little (88–93 % at n = 5).
    PlugIn,
    /// `ȳ* ~ N(f̂, s²/n)`, SDs kept: to show what it does not do.
    MeansOnly,
}

/// About what the data and the prior means are drawn: the same for both, always.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Centre {
    /// Data about f(θ̂), prior means about θ̂.
    #[default]
    Fit,
    /// Data about the observed values, prior means about those of the table.
    Observed,
}

/// Which replicates are fitted from a second start: one rule for all of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SecondStart {
    /// Those whose refit from the fit failed or did not converge.
    #[default]
    IfBad,
    /// All; the better of the two counts.
    Always,
    /// None.
    Never,
}

/// Gain that a refit leaves: a parameter ends within √(2e-5) = 0.0045 standard errors of its optimum, where the end of an
/// interval from 5000 replicates has a Monte-Carlo error of 0.04.
const REFIT_TOLERANCE: f64 = 1e-5;

/// Settings of a bootstrap.
#[derive(Debug, Clone, PartialEq)]
pub struct Options {
    /// What is redrawn.
    pub kind: Kind,
    /// How means are drawn.
    pub draw: Draw,
    /// Replicates, numbered from 1 (row 0 of `replicates.tsv` is the fit). 1000 to look, 5000 to publish.
    pub samples: u64,
    /// Seed.
    pub seed: u64,
    /// Keeps prior means and relations as given: intervals are then conditional on them.
    pub fixed_priors: bool,
    /// About what is drawn.
    pub centre: Centre,
    /// Per row: its stratum, within which residuals or cases are drawn.
    pub strata: Option<Vec<usize>>,
    /// Which replicates get a second start.
    pub second_start: SecondStart,
    /// Standard errors of every replicate, for bootstrap-t.
    pub studentise: bool,
    /// Search of each refit.
    pub search: search::Options,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            kind: Kind::default(),
            draw: Draw::default(),
            samples: 1000,
            seed: 1,
            fixed_priors: false,
            centre: Centre::default(),
            strata: None,
            second_start: SecondStart::default(),
            studentise: false,
            search: search::Options {
                objective_tolerance: REFIT_TOLERANCE,
                ..search::Options::default()
            },
        }
    }
}

/// One replicate: a pure function of its number.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Replicate {
    /// Number.
    pub index: u64,
    /// Estimates on the estimation scale; empty if it failed.
    pub theta: Vec<f64>,
    /// Refitted objective.
    pub objective: Option<f64>,
    /// Refitted χ² over the means.
    pub chi2_means: Option<f64>,
    /// Per parameter: −1 at its lower bound, 1 at its upper, else 0.
    pub at_bound: Vec<i8>,
    /// Per parameter: standard error on the estimation scale, if asked for.
    #[serde(with = "extended", default, skip_serializing_if = "Vec::is_empty")]
    pub standard_error: Vec<f64>,
    /// Per prediction: its value (NaN where it could not be computed; may be infinite).
    #[serde(with = "extended", default, skip_serializing_if = "Vec::is_empty")]
    pub predictions: Vec<f64>,
    /// Whether the second start gave the result.
    pub second_start: bool,
    /// Stable name of the reason if it failed.
    pub failure: Option<String>,
}

impl Replicate {
    /// Whether it delivered estimates.
    pub fn succeeded(&self) -> bool {
        self.failure.is_none()
    }
}

/// An interval of a parameter or prediction from replicates.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BootstrapInterval {
    /// Parameter id, or text of the prediction.
    pub id: String,
    /// The interval, natural scale.
    #[serde(flatten)]
    pub interval: Interval,
    /// The ends if every failed replicate (for bootstrap-t: or one without a standard error) had been extreme; null where
    /// that opens the end.
    pub if_failures_extreme: Range,
    /// 95 % Monte-Carlo interval of the lower end, from order statistics.
    pub lower_monte_carlo: Range,
    /// 95 % Monte-Carlo interval of the upper end.
    pub upper_monte_carlo: Range,
    /// Share of replicates at the lower bound.
    pub share_at_lower_bound: f64,
    /// Share of replicates at the upper bound.
    pub share_at_upper_bound: f64,
}

/// Correlation of estimates over the replicates, estimation scale.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Correlation {
    /// Parameters.
    pub ids: Vec<String>,
    /// Rows; null where a parameter does not vary.
    pub values: Vec<Vec<Option<f64>>>,
}

/// Ends of the intervals after the first `samples` replicates.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Convergence {
    /// Replicates.
    pub samples: u64,
    /// Per interval of the result: its ends from these replicates alone.
    pub ends: Vec<Range>,
}

/// The fit's χ² among those of replicates drawn from it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NullDistribution {
    /// χ² over the means, observed.
    pub observed: f64,
    /// Share of replicates at or above it, (1 + count)/(1 + B); null unless means and SDs were redrawn (plug-in).
    pub p_value: Option<f64>,
    /// Its binomial standard error.
    pub standard_error: Option<f64>,
    /// P of Johansen's F beside it.
    pub p_value_johansen: Option<f64>,
    /// Quantiles (5, 25, 50, 75, 95 %) of the refitted χ².
    pub quantiles: [Option<f64>; 5],
}

/// A bootstrap, with the keys of `bootstrap.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Bootstrap {
    /// What was redrawn.
    pub kind: Kind,
    /// How means were drawn; null unless parametric.
    pub draw: Option<Draw>,
    /// About what.
    pub centre: Centre,
    /// Whether prior means and relations were kept.
    pub fixed_priors: bool,
    /// Replicates asked for.
    pub samples: u64,
    /// Replicates that delivered estimates.
    pub succeeded: u64,
    /// Failures by reason.
    pub failed: BTreeMap<String, u64>,
    /// Replicates whose result came from the second start.
    pub second_starts: u64,
    /// Intervals of the parameters, natural scale.
    pub intervals: Vec<BootstrapInterval>,
    /// Intervals of the predictions.
    pub predictions: Vec<BootstrapInterval>,
    /// Correlation of the estimates.
    pub correlation: Correlation,
    /// Ends against the number of replicates.
    pub convergence: Vec<Convergence>,
    /// The fit's χ² among the replicates'.
    pub goodness: NullDistribution,
    /// What a reader has to know (labels of kinds that cover too little, failures above 1 %).
    pub notes: Vec<String>,
}

/// Why a bootstrap was refused.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum BootstrapError {
    /// Cases of means.
    #[error(
        "a case bootstrap draws single measurements with replacement, but {means} of the {rows} rows are means of groups: the replicates behind a mean are not in the data, and drawing arms instead would leave arms out; use kind `parametric`"
    )]
    CaseOfMeans {
        /// Rows that are means.
        means: usize,
        /// All rows.
        rows: usize,
    },
    /// Residuals of too few degrees of freedom.
    #[error(
        "a residual bootstrap needs at least {least} degrees of freedom, and the fit leaves {dof:.1}: too few residuals to stand for an error distribution; use kind `parametric`"
    )]
    FewResiduals {
        /// What there is.
        dof: f64,
        /// What is needed.
        least: f64,
    },
    /// Bootstrap-t without redrawn SDs.
    #[error("bootstrap-t needs means and SDs redrawn: use draw `plug_in`")]
    StudentisedDraw,
    /// Strata that do not match the rows.
    #[error("{strata} strata are given for {rows} rows")]
    Strata {
        /// Given.
        strata: usize,
        /// Rows.
        rows: usize,
    },
    /// The fit cannot be evaluated.
    #[error("the fit could not be linearised: {0}")]
    Fit(#[from] crate::objective::EvalError),
}
