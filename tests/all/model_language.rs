//! The model language: the models of the repository load, wrong files are refused with messages that help.

use std::path::{Path, PathBuf};

use mechfit::diagnostic::{Color, Finding, render};
use mechfit::model::{Loaded, Rate, language};
use mechfit::simulate::{Request, Settings, Show, course};

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

/// A fenced example of the reference: the words behind the fence, and its text.
fn examples() -> Vec<(Vec<String>, String)> {
    let text = std::fs::read_to_string(root("docs/language.md")).unwrap();
    let mut list = Vec::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        if let Some(info) = line.strip_prefix("```") {
            let body: Vec<&str> = lines.by_ref().take_while(|l| *l != "```").collect();
            let info = info.split_whitespace().map(String::from).collect();
            list.push((info, body.join("\n") + "\n"));
        }
    }
    list
}

#[test]
fn every_example_of_the_reference_is_what_it_says() {
    let examples = examples();
    let whole: Vec<(&str, &str)> = examples
        .iter()
        .filter(|(info, _)| matches!(info[0].as_str(), "model" | "part"))
        .map(|(info, body)| (info[1].as_str(), body.as_str()))
        .collect();
    let files = |path: &Path| {
        let found = whole.iter().find(|(name, _)| Path::new(name) == path);
        found
            .map(|(_, body)| body.as_bytes().to_vec())
            .ok_or_else(|| std::io::ErrorKind::NotFound.into())
    };
    let load =
        |name: &str, text: &str, parts: &[PathBuf]| language::load_str(name, text, parts, &files);
    let base = whole[0].1;
    for (info, body) in &examples {
        let result = match info[0].as_str() {
            "model" => load(&info[1], body, &[]),
            "part" => load(&info[2], base, &[PathBuf::from(&info[1])]),
            "statement" => load("turnover.model", &format!("{base}{body}"), &[]),
            // The message of section 7, for the base with a term that lacks its factor.
            "text" => {
                let slip = base.replace("kin - kout*(1 - block)*R", "kin - kout");
                let findings = load("turnover.model", &slip, &[]).unwrap_err();
                assert_eq!(shown(&findings) + "\n", *body);
                continue;
            }
            "wrong" => {
                let findings = load("turnover.model", &format!("{base}{body}"), &[]).unwrap_err();
                assert!(
                    findings.iter().all(|f| f.code == info[1]),
                    "{body}{}",
                    shown(&findings)
                );
                continue;
            }
            _ => continue,
        };
        let loaded = result.unwrap_or_else(|f| panic!("{body}{}", shown(&f)));
        assert!(
            loaded.findings.is_empty(),
            "{body}{}",
            shown(&loaded.findings)
        );
    }
}

/// Codes that the reader of models uses, found in its source and in that of the texts it reads.
#[test]
fn the_reference_lists_every_code() {
    let text = std::fs::read_to_string(root("docs/language.md")).unwrap();
    let of_a_model = |snapshot: &std::path::Path| snapshot.with_extension("model").exists();
    let snapshots = files_in(&root("tests/data/wrong"), "snap");
    assert!(snapshots.iter().any(|s| of_a_model(s)));
    for snapshot in snapshots.into_iter().filter(|s| of_a_model(s)) {
        let shown = std::fs::read_to_string(&snapshot).unwrap();
        for line in shown.lines() {
            let code = line
                .strip_prefix("error[")
                .or_else(|| line.strip_prefix("warning["))
                .and_then(|l| l.split(']').next());
            if let Some(code) = code {
                assert!(text.contains(&format!("`{code}`")), "{code}");
            }
        }
    }
}

#[test]
fn conversions_and_events_give_the_closed_form() {
    let text = r#"
model bolus "first-order loss, a bolus in mass at 24 h, counted falls below a limit"
time h
substance D molar_mass 500 [Da] source "example"
param k  = 2.4 [1/day] "loss"         source "example"
param T  = 1   [day]   "of the bolus" source "example"
param A  = 50  [ng/mL] "bolus"        source "example"
state C = 100 [nM] "drug"
state n = 0 [1]    "falls below 50 nM"
d/dt(C) = -convert(k, 1/h)*C
at convert(T, h) : C = C + convert(A/D.molar_mass, nM)
when C < 50[nM]  : n = n + 1
output mass = convert(C*D.molar_mass, ug/L)
"#;
    let model = language::load_str("bolus.model", text, &[], &language::no_files)
        .unwrap()
        .model;
    assert_eq!(model.states[1].rate, Rate::Discrete);
    let request = Request {
        start: 0.0,
        times: vec![0.0, 12.0, 24.0, 36.0],
        variables: ["C", "n", "mass"]
            .map(|v| (v.to_string(), Show::Named))
            .to_vec(),
        ..Request::default()
    };
    let course = course(model, &request, &Settings::default()).unwrap();
    // 0.1/h; 50 ng/mL of 500 g/mol are 100 nM.
    let at_12 = 100.0 * (-1.2f64).exp();
    let at_24 = 100.0 * (-2.4f64).exp() + 100.0;
    let at_36 = at_24 * (-1.2f64).exp();
    let expected = [
        [100.0, 0.0, 50.0],
        [at_12, 1.0, at_12 / 2.0],
        [at_24, 1.0, at_24 / 2.0],
        [at_36, 2.0, at_36 / 2.0],
    ];
    for (row, wanted) in course.values.chunks(3).zip(expected) {
        for (value, wanted) in row.iter().zip(wanted) {
            assert!(
                (value - wanted).abs() < 1e-5 * (1.0 + wanted),
                "{value} {wanted}"
            );
        }
    }
}
