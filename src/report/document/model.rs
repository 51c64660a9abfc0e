//! The model: diagram, equations, parameters with units, sources, priors.

use super::super::figure;
use super::super::number::{Style, shortest};
use super::super::view::{Equation, Equations, ParameterRow, View};
use super::super::words;
use super::{Block, Cell, Column, Section, Table, Text};

/// The section.
pub fn section(view: &View, style: Style) -> Section {
    let mut blocks = Vec::new();
    if let Some(e) = &view.equations {
        if !e.description.is_empty() {
            blocks.push(Block::Paragraph(sentence(&e.description)));
        }
        blocks.extend(figure::diagram(e).map(Block::Figure));
        blocks.extend(equations(e));
    }
    let estimated: Vec<&ParameterRow> = view
        .study
        .parameters
        .iter()
        .filter(|p| p.estimated)
        .collect();
    let fixed: Vec<&ParameterRow> = view
        .study
        .parameters
        .iter()
        .filter(|p| !p.estimated)
        .collect();
    if !estimated.is_empty() {
        blocks.push(Block::Table(estimated_table(&estimated, style)));
    }
    if !fixed.is_empty() {
        let table = Block::Table(fixed_table(&fixed));
        blocks.push(if fixed.len() > 8 {
            Block::Details {
                summary: format!("{} fixed constants with their sources", fixed.len()),
                blocks: vec![table],
            }
        } else {
            table
        });
    }
    Section {
        id: "model",
        title: "Model".into(),
        blocks,
    }
}

/// A text with a full stop.
pub fn sentence(text: &str) -> Text {
    let text = text.trim();
    if text.ends_with(['.', '!', '?']) {
        text.into()
    } else {
        format!("{text}.").into()
    }
}

fn equations(e: &Equations) -> Vec<Block> {
    let mut blocks = Vec::new();
    if !e.rates.is_empty() {
        blocks.push(Block::Heading("States".into()));
        let mut lead = Text::from("Rates of change");
        if let Some(unit) = words::unit(e.time_unit.as_deref()) {
            lead = lead.plain(format!(", time in {unit}"));
        }
        blocks.push(Block::Paragraph(lead.plain(":")));
        blocks.push(Block::Equations {
            list: e.rates.clone(),
            rates: true,
        });
    }
    if !e.algebraic.is_empty() {
        blocks.push(Block::Paragraph("held at all times:".into()));
        blocks.push(Block::Equations {
            list: e.algebraic.clone(),
            rates: false,
        });
    }
    if !e.assignments.is_empty() {
        blocks.push(Block::Paragraph("with".into()));
        blocks.push(Block::Equations {
            list: e.assignments.clone(),
            rates: false,
        });
    }
    let initial: Vec<Equation> = e
        .states
        .iter()
        .map(|s| Equation {
            left: s.id.clone(),
            right: s.value.clone(),
            unit: s.unit.clone(),
            description: s.description.clone(),
        })
        .collect();
    if !initial.is_empty() {
        blocks.push(Block::Paragraph("At the start:".into()));
        blocks.push(Block::Equations {
            list: initial,
            rates: false,
        });
    }
    if !e.events.is_empty() {
        blocks.push(Block::Paragraph("Events set:".into()));
        blocks.push(Block::Equations {
            list: e.events.clone(),
            rates: false,
        });
    }
    if !e.outputs.is_empty() {
        blocks.push(Block::Heading("Readouts".into()));
        blocks.push(Block::Equations {
            list: e.outputs.clone(),
            rates: false,
        });
    }
    if !e.inputs.is_empty() {
        let mut t = Table::new(
            "Inputs, set by the arms",
            vec![
                Column::words("input"),
                Column::words("what it is"),
                Column::words("control"),
            ],
        );
        for i in &e.inputs {
            t.row(vec![
                Text::of_symbol(&i.id).into(),
                i.description.as_str().into(),
                format!("{}{}", i.value, words::behind(i.unit.as_deref())).into(),
            ]);
        }
        blocks.push(Block::Table(t));
    }
    blocks
}

fn estimated_table(rows: &[&ParameterRow], style: Style) -> Table {
    let mut t = Table::new(
        "Estimated parameters: where the search may go, and what is known beforehand",
        vec![
            Column::words("parameter"),
            Column::words("what it is"),
            Column::words("unit"),
            Column::number("start"),
            Column::words("bounds"),
            Column::words("prior"),
            Column::words("source").minor(),
        ],
    );
    for p in rows {
        let bounds = p.bounds.map_or_else(String::new, |(l, u)| {
            words::range(&shortest(l, style), &shortest(u, style), style)
        });
        t.row(vec![
            Text::of_symbol(&p.id).into(),
            p.description.as_str().into(),
            words::unit(p.unit.as_deref()).unwrap_or_default().into(),
            p.value.as_str().into(),
            bounds.into(),
            p.prior.clone().unwrap_or_default().into(),
            p.source.clone().unwrap_or_default().into(),
        ]);
    }
    t.without_empty_columns()
}

fn fixed_table(rows: &[&ParameterRow]) -> Table {
    let mut t = Table::new(
        "Fixed constants",
        vec![
            Column::words("constant"),
            Column::words("what it is"),
            Column::number("value"),
            Column::words("unit"),
            Column::words("source"),
        ],
    );
    for p in rows {
        t.row(vec![
            Text::of_symbol(&p.id).into(),
            p.description.as_str().into(),
            Cell::from(p.value.as_str()),
            words::unit(p.unit.as_deref()).unwrap_or_default().into(),
            p.source.clone().unwrap_or_default().into(),
        ]);
    }
    t.without_empty_columns()
}
