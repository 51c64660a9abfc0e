//! `design`: which further measurement narrows a target most.

use std::path::PathBuf;

use super::super::common::{Display, Integration, Run};

/// Rank further measurements (observable, arm, time) by how much each would narrow a target.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  mechfit design fits/wang2020 --target 'apoptosis@co_amd@24' --times 6,12,24,48"
)]
pub struct Arguments {
    /// Problem (folder or YAML file)
    pub problem: PathBuf,
    /// Expression over `observable@experiment@time` and parameters; may be repeated
    #[arg(long, value_name = "EXPRESSION", required = true)]
    pub target: Vec<String>,
    /// Times of the candidates [default: those of the data]
    #[arg(long, value_name = "T1,T2,…", value_delimiter = ',')]
    pub times: Vec<f64>,
    #[command(flatten)]
    pub integration: Integration,
    #[command(flatten)]
    pub run: Run,
    #[command(flatten)]
    pub display: Display,
}
