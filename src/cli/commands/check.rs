//! `check`: reads and checks a model or problem without integrating.

use std::path::PathBuf;

use super::super::common::{Display, Run};

/// Read and check a model or problem without integrating; show every mistake with its place and remedy.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  mechfit check fits/wang2020\n\nExit code 0: no errors (there may be warnings); 3: errors."
)]
pub struct Arguments {
    /// Problem (folder or YAML file) or model (`*.model`, SBML `*.xml`)
    pub target: PathBuf,
    /// Treat warnings as errors
    #[arg(long)]
    pub strict: bool,
    #[command(flatten)]
    pub run: Run,
    #[command(flatten)]
    pub display: Display,
}
