//! The bootstrap goodness of fit of a variant: its misfit among data drawn from it.

use serde::{Deserialize, Serialize};

use crate::fit::refit;
use crate::objective::{Parts, Target};
use crate::search;

use super::super::bootstrap::{BootstrapError, Draw, Options as DrawOptions};
use super::super::draw::Sampler;
use super::super::fisher::Linearised;
use super::super::refits::converged;
use super::rank::{Fitted, Variant};

/// What the replicates of one variant's goodness of fit share.
pub struct MisfitContext<'a, T: Target> {
    variant: &'a Variant<'a, T>,
    fit: &'a Fitted,
    sampler: Sampler,
    search: search::Options,
}

/// One data set drawn from a variant and refitted by it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MisfitReplicate {
    /// Number.
    pub index: u64,
    /// χ² over the means.
    pub chi2_means: Option<f64>,
    /// Misfit of all terms: see [`misfit`].
    pub misfit: Option<f64>,
    /// Why it failed.
    pub failure: Option<String>,
}

/// Bootstrap P-values of a variant's goodness of fit.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct MisfitSummary {
    /// P of χ² over the means.
    pub means: Option<f64>,
    /// P of the misfit of all terms.
    pub all: Option<f64>,
    /// Replicates that succeeded.
    pub samples: u64,
    /// Replicates that failed.
    pub failed: u64,
}

/// Misfit of all terms at a point, up to a constant: χ² of the uncensored rows (means, values with known error, single
/// measurements) − 2 log prior density − 2 log probability of the relations.
pub fn misfit(parts: &Parts) -> f64 {
    parts.chi2 - 2.0 * parts.log_prior + 2.0 * parts.penalty
}

impl<'a, T: Target> MisfitContext<'a, T> {
    /// Prepares the replicates of a variant: means and SDs, prior means and relations redrawn about its fit.
    ///
    /// # Errors
    /// [`BootstrapError`] if data cannot be drawn from the fit.
    pub fn new(
        variant: &'a Variant<'a, T>,
        fit: &'a Fitted,
        seed: u64,
        search: search::Options,
    ) -> Result<Self, BootstrapError> {
        let data = variant.target.data();
        let mut ws = variant.target.workspace();
        let at = Linearised::at_optimum(variant.target, data, &fit.optimum, &mut ws)?;
        let options = DrawOptions {
            draw: Draw::PlugIn,
            seed,
            ..DrawOptions::default()
        };
        let purpose = format!("goodness of {}", variant.id);
        Ok(Self {
            sampler: Sampler::new(variant.target, data, &at, &options, &purpose)?,
            variant,
            fit,
            search,
        })
    }

    /// The variant's target.
    pub fn target(&self) -> &'a T {
        self.variant.target
    }

    /// Replicate `k`: a pure function of its number.
    pub fn replicate(&self, k: u64, ws: &mut T::Workspace) -> MisfitReplicate {
        let data = self.sampler.draw(k);
        let found = refit(
            self.variant.target,
            &data,
            &self.fit.optimum.theta,
            &[],
            &self.search,
            ws,
        );
        match converged(found) {
            Ok(o) => MisfitReplicate {
                index: k,
                chi2_means: Some(o.evaluated.parts.chi2_means),
                misfit: Some(misfit(&o.evaluated.parts)),
                failure: None,
            },
            Err(reason) => MisfitReplicate {
                index: k,
                chi2_means: None,
                misfit: None,
                failure: Some(reason.into()),
            },
        }
    }

    /// `(1 + count)/(1 + B)` of both statistics; no P without a mean or without a replicate.
    pub fn summarise(&self, replicates: &[MisfitReplicate]) -> MisfitSummary {
        let observed = &self.fit.optimum.evaluated.parts;
        let share = |pick: &dyn Fn(&MisfitReplicate) -> Option<f64>, at: f64| {
            let list: Vec<f64> = replicates.iter().filter_map(pick).collect();
            let count = list.iter().filter(|x| **x >= at).count() as f64;
            (!list.is_empty()).then(|| (1.0 + count) / (1.0 + list.len() as f64))
        };
        let means = super::super::fisher::means(self.variant.target)
            .iter()
            .any(|m| *m);
        let samples = replicates.iter().filter(|r| r.failure.is_none()).count() as u64;
        MisfitSummary {
            means: means
                .then(|| share(&|r| r.chi2_means, observed.chi2_means))
                .flatten(),
            all: means
                .then(|| share(&|r| r.misfit, misfit(observed)))
                .flatten(),
            samples,
            failed: replicates.len() as u64 - samples,
        }
    }
}
