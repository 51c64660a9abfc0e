//! A unit and its arithmetic.

use std::fmt;
use std::sync::Arc;

use super::scale::Scale;
use super::{Dimension, Ratio};

/// A unit of measurement, by dimension and scale, that remembers how it was written.
#[derive(Debug, Clone)]
pub struct Unit {
    dimension: Dimension,
    /// Value of one such unit in SI base units (and declared base units).
    scale: Scale,
    unknown: bool,
    /// The number written in front.
    number: Scale,
    /// Named units with exponents as written.
    atoms: Vec<(Arc<str>, Ratio)>,
}

/// Two scales that differ by less are the same: rational powers of a scale are rounded, and an exponent, of at most 10 000,
/// makes that rounding (1e-16) as many times as large in each of some ten factors.
const SAME: f64 = 1e-11;

/// Most names that a product of units keeps; beyond that it counts as unknown, so that work stays bounded.
const MOST_NAMES: usize = 64;

impl Unit {
    /// The unit of pure numbers, `1`.
    pub fn one() -> Self {
        Self {
            dimension: Dimension::default(),
            scale: Scale::ONE,
            unknown: false,
            number: Scale::ONE,
            atoms: Vec::new(),
        }
    }
    /// The unit of quantities whose unit no one has said; it fits every other.
    pub fn unknown() -> Self {
        Self {
            unknown: true,
            ..Self::one()
        }
    }
    pub(super) fn named(name: &str, dimension: Dimension, scale: Scale) -> Self {
        Self {
            dimension,
            scale,
            unknown: false,
            number: Scale::ONE,
            atoms: vec![(name.into(), Ratio::ONE)],
        }
    }
    pub(super) fn number(value: f64) -> Self {
        Self {
            scale: Scale::of(value),
            number: Scale::of(value),
            ..Self::one()
        }
    }
    /// The same unit under one name.
    pub(super) fn renamed(&self, name: &str) -> Self {
        Self {
            number: Scale::ONE,
            atoms: vec![(name.into(), Ratio::ONE)],
            ..self.clone()
        }
    }

    /// What kind of quantity it measures.
    pub fn dimension(&self) -> &Dimension {
        &self.dimension
    }
    /// Value of one such unit in SI base units (kg, not g) and declared base units.
    pub fn factor(&self) -> f64 {
        self.scale.value()
    }
    /// The number written in front of the names.
    pub(super) fn number_in_front(&self) -> f64 {
        self.number.value()
    }
    /// Whether no one has said what the unit is.
    pub fn is_unknown(&self) -> bool {
        self.unknown
    }
    /// Whether it is `1` or another name of it (`fold = 1`), or unknown. `percent` is not: its scale differs.
    pub fn is_one(&self) -> bool {
        self.unknown || self.is_same(&Self::one())
    }
    /// Whether `other` measures the same kind of quantity, on whatever scale; an unknown unit fits all.
    pub fn is_compatible(&self, other: &Self) -> bool {
        self.unknown || other.unknown || self.dimension == other.dimension
    }
    /// Whether a number means the same in both units; an unknown unit fits all.
    pub fn is_same(&self, other: &Self) -> bool {
        self.factor_to(other) == Some(1.0)
    }
    /// The number by which a value in this unit is multiplied to be in `to`; `None` if they measure different things.
    /// It is 1 if either is unknown.
    pub fn factor_to(&self, to: &Self) -> Option<f64> {
        if self.unknown || to.unknown {
            return Some(1.0);
        }
        if self.dimension != to.dimension {
            return None;
        }
        let f = self.scale.times(to.scale.inverse()).value();
        if (f - 1.0).abs() < SAME {
            return Some(1.0);
        }
        (f.is_finite() && f > 0.0).then_some(f)
    }

    /// `self × other`.
    #[must_use]
    pub fn mul(&self, other: &Self) -> Self {
        self.combine(other, Ratio::ONE)
    }
    /// `self / other`.
    #[must_use]
    pub fn div(&self, other: &Self) -> Self {
        self.combine(other, Ratio::ONE.negated())
    }
    /// `self^exponent`.
    #[must_use]
    pub fn pow(&self, exponent: Ratio) -> Self {
        Self::one().combine(self, exponent)
    }

    /// `self × other^exponent`; unknown if an exponent or the number of names gets out of hand.
    fn combine(&self, other: &Self, exponent: Ratio) -> Self {
        if self.unknown || other.unknown {
            return Self::unknown();
        }
        let mut atoms = self.atoms.clone();
        for (name, e) in &other.atoms {
            let Some(e) = e.times(exponent) else {
                return Self::unknown();
            };
            match atoms.iter().position(|(n, _)| n == name) {
                Some(i) => match atoms[i].1.plus(e) {
                    Some(sum) if sum.is_zero() => {
                        atoms.remove(i);
                    }
                    Some(sum) => atoms[i].1 = sum,
                    None => return Self::unknown(),
                },
                None if e.is_zero() => {}
                None => atoms.push((name.clone(), e)),
            }
        }
        match self.dimension.times(&other.dimension, exponent) {
            Some(dimension) if atoms.len() <= MOST_NAMES => Self {
                dimension,
                scale: self.scale.times(other.scale.power(exponent)),
                unknown: false,
                number: self.number.times(other.number.power(exponent)),
                atoms,
            },
            _ => Self::unknown(),
        }
    }
}

/// As written, products merged: `fg/(cell*h)`, `1/h`, `1`; read back as the same unit. An unknown unit is `unknown`.
impl fmt::Display for Unit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.unknown {
            return f.write_str("unknown");
        }
        let number = self.number_in_front();
        product(f, (number != 1.0).then_some(number), &self.atoms)
    }
}

/// A product of named factors as text.
pub(super) fn product(
    f: &mut fmt::Formatter<'_>,
    number: Option<f64>,
    factors: &[(Arc<str>, Ratio)],
) -> fmt::Result {
    let write = |f: &mut fmt::Formatter<'_>, name: &str, e: Ratio| -> fmt::Result {
        f.write_str(name)?;
        match (e.numerator(), e.denominator()) {
            (1, 1) => Ok(()),
            (_, 1) => write!(f, "^{e}"),
            _ => write!(f, "^({e})"),
        }
    };
    let above = factors.iter().filter(|(_, e)| e.numerator() > 0);
    let below: Vec<_> = factors.iter().filter(|(_, e)| e.numerator() < 0).collect();
    let mut first = true;
    if let Some(n) = number {
        write!(f, "{n}")?;
        first = false;
    }
    for (name, e) in above {
        if !first {
            f.write_str("*")?;
        }
        write(f, name, *e)?;
        first = false;
    }
    if first {
        f.write_str("1")?;
    }
    match below.as_slice() {
        [] => Ok(()),
        [(name, e)] => {
            f.write_str("/")?;
            write(f, name, e.negated())
        }
        many => {
            f.write_str("/(")?;
            for (i, (name, e)) in many.iter().enumerate() {
                if i > 0 {
                    f.write_str("*")?;
                }
                write(f, name, e.negated())?;
            }
            f.write_str(")")
        }
    }
}
