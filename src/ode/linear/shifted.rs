//! LU factors of `λ·I − J` for several complex shifts λ at once: one shift a lane, all on one static pattern.

use super::super::Pattern;
use super::sparse::{LARGEST_GROWTH, SparseLu};

/// Shifts that are factorised together: a register of four numbers.
pub(in super::super) const SHIFTS: usize = 4;

/// Real and imaginary parts of one number for each shift.
pub(in super::super) type Complex = [[f64; SHIFTS]; 2];

/// `a·b`.
#[inline(always)]
fn product(a: &Complex, b: &Complex) -> Complex {
    let mut out = Complex::default();
    for l in 0..SHIFTS {
        out[0][l] = a[0][l] * b[0][l] - a[1][l] * b[1][l];
        out[1][l] = a[0][l] * b[1][l] + a[1][l] * b[0][l];
    }
    out
}

/// Sums of the magnitudes of both parts.
#[inline(always)]
fn sizes(a: &Complex) -> [f64; SHIFTS] {
    let mut out = [0.0; SHIFTS];
    for l in 0..SHIFTS {
        out[l] = a[0][l].abs() + a[1][l].abs();
    }
    out
}

/// `v −= a·b`.
#[inline(always)]
pub(in super::super) fn subtract_product(v: &mut Complex, a: &Complex, b: &Complex) {
    for l in 0..SHIFTS {
        v[0][l] -= a[0][l] * b[0][l] - a[1][l] * b[1][l];
        v[1][l] -= a[0][l] * b[1][l] + a[1][l] * b[0][l];
    }
}

/// The matrices `λ·I − J` and their factors, pivots on the diagonal.
#[derive(Debug, Clone, Default)]
pub(in super::super) struct ShiftedLu {
    pattern: Pattern,
    plan: SparseLu,
    /// `L` and `U` of every shift; diagonal of `U` inverted.
    values: Vec<Complex>,
}

impl ShiftedLu {
    /// Prepares for a Jacobian pattern; keeps what is known if it is the last one.
    pub(in super::super) fn prepare(&mut self, pattern: &Pattern) {
        if self.pattern == *pattern && !self.values.is_empty() {
            return;
        }
        self.pattern.clone_from(pattern);
        self.plan = SparseLu::plan(pattern.rows, &pattern.entries);
        self.values = vec![Complex::default(); self.plan.entries()];
    }

    /// Factorises; false if a pivot of any shift vanishes or grows too much.
    #[inline(always)]
    pub(in super::super) fn factor(&mut self, shifts: &Complex, jacobian: &[f64]) -> bool {
        let Self { plan, values, .. } = self;
        values.fill(Complex::default());
        for (&at, value) in plan.entries.iter().zip(jacobian) {
            for re in &mut values[at as usize][0] {
                *re -= value;
            }
        }
        for &at in &plan.diagonals {
            for (value, shift) in values[at as usize].iter_mut().zip(shifts) {
                for (value, shift) in value.iter_mut().zip(shift) {
                    *value += shift;
                }
            }
        }
        let shift = sizes(shifts);
        let mut targets = plan.targets.iter();
        // 1 as long as every pivot is good: a number, so that the comparisons stay in the registers of the numbers.
        let mut fine = [1.0; SHIFTS];
        for k in 0..plan.order.len() {
            let own = plan.diagonals[k];
            let before = sizes(&values[own as usize]);
            let mut size = before;
            for l in 0..SHIFTS {
                size[l] = size[l].max(shift[l]);
            }
            for at in plan.starts[k] as usize..own as usize {
                let j = plan.positions[at] as usize;
                let diagonal = plan.diagonals[j] as usize;
                let multiplier = product(&values[at], &values[diagonal]);
                values[at] = multiplier;
                for source in diagonal + 1..plan.starts[j + 1] as usize {
                    let Some(&t) = targets.next() else {
                        continue;
                    };
                    let update = product(&multiplier, &values[source]);
                    let to = &mut values[t as usize];
                    for l in 0..SHIFTS {
                        to[0][l] -= update[0][l];
                        to[1][l] -= update[1][l];
                    }
                    if t == own {
                        let update = sizes(&update);
                        for l in 0..SHIFTS {
                            size[l] += update[l];
                        }
                    }
                }
            }
            let pivot = &mut values[own as usize];
            let after = sizes(pivot);
            for l in 0..SHIFTS {
                let (re, im) = (pivot[0][l], pivot[1][l]);
                let norm = 1.0 / (re * re + im * im);
                pivot[0][l] = re * norm;
                pivot[1][l] = -im * norm;
                // Not-a-number is refused as well.
                let is_good = (size[l] <= LARGEST_GROWTH * before[l])
                    & (size[l] <= LARGEST_GROWTH * after[l])
                    & (norm > 0.0)
                    & (norm < f64::INFINITY);
                fine[l] = if is_good { fine[l] } else { 0.0 };
            }
        }
        fine == [1.0; SHIFTS]
    }

    /// Solves in place, every shift with its own right-hand side.
    #[inline(always)]
    pub(in super::super) fn solve(&self, b: &mut [Complex]) {
        let Self { plan, values, .. } = self;
        for k in 0..plan.order.len() {
            let i = plan.order[k] as usize;
            let mut v = b[i];
            for at in plan.starts[k] as usize..plan.diagonals[k] as usize {
                subtract_product(&mut v, &values[at], &b[plan.columns[at] as usize]);
            }
            b[i] = v;
        }
        for k in (0..plan.order.len()).rev() {
            let i = plan.order[k] as usize;
            let diagonal = plan.diagonals[k] as usize;
            let mut v = b[i];
            for at in diagonal + 1..plan.starts[k + 1] as usize {
                subtract_product(&mut v, &values[at], &b[plan.columns[at] as usize]);
            }
            b[i] = product(&v, &values[diagonal]);
        }
    }

    /// Solves in place with the first shift, which is real.
    pub(in super::super) fn solve_first(&self, b: &mut [f64]) {
        let Self { plan, values, .. } = self;
        for k in 0..plan.order.len() {
            let i = plan.order[k] as usize;
            let mut v = b[i];
            for at in plan.starts[k] as usize..plan.diagonals[k] as usize {
                v -= values[at][0][0] * b[plan.columns[at] as usize];
            }
            b[i] = v;
        }
        for k in (0..plan.order.len()).rev() {
            let i = plan.order[k] as usize;
            let diagonal = plan.diagonals[k] as usize;
            let mut v = b[i];
            for at in diagonal + 1..plan.starts[k + 1] as usize {
                v -= values[at][0][0] * b[plan.columns[at] as usize];
            }
            b[i] = v * values[diagonal][0][0];
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::Stream;

    #[test]
    fn solutions_satisfy_the_systems_of_all_shifts() {
        let shifts: Complex = [[20.0, 18.0, 15.0, 12.0], [0.0, 5.0, -9.0, 14.0]];
        for n in [1, 3, 8, 21] {
            let mut random = Stream::new(4, "shifted", n as u64, 0);
            let mut entries: Vec<(u32, u32)> = Vec::new();
            for i in 0..n as u32 {
                for j in 0..n as u32 {
                    if random.uniform() < 3.0 / n as f64 {
                        entries.push((i, j));
                    }
                }
            }
            let jacobian: Vec<f64> = entries.iter().map(|_| random.normal()).collect();
            let pattern = Pattern {
                rows: n,
                columns: n,
                entries,
            };
            let mut lu = ShiftedLu::default();
            lu.prepare(&pattern);
            assert!(lu.factor(&shifts, &jacobian));
            let x: Vec<Complex> = (0..n)
                .map(|_| std::array::from_fn(|_| std::array::from_fn(|_| random.normal())))
                .collect();
            let mut b: Vec<Complex> = x.iter().map(|x| product(x, &shifts)).collect();
            for (&(i, j), v) in pattern.entries.iter().zip(&jacobian) {
                for part in 0..2 {
                    for l in 0..SHIFTS {
                        b[i as usize][part][l] -= v * x[j as usize][part][l];
                    }
                }
            }
            let mut first: Vec<f64> = b.iter().map(|b| b[0][0]).collect();
            let imaginary: Vec<f64> = b.iter().map(|b| b[1][0]).collect();
            lu.solve(&mut b);
            lu.solve_first(&mut first);
            for ((b, x), first) in b.iter().zip(&x).zip(&first) {
                for part in 0..2 {
                    for l in 0..SHIFTS {
                        assert!((b[part][l] - x[part][l]).abs() < 1e-12, "{b:?} {x:?}");
                    }
                }
                assert!((first - x[0][0]).abs() < 1e-12, "{imaginary:?}");
            }
        }
    }

    #[test]
    fn cancelling_pivots_are_refused() {
        let pattern = Pattern {
            rows: 2,
            columns: 2,
            entries: vec![(0, 0), (0, 1), (1, 0), (1, 1)],
        };
        let mut lu = ShiftedLu::default();
        lu.prepare(&pattern);
        let shifts = [[1.0; SHIFTS], [0.0; SHIFTS]];
        assert!(!lu.factor(&shifts, &[1.0 - 1e-9, -1.0, -1.0, 0.0]));
        assert!(lu.factor(&shifts, &[0.0, -0.5, -0.5, 0.0]));
    }
}
