//! Evaluations that fail leave a record from which the failure is seen and done again.

use std::process::Output;

use crate::support::program::{Folder, mechfit, said};

struct Study(Folder);

impl Study {
    /// The small study with another rate of its only state.
    fn with_rate(name: &str, rate: &str) -> Self {
        let study = Self(Folder::new(&format!("failure-{name}")));
        assert_eq!(study.mechfit(&["new", "demo"]).status.code(), Some(0));
        study.rate(rate);
        study
    }
    fn rate(&self, rate: &str) {
        let path = self.0.join("demo/demo.model");
        let text = std::fs::read_to_string(&path).unwrap();
        let lines: Vec<String> = text
            .lines()
            .map(|l| match l.split_once(" = ") {
                Some((left, _)) if left.starts_with("d/dt(") => format!("{left} = {rate}"),
                _ => l.to_string(),
            })
            .collect();
        std::fs::write(path, lines.join("\n") + "\n").unwrap();
    }
    fn mechfit(&self, arguments: &[&str]) -> Output {
        self.0.mechfit(arguments)
    }
    fn record(&self, name: &str) -> serde_json::Value {
        let path = self.0.join("demo/results/failures").join(name);
        serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
    }
}

/// Grows as its square: at 100 with a constant of 0.002 in an hour it reaches infinity after 5 hours.
const RUNS_AWAY: &str = "0.002[1/h]*viability_level^2 + 0*k_viability*base_viability*e_viability_drug*drug/(drug + EC_drug)";
const SOUND: &str =
    "k_viability*(base_viability*(1 + e_viability_drug*drug/(drug + EC_drug)) - viability_level)";

#[test]
fn a_state_that_reaches_infinity_is_recorded_explained_and_replayed() {
    let study = Study::with_rate("infinity", RUNS_AWAY);
    let out = study.mechfit(&["evaluate", "demo"]);
    assert_eq!(out.status.code(), Some(4), "{}", said(&out));
    let file = "demo/results/failures/evaluate.json";
    assert!(said(&out).contains(file), "{}", said(&out));
    let record = study.record("evaluate.json");
    assert_eq!(record["experiment"], "control");
    let t = record["time"].as_f64().unwrap();
    assert!((t - 5.0).abs() < 0.01, "{t}");
    let state = &record["states"][0];
    assert_eq!(state["id"], "viability_level");
    let value = state["value"].as_f64().unwrap();
    assert!(value > 1e6, "{value}");
    // d(0.002·x²)/dx.
    let eigenvalue = record["eigenvalues"][0]["real"].as_f64().unwrap();
    assert!(
        (eigenvalue / (0.004 * value) - 1.0).abs() < 1e-9,
        "{eigenvalue}"
    );
    let steps = record["steps"].as_array().unwrap();
    let size = |k: usize| steps[k]["size"].as_f64().unwrap();
    assert!(
        steps.len() > 3 && size(steps.len() - 1) < size(0),
        "{steps:?}"
    );
    assert_eq!(record["row"]["observable"], "viability");
    assert_eq!(record["row"]["time"], 24.0);
    let cause = record["likely_cause"].as_str().unwrap();
    assert!(cause.contains("`viability_level` runs away"), "{cause}");
    assert_eq!(record["parameters"].as_array().unwrap().len(), 2);

    let again = study.mechfit(&["explain", file]);
    assert_eq!(again.status.code(), Some(0), "{}", said(&again));
    assert!(
        said(&again).contains("it still fails, in the same way"),
        "{}",
        said(&again)
    );
    study.rate(SOUND);
    let mended = study.mechfit(&["explain", file]);
    assert!(
        said(&mended).contains("it does not fail any more"),
        "{}",
        said(&mended)
    );
    assert!(
        said(&mended).contains("not the one of the record"),
        "{}",
        said(&mended)
    );
}

#[test]
fn starts_that_cannot_be_evaluated_are_recorded() {
    let study = Study::with_rate("starts", RUNS_AWAY);
    // Everything within these bounds runs away before the data.
    let table = study.0.join("demo/parameters.tsv");
    let text = std::fs::read_to_string(&table).unwrap();
    assert!(text.contains("\t1\t10000\t"));
    std::fs::write(&table, text.replace("\t1\t10000\t", "\t50\t10000\t")).unwrap();
    let out = study.mechfit(&["fit", "demo", "--starts", "7"]);
    assert_eq!(out.status.code(), Some(4), "{}", said(&out));
    assert!(said(&out).contains("explain FILE"), "{}", said(&out));
    let names = std::fs::read_dir(study.0.join("demo/results/failures"))
        .unwrap()
        .count();
    assert_eq!(names, 5);
    assert_eq!(study.record("start-0.json")["what"], "start 0");
    study.rate(SOUND);
    assert_eq!(
        study
            .mechfit(&["fit", "demo", "--starts", "2"])
            .status
            .code(),
        Some(0)
    );
    let left = std::fs::read_dir(study.0.join("demo/results/failures"))
        .unwrap()
        .count();
    assert_eq!(left, 0);
}

#[test]
fn a_formula_without_value_is_named() {
    let rest = "+ 0*k_viability*base_viability*e_viability_drug*drug/(drug + EC_drug)";
    for (name, rate, cause) in [
        (
            "logarithm",
            format!("k_viability*ln(viability_level - 100) {rest}"),
            "the rate of `viability_level` has no value",
        ),
        (
            "zero",
            format!("k_viability*EC_drug/(drug - drug) {rest}"),
            "the rate of `viability_level` has no value",
        ),
    ] {
        let study = Study::with_rate(name, &rate);
        let out = study.mechfit(&["evaluate", "demo"]);
        assert_eq!(out.status.code(), Some(4), "{name}: {}", said(&out));
        let found = study.record("evaluate.json");
        assert!(
            found["likely_cause"].as_str().unwrap().contains(cause),
            "{name}: {found}"
        );
    }
}

#[test]
fn a_file_that_is_no_record_is_no_subject() {
    let out = mechfit(&["explain", "Cargo.toml"]);
    assert_eq!(out.status.code(), Some(2), "{}", said(&out));
}
