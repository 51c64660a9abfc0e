//! What a workspace remembers of points that it simulated.

/// Points remembered: a refit goes through three to six, so that the fit from which all replicates start stays among them.
const POINTS: usize = 8;
/// Bytes of all points of one thread; larger ones are not kept beside one another, only the last (its gradient and covariance
/// are asked for one after the other).
const MOST_BYTES: usize = 128 << 20;

/// Everything that a simulation of one point delivers.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Delivered {
    /// Values of the rows.
    pub values: Vec<f64>,
    /// σ of the rows.
    pub sigmas: Vec<f64>,
    /// ∂value/∂θ, rows × coordinates.
    pub by_theta: Vec<f64>,
    /// ∂σ/∂θ, rows × coordinates.
    pub sigma_by_theta: Vec<f64>,
    /// Values of the probes.
    pub probe_values: Vec<f64>,
    /// ∂probe/∂θ, probes × coordinates.
    pub probe_by_theta: Vec<f64>,
}

impl Delivered {
    /// Takes over what another holds; derivatives only where there are any.
    pub fn copy(&mut self, other: &Self, derivatives: bool) {
        self.values.clone_from(&other.values);
        self.sigmas.clone_from(&other.sigmas);
        self.probe_values.clone_from(&other.probe_values);
        if derivatives {
            self.by_theta.clone_from(&other.by_theta);
            self.sigma_by_theta.clone_from(&other.sigma_by_theta);
            self.probe_by_theta.clone_from(&other.probe_by_theta);
        }
    }

    /// Size of what is remembered.
    fn bytes(&self) -> usize {
        let parts = [
            &self.values,
            &self.sigmas,
            &self.by_theta,
            &self.sigma_by_theta,
            &self.probe_values,
            &self.probe_by_theta,
        ];
        parts.iter().map(|v| v.capacity() * size_of::<f64>()).sum()
    }
}

/// The last points simulated, so that one point is not simulated twice for two sets of data (replicates all start at the
/// fit) or for two purposes (the gradient and the covariance at an optimum).
///
/// A point counts as the same only to the last bit and with the same demand for derivatives: what is remembered is what
/// would be computed, and a result does not depend on what a workspace was used for before.
#[derive(Debug, Default)]
pub(super) struct Memory {
    /// Most recently used last.
    points: Vec<(Vec<f64>, bool, Delivered)>,
}

impl Memory {
    /// What was delivered at a point.
    pub fn recall(&mut self, theta: &[f64], derivatives: bool) -> Option<&Delivered> {
        let at = self.points.iter().position(|(x, d, _)| {
            *d == derivatives
                && x.len() == theta.len()
                && x.iter().zip(theta).all(|(a, b)| a.to_bits() == b.to_bits())
        })?;
        let entry = self.points.remove(at);
        self.points.push(entry);
        self.points.last().map(|(.., d)| d)
    }

    /// Remembers a point; the one that was not used for longest is forgotten.
    pub fn keep(&mut self, theta: &[f64], derivatives: bool, fill: impl FnOnce(&mut Delivered)) {
        let held: usize = self.points.iter().map(|(.., d)| d.bytes()).sum();
        let one = self.points.last().map_or(0, |(.., d)| d.bytes());
        let full = self.points.len() >= POINTS || held + one > MOST_BYTES;
        let mut entry = if full && !self.points.is_empty() {
            self.points.remove(0)
        } else {
            Default::default()
        };
        entry.0.clear();
        entry.0.extend_from_slice(theta);
        entry.1 = derivatives;
        fill(&mut entry.2);
        self.points.push(entry);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_point_not_used_for_longest_is_forgotten() {
        let mut memory = Memory::default();
        for k in 0..POINTS + 1 {
            assert!(k == 0 || memory.recall(&[0.0], true).is_some());
            memory.keep(&[k as f64], true, |d| d.values = vec![k as f64]);
        }
        assert_eq!(memory.recall(&[0.0], true).map(|d| d.values[0]), Some(0.0));
        assert!(memory.recall(&[1.0], true).is_none());
        assert!(memory.recall(&[0.0], false).is_none(), "other derivatives");
        assert!(memory.recall(&[-0.0], true).is_none(), "other bits");
    }

    #[test]
    fn large_points_are_not_hoarded() {
        let mut memory = Memory::default();
        let rows = MOST_BYTES / size_of::<f64>() / 2;
        for k in 0..POINTS {
            memory.keep(&[k as f64], true, |d| d.values.resize(rows, 0.0));
        }
        assert_eq!(memory.points.len(), 2);
        assert!(memory.recall(&[POINTS as f64 - 1.0], true).is_some());
    }
}
