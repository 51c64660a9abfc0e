//! Response against the dose of one input.

use serde::Serialize;

use super::{Estimate, Failures, Warning};

/// A point of a dose-response curve.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CurvePoint {
    /// Dose in the unit of the input.
    pub dose: f64,
    /// Response at the fit.
    pub value: f64,
    /// Lower end of its interval.
    pub lower: f64,
    /// Upper end of its interval.
    pub upper: f64,
    /// The dose lies outside the doses of the data.
    pub extrapolated: bool,
}

/// Doses at which the response has gone a part of the way to a full effect that is declared, not fitted: 0 for a falling
/// response, the top of its scale for a rising one.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Absolute {
    /// Response at the full effect.
    pub full: f64,
    /// Dose of 10 % of the way from the control to it.
    pub ec10: Estimate,
    /// Dose of 50 % of the way.
    pub ec50: Estimate,
    /// Dose of 90 % of the way.
    pub ec90: Estimate,
}

/// What describes a curve.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct DoseSummary {
    /// Response without the drug.
    pub control: Estimate,
    /// Response at the largest effect of any dose: the plateau, or the peak of a curve that has one.
    pub emax: Estimate,
    /// Dose of 10 % of the way from the control to `emax`.
    pub ec10: Estimate,
    /// Dose of 50 % of the way.
    pub ec50: Estimate,
    /// Dose of 90 % of the way.
    pub ec90: Estimate,
    /// Hill slope ln 81 / ln(EC90/EC10).
    pub hill: Estimate,
    /// The same against a declared full effect, where there is one.
    pub absolute: Option<Absolute>,
}

/// The content of `dose.json`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct DoseResponse {
    /// Input that is varied.
    pub input: String,
    /// Its unit as written.
    pub input_unit: Option<String>,
    /// The response as an expression (`apoptosis@co_vcr@24`).
    pub response: String,
    /// Its unit as written.
    pub response_unit: Option<String>,
    /// Points over the range asked for.
    pub curve: Vec<CurvePoint>,
    /// What describes it.
    pub summary: DoseSummary,
    /// Doses of the data, ascending, control left out.
    pub tested: Vec<f64>,
    /// Level of the intervals.
    pub level: f64,
    /// Method of the intervals of the curve.
    pub method: String,
    /// Replicates used.
    pub replicates: usize,
    /// Replicates that could not be simulated, by reason.
    pub failed: Failures,
    /// The curve's position comes from priors (prior share of log EC50 of 0.9 or more).
    pub prior_only: bool,
    /// What a reader has to know.
    pub warnings: Vec<Warning>,
}

/// Fold shift of a dose between two curves, taken within each replicate.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FoldShift {
    /// Response of the first curve.
    pub from: String,
    /// Response of the second.
    pub to: String,
    /// EC50 of the second over that of the first.
    pub ec50: Estimate,
}
