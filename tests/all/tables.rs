//! Problems read, refused, written and read again.

use std::path::{Path, PathBuf};

use mechfit::diagnostic::{Color, Finding, render};
use mechfit::objective::{BuildOptions, Objective};
use mechfit::problem::{self, LoadedProblem};

fn data(folder: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/data")
        .join(folder)
}

/// A folder of its own for a test, empty.
fn scratch(name: &str) -> PathBuf {
    let folder = std::env::temp_dir().join(format!("mechfit-tables-{}-{name}", std::process::id()));
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

/// The base problem with the files of a case laid over it.
fn laid(case: &Path) -> PathBuf {
    let folder = scratch(&case.file_name().unwrap().to_string_lossy());
    for from in [&data("wrong/tables/base"), case] {
        for entry in std::fs::read_dir(from).unwrap() {
            let path = entry.unwrap().path();
            std::fs::copy(&path, folder.join(path.file_name().unwrap())).unwrap();
        }
    }
    folder
}

/// Findings of loading, and where that works of bringing model and tables together.
fn findings(folder: &Path) -> Vec<Finding> {
    let loaded = match problem::load(folder) {
        Ok(loaded) => loaded,
        Err(findings) => return findings,
    };
    let mut list = loaded.findings.clone();
    list.extend(built(&loaded).err().unwrap_or_default());
    list
}

fn built(loaded: &LoadedProblem) -> Result<Objective, Vec<Finding>> {
    let mut models = Vec::new();
    for m in &loaded.problem.models {
        models.push(mechfit::model::load(&m.path, &m.language, &m.parts)?.model);
    }
    Objective::build(models, &loaded.problem, &BuildOptions::default()).map_err(|list| {
        list.iter()
            .map(|e| mechfit::study::findings::of_build(loaded, e))
            .collect()
    })
}

#[test]
fn every_wrong_table_is_explained_with_its_cell_and_a_remedy() {
    let mut cases: Vec<PathBuf> = std::fs::read_dir(data("wrong/tables"))
        .unwrap()
        .map(|e| e.unwrap().path())
        .filter(|p| p.is_dir() && !p.ends_with("base"))
        .collect();
    cases.sort();
    assert!(cases.len() > 40);
    for case in cases {
        let name = case.file_name().unwrap().to_string_lossy().into_owned();
        let folder = laid(&case);
        let list = findings(&folder);
        assert!(!list.is_empty(), "{name} is accepted");
        let text: Vec<String> = list.iter().map(|f| render(f, Color::Never)).collect();
        let text = text
            .join("\n\n")
            .replace(&folder.display().to_string(), "DIR");
        insta::assert_snapshot!(format!("wrong_{name}"), text);
        std::fs::remove_dir_all(folder).unwrap();
    }
}

#[test]
fn the_base_of_the_wrong_tables_is_right() {
    let list = findings(&data("wrong/tables/base"));
    let text: Vec<String> = list.iter().map(|f| render(f, Color::Never)).collect();
    assert!(list.is_empty(), "{}", text.join("\n"));
}

#[test]
fn a_folder_without_or_with_several_problems_is_refused() {
    let empty = scratch("no-problem");
    std::fs::write(empty.join("other.yaml"), "a: 1\n").unwrap();
    assert_eq!(problem::load(&empty).unwrap_err()[0].code, "no-problem");
    for name in ["a.yaml", "b.yaml"] {
        std::fs::write(empty.join(name), "format_version: 2.0.0\nmodel_files: {}\n").unwrap();
    }
    assert_eq!(
        problem::load(&empty).unwrap_err()[0].code,
        "several-problems"
    );
    assert_eq!(
        problem::load(&empty.join("c.yaml")).unwrap_err()[0].code,
        "missing-file"
    );
    std::fs::remove_dir_all(empty).unwrap();
}
