//! `bench`: how long things take.

use std::path::PathBuf;
use std::time::Instant;

use serde::Serialize;

use super::super::common::{Display, Integration, Run, Values};
use super::super::console::{Console, SCHEMA_VERSION};
use super::super::session::Session;
use super::super::table::{number, table};
use super::super::{Exit, Failure};
use crate::objective::{BuildOptions, EvalError, Target as _};
use crate::search::Want;
use crate::study::json;

/// Time loading, compiling, one objective and one objective with gradient.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  mechfit bench fits/wang2020 --repeat 200")]
pub struct Arguments {
    /// Problem (folder or YAML file)
    pub problem: PathBuf,
    /// Number of repetitions
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u64).range(1..))]
    pub repeat: u64,
    #[command(flatten)]
    pub values: Values,
    #[command(flatten)]
    pub integration: Integration,
    #[command(flatten)]
    pub run: Run,
    #[command(flatten)]
    pub display: Display,
}

/// Times of repetitions, in seconds.
#[derive(Serialize)]
struct Times {
    median: f64,
    min: f64,
    /// Time of the processor, which other load does not lengthen: mean of the repetitions. Null where the system does not tell.
    cpu_mean: Option<f64>,
    n: usize,
}

/// Processor time of this thread so far in seconds, where the system tells (Linux).
fn processor_time() -> Option<f64> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    let nanoseconds: f64 = text.split_whitespace().next()?.parse().ok()?;
    Some(1e-9 * nanoseconds)
}

impl Times {
    fn of((mut list, cpu): (Vec<f64>, Option<f64>)) -> Self {
        list.sort_by(f64::total_cmp);
        let n = list.len();
        let at = |k: usize| list.get(k).copied().unwrap_or(f64::NAN);
        Self {
            median: 0.5 * (at(n.saturating_sub(1) / 2) + at(n / 2)),
            min: at(0),
            cpu_mean: cpu.map(|s| s / n as f64),
            n,
        }
    }
}

#[derive(Serialize)]
struct Work {
    steps: u64,
    rejected: u64,
    rhs: u64,
    jacobian: u64,
    lu: u64,
    solves: u64,
    fallbacks: u64,
}

/// The document of `bench --json`. All of it but the work depends on the machine; that is what is asked for.
#[derive(Serialize)]
struct Document {
    schema_version: u32,
    load_s: f64,
    compile_s: f64,
    objective_s: Times,
    gradient_s: Times,
    objective_value: f64,
    n_states: usize,
    n_estimated: usize,
    n_conditions: usize,
    n_data: usize,
    work: Work,
    rtol: f64,
    atol: f64,
    provenance: crate::study::audit::Provenance,
}

/// Seconds of each repetition by the clock, and of all of them together on the processor.
type Timed = (Vec<f64>, Option<f64>);

impl Arguments {
    /// Times everything, on one thread.
    pub fn run(&self, console: &mut Console) -> Result<Exit, Failure> {
        let from = Instant::now();
        let session = Session::open(&self.problem, &self.run, &self.integration)?;
        let prepared = session.prepare_with(&self.values, console)?;
        let load_s = from.elapsed().as_secs_f64();
        let from = Instant::now();
        let objective = session.objective(&prepared, BuildOptions::default())?;
        let compile_s = from.elapsed().as_secs_f64();

        let theta = objective.nominal_point();
        let mut ws = objective.workspace();
        let mut time = |want| -> Result<(Timed, f64), EvalError> {
            let mut list = Vec::new();
            // The first evaluation fills caches and counts the work.
            let mut value = objective
                .evaluate(&theta, objective.data(), want, &mut ws)?
                .value;
            let before = processor_time();
            for _ in 0..self.repeat {
                ws.forget();
                let from = Instant::now();
                value = objective
                    .evaluate(&theta, objective.data(), want, &mut ws)?
                    .value;
                list.push(from.elapsed().as_secs_f64());
            }
            let cpu = processor_time()
                .zip(before)
                .map(|(now, before)| now - before);
            Ok(((list, cpu), value))
        };
        let nothing = |e: EvalError| Failure::NothingEvaluated {
            message: format!("the objective could not be evaluated: {e}"),
            notes: Vec::new(),
        };
        let (objective_times, value) = time(Want::Value).map_err(nothing)?;
        let (gradient_times, _) = time(Want::Derivatives).map_err(nothing)?;
        let mut fresh = objective.workspace();
        objective
            .evaluate(&theta, objective.data(), Want::Value, &mut fresh)
            .map_err(nothing)?;
        let (work, fallbacks) = fresh.work();
        let document = Document {
            schema_version: SCHEMA_VERSION,
            load_s,
            compile_s,
            objective_s: Times::of(objective_times),
            gradient_s: Times::of(gradient_times),
            objective_value: value,
            n_states: prepared.models.iter().map(|m| m.states.len()).sum(),
            n_estimated: objective.coordinates().len(),
            n_conditions: objective.experiments.len(),
            n_data: objective.rows().len(),
            work: Work {
                steps: work.steps,
                rejected: work.rejected,
                rhs: work.rhs,
                jacobian: work.jacobian,
                lu: work.lu,
                solves: work.solves,
                fallbacks,
            },
            rtol: session.settings.tolerances.rtol,
            atol: session
                .settings
                .tolerances
                .atol
                .first()
                .copied()
                .unwrap_or(f64::NAN),
            provenance: session.brief_provenance(&prepared),
        };
        let ms = |s: f64| number(1e3 * s, 3);
        let rows = [
            ("load", load_s, None),
            ("compile", compile_s, None),
            (
                "objective",
                document.objective_s.median,
                Some(document.objective_s.min),
            ),
            (
                "objective with gradient",
                document.gradient_s.median,
                Some(document.gradient_s.min),
            ),
        ]
        .map(|(what, t, min)| vec![what.to_string(), ms(t), min.map(ms).unwrap_or_default()]);
        console.line(table(&["", "ms", "least ms"], 1, &rows));
        console.line(format!(
            "  {} states, {} estimated parameters, {} experiments; {} steps, {} LU of one objective",
            document.n_states, document.n_estimated, document.n_conditions, document.work.steps, document.work.lu
        ));
        console.document(json::document(&document)?);
        Ok(Exit::Ok)
    }
}
