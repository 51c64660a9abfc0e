//! Records of finished work, appended as they come, so that a run can be killed at any instant and go on.
//!
//! A checkpoint is a text file. Its first line says what the work is (kind, key, number of units); each further line is
//! one record: the index of the unit, the record as JSON, and a checksum of both. A line that is not whole (the machine
//! stopped while it was written) is cut off when the file is opened again. Because a unit is a pure function of its
//! index, the records in any order, from any number of processes, make the same result.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::atomic::{FileError, synchronise_folder};

/// Longest time for which finished records may be lost to a loss of power (a killed process loses none).
const SYNC_INTERVAL: Duration = Duration::from_secs(5);
/// Version of the format of the file.
pub const FORMAT: u32 = 2;

/// Name of the number of units among differences.
const UNITS: &str = "number of units";

/// What the records of a checkpoint are.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Header {
    /// Version of the format.
    pub format: u32,
    /// The work: `fit`, `bootstrap`, `coverage`, `profile`, `compare`.
    pub kind: String,
    /// Hash of everything that the records depend on: problem, model, settings, seed.
    pub key: String,
    /// The same in parts, each named, so that a difference can be named.
    pub parts: BTreeMap<String, String>,
    /// Number of the first unit.
    pub first: u64,
    /// Number of units of the whole work.
    pub units: u64,
    /// Folders or files that the command was given.
    pub targets: Vec<String>,
    /// Options that make the same work again.
    pub options: Vec<String>,
}

impl Header {
    /// A header whose key is the hash of its parts.
    pub fn new(
        kind: &str,
        first: u64,
        units: u64,
        parts: BTreeMap<String, String>,
        targets: Vec<String>,
        options: Vec<String>,
    ) -> Self {
        let mut hash = Sha256::new();
        for (name, value) in &parts {
            hash.update(name.as_bytes());
            hash.update([0]);
            hash.update(value.as_bytes());
            hash.update([0]);
        }
        Self {
            format: FORMAT,
            kind: kind.into(),
            key: hex(&hash.finalize()),
            parts,
            first,
            units,
            targets,
            options,
        }
    }
    /// Names of the parts in which two headers differ.
    pub fn differences(&self, other: &Self) -> Vec<String> {
        let mut names: Vec<String> = Vec::new();
        if self.kind != other.kind {
            names.push("kind of work".into());
        }
        if (self.first, self.units) != (other.first, other.units) {
            names.push(UNITS.into());
        }
        let keys: std::collections::BTreeSet<&String> =
            self.parts.keys().chain(other.parts.keys()).collect();
        for key in keys {
            if self.parts.get(key) != other.parts.get(key) {
                names.push(key.clone());
            }
        }
        names
    }
}

/// Why a checkpoint cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CheckpointError {
    /// The system refused.
    #[error(transparent)]
    File(#[from] FileError),
    /// The first line is no header of this program.
    #[error("{} is not a checkpoint of this program", .0.display())]
    NotACheckpoint(PathBuf),
    /// It belongs to other work.
    #[error("{} was made with other inputs: {} differ", .path.display(), .differences.join(", "))]
    Other {
        /// File.
        path: PathBuf,
        /// What differs.
        differences: Vec<String>,
    },
    /// Another process works on it.
    #[error("another process works on {}", .0.display())]
    Busy(PathBuf),
    /// A whole line holds no record of the expected form.
    #[error("{}, line {line}: {message}", .path.display())]
    Record {
        /// File.
        path: PathBuf,
        /// Line, from 1.
        line: usize,
        /// What is wrong.
        message: String,
    },
}

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

/// Checksum of a record: enough to tell a torn line from a whole one.
fn checksum(index: u64, record: &str) -> String {
    const BYTES: usize = 8;
    let hash = Sha256::digest(format!("{index} {record}").as_bytes());
    hex(hash.get(..BYTES).unwrap_or_default())
}

/// An open checkpoint: what was done before, and the file that new records go to.
#[derive(Debug)]
pub struct Checkpoint {
    path: PathBuf,
    out: Mutex<Out>,
}

#[derive(Debug)]
struct Out {
    file: File,
    synced: Instant,
    /// Held as long as the checkpoint is open; the system lets go of it when the process ends, however it ends.
    _lock: Option<File>,
}

/// A checkpoint as it was read.
#[derive(Debug)]
pub struct Contents {
    /// What the records are.
    pub header: Header,
    /// Records by index, as JSON.
    pub records: BTreeMap<u64, String>,
    /// Length in bytes of the whole lines.
    length: u64,
}

/// Reads a checkpoint; a last line that is not whole is left out.
///
/// # Errors
/// [`CheckpointError`] if it cannot be read or is no checkpoint.
pub fn read(path: &Path) -> Result<Contents, CheckpointError> {
    let mut bytes = Vec::new();
    File::open(path)
        .and_then(|mut f| f.read_to_end(&mut bytes))
        .map_err(FileError::of("read", path))?;
    let mut lines = bytes.split_inclusive(|b| *b == b'\n');
    let whole = |line: &[u8]| -> Option<String> {
        let text = std::str::from_utf8(line).ok()?;
        text.strip_suffix('\n').map(str::to_owned)
    };
    let first = lines.next().unwrap_or_default();
    let header: Header = whole(first)
        .and_then(|text| serde_json::from_str(&text).ok())
        .ok_or_else(|| CheckpointError::NotACheckpoint(path.to_path_buf()))?;
    let mut length = first.len() as u64;
    let mut records = BTreeMap::new();
    for line in lines {
        // Everything behind the first broken line is given up: it can only come from a machine that stopped.
        let Some((index, record)) = whole(line).as_deref().and_then(record) else {
            break;
        };
        length += line.len() as u64;
        records.insert(index, record);
    }
    Ok(Contents {
        header,
        records,
        length,
    })
}

/// Index and JSON of a whole line whose checksum holds.
fn record(line: &str) -> Option<(u64, String)> {
    let mut parts = line.splitn(3, ' ');
    let (sum, index, json) = (parts.next()?, parts.next()?.parse().ok()?, parts.next()?);
    (checksum(index, json) == sum).then(|| (index, json.to_owned()))
}

/// Text of a whole checkpoint: what [`read`] reads.
pub fn write(
    path: &Path,
    header: &Header,
    records: &BTreeMap<u64, String>,
) -> Result<(), CheckpointError> {
    let mut text = header_line(header, path)?;
    for (index, json) in records {
        text += &format!("{} {index} {json}\n", checksum(*index, json));
    }
    Ok(super::atomic::write(path, text.as_bytes())?)
}

fn header_line(header: &Header, path: &Path) -> Result<String, CheckpointError> {
    let mut line = serde_json::to_string(header)
        .map_err(|_| CheckpointError::NotACheckpoint(path.to_path_buf()))?;
    line.push('\n');
    Ok(line)
}

impl Checkpoint {
    /// Opens a checkpoint for the work of `header`. With `resume` the records of an existing file are kept and returned;
    /// without it the file is started anew.
    ///
    /// # Errors
    /// [`CheckpointError::Other`] if an existing file belongs to other work and `resume` is asked for,
    /// [`CheckpointError::Busy`] if another process has it open.
    pub fn open(
        path: &Path,
        header: &Header,
        resume: bool,
    ) -> Result<(Self, BTreeMap<u64, String>), CheckpointError> {
        let lock = lock(path)?;
        let old = if resume && path.exists() {
            match read(path) {
                Ok(old) => Some(old),
                // The machine stopped before the first line was whole: nothing was done.
                Err(CheckpointError::NotACheckpoint(_)) if is_torn(path) => None,
                Err(e) => return Err(e),
            }
        } else {
            None
        };
        let records = match old {
            None => {
                write(path, header, &BTreeMap::new())?;
                BTreeMap::new()
            }
            Some(old) => {
                let differences = header.differences(&old.header);
                // More or fewer units of the same work: what is done stays valid.
                if differences == [UNITS] {
                    write(path, header, &old.records)?;
                } else if differences.is_empty() {
                    let file = OpenOptions::new()
                        .write(true)
                        .open(path)
                        .map_err(FileError::of("open", path))?;
                    file.set_len(old.length)
                        .map_err(FileError::of("write", path))?;
                } else {
                    return Err(CheckpointError::Other {
                        path: path.to_path_buf(),
                        differences,
                    });
                }
                old.records
            }
        };
        let file = OpenOptions::new()
            .append(true)
            .open(path)
            .map_err(FileError::of("open", path))?;
        let out = Out {
            file,
            synced: Instant::now(),
            _lock: lock,
        };
        let checkpoint = Self {
            path: path.to_path_buf(),
            out: Mutex::new(out),
        };
        Ok((checkpoint, records))
    }

    /// Appends a finished unit. The line is handed to the system in one piece, and at the latest every five seconds the
    /// system is asked to bring it to the disk.
    ///
    /// # Errors
    /// [`CheckpointError`] if the system refuses (disk full).
    pub fn append<R: Serialize>(&self, index: u64, record: &R) -> Result<(), CheckpointError> {
        let json = serde_json::to_string(record).map_err(|e| CheckpointError::Record {
            path: self.path.clone(),
            line: 0,
            message: e.to_string(),
        })?;
        let line = format!("{} {index} {json}\n", checksum(index, &json));
        // A thread that panicked while it held the lock left at most a torn line, which reading cuts off.
        let mut out = self
            .out
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        out.file
            .write_all(line.as_bytes())
            .map_err(FileError::of("write", &self.path))?;
        if out.synced.elapsed() >= SYNC_INTERVAL {
            out.file
                .sync_data()
                .map_err(FileError::of("write", &self.path))?;
            out.synced = Instant::now();
        }
        Ok(())
    }

    /// Brings everything to the disk.
    ///
    /// # Errors
    /// [`CheckpointError`] if the system refuses.
    pub fn finish(self) -> Result<(), CheckpointError> {
        let out = self
            .out
            .into_inner()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        out.file
            .sync_all()
            .map_err(FileError::of("write", &self.path))?;
        if let Some(folder) = self.path.parent() {
            synchronise_folder(folder);
        }
        Ok(())
    }
}

/// Makes sure that no other process works on a checkpoint. File systems that know no locks give none; two processes then
/// write the same records twice, which reading bears.
fn lock(path: &Path) -> Result<Option<File>, CheckpointError> {
    let folder = path.parent().unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder).map_err(FileError::of("make the folder", folder))?;
    let name = path.with_extension("lock");
    let file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&name)
        .map_err(FileError::of("open", &name))?;
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(TryLockError::WouldBlock) => Err(CheckpointError::Busy(path.to_path_buf())),
        Err(TryLockError::Error(_)) => Ok(None),
    }
}

/// Whether a file has no whole line.
fn is_torn(path: &Path) -> bool {
    std::fs::read(path).is_ok_and(|bytes| !bytes.contains(&b'\n'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(seed: &str) -> Header {
        let parts = BTreeMap::from([
            ("problem".to_string(), "abc".to_string()),
            ("seed".to_string(), seed.to_string()),
        ]);
        Header::new("bootstrap", 0, 10, parts, vec!["fits/x".into()], Vec::new())
    }

    fn folder(name: &str) -> PathBuf {
        let folder = std::env::temp_dir().join(format!("mechfit-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        folder
    }

    #[test]
    fn a_file_cut_at_any_byte_goes_on_with_the_whole_records() {
        let folder = folder("cut");
        let path = folder.join("c.jsonl");
        let (checkpoint, _) = Checkpoint::open(&path, &header("1"), false).unwrap();
        for k in 0..5_u64 {
            checkpoint.append(k, &vec![k as f64 / 3.0]).unwrap();
        }
        checkpoint.finish().unwrap();
        let whole = std::fs::read(&path).unwrap();
        for cut in 0..=whole.len() {
            std::fs::write(&path, &whole[..cut]).unwrap();
            let (checkpoint, done) = Checkpoint::open(&path, &header("1"), true).unwrap();
            for k in 0..5_u64 {
                match done.get(&k) {
                    Some(json) => {
                        let back: Vec<f64> = serde_json::from_str(json).unwrap();
                        assert_eq!(back[0].to_bits(), (k as f64 / 3.0).to_bits());
                    }
                    None => checkpoint.append(k, &vec![k as f64 / 3.0]).unwrap(),
                }
            }
            checkpoint.finish().unwrap();
            assert_eq!(std::fs::read(&path).unwrap(), whole, "cut at {cut}");
        }
        std::fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn a_changed_byte_gives_up_the_records_from_there() {
        let folder = folder("flip");
        let path = folder.join("c.jsonl");
        let (checkpoint, _) = Checkpoint::open(&path, &header("1"), false).unwrap();
        for k in 0..5_u64 {
            checkpoint.append(k, &k).unwrap();
        }
        checkpoint.finish().unwrap();
        let mut bytes = std::fs::read(&path).unwrap();
        let at = bytes.len() - 3 * 20;
        bytes[at] ^= 1;
        std::fs::write(&path, bytes).unwrap();
        let contents = read(&path).unwrap();
        assert!(contents.records.len() < 5, "{:?}", contents.records);
        std::fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn other_inputs_are_refused_by_name() {
        let folder = folder("other");
        let path = folder.join("c.jsonl");
        drop(Checkpoint::open(&path, &header("1"), false).unwrap());
        let error = Checkpoint::open(&path, &header("2"), true).unwrap_err();
        assert!(
            error.to_string().ends_with("other inputs: seed differ"),
            "{error}"
        );
        std::fs::remove_dir_all(folder).unwrap();
    }
}
