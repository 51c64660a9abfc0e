//! `sensitivity`: local and global sensitivity of an expression.

use std::path::PathBuf;

use super::super::common::{Display, Integration, Run};

/// Local and global (Sobol) sensitivity of an expression to the estimated parameters.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  mechfit sensitivity fits/wang2020 --prediction 'apoptosis@co_amd_vcr@24' --samples 4096"
)]
pub struct Arguments {
    /// Problem (folder or YAML file)
    pub problem: PathBuf,
    /// Expression over `observable@experiment@time`; may be repeated
    #[arg(long, value_name = "EXPRESSION", required = true)]
    pub prediction: Vec<String>,
    /// Points of the Sobol sequence; each costs one simulation per parameter and two more
    #[arg(long, value_name = "N", default_value_t = 1024)]
    pub samples: u64,
    #[command(flatten)]
    pub integration: Integration,
    #[command(flatten)]
    pub run: Run,
    #[command(flatten)]
    pub display: Display,
}
