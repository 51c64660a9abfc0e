//! `merge`: joins shards.

use std::path::PathBuf;

use super::super::common::{Display, Run};

/// Join the pieces that `--shard` computed; the result has the same bytes as that of one process.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  mechfit merge shards/1 shards/2 shards/3 --out fits/wang2020/results\n\nPieces of other inputs and missing pieces are refused by name (exit code 3)."
)]
pub struct Arguments {
    /// Folders of the pieces (their --out)
    #[arg(required = true)]
    pub dirs: Vec<PathBuf>,
    /// Problem, if it has moved since the pieces were computed
    #[arg(long, value_name = "PROBLEM")]
    pub problem: Option<PathBuf>,
    #[command(flatten)]
    pub run: Run,
    #[command(flatten)]
    pub display: Display,
}
