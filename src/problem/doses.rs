//! Dose tables as pharmacometric programs write them (`TIME AMT EVID CMT RATE II ADDL SS`), compiled to periods.
//!
//! A bolus is a condition `CMT → CMT + AMT` at its time. An infusion (`RATE` above 0) sets the input that `CMT` names to
//! the sum of the rates that run, from `TIME` for `AMT/RATE`. Each compiled condition is named `dose_<experiment>_<k>`.

use std::collections::BTreeMap;

use super::cells::Cells;
use super::findings::Findings;
use super::sheet::Sheet;
use super::{Change, Condition, Experiment, Period, Problem};
use crate::diagnostic::Finding;
use crate::math::{BinaryOp, Expr, is_identifier};

/// Doses that one experiment may have after `ADDL` is written out: more is a mistyped `ADDL`.
const MAX_DOSES: usize = 100_000;

/// A dose after its row was read.
struct Dose {
    time: f64,
    target: String,
    amount: f64,
    /// Duration of an infusion, 0 for a bolus.
    duration: f64,
}

struct Columns {
    experiment: Option<usize>,
    time: Option<usize>,
    amount: Option<usize>,
    target: Option<usize>,
    evid: Option<usize>,
    rate: Option<usize>,
    interval: Option<usize>,
    additional: Option<usize>,
    steady: Option<usize>,
}

/// Adds the doses of a table to the experiments of a problem; an experiment that has no periods yet begins at 0 or at its
/// first dose, whichever is earlier.
pub(super) fn compile(sheet: &Sheet, problem: &mut Problem, findings: &mut Findings) {
    let experiment = match sheet.column("ID") {
        Some(k) => Some(k),
        None => sheet.require("experimentId", findings),
    };
    let columns = Columns {
        experiment,
        time: sheet.require("TIME", findings),
        amount: sheet.require("AMT", findings),
        target: sheet.require("CMT", findings),
        evid: sheet.column("EVID"),
        rate: sheet.column("RATE"),
        interval: sheet.column("II"),
        additional: sheet.column("ADDL"),
        steady: sheet.column("SS"),
    };
    let mut doses: BTreeMap<String, Vec<Dose>> = BTreeMap::new();
    for row in sheet.rows() {
        let mut cells = Cells { row, findings };
        let _ = read(&mut cells, &columns, &mut doses);
    }
    for (id, list) in doses {
        add(problem, &id, &list);
    }
}

/// Reads one row; `None` if it is no dose or cannot be read (reported).
fn read(
    cells: &mut Cells,
    columns: &Columns,
    doses: &mut BTreeMap<String, Vec<Dose>>,
) -> Option<()> {
    let experiment = cells.id(columns.experiment);
    let value = |cells: &mut Cells, column| match cells.given(column) {
        None | Some(".") => Ok(0.0),
        Some(_) => cells.number(column).ok_or(()),
    };
    let time = cells.number(columns.time)?;
    let amount = value(cells, columns.amount).ok()?;
    let evid = match cells.given(columns.evid) {
        None | Some(".") => f64::from(u8::from(amount != 0.0)),
        Some(_) => cells.number(columns.evid)?,
    };
    let rate = value(cells, columns.rate).ok()?;
    let interval = value(cells, columns.interval).ok()?;
    let additional = value(cells, columns.additional).ok()?;
    let steady = value(cells, columns.steady).ok()?;
    let experiment = experiment?;
    if evid == 0.0 || evid == 2.0 {
        return None;
    }
    if evid != 1.0 {
        let finding = Finding::error(
            "unsupported-event",
            format!("EVID {evid} is not supported: only doses (1) are, observations (0) and other events (2) are read over"),
        )
        .help("a reset (3, 4) begins a new experiment: give it an id of its own");
        cells.report(finding, columns.evid, "");
        return None;
    }
    let target = cells.given(columns.target).unwrap_or_default().to_string();
    if !is_identifier(&target) {
        let finding = Finding::error("invalid-id", format!("`{target}` names no compartment"))
            .help("write the id of the state that a bolus goes into, or of the input that an infusion drives");
        cells.report(finding, columns.target, "");
        return None;
    }
    if steady != 0.0 {
        let finding = Finding::error(
            "unsupported-event",
            "doses at steady state (SS) are not supported",
        )
        .help("write the doses before it with II and ADDL, as many as the slowest process needs");
        cells.report(finding, columns.steady, "");
        return None;
    }
    if rate < 0.0 {
        let finding = Finding::error("unsupported-event", format!("RATE {rate} is not supported"))
            .help("rates and durations that are estimated belong into the model");
        cells.report(finding, columns.rate, "");
        return None;
    }
    if !time.is_finite() || !amount.is_finite() || amount < 0.0 {
        let finding = Finding::error("invalid-dose", "a dose is a finite amount at a finite time");
        cells.report(finding, columns.amount, "");
        return None;
    }
    let list = doses.entry(experiment).or_default();
    let count = additional.max(0.0) + 1.0;
    if count + list.len() as f64 > MAX_DOSES as f64 {
        let finding = Finding::error(
            "too-many-doses",
            format!("more than {MAX_DOSES} doses in one experiment"),
        )
        .help("ADDL is the number of doses after the first");
        cells.report(finding, columns.additional, "");
        return None;
    }
    if count > 1.0 && interval <= 0.0 {
        let finding = Finding::error(
            "missing-interval",
            "ADDL needs a dosing interval II above 0",
        )
        .help("give II in the model's unit of time");
        cells.report(finding, columns.interval.or(columns.additional), "");
        return None;
    }
    for k in 0..count as usize {
        list.push(Dose {
            time: time + k as f64 * interval,
            target: target.clone(),
            amount: if rate > 0.0 { rate } else { amount },
            duration: if rate > 0.0 { amount / rate } else { 0.0 },
        });
    }
    Some(())
}

/// Lays the doses of one experiment over its periods.
fn add(problem: &mut Problem, id: &str, doses: &[Dose]) {
    // Per time, the boluses by target; per input, the changes of its rate.
    let mut times: Vec<f64> = Vec::new();
    let mut remember = |t: f64| {
        if !times.contains(&t) {
            times.push(t);
        }
    };
    for d in doses {
        remember(d.time);
        if d.duration > 0.0 {
            remember(d.time + d.duration);
        }
    }
    times.sort_by(f64::total_cmp);
    let at = match problem.experiments.iter().position(|e| e.id == id) {
        Some(at) => at,
        None => {
            problem.experiments.push(Experiment {
                id: id.into(),
                periods: vec![Period {
                    start: times.first().copied().unwrap_or(0.0).min(0.0),
                    conditions: Vec::new(),
                }],
            });
            problem.experiments.len() - 1
        }
    };
    for (k, &t) in times.iter().enumerate() {
        let mut changes: Vec<Change> = Vec::new();
        for d in doses.iter().filter(|d| d.duration == 0.0 && d.time == t) {
            let value = |before: Expr| Expr::binary(BinaryOp::Add, before, Expr::number(d.amount));
            match changes.iter_mut().find(|c| c.target == d.target) {
                Some(c) => c.value = c.value.take().map(value),
                None => changes.push(Change {
                    target: d.target.clone(),
                    value: Some(value(Expr::symbol(d.target.clone()))),
                    unit: None,
                    row: 0,
                }),
            }
        }
        for d in doses.iter().filter(|d| d.duration > 0.0) {
            let changes_here = d.time == t || d.time + d.duration == t;
            if !changes_here || changes.iter().any(|c| c.target == d.target) {
                continue;
            }
            let running = doses
                .iter()
                .filter(|x| x.target == d.target && x.duration > 0.0)
                .filter(|x| x.time <= t && t < x.time + x.duration)
                .map(|x| x.amount)
                .sum();
            changes.push(Change {
                target: d.target.clone(),
                value: Some(Expr::number(running)),
                unit: None,
                row: 0,
            });
        }
        let condition = format!("dose_{id}_{}", k + 1);
        let periods = &mut problem.experiments[at].periods;
        let place = periods
            .iter()
            .position(|p| p.start >= t)
            .unwrap_or(periods.len());
        if periods.get(place).is_none_or(|p| p.start != t) {
            periods.insert(
                place,
                Period {
                    start: t,
                    conditions: Vec::new(),
                },
            );
        }
        periods[place].conditions.push(condition.clone());
        problem.conditions.push(Condition {
            id: condition,
            changes,
        });
    }
}
