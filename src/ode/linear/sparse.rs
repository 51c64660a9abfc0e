//! Sparse LU decomposition on a pattern that never changes: fill-in and the order of elimination are found once.
//!
//! Pivots stay on the diagonal. For the matrices `σ·M − J` of implicit steps that is as good as a search for pivots
//! unless pivots come out small or large by cancellation, which every factorisation watches in a way that does not depend on
//! the units of the states.

/// Largest ratio between what is added up in a pivot and the diagonal entry or the pivot itself: beyond it the factors are
/// refused, and the matrix is factorised with a search for pivots. A pivot loses at most as many digits as this has.
pub(super) const LARGEST_GROWTH: f64 = 1e4;

/// Factors of a matrix whose rows and columns were permuted alike.
#[derive(Debug, Clone, Default)]
pub(crate) struct SparseLu {
    /// Row (and column) that is eliminated `k`-th.
    pub(super) order: Vec<u32>,
    /// First entry of each permuted row; one more than rows.
    pub(super) starts: Vec<u32>,
    /// Diagonal entry of each permuted row; before it lies `L`, behind it `U`.
    pub(super) diagonals: Vec<u32>,
    /// Original column of each entry.
    pub(super) columns: Vec<u32>,
    /// Permuted row of the column of each entry.
    pub(super) positions: Vec<u32>,
    /// Entry of each entry of the matrix's pattern.
    pub(super) entries: Vec<u32>,
    /// Targets of the updates of a factorisation, in the order in which they happen.
    pub(super) targets: Vec<u32>,
    /// `L` and `U`; diagonal of `U` inverted.
    values: Vec<f64>,
}

impl SparseLu {
    /// Plans the factorisation of `n × n` matrices with the entries `(row, column)` and a full diagonal.
    pub(crate) fn plan(n: usize, entries: &[(u32, u32)]) -> Self {
        let words = n.div_ceil(64);
        let mut rows = vec![vec![0_u64; words]; n];
        let set = |row: &mut Vec<u64>, j: usize| row[j / 64] |= 1 << (j % 64);
        let has = |row: &[u64], j: usize| row[j / 64] >> (j % 64) & 1 == 1;
        for (i, row) in rows.iter_mut().enumerate() {
            set(row, i);
        }
        for &(i, j) in entries {
            set(&mut rows[i as usize], j as usize);
        }
        // Markowitz: the diagonal entry whose elimination can fill in least comes next.
        let mut left: Vec<usize> = (0..n).collect();
        let mut order = Vec::with_capacity(n);
        let mut alive = vec![0_u64; words];
        (0..n).for_each(|i| set(&mut alive, i));
        while !left.is_empty() {
            let cost = |i: usize| {
                let across: u32 = rows[i]
                    .iter()
                    .zip(&alive)
                    .map(|(r, a)| (r & a).count_ones())
                    .sum();
                let down = left.iter().filter(|&&r| has(&rows[r], i)).count();
                (across as usize - 1) * (down - 1)
            };
            let (at, pivot) = left
                .iter()
                .copied()
                .enumerate()
                .min_by_key(|&(_, i)| (cost(i), i))
                .unwrap_or((0, 0));
            left.remove(at);
            order.push(pivot as u32);
            alive[pivot / 64] &= !(1 << (pivot % 64));
            let fill: Vec<u64> = rows[pivot].iter().zip(&alive).map(|(r, a)| r & a).collect();
            for &r in &left {
                if has(&rows[r], pivot) {
                    for (word, fill) in rows[r].iter_mut().zip(&fill) {
                        *word |= fill;
                    }
                }
            }
        }
        let mut position = vec![0_u32; n];
        for (k, &i) in order.iter().enumerate() {
            position[i as usize] = k as u32;
        }
        let mut plan = Self {
            starts: vec![0],
            ..Self::default()
        };
        for (k, &i) in order.iter().enumerate() {
            let mut list: Vec<u32> = (0..n)
                .filter(|&j| has(&rows[i as usize], j))
                .map(|j| position[j])
                .collect();
            list.sort_unstable();
            for p in list {
                if p as usize == k {
                    plan.diagonals.push(plan.columns.len() as u32);
                }
                plan.columns.push(order[p as usize]);
                plan.positions.push(p);
            }
            plan.starts.push(plan.columns.len() as u32);
        }
        let find = |k: usize, p: u32| {
            let from = plan.starts[k] as usize;
            let to = plan.starts[k + 1] as usize;
            plan.positions[from..to]
                .binary_search(&p)
                .map_or(0, |at| (from + at) as u32)
        };
        plan.entries = entries
            .iter()
            .map(|&(i, j)| find(position[i as usize] as usize, position[j as usize]))
            .collect();
        let mut targets = Vec::new();
        for k in 0..n {
            for at in plan.starts[k]..plan.diagonals[k] {
                let j = plan.positions[at as usize] as usize;
                for source in plan.diagonals[j] + 1..plan.starts[j + 1] {
                    targets.push(find(k, plan.positions[source as usize]));
                }
            }
        }
        plan.targets = targets;
        plan.values = vec![0.0; plan.columns.len()];
        plan.order = order;
        plan
    }

    /// Number of entries of `L` and `U` together.
    pub(crate) fn entries(&self) -> usize {
        self.columns.len()
    }

    /// Factorises `σ·M − J`; false if a pivot vanishes or grows too much.
    pub(crate) fn factor(&mut self, sigma: f64, mass: Option<&[f64]>, jacobian: &[f64]) -> bool {
        let n = self.order.len();
        self.values.fill(0.0);
        for (&at, value) in self.entries.iter().zip(jacobian) {
            self.values[at as usize] -= value;
        }
        for k in 0..n {
            let m = mass.map_or(1.0, |mass| mass[self.order[k] as usize]);
            self.values[self.diagonals[k] as usize] += sigma * m;
        }
        let mut target = self.targets.iter();
        for k in 0..n {
            let own = self.diagonals[k];
            let before = self.values[own as usize].abs();
            let mut size =
                before.max(sigma.abs() * mass.map_or(1.0, |m| m[self.order[k] as usize]));
            for at in self.starts[k] as usize..own as usize {
                let j = self.positions[at] as usize;
                let multiplier = self.values[at] * self.values[self.diagonals[j] as usize];
                self.values[at] = multiplier;
                let from = self.diagonals[j] as usize + 1;
                let to = self.starts[j + 1] as usize;
                for source in from..to {
                    if let Some(&t) = target.next() {
                        let update = multiplier * self.values[source];
                        self.values[t as usize] -= update;
                        if t == own {
                            size += update.abs();
                        }
                    }
                }
            }
            let pivot = self.values[own as usize];
            let inverse = 1.0 / pivot;
            // Not-a-number is refused as well.
            let grown = size <= LARGEST_GROWTH * before && size <= LARGEST_GROWTH * pivot.abs();
            if !(grown && inverse.is_finite()) {
                return false;
            }
            self.values[own as usize] = inverse;
        }
        true
    }

    /// Solves in place for `W` right-hand sides at once, one a lane.
    #[inline(always)]
    pub(crate) fn solve<const W: usize>(&self, b: &mut [[f64; W]]) {
        let n = self.order.len();
        for k in 0..n {
            let i = self.order[k] as usize;
            let mut v = b[i];
            for at in self.starts[k] as usize..self.diagonals[k] as usize {
                let l = self.values[at];
                let x = &b[self.columns[at] as usize];
                for c in 0..W {
                    v[c] -= l * x[c];
                }
            }
            b[i] = v;
        }
        for k in (0..n).rev() {
            let i = self.order[k] as usize;
            let diagonal = self.diagonals[k] as usize;
            let mut v = b[i];
            for at in diagonal + 1..self.starts[k + 1] as usize {
                let u = self.values[at];
                let x = &b[self.columns[at] as usize];
                for c in 0..W {
                    v[c] -= u * x[c];
                }
            }
            let inverse = self.values[diagonal];
            for c in &mut v {
                *c *= inverse;
            }
            b[i] = v;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::Stream;

    #[test]
    fn solution_satisfies_the_system_whatever_the_pattern() {
        for n in [1, 2, 5, 13, 40] {
            let mut random = Stream::new(3, "sparse", n as u64, 0);
            let mut entries: Vec<(u32, u32)> = Vec::new();
            for i in 0..n as u32 {
                for j in 0..n as u32 {
                    if random.uniform() < 3.0 / n as f64 {
                        entries.push((i, j));
                    }
                }
            }
            let jacobian: Vec<f64> = entries.iter().map(|_| random.normal()).collect();
            let sigma = 20.0;
            let mut lu = SparseLu::plan(n, &entries);
            assert!(lu.factor(sigma, None, &jacobian));
            let x: Vec<[f64; 4]> = (0..n)
                .map(|_| std::array::from_fn(|_| random.normal()))
                .collect();
            let mut b: Vec<[f64; 4]> = x.iter().map(|x| x.map(|x| sigma * x)).collect();
            for (&(i, j), v) in entries.iter().zip(&jacobian) {
                for c in 0..4 {
                    b[i as usize][c] -= v * x[j as usize][c];
                }
            }
            lu.solve(&mut b);
            for (b, x) in b.iter().flatten().zip(x.iter().flatten()) {
                assert!((b - x).abs() < 1e-12, "{b} {x}");
            }
        }
    }

    #[test]
    fn cancelling_pivots_are_refused_whatever_the_units() {
        let mut lu = SparseLu::plan(2, &[(0, 0), (0, 1), (1, 0), (1, 1)]);
        // Row 0 is nearly 0 on the diagonal.
        assert!(!lu.factor(1.0, None, &[1.0 - 1e-9, -1.0, -1.0, 0.0]));
        assert!(lu.factor(1.0, None, &[0.0, -0.5, -0.5, 0.0]));
        assert!(lu.factor(1.0, None, &[0.0, -0.5e9, -0.5e-9, 0.0]));
        // The second pivot is 1 − 1 + 1e-9, or 1 − 1e9.
        assert!(!lu.factor(1.0, None, &[0.0, -1e5, -1e-5 * (1.0 - 1e-9), 0.0]));
        assert!(!lu.factor(1.0, None, &[0.0, -1e5, -1e4, 0.0]));
    }
}
