//! `diff`: what changed between two results.

use std::path::PathBuf;

use super::super::common::Display;

/// Show what changed between two results, in units of standard errors.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  mechfit diff old/results fits/wang2020/results")]
pub struct Arguments {
    /// First result (`result.json` or its folder)
    pub a: PathBuf,
    /// Second result
    pub b: PathBuf,
    /// Show changes of at least this many standard errors only
    #[arg(long, value_name = "X", default_value_t = 0.0)]
    pub tolerance: f64,
    #[command(flatten)]
    pub display: Display,
}
