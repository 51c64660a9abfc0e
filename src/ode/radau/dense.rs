//! Dense output: the collocation polynomial.

use super::super::Step;
use super::super::kernel::axpy;
use super::MAX_STAGES;
use super::tableau::Tableau;

/// Lagrange polynomials over 0 and the nodes, without that of 0: `weights[l][w]` is the one of node `l` at `theta[w]`.
#[inline(always)]
pub(super) fn lagrange<const W: usize>(
    tableau: &Tableau,
    theta: &[f64; W],
    weights: &mut [[f64; W]; MAX_STAGES],
) {
    // Products of the factors before and behind each node.
    let mut before = *theta;
    for ((weight, node), basis) in weights.iter_mut().zip(tableau.nodes).zip(tableau.basis) {
        for w in 0..W {
            weight[w] = before[w] * basis;
            before[w] *= theta[w] - node;
        }
    }
    let mut behind = [1.0; W];
    for (weight, node) in weights.iter_mut().zip(tableau.nodes).rev() {
        for w in 0..W {
            weight[w] *= behind[w];
            behind[w] *= theta[w] - node;
        }
    }
}

/// An accepted step; everything is borrowed from the workspace.
#[derive(Debug, Clone, Copy)]
pub(super) struct RadauStep<'a> {
    pub(super) tableau: &'a Tableau,
    /// Start of the step.
    pub(super) t: f64,
    /// End of the full step.
    pub(super) t_full: f64,
    /// End of what is handed over: `t_full`, or a root before it.
    pub(super) t_end: f64,
    /// States at the start and increments of the stages.
    pub(super) y: [&'a [f64]; 2],
    /// The same for the sensitivities.
    pub(super) s: [&'a [f64]; 2],
}

impl RadauStep<'_> {
    fn evaluate(&self, t: f64, [start, stages]: [&[f64]; 2], out: &mut [f64]) {
        out.copy_from_slice(start);
        if t <= self.t || start.is_empty() {
            return;
        }
        let mut weights = [[0.0]; MAX_STAGES];
        if t >= self.t_full {
            // The last stage is the end of the step.
            weights[self.tableau.stages() - 1] = [1.0];
        } else {
            let theta = (t - self.t) / (self.t_full - self.t);
            lagrange(self.tableau, &[theta], &mut weights);
        }
        for ([weight], stage) in weights.iter().zip(stages.chunks_exact(start.len())) {
            if *weight != 0.0 {
                axpy(out, *weight, stage);
            }
        }
    }
}

impl Step for RadauStep<'_> {
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
