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

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::checkpoint::{self, Checkpoint, CheckpointError, Header};
use super::stage_fit::StageError;
use super::stop::{Stop, Why};
use super::work;

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
}

/// What is computed.
#[derive(Debug, Clone, PartialEq)]
pub struct Job {
    /// The command: `fit`, `bootstrap`, `profile`, `coverage`, `compare`.
    pub kind: &'static str,
    /// What a unit is called: `starts`, `replicates`.
    pub called: &'static str,
    /// Number of the first unit.
    pub first: u64,
    /// Number of units.
    pub units: u64,
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
            self.kind,
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
        let path = path(manner.folder, self.kind, manner.shard);
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
                    take_over(joined, &path);
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
                .filter(|u| manner.shard.is_none_or(|s| s.holds(*u)))
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
            whole: manner.shard.is_none(),
            stopped: outcome.stopped,
        })
    }
}

/// Copies a checkpoint that lies beside joined pieces to where it is looked for, if there is none.
fn take_over(joined: &Joined, path: &Path) {
    if path.exists() {
        return;
    }
    let found = joined.files.iter().find_map(|file| {
        let beside = file.parent()?.join(path.file_name()?);
        std::fs::read(beside).ok()
    });
    if let Some(bytes) = found {
        // Without it the same work is done again.
        let _ = super::atomic::write(path, &bytes);
    }
}

/// The checkpoint of a kind of work in a folder of results.
pub fn path(folder: &Path, kind: &str, shard: Option<Shard>) -> PathBuf {
    let name = match shard {
        None => format!("{kind}.jsonl"),
        Some(Shard { index, of }) => format!("{kind}{PIECE}{index}-of-{of}.jsonl"),
    };
    folder.join(FOLDER).join(name)
}

/// Folder of the checkpoints in a folder of results.
const FOLDER: &str = "checkpoints";
/// What the names of pieces have between kind and number.
const PIECE: &str = ".shard-";

/// The pieces in folders of results: those of each folder itself, and of the scenarios in it.
///
/// # Errors
/// [`MergeError::Nothing`] names a folder without pieces.
pub fn pieces(folders: &[PathBuf]) -> Result<Vec<PathBuf>, MergeError> {
    let mut files = Vec::new();
    for folder in folders {
        let mut own: Vec<PathBuf> = Vec::new();
        let mut places = vec![folder.clone()];
        places.extend(entries(folder));
        for place in places {
            own.extend(entries(&place.join(FOLDER)).into_iter().filter(|p| {
                let name = p.file_name().unwrap_or_default().to_string_lossy();
                name.contains(PIECE) && name.ends_with(".jsonl")
            }));
        }
        if own.is_empty() {
            return Err(MergeError::Nothing(folder.clone()));
        }
        own.sort();
        files.extend(own);
    }
    files.dedup();
    Ok(files)
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    std::fs::read_dir(folder)
        .into_iter()
        .flatten()
        .filter_map(|e| Some(e.ok()?.path()))
        .collect()
}

/// Joins pieces: of each kind one header and every unit once.
///
/// # Errors
/// [`MergeError`] names the inputs that differ and the units that are missing.
pub fn join(files: &[PathBuf]) -> Result<Vec<Joined>, MergeError> {
    let mut works: Vec<Joined> = Vec::new();
    for file in files {
        let contents = checkpoint::read(file)?;
        let Some(known) = works
            .iter_mut()
            .find(|w| w.header.kind == contents.header.kind)
        else {
            works.push(Joined {
                header: contents.header,
                records: contents.records,
                files: vec![file.clone()],
            });
            continue;
        };
        let differences = known.header.differences(&contents.header);
        if !differences.is_empty() {
            return Err(MergeError::Mixed {
                a: known.files.first().cloned().unwrap_or_default(),
                b: file.clone(),
                differences,
            });
        }
        for (k, record) in contents.records {
            if known.records.get(&k).is_some_and(|r| *r != record) {
                return Err(MergeError::Contradiction {
                    unit: k,
                    file: file.clone(),
                });
            }
            known.records.insert(k, record);
        }
        known.files.push(file.clone());
    }
    for work in &works {
        let (first, units) = (work.header.first, work.header.units);
        let missing: Vec<u64> = (first..first.saturating_add(units))
            .filter(|k| !work.records.contains_key(k))
            .collect();
        if !missing.is_empty() {
            return Err(MergeError::Gaps {
                kind: work.header.kind.clone(),
                missing: missing.len() as u64,
                of: units,
                text: ranges(&missing),
            });
        }
    }
    Ok(works)
}

/// Numbers as ranges: `3, 7–9, 12`; the first few only.
fn ranges(list: &[u64]) -> String {
    const MOST: usize = 8;
    let mut runs: Vec<(u64, u64)> = Vec::new();
    for &k in list {
        match runs.last_mut() {
            Some((_, end)) if *end + 1 == k => *end = k,
            _ => runs.push((k, k)),
        }
    }
    let mut text: Vec<String> = runs
        .iter()
        .take(MOST)
        .map(|(a, b)| {
            if a == b {
                a.to_string()
            } else {
                format!("{a}–{b}")
            }
        })
        .collect();
    if runs.len() > MOST {
        text.push("…".into());
    }
    text.join(", ")
}

/// Why pieces cannot be joined.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MergeError {
    /// A piece cannot be read.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// There is no piece.
    #[error("{} holds no piece", .0.display())]
    Nothing(PathBuf),
    /// Pieces of different inputs.
    #[error("{} and {} are pieces of different inputs: {} differ", .a.display(), .b.display(), .differences.join(", "))]
    Mixed {
        /// One piece.
        a: PathBuf,
        /// Another.
        b: PathBuf,
        /// What differs.
        differences: Vec<String>,
    },
    /// Pieces that hold one unit with different results.
    #[error("unit {unit} in {} differs from that of another piece", .file.display())]
    Contradiction {
        /// Unit.
        unit: u64,
        /// File.
        file: PathBuf,
    },
    /// Units that no piece holds.
    #[error("{missing} of {of} units of the {kind} are missing: {text}")]
    Gaps {
        /// Kind of work.
        kind: String,
        /// Number missing.
        missing: u64,
        /// Number of all.
        of: u64,
        /// Which.
        text: String,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    fn job(units: u64, seed: &str) -> Job {
        Job {
            kind: "bootstrap",
            called: "replicates",
            first: 1,
            units,
            parts: BTreeMap::from([("seed".to_string(), seed.to_string())]),
        }
    }

    fn folder(name: &str) -> PathBuf {
        let folder =
            std::env::temp_dir().join(format!("mechfit-job-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&folder);
        folder
    }

    fn run(
        job: &Job,
        folder: &Path,
        shard: Option<Shard>,
        stop: &Stop,
    ) -> Result<Done<f64>, StageError> {
        let origin = Origin::default();
        let manner = Manner {
            folder,
            shard,
            begin: Begin::Resume,
            origin: &origin,
            stop,
        };
        job.run(&manner, || (), |k, ()| 1.0 / k as f64, &|| ())
    }

    #[test]
    fn pieces_join_to_the_records_of_one_process() {
        let stop = Stop::default();
        let whole = folder("whole");
        let one = run(&job(23, "1"), &whole, None, &stop).unwrap();
        assert!(one.whole && one.records.len() == 23);
        for n in [1, 2, 7] {
            let cut = folder(&format!("cut{n}"));
            for index in 1..=n {
                let piece = run(&job(23, "1"), &cut, Some(Shard { index, of: n }), &stop).unwrap();
                assert!(!piece.whole);
            }
            let joined = join(&pieces(std::slice::from_ref(&cut)).unwrap()).unwrap();
            let back: BTreeMap<u64, f64> = work::recall(&cut, &joined[0].records).unwrap();
            assert_eq!(back, one.records);
            std::fs::remove_dir_all(cut).unwrap();
        }
        std::fs::remove_dir_all(whole).unwrap();
    }

    #[test]
    fn gaps_and_other_inputs_are_named() {
        let stop = Stop::default();
        let cut = folder("gaps");
        run(&job(10, "1"), &cut, Some(Shard { index: 1, of: 3 }), &stop).unwrap();
        run(&job(10, "1"), &cut, Some(Shard { index: 2, of: 3 }), &stop).unwrap();
        let gaps = join(&pieces(std::slice::from_ref(&cut)).unwrap()).unwrap_err();
        assert_eq!(
            gaps.to_string(),
            "3 of 10 units of the bootstrap are missing: 3, 6, 9"
        );
        run(&job(10, "2"), &cut, Some(Shard { index: 3, of: 3 }), &stop).unwrap();
        let mixed = join(&pieces(std::slice::from_ref(&cut)).unwrap()).unwrap_err();
        assert!(mixed.to_string().ends_with("seed differ"), "{mixed}");
        std::fs::remove_dir_all(cut).unwrap();
    }

    #[test]
    fn a_longer_run_goes_on_with_a_shorter_one_and_the_other_way_round() {
        let stop = Stop::default();
        let place = folder("longer");
        run(&job(5, "1"), &place, None, &stop).unwrap();
        let longer = run(&job(9, "1"), &place, None, &stop).unwrap();
        assert_eq!((longer.taken_over, longer.records.len()), (5, 9));
        let shorter = run(&job(4, "1"), &place, None, &stop).unwrap();
        assert_eq!((shorter.taken_over, shorter.records.len()), (4, 4));
        std::fs::remove_dir_all(place).unwrap();
    }

    #[test]
    fn a_work_that_another_process_runs_is_not_begun_twice() {
        let place = folder("twice");
        let origin = Origin::default();
        let stop = Stop::default();
        let manner = Manner {
            folder: &place,
            shard: None,
            begin: Begin::Resume,
            origin: &origin,
            stop: &stop,
        };
        let first = job(5, "1").open::<f64>(&manner).unwrap();
        let second = job(5, "1").open::<f64>(&manner).unwrap_err();
        assert!(matches!(second, CheckpointError::Busy(_)), "{second}");
        first.checkpoint.finish().unwrap();
        job(5, "1").open::<f64>(&manner).unwrap();
        std::fs::remove_dir_all(place).unwrap();
    }

    #[test]
    fn missing_units_are_named_as_ranges() {
        assert_eq!(ranges(&[3, 7, 8, 9, 12]), "3, 7–9, 12");
        let many: Vec<u64> = (0..40).map(|k| 2 * k).collect();
        assert!(ranges(&many).ends_with("14, …"));
    }
}
