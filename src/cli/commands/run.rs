//! `run`: the whole study.

use std::path::PathBuf;

use super::super::common::{Display, Integration, Run};

/// Do the whole study as its plan says: check, fit, intervals, predictions, report.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  mechfit run fits/wang2020\n\nWrites JSON, TSV, SVG and report.html to the folder of the results."
)]
pub struct Arguments {
    /// Problem (folder or YAML file)
    pub problem: PathBuf,
    /// Number of starting points [default: the plan's, else 50]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub starts: Option<u64>,
    /// Number of bootstrap replicates [default: the plan's, else 1000]; 0: no bootstrap
    #[arg(long, value_name = "N")]
    pub samples: Option<u64>,
    /// Go on with what an earlier run finished
    #[arg(long)]
    pub resume: bool,
    /// Condition on the result; may be repeated. One that fails gives exit code 5 (see `mechfit explain gates`)
    #[arg(long, value_name = "CONDITION")]
    pub require: Vec<String>,
    #[command(flatten)]
    pub integration: Integration,
    #[command(flatten)]
    pub run: Run,
    #[command(flatten)]
    pub display: Display,
}
