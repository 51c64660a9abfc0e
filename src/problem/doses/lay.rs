//! Doses laid over the periods of an experiment.

use super::{Dose, Doses};
use crate::math::{BinaryOp, Expr};
use crate::problem::{Change, Condition, Experiment, Period, Problem};

/// A phase of an interval below this part of it is its start: what is left of a duration by rounding.
const SAME_PHASE: f64 = 1e-9;

/// An infusion as the times of the course see it.
struct Infusion<'d> {
    target: &'d str,
    rate: f64,
    start: f64,
    end: f64,
    /// When it came into the record: a reset behind that ends it. That of an infusion before a steady state is the dose's.
    since: f64,
}

/// Lays the doses of one experiment over its periods.
pub(super) fn over(problem: &mut Problem, id: &str, doses: &Doses) {
    let infusions = infusions(&doses.list);
    let steady: Vec<&Dose> = doses.list.iter().filter(|d| d.steady.is_some()).collect();
    // What ends the infusions before it.
    let mut resets = doses.resets.clone();
    resets.extend(steady.iter().map(|d| d.time));
    let mut times: Vec<f64> = doses.list.iter().map(|d| d.time).collect();
    times.extend(infusions.iter().map(|i| i.end));
    times.extend(&resets);
    // Infusions that began before a dose at steady state ran in its cycle.
    let first = times.iter().copied().fold(0.0, f64::min);
    times.sort_by(f64::total_cmp);
    times.dedup();
    let at = experiment(problem, id, first);
    let mut count = 0;
    let mut condition = |problem: &mut Problem, changes: Vec<Change>| {
        count += 1;
        let name = format!("dose_{id}_{count}");
        problem.conditions.push(Condition {
            id: name.clone(),
            changes,
        });
        name
    };
    for &t in &times {
        let reset = doses.resets.contains(&t);
        let here: Vec<&Dose> = steady.iter().filter(|d| d.time == t).copied().collect();
        let mut changes = boluses(doses.list.iter().filter(|d| d.time == t));
        for i in &infusions {
            let changes_here = i.start == t || i.end == t || (i.since < t && resets.contains(&t));
            if !changes_here || changes.iter().any(|c| c.target == i.target) {
                continue;
            }
            let ended = |x: &&Infusion| resets.iter().any(|r| x.since < *r && *r <= t);
            let running = infusions
                .iter()
                .filter(|x| x.target == i.target && x.since <= t)
                .filter(|x| x.start <= t && t < x.end && !ended(x))
                .map(|x| x.rate)
                .sum();
            changes.push(set(i.target, Expr::number(running)));
        }
        let name = condition(problem, changes);
        let cycle: Vec<(f64, String)> = phases(&here, &infusions)
            .into_iter()
            .map(|(phase, changes)| (phase, condition(problem, changes)))
            .collect();
        let periods = &mut problem.experiments[at].periods;
        let last = periods.iter().rposition(|p| !p.cycle && p.start <= t);
        match last
            .and_then(|k| periods.get_mut(k))
            .filter(|p| p.start == t)
        {
            Some(same) if here.is_empty() => {
                same.reset |= reset;
                same.conditions.push(name);
            }
            _ => {
                let place = last.map_or(0, |k| k + 1);
                let interval = here.first().and_then(|d| d.steady).unwrap_or(0.0);
                let before = cycle.into_iter().enumerate().map(|(k, (phase, c))| Period {
                    reset: k == 0,
                    cycle: true,
                    ..Period::new(t - interval + phase, vec![c])
                });
                let own = Period {
                    reset: reset && here.is_empty(),
                    ..Period::new(t, vec![name])
                };
                let all: Vec<Period> = before.chain([own]).collect();
                periods.splice(place..place, all);
            }
        }
    }
}

/// Index of the experiment, made with a start at `first` if there is none of this name.
fn experiment(problem: &mut Problem, id: &str, first: f64) -> usize {
    if let Some(at) = problem.experiments.iter().position(|e| e.id == id) {
        return at;
    }
    problem.experiments.push(Experiment {
        id: id.into(),
        periods: vec![Period::new(first, Vec::new())],
    });
    problem.experiments.len() - 1
}

fn set(target: &str, value: Expr) -> Change {
    Change {
        target: target.into(),
        value: Some(value),
        unit: None,
        row: 0,
    }
}

/// Boluses of one time, summed by target.
fn boluses<'d>(doses: impl Iterator<Item = &'d Dose>) -> Vec<Change> {
    let mut changes: Vec<Change> = Vec::new();
    for d in doses.filter(|d| d.duration == 0.0) {
        let value = |before: Expr| Expr::binary(BinaryOp::Add, before, Expr::number(d.amount));
        match changes.iter_mut().find(|c| c.target == d.target) {
            Some(c) => c.value = c.value.take().map(value),
            None => changes.push(set(&d.target, value(Expr::symbol(d.target.clone())))),
        }
    }
    changes
}

/// All infusions; those of a dose at steady state with the ones before it that still run at its time.
fn infusions(doses: &[Dose]) -> Vec<Infusion<'_>> {
    let mut list = Vec::new();
    for d in doses.iter().filter(|d| d.duration > 0.0) {
        let mut add = |start: f64, end: f64| {
            list.push(Infusion {
                target: &d.target,
                rate: d.amount,
                start,
                end,
                since: d.time,
            });
        };
        add(d.time, d.time + d.duration);
        if let Some(interval) = d.steady {
            let (whole, rest) = split(d.duration, interval);
            for k in 1..=whole {
                let left = (whole - k) as f64 * interval + rest;
                if left > 0.0 {
                    add(d.time - k as f64 * interval, d.time + left);
                }
            }
        }
    }
    list
}

/// Whole intervals in a duration, and what is left of it.
fn split(duration: f64, interval: f64) -> (usize, f64) {
    let near = (duration / interval).round();
    if (duration / interval - near).abs() < SAME_PHASE {
        return (near as usize, 0.0);
    }
    let whole = (duration / interval).floor();
    (whole as usize, duration - whole * interval)
}

/// The interval of doses at steady state by its phases: the doses at its start, and every change of an infusion's rate.
/// `all` infusions of the experiment, whose inputs no cycle leaves as they happen to be.
fn phases(doses: &[&Dose], all: &[Infusion]) -> Vec<(f64, Vec<Change>)> {
    let mut list: Vec<f64> = Vec::new();
    if !doses.is_empty() {
        list.push(0.0);
    }
    let infusions = || doses.iter().filter(|d| d.duration > 0.0);
    let ends = |d: &Dose| split(d.duration, d.steady.unwrap_or(f64::INFINITY)).1;
    list.extend(infusions().map(|d| ends(d)).filter(|rest| *rest > 0.0));
    list.sort_by(f64::total_cmp);
    list.dedup();
    let mut result = Vec::new();
    for phase in list {
        let mut changes = if phase == 0.0 {
            boluses(doses.iter().copied())
        } else {
            Vec::new()
        };
        for d in infusions() {
            if changes.iter().any(|c| c.target == d.target) {
                continue;
            }
            let rate = infusions()
                .filter(|x| x.target == d.target)
                .map(|x| {
                    let (whole, rest) = split(x.duration, x.steady.unwrap_or(f64::INFINITY));
                    x.amount * (whole + usize::from(phase < rest)) as f64
                })
                .sum();
            changes.push(set(&d.target, Expr::number(rate)));
        }
        if phase == 0.0 {
            // Infusions from before are over.
            for i in all {
                if !changes.iter().any(|c| c.target == i.target) {
                    changes.push(set(i.target, Expr::number(0.0)));
                }
            }
        }
        result.push((phase, changes));
    }
    result
}
