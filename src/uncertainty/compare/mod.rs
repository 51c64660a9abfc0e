//! Variants of a model against each other.

mod pair;
mod rank;

pub use pair::{PairContext, PairReplicate, pair_replicate, pair_replicates, summarise_pair};
pub use rank::{Fitted, Variant, conclude, fit_variants, rank};

use serde::{Deserialize, Serialize};

/// A likelihood ratio with its simulated null distribution.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LikelihoodRatio {
    /// Model compared with.
    pub against: String,
    /// Difference of the deviances (exact summary), not negative for a nested pair.
    pub statistic: f64,
    /// Bootstrap P: share of data drawn from the other model with a difference at least as large.
    pub p_value: f64,
    /// Its binomial standard error.
    pub standard_error: f64,
    /// Replicates in it.
    pub samples: u64,
    /// `bootstrap` (nested) or `simulation` (not nested).
    pub method: String,
    /// P of χ² with the difference of parameters, for a nested pair: rejects too often.
    pub p_value_chi2: Option<f64>,
}

/// A variant in the ranking, with the keys of `compare.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Ranked {
    /// Id.
    pub id: String,
    /// Objective of the fit under the study's noise setting.
    pub objective: f64,
    /// χ² over the means.
    pub chi2_means: f64,
    /// P of its goodness of fit.
    pub p_value: Option<f64>,
    /// Estimated parameters.
    pub n_estimated: u64,
    /// AICc on the exact summary.
    pub aicc: Option<f64>,
    /// Its difference to the best.
    pub delta: Option<f64>,
    /// Akaike weight: descriptive.
    pub weight: Option<f64>,
    /// BIC, secondary.
    pub bic: Option<f64>,
    /// Model that it extends.
    pub nested_in: Option<String>,
    /// Against that model, or against the best.
    pub lrt: Option<LikelihoodRatio>,
    /// What follows, in words (`best`, `cannot be told apart from …`, `rejected`).
    pub verdict: String,
    /// Whether it had to be refitted from its parent's optimum.
    pub refitted_from_parent: bool,
}

/// A variant that was not ranked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Refused {
    /// Id.
    pub id: String,
    /// Why.
    pub reason: String,
}

/// Two models simulated from each other.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Pair {
    /// First model (the smaller one of a nested pair).
    pub first: String,
    /// Second model.
    pub second: String,
    /// Whether the first is nested in the second.
    pub nested: bool,
    /// Deviance of the first minus that of the second.
    pub statistic: f64,
    /// Share of data drawn from the first model whose statistic is at least as large: small speaks against the first.
    pub p_first: Option<f64>,
    /// Share of data drawn from the second model whose statistic is at most as large: small speaks against the second.
    pub p_second: Option<f64>,
    /// Replicates of each simulation that succeeded.
    pub samples: [u64; 2],
    /// In words.
    pub verdict: String,
}

/// A comparison, with the keys of `compare.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Comparison {
    /// Models, the best first.
    pub models: Vec<Ranked>,
    /// Pairs that were simulated.
    pub pairs: Vec<Pair>,
    /// Models that were not ranked.
    pub refused: Vec<Refused>,
    /// Models that the data cannot tell from the best.
    pub supported: Vec<String>,
}
