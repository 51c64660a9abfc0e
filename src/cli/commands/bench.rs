//! `bench`: how long things take.

use std::path::PathBuf;

use super::super::common::{Display, Integration, Run, Values};

/// Time loading, compiling, one objective and one objective with gradient.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  mechfit bench fits/wang2020 --repeat 200")]
pub struct Arguments {
    /// Problem (folder or YAML file)
    pub problem: PathBuf,
    /// Number of repetitions
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u64).range(1..))]
    pub repeat: u64,
    #[command(flatten)]
    pub values: Values,
    #[command(flatten)]
    pub integration: Integration,
    #[command(flatten)]
    pub run: Run,
    #[command(flatten)]
    pub display: Display,
}
