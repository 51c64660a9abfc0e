//! Which parameters a prediction depends on: locally, and over their whole ranges.

use serde::Serialize;

use super::{Estimate, Failures};

/// Local sensitivity to one parameter.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LocalIndex {
    /// Parameter.
    pub id: String,
    /// d response / d parameter on the estimation scale.
    pub by_scaled: f64,
    /// d response / d parameter on the natural scale.
    pub by_natural: f64,
    /// d ln response / d ln parameter: per cent of response per per cent of parameter.
    pub elasticity: f64,
}

/// Global sensitivity to one parameter.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SobolIndex {
    /// Parameter.
    pub id: String,
    /// Part of the variance that the parameter explains by itself.
    pub first: Estimate,
    /// Part of the variance that would remain if only this parameter were unknown.
    pub total: Estimate,
    /// The distribution that it was varied over, in words.
    pub range: String,
}

/// The content of `sensitivity.json`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Sensitivity {
    /// The response as an expression.
    pub response: String,
    /// Unit as written.
    pub unit: Option<String>,
    /// Its value at the fit.
    pub value: f64,
    /// Local sensitivities at the fit.
    pub local: Vec<LocalIndex>,
    /// Global sensitivities (empty unless asked for).
    pub sobol: Vec<SobolIndex>,
    /// Mean over the ranges.
    pub mean: f64,
    /// Variance over the ranges.
    pub variance: f64,
    /// Simulations.
    pub simulations: usize,
    /// Simulations that failed, by reason.
    pub failed: Failures,
    /// Level of the intervals.
    pub level: f64,
}
