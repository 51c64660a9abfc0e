//! Sparse LU decomposition in blocks: one small dense block, one row and column a stage, for each entry of a static pattern.
//!
//! Blocks of the Jacobian are diagonal until something fills them in; those that stay so are kept as their diagonals.

use super::sparse::{LARGEST_GROWTH, SparseLu};

/// Columns of a row, filled up to two registers of four numbers.
const WIDTH: usize = 8;

/// A block of `S` stages, a row an array; of a diagonal one the first row is its diagonal.
type Block<const S: usize> = [[f64; WIDTH]; S];

/// Factors of a matrix of blocks.
#[derive(Debug, Clone, Default)]
pub(super) struct BlockLu {
    plan: SparseLu,
    /// Whether an entry is a diagonal block before it becomes a multiplier.
    diagonal: Vec<bool>,
    /// `L` and `U`; diagonal blocks of `U` inverted.
    values: Vec<[f64; WIDTH]>,
}

impl BlockLu {
    /// Plans the factorisation of `n × n` blocks of `stages` rows with the entries `(row, column)` and a full diagonal.
    pub(super) fn plan(n: usize, entries: &[(u32, u32)], stages: usize) -> Self {
        let plan = SparseLu::plan(n, entries);
        let mut diagonal = vec![true; plan.entries()];
        for at in plan.targets.iter().chain(&plan.diagonals) {
            diagonal[*at as usize] = false;
        }
        Self {
            values: vec![[0.0; WIDTH]; plan.entries() * stages],
            plan,
            diagonal,
        }
    }

    /// Factorises `inverse/h` on the diagonal minus the Jacobian, `jacobian[e·width + k]` that of stage `k`, with `S` stages;
    /// false if a pivot is singular or grows too much.
    #[inline(always)]
    pub(super) fn factor<const S: usize>(
        &mut self,
        inverse: &[f64],
        h: f64,
        jacobian: &[f64],
        width: usize,
    ) -> bool {
        let Self {
            plan,
            diagonal,
            values,
        } = self;
        values.fill([0.0; WIDTH]);
        let mut own = [[0.0; WIDTH]; S];
        for (own, inverse) in own.iter_mut().zip(inverse.chunks_exact(S)) {
            for (own, a) in own.iter_mut().zip(inverse) {
                *own = a / h;
            }
        }
        for &at in &plan.diagonals {
            rows::<S>(values, at as usize).copy_from_slice(&own);
        }
        for (&at, stages) in plan.entries.iter().zip(jacobian.chunks_exact(width)) {
            let block = rows::<S>(values, at as usize);
            for (k, value) in stages.iter().take(S).enumerate() {
                let row = if diagonal[at as usize] { 0 } else { k };
                block[row][k] -= value;
            }
        }
        let mut targets = plan.targets.iter();
        let stiffness = largest(&own);
        for k in 0..plan.order.len() {
            let row = plan.diagonals[k];
            let before = largest(block::<S>(values, row as usize));
            let mut size = before.max(stiffness);
            for at in plan.starts[k] as usize..plan.diagonals[k] as usize {
                let j = plan.positions[at] as usize;
                let pivot = plan.diagonals[j] as usize;
                let inverted = *block::<S>(values, pivot);
                let own = block::<S>(values, at);
                let multiplier = if diagonal[at] {
                    scaled(&own[0], &inverted)
                } else {
                    product(own, &inverted)
                };
                rows::<S>(values, at).copy_from_slice(&multiplier);
                let sources = pivot + 1..plan.starts[j + 1] as usize;
                for (source, is_diagonal) in sources.clone().zip(&diagonal[sources]) {
                    let Some(&target) = targets.next() else {
                        continue;
                    };
                    let update = if *is_diagonal {
                        by_diagonal(&multiplier, &block::<S>(values, source)[0])
                    } else {
                        product(&multiplier, block::<S>(values, source))
                    };
                    for (to, update) in rows::<S>(values, target as usize).iter_mut().zip(&update) {
                        for c in 0..WIDTH {
                            to[c] -= update[c];
                        }
                    }
                    if target == row {
                        size += largest(&update);
                    }
                }
            }
            let Some(inverse) = inverse_of(block::<S>(values, row as usize)) else {
                return false;
            };
            // Not-a-number is refused as well.
            if !(size <= LARGEST_GROWTH * before && size * largest(&inverse) <= LARGEST_GROWTH) {
                return false;
            }
            rows::<S>(values, row as usize).copy_from_slice(&inverse);
        }
        true
    }

    /// Solves in place for `W` right-hand sides, one a lane; unknown `k·n + i` is stage `k` of row `i`.
    #[inline(always)]
    pub(super) fn solve<const S: usize, const W: usize>(&self, b: &mut [[f64; W]]) {
        let Self {
            plan,
            diagonal,
            values,
        } = self;
        let n = plan.order.len();
        for k in 0..n {
            let i = plan.order[k] as usize;
            let mut v = gathered::<S, W>(b, i, n);
            for at in plan.starts[k] as usize..plan.diagonals[k] as usize {
                let j = plan.columns[at] as usize;
                subtract(&mut v, block::<S>(values, at), b, j, n);
            }
            for (r, v) in v.iter().enumerate() {
                b[r * n + i] = *v;
            }
        }
        for k in (0..n).rev() {
            let i = plan.order[k] as usize;
            let pivot = plan.diagonals[k] as usize;
            let mut v = gathered::<S, W>(b, i, n);
            let above = pivot + 1..plan.starts[k + 1] as usize;
            for (at, is_diagonal) in above.clone().zip(&diagonal[above]) {
                let j = plan.columns[at] as usize;
                let block = block::<S>(values, at);
                if *is_diagonal {
                    for r in 0..S {
                        let x = &b[r * n + j];
                        for c in 0..W {
                            v[r][c] -= block[0][r] * x[c];
                        }
                    }
                } else {
                    subtract(&mut v, block, b, j, n);
                }
            }
            for (r, row) in block::<S>(values, pivot).iter().enumerate() {
                let mut sum = [0.0; W];
                for (u, x) in row.iter().zip(&v) {
                    for c in 0..W {
                        sum[c] += u * x[c];
                    }
                }
                b[r * n + i] = sum;
            }
        }
    }
}

/// Block `at` of all values.
#[inline(always)]
fn block<const S: usize>(values: &[[f64; WIDTH]], at: usize) -> &Block<S> {
    match values[at * S..].first_chunk() {
        Some(block) => block,
        None => &[[0.0; WIDTH]; S],
    }
}

/// Rows of block `at` of all values, to be changed.
#[inline(always)]
fn rows<const S: usize>(values: &mut [[f64; WIDTH]], at: usize) -> &mut [[f64; WIDTH]] {
    &mut values[at * S..(at + 1) * S]
}

/// All stages of row `i`.
#[inline(always)]
fn gathered<const S: usize, const W: usize>(b: &[[f64; W]], i: usize, n: usize) -> [[f64; W]; S] {
    let mut v = [[0.0; W]; S];
    for (r, v) in v.iter_mut().enumerate() {
        *v = b[r * n + i];
    }
    v
}

/// `v −= block·b` of column `j`.
#[inline(always)]
fn subtract<const S: usize, const W: usize>(
    v: &mut [[f64; W]; S],
    block: &Block<S>,
    b: &[[f64; W]],
    j: usize,
    n: usize,
) {
    for q in 0..S {
        let x = &b[q * n + j];
        for r in 0..S {
            for c in 0..W {
                v[r][c] -= block[r][q] * x[c];
            }
        }
    }
}

/// `diag(d)·b`.
#[inline(always)]
fn scaled<const S: usize>(d: &[f64; WIDTH], b: &Block<S>) -> Block<S> {
    let mut out = [[0.0; WIDTH]; S];
    for r in 0..S {
        for c in 0..WIDTH {
            out[r][c] = d[r] * b[r][c];
        }
    }
    out
}

/// `a·diag(d)`.
#[inline(always)]
fn by_diagonal<const S: usize>(a: &Block<S>, d: &[f64; WIDTH]) -> Block<S> {
    let mut out = [[0.0; WIDTH]; S];
    for r in 0..S {
        for c in 0..WIDTH {
            out[r][c] = a[r][c] * d[c];
        }
    }
    out
}

/// Largest magnitude; not-a-number if there is one.
#[inline(always)]
fn largest<const S: usize>(block: &Block<S>) -> f64 {
    let mut lanes = [0.0_f64; WIDTH];
    for row in block {
        for c in 0..WIDTH {
            let size = row[c].abs();
            lanes[c] = if size <= lanes[c] { lanes[c] } else { size };
        }
    }
    let mut all = 0.0;
    for size in lanes {
        all = if size <= all { all } else { size };
    }
    all
}

/// `a·b`.
#[inline(always)]
fn product<const S: usize>(a: &Block<S>, b: &Block<S>) -> Block<S> {
    let mut out = [[0.0; WIDTH]; S];
    for r in 0..S {
        for q in 0..S {
            for c in 0..WIDTH {
                out[r][c] += a[r][q] * b[q][c];
            }
        }
    }
    out
}

/// Inverse by Gauss–Jordan elimination with a search for pivots in the column; `None` if singular.
#[inline(always)]
fn inverse_of<const S: usize>(block: &Block<S>) -> Option<Block<S>> {
    let mut block = *block;
    let mut out = [[0.0; WIDTH]; S];
    for (r, row) in out.iter_mut().enumerate() {
        row[r] = 1.0;
    }
    for k in 0..S {
        let mut pivot = k;
        for r in k + 1..S {
            if block[r][k].abs() > block[pivot][k].abs() {
                pivot = r;
            }
        }
        let inverse = 1.0 / block[pivot][k];
        if !inverse.is_finite() {
            return None;
        }
        block.swap(k, pivot);
        out.swap(k, pivot);
        for c in 0..WIDTH {
            block[k][c] *= inverse;
            out[k][c] *= inverse;
        }
        let (own, inverted) = (block[k], out[k]);
        for r in 0..S {
            if r == k {
                continue;
            }
            let factor = block[r][k];
            for c in 0..WIDTH {
                block[r][c] -= factor * own[c];
                out[r][c] -= factor * inverted[c];
            }
        }
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::Stream;

    fn solved<const S: usize>(n: usize, random: &mut Stream) {
        let mut entries: Vec<(u32, u32)> = Vec::new();
        for i in 0..n as u32 {
            for j in 0..n as u32 {
                if random.uniform() < 3.0 / n as f64 {
                    entries.push((i, j));
                }
            }
        }
        let jacobian: Vec<f64> = (0..entries.len() * 8).map(|_| random.normal()).collect();
        let inverse: Vec<f64> = (0..S * S)
            .map(|at| random.normal() + if at % (S + 1) == 0 { 12.0 } else { 0.0 })
            .collect();
        let h = 0.5;
        let mut lu = BlockLu::plan(n, &entries, S);
        assert!(lu.factor::<S>(&inverse, h, &jacobian, 8));
        let x: Vec<[f64; 4]> = (0..n * S)
            .map(|_| std::array::from_fn(|_| random.normal()))
            .collect();
        let mut b = vec![[0.0; 4]; n * S];
        for c in 0..4 {
            for i in 0..n {
                for k in 0..S {
                    b[k * n + i][c] = (0..S)
                        .map(|l| inverse[k * S + l] / h * x[l * n + i][c])
                        .sum();
                }
            }
            for (e, &(i, j)) in entries.iter().enumerate() {
                for k in 0..S {
                    b[k * n + i as usize][c] -= jacobian[e * 8 + k] * x[k * n + j as usize][c];
                }
            }
        }
        lu.solve::<S, 4>(&mut b);
        for (b, x) in b.iter().flatten().zip(x.iter().flatten()) {
            assert!((b - x).abs() < 1e-11, "{b} {x}");
        }
    }

    #[test]
    fn solution_satisfies_the_system_whatever_the_pattern() {
        for n in [1, 2, 5, 13, 40] {
            let mut random = Stream::new(5, "blocks", n as u64, 0);
            solved::<3>(n, &mut random);
            solved::<5>(n, &mut random);
            solved::<7>(n, &mut random);
        }
    }

    #[test]
    fn singular_and_cancelling_pivots_are_refused() {
        let unit = [1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0];
        let mut lu = BlockLu::plan(1, &[(0, 0)], 3);
        assert!(!lu.factor::<3>(&unit, 1.0, &[1.0; 8], 8));
        assert!(lu.factor::<3>(&unit, 1.0, &[0.5; 8], 8));
        let mut lu = BlockLu::plan(2, &[(0, 0), (0, 1), (1, 0), (1, 1)], 3);
        let jacobian: Vec<f64> = [1.0 - 1e-9, -1.0, -1.0, 0.0]
            .iter()
            .flat_map(|x| [*x; 8])
            .collect();
        assert!(!lu.factor::<3>(&unit, 1.0, &jacobian, 8));
    }
}
