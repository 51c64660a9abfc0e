//! SBML: Level 2 (Versions 1 to 5) and Level 3 core (Versions 1 and 2), read into a [`Model`] and written from one.
//!
//! Text → XML tree → declarations as they stand (`raw`) → quantities with what drives each of them → [`crate::model::Model`].
//! Whatever changes the mathematics and is not supported is refused by name, with its place.

mod lower;
mod mathml;
mod raw;
mod read;
mod units;
mod write;
mod xml;

use std::io::Read;
use std::path::Path;

use super::{Loaded, Model};
use crate::diagnostic::{Finding, Source, has_errors};

/// Stands for time in a model that calls something else `time`; no identifier looks like it.
pub use crate::math::TIME_BESIDE_A_NAME;

pub use write::{WriteError, write};

/// Namespace of the newest SBML that is read, and of what is written.
const CORE_NAMESPACE: &str = "http://www.sbml.org/sbml/level3/version2/core";

/// Reads an SBML file.
///
/// # Errors
/// Every finding of the file, at least one of which is an error.
pub fn load(path: &Path) -> Result<Loaded, Vec<Finding>> {
    let shown = path.display().to_string();
    let unreadable = |cause: String| {
        vec![
            Finding::error("unreadable-file", format!("cannot be read: {cause}"))
                .in_file(shown.clone()),
        ]
    };
    let file = std::fs::File::open(path).map_err(|e| unreadable(e.to_string()))?;
    let mut bytes = Vec::new();
    file.take(xml::MAX_BYTES + 1)
        .read_to_end(&mut bytes)
        .map_err(|e| unreadable(e.to_string()))?;
    if bytes.len() as u64 > xml::MAX_BYTES {
        return Err(vec![
            Finding::error(
                "file-too-large",
                format!("the file is larger than {} MB", xml::MAX_BYTES >> 20),
            )
            .in_file(shown),
        ]);
    }
    let text = decode(bytes).map_err(|finding| vec![finding.in_file(shown.clone())])?;
    let (model, findings) = load_str(&text, &shown)?;
    Ok(Loaded {
        model,
        findings,
        files: vec![path.to_path_buf()],
    })
}

/// Reads SBML from text; `name` stands in findings as the file. The warnings come with the model.
///
/// # Errors
/// Every finding, at least one of which is an error.
pub fn load_str(text: &str, name: &str) -> Result<(Model, Vec<Finding>), Vec<Finding>> {
    let source = Source::new(name, text.strip_prefix('\u{feff}').unwrap_or(text));
    // Deep mathematics is read by recursion, on a stack that is large enough for the deepest that is allowed.
    std::thread::scope(|scope| {
        let reader = std::thread::Builder::new().stack_size(STACK);
        match reader.spawn_scoped(scope, || understand(&source)) {
            Ok(handle) => handle
                .join()
                .unwrap_or_else(|panic| std::panic::resume_unwind(panic)),
            Err(e) => Err(vec![
                Finding::error("no-thread", format!("no memory to read the file with: {e}"))
                    .in_file(name),
            ]),
        }
    })
}

/// Stack of the reader: an unoptimised build needs about 10 kB a level of [`crate::math::MAX_DEPTH`].
const STACK: usize = 32 << 20;

fn understand(source: &std::sync::Arc<Source>) -> Result<(Model, Vec<Finding>), Vec<Finding>> {
    let document = xml::parse(source).map_err(|f| vec![*f])?;
    let mut log = xml::Log::new(source.clone());
    let raw = read::read(&mut log, document.root_element());
    let model = match raw {
        Some(raw) if log.is_clean() => lower::lower(&mut log, raw),
        _ => None,
    };
    match model {
        Some(model) if !has_errors(&log.findings) => Ok((model, log.findings)),
        _ => Err(log.findings),
    }
}

/// Bytes to text: UTF-8, or UTF-16 with its mark.
fn decode(bytes: Vec<u8>) -> Result<String, Box<Finding>> {
    let wide = |bytes: &[u8], word: fn([u8; 2]) -> u16| {
        let words: Vec<u16> = bytes.chunks_exact(2).map(|b| word([b[0], b[1]])).collect();
        String::from_utf16(&words)
            .map_err(|_| Box::new(Finding::error("encoding", "the file is not valid UTF-16")))
    };
    match bytes.as_slice() {
        [0xff, 0xfe, rest @ ..] => wide(rest, u16::from_le_bytes),
        [0xfe, 0xff, rest @ ..] => wide(rest, u16::from_be_bytes),
        _ => String::from_utf8(bytes).map_err(|e| {
            Box::new(
                Finding::error(
                    "encoding",
                    format!(
                        "the file is not UTF-8 (byte {} and those behind it)",
                        e.utf8_error().valid_up_to()
                    ),
                )
                .help("SBML is written in UTF-8: convert the file"),
            )
        }),
    }
}
