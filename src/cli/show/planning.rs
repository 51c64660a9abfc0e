//! What a prediction depends on and what to measure next, in tables for the terminal.

use super::super::console::Console;
use super::STYLE;
use super::predictions::{reasons, warn};
use crate::predict::sensitivity::Sensitivity;
use crate::report::document::{Cell, Column, Table, index_cells};
use crate::report::number;
use crate::report::words;
use crate::uncertainty::Design;

/// Sensitivities of one expression, the strongest first.
pub fn sensitivity(console: &mut Console, s: &Sensitivity) {
    let unit = words::unit(s.unit.as_deref()).unwrap_or_default();
    console.line(format!(
        "{} is {} {unit} at the fit",
        s.response,
        number::significant(s.value, 4, STYLE)
    ));
    let mut t = Table::new(
        "What it depends on: at the fit (change for a change of ln parameter; elasticity) and over whole ranges (parts of the variance)",
        vec![
            Column::words("parameter"),
            Column::number("d/d ln"),
            Column::number("elasticity"),
            Column::number("first"),
            Column::words("interval"),
            Column::number("total"),
            Column::words("interval"),
        ],
    );
    let mut order: Vec<_> = s
        .local
        .iter()
        .map(|l| (l, s.sobol.iter().find(|i| i.id == l.id)))
        .collect();
    order.sort_by(|a, b| {
        let total = |i: Option<&crate::predict::sensitivity::SobolIndex>| {
            i.map_or(f64::NEG_INFINITY, |i| i.total.value)
        };
        total(b.1)
            .total_cmp(&total(a.1))
            .then(b.0.by_log.abs().total_cmp(&a.0.by_log.abs()))
    });
    for (l, index) in order {
        let mut row = vec![
            Cell::from(l.id.as_str()),
            number::significant(l.by_log, 3, STYLE).into(),
            number::significant(l.elasticity, 2, STYLE).into(),
        ];
        if let Some(i) = index {
            row.extend(index_cells(&i.first, STYLE));
            row.extend(index_cells(&i.total, STYLE));
        } else {
            row.extend(std::iter::repeat_n(Cell::default(), 4));
        }
        t.row(row);
    }
    console.table(&t.without_empty_columns());
    if !s.sobol.is_empty() {
        console.line(format!(
            "over the ranges: mean {}, SD {} {unit}; {} simulations",
            number::significant(s.mean, 3, STYLE),
            number::significant(s.variance.sqrt(), 3, STYLE),
            number::count(s.simulations as u64, STYLE)
        ));
    }
    if let Some(text) = reasons(&s.failed) {
        warn("simulations-failed", console, &text);
    }
}

/// Proposals that are shown.
const PROPOSALS: usize = 12;

/// Measurements, the best first.
pub fn design(console: &mut Console, d: &Design, level: f64) {
    let range = |l: Option<f64>, u: Option<f64>| match (l, u) {
        (Some(l), Some(u)) => format!(
            "{} to {}",
            number::end(l, d.value, Some(u), STYLE),
            number::end(u, d.value, Some(l), STYLE)
        ),
        _ => "not determined".into(),
    };
    if let (Some(target), Some(value)) = (&d.target, d.value) {
        console.line(format!(
            "{target} is {}, {} interval now {}",
            number::estimate(value, d.lower, d.upper, STYLE),
            words::level(Some(level)),
            range(d.lower, d.upper)
        ));
    }
    let caption = match &d.target {
        Some(_) => "Measurements that would narrow it most",
        None => "Measurements that would add most information (D-optimal)",
    };
    let mut t = Table::new(
        caption,
        vec![
            Column::words("measurement"),
            Column::number("n"),
            Column::number("expected"),
            Column::number("SD"),
            Column::number("narrower by"),
            Column::words("expected interval"),
            Column::number("ln det gain"),
            Column::words(""),
        ],
    );
    for p in d.proposals.iter().take(PROPOSALS) {
        t.row(vec![
            p.id.as_str().into(),
            p.n.to_string().into(),
            number::significant(p.expected_value, 3, STYLE).into(),
            number::significant(p.sd, 2, STYLE).into(),
            d.narrowing(p)
                .map(|r| number::percent(r, STYLE))
                .unwrap_or_default()
                .into(),
            if d.target.is_some() {
                range(p.expected_lower, p.expected_upper)
            } else {
                String::new()
            }
            .into(),
            p.d_gain
                .map(|g| number::significant(g, 2, STYLE))
                .unwrap_or_default()
                .into(),
            if p.opens {
                "determines what was open"
            } else {
                ""
            }
            .into(),
        ]);
    }
    console.table(&t.without_empty_columns());
    let rest = d.proposals.len().saturating_sub(PROPOSALS);
    if rest > 0 {
        console.line(format!("{rest} more are in the result file"));
    }
    let mut reasons: Vec<&str> = d.refused.iter().map(|(_, r)| r.as_str()).collect();
    reasons.sort_unstable();
    reasons.dedup();
    for reason in reasons {
        let n = d.refused.iter().filter(|(_, r)| r == reason).count();
        warn(
            "candidates-refused",
            console,
            &format!("{n} candidates: {reason}"),
        );
    }
}
