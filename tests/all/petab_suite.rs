//! The PEtab test suite and the benchmark problems, read from where they lie; skipped with one line where they are absent.

use std::path::{Path, PathBuf};

use mechfit::diagnostic::{Color, Severity, render};

/// The folder of the community suites.
pub fn suites(part: &str) -> Option<PathBuf> {
    let folder = match std::env::var_os("MECHFIT_SUITES") {
        Some(f) => PathBuf::from(f),
        None => PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared/suites"),
    };
    let folder = folder.join(part);
    if !folder.is_dir() {
        println!("skipped: there is no {}", folder.display());
        return None;
    }
    Some(folder)
}

/// The folders in a folder, sorted.
pub fn cases(folder: &Path) -> Vec<PathBuf> {
    let mut list: Vec<PathBuf> = std::fs::read_dir(folder)
        .unwrap()
        .map(|e| e.unwrap().path())
        .filter(|p| p.is_dir())
        .collect();
    list.sort();
    list
}

#[test]
fn every_problem_of_the_suites_is_read_without_errors() {
    let mut failed = Vec::new();
    for part in ["petab/v1.0.0", "petab/v2.0.0", "benchmark"] {
        let Some(folder) = suites(part) else { return };
        for case in cases(&folder) {
            if let Err(findings) = mechfit::problem::load(&case) {
                for f in findings.iter().filter(|f| f.severity == Severity::Error) {
                    failed.push(render(f, Color::Never));
                }
            }
        }
    }
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}
