//! A small dense matrix with its LU factors: the systems of steady states and of algebraic rules.

/// A square matrix, row-major.
#[derive(Debug, Clone)]
pub(super) struct Dense {
    n: usize,
    a: Vec<f64>,
    pivots: Vec<usize>,
}

impl Dense {
    /// The zero matrix.
    pub fn new(n: usize) -> Self {
        Self {
            n,
            a: vec![0.0; n * n],
            pivots: vec![0; n],
        }
    }
    /// Sets all entries to 0.
    pub fn clear(&mut self) {
        self.a.fill(0.0);
    }
    /// Adds to an entry.
    pub fn add(&mut self, row: usize, column: usize, value: f64) {
        self.a[row * self.n + column] += value;
    }
    /// LU with partial pivoting; false if singular.
    pub fn factor(&mut self) -> bool {
        let n = self.n;
        for k in 0..n {
            let mut p = k;
            for i in k + 1..n {
                if self.a[i * n + k].abs() > self.a[p * n + k].abs() {
                    p = i;
                }
            }
            let pivot = self.a[p * n + k];
            if pivot == 0.0 || !pivot.is_finite() {
                return false;
            }
            self.pivots[k] = p;
            if p != k {
                for j in 0..n {
                    self.a.swap(k * n + j, p * n + j);
                }
            }
            for i in k + 1..n {
                let factor = self.a[i * n + k] / pivot;
                self.a[i * n + k] = factor;
                if factor != 0.0 {
                    for j in k + 1..n {
                        self.a[i * n + j] -= factor * self.a[k * n + j];
                    }
                }
            }
        }
        true
    }
    /// Solves with the factors, in place.
    pub fn solve(&self, b: &mut [f64]) {
        let n = self.n;
        for k in 0..n {
            b.swap(k, self.pivots[k]);
        }
        for i in 1..n {
            let row = &self.a[i * n..i * n + i];
            let sum: f64 = row.iter().zip(b.iter()).map(|(a, x)| a * x).sum();
            b[i] -= sum;
        }
        for i in (0..n).rev() {
            let row = &self.a[i * n + i + 1..(i + 1) * n];
            let sum: f64 = row.iter().zip(&b[i + 1..]).map(|(a, x)| a * x).sum();
            b[i] = (b[i] - sum) / self.a[i * n + i];
        }
    }
}

/// Pivots below this part of the largest entry count as 0.
const RANK_TOLERANCE: f64 = 1e-14;

/// A small linear system that may be singular: unknowns that nothing determines are 0.
#[derive(Debug, Clone)]
pub(super) struct Guarded {
    n: usize,
    columns: usize,
    a: Vec<f64>,
    b: Vec<f64>,
}

impl Guarded {
    /// A system of `n` unknowns with that many right-hand sides, all 0.
    pub fn new(n: usize, columns: usize) -> Self {
        Self {
            n,
            columns,
            a: vec![0.0; n * n],
            b: vec![0.0; n * columns],
        }
    }
    /// Adds to an entry of the matrix.
    pub fn add(&mut self, row: usize, column: usize, value: f64) {
        self.a[row * self.n + column] += value;
    }
    /// Adds to an entry of a right-hand side.
    pub fn right(&mut self, row: usize, column: usize, value: f64) {
        self.b[row * self.columns + column] += value;
    }
    /// Solution, row-major `n × columns`, by elimination with complete pivoting on rows scaled to like size.
    pub fn solve(mut self) -> Vec<f64> {
        let (n, c) = (self.n, self.columns);
        for i in 0..n {
            let row = &mut self.a[i * n..(i + 1) * n];
            let largest = row.iter().fold(0.0_f64, |x, v| x.max(v.abs()));
            if largest > 0.0 && largest.is_finite() {
                row.iter_mut().for_each(|v| *v /= largest);
                self.b[i * c..(i + 1) * c]
                    .iter_mut()
                    .for_each(|v| *v /= largest);
            }
        }
        let mut rows: Vec<usize> = (0..n).collect();
        let mut columns: Vec<usize> = (0..n).collect();
        let mut pivots: Vec<(usize, usize)> = Vec::new();
        loop {
            let mut best = (RANK_TOLERANCE, None);
            for (p, &i) in rows.iter().enumerate() {
                for (q, &j) in columns.iter().enumerate() {
                    let v = self.a[i * n + j].abs();
                    if v > best.0 {
                        best = (v, Some((p, q)));
                    }
                }
            }
            let Some((p, q)) = best.1 else { break };
            let (row, column) = (rows.swap_remove(p), columns.swap_remove(q));
            pivots.push((row, column));
            for &i in &rows {
                let factor = self.a[i * n + column] / self.a[row * n + column];
                if factor != 0.0 {
                    for j in 0..n {
                        self.a[i * n + j] -= factor * self.a[row * n + j];
                    }
                    for k in 0..c {
                        self.b[i * c + k] -= factor * self.b[row * c + k];
                    }
                }
            }
        }
        let mut x = vec![0.0; n * c];
        for &(row, column) in pivots.iter().rev() {
            for k in 0..c {
                let known: f64 = (0..n)
                    .filter(|j| *j != column)
                    .map(|j| self.a[row * n + j] * x[j * c + k])
                    .sum();
                x[column * c + k] = (self.b[row * c + k] - known) / self.a[row * n + column];
            }
        }
        x
    }
}
