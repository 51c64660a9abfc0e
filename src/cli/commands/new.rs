//! `new`: a study to begin with.

use std::path::PathBuf;

use super::super::common::Display;

/// Make a study: from one spreadsheet of means, or a template.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  mechfit new mystudy --from data.csv\n  mechfit new mystudy\n\nThe spreadsheet has the columns arm, dose…, time, observable, mean, sd, n."
)]
pub struct Arguments {
    /// Name of the study and of the folder that is made
    pub name: PathBuf,
    /// Spreadsheet (CSV or TSV) with the columns arm, dose…, time, observable, mean, sd, n
    #[arg(long, value_name = "FILE")]
    pub from: Option<PathBuf>,
    #[command(flatten)]
    pub display: Display,
}
