//! Text files as they arrive: sizes, encodings and line ends of other programs.

use std::path::Path;
use std::sync::Arc;

use super::findings::Findings;
use crate::diagnostic::{Finding, Source};

/// Largest file that is read: far beyond any table of measurements (a million rows take about 100 MB), and small enough
/// that a wrong file name cannot fill the memory.
const MAX_BYTES: u64 = 256 << 20;

/// Reads a text file; what is wrong with it becomes a finding. A byte order mark is taken off.
pub(super) fn read(path: &Path, findings: &mut Findings) -> Option<Arc<Source>> {
    let shown = path.display().to_string();
    let unreadable = |why: String| {
        Finding::error(
            "unreadable-file",
            format!("`{shown}` cannot be read: {why}"),
        )
        .in_file(shown.clone())
    };
    match std::fs::metadata(path) {
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => {
            findings.push(
                Finding::error("missing-file", format!("there is no file `{shown}`"))
                    .in_file(shown.clone())
                    .help(neighbours(path)),
            );
            return None;
        }
        Err(e) => {
            findings.push(unreadable(e.to_string()));
            return None;
        }
        Ok(m) if m.is_dir() => {
            findings.push(unreadable("it is a folder".into()));
            return None;
        }
        Ok(m) if m.len() > MAX_BYTES => {
            let (size, limit) = (m.len() >> 20, MAX_BYTES >> 20);
            findings.push(
                Finding::error(
                    "large-file",
                    format!("`{shown}` has {size} MiB; at most {limit} MiB are read"),
                )
                .in_file(shown.clone()),
            );
            return None;
        }
        Ok(_) => {}
    }
    let bytes = match std::fs::read(path) {
        Ok(b) => b,
        Err(e) => {
            findings.push(unreadable(e.to_string()));
            return None;
        }
    };
    decode(&shown, bytes, findings)
}

/// Bytes to text.
pub(super) fn decode(shown: &str, bytes: Vec<u8>, findings: &mut Findings) -> Option<Arc<Source>> {
    let wrong = |code, message: String| Finding::error(code, message).in_file(shown);
    if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) {
        findings.push(
            wrong("wrong-encoding", format!("`{shown}` is UTF-16, not UTF-8"))
                .help("save it as UTF-8 (in Excel: export as text, then convert; \"Unicode text\" is UTF-16)"),
        );
        return None;
    }
    if bytes.iter().all(u8::is_ascii_whitespace) {
        findings.push(
            wrong("empty-file", format!("`{shown}` is empty"))
                .help("a table has a header at least; check that the file was saved"),
        );
        return None;
    }
    if bytes.contains(&0) {
        let finding = wrong("not-text", format!("`{shown}` is not a text file"));
        findings.push(if bytes.starts_with(b"PK") {
            finding.help("this is an Excel or zip file: save the sheet as tab-separated text")
        } else {
            finding
        });
        return None;
    }
    let mut text = match String::from_utf8(bytes) {
        Ok(text) => text,
        Err(e) => {
            let at = e.utf8_error().valid_up_to();
            let line = e.as_bytes()[..at].iter().filter(|b| **b == b'\n').count() + 1;
            findings.push(
                wrong("wrong-encoding", format!("`{shown}` is not UTF-8 (line {line})"))
                    .help("save it as UTF-8; letters such as µ or ä of an older encoding (Latin-1, Windows-1252) are the usual cause"),
            );
            return None;
        }
    };
    // Programs that do not know theirs put one before another.
    let marks = text.len() - text.trim_start_matches('\u{feff}').len();
    if marks > 0 {
        text.drain(..marks);
        findings.push(
            Finding::warning(
                "byte-order-mark",
                format!("`{shown}` begins with a byte order mark, which was taken off"),
            )
            .in_file(shown)
            .help("save it as UTF-8 without byte order mark"),
        );
    }
    if text.contains('\r') {
        findings.push(
            Finding::warning(
                "carriage-return",
                format!("`{shown}` has line ends of another system (carriage returns)"),
            )
            .in_file(shown)
            .help("they are read as line ends; save the file with Unix line ends (LF)"),
        );
    }
    Some(Source::new(shown, text))
}

/// What else lies in the folder of a missing file.
pub(super) fn neighbours(path: &Path) -> String {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let folder = match path.parent() {
        Some(p) if !p.as_os_str().is_empty() => p,
        _ => Path::new("."),
    };
    let Ok(entries) = std::fs::read_dir(folder) else {
        return format!("there is no folder `{}` either", folder.display());
    };
    let mut names: Vec<String> = entries
        .flatten()
        .map(|e| e.file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    match crate::diagnostic::similar(&name, names.iter().map(String::as_str)).first() {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!(
            "files are looked for beside the YAML, in `{}`",
            folder.display()
        ),
    }
}
