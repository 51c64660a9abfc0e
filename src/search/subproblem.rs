//! Exact solution of the trust-region subproblem in the 2-norm, by Cholesky factors (Moré & Sorensen 1983).

/// Relative error of the length of a step that the region restricts.
const LENGTH_TOLERANCE: f64 = 1e-3;
/// Newton iterations for the multiplier; they converge monotonically and rarely need more than five.
const MAX_NEWTON: usize = 60;
/// Factor by which the multiplier grows while the matrix is not positive definite by rounding.
const LIFT: f64 = 16.0;

/// Memory of the subproblem.
#[derive(Debug, Clone, Default)]
pub(super) struct Subproblem {
    factor: Vec<f64>,
    work: Vec<f64>,
    /// Minimiser of the last solve.
    pub step: Vec<f64>,
}

impl Subproblem {
    /// Minimises `gᵀs + ½sᵀMs` within `‖s‖ ≤ radius` into `step`; whether the region restricts it. `M` is symmetric
    /// positive semidefinite, row-major.
    ///
    /// A multiplier at the level of rounding keeps directions without curvature from being followed by noise.
    pub fn solve(&mut self, m: &[f64], g: &[f64], radius: f64) -> bool {
        let n = g.len();
        self.factor.resize(n * n, 0.0);
        self.work.resize(n, 0.0);
        self.step.resize(n, 0.0);
        let largest = (0..n).fold(0.0_f64, |a, i| a.max(m[i * n + i].abs()));
        let floor = (n as f64 * f64::EPSILON * largest).max(f64::MIN_POSITIVE);
        let mut lambda = floor;
        let mut restricted = false;
        for _ in 0..MAX_NEWTON {
            if !self.cholesky(m, lambda, n) {
                lambda = (lambda * LIFT).max(floor);
                continue;
            }
            for (s, g) in self.step.iter_mut().zip(g) {
                *s = -g;
            }
            forward(&self.factor, &mut self.step, n);
            backward(&self.factor, &mut self.step, n);
            let length = norm(&self.step);
            if !length.is_finite() {
                lambda = (lambda * LIFT).max(floor);
                continue;
            }
            if length <= radius * (1.0 + LENGTH_TOLERANCE) {
                restricted |= length >= radius * (1.0 - LENGTH_TOLERANCE);
                return restricted;
            }
            restricted = true;
            self.work.copy_from_slice(&self.step);
            forward(&self.factor, &mut self.work, n);
            let q = norm(&self.work);
            lambda += (length / q) * (length / q) * (length - radius) / radius;
        }
        // Steepest descent to the edge: the matrix is not usable.
        let length = norm(g);
        for (s, g) in self.step.iter_mut().zip(g) {
            *s = if length > 0.0 {
                -g * radius / length
            } else {
                0.0
            };
        }
        true
    }

    /// Lower factor of `M + λI`; false if it is not positive definite.
    fn cholesky(&mut self, m: &[f64], lambda: f64, n: usize) -> bool {
        let l = &mut self.factor;
        for i in 0..n {
            for j in 0..=i {
                let mut sum = m[i * n + j];
                if i == j {
                    sum += lambda;
                }
                for k in 0..j {
                    sum -= l[i * n + k] * l[j * n + k];
                }
                if i == j {
                    if sum <= 0.0 || !sum.is_finite() {
                        return false;
                    }
                    l[i * n + i] = sum.sqrt();
                } else {
                    l[i * n + j] = sum / l[j * n + j];
                }
            }
        }
        true
    }
}

/// Solves L·x = b in place.
fn forward(l: &[f64], b: &mut [f64], n: usize) {
    for i in 0..n {
        let mut sum = b[i];
        for k in 0..i {
            sum -= l[i * n + k] * b[k];
        }
        b[i] = sum / l[i * n + i];
    }
}

/// Solves Lᵀ·x = b in place.
fn backward(l: &[f64], b: &mut [f64], n: usize) {
    for i in (0..n).rev() {
        let mut sum = b[i];
        for k in i + 1..n {
            sum -= l[k * n + i] * b[k];
        }
        b[i] = sum / l[i * n + i];
    }
}

/// Euclidean norm in fixed order.
pub(super) fn norm(x: &[f64]) -> f64 {
    x.iter().map(|x| x * x).sum::<f64>().sqrt()
}
