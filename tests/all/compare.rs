//! Variants of a decay with a known answer, compared from the command line.

use std::path::Path;
use std::process::Output;
use std::time::{Duration, Instant};

use crate::support::program::{self, Folder, ROOT, command, mechfit};

fn path(folder: &Folder, name: &str) -> String {
    folder.join(name).display().to_string()
}

fn document(folder: &Folder, name: &str) -> serde_json::Value {
    program::document(&folder.join(name))
}

const MODEL: &str = "model decay \"an amount that decays\"\ntime h\n\
    param a = 10 [1] \"amount at the start\" source \"known\"\n\
    param k = 0.2 [1/h] \"rate\" source \"known\"\n\
    param c = 0 [1] \"floor\" source \"known\"\n\
    state X = a [1] \"amount\"\n\
    d/dt(X) = -k*X\n\
    output y = X + c [1] \"what is read\"\n";

/// A problem whose means come from 10·exp(−0.2 t), moved by at most half a standard error.
fn decay(folder: &Folder, n: u32) {
    folder.write("decay.model", MODEL);
    folder.write(
        "parts/steady.part",
        "part steady for \"../decay.model\" \"the amount falls at a constant rate\"\nreplace d/dt(X) = -k*a\n",
    );
    folder.write(
        "problem.yaml",
        "format_version: 2.0.0\nmodel_files: {m: {location: decay.model, language: mechfit}}\n\
         parameter_files: [parameters.tsv]\nexperiment_files: [experiments.tsv]\ncondition_files: [conditions.tsv]\n\
         observable_files: [observables.tsv]\nmeasurement_files: [measurements.tsv]\n\
         extensions: {mechfit: {version: 1.0.0, required: true}}\n",
    );
    folder.write(
        "parameters.tsv",
        "parameterId\tlowerBound\tupperBound\tnominalValue\testimate\tscale\n\
         a\t0.1\t1000\t8\ttrue\tlog10\nk\t0.001\t10\t0.1\ttrue\tlog10\nc\t-5\t5\t0\ttrue\tlin\n",
    );
    folder.write("conditions.tsv", "conditionId\ttargetId\ttargetValue\n");
    folder.write(
        "experiments.tsv",
        "experimentId\ttime\tconditionId\ne\t0\t\n",
    );
    folder.write(
        "observables.tsv",
        "observableId\tobservableFormula\tnoiseFormula\tunit\tnoise\ny\ty\t1\t1\tknown_sd\n",
    );
    let mut rows =
        String::from("observableId\texperimentId\ttime\tmeasurement\tsd\tsdKind\tn\tstatistic\n");
    for (t, shift) in [
        (1.0, 0.1),
        (3.0, -0.1),
        (6.0, 0.05),
        (10.0, -0.05),
        (15.0, 0.13),
    ] {
        let y = 10.0 * f64::exp(-0.2 * t) + shift;
        rows += &format!("y\te\t{t}\t{y:.4}\t0.5\tsd\t{n}\tmean\n");
    }
    folder.write("measurements.tsv", &rows);
    folder.write(
        "relations.tsv",
        "relationId\tleft\trelation\tright\tmargin\tsd\twith\tuse\tsource\n\
         f1.bent\ty@e@1 - y@e@3\t>\ty@e@10 - y@e@15\t0\t\t\tcheck\tit slows down\n",
    );
    folder.write(
        "variants.tsv",
        "modelId\tparts\tnestedIn\tdescription\tc\n\
         plain\t\tfloor\tfalls to nothing\t0\n\
         floor\t\t\tfalls to a floor\testimate\n\
         steady\tparts/steady.part\t\tfalls at a constant rate\t0\n",
    );
}

fn model<'v>(document: &'v serde_json::Value, id: &str) -> &'v serde_json::Value {
    document["models"]
        .as_array()
        .unwrap()
        .iter()
        .find(|m| m["id"] == id)
        .unwrap()
}

fn compare(folder: &Folder, more: &[&str]) -> Output {
    simulate(folder, "99", more)
}

fn simulate(folder: &Folder, samples: &str, more: &[&str]) -> Output {
    let problem = path(folder, "problem.yaml");
    let mut arguments = vec!["compare", &problem, "--starts", "3", "--samples", samples];
    arguments.extend(more);
    mechfit(&arguments)
}

#[test]
fn the_true_decay_is_kept_and_a_constant_rate_is_excluded() {
    let folder = Folder::new("true");
    decay(&folder, 5);
    let output = compare(&folder, &[]);
    let shown = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        output.status.success(),
        "{shown}{}",
        String::from_utf8_lossy(&output.stderr)
    );
    assert!(
        shown
            .lines()
            .all(|l| l.chars().count() <= 100 || l.starts_with("next: ")),
        "{shown}"
    );
    let d = document(&folder, "results/compare.json");
    assert_eq!(d["models"][0]["id"], "plain");
    assert!(
        model(&d, "plain")["excluded_by"]
            .as_array()
            .unwrap()
            .is_empty(),
        "{d}"
    );
    // N = 25, K = 2 + 5 against 3 + 5: a floor that fits no better costs 2K + 2K(K+1)/(N−K−1).
    let cost = |k: f64| 2.0 * k + 2.0 * k * (k + 1.0) / (25.0 - k - 1.0);
    let delta = model(&d, "floor")["delta"].as_f64().unwrap();
    assert!(delta <= cost(8.0) - cost(7.0) + 1e-6, "{delta}");
    assert!(delta > 0.0, "{delta}");
    // The larger model contains the smaller, so that it fits at least as well.
    let nested = &d["pairs"].as_array().unwrap()[0];
    assert_eq!(
        (nested["first"].as_str(), nested["nested"].as_bool()),
        (Some("plain"), Some(true))
    );
    assert!(nested["statistic"].as_f64().unwrap() >= -1e-4);
    assert!(nested["p_first"].as_f64().unwrap() > 0.05);
    let steady = model(&d, "steady");
    assert!(steady["delta"].as_f64().unwrap() > 6.0);
    assert!(steady["p_value_bootstrap"].as_f64().unwrap() < 0.05);
    assert_eq!(steady["facts"][0]["holds"], false);
    assert_eq!(model(&d, "plain")["facts"][0]["holds"], true);
    assert_eq!(steady["description"], "falls at a constant rate");
    for words in [
        "Against steady (falls at a constant rate)",
        "cannot tell them apart",
        "To tell floor from plain",
    ] {
        assert!(shown.contains(words), "no `{words}` in {shown}");
    }
    for name in [
        "compare.tsv",
        "compare.svg",
        "pairs.tsv",
        "experiments.tsv",
        "compare.md",
    ] {
        assert!(
            !folder.read(&format!("results/{name}")).is_empty(),
            "{name}"
        );
    }
    insta::assert_snapshot!(shown);
}

#[test]
fn threads_pieces_and_interruptions_leave_the_same_bytes() {
    let folder = Folder::new("bytes");
    decay(&folder, 5);
    let run = |more: &[&str]| {
        let output = simulate(&folder, "19", more);
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
    };
    run(&["--threads", "1", "--out", &path(&folder, "one")]);
    run(&["--threads", "2", "--out", &path(&folder, "two")]);
    let whole = document(&folder, "one/compare.json");
    assert_eq!(whole, document(&folder, "two/compare.json"));

    run(&["--shard", "1/2", "--out", &path(&folder, "p1")]);
    run(&["--shard", "2/2", "--out", &path(&folder, "p2")]);
    let (p1, p2, all) = (
        path(&folder, "p1"),
        path(&folder, "p2"),
        path(&folder, "all"),
    );
    let refused = mechfit(&["merge", &p1, "--out", &all]);
    assert_eq!(refused.status.code(), Some(3), "half of the pieces");
    let joined = mechfit(&["merge", &p1, &p2, "--out", &all]);
    assert!(
        joined.status.success(),
        "{}",
        String::from_utf8_lossy(&joined.stderr)
    );
    assert_eq!(whole, document(&folder, "all/compare.json"));

    // A checkpoint cut in the middle of a record goes on from there.
    let checkpoint = folder.join("one/checkpoints/compare.jsonl");
    let bytes = std::fs::read(&checkpoint).unwrap();
    std::fs::write(&checkpoint, &bytes[..bytes.len() / 2]).unwrap();
    run(&["--resume", "--out", &path(&folder, "one")]);
    assert_eq!(whole, document(&folder, "one/compare.json"));
    let other = simulate(
        &folder,
        "19",
        &["--resume", "--seed", "2", "--out", &path(&folder, "one")],
    );
    assert_eq!(other.status.code(), Some(3));
    let said = String::from_utf8_lossy(&other.stderr).into_owned();
    assert!(said.contains("seed"), "{said}");
}

#[test]
fn pieces_in_one_folder_leave_each_other_alone_and_join_there() {
    let folder = Folder::new("together");
    decay(&folder, 5);
    let whole = path(&folder, "whole");
    let good = |output: &Output| {
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
    };
    good(&simulate(&folder, "19", &["--out", &whole]));
    let cut = path(&folder, "cut");
    good(&simulate(&folder, "19", &["--shard", "1/2", "--out", &cut]));
    let fits = |n: u32| {
        folder.read(&format!(
            "cut/checkpoints/compare-fits.for-shard-{n}-of-2.jsonl"
        ))
    };
    let first = fits(1);
    good(&simulate(&folder, "19", &["--shard", "2/2", "--out", &cut]));
    assert_eq!(first, fits(1), "the second piece writes into its own file");
    // Both did every start: 3 variants of 3 starts each, and the header.
    assert_eq!((fits(1).lines().count(), fits(2).lines().count()), (10, 10));
    good(&mechfit(&["merge", &cut]));
    assert_eq!(
        folder
            .read("cut/checkpoints/compare-fits.jsonl")
            .lines()
            .count(),
        10
    );
    assert_eq!(
        document(&folder, "whole/compare.json"),
        document(&folder, "cut/compare.json")
    );
}

#[test]
fn the_size_of_a_test_is_kept_as_it_comes_and_gone_on_with() {
    let folder = Folder::new("size");
    decay(&folder, 5);
    let (one, cut) = (path(&folder, "one"), path(&folder, "cut"));
    let size = |samples: &str, more: &[&str]| {
        let out = simulate(
            &folder,
            samples,
            &[&["--size-of", "plain:floor", "--json"], more].concat(),
        );
        assert!(
            out.status.success(),
            "{}",
            String::from_utf8_lossy(&out.stderr)
        );
        serde_json::from_slice::<serde_json::Value>(&out.stdout).unwrap()
    };
    let whole = size("40", &["--out", &one, "--threads", "1"]);
    assert_eq!(whole["sets"], serde_json::json!([40, 0]));
    size("15", &["--out", &cut]);
    let records = || {
        folder
            .read("cut/checkpoints/compare-size.jsonl")
            .lines()
            .count()
            - 1
    };
    assert_eq!(records(), 15);
    let problem = path(&folder, "problem.yaml");
    let rest = ["plain:floor", "--out", &cut, "--resume", "--quiet"];
    let mut endless = command(Path::new(ROOT), &["compare", &problem, "--size-of"])
        .args(rest)
        .args(["--starts", "3", "--samples", "1000000"])
        .spawn()
        .unwrap();
    let waited = Instant::now();
    while records() <= 15 && waited.elapsed() < Duration::from_secs(60) {
        std::thread::sleep(Duration::from_millis(10));
    }
    let pid = endless.id().to_string();
    let interrupt = std::process::Command::new("kill")
        .args(["-INT", &pid])
        .status()
        .unwrap();
    assert!(interrupt.success());
    assert_eq!(endless.wait().unwrap().code(), Some(130));
    assert!(records() > 15);
    assert_eq!(whole, size("40", &["--out", &cut, "--resume"]));
    // Records of another pair or seed are refused by name; without --resume they are begun anew.
    let other = simulate(
        &folder,
        "40",
        &[
            "--size-of",
            "plain:floor",
            "--out",
            &cut,
            "--resume",
            "--seed",
            "2",
        ],
    );
    assert_eq!(other.status.code(), Some(3));
    assert!(String::from_utf8_lossy(&other.stderr).contains("seed"));
    size("15", &["--out", &cut, "--seed", "2"]);
    assert_eq!(records(), 15);
}

#[test]
fn only_a_nested_pair_has_a_size() {
    let folder = Folder::new("pair");
    decay(&folder, 5);
    for (pair, remedy) in [
        ("floor:plain", "write plain:floor"),
        ("steady:floor", "nested pairs are plain:floor"),
        ("plain:flor", "the variants are plain, floor, steady"),
    ] {
        let out = simulate(&folder, "20", &["--size-of", pair]);
        assert_eq!(out.status.code(), Some(2), "{pair}");
        let said = String::from_utf8_lossy(&out.stderr).into_owned();
        let said: Vec<&str> = said.split_whitespace().collect();
        assert!(said.join(" ").contains(remedy), "{pair}: {said:?}");
    }
    assert!(
        !Path::new(&path(&folder, "results")).exists(),
        "nothing was computed"
    );
}

#[test]
fn a_run_compares_the_variants_if_the_plan_says_so() {
    let folder = Folder::new("run");
    decay(&folder, 5);
    let run = |plan: &str| {
        folder.write("plan.json", plan);
        mechfit(&[
            "run",
            &path(&folder, "problem.yaml"),
            "--starts",
            "3",
            "--quiet",
        ])
    };
    let settings = run(r#"{"compare": {"starts": 3, "samples": 19}}"#);
    assert!(settings.status.success());
    assert!(!Path::new(&path(&folder, "results/compare.json")).exists());
    let asked = run(r#"{"compare": {"run": true, "starts": 3, "samples": 19}}"#);
    assert!(
        asked.status.success(),
        "{}",
        String::from_utf8_lossy(&asked.stderr)
    );
    // The same as the command makes it, and part of the report.
    let whole = document(&folder, "results/compare.json");
    assert!(
        folder
            .read("results/report.html")
            .contains("falls to a floor")
    );
    let command = mechfit(&[
        "compare",
        &path(&folder, "problem.yaml"),
        "--out",
        &path(&folder, "again"),
    ]);
    assert!(command.status.success());
    assert_eq!(whole, document(&folder, "again/compare.json"));

    std::fs::remove_file(path(&folder, "variants.tsv")).unwrap();
    let none = run(r#"{"compare": {"run": true}}"#);
    assert_eq!(none.status.code(), Some(3));
    assert!(String::from_utf8_lossy(&none.stderr).contains("lists none"));
}

#[test]
fn too_few_values_for_the_criterion_are_refused_with_the_numbers() {
    let folder = Folder::new("few");
    // N = 10 values, K = 3 + 5 and 2 + 5: N − K − 1 is 1 and 2; a third parameter more would end it.
    decay(&folder, 2);
    folder.write(
        "variants.tsv",
        "modelId\tparts\tnestedIn\tdescription\tc\nplain\t\t\t\t0\nfloor\t\t\t\testimate\n",
    );
    let rows: String = folder
        .read("measurements.tsv")
        .lines()
        .take(4)
        .map(|l| l.to_string() + "\n")
        .collect();
    folder.write("measurements.tsv", &rows);
    // Three means of two values: N = 6, K = 2 + 3 leaves nothing, K = 3 + 3 less than nothing.
    let output = compare(&folder, &["--json"]);
    let d: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(4), "{d}");
    let refused = d["refused"].as_array().unwrap();
    assert_eq!(refused.len(), 2);
    assert!(
        refused
            .iter()
            .any(|r| r["reason"].as_str().unwrap().contains("N = 6, K = 5")),
        "{d}"
    );
    assert!(
        refused
            .iter()
            .any(|r| r["reason"].as_str().unwrap().contains("N = 6, K = 6")),
        "{d}"
    );
}

#[test]
fn more_parameters_than_means_are_finite_and_never_win_by_construction() {
    let folder = Folder::new("many");
    decay(&folder, 5);
    // Two means and three parameters: N = 10, K = 3 + 2.
    let rows: String = folder
        .read("measurements.tsv")
        .lines()
        .take(3)
        .map(|l| l.to_string() + "\n")
        .collect();
    folder.write("measurements.tsv", &rows);
    let problem = path(&folder, "problem.yaml");
    let output = mechfit(&[
        "compare",
        &problem,
        "--starts",
        "3",
        "--samples",
        "0",
        "--json",
    ]);
    let d: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert!(output.status.success(), "{d}");
    let cost = |k: f64| 2.0 * k + 2.0 * k * (k + 1.0) / (10.0 - k - 1.0);
    // Both meet two means exactly, so that they differ by the cost of the parameter alone.
    let difference =
        model(&d, "floor")["aicc"].as_f64().unwrap() - model(&d, "plain")["aicc"].as_f64().unwrap();
    assert!(
        (difference - (cost(5.0) - cost(4.0))).abs() < 1e-6,
        "{difference}"
    );
    assert!(difference > 0.0);
}

#[test]
fn problems_with_other_data_are_not_ranked_with_the_first() {
    let (one, two) = (Folder::new("one"), Folder::new("two"));
    decay(&one, 5);
    decay(&two, 5);
    let moved = two
        .read("measurements.tsv")
        .replace("\t0.5\tsd", "\t0.6\tsd");
    two.write("measurements.tsv", &moved);
    let output = mechfit(&[
        "compare",
        &path(&one, "problem.yaml"),
        &path(&two, "problem.yaml"),
        "--starts",
        "2",
        "--samples",
        "0",
        "--json",
        "--out",
        &path(&one, "out"),
    ]);
    let d: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert!(output.status.success(), "{d}");
    assert_eq!(d["models"].as_array().unwrap().len(), 1);
    let reason = d["refused"][0]["reason"].as_str().unwrap();
    assert!(
        reason.contains("another SD than in the first variant"),
        "{reason}"
    );
}

#[test]
fn a_model_space_of_petab_select_is_compared_whole() {
    let folder = Folder::new("select");
    decay(&folder, 5);
    std::fs::remove_file(path(&folder, "variants.tsv")).unwrap();
    folder.write(
        "select.yaml",
        "format_version: 1.0.0\ncriterion: AICc\nmodel_space_files: [space.tsv]\nmethod: brute_force\n",
    );
    folder.write(
        "space.tsv",
        "model_subspace_id\tmodel_subspace_petab_yaml\tk\tc\nM\tproblem.yaml\testimate\t0;estimate\n",
    );
    let output = mechfit(&[
        "compare",
        &path(&folder, "select.yaml"),
        "--starts",
        "3",
        "--samples",
        "19",
        "--json",
    ]);
    let d: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert!(output.status.success(), "{d}");
    assert_eq!(d["models"][0]["id"], "M_1");
    assert_eq!(model(&d, "M_1")["nested_in"], "M_2");
    assert!(Path::new(&path(&folder, "results/compare.json")).exists());
}

#[test]
fn nothing_to_compare_is_a_usage_error() {
    let folder = Folder::new("nothing");
    decay(&folder, 5);
    std::fs::remove_file(path(&folder, "variants.tsv")).unwrap();
    let output = compare(&folder, &[]);
    assert_eq!(output.status.code(), Some(2));
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains("lists no variants"), "{said}");
}

#[test]
fn a_variant_that_names_an_unknown_parameter_is_refused() {
    let folder = Folder::new("unknown");
    decay(&folder, 5);
    let table = folder
        .read("variants.tsv")
        .replace("description\tc", "description\tcc");
    folder.write("variants.tsv", &table);
    let output = compare(&folder, &[]);
    assert_eq!(output.status.code(), Some(3));
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        said.contains("`cc`") && said.contains("did you mean `c`"),
        "{said}"
    );
}

#[test]
fn the_findings_are_what_the_recorded_results_make_of_their_template() {
    let study = Path::new(ROOT).join("fits/wang2020");
    let template = std::fs::read_to_string(study.join("FINDINGS.template.md")).unwrap();
    let made = mechfit::study::fill::fill(&template, &study.join("recorded")).unwrap();
    let page = std::fs::read_to_string(study.join("FINDINGS.md")).unwrap();
    assert!(
        made == page,
        "run `mechfit fill fits/wang2020/FINDINGS.template.md --from fits/wang2020/recorded --output fits/wang2020/FINDINGS.md`"
    );
}
