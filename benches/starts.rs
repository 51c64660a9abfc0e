//! Convergence of the search from points drawn uniformly on the estimation scale within the bounds: how many end at the best
//! known optimum, and what a start takes.
//!
//! `cargo bench --bench starts -- PROBLEM STARTS [RTOL [SCREEN]]`; each start is the best of SCREEN points (default 1), by value.
//! Both searches run from the same points: with JᵀJ alone, and with what its steps teach it of the rest of the Hessian. One
//! thread. Problems: Boehm, Crauste, Fiedler of the benchmark collection, where `MECHFIT_SUITES` or `../shared/suites` has them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Instant;

use mechfit::fit;
use mechfit::objective::{BuildOptions, Objective, Target, Workspace};
use mechfit::search::{self, Want};
use mechfit::stats::Stream;
use mechfit::study::open::Study;

/// Problem and the value of its best known optimum: Boehm and Crauste as published with the collection, Fiedler the lowest that
/// this search found.
const PROBLEMS: [(&str, f64); 3] = [
    ("Boehm_JProteomeRes2014", 138.222),
    ("Crauste_CellSystems2017", 190.97),
    ("Fiedler_BMCSystBiol2016", -58.584),
];
/// Distance to the optimum at which a start counts as converged to it.
const NEAR: f64 = 0.1;
/// Key of the random points.
const SEED: u64 = 7;
/// Points that one start may draw.
const MOST_POINTS: u64 = 1000;

/// 95 % interval of a rate (Wilson 1927).
fn wilson(hits: usize, n: usize) -> (f64, f64) {
    const Z: f64 = 1.959_963_984_540_054;
    let (n, p) = (n as f64, hits as f64 / n as f64);
    let centre = p + Z * Z / (2.0 * n);
    let half = Z * (p * (1.0 - p) / n + Z * Z / (4.0 * n * n)).sqrt();
    let scale = 1.0 + Z * Z / n;
    ((centre - half) / scale, (centre + half) / scale)
}

fn open(name: &str) -> Option<Objective> {
    let suites = std::env::var_os("MECHFIT_SUITES").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/suites"),
        PathBuf::from,
    );
    let folder = suites.join("benchmark").join(name);
    if !folder.is_dir() {
        println!("{name}: skipped, it is not there");
        return None;
    }
    let study = Study::open(&folder).expect("the problem is read");
    let prepared = study.prepare(None).expect("the models are read");
    let objective = prepared.objective(&BuildOptions::default());
    Some(objective.expect("the problem compiles"))
}

fn point(objective: &Objective, start: u64, draw: u64) -> Vec<f64> {
    let coordinates = objective.coordinates().iter().enumerate();
    coordinates
        .map(|(k, c)| {
            let replicate = start * MOST_POINTS + draw;
            let u = Stream::new(SEED, "bench start", replicate, k as u64).uniform();
            c.lower + u * (c.upper - c.lower)
        })
        .collect()
}

/// The best of several points, and how many were evaluated.
fn screened(
    objective: &Objective,
    start: u64,
    screen: u64,
    ws: &mut Workspace,
) -> (Vec<f64>, usize) {
    if screen <= 1 {
        return (point(objective, start, 0), 0);
    }
    let mut best = (f64::INFINITY, point(objective, start, 0));
    for draw in 0..screen.min(MOST_POINTS) {
        let x = point(objective, start, draw);
        let value = objective.evaluate(&x, objective.data(), Want::Value, ws);
        if let Ok(e) = value
            && e.value < best.0
        {
            best = (e.value, x);
        }
    }
    (best.1, screen as usize)
}

fn main() {
    let arguments: Vec<String> = std::env::args()
        .skip(1)
        .filter(|a| a != "--bench")
        .collect();
    let number = |at: usize, default: f64| {
        arguments
            .get(at)
            .map_or(default, |a| a.parse().expect("a number"))
    };
    let (starts, rtol, screen) = (
        number(1, 20.0) as u64,
        number(2, 1e-6),
        number(3, 1.0) as u64,
    );
    let word = arguments.first().map_or("", String::as_str);
    for (name, optimum) in PROBLEMS.iter().filter(|(p, _)| p.contains(word)) {
        let Some(mut objective) = open(name) else {
            continue;
        };
        objective.settings.tolerances.rtol = rtol;
        objective.settings.tolerances.atol = vec![rtol.min(1e-8)];
        for secant in [false, true] {
            let options = search::Options {
                secant,
                ..search::Options::default()
            };
            let mut ws = objective.workspace();
            let begin = Instant::now();
            let (mut near, mut failed, mut gradients, mut values) = (0, 0, 0, 0);
            let mut ends = Vec::new();
            let mut reasons: BTreeMap<&str, usize> = BTreeMap::new();
            for start in 0..starts {
                let (from, looked) = screened(&objective, start, screen, &mut ws);
                values += looked;
                match fit::refit(&objective, objective.data(), &from, &[], &options, &mut ws) {
                    Ok(found) => {
                        gradients += found.gradients;
                        values += found.values;
                        *reasons.entry(found.termination.name()).or_default() += 1;
                        ends.push(found.evaluated.value);
                        near += usize::from(found.evaluated.value < optimum + NEAR);
                    }
                    Err(_) => failed += 1,
                }
            }
            ends.sort_by(f64::total_cmp);
            let n = starts as f64;
            let (low, high) = wilson(near, starts as usize);
            println!(
                "{name}, {starts} starts, rtol {rtol:e}, best of {screen}, secant {secant}: {near} within {NEAR} of {optimum} \
                 ({:.1} %, 95 % interval {:.1} to {:.1} %); best {:.6}, median {:.4}",
                100.0 * near as f64 / n,
                100.0 * low,
                100.0 * high,
                ends.first().copied().unwrap_or(f64::NAN),
                ends.get(ends.len() / 2).copied().unwrap_or(f64::NAN),
            );
            println!(
                "  a start: {:.1} gradients, {:.1} values, {:.4} s; {failed} could not begin; ended by {reasons:?}",
                gradients as f64 / n,
                values as f64 / n,
                begin.elapsed().as_secs_f64() / n,
            );
        }
    }
}
