//! A place that moves through a statement.

use std::ops::Range;

use super::syntax::Word;

/// A position within a range of a clean text.
#[derive(Debug, Clone)]
pub(super) struct Cursor<'a> {
    text: &'a str,
    pub at: usize,
    pub end: usize,
}

impl<'a> Cursor<'a> {
    pub fn new(text: &'a str, range: Range<usize>) -> Self {
        Self {
            text,
            at: range.start,
            end: range.end,
        }
    }
    pub fn rest(&self) -> &'a str {
        self.text.get(self.at..self.end).unwrap_or("")
    }
    pub fn slice(&self, range: Range<usize>) -> &'a str {
        self.text.get(range).unwrap_or("")
    }
    /// Past white space.
    pub fn space(&mut self) {
        let rest = self.rest();
        self.at += rest.len() - rest.trim_start().len();
    }
    pub fn is_done(&mut self) -> bool {
        self.space();
        self.at >= self.end
    }
    /// Past `text`, if it stands here.
    pub fn eat(&mut self, text: &str) -> bool {
        self.space();
        let found = self.rest().starts_with(text);
        if found {
            self.at += text.len();
        }
        found
    }
    /// Characters up to white space or one of `stops`.
    pub fn until(&mut self, stops: &[char]) -> Word {
        self.space();
        let start = self.at;
        let rest = self.rest();
        self.at += rest
            .find(|c: char| c.is_whitespace() || stops.contains(&c))
            .unwrap_or(rest.len());
        self.word(start..self.at)
    }
    /// A word of letters, digits and `_`, if one stands here.
    pub fn identifier(&mut self) -> Option<Word> {
        self.space();
        let rest = self.rest();
        let length = rest
            .find(|c: char| !(c.is_ascii_alphanumeric() || c == '_'))
            .unwrap_or(rest.len());
        if length == 0 {
            return None;
        }
        let start = self.at;
        self.at += length;
        Some(self.word(start..self.at))
    }
    /// Past the word `word`, if it stands here as a whole word.
    pub fn eat_word(&mut self, word: &str) -> Option<Range<usize>> {
        let before = self.at;
        match self.identifier() {
            Some(w) if w.text == word => Some(w.span),
            _ => {
                self.at = before;
                None
            }
        }
    }
    pub fn word(&self, span: Range<usize>) -> Word {
        Word {
            text: self.slice(span.clone()).to_string(),
            span,
        }
    }
    /// What is left, without the space around it.
    pub fn remainder(&mut self) -> Range<usize> {
        self.space();
        let length = self.rest().trim_end().len();
        self.at..self.at + length
    }
}

/// If a line begins with `d/dt(`: the length up to behind the bracket.
pub(super) fn rate_head(line: &str) -> Option<usize> {
    let mut cursor = Cursor::new(line, 0..line.len());
    let fits = cursor.eat("d") && cursor.eat("/") && cursor.eat("dt") && cursor.eat("(");
    fits.then_some(cursor.at)
}

/// Where the value of a declaration ends and `[unit]`, a string, `source "…"` or `of NAME` begins.
pub(super) fn tail_start(text: &str, range: Range<usize>) -> usize {
    let body = text.get(range.clone()).unwrap_or("");
    let bytes = body.as_bytes();
    let mut depth = 0usize;
    let mut i = 0;
    while let Some(&b) = bytes.get(i) {
        match b {
            b'"' => return range.start + i,
            b'(' => depth += 1,
            b')' => depth = depth.saturating_sub(1),
            b'[' => {
                let close = body[i..].find(']').map(|j| i + j);
                let Some(close) = close else {
                    return if depth == 0 {
                        range.start + i
                    } else {
                        range.end
                    };
                };
                if depth == 0 && !attached_to_number(&body[..i]) && ends_value(&body[close + 1..]) {
                    return range.start + i;
                }
                i = close;
            }
            _ if depth == 0 && (b.is_ascii_alphabetic() || b == b'_') => {
                let end = i + word_length(&body[i..]);
                let begins_tail = match &body[i..end] {
                    "source" => body[end..].trim_start().starts_with('"'),
                    "of" => body[end..].starts_with(|c: char| c.is_whitespace()),
                    _ => false,
                };
                if begins_tail && ends_operand(&body[..i]) {
                    return range.start + i;
                }
                i = end - 1;
            }
            _ => {}
        }
        i += 1;
    }
    range.end
}

fn word_length(text: &str) -> usize {
    text.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_'))
        .unwrap_or(text.len())
}

/// The word or number that ends the text, empty if there is none.
pub(super) fn last_word(text: &str) -> &str {
    let start = text
        .char_indices()
        .rev()
        .take_while(|(_, c)| c.is_ascii_alphanumeric() || matches!(c, '_' | '.'))
        .last()
        .map_or(text.len(), |(i, _)| i);
    &text[start..]
}

/// Whether a number ends the text, without space behind it: a bracket there is the unit of that number.
fn attached_to_number(before: &str) -> bool {
    // Of `1e-3` the word is `3`, which begins with a digit all the same.
    last_word(before).starts_with(|c: char| c.is_ascii_digit() || c == '.')
}

/// Whether an operand ends the text, so that a word behind it cannot be part of an expression.
fn ends_operand(before: &str) -> bool {
    before
        .trim_end()
        .ends_with(|c: char| c.is_alphanumeric() || matches!(c, '_' | ')' | ']' | '.' | '"'))
        && before.ends_with(|c: char| c.is_whitespace() || matches!(c, ')' | ']' | '"'))
}

/// Whether what stands behind a bracket cannot go on with an expression.
fn ends_value(behind: &str) -> bool {
    behind
        .trim_start()
        .chars()
        .next()
        .is_none_or(|c| c == '"' || c == '[' || c.is_alphabetic())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tail_begins_behind_the_value() {
        for (text, value) in [
            ("4.5 [nM] \"a\"", "4.5 "),
            ("4.5[nM] \"a\"", "4.5[nM] "),
            ("a + 5 [nM]*b [nM]", "a + 5 [nM]*b "),
            ("E1[fold]", "E1"),
            ("x2 [fold] source \"s\"", "x2 "),
            ("1e-3[nM] source \"s\"", "1e-3[nM] "),
            ("source*2 source \"s\"", "source*2 "),
            ("0 of A", "0 "),
            ("of + 1", "of + 1"),
            ("hill(x, 5[nM], n)", "hill(x, 5[nM], n)"),
            ("a [nM", "a "),
        ] {
            let at = tail_start(text, 0..text.len());
            assert_eq!(&text[..at], value, "{text}");
        }
    }

    #[test]
    fn a_rate_begins_with_d_dt() {
        assert_eq!(rate_head("d/dt(X) = 1"), Some(5));
        assert_eq!(rate_head("d / dt ( X) = 1"), Some(8));
        assert_eq!(rate_head("d/dtX"), None);
    }
}
