//! Text to expression.
//!
//! The grammar is that of PEtab mathematics: `call, ()` > `^` (right) > unary `+ - !` > `* /` > `+ -` > comparisons > `&& ||`
//! (one level). A [`Syntax`] allows more where the model language, relations or predictions need it.

use super::{Expr, Function, Kind};

mod error;
mod grammar;
mod lexer;

pub use error::{ParseError, ParseErrorKind};

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
