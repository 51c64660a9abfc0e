//! Work and precision of the integrators: for each problem, method and relative tolerance, how far −log likelihood and
//! gradient lie from a reference (Radau at 1e-13), and what they take.
//!
//! `cargo bench --bench precision` runs every problem; `-- Boehm radau` those rows whose problem and method contain the words.
//! `-- count PROBLEM METHOD RTOL value|gradient REPEATS` does nothing but evaluate, for counters of instructions: the
//! difference of two numbers of repeats is free of reading and compiling. Times are the least of several runs, one thread.

use std::path::{Path, PathBuf};
use std::time::Instant;

use mechfit::objective::{BuildOptions, Evaluated, Objective, Target, Workspace};
use mechfit::ode::Method;
use mechfit::search::Want;
use mechfit::simulate::Settings;
use mechfit::study::open::Study;

/// Problems: the study of this repository and what is there of the benchmark collection.
const PROBLEMS: [&str; 14] = [
    "wang2020",
    "Boehm_JProteomeRes2014",
    "Crauste_CellSystems2017",
    "Fiedler_BMCSystBiol2016",
    "Elowitz_Nature2000",
    "Borghans_BiophysChem1997",
    "Sneyd_PNAS2002",
    "Brannmark_JBC2010",
    "Bruno_JExpBot2016",
    "Perelson_Science1996",
    "Rahman_MBS2016",
    "Schwen_PONE2014",
    "Liu_IFACPapersOnLine2025",
    "Oliveira_NatCommun2021",
];

const METHODS: [(&str, Method); 5] = [
    ("auto", Method::Auto),
    ("rodas5p", Method::Rodas5P),
    ("radau", Method::Radau),
    ("dopri5", Method::Dopri5),
    ("dop853", Method::Dop853),
];

/// Tolerance of the reference.
const REFERENCE: f64 = 1e-13;
/// Runs of which the least time counts.
const RUNS: usize = 7;
/// A run that takes longer is not repeated so often, seconds.
const LONG: f64 = 0.05;

fn folder(name: &str) -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    if name == "wang2020" {
        return root.join("fits").join(name);
    }
    let suites = std::env::var_os("MECHFIT_SUITES")
        .map_or_else(|| root.join("../shared/suites"), PathBuf::from);
    suites.join("benchmark").join(name)
}

fn open(name: &str) -> Option<Objective> {
    let folder = folder(name);
    if !folder.is_dir() {
        println!("{name}: skipped, it is not there");
        return None;
    }
    let study = Study::open(&folder).expect("the problem is read");
    let prepared = study.prepare(None).expect("the models are read");
    let objective = prepared.objective(&BuildOptions::default());
    Some(objective.expect("the problem compiles"))
}

fn set(objective: &mut Objective, method: Method, rtol: f64) {
    let mut settings = Settings {
        method,
        ..Settings::default()
    };
    settings.tolerances.rtol = rtol;
    settings.tolerances.atol = vec![rtol];
    objective.settings = settings;
}

fn evaluate(
    objective: &Objective,
    theta: &[f64],
    want: Want,
    ws: &mut Workspace,
) -> Option<Evaluated> {
    objective.evaluate(theta, objective.data(), want, ws).ok()
}

fn norm(x: impl Iterator<Item = f64>) -> f64 {
    x.map(|x| x * x).sum::<f64>().sqrt()
}

/// Least time of an evaluation in milliseconds.
fn time(objective: &Objective, theta: &[f64], want: Want, ws: &mut Workspace) -> f64 {
    let mut least = f64::INFINITY;
    for _ in 0..RUNS {
        let start = Instant::now();
        // A remembered solution takes no time.
        ws.forget();
        let _ = std::hint::black_box(evaluate(objective, theta, want, ws));
        let seconds = start.elapsed().as_secs_f64();
        least = least.min(seconds);
        if seconds > LONG {
            break;
        }
    }
    1e3 * least
}

fn table(words: &[String]) {
    let wanted = |text: &str, methods: bool| {
        let of_kind = |w: &&String| methods == METHODS.iter().any(|(m, _)| m == w);
        let mut list = words.iter().filter(of_kind).peekable();
        list.peek().is_none() || list.any(|w| text.contains(w.as_str()))
    };
    println!(
        "{:26}{:9}{:>7}{:>10}{:>10}{:>9}{:>9}{:>8}{:>6}{:>9}{:>9}{:>9}",
        "problem",
        "method",
        "rtol",
        "nllh off",
        "grad off",
        "value ms",
        "grad ms",
        "steps",
        "rej.",
        "rhs",
        "LU",
        "solves"
    );
    for name in PROBLEMS.iter().filter(|p| wanted(p, false)) {
        let Some(mut objective) = open(name) else {
            continue;
        };
        let theta = objective.nominal_point();
        let mut ws = objective.workspace();
        set(&mut objective, Method::Radau, REFERENCE);
        let Some(reference) = evaluate(&objective, &theta, Want::Derivatives, &mut ws) else {
            println!("{name}: the reference fails");
            continue;
        };
        let size = norm(reference.gradient.iter().copied());
        for (label, method) in METHODS.iter().filter(|(m, _)| wanted(m, true)) {
            for power in 3..=11 {
                let rtol = 10f64.powi(-power);
                set(&mut objective, *method, rtol);
                let mut ws = objective.workspace();
                let Some(found) = evaluate(&objective, &theta, Want::Derivatives, &mut ws) else {
                    println!("{name:26}{label:9}{rtol:7.0e}  fails");
                    continue;
                };
                let (work, _) = ws.work();
                let gap = norm(
                    found
                        .gradient
                        .iter()
                        .zip(&reference.gradient)
                        .map(|(a, b)| a - b),
                );
                let value = time(&objective, &theta, Want::Value, &mut ws);
                let gradient = time(&objective, &theta, Want::Derivatives, &mut ws);
                println!(
                    "{name:26}{label:9}{rtol:7.0e}{:10.1e}{:10.1e}{value:9.3}{gradient:9.3}{:8}{:6}{:9}{:9}{:9}",
                    (found.value - reference.value).abs(),
                    gap / size,
                    work.steps,
                    work.rejected,
                    work.rhs,
                    work.lu,
                    work.solves,
                );
            }
        }
    }
}

/// Evaluates and prints nothing that takes time.
fn count(arguments: &[String]) -> Option<()> {
    let [name, method, rtol, want, repeats] = arguments else {
        return None;
    };
    let name = PROBLEMS.iter().find(|p| p.contains(name.as_str()))?;
    let (_, method) = METHODS.iter().find(|(m, _)| m == method)?;
    let want = match want.as_str() {
        "value" => Want::Value,
        "gradient" => Want::Derivatives,
        _ => return None,
    };
    let mut objective = open(name)?;
    set(&mut objective, *method, rtol.parse().ok()?);
    let theta = objective.nominal_point();
    let mut ws = objective.workspace();
    for _ in 0..repeats.parse().ok()? {
        ws.forget();
        std::hint::black_box(evaluate(&objective, &theta, want, &mut ws));
    }
    Some(())
}

fn main() {
    let arguments: Vec<String> = std::env::args()
        .skip(1)
        .filter(|a| a != "--bench")
        .collect();
    match arguments.split_first() {
        Some((first, rest)) if first == "count" => {
            count(rest).expect("count PROBLEM METHOD RTOL value|gradient REPEATS");
        }
        _ => table(&arguments),
    }
}
