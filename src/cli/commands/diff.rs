//! `diff`: what changed between two results.

use std::path::PathBuf;

use serde_json::Value;

use super::super::common::Display;
use super::super::console::{Console, SCHEMA_VERSION};
use super::super::{Exit, Failure};
use crate::diagnostic::Finding;
use crate::report::document::{Cell, Column, Table, Tone};
use crate::report::number::{self, Style};
use crate::report::words;
use crate::study::diff::{self, Change, Diff, DiffError, Moved};
use crate::study::json;

/// What changed between two results, in units of standard errors: inputs, settings, objective, estimates, data, facts.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  mechfit diff old/results fits/wang2020\n  mechfit diff fits/wang2020/results fits/wang2020/results/n4\n  mechfit diff a/result.json b/result.json --json"
)]
pub struct Arguments {
    /// First result: a `result.json`, a folder of results, or a problem with results
    pub a: PathBuf,
    /// Second result
    pub b: PathBuf,
    #[command(flatten)]
    pub display: Display,
}

const STYLE: Style = Style::Plain;
/// Distance in standard errors from which a difference matters to a reader.
const NOTABLE: f64 = 1.0;

impl Arguments {
    /// Compares.
    pub fn run(&self, console: &mut Console) -> Result<Exit, Failure> {
        let (a, b) = (read(&self.a)?, read(&self.b)?);
        let d = diff::diff(&a, &b);
        show(console, &d);
        let mut document = json::document(&d)?;
        if let Some(map) = document.as_object_mut() {
            map.insert("schema_version".into(), SCHEMA_VERSION.into());
        }
        console.document(document);
        Ok(Exit::Ok)
    }
}

fn read(path: &std::path::Path) -> Result<diff::Side, Failure> {
    diff::read(path).map_err(|e| {
        let help = match e {
            DiffError::NoResult(_) => {
                "fit first: `mechfit fit PROBLEM`, or name the folder of the results"
            }
            _ => "give a `result.json` that `mechfit fit` or `mechfit run` wrote",
        };
        Finding::error("no-result", e.to_string()).help(help).into()
    })
}

fn show(console: &mut Console, d: &Diff) {
    console.line(format!("from {}", d.a));
    console.line(format!("to   {}", d.b));
    if d.same {
        console.line("nothing differs but provenance");
        return;
    }
    changes(console, "Inputs that differ, by hash", &d.inputs);
    changes(console, "Settings", &d.settings);
    changes(console, "Data", &d.data);
    changes(console, "Objective and goodness of fit", &d.objective);
    moved(console, "Estimates", &d.estimates);
    moved(console, "Fitted values", &d.fitted);
    changes(console, "Relations and facts", &d.relations);
    moved(console, "Ends of bootstrap intervals", &d.bootstrap);
    let most = d
        .estimates
        .iter()
        .filter_map(|m| Some((m, m.in_standard_errors?.abs())))
        .max_by(|a, b| a.1.total_cmp(&b.1));
    console.line("");
    match most {
        Some((m, by)) => console.line(format!(
            "the estimate that moved most is {}, by {} standard errors",
            m.id,
            number::significant(by, 2, STYLE)
        )),
        None if d.estimates.is_empty() => console.line("the estimates are the same"),
        None => {}
    }
}

/// First characters of a hash that tell two apart for a reader.
const HASH: usize = 12;

fn value(v: &Value) -> String {
    match v {
        Value::Null => "–".into(),
        Value::Bool(true) => "holds".into(),
        Value::Bool(false) => "fails".into(),
        Value::Number(n) => n
            .as_f64()
            .map_or_else(|| n.to_string(), |x| number::significant(x, 6, STYLE)),
        Value::String(s) if s.len() == 64 && s.chars().all(|c| c.is_ascii_hexdigit()) => {
            s.chars().take(HASH).collect()
        }
        Value::String(s) => s.clone(),
        other => other.to_string(),
    }
}

fn changes(console: &mut Console, caption: &str, list: &[Change]) {
    if list.is_empty() {
        return;
    }
    let mut t = Table::new(
        caption,
        vec![
            Column::words(""),
            Column::words("first"),
            Column::words("second"),
        ],
    );
    for c in list {
        t.row(vec![
            c.what.as_str().into(),
            value(&c.a).into(),
            value(&c.b).into(),
        ]);
    }
    console.line("");
    console.table(&t);
}

fn moved(console: &mut Console, caption: &str, list: &[Moved]) {
    if list.is_empty() {
        return;
    }
    let mut t = Table::new(
        caption,
        vec![
            Column::words(""),
            Column::number("first"),
            Column::number("second"),
            Column::words("unit"),
            Column::number("in standard errors"),
        ],
    );
    let show =
        |x: Option<f64>| x.map_or_else(|| "–".to_string(), |x| number::significant(x, 4, STYLE));
    for m in list {
        let tone = match m.in_standard_errors {
            Some(d) if d.abs() >= NOTABLE => Tone::Mind,
            _ => Tone::Plain,
        };
        let by = m
            .in_standard_errors
            .map(|d| {
                let digits = number::significant(d, 2, STYLE);
                if d > 0.0 {
                    format!("+{digits}")
                } else {
                    digits
                }
            })
            .unwrap_or_default();
        t.row(vec![
            m.id.as_str().into(),
            show(m.a).into(),
            show(m.b).into(),
            words::unit(m.unit.as_deref()).unwrap_or_default().into(),
            Cell::from(by).tone(tone),
        ]);
    }
    console.line("");
    console.table(&t.without_empty_columns());
}
