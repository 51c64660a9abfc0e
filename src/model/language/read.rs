//! Statements of one file.

use std::ops::Range;

use crate::diagnostic::{Finding, similar};
use crate::math;

use super::cursor::{Cursor, rate_head};
use super::findings::Findings;
use super::hints;
use super::split::Statements;
use super::syntax::{Change, File, Head, Role, Statement, Word};
use super::text::Text;

mod head;
mod items;
mod tail;

/// Longest name: names are for people.
const LONGEST_NAME: usize = 100;

/// Reads a file; what cannot be read becomes a finding, and reading goes on with the next statement.
pub(super) fn read(text: &Text, findings: &mut Findings) -> File {
    let mut reader = Reader {
        text,
        findings,
        file: File {
            source: text.source.clone(),
            head: None,
            statements: Vec::new(),
            changes: Vec::new(),
        },
    };
    for (number, range) in Statements::new(&text.clean).enumerate() {
        if reader.findings.is_full() {
            break;
        }
        reader.statement(number, range);
    }
    reader.file
}

struct Reader<'a> {
    text: &'a Text,
    findings: &'a mut Findings,
    file: File,
}

impl<'a> Reader<'a> {
    fn cursor(&self, range: Range<usize>) -> Cursor<'a> {
        Cursor::new(&self.text.clean, range)
    }

    fn report(&mut self, finding: Finding) {
        self.findings.push(finding);
    }

    /// An error at a place.
    fn error(&self, code: &'static str, message: impl Into<String>, span: Range<usize>) -> Finding {
        Finding::error(code, message).at(&self.text.source, span, "")
    }

    fn statement(&mut self, number: usize, range: Range<usize>) {
        let mut c = self.cursor(range.clone());
        let word = c.identifier();
        let keyword = word.as_ref().map_or("", |w| w.text.as_str());
        let behind = c.at..range.end;
        if number == 0 && !matches!(keyword, "model" | "part") {
            self.report(
                self.error(
                    "missing-head",
                    "the file does not begin with `model` or `part`",
                    first_line(&self.text.clean, &range),
                )
                .help("begin with `model NAME \"what it describes\"`"),
            );
        }
        match keyword {
            "model" | "part" if number > 0 => {
                let end = word.as_ref().map_or(range.end, |w| w.span.end);
                self.report(
                    self.error(
                        "second-head",
                        format!("`{keyword}` can only be the first statement of a file"),
                        range.start..end,
                    )
                    .help("write each model and each part into a file of its own"),
                );
            }
            "model" => self.file.head = self.model(behind),
            "part" => self.file.head = self.part(behind),
            "replace" | "add" => self.change(keyword == "replace", range, behind),
            "fix" => self.fix(range, behind),
            _ => {
                if let Some(statement) = self.plain(range) {
                    self.place(statement);
                }
            }
        }
    }

    /// A plain statement goes into a model, not into a part.
    fn place(&mut self, statement: Statement) {
        let (what, changes) = match &self.file.head {
            Some(Head::Part { .. }) => ("a part", true),
            Some(Head::Model {
                extends: Some(_), ..
            }) => ("a model that extends another", true),
            _ => ("", false),
        };
        if !changes {
            return self.file.statements.push(statement);
        }
        let span = first_line(&self.text.clean, &statement.span);
        self.report(
            self.error(
                "bare-statement",
                format!("a statement of {what} begins with `add`, `replace` or `fix`"),
                span,
            )
            .help("`add` for what the base does not have, `replace` for what it has"),
        );
        self.file.changes.push(Change::Put(statement));
    }

    fn change(&mut self, replace: bool, range: Range<usize>, behind: Range<usize>) {
        let inner = self.cursor(behind).remainder();
        if !self.may_change(if replace { "replace" } else { "add" }, &range) {
            return;
        }
        if inner.is_empty() {
            self.report(self.error("syntax", "a statement is expected behind this", range));
            return;
        }
        if let Some(statement) = self.plain(inner) {
            self.file.changes.push(if replace {
                Change::Replace(statement)
            } else {
                Change::Add(statement)
            });
        }
    }

    fn may_change(&mut self, keyword: &'static str, range: &Range<usize>) -> bool {
        let plain_model = matches!(&self.file.head, Some(Head::Model { extends: None, .. }));
        if plain_model {
            self.report(
                self.error(
                    "not-a-part",
                    format!("`{keyword}` stands in parts and in models that extend another"),
                    first_line(&self.text.clean, range),
                )
                .help("begin the file with `part NAME for \"base.model\"` or `model NAME extends \"base.model\"`, or leave the word out"),
            );
        }
        !plain_model
    }

    fn fix(&mut self, range: Range<usize>, behind: Range<usize>) {
        if !self.may_change("fix", &range) {
            return;
        }
        let mut c = self.cursor(behind);
        let name = c.until(&['=', '"', '[', '(']);
        let at = c.at;
        let Some(name) = self.name(name) else { return };
        let Some((value, tail)) = self.value("fix", &name, at..range.end, false) else {
            return;
        };
        self.file.changes.push(Change::Fix {
            source: self.text.source.clone(),
            span: range,
            name,
            value,
            tail,
        });
    }

    /// Any statement but heads and changes.
    fn plain(&mut self, range: Range<usize>) -> Option<Statement> {
        let mut c = self.cursor(range.clone());
        let item = if rate_head(c.rest()).is_some() {
            self.rate(range.clone())?
        } else {
            let word = c.identifier();
            let behind = c.at..range.end;
            // `time` alone may begin an equation by mistake, as every other word may: `time = h`.
            match word.as_ref().map_or("", |w| w.text.as_str()) {
                "time" => self.time(behind)?,
                "unit" => self.unit(behind)?,
                "substance" => self.substance(behind)?,
                "param" => self.entity(Role::Param, behind)?,
                "input" => self.entity(Role::Input, behind)?,
                "let" => self.entity(Role::Let, behind)?,
                "state" => self.entity(Role::State, behind)?,
                "output" => self.entity(Role::Output, behind)?,
                "at" => self.event(true, behind)?,
                "when" => self.event(false, behind)?,
                _ => {
                    let span = first_line(&self.text.clean, &range);
                    let line = self.text.clean.get(span.clone()).unwrap_or("");
                    let helps = hints::statement(line);
                    let mut f = self.error("unknown-statement", "this is not a statement", span);
                    f.help = helps;
                    self.report(f);
                    return None;
                }
            }
        };
        Some(Statement {
            source: self.text.source.clone(),
            span: range,
            item,
        })
    }

    /// A name that may be declared.
    fn name(&mut self, word: Word) -> Option<Word> {
        let Word { text, span } = &word;
        if text.is_empty() {
            self.report(self.error("syntax", "a name is expected", span.clone()));
            return None;
        }
        if text.len() > LONGEST_NAME {
            self.report(self.error(
                "bad-name",
                format!("a name has at most {LONGEST_NAME} letters"),
                span.clone(),
            ));
            return None;
        }
        if !math::is_identifier(text) {
            let better = hints::legal_name(text);
            let mut f = self
                .error("bad-name", format!("`{text}` cannot be a name"), span.clone())
                .note("a name consists of the letters a-z and A-Z, digits and `_`, and does not begin with a digit");
            if math::is_identifier(&better) && better.chars().any(|c| c != '_') {
                f = f.help(format!("write `{better}`"));
            }
            self.report(f);
            return None;
        }
        if math::is_reserved(text) {
            self.report(
                self.error(
                    "reserved-word",
                    format!("`{text}` is a reserved word and cannot be a name"),
                    span.clone(),
                )
                .help(format!("use another name, such as `{text}_`")),
            );
            return None;
        }
        Some(word)
    }
}

/// Bytes of `sign` in a text outside brackets.
fn top_level(text: &str, sign: char) -> impl Iterator<Item = usize> {
    let mut depth = 0usize;
    text.char_indices().filter_map(move |(i, c)| {
        match c {
            '(' | '[' => depth += 1,
            ')' | ']' => depth = depth.saturating_sub(1),
            _ => {}
        }
        (c == sign && depth == 0).then_some(i)
    })
}

/// A range without the white space at its ends.
fn trim(text: &str, range: Range<usize>) -> Range<usize> {
    let body = text.get(range.clone()).unwrap_or("");
    let start = range.start + (body.len() - body.trim_start().len());
    start..(range.start + body.trim_end().len()).max(start)
}

/// The first line of a statement: a place to point at.
fn first_line(text: &str, range: &Range<usize>) -> Range<usize> {
    let body = text.get(range.clone()).unwrap_or("");
    let length = body.find('\n').unwrap_or(body.len());
    trim(text, range.start..range.start + length)
}

/// The name among `known` that `name` may stand for, as help.
pub(super) fn did_you_mean<'a>(
    name: &str,
    known: impl IntoIterator<Item = &'a str>,
) -> Option<String> {
    if name.len() > LONGEST_NAME {
        return None;
    }
    let near = similar(name, known);
    let first = near.first()?;
    Some(match hints::lookalike(name, first) {
        Some(why) => format!("did you mean `{first}`? ({why})"),
        None => format!("did you mean `{first}`?"),
    })
}
