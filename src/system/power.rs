//! Powers of several numbers at once, with the same bytes as `libm::pow`.
//!
//! The arithmetic is that of `pow` in FreeBSD's msun (Sun Microsystems 1993), which `libm` follows, without its branches, so
//! that a compiler can put the loop over the lanes into wide registers. Lanes that need one of the branches (bases that are
//! not positive and normal, special exponents, results near the limits of a double) are left to `libm`, but for squares.

// Constants are written as in their source, digit for digit.
#![allow(clippy::excessive_precision, clippy::approx_constant)]

use super::operation::power;

const L: [f64; 6] = [
    5.99999999999994648725e-01,
    4.28571428578550184252e-01,
    3.33333329818377432918e-01,
    2.72728123808534006489e-01,
    2.30660745775561754067e-01,
    2.06975017800338417784e-01,
];
const P: [f64; 5] = [
    1.66666666666666019037e-01,
    -2.77777777770155933842e-03,
    6.61375632143793436117e-05,
    -1.65339022054652515390e-06,
    4.13813679705723846039e-08,
];
/// ln 2, and its high and low parts.
const LG2: [f64; 3] = [
    6.93147180559945286227e-01,
    6.93147182464599609375e-01,
    -1.90465429995776804525e-09,
];
/// 2/(3 ln 2), and its high and low parts.
const CP: [f64; 3] = [
    9.61796693925975554329e-01,
    9.61796700954437255859e-01,
    -7.02846165095275826516e-09,
];
/// log2 1.5 in two parts.
const DP: [f64; 2] = [5.84962487220764160156e-01, 1.35003920212974897128e-08];
/// High word of a double.
const HIGH: u64 = 0xffff_ffff_0000_0000;
/// 2⁵²: adding it leaves no fraction.
const WHOLE: f64 = 4_503_599_627_370_496.0;
/// 1.5·2⁵²: adding it puts a whole number into the low bits.
const BITS: f64 = 6_755_399_441_055_744.0;
/// Offset that makes exponents positive.
const EXPONENTS: i64 = 2048;
/// Largest binary logarithm of a result that is certainly normal, by a margin.
const LARGEST: f64 = 1000.0;
/// Exponents beyond this take another branch.
const LARGEST_EXPONENT: f64 = 1e9;

#[inline(always)]
fn high(x: f64) -> f64 {
    f64::from_bits(x.to_bits() & HIGH)
}

/// `a^b` lane by lane, of the first `used` lanes; what the others hold is of no use.
#[inline(always)]
pub(super) fn powers<const W: usize>(a: &[f64; W], b: &[f64; W], used: usize) -> [f64; W] {
    // As `libm` does: squares are exact to rounding.
    if b.iter().all(|y| *y == 2.0) {
        return a.map(|x| x * x);
    }
    let mut out = [0.0; W];
    // As wide as the numbers, so that the comparisons stay in the registers of the numbers.
    let mut special = [0_u64; W];
    for l in 0..W {
        let (x, y) = (a[l], b[l]);
        let logarithm;
        (out[l], logarithm) = regular(x, y);
        let size = y.abs();
        let is_regular = (f64::MIN_POSITIVE..f64::INFINITY).contains(&x)
            & (x != 1.0)
            & (size < LARGEST_EXPONENT)
            & (size != 0.0)
            & (size != 1.0)
            & (y != 2.0)
            & (y != 0.5)
            & (logarithm.abs() < LARGEST);
        special[l] = u64::from(!is_regular);
    }
    if special.iter().fold(0, |any, one| any | one) == 0 {
        return out;
    }
    let mut last = 0.0;
    for l in 0..W {
        if l < used {
            last = if special[l] == 0 {
                out[l]
            } else {
                power(a[l], b[l])
            };
        }
        out[l] = last;
    }
    out
}

/// `x^y` and its binary logarithm, of regular arguments.
#[inline(always)]
fn regular(x: f64, y: f64) -> (f64, f64) {
    let bits = x.to_bits();
    let word = (bits >> 32) as i64;
    let j = word & 0x000f_ffff;
    // The base is 2ⁿ·a with a near 1, or near 1.5 (then `middle`).
    let middle = j > 0x3988e && j < 0xbb67a;
    let above = j >= 0xbb67a;
    let n = (word >> 20) - 0x3ff + i64::from(above);
    let ix = (j | 0x3ff0_0000) - if above { 0x0010_0000 } else { 0 };
    let a = f64::from_bits(((ix as u64) << 32) | (bits & !HIGH));
    let (bp, dp_h, dp_l, k) = if middle {
        (1.5, DP[0], DP[1], 1_u64 << 18)
    } else {
        (1.0, 0.0, 0.0, 0)
    };
    let u = a - bp;
    let v = 1.0 / (a + bp);
    let ss = u * v;
    let s_h = high(ss);
    let t_h = f64::from_bits(((((ix as u64) >> 1) | 0x2000_0000) + 0x0008_0000 + k) << 32);
    let t_l = a - (t_h - bp);
    let s_l = v * ((u - s_h * t_h) - s_h * t_l);
    let s2 = ss * ss;
    let mut r =
        s2 * s2 * (L[0] + s2 * (L[1] + s2 * (L[2] + s2 * (L[3] + s2 * (L[4] + s2 * L[5])))));
    r += s_l * (s_h + ss);
    let s2 = s_h * s_h;
    let t_h = high(3.0 + s2 + r);
    let t_l = r - ((t_h - 3.0) - s2);
    let u = s_h * t_h;
    let v = s_l * t_h + t_l * ss;
    let p_h = high(u + v);
    let p_l = v - (p_h - u);
    let z_h = CP[1] * p_h;
    let z_l = CP[2] * p_h + p_l * CP[0] + dp_l;
    let whole = WHOLE.to_bits().wrapping_add((n + EXPONENTS) as u64);
    let t = f64::from_bits(whole) - (WHOLE + EXPONENTS as f64);
    let t1 = high(((z_h + z_l) + dp_h) + t);
    let t2 = z_l - (((t1 - t) - dp_h) - z_h);

    // (y1 + y2)·(t1 + t2), then its power of 2.
    let y1 = high(y);
    let p_l = (y - y1) * t1 + y * t2;
    let p_h = y1 * t1;
    let z = p_l + p_h;
    let size = z.abs();
    // Rounded half away from zero, unless the high word says at most a half.
    let rounded = size + 0.5;
    let nearest = (rounded + WHOLE) - WHOLE;
    let floor = if nearest > rounded {
        nearest - 1.0
    } else {
        nearest
    };
    let floor = if size.to_bits() >> 32 > 0x3fe0_0000 {
        floor
    } else {
        0.0
    };
    let t = if z < 0.0 { -floor } else { floor };
    let exponent = (t + BITS).to_bits().wrapping_sub(BITS.to_bits());
    let p_h = p_h - t;
    let t = high(p_l + p_h);
    let u = t * LG2[1];
    let v = (p_l - (t - p_h)) * LG2[0] + t * LG2[2];
    let w = u + v;
    let rest = v - (w - u);
    let t = w * w;
    let t1 = w - t * (P[0] + t * (P[1] + t * (P[2] + t * (P[3] + t * P[4]))));
    let r = (w * t1) / (t1 - 2.0) - (rest + w * rest);
    let result = 1.0 - (r - w);
    (
        f64::from_bits(result.to_bits().wrapping_add(exponent << 52)),
        z,
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::Stream;

    #[test]
    fn lanes_have_the_bytes_of_libm_whatever_the_arguments() {
        const SPECIAL: [f64; 18] = [
            0.0,
            -0.0,
            1.0,
            -1.0,
            2.0,
            0.5,
            -0.5,
            -2.0,
            3.0,
            1.5,
            f64::INFINITY,
            f64::NEG_INFINITY,
            f64::NAN,
            f64::MIN_POSITIVE,
            5e-324,
            f64::MAX,
            -1e-9,
            1e300,
        ];
        let mut random = Stream::new(6, "powers", 0, 0);
        let mut draw = |wide: f64| {
            let u = random.uniform();
            if u < 0.1 {
                SPECIAL[(u * 180.0) as usize]
            } else {
                let x = libm::exp2(wide * (2.0 * random.uniform() - 1.0));
                if u < 0.15 { -x } else { x }
            }
        };
        for round in 0..40_000 {
            let wide = [0.01, 1.0, 30.0, 1000.0][round % 4];
            let a: [f64; 8] = std::array::from_fn(|_| draw(wide));
            let b: [f64; 8] =
                std::array::from_fn(|_| draw(4.0) * if round % 3 == 0 { -1.0 } else { 1.0 });
            for (l, found) in powers(&a, &b, 8).iter().enumerate() {
                let expected = power(a[l], b[l]);
                let same =
                    found.to_bits() == expected.to_bits() || found.is_nan() && expected.is_nan();
                assert!(same, "{}^{}: {found} {expected}", a[l], b[l]);
            }
        }
    }

    #[test]
    fn squares_and_lanes_in_use_have_the_bytes_of_libm() {
        let a = [0.0, -0.0, -3.5, f64::NAN, f64::INFINITY, 5e-324, 1e200, 1.1];
        for (l, found) in powers(&a, &[2.0; 8], 8).iter().enumerate() {
            let expected = power(a[l], 2.0);
            assert!(found.to_bits() == expected.to_bits() || found.is_nan() && expected.is_nan());
        }
        for used in 1..8 {
            for b in [1.5, 2.0, -0.5] {
                for (l, found) in powers(&[0.3, 0.0, 2.0, 1.0, 7.0, 1e9, 0.1, 3.0], &[b; 8], used)
                    .iter()
                    .enumerate()
                    .take(used)
                {
                    let x = [0.3, 0.0, 2.0, 1.0, 7.0, 1e9, 0.1, 3.0][l];
                    assert_eq!(found.to_bits(), power(x, b).to_bits(), "{x}^{b}");
                }
            }
        }
    }

    #[test]
    fn halves_are_rounded_as_in_libm() {
        // Logarithms near n + ½, where the whole part changes.
        for n in 0..40 {
            for step in -20..=20 {
                let y = (f64::from(n) + 0.5) * (1.0 + f64::from(step) * f64::EPSILON);
                let found = powers(&[2.0, 4.0, 8.0, 0.25], &[y; 4], 4);
                for (x, found) in [2.0, 4.0, 8.0, 0.25].iter().zip(found) {
                    assert_eq!(found.to_bits(), power(*x, y).to_bits(), "{x}^{y}");
                }
            }
        }
    }
}
