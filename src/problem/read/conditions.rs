//! Conditions (long and wide) and experiments.

use std::collections::HashMap;

use super::super::cells::{Cells, check_columns, is_nothing};
use super::super::findings::Findings;
use super::super::sheet::Sheet;
use super::super::{Change, Condition, Experiment, Period};
use super::Format;
use crate::diagnostic::Finding;
use crate::math::{Syntax, is_identifier};

/// Reads a condition table of version 2: one row a change.
pub(in super::super) fn conditions(
    sheet: &Sheet,
    format: Format,
    list: &mut Vec<Condition>,
    findings: &mut Findings,
) {
    let id = sheet.require("conditionId", findings);
    let target = sheet.require("targetId", findings);
    let value = sheet.require("targetValue", findings);
    let unit = format.extended.then(|| sheet.column("unit")).flatten();
    check_columns(sheet, &["conditionId", "targetId", "targetValue"], findings);
    let mut index: HashMap<String, usize> = list
        .iter()
        .enumerate()
        .map(|(i, c)| (c.id.clone(), i))
        .collect();
    for row in sheet.rows() {
        let mut cells = Cells { row, findings };
        let condition = cells.declared_id(id);
        let change = Change {
            target: cells.id(target).unwrap_or_default(),
            value: cells.expression(value, Syntax::PETAB),
            unit: cells.note(unit),
            row: cells.row.number,
        };
        let Some(condition) = condition else { continue };
        let at = *index.entry(condition.clone()).or_insert_with(|| {
            list.push(Condition {
                id: condition,
                changes: Vec::new(),
            });
            list.len() - 1
        });
        if change.value.is_none() || change.target.is_empty() {
            continue;
        }
        let c = &mut list[at];
        if c.changes.iter().any(|other| other.target == change.target) {
            let finding = Finding::error(
                "duplicate-target",
                format!("condition `{}` sets `{}` twice", c.id, change.target),
            )
            .help("take one of the rows out");
            cells.report(finding, target, "second");
            continue;
        }
        c.changes.push(change);
    }
}

/// Reads a condition table of version 1: one row a condition, one column a target.
pub(in super::super) fn wide_conditions(sheet: &Sheet, findings: &mut Findings) -> Vec<Condition> {
    let id = sheet.require("conditionId", findings);
    let mut targets = Vec::new();
    for (k, (name, span)) in sheet.columns().iter().enumerate() {
        match name.as_str() {
            "conditionId" | "conditionName" => {}
            _ if is_identifier(name) => targets.push((k, name.clone())),
            _ => findings.push(
                Finding::error("invalid-id", format!("`{name}` is not an identifier"))
                    .at(&sheet.source, span.clone(), "")
                    .help("every further column of this table is named by an entity of the model"),
            ),
        }
    }
    let mut list = Vec::new();
    for row in sheet.rows() {
        let mut cells = Cells { row, findings };
        let Some(id) = cells.id(id) else { continue };
        let mut changes = Vec::new();
        for (k, target) in &targets {
            let value = if is_nothing(cells.text(Some(*k))) {
                None
            } else {
                match cells.expression(Some(*k), Syntax::PETAB) {
                    Some(e) => Some(e),
                    None => continue,
                }
            };
            changes.push(Change {
                target: target.clone(),
                value,
                unit: None,
                row: cells.row.number,
            });
        }
        list.push(Condition { id, changes });
    }
    list
}

/// Reads an experiment table: rows of one experiment and time are one period.
pub(in super::super) fn experiments(
    sheet: &Sheet,
    list: &mut Vec<Experiment>,
    findings: &mut Findings,
) {
    let id = sheet.require("experimentId", findings);
    let time = sheet.require("time", findings);
    let condition = sheet.require("conditionId", findings);
    check_columns(sheet, &["experimentId", "time", "conditionId"], findings);
    let mut index: HashMap<String, usize> = list
        .iter()
        .enumerate()
        .map(|(i, e)| (e.id.clone(), i))
        .collect();
    for row in sheet.rows() {
        let mut cells = Cells { row, findings };
        let experiment = cells.declared_id(id);
        let start = cells.number(time);
        let condition = cells.optional_id(condition);
        let (Some(experiment), Some(start)) = (experiment, start) else {
            continue;
        };
        if start == f64::INFINITY {
            let finding = Finding::error("invalid-time", "a period cannot begin at `inf`")
                .help("a period to steady state begins at `-inf`; `inf` is a time of measurements");
            cells.report(finding, time, "");
            continue;
        }
        let at = *index.entry(experiment.clone()).or_insert_with(|| {
            list.push(Experiment {
                id: experiment,
                periods: Vec::new(),
            });
            list.len() - 1
        });
        let periods = &mut list[at].periods;
        let k = match periods.iter().position(|p| p.start >= start) {
            Some(k) => k,
            None => periods.len(),
        };
        if periods.get(k).is_none_or(|p| p.start != start) {
            periods.insert(k, Period::new(start, Vec::new()));
        }
        if let Some(c) = condition {
            if periods[k].conditions.contains(&c) {
                let finding = Finding::error(
                    "duplicate-period",
                    format!("`{c}` is applied twice at time {start}"),
                )
                .help("take one of the rows out");
                cells.report(finding, None, "second");
            } else {
                periods[k].conditions.push(c);
            }
        }
    }
}
