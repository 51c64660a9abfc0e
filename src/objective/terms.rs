//! Terms of the objective: noise models of single rows.

use crate::problem::{NoiseDistribution, NoiseSetting};

pub use crate::problem::log_base;

/// ln √(2π).
const LN_SQRT_2PI: f64 = 0.918_938_533_204_672_8;

/// A row's −log likelihood with its derivatives with respect to the simulated value on the scale of the noise, and to ln σ.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Term {
    /// −log likelihood, constants included.
    pub nllh: f64,
    /// Normalised residual, NaN if there is none.
    pub residual: f64,
    /// d nllh / d value.
    pub by_value: f64,
    /// d nllh / d ln σ.
    pub by_log_sigma: f64,
    /// Curvature with respect to the value, not negative.
    pub curvature: f64,
    /// Expected curvature with respect to ln σ.
    pub curvature_log_sigma: f64,
}

impl Term {
    /// Counts the row `weight` times; its residual stays that of one row.
    pub fn weigh(&mut self, weight: f64) {
        self.nllh *= weight;
        self.by_value *= weight;
        self.by_log_sigma *= weight;
        self.curvature *= weight;
        self.curvature_log_sigma *= weight;
    }
}

/// Value on the scale of the noise and its slope there.
pub fn transform(distribution: NoiseDistribution, value: f64) -> (f64, f64) {
    match log_base(distribution) {
        None => (value, 1.0),
        Some(base) => (libm::log(value) / base, 1.0 / (value * base)),
    }
}

/// Value on the linear scale from the value on the scale of the noise.
pub fn restore(distribution: NoiseDistribution, value: f64) -> f64 {
    match log_base(distribution) {
        None => value,
        Some(base) => libm::exp(value * base),
    }
}

/// Whether the noise is Laplace, on whatever scale.
pub fn is_laplace(distribution: NoiseDistribution) -> bool {
    matches!(
        distribution,
        NoiseDistribution::Laplace
            | NoiseDistribution::LogLaplace
            | NoiseDistribution::Log10Laplace
    )
}

/// A single measurement `m` (linear scale) with simulated value `f` (linear scale) and σ (scale of the noise).
///
/// Normal: `ln(σ√2π) + r²/2`, Laplace: `ln 2σ + |r|`, r = (T(m) − T(f))/σ; logarithmic noise adds ln(m·ln base), the
/// Jacobian of the transformation (PEtab v1, v2, "noise distributions").
pub fn point(distribution: NoiseDistribution, m: f64, f: f64, sigma: f64) -> Term {
    let (tm, _) = transform(distribution, m);
    let (tf, _) = transform(distribution, f);
    let jacobian = log_base(distribution).map_or(0.0, |base| libm::log(m * base));
    let r = (tm - tf) / sigma;
    if is_laplace(distribution) {
        let sign = if r > 0.0 {
            1.0
        } else if r < 0.0 {
            -1.0
        } else {
            0.0
        };
        return Term {
            nllh: libm::log(2.0 * sigma) + r.abs() + jacobian,
            residual: r,
            by_value: -sign / sigma,
            by_log_sigma: 1.0 - r.abs(),
            curvature: 1.0 / (sigma * sigma),
            curvature_log_sigma: 1.0,
        };
    }
    Term {
        nllh: LN_SQRT_2PI + libm::log(sigma) + 0.5 * r * r + jacobian,
        residual: r,
        by_value: -r / sigma,
        by_log_sigma: 1.0 - r * r,
        curvature: 1.0 / (sigma * sigma),
        curvature_log_sigma: 2.0,
    }
}

/// A mean with SD `s` (divisor n − 1) of `n` replicates, σ of the arm profiled out:
/// `n/2·(ln 2πσ̂² + 1)`, `σ̂² = [(n−1)s² + n(m−f)²]/n`; all on the scale of the noise.
///
/// The residual for χ² stays (m − f)/(s/√n); the curvature is the weight of iteratively reweighted least squares, which
/// is positive where the likelihood redescends.
pub fn exact_summary(m: f64, f: f64, s: f64, n: f64) -> Term {
    let difference = m - f;
    let variance = ((n - 1.0) * s * s + n * difference * difference) / n;
    Term {
        nllh: 0.5 * n * (2.0 * LN_SQRT_2PI + libm::log(variance) + 1.0),
        residual: difference / (s / n.sqrt()),
        by_value: -n * difference / variance,
        by_log_sigma: 0.0,
        curvature: n / variance,
        curvature_log_sigma: 0.0,
    }
}

/// n values at or below (`upper`: at or above) the limit, σ of a replicate: `−n·ln Φ(±(L − f)/σ)`.
///
/// # References
/// Beal (2001) J. Pharmacokinet. Pharmacodyn. 28:481 (method M3).
pub fn censored(limit: f64, f: f64, sigma: f64, n: f64, upper: bool) -> Term {
    let sign = if upper { -1.0 } else { 1.0 };
    let z = sign * (limit - f) / sigma;
    let (log_cdf, mills) = crate::stats::log_normal_cdf(z);
    // d(−ln Φ)/dz = −λ, d²/dz² = λ(λ + z) ≥ 0 with λ = φ/Φ.
    let curvature = mills * (mills + z);
    Term {
        nllh: -n * log_cdf,
        residual: f64::NAN,
        by_value: n * mills * sign / sigma,
        by_log_sigma: n * mills * z,
        curvature: n * curvature.max(0.0) / (sigma * sigma),
        curvature_log_sigma: n * (curvature * z * z).max(0.0),
    }
}

/// Scatter of a reported row on the scale of the noise.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Scatter {
    /// SD of the replicates, or the known standard error where there is no n.
    pub sd: f64,
    /// Value used instead of the reported one (median of log-normal noise from an arithmetic mean).
    pub value: f64,
    /// The SD is a known standard error of the value.
    pub known_error: bool,
}

/// Which noise setting holds for a row.
pub fn setting(row: NoiseSetting, all: Option<NoiseSetting>) -> NoiseSetting {
    all.unwrap_or(row)
}
