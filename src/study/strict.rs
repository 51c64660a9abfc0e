//! JSON files that people write, read with the place of every mistake.

use std::ops::Range;
use std::sync::Arc;

use serde::de::DeserializeOwned;

use crate::diagnostic::{Finding, Source};

/// Reads a value from the text of a JSON file; `what` names the file in messages.
///
/// # Errors
/// One finding with its place: the text is no JSON, a key is unknown or missing, a value is of the wrong kind.
pub fn read<T: DeserializeOwned>(source: &Arc<Source>, what: &str) -> Result<T, Vec<Finding>> {
    serde_saphyr::from_str(&source.text).map_err(|error| {
        let mut finding = Finding::error("invalid-json", format!("the {what} cannot be read: {}", message(&error)));
        finding = match error.location().map(|l| offset(&source.text, l.line(), l.column())) {
            Some(at) => finding.at(source, word(&source.text, at), "here"),
            None => finding.in_file(&source.path),
        };
        vec![finding.help(format!(
            "`mechfit schema {what}` prints what the file may hold; an editor that knows the schema shows it while you type"
        ))]
    })
}

/// The message of an error without its place, which the finding shows itself.
fn message(error: &serde_saphyr::Error) -> String {
    let text = error.without_snippet().to_string();
    let end = text
        .find(" at line ")
        .or_else(|| text.find('\n'))
        .unwrap_or(text.len());
    text.get(..end)
        .unwrap_or(&text)
        .trim_start_matches("error: ")
        .to_string()
}

/// Byte of a line and column, both from 1 and the column in characters.
fn offset(text: &str, line: u64, column: u64) -> usize {
    let mut start = 0;
    for (k, l) in text.split_inclusive('\n').enumerate() {
        if k as u64 + 1 == line {
            let skip = usize::try_from(column.saturating_sub(1)).unwrap_or(usize::MAX);
            return start + l.char_indices().nth(skip).map_or(l.len(), |(i, _)| i);
        }
        start += l.len();
    }
    text.len()
}

/// The word, text or number that begins at a byte.
fn word(text: &str, at: usize) -> Range<usize> {
    let rest = text.get(at..).unwrap_or_default();
    let length = match rest.strip_prefix('"') {
        Some(inside) => inside.find('"').map_or(rest.len(), |i| i + 2),
        None => rest
            .find(|c: char| c.is_whitespace() || ",:{}[]".contains(c))
            .unwrap_or(rest.len())
            .max(usize::from(!rest.is_empty())),
    };
    at..at + length
}

/// Place of the first text of this content (a key or a value), or the beginning of the file.
pub fn find(source: &Source, what: &str) -> Range<usize> {
    let quoted = format!("\"{what}\"");
    match source.text.find(&quoted) {
        Some(at) => at..at + quoted.len(),
        None => 0..0,
    }
}
