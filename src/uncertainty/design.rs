//! Which further measurement would narrow a target most.

use serde::{Deserialize, Serialize};

/// A measurement that could be made.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Proposal {
    /// What would be measured (observable, arm, time, dose).
    pub id: String,
    /// Replicates.
    pub n: u32,
    /// SD of the replicates that was assumed.
    pub sd: f64,
    /// Value that the fit predicts.
    pub expected_value: f64,
    /// ln of the factor by which the determinant of the information grows (D-optimality); null if the measurement
    /// determines a direction that was undetermined.
    pub d_gain: Option<f64>,
    /// Whether it determines something that the present data leave undetermined.
    pub opens: bool,
    /// Target's standard error after it, over that before; null without a target.
    pub error_ratio: Option<f64>,
    /// Expected interval of the target after it.
    pub expected_lower: Option<f64>,
    /// Expected interval of the target after it.
    pub expected_upper: Option<f64>,
}

/// Ranked measurements.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Design {
    /// Target, if one was asked for.
    pub target: Option<String>,
    /// Its value at the fit.
    pub value: Option<f64>,
    /// Its interval now.
    pub lower: Option<f64>,
    /// Its interval now.
    pub upper: Option<f64>,
    /// Candidates, the best for the target (else for the determinant) first.
    pub proposals: Vec<Proposal>,
    /// Candidates that could not be evaluated, with the reason.
    pub refused: Vec<(String, String)>,
}
