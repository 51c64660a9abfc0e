//! Tails and quantiles of the normal, Student's t, F and χ² distributions, on the project's own elementary functions.
//!
//! The results are the same bytes on every machine, and the quantiles end for every argument (library routines were found
//! to loop for t with millions of degrees of freedom, which a parameter that rests on its prior has).

use super::{log_normal_cdf, normal_cdf};

/// Relative change at which a continued fraction or series has converged.
const CONVERGED: f64 = 1e-16;
/// Most terms of a continued fraction or series: √a + 30 are needed for a shape a, so this serves shapes to 1e7.
const MAX_TERMS: usize = 20_000;
/// Stands for a denominator of 0 in the method of Lentz.
const TINY: f64 = 1e-300;
/// Steps of a root search: bisection alone needs about 1100 from the whole line.
const MAX_STEPS: usize = 1200;
/// Degrees of freedom from which Student's quantile is taken from its expansion about the normal one: the first term left
/// out is below 1e-16 there.
const EXPANSION: f64 = 1e5;

/// Quantile of the standard normal distribution.
pub fn normal_quantile(p: f64) -> f64 {
    if !(0.0..=1.0).contains(&p) {
        return f64::NAN;
    }
    if p > 0.5 {
        return -lower_normal_quantile(1.0 - p);
    }
    lower_normal_quantile(p)
}

/// Quantile below ½ by Newton's method on ln Φ, which is concave: from the left it ascends to the root.
fn lower_normal_quantile(p: f64) -> f64 {
    if p == 0.0 {
        return f64::NEG_INFINITY;
    }
    if p == 0.5 {
        return 0.0;
    }
    let goal = libm::log(p);
    // Φ(z) ≤ exp(−z²/2)/2 for z ≤ 0, so this start lies left of the root.
    let mut z = -(-2.0 * libm::log(2.0 * p)).max(0.0).sqrt() - 1e-3;
    for _ in 0..MAX_STEPS {
        let (log, slope) = log_normal_cdf(z);
        let step = (goal - log) / slope;
        z += step;
        if step.abs() <= 4.0 * f64::EPSILON * z.abs() {
            break;
        }
    }
    z.min(0.0)
}

/// Regularised incomplete beta function `I_x(a, b)` by the continued fraction of Gauss.
///
/// # References
/// NIST DLMF 8.17.22, evaluated by the modified method of Lentz.
pub fn incomplete_beta(x: f64, a: f64, b: f64) -> f64 {
    if x.is_nan() || a <= 0.0 || b <= 0.0 {
        return f64::NAN;
    }
    if x <= 0.0 {
        return 0.0;
    }
    if x >= 1.0 {
        return 1.0;
    }
    // The fraction converges fast below the mean.
    if x > (a + 1.0) / (a + b + 2.0) {
        return 1.0 - incomplete_beta_below(1.0 - x, b, a);
    }
    incomplete_beta_below(x, a, b)
}

fn incomplete_beta_below(x: f64, a: f64, b: f64) -> f64 {
    let front = libm::exp(
        libm::lgamma(a + b) - libm::lgamma(a) - libm::lgamma(b)
            + a * libm::log(x)
            + b * libm::log1p(-x),
    ) / a;
    let guard = |v: f64| if v.abs() < TINY { TINY } else { v };
    let mut c = 1.0;
    let mut d = 1.0 / guard(1.0 - (a + b) * x / (a + 1.0));
    let mut sum = d;
    for m in 1..MAX_TERMS {
        let m = m as f64;
        let mut turn = |numerator: f64| {
            d = 1.0 / guard(1.0 + numerator * d);
            c = guard(1.0 + numerator / c);
            let factor = c * d;
            sum *= factor;
            factor
        };
        turn(m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m)));
        let factor = turn(-(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0)));
        if (factor - 1.0).abs() <= CONVERGED {
            break;
        }
    }
    front * sum
}

/// Upper tail of Student's t with `nu` degrees of freedom (need not be whole; ∞: normal).
pub fn t_upper(t: f64, nu: f64) -> f64 {
    if nu == f64::INFINITY {
        return normal_cdf(-t);
    }
    let half = 0.5 * incomplete_beta(nu / (nu + t * t), 0.5 * nu, 0.5);
    if t >= 0.0 { half } else { 1.0 - half }
}

/// Quantile of Student's t with `nu` degrees of freedom (need not be whole; ∞: normal).
///
/// # References
/// Abramowitz & Stegun 26.7.5 (expansion for many degrees of freedom).
pub fn t_quantile(p: f64, nu: f64) -> f64 {
    if nu.is_nan() || nu <= 0.0 || !(0.0..=1.0).contains(&p) {
        return f64::NAN;
    }
    if nu == f64::INFINITY {
        return normal_quantile(p);
    }
    if p < 0.5 {
        return -t_quantile(1.0 - p, nu);
    }
    if p == 0.5 {
        return 0.0;
    }
    if p == 1.0 {
        return f64::INFINITY;
    }
    let z = normal_quantile(p);
    if nu >= EXPANSION {
        let z2 = z * z;
        let first = z * (z2 + 1.0) / 4.0;
        let second = z * ((5.0 * z2 + 16.0) * z2 + 3.0) / 96.0;
        let third = z * (((3.0 * z2 + 19.0) * z2 + 17.0) * z2 - 15.0) / 384.0;
        return z + (first + (second + third / nu) / nu) / nu;
    }
    let tail = 1.0 - p;
    // The tail is heavier than the normal one, so the root lies above z.
    let mut low = z;
    let mut high = 2.0 * z;
    while t_upper(high, nu) > tail && high < f64::MAX / 4.0 {
        low = high;
        high *= 2.0;
    }
    root(low, high, |t| tail - t_upper(t, nu))
}

/// Root of an increasing function between `low` and `high`, by the method of Illinois with bisection where it lags.
fn root(mut low: f64, mut high: f64, f: impl Fn(f64) -> f64) -> f64 {
    let (mut f_low, mut f_high) = (f(low), f(high));
    let mut side = 0;
    for i in 0..MAX_STEPS {
        if high - low <= 2.0 * f64::EPSILON * high.abs() || f_low == 0.0 {
            break;
        }
        let mut x = (low * f_high - high * f_low) / (f_high - f_low);
        if i % 8 == 7 || !x.is_finite() || x <= low || x >= high {
            x = low + 0.5 * (high - low);
        }
        if x <= low || x >= high {
            break;
        }
        let y = f(x);
        if y == 0.0 {
            return x;
        }
        if y < 0.0 {
            low = x;
            f_low = y;
            if side == -1 {
                f_high *= 0.5;
            }
            side = -1;
        } else {
            high = x;
            f_high = y;
            if side == 1 {
                f_low *= 0.5;
            }
            side = 1;
        }
    }
    if f_low == 0.0 {
        low
    } else {
        low + 0.5 * (high - low)
    }
}

/// Upper tail of the F distribution with `d1` and `d2` degrees of freedom (`d2` may be ∞).
pub fn f_tail(f: f64, d1: f64, d2: f64) -> f64 {
    if f.is_nan() || f <= 0.0 {
        return if f.is_nan() { f64::NAN } else { 1.0 };
    }
    if d2 == f64::INFINITY {
        return chi2_tail(f * d1, d1);
    }
    incomplete_beta(d2 / (d2 + d1 * f), 0.5 * d2, 0.5 * d1)
}

/// Upper tail of χ² with `d` degrees of freedom (need not be whole).
pub fn chi2_tail(x: f64, d: f64) -> f64 {
    if x.is_nan() || d.is_nan() || d <= 0.0 {
        return f64::NAN;
    }
    if x <= 0.0 {
        return 1.0;
    }
    upper_gamma(0.5 * d, 0.5 * x)
}

/// Regularised upper incomplete gamma function `Q(a, x)`.
///
/// # References
/// NIST DLMF 8.11.4 (series), 8.9.2 (continued fraction), by the modified method of Lentz.
fn upper_gamma(a: f64, x: f64) -> f64 {
    let front = libm::exp(a * libm::log(x) - x - libm::lgamma(a));
    if x < a + 1.0 {
        let mut term = 1.0 / a;
        let mut sum = term;
        for k in 1..MAX_TERMS {
            term *= x / (a + k as f64);
            sum += term;
            if term <= CONVERGED * sum {
                break;
            }
        }
        return 1.0 - front * sum;
    }
    let mut b = x + 1.0 - a;
    let mut c = 1.0 / TINY;
    let mut d = 1.0 / b;
    let mut sum = d;
    for k in 1..MAX_TERMS {
        let k = k as f64;
        let numerator = -k * (k - a);
        b += 2.0;
        d = 1.0 / (numerator * d + b);
        c = b + numerator / c;
        let factor = c * d;
        sum *= factor;
        if (factor - 1.0).abs() <= CONVERGED {
            break;
        }
    }
    front * sum
}

/// Quantile of the gamma distribution of shape `a` and scale 1.
pub fn gamma_quantile(p: f64, a: f64) -> f64 {
    if !(0.0..=1.0).contains(&p) || a.is_nan() || a <= 0.0 {
        return f64::NAN;
    }
    if p == 0.0 || p == 1.0 {
        return if p == 0.0 { 0.0 } else { f64::INFINITY };
    }
    // On the logarithm, where small shapes have their quantiles.
    let cdf = |u: f64| 1.0 - chi2_tail(2.0 * libm::exp(u), 2.0 * a) - p;
    let (mut low, mut high) = (libm::log(a), libm::log(a));
    let mut width = 1.0;
    while cdf(low) > 0.0 && width < 1e6 {
        low -= width;
        width *= 2.0;
    }
    width = 1.0;
    while cdf(high) < 0.0 && width < 1e6 {
        high += width;
        width *= 2.0;
    }
    libm::exp(root(low, high, cdf))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Values with 20 digits by mpmath 1.3.0 (betainc, gammainc, erfc at 40 digits; roots by findroot).
    #[track_caller]
    fn close(found: f64, expected: f64, relative: f64) {
        assert!(
            (found - expected).abs() <= relative * expected.abs(),
            "{found} {expected}"
        );
    }

    #[test]
    fn quantiles_of_t_agree_with_twenty_digits() {
        for (p, nu, expected) in [
            (0.975, 1.0, 12.706_204_736_174_705),
            (0.975, 2.0, 4.302_652_729_749_464),
            (0.975, 4.0, 2.776_445_105_197_794_4),
            (0.975, 9.603_565_137_026_525, 2.240_669_422_204_884_3),
            (0.95, 4.0, 2.131_846_786_326_650_3),
            (0.995, 3.3, 5.344_306_069_721_079),
            (0.975, 120.0, 1.979_930_405_082_441),
            (0.975, 50_000.0, 1.960_011_431_093_68),
            (0.975, 1e6, 1.959_966_356_814_107),
            (0.975, 1.6e7, 1.959_964_132_807_017_2),
            (0.6, 7.0, 0.263_166_861_352_022_8),
        ] {
            close(t_quantile(p, nu), expected, 1e-12);
            assert_eq!(t_quantile(1.0 - p, nu), -t_quantile(p, nu).abs());
        }
        close(t_quantile(0.9999, 4.0), 13.033_671_720_896_456, 1e-11);
    }

    #[test]
    fn quantiles_of_t_are_those_of_the_closed_forms() {
        for p in [0.6, 0.9, 0.975, 0.9999] {
            // ν = 1: tan(π(p − ½)); ν = 2: (2p − 1)·√(2/(1 − (2p − 1)²)).
            let one = libm::tan(std::f64::consts::PI * (p - 0.5));
            let c = 2.0 * p - 1.0;
            let two = c * (2.0 / (1.0 - c * c)).sqrt();
            close(t_quantile(p, 1.0), one, 1e-11);
            close(t_quantile(p, 2.0), two, 1e-11);
            close(t_quantile(1.0 - p, 2.0), -two, 1e-9);
        }
    }

    #[test]
    fn the_expansion_meets_the_root() {
        for p in [0.6, 0.975, 0.9995] {
            close(
                t_quantile(p, EXPANSION),
                t_quantile(p, EXPANSION * (1.0 - 1e-12)),
                1e-11,
            );
        }
    }

    #[test]
    fn quantiles_of_the_normal_agree_with_twenty_digits() {
        for (p, expected) in [
            (0.975, 1.959_963_984_540_054_2),
            (1e-10, -6.361_340_902_404_056),
            (0.999_999, 4.753_424_308_822_899),
            (0.3, -0.524_400_512_708_040_8),
        ] {
            close(normal_quantile(p), expected, 1e-10);
        }
        assert_eq!(normal_quantile(0.5), 0.0);
        assert_eq!(normal_quantile(0.0), f64::NEG_INFINITY);
    }

    #[test]
    fn tails_of_f_and_chi_square_agree_with_twenty_digits() {
        for (x, a, b, expected) in [
            (2.5, 3.0, 10.0, 0.119_039_562_658_278_15),
            (4.7, 2.3, 8.9, 0.037_027_975_004_125_07),
            (0.4, 1.0, 4.0, 0.561_438_044_250_525_6),
            (30.0, 3.0, 12.0, 7.373_032_475_767_985e-6),
            (1.0, 0.5, 1e6, 0.256_322_207_158_938_6),
        ] {
            close(f_tail(x, a, b), expected, 1e-9);
        }
        for (x, d, expected) in [
            (7.814_727_903_251_178, 3.0, 0.05),
            (0.3, 0.7, 0.443_859_247_514_212_6),
            (40.0, 12.0, 7.190_884_052_842_893e-5),
            (100.0, 3.0, 1.554_159_431_389_605e-21),
            (1e-3, 5.0, 0.999_999_998_318_512_3),
        ] {
            close(chi2_tail(x, d), expected, 1e-11);
        }
    }

    #[test]
    fn every_argument_gets_an_answer() {
        for nu in [0.1, 0.5, 1.0, 1e3, 9.99e4, 1e9, 1e300, f64::INFINITY] {
            for p in [1e-12, 0.025, 0.5, 0.975, 1.0 - 1e-12] {
                assert!(t_quantile(p, nu).is_finite(), "{p} {nu}");
            }
        }
        assert!(t_quantile(f64::NAN, 4.0).is_nan() && t_quantile(0.9, f64::NAN).is_nan());
    }
}
