//! What correlated means do to the inflation of a variance, its degrees of freedom, and the misfit.

use super::terms::{Block, Term};
use super::{Covariance, dot};

impl Covariance {
    /// What correlated means add to the inflation of a variance and to the denominator of Satterthwaite's degrees of
    /// freedom, for `cc = C·c`.
    ///
    /// With y = X̃Cc in units of the standard errors and α = R⁻¹y, the variance depends on ln s_i² through α_i·y_i, so that
    /// `ν = V²/Σ_ij W_ij α_i y_i α_j y_j`, W = ½Cov(ln s_i², ln s_j²); and with `z_i = R⁻¹e_i y_i + e_i α_i`, the slopes of Σ⁻¹,
    /// `V^KR = V + Σ_ij W_ij z_i'(R − X̃CX̃')z_j` (Kenward & Roger). With ρ = 0 both are those of independent means.
    pub(super) fn correlated(&self, block: &Block, cc: &[f64]) -> (f64, f64) {
        let m = block.terms.len();
        let list: Vec<&Term> = block
            .terms
            .iter()
            .filter_map(|k| self.terms.get(*k))
            .collect();
        let white: Vec<f64> = list
            .iter()
            .map(|t| t.weight.sqrt() * dot(&t.gradient, cc))
            .collect();
        let y = block.donors.colour(&white);
        let alpha = block.donors.whiten_transposed(&white);
        // Lᵀz_i, and X̃'z_i.
        let q: Vec<Vec<f64>> = (0..m)
            .map(|i| {
                let mut z: Vec<f64> = (0..m)
                    .map(|k| block.donors.precision(k, i) * y[i])
                    .collect();
                z[i] += alpha[i];
                block.donors.colour_transposed(&z)
            })
            .collect();
        let pulled: Vec<Vec<f64>> = q
            .iter()
            .map(|q| {
                let mut sum = vec![0.0; self.n];
                for (x, t) in q.iter().zip(&list) {
                    for (s, g) in sum.iter_mut().zip(&t.gradient) {
                        *s += x * t.weight.sqrt() * g;
                    }
                }
                sum
            })
            .collect();
        let (mut inflation, mut spread) = (0.0, 0.0);
        for i in 0..m {
            let moved = self.times(&pulled[i]);
            for j in 0..m {
                let w = block.spread[i * m + j];
                inflation += w * (dot(&q[i], &q[j]) - dot(&pulled[j], &moved));
                spread += w * alpha[i] * y[i] * alpha[j] * y[j];
            }
        }
        (inflation.max(0.0), spread)
    }

    /// `½Σ_ij W_ij [tr(G_iN)·tr(G_jN) + tr(G_iN·G_jN)]` of correlated means, `G_i = ½(L⁻¹e_i e_i'L + L'e_i e_i'L⁻ᵀ)` the slope
    /// of the whitened square with respect to ln s_i², N = I − H among the whitened rows.
    pub(super) fn correlated_misfit(&self, block: &Block) -> f64 {
        let m = block.terms.len();
        let list: Vec<&Term> = block
            .terms
            .iter()
            .filter_map(|k| self.terms.get(*k))
            .collect();
        let hat = |i: usize, k: usize| {
            (list[i].weight * list[k].weight).sqrt()
                * dot(&list[i].gradient, &self.times(&list[k].gradient))
        };
        let unit =
            |i: usize| -> Vec<f64> { (0..m).map(|k| if k == i { 1.0 } else { 0.0 }).collect() };
        let rest: Vec<f64> = (0..m * m)
            .map(|k| if k / m == k % m { 1.0 } else { 0.0 } - hat(k / m, k % m))
            .collect();
        // G_i·N, row-major.
        let products: Vec<Vec<f64>> = (0..m)
            .map(|i| {
                let a = block.donors.whiten(&unit(i));
                let b = block.donors.colour_transposed(&unit(i));
                (0..m * m)
                    .map(|k| {
                        let (row, column) = (k / m, k % m);
                        (0..m)
                            .map(|l| 0.5 * (a[row] * b[l] + b[row] * a[l]) * rest[l * m + column])
                            .sum()
                    })
                    .collect()
            })
            .collect();
        let trace = |p: &[f64]| -> f64 { (0..m).map(|i| p[i * m + i]).sum() };
        let mut sum = 0.0;
        for i in 0..m {
            for j in 0..m {
                let both: f64 = (0..m * m)
                    .map(|k| products[i][k] * products[j][(k % m) * m + k / m])
                    .sum();
                sum += 0.5
                    * block.spread[i * m + j]
                    * (trace(&products[i]) * trace(&products[j]) + both);
            }
        }
        sum
    }
}
