//! Result files: JSON with provenance, and the tables beside it.

use std::path::Path;

use serde::Serialize;
use serde_json::Value;

use super::atomic::{self, FileError};
use super::audit::Provenance;
use super::json::{self, JsonError};

/// Why a result file could not be written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ResultError {
    /// The system refused.
    #[error(transparent)]
    File(#[from] FileError),
    /// The result is no JSON document.
    #[error(transparent)]
    Json(#[from] JsonError),
}

/// A result with its provenance, the only part of a document that depends on clock, host and threads.
///
/// # Errors
/// [`JsonError`].
pub fn document<T: Serialize>(result: &T, provenance: &Provenance) -> Result<Value, JsonError> {
    let mut document = json::document(result)?;
    if let Value::Object(map) = &mut document {
        map.insert("provenance".into(), json::document(provenance)?);
    }
    Ok(document)
}

/// Writes a document as a JSON file.
///
/// # Errors
/// [`FileError`].
pub fn write(path: &Path, document: &Value) -> Result<(), FileError> {
    atomic::write(path, json::text(document).as_bytes())
}

/// A tab-separated table of a list of objects in a document: the columns asked for, in order. Texts lose tabs and line
/// ends; missing numbers are empty.
pub fn table(list: &Value, columns: &[&str]) -> String {
    let mut text = columns.join("\t");
    text.push('\n');
    for row in list.as_array().into_iter().flatten() {
        let cells: Vec<String> = columns.iter().map(|c| cell(row, c)).collect();
        text += &cells.join("\t");
        text.push('\n');
    }
    text
}

/// The value at a path of keys, `interval.lower`.
fn cell(row: &Value, path: &str) -> String {
    let mut value = row;
    for key in path.split('.') {
        value = value.get(key).unwrap_or(&Value::Null);
    }
    match value {
        Value::Null => String::new(),
        Value::String(s) => s.replace(['\t', '\n', '\r'], " "),
        other => other.to_string(),
    }
}
