//! Mathematical expressions: lexer, parser, tree, printer, simplifier, symbolic derivatives.
pub mod expr;
pub use expr::{BinaryOp, Expr, Function, Kind, Span, UnaryOp};
