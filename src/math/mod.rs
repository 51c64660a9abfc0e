//! Mathematical expressions: lexer, parser, tree, printer.
mod constant;
pub mod expr;
mod names;
mod parse;
mod print;

pub use expr::{BinaryOp, Expr, Function, Kind, Span, TIME_BESIDE_A_NAME, UnaryOp};
pub use parse::{MAX_DEPTH, ParseError, ParseErrorKind, Syntax, is_identifier, is_reserved, parse};
