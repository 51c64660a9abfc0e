//! `bootstrap`: refits resampled data.

use std::path::PathBuf;

use super::super::common::{Display, Integration, Run, Shard, shard};

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
