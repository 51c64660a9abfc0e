//! `export`: a model or problem for other tools.

use std::path::PathBuf;

use super::super::common::{Display, Run};

/// Form to write.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum To {
    /// The model as SBML
    Sbml,
    /// The problem as PEtab version 1, with SBML
    Petab1,
    /// The problem as PEtab version 2, with SBML
    Petab2,
}

/// Write a model or a whole problem for other tools, with a list of what could not be carried.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  mechfit export models/cxcr4_axis/cxcr4_axis.model --to sbml\n  mechfit export fits/wang2020 --to petab1 --out petab"
)]
pub struct Arguments {
    /// Problem (folder or YAML file) or model (`*.model`, SBML `*.xml`)
    pub target: PathBuf,
    /// Form to write
    #[arg(long, value_enum)]
    pub to: To,
    #[command(flatten)]
    pub run: Run,
    #[command(flatten)]
    pub display: Display,
}
