//! Points of a simulation and their delivery.

use crate::system::{Formula, Machine};

use super::experiment::Experiment;
use super::history::Side;
use super::jump::is_due;
use super::run::Runner;
use super::watch::Watch;

/// State of an experiment at an asked time; formulas are evaluated through it.
#[derive(Debug)]
pub struct Point<'a> {
    /// Time (+∞: steady state).
    pub t: f64,
    /// Integrated quantities.
    pub y: &'a [f64],
    /// Sensitivities, row-major `n × ode_columns` (empty if not asked for).
    pub s: &'a [f64],
    /// Slots.
    pub slots: &'a [f64],
    /// ∂slot/∂column, row-major, as wide as the experiment has columns (empty if not asked for).
    pub dslots: &'a [f64],
    machine: &'a mut Machine,
    experiment: &'a Experiment,
    scratch: &'a mut Vec<f64>,
}

impl<'a> Point<'a> {
    #[allow(clippy::too_many_arguments)] // the parts of a workspace that a point borrows
    pub(super) fn new(
        t: f64,
        y: &'a [f64],
        s: &'a [f64],
        slots: &'a [f64],
        dslots: &'a [f64],
        machine: &'a mut Machine,
        experiment: &'a Experiment,
        scratch: &'a mut Vec<f64>,
    ) -> Self {
        Self {
            t,
            y,
            s,
            slots,
            dslots,
            machine,
            experiment,
            scratch,
        }
    }
    /// Value of a formula of the experiment with the given placeholders.
    pub fn value(&mut self, formula: &Formula, placeholders: &[f64]) -> f64 {
        let system = &self.experiment.system;
        self.machine.set_placeholders(system, placeholders);
        self.machine.value(system, formula)
    }
    /// Value of a formula; adds its derivative with respect to the columns into `gradient` (as wide as the experiment has
    /// columns) and writes the derivatives with respect to the placeholders into `by_placeholder`.
    pub fn gradient(
        &mut self,
        formula: &Formula,
        placeholders: &[f64],
        gradient: &mut [f64],
        by_placeholder: &mut [f64],
    ) -> f64 {
        let system = &self.experiment.system;
        self.machine.set_placeholders(system, placeholders);
        self.scratch.clear();
        self.scratch.resize(formula.len(), 0.0);
        self.machine.derivatives(system, formula, self.scratch);
        let m = self.experiment.ode_columns;
        let columns = self.experiment.columns.len();
        for &(j, at) in &formula.states {
            let d = self.scratch[at];
            for (g, s) in gradient.iter_mut().zip(&self.s[j * m..(j + 1) * m]) {
                *g += d * s;
            }
        }
        for &(slot, at) in &formula.slots {
            let d = self.scratch[at];
            for (g, s) in gradient
                .iter_mut()
                .zip(&self.dslots[slot * columns..(slot + 1) * columns])
            {
                *g += d * s;
            }
        }
        for &(w, at) in &formula.placeholders {
            by_placeholder[w] = self.scratch[at];
        }
        self.scratch[0]
    }
}

/// Receives points: index into the asked times, and the point.
pub(super) type Deliver<'d> = dyn FnMut(usize, &mut Point) + 'd;

/// Times at which points are asked for.
pub(super) struct Grid<'g, 'd, 'w> {
    times: &'g [f64],
    next: usize,
    deliver: &'g mut Deliver<'d>,
    pub watch: Option<Watch<'w>>,
}

impl<'g, 'd, 'w> Grid<'g, 'd, 'w> {
    pub fn new(times: &'g [f64], deliver: &'g mut Deliver<'d>, watch: Option<Watch<'w>>) -> Self {
        Self {
            times,
            next: 0,
            deliver,
            watch,
        }
    }
    /// The next time asked for.
    pub fn next_time(&self) -> Option<f64> {
        self.times.get(self.next).copied()
    }
    /// Times asked for before `stop`.
    pub fn before(&self, stop: f64) -> Vec<f64> {
        let times = self.times.iter().skip(self.next).copied();
        times.take_while(|&t| t < stop).collect()
    }
    /// The last finite time asked for or watched, at least `t`.
    pub fn last(&self, t: f64) -> f64 {
        let times = self.times.iter().skip(self.next).copied();
        times
            .filter(|t| t.is_finite())
            .chain(self.watch.as_ref().map(|w| w.until))
            .fold(t, f64::max)
    }
    /// A discontinuity, for the watcher if there is one.
    pub fn jump(&mut self, t: f64, shift: Option<&[f64]>) {
        if let Some(w) = &mut self.watch {
            w.watcher.jump(t, shift.unwrap_or(&[]));
        }
    }
}

impl Runner<'_> {
    /// Delivers the present state as the next point.
    pub fn deliver_here(&mut self, grid: &mut Grid, t: f64) {
        let y = std::mem::take(&mut self.ws.y);
        let s = std::mem::take(&mut self.ws.s);
        self.deliver_point(grid, t, &y, &s);
        self.ws.y = y;
        self.ws.s = s;
    }

    pub fn deliver_point(&mut self, grid: &mut Grid, t: f64, y: &[f64], s: &[f64]) {
        let e = self.e;
        let modes: Vec<bool> = (0..e.system.switches.len())
            .map(|i| self.ws.machine.mode(&e.system, i))
            .collect();
        if let Some(history) = &mut self.ws.history {
            history.refresh(&e.system, &mut self.ws.machine, t, y, Side::Behind);
        }
        if !modes.is_empty() {
            self.set_modes_at_point(t, y, &[]);
        }
        let ws = &mut *self.ws;
        ws.machine.set_point(&e.system, t, y);
        let mut point = Point {
            t,
            y,
            s: if self.sensitivities { s } else { &[] },
            slots: &ws.slots,
            dslots: if self.sensitivities { &ws.dslots } else { &[] },
            machine: &mut ws.machine,
            experiment: e,
            scratch: &mut ws.scratch,
        };
        let index = grid.next;
        grid.next += 1;
        (grid.deliver)(index, &mut point);
        for (i, on) in modes.into_iter().enumerate() {
            self.ws.machine.set_mode(&e.system, i, on);
        }
    }

    /// Delivers all points up to and including the present time.
    pub fn deliver_due(&mut self, grid: &mut Grid) {
        let here = self.t;
        while grid.next_time().is_some_and(|t| is_due(t, here)) {
            self.deliver_here(grid, here);
        }
    }

    /// Delivers all points up to and including `end`, as the present one.
    pub fn deliver_until(&mut self, grid: &mut Grid, end: f64) {
        while let Some(t) = grid.next_time().filter(|t| *t <= end && t.is_finite()) {
            self.deliver_here(grid, t);
        }
    }
}
