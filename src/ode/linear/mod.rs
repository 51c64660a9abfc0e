//! Factorisation of the matrices `σ·M − J` that every step of an implicit method solves with.

mod blocks;
mod dense;
mod shifted;
mod sparse;
mod stages;

use super::{Ode, Pattern};
use dense::DenseLu;
pub(super) use shifted::{Complex, SHIFTS, ShiftedLu, subtract_product};
use sparse::SparseLu;
pub(super) use stages::StageMatrix;

/// Systems smaller than this are always dense: there is nothing to save.
const SMALLEST_SPARSE: usize = 4;
/// A sparse entry costs about this many dense ones (it is looked up by index).
const COST_OF_INDEX: f64 = 1.5;

/// The matrix `W = σ·M − J` of an implicit method and its LU factors, with memory for repeated use.
#[derive(Debug, Clone, Default)]
pub(super) struct IterationMatrix {
    n: usize,
    pattern: Pattern,
    dense: DenseLu,
    sparse: Option<SparseLu>,
    /// The last factorisation is the sparse one.
    is_sparse: bool,
    single: Vec<[f64; 1]>,
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
        self.single.resize(n, [0.0]);
        self.sparse = None;
        // An algebraic row may have nothing on its diagonal to pivot on.
        if n >= SMALLEST_SPARSE && ode.mass().is_none() {
            let plan = SparseLu::plan(n, &pattern.entries);
            if COST_OF_INDEX * plan.entries() as f64 <= (n * n) as f64 {
                self.sparse = Some(plan);
            }
        }
    }

    /// Factorises `σ·M − J` with the values of `J` in the order of the pattern; false if it is singular.
    pub(super) fn factor(&mut self, sigma: f64, mass: Option<&[f64]>, jacobian: &[f64]) -> bool {
        self.is_sparse = match &mut self.sparse {
            Some(sparse) => sparse.factor(sigma, mass, jacobian),
            None => false,
        };
        if self.is_sparse {
            return true;
        }
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
        match &self.sparse {
            Some(sparse) if self.is_sparse => {
                for (x, b) in self.single.iter_mut().zip(b.iter()) {
                    *x = [*b];
                }
                sparse.solve(&mut self.single);
                for (x, b) in self.single.iter().zip(b) {
                    *b = x[0];
                }
            }
            _ => self.dense.solve(b),
        }
    }

    /// Solves `W·X = B` in place for `W` right-hand sides, one a lane; `scratch` is as long as `b`.
    #[inline(always)]
    pub(super) fn solve_lanes<const W: usize>(&self, b: &mut [[f64; W]], scratch: &mut [[f64; W]]) {
        match &self.sparse {
            Some(sparse) if self.is_sparse => sparse.solve(b),
            _ => self.dense.solve_lanes(b, scratch),
        }
    }
}
