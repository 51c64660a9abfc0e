//! What the engine takes: right-hand side, one simulation, objective with and without gradient, one fit, 100 refits.
//!
//! `cargo bench` runs all; `cargo bench -- gradient` those whose name contains the word. Problems of the benchmark
//! collection are timed where `MECHFIT_SUITES` or `../shared/suites` has them. Times are of one thread.

use std::path::{Path, PathBuf};

use divan::{Bencher, black_box};
use mechfit::fit::{self, Optimum};
use mechfit::objective::{BuildOptions, Objective, Target};
use mechfit::ode::Method;
use mechfit::search::{Control, Want};
use mechfit::simulate::Settings;
use mechfit::study::open::Study;
use mechfit::system::Machine;
use mechfit::uncertainty::bootstrap;

fn main() {
    divan::main();
}

/// Problems: the study of this repository and what is there of the benchmark collection.
const PROBLEMS: [&str; 5] = [
    "wang2020",
    "Boehm_JProteomeRes2014",
    "Crauste_CellSystems2017",
    "Fiedler_BMCSystBiol2016",
    "Elowitz_Nature2000",
];

fn folder(name: &str) -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    if name == "wang2020" {
        return root.join("fits").join(name);
    }
    let suites = std::env::var_os("MECHFIT_SUITES")
        .map_or_else(|| root.join("../shared/suites"), PathBuf::from);
    suites.join("benchmark").join(name)
}

fn open(name: &str, method: Method, rtol: f64) -> Option<Objective> {
    let folder = folder(name);
    if !folder.is_dir() {
        return None;
    }
    let mut settings = Settings {
        method,
        ..Settings::default()
    };
    settings.tolerances.rtol = rtol;
    settings.tolerances.atol = vec![rtol.min(1e-8)];
    let options = BuildOptions {
        settings,
        ..BuildOptions::default()
    };
    let study = Study::open(&folder).expect("the problem is read");
    let prepared = study.prepare(None).expect("the models are read");
    Some(prepared.objective(&options).expect("the problem compiles"))
}

#[divan::bench(args = PROBLEMS)]
fn right_hand_side(bencher: Bencher, name: &str) {
    let Some(objective) = open(name, Method::Auto, 1e-8) else {
        return;
    };
    let system = &objective.experiments[0].system;
    let mut machine = Machine::new(system);
    machine.set_parameters(system, &vec![0.5; system.n_slots]);
    let (y, mut f) = (vec![0.5; system.n], vec![0.0; system.n]);
    bencher.bench_local(|| machine.rhs(system, 1.0, black_box(&y), &mut f));
}

#[divan::bench(args = PROBLEMS)]
fn load_and_compile(bencher: Bencher, name: &str) {
    if folder(name).is_dir() {
        bencher.bench_local(|| open(name, Method::Auto, 1e-8));
    }
}

#[divan::bench(args = PROBLEMS)]
fn one_simulation(bencher: Bencher, name: &str) {
    let Some(objective) = open(name, Method::Auto, 1e-8) else {
        return;
    };
    let table = objective.table(&objective.nominal_point());
    // The last experiment of the study has every drug.
    let experiment = objective.experiments.last().expect("an experiment");
    let mut ws = mechfit::simulate::Workspace::new(experiment);
    let end = objective
        .rows()
        .iter()
        .map(|r| r.time)
        .filter(|t| t.is_finite())
        .fold(0.0, f64::max);
    bencher.bench_local(|| {
        experiment.run(
            &table,
            &[],
            &[end],
            false,
            &objective.settings,
            &mut ws,
            &mut |_, point| {
                black_box(point.y);
            },
        )
    });
}

#[divan::bench(args = PROBLEMS)]
fn value(bencher: Bencher, name: &str) {
    evaluation(bencher, name, Want::Value, Method::Auto, 1e-8);
}

#[divan::bench(args = PROBLEMS)]
fn gradient(bencher: Bencher, name: &str) {
    evaluation(bencher, name, Want::Derivatives, Method::Auto, 1e-8);
}

#[divan::bench(args = PROBLEMS)]
fn gradient_1e_6(bencher: Bencher, name: &str) {
    evaluation(bencher, name, Want::Derivatives, Method::Auto, 1e-6);
}

#[divan::bench(args = PROBLEMS)]
fn gradient_tight_rodas(bencher: Bencher, name: &str) {
    evaluation(bencher, name, Want::Derivatives, Method::Rodas5P, 1e-11);
}

#[divan::bench(args = PROBLEMS)]
fn gradient_tight_radau(bencher: Bencher, name: &str) {
    evaluation(bencher, name, Want::Derivatives, Method::Radau, 1e-11);
}

fn evaluation(bencher: Bencher, name: &str, want: Want, method: Method, rtol: f64) {
    let Some(objective) = open(name, method, rtol) else {
        return;
    };
    let theta = objective.nominal_point();
    let mut ws = objective.workspace();
    bencher.bench_local(|| {
        ws.forget();
        objective.evaluate(black_box(&theta), objective.data(), want, &mut ws)
    });
}

fn optimum(objective: &Objective) -> Optimum {
    let options = fit::Options {
        starts: 8,
        ..fit::Options::default()
    };
    fit::multistart(objective, objective.data(), &options, &[], &|_| {
        Control::Continue
    })
    .expect("a fit")
    .best
}

#[divan::bench(sample_count = 10)]
fn one_fit_of_the_study(bencher: Bencher) {
    let Some(objective) = open("wang2020", Method::Auto, 1e-8) else {
        return;
    };
    let mut ws = objective.workspace();
    let start = objective.nominal_point();
    bencher.bench_local(|| {
        fit::refit(
            &objective,
            objective.data(),
            &start,
            &[],
            &Default::default(),
            &mut ws,
        )
    });
}

#[divan::bench(sample_count = 5)]
fn hundred_bootstrap_refits_of_the_study(bencher: Bencher) {
    let Some(objective) = open("wang2020", Method::Auto, 1e-8) else {
        return;
    };
    let best = optimum(&objective);
    let context = bootstrap::Context::new(
        &objective,
        objective.data(),
        &best,
        Vec::new(),
        bootstrap::Options::default(),
    )
    .expect("a context");
    let mut ws = objective.workspace();
    bencher.bench_local(|| {
        (1..=100)
            .map(|k| bootstrap::replicate(k, &context, &mut ws))
            .filter(bootstrap::Replicate::succeeded)
            .count()
    });
}
