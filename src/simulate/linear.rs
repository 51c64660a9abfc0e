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
