//! One mechanism for every long computation: units that can be stopped, killed, gone on with, cut into pieces and joined.
//!
//! A [`Job`] says what is computed (its kind, its units, and in named parts everything that a unit depends on); a
//! [`Manner`] says how (folder, piece, begin, stop). A unit has to be a pure function of its number: then the records are
//! the same whatever the threads, stops, kills and pieces, and so is everything made of them.
//!
//! A command that uses it
//! 1. builds the `Job` with `parts` from [`super::stage_fit::parts`] and what else its units depend on;
//! 2. calls [`Job::run`] with a function of the unit's number that returns a record (any `Serialize + DeserializeOwned`
//!    type; finite numbers come back to the last bit, lists that may hold others say
//!    `#[serde(with = "extended")]` as [`crate::uncertainty::bootstrap::Replicate`] does);
//! 3. if [`Done::whole`] makes the result of the records and writes it with [`super::files::write`]; else it says that
//!    the piece is done and ends.
//!
//! `merge` needs nothing more: it joins the pieces ([`join`]) and runs the command of the pieces again, which finds all
//! units done. So the command has to take `--shard`, `--resume` and `--out`, and to pass them on in its `Manner`.
//!
//! Work with a loop of its own (profiles, whose rounds depend on one another) calls [`Job::open`], takes over `done`, and
//! appends to `checkpoint`. Units of later rounds may have numbers beyond the `units` of the job.

mod pieces;

pub use pieces::{MergeError, join, pieces};

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::checkpoint::{self, Checkpoint, CheckpointError, Header};
use super::stage_fit::StageError;
use super::stop::{Stop, Why};
use super::work;
use pieces::{path, take_over};

/// A piece of a work, from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shard {
    /// Which piece, from 1.
    pub index: u64,
    /// Number of pieces.
    pub of: u64,
}

impl Shard {
    /// Whether a unit belongs to this piece: the pieces take turns, so that all take about as long.
    pub fn holds(&self, unit: u64) -> bool {
        self.of > 0 && unit % self.of == self.index % self.of
    }
}

impl std::fmt::Display for Shard {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.index, self.of)
    }
}

/// What to do with records of an earlier run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Begin {
    /// Start anew.
    Anew,
    /// Go on with them; those of other inputs are an error (`--resume`).
    Resume,
    /// Go on with them; those of other inputs are started anew (a stage within a larger command).
    ResumeOrAnew,
}

impl Begin {
    /// As `--resume` says.
    pub fn of(resume: bool) -> Self {
        if resume { Self::Resume } else { Self::Anew }
    }

    /// The same for a stage within a larger command, whose records may be of other inputs.
    pub fn within(resume: bool) -> Self {
        if resume {
            Self::ResumeOrAnew
        } else {
            Self::Anew
        }
    }
}

/// What is computed.
#[derive(Debug, Clone, PartialEq)]
pub struct Job {
    /// The command (`fit`, `bootstrap`, `profile`, `coverage`, `compare`), or the result that it makes where a command
    /// makes several.
    pub kind: Cow<'static, str>,
    /// What a unit is called: `starts`, `replicates`.
    pub called: &'static str,
    /// Number of the first unit.
    pub first: u64,
    /// Number of units.
    pub units: u64,
    /// Whether the units are what a further work begins from: each of its pieces then does them all, into a file of its
    /// own, so that pieces may run side by side in one folder.
    pub common: bool,
    /// Everything that a unit depends on, in named parts: hashes or values as text. The number of units is not one of
    /// them, so that a longer run goes on with the records of a shorter one.
    pub parts: BTreeMap<String, String>,
}

/// How it is computed.
#[derive(Debug, Clone, Copy)]
pub struct Manner<'a> {
    /// Folder of the results; records go to `checkpoints/` in it.
    pub folder: &'a Path,
    /// Piece, if it is cut.
    pub shard: Option<Shard>,
    /// What to do with earlier records.
    pub begin: Begin,
    /// How the command was called and what pieces it takes over.
    pub origin: &'a Origin,
    /// Asked between units whether to go on.
    pub stop: &'a Stop,
}

/// How a command was called.
#[derive(Debug, Clone, Default)]
pub struct Origin {
    /// Targets as given.
    pub targets: Vec<String>,
    /// Options that make the same work again (without piece, folder, threads and display).
    pub options: Vec<String>,
    /// Pieces to take over instead of the records in the folder.
    pub joined: Option<std::sync::Arc<Joined>>,
}

/// Records of joined pieces.
#[derive(Debug, Clone)]
pub struct Joined {
    /// What they are.
    pub header: Header,
    /// Records by unit, as JSON.
    pub records: BTreeMap<u64, String>,
    /// Files they come from.
    pub files: Vec<PathBuf>,
}

/// A job with its checkpoint open.
#[derive(Debug)]
pub struct Open<R> {
    /// Where new records go.
    pub checkpoint: Checkpoint,
    /// Records of earlier runs.
    pub done: BTreeMap<u64, R>,
    /// Units of this piece, done or not.
    pub units: Vec<u64>,
}

/// The end of a job.
#[derive(Debug)]
pub struct Done<R> {
    /// Records by unit: those of the piece, or all.
    pub records: BTreeMap<u64, R>,
    /// How many of them earlier runs made.
    pub taken_over: u64,
    /// Number of units asked for.
    pub asked: u64,
    /// Whether it is the whole work; else a piece of it, which `merge` joins with the others.
    pub whole: bool,
    /// Why it ended before all units were done, if it did.
    pub stopped: Option<Why>,
}

impl Job {
    /// The first line of the checkpoint.
    pub fn header(&self, origin: &Origin) -> Header {
        Header::new(
            &self.kind,
            self.first,
            self.units,
            self.parts.clone(),
            origin.targets.clone(),
            origin.options.clone(),
        )
    }

    /// Opens the checkpoint and reads what is done.
    ///
    /// # Errors
    /// [`CheckpointError`]; `Other` names the parts of the inputs in which earlier records or pieces differ.
    pub fn open<R: DeserializeOwned>(
        &self,
        manner: &Manner<'_>,
    ) -> Result<Open<R>, CheckpointError> {
        let path = path(manner.folder, self, manner.shard);
        let header = self.header(manner.origin);
        let (checkpoint, old) = match &manner.origin.joined {
            Some(joined) if joined.header.kind == self.kind => {
                let differences = header.differences(&joined.header);
                if !differences.is_empty() {
                    return Err(CheckpointError::Other {
                        path: joined.files.first().cloned().unwrap_or_default(),
                        differences,
                    });
                }
                checkpoint::write(&path, &header, &joined.records)?;
                Checkpoint::open(&path, &header, true)?
            }
            joined => {
                let mut resume = manner.begin != Begin::Anew;
                if let Some(joined) = joined {
                    // Work that goes before that of the pieces, which they have done.
                    take_over(joined, self, &path);
                    resume = true;
                }
                match Checkpoint::open(&path, &header, resume) {
                    Err(CheckpointError::Other { .. }) if manner.begin != Begin::Resume => {
                        Checkpoint::open(&path, &header, false)?
                    }
                    other => other?,
                }
            }
        };
        Ok(Open {
            checkpoint,
            done: work::recall(&path, &old)?,
            units: self
                .range()
                .filter(|u| self.common || manner.shard.is_none_or(|s| s.holds(*u)))
                .collect(),
        })
    }

    fn range(&self) -> std::ops::Range<u64> {
        self.first..self.first.saturating_add(self.units)
    }

    /// Runs the units that are not done yet, in parallel. `scratch` is made once a thread; `progress` is told of every
    /// new unit.
    ///
    /// # Errors
    /// [`StageError::Stopped`] if it was asked to end before all units were done: they are kept, `--resume` goes on.
    /// [`StageError::Checkpoint`] if records cannot be kept or belong to other work.
    pub fn run<R: Serialize + DeserializeOwned + Send, W>(
        &self,
        manner: &Manner<'_>,
        scratch: impl Fn() -> W + Sync,
        unit: impl Fn(u64, &mut W) -> R + Sync,
        progress: &(dyn Fn() + Sync),
    ) -> Result<Done<R>, StageError> {
        let done = self.run_until_stopped(manner, scratch, unit, progress)?;
        match done.stopped {
            None => Ok(done),
            Some(why) => Err(StageError::Stopped {
                why,
                done: done.records.len() as u64,
                of: done.asked,
                units: self.called,
            }),
        }
    }

    /// The same for work whose finished units are a result, if fewer.
    ///
    /// # Errors
    /// [`StageError::Checkpoint`] if records cannot be kept or belong to other work.
    pub fn run_until_stopped<R: Serialize + DeserializeOwned + Send, W>(
        &self,
        manner: &Manner<'_>,
        scratch: impl Fn() -> W + Sync,
        unit: impl Fn(u64, &mut W) -> R + Sync,
        progress: &(dyn Fn() + Sync),
    ) -> Result<Done<R>, StageError> {
        let open = self.open::<R>(manner)?;
        // A shorter run after a longer one leaves out what it did not ask for.
        let done: BTreeMap<u64, R> = open
            .done
            .into_iter()
            .filter(|(u, _)| open.units.binary_search(u).is_ok())
            .collect();
        let taken_over = done.len() as u64;
        let outcome = work::run(
            &open.units,
            done,
            Some(&open.checkpoint),
            manner.stop,
            scratch,
            unit,
            progress,
        )?;
        open.checkpoint.finish()?;
        Ok(Done {
            records: outcome.records,
            taken_over,
            asked: open.units.len() as u64,
            whole: self.common || manner.shard.is_none(),
            stopped: outcome.stopped,
        })
    }
}

#[cfg(test)]
mod tests;
