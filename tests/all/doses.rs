//! Dose tables as pharmacometric programs write them, against closed forms of one compartment.

use std::path::{Path, PathBuf};

use mechfit::objective::{BuildOptions, Objective, Target as _};
use mechfit::problem;
use mechfit::search::Want;

/// Elimination of the compartment, 1/h.
const K: f64 = 0.1;

/// A study of one compartment, `dC/dt = rate − k·C` from `C = 1`, with a table of doses and the times looked at in each
/// experiment; in a folder of its own.
fn study(name: &str, doses: &str, looks: &[(&str, f64)]) -> PathBuf {
    let folder = std::env::temp_dir().join(format!("mechfit-{}-doses-{name}", std::process::id()));
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).unwrap();
    let write = |name: &str, text: &str| std::fs::write(folder.join(name), text).unwrap();
    write(
        "m.model",
        "model m \"one compartment\"\ntime h\ninput rate = 0 [nM/h] \"infusion\"\n\
         param k = 0.1 [1/h] \"loss\" source \"assumption\"\nstate C = 1 [nM] \"drug\"\n\
         d/dt(C) = rate - k*C\noutput conc = C [nM]\n",
    );
    write(
        "problem.yaml",
        "format_version: 2.0.0\nmodel_files: {m: {location: m.model, language: mechfit}}\n\
         parameter_files: [parameters.tsv]\nobservable_files: [observables.tsv]\nmeasurement_files: [measurements.tsv]\n\
         extensions: {mechfit: {version: 1.0.0, required: true, dose_files: [doses.tsv]}}\n",
    );
    write(
        "parameters.tsv",
        "parameterId\tlowerBound\tupperBound\tnominalValue\testimate\nk\t0.0001\t10\t0.1\ttrue\n",
    );
    write(
        "observables.tsv",
        "observableId\tobservableFormula\tnoiseFormula\ny\tconc\t1\n",
    );
    write("doses.tsv", doses);
    let rows: String = looks
        .iter()
        .map(|(e, t)| format!("y\t{e}\t{t}\t{}\n", MEASURED))
        .collect();
    write(
        "measurements.tsv",
        &format!("observableId\texperimentId\ttime\tmeasurement\n{rows}"),
    );
    folder
}

/// Value in every row; the gradient of the likelihood then is `Σ (y − m)·dy/dk`.
const MEASURED: f64 = 5.0;

fn objective(folder: &Path) -> Objective {
    let loaded = problem::load(folder).unwrap();
    let files = &loaded.problem.models;
    let models = files
        .iter()
        .map(|m| {
            mechfit::model::load(&m.path, &m.language, &m.parts)
                .unwrap()
                .model
        })
        .collect();
    let mut options = BuildOptions::default();
    options.settings.tolerances.rtol = 1e-10;
    options.settings.tolerances.atol = vec![1e-12];
    Objective::build(models, &loaded.problem, &options).unwrap()
}

/// Simulated values, and the gradient of the likelihood, at `k`.
fn simulated(o: &Objective, k: f64) -> (Vec<f64>, f64) {
    let mut ws = o.workspace();
    let values = o.simulated(&[k], &mut ws).unwrap();
    let e = o
        .evaluate(&[k], o.data(), Want::Derivatives, &mut ws)
        .unwrap();
    (values, e.gradient[0])
}

/// Compares the course with a closed form, and the gradient with central differences of it.
fn check(
    name: &str,
    doses: &str,
    looks: &[(&str, f64)],
    k: f64,
    closed: &dyn Fn(usize, f64) -> f64,
) {
    let folder = study(name, doses, looks);
    let o = objective(&folder);
    let (values, gradient) = simulated(&o, k);
    for (i, v) in values.iter().enumerate() {
        let expected = closed(i, k);
        assert!(
            (v - expected).abs() <= 1e-8 * (1.0 + expected.abs()),
            "{name}, row {i}: {v} and {expected}"
        );
    }
    let nllh = |k: f64| -> f64 {
        (0..looks.len())
            .map(|i| 0.5 * (closed(i, k) - MEASURED).powi(2))
            .sum()
    };
    let h = 1e-4 * k;
    // Fourth order, so that the differences are better than the tolerance.
    let difference =
        (8.0 * (nllh(k + h) - nllh(k - h)) - (nllh(k + 2.0 * h) - nllh(k - 2.0 * h))) / (12.0 * h);
    assert!(
        (gradient - difference).abs() <= 1e-6 * (1.0 + difference.abs()),
        "{name}: gradient {gradient} and {difference}"
    );
    std::fs::remove_dir_all(folder).unwrap();
}

const HEADER: &str = "experimentId\tTIME\tAMT\tEVID\tCMT\tRATE\tII\tADDL\tSS\n";

/// What an infusion of `rate` over `duration` leaves `t` after its start.
fn infused(rate: f64, duration: f64, t: f64, k: f64) -> f64 {
    if t <= 0.0 {
        0.0
    } else {
        rate / k * (1.0 - (-k * t.min(duration)).exp()) * (-k * (t - duration).max(0.0)).exp()
    }
}

#[test]
fn boluses_infusions_and_additional_doses_add_up() {
    let table =
        format!("{HEADER}oral\t0\t10\t1\tC\t0\t6\t2\t0\ninfused\t2\t8\t1\trate\t4\t.\t.\t.\n");
    let looks = [
        ("oral", 0.0),
        ("oral", 6.0),
        ("oral", 20.0),
        ("infused", 2.0),
        ("infused", 4.0),
        ("infused", 10.0),
    ];
    check("add", &table, &looks, K, &|i, k| {
        let t = looks[i].1;
        let initial = (-k * t).exp();
        if looks[i].0 == "infused" {
            return initial + infused(4.0, 2.0, t - 2.0, k);
        }
        let dose = |at: f64| {
            if t >= at {
                10.0 * (-k * (t - at)).exp()
            } else {
                0.0
            }
        };
        initial + dose(0.0) + dose(6.0) + dose(12.0)
    });
}

#[test]
fn a_bolus_at_steady_state_has_accumulated() {
    // D/(1 − e^{−kτ}) just behind a dose, times e^{−kt} later; the additional doses keep it.
    let table = format!("{HEADER}a\t0\t10\t1\tC\t0\t8\t2\t1\n");
    let looks = [("a", 0.0), ("a", 3.0), ("a", 8.0), ("a", 17.0), ("a", 30.0)];
    let since = [0.0, 3.0, 0.0, 1.0, 14.0];
    // From doses that hardly accumulate to a hundredfold accumulation.
    for (name, k) in [("fast", 1.0), ("usual", K), ("slow", 0.00125)] {
        check(&format!("bolus-{name}"), &table, &looks, k, &|i, k| {
            10.0 / (1.0 - (-8.0 * k).exp()) * (-k * since[i]).exp()
        });
    }
}

#[test]
fn infusions_at_steady_state_have_accumulated() {
    // Shorter than the interval, as long as it, and two and a half of it.
    for (name, duration) in [("short", 2.0), ("whole", 6.0), ("long", 15.0)] {
        let amount = 4.0 * duration;
        let table = format!("{HEADER}a\t0\t{amount}\t1\trate\t4\t6\t.\t1\n");
        let looks = [("a", 0.0), ("a", 1.0), ("a", 2.5), ("a", 7.0), ("a", 20.0)];
        check(&format!("infusion-{name}"), &table, &looks, K, &|i, k| {
            (0..400)
                .map(|j| infused(4.0, duration, looks[i].1 + 6.0 * f64::from(j), k))
                .sum()
        });
    }
}

#[test]
fn a_steady_state_later_in_the_course_leaves_what_was_before_it() {
    // An infusion that still runs then is over.
    let table = format!(
        "{HEADER}a\t0\t5\t1\tC\t0\t.\t.\t.\na\t9\t40\t1\trate\t4\t.\t.\t.\na\t10\t10\t1\tC\t0\t4\t.\t1\n"
    );
    let looks = [("a", 0.0), ("a", 8.0), ("a", 9.5), ("a", 10.0), ("a", 12.0)];
    check("later", &table, &looks, K, &|i, k| {
        let t = looks[i].1;
        if t < 10.0 {
            6.0 * (-k * t).exp() + infused(4.0, 10.0, t - 9.0, k)
        } else {
            10.0 / (1.0 - (-4.0 * k).exp()) * (-k * (t - 10.0)).exp()
        }
    });
}

#[test]
fn a_reset_goes_back_to_the_initial_values_and_ends_infusions() {
    let table = format!(
        "{HEADER}a\t0\t0\t0\tC\t.\t.\t.\t.\na\t1\t50\t1\trate\t5\t.\t.\t.\na\t4\t0\t2\tC\t.\t.\t.\t.\n\
         a\t5\t0\t3\t.\t.\t.\t.\t.\na\t8\t7\t4\tC\t.\t.\t.\t.\n"
    );
    let looks = [
        ("a", 0.5),
        ("a", 4.0),
        ("a", 5.0),
        ("a", 7.0),
        ("a", 8.0),
        ("a", 9.0),
    ];
    check("reset", &table, &looks, K, &|i, k| {
        let t = looks[i].1;
        match t {
            t if t < 5.0 => (-k * t).exp() + infused(5.0, 10.0, t - 1.0, k),
            t if t < 8.0 => (-k * (t - 5.0)).exp(),
            t => 8.0 * (-k * (t - 8.0)).exp(),
        }
    });
}

#[test]
fn doses_that_lead_nowhere_and_wrong_rows_are_refused() {
    // Without elimination nothing is ever periodic.
    let folder = study(
        "endless",
        &format!("{HEADER}a\t0\t10\t1\tC\t0\t8\t.\t1\n"),
        &[("a", 1.0)],
    );
    let o = objective(&folder);
    let mut ws = o.workspace();
    let error = o.simulated(&[0.0], &mut ws).unwrap_err().to_string();
    assert!(error.contains("no steady state after"), "{error}");
    for (row, says) in [
        (
            "a\t0\t10\t1\tC\t0\t.\t.\t1",
            "ADDL and SS need a dosing interval",
        ),
        ("a\t0\t10\t1\tC\t0\t8\t.\t2", "SS other than 1"),
        ("a\t0\t0\t1\tC\t0\t8\t.\t1", "needs an amount above 0"),
        ("a\t0\t10\t7\tC\t0\t8\t.\t1", "EVID 7 has no meaning"),
        (
            "a\t0\t10\t1\tC\t0\t8\t.\t1\na\t0\t10\t1\tC\t0\t6\t.\t1",
            "need the same interval II",
        ),
    ] {
        std::fs::write(folder.join("doses.tsv"), format!("{HEADER}{row}\n")).unwrap();
        let findings = problem::load(&folder).unwrap_err();
        let found = findings.iter().any(|f| f.message.contains(says));
        assert!(found, "{row}: {findings:?}");
    }
    std::fs::remove_dir_all(folder).unwrap();
}

#[test]
fn numbers_that_no_dose_has_are_refused_at_their_cell() {
    let folder = study("numbers", HEADER, &[("a", 1.0)]);
    // Columns: experimentId 1, TIME 2, AMT 3, EVID 4, CMT 5, RATE 6, II 7, ADDL 8, SS 9.
    let cell = |row: &str, column: usize| -> usize {
        row.split('\t')
            .take(column - 1)
            .map(|c| c.len() + 1)
            .sum::<usize>()
            + 1
    };
    for (row, column, says) in [
        ("a\t0\t0\t1\trate\t5\t.\t.\t.", 3, "has no AMT"),
        ("a\t0\t0\t.\trate\t5\t.\t.\t.", 3, "has no AMT"),
        ("a\t0\t-1\t1\tC\t.\t.\t.\t.", 3, "AMT -1"),
        ("a\t0\tinf\t1\tC\t.\t.\t.\t.", 3, "AMT inf"),
        ("a\t0\t10\t1\trate\tinf\t.\t.\t.", 6, "RATE is infinite"),
        (
            "a\t0\t1e300\t1\trate\t1e-300\t.\t.\t.",
            6,
            "an infusion of AMT/RATE",
        ),
        ("a\t0\t10\t1\tC\t.\t6\t2.5\t.", 8, "ADDL 2.5"),
        ("a\t0\t10\t1\tC\t.\t6\t-3\t.", 8, "ADDL -3"),
        ("a\t0\t10\t1\tC\t.\t1e308\t2\t.", 7, "II "),
        ("a\t0\t10\t1\tC\t.\t1e308\t.\t1", 7, "II "),
        ("a\t0\t10\t1\tC\t.\t-6\t.\t.", 7, "II -6"),
        ("a\t0\t10\t1\tC\t.\t9e15\t2\t.", 7, "a dose at"),
        ("a\t1e300\t10\t1\tC\t.\t.\t.\t.", 2, "TIME "),
        ("a\tinf\t.\t3\t.\t.\t.\t.\t.", 2, "TIME inf"),
    ] {
        std::fs::write(folder.join("doses.tsv"), format!("{HEADER}{row}\n")).unwrap();
        let findings = problem::load(&folder).unwrap_err();
        let found = findings.iter().find(|f| f.message.contains(says));
        let found = found.unwrap_or_else(|| panic!("{row}: {findings:?}"));
        assert_eq!(found.place().1, Some((2, cell(row, column))), "{row}");
        assert!(!found.help.is_empty(), "{row}");
    }
    std::fs::remove_dir_all(folder).unwrap();
}
