//! A smooth segment as the integrators see it.

use crate::ode::{LANES, Ode, Pattern, rhs_one_by_one};
use crate::system::{Machine, System};

use super::experiment::Chain;
use super::history::{History, Side};
use super::jump::is_due;

/// Right-hand side of one segment: a system with its parameters and modes set.
pub(super) struct SegmentOde<'a> {
    pub system: &'a System,
    pub machine: &'a mut Machine,
    pub chain: &'a Chain,
    /// ∂slot/∂column, row-major over all slots, `columns` wide.
    pub dslots: &'a [f64],
    /// ∂(active slot)/∂column, row-major, `ode_columns` wide.
    pub dactive: &'a [f64],
    pub ode_columns: usize,
    /// Values of the system's parameter pattern, with room for [`LANES`] points.
    pub raw: &'a mut [f64],
    /// Switches that end the segment when they change sign (indices).
    pub watched: &'a [usize],
    /// The past, if the model has delays.
    pub history: Option<&'a mut History>,
    /// Start and end of the segment.
    pub span: (f64, f64),
}

/// Part of time by which it is moved to differentiate what comes from the past: the error of central differences is then
/// least.
const TIME_SHIFT: f64 = 6e-6;

impl SegmentOde<'_> {
    /// Puts the machine at a point, with its past.
    fn place(&mut self, t: f64, y: &[f64]) {
        if let Some(history) = &mut self.history {
            // At the end the jump that may follow is not there yet.
            let side = if is_due(self.span.1, t) {
                Side::Before
            } else {
                Side::Behind
            };
            history.refresh(self.system, self.machine, t, y, side);
        }
    }
}

impl Ode for SegmentOde<'_> {
    fn n(&self) -> usize {
        self.system.n
    }
    fn m(&self) -> usize {
        self.ode_columns
    }
    fn mass(&self) -> Option<&[f64]> {
        self.system.mass.as_deref()
    }
    fn is_autonomous(&self) -> bool {
        self.system.autonomous
    }
    fn jacobian_pattern(&self) -> &Pattern {
        &self.system.jacobian
    }
    fn parameter_pattern(&self) -> &Pattern {
        &self.chain.pattern
    }
    fn rhs(&mut self, t: f64, y: &[f64], out: &mut [f64]) {
        self.place(t, y);
        self.machine.rhs(self.system, t, y, out);
    }
    #[inline(always)]
    fn rhs_at_points(
        &mut self,
        used: usize,
        t: &[f64; LANES],
        y: &[[f64; LANES]],
        out: &mut [[f64; LANES]],
    ) {
        if self.history.is_some() {
            return rhs_one_by_one(self, used, t, y, out);
        }
        self.machine.rhs_at_points(self.system, used, t, y, out);
    }
    fn jacobian(&mut self, t: f64, y: &[f64], out: &mut [f64]) {
        self.place(t, y);
        self.machine.jacobian(self.system, t, y, out);
    }
    fn linearise(&mut self, t: f64, y: &[f64], f: &mut [f64], jac: &mut [f64], par: &mut [f64]) {
        self.place(t, y);
        let raw = &mut self.raw[..self.system.parameter.entries.len()];
        self.machine.linearise(self.system, t, y, f, jac, raw);
        par.fill(0.0);
        for &(from, to, weight) in &self.chain.scatter {
            par[to as usize] += self.raw[from as usize] * self.dslots[weight as usize];
        }
    }
    fn rhs_and_jacobian(&mut self, t: f64, y: &[f64], f: &mut [f64], jac: &mut [f64]) {
        self.place(t, y);
        self.machine.rhs_and_jacobian(self.system, t, y, f, jac);
    }
    #[inline(always)]
    fn derivatives_at_points(
        &mut self,
        used: usize,
        t: &[f64; LANES],
        y: &[f64],
        jac: &mut [f64],
        par: &mut [f64],
    ) {
        self.machine
            .derivatives_at_points(self.system, used, t, y, jac, self.raw);
        par.fill(0.0);
        for &(from, to, weight) in &self.chain.scatter {
            let weight = self.dslots[weight as usize];
            let from = self.raw[from as usize * LANES..].first_chunk::<LANES>();
            let to = par[to as usize * LANES..].first_chunk_mut::<LANES>();
            if let (Some(from), Some(to)) = (from, to) {
                for l in 0..LANES {
                    to[l] += from[l] * weight;
                }
            }
        }
    }
    fn time_derivative(&mut self, t: f64, y: &[f64], out: &mut [f64]) {
        if self.history.is_some() {
            // Within the segment: beyond it lie jumps.
            let (start, end) = self.span;
            let shift = (TIME_SHIFT * end.abs().max(start.abs())).min(0.5 * (end - start));
            let (from, to) = ((t - shift).max(start), (t + shift).min(end));
            let mut before = vec![0.0; out.len()];
            self.rhs(from, y, &mut before);
            self.rhs(to, y, out);
            for (out, before) in out.iter_mut().zip(&before) {
                *out = (*out - before) / (to - from);
            }
            return;
        }
        self.machine.time_derivative(self.system, t, y, out);
    }
    #[inline(always)]
    fn jacobian_along(&mut self, t: f64, y: &[f64], s: &[f64], out: &mut [f64]) {
        self.place(t, y);
        self.machine
            .jacobian_along(self.system, t, y, s, self.dactive, self.ode_columns, out);
    }
    fn time_derivative_along(&mut self, t: f64, y: &[f64], s: &[f64], out: &mut [f64]) {
        self.place(t, y);
        self.machine.time_derivative_along(
            self.system,
            t,
            y,
            s,
            self.dactive,
            self.ode_columns,
            out,
        );
    }
    fn n_roots(&self) -> usize {
        self.watched.len()
    }
    fn roots(&mut self, t: f64, y: &[f64], out: &mut [f64]) {
        self.place(t, y);
        self.machine.set_point(self.system, t, y);
        for (o, &w) in out.iter_mut().zip(self.watched) {
            *o = self
                .machine
                .value(self.system, &self.system.switches[w].difference);
        }
    }
}
