//! Fast reactions at equilibrium, at the start and behind every discontinuity.
//!
//! The reactions alone, `dξ/ds = v(y₀ + B·ξ)`, are followed in their own time s until they stand still: of several points
//! with v = 0 that is the one that the reactions lead to. Newton's method then makes it exact. The sensitivities follow
//! from `(∇v·B)·Ξ = −∇v·(S + Σ ξ·dB) − ∂v/∂p`.

use super::SimulateError;
use super::linear::Guarded;
use super::mode::holds;
use super::run::Runner;
use crate::ode::{self, Ode, Pattern, Step, StepSink, Tolerances};
use crate::system::{Machine, System};

/// Reactions whose Newton step is below this part of the quantities stand still.
const STANDSTILL: f64 = 1e-13;
/// Decades of time that the reactions are given: double precision knows no larger ratio of rates.
const DECADES: usize = 40;
/// First step of a decade, as part of it.
const FIRST_STEP: f64 = 1e-2;
/// Newton steps at the end.
const MAX_NEWTON: usize = 6;
/// Newton may move a quantity by at most this part of it: farther away lies another equilibrium.
const REACH: f64 = 1e-3;

/// The fast reactions alone.
struct FastOde<'a> {
    system: &'a System,
    machine: &'a mut Machine,
    t: f64,
    start: &'a [f64],
    /// What one turn of each adds to the quantities.
    directions: &'a [Vec<(usize, f64)>],
    pattern: Pattern,
    none: Pattern,
    y: Vec<f64>,
    out: Vec<f64>,
}

impl FastOde<'_> {
    /// Puts the machine at `y₀ + B·ξ`.
    fn place(&mut self, xi: &[f64]) {
        self.y.copy_from_slice(self.start);
        for (direction, x) in self.directions.iter().zip(xi) {
            for &(i, change) in direction {
                self.y[i] += change * x;
            }
        }
        for (i, switch) in self.system.switches.iter().enumerate() {
            self.machine.set_point(self.system, self.t, &self.y);
            let d = self.machine.value(self.system, &switch.difference);
            self.machine.set_mode(self.system, i, holds(switch.op, d));
        }
        self.machine.set_point(self.system, self.t, &self.y);
    }
}

impl Ode for FastOde<'_> {
    fn n(&self) -> usize {
        self.directions.len()
    }
    fn m(&self) -> usize {
        0
    }
    fn is_autonomous(&self) -> bool {
        true
    }
    fn jacobian_pattern(&self) -> &Pattern {
        &self.pattern
    }
    fn parameter_pattern(&self) -> &Pattern {
        &self.none
    }
    fn rhs(&mut self, _: f64, xi: &[f64], out: &mut [f64]) {
        self.place(xi);
        for (out, rate) in out.iter_mut().zip(&self.system.fast.rates) {
            *out = self.machine.value(self.system, rate);
        }
    }
    fn jacobian(&mut self, _: f64, xi: &[f64], out: &mut [f64]) {
        self.place(xi);
        let mut entry = 0;
        for (row, rate) in self.system.fast.rates.iter().enumerate() {
            self.out.clear();
            self.out.resize(rate.len(), 0.0);
            self.machine.derivatives(self.system, rate, &mut self.out);
            while let Some(&(r, column)) = self.pattern.entries.get(entry)
                && r as usize == row
            {
                let direction = &self.directions[column as usize];
                out[entry] = direction
                    .iter()
                    .map(|&(i, change)| {
                        let slope = rate.states.iter().find(|(j, _)| *j == i);
                        slope.map_or(0.0, |&(_, at)| self.out[at] * change)
                    })
                    .sum();
                entry += 1;
            }
        }
    }
    fn rhs_and_jacobian(&mut self, t: f64, xi: &[f64], f: &mut [f64], jac: &mut [f64]) {
        self.rhs(t, xi, f);
        self.jacobian(t, xi, jac);
    }
    fn derivatives_at_points(
        &mut self,
        _: usize,
        _: &[f64; ode::LANES],
        _: &[f64],
        _: &mut [f64],
        _: &mut [f64],
    ) {
    }
    fn linearise(&mut self, t: f64, xi: &[f64], f: &mut [f64], jac: &mut [f64], _: &mut [f64]) {
        self.rhs(t, xi, f);
        self.jacobian(t, xi, jac);
    }
    fn time_derivative(&mut self, _: f64, _: &[f64], out: &mut [f64]) {
        out.fill(0.0);
    }
    fn jacobian_along(&mut self, _: f64, _: &[f64], _: &[f64], _: &mut [f64]) {}
    fn time_derivative_along(&mut self, _: f64, _: &[f64], _: &[f64], _: &mut [f64]) {}
}

struct Ignore;

impl StepSink for Ignore {
    fn step(&mut self, _: &dyn Step) -> bool {
        true
    }
}

impl Runner<'_> {
    /// Lets the fast reactions come to equilibrium; returns whether anything changed.
    pub fn equilibrate(&mut self, dtau: &Option<Vec<f64>>) -> Result<bool, SimulateError> {
        let e = self.e;
        let fast = &e.system.fast;
        let r = fast.rates.len();
        if r == 0 {
            return Ok(false);
        }
        let mut directions = Vec::with_capacity(r);
        let mut slopes = Vec::with_capacity(r);
        for direction in &fast.directions {
            let mut values = Vec::new();
            let mut derivatives = Vec::new();
            for (i, change) in direction {
                let (v, d) = self.moving(change, dtau);
                values.push((*i, v));
                derivatives.push(d);
            }
            directions.push(values);
            slopes.push(derivatives);
        }
        let modes: Vec<bool> = (0..e.system.switches.len())
            .map(|i| self.ws.machine.mode(&e.system, i))
            .collect();
        let xi = self.turns(&directions)?;
        for (i, on) in modes.into_iter().enumerate() {
            self.ws.machine.set_mode(&e.system, i, on);
        }
        let m = e.ode_columns;
        for (k, x) in xi.iter().enumerate() {
            for (&(i, change), d) in directions[k].iter().zip(&slopes[k]) {
                self.ws.y[i] += change * x;
                if self.sensitivities {
                    for (s, d) in self.ws.s[i * m..(i + 1) * m].iter_mut().zip(d) {
                        *s += x * d;
                    }
                }
            }
        }
        if self.sensitivities && m > 0 {
            self.equilibrium_sensitivities(&directions, dtau);
        }
        Ok(xi.iter().any(|x| *x != 0.0))
    }

    /// How often each reaction turns.
    fn turns(&mut self, directions: &[Vec<(usize, f64)>]) -> Result<Vec<f64>, SimulateError> {
        let e = self.e;
        let r = directions.len();
        let t = self.t;
        let failed = SimulateError::NoEquilibrium { t };
        let ws = &mut *self.ws;
        let start = ws.y.clone();
        let mut entries = Vec::new();
        for (row, rate) in e.system.fast.rates.iter().enumerate() {
            for (column, direction) in directions.iter().enumerate() {
                let depends = |i: usize| rate.states.iter().any(|(j, _)| *j == i);
                if direction.iter().any(|(i, _)| depends(*i)) {
                    entries.push((row as u32, column as u32));
                }
            }
        }
        let mut ode = FastOde {
            system: &e.system,
            machine: &mut ws.machine,
            t,
            start: &start,
            directions,
            pattern: Pattern {
                rows: r,
                columns: r,
                entries,
            },
            none: Pattern {
                rows: r,
                columns: 0,
                entries: Vec::new(),
            },
            y: start.clone(),
            out: Vec::new(),
        };
        // A turn is measured against the quantities that it changes.
        let scale: Vec<f64> = directions
            .iter()
            .map(|d| {
                let turns = d.iter().filter(|(_, c)| *c != 0.0);
                let largest = turns.map(|(i, c)| start[*i].abs() / c.abs());
                largest.fold(0.0, f64::max).max(f64::MIN_POSITIVE)
            })
            .collect();
        let tolerances = Tolerances {
            atol: scale.iter().map(|s| 1e-13 * s).collect(),
            ..Tolerances::default()
        };
        let mut xi = vec![0.0; r];
        let mut v = vec![0.0; r];
        let mut jac = vec![0.0; ode.pattern.entries.len()];
        let mut span: Option<f64> = None;
        for _ in 0..DECADES {
            ode.rhs(0.0, &xi, &mut v);
            ode.jacobian(0.0, &xi, &mut jac);
            if v.iter().chain(&jac).any(|x| !x.is_finite()) {
                return Err(failed);
            }
            let mut diagonal = vec![0.0; r];
            let mut fastest = 0.0_f64;
            for (&(i, j), value) in ode.pattern.entries.iter().zip(&jac) {
                fastest = fastest.max(value.abs());
                if i == j {
                    diagonal[i as usize] = *value;
                }
            }
            let still = (0..r).all(|i| v[i].abs() <= STANDSTILL * scale[i] * diagonal[i].abs());
            if still {
                return Ok(polish(&mut ode, xi, &scale));
            }
            let first = if fastest > 0.0 { 1.0 / fastest } else { 1.0 };
            let length = span.map_or(first, |s| 10.0 * s);
            span = Some(length);
            ode::integrate(
                ode::Method::Rodas5P,
                &mut ode,
                0.0,
                length,
                &mut xi,
                &mut [],
                &tolerances,
                Some(FIRST_STEP * length),
                &mut Ignore,
                &mut ws.integrator,
                &mut ws.work,
            )
            .map_err(|_| failed.clone())?;
        }
        Err(failed)
    }

    fn equilibrium_sensitivities(
        &mut self,
        directions: &[Vec<(usize, f64)>],
        dtau: &Option<Vec<f64>>,
    ) {
        let e = self.e;
        let (r, m) = (directions.len(), e.ode_columns);
        let mut matrix = Guarded::new(r, m);
        for (row, rate) in e.system.fast.rates.iter().enumerate() {
            let (_, d) = self.moving(rate, dtau);
            for (c, d) in d.iter().take(m).enumerate() {
                matrix.right(row, c, -d);
            }
            let mut out = vec![0.0; rate.len()];
            self.ws.machine.derivatives(&e.system, rate, &mut out);
            for (column, direction) in directions.iter().enumerate() {
                for &(i, change) in direction {
                    if let Some(&(_, at)) = rate.states.iter().find(|(j, _)| *j == i) {
                        matrix.add(row, column, out[at] * change);
                    }
                }
            }
        }
        let solution = matrix.solve();
        for (direction, turn) in directions.iter().zip(solution.chunks_exact(m)) {
            for &(i, change) in direction {
                for (s, x) in self.ws.s[i * m..(i + 1) * m].iter_mut().zip(turn) {
                    *s += change * x;
                }
            }
        }
    }
}

/// Newton's method from a point where the reactions nearly stand still.
fn polish(ode: &mut FastOde, mut xi: Vec<f64>, scale: &[f64]) -> Vec<f64> {
    let r = xi.len();
    let mut v = vec![0.0; r];
    let mut jac = vec![0.0; ode.pattern.entries.len()];
    for _ in 0..MAX_NEWTON {
        ode.rhs(0.0, &xi, &mut v);
        ode.jacobian(0.0, &xi, &mut jac);
        let mut matrix = Guarded::new(r, 1);
        for (&(i, j), value) in ode.pattern.entries.iter().zip(&jac) {
            matrix.add(i as usize, j as usize, *value);
        }
        for (row, v) in v.iter().enumerate() {
            matrix.right(row, 0, -v);
        }
        let step = matrix.solve();
        let fits = |d: &f64, s: &f64| d.is_finite() && d.abs() <= REACH * s;
        if !step.iter().zip(scale).all(|(d, s)| fits(d, s)) {
            break;
        }
        let moved = step
            .iter()
            .zip(scale)
            .any(|(d, s)| d.abs() > f64::EPSILON * s);
        for (x, d) in xi.iter_mut().zip(&step) {
            *x += d;
        }
        if !moved {
            break;
        }
    }
    xi
}
