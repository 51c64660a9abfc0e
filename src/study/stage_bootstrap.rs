//! The bootstrap of a scenario: one replicate a unit.

use std::collections::BTreeMap;

use serde::Serialize;

use super::canonical::hash;
use super::fitted::{Fitted, SCHEMA_VERSION};
use super::job::{Job, Manner};
use super::open::Prepared;
use super::result::{IntegrationSettings, ProblemHash};
use super::stage_fit::{StageError, parts};
use crate::objective::target::to_natural;
use crate::objective::{Objective, Target as _};
use crate::simulate::Settings;
use crate::uncertainty::bootstrap::{
    self, Bootstrap, BootstrapError, Context, Options, Replicate, Wanted,
};
use crate::uncertainty::interval::Method;

/// Name of the result file.
pub const RESULT: &str = "bootstrap.json";

/// A bootstrap to be made.
pub struct BootstrapStage<'a> {
    /// What is resampled.
    pub prepared: &'a Prepared<'a>,
    /// Compiled; its quantities are followed through the replicates.
    pub objective: &'a Objective,
    /// The fit.
    pub fitted: &'a Fitted,
    /// Settings.
    pub options: Options,
    /// How intervals are made.
    pub method: Method,
    /// Their level.
    pub level: f64,
    /// Least percentage of replicates that has to succeed.
    pub min_success: f64,
    /// Settings of the simulations.
    pub integration: &'a Settings,
    /// Where its records go, which piece, and when to stop.
    pub manner: Manner<'a>,
}

/// `bootstrap.json` without provenance.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct BootstrapDocument {
    /// Version of the format.
    pub schema_version: u32,
    /// Hashes of what was fitted.
    pub problem: ProblemHash,
    /// Scenario.
    pub scenario: String,
    /// `complete`, or `partial` if too few replicates succeeded.
    pub status: String,
    /// Least percentage that had to succeed.
    pub min_success: f64,
    /// Level of the intervals.
    pub level: f64,
    /// Seed.
    pub seed: u64,
    /// The fit that the replicates began from, estimation scale.
    pub optimum: Vec<f64>,
    /// Objective there.
    pub objective: f64,
    /// Settings of the integration.
    pub integration: IntegrationSettings,
    /// The bootstrap.
    #[serde(flatten)]
    pub bootstrap: Bootstrap,
}

/// A finished bootstrap.
#[derive(Debug)]
pub struct Bootstrapped {
    /// Its document.
    pub document: BootstrapDocument,
    /// Replicates in order, number 0 the fit.
    pub replicates: Vec<Replicate>,
    /// Units taken over from earlier runs.
    pub taken_over: u64,
}

/// What came of it.
#[derive(Debug)]
pub enum Outcome {
    /// All replicates are there.
    Whole(Box<Bootstrapped>),
    /// The replicates of a shard are kept; `merge` joins them.
    Shard {
        /// Replicates in it.
        done: u64,
    },
}

/// Why there is no bootstrap.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BootstrapStageError {
    /// The kind does not fit the data.
    #[error(transparent)]
    Refused(#[from] BootstrapError),
    /// Otherwise.
    #[error(transparent)]
    Stage(#[from] StageError),
}

impl<'a> BootstrapStage<'a> {
    fn context(&self) -> Result<Context<'a, Objective>, BootstrapError> {
        Context::new(
            self.objective,
            self.objective.data(),
            &self.fitted.optimum,
            self.objective.quantities.iter().collect(),
            self.options.clone(),
        )
    }

    /// What is computed.
    pub fn job(&self) -> Job {
        let o = &self.options;
        let mut parts = parts(self.prepared, self.integration, o.seed);
        let optimum = format!("{:?}", self.fitted.optimum.theta);
        parts.insert("optimum".into(), hash(optimum.as_bytes()));
        parts.insert(
            "bootstrap".into(),
            format!(
                "{:?} {:?} {:?} {:?} priors {} strata {:?} studentised {}",
                o.kind, o.draw, o.centre, o.second_start, !o.fixed_priors, o.strata, o.studentise
            ),
        );
        parts.insert("search".into(), format!("{:?}", o.search));
        let texts: Vec<&str> = self
            .objective
            .quantities
            .iter()
            .map(|q| q.text.as_str())
            .collect();
        parts.insert("predictions".into(), texts.join("; "));
        Job {
            kind: "bootstrap".into(),
            called: "replicates",
            // Number 0 is the fit.
            first: 1,
            units: o.samples,
            common: false,
            parts,
        }
    }

    /// One replicate alone.
    ///
    /// # Errors
    /// [`BootstrapError`] if the kind does not fit the data.
    pub fn one(&self, k: u64) -> Result<Replicate, BootstrapError> {
        let context = self.context()?;
        let mut ws = self.objective.workspace();
        Ok(bootstrap::replicate(k, &context, &mut ws))
    }

    /// Runs the replicates of the piece, or all.
    ///
    /// # Errors
    /// [`BootstrapStageError`].
    pub fn run(&self, progress: &(dyn Fn() + Sync)) -> Result<Outcome, BootstrapStageError> {
        let context = self.context()?;
        let done = self.job().run(
            &self.manner,
            || self.objective.workspace(),
            |k, ws| bootstrap::replicate(k, &context, ws),
            progress,
        )?;
        if !done.whole {
            return Ok(Outcome::Shard {
                done: done.records.len() as u64,
            });
        }
        Ok(Outcome::Whole(Box::new(self.summarise(
            &context,
            done.records,
            done.taken_over,
        ))))
    }

    fn summarise(
        &self,
        context: &Context<'_, Objective>,
        records: BTreeMap<u64, Replicate>,
        taken_over: u64,
    ) -> Bootstrapped {
        let mut ws = self.objective.workspace();
        let mut replicates = vec![bootstrap::replicate(0, context, &mut ws)];
        replicates.extend(records.into_values());
        let wanted = Wanted {
            methods: vec![self.method],
            level: self.level,
            predictions: self
                .objective
                .quantities
                .iter()
                .map(|q| q.text.clone())
                .collect(),
        };
        let result = bootstrap::summarise(context, &replicates, &wanted);
        let share = 100.0 * result.succeeded as f64 / result.samples.max(1) as f64;
        Bootstrapped {
            document: BootstrapDocument {
                schema_version: SCHEMA_VERSION,
                problem: ProblemHash::of(self.prepared),
                scenario: self.prepared.scenario.id.clone(),
                status: if share < self.min_success {
                    "partial"
                } else {
                    "complete"
                }
                .into(),
                min_success: self.min_success,
                level: self.level,
                seed: self.options.seed,
                optimum: self.fitted.optimum.theta.clone(),
                objective: self.fitted.optimum.evaluated.value,
                integration: IntegrationSettings::of(self.integration),
                bootstrap: result,
            },
            replicates,
            taken_over,
        }
    }
}

/// `replicates.tsv`: one row a replicate in order (0 is the fit), estimates on the natural scale, then predictions.
pub fn replicates_table(objective: &Objective, replicates: &[Replicate]) -> String {
    let number = |x: f64| {
        if x.is_nan() {
            String::new()
        } else {
            format!("{x:?}")
        }
    };
    let maybe = |x: Option<f64>| x.map(number).unwrap_or_default();
    let mut header = vec![
        "replicate".to_string(),
        "objective".into(),
        "chi2_means".into(),
        "second_start".into(),
        "failure".into(),
    ];
    header.extend(objective.coordinates().iter().map(|c| c.id.clone()));
    header.extend(objective.quantities.iter().map(|q| q.text.clone()));
    let mut text = header.join("\t");
    text.push('\n');
    for r in replicates {
        let mut cells = vec![
            r.index.to_string(),
            maybe(r.objective),
            maybe(r.chi2_means),
            r.second_start.to_string(),
            r.failure.clone().unwrap_or_default(),
        ];
        for (k, c) in objective.coordinates().iter().enumerate() {
            cells.push(
                r.theta
                    .get(k)
                    .map_or_else(String::new, |x| number(to_natural(c.scale, *x))),
            );
        }
        for k in 0..objective.quantities.len() {
            cells.push(
                r.predictions
                    .get(k)
                    .map_or_else(String::new, |x| number(*x)),
            );
        }
        text += &cells.join("\t");
        text.push('\n');
    }
    text
}
