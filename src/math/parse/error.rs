//! What can be wrong with an expression.

use super::{MAX_DEPTH, MAX_NESTING};
use crate::math::Function;

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
