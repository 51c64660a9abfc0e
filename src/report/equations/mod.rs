//! Equations of a model as MathML, which browsers set themselves.
//!
//! MathML Core (W3C) is what browsers know: no stretching of lines, so long sums are broken here into rows.

mod mathml;
mod name;

pub use mathml::{equation, expression, symbol};
pub use name::{Name, name};
