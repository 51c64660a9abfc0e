//! The past of a simulation, for models with delays.
//!
//! Every accepted step is kept as its values at Chebyshev points, from which it is interpolated. Before the start, states
//! are their initial expressions at that time, as SBML has it.

use super::SimulateError;
use super::mode::holds;
use super::run::Runner;
use crate::ode::Step;
use crate::system::{Formula, Machine, System};

/// Points kept of a step: the interpolant has order 8, that of the most accurate dense output.
const POINTS: usize = 8;
/// Two times within this many units in the last place are one: a sum of lag and time rounds.
const SAME: f64 = 8.0 * f64::EPSILON;
/// Shortest segment that a lag forces, as part of the whole span: shorter lags look into the segment itself.
const SHORTEST: f64 = 1e-4;

/// Which side of a discontinuity is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    Before,
    Behind,
}

/// One step of the past.
#[derive(Debug, Clone)]
pub(super) struct Piece {
    t0: f64,
    t1: f64,
    /// `POINTS × n`.
    y: Vec<f64>,
}

/// Position of Chebyshev point `i` in [0, 1].
fn position(i: usize) -> f64 {
    0.5 - 0.5 * libm::cos(std::f64::consts::PI * i as f64 / (POINTS - 1) as f64)
}

impl Piece {
    pub fn of(step: &dyn Step, n: usize) -> Self {
        let (t0, t1) = (step.t0(), step.t1());
        let mut y = vec![0.0; POINTS * n];
        for (i, at) in y.chunks_exact_mut(n.max(1)).enumerate() {
            step.state(t0 + (t1 - t0) * position(i), at);
        }
        Self { t0, t1, y }
    }

    /// Barycentric interpolation (Berrut & Trefethen 2004, section 5).
    fn state(&self, t: f64, y: &mut [f64]) {
        let n = y.len();
        let x = (t - self.t0) / (self.t1 - self.t0);
        let mut weights = [0.0; POINTS];
        let mut sum = 0.0;
        for (i, w) in weights.iter_mut().enumerate() {
            let d = x - position(i);
            if d == 0.0 || !x.is_finite() {
                y.copy_from_slice(&self.y[i * n..(i + 1) * n]);
                return;
            }
            let end = i == 0 || i == POINTS - 1;
            let sign = if i % 2 == 0 { 1.0 } else { -1.0 };
            *w = sign * if end { 0.5 } else { 1.0 } / d;
            sum += *w;
        }
        y.fill(0.0);
        for (w, from) in weights.iter().zip(self.y.chunks_exact(n)) {
            for (y, v) in y.iter_mut().zip(from) {
                *y += w / sum * v;
            }
        }
    }
}

/// The past of one run.
#[derive(Debug, Clone)]
pub(super) struct History {
    start: f64,
    pieces: Vec<Piece>,
    machine: Machine,
    /// Times at which a value from the past jumps.
    pub jumps: Vec<f64>,
}

impl History {
    pub fn new(system: &System) -> Self {
        Self {
            start: 0.0,
            pieces: Vec::new(),
            machine: Machine::new(system),
            jumps: Vec::new(),
        }
    }

    /// Forgets everything; the simulation starts at `start`.
    pub fn begin(&mut self, start: f64) {
        self.start = start;
        self.pieces.clear();
        self.jumps.clear();
    }

    pub fn set_parameters(&mut self, system: &System, slots: &[f64]) {
        self.machine.set_parameters(system, slots);
    }

    pub fn append(&mut self, pieces: Vec<Piece>) {
        self.pieces.extend(pieces);
    }

    /// Puts the values from the past, as seen from `(t, y)`, into a machine.
    pub fn refresh(
        &mut self,
        system: &System,
        machine: &mut Machine,
        t: f64,
        y: &[f64],
        side: Side,
    ) {
        for k in 0..system.delays.len() {
            machine.set_point(system, t, y);
            let lag = machine.value(system, &system.delays[k].lag);
            let value = self.at(system, k, (t, y), lag, side);
            machine.set_delayed(system, k, value);
        }
    }

    /// Value `k` as it was `lag` before `now`.
    fn at(&mut self, system: &System, k: usize, now: (f64, &[f64]), lag: f64, side: Side) -> f64 {
        let delay = &system.delays[k];
        let t = now.0 - lag;
        if t.is_nan() {
            return f64::NAN;
        }
        let tolerance = SAME * now.0.abs().max(t.abs());
        let past = match side {
            Side::Behind => t < self.start - tolerance,
            Side::Before => t <= self.start + tolerance,
        };
        let mut y = vec![0.0; system.n];
        if past && lag > 0.0 {
            return self.value(system, &delay.past, t, &y);
        }
        self.state(t, now, tolerance, side, &mut y);
        // What the value needs from its own past, inner ones first.
        let mut known: Vec<(usize, f64)> = Vec::new();
        for &j in &delay.inner {
            self.place(system, t, &y, &known);
            let lag = self.machine.value(system, &system.delays[j].lag);
            let v = self.at(system, j, (t, &y), lag, side);
            known.push((j, v));
        }
        self.place(system, t, &y, &known);
        self.value(system, &delay.value, t, &y)
    }

    fn place(&mut self, system: &System, t: f64, y: &[f64], known: &[(usize, f64)]) {
        self.machine.set_point(system, t, y);
        for &(j, v) in known {
            self.machine.set_delayed(system, j, v);
        }
    }

    fn value(&mut self, system: &System, formula: &Formula, t: f64, y: &[f64]) -> f64 {
        self.machine.set_point(system, t, y);
        for (i, switch) in system.switches.iter().enumerate() {
            let d = self.machine.value(system, &switch.difference);
            self.machine.set_mode(system, i, holds(switch.op, d));
        }
        self.machine.value(system, formula)
    }

    fn state(&self, t: f64, now: (f64, &[f64]), tolerance: f64, side: Side, y: &mut [f64]) {
        let near = match side {
            Side::Behind => t + tolerance,
            Side::Before => t - tolerance,
        };
        let count = self.pieces.partition_point(|p| match side {
            Side::Behind => p.t0 <= near,
            Side::Before => p.t0 < near,
        });
        match (count.checked_sub(1), self.pieces.last()) {
            // Behind the last step: between its end and the present.
            (Some(_), Some(last)) if near > last.t1 => {
                let n = y.len();
                let x = ((t - last.t1) / (now.0 - last.t1)).clamp(0.0, 1.0);
                let from = &last.y[(POINTS - 1) * n..];
                for ((y, a), b) in y.iter_mut().zip(from).zip(now.1) {
                    *y = if x.is_nan() { *b } else { a + x * (b - a) };
                }
            }
            (Some(i), _) => {
                let piece = &self.pieces[i];
                piece.state(t.clamp(piece.t0, piece.t1), y);
            }
            (None, _) => y.copy_from_slice(now.1),
        }
    }
}

impl Runner<'_> {
    /// Brings the values from the past to the present point.
    pub fn refresh_past(&mut self) {
        let ws = &mut *self.ws;
        if let Some(history) = &mut ws.history {
            let system = &self.e.system;
            history.refresh(system, &mut ws.machine, self.t, &ws.y, Side::Behind);
        }
    }

    /// Whether values from the past stand in the way of what is asked for.
    pub fn check_delays(&self, watched: bool) -> Result<(), SimulateError> {
        let what = match (self.e.system.delays.is_empty(), self.sensitivities, watched) {
            (true, ..) => return Ok(()),
            (false, true, _) => "derivatives with respect to parameters",
            (false, false, true) => "summaries of a course",
            (false, false, false) => return Ok(()),
        };
        Err(SimulateError::Delays { what })
    }

    /// Where the next segment has to end so that the past is known in it; `whole` is the span of the simulation.
    pub fn past_horizon(&mut self, end: f64, whole: f64) -> f64 {
        let e = self.e;
        let ws = &mut *self.ws;
        if ws.history.is_none() {
            return end;
        }
        let mut horizon = end;
        for delay in e.system.delays.iter().filter(|d| d.driving) {
            ws.machine.set_point(&e.system, self.t, &ws.y);
            let lag = ws.machine.value(&e.system, &delay.lag);
            // A lag that varies may become shorter meanwhile.
            let reach = if delay.fixed { lag } else { 0.5 * lag };
            let reach = reach.max(SHORTEST * whole);
            if reach.is_finite() {
                horizon = horizon.min(self.t + reach);
            }
        }
        horizon
    }

    /// The present time is a jump: so are the times at which it is seen from a fixed distance.
    pub fn remember_jump(&mut self) {
        let e = self.e;
        let ws = &mut *self.ws;
        let Some(history) = &mut ws.history else {
            return;
        };
        let now = self.t;
        history.jumps.retain(|t| *t > now);
        for delay in e.system.delays.iter().filter(|d| d.driving && d.fixed) {
            ws.machine.set_point(&e.system, now, &ws.y);
            let t = now + ws.machine.value(&e.system, &delay.lag);
            if t > now && !history.jumps.contains(&t) {
                history.jumps.push(t);
            }
        }
    }

    /// The next time at which a value from the past jumps.
    pub fn next_past_jump(&self) -> Option<f64> {
        let jumps = self.ws.history.as_ref()?.jumps.iter().copied();
        jumps.filter(|t| *t > self.t).min_by(f64::total_cmp)
    }
}
