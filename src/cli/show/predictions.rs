//! Predictions in tables for the terminal.

use super::super::console::Console;
use super::super::predicting::Predictions;
use super::STYLE;
use crate::predict::course::Courses;
use crate::predict::dose::{DoseResponse, FoldShift};
use crate::predict::estimate::Warning;
use crate::predict::feature::Feature;
use crate::predict::population::PopulationResponse;
use crate::predict::{Estimate, Failures};
use crate::report::document::{
    Cell, Column, Table, Tone, features_of_dose, intervals_of_dose, name_of_feature,
};
use crate::report::number;
use crate::report::words;
use crate::uncertainty::Method;

/// Value and interval of an estimate, with the digits that its interval bears.
pub(super) fn cells(e: &Estimate) -> [Cell; 2] {
    let value = words::estimate_value(e, STYLE).unwrap_or_else(|| "–".into());
    [value.into(), words::estimate_interval(e, STYLE).into()]
}

/// What to mind about an estimate.
fn remark(e: &Estimate) -> Cell {
    let text = match (&e.reason, e.in_tested_range) {
        (Some(reason), _) => reason.clone(),
        (None, Some(false)) => "outside the tested doses".into(),
        _ => String::new(),
    };
    Cell::from(text).tone(Tone::Mind)
}

fn share(e: &Estimate) -> Cell {
    e.prior_share
        .map(|w| number::percent(w, STYLE))
        .unwrap_or_default()
        .into()
}

/// What intervals were made from.
fn basis(method: Option<Method>, replicates: usize) -> String {
    match method {
        Some(Method::Percentile) => words::counted(replicates as u64, "replicate", "replicates"),
        Some(m) => words::method_short(m).into(),
        None => "no interval".into(),
    }
}

pub(super) fn interval_column(level: f64) -> Column {
    Column::words(format!("{} interval", words::level(Some(level))))
}

pub(super) fn warnings(console: &Console, list: &[Warning]) {
    for w in list {
        warn(&w.code, console, &w.text);
    }
}

/// A warning with its code.
pub(super) fn warn(code: &str, console: &Console, text: &str) {
    console.note(format!("warning[{code}]: {text}"));
}

/// Simulations that failed, by reason, in words.
pub(super) fn reasons(failed: &Failures) -> Option<String> {
    let list: Vec<String> = failed
        .iter()
        .map(|(reason, n)| format!("{n} could not be simulated: {}", words::reason(reason)))
        .collect();
    (!list.is_empty()).then(|| list.join("; "))
}

pub(super) fn replicates_failed(console: &Console, failed: &Failures) {
    if let Some(text) = reasons(failed) {
        warn("replicates-failed", console, &text);
    }
}

/// A dose-response.
pub fn dose(console: &mut Console, d: &DoseResponse) {
    let mut t = Table::new(
        format!(
            "{} against {}, {}",
            d.response,
            d.input,
            basis(d.method, d.replicates)
        ),
        vec![
            Column::words(""),
            Column::number("value"),
            Column::words("unit"),
            interval_column(d.level),
            Column::number("prior share"),
            Column::words(""),
        ],
    );
    let dose_unit = words::unit(d.input_unit.as_deref()).unwrap_or_default();
    let unit = words::unit(d.response_unit.as_deref()).unwrap_or_default();
    for (feature, e) in features_of_dose(d) {
        let [value, interval] = cells(e);
        let unit = match feature {
            Feature::Control | Feature::Emax => unit.as_str(),
            Feature::LogHill => "",
            _ => dose_unit.as_str(),
        };
        t.row(vec![
            name_of_feature(feature, d, STYLE).into(),
            value,
            unit.into(),
            interval,
            share(e),
            remark(e),
        ]);
    }
    console.table(&t.without_empty_columns());
    if let Some(t) = intervals_of_dose(d, STYLE) {
        console.line("");
        console.table(&t);
    }
    warnings(console, &d.warnings);
    replicates_failed(console, &d.failed);
}

/// A fold shift.
pub fn shift(console: &mut Console, s: &FoldShift) {
    let [value, interval] = cells(&s.ec50);
    let reason = s.ec50.reason.clone().unwrap_or_default();
    console.line(format!(
        "fold shift of EC50 from {} to {}: {} ({}){}",
        s.from,
        s.to,
        value.text.words(),
        interval.text.words(),
        if reason.is_empty() {
            String::new()
        } else {
            format!(", {reason}")
        }
    ));
    let others: Vec<String> = s
        .ec50
        .others
        .iter()
        .map(|i| {
            format!(
                "{} {}",
                words::method_short(i.method),
                words::interval(i, Some(s.ec50.value), STYLE)
            )
        })
        .collect();
    if !others.is_empty() {
        console.line(format!("  by other methods: {}", others.join("; ")));
    }
}

/// Times at which a course is shown in the terminal.
const SHOWN: usize = 4;

/// Time courses: a few times of each.
pub fn courses(console: &mut Console, c: &Courses) {
    let Some(times) = c.courses.first().map(|x| x.times.clone()) else {
        return;
    };
    let replicates = c.courses.first().map_or(0, |x| x.band.replicates);
    let last = times.len().saturating_sub(1);
    let mut picks: Vec<usize> = (0..SHOWN)
        .map(|k| (k * last + (SHOWN - 1) / 2) / (SHOWN - 1))
        .collect();
    picks.dedup();
    let time_unit = words::unit(c.time_unit.as_deref()).unwrap_or_default();
    let mut observables: Vec<&str> = Vec::new();
    for x in &c.courses {
        if !observables.contains(&x.observable.as_str()) {
            observables.push(&x.observable);
        }
    }
    for observable in observables {
        let own: Vec<_> = c
            .courses
            .iter()
            .filter(|x| x.observable == observable)
            .collect();
        let unit = own.first().and_then(|x| x.unit.as_deref());
        let mut columns = vec![Column::words("arm")];
        columns.extend(picks.iter().filter_map(|i| {
            let t = number::shortest(*times.get(*i)?, STYLE);
            Some(Column::words(format!("{t} {time_unit}").trim().to_string()))
        }));
        let mut t = Table::new(
            format!(
                "{} with {} bands at each time, {}",
                words::with_unit(observable, unit),
                words::level(Some(c.level)),
                basis(c.method, replicates)
            ),
            columns,
        );
        for x in own {
            let b = &x.band;
            let mut row = vec![Cell::from(x.experiment.as_str())];
            row.extend(picks.iter().map(|i| {
                let at = |list: &[f64]| list.get(*i).copied().filter(|v| v.is_finite());
                let Some(value) = at(&b.value) else {
                    return Cell::default();
                };
                let (l, u) = (at(&b.lower), at(&b.upper));
                let shown = number::estimate(value, l, u, STYLE);
                match (l, u) {
                    (Some(l), Some(u)) => Cell::from(format!(
                        "{shown} ({}–{})",
                        number::end(l, Some(value), Some(u), STYLE),
                        number::end(u, Some(value), Some(l), STYLE)
                    )),
                    _ => Cell::from(shown),
                }
            }));
            t.row(row);
        }
        console.table(&t);
        console.line("");
    }
    replicates_failed(console, &c.failed);
}

/// Predictions of expressions.
pub fn expressions(console: &mut Console, p: &Predictions) {
    let method = p.predictions.first().and_then(|e| e.estimate.method);
    let mut t = Table::new(
        format!("Predictions, {}", basis(method, p.replicates)),
        vec![
            Column::words("prediction"),
            Column::number("value"),
            Column::words("unit"),
            interval_column(p.level),
            Column::number("prior share"),
            Column::words(""),
        ],
    );
    for e in &p.predictions {
        let [value, interval] = cells(&e.estimate);
        t.row(vec![
            e.id.as_str().into(),
            value,
            words::unit(e.unit.as_deref()).unwrap_or_default().into(),
            interval,
            share(&e.estimate),
            remark(&e.estimate),
        ]);
    }
    console.table(&t.without_empty_columns());
    replicates_failed(console, &p.failed);
}

/// A response over a population.
pub fn population(console: &mut Console, p: &PopulationResponse, level: f64, replicates: usize) {
    let mut t = Table::new(
        format!(
            "{} over {} members, {}; {}",
            p.response,
            p.members,
            basis(p.mean.method, replicates),
            p.distributed.join("; ")
        ),
        vec![
            Column::words(""),
            Column::number("value"),
            Column::words("unit"),
            interval_column(level),
        ],
    );
    let unit = words::unit(p.unit.as_deref()).unwrap_or_default();
    for (name, e) in p.rows() {
        let [value, interval] = cells(e);
        t.row(vec![name.into(), value, unit.as_str().into(), interval]);
    }
    console.table(&t.without_empty_columns());
    if let Some(text) = reasons(&p.failed) {
        warn("members-failed", console, &text);
    }
}
