//! The study written for other tools by the command, and read again by it.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::support::program::{Folder, ROOT, copy, mechfit};

fn document(arguments: &[&str]) -> Value {
    let out = mechfit(arguments);
    assert!(
        out.status.success(),
        "{arguments:?}: {}",
        String::from_utf8_lossy(&out.stderr)
    );
    serde_json::from_slice(&out.stdout).unwrap()
}

/// Tight enough that what is left is rounding.
const TIGHT: [&str; 4] = ["--rtol", "1e-11", "--atol", "1e-13"];

fn evaluated(problem: &Path, more: &[&str]) -> Value {
    let problem = problem.display().to_string();
    let mut arguments = vec!["evaluate", &problem, "--gradient", "--json"];
    arguments.extend(TIGHT);
    arguments.extend(more);
    document(&arguments)
}

/// The study without the row that PEtab cannot carry, in a folder of its own.
fn study_of_carried_rows(folder: &Folder) -> PathBuf {
    let root = Path::new(ROOT);
    let study = folder.join("fits/wang2020");
    copy(&root.join("models"), &folder.join("models"));
    copy(&root.join("fits/wang2020"), &study);
    let table = study.join("measurements.tsv");
    let text = std::fs::read_to_string(&table).unwrap();
    let kept: Vec<&str> = text.lines().filter(|l| !l.contains("\tleft\t")).collect();
    assert_eq!(text.lines().count(), kept.len() + 1);
    std::fs::write(&table, kept.join("\n") + "\n").unwrap();
    study
}

#[test]
fn the_study_as_petab_has_the_likelihood_of_the_rows_carried() {
    let folder = Folder::new("export-study");
    let expected = evaluated(&study_of_carried_rows(&folder), &[]);
    for to in ["petab1", "petab2"] {
        let out = folder.join(to);
        let exported = document(&[
            "export",
            "fits/wang2020",
            "--to",
            to,
            "--out",
            &out.display().to_string(),
            "--json",
        ]);
        let left_out = exported["left_out"].as_array().unwrap();
        let says = |text: &str| left_out.iter().any(|l| l.as_str().unwrap().contains(text));
        assert!(says("row 7: `cxcl12` in `alone` is censored") && says("the relations `sep`"));
        let list = std::fs::read_to_string(out.join("not_carried.txt")).unwrap();
        assert_eq!(list.lines().count(), left_out.len());
        let found = evaluated(&out, &[]);
        assert_eq!(found["n_data"], 13);
        let (a, b) = (
            expected["nllh"].as_f64().unwrap(),
            found["nllh"].as_f64().unwrap(),
        );
        assert!((a - b).abs() <= 1e-9, "{to}: {a} and {b}");
        let chi2 = |d: &Value| d["chi2"].as_f64().unwrap();
        assert!((chi2(&expected) - chi2(&found)).abs() <= 1e-9 * chi2(&expected));
    }
}

#[test]
fn exact_summaries_go_out_as_replicates_with_the_same_likelihood() {
    let folder = Folder::new("export-exact");
    let study = study_of_carried_rows(&folder);
    let expected = evaluated(&study, &["--scenario", "exact"]);
    let out = folder.join("petab");
    let exported = document(&[
        "export",
        &study.display().to_string(),
        "--to",
        "petab2",
        "--scenario",
        "exact",
        "--out",
        &out.display().to_string(),
        "--json",
    ]);
    assert_eq!(exported["status"], "ok");
    // The likelihood of a summary has its σ at the optimum: σ̂² = ((n−1)s² + n(m−f)²)/n.
    let simulations = folder.join("simulations.tsv");
    evaluated(&out, &["--simulations", &simulations.display().to_string()]);
    let table = |path: &Path| -> Vec<Vec<String>> {
        let text = std::fs::read_to_string(path).unwrap();
        text.lines()
            .map(|l| l.split('\t').map(str::to_string).collect())
            .collect()
    };
    let column = |rows: &[Vec<String>], name: &str| rows[0].iter().position(|c| c == name).unwrap();
    let rows = table(&out.join("measurements.tsv"));
    let simulated = table(&simulations);
    let (m, sigma) = (
        column(&rows, "measurement"),
        column(&rows, "noiseParameters"),
    );
    let s = column(&simulated, "simulation");
    let mut squares: std::collections::BTreeMap<String, (f64, f64)> = Default::default();
    for (row, f) in rows.iter().zip(&simulated).skip(1) {
        if row[sigma].parse::<f64>().is_ok() {
            continue; // A standard error without n stays one row.
        }
        let d = row[m].parse::<f64>().unwrap() - f[s].parse::<f64>().unwrap();
        let sum = squares.entry(row[sigma].clone()).or_default();
        *sum = (sum.0 + d * d, sum.1 + 1.0);
    }
    assert_eq!(squares.len(), 12);
    let values: Vec<String> = squares
        .iter()
        .map(|(id, (sum, n))| format!("{id}={}", (sum / n).sqrt()))
        .collect();
    let mut more = Vec::new();
    for v in &values {
        more.extend(["--set", v.as_str()]);
    }
    let found = evaluated(&out, &more);
    let (a, b) = (
        expected["nllh"].as_f64().unwrap(),
        found["nllh"].as_f64().unwrap(),
    );
    assert!((a - b).abs() <= 1e-9 * a.abs(), "{a} and {b}");
}

#[test]
fn an_export_over_the_study_itself_is_refused() {
    let folder = Folder::new("export-over");
    let study = study_of_carried_rows(&folder);
    let before = std::fs::read(study.join("problem.yaml")).unwrap();
    let path = study.display().to_string();
    let out = mechfit(&["export", &path, "--to", "petab2", "--out", &path]);
    assert_eq!(out.status.code(), Some(2));
    assert_eq!(std::fs::read(study.join("problem.yaml")).unwrap(), before);
    let out = mechfit(&["export", &path, "--to", "sbml"]);
    assert_eq!(out.status.code(), Some(2));
}
