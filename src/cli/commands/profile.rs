//! `profile`: profile likelihood of parameters and predictions.

use std::path::PathBuf;

use serde_json::json;

use super::super::common::{Display, Integration, Run, Shard, shard};
use super::super::console::{Console, SCHEMA_VERSION};
use super::super::session::Session;
use super::super::stages::Scene;
use super::super::{Exit, Failure, show};
use crate::objective::{BuildOptions, QuantitySpec};
use crate::predict::dosing::quantity;
use crate::study::plan::{self, ProfilePlan};

/// Where a profile ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
#[value(rename_all = "snake_case")]
pub enum Threshold {
    /// Satterthwaite's degrees of freedom and Kenward and Roger's variance
    SmallSample,
    /// χ² with one degree of freedom: covers too little at small n
    Chi2,
    /// Calibrated by the bootstrap
    Bootstrap,
}

/// Profile the likelihood of parameters and predictions: intervals with closed, open and bound ends, and verdicts.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  mechfit profile fits/wang2020 --parameter s_msc --parameter e_R\n  mechfit profile fits/wang2020 --prediction 'apoptosis@co_amd@24'"
)]
pub struct Arguments {
    /// Problem (folder or YAML file)
    pub problem: PathBuf,
    /// Parameter; may be repeated [default: all that are estimated]
    #[arg(long, value_name = "ID")]
    pub parameter: Vec<String>,
    /// Expression over `observable@experiment@time`; may be repeated
    #[arg(long, value_name = "EXPRESSION")]
    pub prediction: Vec<String>,
    /// Threshold of the likelihood [default: the plan's, else small_sample]
    #[arg(long, value_enum)]
    pub threshold: Option<Threshold>,
    /// Draws from the fit that --threshold bootstrap is made of [default: the plan's, else 999]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub calibration_samples: Option<u64>,
    /// Show intervals that hold for all profiles at once (Bonferroni) beside the pointwise ones
    #[arg(long)]
    pub simultaneous: bool,
    /// Do one piece I of N; `merge` joins them
    #[arg(long, value_name = "I/N", value_parser = shard)]
    pub shard: Option<Shard>,
    /// Go on with what an earlier run finished
    #[arg(long)]
    pub resume: bool,
    #[command(flatten)]
    pub integration: Integration,
    #[command(flatten)]
    pub run: Run,
    #[command(flatten)]
    pub display: Display,
}

impl Arguments {
    /// Profiles.
    pub fn run(&self, console: &mut Console) -> Result<Exit, Failure> {
        let session = Session::open(&self.problem, &self.run, &self.integration)?;
        let prepared = session.prepare(console)?;
        let quantities = quantities(&self.prediction)?;
        let scene = Scene::new(
            &session,
            &prepared,
            BuildOptions {
                quantities,
                ..BuildOptions::default()
            },
        )?;
        let fitted = scene.fit_or_recall(None, console)?;
        let planned = session.study.plan.plan.profile.clone().unwrap_or_default();
        let plan = ProfilePlan {
            // With predictions and no parameter named, only the predictions are asked for.
            parameters: self.parameter.clone(),
            threshold: match self.threshold {
                Some(Threshold::SmallSample) => plan::Threshold::SmallSample,
                Some(Threshold::Chi2) => plan::Threshold::Chi2,
                Some(Threshold::Bootstrap) => plan::Threshold::Bootstrap,
                None => planned.threshold,
            },
            calibration_samples: self
                .calibration_samples
                .unwrap_or(planned.calibration_samples),
            simultaneous: self.simultaneous || planned.simultaneous,
            ..ProfilePlan::default()
        };
        if let Some(shard) = self.shard {
            let profiling = scene.profiling(&fitted, &plan, Some(shard), self.resume, console)?;
            let done = scene.profile_piece(&fitted, &profiling, shard, self.resume, console)?;
            console.line(format!(
                "piece {shard}: {done} profiles; `mechfit merge` joins the pieces"
            ));
            console.document(json!({
                "schema_version": SCHEMA_VERSION,
                "status": "ok",
                "shard": shard.to_string(),
                "profiles": done,
            }));
            return Ok(Exit::Ok);
        }
        let (profiles, document) = scene.profile(&fitted, &plan, self.resume, console)?;
        show::profiles(console, &profiles);
        console.document(document);
        Ok(Exit::Ok)
    }
}

/// Reads predictions.
fn quantities(texts: &[String]) -> Result<Vec<QuantitySpec>, Failure> {
    texts
        .iter()
        .map(|text| {
            quantity(text).map_err(|e| {
                Failure::usage(
                    format!("`{text}`: {e}"),
                    "quantities are written `observable@experiment@time`",
                )
            })
        })
        .collect()
}
