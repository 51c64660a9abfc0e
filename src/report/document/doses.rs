//! Dose-response curves and the shifts between them.

use super::super::figure;
use super::super::number::Style;
use super::super::view::View;
use super::super::words;
use super::estimates::ORDER;
use super::predictions::estimate_cells;
use super::{Block, Cell, Column, Section, Table, Text, Tone};
use crate::predict::Estimate;
use crate::predict::dose::{DoseResponse, PRIOR_ONLY};
use crate::predict::feature::Feature;
use crate::uncertainty::Method;

/// What to mind about a dose.
fn dose_note(e: &Estimate) -> Cell {
    let mut notes = Vec::new();
    if e.in_tested_range == Some(false) {
        notes.push("beyond the doses tested");
    }
    if e.prior_share.is_some_and(|w| w >= PRIOR_ONLY) {
        notes.push("from a prior");
    }
    let text = notes.join(", ");
    let tone = if text.is_empty() {
        Tone::Plain
    } else {
        Tone::Mind
    };
    Cell::from(text).tone(tone)
}

/// Dose-response curves.
pub fn doses(view: &View, style: Style) -> Section {
    let mut blocks: Vec<Block> = figure::doses(&view.study, &view.doses)
        .into_iter()
        .map(Block::Figure)
        .collect();
    for d in &view.doses {
        let unit = d.input_unit.as_deref();
        let response = words::unit(d.response_unit.as_deref()).unwrap_or_default();
        let mut t = Table::new(
            Text::from("Response ")
                .code(d.response.as_str())
                .plain(" against ")
                .symbol(d.input.as_str()),
            vec![
                Column::words("quantity"),
                Column::number("value"),
                Column::words("unit"),
                Column::words(format!("{} interval", words::level(Some(d.level)))),
                Column::words("mind"),
            ],
        );
        let dose_unit = words::unit(unit).unwrap_or_default();
        let rows: [(&str, &Estimate, &str, bool); 6] = [
            ("without the drug", &d.summary.control, &response, false),
            ("at the largest effect", &d.summary.emax, &response, false),
            ("EC10", &d.summary.ec10, &dose_unit, true),
            ("EC50", &d.summary.ec50, &dose_unit, true),
            ("EC90", &d.summary.ec90, &dose_unit, true),
            ("Hill slope", &d.summary.hill, "", false),
        ];
        for (name, e, unit, dose) in rows {
            let [value, interval] = estimate_cells(e, style);
            t.row(vec![
                name.into(),
                value,
                unit.into(),
                interval,
                if dose { dose_note(e) } else { Cell::default() },
            ]);
        }
        blocks.push(Block::Table(t.without_empty_columns()));
        blocks.extend(intervals(d, style).map(Block::Table));
        for w in &d.warnings {
            // Curves of one input share what there is to say of it.
            let note = Block::Note(Tone::Mind, Text::marked(&w.text));
            if !blocks.contains(&note) {
                blocks.push(note);
            }
        }
    }
    blocks.extend(shifts(view, style).map(Block::Table));
    Section {
        id: "doses",
        title: "Dose and response".into(),
        blocks,
    }
}

/// Fold shifts, with the interval of each method.
fn shifts(view: &View, style: Style) -> Option<Table> {
    if view.shifts.is_empty() {
        return None;
    }
    let methods = methods(view.shifts.iter().map(|s| &s.ec50));
    let mut columns = vec![
        Column::words("input"),
        Column::words("from"),
        Column::words("to"),
        Column::number("fold"),
    ];
    columns.extend(methods.iter().map(|m| Column::words(heading(*m))));
    let mut t = Table::new(
        "Fold shift of the dose of half the effect, taken within each replicate",
        columns,
    );
    for s in &view.shifts {
        let [value, _] = estimate_cells(&s.ec50, style);
        let mut row = vec![
            Text::of_symbol(s.input.as_str()).into(),
            Text::new().code(s.from.as_str()).into(),
            Text::new().code(s.to.as_str()).into(),
            value,
        ];
        row.extend(cells_by_method(&s.ec50, &methods, style));
        t.row(row);
    }
    Some(t.without_empty_columns())
}

/// What describes a curve with the interval of each method beside the others; nothing if there is one method only.
pub fn intervals(d: &DoseResponse, style: Style) -> Option<Table> {
    let rows: Vec<(&str, &Estimate)> = Feature::OF_SUMMARY
        .into_iter()
        .filter_map(|f| Some((name(f), d.summary.estimate(f)?)))
        .filter(|(_, e)| e.value.is_finite())
        .collect();
    let methods = methods(rows.iter().map(|(_, e)| *e));
    if methods.len() < 2 {
        return None;
    }
    let mut columns = vec![Column::words("quantity")];
    columns.extend(methods.iter().map(|m| Column::words(heading(*m))));
    let mut t = Table::new(
        Text::from(format!(
            "{} intervals of each kind for ",
            words::level(Some(d.level))
        ))
        .code(d.response.as_str())
        .plain(" against ")
        .symbol(d.input.as_str()),
        columns,
    );
    for (name, e) in rows {
        let mut row = vec![Cell::from(name)];
        row.extend(cells_by_method(e, &methods, style));
        t.row(row);
    }
    Some(t)
}

/// A feature as tables call it.
fn name(feature: Feature) -> &'static str {
    match feature {
        Feature::Control => "without the drug",
        Feature::Emax => "largest effect",
        Feature::LogEc(0) => "EC10",
        Feature::LogEc(1) => "EC50",
        Feature::LogEc(_) => "EC90",
        Feature::LogHill => "Hill slope",
        Feature::LogAbsolute(0) => "10 % of the full effect",
        Feature::LogAbsolute(1) => "50 % of the full effect",
        Feature::LogAbsolute(_) => "90 % of the full effect",
        Feature::Value(_) => "response",
        Feature::LogShift => "fold shift",
    }
}

/// Methods of the intervals of estimates, in the order in which they are shown.
fn methods<'e>(estimates: impl Iterator<Item = &'e Estimate>) -> Vec<Method> {
    let found: Vec<Method> = estimates
        .flat_map(|e| {
            e.method
                .into_iter()
                .chain(e.others.iter().map(|i| i.method))
        })
        .collect();
    ORDER.into_iter().filter(|m| found.contains(m)).collect()
}

fn heading(method: Method) -> String {
    words::method_short(method).into()
}

/// The interval of each method, empty where there is none.
fn cells_by_method(e: &Estimate, methods: &[Method], style: Style) -> Vec<Cell> {
    methods
        .iter()
        .map(|m| {
            if e.method == Some(*m) {
                let [_, interval] = estimate_cells(e, style);
                return interval;
            }
            e.others
                .iter()
                .find(|i| i.method == *m)
                .map(|i| words::interval(i, Some(e.value), style))
                .unwrap_or_default()
                .into()
        })
        .collect()
}
