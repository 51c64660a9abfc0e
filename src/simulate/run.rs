//! Runs an experiment: its periods, and what changes at their starts.

use crate::bind::Source;
use crate::ode::{self, Work};
use crate::stats::Stream;
use crate::system::{Formula, Machine, StateSlot};

use super::experiment::{Experiment, Period, derived};
use super::history::History;
use super::jump::Pending;
use super::point::{Grid, Point};
use super::watch::{Scratch, Watch};
use super::{Settings, SimulateError};

/// Memory of one thread for the experiments of one [`super::Room`].
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
    /// The past, if the model has delays.
    pub(super) history: Option<History>,
    pub(super) at_y: Vec<f64>,
    pub(super) at_s: Vec<f64>,
    /// What a watcher computes with, between segments.
    pub(super) watching: Option<(Machine, Scratch)>,
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
            history: (!e.system.delays.is_empty()).then(|| History::new(&e.system)),
            at_y: vec![0.0; n],
            at_s: vec![0.0; n * m],
            watching: None,
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
        let watched = watch.is_some();
        let mut runner = Runner {
            e: self,
            settings,
            ws,
            table,
            sensitivities,
            t: self.start(),
        };
        runner.check_delays(watched)?;
        runner.run(overrides, &mut Grid::new(times, deliver, watch))
    }
}

impl Runner<'_> {
    fn run(&mut self, overrides: &[(usize, f64)], grid: &mut Grid) -> Result<(), SimulateError> {
        let e = self.e;
        self.base(overrides);
        for (k, period) in e.periods.iter().enumerate() {
            if period.cycle {
                // A cycle is run as a whole, by the first of its periods.
                if !e.periods[..k].last().is_some_and(|p| p.cycle) {
                    self.cycle(k, overrides)?;
                }
                continue;
            }
            if period.start.is_finite() {
                self.t = period.start;
            }
            if k == 0 {
                self.derive_slots(None, overrides);
                self.set_slots(period, overrides);
                self.derive_slots(Some(period), overrides);
                self.initial_state()?;
                self.start_modes_and_events(period.start.is_finite().then_some(&mut *grid))?;
            } else {
                if period.reset {
                    self.initial_state()?;
                }
                let here = period.start.is_finite().then_some(&mut *grid);
                self.switch_period(period, overrides, here)?;
                grid.jump(self.t, None);
            }
            let chain = &period.chain;
            if period.start == f64::NEG_INFINITY {
                self.steady(chain)?;
                continue;
            }
            let next = e.periods.iter().skip(k + 1).find(|p| !p.cycle);
            let end = match next {
                Some(next) => next.start,
                None => grid.last(self.t),
            };
            self.advance(chain, end, Some(grid), next.is_some())?;
            if next.is_none() {
                self.deliver_until(grid, end);
                if grid.next_time() == Some(f64::INFINITY) {
                    self.steady(chain)?;
                    while grid.next_time().is_some() {
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
        let mut point = Point::new(
            self.t,
            &ws.y,
            &ws.s,
            &ws.slots,
            &ws.dslots,
            &mut ws.machine,
            self.e,
            &mut ws.scratch,
        );
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
        self.publish_slots();
    }

    /// Slots whose value is a formula of others, an initial assignment that a later condition replaces; those that the
    /// first period sets keep what it set.
    fn derive_slots(&mut self, first: Option<&Period>, overrides: &[(usize, f64)]) {
        let k = self.e.columns.len();
        let derived = derived(&self.e.base, first.map(|p| p.slots.as_slice()));
        let mut d = vec![0.0; k];
        for _ in 0..derived.len() {
            self.publish_slots();
            for &(slot, f) in &derived {
                if overrides.iter().any(|(s, _)| *s == slot) {
                    continue;
                }
                self.ws.slots[slot] = self.source(Source::Formula(f), &mut d);
                self.ws.dslots[slot * k..(slot + 1) * k].copy_from_slice(&d);
            }
        }
        if !derived.is_empty() {
            self.publish_slots();
        }
    }

    /// Gives the slots and their derivatives to the machine.
    fn publish_slots(&mut self) {
        let k = self.e.columns.len();
        let ws = &mut *self.ws;
        ws.machine.set_parameters(&self.e.system, &ws.slots);
        if let Some(history) = &mut ws.history {
            history.set_parameters(&self.e.system, &ws.slots);
        }
        let m = self.e.ode_columns;
        for (a, &slot) in self.e.active.iter().enumerate() {
            for c in 0..m {
                self.ws.dactive[a * m + c] = self.ws.dslots[slot * k + c];
            }
        }
    }

    pub(super) fn initial_state(&mut self) -> Result<(), SimulateError> {
        let e = self.e;
        let m = e.ode_columns;
        self.ws.y.fill(0.0);
        self.ws.s.fill(0.0);
        self.ws.pending.clear();
        if let Some(history) = &mut self.ws.history {
            history.begin(self.t);
        }
        // Initial values may compare times and parameters.
        self.set_modes_at(&[]);
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
    pub(super) fn switch_period(
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
        self.refresh_past();
        self.both_sides(&[], &None, grid)?;
        self.remember_jump();
        Ok(())
    }
}
