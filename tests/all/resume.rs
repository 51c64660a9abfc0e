//! Runs that are killed, interrupted, cut into pieces or refused space: the same bytes in the end, and nothing lost.

use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use crate::support::program::{Folder, command, said};

/// A folder with a small study, which ends with the test.
struct Study(Folder);

impl Study {
    fn new(name: &str) -> Self {
        let study = Self(Folder::new(&format!("resume-{name}")));
        let out = study.mechfit(&["new", "demo"]);
        assert_eq!(out.status.code(), Some(0), "{out:?}");
        study
    }
    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = command(self.0.path(), arguments);
        command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }
    fn mechfit(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }
    /// Runs and expects success.
    fn good(&self, arguments: &[&str]) {
        let out = self.mechfit(arguments);
        assert_eq!(out.status.code(), Some(0), "{arguments:?}: {}", said(&out));
    }
    fn records(&self, folder: &str, kind: &str) -> usize {
        let path = self
            .0
            .join(folder)
            .join(format!("checkpoints/{kind}.jsonl"));
        std::fs::read(path).map_or(0, |b| {
            b.iter().filter(|b| **b == b'\n').count().saturating_sub(1)
        })
    }
}

/// The files of a result as bytes: tables and figures as they are, JSON without its provenance.
fn bytes(folder: &Path) -> Vec<(String, String)> {
    let mut list: Vec<(String, String)> = std::fs::read_dir(folder)
        .unwrap()
        .map(|e| e.unwrap().path())
        .filter(|p| p.is_file())
        .filter_map(|p| {
            let name = p.file_name()?.to_string_lossy().into_owned();
            let text = std::fs::read_to_string(&p).unwrap();
            assert!(!name.ends_with(".part"), "{name} is left over");
            if name.ends_with(".json") && name != "manifest.json" {
                let mut value: serde_json::Value = serde_json::from_str(&text).unwrap();
                value.as_object_mut().unwrap().remove("provenance");
                return Some((name, value.to_string()));
            }
            (name.ends_with(".tsv") || name.ends_with(".svg")).then_some((name, text))
        })
        .collect();
    list.sort();
    assert!(!list.is_empty());
    list
}

/// A sequence that has nothing to do with the program's own streams.
fn next(state: &mut u64) -> f64 {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    (*state >> 11) as f64 / (1_u64 << 53) as f64
}

#[test]
fn killed_at_random_moments_every_command_goes_on_to_the_same_bytes() {
    let study = Study::new("kill");
    let mut seed = 20_261_125;
    for (kind, size) in [("fit", "--starts=12"), ("bootstrap", "--samples=60")] {
        let words = [kind, "demo", size, "--quiet"];
        let begun = Instant::now();
        study.good(&[&words[..], &["--out", "whole"]].concat());
        let whole = begun.elapsed();
        if kind == "bootstrap" {
            std::fs::create_dir_all(study.0.join("killed")).unwrap();
        }
        let mut kept = 0;
        for _ in 0..5 {
            let mut child = study
                .command(&[&words[..], &["--out", "killed", "--resume"]].concat())
                .spawn()
                .unwrap();
            std::thread::sleep(whole.mul_f64(next(&mut seed)));
            child.kill().unwrap();
            child.wait().unwrap();
            let now = study.records("killed", kind);
            assert!(now >= kept, "{kind}: {now} records after {kept}");
            kept = now;
        }
        study.good(&[&words[..], &["--out", "killed", "--resume"]].concat());
        // What a killed write leaves has a name of its own and is never read.
        for entry in std::fs::read_dir(study.0.join("killed")).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|e| e == "part") {
                std::fs::remove_file(path).unwrap();
            }
        }
        assert_eq!(
            bytes(&study.0.join("whole")),
            bytes(&study.0.join("killed")),
            "{kind}"
        );
    }
}

#[test]
fn pieces_and_threads_change_no_byte() {
    let study = Study::new("pieces");
    let fit = ["fit", "demo", "--starts=6", "--quiet"];
    let words = ["bootstrap", "demo", "--samples=23", "--starts=6", "--quiet"];
    study.good(&[&words[..], &["--out", "whole", "--threads", "1"]].concat());
    let whole = bytes(&study.0.join("whole"));
    for pieces in [1, 2, 7] {
        for threads in ["1", "2"] {
            let out = format!("cut-{pieces}-{threads}");
            study.good(&[&fit[..], &["--out", &out, "--threads", threads]].concat());
            for piece in 1..=pieces {
                let shard = format!("{piece}/{pieces}");
                let more = ["--out", &out, "--threads", threads, "--shard", &shard];
                study.good(&[&words[..], &more[..]].concat());
            }
            study.good(&["merge", &out, "--threads", threads, "--quiet"]);
            assert_eq!(
                whole,
                bytes(&study.0.join(&out)),
                "{pieces} pieces, {threads} threads"
            );
        }
    }
    // The starts of a fit can be cut as well.
    study.good(&[&fit[..], &["--out", "fit"]].concat());
    for shard in ["1/2", "2/2"] {
        study.good(&[&fit[..], &["--out", shard, "--shard", shard]].concat());
    }
    study.good(&["merge", "1/2", "2/2", "--out", "joined", "--quiet"]);
    assert_eq!(bytes(&study.0.join("fit")), bytes(&study.0.join("joined")));
}

#[test]
fn gaps_and_mixed_pieces_are_refused_by_name() {
    let study = Study::new("gaps");
    let words = ["bootstrap", "demo", "--samples=9", "--starts=2", "--quiet"];
    study.good(&[&words[..], &["--shard", "1/3", "--out", "a"]].concat());
    study.good(&[&words[..], &["--shard", "2/3", "--out", "b"]].concat());
    let gaps = study.mechfit(&["merge", "a", "b", "--out", "joined"]);
    assert_eq!(gaps.status.code(), Some(3));
    assert!(
        said(&gaps).contains("3 of 9 units of the bootstrap are missing: 3, 6, 9"),
        "{}",
        said(&gaps)
    );
    study.good(&[&words[..], &["--shard", "3/3", "--out", "c", "--seed", "2"]].concat());
    let mixed = study.mechfit(&["merge", "a", "b", "c", "--out", "joined"]);
    assert_eq!(mixed.status.code(), Some(3));
    assert!(
        said(&mixed).contains("different inputs:") && said(&mixed).contains("seed differ"),
        "{}",
        said(&mixed)
    );
    study.good(&[&words[..], &["--shard", "3/3", "--out", "d"]].concat());
    let data = study.0.join("demo/measurements.tsv");
    let text = std::fs::read_to_string(&data).unwrap();
    std::fs::write(&data, text.replacen("\t52\t", "\t53\t", 1)).unwrap();
    let changed = study.mechfit(&["merge", "a", "b", "d", "--out", "joined"]);
    assert_eq!(changed.status.code(), Some(3), "{}", said(&changed));
    assert!(said(&changed).contains("data"), "{}", said(&changed));
    assert!(!study.0.join("joined/bootstrap.json").exists());
    let none = study.mechfit(&["merge", "demo"]);
    assert!(
        none.status.code() == Some(3) && said(&none).contains("no piece"),
        "{}",
        said(&none)
    );
}

#[test]
fn an_interrupt_and_a_limit_of_time_end_soon_and_lose_nothing() {
    /// What the program promises (one second), and what a busy machine may add to it.
    const SOON: Duration = Duration::from_secs(3);
    let study = Study::new("stop");
    let more = [
        "bootstrap",
        "demo",
        "--samples=1000000",
        "--starts=2",
        "--quiet",
        "--resume",
    ];
    let fewer = ["bootstrap", "demo", "--samples=40", "--starts=2", "--quiet"];
    study.good(&[&fewer[..], &["--out", "whole"]].concat());

    let mut child = study
        .command(&[&more[..], &["--out", "stopped", "--json"]].concat())
        .spawn()
        .unwrap();
    let waited = Instant::now();
    while study.records("stopped", "bootstrap") < 3 && waited.elapsed() < Duration::from_secs(60) {
        std::thread::sleep(Duration::from_millis(10));
    }
    let pid = child.id().to_string();
    assert!(
        Command::new("kill")
            .args(["-INT", &pid])
            .status()
            .unwrap()
            .success()
    );
    let asked = Instant::now();
    let status = child.wait().unwrap();
    assert!(asked.elapsed() < SOON, "{:?}", asked.elapsed());
    assert_eq!(status.code(), Some(130));
    let mut text = String::new();
    std::io::Read::read_to_string(&mut child.stdout.take().unwrap(), &mut text).unwrap();
    let document: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(document["exit_code"], 130, "{document}");
    assert!(!study.0.join("stopped/bootstrap.json").exists());
    let kept = study.records("stopped", "bootstrap");
    assert!(kept >= 3, "{kept}");

    let begun = Instant::now();
    let out = study.mechfit(&[&more[..], &["--out", "stopped", "--max-time", "0.5"]].concat());
    assert_eq!(out.status.code(), Some(75), "{}", said(&out));
    assert!(
        begun.elapsed() < Duration::from_millis(500) + SOON,
        "{:?}",
        begun.elapsed()
    );
    assert!(study.records("stopped", "bootstrap") >= kept);

    study.good(&[&fewer[..], &["--out", "stopped", "--resume"]].concat());
    assert_eq!(
        bytes(&study.0.join("whole")),
        bytes(&study.0.join("stopped"))
    );
}

#[test]
fn a_disk_that_is_full_is_named_and_work_goes_on_when_there_is_space() {
    let study = Study::new("full");
    let words = "bootstrap demo --samples 60 --starts 2 --quiet";
    study.good(
        &[
            &words.split(' ').collect::<Vec<_>>()[..],
            &["--out", "whole"],
        ]
        .concat(),
    );
    study.good(&["fit", "demo", "--starts", "2", "--quiet", "--out", "full"]);
    // No file may grow beyond 8 blocks of 512 bytes: writing fails as it does on a full disk.
    let line = format!(
        "trap '' XFSZ; ulimit -f 8; exec '{}' {words} --out full",
        env!("CARGO_BIN_EXE_mechfit")
    );
    let out = Command::new("sh")
        .args(["-c", &line])
        .current_dir(study.0.path())
        .output()
        .unwrap();
    assert_eq!(out.status.code(), Some(1), "{}", said(&out));
    let text = said(&out);
    assert!(
        text.contains("error[file]") && text.contains("help:"),
        "{text}"
    );
    assert!(!study.0.join("full/bootstrap.json").exists());
    let kept = study.records("full", "bootstrap");
    assert!(kept > 0 && kept < 60, "{kept}");
    study.good(
        &[
            &words.split(' ').collect::<Vec<_>>()[..],
            &["--out", "full", "--resume"],
        ]
        .concat(),
    );
    assert_eq!(bytes(&study.0.join("whole")), bytes(&study.0.join("full")));
}

#[test]
fn a_folder_that_cannot_be_written_is_named() {
    let study = Study::new("unwritable");
    let out = study.mechfit(&[
        "fit",
        "demo",
        "--starts",
        "1",
        "--out",
        "demo/problem.yaml/x",
    ]);
    assert_eq!(out.status.code(), Some(1), "{}", said(&out));
    assert!(said(&out).contains("demo/problem.yaml/x"), "{}", said(&out));
}

#[test]
fn records_of_other_work_are_refused_by_name_and_not_overwritten() {
    let study = Study::new("other");
    let words = [
        "bootstrap",
        "demo",
        "--samples=9",
        "--starts=2",
        "--quiet",
        "--resume",
    ];
    study.good(&words);
    let before = study.records("demo/results", "bootstrap");
    let out = study.mechfit(&[&words[..], &["--draw", "plug_in"]].concat());
    assert_eq!(out.status.code(), Some(3));
    assert!(said(&out).contains("bootstrap differ"), "{}", said(&out));
    assert_eq!(study.records("demo/results", "bootstrap"), before);
}
