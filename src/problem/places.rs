//! Which table, and where in its file a cell stands: floors above name a row and a column, a person sees the cell.

use std::ops::Range;
use std::sync::Arc;

use super::sheet::Sheet;
use crate::diagnostic::{Finding, Source};

/// A table of a problem, or what else a finding can be about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Table {
    /// `measurements.tsv`.
    Measurements,
    /// `conditions.tsv`.
    Conditions,
    /// `experiments.tsv`.
    Experiments,
    /// `observables.tsv`.
    Observables,
    /// `parameters.tsv`.
    Parameters,
    /// `relations.tsv`.
    Relations,
    /// `variants.tsv`.
    Variants,
    /// `claims.tsv`.
    Claims,
    /// The mapping table.
    Mapping,
    /// A dose table.
    Doses,
    /// An expression given on the command line or in a plan.
    Expression,
    /// The model.
    Model,
}

impl std::fmt::Display for Table {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Measurements => "measurement table",
            Self::Conditions => "condition table",
            Self::Experiments => "experiment table",
            Self::Observables => "observable table",
            Self::Parameters => "parameter table",
            Self::Relations => "relation table",
            Self::Variants => "variant table",
            Self::Claims => "claim table",
            Self::Mapping => "mapping table",
            Self::Doses => "dose table",
            Self::Expression => "expression",
            Self::Model => "model",
        })
    }
}

/// The files of a problem's tables, for finding cells again.
///
/// Rows are numbered as the tables' items carry them: the line of the file (1 is the header). Where a table is spread over
/// several files, the numbers run on from file to file.
#[derive(Debug, Clone, Default)]
pub struct Places {
    sheets: Vec<Sheet>,
}

impl Places {
    pub(super) fn push(&mut self, sheet: Sheet) {
        self.sheets.push(sheet);
    }
    /// Number that the rows of a further file of `table` are counted on from.
    pub(super) fn offset(&self, table: Table) -> usize {
        self.sheets
            .iter()
            .filter(|s| s.table == table)
            .map(|s| s.offset + s.lines())
            .max()
            .unwrap_or(0)
    }
    /// File and range of bytes of a cell; the whole row if the table has no such column, `None` if it has no such row.
    pub fn cell(
        &self,
        table: Table,
        row: usize,
        column: &str,
    ) -> Option<(Arc<Source>, Range<usize>)> {
        self.sheets
            .iter()
            .filter(|s| s.table == table)
            .find_map(|s| {
                s.find(row)
                    .map(|r| (s.source.clone(), r.span(s.column(column))))
            })
    }
    /// Number of the first row of a table for which `holds`, which is given a function from column to text.
    pub(super) fn find(
        &self,
        table: Table,
        holds: impl Fn(&dyn Fn(&str) -> String) -> bool,
    ) -> Option<usize> {
        self.sheets
            .iter()
            .filter(|s| s.table == table)
            .find_map(|s| {
                s.rows()
                    .find(|r| holds(&|column| r.text(s.column(column)).to_string()))
                    .map(|r| r.number)
            })
    }
    /// Paths of the files of a table.
    pub fn files(&self, table: Table) -> impl Iterator<Item = &str> {
        self.sheets
            .iter()
            .filter(move |s| s.table == table)
            .map(|s| s.source.path.as_str())
    }
    /// The finding with the cell as its primary place, or with the table's name where there is no such row.
    #[must_use]
    pub fn locate(
        &self,
        finding: Finding,
        table: Table,
        row: usize,
        column: &str,
        text: impl Into<String>,
    ) -> Finding {
        match self.cell(table, row, column) {
            Some((source, span)) => finding.at(&source, span, text),
            None => match self.sheets.iter().find(|s| s.table == table) {
                Some(s) => finding.in_file(s.source.path.clone()),
                None => finding,
            },
        }
    }
}
