//! Multistart fits as units of work: one start a unit.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::fit::{self, Optimum, SAME_OPTIMUM, Side};
use crate::objective::target::to_natural;
use crate::objective::{Objective, Target};
use crate::problem::NoiseSetting;

/// What is kept of a start.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StartRecord {
    /// Where it began, estimation scale.
    pub from: Vec<f64>,
    /// Where it ended, or why it could not be evaluated.
    pub outcome: Result<StartEnd, StartFailure>,
}

impl StartRecord {
    /// A start that does not exist.
    pub fn missing() -> Self {
        Self {
            from: Vec::new(),
            outcome: Err(StartFailure {
                reason: "missing".into(),
                message: "there is no such start".into(),
            }),
        }
    }
}

/// Where a start ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StartEnd {
    /// Point on the estimation scale.
    pub theta: Vec<f64>,
    /// Objective.
    pub objective: f64,
    /// Whether the search converged.
    pub converged: bool,
    /// Why it ended.
    pub termination: String,
    /// Per coordinate: −1 held by its lower bound, 1 by its upper, else 0.
    pub at_bound: Vec<i8>,
    /// Iterations.
    pub iterations: u64,
    /// Evaluations with derivatives.
    pub gradients: u64,
    /// Evaluations of the value alone.
    pub values: u64,
}

impl StartEnd {
    /// The record of an optimum.
    pub fn of(o: Optimum) -> Self {
        Self {
            objective: o.evaluated.value,
            converged: o.termination.is_converged(),
            termination: o.termination.name().into(),
            at_bound: o
                .at_bound
                .iter()
                .map(|side| match side {
                    Some(Side::Lower) => -1,
                    Some(Side::Upper) => 1,
                    None => 0,
                })
                .collect(),
            iterations: o.iterations as u64,
            gradients: o.gradients as u64,
            values: o.values as u64,
            theta: o.theta,
        }
    }
}

/// Why a start could not be evaluated.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StartFailure {
    /// Stable name of the cause.
    pub reason: String,
    /// The whole message: experiment, time, state, cause.
    pub message: String,
}

/// Runs one start: a pure function of its number.
///
/// Where an observable has the exact summary likelihood, which redescends, the start is first fitted with the reported SDs
/// as known and then from there as well as from its own point; the better end counts.
pub fn start(
    objective: &Objective,
    index: u64,
    options: &fit::Options,
    ws: &mut <Objective as Target>::Workspace,
) -> StartRecord {
    let at = usize::try_from(index).unwrap_or(usize::MAX);
    let data = objective.data();
    let own = fit::run_start(objective, data, at, options, ws);
    let redescends = objective
        .rows()
        .iter()
        .any(|r| r.noise == NoiseSetting::ExactSummary);
    let mut best = own.outcome;
    if redescends {
        let mut known = data.clone();
        known.noise = Some(NoiseSetting::KnownSd);
        let first = fit::refit(objective, &known, &own.from, &[], &options.search, ws);
        let second =
            first.and_then(|o| fit::refit(objective, data, &o.theta, &[], &options.search, ws));
        best = match (best, second) {
            (Ok(a), Ok(b)) if b.evaluated.value < a.evaluated.value => Ok(b),
            (Err(_), Ok(b)) => Ok(b),
            (a, _) => a,
        };
    }
    StartRecord {
        from: own.from,
        outcome: match best {
            Ok(o) => Ok(StartEnd::of(o)),
            Err(e) => Err(StartFailure {
                reason: e.reason().into(),
                message: e.to_string(),
            }),
        },
    }
}

/// All starts, and the best of them.
#[derive(Debug, Clone, PartialEq)]
pub struct Starts {
    /// Records by number.
    pub records: BTreeMap<u64, StartRecord>,
    /// Number of the best start: the lowest objective, among equals the first.
    pub best: u64,
    /// Number asked for.
    pub requested: u64,
}

impl Starts {
    /// Puts records together.
    ///
    /// # Errors
    /// The failures, if no start could be evaluated.
    pub fn new(
        records: BTreeMap<u64, StartRecord>,
        requested: u64,
    ) -> Result<Self, Vec<StartFailure>> {
        let mut best: Option<(u64, f64)> = None;
        for (&k, r) in &records {
            if let Ok(end) = &r.outcome
                && best.is_none_or(|(_, value)| end.objective < value)
            {
                best = Some((k, end.objective));
            }
        }
        match best {
            Some((best, _)) => Ok(Self {
                records,
                best,
                requested,
            }),
            None => Err(records
                .into_values()
                .filter_map(|r| r.outcome.err())
                .collect()),
        }
    }
    /// Where the best start ended.
    pub fn end(&self) -> Option<&StartEnd> {
        self.records.get(&self.best)?.outcome.as_ref().ok()
    }
    /// The starts as `result.json` shows them.
    pub fn document(&self) -> StartsDocument {
        let ends = || {
            self.records
                .values()
                .filter_map(|r| r.outcome.as_ref().ok())
        };
        let best = self.end().map_or(f64::INFINITY, |e| e.objective);
        let mut failed: BTreeMap<String, u64> = BTreeMap::new();
        for r in self.records.values() {
            let reason = match &r.outcome {
                Err(e) => &e.reason,
                Ok(e) if !e.converged => &e.termination,
                Ok(_) => continue,
            };
            *failed.entry(reason.clone()).or_default() += 1;
        }
        StartsDocument {
            n: self.records.len() as u64,
            requested: self.requested,
            best_start: self.best,
            converged: ends().filter(|e| e.converged).count() as u64,
            failed,
            at_best: ends()
                .filter(|e| e.objective <= best + SAME_OPTIMUM)
                .count() as u64,
            objectives: self
                .records
                .values()
                .map(|r| r.outcome.as_ref().ok().map(|e| e.objective))
                .collect(),
        }
    }
}

/// Starts, with the keys of `result.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StartsDocument {
    /// Number run.
    pub n: u64,
    /// Number asked for.
    pub requested: u64,
    /// Number of the best one; 0 is the nominal point.
    pub best_start: u64,
    /// How many converged.
    pub converged: u64,
    /// Those that failed or did not converge, by reason.
    pub failed: BTreeMap<String, u64>,
    /// How many ended within 0.1 of the best objective.
    pub at_best: u64,
    /// Final objectives in the order of the starts; null where a start failed.
    pub objectives: Vec<Option<f64>>,
}

/// `starts.tsv`: one row a start in order, with where it began and where it ended on the natural scale.
pub fn starts_table(objective: &Objective, starts: &Starts) -> String {
    let ids = || objective.coordinates().iter().map(|c| c.id.as_str());
    let mut header: Vec<String> = ["start", "objective", "converged", "ended"]
        .map(String::from)
        .to_vec();
    header.extend(ids().map(|id| format!("from:{id}")));
    header.extend(ids().map(|id| format!("to:{id}")));
    let mut text = header.join("\t") + "\n";
    let natural = |theta: &[f64]| -> Vec<String> {
        let coordinates = objective.coordinates();
        (0..coordinates.len())
            .map(|k| match (coordinates.get(k), theta.get(k)) {
                (Some(c), Some(x)) => format!("{:?}", to_natural(c.scale, *x)),
                _ => String::new(),
            })
            .collect()
    };
    for (k, r) in &starts.records {
        let mut cells = vec![k.to_string()];
        match &r.outcome {
            Ok(end) => cells.extend([
                format!("{:?}", end.objective),
                end.converged.to_string(),
                end.termination.clone(),
            ]),
            Err(e) => cells.extend([String::new(), "false".into(), e.reason.clone()]),
        }
        cells.extend(natural(&r.from));
        cells.extend(natural(r.outcome.as_ref().map_or(&[][..], |e| &e.theta)));
        text += &(cells.join("\t") + "\n");
    }
    text
}
