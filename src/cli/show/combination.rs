//! Two drugs together, in tables for the terminal.

use super::super::console::Console;
use super::STYLE;
use super::predictions::{cells, interval_column, replicates_failed, warnings};
use crate::predict::combination::Combination;
use crate::report::document::{Cell, Column, Table, Tone};
use crate::report::number;
use crate::report::words;

/// A combination: the scores over the surface, and doses that have an effect alone.
pub fn combination(console: &mut Console, c: &Combination) {
    let [a, b] = &c.inputs;
    let mut t = Table::new(
        format!(
            "{a} with {b} on {}, {} replicates; excess in percent of the full effect",
            c.response, c.replicates
        ),
        vec![
            Column::words("definition"),
            Column::number("mean excess"),
            interval_column(c.level),
            Column::number("largest"),
            Column::words(format!("at {a}, {b}")),
            Column::words("verdict"),
        ],
    );
    let show = |x: f64| {
        if x.is_finite() {
            number::fixed(100.0 * x, 1, STYLE)
        } else {
            "–".into()
        }
    };
    for (name, s) in [
        ("Bliss", &c.synergy.bliss),
        ("Loewe", &c.synergy.loewe),
        ("HSA", &c.synergy.hsa),
    ] {
        if let Some(reason) = &s.not_applicable {
            let mut row = vec![Cell::from(name)];
            row.extend(std::iter::repeat_n(Cell::default(), 4));
            row.push(Cell::from(format!("does not apply: {reason}")).tone(Tone::Mind));
            t.row(row);
            continue;
        }
        let [x, y] = s.largest_at;
        t.row(vec![
            name.into(),
            show(s.mean).into(),
            format!("{} to {}", show(s.lower), show(s.upper)).into(),
            show(s.largest.value).into(),
            format!(
                "{}, {}",
                number::significant(x, 2, STYLE),
                number::significant(y, 2, STYLE)
            )
            .into(),
            s.verdict.replace('_', " ").into(),
        ]);
    }
    console.table(&t.without_empty_columns());
    if !c.isoboles.is_empty() {
        console.line("");
        console.table(&isoboles(c));
    }
    if c.nodes != [0, 0] {
        console.line(format!(
            "replicates by interpolation over {} × {} doses; largest error {} % of the interval's width",
            c.nodes[0],
            c.nodes[1],
            number::significant(100.0 * c.interpolation_error, 2, STYLE)
        ));
    }
    warnings(console, &c.warnings);
    replicates_failed(console, &c.failed);
}

fn isoboles(c: &Combination) -> Table {
    let [a, b] = &c.inputs;
    let [ua, ub] = &c.input_units;
    let mut t = Table::new(
        "Doses of an effect alone; of the best pair its combination index and the dose reductions",
        vec![
            Column::number("effect"),
            Column::number(words::with_unit(a, ua.as_deref())),
            Column::words("interval"),
            Column::number(words::with_unit(b, ub.as_deref())),
            Column::words("interval"),
            Column::number("index"),
            Column::number(format!("{a} ÷")),
            Column::number(format!("{b} ÷")),
        ],
    );
    for i in &c.isoboles {
        let [va, ia] = cells(&i.alone_a);
        let [vb, ib] = cells(&i.alone_b);
        let best = i
            .points
            .iter()
            .filter(|p| p.index.is_finite() && p.index > 0.0)
            .min_by(|x, y| x.index.total_cmp(&y.index));
        let show = |x: Option<f64>| {
            x.filter(|x| x.is_finite())
                .map_or_else(|| "–".into(), |x| number::significant(x, 2, STYLE))
        };
        t.row(vec![
            number::percent(i.effect, STYLE).into(),
            va,
            ia,
            vb,
            ib,
            show(best.map(|p| p.index)).into(),
            show(best.map(|p| p.reduction_a)).into(),
            show(best.map(|p| p.reduction_b)).into(),
        ]);
    }
    t.without_empty_columns()
}
