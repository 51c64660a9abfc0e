//! The command line: what the user typed → what it means → what is done. The only code that prints or exits.

use std::process::ExitCode;

use clap::{CommandFactory as _, FromArgMatches as _};

mod again;
mod commands;
mod common;
mod comparing;
mod conclusions;
mod console;
mod exit;
mod failure;
mod planned;
mod predicting;
mod profiling;
mod replay;
mod session;
mod show;
mod show_compare;
mod stages;
mod table;
mod viewing;
mod whole;

pub use exit::Exit;

use console::Console;
use failure::Failure;

/// Fits mechanistic ODE pharmacodynamic models to what papers report: means with their SD and n.
///
/// A TARGET is a problem (a PEtab YAML file, version 1 or 2, or a folder that holds exactly one) or a model (`*.model`,
/// or SBML `*.xml`), whichever the command takes. Results go to `--out`, by default the folder `results` of the problem.
#[derive(Debug, clap::Parser)]
#[command(
    name = "mechfit",
    version,
    max_term_width = 100,
    arg_required_else_help = true
)]
#[command(
    after_help = "First steps:\n  mechfit check fits/wang2020      every mistake in a study, with its place\n  mechfit run fits/wang2020        the whole study: fit, intervals, predictions, report\n  mechfit new mystudy --from data.csv\n\nEvery command explains itself: mechfit COMMAND --help. What a code means: mechfit explain CODE."
)]
struct Arguments {
    #[command(subcommand)]
    command: commands::Command,
}

/// The command-line grammar, for completions, man pages and tests.
pub fn grammar() -> clap::Command {
    Arguments::command()
}

/// Reads words of a command line.
fn read(words: Vec<std::ffi::OsString>) -> Result<Arguments, clap::Error> {
    let grammar = grammar();
    let matches = grammar.clone().try_get_matches_from(words)?;
    let mut arguments = Arguments::from_arg_matches(&matches)?;
    if let Some(run) = arguments.command.run_flags() {
        run.origin = again::origin(&grammar, &matches);
    }
    Ok(arguments)
}

/// Runs the program with the arguments of the process.
pub fn main() -> ExitCode {
    let arguments = match read(std::env::args_os().collect()) {
        Ok(arguments) => arguments,
        Err(error) => {
            // Help and version are answers, everything else is a wrong usage.
            let exit = if error.use_stderr() {
                Exit::Usage
            } else {
                Exit::Ok
            };
            // A closed stream leaves nobody to tell.
            let _ = error.print();
            return exit.into();
        }
    };
    let mut console = Console::new(arguments.command.display());
    let exit = match arguments.command.run(&mut console) {
        Ok(exit) => exit,
        Err(failure) => console.fail(&failure),
    };
    console.finish(exit).into()
}
