//! Many starts in parallel, collected by index.

use std::sync::atomic::{AtomicBool, Ordering};

use rayon::prelude::*;

use crate::objective::{Data, Target};
use crate::search::Control;

use super::start::{MOST_REPLACEMENTS, replacement};
use super::{Fit, FitError, Options, Start, failures, refit, start_point};

/// Runs one start: a pure function of its index. Where the objective cannot be evaluated at its point, it begins at a
/// replacement; the nominal point (index 0) is never replaced.
pub fn run_start<T: Target>(
    target: &T,
    data: &Data,
    index: usize,
    options: &Options,
    ws: &mut T::Workspace,
) -> Start {
    let mut from = start_point(target, options.seed, index, options.starts);
    let mut outcome = refit(target, data, &from, &[], &options.search, ws);
    let replacements = if index == 0 { 0 } else { MOST_REPLACEMENTS };
    for attempt in 0..replacements {
        if outcome.is_ok() {
            break;
        }
        from = replacement(target, options.seed, index, attempt);
        outcome = refit(target, data, &from, &[], &options.search, ws);
    }
    Start {
        index,
        from,
        outcome,
    }
}

/// Fits from `options.starts` points in parallel and keeps the best.
///
/// * `done`: starts of an earlier run with the same options, taken as they are.
/// * `sink` sees every new start as it ends, in no fixed order (checkpoint, progress); with [`Control::Stop`] no further
///   start begins, and the fit is that of the starts which have ended.
///
/// The result does not depend on the number of threads: starts are collected by index.
///
/// # Errors
/// [`FitError`] if no start was run, or none could be evaluated.
pub fn multistart<T: Target>(
    target: &T,
    data: &Data,
    options: &Options,
    done: &[Start],
    sink: &(dyn Fn(&Start) -> Control + Sync),
) -> Result<Fit, FitError> {
    let stopped = AtomicBool::new(false);
    let mut starts: Vec<Start> = (0..options.starts)
        .into_par_iter()
        .map_init(
            || target.workspace(),
            |ws, index| {
                if let Some(known) = done.iter().find(|s| s.index == index) {
                    return Some(known.clone());
                }
                if stopped.load(Ordering::Relaxed) {
                    return None;
                }
                let start = run_start(target, data, index, options, ws);
                if sink(&start) == Control::Stop {
                    stopped.store(true, Ordering::Relaxed);
                }
                Some(start)
            },
        )
        .collect::<Vec<Option<Start>>>()
        .into_iter()
        .flatten()
        .collect();
    starts.sort_by_key(|s| s.index);
    best_of(starts, options.starts)
}

fn best_of(starts: Vec<Start>, requested: usize) -> Result<Fit, FitError> {
    let mut best: Option<usize> = None;
    for (at, start) in starts.iter().enumerate() {
        let Some(value) = start.objective() else {
            continue;
        };
        let better = best
            .and_then(|b| starts[b].objective())
            .is_none_or(|b| value < b);
        if better {
            best = Some(at);
        }
    }
    let chosen = best.and_then(|at| starts.get(at));
    if let Some((optimum, index)) =
        chosen.and_then(|s| s.outcome.as_ref().ok().map(|o| (o.clone(), s.index)))
    {
        return Ok(Fit {
            best: optimum,
            best_start: index,
            starts,
            requested,
        });
    }
    match starts.iter().find_map(|s| s.outcome.as_ref().err()) {
        None => Err(FitError::NoStarts),
        Some(first) => Err(FitError::NothingEvaluated {
            starts: starts.len(),
            reasons: failures(&starts),
            first: first.clone(),
        }),
    }
}
