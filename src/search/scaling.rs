//! Coleman–Li scaling: how far each variable can move in the direction of descent.

/// Scaling at one point.
#[derive(Debug, Clone, Default)]
pub(super) struct Scaling {
    /// Distance to the bound that −gᵢ points at, 1 where there is none, 0 for a variable that its bound holds.
    pub v: Vec<f64>,
    /// √v.
    pub d: Vec<f64>,
    /// Diagonal of the scaled curvature that the bounds add: |gᵢ| where vᵢ is a distance, else 0.
    pub bend: Vec<f64>,
    /// Largest |vᵢ·gᵢ|.
    pub gradient_norm: f64,
}

impl Scaling {
    pub fn update(&mut self, x: &[f64], g: &[f64], lower: &[f64], upper: &[f64]) {
        let n = x.len();
        self.v.resize(n, 0.0);
        self.d.resize(n, 0.0);
        self.bend.resize(n, 0.0);
        self.gradient_norm = 0.0;
        for i in 0..n {
            let distance = if upper[i] <= lower[i] {
                Some(0.0)
            } else if g[i] < 0.0 && upper[i].is_finite() {
                Some((upper[i] - x[i]).max(0.0))
            } else if g[i] > 0.0 && lower[i].is_finite() {
                Some((x[i] - lower[i]).max(0.0))
            } else {
                None
            };
            self.v[i] = distance.unwrap_or(1.0);
            self.d[i] = self.v[i].sqrt();
            self.bend[i] = if distance.is_some() { g[i].abs() } else { 0.0 };
            self.gradient_norm = self.gradient_norm.max((self.v[i] * g[i]).abs());
        }
    }
}
