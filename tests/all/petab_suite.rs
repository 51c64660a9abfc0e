//! The PEtab test suite and the benchmark problems, read from where they lie; skipped with one line where they are absent.

use std::path::{Path, PathBuf};

use mechfit::diagnostic::{Color, Finding, Severity, render};
use mechfit::math::{Expr, Syntax, parse};
use mechfit::objective::{BuildOptions, Objective, Quantity, Target as _};
use mechfit::problem::Problem;
use mechfit::search::Want;
use rayon::prelude::*;

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

/// Problem, models and objective of a folder.
pub fn open(case: &Path) -> Result<(Problem, Objective), String> {
    let text = |findings: &[Finding]| -> String {
        let errors = findings.iter().filter(|f| f.severity == Severity::Error);
        errors.map(|f| render(f, Color::Never) + "\n").collect()
    };
    let loaded = mechfit::problem::load(case).map_err(|f| text(&f))?;
    let mut models = Vec::new();
    for m in &loaded.problem.models {
        let model = mechfit::model::load(&m.path, &m.language, &m.parts).map_err(|f| text(&f))?;
        models.push(model.model);
    }
    let options = BuildOptions::default();
    let objective = Objective::build(models, &loaded.problem, &options).map_err(|list| {
        let lines: Vec<String> = list.iter().map(ToString::to_string).collect();
        lines.join("\n")
    })?;
    Ok((loaded.problem, objective))
}

/// What a case's solution file gives.
#[derive(Debug, serde::Deserialize)]
struct Solution {
    llh: f64,
    chi2: f64,
    tol_llh: f64,
    tol_chi2: f64,
    tol_simulations: f64,
    simulation_files: Vec<String>,
    unnorm_log_posterior: Option<f64>,
    tol_unnorm_log_posterior: Option<f64>,
}

/// Column `simulation` of a table, with observable and time.
fn simulations(path: &Path) -> Vec<(String, f64, f64)> {
    let text = std::fs::read_to_string(path).unwrap();
    let mut lines = text.lines();
    let header: Vec<&str> = lines.next().unwrap().split('\t').collect();
    let at = |name: &str| header.iter().position(|h| *h == name).unwrap();
    let (observable, time, value) = (at("observableId"), at("time"), at("simulation"));
    lines
        .map(|line| {
            let cells: Vec<&str> = line.split('\t').collect();
            (
                cells[observable].to_string(),
                cells[time].parse().unwrap(),
                cells[value].parse().unwrap(),
            )
        })
        .collect()
}

/// What does not agree with the solution of a case.
fn compare(case: &Path) -> Result<(), String> {
    let (problem, objective) = open(case)?;
    let name = case.file_name().unwrap().to_string_lossy();
    let text = std::fs::read_to_string(case.join(format!("_{name}_solution.yaml"))).unwrap();
    let solution: Solution = serde_saphyr::from_str(&text).unwrap();
    let theta = objective.nominal_point();
    let mut ws = objective.workspace();
    let e = objective
        .evaluate(&theta, objective.data(), Want::Value, &mut ws)
        .map_err(|e| e.to_string())?;
    let mut wrong = Vec::new();
    let mut check = |what: &str, found: f64, expected: f64, tolerance: f64| {
        if (found - expected).abs().partial_cmp(&tolerance) != Some(std::cmp::Ordering::Less) {
            wrong.push(format!("{what}: {found}, expected {expected}"));
        }
    };
    check("llh", -e.parts.nllh, solution.llh, solution.tol_llh);
    check("chi2", e.parts.chi2, solution.chi2, solution.tol_chi2);
    if let (Some(p), Some(tolerance)) = (
        solution.unnorm_log_posterior,
        solution.tol_unnorm_log_posterior,
    ) {
        check(
            "log posterior",
            e.parts.log_prior - e.parts.nllh,
            p,
            tolerance,
        );
    }
    let simulated = objective
        .simulated(&theta, &mut ws)
        .map_err(|e| e.to_string())?;
    let mut expected: Vec<_> = solution
        .simulation_files
        .iter()
        .flat_map(|f| simulations(&case.join(f)))
        .collect();
    for (m, value) in problem.measurements.iter().zip(simulated) {
        let Some(k) = expected
            .iter()
            .position(|(o, t, _)| *o == m.observable && *t == m.time)
        else {
            check(
                &format!("no simulation of {} at {}", m.observable, m.time),
                value,
                f64::NAN,
                0.0,
            );
            continue;
        };
        let (_, _, y) = expected.remove(k);
        let what = format!("{} in `{}` at {}", m.observable, m.experiment, m.time);
        check(&what, value, y, solution.tol_simulations);
    }
    if wrong.is_empty() {
        Ok(())
    } else {
        Err(wrong.join("; "))
    }
}

/// Cases that pass, of those given, as recorded when this test was last changed: fewer is a step back.
const RECORDED: [(&str, usize); 2] = [("petab/v1.0.0", 15), ("petab/v2.0.0", 23)];

#[test]
fn the_petab_suite_passes_as_often_as_recorded() {
    let mut table = String::new();
    let mut fell = false;
    for (part, recorded) in RECORDED {
        let Some(folder) = suites(part) else { return };
        let list = cases(&folder);
        let results: Vec<Result<(), String>> = list.par_iter().map(|case| compare(case)).collect();
        let passed = results.iter().filter(|r| r.is_ok()).count();
        table += &format!(
            "{part}: {passed} of {} pass, {recorded} recorded\n",
            list.len()
        );
        for (case, result) in list.iter().zip(&results) {
            if let Err(why) = result {
                table += &format!("  {}: {why}\n", case.file_name().unwrap().to_string_lossy());
            }
        }
        fell |= passed < recorded;
    }
    println!("{table}");
    assert!(!fell, "{table}");
}

#[test]
fn every_expression_of_the_petab_suite_has_its_value() {
    #[derive(serde::Deserialize)]
    struct File {
        cases: Vec<Case>,
    }
    #[derive(serde::Deserialize)]
    struct Case {
        expression: String,
        expected: serde_saphyr::Spanned<String>,
    }
    let Some(folder) = suites("petab/v2.0.0") else {
        return;
    };
    let text = std::fs::read_to_string(folder.join("math_tests.yaml")).unwrap();
    let file: File = serde_saphyr::from_str(&text).unwrap();
    let mut wrong = Vec::new();
    for case in &file.cases {
        let read = |text: &str| parse(text, Syntax::PETAB, 0).map_err(|e| e.to_string());
        let value = |e: &Expr| {
            Quantity::compile(&case.expression, e, &[], &[], &[])
                .map(|q| q.evaluate(&[], &[]).0)
                .map_err(|e| e.to_string())
        };
        let found = read(&case.expression);
        let expected = read(&case.expected.value);
        let good = match (&found, &expected) {
            (Ok(f), Ok(e)) => match (value(f), value(e)) {
                (Ok(f), Ok(e)) => f == e || (f - e).abs() <= 1e-12 * e.abs().max(1.0),
                // With names in it, what is expected is an expression.
                _ => f == e,
            },
            _ => false,
        };
        if !good {
            wrong.push(format!(
                "{}: {found:?}, expected {expected:?}",
                case.expression
            ));
        }
    }
    println!("{} expressions, {} wrong", file.cases.len(), wrong.len());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
