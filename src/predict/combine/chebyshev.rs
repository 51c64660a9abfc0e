//! Polynomial interpolation on Chebyshev points (of Lobatto), in barycentric form.

/// Points on an interval and the weights of the barycentric formula.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Nodes {
    /// Points, ascending.
    pub x: Vec<f64>,
    weights: Vec<f64>,
}

impl Nodes {
    /// `n ≥ 2` points on `[a, b]`.
    pub fn new(a: f64, b: f64, n: usize) -> Self {
        let n = n.max(2);
        let last = n - 1;
        let x = (0..n)
            .map(|k| {
                // The ends exactly; the middle without cancellation.
                let u = -libm::cos(std::f64::consts::PI * k as f64 / last as f64);
                match k {
                    0 => a,
                    k if k == last => b,
                    _ => 0.5 * (a + b) + 0.5 * (b - a) * u,
                }
            })
            .collect();
        let weights = (0..n)
            .map(|k| {
                let sign = if k % 2 == 0 { 1.0 } else { -1.0 };
                if k == 0 || k == last {
                    0.5 * sign
                } else {
                    sign
                }
            })
            .collect();
        Self { x, weights }
    }

    /// Value of each Lagrange polynomial at `x`: the interpolant is their sum weighted by the values at the points.
    pub fn basis(&self, x: f64) -> Vec<f64> {
        if let Some(k) = self.x.iter().position(|p| *p == x) {
            let mut basis = vec![0.0; self.x.len()];
            basis[k] = 1.0;
            return basis;
        }
        let mut basis: Vec<f64> = self
            .x
            .iter()
            .zip(&self.weights)
            .map(|(p, w)| w / (x - p))
            .collect();
        let sum: f64 = basis.iter().sum();
        basis.iter_mut().for_each(|b| *b /= sum);
        basis
    }
}

/// Σ basis·values.
pub(super) fn dot(basis: &[f64], values: &[f64]) -> f64 {
    basis.iter().zip(values).map(|(b, v)| b * v).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn polynomials_are_exact_and_smooth_functions_converge_geometrically() {
        let nodes = Nodes::new(-1.0, 3.0, 6);
        let f = |x: f64| 3.0 + x * x - 2.0 * libm::pow(x, 5.0);
        let values: Vec<f64> = nodes.x.iter().map(|x| f(*x)).collect();
        for x in [-1.0, -0.3, 0.77, 2.9, 3.0] {
            assert!((dot(&nodes.basis(x), &values) - f(x)).abs() < 1e-10);
        }
        // A Hill curve of slope 1 over five decades has its pole at π/ln 10 decades: ρ = 1.69 on half the width 2.5.
        let hill = |x: f64| 1.0 / (1.0 + libm::exp10(-x));
        let error = |n: usize| {
            let nodes = Nodes::new(-2.5, 2.5, n);
            let values: Vec<f64> = nodes.x.iter().map(|x| hill(*x)).collect();
            (0..200)
                .map(|k| -2.5 + 5.0 * k as f64 / 199.0)
                .map(|x| (dot(&nodes.basis(x), &values) - hill(x)).abs())
                .fold(0.0, f64::max)
        };
        let rate = libm::pow(error(17) / error(33), 1.0 / 16.0);
        assert!((rate - 1.69).abs() < 0.05, "{rate}");
    }
}
