//! The commands: one file each, with its arguments and what it does.

use super::common::{Display, Run};
use super::console::Console;
use super::{Exit, Failure};

mod bench;
mod bootstrap;
mod check;
mod combine;
mod compare;
mod completions;
mod coverage;
mod design;
mod diff;
mod dose;
mod evaluate;
mod explain;
mod export;
mod fill;
mod fit;
mod merge;
mod new;
mod predict;
mod profile;
mod report;
mod run;
mod schema;
mod sensitivity;
mod simulate;
mod verify;

/// A command with its arguments.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    Check(check::Arguments),
    Simulate(simulate::Arguments),
    Evaluate(evaluate::Arguments),
    Fit(fit::Arguments),
    Bootstrap(bootstrap::Arguments),
    Merge(merge::Arguments),
    Coverage(coverage::Arguments),
    Profile(profile::Arguments),
    Predict(predict::Arguments),
    Sensitivity(sensitivity::Arguments),
    Design(design::Arguments),
    Dose(dose::Arguments),
    Combine(combine::Arguments),
    Compare(compare::Arguments),
    Verify(verify::Arguments),
    Report(report::Arguments),
    Diff(diff::Arguments),
    New(new::Arguments),
    Schema(schema::Arguments),
    Run(run::Arguments),
    Export(export::Arguments),
    Fill(fill::Arguments),
    Bench(bench::Arguments),
    Explain(explain::Arguments),
    Completions(completions::Arguments),
}

impl Command {
    /// How it shows its result.
    pub fn display(&self) -> &Display {
        match self {
            Self::Check(a) => &a.display,
            Self::Simulate(a) => &a.display,
            Self::Evaluate(a) => &a.display,
            Self::Fit(a) => &a.display,
            Self::Bootstrap(a) => &a.display,
            Self::Merge(a) => &a.display,
            Self::Coverage(a) => &a.display,
            Self::Profile(a) => &a.display,
            Self::Predict(a) => &a.display,
            Self::Sensitivity(a) => &a.display,
            Self::Design(a) => &a.display,
            Self::Dose(a) => &a.display,
            Self::Combine(a) => &a.display,
            Self::Compare(a) => &a.display,
            Self::Fill(a) => &a.display,
            Self::Verify(a) => &a.display,
            Self::Report(a) => &a.display,
            Self::Diff(a) => &a.display,
            Self::New(a) => &a.display,
            Self::Schema(a) => &a.display,
            Self::Run(a) => &a.display,
            Self::Export(a) => &a.display,
            Self::Bench(a) => &a.display,
            Self::Explain(a) => &a.display,
            Self::Completions(a) => &a.display,
        }
    }

    /// The flags of a run, for commands whose work can be cut into pieces.
    pub fn run_flags(&mut self) -> Option<&mut Run> {
        match self {
            Self::Fit(a) => Some(&mut a.run),
            Self::Bootstrap(a) => Some(&mut a.run),
            Self::Coverage(a) => Some(&mut a.run),
            Self::Profile(a) => Some(&mut a.run),
            Self::Compare(a) => Some(&mut a.run),
            _ => None,
        }
    }

    /// Does it.
    pub fn run(&self, console: &mut Console) -> Result<Exit, Failure> {
        match self {
            Self::Check(a) => a.run(console),
            Self::Simulate(a) => a.run(console),
            Self::Evaluate(a) => a.run(console),
            Self::Fit(a) => a.run(console),
            Self::Bootstrap(a) => a.run(console),
            Self::Run(a) => a.run(console),
            Self::Predict(a) => a.run(console),
            Self::Sensitivity(a) => a.run(console),
            Self::Design(a) => a.run(console),
            Self::Dose(a) => a.run(console),
            Self::Merge(a) => a.run(console),
            Self::Verify(a) => a.run(console),
            Self::Combine(a) => a.run(console),
            Self::Compare(a) => a.run(console),
            Self::Fill(a) => a.run(console),
            Self::Profile(a) => a.run(console),
            Self::New(a) => a.run(console),
            Self::Explain(a) => a.run(console),
            Self::Export(a) => a.run(console),
            Self::Bench(a) => a.run(console),
            Self::Coverage(a) => a.run(console),
            Self::Report(a) => a.run(console),
            Self::Diff(a) => a.run(console),
            Self::Schema(a) => a.run(console),
            Self::Completions(a) => a.run(console),
        }
    }
}
