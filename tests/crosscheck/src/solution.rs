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

    /// Whether there are the same times, states and parameters.
    fn is_shaped_as(&self, other: &Self) -> bool {
        let shape = |s: &Self| -> Vec<(usize, Vec<usize>)> {
            let rows = s.states.iter().zip(&s.sensitivities);
            rows.map(|(y, d)| (y.len(), d.iter().map(Vec::len).collect()))
                .collect()
        };
        self.states.len() == other.states.len()
            && self.sensitivities.len() == other.sensitivities.len()
            && shape(self) == shape(other)
    }

    /// Largest deviation of a state from `reference`, over its magnitude there (at least a millionth of the largest).
    /// Infinite where a value is no number or is missing.
    pub fn error_of_states(&self, reference: &Self) -> f64 {
        if !self.is_shaped_as(reference) {
            return f64::INFINITY;
        }
        let scale = reference.scale();
        let rows = self.states.iter().zip(&reference.states);
        rows.flat_map(|(y, r)| y.iter().zip(r).zip(&scale))
            .map(|((y, r), scale)| deviation(*y, *r, r.abs().max(SMALL * scale)))
            .fold(0.0, f64::max)
    }

    /// Largest deviation of a sensitivity from `reference`, over the larger of its magnitude and that of its state there.
    /// Infinite where a value is no number or is missing.
    pub fn error_of_sensitivities(&self, reference: &Self) -> f64 {
        if !self.is_shaped_as(reference) {
            return f64::INFINITY;
        }
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
                    worst = worst.max(deviation(s[i][k], r[i][k], r[i][k].abs().max(state)));
                }
            }
        }
        worst
    }
}

/// Relative deviation; infinite where it is no number. Two zeros agree, whatever they are measured by.
fn deviation(found: f64, reference: f64, size: f64) -> f64 {
    if found == reference && found.is_finite() {
        return 0.0;
    }
    let relative = (found - reference).abs() / size;
    if relative.is_nan() {
        f64::INFINITY
    } else {
        relative
    }
}

/// Part of a state's largest magnitude below which its errors are no longer taken as relative.
const SMALL: f64 = 1e-6;

#[cfg(test)]
mod tests {
    use super::*;

    fn solution(y: f64, s: f64) -> Solution {
        Solution {
            states: vec![vec![1.0, 0.0], vec![y, 0.0]],
            sensitivities: vec![vec![vec![0.0], vec![0.0]], vec![vec![s], vec![0.0]]],
        }
    }

    #[test]
    fn what_is_no_number_or_missing_is_no_agreement() {
        let reference = solution(2.0, 3.0);
        assert_eq!(reference.error_of_states(&reference), 0.0);
        assert_eq!(reference.error_of_sensitivities(&reference), 0.0);
        assert_eq!(solution(2.5, 3.0).error_of_states(&reference), 0.25);
        assert_eq!(
            solution(2.0, 3.3).error_of_sensitivities(&reference),
            (3.3 - 3.0) / 3.0
        );
        for nan in [solution(f64::NAN, 3.0), solution(f64::INFINITY, 3.0)] {
            assert_eq!(nan.error_of_states(&reference), f64::INFINITY);
            assert_eq!(reference.error_of_states(&nan), f64::INFINITY);
        }
        assert_eq!(
            solution(2.0, f64::NAN).error_of_sensitivities(&reference),
            f64::INFINITY
        );
        let mut short = reference.clone();
        short.states.pop();
        short.sensitivities.pop();
        assert_eq!(short.error_of_states(&reference), f64::INFINITY);
        assert_eq!(short.error_of_sensitivities(&reference), f64::INFINITY);
        assert_eq!(reference.error_of_states(&short), f64::INFINITY);
        let mut narrow = reference.clone();
        narrow.sensitivities[1][0].clear();
        assert_eq!(narrow.error_of_sensitivities(&reference), f64::INFINITY);
    }
}
