//! `verify`: does the recorded result reproduce?

use std::path::PathBuf;

use super::super::common::{Display, Integration, Run};

/// Recompute what `expected.json` records and say whether it holds; if not, name the cause.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  mechfit verify fits/wang2020 --depth 3\n  mechfit verify fits/wang2020 --record\n\nDepths: 1 the objective and simulations at the recorded optimum; 2 gradient, local refit, profile ends;\n3 randomly chosen bootstrap replicates; 4 everything. Exit code 6: does not reproduce."
)]
pub struct Arguments {
    /// Problem (folder or YAML file)
    pub problem: PathBuf,
    /// Record to check against [default: `expected.json` beside the problem]
    #[arg(long, value_name = "FILE")]
    pub expected: Option<PathBuf>,
    /// How much to recompute
    #[arg(long, value_name = "1..4", default_value_t = 1, value_parser = clap::value_parser!(u8).range(1..=4))]
    pub depth: u8,
    /// Write the record from the results instead of checking
    #[arg(long)]
    pub record: bool,
    /// Also write the checks as JUnit XML
    #[arg(long, value_name = "FILE")]
    pub junit: Option<PathBuf>,
    #[command(flatten)]
    pub integration: Integration,
    #[command(flatten)]
    pub run: Run,
    #[command(flatten)]
    pub display: Display,
}
