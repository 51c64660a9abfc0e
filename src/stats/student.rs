//! Student's t distribution, for any positive degrees of freedom.

use statrs::distribution::ContinuousCDF;

/// Degrees of freedom from which the expansion about the normal quantile is exact to 1e-12 for |z| up to 5.
const NEARLY_NORMAL: f64 = 2000.0;
/// Terms of the continued fraction of the incomplete beta function; it converges long before.
const FRACTION_TERMS: u32 = 10_000;
/// Iterations of the quantile's search: bisection alone would need 1100.
const MAX_ITERATIONS: u32 = 1200;

/// Quantile of Student's t with `nu` degrees of freedom (need not be whole; ∞: normal). NaN outside 0 < p < 1, ν > 0.
///
/// ```
/// let t = mechfit::stats::t_quantile(0.975, 4.0);
/// assert!((t - 2.776_445_105_197_799).abs() < 1e-11);
/// ```
pub fn t_quantile(p: f64, nu: f64) -> f64 {
    if !(p > 0.0 && p < 1.0 && nu > 0.0) {
        return f64::NAN;
    }
    if p < 0.5 {
        return -t_quantile(1.0 - p, nu);
    }
    let z = statrs::distribution::Normal::standard().inverse_cdf(p);
    if nu >= NEARLY_NORMAL {
        return near_normal(z, nu);
    }
    // Newton's method inside a bracket.
    let tail = 1.0 - p;
    let (mut low, mut high) = (0.0, f64::INFINITY);
    let mut t = near_normal(z, nu.max(1.0)).max(z);
    for _ in 0..MAX_ITERATIONS {
        let error = t_upper(t, nu) - tail;
        if error > 0.0 {
            low = t;
        } else {
            high = t;
        }
        let mut next = t + error / density(t, nu);
        if !(next > low && next < high) {
            next = if high.is_finite() {
                0.5 * (low + high)
            } else {
                2.0 * t + 1.0
            };
        }
        if (next - t).abs() <= f64::EPSILON * t.abs() {
            return next;
        }
        t = next;
    }
    t
}

/// P(T > t) for t ≥ 0: ½·I(ν/(ν + t²); ν/2, ½).
pub fn t_upper(t: f64, nu: f64) -> f64 {
    if t < 0.0 {
        return 1.0 - t_upper(-t, nu);
    }
    if nu == f64::INFINITY {
        return super::normal_cdf(-t);
    }
    0.5 * incomplete_beta(nu / (nu + t * t), t * t / (nu + t * t), 0.5 * nu, 0.5)
}

/// Expansion of the quantile about that of the normal.
///
/// # References
/// Abramowitz & Stegun 26.7.5.
fn near_normal(z: f64, nu: f64) -> f64 {
    let z2 = z * z;
    let g1 = (z2 + 1.0) * z / 4.0;
    let g2 = ((5.0 * z2 + 16.0) * z2 + 3.0) * z / 96.0;
    let g3 = (((3.0 * z2 + 19.0) * z2 + 17.0) * z2 - 15.0) * z / 384.0;
    let g4 = ((((79.0 * z2 + 776.0) * z2 + 1482.0) * z2 - 1920.0) * z2 - 945.0) * z / 92_160.0;
    z + (g1 + (g2 + (g3 + g4 / nu) / nu) / nu) / nu
}

fn density(t: f64, nu: f64) -> f64 {
    let log =
        -0.5 * (nu + 1.0) * libm::log1p(t * t / nu) - 0.5 * libm::log(nu) - log_beta(0.5 * nu, 0.5);
    libm::exp(log)
}

fn log_beta(a: f64, b: f64) -> f64 {
    libm::lgamma(a) + libm::lgamma(b) - libm::lgamma(a + b)
}

/// Regularised incomplete beta function `I(x; a, b)`; `y` is 1 − x.
///
/// # References
/// DLMF 8.17.22 (continued fraction), evaluated by Lentz's method.
fn incomplete_beta(x: f64, y: f64, a: f64, b: f64) -> f64 {
    if x <= 0.0 {
        return 0.0;
    }
    if y <= 0.0 {
        return 1.0;
    }
    // The fraction converges fast below the mean of the distribution.
    if x > (a + 1.0) / (a + b + 2.0) {
        return 1.0 - incomplete_beta(y, x, b, a);
    }
    /// Stands for a denominator of 0 in Lentz's method.
    const TINY: f64 = 1e-300;
    let guard = |v: f64| if v.abs() < TINY { TINY } else { v };
    let mut c = 1.0;
    let mut d = 1.0 / guard(1.0 - (a + b) * x / (a + 1.0));
    let mut fraction = d;
    for m in 1..FRACTION_TERMS {
        let m = f64::from(m);
        for term in [
            m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m)),
            -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0)),
        ] {
            d = 1.0 / guard(1.0 + term * d);
            c = guard(1.0 + term / c);
            fraction *= d * c;
        }
        if (d * c - 1.0).abs() < f64::EPSILON {
            break;
        }
    }
    libm::exp(a * libm::log(x) + b * libm::log(y) - log_beta(a, b)) * fraction / a
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_those_of_the_closed_forms() {
        for p in [0.6, 0.9, 0.975, 0.9999] {
            // ν = 1: tan(π(p − ½)); ν = 2: (2p − 1)·√(2/(1 − (2p − 1)²)).
            let one = libm::tan(std::f64::consts::PI * (p - 0.5));
            let c = 2.0 * p - 1.0;
            let two = c * (2.0 / (1.0 - c * c)).sqrt();
            assert!((t_quantile(p, 1.0) / one - 1.0).abs() < 1e-11, "{p}");
            assert!((t_quantile(p, 2.0) / two - 1.0).abs() < 1e-11, "{p}");
            assert!((t_quantile(1.0 - p, 2.0) / two + 1.0).abs() < 1e-9, "{p}");
        }
    }

    #[test]
    fn quantiles_are_those_of_printed_tables() {
        // Fisher & Yates, to the printed digits.
        for (nu, t) in [
            (4.0, 2.776),
            (5.0, 2.571),
            (10.0, 2.228),
            (30.0, 2.042),
            (120.0, 1.980),
        ] {
            assert!((t_quantile(0.975, nu) - t).abs() < 5.1e-4, "{nu}");
        }
        assert!((t_quantile(0.975, f64::INFINITY) - 1.959_963_984_540_054).abs() < 1e-12);
    }

    #[test]
    fn every_number_of_degrees_of_freedom_has_its_quantile() {
        // A search without a bound on its iterations once did not end for some of these.
        let mut nu = 0.3;
        let mut last = f64::INFINITY;
        while nu < 1e9 {
            let t = t_quantile(0.975, nu);
            assert!(t.is_finite() && t < last, "{nu}: {t} after {last}");
            assert!((t_upper(t, nu) - 0.025).abs() < 1e-9 || nu > 1e5, "{nu}");
            last = t;
            nu *= 1.37;
        }
    }

    #[test]
    fn the_expansion_meets_the_search_where_it_takes_over() {
        for p in [0.75, 0.975, 0.999] {
            let z = statrs::distribution::Normal::standard().inverse_cdf(p);
            let difference = near_normal(z, 1999.0) - t_quantile(p, 1999.0);
            assert!(difference.abs() < 1e-10, "{p}: {difference}");
        }
    }
}
