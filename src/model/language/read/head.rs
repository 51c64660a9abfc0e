//! The first statement of a file.

use std::ops::Range;

use super::super::syntax::{Head, Word};
use super::Reader;

impl Reader<'_> {
    pub(super) fn model(&mut self, range: Range<usize>) -> Option<Head> {
        let mut c = self.cursor(range.clone());
        let name = c.until(&['=', '"', '[', '(']);
        let mut at = c.at;
        let name = self.name(name)?;
        let (mut description, mut extends, mut parts) = (None, None, Vec::new());
        loop {
            let mut c = self.cursor(at..range.end);
            if c.is_done() {
                break;
            }
            if c.eat("\"") {
                let (word, end) = self.string(c.at, range.end)?;
                description = Some(word);
                at = end;
            } else if c.eat_word("extends").is_some() {
                let (word, end) = self.path(c.at..range.end)?;
                extends = Some(word);
                at = end;
            } else if c.eat_word("with").is_some() {
                at = c.at;
                loop {
                    let (word, end) = self.path(at..range.end)?;
                    parts.push(word);
                    let mut c = self.cursor(end..range.end);
                    let more = c.eat(",");
                    at = c.at;
                    if !more {
                        break;
                    }
                }
            } else {
                let rest = c.remainder();
                self.report(
                    self.error("syntax", "a description, `extends` or `with` is expected", rest)
                        .help("write `model NAME \"what it describes\"` or `model NAME extends \"base.model\" with \"a.part\", \"b.part\"`"),
                );
                break;
            }
        }
        if extends.is_none()
            && let Some(part) = parts.first()
        {
            self.report(
                self.error(
                    "syntax",
                    "parts are laid over a base model, and none is named",
                    part.span.clone(),
                )
                .help("write `extends \"base.model\"` before `with`"),
            );
        }
        Some(Head::Model {
            name,
            description,
            extends,
            parts,
        })
    }

    /// A path between quotes, and the place behind it.
    pub(super) fn path(&mut self, range: Range<usize>) -> Option<(Word, usize)> {
        let mut c = self.cursor(range.clone());
        if !c.eat("\"") {
            let rest = c.remainder();
            self.report(
                self.error(
                    "syntax",
                    "the path of a file between `\"` is expected",
                    rest,
                )
                .help("paths count from the folder of the file that names them"),
            );
            return None;
        }
        let at = c.at;
        self.string(at, range.end)
    }

    pub(super) fn part(&mut self, range: Range<usize>) -> Option<Head> {
        let mut c = self.cursor(range.clone());
        let name = c.until(&['=', '"', '[', '(']);
        let is_for = c.eat_word("for").is_some();
        let at = c.at;
        let name = self.name(name)?;
        if !is_for {
            self.report(
                self.error(
                    "syntax",
                    format!("`for` is expected behind `{}`", name.text),
                    name.span.clone(),
                )
                .help(format!("write `part {} for \"base.model\"`", name.text)),
            );
            return Some(Head::Part { name, base: None });
        }
        let base = self.path(at..range.end);
        if let Some((_, end)) = &base {
            self.tail(*end..range.end, false)?;
        }
        Some(Head::Part {
            name,
            base: base.map(|(word, _)| word),
        })
    }
}
