//! `predict`: time courses and expressions with bands.

use std::path::PathBuf;

use super::super::common::{Display, Integration, Run};

/// Predict time courses or expressions with intervals from the bootstrap's replicates.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  mechfit predict fits/wang2020 --prediction 'apoptosis@co_amd_vcr@48'\n  mechfit predict fits/wang2020 --times 0,6,12,24,48,72"
)]
pub struct Arguments {
    /// Problem (folder or YAML file)
    pub problem: PathBuf,
    /// Expression over `observable@experiment@time`; may be repeated [default: time courses of every observable]
    #[arg(long, value_name = "EXPRESSION")]
    pub prediction: Vec<String>,
    /// Times of the courses [default: 100 steps from 0 to the last measurement]
    #[arg(long, value_name = "T1,T2,…", value_delimiter = ',')]
    pub times: Vec<f64>,
    /// Number of replicates [default: the plan's, else 1000]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub samples: Option<u64>,
    #[command(flatten)]
    pub integration: Integration,
    #[command(flatten)]
    pub run: Run,
    #[command(flatten)]
    pub display: Display,
}
