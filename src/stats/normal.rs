//! The normal distribution far into its tails.

/// Below this z the continued fraction of the Mills ratio is used: `erfc` begins to lose digits relative to itself.
const TAIL: f64 = -5.0;
/// ln √(2π).
const LN_SQRT_2PI: f64 = 0.918_938_533_204_672_8;
/// Terms of the continued fraction: exact to double precision from |z| = 5 on.
const FRACTION_TERMS: u32 = 60;

/// Φ(z).
pub fn normal_cdf(z: f64) -> f64 {
    0.5 * libm::erfc(-z * std::f64::consts::FRAC_1_SQRT_2)
}

/// ln Φ(z) and the inverse Mills ratio φ(z)/Φ(z), its derivative; accurate for z down to −1e150.
///
/// # References
/// Abramowitz & Stegun 26.2.14 (continued fraction of the upper tail).
pub fn log_normal_cdf(z: f64) -> (f64, f64) {
    if z.is_nan() {
        return (f64::NAN, f64::NAN);
    }
    if z > TAIL {
        let cdf = normal_cdf(z);
        let density = libm::exp(-0.5 * z * z - LN_SQRT_2PI);
        let log = if z > 0.0 {
            libm::log1p(-normal_cdf(-z))
        } else {
            libm::log(cdf)
        };
        return (log, density / cdf);
    }
    // Φ(−x) = φ(x)/(x + 1/(x + 2/(x + 3/(x + …)))).
    let x = -z;
    let mut tail = 0.0;
    for k in (1..=FRACTION_TERMS).rev() {
        tail = f64::from(k) / (x + tail);
    }
    let mills = x + tail;
    (-0.5 * z * z - LN_SQRT_2PI - libm::log(mills), mills)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tails_agree_with_forty_digits() {
        // ln(erfc(−z/√2)/2) with 40 digits, mpmath 1.3.0.
        for (z, expected) in [
            (0.0, -std::f64::consts::LN_2),
            (2.0, -0.023_012_909_328_963_488),
            (-2.0, -3.783_184_333_682_032),
            (-5.0, -15.064_998_393_988_727),
            (-10.0, -53.231_285_150_512_47),
            (-40.0, -804.608_442_013_753_8),
        ] {
            let (log, mills) = log_normal_cdf(z);
            assert!(
                (log - expected).abs() <= 1e-11 * (1.0 + expected.abs()),
                "{z}: {log}"
            );
            let h = 1e-5;
            let slope = (log_normal_cdf(z + h).0 - log_normal_cdf(z - h).0) / (2.0 * h);
            assert!(
                (mills - slope).abs() < 1e-5 * mills.abs().max(1.0),
                "{z}: {mills} {slope}"
            );
        }
    }
}
