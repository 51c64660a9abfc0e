//! What a plan says of each stage: fit, bootstrap, profiles, predictions, comparison.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::predict::course::equidistant;

/// How to fit.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct FitPlan {
    /// Free text.
    pub note: Option<String>,
    /// Number of starting points; the first is the nominal point, the others a Latin hypercube within the bounds.
    pub starts: u64,
}

/// How data are drawn again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum BootstrapKind {
    /// From the fitted model and the reported scatter.
    Parametric,
    /// From the residuals.
    Residual,
    /// From the rows (replicate-level data only).
    Case,
}

/// How a reported mean is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Draw {
    /// With the tails of Student's t: percentile intervals cover.
    T,
    /// With the reported SD taken for the truth: for null distributions; percentile intervals cover too little.
    PlugIn,
}

/// How intervals are made of replicates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum BootstrapInterval {
    /// Quantiles of the replicates.
    Percentile,
    /// Quantiles reflected about the estimate.
    Basic,
    /// Studentised.
    BootstrapT,
    /// Bias-corrected.
    Bc,
}

/// How to resample.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct BootstrapPlan {
    /// Free text.
    pub note: Option<String>,
    /// Number of replicates: 1000 to look, 5000 to publish.
    pub samples: u64,
    /// What is drawn.
    pub kind: BootstrapKind,
    /// How a reported mean is drawn.
    pub draw: Draw,
    /// How intervals are made.
    pub interval: BootstrapInterval,
    /// Keep priors where they are instead of drawing their centres.
    pub fixed_priors: bool,
    /// Column of the measurement table within whose values rows are drawn.
    pub stratify_on: Option<String>,
    /// Least percentage of replicates that has to succeed; below it the exit code is 7.
    pub min_success: f64,
}

/// Threshold of a profile.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Threshold {
    /// Satterthwaite's degrees of freedom and Kenward and Roger's variance.
    SmallSample,
    /// χ² with one degree of freedom.
    Chi2,
    /// Calibrated by the bootstrap.
    Bootstrap,
}

/// Which profiles to compute.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ProfilePlan {
    /// Free text.
    pub note: Option<String>,
    /// Parameters; empty: all that are estimated.
    pub parameters: Vec<String>,
    /// Ids of predictions of this plan to profile.
    pub predictions: Vec<String>,
    /// Threshold.
    pub threshold: Threshold,
    /// Draws from the fit that a calibrated threshold is made of.
    pub calibration_samples: u64,
    /// Intervals that hold for all profiles at once (Bonferroni), beside the pointwise ones.
    pub simultaneous: bool,
}

/// A quantity to predict.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PredictionPlan {
    /// Name.
    pub id: String,
    /// Expression over `observable@experiment@time` and parameters.
    pub expression: String,
    /// Parameter values instead of the fitted ones (a counterfactual), natural scale.
    #[serde(default)]
    pub with: BTreeMap<String, f64>,
    /// Unit, for the report.
    #[serde(default)]
    pub unit: Option<String>,
    /// Free text.
    #[serde(default)]
    pub note: Option<String>,
}

/// Time courses to show.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct CoursePlan {
    /// Free text.
    pub note: Option<String>,
    /// First time.
    pub start: f64,
    /// Last time; left out: 72.
    pub end: Option<f64>,
    /// Number of steps between the first and the last.
    pub steps: u32,
    /// Observables; empty: all.
    pub observables: Vec<String>,
    /// Experiments; empty: all.
    pub experiments: Vec<String>,
}

/// What an interval of a dose-response is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum DoseInterval {
    /// Replicates of the bootstrap.
    Bootstrap,
    /// Profile likelihood of the prediction.
    Profile,
    /// Draws from the priors, everything without a prior as fitted.
    Prior,
}

/// A dose-response curve.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DosePlan {
    /// Name.
    pub id: String,
    /// Input that is varied.
    pub input: String,
    /// `LO:HI[:N]`, with units if wanted: `1nM:100uM:50`.
    pub range: String,
    /// Observable that is read.
    pub observable: String,
    /// Experiment whose other settings hold.
    pub experiment: String,
    /// Time at which it is read.
    pub time: f64,
    /// Summary over time instead: `max`, `auc`, `time_above:X`.
    #[serde(default)]
    pub summary: Option<String>,
    /// Response at the full effect, for absolute doses. Left out: 0 of a falling response, 100 of a rising percentage.
    #[serde(default)]
    pub full: Option<f64>,
    /// Kinds of intervals. Left out: the bootstrap's.
    #[serde(default)]
    pub intervals: Vec<DoseInterval>,
    /// Free text.
    #[serde(default)]
    pub note: Option<String>,
}

/// What more of an observable means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Response {
    /// More effect (kill, inhibition).
    Inhibition,
    /// Less effect (survival).
    Viability,
}

/// A two-drug surface.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CombinationPlan {
    /// Name.
    pub id: String,
    /// The two inputs.
    pub inputs: [String; 2],
    /// Range of the first.
    pub range_a: String,
    /// Range of the second.
    pub range_b: String,
    /// Observable that is read.
    pub observable: String,
    /// Experiment whose other settings hold.
    pub experiment: String,
    /// Time at which it is read.
    pub time: f64,
    /// What more of the observable means.
    pub response: Response,
    /// Response at the full effect. Left out: 100 of a percentage, 1 of a fraction, 0 of a viability.
    #[serde(default)]
    pub full: Option<f64>,
    /// Free text.
    #[serde(default)]
    pub note: Option<String>,
}

/// A prediction over a population.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PopulationPlan {
    /// Name.
    pub id: String,
    /// Expression over `observable@experiment@time`.
    pub expression: String,
    /// What differs between members: `ID=lognormal(MEAN,SD)`, or `ID*=…` for a factor on the estimate.
    pub vary: Vec<String>,
    /// Members.
    #[serde(default = "members")]
    pub members: u64,
    /// Free text.
    #[serde(default)]
    pub note: Option<String>,
}

/// Members of a population: quantiles at 5 and 95 % are then within 1 % of the spread.
const MEMBERS: u64 = 256;

fn members() -> u64 {
    MEMBERS
}

/// How variants are compared.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ComparePlan {
    /// Free text.
    pub note: Option<String>,
    /// Whether `run` compares the variants in the main scenario; left out: only `mechfit compare` does.
    pub run: bool,
    /// Number of starting points of each variant.
    pub starts: u64,
    /// Number of simulated data sets of each test between two variants.
    pub samples: u64,
}

/// Starts of a fit that no plan and no flag names.
const STARTS: u64 = 50;
/// Replicates: enough to look (STATISTICS: the Monte-Carlo error of an end is then 2 % of the width).
const SAMPLES: u64 = 1000;
/// Percentage of replicates below which an interval is not to be trusted.
const MIN_SUCCESS: f64 = 90.0;
/// Simulated data sets of a test between variants: a P of 0.05 is then known to ±0.014.
const COMPARE_SAMPLES: u64 = 1000;

impl Default for FitPlan {
    fn default() -> Self {
        Self {
            note: None,
            starts: STARTS,
        }
    }
}

impl Default for BootstrapPlan {
    fn default() -> Self {
        Self {
            note: None,
            samples: SAMPLES,
            kind: BootstrapKind::Parametric,
            draw: Draw::T,
            interval: BootstrapInterval::Percentile,
            fixed_priors: false,
            stratify_on: None,
            min_success: MIN_SUCCESS,
        }
    }
}

/// Draws of a calibration: the 95 % point of a likelihood ratio from 999 has a Monte-Carlo error of 0.7 % in level.
const CALIBRATION_SAMPLES: u64 = 999;

impl Default for ProfilePlan {
    fn default() -> Self {
        Self {
            note: None,
            parameters: Vec::new(),
            predictions: Vec::new(),
            threshold: Threshold::SmallSample,
            calibration_samples: CALIBRATION_SAMPLES,
            simultaneous: false,
        }
    }
}

/// Steps of a time course.
const COURSE_STEPS: u32 = 144;
/// Last time of the courses of a study that says nothing else, in the unit of its model.
const COURSE_END: f64 = 72.0;

impl CoursePlan {
    /// The times, equidistant.
    pub fn times(&self) -> Vec<f64> {
        equidistant(self.start, self.last(), self.steps)
    }

    /// The last time, given or not.
    pub fn last(&self) -> f64 {
        self.end.unwrap_or(COURSE_END)
    }
}

impl Default for CoursePlan {
    fn default() -> Self {
        Self {
            note: None,
            start: 0.0,
            end: None,
            steps: COURSE_STEPS,
            observables: Vec::new(),
            experiments: Vec::new(),
        }
    }
}

impl Default for ComparePlan {
    fn default() -> Self {
        Self {
            note: None,
            run: false,
            starts: STARTS,
            samples: COMPARE_SAMPLES,
        }
    }
}
