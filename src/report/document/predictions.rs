//! What the fitted model predicts.

use super::super::figure;
use super::super::number::{self, Style, count, fixed, percent, significant};
use super::super::view::View;
use super::super::words;
use super::{Block, Cell, Column, Section, Table, Text, Tone};
use crate::predict::Estimate;
use crate::predict::combination::{Combination, Readout, Score};

/// Time courses.
pub fn courses(view: &View) -> Section {
    Section {
        id: "courses",
        title: "Time courses".into(),
        blocks: view
            .courses
            .iter()
            .flat_map(|c| figure::courses(&view.study, c, view.fit.as_ref()))
            .map(Block::Figure)
            .collect(),
    }
}

/// Single predictions.
pub fn scalars(view: &View, style: Style) -> Section {
    let mut blocks = Vec::new();
    if !view.predictions.is_empty() {
        let level = view.fit.as_ref().and_then(level_of);
        blocks.extend(figure::predictions(&view.predictions, level).map(Block::Figure));
        let mut t = Table::new(
            "Predictions",
            vec![
                Column::words("prediction"),
                Column::words("expression").minor(),
                Column::number("value"),
                Column::words("unit"),
                Column::words(format!("{} interval", words::level(level))),
                Column::words("method").minor(),
                Column::number("prior share").minor(),
            ],
        );
        for p in &view.predictions {
            let [value, interval] = estimate_cells(&p.estimate, style);
            let named = p.description.as_ref().filter(|d| !d.is_empty());
            let name = match named {
                Some(d) => Text::from(d.as_str()),
                None => Text::new().code(p.id.as_str()),
            };
            let expression = if named.is_none() && p.id == p.expression {
                Cell::default()
            } else {
                Text::new().code(p.expression.as_str()).into()
            };
            t.row(vec![
                name.into(),
                expression,
                value,
                words::unit(p.unit.as_deref()).unwrap_or_default().into(),
                interval,
                p.estimate.method.map_or("", words::method_short).into(),
                p.estimate
                    .prior_share
                    .map_or_else(String::new, |w| percent(w, style))
                    .into(),
            ]);
        }
        blocks.push(Block::Table(t.without_empty_columns()));
    }
    Section {
        id: "predictions",
        title: "Predictions".into(),
        blocks,
    }
}

/// Level of the intervals of a fit.
fn level_of(fit: &super::super::view::Fit) -> Option<f64> {
    fit.settings
        .get("level")
        .and_then(serde_json::Value::as_f64)
}

/// A value with its interval for two cells; ends that are not closed are named.
pub(super) fn estimate_cells(e: &Estimate, style: Style) -> [Cell; 2] {
    let value = match (words::estimate_value(e, style), &e.reason) {
        (Some(text), _) => Cell::from(text),
        (None, Some(reason)) => Cell::from(reason.as_str()).tone(Tone::Mind),
        (None, None) => Cell::from("–"),
    };
    [value, words::estimate_interval(e, style).into()]
}

/// Combinations of two drugs.
pub fn combinations(view: &View, style: Style) -> Section {
    let mut blocks = Vec::new();
    for c in &view.combinations {
        blocks.extend(figure::combination(&view.study, c).map(Block::Figure));
        blocks.push(Block::Table(synergy(c, style)));
        blocks.extend(isoboles(c, style).map(Block::Table));
        blocks.extend(
            c.warnings
                .iter()
                .map(|w| Block::Note(Tone::Mind, Text::marked(&w.text))),
        );
    }
    Section {
        id: "combinations",
        title: "Drugs together".into(),
        blocks,
    }
}

fn synergy(c: &Combination, style: Style) -> Table {
    let direction = match c.readout {
        Readout::Inhibition => "more is more effect",
        Readout::Viability => "less is more effect",
    };
    let mut t = Table::new(
        Text::from("Effect of ")
            .symbol(c.inputs[0].as_str())
            .plain(" and ")
            .symbol(c.inputs[1].as_str())
            .plain(" together on ")
            .code(c.response.as_str())
            .plain(format!(
                " beyond what each definition expects, in percent of the full effect ({direction})"
            )),
        vec![
            Column::words("definition"),
            Column::number("mean excess"),
            Column::words(format!("{} interval", words::level(Some(c.level)))),
            Column::number("largest"),
            Column::words("interval of the largest"),
            Column::words("verdict"),
        ],
    );
    let share = |v: f64| {
        if v.is_finite() {
            fixed(100.0 * v, 1, style)
        } else {
            String::new()
        }
    };
    let range = |l: f64, u: f64| match (share(l), share(u)) {
        (l, u) if !l.is_empty() && !u.is_empty() => format!("{l} to {u}"),
        _ => String::new(),
    };
    let rows: [(&str, &Score); 3] = [
        ("Bliss independence", &c.synergy.bliss),
        ("Loewe additivity", &c.synergy.loewe),
        ("highest single agent", &c.synergy.hsa),
    ];
    for (name, s) in rows {
        if let Some(reason) = &s.not_applicable {
            t.row(vec![
                name.into(),
                Cell::default(),
                Cell::default(),
                Cell::default(),
                Cell::default(),
                Cell::from(format!("does not apply: {reason}")).tone(Tone::Mind),
            ]);
            continue;
        }
        t.row(vec![
            name.into(),
            share(s.mean).into(),
            range(s.lower, s.upper).into(),
            share(s.largest.value).into(),
            range(s.largest.lower, s.largest.upper).into(),
            words::reason(&s.verdict).into(),
        ]);
    }
    t.without_empty_columns()
}

fn isoboles(c: &Combination, style: Style) -> Option<Table> {
    if c.isoboles.is_empty() {
        return None;
    }
    let [a, b] = &c.inputs;
    let unit = |i: usize| c.input_units.get(i).and_then(Option::as_deref);
    let mut t = Table::new(
        "Doses that have an effect alone",
        vec![
            Column::number("effect"),
            Column::number(words::with_unit(a, unit(0))),
            Column::words("interval"),
            Column::number(words::with_unit(b, unit(1))),
            Column::words("interval"),
        ],
    );
    for i in &c.isoboles {
        let [va, ia] = estimate_cells(&i.alone_a, style);
        let [vb, ib] = estimate_cells(&i.alone_b, style);
        t.row(vec![percent(i.effect, style).into(), va, ia, vb, ib]);
    }
    Some(t.without_empty_columns())
}

/// Populations.
pub fn populations(view: &View, style: Style) -> Section {
    let mut blocks: Vec<Block> = figure::populations(&view.populations)
        .into_iter()
        .map(Block::Figure)
        .collect();
    for p in &view.populations {
        let unit = words::unit(p.unit.as_deref()).unwrap_or_default();
        let mut t = Table::new(
            Text::new().code(p.response.as_str()).plain(format!(
                " over {} members; distributed: {}",
                count(p.members as u64, style),
                p.distributed.join("; ")
            )),
            vec![
                Column::words("quantity"),
                Column::number("value"),
                Column::words("unit"),
                Column::words("interval"),
            ],
        );
        let mut row = |name: String, e: &Estimate| {
            let [value, interval] = estimate_cells(e, style);
            t.row(vec![name.into(), value, unit.as_str().into(), interval]);
        };
        row("mean".into(), &p.mean);
        row("SD between members".into(), &p.sd);
        for (q, e) in &p.quantiles {
            row(format!("{} quantile", percent(*q, style)), e);
        }
        blocks.push(Block::Table(t.without_empty_columns()));
    }
    Section {
        id: "populations",
        title: "Populations".into(),
        blocks,
    }
}

/// An index and its interval: parts of one whole, so all with the same decimals.
pub fn index_cells(e: &Estimate, style: Style) -> [Cell; 2] {
    const DECIMALS: usize = 3;
    let show = |x: f64| number::decimal(x, DECIMALS, style);
    [
        show(e.value).into(),
        if e.lower.is_finite() && e.upper.is_finite() {
            format!("{} to {}", show(e.lower), show(e.upper))
        } else {
            String::new()
        }
        .into(),
    ]
}

/// Sensitivities.
pub fn sensitivities(view: &View, style: Style) -> Section {
    let mut blocks = Vec::new();
    for s in &view.sensitivities {
        blocks.extend(figure::sensitivity(s).map(Block::Figure));
        let mut t = Table::new(
            Text::from("What ")
                .code(s.response.as_str())
                .plain(" depends on: the elasticity is the percent of response for one percent of parameter at the fit; over the whole ranges, \
                        the part of the variance that a parameter explains by itself (first) and with its interactions \
                        (total)"),
            vec![
                Column::words("parameter"),
                Column::number("elasticity"),
                Column::number("first"),
                Column::words("interval"),
                Column::number("total"),
                Column::words("interval"),
                Column::words("range").minor(),
            ],
        );
        let mut indices: Vec<_> = s.sobol.iter().collect();
        indices.sort_by(|a, b| b.total.value.total_cmp(&a.total.value));
        let mut ids: Vec<&str> = indices.iter().map(|i| i.id.as_str()).collect();
        for l in &s.local {
            if !ids.contains(&l.id.as_str()) {
                ids.push(&l.id);
            }
        }
        for id in ids {
            let local = s.local.iter().find(|l| l.id == id);
            let mut cells: Vec<Cell> = vec![
                Text::of_symbol(id).into(),
                local
                    .map_or_else(String::new, |l| significant(l.elasticity, 2, style))
                    .into(),
            ];
            if let Some(i) = s.sobol.iter().find(|i| i.id == id) {
                cells.extend(index_cells(&i.first, style));
                cells.extend(index_cells(&i.total, style));
                cells.push(i.range.as_str().into());
            }
            t.row(cells);
        }
        blocks.push(Block::Table(t.without_empty_columns()));
    }
    Section {
        id: "sensitivities",
        title: "What the predictions depend on".into(),
        blocks,
    }
}

/// Candidate measurements shown of a design.
const CANDIDATES: usize = 12;

/// Which measurement would narrow a target.
pub fn designs(view: &View, style: Style) -> Section {
    let mut blocks = Vec::new();
    let level = view.fit.as_ref().and_then(level_of);
    for d in &view.designs {
        blocks.extend(figure::design(d, level).map(Block::Figure));
        let caption = match &d.target {
            Some(target) => Text::from("Measurements that would narrow ")
                .code(target.as_str())
                .plain(" most"),
            None => Text::from("Measurements that would add most information"),
        };
        let mut t = Table::new(
            caption,
            vec![
                Column::words("measurement"),
                Column::number("n"),
                Column::number("expected value"),
                Column::number("interval narrower by"),
                Column::words("expected interval"),
                Column::words("mind"),
            ],
        );
        for p in d.proposals.iter().take(CANDIDATES) {
            let interval = match (p.expected_lower, p.expected_upper) {
                (Some(l), Some(u)) => format!(
                    "{} to {}",
                    number::end(l, d.value, Some(u), style),
                    number::end(u, d.value, Some(l), style)
                ),
                _ => String::new(),
            };
            t.row(vec![
                p.id.as_str().into(),
                p.n.to_string().into(),
                significant(p.expected_value, 3, style).into(),
                d.narrowing(p)
                    .map_or_else(String::new, |r| percent(r, style))
                    .into(),
                interval.into(),
                if p.opens {
                    "determines what was open"
                } else {
                    ""
                }
                .into(),
            ]);
        }
        let t = t.without_empty_columns();
        if !t.rows.is_empty() {
            blocks.push(Block::Table(t));
        }
    }
    Section {
        id: "designs",
        title: "What to measure next".into(),
        blocks,
    }
}
