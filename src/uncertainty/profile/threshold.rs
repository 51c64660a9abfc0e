//! The rise of twice the objective at which an interval ends.

use crate::objective::terms::setting;
use crate::objective::{Data, RowInfo, RowKind};
use crate::problem::NoiseSetting;
use crate::stats::t_quantile;

use super::super::covariance::Scatter;

/// What a threshold is made from.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Basis {
    /// Satterthwaite's degrees of freedom.
    pub nu: f64,
    /// Inflation of the variance (Kenward & Roger).
    pub inflation: f64,
    /// The likelihood is that of exact summaries: Student's, not normal.
    pub exact: bool,
}

impl Basis {
    /// From the variance of the quantity. Where nothing determines it at the fit, the fewest degrees of freedom of any
    /// mean are taken: its ends are then further out, never nearer.
    pub fn new(scatter: Option<Scatter>, rows: &[RowInfo], data: &Data) -> Self {
        let (nu, inflation) = match scatter {
            Some(s) => (s.nu, s.inflation()),
            None => (fewest(rows), 1.0),
        };
        Self {
            nu,
            inflation,
            exact: is_exact(rows, data),
        }
    }

    /// The threshold for small samples with tail probability `1 − p` above: `t²_{ν,p}·KR`, or for exact summaries
    /// `(ν + 1)·ln(1 + t²_{ν,p}·KR/ν)`.
    pub fn small_sample(&self, p: f64) -> f64 {
        let t = t_quantile(p, self.nu);
        let square = t * t * self.inflation;
        if self.exact && self.nu.is_finite() {
            (self.nu + 1.0) * libm::log1p(square / self.nu)
        } else {
            square
        }
    }
}

/// The χ²₁ threshold with tail probability `1 − p` above the square root: `z²_p`.
pub fn chi2(p: f64) -> f64 {
    let z = t_quantile(p, f64::INFINITY);
    z * z
}

/// Tail level of one side for a two-sided `level`, made stricter for `items` at once (Bonferroni).
pub fn two_sided(level: f64, items: usize) -> f64 {
    1.0 - 0.5 * (1.0 - level) / items.max(1) as f64
}

fn fewest(rows: &[RowInfo]) -> f64 {
    rows.iter()
        .filter_map(|r| match r.kind {
            RowKind::Mean { n } => Some(f64::from(n.saturating_sub(1).max(1))),
            _ => None,
        })
        .fold(f64::INFINITY, f64::min)
}

/// Whether most means enter by their exact summary.
pub fn is_exact(rows: &[RowInfo], data: &Data) -> bool {
    let (mut exact, mut all) = (0, 0);
    for r in rows {
        if matches!(r.kind, RowKind::Mean { .. }) {
            all += 1;
            if setting(r.noise, data.noise) == NoiseSetting::ExactSummary {
                exact += 1;
            }
        }
    }
    2 * exact > all
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(a: f64, b: f64) {
        assert!((a - b).abs() < 1e-6 * b.abs().max(1.0), "{a} {b}");
    }

    #[test]
    fn known_variances_give_chi_square_whatever_the_likelihood() {
        for exact in [false, true] {
            let basis = Basis {
                nu: f64::INFINITY,
                inflation: 1.0,
                exact,
            };
            close(basis.small_sample(0.975), 3.841_458_820_694_124);
            close(basis.small_sample(0.95), 2.705_543_454_095_404);
        }
        close(chi2(two_sided(0.95, 1)), 3.841_458_820_694_124);
        // Nine parameters at once: the χ²₁ point at 1 − 0.05/9 (scipy 1.17.1, chi2.ppf).
        close(chi2(two_sided(0.95, 9)), 7.689_092_506_094_181);
    }

    #[test]
    fn one_mean_of_five_with_an_exact_summary_ends_at_5_370() {
        let basis = Basis {
            nu: 4.0,
            inflation: 1.0,
            exact: true,
        };
        // n·ln(1 + t²₄/4), t = 2.776445105.
        let t: f64 = 2.776_445_105_197_793;
        close(basis.small_sample(0.975), 5.0 * (1.0 + t * t / 4.0).ln());
        assert!((basis.small_sample(0.975) - 5.370).abs() < 5e-4);
    }
}
