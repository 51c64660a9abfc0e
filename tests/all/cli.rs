//! The program as scripts see it: exit codes, what is said where, and the same bytes whatever the number of threads.

use std::path::{Path, PathBuf};

use crate::support::program::{Folder, ROOT, command, copy, document, mechfit};

/// The study copied with its models, so that a test can spoil it.
fn copy_of_the_study(folder: &Folder) -> PathBuf {
    for part in ["fits/wang2020", "models/cxcr4_axis"] {
        copy(&Path::new(ROOT).join(part), &folder.join(part));
    }
    let study = folder.join("fits/wang2020");
    // Those of whoever works here.
    let _ = std::fs::remove_dir_all(study.join("results"));
    study
}

#[test]
fn the_study_checks_without_a_mistake() {
    let out = mechfit(&["check", "fits/wang2020"]);
    assert_eq!(out.status.code(), Some(0), "{out:?}");
}

#[test]
fn usage_is_exit_2_and_a_missing_problem_exit_3_with_a_remedy() {
    assert_eq!(mechfit(&["frobnicate"]).status.code(), Some(2));
    let folder = Folder::new("empty");
    let out = mechfit(&["check", folder.text()]);
    assert_eq!(out.status.code(), Some(3));
    let said = String::from_utf8(out.stderr).unwrap() + &String::from_utf8(out.stdout).unwrap();
    assert!(
        said.contains("error[no-problem]") && said.contains("help:"),
        "{said}"
    );
}

#[cfg(target_os = "linux")]
#[test]
fn an_answer_that_a_full_disk_swallows_is_no_success() {
    for arguments in [
        &["evaluate", "fits/wang2020"][..],
        &["evaluate", "fits/wang2020", "--json"],
    ] {
        let full = std::fs::File::options().write(true).open("/dev/full");
        let out = command(Path::new(ROOT), arguments)
            .stdout(full.unwrap())
            .output()
            .unwrap();
        assert_eq!(out.status.code(), Some(1), "{out:?}");
        let said = String::from_utf8(out.stderr).unwrap();
        assert!(
            said.contains("error[file]") && said.contains("stdout"),
            "{said}"
        );
    }
}

#[test]
fn wrong_cells_end_in_exit_3_with_the_cell() {
    // File, what stands there, what is written instead, what the message must name.
    let cases = [
        (
            "measurements.tsv",
            "mfi\talone\t24\t335.20",
            "mfi\talone\t24\t335,20",
            "measurements.tsv:2",
        ),
        (
            "measurements.tsv",
            "12.85\tsd\t5",
            "12.85\tsd\t0",
            "measurements.tsv:2",
        ),
        (
            "measurements.tsv",
            "12.85\tsd\t5",
            "0\tsd\t5",
            "measurements.tsv:2",
        ),
        (
            "measurements.tsv",
            "mfi\talone",
            "mfl\talone",
            "did you mean `mfi`",
        ),
        (
            "parameters.tsv",
            "s_msc\t0.01\t100",
            "s_msc\t100\t0.01",
            "parameters.tsv:2",
        ),
        (
            "parameters.tsv",
            "s_msc\t0.01",
            "s_msc\tabc",
            "parameters.tsv:2",
        ),
        (
            "relations.tsv",
            "apoptosis@co_amd@24\t>",
            "apoptosos@co_amd@24\t>",
            "apoptosos",
        ),
        (
            "observables.tsv",
            "observableFormula",
            "formula",
            "observableFormula",
        ),
        (
            "conditions.tsv",
            "amd\tamd\t9945\tnM",
            "amd\tamd\t9945\tuM",
            "conditions.tsv:3",
        ),
    ];
    for (k, (file, from, to, named)) in cases.into_iter().enumerate() {
        let folder = Folder::new(&format!("wrong{k}"));
        let study = copy_of_the_study(&folder);
        let path = study.join(file);
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.contains(from), "{file}: {from}");
        std::fs::write(&path, text.replacen(from, to, 1)).unwrap();
        let out = mechfit(&["check", study.to_str().unwrap()]);
        let said = String::from_utf8(out.stderr).unwrap() + &String::from_utf8(out.stdout).unwrap();
        assert_eq!(out.status.code(), Some(3), "{file} {to}: {said}");
        assert!(said.contains(named), "{file} {to}: {said}");
    }
}

#[test]
fn the_number_of_threads_changes_no_byte_and_a_replicate_can_be_drawn_alone() {
    let (one, two) = (Folder::new("one"), Folder::new("two"));
    for (folder, threads) in [(&one, "1"), (&two, "2")] {
        let common = ["--out", folder.text(), "--threads", threads, "--quiet"];
        let fit = mechfit(&[&["fit", "fits/wang2020", "--starts", "3"], &common[..]].concat());
        assert_eq!(fit.status.code(), Some(0), "{fit:?}");
        let samples = [
            "bootstrap",
            "fits/wang2020",
            "--samples",
            "40",
            "--starts",
            "3",
        ];
        let out = mechfit(&[&samples[..], &common[..]].concat());
        assert!(matches!(out.status.code(), Some(0)), "{out:?}");
    }
    for file in ["result.json", "bootstrap.json"] {
        assert_eq!(
            document(&one.join(file)),
            document(&two.join(file)),
            "{file}"
        );
    }
    let table = std::fs::read_to_string(one.join("replicates.tsv")).unwrap();
    let row = table.lines().nth(8).unwrap();
    let again = mechfit(&[
        "bootstrap",
        "fits/wang2020",
        "--samples",
        "40",
        "--starts",
        "3",
        "--replicate",
        "7",
        "--out",
        one.text(),
        "--quiet",
    ]);
    let again = String::from_utf8(again.stdout).unwrap();
    assert_eq!(again.lines().nth(1), Some(row));
}

fn bytes(folder: &Path, name: &str) -> Vec<u8> {
    std::fs::read(folder.join(name)).unwrap()
}

#[test]
fn coverage_goes_on_after_a_stop_and_joins_pieces_to_the_same_bytes() {
    const FOUR: [&str; 2] = ["--samples", "4"];
    let folder = Folder::new("coverage");
    let run = |out: &Path, more: &[&str]| {
        let mut arguments = vec![
            "coverage",
            "fits/wang2020",
            "--rtol",
            "1e-3",
            "--width-sets",
            "0",
            "--quiet",
            "--out",
            out.to_str().unwrap(),
        ];
        arguments.extend(more);
        mechfit(&arguments)
    };
    let (whole, stopped, pieces) = (
        folder.join("whole"),
        folder.join("stopped"),
        [folder.join("1"), folder.join("2")],
    );
    // All begin from the same fit.
    let fit = mechfit(&[
        "fit",
        "fits/wang2020",
        "--starts",
        "1",
        "--rtol",
        "1e-3",
        "--out",
        whole.to_str().unwrap(),
        "--quiet",
    ]);
    assert_eq!(fit.status.code(), Some(0), "{fit:?}");
    for to in [&stopped, &pieces[0], &pieces[1]] {
        std::fs::create_dir_all(to).unwrap();
        std::fs::copy(whole.join("result.json"), to.join("result.json")).unwrap();
    }
    let out = run(&whole, &FOUR);
    assert_eq!(out.status.code(), Some(0), "{out:?}");

    // Stopped with two records and half a third: what a kill leaves.
    assert_eq!(run(&stopped, &FOUR).status.code(), Some(0));
    let log = stopped.join("checkpoints/coverage.jsonl");
    let text = std::fs::read_to_string(&log).unwrap();
    let at: usize = text.split_inclusive('\n').take(3).map(str::len).sum();
    std::fs::write(&log, &text[..at + 40]).unwrap();
    std::fs::remove_file(stopped.join("coverage.json")).unwrap();
    let out = run(&stopped, &["--samples", "4", "--resume"]);
    assert_eq!(out.status.code(), Some(0), "{out:?}");

    for (i, piece) in pieces.iter().enumerate() {
        let shard = format!("{}/2", i + 1);
        let out = run(piece, &["--samples", "4", "--shard", &shard]);
        assert_eq!(out.status.code(), Some(0), "{out:?}");
    }
    let joined = folder.join("joined");
    let out = mechfit(&[
        "merge",
        pieces[0].to_str().unwrap(),
        pieces[1].to_str().unwrap(),
        "--out",
        joined.to_str().unwrap(),
        "--quiet",
    ]);
    assert_eq!(out.status.code(), Some(0), "{out:?}");
    for other in [&stopped, &joined] {
        assert_eq!(
            document(&other.join("coverage.json")),
            document(&whole.join("coverage.json"))
        );
        assert_eq!(bytes(other, "coverage.tsv"), bytes(&whole, "coverage.tsv"));
    }

    // A limit of time keeps what is done, with the table of it, and says so by its exit code.
    let out = run(
        &whole,
        &["--samples", "100000", "--resume", "--max-time", "1"],
    );
    assert_ne!(out.status.code(), Some(0), "{out:?}");
    let partial = document(&whole.join("coverage.json"));
    assert_eq!(partial["status"], "partial");
    assert!(partial["samples"].as_u64().unwrap() >= 4);
}

#[test]
fn profiles_in_pieces_join_and_a_plug_in_bootstrap_leaves_its_p_beside_johansens() {
    let folder = Folder::new("profile");
    let out = |name: &str| folder.join(name).to_str().unwrap().to_string();
    let loose = ["fits/wang2020", "--rtol", "1e-3", "--quiet"];
    let run = |command: &str, to: &str, more: &[&str]| {
        let mut arguments = vec![command];
        arguments.extend(loose);
        arguments.extend(["--out", to]);
        arguments.extend(more);
        let out = mechfit(&arguments);
        assert_eq!(out.status.code(), Some(0), "{out:?}");
    };
    let whole = out("whole");
    run("fit", &whole, &["--starts", "1"]);
    for name in ["1", "2"] {
        std::fs::create_dir_all(folder.join(name)).unwrap();
        let to = folder.join(name).join("result.json");
        std::fs::copy(folder.join("whole/result.json"), to).unwrap();
    }
    let two = ["--parameter", "mfi_1", "--parameter", "EC_V"];
    run("profile", &whole, &two);
    for i in ["1", "2"] {
        let shard = format!("{i}/2");
        let more = [&two[..], &["--shard", &shard]].concat();
        run("profile", &out(i), &more);
    }
    let joined = out("joined");
    let merged = mechfit(&["merge", &out("1"), &out("2"), "--out", &joined, "--quiet"]);
    assert_eq!(merged.status.code(), Some(0), "{merged:?}");
    let profile = document(&folder.join("whole/profile.json"));
    assert_eq!(document(&folder.join("joined/profile.json")), profile);
    // What holds the ends, in words.
    let of = |id: &str| {
        let list = profile["parameters"].as_array().unwrap();
        list.iter().find(|p| p["id"] == id).unwrap().clone()
    };
    assert_eq!(of("mfi_1")["verdict"], "identifiable");
    assert_eq!(
        of("mfi_1")["verdict_text"],
        "its lower end is set by the data; its upper end is set by the data"
    );
    assert_eq!(of("EC_V")["verdict"], "prior_only");

    // A calibrated threshold, from so few draws that it is only known to be one.
    let calibrated = ["--threshold", "bootstrap", "--calibration-samples", "19"];
    let more = [&two[..2], &calibrated[..]].concat();
    run("profile", &whole, &more);
    let found = document(&folder.join("whole/profile.json"));
    let interval = &found["parameters"][0]["interval"];
    assert_eq!(interval["method"], "profile_bootstrap");
    assert_eq!(found["calibration_samples"], 19);
    assert_ne!(
        found["parameters"][0]["threshold"],
        of("mfi_1")["threshold"]
    );

    let before = document(&folder.join("whole/result.json"));
    assert!(before["p_value_bootstrap"].is_null());
    assert!(before["structural"]["rank"].as_u64().unwrap() < 18);
    run(
        "bootstrap",
        &whole,
        &["--draw", "plug_in", "--samples", "9"],
    );
    let boot = document(&folder.join("whole/bootstrap.json"));
    let after = document(&folder.join("whole/result.json"));
    assert!(boot["goodness"]["p_value"].is_f64());
    assert_eq!(after["p_value_bootstrap"], boot["goodness"]["p_value"]);
}

#[test]
fn a_case_bootstrap_of_means_is_refused_with_the_reason() {
    let folder = Folder::new("case");
    let out = mechfit(&[
        "bootstrap",
        "fits/wang2020",
        "--kind",
        "case",
        "--starts",
        "1",
        "--out",
        folder.text(),
    ]);
    let said = String::from_utf8(out.stderr).unwrap() + &String::from_utf8(out.stdout).unwrap();
    assert_ne!(out.status.code(), Some(0), "{said}");
    assert!(said.contains("mean"), "{said}");
}

#[test]
fn what_was_recorded_verifies_and_a_changed_cell_does_not() {
    let folder = Folder::new("verify");
    let study = copy_of_the_study(&folder);
    let study = study.to_str().unwrap();
    let run = mechfit(&["run", study, "--samples", "40", "--quiet"]);
    assert_eq!(run.status.code(), Some(0), "{run:?}");
    let record = mechfit(&["verify", study, "--record"]);
    assert_eq!(record.status.code(), Some(0), "{record:?}");
    let good = mechfit(&["verify", study]);
    assert_eq!(good.status.code(), Some(0), "{good:?}");
    let path = Path::new(study).join("measurements.tsv");
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, text.replacen("335.20", "345.20", 1)).unwrap();
    let bad = mechfit(&["verify", study]);
    assert_eq!(bad.status.code(), Some(6), "{bad:?}");
    let said = String::from_utf8(bad.stderr).unwrap() + &String::from_utf8(bad.stdout).unwrap();
    assert!(said.contains("data"), "{said}");
}
