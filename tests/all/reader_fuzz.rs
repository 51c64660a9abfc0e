//! Every reader given what nobody would write: seeds of the fuzzing and what was made of them, in bounded time.
//! `MECHFIT_FUZZ_SECONDS` runs each reader for longer; without a guide it finds less than `fuzz/run.sh` in the same time.

use std::path::Path;
use std::time::{Duration, Instant};

use mechfit::stats::Stream;

#[path = "../../fuzz/readers.rs"]
mod readers;

/// Inputs of each reader without a time given.
const INPUTS: u64 = 300;
/// Longest time of one input: what the fuzzing allows.
const LONGEST: Duration = Duration::from_secs(8);
/// Pieces that mean something to one reader or another.
const PIECES: [&str; 26] = [
    "\t", "\n", "\r\n", ",", ";", "\"", "'", "[", "]", "(", ")", "{", "}", "<", ">", "/", "^", "-",
    ":", "\0", "é", "1e308", "nan", "inf", "-1", "0",
];

/// Seeds of a reader by name.
fn seeds(target: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("fuzz/corpus")
        .join(target);
    let mut files: Vec<_> = std::fs::read_dir(&folder)
        .unwrap()
        .map(|e| e.unwrap().path())
        .collect();
    files.sort();
    assert!(!files.is_empty(), "{} is empty", folder.display());
    files.iter().map(|f| std::fs::read(f).unwrap()).collect()
}

/// A seed after up to six changes: pieces put in, cut out, doubled, taken from another seed, bits flipped.
fn changed(seeds: &[Vec<u8>], stream: &mut Stream) -> Vec<u8> {
    let mut bytes = seeds[stream.below(seeds.len())].clone();
    for _ in 0..1 + stream.below(6) {
        let at = stream.below(bytes.len() + 1);
        let end = at + stream.below((bytes.len() - at).min(64) + 1);
        match stream.below(5) {
            0 => {
                bytes.splice(at..at, PIECES[stream.below(PIECES.len())].bytes());
            }
            1 => {
                bytes.drain(at..end);
            }
            2 => {
                let piece = bytes[at..end].to_vec();
                bytes.splice(at..at, piece);
            }
            3 => {
                let other = &seeds[stream.below(seeds.len())];
                let from = stream.below(other.len() + 1);
                let to = from + stream.below((other.len() - from).min(64) + 1);
                bytes.splice(at..end, other[from..to].iter().copied());
            }
            _ => {
                if let Some(byte) = bytes.get_mut(at) {
                    *byte ^= 1 << stream.below(8);
                }
            }
        }
    }
    bytes
}

fn hold(target: &str) {
    let number = |name: &str| std::env::var(name).ok().and_then(|s| s.parse::<u64>().ok());
    let seconds = number("MECHFIT_FUZZ_SECONDS").map(Duration::from_secs);
    let seed = number("MECHFIT_FUZZ_SEED").unwrap_or(1);
    let seeds = seeds(target);
    let begun = Instant::now();
    let mut k = 0;
    while seconds.map_or(k < INPUTS, |s| begun.elapsed() < s) {
        let mut stream = Stream::new(seed, target, k, 0);
        let bytes = match seeds.get(k as usize) {
            Some(as_it_is) => as_it_is.clone(),
            None => changed(&seeds, &mut stream),
        };
        let from = Instant::now();
        if std::panic::catch_unwind(|| readers::read(target, &bytes)).is_err() {
            panic!("input {k} of seed {seed}: {}", bytes.escape_ascii());
        }
        assert!(
            from.elapsed() < LONGEST,
            "input {k} of seed {seed} takes {:?}",
            from.elapsed()
        );
        k += 1;
    }
}

#[test]
fn expressions_are_read_or_refused() {
    hold("expression");
}

#[test]
fn models_are_read_or_refused() {
    hold("model");
}

#[test]
fn files_of_runs_are_read_or_refused() {
    hold("records");
}

#[test]
fn sbml_is_read_or_refused() {
    hold("sbml");
}

#[test]
fn spreadsheets_are_read_or_refused() {
    hold("spreadsheet");
}

#[test]
fn tables_are_read_or_refused() {
    hold("tables");
}

#[test]
fn units_are_read_or_refused() {
    hold("unit");
}
