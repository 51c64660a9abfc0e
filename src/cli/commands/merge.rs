//! `merge`: joins pieces of any work that takes `--shard`.

use std::path::PathBuf;
use std::sync::Arc;

use super::super::common::{Display, Run};
use super::super::console::Console;
use super::super::{Exit, Failure};
use crate::diagnostic::Finding;
use crate::study::checkpoint::CheckpointError;
use crate::study::job::{self, Joined, MergeError};

/// Join the pieces that `--shard` computed; the result has the same bytes as that of one process.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  mechfit merge shards/1 shards/2 shards/3 --out fits/wang2020/results\n  mechfit merge fits/wang2020/results        pieces that were computed there\n\nPieces of a fit, a bootstrap, profiles, coverage or a comparison. Pieces of other inputs and missing pieces are\nrefused by name (exit code 3)."
)]
pub struct Arguments {
    /// Folders of the pieces (their --out)
    #[arg(required = true)]
    pub dirs: Vec<PathBuf>,
    /// Problem, if it has moved since the pieces were computed; may be repeated
    #[arg(long, value_name = "PROBLEM")]
    pub problem: Vec<PathBuf>,
    #[command(flatten)]
    pub run: Run,
    #[command(flatten)]
    pub display: Display,
}

impl Arguments {
    /// Joins the pieces and makes the results.
    ///
    /// The records of all pieces go where those of one process would be; then the command of the pieces runs and finds
    /// its units done.
    pub fn run(&self, console: &mut Console) -> Result<Exit, Failure> {
        let files = job::pieces(&self.dirs).map_err(refused)?;
        let works = job::join(&files).map_err(refused)?;
        let mut exit = Exit::Ok;
        // The fit first: the others begin from it.
        let (fits, others): (Vec<Joined>, Vec<Joined>) =
            works.into_iter().partition(|w| w.header.kind == "fit");
        for work in fits.into_iter().chain(others) {
            console.note(format!(
                "{}: {} pieces joined",
                work.header.kind,
                work.files.len()
            ));
            exit = exit.max(self.again(work, console)?);
        }
        Ok(exit)
    }

    fn again(&self, work: Joined, console: &mut Console) -> Result<Exit, Failure> {
        let header = &work.header;
        let mut words: Vec<std::ffi::OsString> = vec!["mechfit".into(), header.kind.clone().into()];
        if self.problem.is_empty() {
            words.extend(header.targets.iter().map(Into::into));
        } else {
            words.extend(self.problem.iter().map(Into::into));
        }
        words.extend(header.options.iter().map(Into::into));
        let mut command = super::super::read(words)
            .map_err(|e| {
                Failure::usage(
                    format!(
                        "the pieces were made by a command that this version does not know: {e}"
                    ),
                    "join them with the version that made them",
                )
            })?
            .command;
        let Some(run) = command.run_flags() else {
            return Err(Failure::usage(
                format!("`{}` is not cut into pieces", header.kind),
                "pieces of a fit, a bootstrap, profiles, coverage or a comparison can be joined",
            ));
        };
        let own = &self.run;
        run.out = own.out.clone().or_else(|| self.only_folder());
        run.threads = own.threads;
        run.max_time = own.max_time;
        run.level = own.level.or(run.level);
        run.origin.joined = Some(Arc::new(work));
        command.run(console).map_err(|e| match e {
            Failure::Checkpoint(CheckpointError::Other { differences, .. }) => Failure::from(
                Finding::error(
                    "merge-refused",
                    format!(
                        "the pieces were made with other inputs than there are now: {} differ",
                        differences.join(", ")
                    ),
                )
                .help("give the problem, the fit and the program that the pieces were made with"),
            ),
            e => e,
        })
    }

    /// Pieces that lie in one folder are joined there.
    fn only_folder(&self) -> Option<PathBuf> {
        match self.dirs.as_slice() {
            [one] => Some(one.clone()),
            _ => None,
        }
    }
}

fn refused(e: MergeError) -> Failure {
    match e {
        MergeError::Checkpoint(e) => Failure::Checkpoint(e),
        e => Failure::from(
            Finding::error("merge-refused", e.to_string()).help(match e {
                MergeError::Nothing(_) => "a piece is what `--shard I/N --out DIR` leaves in DIR",
                _ => "compute the missing pieces with the same inputs, or leave the odd ones out",
            }),
        ),
    }
}
