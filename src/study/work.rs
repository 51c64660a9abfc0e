//! Units of a computation, run in parallel, kept as they come, gone on with after a stop.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use rayon::prelude::*;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::checkpoint::{Checkpoint, CheckpointError};
use super::stop::{Stop, Why};

/// What came of the units.
#[derive(Debug)]
pub struct Work<R> {
    /// Records by number, those of earlier runs included.
    pub records: BTreeMap<u64, R>,
    /// Why it ended before all units were done, if it did.
    pub stopped: Option<Why>,
}

/// Reads the records of an earlier run.
///
/// # Errors
/// [`CheckpointError::Record`] for a record of another form.
pub fn recall<R: DeserializeOwned>(
    path: &std::path::Path,
    records: &BTreeMap<u64, String>,
) -> Result<BTreeMap<u64, R>, CheckpointError> {
    records
        .iter()
        .enumerate()
        .map(|(line, (unit, json))| {
            let record = serde_json::from_str(json).map_err(|e| CheckpointError::Record {
                path: path.to_path_buf(),
                // The first line is the header.
                line: line + 2,
                message: e.to_string(),
            })?;
            Ok((*unit, record))
        })
        .collect()
}

/// Runs the units that are not done yet.
///
/// Each unit is a pure function of its number, so that the records do not depend on threads, order, stops or on which
/// process ran which. Every new record goes to the checkpoint before it counts.
///
/// # Errors
/// [`CheckpointError`] if a record cannot be kept (disk full); what was kept before stays.
pub fn run<R: Serialize + Send, W>(
    units: &[u64],
    done: BTreeMap<u64, R>,
    checkpoint: Option<&Checkpoint>,
    stop: &Stop,
    scratch: impl Fn() -> W + Sync,
    unit: impl Fn(u64, &mut W) -> R + Sync,
    progress: &(dyn Fn() + Sync),
) -> Result<Work<R>, CheckpointError> {
    let todo: Vec<u64> = units
        .iter()
        .copied()
        .filter(|u| !done.contains_key(u))
        .collect();
    let stopped: Mutex<Option<Why>> = Mutex::new(None);
    let failed = AtomicBool::new(false);
    let fresh: Vec<Result<Option<(u64, R)>, CheckpointError>> = todo
        .par_iter()
        .map_init(&scratch, |scratch, &u| {
            if failed.load(Ordering::Relaxed) {
                return Ok(None);
            }
            if let Some(why) = stop.reason() {
                let mut first = stopped
                    .lock()
                    .unwrap_or_else(std::sync::PoisonError::into_inner);
                first.get_or_insert(why);
                return Ok(None);
            }
            let record = unit(u, scratch);
            if let Some(checkpoint) = checkpoint {
                checkpoint.append(u, &record).inspect_err(|_| {
                    failed.store(true, Ordering::Relaxed);
                })?;
            }
            progress();
            Ok(Some((u, record)))
        })
        .collect();
    let mut records = done;
    for item in fresh {
        if let Some((u, record)) = item? {
            records.insert(u, record);
        }
    }
    let stopped = stopped
        .into_inner()
        .unwrap_or_else(std::sync::PoisonError::into_inner);
    Ok(Work { records, stopped })
}
