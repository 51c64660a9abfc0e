//! Exact solution of the trust-region subproblem in the 2-norm, by Cholesky factors (Moré & Sorensen 1983).

/// Relative error of the length of a step that the region restricts.
const LENGTH_TOLERANCE: f64 = 1e-3;
/// Factorisations for the multiplier; Newton's method rarely needs more than five.
const MAX_FACTORISATIONS: usize = 100;
/// Factor by which the multiplier grows while the matrix is not positive definite and no greater multiplier is known.
const LIFT: f64 = 16.0;
/// A bracket of the multiplier narrower than this part of it cannot be halved usefully: the hard case.
const ROUNDING: f64 = 1e-12;
/// Inverse iterations for the direction of least curvature; beside a nearly singular matrix each one gains many digits.
const INVERSE_ITERATIONS: usize = 3;

/// Memory of the subproblem.
#[derive(Debug, Clone, Default)]
pub(super) struct Subproblem {
    factor: Vec<f64>,
    work: Vec<f64>,
    /// Minimiser of the last solve.
    pub step: Vec<f64>,
}

impl Subproblem {
    /// Minimises `gᵀs + ½sᵀMs` within `‖s‖ ≤ radius` into `step`; whether the region restricts it. `M` is symmetric,
    /// row-major, and may be indefinite: then the minimiser is at the edge of the region.
    ///
    /// A multiplier at the level of rounding keeps directions without curvature from being followed by noise.
    pub fn solve(&mut self, m: &[f64], g: &[f64], radius: f64) -> bool {
        let n = g.len();
        self.factor.resize(n * n, 0.0);
        self.work.resize(n, 0.0);
        self.step.resize(n, 0.0);
        let largest = (0..n).fold(0.0_f64, |a, i| a.max(m[i * n + i].abs()));
        let floor = (n as f64 * f64::EPSILON * largest).max(f64::MIN_POSITIVE);
        // The multiplier lies above `low`, where the matrix is indefinite or the step too long, and below `high`, where the step
        // is too short.
        let (mut low, mut high) = (0.0, f64::INFINITY);
        let mut lambda = floor;
        for _ in 0..MAX_FACTORISATIONS {
            if !self.cholesky(m, lambda, n) || !self.newton_step(g) {
                low = lambda;
                lambda = between(low, high);
                continue;
            }
            let length = norm(&self.step);
            if (length - radius).abs() <= LENGTH_TOLERANCE * radius {
                return true;
            }
            if length < radius && lambda <= floor {
                return false;
            }
            if length > radius {
                low = lambda;
            } else {
                high = lambda;
                if high - low <= ROUNDING * high {
                    self.prolong(g, radius);
                    return true;
                }
            }
            self.work.copy_from_slice(&self.step);
            forward(&self.factor, &mut self.work, n);
            let q = norm(&self.work);
            let next = lambda + (length / q) * (length / q) * (length - radius) / radius;
            lambda = if next > low && next < high {
                next
            } else {
                between(low, high)
            };
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

    /// `−(M + λI)⁻¹·g` by the present factor into `step`; whether it is finite.
    fn newton_step(&mut self, g: &[f64]) -> bool {
        for (s, g) in self.step.iter_mut().zip(g) {
            *s = -g;
        }
        forward(&self.factor, &mut self.step, g.len());
        backward(&self.factor, &mut self.step, g.len());
        norm(&self.step).is_finite()
    }

    /// The hard case: the gradient has no part along the direction of least curvature, so the step is prolonged along it to the
    /// edge, on the side that the gradient prefers.
    fn prolong(&mut self, g: &[f64], radius: f64) {
        let n = g.len();
        // Any start that is not exactly orthogonal does; the entries differ so that no symmetry of M makes it so.
        for (i, v) in self.work.iter_mut().enumerate() {
            *v = 1.0 / (i as f64 + 1.0);
        }
        for _ in 0..INVERSE_ITERATIONS {
            forward(&self.factor, &mut self.work, n);
            backward(&self.factor, &mut self.work, n);
            let length = norm(&self.work);
            if length == 0.0 || !length.is_finite() {
                return;
            }
            for v in &mut self.work {
                *v /= length;
            }
        }
        let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
        let sign = if dot(g, &self.work) > 0.0 { -1.0 } else { 1.0 };
        let along = sign * dot(&self.step, &self.work);
        let rest = radius * radius - dot(&self.step, &self.step);
        let tau = sign * (-along + (along * along + rest.max(0.0)).sqrt());
        for (s, v) in self.step.iter_mut().zip(&self.work) {
            *s += tau * v;
        }
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

/// The next multiplier where Newton's method has none to offer: the geometric mean, because a bracket may span decades.
fn between(low: f64, high: f64) -> f64 {
    if high.is_infinite() {
        low * LIFT
    } else if high - low <= ROUNDING * high {
        high
    } else {
        low.sqrt() * high.sqrt()
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
