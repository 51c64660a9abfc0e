//! Findings of a whole problem, bounded in number.

use std::collections::HashMap;

use crate::diagnostic::{Finding, Severity};

/// Findings of one code in one file beyond this number are counted, not listed: a table whose every row has a decimal
/// comma is one mistake.
const MOST_ALIKE: usize = 20;

/// Collects the findings of all files.
#[derive(Debug, Default)]
pub(super) struct Findings {
    list: Vec<Finding>,
    alike: HashMap<(&'static str, String), (usize, usize)>,
}

impl Findings {
    pub fn push(&mut self, finding: Finding) {
        let file = match finding.labels.first() {
            Some(label) => label.source.path.clone(),
            None => finding.path.clone().unwrap_or_default(),
        };
        let next = self.list.len();
        let (count, last) = self.alike.entry((finding.code, file)).or_insert((0, next));
        *count += 1;
        if *count <= MOST_ALIKE {
            *last = next;
            self.list.push(finding);
        }
    }
    pub fn has_errors(&self) -> bool {
        self.list.iter().any(|f| f.severity == Severity::Error)
    }
    /// Whether a file has an error.
    pub fn has_errors_in(&self, path: &str) -> bool {
        self.list
            .iter()
            .any(|f| f.severity == Severity::Error && f.place().0.is_some_and(|file| file == path))
    }
    /// All findings, in order, with a note on the last of a kind that has more.
    pub fn finish(mut self) -> Vec<Finding> {
        let mut more: Vec<(usize, usize)> = self
            .alike
            .into_values()
            .filter(|(count, _)| *count > MOST_ALIKE)
            .map(|(count, last)| (last, count - MOST_ALIKE))
            .collect();
        more.sort_unstable();
        for (last, count) in more {
            if let Some(f) = self.list.get_mut(last) {
                let note = format!("{count} more of this kind in this file are not listed");
                f.notes.push(note);
            }
        }
        self.list
    }
}
