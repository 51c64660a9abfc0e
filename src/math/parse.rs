//! Text to expression.
//!
//! The grammar is that of PEtab mathematics: `call, ()` > `^` (right) > unary `+ - !` > `* /` > `+ -` > comparisons > `&& ||`
//! (one level). A [`Syntax`] allows more where the model language, relations or predictions need it.

use super::{BinaryOp, Expr, Function, Kind, Span, UnaryOp};

/// Deepest nesting: deeper expressions are refused, so that no walk over a tree can overflow the stack.
pub const MAX_DEPTH: usize = 500;

/// Deepest nesting of brackets, signs and powers in a text: each takes a dozen calls of the parser, more than a level of
/// the tree takes of any walk over it.
const MAX_NESTING: usize = 100;

/// What is allowed beyond PEtab mathematics.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Syntax {
    /// Numbers with a unit, `5[nM]`, and `convert(expr, unit)`.
    pub units: bool,
    /// Names with dots, `CXCL12.molar_mass`.
    pub dots: bool,
    /// References to simulated values, `observable@experiment@time`, and summaries over spans,
    /// `max(observable@experiment@start:end)` with `min`, `auc` and `time_above(…, level)`.
    pub references: bool,
}

impl Syntax {
    /// PEtab mathematics.
    pub const PETAB: Self = Self {
        units: false,
        dots: false,
        references: false,
    };
    /// The model language.
    pub const MODEL: Self = Self {
        units: true,
        dots: true,
        references: false,
    };
    /// Relations, claims and predictions.
    pub const QUANTITY: Self = Self {
        units: false,
        dots: false,
        references: true,
    };
}

/// Why a text is not an expression, with the place in it.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("{kind}")]
pub struct ParseError {
    /// What is wrong.
    pub kind: ParseErrorKind,
    /// Bytes concerned.
    pub span: std::ops::Range<usize>,
}

/// What can be wrong with an expression.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ParseErrorKind {
    /// Nothing there.
    #[error("an expression is expected")]
    Empty,
    /// A character that no expression contains.
    #[error("the character `{0}` is not part of any expression")]
    Character(char),
    /// A number that cannot be read.
    #[error("`{0}` is not a number")]
    Number(String),
    /// Something else was expected.
    #[error("{expected} is expected, found {found}")]
    Expected {
        /// What.
        expected: &'static str,
        /// What stands there.
        found: String,
    },
    /// A function that is not known.
    #[error("`{name}` is not a function")]
    Function {
        /// Name.
        name: String,
        /// Functions with similar names.
        similar: Vec<String>,
    },
    /// The wrong number of arguments.
    #[error("`{name}` takes {expected}, found {found}")]
    Arity {
        /// Function.
        name: String,
        /// What it takes.
        expected: &'static str,
        /// Number given.
        found: usize,
    },
    /// A reserved word in place of a name.
    #[error("`{0}` is a reserved word")]
    Reserved(String),
    /// A span of time where a number is needed.
    #[error("`{0}` is a course over a span of time, not a number")]
    Span(String),
    /// A summary of something that is not a span.
    #[error("`{name}` summarises a span `observable@experiment@start:end`, found `{found}`")]
    Summary {
        /// Function.
        name: String,
        /// Its argument.
        found: String,
    },
    /// Too deep.
    #[error("the expression is nested too deeply ({MAX_NESTING} brackets, or {MAX_DEPTH} terms)")]
    Depth,
}

impl ParseErrorKind {
    /// Stable code of the finding.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Function { .. } => "unknown-function",
            Self::Arity { .. } => "wrong-arguments",
            Self::Reserved(_) => "reserved-word",
            Self::Depth => "too-deep",
            Self::Span(_) | Self::Summary { .. } => "wrong-span",
            _ => "syntax",
        }
    }
    /// Remedy, if there is one to name.
    pub fn help(&self) -> Option<String> {
        match self {
            Self::Function { name, .. } if name.eq_ignore_ascii_case("if") => {
                Some("write `piecewise(value, condition, otherwise)`".into())
            }
            Self::Function { name, similar } => Some(match similar.first() {
                Some(s) => format!("did you mean `{s}`?"),
                None => format!("a product needs `*`: write `{name}*(…)`"),
            }),
            Self::Reserved(word) => Some(match word.to_lowercase().as_str() {
                "and" => "write `&&`".into(),
                "or" => "write `||`".into(),
                "not" => "write `!`".into(),
                "if" | "else" => "write `piecewise(value, condition, otherwise)`".into(),
                name if Function::named(name).is_some() => {
                    format!("a function takes its arguments in brackets: `{name}(…)`")
                }
                _ => "use another name".into(),
            }),
            Self::Span(name) => Some(format!(
                "say what is asked of it: `max({name})`, `min({name})`, `auc({name})` or `time_above({name}, level)`"
            )),
            Self::Summary { name, .. } => Some(match name.as_str() {
                "max" | "min" => format!(
                    "give the span, `{name}(observable@experiment@0:24)`, or two values, `{name}(a, b)`"
                ),
                _ => format!("give the span, `{name}(observable@experiment@0:24)`"),
            }),
            Self::Character('=') => Some("compare with `==`".into()),
            Self::Arity { name, .. } => match name.to_lowercase().as_str() {
                "hill" => Some("`hill(x, k, n)` is x^n/(k^n + x^n)".into()),
                "clip" => Some("`clip(x, lowest, highest)` keeps x between the two".into()),
                "min" | "max" => Some(format!("nest it: `{name}(a, {name}(b, c))`")),
                "log" => {
                    Some("`log(x)` is the natural logarithm, `log(x, b)` that to the base b".into())
                }
                "piecewise" => Some("write `piecewise(value, condition, otherwise)`".into()),
                _ => None,
            },
            Self::Depth => Some("name parts of it and use the names".into()),
            _ => None,
        }
    }
}

/// Words that cannot be names of entities, in lower case; function names are reserved as well.
const RESERVED: [&str; 10] = [
    "inf",
    "true",
    "false",
    "piecewise",
    "if",
    "else",
    "and",
    "or",
    "not",
    "convert",
];

/// Whether a name is reserved (in any case of letters): `time`, `avogadro`, the words of the grammar and all functions.
pub fn is_reserved(name: &str) -> bool {
    let lower = name.to_lowercase();
    matches!(lower.as_str(), "time" | "avogadro")
        || RESERVED.contains(&lower.as_str())
        || Function::named(&lower).is_some()
}

/// Whether `name` has the form of an identifier: a letter or `_`, then letters, digits and `_`.
pub fn is_identifier(name: &str) -> bool {
    let mut bytes = name.bytes();
    bytes
        .next()
        .is_some_and(|b| b.is_ascii_alphabetic() || b == b'_')
        && bytes.all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

/// Reads an expression. Places in the result are byte offsets in `text` plus `offset`.
///
/// ```
/// use mechfit::math::{Syntax, parse};
/// let e = parse("-2^4", Syntax::PETAB, 0)?;
/// assert_eq!(e.to_string(), "-2^4"); // −(2⁴)
/// # Ok::<(), mechfit::math::ParseError>(())
/// ```
///
/// # Errors
/// The first thing that is wrong, with its place.
pub fn parse(text: &str, syntax: Syntax, offset: usize) -> Result<Expr, ParseError> {
    let mut parser = Parser {
        text,
        syntax,
        offset,
        at: 0,
        token: Token::End,
        start: 0,
        previous_end: 0,
        depth: 0,
    };
    parser.advance()?;
    if parser.token == Token::End {
        return Err(parser.error(ParseErrorKind::Empty));
    }
    let (expr, _) = parser.logical()?;
    if parser.token != Token::End {
        return Err(parser.expected("an operator or the end of the expression"));
    }
    if syntax.references {
        spans_are_summarised(&expr)?;
    }
    Ok(expr)
}

/// The span `observable@experiment@start:end` that an expression is, if it is one.
fn span_of(expr: &Expr) -> Option<&str> {
    match &expr.kind {
        Kind::Symbol(name) if name.contains('@') && name.contains(':') => Some(name),
        _ => None,
    }
}

/// A span stands only where a summary takes it, and a summary takes only a span.
fn spans_are_summarised(expr: &Expr) -> Result<(), ParseError> {
    let error = |at: &Expr, kind| ParseError {
        kind,
        span: at.span.start as usize..at.span.end as usize,
    };
    match &expr.kind {
        Kind::Symbol(_) => match span_of(expr) {
            Some(name) => Err(error(expr, ParseErrorKind::Span(name.into()))),
            None => Ok(()),
        },
        Kind::Number(_) | Kind::Quantity(..) | Kind::Bool(_) => Ok(()),
        Kind::Unary(_, a) | Kind::Convert(a, _) => spans_are_summarised(a),
        Kind::Binary(_, a, b) => {
            spans_are_summarised(a)?;
            spans_are_summarised(b)
        }
        Kind::Call(function, arguments) => {
            let summary = match function {
                Function::Max | Function::Min => arguments.len() == 1,
                Function::Auc | Function::TimeAbove => true,
                _ => false,
            };
            let arguments = match arguments.split_first() {
                Some((first, rest)) if summary => {
                    if span_of(first).is_none() {
                        return Err(error(
                            first,
                            ParseErrorKind::Summary {
                                name: function.name().into(),
                                found: first.to_string(),
                            },
                        ));
                    }
                    rest
                }
                _ => arguments,
            };
            arguments.iter().try_for_each(spans_are_summarised)
        }
    }
}

#[derive(Debug, Clone, PartialEq)]
enum Token {
    End,
    Number(f64),
    Name,
    Op(&'static str),
}

/// Operators and punctuation, longer ones first.
const OPERATORS: [&str; 19] = [
    "&&", "||", "<=", ">=", "==", "!=", "**", "<", ">", "!", "+", "-", "*", "/", "^", "(", ")",
    ",", "[",
];

struct Parser<'a> {
    text: &'a str,
    syntax: Syntax,
    offset: usize,
    /// Behind the current token.
    at: usize,
    token: Token,
    /// Start of the current token.
    start: usize,
    /// End of the token before.
    previous_end: usize,
    depth: usize,
}

/// An expression with the height of its tree.
type Tree = (Expr, usize);

impl<'a> Parser<'a> {
    fn error(&self, kind: ParseErrorKind) -> ParseError {
        ParseError {
            kind,
            span: self.offset + self.start..self.offset + self.at.max(self.start),
        }
    }
    fn expected(&self, expected: &'static str) -> ParseError {
        let found = match self.token {
            Token::End => "the end of the expression".to_string(),
            _ => format!("`{}`", &self.text[self.start..self.at]),
        };
        self.error(ParseErrorKind::Expected { expected, found })
    }
    fn lexeme(&self) -> &'a str {
        &self.text[self.start..self.at]
    }
    fn span(&self, from: usize) -> Span {
        Span {
            start: (self.offset + from) as u32,
            end: (self.offset + self.previous_end) as u32,
        }
    }

    fn advance(&mut self) -> Result<(), ParseError> {
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

    fn number_end(&self, mut i: usize) -> usize {
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

    fn number(&mut self) -> Result<(), ParseError> {
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
    fn reference(&mut self) -> Result<(), ParseError> {
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

    fn logical(&mut self) -> Result<Tree, ParseError> {
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
