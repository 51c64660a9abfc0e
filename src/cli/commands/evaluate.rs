//! `evaluate`: the objective at given parameters.

use std::path::PathBuf;

use super::super::common::{Display, Integration, Run, Values};

/// Compute the objective at given (default: nominal) parameters, with its parts and, on request, its gradient.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  mechfit evaluate fits/wang2020 --gradient --json\n  mechfit evaluate fits/wang2020 --set K_A=300 --simulations simulations.tsv"
)]
pub struct Arguments {
    /// Problem (folder or YAML file)
    pub problem: PathBuf,
    /// Also the gradient on the parameters' estimation scales
    #[arg(long)]
    pub gradient: bool,
    /// Write the PEtab simulation table to this file
    #[arg(long, value_name = "FILE")]
    pub simulations: Option<PathBuf>,
    #[command(flatten)]
    pub values: Values,
    #[command(flatten)]
    pub integration: Integration,
    #[command(flatten)]
    pub run: Run,
    #[command(flatten)]
    pub display: Display,
}
