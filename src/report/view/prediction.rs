//! Predictions: time courses, doses, combinations, sensitivities, designs; the keys of `dose.json` and `combine.json`.

use serde::{Deserialize, Serialize};

use super::Interval;

/// Time courses with bands.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Courses {
    /// Level of the bands.
    pub level: Option<f64>,
    /// What the bands are, in words.
    pub method: Option<String>,
    /// One an observable and experiment.
    pub courses: Vec<Course>,
}

/// A time course.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Course {
    /// Observable id.
    pub observable: String,
    /// Experiment id.
    pub experiment: String,
    /// Points in order of time.
    pub points: Vec<CoursePoint>,
}

/// A point of a time course.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct CoursePoint {
    /// Time.
    pub time: f64,
    /// Value at the fit.
    pub value: Option<f64>,
    /// Lower end of the pointwise band.
    pub lower: Option<f64>,
    /// Upper end of the pointwise band.
    pub upper: Option<f64>,
    /// Lower end of the simultaneous band.
    pub lower_simultaneous: Option<f64>,
    /// Upper end of the simultaneous band.
    pub upper_simultaneous: Option<f64>,
}

/// A scalar prediction.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Prediction {
    /// Expression.
    pub expression: String,
    /// What it is, for people.
    pub description: Option<String>,
    /// Value at the fit.
    pub value: Option<f64>,
    /// Unit.
    pub unit: Option<String>,
    /// Intervals by method.
    pub intervals: Vec<Interval>,
    /// Share of the information that comes from priors.
    pub prior_share: Option<f64>,
}

/// A dose-response curve.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Dose {
    /// Input varied.
    pub input: String,
    /// Its unit.
    pub input_unit: Option<String>,
    /// Observable.
    pub observable: String,
    /// Its unit.
    pub unit: Option<String>,
    /// Experiment whose other inputs are kept.
    pub experiment: String,
    /// Time of reading.
    pub time: Option<f64>,
    /// `value`, `max`, `auc`, `time_above:X`.
    pub response: Option<String>,
    /// Name of the curve, where several are drawn together.
    pub label: Option<String>,
    /// Level of the intervals.
    pub level: Option<f64>,
    /// Points in order of dose.
    pub curve: Vec<DosePoint>,
    /// EC10 … Hill slope.
    pub summary: DoseSummary,
    /// Doses that occur in the data.
    pub tested: Vec<f64>,
    /// Share of the position (EC50) that comes from priors.
    pub prior_share: Option<f64>,
    /// Position comes from a prior only.
    pub prior_only: bool,
}

/// A point of a dose-response curve.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct DosePoint {
    /// Dose.
    pub dose: f64,
    /// Response at the fit.
    pub value: Option<f64>,
    /// Lower end.
    pub lower: Option<f64>,
    /// Upper end.
    pub upper: Option<f64>,
    /// Outside the doses that occur in the data.
    pub extrapolated: bool,
}

/// Summary of a dose-response curve.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct DoseSummary {
    /// Dose of 10 % of the effect.
    pub ec10: Option<Summarised>,
    /// Dose of half the effect.
    pub ec50: Option<Summarised>,
    /// Dose of 90 % of the effect.
    pub ec90: Option<Summarised>,
    /// Largest effect.
    pub emax: Option<Summarised>,
    /// Hill slope.
    pub hill: Option<Summarised>,
}

/// A number with an interval.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Summarised {
    /// Value, absent if never reached.
    pub value: Option<f64>,
    /// Lower end, absent if open.
    pub lower: Option<f64>,
    /// Upper end, absent if open.
    pub upper: Option<f64>,
    /// Inside the doses that occur in the data.
    pub in_tested_range: Option<bool>,
    /// Why there is no value, or what to mind.
    pub reason: Option<String>,
}

/// A combination of two drugs.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Combination {
    /// The two inputs.
    pub inputs: Vec<String>,
    /// Their units.
    pub input_units: Vec<Option<String>>,
    /// Observable.
    pub observable: String,
    /// Its unit.
    pub unit: Option<String>,
    /// Experiment.
    pub experiment: String,
    /// Time of reading.
    pub time: Option<f64>,
    /// `inhibition` (higher is a larger effect) or `viability`.
    pub response: Option<String>,
    /// Level of the intervals.
    pub level: Option<f64>,
    /// Response over the two doses.
    pub surface: Surface,
    /// Scores over the surface.
    pub synergy: Synergy,
}

/// A surface over two doses; `value[i][j]` belongs to `a[i]` and `b[j]`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Surface {
    /// Doses of the first drug.
    pub a: Vec<f64>,
    /// Doses of the second drug.
    pub b: Vec<f64>,
    /// Response.
    pub value: Vec<Vec<Option<f64>>>,
    /// Excess over Bliss independence.
    pub bliss: Vec<Vec<Option<f64>>>,
    /// Excess over Loewe additivity.
    pub loewe: Vec<Vec<Option<f64>>>,
    /// Excess over the highest single agent.
    pub hsa: Vec<Vec<Option<f64>>>,
}

/// Scores over a surface.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Synergy {
    /// Bliss.
    pub bliss: Option<Excess>,
    /// Loewe.
    pub loewe: Option<Excess>,
    /// Highest single agent.
    pub hsa: Option<Excess>,
}

/// Mean excess over a surface, in the unit of the response.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Excess {
    /// Mean.
    pub mean: Option<f64>,
    /// Lower end.
    pub lower: Option<f64>,
    /// Upper end.
    pub upper: Option<f64>,
    /// Why the definition does not apply.
    pub reason: Option<String>,
}

/// Sensitivity of a target.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Sensitivity {
    /// Expression.
    pub target: String,
    /// One a parameter.
    pub indices: Vec<Index>,
    /// Simulations.
    pub samples: Option<u64>,
}

/// Sobol indices of a parameter.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Index {
    /// Parameter.
    pub id: String,
    /// First order.
    pub first: Summarised,
    /// Total.
    pub total: Summarised,
}

/// Candidate measurements ranked for a target.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Design {
    /// Expression or parameter.
    pub target: String,
    /// Candidates, the best first.
    pub candidates: Vec<DesignRow>,
}

/// A candidate measurement.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct DesignRow {
    /// Observable.
    pub observable: String,
    /// Experiment.
    pub experiment: String,
    /// Time.
    pub time: Option<f64>,
    /// Replicates.
    pub n: Option<u64>,
    /// Expected width of the target's interval over the present one.
    pub relative_width: Option<f64>,
}
