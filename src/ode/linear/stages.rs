//! The matrix of all stages of an implicit Runge–Kutta method together.

use super::super::Pattern;
use super::blocks::BlockLu;
use super::dense::DenseLu;

/// `(A⁻¹/h) ⊗ M − blockdiag(J₁ … J_s)` and its LU factors; unknown `k·n + i` is state `i` in stage `k`.
///
/// Stages couple state by state and states stage by stage: ordered by states it is a matrix of small blocks on the pattern
/// of J. Where their pivots are not good enough it is factorised densely, with a search for pivots.
#[derive(Debug, Clone, Default)]
pub(in super::super) struct StageMatrix {
    stages: usize,
    pattern: Pattern,
    dense: DenseLu,
    blocks: Option<BlockLu>,
    is_in_blocks: bool,
    single: Vec<[f64; 1]>,
}

impl StageMatrix {
    /// Prepares for 3, 5 or 7 stages and a Jacobian pattern; keeps what is known if they are the last ones.
    pub(in super::super) fn prepare(&mut self, stages: usize, pattern: &Pattern, algebraic: bool) {
        if self.stages == stages && self.pattern == *pattern {
            return;
        }
        self.stages = stages;
        self.pattern.clone_from(pattern);
        self.single.resize(pattern.rows * stages, [0.0]);
        // An algebraic row may have nothing on its diagonal to pivot on.
        self.blocks = (!algebraic).then(|| BlockLu::plan(pattern.rows, &pattern.entries, stages));
    }

    /// Factorises with `inverse` = A⁻¹ (row-major) and the Jacobian's values at all stages, `jacobian[e·width + k]`;
    /// false if it is singular.
    #[inline(always)]
    pub(in super::super) fn factor(
        &mut self,
        inverse: &[f64],
        h: f64,
        mass: Option<&[f64]>,
        jacobian: &[f64],
        width: usize,
    ) -> bool {
        self.is_in_blocks = match &mut self.blocks {
            Some(blocks) => match self.stages {
                5 => blocks.factor::<5>(inverse, h, jacobian, width),
                _ => blocks.factor::<7>(inverse, h, jacobian, width),
            },
            None => false,
        };
        self.is_in_blocks || self.factor_densely(inverse, h, mass, jacobian, width)
    }

    fn factor_densely(
        &mut self,
        inverse: &[f64],
        h: f64,
        mass: Option<&[f64]>,
        jacobian: &[f64],
        width: usize,
    ) -> bool {
        let (n, stages) = (self.pattern.rows, self.stages);
        let size = n * stages;
        self.dense.resize(size);
        let matrix = self.dense.matrix();
        matrix.fill(0.0);
        for k in 0..stages {
            for l in 0..stages {
                for i in 0..n {
                    let weight = mass.map_or(1.0, |mass| mass[i]) / h;
                    matrix[(k * n + i) * size + l * n + i] = weight * inverse[k * stages + l];
                }
            }
        }
        for (&(row, column), values) in self.pattern.entries.iter().zip(jacobian.chunks(width)) {
            for (k, value) in values.iter().take(stages).enumerate() {
                let at = k * n;
                matrix[(at + row as usize) * size + at + column as usize] -= value;
            }
        }
        self.dense.factor()
    }

    /// Solves in place for one right-hand side.
    #[inline(always)]
    pub(in super::super) fn solve(&mut self, b: &mut [f64]) {
        if !self.is_in_blocks {
            return self.dense.solve(b);
        }
        let mut single = std::mem::take(&mut self.single);
        for (x, b) in single.iter_mut().zip(b.iter()) {
            *x = [*b];
        }
        self.solve_in_blocks(&mut single);
        for (x, b) in single.iter().zip(b) {
            *b = x[0];
        }
        self.single = single;
    }

    /// Solves in place for `W` right-hand sides, one a lane; `scratch` is as long as `b`.
    #[inline(always)]
    pub(in super::super) fn solve_lanes<const W: usize>(
        &self,
        b: &mut [[f64; W]],
        scratch: &mut [[f64; W]],
    ) {
        if self.is_in_blocks {
            self.solve_in_blocks(b);
        } else {
            self.dense.solve_lanes(b, scratch);
        }
    }

    #[inline(always)]
    fn solve_in_blocks<const W: usize>(&self, b: &mut [[f64; W]]) {
        match (&self.blocks, self.stages) {
            (None, _) => {}
            (Some(blocks), 3) => blocks.solve::<3, W>(b),
            (Some(blocks), 5) => blocks.solve::<5, W>(b),
            (Some(blocks), _) => blocks.solve::<7, W>(b),
        }
    }
}
