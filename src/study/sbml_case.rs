//! Settings files of the SBML Test Suite.

use std::path::Path;

use crate::diagnostic::{Finding, Source};

/// What a case of the suite asks for.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Case {
    /// First time.
    pub start: f64,
    /// Time from the first to the last row.
    pub duration: f64,
    /// Steps between.
    pub steps: u32,
    /// Columns.
    pub variables: Vec<String>,
    /// Largest absolute difference that passes.
    pub absolute: f64,
    /// Largest relative difference that passes.
    pub relative: f64,
    /// Species shown as amounts.
    pub amount: Vec<String>,
    /// Species shown as concentrations.
    pub concentration: Vec<String>,
}

/// Relative tolerance to integrate with: four digits below the tightest one of the suite.
pub const RTOL: f64 = 1e-8;
/// Absolute tolerance to integrate with: below the smallest one of the suite.
pub const ATOL: f64 = 1e-14;

/// Reads a settings file.
///
/// # Errors
/// Findings with the line.
pub fn read(path: &Path) -> Result<Case, Vec<Finding>> {
    let shown = path.display().to_string();
    let text = std::fs::read_to_string(path).map_err(|e| {
        vec![
            Finding::error(
                "unreadable-file",
                format!("the settings cannot be read: {e}"),
            )
            .in_file(&shown),
        ]
    })?;
    let source = Source::new(shown, text);
    let mut case = Case::default();
    let mut findings = Vec::new();
    let mut seen: Vec<String> = Vec::new();
    let mut at = 0;
    for line in source.text.split_inclusive('\n') {
        let row = line.trim_end();
        if let Some((key, value)) = row.split_once(':') {
            let start = at + key.len() + 1;
            let key = key.trim().to_lowercase();
            let mut set = |into: &mut f64| match value.trim().parse::<f64>() {
                Ok(x) => *into = x,
                Err(_) => findings.push(
                    Finding::error("not-a-number", format!("`{}` is no number", value.trim()))
                        .at(&source, start..at + row.len(), "")
                        .help("the decimal sign is a point"),
                ),
            };
            let list = || -> Vec<String> {
                value
                    .split(',')
                    .map(str::trim)
                    .filter(|s| !s.is_empty())
                    .map(Into::into)
                    .collect()
            };
            let mut steps = f64::from(case.steps);
            match key.as_str() {
                "start" => set(&mut case.start),
                "duration" => set(&mut case.duration),
                "steps" => {
                    set(&mut steps);
                    case.steps = steps.clamp(0.0, f64::from(u32::MAX)) as u32;
                }
                "absolute" => set(&mut case.absolute),
                "relative" => set(&mut case.relative),
                "variables" => case.variables = list(),
                "amount" => case.amount = list(),
                "concentration" => case.concentration = list(),
                _ => {}
            }
            seen.push(key);
        }
        at += line.len();
    }
    for needed in ["duration", "steps", "variables"] {
        if !seen.iter().any(|s| s == needed) {
            findings.push(
                Finding::error("missing-key", format!("the settings have no `{needed}`"))
                    .in_file(&source.path)
                    .help("a settings file of the SBML Test Suite has the lines start, duration, steps, variables, absolute, relative, amount, concentration"),
            );
        }
    }
    if findings.is_empty() {
        Ok(case)
    } else {
        Err(findings)
    }
}
