//! `dose` and what is asked beside it at the command line: intervals of each kind, and questions that are refused.

use std::path::Path;

use serde_json::Value;

use crate::predictions::{decay, estimate, json};
use crate::support::program::{Folder, mechfit, said};

/// `dose` on the decay, whose response falls by half at ln 2/(s·t).
fn dose<'a>(problem: &'a str, experiment: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    let mut list = vec![
        "dose",
        problem,
        "--input",
        "d",
        "--range",
        "0.1nM:100nM:31",
        "--observable",
        "left",
        "--experiment",
        experiment,
        "--time",
        "5",
    ];
    list.extend(more);
    list
}

/// Gives the slope of the decay a prior: a factor of e^(±0.5) about 0.05.
fn with_prior(folder: &Folder) {
    let path = folder.path().join("parameters.tsv");
    let text = std::fs::read_to_string(&path).unwrap();
    let text = text
        .replace(
            "scale\tunit\n",
            "scale\tunit\tpriorDistribution\tpriorParameters\n",
        )
        .replace("\tlog10\tnM\n", "\tlog10\tnM\t\t\n")
        .replace("\tlog10\t1/h\n", "\tlog10\t1/h\t\t\n")
        .replace(
            "\tlog10\t1/(nM*h)\n",
            "\tlog10\t1/(nM*h)\tlog-normal\t-2.9957;0.5\n",
        );
    std::fs::write(path, text).unwrap();
}

/// The interval of a method of an estimate.
fn interval(estimate: &Value, method: &str) -> (f64, f64) {
    let of = |v: &Value| (v["lower"].as_f64().unwrap(), v["upper"].as_f64().unwrap());
    if estimate["method"] == method {
        return of(estimate);
    }
    let others = estimate["others"].as_array().unwrap();
    of(others.iter().find(|i| i["method"] == method).unwrap())
}

fn near(value: f64, expected: f64, tolerance: f64) {
    assert!(
        (value - expected).abs() <= tolerance * expected.abs(),
        "{value} for {expected}"
    );
}

#[test]
fn intervals_of_a_dose_by_replicates_profile_and_priors_stand_side_by_side() {
    let folder = Folder::new("dose-kinds");
    let problem = decay(&folder);
    with_prior(&folder);
    let p = problem.as_str();
    let results = folder.path().join("results");
    let kinds = ["--intervals", "bootstrap,profile,prior", "--samples", "200"];
    let out = mechfit(&dose(p, "dosed", &kinds));
    let text = said(&out);
    assert_eq!(out.status.code(), Some(0), "{text}");
    assert!(text.contains("intervals of each kind"), "{text}");
    for heading in ["profile", "bootstrap", "Fisher t", "prior"] {
        assert!(text.contains(heading), "{heading}: {text}");
    }
    // The slope of an exponential fall is ln 81/ln(ln 10/ln(10/9)) = 1.4247 whatever the parameters are.
    let slope = |text: &str| {
        text.lines()
            .filter(|l| l.contains("Hill slope"))
            .map(str::to_owned)
            .collect::<Vec<_>>()
            .join("\n")
    };
    let fixed = slope(&text);
    assert!(
        fixed.contains("1.425 ") && fixed.contains("fixed by the model"),
        "{fixed}"
    );
    assert!(!fixed.contains("1.4247"), "{fixed}");
    let shown = String::from_utf8_lossy(&out.stdout);
    assert!(
        shown
            .lines()
            .all(|l| l.chars().count() <= 100 || l.starts_with("next: ")),
        "{shown}"
    );
    let document = json(&results.join("dose.json"));
    assert_eq!(document["prior_draws"], 200);
    let half = &document["summary"]["absolute"]["ec50"];
    // ln 2/(s·t) falls as s grows: the ends of the profile of s, the other way round.
    let out = mechfit(&["profile", p, "--parameter", "s", "--quiet"]);
    assert_eq!(out.status.code(), Some(0), "{}", said(&out));
    let of_s = &json(&results.join("profile.json"))["parameters"][0]["interval"];
    let dose_of = |s: f64| 2f64.ln() / (5.0 * s);
    near(
        half["value"].as_f64().unwrap(),
        dose_of(estimate(&results, "s")),
        1e-6,
    );
    let (lower, upper) = interval(half, "profile");
    near(lower, dose_of(of_s["upper"].as_f64().unwrap()), 1e-5);
    near(upper, dose_of(of_s["lower"].as_f64().unwrap()), 1e-5);
    // 200 draws of the prior: its ends are the quantiles of 0.05·e^(0.5 z) within their Monte-Carlo error.
    let (lower, upper) = interval(half, "prior");
    near(lower, dose_of(0.05 * (0.5 * 1.96f64).exp()), 0.3);
    near(upper, dose_of(0.05 * (-0.5 * 1.96f64).exp()), 0.3);
    // What the data say lies within what was known before.
    let (a, b) = interval(half, "percentile");
    assert!(lower < a && b < upper, "{a} {b}");
    // The page shows them as well.
    let out = mechfit(&["report", p, "--format", "md"]);
    assert_eq!(out.status.code(), Some(0), "{}", said(&out));
    let page = std::fs::read_to_string(results.join("report.md")).unwrap();
    assert!(page.contains("intervals of each kind"));
    assert!(slope(&page).contains("fixed by the model"), "{page}");
    assert!(!slope(&page).contains("1.4247"), "{page}");
    // Doses of a share of the full effect stand beside those of the drug's own.
    assert!(page.contains("IC50 towards 0"), "{page}");
    // Going on with the profiles that are done gives the same.
    let again = mechfit(&dose(
        p,
        "dosed",
        &[&kinds[..], &["--resume", "--json"]].concat(),
    ));
    let mut again: Value = serde_json::from_slice(&again.stdout).unwrap();
    let mut first = document.clone();
    for d in [&mut again, &mut first] {
        d.as_object_mut().unwrap().remove("provenance");
    }
    assert_eq!(again, first);
}

#[test]
fn a_fold_shift_has_the_kinds_of_intervals_of_its_curves_and_files_of_its_own() {
    let folder = Folder::new("dose-shift");
    let problem = decay(&folder);
    with_prior(&folder);
    let p = problem.as_str();
    let results = folder.path().join("results");
    let more = [
        "--against",
        "control",
        "--id",
        "x",
        "--intervals",
        "profile,prior",
        "--samples",
        "50",
        "--quiet",
    ];
    let out = mechfit(&dose(p, "dosed", &more));
    assert_eq!(out.status.code(), Some(0), "{}", said(&out));
    let shifts = json(&results.join("shifts_x_against_control.json"));
    let ec50 = &shifts["shifts"][0]["ec50"];
    assert_eq!(shifts["shifts"][0]["input"], "d");
    // The input does the same in either arm, whatever the parameters.
    for method in ["fisher", "prior"] {
        let (a, b) = interval(ec50, method);
        assert!((a - 1.0).abs() < 1e-5 && (b - 1.0).abs() < 1e-5, "{a} {b}");
    }
    for name in [
        "dose_x",
        "dose_x_against_control",
        "shifts_x_against_control",
    ] {
        for kind in ["json", "tsv", "svg"] {
            assert!(
                results.join(format!("{name}.{kind}")).exists(),
                "{name}.{kind}"
            );
        }
    }
}

#[test]
fn questions_that_contradict_themselves_are_refused_before_a_fit() {
    let folder = Folder::new("dose-refused");
    let problem = decay(&folder);
    let p = problem.as_str();
    let refuse = |arguments: &[&str], code: i32, part: &str| {
        let out = mechfit(arguments);
        let text = said(&out);
        assert_eq!(out.status.code(), Some(code), "{arguments:?}: {text}");
        assert!(text.contains(part), "{arguments:?}: {text}");
        let results = folder.path().join("results/result.json");
        assert!(!results.exists(), "{arguments:?} fitted before it looked");
    };
    refuse(
        &dose(p, "dosed", &["--against", "dosed"]),
        2,
        "compared with itself",
    );
    refuse(
        &dose(p, "dosed", &["--intervals", "prior"]),
        2,
        "no estimated parameter has a prior",
    );
    refuse(&dose(p, "dosed", &["--intervals", "none"]), 2, "profile");
    let predict = |more: &[&'static str]| -> Vec<&str> {
        let mut list = vec!["predict", p, "--prediction", "left@dosed@5"];
        list.extend(more);
        list
    };
    for (more, code, part) in [
        (
            &["--vary", "k=uniform(1,2)", "--vary", "k=normal(1,2)"][..],
            2,
            "`k` is given two distributions",
        ),
        (&["--vary", "kk=uniform(1,2)"], 3, "`kk` is not an input"),
        (&["--vary", "d*=uniform(1,2)"], 3, "`d` is not estimated"),
        (
            &["--vary", "k=uniform(1,2)", "--times", "1,2"],
            2,
            "cannot be used with",
        ),
        (&["--members", "64"], 2, "--vary"),
        (&["--id", "x"], 2, "--vary"),
        (&["--prediction", "left@dosed@5*kk"], 3, "kk"),
    ] {
        refuse(&predict(more), code, part);
    }
    refuse(
        &["design", p, "--dose", "d:1:2"],
        2,
        "write INPUT=LO:HI[:N]",
    );
    refuse(
        &[
            "combine",
            p,
            "--inputs",
            "d,d",
            "--range-a",
            "1:10",
            "--range-b",
            "1:10",
            "--observable",
            "left",
            "--experiment",
            "dosed",
            "--time",
            "5",
            "--response",
            "viability",
        ],
        2,
        "`d` is given twice",
    );
}

/// What a run says of a plan, and that it fitted nothing.
fn refused(folder: &Path, problem: &str, plan: &str, part: &str) {
    std::fs::write(folder.join("plan.json"), plan).unwrap();
    let out = mechfit(&["run", problem]);
    let text = said(&out);
    assert!(
        matches!(out.status.code(), Some(2 | 3)),
        "{plan}: {:?} {text}",
        out.status
    );
    assert!(text.contains(part), "{plan}: {text}");
    assert!(
        !folder.join("results/result.json").exists(),
        "{plan}: fitted before it looked"
    );
}

#[test]
fn a_plan_is_read_to_its_end_before_anything_is_computed() {
    let folder = Folder::new("plan-refused");
    let problem = decay(&folder);
    let (at, p) = (folder.path(), problem.as_str());
    let curve = |id: &str| {
        format!(
            r#"{{"id": "{id}", "input": "d", "range": "1:10", "observable": "left", "experiment": "dosed", "time": 5}}"#
        )
    };
    let pair = |inputs: &str, response: &str| {
        format!(
            r#"{{"combinations": [{{"id": "c", "inputs": {inputs}, "range_a": "1:10", "range_b": "1:10", "observable": "left", "experiment": "dosed", "time": 5, "response": "{response}"}}]}}"#
        )
    };
    let population = |vary: &str| {
        format!(
            r#"{{"populations": [{{"id": "p", "expression": "left@dosed@5", "vary": {vary}}}]}}"#
        )
    };
    for (plan, part) in [
        (
            r#"{"gates": [{"require": "conveged"}]}"#.to_string(),
            "did you mean `converged`",
        ),
        (
            r#"{"gates": [{"require": "dof >"}]}"#.into(),
            "cannot be read",
        ),
        (
            r#"{"courses": {"start": 24, "end": 12}}"#.into(),
            "cannot go from 24 to 12",
        ),
        (
            r#"{"courses": {"start": 100}}"#.into(),
            "cannot go from 100 to 72",
        ),
        (pair(r#"["d", "d"]"#, "viability"), "`d` is given twice"),
        (pair(r#"["d", "e"]"#, "viability"), "`e` is not an input"),
        (population(r#"["kk=uniform(1,2)"]"#), "`kk` is not an input"),
        (
            population(r#"["k=uniform(1,2)", "k*=uniform(1,2)"]"#),
            "two distributions",
        ),
        (
            r#"{"predictions": [{"id": "a", "expression": "left@dosed@5/kk"}]}"#.into(),
            "kk",
        ),
        (
            r#"{"predictions": [{"id": "a", "expression": "left@dosed@5", "with": {"kk": 1}}]}"#
                .into(),
            "kk",
        ),
        (
            format!(r#"{{"doses": [{}, {}]}}"#, curve("x"), curve("x")),
            "two dose-responses are named `x`",
        ),
        (format!(r#"{{"doses": [{}]}}"#, curve("../x")), "is no name"),
        (
            r#"{"profile": {"parameters": ["kk"]}}"#.into(),
            "`kk` is not an estimated parameter",
        ),
    ] {
        refused(at, p, &plan, part);
    }
}

#[test]
fn each_figure_of_a_run_is_one_file() {
    let folder = Folder::new("one-figure");
    let problem = decay(&folder);
    let curve = |id: &str, experiment: &str, range: &str| {
        format!(
            r#"{{"id": "{id}", "input": "d", "range": "{range}", "observable": "left", "experiment": "{experiment}", "time": 5}}"#
        )
    };
    let plan = format!(
        r#"{{"fit": {{"starts": 3}}, "bootstrap": {{"samples": 40}}, "profile": {{"parameters": ["k"]}}, "doses": [{}, {}, {}]}}"#,
        curve("a", "dosed", "1:10:5"),
        curve("b", "control", "1:10:5"),
        curve("c", "dosed", "1:100:5"),
    );
    std::fs::write(folder.path().join("plan.json"), plan).unwrap();
    let out = mechfit(&["run", &problem, "--quiet"]);
    assert_eq!(out.status.code(), Some(0), "{}", said(&out));
    let results = folder.path().join("results");
    let mut figures: Vec<(String, String)> = std::fs::read_dir(&results)
        .unwrap()
        .map(|e| e.unwrap().path())
        .filter(|p| p.extension().is_some_and(|e| e == "svg"))
        .map(|p| {
            let name = p.file_name().unwrap().to_string_lossy().into_owned();
            (std::fs::read_to_string(p).unwrap(), name)
        })
        .collect();
    figures.sort();
    for pair in figures.windows(2) {
        assert!(pair[0].0 != pair[1].0, "{} is {}", pair[0].1, pair[1].1);
    }
    let names: Vec<&str> = figures.iter().map(|(_, n)| n.as_str()).collect();
    for name in [
        "courses.svg",
        "profile.svg",
        "dose_a.svg",
        "shifts.svg",
        "fit.svg",
    ] {
        assert!(names.contains(&name), "{name} of {names:?}");
    }
    for twin in ["course-left.svg", "profiles.svg", "dose-d-left.svg"] {
        assert!(!names.contains(&twin), "{twin}");
    }
    // A curve has no shift against itself over another range.
    let shifts = json(&results.join("shifts.json"));
    let pairs: Vec<(&str, &str)> = shifts["shifts"]
        .as_array()
        .unwrap()
        .iter()
        .map(|s| (s["from"].as_str().unwrap(), s["to"].as_str().unwrap()))
        .collect();
    assert!(pairs.iter().all(|(a, b)| a != b), "{pairs:?}");
}
