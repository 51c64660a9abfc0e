//! Variants of the model against each other.

use super::super::number::{Style, fixed, p_number, percent, significant};
use super::super::view::View;
use super::{Block, Cell, Column, Section, Table, Text, Tone};
use crate::uncertainty::Comparison;
use crate::uncertainty::compare::Ranked;

/// The section.
pub fn section(view: &View, style: Style) -> Section {
    let mut blocks = Vec::new();
    if let Some(c) = &view.comparison {
        blocks.push(Block::Paragraph(
            "Variants are ranked by AICc on the exact likelihood of mean, SD and n. The weight describes, it does not \
             decide: pairs are judged by the likelihood ratio among simulated data."
                .into(),
        ));
        blocks.push(Block::Table(ranking(view, c, style)));
        blocks.extend(facts(view, c).map(Block::Table));
        if !c.conclusions.is_empty() {
            blocks.push(Block::List(
                c.conclusions
                    .iter()
                    .map(|s| Text::from(s.as_str()))
                    .collect(),
            ));
        }
        if !c.pairs.is_empty() {
            blocks.push(Block::Details {
                summary: "Pairs simulated from each other".into(),
                blocks: vec![Block::Table(pairs(c, style))],
            });
        }
        if !c.refused.is_empty() {
            blocks.push(Block::Paragraph("Not ranked:".into()));
            blocks.push(Block::List(
                c.refused
                    .iter()
                    .map(|r| {
                        Text::new()
                            .code(r.id.as_str())
                            .plain(format!(": {}", r.reason))
                    })
                    .collect(),
            ));
        }
    }
    Section {
        id: "variants",
        title: "Variants".into(),
        blocks,
    }
}

/// What a variant assumes: as the comparison says, else as the study does.
fn description<'v>(view: &'v View, m: &'v Ranked) -> &'v str {
    if !m.description.is_empty() {
        return &m.description;
    }
    view.variants
        .iter()
        .find(|v| v.id == m.id)
        .map_or("", |v| v.description.as_str())
}

fn ranking(view: &View, c: &Comparison, style: Style) -> Table {
    let mut t = Table::new(
        "Variants in order of AICc",
        vec![
            Column::words("variant"),
            Column::words("what it assumes").minor(),
            Column::number("k"),
            Column::number("χ²"),
            Column::number("P"),
            Column::number("ΔAICc"),
            Column::number("weight"),
            Column::words("likelihood ratio").minor(),
            Column::words("verdict"),
        ],
    );
    let p = |v: Option<f64>| v.map_or_else(String::new, |p| p_number(p, style));
    for m in &c.models {
        t.row(vec![
            Text::new().code(m.id.as_str()).into(),
            description(view, m).into(),
            m.n_estimated.to_string().into(),
            fixed(m.chi2_means, 1, style).into(),
            p(m.p_value).into(),
            m.delta
                .map_or_else(String::new, |d| fixed(d, 1, style))
                .into(),
            m.weight
                .map_or_else(String::new, |w| percent(w, style))
                .into(),
            ratio(m, style).into(),
            Cell::from(m.verdict.as_str()).tone(tone(&m.verdict)),
        ]);
    }
    t.without_empty_columns()
}

fn tone(verdict: &str) -> Tone {
    if verdict.starts_with("rejected") {
        Tone::Bad
    } else if verdict.starts_with("best") {
        Tone::Good
    } else {
        Tone::Plain
    }
}

fn ratio(m: &Ranked, style: Style) -> String {
    m.lrt.as_ref().map_or_else(String::new, |l| {
        format!(
            "{} against {}, P {}",
            fixed(l.statistic, 1, style),
            l.against,
            p_number(l.p_value, style)
        )
    })
}

/// Which variant meets which fact.
fn facts(view: &View, c: &Comparison) -> Option<Table> {
    if c.models.iter().any(|m| !m.facts.is_empty()) {
        return Some(compared_facts(c));
    }
    let mut ids: Vec<&str> = Vec::new();
    for r in view.variants.iter().flat_map(|v| &v.relations) {
        if !ids.contains(&r.id.as_str()) {
            ids.push(&r.id);
        }
    }
    if ids.is_empty() {
        return None;
    }
    let mut columns = vec![Column::words("variant")];
    columns.extend(ids.iter().map(|id| Column::mark(*id)));
    let mut t = Table::new(
        "Facts at the fit of each variant: ● holds, ○ fails",
        columns,
    );
    for m in &c.models {
        let Some(v) = view.variants.iter().find(|v| v.id == m.id) else {
            continue;
        };
        let mut cells: Vec<Cell> = vec![Text::new().code(m.id.as_str()).into()];
        for id in &ids {
            let holds = v
                .relations
                .iter()
                .find(|r| r.id == *id)
                .and_then(|r| r.holds);
            cells.push(match holds {
                Some(true) => Cell::from("●").tone(Tone::Good),
                Some(false) => Cell::from("○").tone(Tone::Bad),
                None => Cell::from("–"),
            });
        }
        t.row(cells);
    }
    (!t.rows.is_empty()).then_some(t)
}

/// The facts as the comparison found them.
fn compared_facts(c: &Comparison) -> Table {
    let mut ids: Vec<&str> = Vec::new();
    for f in c.models.iter().flat_map(|m| &m.facts) {
        if !ids.contains(&f.id.as_str()) {
            ids.push(&f.id);
        }
    }
    let mut columns = vec![Column::words("variant")];
    columns.extend(ids.iter().map(|id| Column::mark(*id)));
    columns.push(Column::words("what speaks against it"));
    let mut t = Table::new(
        "Facts at the fit of each variant: ● holds, ○ fails",
        columns,
    );
    for m in &c.models {
        let mut cells: Vec<Cell> = vec![Text::new().code(m.id.as_str()).into()];
        cells.extend(ids.iter().map(|id| {
            match m.facts.iter().find(|f| f.id == *id).and_then(|f| f.holds) {
                Some(true) => Cell::from("●").tone(Tone::Good),
                Some(false) => Cell::from("○").tone(Tone::Bad),
                None => Cell::from("–"),
            }
        }));
        cells.push(m.excluded_by.join("; ").into());
        t.row(cells);
    }
    t.without_empty_columns()
}

fn pairs(c: &Comparison, style: Style) -> Table {
    let mut t = Table::new(
        "Difference of the deviances, and how often data drawn from either model show as large a one",
        vec![
            Column::words("first"),
            Column::words("second"),
            Column::words("nested"),
            Column::number("difference"),
            Column::number("P, first true"),
            Column::number("P, second true"),
            Column::words("verdict"),
        ],
    );
    let p = |v: Option<f64>| v.map_or_else(String::new, |p| p_number(p, style));
    for q in &c.pairs {
        t.row(vec![
            Text::new().code(q.first.as_str()).into(),
            Text::new().code(q.second.as_str()).into(),
            if q.nested { "yes" } else { "no" }.into(),
            significant(q.statistic, 3, style).into(),
            p(q.p_first).into(),
            p(q.p_second).into(),
            q.verdict.as_str().into(),
        ]);
    }
    t.without_empty_columns()
}
