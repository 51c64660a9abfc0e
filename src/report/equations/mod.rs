//! Equations of a model as MathML, which browsers set themselves.

mod name;

pub use name::{Name, name};
