//! Scale factors without rounding where none is needed.

use super::ratio::{Ratio, gcd};

/// `numerator/denominator × 10^decade`.
///
/// Prefixes are powers of ten and units of time are ratios of whole numbers, so the factor between two units is rounded
/// once: ng/mL over nM·kDa is exactly 1, which a product of rounded powers of ten is not.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Scale {
    numerator: f64,
    denominator: f64,
    decade: i32,
}

/// Whole numbers up to here are exact.
const EXACT: f64 = 9_007_199_254_740_992.0; // 2^53
/// Powers of ten up to here are exact.
const EXACT_DECADE: i32 = 22;
/// A number of this size gives its decades to the exponent; exact.
const STEP: f64 = 1e15;
/// Decades of [`STEP`].
const STEP_DECADE: i32 = 15;
/// Decades are held within this so that sums cannot overflow; a value there is 0 or infinite anyway.
const MOST_DECADE: i32 = 1_000_000;

impl Scale {
    pub(super) const ONE: Self = Self {
        numerator: 1.0,
        denominator: 1.0,
        decade: 0,
    };

    /// `number × 10^decade` with a whole `number`.
    pub(super) const fn whole(number: u32, decade: i32) -> Self {
        Self {
            numerator: number as f64,
            denominator: 1.0,
            decade,
        }
    }

    /// A positive number by its shortest decimals.
    pub(super) fn of(value: f64) -> Self {
        let text = format!("{value:e}");
        let parts = text.split_once('e').and_then(|(m, e)| {
            let decimals = m.split_once('.').map_or(0, |(_, d)| d.len());
            let digits: f64 = m.replace('.', "").parse().ok()?;
            let e: i32 = e.parse().ok()?;
            (digits <= EXACT).then_some((digits, e - decimals as i32))
        });
        match parts {
            Some((numerator, decade)) => Self {
                numerator,
                denominator: 1.0,
                decade,
            },
            None => Self::reduced(value, 1.0, 0),
        }
    }

    fn reduced(numerator: f64, denominator: f64, decade: i64) -> Self {
        let decade = decade.clamp(-i64::from(MOST_DECADE), i64::from(MOST_DECADE)) as i32;
        let whole = |x: f64| (1.0..=EXACT).contains(&x) && x.fract() == 0.0;
        if whole(numerator) && whole(denominator) {
            let g = gcd(numerator as u64, denominator as u64) as f64;
            return Self {
                numerator: numerator / g,
                denominator: denominator / g,
                decade,
            };
        }
        // High powers of a root would leave the range of numbers, though the decade takes them back.
        let (mut rest, mut decade) = (numerator / denominator, decade);
        while rest.is_finite() && rest >= STEP {
            rest /= STEP;
            decade += STEP_DECADE;
        }
        while rest > 0.0 && rest <= 1.0 / STEP {
            rest *= STEP;
            decade -= STEP_DECADE;
        }
        Self {
            numerator: rest,
            denominator: 1.0,
            decade,
        }
    }

    pub(super) fn times(self, other: Self) -> Self {
        Self::reduced(
            self.numerator * other.numerator,
            self.denominator * other.denominator,
            i64::from(self.decade) + i64::from(other.decade),
        )
    }

    pub(super) fn inverse(self) -> Self {
        Self {
            numerator: self.denominator,
            denominator: self.numerator,
            decade: -self.decade,
        }
    }

    pub(super) fn power(self, exponent: Ratio) -> Self {
        let base = if exponent.numerator() < 0 {
            self.inverse()
        } else {
            self
        };
        let root = base.root(exponent.denominator());
        let mut result = Self::ONE;
        // By repeated squaring: exponents are bounded, the loop is short.
        let (mut square, mut n) = (root, exponent.numerator().unsigned_abs());
        while n > 0 {
            if n & 1 == 1 {
                result = result.times(square);
            }
            square = square.times(square);
            n >>= 1;
        }
        result
    }

    fn root(self, degree: i32) -> Self {
        if degree == 1 {
            return self;
        }
        let rest = self.decade.rem_euclid(degree);
        let tens = libm::pow(10.0, f64::from(rest));
        Self::reduced(
            nth_root(self.numerator * tens, degree),
            nth_root(self.denominator, degree),
            i64::from(self.decade.div_euclid(degree)),
        )
    }

    /// The number itself; 0 or infinite if beyond the range of numbers.
    pub(super) fn value(self) -> f64 {
        let Self {
            numerator: n,
            denominator: d,
            decade,
        } = self;
        if decade.abs() <= EXACT_DECADE {
            let tens = libm::pow(10.0, f64::from(decade.abs()));
            if decade >= 0 && n * tens <= EXACT {
                return n * tens / d;
            }
            if decade < 0 && d * tens <= EXACT {
                return n / (d * tens);
            }
        }
        // Reading decimals rounds once.
        format!("{}e{decade}", n / d).parse().unwrap_or(f64::NAN)
    }
}

/// The root, as a whole number where it is one.
fn nth_root(x: f64, degree: i32) -> f64 {
    let r = libm::pow(x, 1.0 / f64::from(degree));
    let whole = r.round();
    if libm::pow(whole, f64::from(degree)) == x {
        return whole;
    }
    // 1/degree is rounded, which a large x makes visible: a step of Newton's method takes it out.
    r - r * (libm::pow(r, f64::from(degree)) / x - 1.0) / f64::from(degree)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_are_taken_apart_exactly() {
        for v in [
            0.01,
            1.0,
            6.022_140_76e23,
            1e-300,
            502.78,
            f64::MIN_POSITIVE,
        ] {
            assert_eq!(Scale::of(v).value(), v);
        }
        assert_eq!(Scale::of(0.01), Scale::whole(1, -2));
    }

    #[test]
    fn roots_of_squares_are_exact() {
        let half = Ratio::new(1, 2).unwrap();
        assert_eq!(Scale::whole(36, 2).power(half), Scale::whole(6, 1));
        assert!((Scale::whole(1, 3).power(half).value() / 1000f64.sqrt() - 1.0).abs() < 1e-15);
    }

    /// `g^1.4·g^9.4·g^1.4·g^1.54` is `g^13.74`.
    #[test]
    fn powers_of_large_denominators_keep_their_digits() {
        let gram = Scale::whole(1, -3);
        let power = |n, d| gram.power(Ratio::new(n, d).unwrap());
        let apart = power(7, 5)
            .times(power(47, 5))
            .times(power(7, 5))
            .times(power(77, 50));
        // The root of 10^47 to the 50th is 8.7, whose 687th power is beyond the range of numbers.
        let off = apart.times(power(687, 50).inverse()).value() - 1.0;
        assert!(off.abs() < 1e-12, "{off:e}");
        let tenth = Scale::whole(1, 49).power(Ratio::new(1, 50).unwrap());
        assert!((tenth.power(Ratio::new(50, 1).unwrap()).value() / 1e49 - 1.0).abs() < 1e-14);
    }

    #[test]
    fn long_products_that_cancel_stay_exact() {
        let hour = Scale::whole(36, 2);
        let mut s = Scale::ONE;
        for _ in 0..500 {
            s = s.times(hour).times(hour.inverse());
        }
        assert_eq!(s, Scale::ONE);
    }
}
