//! Predictions over a population: a parameter or input that differs from patient to patient.

use serde::Serialize;

use super::{Estimate, Failures};

/// Distribution of a response over a population.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PopulationResponse {
    /// The response as an expression.
    pub response: String,
    /// Unit as written.
    pub unit: Option<String>,
    /// What is distributed, in words (`n_sites log-normal, median 3e4, CV 0.42`).
    pub distributed: Vec<String>,
    /// Members of the population.
    pub members: usize,
    /// Mean over the population, with the uncertainty of the parameters.
    pub mean: Estimate,
    /// Standard deviation between members.
    pub sd: Estimate,
    /// Quantiles over the population: probability and value.
    pub quantiles: Vec<(f64, Estimate)>,
    /// Members that could not be simulated, by reason.
    pub failed: Failures,
}
