//! `coverage`: what each kind of interval really covers.

use std::path::PathBuf;

use super::super::common::{Display, Integration, Run, Shard, shard};

/// Simulate data from the fit as known truth, refit, and report what each kind of interval really covers.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  mechfit coverage fits/wang2020 --samples 4000")]
pub struct Arguments {
    /// Problem (folder or YAML file)
    pub problem: PathBuf,
    /// Number of simulated data sets
    #[arg(long, value_name = "N", default_value_t = 1000, value_parser = clap::value_parser!(u64).range(1..))]
    pub samples: u64,
    /// Replicates of the bootstrap within each data set; 0 leaves the bootstrap rows out
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub replicates: u64,
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
