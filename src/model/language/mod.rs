//! The model language: `.model` and `.part` text to [`crate::model::Model`].
//!
//! ```text
//! bytes → text (comments and typography out) → statements → composition (base, parts) → scope → model
//! ```
//! Every stage goes on behind a mistake, so that one load shows them all. `docs/language.md` is the reference for users.
//!
//! ```
//! use mechfit::model::language;
//! let text = r#"
//! model decay "first-order loss"
//! time h
//! param k = 0.1 [1/h] "loss" source "example"
//! state C = 100 [nM]  "drug in plasma"
//! d/dt(C) = -k*C
//! "#;
//! let loaded = language::load_str("decay.model", text, &[], &language::no_files).unwrap();
//! assert_eq!(loaded.model.states[0].unit.as_deref(), Some("nM"));
//! assert!(loaded.findings.is_empty());
//! ```
use std::io::Read;
use std::path::{Path, PathBuf};

use crate::diagnostic::Finding;

use super::Loaded;

mod build;
mod compose;
mod cursor;
mod declare;
mod explain;
mod findings;
mod hints;
mod infer;
mod order;
mod read;
mod scope;
mod slips;
mod split;
mod syntax;
mod text;
mod units;

/// Reads the model in a file, with parts laid over it, and all files that they name.
///
/// # Errors
/// Every finding of all files, if one of them is an error.
pub fn load(path: &Path, parts: &[PathBuf]) -> Result<Loaded, Vec<Finding>> {
    load_with(path, parts, &from_disk)
}

/// Reads a model from text; `files` gives the bytes of the files that it names, by path from the folder of `name`.
///
/// # Errors
/// As [`load`].
pub fn load_str(
    name: &str,
    text: &str,
    parts: &[PathBuf],
    files: &dyn Fn(&Path) -> std::io::Result<Vec<u8>>,
) -> Result<Loaded, Vec<Finding>> {
    let own = Path::new(name);
    load_with(own, parts, &|path| {
        if path == own {
            Ok(text.as_bytes().to_vec())
        } else {
            files(path)
        }
    })
}

/// For a model that names no other file.
///
/// # Errors
/// Always: there is no such file.
pub fn no_files(_: &Path) -> std::io::Result<Vec<u8>> {
    Err(std::io::ErrorKind::NotFound.into())
}

fn load_with(
    path: &Path,
    parts: &[PathBuf],
    files: compose::Files,
) -> Result<Loaded, Vec<Finding>> {
    let mut findings = findings::Findings::default();
    let mut loader = compose::Loader {
        files,
        findings: &mut findings,
        read: Vec::new(),
    };
    let composition = loader.load(path, parts);
    let read = loader.read;
    let model = composition.map(|c| build::build(&c, &mut findings));
    let failed = findings.has_errors();
    let findings = findings.into_list();
    match model {
        Some(model) if !failed => Ok(Loaded {
            model,
            findings,
            files: read,
        }),
        _ => Err(findings),
    }
}

/// Reads a file up to the limit of [`text::LARGEST`], one byte more if it is larger.
fn from_disk(path: &Path) -> std::io::Result<Vec<u8>> {
    if path.is_dir() {
        return Err(std::io::ErrorKind::IsADirectory.into());
    }
    let mut bytes = Vec::new();
    std::fs::File::open(path)?
        .take(text::LARGEST as u64 + 1)
        .read_to_end(&mut bytes)?;
    Ok(bytes)
}
