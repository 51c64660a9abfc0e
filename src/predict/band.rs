//! Estimates with intervals, as the results of this floor carry them.

use serde::{Deserialize, Serialize};

/// How an end of an interval, or an estimate, is to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// A number.
    Closed,
    /// The replicates (or the profile) do not close the interval on this side: the number is not finite.
    Open,
    /// The end lies at a bound of a parameter, so that the bound and not the data gives it.
    AtBound,
    /// The level is never reached: +∞, as for the dose of an effect that no dose has.
    NotReached,
    /// It is not defined (the dose of half an effect where there is no effect).
    Undefined,
    /// No interval was asked for.
    Absent,
}

/// A quantity with its interval.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Estimate {
    /// Value at the fit; not finite if `status` is not `closed`.
    pub value: f64,
    /// How the value is to be read.
    pub status: Status,
    /// Lower end.
    pub lower: f64,
    /// How the lower end is to be read.
    pub lower_status: Status,
    /// Upper end.
    pub upper: f64,
    /// How the upper end is to be read.
    pub upper_status: Status,
    /// Method of the interval (`bootstrap`, `profile`, `delta`, `prior`), empty without one.
    pub method: String,
    /// Part of the information on it that comes from priors, if it is known.
    pub prior_share: Option<f64>,
    /// Part of the replicates in which it is not defined or not reached.
    pub missing: f64,
    /// For a dose: whether it lies between the lowest and the highest dose that the data hold.
    pub in_tested_range: Option<bool>,
}

/// Values with pointwise and simultaneous bands over a grid.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Band {
    /// Value at the fit.
    pub value: Vec<f64>,
    /// Lower end of the pointwise interval.
    pub lower: Vec<f64>,
    /// Upper end of the pointwise interval.
    pub upper: Vec<f64>,
    /// Lower end of the band that holds the whole curve at once (sup-t).
    pub simultaneous_lower: Vec<f64>,
    /// Upper end of that band.
    pub simultaneous_upper: Vec<f64>,
    /// Half width of the simultaneous band in standard errors.
    pub critical: f64,
    /// Replicates in it.
    pub replicates: usize,
}

/// Something that a reader of a result has to know.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Warning {
    /// Stable code in kebab case.
    pub code: String,
    /// One or two sentences.
    pub text: String,
}
