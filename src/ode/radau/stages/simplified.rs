//! The stages by simplified Newton iteration: one Jacobian, and the stages taken apart by the eigenvalues of A⁻¹.

use super::super::super::linear::{Complex, SHIFTS};
use super::super::super::{LANES, Ode, Work};
use super::super::tableau::Tableau;
use super::super::{MAX_NEWTON, MAX_STAGES, NEWTON_TOLERANCE, SLOWEST};
use super::Stages;

/// The first correction is trusted to converge no faster than this, however fast the last step was.
const FASTEST_FORESEEN: f64 = 0.2;

impl Stages {
    /// Simplified Newton iteration from the present increments with the factors of `shifted`: the eigenvalues of `A⁻¹` take
    /// the stages apart (Hairer & Wanner 1996, section IV.8). Whether it converged; if not, the increments are as before.
    #[allow(clippy::too_many_arguments)]
    #[inline(always)]
    pub(super) fn simplified<O: Ode>(
        &mut self,
        ode: &mut O,
        tableau: &Tableau,
        t: f64,
        h: f64,
        atol: &[f64],
        rtol: f64,
        work: &mut Work,
    ) -> bool {
        let (n, stages) = (self.start.len(), tableau.stages());
        let last = stages - 1;
        // A⁻¹/h and T by columns, rows beyond the stages repeat the last.
        let mut times = [0.0; LANES];
        let mut inverse = [[0.0; LANES]; MAX_STAGES];
        let mut right = [[[0.0; LANES]; 2]; SHIFTS];
        for k in 0..LANES {
            let of = k.min(last);
            times[k] = t + tableau.nodes[of] * h;
            for (l, column) in inverse.iter_mut().enumerate().take(stages) {
                column[k] = tableau.inverse[of * stages + l] / h;
            }
            for (p, column) in right.iter_mut().enumerate() {
                column[0][k] = tableau.right[of][0][p];
                column[1][k] = tableau.right[of][1][p];
            }
        }
        for ((weight, atol), start) in self.weights.iter_mut().zip(atol).zip(&self.start) {
            *weight = 1.0 / (atol + rtol * start.abs());
        }
        for (i, lanes) in self.lanes.iter_mut().enumerate() {
            for (k, lane) in lanes.iter_mut().enumerate() {
                *lane = self.z[k.min(last) * n + i];
            }
        }
        let enough = NEWTON_TOLERANCE.max(10.0 * f64::EPSILON / rtol.max(f64::EPSILON));
        let mut before = f64::INFINITY;
        let mut converged = false;
        for round in 0..MAX_NEWTON {
            for (y, (start, z)) in self
                .lanes_y
                .iter_mut()
                .zip(self.start.iter().zip(&self.lanes))
            {
                for k in 0..LANES {
                    y[k] = start + z[k];
                }
            }
            ode.rhs_at_points(stages, &times, &self.lanes_y, &mut self.lanes_f);
            work.rhs += stages as u64;
            for (w, (z, f)) in self
                .transformed
                .iter_mut()
                .zip(self.lanes.iter().zip(&self.lanes_f))
            {
                let mut residual = *f;
                for (column, z) in inverse.iter().zip(z).take(stages) {
                    for k in 0..LANES {
                        residual[k] -= column[k] * z;
                    }
                }
                *w = Complex::default();
                for (left, r) in tableau.left.iter().zip(&residual) {
                    for p in 0..SHIFTS {
                        w[0][p] += left[0][p] * r;
                        w[1][p] += left[1][p] * r;
                    }
                }
            }
            self.shifted.solve(&mut self.transformed);
            work.solves += 1;
            let mut sums = [0.0; LANES];
            for ((z, w), weight) in self
                .lanes
                .iter_mut()
                .zip(&self.transformed)
                .zip(&self.weights)
            {
                let mut d = [0.0; LANES];
                for (p, column) in right.iter().enumerate() {
                    for k in 0..LANES {
                        d[k] += column[0][k] * w[0][p] - column[1][k] * w[1][p];
                    }
                }
                for k in 0..LANES {
                    z[k] += d[k];
                    let scaled = d[k] * weight;
                    sums[k] += scaled * scaled;
                }
            }
            let sum: f64 = sums.iter().take(stages).sum();
            let moved = (sum / (n * stages) as f64).sqrt();
            if !moved.is_finite() {
                return false;
            }
            let rate = if round == 0 {
                self.rate.max(FASTEST_FORESEEN)
            } else {
                moved / before
            };
            if round > 0 && rate >= SLOWEST {
                // At the level of rounding corrections no longer shrink.
                converged = moved <= enough && rate < 2.0;
                break;
            }
            self.rate = rate;
            let left = rate / (1.0 - rate).max(f64::EPSILON) * moved;
            if left <= enough {
                converged = true;
                break;
            }
            // What will be left when the last round is done.
            let mut foreseen = left;
            for _ in round + 1..MAX_NEWTON {
                foreseen *= rate;
            }
            if round > 0 && foreseen > enough {
                break;
            }
            before = moved;
        }
        if converged {
            for i in 0..n {
                for k in 0..stages {
                    self.z[k * n + i] = self.lanes[i][k];
                }
            }
        } else {
            self.rate = 1.0;
        }
        converged
    }
}
