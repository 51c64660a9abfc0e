//! The matrix of all stages of an implicit Runge–Kutta method together.

use super::super::Pattern;
use super::dense::DenseLu;
use super::sparse::SparseLu;
use super::{COST_OF_INDEX, SMALLEST_SPARSE};

/// `(A⁻¹/h) ⊗ M − blockdiag(J₁ … J_s)` and its LU factors; unknown `k·n + i` is state `i` in stage `k`.
///
/// Stages couple state by state and states stage by stage, so the matrix is sparse even where J is not.
#[derive(Debug, Clone, Default)]
pub(in super::super) struct StageMatrix {
    n: usize,
    stages: usize,
    pattern: Pattern,
    /// Entries of the matrix: first those that couple the stages of a state, then those of the Jacobians.
    entries: Vec<(u32, u32)>,
    /// Position of each Jacobian entry in each stage, entry by entry.
    places: Vec<u32>,
    /// −1 times the matrix, in the order of `entries`.
    negated: Vec<f64>,
    dense: DenseLu,
    sparse: Option<SparseLu>,
    is_sparse: bool,
    single: Vec<[f64; 1]>,
}

impl StageMatrix {
    /// Prepares for a number of stages and a Jacobian pattern; keeps what is known if they are the last ones.
    pub(in super::super) fn prepare(&mut self, stages: usize, pattern: &Pattern, algebraic: bool) {
        if self.stages == stages && self.pattern == *pattern {
            return;
        }
        let n = pattern.rows;
        self.n = n;
        self.stages = stages;
        self.pattern.clone_from(pattern);
        self.entries.clear();
        for i in 0..n {
            for k in 0..stages {
                for l in 0..stages {
                    self.entries.push(((k * n + i) as u32, (l * n + i) as u32));
                }
            }
        }
        self.places.clear();
        for &(row, column) in &pattern.entries {
            for k in 0..stages {
                self.places.push(if row == column {
                    ((row as usize * stages + k) * stages + k) as u32
                } else {
                    let at = (k * n) as u32;
                    self.entries.push((at + row, at + column));
                    (self.entries.len() - 1) as u32
                });
            }
        }
        self.negated.resize(self.entries.len(), 0.0);
        let size = n * stages;
        self.dense.resize(size);
        self.single.resize(size, [0.0]);
        self.sparse = None;
        if size >= SMALLEST_SPARSE && !algebraic {
            let plan = SparseLu::plan(size, &self.entries);
            if COST_OF_INDEX * plan.entries() as f64 <= (size * size) as f64 {
                self.sparse = Some(plan);
            }
        }
    }

    /// Factorises with `inverse` = A⁻¹ (row-major) and the Jacobian's values at all stages, `jacobian[e·width + k]`;
    /// false if it is singular.
    pub(in super::super) fn factor(
        &mut self,
        inverse: &[f64],
        h: f64,
        mass: Option<&[f64]>,
        jacobian: &[f64],
        width: usize,
    ) -> bool {
        let block = self.stages * self.stages;
        for (i, values) in self
            .negated
            .chunks_exact_mut(block)
            .take(self.n)
            .enumerate()
        {
            let weight = mass.map_or(1.0, |mass| mass[i]) / h;
            for (value, a) in values.iter_mut().zip(inverse) {
                *value = -weight * a;
            }
        }
        for value in self.negated.iter_mut().skip(self.n * block) {
            *value = 0.0;
        }
        for (places, values) in self
            .places
            .chunks_exact(self.stages)
            .zip(jacobian.chunks_exact(width))
        {
            for (place, value) in places.iter().zip(values) {
                self.negated[*place as usize] += value;
            }
        }
        self.is_sparse = match &mut self.sparse {
            Some(sparse) => sparse.factor(0.0, None, &self.negated),
            None => false,
        };
        if self.is_sparse {
            return true;
        }
        let size = self.n * self.stages;
        let matrix = self.dense.matrix();
        matrix.fill(0.0);
        for ((row, column), value) in self.entries.iter().zip(&self.negated) {
            matrix[*row as usize * size + *column as usize] -= value;
        }
        self.dense.factor()
    }

    /// Solves in place for one right-hand side.
    pub(in super::super) fn solve(&mut self, b: &mut [f64]) {
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

    /// Solves in place for `W` right-hand sides, one a lane; `scratch` is as long as `b`.
    #[inline(always)]
    pub(in super::super) fn solve_lanes<const W: usize>(
        &self,
        b: &mut [[f64; W]],
        scratch: &mut [[f64; W]],
    ) {
        match &self.sparse {
            Some(sparse) if self.is_sparse => sparse.solve(b),
            _ => self.dense.solve_lanes(b, scratch),
        }
    }
}
