//! `simulate`: a time course of a model, or the simulation table of a problem.

use std::path::PathBuf;

use super::super::common::{Display, Integration, Run, Values};

/// Integrate: a model gives a time course (CSV), a problem gives the PEtab simulation table (TSV).
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  mechfit simulate models/cxcr4_axis/cxcr4_axis.model --end 24 --steps 48 --variables R,RL,RA\n  mechfit simulate fits/wang2020 --set K_A=300"
)]
pub struct Arguments {
    /// Model (`*.model`, SBML `*.xml`) or problem (folder or YAML file)
    pub target: PathBuf,
    /// First time of a model's time course
    #[arg(
        long,
        value_name = "T",
        default_value_t = 0.0,
        allow_negative_numbers = true
    )]
    pub start: f64,
    /// Last time
    #[arg(
        long,
        value_name = "T",
        allow_negative_numbers = true,
        conflicts_with = "times"
    )]
    pub end: Option<f64>,
    /// Number of equal steps between (N + 1 rows) [default: 100]
    #[arg(long, value_name = "N", conflicts_with = "times")]
    pub steps: Option<u32>,
    /// Times of the rows instead
    #[arg(
        long,
        value_name = "T1,T2,…",
        value_delimiter = ',',
        allow_negative_numbers = true
    )]
    pub times: Vec<f64>,
    /// Columns [default: every state]
    #[arg(long, value_name = "A,B,…", value_delimiter = ',')]
    pub variables: Vec<String>,
    /// Species that are shown as amounts (SBML)
    #[arg(long, value_name = "IDS", value_delimiter = ',')]
    pub amount: Vec<String>,
    /// Species that are shown as concentrations (SBML)
    #[arg(long, value_name = "IDS", value_delimiter = ',')]
    pub concentration: Vec<String>,
    /// Settings file of an SBML Test Suite case (`NNNNN-settings.txt`)
    #[arg(long, value_name = "FILE", conflicts_with_all = ["end", "steps", "times", "variables"])]
    pub settings: Option<PathBuf>,
    /// File to write [default: stdout]
    #[arg(long, short, value_name = "FILE")]
    pub output: Option<PathBuf>,
    #[command(flatten)]
    pub values: Values,
    #[command(flatten)]
    pub integration: Integration,
    #[command(flatten)]
    pub run: Run,
    #[command(flatten)]
    pub display: Display,
}
