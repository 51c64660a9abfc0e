//! `bootstrap`: refits resampled data.

use std::path::PathBuf;

use serde_json::json;

use super::super::common::{Display, Integration, Run, Shard, shard};
use super::super::console::{Console, SCHEMA_VERSION};
use super::super::session::Session;
use super::super::stages::{BootstrapFlags, Scene};
use super::super::{Exit, Failure, show};
use crate::objective::target::to_natural;
use crate::objective::{BuildOptions, Target as _};
use crate::study::job::Begin;
use crate::study::json;
use crate::study::plan;
use crate::study::stage_bootstrap::Outcome;

/// What is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Kind {
    /// New data from the fitted model and the reported scatter
    Parametric,
    /// Residuals, scaled for their leverage
    Residual,
    /// Rows (replicate-level data only)
    Case,
}

/// How a reported mean is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
#[value(rename_all = "snake_case")]
pub enum Draw {
    /// With the tails of Student's t: percentile intervals cover
    T,
    /// With the reported SD as the truth: for null distributions; percentile intervals cover too little
    PlugIn,
}

/// How intervals are made of replicates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
#[value(rename_all = "snake_case")]
pub enum Ci {
    /// Quantiles of the replicates
    Percentile,
    /// Quantiles reflected about the estimate
    Basic,
    /// Studentised
    BootstrapT,
    /// Bias-corrected
    Bc,
}

/// Refit resampled data in parallel: intervals that cover, failures counted, correlations.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  mechfit bootstrap fits/wang2020 --samples 5000\n  mechfit bootstrap fits/wang2020 --replicate 137\n  mechfit bootstrap fits/wang2020 --samples 5000 --shard 2/8 --out shards/2\n\nExit code 7: fewer replicates succeeded than --min-success asks for."
)]
pub struct Arguments {
    /// Problem (folder or YAML file)
    pub problem: PathBuf,
    /// Number of replicates [default: the plan's, else 1000]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub samples: Option<u64>,
    /// What is drawn [default: the plan's, else parametric]
    #[arg(long, value_enum)]
    pub kind: Option<Kind>,
    /// How a reported mean is drawn [default: the plan's, else t]
    #[arg(long, value_enum)]
    pub draw: Option<Draw>,
    /// How intervals are made [default: the plan's, else percentile]
    #[arg(long, value_enum)]
    pub ci: Option<Ci>,
    /// Keep priors where they are instead of drawing their centres
    #[arg(long)]
    pub fixed_priors: bool,
    /// Column of the measurement table within whose values rows are drawn
    #[arg(long, value_name = "COLUMN")]
    pub stratify_on: Option<String>,
    /// Do one piece I of N; `merge` joins them
    #[arg(long, value_name = "I/N", value_parser = shard, conflicts_with = "replicate")]
    pub shard: Option<Shard>,
    /// Go on with what an earlier run finished
    #[arg(long, conflicts_with = "replicate")]
    pub resume: bool,
    /// Compute replicate K alone and show it
    #[arg(long, value_name = "K")]
    pub replicate: Option<u64>,
    /// Least percentage of replicates that has to succeed [default: the plan's, else 90]
    #[arg(long, value_name = "PCT")]
    pub min_success: Option<f64>,
    /// Number of starting points of the fit, where there is none yet [default: the plan's, else 50]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub starts: Option<u64>,
    #[command(flatten)]
    pub integration: Integration,
    #[command(flatten)]
    pub run: Run,
    #[command(flatten)]
    pub display: Display,
}

impl Arguments {
    fn flags(&self) -> BootstrapFlags {
        BootstrapFlags {
            samples: self.samples,
            kind: self.kind.map(|k| match k {
                Kind::Parametric => plan::BootstrapKind::Parametric,
                Kind::Residual => plan::BootstrapKind::Residual,
                Kind::Case => plan::BootstrapKind::Case,
            }),
            draw: self.draw.map(|d| match d {
                Draw::T => plan::Draw::T,
                Draw::PlugIn => plan::Draw::PlugIn,
            }),
            interval: self.ci.map(|c| match c {
                Ci::Percentile => plan::BootstrapInterval::Percentile,
                Ci::Basic => plan::BootstrapInterval::Basic,
                Ci::BootstrapT => plan::BootstrapInterval::BootstrapT,
                Ci::Bc => plan::BootstrapInterval::Bc,
            }),
            fixed_priors: self.fixed_priors,
            stratify_on: self.stratify_on.clone(),
            min_success: self.min_success,
        }
    }

    /// Resamples.
    pub fn run(&self, console: &mut Console) -> Result<Exit, Failure> {
        let session = Session::open(&self.problem, &self.run, &self.integration)?;
        let prepared = session.prepare(console)?;
        let scene = Scene::new(&session, &prepared, BuildOptions::default())?;
        let fitted = scene.fit_or_recall(self.starts, console)?;
        let begin = Begin::of(self.resume);
        let stage = scene.bootstrap_stage(&fitted, &self.flags(), self.shard, begin)?;
        if let Some(k) = self.replicate {
            return self.one(
                k,
                &scene,
                stage.one(k).map_err(super::super::stages::refused)?,
                console,
            );
        }
        let outcome = scene.bootstrap(&stage, console)?;
        match outcome {
            (Outcome::Shard { done }, _) => {
                console.line(format!(
                    "piece {}: {done} replicates; `mechfit merge` joins the pieces",
                    self.shard.map(|s| s.to_string()).unwrap_or_default()
                ));
                console.document(json!({
                    "schema_version": SCHEMA_VERSION,
                    "status": "ok",
                    "shard": self.shard.map(|s| s.to_string()),
                    "replicates": done,
                }));
                Ok(Exit::Ok)
            }
            (Outcome::Whole(whole), document) => {
                show::bootstrap(console, &fitted.document, &whole.document);
                console.document(document);
                Ok(if whole.document.status == "partial" {
                    Exit::Partial
                } else {
                    Exit::Ok
                })
            }
        }
    }

    fn one(
        &self,
        k: u64,
        scene: &Scene,
        replicate: crate::uncertainty::bootstrap::Replicate,
        console: &mut Console,
    ) -> Result<Exit, Failure> {
        let estimates: std::collections::BTreeMap<&str, f64> = scene
            .objective
            .coordinates()
            .iter()
            .zip(&replicate.theta)
            .map(|(c, x)| (c.id.as_str(), to_natural(c.scale, *x)))
            .collect();
        console.raw(&crate::study::stage_bootstrap::replicates_table(
            &scene.objective,
            std::slice::from_ref(&replicate),
        ));
        console.document(json!({
            "schema_version": SCHEMA_VERSION,
            "status": if replicate.succeeded() { "ok" } else { "failed" },
            "replicate": k,
            "estimates": json::document(&estimates)?,
            "objective": json::document(&replicate.objective)?,
            "chi2_means": json::document(&replicate.chi2_means)?,
            "second_start": replicate.second_start,
            "failure": replicate.failure,
        }));
        Ok(if replicate.succeeded() {
            Exit::Ok
        } else {
            Exit::Partial
        })
    }
}
