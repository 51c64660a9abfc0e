//! Result documents: plain data with the keys of the contract.

use serde::{Deserialize, Serialize};

use super::audit;
use super::canonical::Canonical;
use super::open::Prepared;

/// Hashes of what was fitted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProblemHash {
    /// Of the content of all files read.
    pub sha256: String,
    /// Of the problem and model as understood: comments, order of rows and line ends do not change it.
    pub canonical_sha256: String,
    /// The same in parts.
    pub canonical_parts: Canonical,
}

impl ProblemHash {
    /// Hashes of a prepared problem.
    pub fn of(prepared: &Prepared) -> Self {
        Self {
            sha256: audit::files_hash(&prepared.files()),
            canonical_sha256: prepared.canonical.sha256(),
            canonical_parts: prepared.canonical.clone(),
        }
    }
}

/// What a result depends on beside the problem.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FitSettings {
    /// Seed.
    pub seed: u64,
    /// Starts asked for.
    pub starts: u64,
    /// Level of the intervals.
    pub level: f64,
    /// Settings of the integration.
    pub integration: IntegrationSettings,
    /// Settings of the search.
    pub search: SearchSettings,
    /// What the objective is, written out.
    pub likelihood: String,
    /// How numbers are computed.
    #[serde(default)]
    pub arithmetic: String,
    /// How random numbers are made.
    #[serde(default)]
    pub randomness: String,
}

/// How numbers are computed, for the record of a run.
pub const ARITHMETIC: &str = "binary64 without contraction to fused operations; elementary functions of the Rust library libm; sums in fixed order; exact Jacobian and forward sensitivities from symbolic derivatives; integrators: Dormand and Prince 8(5,3) (KISAO:0000087), Rodas5P (KISAO:0000033), Radau IIA of orders 9 and 13 (after KISAO:0000304)";
/// How random numbers are made, for the record of a run.
pub const RANDOMNESS: &str = "ChaCha12 keyed by SHA-256 of (seed, replicate, row, purpose), one stream for each; no stream depends on another or on threads";

/// Settings of the integration, all defaults resolved.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct IntegrationSettings {
    /// Method.
    pub method: String,
    /// Relative tolerance of a step.
    pub rtol: f64,
    /// Absolute tolerance of a step.
    pub atol: f64,
    /// Whether sensitivities enter the error norm.
    pub control_sensitivities: bool,
    /// Limit of steps of a segment.
    pub max_steps: u64,
}

impl IntegrationSettings {
    /// As the simulation has them.
    pub fn of(settings: &crate::simulate::Settings) -> Self {
        let t = &settings.tolerances;
        Self {
            method: format!("{:?}", settings.method).to_lowercase(),
            rtol: t.rtol,
            atol: t.atol.first().copied().unwrap_or(t.rtol),
            control_sensitivities: t.control_sensitivities,
            max_steps: t.max_steps as u64,
        }
    }
}

/// Settings of the search, all defaults resolved.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SearchSettings {
    /// Method.
    pub method: String,
    /// Tolerance of the scaled gradient.
    pub gradient_tolerance: f64,
    /// Tolerance of the predicted reduction of the objective.
    pub objective_tolerance: f64,
    /// Tolerance of a step.
    pub step_tolerance: f64,
    /// Limit of iterations.
    pub max_iterations: u64,
}

impl SearchSettings {
    /// As the search has them.
    pub fn of(options: &crate::search::Options) -> Self {
        Self {
            method: "trust region in the scaling of Coleman and Li".into(),
            gradient_tolerance: options.gradient_tolerance,
            objective_tolerance: options.objective_tolerance,
            step_tolerance: options.step_tolerance,
            max_iterations: options.max_iterations as u64,
        }
    }
}

/// What the objective of a problem is, in words.
pub fn likelihood(problem: &crate::problem::Problem) -> String {
    let mut text = String::from(
        "objective = -log likelihood - log prior + penalty of relations, all constants included",
    );
    for o in &problem.observables {
        let summaries = problem
            .measurements
            .iter()
            .any(|m| m.observable == o.id && m.summary.is_some());
        let noise = if summaries {
            match o.noise {
                crate::problem::NoiseSetting::KnownSd => {
                    "mean ~ N(f, sd^2/n), reported sd taken as known"
                }
                crate::problem::NoiseSetting::ExactSummary => {
                    "exact likelihood of mean, sd and n, sigma of each arm estimated"
                }
                crate::problem::NoiseSetting::PooledSd => {
                    "mean ~ N(f, sd^2/n), one sd for all arms"
                }
                crate::problem::NoiseSetting::PooledCv => {
                    "mean ~ N(f, (cv f)^2/n), one cv for all arms"
                }
            }
        } else {
            "noise formula of the observable table"
        };
        text += &format!("; {}: {:?} noise, {noise}", o.id, o.distribution);
    }
    text
}

/// A row of data beside the fit.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DataRow {
    /// Observable id.
    pub observable: String,
    /// Experiment id.
    pub experiment: String,
    /// Time; null at steady state.
    pub time: f64,
    /// Measured mean or value; the limit of a censored row.
    pub measured: f64,
    /// SD of the replicates, on the scale of the noise.
    pub sd: Option<f64>,
    /// Number of replicates.
    pub n: Option<u32>,
    /// `mean`, `known_error`, `point`, `limit_below` or `limit_above`.
    pub kind: &'static str,
    /// Standard error as it entered the fit.
    pub standard_error: f64,
    /// Fitted value.
    pub fitted: f64,
    /// (measured − fitted)/standard error; null for a censored row.
    pub residual: Option<f64>,
    /// Residual over √(1 − h); null where the row fits itself.
    pub scaled_residual: Option<f64>,
    /// Leverage h.
    pub leverage: f64,
    /// 1 − h: the share of the row that can show misfit.
    pub freedom: f64,
    /// Data set.
    pub dataset: Option<String>,
    /// Where the number comes from.
    pub source: Option<String>,
}

/// A relation at the fit.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RelationRow {
    /// Id; relations that share the part before a dot belong to one fact.
    pub id: String,
    /// Whether it holds; null if it could not be evaluated.
    pub holds: Option<bool>,
    /// Distance to the limit, in the unit of the compared quantity; negative where it fails.
    pub margin: Option<f64>,
    /// Left side at the fit.
    pub value: Option<f64>,
    /// Right side at the fit.
    pub right: Option<f64>,
    /// `penalty` (in the objective) or `check`.
    #[serde(rename = "use")]
    pub usage: String,
    /// The relation as written.
    pub text: String,
    /// Why it could not be evaluated.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Where it comes from.
    pub source: Option<String>,
}

/// Something that a reader of the result has to know.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Warning {
    /// Stable code; `mechfit explain` knows it.
    pub code: String,
    /// What is wrong and what follows.
    pub text: String,
    /// What it is about: a parameter, row, arm, relation.
    #[serde(rename = "where")]
    pub place: Option<String>,
}

impl Warning {
    /// A warning about something.
    pub fn new(code: &str, place: Option<String>, text: String) -> Self {
        Self {
            code: code.into(),
            text,
            place,
        }
    }
}
