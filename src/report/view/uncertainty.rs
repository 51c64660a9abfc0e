//! Intervals, bootstrap, profiles, comparison: the keys of `bootstrap.json`, `profile.json` and `compare.json`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Range, Relation, Verdict};

/// What an end of an interval is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum End {
    /// A number.
    #[default]
    Closed,
    /// The objective still rises where the bound ends the path.
    AtBound,
    /// The objective has flattened: no end.
    Open,
}

/// An interval on the natural scale. Only a closed end is printed as a number.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Interval {
    /// Parameter or prediction, where the interval stands in a list.
    pub id: String,
    /// Method by its name in the result (`profile`, `fisher`, `percentile`, …).
    pub method: String,
    /// Level, for example 0.95.
    pub level: Option<f64>,
    /// Lower end.
    pub lower: Option<f64>,
    /// Upper end.
    pub upper: Option<f64>,
    /// What the lower end is.
    pub lower_status: Option<End>,
    /// What the upper end is.
    pub upper_status: Option<End>,
    /// What bounds the lower end (data, a prior, the bound of which parameter).
    pub lower_cause: Option<String>,
    /// What bounds the upper end.
    pub upper_cause: Option<String>,
    /// The ends if every failed replicate had been extreme.
    pub if_failures_extreme: Option<Range>,
    /// Monte-Carlo interval of the lower end.
    pub lower_monte_carlo: Option<Range>,
    /// Monte-Carlo interval of the upper end.
    pub upper_monte_carlo: Option<Range>,
}

/// A bootstrap.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Bootstrap {
    /// `parametric`, `residual` or `case`.
    pub kind: String,
    /// `t` or `plug_in`.
    pub draw: Option<String>,
    /// Replicates asked for.
    pub samples: u64,
    /// Replicates that succeeded.
    pub succeeded: u64,
    /// Failures by reason.
    pub failed: BTreeMap<String, u64>,
    /// Intervals.
    pub intervals: Vec<Interval>,
    /// Correlation of the estimates on the scale of estimation.
    pub correlation: Option<Correlation>,
    /// The replicates (`replicates.tsv`), on the natural scale.
    pub replicates: Option<Replicates>,
}

/// A correlation matrix.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Correlation {
    /// Parameters.
    pub ids: Vec<String>,
    /// Rows.
    pub values: Vec<Vec<Option<f64>>>,
}

/// Estimates of the replicates on the natural scale.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Replicates {
    /// Parameters.
    pub ids: Vec<String>,
    /// One row a replicate that succeeded.
    pub rows: Vec<Vec<f64>>,
}

/// Profiles.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Profiles {
    /// Which threshold (`small_sample`, `chi2`, `bootstrap`).
    pub threshold: Option<String>,
    /// Level.
    pub level: Option<f64>,
    /// Parameters.
    pub parameters: Vec<Profile>,
    /// Predictions.
    pub predictions: Vec<Profile>,
}

/// A profile.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Profile {
    /// Parameter id or text of the prediction.
    pub id: String,
    /// Points in order of value, on the natural scale.
    pub points: Vec<ProfilePoint>,
    /// Rise of twice the objective above its best that ends the interval.
    pub threshold: Option<f64>,
    /// Interval.
    pub interval: Option<Interval>,
    /// Verdict.
    pub verdict: Option<Verdict>,
}

/// A point of a profile.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ProfilePoint {
    /// Value on the natural scale.
    pub value: Option<f64>,
    /// Objective refitted there.
    pub objective: Option<f64>,
}

/// A comparison of models.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Comparison {
    /// Models, the best first.
    pub models: Vec<ModelRow>,
    /// Models that were not ranked.
    pub refused: Vec<Refused>,
}

/// A model of a comparison.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ModelRow {
    /// Id.
    pub id: String,
    /// What it assumes.
    pub description: Option<String>,
    /// Objective.
    pub objective: Option<f64>,
    /// Estimated parameters.
    pub n_estimated: Option<u64>,
    /// χ² over the means.
    pub chi2_means: Option<f64>,
    /// P-value of the goodness of fit.
    pub p_value: Option<f64>,
    /// Akaike's criterion for small samples.
    pub aicc: Option<f64>,
    /// Its difference to the best.
    pub delta: Option<f64>,
    /// Akaike weight: descriptive.
    pub weight: Option<f64>,
    /// Model that it extends.
    pub nested_in: Option<String>,
    /// Likelihood ratio against that model, or against the best.
    pub lrt: Option<LikelihoodRatio>,
    /// Facts at its fit.
    pub relations: Vec<Relation>,
    /// What follows, in words (`rejected`, `cannot be told apart`, …).
    pub verdict: Option<String>,
}

/// A likelihood ratio with its simulated null distribution.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct LikelihoodRatio {
    /// Model compared with.
    pub against: Option<String>,
    /// Statistic.
    pub statistic: Option<f64>,
    /// P-value.
    pub p_value: Option<f64>,
    /// How it was computed.
    pub method: Option<String>,
}

/// A model that was refused, with the reason.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Refused {
    /// Id.
    pub id: String,
    /// Why.
    pub reason: String,
}

/// Coverage of intervals in simulated data of known truth.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Coverage {
    /// Level claimed.
    pub level: Option<f64>,
    /// One row a kind of interval.
    pub rows: Vec<CoverageRow>,
}

/// Coverage of one kind of interval.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct CoverageRow {
    /// Parameter; absent: mean over parameters.
    pub id: Option<String>,
    /// Method.
    pub method: String,
    /// Data sets.
    pub sets: u64,
    /// Share that covered.
    pub covered: Option<f64>,
    /// Binomial standard error of that share.
    pub standard_error: Option<f64>,
    /// Median width over that of the narrowest kind that covers.
    pub relative_width: Option<f64>,
}
