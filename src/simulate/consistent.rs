//! Consistent values of algebraic states, at the start and behind every discontinuity.
//!
//! With x the differential and z the algebraic states, `g(t, x, z, p) = 0` is solved for z by a damped Newton iteration;
//! the sensitivities follow from the implicit function theorem, `g_z·Z = −(g_x·X + g_p + g_t·τ')`.

use super::SimulateError;
use super::linear::Dense;
use super::run::Runner;

/// Newton iterations from one start.
const MAX_NEWTON: usize = 60;
/// Corrections below this part of the states (plus this times 1) end the iteration.
const NEWTON_TOLERANCE: f64 = 1e-14;
/// Halvings of a Newton correction before the iteration counts as stuck.
const MAX_HALVINGS: usize = 30;
/// Starts tried, in turn, for algebraic states whose given value is not a number or leads nowhere.
const STARTS: [f64; 4] = [0.0, 1.0, -1.0, 1e3];

/// Rounds of algebraic rules and fast reactions, which may depend on one another.
const MAX_ROUNDS: usize = 20;

impl Runner<'_> {
    /// Solves the algebraic rules and lets fast reactions come to equilibrium at the present point.
    pub fn settle(&mut self, dtau: &Option<Vec<f64>>) -> Result<(), SimulateError> {
        self.consistent(dtau)?;
        if self.e.system.mass.is_none() {
            return self.equilibrate(dtau).map(|_| ());
        }
        for _ in 0..MAX_ROUNDS {
            if !self.equilibrate(dtau)? {
                break;
            }
            self.consistent(dtau)?;
        }
        Ok(())
    }

    /// Solves the algebraic rules at the present point.
    fn consistent(&mut self, dtau: &Option<Vec<f64>>) -> Result<(), SimulateError> {
        let e = self.e;
        let Some(mass) = &e.system.mass else {
            return Ok(());
        };
        let rows: Vec<usize> = (0..e.system.n).filter(|&i| mass[i] == 0.0).collect();
        let given: Vec<f64> = rows.iter().map(|&i| self.ws.y[i]).collect();
        let mut solved = given.iter().all(|v| v.is_finite()) && self.newton_algebraic(&rows);
        for start in STARTS {
            if solved {
                break;
            }
            for (&i, given) in rows.iter().zip(&given) {
                self.ws.y[i] = if start == 0.0 && given.is_finite() {
                    *given
                } else {
                    start
                };
            }
            solved = self.newton_algebraic(&rows);
        }
        if !solved {
            return Err(SimulateError::Inconsistent {
                t: self.t,
                state: e.system.state_ids[rows[0]].clone(),
            });
        }
        if self.sensitivities && e.ode_columns > 0 {
            self.algebraic_sensitivities(&rows, dtau)?;
        }
        Ok(())
    }

    /// Newton from the present values; false if it does not converge.
    fn newton_algebraic(&mut self, rows: &[usize]) -> bool {
        let e = self.e;
        let n = e.system.n;
        let k = rows.len();
        let mut f = vec![0.0; n];
        let mut jac = vec![0.0; e.system.jacobian.entries.len()];
        let mut matrix = Dense::new(k);
        let norm = |f: &[f64]| rows.iter().fold(0.0_f64, |a, &i| a.max(f[i].abs()));
        self.rhs_here(&mut f);
        for _ in 0..MAX_NEWTON {
            let residual = norm(&f);
            if !residual.is_finite() {
                return false;
            }
            self.jacobian_here(&mut jac);
            matrix.clear();
            for (&(i, j), &v) in e.system.jacobian.entries.iter().zip(&jac) {
                if let (Ok(a), Ok(b)) = (
                    rows.binary_search(&(i as usize)),
                    rows.binary_search(&(j as usize)),
                ) {
                    matrix.add(a, b, v);
                }
            }
            if !matrix.factor() {
                return residual == 0.0;
            }
            let mut delta: Vec<f64> = rows.iter().map(|&i| -f[i]).collect();
            matrix.solve(&mut delta);
            if delta.iter().any(|d| !d.is_finite()) {
                return false;
            }
            let small = rows.iter().zip(&delta).all(|(&i, d)| {
                d.abs() <= NEWTON_TOLERANCE * self.ws.y[i].abs().max(f64::MIN_POSITIVE)
            });
            if residual == 0.0 || small {
                return true;
            }
            let start: Vec<f64> = rows.iter().map(|&i| self.ws.y[i]).collect();
            let mut factor = 1.0;
            let mut better = false;
            for _ in 0..MAX_HALVINGS {
                for ((&i, s), d) in rows.iter().zip(&start).zip(&delta) {
                    self.ws.y[i] = s + factor * d;
                }
                self.rhs_here(&mut f);
                let now = norm(&f);
                if now < residual {
                    better = true;
                    break;
                }
                factor *= 0.5;
            }
            if !better {
                // Rounding keeps the residual where it is: the values before are as good as they get.
                for (&i, s) in rows.iter().zip(&start) {
                    self.ws.y[i] = *s;
                }
                return rows
                    .iter()
                    .zip(&delta)
                    .all(|(&i, d)| d.abs() <= 1e-9 * self.ws.y[i].abs() + f64::EPSILON);
            }
        }
        false
    }

    fn rhs_here(&mut self, f: &mut [f64]) {
        let ws = &mut *self.ws;
        ws.machine.rhs(&self.e.system, self.t, &ws.y, f);
        ws.work.rhs += 1;
    }

    fn jacobian_here(&mut self, jac: &mut [f64]) {
        let ws = &mut *self.ws;
        ws.machine.jacobian(&self.e.system, self.t, &ws.y, jac);
        ws.work.jacobian += 1;
    }

    fn algebraic_sensitivities(
        &mut self,
        rows: &[usize],
        dtau: &Option<Vec<f64>>,
    ) -> Result<(), SimulateError> {
        let e = self.e;
        let (n, m, columns) = (e.system.n, e.ode_columns, e.columns.len());
        let mut f = vec![0.0; n];
        let mut jac = vec![0.0; e.system.jacobian.entries.len()];
        let mut par = vec![0.0; e.system.parameter.entries.len()];
        let ws = &mut *self.ws;
        ws.machine
            .linearise(&e.system, self.t, &ws.y, &mut f, &mut jac, &mut par);
        let mut matrix = Dense::new(rows.len());
        let mut b = vec![0.0; rows.len() * m];
        for (&(i, j), &v) in e.system.jacobian.entries.iter().zip(&jac) {
            let Ok(a) = rows.binary_search(&(i as usize)) else {
                continue;
            };
            match rows.binary_search(&(j as usize)) {
                Ok(column) => matrix.add(a, column, v),
                Err(_) => {
                    let s = &ws.s[j as usize * m..][..m];
                    for (b, s) in b[a * m..][..m].iter_mut().zip(s) {
                        *b -= v * s;
                    }
                }
            }
        }
        for (&(i, active), &v) in e.system.parameter.entries.iter().zip(&par) {
            let Ok(a) = rows.binary_search(&(i as usize)) else {
                continue;
            };
            let slot = e.active[active as usize];
            for (b, d) in b[a * m..][..m].iter_mut().zip(&ws.dslots[slot * columns..]) {
                *b -= v * d;
            }
        }
        if let (Some(dtau), false) = (dtau, e.system.autonomous) {
            ws.machine.time_derivative(&e.system, self.t, &ws.y, &mut f);
            for (a, &i) in rows.iter().enumerate() {
                for (b, d) in b[a * m..][..m].iter_mut().zip(dtau) {
                    *b -= f[i] * d;
                }
            }
        }
        let singular = SimulateError::Inconsistent {
            t: self.t,
            state: e.system.state_ids[rows[0]].clone(),
        };
        if !matrix.factor() {
            return Err(singular);
        }
        let mut column = vec![0.0; rows.len()];
        for c in 0..m {
            for (a, x) in column.iter_mut().enumerate() {
                *x = b[a * m + c];
            }
            matrix.solve(&mut column);
            for (&i, x) in rows.iter().zip(&column) {
                ws.s[i * m + c] = *x;
            }
        }
        Ok(())
    }
}
