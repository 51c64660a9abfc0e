//! Evaluates one objective a number of times and nothing else: what an instruction counter is run on.
//!
//! `counts PROBLEM value|gradient TIMES`, where PROBLEM is a folder or `chain:N`, a chain of N reactions with N estimated
//! rates. The counts of 2·TIMES less those of TIMES evaluations are those of TIMES evaluations: set-up cancels. It prints
//! what the evaluations add to the memory in use, which must be nothing. `benches/callgrind.sh` runs it.

#[path = "../tests/all/support/mod.rs"]
#[allow(dead_code)] // only what makes the chain is used here
mod support;

use std::path::Path;

use mechfit::objective::{BuildOptions, Objective, Target};
use mechfit::problem::Scale;
use mechfit::search::Want;
use mechfit::study::open::Study;
use support::{ModelBuilder, estimated, measured, problem};

/// Times at which the chain is measured.
const TIMES: [f64; 5] = [1.0, 2.0, 4.0, 7.0, 10.0];

fn main() {
    let arguments: Vec<String> = std::env::args()
        .skip(1)
        .filter(|a| a != "--bench")
        .collect();
    // `cargo bench` runs every benchmark without arguments.
    let [name, what, times] = &arguments[..] else {
        return;
    };
    let objective = match name.strip_prefix("chain:") {
        Some(n) => chain(n.parse().expect("a number of reactions")),
        None => open(Path::new(name)),
    };
    let want = if what == "value" {
        Want::Value
    } else {
        Want::Derivatives
    };
    let times: usize = times.parse().expect("a number of evaluations");
    let theta = objective.nominal_point();
    let mut ws = objective.workspace();
    let mut evaluate = || {
        ws.forget();
        objective
            .evaluate(&theta, objective.data(), want, &mut ws)
            .expect("an objective")
            .value
    };
    let value = evaluate();
    let before = resident();
    for _ in 0..times {
        assert_eq!(evaluate(), value);
    }
    println!(
        "{name} {what}: {value}, {times} times, {} kB more in use",
        resident() - before
    );
}

/// Memory of this process in use, in kB (0 where the system does not tell).
fn resident() -> i64 {
    let text = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = text.lines().find_map(|l| l.strip_prefix("VmRSS:"));
    line.and_then(|l| l.split_whitespace().next()?.parse().ok())
        .unwrap_or(0)
}

fn open(folder: &Path) -> Objective {
    let study = Study::open(folder).expect("the problem is read");
    let prepared = study.prepare(None).expect("the models are read");
    prepared
        .objective(&BuildOptions::default())
        .expect("the problem compiles")
}

/// X₁ → X₂ → … → Xₙ with a rate of its own for each reaction, the last one out; the middle and the last are measured.
fn chain(n: usize) -> Objective {
    let rate = |i: usize| 1.0 + 0.5 * (i as f64).sin();
    let mut model = ModelBuilder::default();
    let mut parameters = Vec::new();
    for i in 1..=n {
        let k = format!("k{i}");
        model = model.parameter(&k, rate(i));
        parameters.push(estimated(&k, rate(i), Scale::Log10));
        let out = format!("k{i}*X{i}");
        model = match i {
            1 => model.state("X1", "1", &format!("-{out}")),
            _ => model.state(&format!("X{i}"), "0", &format!("k{0}*X{0} - {out}", i - 1)),
        };
    }
    let mut problem = problem(parameters, &[("e", &[(0.0, &[])])]);
    for time in TIMES {
        for i in [n / 2, n] {
            measured(&mut problem, &format!("X{i}"), "e", time, 0.1, 0.05);
        }
    }
    Objective::build(vec![model.build()], &problem, &BuildOptions::default())
        .expect("the problem compiles")
}
