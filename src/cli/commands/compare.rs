//! `compare`: fits and ranks variants.

use std::path::PathBuf;

use super::super::common::{Display, Integration, Run, Shard, shard};

/// Fit and rank variants of a model: AICc on the exact summary, tests between pairs, which facts each reproduces.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  mechfit compare fits/wang2020\n  mechfit compare one/problem.yaml two/problem.yaml"
)]
pub struct Arguments {
    /// Problems (folders or YAML files); one problem is compared with its variants
    #[arg(required = true)]
    pub problems: Vec<PathBuf>,
    /// Table of variants instead of the problem's own
    #[arg(long, value_name = "TABLE")]
    pub variants: Option<PathBuf>,
    /// Number of starting points of each variant [default: the plan's, else 50]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub starts: Option<u64>,
    /// Simulated data sets of each test between two variants [default: the plan's, else 1000]
    #[arg(long, value_name = "N")]
    pub samples: Option<u64>,
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
