//! Runs an experiment: periods, segments between discontinuities, delivery of points.

use crate::bind::Source;
use crate::ode::{self, Step, StepSink, Stop, Work};
use crate::stats::Stream;
use crate::system::operation::Binary;
use crate::system::{Formula, Machine, StateSlot};

use super::experiment::{Experiment, Period};
use super::jump::{Forced, Pending, is_due};
use super::segment::SegmentOde;
use super::watch::{Still, Watch, Watching};
use super::{Settings, SimulateError};

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

/// Memory of one thread for one experiment.
#[derive(Debug, Clone)]
pub struct Workspace {
    pub(super) machine: Machine,
    pub(super) integrator: ode::Workspace,
    pub(super) y: Vec<f64>,
    pub(super) s: Vec<f64>,
    pub(super) slots: Vec<f64>,
    pub(super) dslots: Vec<f64>,
    pub(super) dactive: Vec<f64>,
    pub(super) raw: Vec<f64>,
    pub(super) scratch: Vec<f64>,
    pub(super) f: Vec<f64>,
    pub(super) f_after: Vec<f64>,
    pub(super) truth: Vec<bool>,
    pub(super) pending: Vec<Pending>,
    /// Random order of simultaneous events; made when it is needed.
    pub(super) order: Option<Stream>,
    at_y: Vec<f64>,
    at_s: Vec<f64>,
    /// Work of all runs with this workspace.
    pub work: Work,
    /// Segments that another method than the chosen one had to finish.
    pub fallbacks: u64,
}

impl Workspace {
    /// Memory for an experiment.
    pub fn new(e: &Experiment) -> Self {
        let (n, m, k) = (e.system.n, e.ode_columns, e.columns.len());
        Self {
            machine: Machine::new(&e.system),
            integrator: ode::Workspace::default(),
            y: vec![0.0; n],
            s: vec![0.0; n * m],
            slots: vec![0.0; e.system.n_slots],
            dslots: vec![0.0; e.system.n_slots * k],
            dactive: vec![0.0; e.active.len() * m],
            raw: vec![0.0; e.system.parameter.entries.len() * ode::LANES],
            scratch: Vec::new(),
            f: vec![0.0; n],
            f_after: vec![0.0; n],
            truth: vec![false; e.system.events.len()],
            pending: Vec::new(),
            order: None,
            at_y: vec![0.0; n],
            at_s: vec![0.0; n * m],
            work: Work::default(),
            fallbacks: 0,
        }
    }
}

/// One run in progress.
pub(super) struct Runner<'a> {
    pub e: &'a Experiment,
    pub settings: &'a Settings,
    pub ws: &'a mut Workspace,
    /// Values of the parameter table, natural scale.
    pub table: &'a [f64],
    pub sensitivities: bool,
    pub t: f64,
}

/// Receives points: index into the asked times, and the point.
pub(super) type Deliver<'d> = dyn FnMut(usize, &mut Point) + 'd;

pub(super) struct Grid<'g, 'd, 'w> {
    times: &'g [f64],
    next: usize,
    deliver: &'g mut Deliver<'d>,
    watch: Option<Watch<'w>>,
}

impl Grid<'_, '_, '_> {
    /// A discontinuity, for the watcher if there is one.
    fn jump(&mut self, t: f64, shift: Option<&[f64]>) {
        if let Some(w) = &mut self.watch {
            w.watcher.jump(t, shift.unwrap_or(&[]));
        }
    }
}

impl Experiment {
    /// Runs the experiment with the values of the parameter table (natural scale) and delivers a point at each of `times`
    /// (ascending; +∞ last, for the steady state of the last period). A point at a switch shows the state after it.
    ///
    /// # Errors
    /// [`SimulateError`] with the time and state concerned.
    #[allow(clippy::too_many_arguments)] // each is a different thing that varies from run to run
    pub fn run(
        &self,
        table: &[f64],
        overrides: &[(usize, f64)],
        times: &[f64],
        sensitivities: bool,
        settings: &Settings,
        ws: &mut Workspace,
        deliver: &mut dyn FnMut(usize, &mut Point),
    ) -> Result<(), SimulateError> {
        self.run_with(
            table,
            overrides,
            times,
            sensitivities,
            settings,
            ws,
            deliver,
            None,
        )
    }

    #[allow(clippy::too_many_arguments)] // as above
    pub(super) fn run_with(
        &self,
        table: &[f64],
        overrides: &[(usize, f64)],
        times: &[f64],
        sensitivities: bool,
        settings: &Settings,
        ws: &mut Workspace,
        deliver: &mut dyn FnMut(usize, &mut Point),
        watch: Option<Watch<'_>>,
    ) -> Result<(), SimulateError> {
        let mut runner = Runner {
            e: self,
            settings,
            ws,
            table,
            sensitivities,
            t: self.start(),
        };
        let mut grid = Grid {
            times,
            next: 0,
            deliver,
            watch,
        };
        runner.run(overrides, &mut grid)
    }
}

impl Runner<'_> {
    fn run(&mut self, overrides: &[(usize, f64)], grid: &mut Grid) -> Result<(), SimulateError> {
        let e = self.e;
        self.base(overrides);
        for (k, period) in e.periods.iter().enumerate() {
            if period.start.is_finite() {
                self.t = period.start;
            }
            if k == 0 {
                self.set_slots(period, overrides);
                self.initial_state()?;
                self.start_modes_and_events(period.start.is_finite().then_some(&mut *grid))?;
            } else {
                let here = period.start.is_finite().then_some(&mut *grid);
                self.switch_period(period, overrides, here)?;
                grid.jump(self.t, None);
            }
            let chain = &period.chain;
            if period.start == f64::NEG_INFINITY {
                self.steady(chain)?;
                continue;
            }
            let end = match e.periods.get(k + 1) {
                Some(next) => next.start,
                None => grid.times[grid.next..]
                    .iter()
                    .copied()
                    .filter(|t| t.is_finite())
                    .chain(grid.watch.as_ref().map(|w| w.until))
                    .fold(self.t, f64::max),
            };
            self.advance(chain, end, Some(grid), k + 1 < e.periods.len())?;
            if k + 1 == e.periods.len() {
                self.deliver_until(grid, end);
                if grid
                    .times
                    .get(grid.next)
                    .is_some_and(|t| *t == f64::INFINITY)
                {
                    self.steady(chain)?;
                    while grid.next < grid.times.len() {
                        let t = self.t;
                        self.deliver_here(grid, t);
                    }
                }
            }
        }
        Ok(())
    }

    /// Slots before the first period's conditions.
    fn base(&mut self, overrides: &[(usize, f64)]) {
        let k = self.e.columns.len();
        self.ws.dslots.fill(0.0);
        for (i, source) in self.e.base.iter().enumerate() {
            let value = match source {
                Source::Number(v) => *v,
                Source::Table(j) => {
                    if let Some(c) = self.e.columns.iter().position(|x| x == j) {
                        self.ws.dslots[i * k + c] = 1.0;
                    }
                    self.table[*j]
                }
                Source::Formula(_) => 0.0,
            };
            self.ws.slots[i] = value;
        }
        for &(slot, value) in overrides {
            self.override_slot(slot, value);
        }
    }

    fn override_slot(&mut self, slot: usize, value: f64) {
        let k = self.e.columns.len();
        self.ws.slots[slot] = value;
        self.ws.dslots[slot * k..(slot + 1) * k].fill(0.0);
    }

    /// Value of a source and its derivative with respect to the columns at the present point.
    fn source(&mut self, source: Source, derivative: &mut [f64]) -> f64 {
        derivative.fill(0.0);
        match source {
            Source::Number(v) => v,
            Source::Table(j) => {
                if let Some(c) = self.e.columns.iter().position(|x| *x == j) {
                    derivative[c] = 1.0;
                }
                self.table[j]
            }
            Source::Formula(f) => {
                let formula = &self.e.system.formulas[f];
                self.total(formula, derivative)
            }
        }
    }

    /// Value of a formula at the present point and its derivative with respect to the columns at fixed time.
    pub fn total(&mut self, formula: &Formula, derivative: &mut [f64]) -> f64 {
        let ws = &mut *self.ws;
        ws.machine.set_point(&self.e.system, self.t, &ws.y);
        derivative.fill(0.0);
        let mut point = Point {
            t: self.t,
            y: &ws.y,
            s: &ws.s,
            slots: &ws.slots,
            dslots: &ws.dslots,
            machine: &mut ws.machine,
            experiment: self.e,
            scratch: &mut ws.scratch,
        };
        if self.sensitivities {
            point.gradient(formula, &[], derivative, &mut [])
        } else {
            point.value(formula, &[])
        }
    }

    /// Sets the slots of a period, all from the values before it, then the parameters of the machine.
    fn set_slots(&mut self, period: &Period, overrides: &[(usize, f64)]) {
        let k = self.e.columns.len();
        self.ws
            .machine
            .set_parameters(&self.e.system, &self.ws.slots);
        let mut values = Vec::with_capacity(period.slots.len());
        for &(slot, source) in &period.slots {
            let mut d = vec![0.0; k];
            let v = self.source(source, &mut d);
            values.push((slot, v, d));
        }
        for (slot, v, d) in values {
            self.ws.slots[slot] = v;
            self.ws.dslots[slot * k..(slot + 1) * k].copy_from_slice(&d);
        }
        for &(slot, value) in overrides {
            self.override_slot(slot, value);
        }
        self.ws
            .machine
            .set_parameters(&self.e.system, &self.ws.slots);
        let m = self.e.ode_columns;
        for (a, &slot) in self.e.active.iter().enumerate() {
            for c in 0..m {
                self.ws.dactive[a * m + c] = self.ws.dslots[slot * k + c];
            }
        }
    }

    fn initial_state(&mut self) -> Result<(), SimulateError> {
        let e = self.e;
        let m = e.ode_columns;
        self.ws.y.fill(0.0);
        self.ws.s.fill(0.0);
        self.ws.pending.clear();
        let mut d = vec![0.0; e.columns.len()];
        for (i, formula) in e.system.initial.iter().enumerate() {
            let v = self.total(formula, &mut d);
            let algebraic = e.system.mass.as_ref().is_some_and(|m| m[i] == 0.0);
            if !v.is_finite() && !algebraic {
                return Err(SimulateError::Initial {
                    state: e.system.state_ids[i].clone(),
                    value: v,
                });
            }
            self.ws.f_after[i] = v;
            self.ws.at_s[i * m..(i + 1) * m].copy_from_slice(&d[..m]);
        }
        self.ws.y.copy_from_slice(&self.ws.f_after);
        self.ws.s.copy_from_slice(&self.ws.at_s);
        Ok(())
    }

    /// Start of a later period: values from the state before, then slots, states and volumes, then events.
    fn switch_period(
        &mut self,
        period: &Period,
        overrides: &[(usize, f64)],
        grid: Option<&mut Grid>,
    ) -> Result<(), SimulateError> {
        let e = self.e;
        let (k, m) = (e.columns.len(), e.ode_columns);
        let mut values = Vec::with_capacity(period.states.len());
        for &(x, state, source) in &period.states {
            let mut d = vec![0.0; k];
            let v = self.source(source, &mut d);
            values.push((x, state, v, d));
        }
        // Concentrations in varying volumes are kept when the volume is set.
        let concentrations: Vec<Option<(f64, Vec<f64>)>> = if period.states.is_empty() {
            Vec::new()
        } else {
            let mut list = Vec::new();
            for (named, volume) in e.system.named.iter().zip(&e.system.volumes) {
                list.push(volume.as_ref().map(|_| {
                    let mut d = vec![0.0; k];
                    let v = self.total(named, &mut d);
                    (v, d)
                }));
            }
            list
        };
        self.set_slots(period, overrides);
        for (x, state, v, d) in &values {
            if e.system.volumes[*state].is_none() {
                self.ws.y[*x] = *v;
                self.ws.s[x * m..(x + 1) * m].copy_from_slice(&d[..m]);
            }
        }
        for (state, kept) in concentrations.iter().enumerate() {
            let (Some((kept, dkept)), Some(volume), StateSlot::Integrated(x)) =
                (kept, &e.system.volumes[state], e.system.states[state])
            else {
                continue;
            };
            let set = values.iter().find(|(_, s, _, _)| *s == state);
            let (c, dc) = set.map_or((*kept, dkept), |(_, _, v, d)| (*v, d));
            let mut dv = vec![0.0; k];
            let v = self.total(volume, &mut dv);
            self.ws.y[x] = c * v;
            for i in 0..m {
                self.ws.s[x * m + i] = dc[i] * v + c * dv[i];
            }
        }
        self.both_sides(&[], &None, grid)
    }

    /// Truth of a comparison just after the present time.
    fn truth_after(&mut self, which: usize) -> bool {
        let e = self.e;
        let switch = &e.system.switches[which];
        let ws = &mut *self.ws;
        ws.machine.set_point(&e.system, self.t, &ws.y);
        ws.scratch.clear();
        ws.scratch.resize(switch.difference.len(), 0.0);
        let mut out = std::mem::take(&mut ws.scratch);
        ws.machine
            .derivatives(&e.system, &switch.difference, &mut out);
        let mut d = out[0];
        if d == 0.0 && !matches!(switch.op, Binary::Eq | Binary::Ne) {
            // At the boundary the direction decides.
            ws.machine.rhs(&e.system, self.t, &ws.y, &mut ws.f_after);
            let slope: f64 = switch.difference.time.map_or(0.0, |at| out[at])
                + switch
                    .difference
                    .states
                    .iter()
                    .map(|&(j, at)| out[at] * ws.f_after[j])
                    .sum::<f64>();
            d = slope;
        }
        ws.scratch = out;
        switch.op.apply(d, 0.0) != 0.0
    }

    /// Sets the modes just behind the present time; `forced` gives those whose side is known.
    pub fn set_modes_after(&mut self, forced: &[Forced]) {
        let n = self.e.system.switches.len();
        // Comparisons may depend on one another through piecewise rates; a few passes settle them.
        for _ in 0..3 {
            let mut changed = false;
            for i in 0..n {
                let on = match forced.iter().find(|(f, _)| *f == i) {
                    Some((_, rising)) => {
                        self.e.system.switches[i]
                            .op
                            .apply(if *rising { 1.0 } else { -1.0 }, 0.0)
                            != 0.0
                    }
                    None => self.truth_after(i),
                };
                if on != self.ws.machine.mode(&self.e.system, i) {
                    self.ws.machine.set_mode(&self.e.system, i, on);
                    changed = true;
                }
            }
            if !changed {
                break;
            }
        }
    }

    /// Sets the modes as they are at the present time; the differences of the `forced` ones are exactly 0 there.
    pub fn set_modes_at(&mut self, forced: &[Forced]) {
        let y = std::mem::take(&mut self.ws.y);
        self.set_modes_at_point(self.t, &y, forced);
        self.ws.y = y;
    }

    /// Sets the modes as they are at a point. A comparison uses only those imported before it, so one pass settles them.
    fn set_modes_at_point(&mut self, t: f64, y: &[f64], forced: &[Forced]) {
        let system = &self.e.system;
        for (i, switch) in system.switches.iter().enumerate() {
            let d = if forced.iter().any(|(f, _)| *f == i) {
                0.0
            } else {
                self.ws.machine.set_point(system, t, y);
                self.ws.machine.value(system, &switch.difference)
            };
            let on = switch.op.apply(d, 0.0) != 0.0;
            self.ws.machine.set_mode(system, i, on);
        }
    }

    /// Delivers the present state as the next point.
    fn deliver_here(&mut self, grid: &mut Grid, t: f64) {
        let y = std::mem::take(&mut self.ws.y);
        let s = std::mem::take(&mut self.ws.s);
        self.deliver_point(grid, t, &y, &s);
        self.ws.y = y;
        self.ws.s = s;
    }

    fn deliver_point(&mut self, grid: &mut Grid, t: f64, y: &[f64], s: &[f64]) {
        let e = self.e;
        let modes: Vec<bool> = (0..e.system.switches.len())
            .map(|i| self.ws.machine.mode(&e.system, i))
            .collect();
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
        while grid.times.get(grid.next).is_some_and(|&t| t <= here) {
            self.deliver_here(grid, here);
        }
    }

    /// Delivers all points up to and including the present time.
    fn deliver_until(&mut self, grid: &mut Grid, end: f64) {
        while grid
            .times
            .get(grid.next)
            .is_some_and(|&t| t <= end && t.is_finite())
        {
            let t = grid.times[grid.next];
            self.deliver_here(grid, t);
        }
    }

    /// Integrates to `end`, through known and found discontinuities; delivers points before `end`. `switches`: conditions
    /// are applied at `end`, before whatever else happens there.
    pub fn advance(
        &mut self,
        chain: &super::experiment::Chain,
        end: f64,
        mut grid: Option<&mut Grid>,
        switches: bool,
    ) -> Result<(), SimulateError> {
        let e = self.e;
        while self.t < end {
            let (stop, known) = self.next_known(end);
            let mut watched: Vec<usize> = Vec::new();
            for (i, s) in e.system.switches.iter().enumerate() {
                if !s.known_in_advance && s.live {
                    watched.push(i);
                }
            }
            if let Some(g) = grid.as_deref_mut() {
                // Points at the start of a segment show the state after the jump.
                self.deliver_due(g);
            }
            let outcome = self.segment(chain, stop, &watched, grid.as_deref_mut())?;
            match outcome {
                Stop::End | Stop::Sink { .. } => {
                    self.t = stop;
                    // What happens at the start of the next period happens after its conditions were applied.
                    if stop >= end && switches {
                        break;
                    }
                    if stop < end
                        || !known.is_empty()
                        || self.ws.pending.iter().any(|p| is_due(p.t, stop))
                    {
                        let forced: Vec<(usize, bool)> = known;
                        let shift = self.discontinuity(&forced, grid.as_deref_mut())?;
                        if let Some(g) = grid.as_deref_mut() {
                            g.jump(self.t, shift.as_deref());
                        }
                    }
                }
                Stop::Root { which, t, rising } => {
                    self.t = t;
                    let shift =
                        self.discontinuity(&[(watched[which], rising)], grid.as_deref_mut())?;
                    if let Some(g) = grid.as_deref_mut() {
                        g.jump(self.t, shift.as_deref());
                    }
                }
            }
        }
        Ok(())
    }

    /// The next time that is known in advance, with the switches that change there.
    fn next_known(&mut self, end: f64) -> (f64, Vec<(usize, bool)>) {
        let e = self.e;
        let mut stop = end;
        let mut which: Vec<(usize, bool)> = Vec::new();
        for p in &self.ws.pending {
            if p.t < stop {
                stop = p.t;
            }
        }
        for (i, switch) in e.system.switches.iter().enumerate() {
            if !switch.known_in_advance || !switch.live {
                continue;
            }
            let ws = &mut *self.ws;
            ws.machine.set_point(&e.system, self.t, &ws.y);
            let mut out = std::mem::take(&mut ws.scratch);
            out.clear();
            out.resize(switch.difference.len(), 0.0);
            ws.machine
                .derivatives(&e.system, &switch.difference, &mut out);
            let (d, slope) = (out[0], switch.difference.time.map_or(0.0, |at| out[at]));
            ws.scratch = out;
            if slope == 0.0 || d == 0.0 {
                continue;
            }
            let t = self.t - d / slope;
            // Rounding may leave a root that was just passed a hair ahead.
            if t <= self.t || t - self.t <= 4.0 * f64::EPSILON * self.t.abs() {
                continue;
            }
            if t < stop {
                stop = t;
                which.clear();
            }
            if t == stop {
                which.push((i, slope > 0.0));
            }
        }
        (stop, which)
    }

    /// One smooth segment to `stop`.
    fn segment(
        &mut self,
        chain: &super::experiment::Chain,
        stop: f64,
        watched: &[usize],
        mut grid: Option<&mut Grid>,
    ) -> Result<Stop, SimulateError> {
        let e = self.e;
        let ws = &mut *self.ws;
        let sensitivities = self.sensitivities;
        let mut times: Vec<f64> = Vec::new();
        if let Some(g) = grid.as_deref()
            && e.system.n > 0
        {
            times.extend(g.times[g.next..].iter().copied().take_while(|&t| t < stop));
        }
        let mut watching = match grid.as_deref_mut().and_then(|g| g.watch.as_mut()) {
            Some(w) => Some(Watching {
                watcher: &mut *w.watcher,
                machine: ws.machine.clone(),
                experiment: e,
                slots: &ws.slots,
                dslots: if sensitivities { &ws.dslots } else { &[] },
                sensitivities,
                scratch: Default::default(),
            }),
            None => None,
        };
        if e.system.n == 0 {
            // Nothing to integrate: points in between are those of time alone.
            if let Some(w) = &mut watching {
                w.step(&Still {
                    t0: self.t,
                    t1: stop,
                });
            }
            if let Some(g) = grid {
                while g.times.get(g.next).is_some_and(|&t| t < stop) {
                    let t = g.times[g.next];
                    self.deliver_here(g, t);
                }
            }
            return Ok(Stop::End);
        }
        let n = e.system.n;
        let m = if self.sensitivities { e.ode_columns } else { 0 };
        let mut y = std::mem::take(&mut ws.y);
        let mut s = std::mem::take(&mut ws.s);
        let mut collected = Collected {
            times: &times,
            next: 0,
            n,
            m,
            y: Vec::new(),
            s: Vec::new(),
            at_y: std::mem::take(&mut ws.at_y),
            at_s: std::mem::take(&mut ws.at_s),
            watching: watching.as_mut(),
        };
        let mut segment = SegmentOde {
            system: &e.system,
            machine: &mut ws.machine,
            chain,
            dslots: &ws.dslots,
            dactive: &ws.dactive,
            ode_columns: e.ode_columns,
            raw: &mut ws.raw,
            watched,
        };
        let result = ode::integrate(
            self.settings.method,
            &mut segment,
            self.t,
            stop,
            &mut y,
            if m > 0 { &mut s } else { &mut [] },
            &self.settings.tolerances,
            None,
            &mut collected,
            &mut ws.integrator,
            &mut ws.work,
        );
        let Collected {
            y: ys,
            s: ss,
            at_y,
            at_s,
            ..
        } = collected;
        ws.at_y = at_y;
        ws.at_s = at_s;
        ws.y = y;
        ws.s = s;
        if let Some(g) = grid {
            for i in 0..ys.len() / n {
                let t = times[i];
                self.deliver_point(
                    g,
                    t,
                    &ys[i * n..(i + 1) * n],
                    &ss[i * n * m..(i + 1) * n * m],
                );
            }
        }
        match result {
            Ok(outcome) => {
                self.ws.fallbacks += u64::from(outcome.fallback.is_some());
                Ok(outcome.stop)
            }
            Err(cause) => Err(self.failure(cause)),
        }
    }

    fn failure(&self, cause: crate::ode::OdeError) -> SimulateError {
        let ids = &self.e.system.state_ids;
        let state = match &cause {
            crate::ode::OdeError::StepTooSmall { state, .. }
            | crate::ode::OdeError::NotFinite { state, .. } => ids.get(*state).cloned(),
            _ => None,
        };
        let values = ids.iter().cloned().zip(self.ws.y.iter().copied()).collect();
        SimulateError::Integration {
            cause,
            state,
            values,
        }
    }
}

/// Collects dense output at asked times, and shows each step to a watcher.
struct Collected<'t, 'a, 'w> {
    times: &'t [f64],
    next: usize,
    n: usize,
    m: usize,
    y: Vec<f64>,
    s: Vec<f64>,
    at_y: Vec<f64>,
    at_s: Vec<f64>,
    watching: Option<&'t mut Watching<'a, 'w>>,
}

impl StepSink for Collected<'_, '_, '_> {
    fn step(&mut self, step: &dyn Step) -> bool {
        if let Some(w) = &mut self.watching {
            w.step(step);
        }
        while let Some(&t) = self.times.get(self.next) {
            if t > step.t1() {
                break;
            }
            step.state(t, &mut self.at_y);
            self.y.extend_from_slice(&self.at_y[..self.n]);
            if self.m > 0 {
                step.sensitivity(t, &mut self.at_s);
                self.s.extend_from_slice(&self.at_s[..self.n * self.m]);
            }
            self.next += 1;
        }
        true
    }
}
