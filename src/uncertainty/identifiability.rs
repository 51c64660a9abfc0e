//! What the data can determine, in words.

use serde::{Deserialize, Serialize};

use super::verdict::Verdict;

/// A direction along which no row of data changes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FreeCombination {
    /// Parameters that take part.
    pub parameters: Vec<String>,
    /// Components on the estimation scale, the largest 1 in size.
    pub direction: Vec<f64>,
    /// Whether it is the same at every point looked at (a product or ratio on logarithmic scales).
    pub constant: bool,
    /// What is determined, in words: "only k_int/Kd is determined".
    pub text: String,
}

/// Structural identifiability.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Structural {
    /// Rank of the sensitivity matrix (largest over the points).
    pub rank: usize,
    /// Estimated parameters.
    pub n_estimated: usize,
    /// Points at which it was computed.
    pub points: usize,
    /// Points at which the model could not be evaluated.
    pub failed: usize,
    /// What stays free.
    pub free: Vec<FreeCombination>,
}

/// Judgement of a parameter.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Judgement {
    /// Parameter id.
    pub id: String,
    /// Verdict.
    pub verdict: Verdict,
    /// In words: what is determined, what bounds each end.
    pub text: String,
}
