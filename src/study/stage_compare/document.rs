//! What `compare.json` says, and how a comparison is described in it.

use std::collections::BTreeMap;

use serde::Serialize;

use super::super::fitted::{self, SCHEMA_VERSION};
use super::super::fitting::{StartEnd, Starts};
use super::super::result::{
    ARITHMETIC, FitSettings, IntegrationSettings, RANDOMNESS, SearchSettings,
};
use super::super::stage_fit::StageError;
use super::CompareStage;
use crate::objective::{Objective, Target as _};
use crate::uncertainty::compare::{self, Comparison, Fitted, Relation, Variant};
use crate::uncertainty::verdict::Verdict;

/// `compare.json` without provenance.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CompareDocument {
    /// Version of the format.
    pub schema_version: u32,
    /// Scenario.
    pub scenario: String,
    /// What it assumes.
    pub scenario_description: String,
    /// Hash of each variant's problem and model as understood.
    pub problems: BTreeMap<String, String>,
    /// Seed.
    pub seed: u64,
    /// Starts of each variant.
    pub starts: u64,
    /// Simulated data sets of each test.
    pub samples: u64,
    /// Level of the intervals.
    pub level: f64,
    /// Settings of the integration.
    pub integration: IntegrationSettings,
    /// Σn of the means and single measurements.
    pub n_replicates: u64,
    /// Variances of the exact summary.
    pub n_variances: u64,
    /// The comparison.
    #[serde(flatten)]
    pub comparison: Comparison,
}

impl CompareStage<'_> {
    /// What each ranked variant assumes, estimates and shows.
    pub(super) fn describe(
        &self,
        comparison: &mut Comparison,
        fits: &[Fitted],
        starts: &[(usize, Starts)],
    ) -> Result<(), StageError> {
        for m in &mut comparison.models {
            let Some((at, c)) = self
                .candidates
                .iter()
                .enumerate()
                .find(|(_, c)| c.id == m.id)
            else {
                continue;
            };
            let Some((f, s)) = fits
                .iter()
                .find(|f| f.id == m.id)
                .zip(starts.iter().find(|(k, _)| *k == at))
            else {
                continue;
            };
            let settings = FitSettings {
                seed: self.seed,
                starts: self.starts,
                level: self.level,
                integration: IntegrationSettings::of(self.integration),
                search: SearchSettings::of(&self.search),
                likelihood: String::new(),
                arithmetic: ARITHMETIC.into(),
                randomness: RANDOMNESS.into(),
            };
            let document = fitted::from_end(
                &c.prepared,
                &c.objective,
                &StartEnd::of(f.optimum.clone()),
                s.1.document(),
                settings,
                None,
                &mut c.objective.workspace(),
            )?
            .document;
            m.description.clone_from(&c.description);
            m.at_best = [document.starts.at_best, document.starts.n];
            m.relations = document
                .relations
                .iter()
                .map(|r| Relation {
                    id: r.id.clone(),
                    holds: r.holds,
                    margin: r.margin,
                    value: r.value,
                    usage: r.usage.clone(),
                })
                .collect();
            m.facts = compare::facts(&m.relations);
            m.identifiable = document
                .estimates
                .iter()
                .filter(|e| e.verdict == Some(Verdict::Identifiable))
                .count() as u64;
            m.estimates = document.estimates;
            m.given_up = f
                .exact
                .given_up
                .iter()
                .filter_map(|i| c.objective.rows().get(*i))
                .map(|r| format!("{}@{}@{}", r.observable, r.experiment, r.time))
                .collect();
        }
        Ok(())
    }

    /// The measurements that would tell the best from each variant against which nothing speaks.
    pub(super) fn discriminate(
        &self,
        comparison: &mut Comparison,
        variants: &[Variant<'_, Objective>],
        fits: &[Fitted],
    ) {
        let open: Vec<&str> = comparison
            .models
            .iter()
            .enumerate()
            .filter(|(i, m)| *i == 0 || m.excluded_by.is_empty())
            .map(|(_, m)| m.id.as_str())
            .collect();
        let predictions: Vec<compare::Predicted> = open
            .iter()
            .filter_map(|id| {
                let v = variants.iter().find(|v| v.id == *id)?;
                let f = fits.iter().find(|f| f.id == *id)?;
                let quantities: Vec<_> = v.target.quantities.iter().collect();
                Some(compare::predicted(v, f, &quantities))
            })
            .collect();
        let Some(((first, rest), target)) = predictions
            .split_first()
            .zip(variants.first().map(|v| v.target))
        else {
            return;
        };
        comparison.discriminations = rest
            .iter()
            .map(|other| compare::discriminate(target, &self.measurements, first, other))
            .collect();
    }

    pub(super) fn document(&self, comparison: Comparison, fits: &[Fitted]) -> CompareDocument {
        let scenario = self.candidates.first().map(|c| &c.prepared.scenario);
        CompareDocument {
            schema_version: SCHEMA_VERSION,
            scenario: scenario.map(|s| s.id.clone()).unwrap_or_default(),
            scenario_description: scenario
                .and_then(|s| s.description.clone())
                .unwrap_or_default(),
            problems: self
                .candidates
                .iter()
                .map(|c| (c.id.clone(), c.prepared.canonical.sha256()))
                .collect(),
            seed: self.seed,
            starts: self.starts,
            samples: self.samples,
            level: self.level,
            integration: IntegrationSettings::of(self.integration),
            n_replicates: fits.first().map_or(0, |f| f.criteria.n_replicates),
            n_variances: fits.first().map_or(0, |f| f.criteria.n_variances),
            comparison,
        }
    }
}
