//! Solutions and how far one lies from another.

/// States and sensitivities of a problem at its times.
#[derive(Debug, Clone, PartialEq)]
pub struct Solution {
    /// States, one row a time.
    pub states: Vec<Vec<f64>>,
    /// `p·∂y/∂p`, by time, state and parameter: by the logarithm of a parameter, so that all compare.
    pub sensitivities: Vec<Vec<Vec<f64>>>,
}

impl Solution {
    /// Largest magnitude of each state over the times.
    fn scale(&self) -> Vec<f64> {
        let n = self.states.first().map_or(0, Vec::len);
        (0..n)
            .map(|i| self.states.iter().map(|y| y[i].abs()).fold(0.0, f64::max))
            .collect()
    }

    /// Largest deviation of a state from `reference`, over its magnitude there (at least a millionth of the largest).
    pub fn error_of_states(&self, reference: &Self) -> f64 {
        let scale = reference.scale();
        let mut worst = 0.0_f64;
        for (y, r) in self.states.iter().zip(&reference.states) {
            for i in 0..r.len() {
                worst = worst.max((y[i] - r[i]).abs() / r[i].abs().max(SMALL * scale[i]));
            }
        }
        worst
    }

    /// Largest deviation of a sensitivity from `reference`, over the larger of its magnitude and that of its state there.
    pub fn error_of_sensitivities(&self, reference: &Self) -> f64 {
        let scale = reference.scale();
        let mut worst = 0.0_f64;
        for (t, (s, r)) in self
            .sensitivities
            .iter()
            .zip(&reference.sensitivities)
            .enumerate()
        {
            for i in 0..r.len() {
                let state = reference.states[t][i].abs().max(SMALL * scale[i]);
                for k in 0..r[i].len() {
                    worst = worst.max((s[i][k] - r[i][k]).abs() / r[i][k].abs().max(state));
                }
            }
        }
        worst
    }
}

/// Part of a state's largest magnitude below which its errors are no longer taken as relative.
const SMALL: f64 = 1e-6;
