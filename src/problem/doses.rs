//! Dose tables as pharmacometric programs write them (`TIME AMT EVID CMT RATE II ADDL SS`), compiled to periods.
//!
//! A bolus is a condition `CMT → CMT + AMT` at its time. An infusion (`RATE` above 0) sets the input that `CMT` names to
//! the sum of the rates that run, from `TIME` for `AMT/RATE`. A dose at steady state (`SS` 1) follows a cycle of its interval
//! `II` that is repeated until it is periodic. `EVID` 3 takes the model back to its initial values, 4 doses then.
//! Each compiled condition is named `dose_<experiment>_<k>`.

use std::collections::BTreeMap;

use super::Problem;
use super::cells::Cells;
use super::findings::Findings;
use super::sheet::Sheet;
use crate::diagnostic::Finding;
use crate::math::is_identifier;

mod lay;

/// Doses that one experiment may have after `ADDL` is written out: more is a mistyped `ADDL`.
const MAX_DOSES: usize = 100_000;
/// Latest time and longest interval of a dose: 2^53, up to where whole units of time can be told apart. What lies beyond is a slip.
const LATEST: f64 = 9_007_199_254_740_992.0;

/// A dose after its row was read.
#[derive(Debug, Clone)]
struct Dose {
    time: f64,
    target: String,
    /// Amount of a bolus, rate of an infusion.
    amount: f64,
    /// Duration of an infusion, 0 for a bolus.
    duration: f64,
    /// At steady state: the interval between such doses.
    steady: Option<f64>,
}

/// What a table does to one experiment.
#[derive(Default)]
struct Doses {
    list: Vec<Dose>,
    /// Times at which the model goes back to its initial values.
    resets: Vec<f64>,
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
    let mut doses: BTreeMap<String, Doses> = BTreeMap::new();
    for row in sheet.rows() {
        let mut cells = Cells { row, findings };
        let _ = read(&mut cells, &columns, &mut doses);
    }
    for (id, list) in doses {
        lay::over(problem, &id, &list);
    }
}

/// Reads one row; `None` if it is no dose or cannot be read (reported).
fn read(cells: &mut Cells, columns: &Columns, doses: &mut BTreeMap<String, Doses>) -> Option<()> {
    let experiment = cells.id(columns.experiment);
    let value = |cells: &mut Cells, column| match cells.given(column) {
        None | Some(".") => Ok(0.0),
        Some(_) => cells.number(column).ok_or(()),
    };
    let time = cells.number(columns.time)?;
    let amount = value(cells, columns.amount).ok()?;
    let rate = value(cells, columns.rate).ok()?;
    let evid = match cells.given(columns.evid) {
        None | Some(".") => f64::from(u8::from(amount != 0.0 || rate != 0.0)),
        Some(_) => cells.number(columns.evid)?,
    };
    let interval = value(cells, columns.interval).ok()?;
    let additional = value(cells, columns.additional).ok()?;
    let steady = value(cells, columns.steady).ok()?;
    let experiment = experiment?;
    if evid == 0.0 || evid == 2.0 {
        return None;
    }
    if ![1.0, 3.0, 4.0].contains(&evid) {
        let finding = Finding::error("unsupported-event", format!("EVID {evid} has no meaning"))
            .help("0: observation, 1: dose, 2: other event, 3: back to the initial values, 4: that and a dose");
        cells.report(finding, columns.evid, "");
        return None;
    }
    if time.abs() > LATEST {
        cells.report(too_late(&format!("TIME {time}")), columns.time, "");
        return None;
    }
    if evid >= 3.0 {
        doses
            .entry(experiment.clone())
            .or_default()
            .resets
            .push(time);
        if evid == 3.0 {
            return None;
        }
    }
    let target = cells.given(columns.target).unwrap_or_default().to_string();
    if !is_identifier(&target) {
        let finding = Finding::error("invalid-id", format!("`{target}` names no compartment"))
            .help("write the id of the state that a bolus goes into, or of the input that an infusion drives");
        cells.report(finding, columns.target, "");
        return None;
    }
    if rate < 0.0 {
        let finding = Finding::error("unsupported-event", format!("RATE {rate} is not supported"))
            .help("rates and durations that are estimated belong into the model");
        cells.report(finding, columns.rate, "");
        return None;
    }
    if let Some((column, finding)) = refused(time, amount, rate, interval, additional, columns) {
        cells.report(finding, column, "");
        return None;
    }
    let at = doses.entry(experiment).or_default();
    let count = additional + 1.0;
    if count + at.list.len() as f64 > MAX_DOSES as f64 {
        let finding = Finding::error(
            "too-many-doses",
            format!("more than {MAX_DOSES} doses in one experiment"),
        )
        .help("ADDL is the number of doses after the first");
        cells.report(finding, columns.additional, "");
        return None;
    }
    if (count > 1.0 || steady != 0.0) && interval <= 0.0 {
        let finding = Finding::error(
            "missing-interval",
            "ADDL and SS need a dosing interval II above 0",
        )
        .help("give II in the model's unit of time");
        let column = if steady != 0.0 {
            columns.steady
        } else {
            columns.additional
        };
        cells.report(finding, columns.interval.or(column), "");
        return None;
    }
    if steady != 0.0 {
        let other = at
            .list
            .iter()
            .any(|d| d.time == time && d.steady.is_some_and(|i| i != interval));
        let duration = if rate > 0.0 { amount / rate } else { 0.0 };
        let wrong = if steady != 1.0 {
            Some("doses on top of a steady state (SS other than 1) are not supported")
        } else if amount == 0.0 {
            Some("a dose at steady state needs an amount above 0")
        } else if other {
            Some("two doses at steady state at one time need the same interval II")
        } else if duration / interval > MAX_DOSES as f64 {
            Some("the infusion lasts too long for its interval II")
        } else {
            None
        };
        if let Some(message) = wrong {
            let finding = Finding::error("unsupported-event", message).help(
                "write the doses before it with II and ADDL, as many as the slowest process needs",
            );
            cells.report(finding, columns.steady, "");
            return None;
        }
    }
    for k in 0..count as usize {
        at.list.push(Dose {
            time: time + k as f64 * interval,
            target: target.clone(),
            amount: if rate > 0.0 { rate } else { amount },
            duration: if rate > 0.0 { amount / rate } else { 0.0 },
            steady: (steady != 0.0 && k == 0).then_some(interval),
        });
    }
    Some(())
}

/// What no dose can have, with the column to blame; the last of the additional doses is looked at, too.
fn refused(
    time: f64,
    amount: f64,
    rate: f64,
    interval: f64,
    additional: f64,
    columns: &Columns,
) -> Option<(Option<usize>, Finding)> {
    let finding = |column, message: String, help: &str| {
        Some((column, Finding::error("invalid-dose", message).help(help)))
    };
    if !amount.is_finite() || amount < 0.0 {
        let message = format!("AMT {amount} is not an amount");
        return finding(
            columns.amount,
            message,
            "an amount is a number of 0 or more",
        );
    }
    if rate.is_infinite() {
        let help = "leave RATE empty for a bolus: all of AMT at once";
        return finding(columns.rate, "RATE is infinite".into(), help);
    }
    if rate > 0.0 && amount == 0.0 {
        let message = format!("an infusion of RATE {rate} has no AMT");
        let help = "the infusion lasts AMT/RATE: give the whole amount in AMT";
        return finding(columns.amount, message, help);
    }
    if additional < 0.0 || additional.fract() != 0.0 {
        let message = format!("ADDL {additional} is not a number of doses");
        let help = "ADDL is the number of doses after the first: 0, 1, 2, …";
        return finding(columns.additional, message, help);
    }
    if !(0.0..=LATEST).contains(&interval) {
        let message = format!("II {interval} is not an interval between doses");
        let help = "give II in the model's unit of time, above 0";
        return finding(columns.interval, message, help);
    }
    let duration = if rate > 0.0 { amount / rate } else { 0.0 };
    // One of too many doses is told by their number.
    let last = time + additional.min(MAX_DOSES as f64) * interval + duration;
    if duration > LATEST {
        let what = format!("the end of an infusion of AMT/RATE = {duration}");
        return Some((columns.rate, too_late(&what)));
    }
    if last > LATEST {
        return Some((columns.interval, too_late(&format!("a dose at {last}"))));
    }
    None
}

fn too_late(what: &str) -> Finding {
    let message = format!("{what} is beyond all times that can be told apart");
    Finding::error("invalid-dose", message).help("give times in the model's unit of time")
}
