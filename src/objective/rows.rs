//! The terms of rows: single values, means, limits, and means of the same donors.

use crate::problem::NoiseSetting;

use super::Objective;
use super::readings::Workspace;
use super::target::{Data, RowKind};
use super::terms::{self, Term};

/// A row's term with everything that the sums need.
pub(super) struct RowSums {
    pub(super) term: Term,
    pub(super) sigma: f64,
    /// ∂(transformed value)/∂value.
    pub(super) slope: f64,
    pub(super) sigma_depends: bool,
    pub(super) nu: f64,
}

impl Objective {
    pub(super) fn row_sums(&self, row: usize, data: &Data, ws: &Workspace) -> RowSums {
        let info = &self.rows[row];
        let f = ws.now.values[row];
        let m = data.value[row];
        let formula_sigma = self.bindings[row].noise.is_some();
        match info.kind {
            RowKind::Point => {
                let sigma = ws.now.sigmas[row];
                let (_, slope) = terms::transform(info.distribution, f);
                RowSums {
                    term: terms::point(info.distribution, m, f, sigma),
                    sigma,
                    slope,
                    sigma_depends: true,
                    nu: f64::INFINITY,
                }
            }
            RowKind::KnownError => {
                let sigma = data.sd[row];
                let (_, slope) = terms::transform(info.distribution, f);
                RowSums {
                    term: terms::point(info.distribution, m, f, sigma),
                    sigma,
                    slope,
                    sigma_depends: false,
                    nu: f64::INFINITY,
                }
            }
            RowKind::Limit { n, upper } => {
                let sigma = if data.sd[row].is_finite() {
                    data.sd[row]
                } else {
                    ws.now.sigmas[row]
                };
                let (tf, slope) = terms::transform(info.distribution, f);
                let (tl, _) = terms::transform(info.distribution, m);
                let mut term = terms::censored(tl, tf, sigma, f64::from(n), upper);
                if tf == f64::NEG_INFINITY {
                    // A value of 0 under logarithmic noise: certainly below the limit, or certainly not above it.
                    term = Term {
                        nllh: if upper { f64::INFINITY } else { 0.0 },
                        residual: f64::NAN,
                        ..Term::default()
                    };
                }
                let slope = if slope.is_finite() { slope } else { 0.0 };
                RowSums {
                    term,
                    sigma,
                    slope,
                    sigma_depends: formula_sigma && !data.sd[row].is_finite(),
                    nu: f64::INFINITY,
                }
            }
            RowKind::Mean { n } => {
                let nf = f64::from(n);
                let (tm, _) = terms::transform(info.distribution, m);
                let (tf, slope) = terms::transform(info.distribution, f);
                let (s, nu) = self.scatter(row, data);
                let se = s / nf.sqrt();
                let jacobian =
                    terms::log_base(info.distribution).map_or(0.0, |base| libm::log(m * base));
                let mut term = match terms::setting(info.noise, data.noise) {
                    NoiseSetting::ExactSummary => terms::exact_summary(tm, tf, s, nf),
                    _ => terms::point(crate::problem::NoiseDistribution::Normal, tm, tf, se),
                };
                term.nllh += jacobian;
                RowSums {
                    term,
                    sigma: se,
                    slope,
                    sigma_depends: false,
                    nu,
                }
            }
        }
    }

    /// Lets the means of the same donors answer together: their likelihood (shared out among the rows), slopes, whitened
    /// residuals, and per group the curvature between its rows.
    pub(super) fn join(&self, data: &Data, all: &mut [RowSums]) -> Vec<Vec<f64>> {
        let mut joint = Vec::with_capacity(self.donors.len());
        for group in &self.donors {
            let m = group.len();
            let residual: Vec<f64> = group.rows.iter().map(|r| all[*r].term.residual).collect();
            let error: Vec<f64> = group.rows.iter().map(|r| all[*r].sigma).collect();
            let whitened = group.whiten(&residual);
            let exact = group.rows.first().is_some_and(|r| {
                terms::setting(self.rows[*r].noise, data.noise) == NoiseSetting::ExactSummary
            });
            let n = f64::from(group.n);
            // Weights between rows: n(R⁻¹)_ij/(σ_i·σ_j), with σ profiled out or taken from the reported SD.
            let mut sigma: Vec<f64> = error.iter().map(|e| e * n.sqrt()).collect();
            let difference: Vec<f64> = residual.iter().zip(&error).map(|(r, e)| r * e).collect();
            let mut shares: Vec<f64> = (0..m)
                .map(|i| {
                    0.5 * (whitened[i] * whitened[i] - residual[i] * residual[i])
                        + libm::log(group.factor(i, i))
                })
                .collect();
            if exact {
                let (nllh, profiled) = group.exact(&sigma, &difference);
                for (i, share) in shares.iter_mut().enumerate() {
                    let alone = terms::exact_summary(difference[i], 0.0, sigma[i], n).nllh;
                    *share = nllh / m as f64 - alone;
                }
                sigma = profiled;
            }
            let curvature: Vec<f64> = (0..m * m)
                .map(|k| {
                    let (i, j) = (k / m, k % m);
                    n * group.precision(i, j) / (sigma[i] * sigma[j])
                })
                .collect();
            for (i, row) in group.rows.iter().enumerate() {
                let term = &mut all[*row].term;
                term.nllh += shares[i];
                term.by_value = -(0..m)
                    .map(|j| curvature[i * m + j] * difference[j])
                    .sum::<f64>();
                term.curvature = curvature[i * m + i];
                term.residual = whitened[i];
            }
            joint.push(curvature);
        }
        joint
    }

    /// SD of the replicates of a mean under its noise setting, and the degrees of freedom of that SD.
    pub(super) fn scatter(&self, row: usize, data: &Data) -> (f64, f64) {
        let info = &self.rows[row];
        let RowKind::Mean { n } = info.kind else {
            return (data.sd[row], f64::INFINITY);
        };
        let setting = terms::setting(info.noise, data.noise);
        let relative = match setting {
            NoiseSetting::KnownSd | NoiseSetting::ExactSummary => {
                return (data.sd[row], f64::from(n) - 1.0);
            }
            NoiseSetting::PooledSd => false,
            NoiseSetting::PooledCv => true,
        };
        let (mut sum, mut nu) = (0.0, 0.0);
        for (k, other) in self.rows.iter().enumerate() {
            if let RowKind::Mean { n } = other.kind
                && other.group == info.group
            {
                let weight = f64::from(n) - 1.0;
                let s = if relative {
                    data.sd[k] / data.value[k]
                } else {
                    data.sd[k]
                };
                sum += weight * s * s;
                nu += weight;
            }
        }
        let pooled = (sum / nu).sqrt();
        (
            if relative {
                pooled * data.value[row].abs()
            } else {
                pooled
            },
            nu,
        )
    }
}
