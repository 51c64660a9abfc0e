//! The fit, with the keys of `result.json`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::uncertainty::{Estimate, Range};

/// A fit.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Fit {
    /// Scenario.
    pub scenario: Option<String>,
    /// `converged`, `not_converged` or `failed`.
    pub status: String,
    /// Objective at the optimum.
    pub objective: Option<f64>,
    /// −log likelihood.
    pub nllh: Option<f64>,
    /// Σ squared residuals of all uncensored rows.
    pub chi2: Option<f64>,
    /// The same over the means with n.
    pub chi2_means: Option<f64>,
    /// Rows.
    pub n_data: Option<u64>,
    /// Means with n.
    pub n_means: Option<u64>,
    /// Σn.
    pub n_replicates: Option<u64>,
    /// Variances estimated by an exact summary.
    pub n_variances: Option<u64>,
    /// How reported SDs entered.
    pub noise: Option<String>,
    /// Estimated parameters.
    pub n_estimated: Option<u64>,
    /// Degrees of freedom: means − effective parameters.
    pub dof: Option<f64>,
    /// P-value of the goodness of fit.
    pub p_value: Option<f64>,
    /// How it was computed.
    pub p_value_method: Option<String>,
    /// P-value of the plug-in bootstrap.
    pub p_value_bootstrap: Option<f64>,
    /// Akaike's criterion.
    pub aic: Option<f64>,
    /// Akaike's criterion for small samples.
    pub aicc: Option<f64>,
    /// Schwarz's criterion.
    pub bic: Option<f64>,
    /// Estimates.
    pub estimates: Vec<Estimate>,
    /// Data beside the fit.
    pub data: Vec<DataRow>,
    /// Starts.
    pub starts: Option<Starts>,
    /// Relations and facts.
    pub relations: Vec<Relation>,
    /// Warnings.
    pub warnings: Vec<Warning>,
    /// Settings of integration and search: shown in the audit.
    pub settings: serde_json::Value,
    /// Program, versions, host, command: shown in the audit.
    pub provenance: serde_json::Value,
    /// Hashes of the problem: shown in the audit.
    pub problem: serde_json::Value,
}

/// A row of data beside the fit.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct DataRow {
    /// Observable id.
    pub observable: String,
    /// Experiment id.
    pub experiment: String,
    /// Time, absent for the steady state.
    pub time: Option<f64>,
    /// Measured mean or value; the limit of a censored row.
    pub measured: Option<f64>,
    /// SD of the replicates.
    pub sd: Option<f64>,
    /// Number of replicates.
    pub n: Option<u64>,
    /// `mean`, `known_error`, `point`, `limit_below` (values at or below the limit), `limit_above`.
    pub kind: String,
    /// Standard error as it entered the fit.
    pub standard_error: Option<f64>,
    /// Fitted value.
    pub fitted: Option<f64>,
    /// Interval of the fitted value, if computed.
    pub fitted_interval: Option<Range>,
    /// Normalised residual (measured − fitted)/standard error, absent for a censored row.
    pub residual: Option<f64>,
    /// Leverage h: 1 − h is the share of the row that can show misfit.
    pub leverage: Option<f64>,
    /// Where the number comes from.
    pub source: Option<String>,
    /// Data set.
    pub dataset: Option<String>,
}

/// Starts of the search.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Starts {
    /// Number.
    pub n: u64,
    /// How many converged.
    pub converged: u64,
    /// Failures by reason.
    pub failed: BTreeMap<String, u64>,
    /// How many ended within 0.1 of the best objective.
    pub at_best: u64,
    /// Final objectives, `null` where a start failed.
    pub objectives: Vec<Option<f64>>,
}

/// A relation or fact at the fit.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Relation {
    /// Id; ids that share the part before a dot belong to one fact.
    pub id: String,
    /// Whether it holds; absent if it could not be evaluated.
    pub holds: Option<bool>,
    /// By how much, in the unit of the compared quantity; negative if it fails.
    pub margin: Option<f64>,
    /// Value of the left side at the fit.
    pub value: Option<f64>,
    /// Share of the bootstrap replicates in which it holds.
    pub share: Option<f64>,
}

/// A warning.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Warning {
    /// Code.
    pub code: String,
    /// What is wrong and what follows.
    pub text: String,
    /// What it is about: a parameter, row, arm.
    #[serde(rename = "where")]
    pub place: Option<String>,
}

/// Estimates of the replicates that succeeded, on the natural scale.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Replicates {
    /// Parameters.
    pub ids: Vec<String>,
    /// One row a replicate.
    pub rows: Vec<Vec<f64>>,
}
