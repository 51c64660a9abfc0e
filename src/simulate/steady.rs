//! Steady states with their sensitivities.
//!
//! The experiment is integrated over growing spans until no state changes noticeably; Newton's method then solves
//! `f(y) = 0` together with `L·(y − y_T) = 0`, where the rows of `L` are the linear conservation laws (`L·f(y) = 0` for all
//! y) and `y_T` is the end of the integration, which keeps them. The sensitivities follow from the implicit function
//! theorem with the same matrix: `J·S = −f_p`, `L·S = L·S_T`.

use super::SimulateError;
use super::experiment::Chain;
use super::linear::Dense;
use super::run::Runner;

/// Newton iterations before the integration goes on instead.
const MAX_NEWTON: usize = 12;
/// A Newton correction below this part of the state (plus this) ends the iteration.
const NEWTON_TOLERANCE: f64 = 1e-13;
/// Newton may move a state by at most this part of it: farther away lies another steady state.
const NEWTON_REACH: f64 = 0.05;
/// A pivot below this part of the largest entry counts as 0 when conservation laws are looked for.
const RANK_TOLERANCE: f64 = 1e-9;
/// Right-hand sides probed beyond the number of states when conservation laws are looked for.
const EXTRA_PROBES: usize = 4;

impl Runner<'_> {
    /// Brings the present state to steady state.
    pub fn steady(&mut self, chain: &Chain) -> Result<(), SimulateError> {
        let n = self.e.system.n;
        if n == 0 {
            return Ok(());
        }
        if !self.e.system.delays.is_empty() {
            return Err(SimulateError::Delays {
                what: "steady states",
            });
        }
        let start = self.t;
        let mut span = 1.0;
        let mut checked_small = false;
        loop {
            self.advance(chain, start + span, None, false)?;
            let (worst, which, rate) = self.change();
            if worst <= 1.0 {
                if self.newton(chain) {
                    break;
                }
                // An integration that stands still to full precision is as good as Newton's answer.
                if worst <= 1e-4 && checked_small {
                    break;
                }
                checked_small = true;
            }
            if span >= self.settings.steady_horizon {
                return Err(SimulateError::NoSteadyState {
                    t: self.t,
                    state: self.e.system.state_ids[which].clone(),
                    rate,
                });
            }
            span *= 10.0;
        }
        // Later periods begin at their own time.
        self.t = start;
        Ok(())
    }

    /// Largest change of a state in one unit of time in units of its tolerance, with the state and its rate.
    fn change(&mut self) -> (f64, usize, f64) {
        let e = self.e;
        let ws = &mut *self.ws;
        ws.machine.rhs(&e.system, self.t, &ws.y, &mut ws.f);
        let atol = &self.settings.tolerances.atol;
        let mut worst = (0.0, 0, 0.0);
        for i in 0..e.system.n {
            let a = atol.get(i).or(atol.first()).copied().unwrap_or(0.0);
            let scale = self.settings.steady_rtol * ws.y[i].abs() + a;
            let ratio = ws.f[i].abs() / scale;
            if ratio > worst.0 || ratio.is_nan() {
                worst = (
                    if ratio.is_nan() { f64::INFINITY } else { ratio },
                    i,
                    ws.f[i],
                );
            }
        }
        worst
    }

    /// Solves for the steady state near the present one; false (and nothing changed) if that does not succeed.
    fn newton(&mut self, chain: &Chain) -> bool {
        let e = self.e;
        let n = e.system.n;
        let m = if self.sensitivities { e.ode_columns } else { 0 };
        let Some(laws) = self.conservation() else {
            return false;
        };
        let start = self.ws.y.clone();
        let mut y = start.clone();
        let mut f = vec![0.0; n];
        let mut jac = vec![0.0; e.system.jacobian.entries.len()];
        let mut raw = vec![0.0; e.system.parameter.entries.len()];
        let mut converged = false;
        let mut matrix = WithLaws::new(n);
        for _ in 0..MAX_NEWTON {
            self.ws
                .machine
                .linearise(&e.system, self.t, &y, &mut f, &mut jac, &mut raw);
            self.ws.work.jacobian += 1;
            matrix.set(&e.system.jacobian.entries, &jac, &laws);
            if !matrix.matrix.factor() {
                return false;
            }
            self.ws.work.lu += 1;
            let mut delta: Vec<f64> = f.iter().map(|x| -x).collect();
            matrix.add_laws(&laws, |j| start[j] - y[j], &mut delta);
            matrix.matrix.solve(&mut delta);
            let mut largest: f64 = 0.0;
            let mut far = false;
            for i in 0..n {
                y[i] += delta[i];
                let scale = start[i].abs()
                    + self
                        .settings
                        .tolerances
                        .atol
                        .first()
                        .copied()
                        .unwrap_or(0.0);
                far |= (y[i] - start[i]).abs() > NEWTON_REACH * scale + scale * 1e-3;
                largest = largest.max(delta[i].abs() / (scale + f64::MIN_POSITIVE));
            }
            if !largest.is_finite() || far {
                return false;
            }
            if largest <= NEWTON_TOLERANCE {
                converged = true;
                break;
            }
        }
        // Rounding may keep the correction above the tolerance; small is then small enough.
        if !converged
            && f.iter()
                .zip(&start)
                .any(|(f, y)| f.abs() > 1e-9 * (y.abs() + 1e-9))
        {
            return false;
        }
        if m > 0 {
            self.ws
                .machine
                .linearise(&e.system, self.t, &y, &mut f, &mut jac, &mut raw);
            matrix.set(&e.system.jacobian.entries, &jac, &laws);
            if !matrix.matrix.factor() {
                return false;
            }
            let mut par = vec![0.0; n * m];
            for &(from, to, weight) in &chain.scatter {
                let (row, column) = chain.pattern.entries[to as usize];
                par[row as usize * m + column as usize] +=
                    raw[from as usize] * self.ws.dslots[weight as usize];
            }
            for c in 0..m {
                let mut b: Vec<f64> = (0..n).map(|i| -par[i * m + c]).collect();
                let s = &self.ws.s;
                matrix.add_laws(&laws, |j| s[j * m + c], &mut b);
                matrix.matrix.solve(&mut b);
                if b.iter().any(|x| !x.is_finite()) {
                    return false;
                }
                for (i, x) in b.into_iter().enumerate() {
                    self.ws.s[i * m + c] = x;
                }
            }
        }
        self.ws.y.copy_from_slice(&y);
        true
    }

    /// Conservation laws as rows of length n, each scaled to largest entry 1: the left null space of the right-hand
    /// sides at a fixed set of probe points around the present state.
    fn conservation(&mut self) -> Option<Vec<Vec<f64>>> {
        let e = self.e;
        let n = e.system.n;
        let columns = n + EXTRA_PROBES;
        // Row i: rates of state i at all probes, then the identity, which collects the combination of rows.
        let width = columns + n;
        let mut a = vec![0.0; n * width];
        let mut y = vec![0.0; n];
        let mut f = vec![0.0; n];
        for k in 0..columns {
            for (i, y) in y.iter_mut().enumerate() {
                // A fixed low-discrepancy pattern: the same probes on every machine.
                let u = ((i as f64 + 1.0) * 0.618_033_988_749_894_9
                    + (k as f64 + 1.0) * 0.754_877_666_246_692_8)
                    .fract();
                *y = (self.ws.y[i].abs() + 1e-3) * (0.5 + u);
            }
            self.ws.machine.rhs(&e.system, self.t, &y, &mut f);
            for i in 0..n {
                if !f[i].is_finite() {
                    return None;
                }
                a[i * width + k] = f[i];
            }
        }
        self.ws.work.rhs += columns as u64;
        // Columns to like size, then elimination with complete pivoting.
        for k in 0..columns {
            let largest = (0..n).fold(0.0_f64, |x, i| x.max(a[i * width + k].abs()));
            if largest > 0.0 {
                for i in 0..n {
                    a[i * width + k] /= largest;
                }
            }
        }
        let mut scale = vec![1.0; n];
        for i in 0..n {
            let largest = (0..columns).fold(0.0_f64, |x, k| x.max(a[i * width + k].abs()));
            if largest > 0.0 {
                scale[i] = largest;
            }
            for k in 0..columns {
                a[i * width + k] /= scale[i];
            }
            a[i * width + columns + i] = 1.0;
        }
        let mut free: Vec<usize> = (0..n).collect();
        loop {
            let mut pivot = (0.0, 0, 0);
            for (at, &i) in free.iter().enumerate() {
                for k in 0..columns {
                    let v = a[i * width + k].abs();
                    if v > pivot.0 {
                        pivot = (v, at, k);
                    }
                }
            }
            if pivot.0 <= RANK_TOLERANCE {
                break;
            }
            let row = free.swap_remove(pivot.1);
            for &i in &free {
                let factor = a[i * width + pivot.2] / a[row * width + pivot.2];
                if factor != 0.0 {
                    for k in 0..width {
                        a[i * width + k] -= factor * a[row * width + k];
                    }
                }
            }
        }
        free.sort_unstable();
        Some(
            free.into_iter()
                .map(|i| {
                    let mut law: Vec<f64> = (0..n)
                        .map(|j| a[i * width + columns + j] / scale[j])
                        .collect();
                    let largest = law.iter().fold(0.0_f64, |x, v| x.max(v.abs()));
                    if largest > 0.0 {
                        law.iter_mut().for_each(|v| *v /= largest);
                    }
                    law
                })
                .collect(),
        )
    }
}

/// `J + Lᵀ·D·L` dense, with its factors.
struct WithLaws {
    matrix: Dense,
    weight: f64,
}

impl WithLaws {
    fn new(n: usize) -> Self {
        Self {
            matrix: Dense::new(n),
            weight: 1.0,
        }
    }
    fn set(&mut self, entries: &[(u32, u32)], values: &[f64], laws: &[Vec<f64>]) {
        self.matrix.clear();
        let mut largest: f64 = 0.0;
        for (&(i, j), &v) in entries.iter().zip(values) {
            self.matrix.add(i as usize, j as usize, v);
            largest = largest.max(v.abs());
        }
        // Laws as heavy as the Jacobian keep the matrix well scaled.
        self.weight = if largest > 0.0 { largest } else { 1.0 };
        for law in laws {
            for (i, a) in law.iter().enumerate().filter(|(_, a)| **a != 0.0) {
                for (j, b) in law.iter().enumerate() {
                    self.matrix.add(i, j, self.weight * a * b);
                }
            }
        }
    }
    /// Adds `Lᵀ·D·L·x` to a right-hand side.
    fn add_laws(&self, laws: &[Vec<f64>], x: impl Fn(usize) -> f64, b: &mut [f64]) {
        for law in laws {
            let sum: f64 = law.iter().enumerate().map(|(j, l)| l * x(j)).sum();
            for (bi, l) in b.iter_mut().zip(law) {
                *bi += self.weight * l * sum;
            }
        }
    }
}
