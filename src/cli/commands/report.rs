//! `report`: one page from the results.

use std::path::PathBuf;

use super::super::common::{Display, Run};

/// Form of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum Format {
    /// One self-contained HTML file
    #[default]
    Html,
    /// Markdown
    Md,
}

/// Write one self-contained report from the results in a run folder.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  mechfit report fits/wang2020 && xdg-open fits/wang2020/results/report.html"
)]
pub struct Arguments {
    /// Problem (folder or YAML file)
    pub problem: PathBuf,
    /// Form
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
    #[command(flatten)]
    pub run: Run,
    #[command(flatten)]
    pub display: Display,
}
