//! Pieces of a work: where each keeps its records, and how they are joined.

use std::path::{Path, PathBuf};

use super::super::checkpoint::{self, CheckpointError};
use super::{Job, Joined, Shard};

/// Folder of the checkpoints in a folder of results.
const FOLDER: &str = "checkpoints";
/// What the names of pieces have between kind and number.
const PIECE: &str = ".shard-";
/// The same of work that each piece does whole before its own part: nothing to be joined.
const COMMON: &str = ".for-shard-";
/// How all names end.
const ENDING: &str = ".jsonl";

/// The checkpoint of a work in a folder of results.
pub(super) fn path(folder: &Path, job: &Job, shard: Option<Shard>) -> PathBuf {
    let kind = &job.kind;
    let infix = if job.common { COMMON } else { PIECE };
    let name = match shard {
        None => format!("{kind}{ENDING}"),
        Some(Shard { index, of }) => format!("{kind}{infix}{index}-of-{of}{ENDING}"),
    };
    folder.join(FOLDER).join(name)
}

/// Copies the checkpoint of a work that lies beside joined pieces to where it is looked for, if there is none.
pub(super) fn take_over(joined: &Joined, job: &Job, path: &Path) {
    if path.exists() {
        return;
    }
    let whole = format!("{}{ENDING}", job.kind);
    let common = format!("{}{COMMON}", job.kind);
    let found = joined.files.iter().find_map(|file| {
        let mut beside: Vec<PathBuf> = entries(file.parent()?)
            .into_iter()
            .filter(|p| {
                let name = p.file_name().unwrap_or_default().to_string_lossy();
                name == whole.as_str() || name.starts_with(&common) && name.ends_with(ENDING)
            })
            .collect();
        beside.sort();
        beside.iter().find_map(|p| std::fs::read(p).ok())
    });
    if let Some(bytes) = found {
        // Without it the same work is done again.
        let _ = super::super::atomic::write(path, &bytes);
    }
}

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
                name.contains(PIECE) && name.ends_with(ENDING)
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

    #[test]
    fn missing_units_are_named_as_ranges() {
        assert_eq!(ranges(&[3, 7, 8, 9, 12]), "3, 7–9, 12");
        let many: Vec<u64> = (0..40).map(|k| 2 * k).collect();
        assert!(ranges(&many).ends_with("14, …"));
    }
}
