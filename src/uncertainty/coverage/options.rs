//! What is simulated, and which kinds of intervals are judged.

use serde::{Deserialize, Serialize};

use crate::search;

/// What the data are drawn with that the analysis does not know, or what the analysis wrongly assumes.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Violation {
    /// Nothing: the model is right.
    #[default]
    None,
    /// The analysis takes one SD for all arms of an observable; the data are drawn with each arm's own.
    PooledSd,
    /// The same donors in every arm of an observable: replicates correlate between arms.
    Correlated {
        /// Correlation.
        rho: f64,
    },
    /// Replicates are log-normal with the model's value as their mean.
    LogNormal,
}

impl Violation {
    /// Name in files.
    pub fn name(&self) -> String {
        match self {
            Self::None => "none".into(),
            Self::PooledSd => "the analysis pools SDs that differ".into(),
            Self::Correlated { rho } => format!("arms correlate, rho = {rho}"),
            Self::LogNormal => "replicates are log-normal".into(),
        }
    }
}

/// Settings.
///
/// The kinds differ in cost by a thousand, so each is judged on the first so many sets of its own.
#[derive(Debug, Clone, PartialEq)]
pub struct Options {
    /// Nominal coverage.
    pub level: f64,
    /// Seed.
    pub seed: u64,
    /// Replicates of the bootstraps in each set; 0: no bootstrap rows.
    pub bootstrap: u64,
    /// Sets with t-draw and plug-in bootstraps: about 2·`bootstrap` refits each.
    pub bootstrap_sets: u64,
    /// Sets with the bootstraps that only show what they do not do (means only, refits of the exact summary) and with
    /// thresholds calibrated by simulation: about as much again, and as many constrained refits as parameters.
    pub calibrated_sets: u64,
    /// Rows of the exact summary.
    pub exact: bool,
    /// Sets whose profiles are walked to their ends, for their widths and for the share that is not closed.
    pub widths: u64,
    /// What the analysis does not know.
    pub violation: Violation,
    /// Search.
    pub search: search::Options,
}

/// Gain that a refit leaves in the objective: 2·10⁻⁵ in a likelihood ratio whose threshold is 4 or more.
const REFIT_TOLERANCE: f64 = 1e-5;

impl Default for Options {
    fn default() -> Self {
        Self {
            level: 0.95,
            seed: 1,
            bootstrap: 0,
            bootstrap_sets: u64::MAX,
            calibrated_sets: u64::MAX,
            exact: true,
            widths: 300,
            violation: Violation::None,
            search: search::Options {
                objective_tolerance: REFIT_TOLERANCE,
                ..search::Options::default()
            },
        }
    }
}

/// Kinds of intervals, in the order of the table.
pub const KINDS: [&str; 19] = [
    "fisher_z",
    "fisher_t_sum_of_dof",
    "fisher_scaled_by_chi2",
    "fisher_t_satterthwaite",
    "fisher_t_fewest",
    "fisher",
    "profile_chi2",
    "profile",
    "profile_exact_chi2",
    "profile_exact_flat",
    "profile_exact",
    "percentile_means_only",
    "percentile_plug_in",
    "basic_plug_in",
    "bc_plug_in",
    "percentile_exact",
    "percentile",
    "bootstrap_t",
    "profile_bootstrap",
];
