//! A comparison of variants for the terminal.

use crate::report::document::{Cell, Column, Table, Text, Tone};
use crate::report::number::{self, Style};
use crate::report::table::wrap;
use crate::study::stage_compare::CompareDocument;
use crate::uncertainty::compare::{Ranked, SIZE};

use super::console::Console;

const STYLE: Style = Style::Plain;
/// Widest line, in characters.
const WIDTH: usize = 100;

/// Ranking, pairs, and what follows.
pub fn comparison(console: &mut Console, d: &CompareDocument) {
    let c = &d.comparison;
    console.line(format!(
        "scenario {}: {} variants from {} starts each",
        d.scenario,
        c.models.len() + c.refused.len(),
        d.starts,
    ));
    console.line(format!(
        "N = {} values with {} variances; {} simulated data sets a test",
        d.n_replicates, d.n_variances, d.samples
    ));
    if let Some(first) = c.models.first() {
        let facts: Vec<&str> = first.facts.iter().map(|f| f.id.as_str()).collect();
        console.line("");
        console.table(&ranking(&c.models));
        legend(console, &facts);
        console.line("");
        console.table(&assumptions(&c.models));
    }
    if !c.pairs.is_empty() {
        console.line("");
        console.table(&pairs(d));
    }
    if !c.conclusions.is_empty() {
        console.line("");
        for s in &c.conclusions {
            for (k, line) in wrap(s, WIDTH - 2).lines().enumerate() {
                console.line(format!("{}{line}", if k == 0 { "• " } else { "  " }));
            }
        }
    }
}

/// What the columns of the ranking mean.
fn legend(console: &mut Console, facts: &[&str]) {
    if !facts.is_empty() {
        console.line(format!("facts in this order: {}", facts.join(" ")));
    }
    console.line(
        "k: parameters estimated; id.: those identified by quick intervals; P F: Johansen's F of the means;",
    );
    console.line("Δ eff.: AICc with effective parameters, those with a prior counted less its share in them;");
    console.line(
        "P boot: the same χ² among data drawn from the variant; P all: all terms, priors and relations too",
    );
}

fn p(value: Option<f64>) -> Cell {
    let Some(v) = value else {
        return Cell::default();
    };
    let cell = Cell::from(number::p_number(v, STYLE));
    if v < SIZE { cell.tone(Tone::Bad) } else { cell }
}

fn ranking(models: &[Ranked]) -> Table {
    let mut t = Table::new(
        "Variants in order of AICc",
        vec![
            Column::words("variant"),
            Column::number("k"),
            Column::number("id."),
            Column::number("objective"),
            Column::number("AICc"),
            Column::number("Δ"),
            Column::number("Δ eff."),
            Column::number("weight"),
            Column::number("P F"),
            Column::number("P boot"),
            Column::number("P all"),
            Column::words("facts"),
        ],
    );
    for m in models {
        let marks: String = m
            .facts
            .iter()
            .map(|f| match f.holds {
                Some(true) => '✓',
                Some(false) => '✗',
                None => '?',
            })
            .collect();
        let fixed = |x: Option<f64>, digits| {
            x.map_or_else(String::new, |x| number::fixed(x, digits, STYLE))
        };
        t.row(vec![
            Text::new().code(m.id.as_str()).into(),
            m.n_estimated.to_string().into(),
            m.identifiable.to_string().into(),
            fixed(Some(m.objective), 2).into(),
            fixed(m.aicc, 1).into(),
            fixed(m.delta, 1).into(),
            fixed(m.delta_effective, 1).into(),
            m.weight
                .map_or_else(String::new, |w| format!("{w:.2}"))
                .into(),
            p(m.p_value),
            p(m.p_value_bootstrap),
            p(m.p_value_bootstrap_all),
            marks.into(),
        ]);
    }
    t.without_empty_columns()
}

/// What each variant assumes, and in a word or two what speaks against it.
fn assumptions(models: &[Ranked]) -> Table {
    let mut t = Table::new(
        "What they assume",
        vec![
            Column::words("variant"),
            Column::words("what it assumes"),
            Column::words("against it"),
        ],
    );
    for m in models {
        let mut against: Vec<String> = Vec::new();
        if m.far() {
            against.push("AICc".into());
        }
        let misfit = [m.p_value_bootstrap, m.p_value_bootstrap_all];
        if misfit.iter().flatten().any(|p| *p < SIZE) {
            against.push("fit".into());
        }
        against.extend(
            m.facts
                .iter()
                .filter(|f| f.holds == Some(false))
                .map(|f| f.id.clone()),
        );
        let cell = Cell::from(against.join(", "));
        t.row(vec![
            Text::new().code(m.id.as_str()).into(),
            m.description.as_str().into(),
            if against.is_empty() {
                cell
            } else {
                cell.tone(Tone::Bad)
            },
        ]);
    }
    t.without_empty_columns()
}

fn pairs(d: &CompareDocument) -> Table {
    let mut t = Table::new(
        "Pairs simulated from each other",
        vec![
            Column::words("first"),
            Column::words("second"),
            Column::words("nested"),
            Column::number("difference"),
            Column::number("P first"),
            Column::number("P second"),
            Column::words("verdict"),
        ],
    );
    for q in &d.comparison.pairs {
        t.row(vec![
            Text::new().code(q.first.as_str()).into(),
            Text::new().code(q.second.as_str()).into(),
            if q.nested { "yes" } else { "no" }.into(),
            number::fixed(q.statistic, 2, STYLE).into(),
            p(q.p_first),
            p(q.p_second),
            q.verdict.as_str().into(),
        ]);
    }
    t.without_empty_columns()
}
