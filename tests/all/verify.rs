//! `verify`: what was recorded comes out again, and whatever is changed is named at the depth that covers it.

use std::path::{Path, PathBuf};
use std::process::Output;

use mechfit::study::expected::Expected;

use crate::support::program::{Folder, copy, said};

/// A study that was run and recorded, copied for each corruption.
struct Study(Folder);

impl Study {
    fn recorded(name: &str) -> Self {
        let study = Self(Folder::new(&format!("verify-{name}")));
        good(&study.mechfit(&["new", "demo"]));
        // Data that the model meets, so that no gate or bound stands in the way.
        study.edit("measurements.tsv", "\t81\t", "\t97\t");
        study.edit("measurements.tsv", "\t52\t", "\t88\t");
        study.edit("measurements.tsv", "\t23\t", "\t60\t");
        let plan = r#"{"seed": 1, "fit": {"starts": 4}, "bootstrap": {"samples": 40, "min_success": 50}, "integration": {"rtol": 1e-8, "atol": 1e-8}}"#;
        std::fs::write(study.0.join("demo/plan.json"), plan).unwrap();
        good(&study.mechfit(&["verify", "demo", "--record"]));
        study
    }
    fn mechfit(&self, arguments: &[&str]) -> Output {
        self.0.mechfit(arguments)
    }
    fn edit(&self, file: &str, from: &str, to: &str) {
        edit(&self.0.join("demo").join(file), from, to);
    }
    /// A copy to spoil.
    fn copy(&self, name: &str) -> PathBuf {
        let to = self.0.join(name);
        copy(&self.0.join("demo"), &to);
        to
    }
    /// Checks a copy: exit code and everything said.
    fn verify(&self, name: &str, depth: &str, more: &[&str]) -> (i32, String) {
        let words = [&["verify", name, "--depth", depth, "--quiet"], more].concat();
        let out = self.mechfit(&words);
        (out.status.code().unwrap(), said(&out))
    }
}

fn good(out: &Output) {
    assert_eq!(out.status.code(), Some(0), "{}", said(out));
}

fn edit(path: &Path, from: &str, to: &str) {
    let text = std::fs::read_to_string(path).unwrap();
    assert!(text.contains(from), "{}: {from}: {text}", path.display());
    std::fs::write(path, text.replacen(from, to, 1)).unwrap();
}

/// Changes a record and signs it again, as an older program with other numbers would have written it.
fn forge(path: &Path, change: impl FnOnce(&mut Expected)) {
    let mut record = Expected::read(path).unwrap();
    change(&mut record);
    record.content_sha256 = record.hash();
    std::fs::write(path, serde_json::to_string_pretty(&record).unwrap()).unwrap();
}

#[test]
fn a_clean_copy_reproduces_at_every_depth() {
    let study = Study::recorded("clean");
    study.copy("copy");
    std::fs::remove_dir_all(study.0.join("copy/results")).unwrap();
    for depth in ["1", "2", "3", "4"] {
        let (code, text) = study.verify("copy", depth, &["--junit", "junit.xml"]);
        assert_eq!(code, 0, "depth {depth}: {text}");
        let xml = std::fs::read_to_string(study.0.join("junit.xml")).unwrap();
        let document = roxmltree::Document::parse(&xml).unwrap();
        let suite = document.root_element();
        assert_eq!(suite.tag_name().name(), "testsuite");
        let cases = suite.children().filter(roxmltree::Node::is_element).count();
        assert_eq!(suite.attribute("tests"), Some(cases.to_string().as_str()));
        assert_eq!(suite.attribute("failures"), Some("0"));
        let deepest = format!("depth {depth}");
        assert!(
            suite
                .children()
                .any(|c| c.attribute("classname") == Some(&deepest)),
            "nothing is checked at depth {depth}"
        );
    }
}

#[test]
fn comments_row_order_and_line_ends_change_nothing() {
    let study = Study::recorded("same");
    let copy = study.copy("copy");
    let path = copy.join("measurements.tsv");
    let text = std::fs::read_to_string(&path).unwrap();
    let mut lines: Vec<&str> = text.lines().collect();
    lines[1..].reverse();
    std::fs::write(&path, lines.join("\r\n") + "\r\n").unwrap();
    edit(&copy.join("demo.model"), "time h", "# a comment\ntime h");
    let (code, text) = study.verify("copy", "2", &[]);
    assert_eq!(code, 0, "{text}");
}

/// What is corrupted, the depth that covers it, replacements (file, from, to), further arguments, and the cause to be named.
type Corruption<'a> = (
    &'a str,
    &'a str,
    &'a [(&'a str, &'a str, &'a str)],
    &'a [&'a str],
    &'a str,
);

#[test]
fn ten_corruptions_are_each_named() {
    let study = Study::recorded("ten");
    let model = ("demo.model", "EC_drug = 500", "EC_drug = 510");
    let cases: [Corruption; 7] = [
        (
            "a data cell",
            "1",
            &[("measurements.tsv", "\t88\t", "\t89\t")],
            &[],
            "cause: data",
        ),
        ("a model constant", "1", &[model], &[], "cause: model"),
        (
            "a bound",
            "1",
            &[("parameters.tsv", "\t10000\t", "\t20000\t")],
            &[],
            "cause: bounds",
        ),
        (
            "the seed",
            "1",
            &[("plan.json", "\"seed\": 1", "\"seed\": 2")],
            &[],
            "seed: 1 recorded, 2 now",
        ),
        (
            "a tolerance",
            "1",
            &[("plan.json", "\"rtol\": 1e-8", "\"rtol\": 1e-6")],
            &[],
            "rtol: 1e-8 recorded, 1e-6 now",
        ),
        (
            "a unit",
            "1",
            &[("conditions.tsv", "100\tnM", "100\tuM")],
            &[],
            "conditions.tsv",
        ),
        (
            "an n",
            "1",
            &[("measurements.tsv", "\tsd\t5\t", "\tsd\t4\t")],
            &[],
            "cause: data",
        ),
    ];
    for (k, (what, depth, edits, more, cause)) in cases.into_iter().enumerate() {
        let name = format!("case{k}");
        let copy = study.copy(&name);
        for (file, from, to) in edits {
            edit(&copy.join(file), from, to);
        }
        let (code, text) = study.verify(&name, depth, more);
        assert!(code == 6 || code == 3, "{what}: {code}: {text}");
        assert!(text.contains(cause), "{what}: {text}");
    }
    // Eighth: a replicate deleted from the results.
    let copy = study.copy("deleted");
    let table = copy.join("results/replicates.tsv");
    let text = std::fs::read_to_string(&table).unwrap();
    let kept: Vec<&str> = text.lines().filter(|l| !l.starts_with("7\t")).collect();
    std::fs::write(&table, kept.join("\n") + "\n").unwrap();
    let (code, text) = study.verify("deleted", "1", &[]);
    assert_eq!(code, 6, "{text}");
    assert!(
        text.contains("cause: results") && text.contains("rows of replicates.tsv"),
        "{text}"
    );
    // Ninth: a result edited, and a record edited.
    let copy = study.copy("edited");
    let result = copy.join("results/result.json");
    let mut value: serde_json::Value =
        serde_json::from_str(&std::fs::read_to_string(&result).unwrap()).unwrap();
    value["objective"] = (value["objective"].as_f64().unwrap() - 1.0).into();
    std::fs::write(&result, value.to_string()).unwrap();
    let (code, text) = study.verify("edited", "1", &[]);
    assert_eq!(code, 6, "{text}");
    assert!(text.contains("cause: results"), "{text}");
    let copy = study.copy("record");
    edit(
        &copy.join("expected.json"),
        "\"samples\": 40",
        "\"samples\": 50",
    );
    let (code, text) = study.verify("record", "1", &[]);
    assert_eq!(code, 6, "{text}");
    assert!(text.contains("cause: record"), "{text}");
    // Tenth: a version of the program with other numbers.
    let copy = study.copy("version");
    forge(&copy.join("expected.json"), |r| {
        r.program_version = "0.0.9".into();
        r.numbers[0].value += 0.5;
    });
    let (code, text) = study.verify("version", "1", &[]);
    assert_eq!(code, 6, "{text}");
    assert!(
        text.contains("cause: program version") && text.contains("0.0.9"),
        "{text}"
    );
}

#[test]
fn each_depth_sees_what_the_one_before_does_not() {
    let study = Study::recorded("depths");
    let shifted = |name: &str, change: &dyn Fn(&mut Expected)| {
        let copy = study.copy(name);
        std::fs::remove_dir_all(copy.join("results")).unwrap();
        forge(&copy.join("expected.json"), |r| change(r));
    };
    shifted("two", &|r| r.profile[0].rise += 0.3);
    shifted("three", &|r| {
        let replicates = &mut r.bootstrap.as_mut().unwrap().replicates;
        replicates.iter_mut().for_each(|k| k.theta[0] += 0.05);
    });
    shifted("four", &|r| {
        let interval = &mut r.bootstrap.as_mut().unwrap().intervals[0];
        interval.upper = interval.upper.map(|x| 1.2 * x);
    });
    for (name, at) in [("two", 2), ("three", 3), ("four", 4)] {
        for depth in 1..=at {
            let (code, text) = study.verify(name, &depth.to_string(), &["--junit", "junit.xml"]);
            assert_eq!(
                code,
                if depth == at { 6 } else { 0 },
                "{name}, depth {depth}: {text}"
            );
            assert!(depth < at || text.contains("cause: "), "{text}");
        }
        let xml = std::fs::read_to_string(study.0.join("junit.xml")).unwrap();
        let document = roxmltree::Document::parse(&xml).unwrap();
        assert!(
            document.descendants().any(|n| n.has_tag_name("failure")),
            "{xml}"
        );
    }
}
