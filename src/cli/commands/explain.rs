//! `explain`: what a code means, or what a recorded failure was.

use super::super::common::Display;

/// Say what a diagnostic or exit code means, with an example; or replay a recorded failure.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  mechfit explain unknown-name\n  mechfit explain 6\n  mechfit explain fits/wang2020/results/failures/start-12.json\n  mechfit explain            lists every code"
)]
pub struct Arguments {
    /// Code of a finding, exit code, topic, or file of a recorded failure
    pub subject: Option<String>,
    #[command(flatten)]
    pub display: Display,
}
