//! Findings of a load, as many as one can read.

use crate::diagnostic::{Finding, Severity};

/// Most errors (and most warnings) kept: a file with more is not read line by line, and the work stays bounded.
const MOST: usize = 60;

/// Errors and warnings in the order in which they were found.
#[derive(Debug, Default)]
pub(super) struct Findings {
    list: Vec<Finding>,
    errors: usize,
    warnings: usize,
}

impl Findings {
    pub fn push(&mut self, finding: Finding) {
        let count = match finding.severity {
            Severity::Error => &mut self.errors,
            Severity::Warning => &mut self.warnings,
        };
        // One place may be read twice, for its unit and for its value.
        let again = |f: &Finding| {
            f.code == finding.code
                && f.message == finding.message
                && f.labels.first().map(|l| &l.span) == finding.labels.first().map(|l| &l.span)
                && f.place().0 == finding.place().0
        };
        if *count <= MOST && self.list.iter().any(again) {
            return;
        }
        *count += 1;
        if *count <= MOST {
            self.list.push(finding);
        }
    }
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }
    pub fn has_errors(&self) -> bool {
        self.errors > 0
    }
    /// Whether further errors would only be counted: there is no use in looking for them.
    pub fn is_full(&self) -> bool {
        self.errors > MOST
    }
    /// How many errors more would be kept, and one.
    pub fn room(&self) -> usize {
        (MOST + 1).saturating_sub(self.errors)
    }
    /// By file in order of first appearance and place, errors and warnings mixed; what was left out is counted at the end.
    pub fn into_list(self) -> Vec<Finding> {
        let Self {
            list,
            errors,
            warnings,
        } = self;
        let mut files: Vec<String> = Vec::new();
        let mut keyed: Vec<(usize, usize, Finding)> = Vec::new();
        for f in list {
            let path = f.place().0.unwrap_or("").to_string();
            let file = files.iter().position(|p| *p == path).unwrap_or_else(|| {
                files.push(path);
                files.len() - 1
            });
            let at = f.labels.first().map_or(0, |l| l.span.start);
            keyed.push((file, at, f));
        }
        keyed.sort_by_key(|(file, at, _)| (*file, *at));
        let mut list: Vec<Finding> = keyed.into_iter().map(|(_, _, f)| f).collect();
        let file = files.first().cloned().unwrap_or_default();
        if errors > MOST {
            list.push(
                Finding::error(
                    "too-many",
                    format!("only the first {MOST} errors are shown"),
                )
                .in_file(file.clone()),
            );
        }
        if warnings > MOST {
            list.push(
                Finding::warning(
                    "too-many",
                    format!("only the first {MOST} warnings are shown"),
                )
                .in_file(file),
            );
        }
        list
    }
}
