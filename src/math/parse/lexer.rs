//! Text to tokens.

use super::{OPERATORS, ParseError, ParseErrorKind, Parser, Token};
use crate::math::Span;

impl<'a> Parser<'a> {
    pub(super) fn error(&self, kind: ParseErrorKind) -> ParseError {
        ParseError {
            kind,
            span: self.offset + self.start..self.offset + self.at.max(self.start),
        }
    }
    pub(super) fn expected(&self, expected: &'static str) -> ParseError {
        let found = match self.token {
            Token::End => "the end of the expression".to_string(),
            _ => format!("`{}`", &self.text[self.start..self.at]),
        };
        self.error(ParseErrorKind::Expected { expected, found })
    }
    pub(super) fn lexeme(&self) -> &'a str {
        &self.text[self.start..self.at]
    }
    pub(super) fn span(&self, from: usize) -> Span {
        Span {
            start: (self.offset + from) as u32,
            end: (self.offset + self.previous_end) as u32,
        }
    }

    pub(super) fn advance(&mut self) -> Result<(), ParseError> {
        self.previous_end = self.at;
        let bytes = self.text.as_bytes();
        let mut i = self.at;
        while bytes.get(i).is_some_and(|b| b.is_ascii_whitespace()) {
            i += 1;
        }
        self.start = i;
        self.at = i;
        let Some(&b) = bytes.get(i) else {
            self.token = Token::End;
            return Ok(());
        };
        let digit = |i: usize| bytes.get(i).is_some_and(u8::is_ascii_digit);
        if digit(i) || (b == b'.' && digit(i + 1)) {
            return self.number();
        }
        if b.is_ascii_alphabetic() || b == b'_' {
            while bytes
                .get(i)
                .is_some_and(|b| b.is_ascii_alphanumeric() || *b == b'_')
            {
                i += 1;
                let dot = self.syntax.dots
                    && bytes.get(i) == Some(&b'.')
                    && bytes.get(i + 1).is_some_and(u8::is_ascii_alphabetic);
                if dot {
                    i += 1;
                }
            }
            self.at = i;
            if self.syntax.references && bytes.get(i) == Some(&b'@') {
                return self.reference();
            }
            self.token = Token::Name;
            return Ok(());
        }
        for op in OPERATORS {
            if self.text[i..].starts_with(op) {
                if op == "[" && !self.syntax.units {
                    break;
                }
                self.at = i + op.len();
                self.token = Token::Op(op);
                return Ok(());
            }
        }
        let c = self.text[i..].chars().next().unwrap_or('\u{fffd}');
        self.at = i + c.len_utf8();
        Err(self.error(ParseErrorKind::Character(c)))
    }

    pub(super) fn number_end(&self, mut i: usize) -> usize {
        let bytes = self.text.as_bytes();
        let digits = |mut i: usize| {
            while bytes.get(i).is_some_and(u8::is_ascii_digit) {
                i += 1;
            }
            i
        };
        i = digits(i);
        if bytes.get(i) == Some(&b'.') {
            i = digits(i + 1);
        }
        if matches!(bytes.get(i), Some(b'e' | b'E')) {
            let sign = usize::from(matches!(bytes.get(i + 1), Some(b'+' | b'-')));
            if bytes.get(i + 1 + sign).is_some_and(u8::is_ascii_digit) {
                i = digits(i + 1 + sign);
            }
        }
        i
    }

    pub(super) fn number(&mut self) -> Result<(), ParseError> {
        self.at = self.number_end(self.at);
        let word = self.text[self.at..]
            .bytes()
            .take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.'))
            .count();
        if word > 0 {
            self.at += word;
            return Err(self.error(ParseErrorKind::Number(self.lexeme().into())));
        }
        match self.lexeme().parse() {
            Ok(v) => {
                self.token = Token::Number(v);
                Ok(())
            }
            Err(_) => Err(self.error(ParseErrorKind::Number(self.lexeme().into()))),
        }
    }

    /// The rest of `observable@experiment@time`.
    pub(super) fn reference(&mut self) -> Result<(), ParseError> {
        let bytes = self.text.as_bytes();
        let form = ParseErrorKind::Expected {
            expected: "a reference `observable@experiment@time`",
            found: "less".into(),
        };
        let mut i = self.at + 1;
        while bytes
            .get(i)
            .is_some_and(|b| b.is_ascii_alphanumeric() || *b == b'_')
        {
            i += 1;
        }
        if bytes.get(i) != Some(&b'@') {
            self.at = i;
            return Err(self.error(form));
        }
        i += 1;
        let time = |i: usize| {
            let sign = usize::from(bytes.get(i) == Some(&b'-'));
            if self.text[i + sign..].starts_with("inf") {
                i + sign + 3
            } else {
                self.number_end(i + sign)
            }
        };
        let mut end = time(i);
        if end > i && bytes.get(end) == Some(&b':') {
            let second = time(end + 1);
            end = if second > end + 1 { second } else { i };
        }
        self.at = end.max(i);
        if end == i {
            return Err(self.error(form));
        }
        self.token = Token::Name;
        Ok(())
    }
}
