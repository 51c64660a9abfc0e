//! Means of one observable in several arms whose replicates come from the same donors: correlated between arms.
//!
//! With the correlation ρ of a donor's values in two arms, the means of n donors have the covariance `ρ·se_i·se_j`, so that
//! their part of the likelihood is that of a normal vector with the correlation matrix R (1 on the diagonal, ρ beside it).
//! ρ is declared, never estimated: a paper that reports means and SDs says nothing about it.

/// Rounds of the search for the profiled standard deviations; damped Newton steps take about ten.
const MAX_ROUNDS: usize = 100;
/// Decrement of the objective of that search at which it ends.
const SETTLED: f64 = 1e-20;

/// A group of correlated means: their rows, and the correlation matrix with its factors.
#[derive(Debug, Clone, PartialEq)]
pub struct Donors {
    /// Rows, in order.
    pub rows: Vec<usize>,
    /// Replicates of each mean.
    pub n: u32,
    /// Correlation of a donor's values between two arms.
    pub correlation: f64,
    /// Lower Cholesky factor of R, row-major.
    lower: Vec<f64>,
    /// R⁻¹, row-major.
    inverse: Vec<f64>,
}

impl Donors {
    /// A group of at least two rows of `n` replicates; `None` unless R is positive definite (0 ≤ ρ < 1).
    pub fn new(rows: Vec<usize>, n: u32, correlation: f64) -> Option<Self> {
        let m = rows.len();
        if m < 2 || !(0.0..1.0).contains(&correlation) {
            return None;
        }
        let r = |i: usize, j: usize| if i == j { 1.0 } else { correlation };
        let lower = cholesky(m, r)?;
        // (1−ρ)I + ρJ has the inverse [I − ρJ/(1 + (m−1)ρ)]/(1−ρ).
        let off = correlation / (1.0 + (m as f64 - 1.0) * correlation);
        let inverse = (0..m * m)
            .map(|k| {
                let one = if k / m == k % m { 1.0 } else { 0.0 };
                (one - off) / (1.0 - correlation)
            })
            .collect();
        Some(Self {
            rows,
            n,
            correlation,
            lower,
            inverse,
        })
    }
    /// Number of rows.
    pub fn len(&self) -> usize {
        self.rows.len()
    }
    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }
    /// Entry of R.
    pub fn correlation_of(&self, i: usize, j: usize) -> f64 {
        if i == j { 1.0 } else { self.correlation }
    }
    /// Entry of R⁻¹.
    pub fn precision(&self, i: usize, j: usize) -> f64 {
        self.inverse.get(i * self.len() + j).copied().unwrap_or(0.0)
    }
    /// Entry of the lower Cholesky factor L of R.
    pub fn factor(&self, i: usize, j: usize) -> f64 {
        self.lower.get(i * self.len() + j).copied().unwrap_or(0.0)
    }
    /// ln det R.
    pub fn log_det(&self) -> f64 {
        (0..self.len())
            .map(|i| 2.0 * libm::log(self.factor(i, i)))
            .sum()
    }
    /// `L⁻¹·v`: normalised residuals made independent.
    pub fn whiten(&self, v: &[f64]) -> Vec<f64> {
        let mut out: Vec<f64> = Vec::with_capacity(v.len());
        for (i, x) in v.iter().enumerate() {
            let sum: f64 = out
                .iter()
                .enumerate()
                .map(|(k, y)| self.factor(i, k) * y)
                .sum();
            out.push((x - sum) / self.factor(i, i));
        }
        out
    }
    /// `L·v`: independent numbers given the correlation.
    pub fn colour(&self, v: &[f64]) -> Vec<f64> {
        (0..v.len())
            .map(|i| {
                v.iter()
                    .take(i + 1)
                    .enumerate()
                    .map(|(k, x)| self.factor(i, k) * x)
                    .sum()
            })
            .collect()
    }
    /// `L⁻ᵀ·v`.
    pub fn whiten_transposed(&self, v: &[f64]) -> Vec<f64> {
        let m = v.len();
        let mut out = vec![0.0; m];
        for i in (0..m).rev() {
            let sum: f64 = (i + 1..m).map(|k| self.factor(k, i) * out[k]).sum();
            out[i] = (v[i] - sum) / self.factor(i, i);
        }
        out
    }
    /// `Lᵀ·v`.
    pub fn colour_transposed(&self, v: &[f64]) -> Vec<f64> {
        let m = v.len();
        (0..m)
            .map(|i| (i..m).map(|k| self.factor(k, i) * v[k]).sum())
            .collect()
    }

    /// The sums of squares that the variances answer for, per row: `Σ_j (R⁻¹)_ij [(n−1)·R_ij·s_i·s_j + n·d_i·d_j]` with
    /// differences d of mean and model. The correlation of the replicates within the sample, which is not reported, is
    /// taken to be ρ.
    pub fn squares(&self, s: &[f64], d: &[f64]) -> Vec<f64> {
        (0..s.len())
            .map(|i| (0..s.len()).map(|j| self.pair(s, d, i, j)).sum())
            .collect()
    }

    fn pair(&self, s: &[f64], d: &[f64], i: usize, j: usize) -> f64 {
        let n = f64::from(self.n);
        self.precision(i, j)
            * ((n - 1.0) * self.correlation_of(i, j) * s[i] * s[j] + n * d[i] * d[j])
    }

    /// The exact summary of correlated means: `−log likelihood` of n donors with the standard deviations profiled out, and
    /// those standard deviations.
    ///
    /// `−2 log L = n·ln det R + n·m·ln 2π − 2n·Σ ln t_i + t'Kt` in `t = 1/σ`, `K_ij = (R⁻¹)_ij [(n−1)R_ij s_i s_j + n d_i d_j]`:
    /// convex in t, so that the minimum is the only one. With ρ = 0 it is the sum of the single rows' exact summaries.
    pub fn exact(&self, s: &[f64], d: &[f64]) -> (f64, Vec<f64>) {
        let m = s.len();
        let n = f64::from(self.n);
        let k = |i: usize, j: usize| self.pair(s, d, i, j);
        let mut t: Vec<f64> = (0..m).map(|i| (n / k(i, i)).sqrt()).collect();
        let value = |t: &[f64]| -> f64 {
            let mut sum = 0.0;
            for i in 0..m {
                for j in 0..m {
                    sum += k(i, j) * t[i] * t[j];
                }
                sum -= 2.0 * n * libm::log(t[i]);
            }
            sum
        };
        let mut now = value(&t);
        for _ in 0..MAX_ROUNDS {
            let gradient: Vec<f64> = (0..m)
                .map(|i| 2.0 * (0..m).map(|j| k(i, j) * t[j]).sum::<f64>() - 2.0 * n / t[i])
                .collect();
            let hessian = |i: usize, j: usize| {
                2.0 * k(i, j) + if i == j { 2.0 * n / (t[i] * t[i]) } else { 0.0 }
            };
            let Some(step) = solve(m, hessian, &gradient) else {
                break;
            };
            let decrement: f64 = gradient.iter().zip(&step).map(|(g, x)| g * x).sum();
            if decrement.is_nan() || decrement <= SETTLED * (1.0 + now.abs()) {
                break;
            }
            let mut length = 1.0;
            let mut moved = false;
            // Halving at most to the last bit of a double.
            for _ in 0..f64::MANTISSA_DIGITS {
                let next: Vec<f64> = t.iter().zip(&step).map(|(t, x)| t - length * x).collect();
                if next.iter().all(|t| *t > 0.0) {
                    let then = value(&next);
                    if then < now {
                        (t, now, moved) = (next, then, true);
                        break;
                    }
                }
                length *= 0.5;
            }
            if !moved {
                break;
            }
        }
        let two_log =
            n * self.log_det() + n * m as f64 * libm::log(2.0 * std::f64::consts::PI) + now;
        (0.5 * two_log, t.iter().map(|t| 1.0 / t).collect())
    }
}

/// Lower Cholesky factor, row-major; `None` unless positive definite.
fn cholesky(m: usize, a: impl Fn(usize, usize) -> f64) -> Option<Vec<f64>> {
    let mut l = vec![0.0; m * m];
    for i in 0..m {
        for j in 0..=i {
            let sum: f64 = (0..j).map(|k| l[i * m + k] * l[j * m + k]).sum();
            let rest = a(i, j) - sum;
            if i == j {
                if rest.is_nan() || rest <= 0.0 {
                    return None;
                }
                l[i * m + i] = rest.sqrt();
            } else {
                l[i * m + j] = rest / l[j * m + j];
            }
        }
    }
    Some(l)
}

/// Solution of a positive definite system.
fn solve(m: usize, a: impl Fn(usize, usize) -> f64, b: &[f64]) -> Option<Vec<f64>> {
    let l = cholesky(m, a)?;
    let mut x = b.to_vec();
    for i in 0..m {
        let sum: f64 = (0..i).map(|k| l[i * m + k] * x[k]).sum();
        x[i] = (x[i] - sum) / l[i * m + i];
    }
    for i in (0..m).rev() {
        let sum: f64 = (i + 1..m).map(|k| l[k * m + i] * x[k]).sum();
        x[i] = (x[i] - sum) / l[i * m + i];
    }
    Some(x)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::objective::terms;

    fn close(a: f64, b: f64, tol: f64) {
        assert!((a - b).abs() <= tol * (1.0 + b.abs()), "{a} against {b}");
    }

    #[test]
    fn the_factors_belong_to_the_matrix() {
        let d = Donors::new(vec![0, 1, 2, 3], 5, 0.6).unwrap();
        let v = [1.0, -2.0, 0.5, 3.0];
        for (a, b) in d.colour(&d.whiten(&v)).iter().zip(v) {
            close(*a, b, 1e-14);
        }
        for (a, b) in d.colour_transposed(&d.whiten_transposed(&v)).iter().zip(v) {
            close(*a, b, 1e-14);
        }
        // r'R⁻¹r both ways, and det R = (1−ρ)^(m−1)(1+(m−1)ρ).
        let direct: f64 = (0..4)
            .flat_map(|i| (0..4).map(move |j| (i, j)))
            .map(|(i, j)| v[i] * d.precision(i, j) * v[j])
            .sum();
        close(d.whiten(&v).iter().map(|x| x * x).sum(), direct, 1e-13);
        close(d.log_det(), f64::ln(0.4_f64.powi(3) * 2.8), 1e-13);
    }

    #[test]
    fn without_correlation_the_exact_summary_is_that_of_single_rows() {
        let d = Donors::new(vec![0, 1], 5, 0.0).unwrap();
        let (nllh, sigma) = d.exact(&[0.7, 2.0], &[0.3, -1.5]);
        let one = terms::exact_summary(0.3, 0.0, 0.7, 5.0).nllh;
        let two = terms::exact_summary(-1.5, 0.0, 2.0, 5.0).nllh;
        close(nllh, one + two, 1e-13);
        close(
            sigma[0],
            ((4.0 * 0.49 + 5.0 * 0.09) / 5.0_f64).sqrt(),
            1e-10,
        );
    }

    #[test]
    fn where_the_model_meets_the_means_the_standard_deviations_are_the_samples() {
        // d = 0: tr(Σ⁻¹A) with A of the reported SDs and correlation ρ, so that σ_i² = (n−1)s_i²/n.
        let d = Donors::new(vec![0, 1, 2], 6, 0.5).unwrap();
        let s = [1.0, 3.0, 0.2];
        let (_, sigma) = d.exact(&s, &[0.0; 3]);
        for (a, b) in sigma.iter().zip(s) {
            close(*a, b * (5.0_f64 / 6.0).sqrt(), 1e-9);
        }
    }

    #[test]
    fn groups_that_are_no_groups_are_none() {
        assert!(Donors::new(vec![0], 5, 0.5).is_none());
        assert!(Donors::new(vec![0, 1], 5, 1.0).is_none());
        assert!(Donors::new(vec![0, 1], 5, -0.1).is_none());
    }
}
