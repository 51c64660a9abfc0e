//! Dense LU decomposition with partial pivoting, row-major.

/// `P·A = L·U` of a square matrix (`n × n`, row-major), with room for repeated factorisations.
#[derive(Debug, Clone, Default)]
pub(crate) struct DenseLu {
    n: usize,
    /// `L` (unit diagonal, not stored) below and `U` on and above the diagonal; diagonal of `U` inverted.
    values: Vec<f64>,
    /// Row of `A` that became row `i`.
    rows: Vec<usize>,
    /// Right-hand side in pivot order.
    vector: Vec<f64>,
}

impl DenseLu {
    /// Sets the size; keeps memory.
    pub(crate) fn resize(&mut self, n: usize) {
        self.n = n;
        self.values.resize(n * n, 0.0);
        self.rows.resize(n, 0);
        self.vector.resize(n, 0.0);
    }

    /// The matrix to be factorised next, `n × n` row-major; its content is that of the last factors.
    pub(crate) fn matrix(&mut self) -> &mut [f64] {
        &mut self.values
    }

    /// Factorises what [`Self::matrix`] was filled with; false if a pivot is zero or not finite.
    pub(crate) fn factor(&mut self) -> bool {
        let n = self.n;
        for (i, row) in self.rows.iter_mut().enumerate() {
            *row = i;
        }
        for k in 0..n {
            let mut pivot = k;
            let mut largest = self.values[k * n + k].abs();
            for i in k + 1..n {
                let size = self.values[i * n + k].abs();
                if size > largest {
                    largest = size;
                    pivot = i;
                }
            }
            if !(largest > 0.0 && largest.is_finite()) {
                return false;
            }
            let (upper, lower) = self.values.split_at_mut((k + 1) * n);
            let row_k = &mut upper[k * n..];
            if pivot != k {
                row_k.swap_with_slice(&mut lower[(pivot - k - 1) * n..][..n]);
                self.rows.swap(k, pivot);
            }
            let inverse = 1.0 / row_k[k];
            row_k[k] = inverse;
            let tail = &row_k[k + 1..];
            for row in lower.chunks_exact_mut(n) {
                let factor = row[k] * inverse;
                if row[k] != 0.0 {
                    row[k] = factor;
                    for (v, u) in row[k + 1..].iter_mut().zip(tail) {
                        *v -= factor * u;
                    }
                }
            }
        }
        true
    }

    /// Solves `A·x = b` in place.
    pub(crate) fn solve(&mut self, b: &mut [f64]) {
        let n = self.n;
        let x = &mut self.vector[..];
        for (x, row) in x.iter_mut().zip(&self.rows) {
            *x = b[*row];
        }
        for (i, row) in self.values.chunks_exact(n.max(1)).enumerate() {
            let (done, rest) = x.split_at_mut(i);
            let mut v = rest[0];
            for (l, x) in row.iter().zip(done.iter()) {
                v -= l * x;
            }
            rest[0] = v;
        }
        for (i, row) in self.values.chunks_exact(n.max(1)).enumerate().rev() {
            let (head, done) = x.split_at_mut(i + 1);
            let mut v = head[i];
            for (u, x) in row[i + 1..].iter().zip(done.iter()) {
                v -= u * x;
            }
            head[i] = v * row[i];
        }
        b.copy_from_slice(x);
    }

    /// Solves `A·X = B` in place for `W` right-hand sides, one a lane; `x` is as long as `b`.
    #[inline(always)]
    pub(crate) fn solve_lanes<const W: usize>(&self, b: &mut [[f64; W]], x: &mut [[f64; W]]) {
        let n = self.n;
        for (x, row) in x.iter_mut().zip(&self.rows) {
            *x = b[*row];
        }
        for (i, row) in self.values.chunks_exact(n.max(1)).enumerate() {
            let (done, rest) = x.split_at_mut(i);
            let mut v = rest[0];
            for (l, x) in row.iter().zip(done.iter()) {
                for c in 0..W {
                    v[c] -= l * x[c];
                }
            }
            rest[0] = v;
        }
        for (i, row) in self.values.chunks_exact(n.max(1)).enumerate().rev() {
            let (head, done) = x.split_at_mut(i + 1);
            let mut v = head[i];
            for (u, x) in row[i + 1..].iter().zip(done.iter()) {
                for c in 0..W {
                    v[c] -= u * x[c];
                }
            }
            let inverse = row[i];
            for c in &mut v {
                *c *= inverse;
            }
            head[i] = v;
        }
        b.copy_from_slice(x);
    }
}
