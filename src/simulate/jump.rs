//! Discontinuities: events and kinks, with the jump of the sensitivities.
//!
//! A discontinuity at t has two sides. *At* t every comparison has its value there (`time >= 5` holds at 5, `time > 5` does
//! not); *just behind* t a comparison of equal values follows the direction in which they move. Events fire and execute
//! first at t, then just behind it; a point asked for at t lies between the two.
//!
//! At a time τ(p), with y⁻ and S⁻ before, f⁻ the rate before and g the map of the event, the total derivative of the
//! state at the moving time is `Y' = S⁻ + f⁻·τ'`; after the map `G = g_y·Y' + g_p + g_t·τ'`; and
//! `S⁺ = G − f⁺·τ'`. Without an event g is the identity, and only the kink f⁻ − f⁺ remains.

use super::SimulateError;
use super::point::Grid;
use super::run::Runner;
use crate::stats::Stream;

/// Two times within this many units in the last place are one instant: sums of delays round differently.
const SAME_INSTANT: f64 = 8.0 * f64::EPSILON;
/// Purpose of the random numbers that order events of equal priority.
const EVENT_ORDER: &str = "event order";

/// An event that was triggered and waits for its execution.
#[derive(Debug, Clone)]
pub(super) struct Pending {
    /// Time of execution.
    pub t: f64,
    /// Derivative of that time with respect to the columns.
    pub dt: Vec<f64>,
    /// Index of the event.
    pub event: usize,
    /// Values from the time of the trigger with their total derivatives.
    pub values: Option<Vec<(f64, Vec<f64>)>>,
    /// Order of triggering, to break ties.
    pub order: usize,
}

/// A switch that is known to change at the present time, and whether its difference rises there.
pub(super) type Forced = (usize, bool);

impl Runner<'_> {
    /// Truth of all triggers before the start, then modes and events at the start.
    pub fn start_modes_and_events(&mut self, grid: Option<&mut Grid>) -> Result<(), SimulateError> {
        self.ws.order = None;
        for (i, event) in self.e.system.events.iter().enumerate() {
            self.ws.truth[i] = event.initial_value;
        }
        self.refresh_past();
        self.both_sides(&[], &None, grid)?;
        self.remember_jump();
        Ok(())
    }

    /// The present time is a discontinuity; `forced` gives the switches known to change and their direction. Returns the
    /// derivative of this time with respect to the columns, if it is not fixed.
    pub fn discontinuity(
        &mut self,
        forced: &[Forced],
        grid: Option<&mut Grid>,
    ) -> Result<Option<Vec<f64>>, SimulateError> {
        let dtau = self.time_derivative_of(forced);
        self.both_sides(forced, &dtau, grid)?;
        Ok(dtau)
    }

    /// Events at the present time and just behind it, and the modes of what follows. `dtau`: derivative of this time.
    pub fn both_sides(
        &mut self,
        forced: &[Forced],
        dtau: &Option<Vec<f64>>,
        grid: Option<&mut Grid>,
    ) -> Result<(), SimulateError> {
        let mut executed = 0;
        // To the total derivative at the moving time.
        self.shift(dtau, 1.0);
        self.set_modes_at(forced);
        self.settle(dtau)?;
        self.events_here(dtau, &mut executed, forced, false)?;
        let known = self.unaffected(forced);
        let forced = if executed > 0 { &known } else { forced };
        self.set_modes_after(forced);
        if self.triggers_now() {
            if let Some(grid) = grid {
                self.shift(dtau, -1.0);
                self.deliver_due(grid);
                self.shift(dtau, 1.0);
            }
            self.settle(dtau)?;
            self.events_here(dtau, &mut executed, forced, true)?;
        } else {
            self.settle(dtau)?;
        }
        self.shift(dtau, -1.0);
        Ok(())
    }

    /// What is known still after an event: what depends on time alone keeps its side, what depends on states follows their
    /// new values.
    fn unaffected(&self, forced: &[Forced]) -> Vec<Forced> {
        let switches = &self.e.system.switches;
        let known = forced.iter().copied();
        known
            .filter(|(i, _)| switches[*i].known_in_advance)
            .collect()
    }

    /// Adds `sign·f·τ'` to the sensitivities.
    fn shift(&mut self, dtau: &Option<Vec<f64>>, sign: f64) {
        let Some(dtau) = dtau else { return };
        let e = self.e;
        let m = e.ode_columns;
        let ws = &mut *self.ws;
        ws.machine.rhs(&e.system, self.t, &ws.y, &mut ws.f);
        for i in 0..e.system.n {
            for (s, d) in ws.s[i * m..(i + 1) * m].iter_mut().zip(dtau) {
                *s += sign * ws.f[i] * d;
            }
        }
    }

    /// Derivative of the present time with respect to the columns: that of the first switch with a slope, or of an event
    /// that is due; `None` if the time is fixed.
    fn time_derivative_of(&mut self, forced: &[Forced]) -> Option<Vec<f64>> {
        let e = self.e;
        if !self.sensitivities {
            return None;
        }
        let k = e.columns.len();
        for &(which, _) in forced {
            let formula = &e.system.switches[which].difference;
            let mut d = vec![0.0; k];
            self.total(formula, &mut d);
            let ws = &mut *self.ws;
            let mut out = vec![0.0; formula.len()];
            ws.machine.set_point(&e.system, self.t, &ws.y);
            ws.machine.derivatives(&e.system, formula, &mut out);
            ws.machine.rhs(&e.system, self.t, &ws.y, &mut ws.f);
            let slope = formula.time.map_or(0.0, |at| out[at])
                + formula
                    .states
                    .iter()
                    .map(|&(j, at)| out[at] * ws.f[j])
                    .sum::<f64>();
            if slope != 0.0 {
                let dtau: Vec<f64> = d.iter().map(|x| -x / slope).collect();
                return dtau.iter().any(|x| *x != 0.0).then_some(dtau);
            }
        }
        let now = self.t;
        let due = self.ws.pending.iter().find(|p| is_due(p.t, now))?;
        due.dt.iter().any(|x| *x != 0.0).then(|| due.dt.clone())
    }

    /// Fires what triggers at the present time and executes what is due, until nothing is left.
    fn events_here(
        &mut self,
        dtau: &Option<Vec<f64>>,
        executed: &mut usize,
        forced: &[Forced],
        behind: bool,
    ) -> Result<(), SimulateError> {
        let e = self.e;
        if e.system.events.is_empty() {
            return Ok(());
        }
        loop {
            self.trigger(dtau)?;
            let Some(at) = self.due() else { break };
            let pending = self.ws.pending.swap_remove(at);
            self.execute(&pending, dtau);
            self.refresh_past();
            let known = self.unaffected(forced);
            if behind {
                self.set_modes_after(&known);
            } else {
                self.set_modes_at(&known);
            }
            self.settle(dtau)?;
            *executed += 1;
            if *executed > self.settings.max_cascade {
                return Err(SimulateError::Cascade {
                    t: self.t,
                    limit: self.settings.max_cascade,
                    event: e.system.events[pending.event].id.clone(),
                });
            }
        }
        Ok(())
    }

    /// Total derivative of a formula at the moving time (the sensitivities are total ones here).
    pub fn moving(
        &mut self,
        formula: &crate::system::Formula,
        dtau: &Option<Vec<f64>>,
    ) -> (f64, Vec<f64>) {
        let mut d = vec![0.0; self.e.columns.len()];
        let v = self.total(formula, &mut d);
        if let (Some(dtau), Some(at)) = (dtau, formula.time) {
            let mut out = vec![0.0; formula.len()];
            self.ws
                .machine
                .derivatives(&self.e.system, formula, &mut out);
            for (x, t) in d.iter_mut().zip(dtau) {
                *x += out[at] * t;
            }
        }
        (v, d)
    }

    fn trigger_of(&mut self, event: usize) -> bool {
        let e = self.e;
        let ws = &mut *self.ws;
        ws.machine.set_point(&e.system, self.t, &ws.y);
        ws.machine.value(&e.system, &e.system.events[event].trigger) != 0.0
    }

    /// Whether any trigger has another value than it had.
    fn triggers_now(&mut self) -> bool {
        (0..self.e.system.events.len()).any(|i| self.trigger_of(i) != self.ws.truth[i])
    }

    /// Evaluates the triggers; those that turn true are queued, waiting ones that need a lasting trigger are dropped.
    fn trigger(&mut self, dtau: &Option<Vec<f64>>) -> Result<(), SimulateError> {
        let e = self.e;
        for (i, event) in e.system.events.iter().enumerate() {
            let on = self.trigger_of(i);
            let ws = &mut *self.ws;
            let before = std::mem::replace(&mut ws.truth[i], on);
            if !on && before && !event.persistent {
                ws.pending.retain(|p| p.event != i);
            }
            if on && !before {
                let (delay, ddelay) = match &event.delay {
                    Some(d) => self.moving(d, dtau),
                    None => (0.0, vec![0.0; e.columns.len()]),
                };
                if !(0.0..f64::INFINITY).contains(&delay) {
                    return Err(SimulateError::Delay {
                        t: self.t,
                        event: event.id.clone(),
                        delay,
                    });
                }
                let values = event.values_from_trigger_time.then(|| {
                    event
                        .assignments
                        .iter()
                        .map(|a| self.moving(&a.value, dtau))
                        .collect()
                });
                let mut dt = ddelay;
                if let Some(dtau) = dtau {
                    for (x, t) in dt.iter_mut().zip(dtau) {
                        *x += t;
                    }
                }
                let order = self
                    .ws
                    .pending
                    .iter()
                    .map(|p| p.order + 1)
                    .max()
                    .unwrap_or(0);
                self.ws.pending.push(Pending {
                    t: self.t + delay,
                    dt,
                    event: i,
                    values,
                    order,
                });
            }
        }
        Ok(())
    }

    /// The pending event to execute now: the highest priority; events of equal priority in random order; those without
    /// priority last, in the order of triggering.
    fn due(&mut self) -> Option<usize> {
        let e = self.e;
        let mut best: Vec<usize> = Vec::new();
        let mut highest: Option<f64> = None;
        for i in 0..self.ws.pending.len() {
            let (t, event) = {
                let p = &self.ws.pending[i];
                (p.t, p.event)
            };
            if !is_due(t, self.t) {
                continue;
            }
            let priority = e.system.events[event].priority.as_ref().map(|f| {
                let ws = &mut *self.ws;
                ws.machine.set_point(&e.system, self.t, &ws.y);
                ws.machine.value(&e.system, f)
            });
            // A priority that is not a number is none.
            let priority = priority.filter(|p| !p.is_nan());
            let better = match (priority, highest) {
                _ if best.is_empty() => true,
                (Some(p), Some(h)) => p > h,
                (Some(_), None) => true,
                (None, _) => false,
            };
            if better {
                best.clear();
                highest = priority;
            }
            if better || priority == highest {
                best.push(i);
            }
        }
        best.sort_unstable_by_key(|&i| self.ws.pending[i].order);
        match (best.len(), highest) {
            (0, _) => None,
            (1, _) | (_, None) => best.first().copied(),
            (n, Some(_)) => {
                let seed = self.settings.seed;
                let stream = self
                    .ws
                    .order
                    .get_or_insert_with(|| Stream::new(seed, EVENT_ORDER, 0, 0));
                best.get(stream.below(n)).copied()
            }
        }
    }

    /// Sets what an event sets, all from the values before it.
    fn execute(&mut self, pending: &Pending, dtau: &Option<Vec<f64>>) {
        let e = self.e;
        let m = e.ode_columns;
        let event = &e.system.events[pending.event];
        let values = match &pending.values {
            Some(v) => v.clone(),
            None => event
                .assignments
                .iter()
                .map(|a| self.moving(&a.value, dtau))
                .collect(),
        };
        // A concentration becomes an amount with the volume before the event.
        let amounts: Vec<(f64, Vec<f64>)> = event
            .assignments
            .iter()
            .zip(values)
            .map(|(a, (v, d))| match &a.volume {
                None => (v, d),
                Some(volume) => {
                    let (size, dsize) = self.moving(volume, dtau);
                    let product = d.iter().zip(&dsize).map(|(d, ds)| d * size + v * ds);
                    (v * size, product.collect())
                }
            })
            .collect();
        for (a, (v, d)) in event.assignments.iter().zip(amounts) {
            self.ws.y[a.state] = v;
            if self.sensitivities {
                self.ws.s[a.state * m..(a.state + 1) * m].copy_from_slice(&d[..m]);
            }
        }
    }
}

/// Whether a time has come.
pub(super) fn is_due(t: f64, now: f64) -> bool {
    t - now <= SAME_INSTANT * now.abs().max(t.abs())
}
