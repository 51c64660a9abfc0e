//! Factorisation of the matrices `σ·M − J` that every step of an implicit method solves with.

mod dense;

use super::{Ode, Pattern};
use dense::DenseLu;

/// The matrix `W = σ·M − J` of an implicit method and its LU factors, with memory for repeated use.
#[derive(Debug, Clone, Default)]
pub(super) struct IterationMatrix {
    n: usize,
    pattern: Pattern,
    dense: DenseLu,
}

impl IterationMatrix {
    /// Prepares for the Jacobian pattern of `ode`; keeps what is known if the pattern is the last one.
    pub(super) fn prepare<O: Ode>(&mut self, ode: &O) {
        let n = ode.n();
        let pattern = ode.jacobian_pattern();
        if self.n == n && self.pattern == *pattern {
            return;
        }
        self.n = n;
        self.pattern.clone_from(pattern);
        self.dense.resize(n);
    }

    /// Factorises `σ·M − J` with the values of `J` in the order of the pattern; false if it is singular.
    pub(super) fn factor(&mut self, sigma: f64, mass: Option<&[f64]>, jacobian: &[f64]) -> bool {
        let n = self.n;
        let matrix = self.dense.matrix();
        matrix.fill(0.0);
        for ((row, column), value) in self.pattern.entries.iter().zip(jacobian) {
            matrix[*row as usize * n + *column as usize] -= value;
        }
        for (i, value) in matrix.iter_mut().step_by(n + 1).enumerate() {
            *value += sigma * mass.map_or(1.0, |mass| mass[i]);
        }
        self.dense.factor()
    }

    /// Solves `W·x = b` in place.
    pub(super) fn solve(&mut self, b: &mut [f64]) {
        self.dense.solve(b);
    }

    /// Solves `W·X = B` in place, `B` row-major `n × m`.
    pub(super) fn solve_columns(&mut self, b: &mut [f64], m: usize) {
        self.dense.solve_columns(b, m);
    }
}
