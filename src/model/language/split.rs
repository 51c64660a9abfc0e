//! Text to statements: one a line, going on inside brackets and behind an operator.

use std::ops::Range;

/// Words that begin a statement.
pub(super) const KEYWORDS: [&str; 16] = [
    "model",
    "part",
    "time",
    "unit",
    "substance",
    "input",
    "param",
    "let",
    "state",
    "output",
    "at",
    "when",
    "replace",
    "add",
    "fix",
    "d/dt",
];

/// The ranges of the statements in a clean text, without the space around them.
pub(super) struct Statements<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Statements<'a> {
    pub fn new(text: &'a str) -> Self {
        Self { text, at: 0 }
    }
}

impl Iterator for Statements<'_> {
    type Item = Range<usize>;

    fn next(&mut self) -> Option<Range<usize>> {
        let rest = self.text.get(self.at..)?;
        let start = self.at + (rest.len() - rest.trim_start().len());
        if start >= self.text.len() {
            return None;
        }
        let mut end = start;
        let mut open = 0usize;
        let mut at = start;
        while at < self.text.len() {
            let line_end = self.text[at..]
                .find('\n')
                .map_or(self.text.len(), |i| at + i);
            let line = &self.text[at..line_end];
            let body = line.trim();
            if !body.is_empty() {
                // A line that can only begin a statement ends an unclosed one: the mistake stays where it is.
                if at > start && begins_statement(body) {
                    break;
                }
                end = at + line.trim_end().len();
                open = brackets(body, open);
            }
            at = (line_end + 1).min(self.text.len());
            let goes_on = open > 0
                || self.text[start..end].ends_with([
                    '+', '-', '*', '/', '^', '<', '>', '=', '!', '&', '|', ',', ':',
                ]);
            if !goes_on {
                break;
            }
        }
        self.at = at;
        Some(start..end)
    }
}

/// Open brackets behind a line, strings left out.
fn brackets(line: &str, mut open: usize) -> usize {
    let mut string = false;
    for b in line.bytes() {
        match b {
            b'"' => string = !string,
            b'(' | b'[' if !string => open += 1,
            b')' | b']' if !string => open = open.saturating_sub(1),
            _ => {}
        }
    }
    open
}

/// Whether a line can only be the beginning of a statement: two words never follow one another in an expression.
fn begins_statement(line: &str) -> bool {
    if super::cursor::rate_head(line).is_some() {
        return true;
    }
    let word = line
        .find(|c: char| !(c.is_ascii_alphanumeric() || c == '_'))
        .map_or(line, |i| &line[..i]);
    let behind = line[word.len()..].trim_start();
    KEYWORDS.contains(&word)
        && behind.len() < line.len() - word.len()
        && behind.starts_with(|c: char| c.is_alphabetic() || c == '_')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(text: &str) -> Vec<&str> {
        Statements::new(text).map(|r| &text[r]).collect()
    }

    #[test]
    fn a_statement_goes_on_in_brackets_and_behind_an_operator() {
        let list = split("let a = b +\n\n   c\nlet d = hill(x,\n  k, n)\n\n  time h  \n");
        assert_eq!(
            list,
            ["let a = b +\n\n   c", "let d = hill(x,\n  k, n)", "time h"]
        );
    }

    #[test]
    fn an_unclosed_bracket_does_not_swallow_the_next_statement() {
        assert_eq!(
            split("let a = (b\nparam c = 1"),
            ["let a = (b", "param c = 1"]
        );
        assert_eq!(
            split("let a = b +\nd/dt(x) = 1"),
            ["let a = b +", "d/dt(x) = 1"]
        );
        assert_eq!(
            split("let a = \"(\"\nlet b = 1"),
            ["let a = \"(\"", "let b = 1"]
        );
    }

    #[test]
    fn a_keyword_as_a_name_goes_on() {
        assert_eq!(split("let a = (\n  at - b)"), ["let a = (\n  at - b)"]);
    }
}
