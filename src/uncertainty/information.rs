//! Information criteria on the exact summary of means.

use serde::{Deserialize, Serialize};

/// Information criteria, with the keys of `result.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Criteria {
    /// Akaike's criterion.
    pub aic: Option<f64>,
    /// Akaike's criterion for small samples.
    pub aicc: Option<f64>,
    /// Schwarz's criterion (secondary).
    pub bic: Option<f64>,
    /// `D = −2 log L` of the exact-summary refit (means), plus −2 log of censored rows, known-error rows and relations.
    pub deviance: Option<f64>,
    /// `N`: Σn of the means plus single measurements.
    pub n_replicates: u64,
    /// Variances that the exact summary estimates: one a mean, or one a pooled group.
    pub n_variances: u64,
    /// `K`: estimated parameters + variances.
    pub k: u64,
    /// Estimated parameters.
    pub n_estimated: u64,
    /// Optimum of the exact summary, estimation scale.
    pub theta: Vec<f64>,
    /// Means given up by the redescending likelihood: |t| beyond √(n − 1) at that optimum. Row indices.
    pub given_up: Vec<usize>,
    /// Why a criterion is null.
    pub reason: Option<String>,
}
