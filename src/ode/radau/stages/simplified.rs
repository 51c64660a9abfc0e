//! The stages by simplified Newton iteration: one Jacobian, and the stages taken apart by the eigenvalues of A⁻¹.

use super::super::super::linear::{Complex, SHIFTS, subtract_product};
use super::super::super::{LANES, Ode, Work};
use super::super::tableau::Tableau;
use super::super::{MAX_NEWTON, NEWTON_TOLERANCE, SLOWEST};
use super::Stages;

/// The first correction is trusted to converge no faster than this, however fast the last step was.
const FASTEST_FORESEEN: f64 = 0.2;

/// Relative tolerance below which what is left of the stage equations is formed before the stages are taken apart. Formed
/// from stages taken apart it costs less and carries the rounding of T⁻¹ and T, which for seven stages enlarge an error by up to
/// two hundred: 1e-14 of a state.
const TIGHT: f64 = 1e-9;

/// `f − (A⁻¹/h)·z` of the stages of one state.
#[inline(always)]
fn residual<const S: usize>(
    tableau: &Tableau,
    h: f64,
    f: &[f64; LANES],
    z: &[f64; LANES],
) -> [f64; LANES] {
    let mut out = *f;
    for (out, row) in out.iter_mut().zip(tableau.inverse.chunks_exact(S)) {
        let sum: f64 = row.iter().zip(z).map(|(a, z)| a * z).sum();
        *out -= sum / h;
    }
    out
}

/// `T⁻¹·r` of the stages of one state.
#[inline(always)]
fn take_apart<const S: usize>(left: &[Complex], r: &[f64; LANES]) -> Complex {
    let (mut re, mut im) = ([0.0; SHIFTS], [0.0; SHIFTS]);
    for (left, r) in left.iter().zip(r).take(S) {
        for p in 0..SHIFTS {
            re[p] += left[0][p] * r;
        }
        for p in 0..SHIFTS {
            im[p] += left[1][p] * r;
        }
    }
    [re, im]
}

/// The stages of one state from what [`take_apart`] gives.
#[inline(always)]
fn put_together<const S: usize>(right: &[[[f64; LANES]; 2]; SHIFTS], w: &Complex) -> [f64; LANES] {
    // The first eigenvalue is real.
    let mut d = right[0][0].map(|real| real * w[0][0]);
    for (p, [re, im]) in right.iter().enumerate().take(S.div_ceil(2)).skip(1) {
        for k in 0..LANES {
            d[k] += re[k] * w[0][p] - im[k] * w[1][p];
        }
    }
    d
}

impl Stages {
    /// Simplified Newton iteration from the increments in `lanes` with the factors of `shifted`: the eigenvalues of `A⁻¹` take
    /// the stages apart, `T⁻¹·F(y₀ + z) − Λ/h·T⁻¹·z` is the right-hand side (Hairer & Wanner 1996, section IV.8). Whether it
    /// converged; only then `lanes` are increments of use.
    #[allow(clippy::too_many_arguments)]
    #[inline(always)]
    pub(super) fn simplified<O: Ode, const S: usize>(
        &mut self,
        ode: &mut O,
        tableau: &Tableau,
        shifts: &Complex,
        t: f64,
        h: f64,
        atol: &[f64],
        rtol: f64,
        work: &mut Work,
    ) -> bool {
        let n = self.start.len();
        let times = tableau.times(t, h);
        let tight = rtol < TIGHT;
        let used: [f64; LANES] = std::array::from_fn(|k| if k < S { 1.0 } else { 0.0 });
        for ((weight, atol), start) in self.weights.iter_mut().zip(atol).zip(&self.start) {
            *weight = 1.0 / (atol + rtol * start.abs());
        }
        for (apart, z) in self.apart.iter_mut().zip(&self.lanes) {
            *apart = take_apart::<S>(tableau.left, z);
        }
        let enough = NEWTON_TOLERANCE.max(10.0 * f64::EPSILON / rtol.max(f64::EPSILON));
        let mut before = f64::INFINITY;
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
            ode.rhs_at_points(S, &times, &self.lanes_y, &mut self.lanes_f);
            work.rhs += S as u64;
            for ((w, (apart, z)), f) in self
                .transformed
                .iter_mut()
                .zip(self.apart.iter().zip(&self.lanes))
                .zip(&self.lanes_f)
            {
                if tight {
                    *w = take_apart::<S>(tableau.left, &residual::<S>(tableau, h, f, z));
                } else {
                    *w = take_apart::<S>(tableau.left, f);
                    subtract_product(w, shifts, apart);
                }
            }
            self.shifted.solve(&mut self.transformed);
            work.solves += 1;
            let mut sums = [0.0; LANES];
            for (((z, apart), w), weight) in self
                .lanes
                .iter_mut()
                .zip(&mut self.apart)
                .zip(&self.transformed)
                .zip(&self.weights)
            {
                for (apart, w) in apart.iter_mut().zip(w) {
                    for p in 0..SHIFTS {
                        apart[p] += w[p];
                    }
                }
                let d = put_together::<S>(tableau.right, w);
                for k in 0..LANES {
                    z[k] += d[k];
                    let scaled = d[k] * weight;
                    sums[k] += scaled * scaled;
                }
            }
            // Lanes beyond the stages count for nothing, but are summed: lanes of no use would be taken out of the registers.
            let sum: f64 = sums.iter().zip(&used).map(|(sum, used)| sum * used).sum();
            let moved = (sum / (n * S) as f64).sqrt();
            if !moved.is_finite() {
                break;
            }
            let rate = if round == 0 {
                self.rate.max(FASTEST_FORESEEN)
            } else {
                moved / before
            };
            if round > 0 && rate >= SLOWEST {
                // At the level of rounding corrections no longer shrink.
                if moved <= enough && rate < 2.0 {
                    return true;
                }
                break;
            }
            self.rate = rate;
            let left = rate / (1.0 - rate).max(f64::EPSILON) * moved;
            if left <= enough {
                return true;
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
        self.rate = 1.0;
        false
    }
}
