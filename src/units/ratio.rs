//! Exponents of units.

use std::fmt;

/// A rational number `numerator/denominator` in lowest terms, the denominator positive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ratio {
    numerator: i32,
    denominator: i32,
}

/// Largest numerator and denominator: far beyond any exponent that has a meaning, small enough that products of two fit.
const MOST: i64 = 10_000;

/// Denominators tried when a decimal exponent is taken as a fraction (`0.5`, `0.3333333333333333`).
const DENOMINATORS: std::ops::RangeInclusive<i32> = 1..=60;

/// A decimal exponent is a fraction if it differs from it by no more than what its printing in sixteen digits leaves.
const NEAR: f64 = 1e-14;

impl Ratio {
    /// 0.
    pub const ZERO: Self = Self {
        numerator: 0,
        denominator: 1,
    };
    /// 1.
    pub const ONE: Self = Self {
        numerator: 1,
        denominator: 1,
    };

    /// `numerator/denominator`; `None` if the denominator is 0 or either is too large.
    pub fn new(numerator: i64, denominator: i64) -> Option<Self> {
        if denominator == 0 {
            return None;
        }
        let g = gcd(numerator.unsigned_abs(), denominator.unsigned_abs());
        let g = i64::try_from(g).ok()?.max(1) * denominator.signum();
        let (n, d) = (numerator / g, denominator / g);
        (n.abs() <= MOST && d <= MOST).then_some(Self {
            numerator: n as i32,
            denominator: d as i32,
        })
    }
    /// The fraction with a small denominator that `x` stands for, if there is one.
    ///
    /// ```
    /// use mechfit::units::Ratio;
    /// assert_eq!(Ratio::near(1.0 / 3.0), Ratio::new(1, 3));
    /// assert_eq!(Ratio::near(std::f64::consts::PI), None);
    /// ```
    pub fn near(x: f64) -> Option<Self> {
        if !x.is_finite() || x.abs() > MOST as f64 {
            return None;
        }
        DENOMINATORS
            .map(|d| (d, (x * f64::from(d)).round()))
            .find(|(d, n)| (n / f64::from(*d) - x).abs() <= NEAR * x.abs().max(1.0))
            .and_then(|(d, n)| Self::new(n as i64, i64::from(d)))
    }
    /// Numerator.
    pub fn numerator(self) -> i32 {
        self.numerator
    }
    /// Denominator, positive.
    pub fn denominator(self) -> i32 {
        self.denominator
    }
    /// Whether it is 0.
    pub fn is_zero(self) -> bool {
        self.numerator == 0
    }
    /// `self + other`, `None` if that is too large.
    pub fn plus(self, other: Self) -> Option<Self> {
        let (a, b) = (i64::from(self.numerator), i64::from(self.denominator));
        let (c, d) = (i64::from(other.numerator), i64::from(other.denominator));
        Self::new(a * d + c * b, b * d)
    }
    /// `self × other`, `None` if that is too large.
    pub fn times(self, other: Self) -> Option<Self> {
        Self::new(
            i64::from(self.numerator) * i64::from(other.numerator),
            i64::from(self.denominator) * i64::from(other.denominator),
        )
    }
    /// `−self`.
    pub fn negated(self) -> Self {
        Self {
            numerator: -self.numerator,
            ..self
        }
    }
}

pub(super) fn gcd(mut a: u64, mut b: u64) -> u64 {
    while b > 0 {
        (a, b) = (b, a % b);
    }
    a
}

/// `2`, `-1`, `1/2`.
impl fmt::Display for Ratio {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.denominator == 1 {
            write!(f, "{}", self.numerator)
        } else {
            write!(f, "{}/{}", self.numerator, self.denominator)
        }
    }
}
