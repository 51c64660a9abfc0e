//! Dense output of an accepted step.

use super::super::Step;
use super::super::kernel::axpy;
use super::tableau::dense_weights;

/// An accepted step of Rodas5P; everything is borrowed from the workspace.
#[derive(Debug, Clone, Copy)]
pub(super) struct RodasStep<'a> {
    /// Start of the step.
    pub(super) t: f64,
    /// End of the full step.
    pub(super) t_full: f64,
    /// End of what is handed over: `t_full`, or a root before it.
    pub(super) t_end: f64,
    /// States at `t` and at `t_full` and stages of the states.
    pub(super) y: [&'a [f64]; 3],
    /// Sensitivities at `t` and at `t_full` and their stages.
    pub(super) s: [&'a [f64]; 3],
}

impl RodasStep<'_> {
    fn evaluate(&self, t: f64, [start, end, stages]: [&[f64]; 3], out: &mut [f64]) {
        if t >= self.t_full {
            out.copy_from_slice(end);
            return;
        }
        if t <= self.t {
            out.copy_from_slice(start);
            return;
        }
        let theta = (t - self.t) / (self.t_full - self.t);
        let weights = dense_weights(theta);
        for ((out, start), end) in out.iter_mut().zip(start).zip(end) {
            *out = (1.0 - theta) * start + theta * end;
        }
        for (weight, stage) in weights.iter().zip(stages.chunks_exact(start.len().max(1))) {
            axpy(out, *weight, stage);
        }
    }
}

impl Step for RodasStep<'_> {
    fn t0(&self) -> f64 {
        self.t
    }

    fn t1(&self) -> f64 {
        self.t_end
    }

    fn state(&self, t: f64, y: &mut [f64]) {
        self.evaluate(t, self.y, y);
    }

    fn sensitivity(&self, t: f64, s: &mut [f64]) {
        self.evaluate(t, self.s, s);
    }
}
