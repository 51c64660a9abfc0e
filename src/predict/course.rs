//! Time courses with bands.

use serde::Serialize;

use super::{Band, Failures};

/// Time course of one observable in one experiment.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Course {
    /// Observable (or output, state, assignment).
    pub observable: String,
    /// Experiment.
    pub experiment: String,
    /// Unit as written.
    pub unit: Option<String>,
    /// Times in the model's unit.
    pub times: Vec<f64>,
    /// Values and bands.
    pub band: Band,
    /// Times beyond the last measurement of the experiment are extrapolated; this is that time.
    pub last_measured: Option<f64>,
}

/// All time courses.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Courses {
    /// Unit of time as written.
    pub time_unit: Option<String>,
    /// Courses, by experiment and then observable.
    pub courses: Vec<Course>,
    /// Level of the bands.
    pub level: f64,
    /// Replicates that could not be simulated, by reason.
    pub failed: Failures,
}
