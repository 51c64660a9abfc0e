//! Units of measurement: dimensions with rational exponents, scales kept exactly, texts in and out.
//!
//! A [`Registry`] knows the SI, the units of pharmacology (`M`, `L`, `Da`, `min`, `h`, `day`, `percent`) and what a model
//! declares. It reads texts such as `1/(nM*h)` into a [`Unit`]. A value `v` in unit `a` is `v × a.factor_to(b)` in unit `b`.
//!
//! ```
//! use mechfit::units::Registry;
//! let mut units = Registry::new();
//! units.declare("cell", None)?;
//! let secretion = units.parse("fg/(cell*h)")?;
//! assert_eq!(secretion.factor_to(&units.parse("pg/cell/day")?), Some(0.024));
//! assert_eq!(secretion.factor_to(&units.parse("nM")?), None);
//! # Ok::<(), mechfit::units::UnitError>(())
//! ```
mod builtin;
mod dimension;
mod dose;
mod error;
mod parse;
mod ratio;
mod registry;
mod scale;
#[cfg(test)]
mod tests;
mod unit;

pub use dimension::Dimension;
pub use dose::{Dose, DoseError};
pub use error::{UnitError, UnitErrorKind};
pub use ratio::Ratio;
pub use registry::Registry;
pub use unit::Unit;
