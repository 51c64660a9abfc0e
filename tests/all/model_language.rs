//! The model language: the models of the repository load, wrong files are refused with messages that help.

use std::path::{Path, PathBuf};

use mechfit::diagnostic::{Color, Finding, render};
use mechfit::model::{Loaded, Rate, language};

fn root(relative: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(relative)
}

fn files_in(folder: &Path, ending: &str) -> Vec<PathBuf> {
    let mut list: Vec<PathBuf> = std::fs::read_dir(folder)
        .unwrap()
        .map(|e| e.unwrap().path())
        .filter(|p| p.extension().is_some_and(|e| e == ending))
        .collect();
    list.sort();
    list
}

fn shown(findings: &[Finding]) -> String {
    let list: Vec<String> = findings.iter().map(|f| render(f, Color::Never)).collect();
    list.join("\n\n")
}

fn loaded(path: &Path, parts: &[PathBuf]) -> Loaded {
    language::load(path, parts).unwrap_or_else(|f| panic!("{}", shown(&f)))
}

#[test]
fn the_base_model_of_the_axis_loads_without_findings() {
    let axis = loaded(&root("models/cxcr4_axis/cxcr4_axis.model"), &[]);
    assert!(axis.findings.is_empty(), "{}", shown(&axis.findings));
    let model = axis.model;
    assert!(model.states.len() >= 9);
    assert_eq!(model.time_unit.as_deref(), Some("h"));
    assert_eq!(model.unit("mfi"), Some("MFI"));
    assert_eq!(model.unit("cxcl12"), Some("ng/mL"));
    assert_eq!(model.unit("apoptosis"), Some("percent"));
    assert_eq!(model.unit("sites"), Some("nM/cell"));
    assert!(
        model
            .states
            .iter()
            .all(|s| matches!(s.rate, Rate::Differential(_)))
    );
    let amd = model.inputs.iter().find(|i| i.id == "amd").unwrap();
    assert_eq!(amd.substance.as_deref(), Some("AMD3100"));
}

#[test]
fn every_part_of_the_axis_fits_over_the_base() {
    let base = root("models/cxcr4_axis/cxcr4_axis.model");
    let parts = files_in(&root("models/cxcr4_axis/parts"), "part");
    assert!(parts.len() >= 2);
    for part in parts {
        let with = loaded(&base, std::slice::from_ref(&part));
        assert_eq!(with.files, [base.clone(), part.clone()]);
        assert_ne!(with.model, loaded(&base, &[]).model, "{}", part.display());
    }
}

/// Every file in `tests/data/wrong`, with what is said about it beside it.
#[test]
fn every_wrong_model_is_refused_with_a_message_that_helps() {
    let files = files_in(Path::new("tests/data/wrong"), "model");
    assert!(files.len() >= 25);
    for path in files {
        let text = match language::load(&path, &[]) {
            Ok(loaded) => {
                assert!(!loaded.findings.is_empty(), "{}", path.display());
                shown(&loaded.findings)
            }
            Err(findings) => shown(&findings),
        };
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        insta::with_settings!({
            snapshot_path => "../data/wrong",
            prepend_module_to_snapshot => false,
            omit_expression => true,
        }, {
            insta::assert_snapshot!(name, text);
        });
    }
}
