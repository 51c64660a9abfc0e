//! A table as text: header, rows and cells with their places. What the cells mean is read in `read`.
//!
//! Quoting is off: with it on, one stray quote silently swallows the rows that follow. A cell in matching quotes is taken
//! without them.

use std::ops::Range;
use std::sync::Arc;

use super::findings::Findings;
use super::places::Table;
use crate::diagnostic::{Finding, Source, similar};

/// A table of one file.
#[derive(Debug, Clone)]
pub(super) struct Sheet {
    pub table: Table,
    pub source: Arc<Source>,
    /// Byte between cells.
    separator: u8,
    /// Added to line numbers to give row numbers (not 0 for a further file of the same table).
    pub offset: usize,
    columns: Vec<(String, Range<usize>)>,
    /// Line number and first byte of every row that is not blank, header left out.
    rows: Vec<(u32, u32)>,
}

/// A row with the ranges of its cells.
#[derive(Debug, Clone)]
pub(super) struct Row<'a> {
    pub sheet: &'a Sheet,
    /// Number as items carry it.
    pub number: usize,
    start: usize,
    /// Ends of the cells.
    ends: Vec<u32>,
}

impl Sheet {
    /// Splits a source into header and rows, and checks that every row has as many cells as the header.
    pub fn read(
        table: Table,
        source: &Arc<Source>,
        offset: usize,
        findings: &mut Findings,
    ) -> Option<Self> {
        Self::separated(table, source, offset, b'\t', findings)
    }
    /// The same for cells with another byte between them.
    pub fn separated(
        table: Table,
        source: &Arc<Source>,
        offset: usize,
        separator: u8,
        findings: &mut Findings,
    ) -> Option<Self> {
        let mut sheet = Self {
            table,
            separator,
            source: source.clone(),
            offset,
            columns: Vec::new(),
            rows: Vec::new(),
        };
        let text = source.text.as_bytes();
        let mut reader = csv::ReaderBuilder::new()
            .delimiter(separator)
            .quoting(false)
            .has_headers(false)
            .flexible(true)
            .from_reader(text);
        let mut record = csv::ByteRecord::new();
        // Line numbers are counted along: a record's position may lie before blank lines.
        let (mut line, mut counted) = (1u32, 0usize);
        loop {
            match reader.read_byte_record(&mut record) {
                Ok(true) => {}
                Ok(false) => break,
                Err(e) => {
                    findings.push(
                        Finding::error("unreadable-table", format!("`{}`: {e}", source.path))
                            .in_file(source.path.clone()),
                    );
                    return None;
                }
            }
            let mut start = record.position().map_or(0, |p| p.byte() as usize);
            while matches!(text.get(start), Some(b'\n' | b'\r')) {
                start += 1;
            }
            line += newlines(&text[counted..start]);
            counted = start;
            if record.iter().all(|c| c.trim_ascii().is_empty()) {
                continue;
            }
            if sheet.columns.is_empty() {
                sheet.header(start, &record, findings)?;
            } else {
                sheet.check_arity(start, &record, findings);
                sheet.rows.push((line, start as u32));
            }
        }
        if sheet.rows.is_empty() {
            let finding = match sheet.table {
                Table::Measurements | Table::Observables => Finding::error(
                    "no-rows",
                    format!("the {table} `{}` has no rows", source.path),
                ),
                // Parameters, conditions and the others may be empty.
                _ => return Some(sheet),
            };
            findings.push(finding.in_file(source.path.clone()));
        }
        Some(sheet)
    }

    fn header(
        &mut self,
        start: usize,
        record: &csv::ByteRecord,
        findings: &mut Findings,
    ) -> Option<()> {
        let mut at = start;
        for cell in record {
            let span = trimmed(&self.source.text, at..at + cell.len());
            self.columns
                .push((self.source.text[span.clone()].to_string(), span));
            at += cell.len() + 1;
        }
        // Columns without name at the end come from trailing tabs.
        while self.columns.last().is_some_and(|(name, _)| name.is_empty()) {
            self.columns.pop();
        }
        if let [(only, span)] = self.columns.as_slice()
            && let Some(mark) = [';', ','].into_iter().find(|m| only.contains(*m))
        {
            findings.push(
                Finding::error(
                    "wrong-separator",
                    format!("the columns of the {} are separated by `{mark}`, not by tabs", self.table),
                )
                .at(&self.source, span.clone(), "read as the name of one column")
                .help("save it as tab-separated text (TSV); German and French Excel write `;` into what it calls CSV"),
            );
            return None;
        }
        for (k, (name, span)) in self.columns.iter().enumerate() {
            if name.is_empty() {
                findings.push(
                    Finding::error("unnamed-column", format!("column {} has no name", k + 1))
                        .at(&self.source, span.clone(), "a name is expected here")
                        .help("name it or take it out"),
                );
            } else if let Some((_, first)) = self.columns[..k].iter().find(|(n, _)| n == name) {
                findings.push(
                    Finding::error(
                        "duplicate-column",
                        format!("the column `{name}` occurs twice"),
                    )
                    .at(&self.source, span.clone(), "second")
                    .and(&self.source, first.clone(), "first")
                    .help("take one of them out"),
                );
            }
        }
        Some(())
    }

    fn check_arity(&self, start: usize, record: &csv::ByteRecord, findings: &mut Findings) {
        let (found, expected) = (record.len(), self.columns.len());
        // Spreadsheets add tabs for empty columns: they say nothing.
        let extra = record
            .iter()
            .skip(expected)
            .any(|c| !c.trim_ascii().is_empty());
        if found == expected || (found > expected && !extra) {
            return;
        }
        let end = start + record.iter().map(|c| c.len() + 1).sum::<usize>() - 1;
        let finding = Finding::error(
            "ragged-row",
            format!(
                "this row of the {} has {found} cells, the header has {expected}",
                self.table
            ),
        );
        let finding = if found < expected {
            let missing: Vec<&str> = self.columns[found..]
                .iter()
                .map(|(n, _)| n.as_str())
                .collect();
            finding
                .at(
                    &self.source,
                    end..end,
                    format!("`{}` has no cell", missing.join("`, `")),
                )
                .help(match self.separator {
                    b'\t' => "an empty cell needs its tab as well; editors that strip the ends of lines take it away",
                    _ => "an empty cell needs its separator as well",
                })
        } else {
            let kept: usize = record.iter().take(expected).map(|c| c.len() + 1).sum();
            finding
                .at(&self.source, start + kept..end, "no column for this")
                .help(match self.separator {
                    b'\t' => "a tab too many stands in front of it, or the header lacks a name",
                    _ => "a separator too many stands in front of it (quotes do not protect it), or the header lacks a name; tab-separated text avoids this",
                })
        };
        findings.push(finding);
    }

    /// Number of lines that rows were read from.
    pub fn lines(&self) -> usize {
        self.rows.last().map_or(1, |(line, _)| *line as usize)
    }
    pub fn column(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|(n, _)| n == name)
    }
    /// Names of the columns in order, with their places.
    pub fn columns(&self) -> &[(String, Range<usize>)] {
        &self.columns
    }
    /// A column that must be there.
    pub fn require(&self, name: &'static str, findings: &mut Findings) -> Option<usize> {
        let found = self.column(name);
        if found.is_none() {
            let names = self.columns.iter().map(|(n, _)| n.as_str());
            let near = similar(name, names);
            let span = match self.columns.iter().find(|(n, _)| near.first() == Some(n)) {
                Some((_, span)) => span.clone(),
                None => {
                    let start = self.columns.first().map_or(0, |(_, s)| s.start);
                    start..self.columns.last().map_or(0, |(_, s)| s.end)
                }
            };
            let finding = Finding::error(
                "missing-column",
                format!("the {} has no column `{name}`", self.table),
            );
            findings.push(match near.first() {
                Some(n) => finding
                    .at(&self.source, span, "a similar name")
                    .help(format!("rename `{n}` to `{name}` if that is what it is")),
                None => finding
                    .at(&self.source, span, "these are its columns")
                    .help(format!("add a column `{name}`")),
            });
        }
        found
    }
    pub fn rows(&self) -> impl Iterator<Item = Row<'_>> {
        self.rows.iter().map(|&(line, start)| self.row(line, start))
    }
    pub fn find(&self, number: usize) -> Option<Row<'_>> {
        let line = u32::try_from(number.checked_sub(self.offset)?).ok()?;
        let at = self.rows.binary_search_by_key(&line, |(l, _)| *l).ok()?;
        self.rows
            .get(at)
            .map(|&(line, start)| self.row(line, start))
    }
    fn row(&self, line: u32, start: u32) -> Row<'_> {
        let start = start as usize;
        let rest = &self.source.text.as_bytes()[start..];
        let mut ends = Vec::with_capacity(self.columns.len());
        for (i, b) in rest.iter().enumerate() {
            match b {
                _ if *b == self.separator => ends.push((start + i) as u32),
                b'\n' | b'\r' => {
                    ends.push((start + i) as u32);
                    break;
                }
                _ if i + 1 == rest.len() => ends.push((start + i + 1) as u32),
                _ => {}
            }
        }
        Row {
            sheet: self,
            number: self.offset + line as usize,
            start,
            ends,
        }
    }
}

impl<'a> Row<'a> {
    /// Range of a cell without the white space and quotes around it; of the whole row if there is no such cell.
    pub fn span(&self, column: Option<usize>) -> Range<usize> {
        let end = self.ends.last().map_or(self.start, |e| *e as usize);
        let Some(k) = column.filter(|k| *k < self.ends.len()) else {
            return self.start..end;
        };
        let start = match k.checked_sub(1).and_then(|p| self.ends.get(p)) {
            Some(before) => *before as usize + 1,
            None => self.start,
        };
        unquoted(&self.sheet.source.text, start..self.ends[k] as usize)
    }
    /// Text of a cell; empty if there is none.
    pub fn text(&self, column: Option<usize>) -> &'a str {
        match column.filter(|k| *k < self.ends.len()) {
            Some(k) => &self.sheet.source.text[self.span(Some(k))],
            None => "",
        }
    }
    /// A finding with this cell as its place.
    pub fn finding(
        &self,
        finding: Finding,
        column: Option<usize>,
        text: impl Into<String>,
    ) -> Finding {
        finding.at(&self.sheet.source, self.span(column), text)
    }
}

fn newlines(bytes: &[u8]) -> u32 {
    // Old Macintosh files end lines with a lone carriage return.
    let mut n = 0;
    for (i, b) in bytes.iter().enumerate() {
        n += u32::from(*b == b'\n' || (*b == b'\r' && bytes.get(i + 1) != Some(&b'\n')));
    }
    n
}

fn trimmed(text: &str, span: Range<usize>) -> Range<usize> {
    let cell = &text[span.clone()];
    let start = span.start + (cell.len() - cell.trim_start().len());
    start..start + cell.trim().len()
}

fn unquoted(text: &str, span: Range<usize>) -> Range<usize> {
    let span = trimmed(text, span);
    let cell = &text[span.clone()];
    if cell.len() >= 2 && cell.starts_with('"') && cell.ends_with('"') {
        trimmed(text, span.start + 1..span.end - 1)
    } else {
        span
    }
}
