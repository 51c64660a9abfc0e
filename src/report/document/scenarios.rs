//! Readings of the data side by side, and numbers of the paper recomputed.

use super::super::number::{self, Style, p_number, significant};
use super::super::view::{Conclusion, Fit, View};
use super::super::words;
use super::{Block, Cell, Column, Section, Table, Text, Tone};

/// Whether a conclusion is not the same in all scenarios that judge it.
pub fn differs(c: &Conclusion) -> bool {
    let mut outcomes = c.holds.values().filter(|o| o.is_some());
    let first = outcomes.next();
    outcomes.any(|o| Some(o) != first)
}

/// The section.
pub fn section(view: &View, style: Style) -> Section {
    let mut blocks = Vec::new();
    if view.scenarios.len() > 1 {
        blocks.push(Block::List(
            view.scenarios
                .iter()
                .map(|s| {
                    let text = Text::new().code(s.id.as_str());
                    if s.description.is_empty() {
                        text
                    } else {
                        text.plain(": ").plain(s.description.as_str())
                    }
                })
                .collect(),
        ));
        if !view.conclusions.is_empty() {
            blocks.push(Block::Table(conclusions(view)));
        }
        let fitted: Vec<(&str, &Fit)> = view
            .scenarios
            .iter()
            .filter_map(|s| Some((s.id.as_str(), s.fit.as_ref()?)))
            .collect();
        if fitted.len() > 1 {
            blocks.push(Block::Table(fits(&fitted, style)));
            blocks.push(Block::Details {
                summary: "Estimates in every scenario".into(),
                blocks: vec![Block::Table(estimates(&fitted, style))],
            });
        }
    }
    Section {
        id: "scenarios",
        title: "Scenarios".into(),
        blocks,
    }
}

fn conclusions(view: &View) -> Table {
    let mut columns = vec![Column::words("conclusion")];
    columns.extend(view.scenarios.iter().map(|s| Column::mark(s.id.as_str())));
    columns.push(Column::words("changes"));
    let mut t = Table::new(
        "Conclusions in every scenario: ● holds, ○ does not; those that change stand first",
        columns,
    );
    let (changing, same): (Vec<_>, Vec<_>) = view.conclusions.iter().partition(|c| differs(c));
    for c in changing.into_iter().chain(same) {
        let mut text = Text::from(c.text.as_str());
        if let Some(note) = c.note.as_ref().filter(|n| !n.is_empty()) {
            text = text.plain(format!(" ({note})"));
        }
        let mut cells: Vec<Cell> = vec![text.into()];
        for s in &view.scenarios {
            cells.push(match c.holds.get(&s.id).copied().flatten() {
                Some(true) => Cell::from("●").tone(Tone::Good),
                Some(false) => Cell::from("○").tone(Tone::Bad),
                None => Cell::from("–"),
            });
        }
        cells.push(if differs(c) {
            Cell::from("changes").tone(Tone::Mind)
        } else {
            Cell::default()
        });
        t.row(cells);
    }
    t.without_empty_columns()
}

fn fits(fitted: &[(&str, &Fit)], style: Style) -> Table {
    let mut t = Table::new(
        "Goodness of fit",
        vec![
            Column::words("scenario"),
            Column::number("χ²"),
            Column::number("dof"),
            Column::number("P"),
            Column::number("facts held"),
            Column::words("status"),
        ],
    );
    let text = |v: Option<f64>| v.map_or_else(String::new, |v| significant(v, 3, style));
    for (id, f) in fitted {
        let (held, judged) = super::fit::tally(&f.relations);
        t.row(vec![
            Text::new().code(*id).into(),
            text(f.chi2_means.or(f.chi2)).into(),
            text(f.dof).into(),
            f.p_value
                .map_or_else(String::new, |p| p_number(p, style))
                .into(),
            if judged > 0 {
                format!("{held}/{judged}")
            } else {
                String::new()
            }
            .into(),
            words::reason(&f.status).into(),
        ]);
    }
    t.without_empty_columns()
}

fn estimates(fitted: &[(&str, &Fit)], style: Style) -> Table {
    let mut columns = vec![Column::words("parameter"), Column::words("unit")];
    columns.extend(fitted.iter().map(|(id, _)| Column::number(*id)));
    let mut t = Table::new(
        "Estimates; the interval decides how many digits are shown",
        columns,
    );
    let Some((_, first)) = fitted.first() else {
        return t;
    };
    for e in &first.estimates {
        let mut cells: Vec<Cell> = vec![
            Text::of_symbol(e.id.as_str()).into(),
            words::unit(e.unit.as_deref()).unwrap_or_default().into(),
        ];
        for (_, f) in fitted {
            let own = f.estimates.iter().find(|o| o.id == e.id);
            cells.push(
                own.map_or_else(String::new, |o| {
                    let (lower, upper) = o.interval.as_ref().map_or((None, None), words::closed);
                    number::estimate(o.value, lower, upper, style)
                })
                .into(),
            );
        }
        t.row(cells);
    }
    t.without_empty_columns()
}

/// Numbers of the paper, recomputed.
pub fn claims(view: &View, style: Style) -> Section {
    let mut blocks = Vec::new();
    if !view.claims.is_empty() {
        let mut t = Table::new(
            "Numbers printed in the paper, recomputed from its means, SDs and n",
            vec![
                Column::words("claim"),
                Column::words("what it is"),
                Column::words("printed"),
                Column::number("recomputed"),
                Column::words("agrees"),
                Column::words("note"),
                Column::words("source").minor(),
            ],
        );
        for c in &view.claims {
            let what = if c.arguments.is_empty() {
                words::claim_kind(&c.kind)
            } else {
                format!("{}: {}", words::claim_kind(&c.kind), c.arguments.join(", "))
            };
            t.row(vec![
                Text::new().code(c.id.as_str()).into(),
                what.into(),
                c.printed.as_str().into(),
                c.recomputed
                    .map_or_else(String::new, |v| significant(v, 3, style))
                    .into(),
                match c.agrees {
                    Some(true) => Cell::from("yes").tone(Tone::Good),
                    Some(false) => Cell::from("no").tone(Tone::Bad),
                    None => Cell::default(),
                },
                c.note.clone().unwrap_or_default().into(),
                c.source.clone().unwrap_or_default().into(),
            ]);
        }
        blocks.push(Block::Table(t.without_empty_columns()));
    }
    Section {
        id: "claims",
        title: "The paper's numbers".into(),
        blocks,
    }
}
