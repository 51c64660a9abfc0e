//! Values of parameters from a table or the command line, over those of the problem.

use std::path::Path;

use crate::diagnostic::{Finding, Source, similar};
use crate::model::Model;
use crate::problem::{Parameter, Problem, Scale};

/// Largest table that is read: a value for each of a million parameters fits.
const MAX_BYTES: u64 = 64 << 20;

/// A name that is neither in the parameter table nor a parameter of a model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unknown {
    /// The name.
    pub id: String,
    /// Similar names.
    pub similar: Vec<String>,
}

/// Puts values over those of the parameter table (for estimated parameters the nominal value). A parameter of a model that
/// is not in the table is added to it as fixed. Returns the names that nothing knows.
pub fn apply(values: &[(String, f64)], problem: &mut Problem, models: &[Model]) -> Vec<Unknown> {
    let mut unknown = Vec::new();
    for (id, value) in values {
        if let Some(p) = problem.parameters.iter_mut().find(|p| p.id == *id) {
            p.nominal = Some(*value);
            continue;
        }
        let settable = || {
            models
                .iter()
                .flat_map(|m| &m.parameters)
                .filter(|p| !p.fixed)
        };
        match settable().find(|p| p.id == *id) {
            Some(p) => problem.parameters.push(Parameter {
                id: id.clone(),
                scale: Scale::Lin,
                lower: f64::NEG_INFINITY,
                upper: f64::INFINITY,
                nominal: Some(*value),
                estimate: false,
                prior: None,
                start: None,
                unit: p.unit.clone(),
                parts: Vec::new(),
                source: Some("command line".into()),
                row: 0,
            }),
            None => unknown.push(Unknown {
                id: id.clone(),
                similar: similar(
                    id,
                    problem
                        .parameters
                        .iter()
                        .map(|p| p.id.as_str())
                        .chain(settable().map(|p| p.id.as_str())),
                ),
            }),
        }
    }
    unknown
}

/// Reads a table with the columns `parameterId` and `value` (or `nominalValue`), linear scale.
///
/// # Errors
/// Findings with the cell.
pub fn read(path: &Path) -> Result<Vec<(String, f64)>, Vec<Finding>> {
    let shown = path.display().to_string();
    let refuse = |code, message: String| vec![Finding::error(code, message).in_file(&shown)];
    let size = std::fs::metadata(path)
        .map_err(|e| {
            refuse(
                "missing-file",
                format!("the table of values cannot be read: {e}"),
            )
        })?
        .len();
    if size > MAX_BYTES {
        return Err(refuse(
            "file-too-large",
            format!("the file is larger than {} MB", MAX_BYTES >> 20),
        ));
    }
    let text = std::fs::read_to_string(path).map_err(|e| {
        refuse(
            "not-text",
            format!("the table of values cannot be read: {e}"),
        )
    })?;
    let source = Source::new(
        shown.clone(),
        text.strip_prefix('\u{feff}').unwrap_or(&text),
    );
    let mut findings = Vec::new();
    let mut values = Vec::new();
    let mut columns: Option<(usize, usize)> = None;
    let mut at = 0;
    for line in source.text.split_inclusive('\n') {
        let row = line.trim_end_matches(['\r', '\n']);
        let cells: Vec<(usize, &str)> = cells(row);
        let cell = |k: usize| {
            cells
                .get(k)
                .map_or((at + row.len(), ""), |(o, t)| (at + o, *t))
        };
        match columns {
            None => {
                let find = |names: &[&str]| cells.iter().position(|(_, c)| names.contains(c));
                match (find(&["parameterId"]), find(&["value", "nominalValue"])) {
                    (Some(id), Some(value)) => columns = Some((id, value)),
                    _ => {
                        return Err(vec![
                            Finding::error(
                                "missing-column",
                                "the table needs the columns `parameterId` and `value`",
                            )
                            .at(&source, at..at + row.len(), "its header")
                            .help("columns are separated by tabs"),
                        ]);
                    }
                }
            }
            Some(_) if row.trim().is_empty() => {}
            Some((id, value)) => {
                let ((_, id), (start, text)) = (cell(id), cell(value));
                match text.trim().parse::<f64>() {
                    Ok(v) if v.is_finite() => values.push((id.trim().to_string(), v)),
                    _ => {
                        let finding = Finding::error(
                            "not-a-number",
                            format!("`{text}` is no number"),
                        )
                        .at(&source, start..start + text.len(), "");
                        findings.push(if text.contains(',') {
                            finding.help("the decimal sign is a point")
                        } else {
                            finding.help("leave the row out to keep the value of the problem")
                        });
                    }
                }
            }
        }
        at += line.len();
    }
    if columns.is_none() {
        return Err(refuse("empty-file", "the table of values is empty".into()));
    }
    if findings.is_empty() {
        Ok(values)
    } else {
        Err(findings)
    }
}

/// Cells of a row with the byte at which each begins.
fn cells(row: &str) -> Vec<(usize, &str)> {
    let mut start = 0;
    row.split('\t')
        .map(|cell| {
            let at = start;
            start += cell.len() + 1;
            (at, cell)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_of_values_is_read_and_its_mistakes_are_placed() {
        let path = std::env::temp_dir().join(format!("mechfit-values-{}.tsv", std::process::id()));
        std::fs::write(
            &path,
            "\u{feff}parameterId\tvalue\r\nk\t1e-3\r\nKd\t4.5\r\n\r\n",
        )
        .unwrap();
        assert_eq!(
            read(&path).unwrap(),
            vec![("k".to_string(), 1e-3), ("Kd".to_string(), 4.5)]
        );
        std::fs::write(&path, "parameterId\tvalue\nk\t1,5\nKd\t\n").unwrap();
        let findings = read(&path).unwrap_err();
        assert_eq!(findings.len(), 2);
        assert_eq!(findings[0].place().1, Some((2, 3)));
        assert_eq!(findings[0].help, ["the decimal sign is a point"]);
        std::fs::remove_file(path).unwrap();
    }
}
