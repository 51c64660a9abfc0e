//! What stands behind the name of a declaration: value, unit, description, source.

use std::ops::Range;

use crate::diagnostic::Finding;
use crate::math::{self, Expr, Syntax};

use super::super::cursor::tail_start;
use super::super::slips;
use super::super::syntax::{Tail, Word};
use super::{LONGEST_NAME, Reader, trim};

impl Reader<'_> {
    /// `= value tail`, behind the name.
    pub(super) fn value(
        &mut self,
        keyword: &str,
        name: &Word,
        range: Range<usize>,
        substance: bool,
    ) -> Option<(Option<Expr>, Tail)> {
        let mut c = self.cursor(range.clone());
        if !c.eat("=") {
            let rest = c.remainder();
            self.report(self.no_equals(keyword, name, rest));
            return None;
        }
        // `==` and `=>` are read as a slip behind the sign.
        let value_start = c.at;
        let value_end = tail_start(&self.text.clean, value_start..range.end);
        let value = self.expression(value_start..value_end);
        let tail = self.tail(value_end..range.end, substance)?;
        Some((value, tail))
    }

    pub(super) fn no_equals(&self, keyword: &str, name: &Word, rest: Range<usize>) -> Finding {
        let text = self.text.clean.get(rest.clone()).unwrap_or("");
        let sign = text.chars().next();
        let found = match sign {
            None => "the end of the line".to_string(),
            Some(_) => {
                let word: String = text
                    .chars()
                    .take_while(|c| !c.is_whitespace())
                    .take(LONGEST_NAME)
                    .collect();
                format!("`{word}`")
            }
        };
        let width = sign.map_or(0, char::len_utf8);
        let f = self.error(
            "syntax",
            format!("`=` is expected behind `{}`, found {found}", name.text),
            rest.start..rest.start + width,
        );
        let unit = if matches!(keyword, "let" | "output") {
            ""
        } else {
            " [unit]"
        };
        match sign {
            Some('(' | '[') if keyword == "state" && text.starts_with("(0)") => f.help(format!(
                "an initial value is written `state {} = …{unit}`",
                name.text
            )),
            Some('(' | '[') => f.help(format!(
                "the unit stands behind the value: `{keyword} {} = …{unit}`",
                name.text
            )),
            _ => {
                // `k on = 5`: words up to the sign are one name.
                let words: Vec<&str> = text
                    .split('=')
                    .next()
                    .unwrap_or("")
                    .split_whitespace()
                    .collect();
                let one = !words.is_empty()
                    && text.contains('=')
                    && words
                        .iter()
                        .all(|w| w.chars().all(|c| c.is_ascii_alphanumeric() || c == '_'));
                if one && !words[0].starts_with(|c: char| c.is_ascii_digit()) {
                    f.help(format!(
                        "a name has no spaces: `{}_{}`",
                        name.text,
                        words.join("_")
                    ))
                } else {
                    f.help(format!("write `{keyword} {} = …{unit}`", name.text))
                }
            }
        }
    }

    pub(super) fn expression(&mut self, range: Range<usize>) -> Option<Expr> {
        let text = self.text.clean.get(range.clone()).unwrap_or("");
        match math::parse(text, Syntax::MODEL, range.start) {
            Ok(e) => Some(e),
            Err(error) => {
                let slip = slips::slip(&self.text.clean, range, &error);
                let message = slip.message.unwrap_or_else(|| error.kind.to_string());
                let f = self.error(error.kind.code(), message, error.span);
                self.report(match slip.help {
                    Some(help) => f.help(help),
                    None => f,
                });
                None
            }
        }
    }

    /// `[unit]`, a description, `source "…"` and `of NAME`, in any order, each once.
    pub(super) fn tail(&mut self, range: Range<usize>, substance: bool) -> Option<Tail> {
        let mut tail = Tail::default();
        let mut c = self.cursor(range.clone());
        while !c.is_done() {
            let start = c.at;
            let (slot, word, what) = if c.eat("[") {
                let inner = c.rest();
                let Some(length) = inner.find(']') else {
                    self.report(
                        self.error("syntax", "this bracket is not closed", start..start + 1)
                            .help("close the unit with `]`"),
                    );
                    return None;
                };
                let span = c.at..c.at + length;
                c.at += length + 1;
                // The text without spaces, which mean nothing in a unit; the place is that of what was written.
                let inner = self.text.clean.get(span.clone()).unwrap_or("");
                let trimmed = trim(&self.text.clean, span);
                let text = inner.split_whitespace().collect::<String>();
                let joined = inner.trim().contains(char::is_whitespace)
                    && inner
                        .split_whitespace()
                        .collect::<Vec<_>>()
                        .windows(2)
                        .any(|w| {
                            w[0].ends_with(char::is_alphanumeric)
                                && w[1].starts_with(char::is_alphanumeric)
                        });
                let word = Word {
                    // `mg L` must not become the unit `mgL`.
                    text: if joined { inner.trim().into() } else { text },
                    span: trimmed,
                };
                (&mut tail.unit, word, "unit")
            } else if c.eat("\"") {
                let at = c.at;
                let word = self.string(at, range.end)?;
                c.at = word.1;
                (&mut tail.description, word.0, "description")
            } else if c.eat_word("source").is_some() {
                if !c.eat("\"") {
                    let rest = c.remainder();
                    self.report(
                        self.error("syntax", "a source stands between `\"`", rest)
                            .help("write `source \"where the number comes from\"`"),
                    );
                    return None;
                }
                let at = c.at;
                let word = self.string(at, range.end)?;
                c.at = word.1;
                (&mut tail.source, word.0, "source")
            } else if let Some(of) = c.eat_word("of") {
                let name = c.until(&['"', '[']);
                if !substance {
                    self.report(
                        self.error("syntax", "only an input is `of` a substance", of)
                            .help("leave it out"),
                    );
                }
                (&mut tail.substance, name, "substance")
            } else {
                let rest = trim(&self.text.clean, c.at..range.end);
                let text = self.text.clean.get(rest.clone()).unwrap_or("");
                let swallowed = tail
                    .description
                    .as_ref()
                    .filter(|d| d.text.ends_with("source"));
                if let Some(description) = swallowed {
                    self.report(
                        self.error(
                            "syntax",
                            "this text is not closed",
                            description.span.clone(),
                        )
                        .help("close it with `\"` before `source`"),
                    );
                    return None;
                }
                let f = self.error(
                    "syntax",
                    "a unit, a description or a source is expected",
                    rest,
                );
                self.report(if text.starts_with(';') {
                    f.help("a statement ends with its line: leave out the `;`")
                } else if text.starts_with(['+', '-', '*', '/', '^']) {
                    f.help("the unit of a number within an expression follows it without space, `5[nM]`; behind a space it is the unit of the whole")
                } else {
                    f.help("a description stands between `\"`, a comment behind `#`")
                });
                return None;
            };
            if slot.is_some() {
                self.report(self.error("syntax", format!("a second {what}"), word.span.clone()));
            }
            *slot = Some(word);
        }
        Some(tail)
    }

    /// A text up to its closing quote, and the place behind that.
    pub(super) fn string(&mut self, start: usize, end: usize) -> Option<(Word, usize)> {
        let rest = self.text.clean.get(start..end).unwrap_or("");
        match rest
            .find(['"', '\n'])
            .filter(|i| rest[*i..].starts_with('"'))
        {
            Some(length) => {
                let span = start..start + length;
                Some((
                    Word {
                        text: rest[..length].trim().to_string(),
                        span,
                    },
                    start + length + 1,
                ))
            }
            None => {
                self.report(
                    self.error(
                        "syntax",
                        "this text is not closed",
                        start.saturating_sub(1)..start,
                    )
                    .help("close it with `\"` on the same line"),
                );
                None
            }
        }
    }
}
