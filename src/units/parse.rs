//! Text to unit.

use super::{Ratio, Registry, Unit, UnitError, UnitErrorKind};

/// Longest text of a unit in bytes.
const LONGEST: usize = 500;
/// Deepest nesting of brackets.
const DEEPEST: usize = 20;

pub(super) fn parse(text: &str, registry: &Registry) -> Result<Unit, UnitError> {
    if text.len() > LONGEST {
        return Err(UnitError {
            kind: UnitErrorKind::TooLong,
            span: 0..text.len(),
        });
    }
    let mut reader = Reader {
        text,
        at: 0,
        depth: 0,
        registry,
    };
    reader.space();
    if reader.at == text.len() {
        return Err(reader.error(0..text.len(), UnitErrorKind::Empty));
    }
    let unit = reader.product()?;
    if reader.at < text.len() {
        return Err(reader.expected("`*`, `/`, `^` or the end"));
    }
    // Its arithmetic gives up on such a one; as unknown it would fit everything without a word.
    if unit.is_unknown() {
        return Err(reader.error(0..text.len(), UnitErrorKind::TooComplex));
    }
    // Decades are kept beside numbers, so that only the product can be beyond what can be printed and read again.
    if !unit.number_in_front().is_normal() {
        return Err(reader.error(0..text.len(), UnitErrorKind::OutOfRange));
    }
    Ok(unit)
}

/// Whether `name` has the form of a unit's name: a letter or `_`, then letters, digits and `_`.
pub(super) fn is_name(name: &str) -> bool {
    name.starts_with(starts_name) && name.chars().all(continues_name)
}

fn starts_name(c: char) -> bool {
    c.is_ascii_alphabetic() || c == '_' || is_micro(c)
}

fn continues_name(c: char) -> bool {
    starts_name(c) || c.is_ascii_digit()
}

/// The micro sign and the Greek letter.
fn is_micro(c: char) -> bool {
    matches!(c, '\u{b5}' | '\u{3bc}')
}

/// Exponents as superscripts, as pasted from papers.
fn superscript(c: char) -> Option<char> {
    const DIGITS: [char; 10] = ['⁰', '¹', '²', '³', '⁴', '⁵', '⁶', '⁷', '⁸', '⁹'];
    if c == '⁻' {
        return Some('-');
    }
    let digit = DIGITS.iter().position(|d| *d == c)?;
    char::from_digit(digit as u32, 10)
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
    depth: usize,
    registry: &'a Registry,
}

impl Reader<'_> {
    fn error(&self, span: std::ops::Range<usize>, kind: UnitErrorKind) -> UnitError {
        UnitError { kind, span }
    }
    fn rest(&self) -> &str {
        self.text.get(self.at..).unwrap_or("")
    }
    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }
    fn expected(&self, expected: &'static str) -> UnitError {
        let (found, end) = match self.peek() {
            Some(c) => (format!("`{c}`"), self.at + c.len_utf8()),
            None => ("the end".into(), self.at),
        };
        self.error(self.at..end, UnitErrorKind::Expected { expected, found })
    }
    fn space(&mut self) {
        let rest = self.rest();
        self.at += rest.len() - rest.trim_start().len();
    }
    fn take(&mut self, wanted: impl Fn(char) -> bool) -> Option<char> {
        let c = self.peek().filter(|c| wanted(*c))?;
        self.at += c.len_utf8();
        Some(c)
    }
    fn take_while(&mut self, wanted: impl Fn(char) -> bool) -> String {
        let mut list = String::new();
        while let Some(c) = self.take(&wanted) {
            list.push(c);
        }
        list
    }

    fn product(&mut self) -> Result<Unit, UnitError> {
        let mut unit = self.power()?;
        loop {
            self.space();
            match self.peek() {
                Some('*' | '·' | '⋅' | '×') => {
                    self.take(|_| true);
                    unit = unit.mul(&self.power()?);
                }
                Some('/') => {
                    self.take(|_| true);
                    unit = unit.div(&self.power()?);
                }
                _ => return Ok(unit),
            }
        }
    }

    fn power(&mut self) -> Result<Unit, UnitError> {
        self.space();
        let from = self.at;
        let unit = self.atom()?;
        let name_end = self.at;
        self.space();
        let exponent = if self.peek().is_some_and(|c| superscript(c).is_some()) {
            let start = self.at;
            let mut digits = String::new();
            while let Some(c) = self.peek().and_then(superscript) {
                self.take(|_| true);
                digits.push(c);
            }
            self.whole(&digits, start)?
        } else if self.take(|c| c == '^').is_some() {
            self.exponent()?
        } else if self.peek() == Some('-') {
            self.take(|_| true);
            let digits = self.take_while(|c| c.is_ascii_digit());
            let name = self.text.get(from..name_end).unwrap_or("").to_string();
            return Err(self.error(from..self.at, UnitErrorKind::Exponent { name, digits }));
        } else {
            return Ok(unit);
        };
        let result = unit.pow(exponent);
        if result.is_unknown() {
            let text = self.text.get(from..self.at).unwrap_or("").to_string();
            return Err(self.error(from..self.at, UnitErrorKind::Number(text)));
        }
        Ok(result)
    }

    fn whole(&self, digits: &str, start: usize) -> Result<Ratio, UnitError> {
        digits
            .parse::<i32>()
            .ok()
            .and_then(|n| Ratio::new(i64::from(n), 1))
            .ok_or_else(|| self.error(start..self.at, UnitErrorKind::Number(digits.into())))
    }

    /// Behind `^`: a signed whole number or decimal, or a fraction in brackets.
    fn exponent(&mut self) -> Result<Ratio, UnitError> {
        self.space();
        let bracket = self.take(|c| c == '(').is_some();
        self.space();
        let start = self.at;
        let sign = self.take(|c| c == '-' || c == '+');
        let digits = self.take_while(|c| c.is_ascii_digit() || c == '.');
        let mut value: f64 = digits
            .parse()
            .map_err(|_| self.expected("a number behind `^`"))?;
        if bracket {
            self.space();
            if self.take(|c| c == '/').is_some() {
                self.space();
                let below = self.take_while(|c| c.is_ascii_digit());
                let below: f64 = below.parse().map_err(|_| self.expected("a whole number"))?;
                value /= below;
            }
            self.space();
            if self.take(|c| c == ')').is_none() {
                return Err(self.expected("`)`"));
            }
        }
        if sign == Some('-') {
            value = -value;
        }
        Ratio::near(value).ok_or_else(|| {
            let text = self.text.get(start..self.at).unwrap_or("").to_string();
            self.error(start..self.at, UnitErrorKind::Number(text))
        })
    }

    fn atom(&mut self) -> Result<Unit, UnitError> {
        let from = self.at;
        match self.peek() {
            Some('(') => {
                self.take(|_| true);
                self.depth += 1;
                if self.depth > DEEPEST {
                    return Err(self.error(from..self.at, UnitErrorKind::TooLong));
                }
                let inner = self.product()?;
                self.depth -= 1;
                if self.take(|c| c == ')').is_none() {
                    return Err(self.expected("`)`"));
                }
                Ok(inner)
            }
            Some('%') => {
                self.take(|_| true);
                self.registry
                    .find("%")
                    .ok_or_else(|| self.expected("a unit"))
            }
            Some(c) if c.is_ascii_digit() || c == '.' => {
                let end = from + number_length(self.rest());
                let text = self.text.get(from..end).unwrap_or("").to_string();
                self.at = end.max(from + 1);
                match text.parse::<f64>() {
                    Ok(v) if v.is_finite() && v > 0.0 => Ok(Unit::number(v)),
                    _ => Err(self.error(from..self.at, UnitErrorKind::Number(text))),
                }
            }
            Some(c) if starts_name(c) => {
                let name = self.take_while(continues_name).replace(is_micro, "u");
                match self.registry.find(&name) {
                    Some(unit) => Ok(unit),
                    None => {
                        let similar = self.registry.similar(&name);
                        Err(self.error(from..self.at, UnitErrorKind::Unknown { name, similar }))
                    }
                }
            }
            _ => Err(self.expected("a unit")),
        }
    }
}

/// Bytes of the decimal number that a text begins with, 0 if it does not begin with one.
pub(super) fn number_length(text: &str) -> usize {
    let bytes = text.as_bytes();
    let digits = |mut i: usize| {
        while bytes.get(i).is_some_and(u8::is_ascii_digit) {
            i += 1;
        }
        i
    };
    let whole = digits(0);
    let mut end = whole;
    if bytes.get(end) == Some(&b'.') {
        end = digits(end + 1);
        if whole == 0 && end == 1 {
            return 0;
        }
    }
    if end > 0 && matches!(bytes.get(end), Some(b'e' | b'E')) {
        let sign = usize::from(matches!(bytes.get(end + 1), Some(b'+' | b'-')));
        let exponent = digits(end + 1 + sign);
        if exponent > end + 1 + sign {
            end = exponent;
        }
    }
    end
}
