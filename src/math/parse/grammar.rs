//! Tokens to trees.

use super::{MAX_DEPTH, MAX_NESTING, ParseError, ParseErrorKind, Parser, RESERVED, Token, Tree};
use crate::math::{BinaryOp, Expr, Function, Kind, UnaryOp};

impl Parser<'_> {
    fn grow(&self, height: usize) -> Result<usize, ParseError> {
        if height >= MAX_DEPTH {
            return Err(self.error(ParseErrorKind::Depth));
        }
        Ok(height + 1)
    }

    fn binary(
        &mut self,
        ops: &[(&'static str, BinaryOp)],
        operand: fn(&mut Self) -> Result<Tree, ParseError>,
    ) -> Result<Tree, ParseError> {
        let (mut left, mut height) = operand(self)?;
        let from = left.span.start as usize - self.offset;
        while let Token::Op(t) = self.token
            && let Some((_, op)) = ops.iter().find(|(o, _)| *o == t)
        {
            self.advance()?;
            let (right, h) = operand(self)?;
            height = self.grow(height.max(h))?;
            left = Expr {
                kind: Kind::Binary(*op, Box::new(left), Box::new(right)),
                span: self.span(from),
            };
        }
        Ok((left, height))
    }

    /// One level deeper into brackets, signs and powers.
    fn nested(
        &mut self,
        inner: fn(&mut Self) -> Result<Tree, ParseError>,
    ) -> Result<Tree, ParseError> {
        self.depth += 1;
        if self.depth > MAX_NESTING {
            return Err(self.error(ParseErrorKind::Depth));
        }
        let tree = inner(self);
        self.depth -= 1;
        tree
    }

    pub(super) fn logical(&mut self) -> Result<Tree, ParseError> {
        self.nested(|p| {
            p.binary(
                &[("&&", BinaryOp::And), ("||", BinaryOp::Or)],
                Self::comparison,
            )
        })
    }
    fn comparison(&mut self) -> Result<Tree, ParseError> {
        self.binary(
            &[
                ("<", BinaryOp::Lt),
                ("<=", BinaryOp::Le),
                (">", BinaryOp::Gt),
                (">=", BinaryOp::Ge),
                ("==", BinaryOp::Eq),
                ("!=", BinaryOp::Ne),
            ],
            Self::sum,
        )
    }
    fn sum(&mut self) -> Result<Tree, ParseError> {
        self.binary(&[("+", BinaryOp::Add), ("-", BinaryOp::Sub)], Self::product)
    }
    fn product(&mut self) -> Result<Tree, ParseError> {
        self.binary(&[("*", BinaryOp::Mul), ("/", BinaryOp::Div)], Self::prefix)
    }

    fn prefix(&mut self) -> Result<Tree, ParseError> {
        let op = match self.token {
            Token::Op("-") => UnaryOp::Neg,
            Token::Op("+") => UnaryOp::Plus,
            Token::Op("!") => UnaryOp::Not,
            _ => return self.power(),
        };
        let from = self.start;
        self.advance()?;
        let (a, h) = self.nested(Self::prefix)?;
        let height = self.grow(h)?;
        Ok((
            Expr {
                kind: Kind::Unary(op, Box::new(a)),
                span: self.span(from),
            },
            height,
        ))
    }

    /// `a ^ b`, from the right; the exponent may have a sign.
    fn power(&mut self) -> Result<Tree, ParseError> {
        let (base, h) = self.primary()?;
        if !matches!(self.token, Token::Op("^")) {
            return Ok((base, h));
        }
        let from = base.span.start as usize - self.offset;
        self.advance()?;
        let (exponent, g) = self.nested(Self::prefix)?;
        let height = self.grow(h.max(g))?;
        Ok((
            Expr {
                kind: Kind::Binary(BinaryOp::Pow, Box::new(base), Box::new(exponent)),
                span: self.span(from),
            },
            height,
        ))
    }

    fn primary(&mut self) -> Result<Tree, ParseError> {
        let from = self.start;
        match self.token.clone() {
            Token::Number(v) => {
                self.advance()?;
                if self.token == Token::Op("[") {
                    let unit = self.raw(']', "a unit and `]`")?;
                    return Ok((self.leaf(from, Kind::Quantity(v, unit)), 0));
                }
                Ok((self.leaf(from, Kind::Number(v)), 0))
            }
            Token::Name => self.name(from),
            Token::Op("(") => {
                self.advance()?;
                let (mut inner, h) = self.logical()?;
                self.close()?;
                inner.span = self.span(from);
                Ok((inner, h))
            }
            Token::Op("**") => Err(self.expected("a value (a power is written `^`)")),
            _ => Err(self.expected("a number, a name or `(`")),
        }
    }

    fn leaf(&self, from: usize, kind: Kind) -> Expr {
        Expr {
            kind,
            span: self.span(from),
        }
    }

    fn close(&mut self) -> Result<(), ParseError> {
        if self.token != Token::Op(")") {
            return Err(self.expected("`)`"));
        }
        self.advance()
    }

    /// Text from behind the current token up to `end` at bracket level 0; moves behind `end`.
    fn raw(&mut self, end: char, expected: &'static str) -> Result<String, ParseError> {
        let from = self.at;
        let mut level = 0usize;
        for (i, c) in self.text[from..].char_indices() {
            if c == end && level == 0 {
                let unit = self.text[from..from + i].trim().to_string();
                self.at = from + i + c.len_utf8();
                self.advance()?;
                return Ok(unit);
            }
            match c {
                '(' => level += 1,
                ')' => level = level.saturating_sub(1),
                _ => {}
            }
        }
        self.at = self.text.len();
        Err(self.error(ParseErrorKind::Expected {
            expected,
            found: "the end of the expression".into(),
        }))
    }

    fn name(&mut self, from: usize) -> Result<Tree, ParseError> {
        let name = self.lexeme();
        let span = self.offset + self.start..self.offset + self.at;
        let lower = name.to_lowercase();
        self.advance()?;
        if self.token == Token::Op("(") {
            return self.call(from, name, &lower, span);
        }
        let kind = match lower.as_str() {
            "inf" => Kind::Number(f64::INFINITY),
            "true" => Kind::Bool(true),
            "false" => Kind::Bool(false),
            "time" => Kind::Symbol("time".into()),
            _ if RESERVED.contains(&lower.as_str()) || Function::named(&lower).is_some() => {
                return Err(ParseError {
                    kind: ParseErrorKind::Reserved(name.into()),
                    span,
                });
            }
            _ => Kind::Symbol(name.into()),
        };
        Ok((self.leaf(from, kind), 0))
    }

    fn call(
        &mut self,
        from: usize,
        name: &str,
        lower: &str,
        span: std::ops::Range<usize>,
    ) -> Result<Tree, ParseError> {
        if lower == "convert" && self.syntax.units {
            self.advance()?;
            let (inner, h) = self.logical()?;
            if self.token != Token::Op(",") {
                return Err(self.expected("`,` and a unit"));
            }
            let unit = self.raw(')', "a unit and `)`")?;
            let height = self.grow(h)?;
            return Ok((
                self.leaf(from, Kind::Convert(Box::new(inner), unit)),
                height,
            ));
        }
        let summary = if self.syntax.references {
            Function::summary_named(lower)
        } else {
            None
        };
        let Some(function) = Function::named(lower).or(summary) else {
            let similar = crate::diagnostic::similar(name, Function::names());
            return Err(ParseError {
                kind: ParseErrorKind::Function {
                    name: name.into(),
                    similar,
                },
                span,
            });
        };
        self.advance()?;
        let mut arguments = Vec::new();
        let mut height = 0;
        if self.token != Token::Op(")") {
            loop {
                let (a, h) = self.logical()?;
                height = height.max(h);
                arguments.push(a);
                if self.token != Token::Op(",") {
                    break;
                }
                self.advance()?;
            }
        }
        self.close()?;
        let (function, arguments) = canonical(function, lower, arguments);
        let expected = match (summary, arguments.len()) {
            (Some(Function::Max | Function::Min), 1) => None,
            (_, n) => wrong_count(function, n),
        };
        if let Some(expected) = expected {
            return Err(ParseError {
                kind: ParseErrorKind::Arity {
                    name: name.into(),
                    expected,
                    found: arguments.len(),
                },
                span,
            });
        }
        let height = self.grow(height)?;
        let kind = match (lower, arguments.len()) {
            ("pow", 2) => {
                let mut it = arguments.into_iter();
                match (it.next(), it.next()) {
                    (Some(a), Some(b)) => Kind::Binary(BinaryOp::Pow, Box::new(a), Box::new(b)),
                    _ => Kind::Number(f64::NAN),
                }
            }
            _ => Kind::Call(function, arguments),
        };
        Ok((self.leaf(from, kind), height))
    }
}

/// `log(a, b)` is the logarithm to a base.
fn canonical(function: Function, lower: &str, arguments: Vec<Expr>) -> (Function, Vec<Expr>) {
    if lower == "log" && arguments.len() == 2 {
        return (Function::LogBase, arguments);
    }
    (function, arguments)
}

/// What a function takes, if `found` is not that.
fn wrong_count(function: Function, found: usize) -> Option<&'static str> {
    use Function as F;
    let (fits, expected) = match function {
        F::LogBase | F::Quotient | F::Rem | F::Implies | F::Delay => (found == 2, "2 arguments"),
        F::Min | F::Max => (found == 2, "2 arguments"),
        F::Hill | F::Clip => (found == 3, "3 arguments"),
        F::Piecewise => (
            found >= 3 && found % 2 == 1,
            "pairs of value and condition, then a value for otherwise",
        ),
        F::TimeAbove => (found == 2, "a span and a level"),
        F::Xor => (true, ""),
        _ => (found == 1, "1 argument"),
    };
    (!fits).then_some(expected)
}
