//! What happened in a folder of results: `log.jsonl`, to which every run that changed something adds a line, and
//! `manifest.json`, the hashes of all files there.

use std::collections::BTreeMap;
use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::atomic::{self, FileError};
use super::canonical::file_hash;
use super::clock::Clock;
use super::json;

/// Name of the manifest.
pub const MANIFEST: &str = "manifest.json";
/// Name of the log.
pub const LOG: &str = "log.jsonl";
/// Folders that are no results: records that change as long as work goes on, and those of a verification.
const LEFT_OUT: [&str; 3] = ["checkpoints", "pieces", "verify"];

/// Hashes of all result files.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Manifest {
    /// Version of the format.
    pub schema_version: u32,
    /// SHA-256 by path within the folder.
    pub files: BTreeMap<String, String>,
}

/// A line of the log.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// Start, universal time.
    pub started: String,
    /// End, universal time.
    pub finished: String,
    /// Who.
    pub user: Option<String>,
    /// Why, if it was said (`--reason`).
    pub reason: Option<String>,
    /// The command.
    pub command: Vec<String>,
    /// Version of the program.
    pub version: String,
    /// SHA-256 of the plan as it was when the run began.
    pub plan_sha256: Option<String>,
    /// Exit code: 75 and 130 are stops that a later line may go on from.
    pub exit_code: u8,
    /// Files that are new or differ from the manifest before.
    pub changed: Vec<String>,
    /// Files of the manifest before that are gone.
    pub gone: Vec<String>,
}

/// A run in a folder of results.
#[derive(Debug, Clone)]
pub struct Journal {
    folder: PathBuf,
    clock: Clock,
    reason: Option<String>,
    plan_sha256: Option<String>,
}

impl Journal {
    /// Begins: remembers when, why and with which plan.
    pub fn begin(folder: &Path, plan: Option<&Path>, reason: Option<String>) -> Self {
        Self {
            folder: folder.to_path_buf(),
            clock: Clock::start(),
            reason,
            plan_sha256: plan.and_then(|p| file_hash(p).ok()),
        }
    }

    /// Ends: if files of the folder changed, writes the manifest and adds a line to the log.
    ///
    /// # Errors
    /// [`FileError`] if they cannot be written.
    pub fn end(&self, exit_code: u8) -> Result<(), FileError> {
        if !self.folder.is_dir() {
            return Ok(());
        }
        let path = self.folder.join(MANIFEST);
        let before: Manifest = std::fs::read(&path)
            .ok()
            .and_then(|b| serde_json::from_slice(&b).ok())
            .unwrap_or_default();
        let mut files = BTreeMap::new();
        collect(&self.folder, "", &mut files)?;
        let changed: Vec<String> = files
            .iter()
            .filter(|(name, hash)| before.files.get(*name) != Some(hash))
            .map(|(name, _)| name.clone())
            .collect();
        let gone: Vec<String> = before
            .files
            .keys()
            .filter(|name| !files.contains_key(*name))
            .cloned()
            .collect();
        if changed.is_empty() && gone.is_empty() {
            return Ok(());
        }
        let (started, finished) = self.clock.stamps();
        let entry = Entry {
            started,
            finished,
            user: ["USER", "LOGNAME"]
                .iter()
                .find_map(|name| std::env::var(name).ok()),
            reason: self.reason.clone(),
            command: std::env::args_os()
                .map(|a| a.to_string_lossy().into_owned())
                .collect(),
            version: env!("CARGO_PKG_VERSION").into(),
            plan_sha256: self.plan_sha256.clone(),
            exit_code,
            changed,
            gone,
        };
        let manifest = Manifest {
            schema_version: super::fitted::SCHEMA_VERSION,
            files,
        };
        let text = |v: Result<serde_json::Value, json::JsonError>| v.unwrap_or_default();
        atomic::write(
            &path,
            json::text(&text(json::document(&manifest))).as_bytes(),
        )?;
        let log = self.folder.join(LOG);
        let line = format!("{}\n", text(json::document(&entry)));
        // One write to a file opened for appending: lines of several processes do not mix.
        OpenOptions::new()
            .create(true)
            .append(true)
            .open(&log)
            .and_then(|mut f| f.write_all(line.as_bytes()))
            .map_err(FileError::of("write", &log))
    }
}

/// Hashes of the files in a folder and below; files that go while it is read are left out.
fn collect(
    folder: &Path,
    prefix: &str,
    files: &mut BTreeMap<String, String>,
) -> Result<(), FileError> {
    let entries = std::fs::read_dir(folder).map_err(FileError::of("read", folder))?;
    for entry in entries.flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = entry.path();
        if path.is_dir() {
            if !LEFT_OUT.contains(&name.as_str()) {
                collect(&path, &format!("{prefix}{name}/"), files)?;
            }
        } else if name != MANIFEST
            && name != LOG
            && !name.starts_with('.')
            && let Ok(hash) = file_hash(&path)
        {
            files.insert(format!("{prefix}{name}"), hash);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_changed_is_logged_and_nothing_else() {
        let folder = std::env::temp_dir().join(format!("mechfit-journal-{}", std::process::id()));
        std::fs::create_dir_all(folder.join("b")).unwrap();
        std::fs::write(folder.join("result.json"), "1").unwrap();
        std::fs::write(folder.join("b/result.json"), "2").unwrap();
        let journal = Journal::begin(&folder, None, Some("first".into()));
        journal.end(0).unwrap();
        journal.end(0).unwrap();
        std::fs::write(folder.join("result.json"), "3").unwrap();
        std::fs::remove_file(folder.join("b/result.json")).unwrap();
        journal.end(75).unwrap();
        let log = std::fs::read_to_string(folder.join(LOG)).unwrap();
        let lines: Vec<Entry> = log
            .lines()
            .map(|l| serde_json::from_str(l).unwrap())
            .collect();
        assert_eq!(lines.len(), 2, "{log}");
        assert_eq!(lines[0].changed, ["b/result.json", "result.json"]);
        assert_eq!(lines[1].changed, ["result.json"]);
        assert_eq!(lines[1].gone, ["b/result.json"]);
        assert_eq!(lines[1].exit_code, 75);
        std::fs::remove_dir_all(folder).unwrap();
    }
}
