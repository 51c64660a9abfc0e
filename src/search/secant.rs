//! What the curvature leaves out of the Hessian, from the gradients of successive points.
//!
//! JᵀJ is the Hessian of ½Σr² only where residuals or second derivatives vanish; elsewhere a search with it converges
//! linearly, in sloppy valleys by hundreds of steps. The missing part is kept as a symmetric matrix that explains the last
//! change of the gradient (Dennis, Gay & Welsch 1981, NL2SOL), and is used while it foretells values better.

/// A model must foretell a value this many times better than the one in use to replace it (NL2SOL uses the same).
const BETTER: f64 = 1.5;
/// Cosine of step and change of gradient below which the change says nothing about curvature.
const FLAT: f64 = 1e-10;

/// The part of the Hessian that the curvature leaves out.
#[derive(Debug, Clone, Default)]
pub(super) struct Secant {
    /// Row-major `n × n`.
    matrix: Vec<f64>,
    /// Whether it is part of the model.
    in_use: bool,
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// Matrix (row-major) times vector.
fn times(matrix: &[f64], x: &[f64]) -> Vec<f64> {
    matrix
        .chunks_exact(x.len().max(1))
        .map(|row| dot(row, x))
        .collect()
}

impl Secant {
    /// The curvature of the model: as given, or with what it leaves out.
    pub fn model(&self, curvature: &[f64], out: &mut Vec<f64>) {
        out.clear();
        out.extend_from_slice(curvature);
        if self.in_use {
            for (o, s) in out.iter_mut().zip(&self.matrix) {
                *o += s;
            }
        }
    }

    /// Chooses the model that would have foretold `change` of the value better; whether it is another one now. `plain`: what
    /// the curvature alone foretells for `step`.
    pub fn judge(&mut self, step: &[f64], plain: f64, change: f64) -> bool {
        if self.matrix.is_empty() || !change.is_finite() {
            return false;
        }
        let extended = plain + 0.5 * dot(step, &times(&self.matrix, step));
        let (plain, extended) = ((plain - change).abs(), (extended - change).abs());
        let other_is_better = if self.in_use {
            plain * BETTER < extended
        } else {
            extended * BETTER < plain
        };
        self.in_use ^= other_is_better;
        other_is_better
    }

    /// Takes in an accepted step: `change` is that of the gradient, `curvature` the one at its end.
    pub fn update(&mut self, step: &[f64], change: &[f64], curvature: &[f64]) {
        let n = step.len();
        self.matrix.resize(n * n, 0.0);
        let along = dot(change, step);
        let size = (dot(change, change) * dot(step, step)).sqrt();
        if !(along > FLAT * size && size.is_finite()) {
            return;
        }
        // What the curvature does not explain of the change.
        let left: Vec<f64> = change
            .iter()
            .zip(times(curvature, step))
            .map(|(y, c)| y - c)
            .collect();
        // An old matrix that is too large for the new step is shrunk first.
        let known = dot(step, &times(&self.matrix, step)).abs();
        let wanted = dot(step, &left).abs();
        if known > wanted {
            let shrink = wanted / known;
            self.matrix.iter_mut().for_each(|m| *m *= shrink);
        }
        let gap: Vec<f64> = left
            .iter()
            .zip(times(&self.matrix, step))
            .map(|(l, m)| l - m)
            .collect();
        let twice = dot(step, &gap) / along;
        for i in 0..n {
            for j in 0..n {
                self.matrix[i * n + j] += (gap[i] * change[j] + change[i] * gap[j]
                    - twice * change[i] * change[j])
                    / along;
            }
        }
        if self.matrix.iter().any(|m| !m.is_finite()) {
            self.matrix.fill(0.0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_change_of_the_gradient_is_explained() {
        let mut secant = Secant::default();
        let curvature = [2.0, 0.5, 0.5, 1.0];
        for (step, change) in [([0.3, -0.2], [0.4, -0.1]), ([0.1, 0.5], [0.9, 1.4])] {
            secant.update(&step, &change, &curvature);
            let mut model = Vec::new();
            secant.in_use = true;
            secant.model(&curvature, &mut model);
            for (found, expected) in times(&model, &step).iter().zip(change) {
                assert!((found - expected).abs() < 1e-14, "{found} {expected}");
            }
            assert!((model[1] - model[2]).abs() < 1e-15);
        }
    }

    #[test]
    fn the_model_that_foretells_better_is_used() {
        let mut secant = Secant::default();
        assert!(!secant.judge(&[1.0], -1.0, -2.0));
        // Gradient −1, curvature 2, true curvature 1.
        secant.update(&[1.0], &[1.0], &[2.0]);
        assert!(secant.judge(&[1.0], -1.0 + 1.0, -1.0 + 0.5));
        assert!(!secant.judge(&[1.0], -1.0 + 1.0, -1.0 + 0.5));
        assert!(secant.judge(&[1.0], -1.0 + 1.0, -1.0 + 1.0));
    }
}
