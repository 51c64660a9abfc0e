//! Cells as numbers, ids, expressions and words; what is wrong with one becomes a finding with its cell and remedy.

use super::findings::Findings;
use super::sheet::{Row, Sheet};
use crate::diagnostic::{Finding, similar};
use crate::math::{Expr, Syntax, is_identifier, is_reserved, parse};

/// Reads the cells of one row. A column that the table does not have (`None`) reads as an empty cell; that it is missing
/// has been reported once for the table.
pub(super) struct Cells<'a, 'f> {
    pub row: Row<'a>,
    pub findings: &'f mut Findings,
}

impl<'a> Cells<'a, '_> {
    pub fn text(&self, column: Option<usize>) -> &'a str {
        self.row.text(column)
    }
    /// Text for people; `None` if empty.
    pub fn note(&self, column: Option<usize>) -> Option<String> {
        let text = self.row.text(column);
        (!text.is_empty()).then(|| text.replace("\"\"", "\""))
    }
    /// Text of an optional cell, `None` if empty or what spreadsheet programs write for nothing.
    pub fn given(&self, column: Option<usize>) -> Option<&'a str> {
        let text = self.row.text(column);
        (!is_nothing(text)).then_some(text)
    }
    /// Reports something about a cell.
    pub fn report(&mut self, finding: Finding, column: Option<usize>, text: impl Into<String>) {
        self.findings.push(self.row.finding(finding, column, text));
    }
    fn name_of(&self, column: Option<usize>) -> &'a str {
        column
            .and_then(|k| self.row.sheet.columns().get(k))
            .map_or("", |(name, _)| name.as_str())
    }
    /// Whether a required cell is filled; reported if not.
    fn filled(&mut self, column: Option<usize>) -> bool {
        let filled = column.is_some() && !self.row.text(column).is_empty();
        if !filled && column.is_some() {
            let name = self.name_of(column);
            self.report(
                Finding::error(
                    "empty-cell",
                    format!(
                        "`{name}` is empty in this row of the {}",
                        self.row.sheet.table
                    ),
                ),
                None,
                "a value is needed here",
            );
        }
        filled
    }

    /// A number that must be there (`inf` allowed).
    pub fn number(&mut self, column: Option<usize>) -> Option<f64> {
        if self.filled(column) {
            self.parse_number(column)
        } else {
            None
        }
    }
    /// A number that may be left out: `Ok(None)` if it is, `Err` (reported) if it cannot be read.
    pub fn optional_number(&mut self, column: Option<usize>) -> Result<Option<f64>, ()> {
        match self.given(column) {
            None => Ok(None),
            Some(_) => self.parse_number(column).map(Some).ok_or(()),
        }
    }
    fn parse_number(&mut self, column: Option<usize>) -> Option<f64> {
        let text = self.row.text(column);
        match number(text) {
            Ok(v) => Some(v),
            Err(problem) => {
                let finding = problem.finding(text, self.name_of(column));
                self.report(finding, column, "");
                None
            }
        }
    }
    /// Numbers separated by `;`.
    pub fn numbers(&mut self, column: Option<usize>) -> Option<Vec<f64>> {
        let text = self.row.text(column);
        let mut list = Vec::new();
        for item in text.split(';').map(str::trim) {
            match number(item) {
                Ok(v) => list.push(v),
                Err(problem) => {
                    let finding = problem.finding(item, self.name_of(column));
                    self.report(finding, column, "");
                    return None;
                }
            }
        }
        Some(list)
    }

    /// An identifier that must be there.
    pub fn id(&mut self, column: Option<usize>) -> Option<String> {
        if !self.filled(column) {
            return None;
        }
        let text = self.row.text(column);
        self.check_id(text, column).then(|| text.to_string())
    }
    /// An identifier that may be left out.
    pub fn optional_id(&mut self, column: Option<usize>) -> Option<String> {
        let text = self.given(column)?;
        self.check_id(text, column).then(|| text.to_string())
    }
    fn check_id(&mut self, text: &str, column: Option<usize>) -> bool {
        if !is_identifier(text) {
            let finding = Finding::error("invalid-id", format!("`{text}` is not an identifier"))
                .help("identifiers are letters, digits and `_`, and do not begin with a digit");
            self.report(finding, column, "");
            return false;
        }
        true
    }
    /// An identifier that a table declares: reserved words are refused.
    pub fn declared_id(&mut self, column: Option<usize>) -> Option<String> {
        let id = self.id(column)?;
        if is_reserved(&id) || id.eq_ignore_ascii_case("nan") {
            let finding = Finding::error("reserved-word", format!("`{id}` is a reserved word"))
                .help("use another identifier: this one has a meaning in formulas");
            self.report(finding, column, "");
            return None;
        }
        Some(id)
    }
    /// Identifiers separated by `;`.
    pub fn ids(&mut self, column: Option<usize>) -> Vec<String> {
        let Some(text) = self.given(column) else {
            return Vec::new();
        };
        let mut list = Vec::new();
        for item in text.split(';').map(str::trim) {
            if self.check_id(item, column) {
                list.push(item.to_string());
            }
        }
        list
    }

    /// An expression that must be there.
    pub fn expression(&mut self, column: Option<usize>, syntax: Syntax) -> Option<Expr> {
        if self.filled(column) {
            let text = self.row.text(column);
            let at = self.row.span(column).start;
            self.parse_expression(text, at, syntax, column)
        } else {
            None
        }
    }
    fn parse_expression(
        &mut self,
        text: &str,
        at: usize,
        syntax: Syntax,
        column: Option<usize>,
    ) -> Option<Expr> {
        match parse(text, syntax, at) {
            Ok(e) => Some(e),
            Err(e) => {
                let name = self.name_of(column);
                let mut finding = Finding::error(e.kind.code(), format!("`{name}`: {}", e.kind))
                    .at(&self.row.sheet.source, e.span.clone(), "");
                if is_decimal_comma(text) {
                    finding =
                        finding.help("numbers have a decimal point: write `.` instead of `,`");
                } else if let Some(help) = e.kind.help() {
                    finding = finding.help(help);
                }
                self.findings.push(finding);
                None
            }
        }
    }
    /// Numbers or expressions separated by `;`; empty if the cell is.
    pub fn expressions(&mut self, column: Option<usize>, syntax: Syntax) -> Option<Vec<Expr>> {
        if self.given(column).is_none() {
            return Some(Vec::new());
        }
        let text = self.row.text(column);
        let mut at = self.row.span(column).start;
        let mut list = Vec::new();
        for item in text.split(';') {
            list.push(self.parse_expression(item, at, syntax, column)?);
            at += item.len() + 1;
        }
        Some(list)
    }

    /// One of a fixed set of words; `default` if the cell is empty.
    pub fn word<T: Copy>(
        &mut self,
        column: Option<usize>,
        words: &[(&'static str, T)],
        default: T,
    ) -> Option<T> {
        let Some(text) = self.given(column) else {
            return Some(default);
        };
        if let Some((_, value)) = words.iter().find(|(w, _)| *w == text) {
            return Some(*value);
        }
        let name = self.name_of(column);
        let list: Vec<&str> = words.iter().map(|(w, _)| *w).collect();
        let mut finding =
            Finding::error("unknown-word", format!("`{text}` is no value of `{name}`"))
                .note(format!("it is one of `{}`", list.join("`, `")));
        if let Some(near) = similar(text, list.iter().copied()).first() {
            finding = finding.help(format!("did you mean `{near}`?"));
        }
        self.report(finding, column, "");
        None
    }
}

/// What spreadsheet and statistics programs write into a cell without value.
pub(super) fn is_nothing(text: &str) -> bool {
    text.is_empty() || text.eq_ignore_ascii_case("nan") || text == "NA" || text == "N/A"
}

/// Why a text is not a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NotANumber {
    DecimalComma,
    Thousands,
    Minus,
    Limit,
    Scatter,
    Unit,
    Quote,
    Other,
}

/// Reads a number; `inf` and `-inf` are numbers, `nan` is none.
pub(super) fn number(text: &str) -> Result<f64, NotANumber> {
    if let Ok(v) = text.parse::<f64>()
        && !v.is_nan()
    {
        return Ok(v);
    }
    let plain = |t: &str| t.trim().parse::<f64>().is_ok();
    let head = text.trim_end_matches(|c: char| c.is_alphabetic() || "%/·*^-²³µ() ".contains(c));
    Err(if is_decimal_comma(text) {
        NotANumber::DecimalComma
    } else if text.contains(',') && plain(&text.replace(',', "")) {
        NotANumber::Thousands
    } else if text.contains(['\u{2212}', '\u{2013}'])
        && plain(&text.replace(['\u{2212}', '\u{2013}'], "-"))
    {
        NotANumber::Minus
    } else if text.starts_with(['<', '>', '≤', '≥']) {
        NotANumber::Limit
    } else if text.contains('±') || text.contains("+-") || text.contains("+/-") {
        NotANumber::Scatter
    } else if text.contains('"') {
        NotANumber::Quote
    } else if !head.is_empty() && plain(head) {
        NotANumber::Unit
    } else {
        NotANumber::Other
    })
}

/// One comma, digits around it, and a number if it is read as a point: `0,5`, `1,2e-3`; not `1,000`.
fn is_decimal_comma(text: &str) -> bool {
    let Some((before, after)) = text.split_once(',') else {
        return false;
    };
    let digits = after.bytes().take_while(u8::is_ascii_digit).count();
    let thousands =
        digits == 3 && after.len() == 3 && !before.trim_start_matches(['-', '+']).starts_with('0');
    !thousands && digits > 0 && format!("{before}.{after}").parse::<f64>().is_ok()
}

impl NotANumber {
    /// The finding, without its place.
    pub fn finding(self, text: &str, column: &str) -> Finding {
        let finding = match self {
            Self::DecimalComma => Finding::error(
                "decimal-comma",
                format!("`{text}` in `{column}` has a decimal comma"),
            ),
            _ => Finding::error(
                "not-a-number",
                format!("`{text}` in `{column}` is not a number"),
            ),
        };
        finding.help(match self {
            Self::DecimalComma => format!("write `{}`", text.replace(',', ".")),
            Self::Thousands => format!("write `{}`: digits are not grouped", text.replace(',', "")),
            Self::Minus => "the minus sign is a dash of another kind: write `-`".into(),
            Self::Limit => "a value below or above a limit is written as the limit, with `left` or `right` in `censoring` (extension mechfit)".into(),
            Self::Scatter => "the mean goes into `measurement`, its scatter into `sd` with `sdKind` and `n` (extension mechfit)".into(),
            Self::Unit => "numbers stand alone: the unit goes into a column `unit`, or into the model".into(),
            Self::Quote => "take the quote out: nothing is quoted in these tables".into(),
            Self::Other => "write a number such as `0.5` or `1e-3`".into(),
        })
    }
}

/// Extra columns are allowed; one whose name differs from a known one only in case, underscores or a final `s` is most
/// likely that one misspelt.
pub(super) fn check_columns(sheet: &Sheet, known: &[&'static str], findings: &mut Findings) {
    let plain = |name: &str| {
        let n: String = name
            .chars()
            .filter(|c| c.is_alphanumeric())
            .flat_map(char::to_lowercase)
            .collect();
        n.strip_suffix('s').map(str::to_string).unwrap_or(n)
    };
    for (name, span) in sheet.columns() {
        if known.contains(&name.as_str()) {
            continue;
        }
        let meant = known
            .iter()
            .find(|k| sheet.column(k).is_none() && plain(k) == plain(name));
        if let Some(meant) = meant {
            findings.push(
                Finding::warning(
                    "unknown-column",
                    format!("the column `{name}` of the {} means nothing", sheet.table),
                )
                .at(&sheet.source, span.clone(), "read over")
                .help(format!("did you mean `{meant}`?")),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_other_habits_are_recognised() {
        assert_eq!(number("-1.5e-3"), Ok(-1.5e-3));
        assert_eq!(number("inf"), Ok(f64::INFINITY));
        for (text, why) in [
            ("0,5", NotANumber::DecimalComma),
            ("-1,25e3", NotANumber::DecimalComma),
            ("0,125", NotANumber::DecimalComma),
            ("1,000", NotANumber::Thousands),
            ("12,345,678.5", NotANumber::Thousands),
            ("−5", NotANumber::Minus),
            ("<0.05", NotANumber::Limit),
            ("3.1 ± 0.2", NotANumber::Scatter),
            ("5 nM", NotANumber::Unit),
            ("12%", NotANumber::Unit),
            ("\"9.3", NotANumber::Quote),
            ("nan", NotANumber::Other),
            ("abc", NotANumber::Other),
        ] {
            assert_eq!(number(text), Err(why), "{text}");
        }
    }
}
