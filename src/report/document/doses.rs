//! Dose-response curves and the shifts between them.

use super::super::figure;
use super::super::number::{self, Style};
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
        for (feature, e) in features(d) {
            let [value, interval] = estimate_cells(e, style);
            let (unit, note) = match feature {
                Feature::Control | Feature::Emax => (response.as_str(), Cell::default()),
                Feature::LogHill => ("", Cell::default()),
                _ => (dose_unit.as_str(), dose_note(e)),
            };
            t.row(vec![
                name(feature, d, style).into(),
                value,
                unit.into(),
                interval,
                note,
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
    let rows: Vec<(Feature, &Estimate)> =
        features(d).filter(|(_, e)| e.value.is_finite()).collect();
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
    for (feature, e) in rows {
        let mut row = vec![Cell::from(name(feature, d, style))];
        row.extend(cells_by_method(e, &methods, style));
        t.row(row);
    }
    Some(t)
}

/// What describes a curve, in the order of tables.
pub fn features(d: &DoseResponse) -> impl Iterator<Item = (Feature, &Estimate)> {
    Feature::OF_SUMMARY
        .into_iter()
        .filter_map(|f| Some((f, d.summary.estimate(f)?)))
}

/// A feature as tables call it: doses of a share of the drug's own largest effect are EC10, EC50 and EC90, those of a
/// share of the full effect say towards which response.
pub fn name(feature: Feature, d: &DoseResponse, style: Style) -> String {
    let part = |k: usize| ["10", "50", "90"].get(k).copied().unwrap_or("");
    match feature {
        Feature::Control => "without the drug".into(),
        Feature::Emax => "largest effect (Emax)".into(),
        Feature::LogEc(k) => format!("EC{}", part(k)),
        Feature::LogHill => "Hill slope".into(),
        Feature::LogAbsolute(k) => {
            let falls = d.summary.emax.value < d.summary.control.value;
            let kind = if falls { "IC" } else { "EC" };
            let full = d.summary.absolute.as_ref().map_or(f64::NAN, |a| a.full);
            format!(
                "{kind}{} towards {}",
                part(k),
                number::shortest(full, style)
            )
        }
        Feature::Value(_) => "response".into(),
        Feature::LogShift => "fold shift".into(),
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
                .map(|i| words::other_interval(i, e.value, style))
                .unwrap_or_default()
                .into()
        })
        .collect()
}
