//! Variants of a model against each other.

mod discriminate;
mod misfit;
mod nested;
mod pair;
mod rank;
mod size;
mod words;

pub use discriminate::{Discrimination, Predicted, Separation, discriminate, predicted};
pub use misfit::{MisfitContext, MisfitReplicate, MisfitSummary, misfit};
pub use pair::{PairContext, PairReplicate, pair_replicate, pair_replicates, summarise_pair};
pub use rank::{Fitted, NOT_SUPPORTED, SIZE, Variant, conclude, fit_variants, rank};
pub use size::{SizeReplicate, TestSize};
pub use words::{conclusions, exclude, facts};

use serde::{Deserialize, Serialize};

use super::Estimate;

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

/// A relation at the fit of a variant.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Relation {
    /// Id.
    pub id: String,
    /// Whether it holds; null if it could not be evaluated.
    pub holds: Option<bool>,
    /// Distance to the limit; negative where it fails.
    pub margin: Option<f64>,
    /// Left side.
    pub value: Option<f64>,
    /// `penalty` (part of the objective) or `check`.
    #[serde(rename = "use")]
    pub usage: String,
}

/// A fact: the checked relations whose ids share the part before the first dot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fact {
    /// Id.
    pub id: String,
    /// Whether all of its relations hold; null if one could not be evaluated and none fails.
    pub holds: Option<bool>,
    /// Relations of it that fail.
    pub failed: Vec<String>,
}

/// A variant in the ranking, with the keys of `compare.json`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Ranked {
    /// Id.
    pub id: String,
    /// What it assumes.
    pub description: String,
    /// Objective of the fit under the study's noise setting.
    pub objective: f64,
    /// χ² over the means.
    pub chi2_means: f64,
    /// Degrees of freedom: means − effective parameters.
    pub dof: Option<f64>,
    /// P of its goodness of fit: Johansen's F of χ² over the means.
    pub p_value: Option<f64>,
    /// P of the same χ² among data drawn from the variant (plug-in bootstrap).
    pub p_value_bootstrap: Option<f64>,
    /// P of the misfit of all terms (values with known error, priors and relations as well) among the same data.
    pub p_value_bootstrap_all: Option<f64>,
    /// Replicates in both, and those that failed.
    pub goodness_samples: [u64; 2],
    /// Estimated parameters.
    pub n_estimated: u64,
    /// Parameters less the prior shares of those that carry a prior.
    pub n_effective: Option<f64>,
    /// AICc with that number instead: what a fit with priors is worth.
    pub aicc_effective: Option<f64>,
    /// Its difference to the lowest one.
    pub delta_effective: Option<f64>,
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
    /// What speaks against it, each in words; empty if nothing does.
    pub excluded_by: Vec<String>,
    /// Facts at its fit.
    pub facts: Vec<Fact>,
    /// Relations at its fit.
    pub relations: Vec<Relation>,
    /// Parameters that the data identify, by their quick intervals.
    pub identifiable: u64,
    /// Its estimates, with intervals that hold if it is the true one.
    pub estimates: Vec<Estimate>,
    /// Rows that the exact summary gives up, as `observable@experiment@time`.
    pub given_up: Vec<String>,
    /// Starts that ended within 0.1 of the best, and all.
    pub at_best: [u64; 2],
}

impl Ranked {
    /// Whether its AICc is far above the best, counted with all parameters and with the effective ones.
    pub fn far(&self) -> bool {
        let far = |d: Option<f64>| d.is_none_or(|d| d >= NOT_SUPPORTED);
        far(self.delta) && far(self.delta_effective)
    }
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
    /// Which further measurement would tell apart the best and each variant against which nothing speaks.
    #[serde(default)]
    pub discriminations: Vec<Discrimination>,
    /// What follows, in sentences.
    #[serde(default)]
    pub conclusions: Vec<String>,
}
