//! What is fitted, as the floors above see it: coordinates, rows, data that can be swapped, and the terms of the objective.
//!
//! `fit`, `uncertainty` and `predict` are written against [`Target`] only, so that each can be tested on closed forms.

use crate::problem::{NoiseDistribution, NoiseSetting, Prior, Scale};
use crate::search::Want;

use super::donors::Donors;

/// An estimated parameter. All numbers but `unit` are on the estimation scale.
#[derive(Debug, Clone, PartialEq)]
pub struct Coordinate {
    /// Parameter id.
    pub id: String,
    /// Estimation scale.
    pub scale: Scale,
    /// Lower bound.
    pub lower: f64,
    /// Upper bound.
    pub upper: f64,
    /// Nominal value, if the table gives one.
    pub nominal: Option<f64>,
    /// Unit of the natural value as written.
    pub unit: Option<String>,
    /// Prior as written in the table.
    pub prior: Option<Prior>,
    /// Distribution of starts, if the table gives one (else uniform within the bounds on this scale).
    pub start: Option<Prior>,
    /// The bound is a natural one (a rate of 0), at which a one-sided limit is reported.
    pub natural_lower: bool,
}

/// What a row of data is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum RowKind {
    /// A reported mean with SD and n: one of the means of χ², degrees of freedom and F.
    Mean {
        /// Number of replicates.
        n: u32,
    },
    /// A value with known standard error and no n (`sem`, `ci95`): ν = ∞, no count in N or K.
    KnownError,
    /// A single measurement whose σ the noise formula gives (replicate-level data of PEtab).
    Point,
    /// n values at or below (`upper = true`: at or above) the limit; σ of a replicate.
    Limit {
        /// Number of values.
        n: u32,
        /// Whether the values lie at or above the limit.
        upper: bool,
    },
}

/// A row of data without its values.
#[derive(Debug, Clone, PartialEq)]
pub struct RowInfo {
    /// Observable id.
    pub observable: String,
    /// Experiment id.
    pub experiment: String,
    /// Time (+∞: steady state).
    pub time: f64,
    /// What it is.
    pub kind: RowKind,
    /// Noise distribution.
    pub distribution: NoiseDistribution,
    /// Noise setting of its observable.
    pub noise: NoiseSetting,
    /// Group of rows that share a variance under a pooled setting.
    pub group: usize,
    /// Data set.
    pub dataset: Option<String>,
    /// Index into the problem's measurement table.
    pub measurement: usize,
}

/// Values that a bootstrap swaps without recompiling anything.
#[derive(Debug, Clone, PartialEq)]
pub struct Data {
    /// Per row: measured value on the linear scale, or the limit.
    pub value: Vec<f64>,
    /// Per row: SD of the replicates (divisor n − 1), NaN where the row has none.
    pub sd: Vec<f64>,
    /// Per coordinate: centre of the prior on the estimation scale (mode of its density there), if it has a prior with
    /// a centre; a randomised prior mean is put here.
    pub prior_centre: Vec<Option<f64>>,
    /// Per relation in the objective: whether it is observed to hold (`false` swaps its sides).
    pub relation_holds: Vec<bool>,
    /// Noise setting for all rows instead of each row's own.
    pub noise: Option<NoiseSetting>,
    /// Per row: how often it counts, for resampled rows (`None`: each once).
    pub weight: Option<Vec<f64>>,
}

impl Data {
    /// How often a row counts.
    pub fn weight_of(&self, row: usize) -> f64 {
        self.weight
            .as_ref()
            .and_then(|w| w.get(row).copied())
            .unwrap_or(1.0)
    }
}

/// Sums of the objective.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Parts {
    /// −log likelihood of the rows, constants included.
    pub nllh: f64,
    /// Log density of the priors.
    pub log_prior: f64,
    /// −log probability of the relations in the objective.
    pub penalty: f64,
    /// Σ squared normalised residuals of the uncensored rows.
    pub chi2: f64,
    /// The same over the means with n only.
    pub chi2_means: f64,
}

/// Objective at one point: nllh − log_prior + penalty.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Evaluated {
    /// Objective.
    pub value: f64,
    /// Gradient on the estimation scale (empty unless asked for).
    pub gradient: Vec<f64>,
    /// Positive semidefinite curvature, row-major (empty unless asked for).
    pub curvature: Vec<f64>,
    /// Its parts.
    pub parts: Parts,
}

/// One row linearised.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct RowTerm {
    /// Simulated value on the linear scale.
    pub simulated: f64,
    /// σ of the row as it enters the likelihood: the standard error of a mean, σ of a point or of a censored replicate
    /// (on the transformed scale for logarithmic noise).
    pub sigma: f64,
    /// Normalised residual (measured − simulated)/σ on the scale of the noise; NaN for a censored row.
    pub residual: f64,
    /// −log likelihood of the row.
    pub nllh: f64,
    /// Gradient of the simulated value on the scale of the noise (linear, ln or log10) with respect to the coordinates.
    pub gradient: Vec<f64>,
    /// Curvature of the row's nllh with respect to that value: 1/σ² for a normal row.
    pub information: f64,
    /// Degrees of freedom of the row's σ: n − 1, Σ(n−1) of its pooled group, or ∞.
    pub nu: f64,
    /// Gradient of ln σ with respect to the coordinates; empty where σ depends on none of them.
    pub log_sigma_gradient: Vec<f64>,
    /// Expected curvature of the row's nllh with respect to ln σ (2 for a normal row).
    pub log_sigma_information: f64,
}

/// A prior linearised: on the estimation scale, `−log density ≈ ½·precision·(θ − centre)²` near θ.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PriorTerm {
    /// Coordinate.
    pub coordinate: usize,
    /// Centre on the estimation scale.
    pub centre: f64,
    /// Second derivative of −log density at θ, not below 0.
    pub precision: f64,
}

/// A relation of the objective linearised.
#[derive(Debug, Clone, PartialEq)]
pub struct RelationTerm {
    /// z = (left − right − margin)/sd in the direction in which it should hold.
    pub z: f64,
    /// Gradient of left − right.
    pub gradient: Vec<f64>,
    /// Curvature of −log probability with respect to left − right.
    pub information: f64,
    /// Probability, at this point, that the relation is observed to hold.
    pub probability: f64,
}

/// All terms of the objective at one point (rows of correlated means as they stand; their groups beside them): what standard errors, leverages and influence need.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Linearisation {
    /// Rows, in order.
    pub rows: Vec<RowTerm>,
    /// Priors with curvature.
    pub priors: Vec<PriorTerm>,
    /// Relations in the objective.
    pub relations: Vec<RelationTerm>,
    /// Groups of rows whose means are correlated.
    pub donors: Vec<Donors>,
}

/// Why the objective could not be evaluated at a point.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum EvalError {
    /// An experiment could not be simulated.
    #[error("experiment `{experiment}`: {cause}")]
    Simulation {
        /// Experiment.
        experiment: String,
        /// Stable name of the cause for counting (`step_too_small`, `too_many_steps`, `not_finite`, `no_steady_state`, …).
        reason: &'static str,
        /// Full message: time, state, cause.
        cause: String,
    },
    /// A term of the objective is not finite.
    #[error("{what} is not finite")]
    NotFinite {
        /// Which term.
        what: String,
    },
}

impl EvalError {
    /// Stable name of the cause, for counting failures.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::Simulation { reason, .. } => reason,
            Self::NotFinite { .. } => "not_finite",
        }
    }
}

/// Something that can be fitted.
///
/// Evaluation is a pure function of `(theta, data)`; the workspace is scratch memory only.
pub trait Target: Sync {
    /// Scratch memory of one thread.
    type Workspace: Send;
    /// A compiled scalar prediction (an expression over `observable@experiment@time`).
    type Quantity: Sync + Send;

    /// The estimated parameters.
    fn coordinates(&self) -> &[Coordinate];
    /// The rows of data.
    fn rows(&self) -> &[RowInfo];
    /// The data as reported.
    fn data(&self) -> &Data;
    /// Groups of rows whose means are correlated, because their replicates come from the same donors; none by default.
    fn donors(&self) -> &[Donors] {
        &[]
    }
    /// Scratch memory for one thread.
    fn workspace(&self) -> Self::Workspace;
    /// Objective at `theta` (estimation scale) for `data`.
    ///
    /// # Errors
    /// [`EvalError`] if a simulation fails or a term is not finite.
    fn evaluate(
        &self,
        theta: &[f64],
        data: &Data,
        want: Want,
        ws: &mut Self::Workspace,
    ) -> Result<Evaluated, EvalError>;
    /// All terms at `theta`, for covariance and leverage.
    ///
    /// # Errors
    /// As [`Target::evaluate`].
    fn linearise(
        &self,
        theta: &[f64],
        data: &Data,
        ws: &mut Self::Workspace,
    ) -> Result<Linearisation, EvalError>;
    /// Value and gradient (estimation scale) of a prediction.
    ///
    /// # Errors
    /// As [`Target::evaluate`].
    fn predict(
        &self,
        quantity: &Self::Quantity,
        theta: &[f64],
        ws: &mut Self::Workspace,
    ) -> Result<(f64, Vec<f64>), EvalError>;
}

/// Natural value of a coordinate from its value on the estimation scale.
pub fn to_natural(scale: Scale, x: f64) -> f64 {
    match scale {
        Scale::Lin => x,
        Scale::Log => libm::exp(x),
        Scale::Log10 => libm::exp10(x),
        Scale::Logit => 1.0 / (1.0 + libm::exp(-x)),
    }
}

/// Value on the estimation scale from the natural value.
pub fn to_scaled(scale: Scale, value: f64) -> f64 {
    match scale {
        Scale::Lin => value,
        Scale::Log => libm::log(value),
        Scale::Log10 => libm::log10(value),
        Scale::Logit => libm::log(value / (1.0 - value)),
    }
}

/// d natural / d scaled at the scaled value `x`.
pub fn natural_slope(scale: Scale, x: f64) -> f64 {
    match scale {
        Scale::Lin => 1.0,
        Scale::Log => libm::exp(x),
        Scale::Log10 => std::f64::consts::LN_10 * libm::exp10(x),
        Scale::Logit => {
            let p = 1.0 / (1.0 + libm::exp(-x));
            p * (1.0 - p)
        }
    }
}
