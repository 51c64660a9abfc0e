//! The page that explains codes knows every code that the program uses, and no other.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// What a literal code follows directly, but for white space.
const MAKERS: [&str; 7] = [
    "Finding::error(",
    "Finding::warning(",
    "Warning::new(",
    ".error(",
    ".warning(",
    "warn(",
    "code: ",
];

fn sources(dir: &Path, list: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, list);
        } else if path.extension().is_some_and(|e| e == "rs") {
            list.push(path);
        }
    }
}

fn texts() -> Vec<String> {
    let mut list = Vec::new();
    sources(
        &Path::new(env!("CARGO_MANIFEST_DIR")).join("src"),
        &mut list,
    );
    list.sort();
    list.iter()
        .map(|p| std::fs::read_to_string(p).unwrap())
        .collect()
}

fn explained() -> BTreeSet<String> {
    include_str!("../../docs/codes.md")
        .lines()
        .filter_map(|l| l.strip_prefix("### "))
        .map(str::to_string)
        .collect()
}

#[test]
fn every_code_of_a_finding_is_explained() {
    let known = explained();
    let mut missing = BTreeSet::new();
    for text in texts() {
        for maker in MAKERS {
            for (at, _) in text.match_indices(maker) {
                let rest = text[at + maker.len()..].trim_start();
                let Some((code, _)) = rest.strip_prefix('"').and_then(|r| r.split_once('"')) else {
                    continue;
                };
                let is_code = code.len() > 2
                    && code
                        .chars()
                        .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-');
                if is_code && !known.contains(code) {
                    missing.insert(code.to_string());
                }
            }
        }
    }
    assert!(missing.is_empty(), "not in docs/codes.md: {missing:?}");
}

#[test]
fn every_explained_code_is_in_use() {
    let all = texts().concat();
    let unused: Vec<String> = explained()
        .into_iter()
        .filter(|code| !all.contains(&format!("\"{code}\"")))
        .collect();
    assert!(unused.is_empty(), "nothing reports {unused:?}");
}

#[test]
fn every_reason_of_a_failed_simulation_is_explained() {
    let known = explained();
    let text = include_str!("../../src/simulate/mod.rs");
    let (_, body) = text.split_once("pub fn reason(").unwrap();
    let reasons: Vec<&str> = body
        .split("=> \"")
        .skip(1)
        .filter_map(|r| r.split('"').next())
        .collect();
    assert!(reasons.len() > 10);
    for reason in reasons {
        assert!(known.contains(reason), "{reason}");
    }
}
