//! `predict`, `sensitivity`, `design`, `dose` and `combine` at the command line, on a model with closed forms.

use std::path::Path;

use crate::support::program::{Folder, mechfit, said};

/// An exponential decay with a dose that adds to its rate: `x = x0·e^(−(k + s·d)·t)`, measured in two arms.
pub fn decay(folder: &Folder) -> String {
    let files = [
        (
            "decay.model",
            "model decay \"decay\"\ntime h\n\ninput d = 0 [nM] \"drug\"\n\nparam x0 = 10 [nM] \"start\" source \"test\"\nparam k = 0.1 [1/h] \"rate\" source \"test\"\nparam s = 0.05 [1/(nM*h)] \"slope\" source \"test\"\n\nstate x = x0 [nM] \"amount\"\nd/dt(x) = -(k + s*d)*x\noutput left = x [nM] \"left\"\n",
        ),
        (
            "problem.yaml",
            "format_version: 2.0.0\nextensions:\n  mechfit:\n    version: 1.0.0\n    required: true\nmodel_files:\n  decay:\n    location: decay.model\n    language: mechfit\nparameter_files: [parameters.tsv]\ncondition_files: [conditions.tsv]\nexperiment_files: [experiments.tsv]\nobservable_files: [observables.tsv]\nmeasurement_files: [measurements.tsv]\n",
        ),
        (
            "parameters.tsv",
            "parameterId\tlowerBound\tupperBound\tnominalValue\testimate\tscale\tunit\nx0\t1\t100\t10\ttrue\tlog10\tnM\nk\t0.01\t1\t0.1\ttrue\tlog10\t1/h\ns\t0.001\t1\t0.05\ttrue\tlog10\t1/(nM*h)\n",
        ),
        (
            "conditions.tsv",
            "conditionId\ttargetId\ttargetValue\ndrug\td\t2\n",
        ),
        (
            "experiments.tsv",
            "experimentId\ttime\tconditionId\ncontrol\t0\t\ndosed\t0\tdrug\n",
        ),
        (
            "observables.tsv",
            "observableId\tobservableFormula\tnoiseFormula\tnoisePlaceholders\tunit\tnoise\nleft\tleft\tse\tse\tnM\tknown_sd\n",
        ),
        (
            "measurements.tsv",
            "observableId\texperimentId\ttime\tmeasurement\tsd\tsdKind\tn\tstatistic\nleft\tcontrol\t0\t10.2\t0.6\tsd\t6\tmean\nleft\tcontrol\t5\t6.0\t0.5\tsd\t6\tmean\nleft\tcontrol\t10\t3.7\t0.4\tsd\t6\tmean\nleft\tdosed\t5\t3.7\t0.4\tsd\t6\tmean\nleft\tdosed\t10\t1.3\t0.2\tsd\t6\tmean\n",
        ),
        ("plan.json", "{\"fit\": {\"starts\": 3}}\n"),
    ];
    for (name, text) in files {
        std::fs::write(folder.path().join(name), text).unwrap();
    }
    folder.text().to_string()
}

pub fn json(path: &Path) -> serde_json::Value {
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// Estimate of a parameter in `result.json`.
pub fn estimate(results: &Path, id: &str) -> f64 {
    let fit = json(&results.join("result.json"));
    let list = fit["estimates"].as_array().unwrap();
    list.iter().find(|e| e["id"] == id).unwrap()["value"]
        .as_f64()
        .unwrap()
}

#[test]
fn predictions_fall_back_to_the_linearised_fit_and_then_follow_the_bootstrap() {
    let folder = Folder::new("predict");
    let problem = decay(&folder);
    let results = folder.path().join("results");
    let ask = [
        "predict",
        &problem,
        "--prediction",
        "left@dosed@20",
        "--prediction",
        "auc(left@control@0:10)",
        "--times",
        "0:20:4",
    ];
    let out = mechfit(&ask);
    assert_eq!(out.status.code(), Some(0), "{}", said(&out));
    let text = said(&out);
    assert!(
        text.contains("no bootstrap") && text.contains("linearised"),
        "{text}"
    );
    assert!(text.contains("next: mechfit bootstrap"), "{text}");
    assert!(
        text.lines()
            // The next step names the folder, whose name is as long as it is.
            .all(|l| l.chars().count() <= 100
                || l.starts_with("there is")
                || l.starts_with("next: ")),
        "{text}"
    );
    let [x0, k, s] = ["x0", "k", "s"].map(|id| estimate(&results, id));
    let predict = json(&results.join("predict.json"));
    let list = predict["predictions"].as_array().unwrap();
    let value = list[0]["value"].as_f64().unwrap();
    let expected = x0 * (-(k + 2.0 * s) * 20.0).exp();
    assert!((value / expected - 1.0).abs() < 1e-6, "{value} {expected}");
    assert_eq!(list[0]["method"], "fisher");
    assert_eq!(list[0]["unit"], "nM");
    let area = list[1]["value"].as_f64().unwrap();
    assert!((area / (x0 / k * (1.0 - (-10.0 * k).exp())) - 1.0).abs() < 1e-6);
    assert_eq!(list[1]["unit"], "nM*h");
    let courses = json(&results.join("courses.json"));
    assert_eq!(courses["method"], "fisher");
    let control = &courses["courses"][0];
    assert_eq!(control["times"].as_array().unwrap().len(), 5);
    for (i, t) in [0.0, 5.0, 10.0, 15.0, 20.0].iter().enumerate() {
        let v = control["band"]["value"][i].as_f64().unwrap();
        assert!((v / (x0 * (-k * t).exp()) - 1.0).abs() < 1e-6);
        let outer = control["band"]["simultaneous_upper"][i].as_f64().unwrap();
        assert!(outer > control["band"]["upper"][i].as_f64().unwrap());
    }
    for file in ["courses.tsv", "courses.svg", "predict.tsv", "predict.svg"] {
        assert!(results.join(file).exists(), "{file}");
    }
    // With replicates of this fit in the folder the same question is answered from them.
    let out = mechfit(&["bootstrap", &problem, "--samples", "60", "--quiet"]);
    assert_eq!(out.status.code(), Some(0), "{}", said(&out));
    let out = mechfit(&ask);
    let text = said(&out);
    assert!(
        text.contains("60 replicates") && !text.contains("linearised"),
        "{text}"
    );
    let predict = json(&results.join("predict.json"));
    assert_eq!(predict["predictions"][0]["method"], "percentile");
    assert_eq!(predict["replicates"], 60);
    // A changed table makes them someone else's.
    let table = folder.path().join("measurements.tsv");
    let text = std::fs::read_to_string(&table).unwrap();
    std::fs::write(&table, text.replacen("10.2", "10.4", 1)).unwrap();
    let text = said(&mechfit(&ask));
    assert!(
        text.contains("the problem of the bootstrap in this folder differ"),
        "{text}"
    );
}

#[test]
fn wrong_names_and_expressions_end_in_exit_3_with_a_remedy() {
    let folder = Folder::new("predict-wrong");
    let problem = decay(&folder);
    let p = problem.as_str();
    let dose = |input: &'static str, observable: &'static str, experiment: &'static str| {
        vec![
            "dose",
            p,
            "--input",
            input,
            "--range",
            "1:10",
            "--observable",
            observable,
            "--experiment",
            experiment,
            "--time",
            "5",
        ]
    };
    let cases: Vec<(Vec<&str>, &str)> = vec![
        (
            vec!["predict", p, "--prediction", "lefd@dosed@5"],
            "did you mean `left`",
        ),
        (
            vec!["predict", p, "--prediction", "left@dosd@5"],
            "did you mean `dosed`",
        ),
        (
            vec!["predict", p, "--prediction", "left@dosed@0:5"],
            "max(left@dosed@0:5)",
        ),
        (
            vec!["predict", p, "--prediction", "left@dosed@5 +"],
            "help:",
        ),
        (
            vec!["predict", p, "--observable", "lef"],
            "did you mean `left`",
        ),
        (
            vec!["predict", p, "--experiment", "contrl"],
            "did you mean `control`",
        ),
        (
            vec!["sensitivity", p, "--prediction", "left@nowhere@5"],
            "control, dosed",
        ),
        (
            vec![
                "sensitivity",
                p,
                "--prediction",
                "left@dosed@5",
                "--parameter",
                "kk",
            ],
            "`kk` is not an estimated parameter",
        ),
        (
            vec!["design", p, "--target", "lefd@dosed@5"],
            "did you mean `left`",
        ),
        (
            vec!["design", p, "--observable", "lefd"],
            "did you mean `left`",
        ),
        (dose("dd", "left", "dosed"), "`dd` is not an input"),
        (dose("k", "left", "dosed"), "parameter table"),
        (dose("d", "lefd", "dosed"), "did you mean `left`"),
        (dose("d", "left", "dosd"), "did you mean `dosed`"),
    ];
    for (arguments, part) in cases {
        let out = mechfit(&arguments);
        let text = said(&out);
        assert_eq!(out.status.code(), Some(3), "{arguments:?}: {text}");
        assert!(text.contains(part), "{arguments:?}: {text}");
        assert!(
            text.contains("help:") || text.contains("did you mean"),
            "{text}"
        );
        assert!(
            !folder.path().join("results").exists(),
            "{arguments:?} fitted before it looked"
        );
    }
    let cases: Vec<(Vec<&str>, &str)> = vec![
        (vec!["predict", p, "--times", "24,12"], "0:72"),
        (
            vec!["predict", p, "--vary", "k=normal(1,2)"],
            "--prediction",
        ),
        (
            vec![
                "predict",
                p,
                "--prediction",
                "left@dosed@5",
                "--vary",
                "k=weibull(1,2)",
            ],
            "lognormal",
        ),
        (vec!["sensitivity", p], "--prediction"),
        (vec!["design", p, "--n", "1"], "2"),
        (vec!["dose", p, "--id", "../x"], "letters"),
    ];
    for (arguments, part) in cases {
        let out = mechfit(&arguments);
        let text = said(&out);
        assert_eq!(out.status.code(), Some(2), "{arguments:?}: {text}");
        assert!(text.contains(part), "{arguments:?}: {text}");
    }
}

#[test]
fn sensitivities_and_designs_of_the_decay_are_what_its_formula_says() {
    let folder = Folder::new("design");
    let problem = decay(&folder);
    let results = folder.path().join("results");
    let out = mechfit(&[
        "sensitivity",
        &problem,
        "--prediction",
        "left@control@20",
        "--samples",
        "4096",
    ]);
    assert_eq!(out.status.code(), Some(0), "{}", said(&out));
    assert!(
        said(&out).contains("next: mechfit design"),
        "{}",
        said(&out)
    );
    let [x0, k] = ["x0", "k"].map(|id| estimate(&results, id));
    let document = json(&results.join("sensitivity.json"));
    let local = document["local"].as_array().unwrap();
    let of = |id: &str, key: &str| {
        local.iter().find(|l| l["id"] == id).unwrap()[key]
            .as_f64()
            .unwrap()
    };
    // x = x0·e^(−kt): elasticities 1 and −kt; the slope on the dose plays no part.
    let x = x0 * (-20.0 * k).exp();
    assert!((of("x0", "elasticity") - 1.0).abs() < 1e-6);
    assert!((of("k", "elasticity") + 20.0 * k).abs() < 1e-6);
    assert!((of("k", "by_log") + 20.0 * k * x).abs() < 1e-6 * x);
    assert!(of("s", "by_log").abs() < 1e-9);
    let sobol = document["sobol"].as_array().unwrap();
    let total = |id: &str| {
        sobol.iter().find(|l| l["id"] == id).unwrap()["total"]["value"]
            .as_f64()
            .unwrap()
    };
    // A product of independent factors a = x0 and b = e^(−kt): V = E a²·E b² − (E a·E b)², T_a = Var a·E b²/V.
    let over = |f: &dyn Fn(f64) -> f64| -> f64 {
        const N: usize = 20_000;
        (0..N).map(|i| f((i as f64 + 0.5) / N as f64)).sum::<f64>() / N as f64
    };
    let (a, a2) = (
        over(&|u| 10f64.powf(2.0 * u)),
        over(&|u| 10f64.powf(4.0 * u)),
    );
    let rate = |u: f64| (-20.0 * 10f64.powf(-2.0 + 2.0 * u)).exp();
    let (b, b2) = (over(&rate), over(&|u| rate(u).powi(2)));
    let v = a2 * b2 - (a * b).powi(2);
    let (expected_x0, expected_k) = ((a2 - a * a) * b2 / v, (b2 - b * b) * a2 / v);
    assert!(
        (total("x0") - expected_x0).abs() < 0.05,
        "{} {expected_x0}",
        total("x0")
    );
    assert!(
        (total("k") - expected_k).abs() < 0.05,
        "{} {expected_k}",
        total("k")
    );
    assert!(total("s").abs() < 1e-9);
    // What would narrow the amount left at 20 h most is that amount itself, or one near it in the same arm.
    let out = mechfit(&[
        "design",
        &problem,
        "--target",
        "left@control@20",
        "--times",
        "0,10,20",
        "--dose",
        "d=1nM:4nM:2",
    ]);
    assert_eq!(out.status.code(), Some(0), "{}", said(&out));
    let design = json(&results.join("design.json"));
    let best = &design["proposals"][0];
    assert_eq!(best["id"], "left@control@20", "{best}");
    assert_eq!(best["n"], 6);
    let (now, then) = (
        design["upper"].as_f64().unwrap() - design["lower"].as_f64().unwrap(),
        best["expected_upper"].as_f64().unwrap() - best["expected_lower"].as_f64().unwrap(),
    );
    assert!(then < now);
    assert!(best["error_ratio"].as_f64().unwrap() < 1.0);
    let ids: Vec<&str> = design["proposals"]
        .as_array()
        .unwrap()
        .iter()
        .map(|p| p["id"].as_str().unwrap())
        .collect();
    assert!(ids.contains(&"left@dosed@10 with d 4.00 nM"), "{ids:?}");
    let text = said(&mechfit(&["design", &problem]));
    assert!(text.contains("D-optimal"), "{text}");
}

#[test]
fn a_population_and_a_fold_shift_are_written_and_the_report_reads_them_back() {
    let folder = Folder::new("readback");
    let problem = decay(&folder);
    let p = problem.as_str();
    let results = folder.path().join("results");
    for arguments in [
        vec!["bootstrap", p, "--samples", "40"],
        vec!["predict", p],
        vec!["predict", p, "--prediction", "left@dosed@5"],
        vec![
            "predict",
            p,
            "--prediction",
            "left@control@10",
            "--vary",
            "x0*=lognormal(2,0.5)",
            "--id",
            "twice",
        ],
        vec![
            "dose",
            p,
            "--input",
            "d",
            "--range",
            "1nM:100nM:9",
            "--observable",
            "left",
            "--experiment",
            "dosed",
            "--time",
            "5",
            "--against",
            "control",
            "--summary",
            "value",
        ],
        vec![
            "sensitivity",
            p,
            "--prediction",
            "left@dosed@5",
            "--samples",
            "64",
        ],
        vec!["design", p, "--target", "left@dosed@5"],
        vec!["profile", p, "--parameter", "k"],
    ] {
        let out = mechfit(&[&arguments[..], &["--quiet"]].concat());
        assert_eq!(out.status.code(), Some(0), "{arguments:?}: {}", said(&out));
    }
    let people = json(&results.join("population_twice.json"));
    let mean = people["populations"][0]["mean"]["value"].as_f64().unwrap();
    let [x0, k] = ["x0", "k"].map(|id| estimate(&results, id));
    assert!(
        (mean / (2.0 * x0 * (-10.0 * k).exp()) - 1.0).abs() < 0.01,
        "{mean}"
    );
    // Both arms have the same curve: the input does the same in either.
    let shift = &json(&results.join("shifts_against_control.json"))["shifts"][0]["ec50"];
    assert!(
        (shift["value"].as_f64().unwrap() - 1.0).abs() < 1e-6,
        "{shift}"
    );
    // EC50 of the fall towards 0: ln 2/(s·t).
    let dose = json(&results.join("dose.json"));
    let s = estimate(&results, "s");
    let ec50 = dose["summary"]["absolute"]["ec50"]["value"]
        .as_f64()
        .unwrap();
    assert!(
        (ec50 / (2f64.ln() / (5.0 * s)) - 1.0).abs() < 1e-5,
        "{ec50}"
    );
    for (format, file) in [("html", "report.html"), ("md", "report.md")] {
        let out = mechfit(&["report", p, "--format", format]);
        assert_eq!(out.status.code(), Some(0), "{}", said(&out));
        assert!(!said(&out).contains("left out"), "{}", said(&out));
        let page = std::fs::read_to_string(results.join(file)).unwrap();
        for heading in [
            "Time courses",
            "Predictions",
            "Dose and response",
            "Populations",
            "What the predictions depend on",
            "What to measure next",
            "Profiles",
            "Bootstrap",
        ] {
            assert!(page.contains(heading), "{file}: {heading}");
        }
    }
    // What was made from other inputs is not shown as if it were of these.
    let table = folder.path().join("measurements.tsv");
    let text = std::fs::read_to_string(&table).unwrap();
    std::fs::write(&table, text.replacen("10.2", "10.4", 1)).unwrap();
    let out = mechfit(&["fit", p, "--quiet"]);
    assert_eq!(out.status.code(), Some(0), "{}", said(&out));
    let text = said(&mechfit(&["report", p]));
    assert!(text.contains("dose.json is left out"), "{text}");
    let page = std::fs::read_to_string(results.join("report.html")).unwrap();
    assert!(!page.contains("Dose and response"));
}

#[test]
fn two_results_differ_by_what_was_changed_and_no_more() {
    let folder = Folder::new("diff");
    let problem = decay(&folder);
    let [one, same, other] =
        ["one", "same", "other"].map(|n| folder.path().join(n).to_str().unwrap().to_string());
    for out in [&one, &same] {
        let done = mechfit(&["fit", &problem, "--out", out, "--quiet"]);
        assert_eq!(done.status.code(), Some(0), "{}", said(&done));
    }
    let out = mechfit(&["diff", &one, &same]);
    assert_eq!(out.status.code(), Some(0));
    assert!(said(&out).contains("nothing differs"), "{}", said(&out));
    let table = folder.path().join("measurements.tsv");
    let text = std::fs::read_to_string(&table).unwrap();
    std::fs::write(&table, text.replacen("10.2", "11.2", 1)).unwrap();
    mechfit(&["fit", &problem, "--out", &other, "--quiet"]);
    let out = mechfit(&["diff", &one, &other, "--json"]);
    let d: serde_json::Value = serde_json::from_slice(&out.stdout).unwrap();
    assert_eq!(d["same"], false);
    let names = |key: &str, field: &str| -> Vec<String> {
        let list = d[key].as_array().unwrap();
        list.iter()
            .map(|c| c[field].as_str().unwrap().to_string())
            .collect()
    };
    assert!(
        names("inputs", "what").contains(&"file measurements.tsv".to_string()),
        "{d}"
    );
    assert!(
        !names("inputs", "what")
            .iter()
            .any(|n| n.contains("parameters.tsv")),
        "{d}"
    );
    assert_eq!(names("data", "what"), ["left@control@0.0 measured"]);
    assert!(names("settings", "what").is_empty(), "{d}");
    let moved = d["estimates"].as_array().unwrap();
    let x0 = moved.iter().find(|m| m["id"] == "x0").unwrap();
    let by = x0["in_standard_errors"].as_f64().unwrap();
    // The mean moved by 1 with a standard error of 0.245, and shares the start with four others.
    assert!(by > 0.5 && by < 4.1, "{x0}");
    let text = said(&mechfit(&["diff", &one, &other]));
    assert!(text.contains("moved most is"), "{text}");
    assert!(
        text.lines()
            .all(|l| l.chars().count() <= 100 || l.contains(&one) || l.contains(&other)),
        "{text}"
    );
    let out = mechfit(&["diff", &one, folder.text()]);
    assert_eq!(out.status.code(), Some(3));
    assert!(said(&out).contains("help: fit first"), "{}", said(&out));
}
