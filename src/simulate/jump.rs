//! Discontinuities: events and kinks, with the jump of the sensitivities.
//!
//! At a time τ(p), with y⁻ and S⁻ before, f⁻ the rate before and g the map of the event, the total derivative of the
//! state at the moving time is `Y' = S⁻ + f⁻·τ'`; after the map `G = g_y·Y' + g_p + g_t·τ'`; and
//! `S⁺ = G − f⁺·τ'`. Without an event g is the identity, and only the kink f⁻ − f⁺ remains.

use super::SimulateError;
use super::run::Runner;

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

impl Runner<'_> {
    /// Truth of all triggers before the start, then modes and events at the start.
    pub fn start_modes_and_events(&mut self) -> Result<(), SimulateError> {
        self.set_modes(&[]);
        for (i, event) in self.e.system.events.iter().enumerate() {
            self.ws.truth[i] = event.initial_value;
        }
        self.events_here(None)
    }

    /// The present time is a discontinuity; `forced` gives the switches known to change and their direction. Returns the
    /// derivative of this time with respect to the columns, if it is not fixed.
    pub fn discontinuity(
        &mut self,
        forced: &[(usize, bool)],
    ) -> Result<Option<Vec<f64>>, SimulateError> {
        let e = self.e;
        let dtau = self.time_derivative_of(forced);
        {
            let ws = &mut *self.ws;
            ws.machine.rhs(&e.system, self.t, &ws.y, &mut ws.f);
        }
        self.set_modes(forced);
        self.events_here(dtau.clone())?;
        Ok(dtau)
    }

    /// Derivative of the present time with respect to the columns: that of the first switch with a slope, or of an event
    /// that is due; `None` if the time is fixed.
    fn time_derivative_of(&mut self, forced: &[(usize, bool)]) -> Option<Vec<f64>> {
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
        let due = self.ws.pending.iter().find(|p| p.t <= self.t)?;
        due.dt.iter().any(|x| *x != 0.0).then(|| due.dt.clone())
    }

    /// Fires what triggers at the present time and executes what is due. `dtau`: derivative of this time, with the rate
    /// before it in the workspace.
    pub fn events_here(&mut self, dtau: Option<Vec<f64>>) -> Result<(), SimulateError> {
        let e = self.e;
        let m = e.ode_columns;
        if let Some(d) = &dtau {
            // To the total derivative at the moving time.
            for i in 0..e.system.n {
                for (s, d) in self.ws.s[i * m..(i + 1) * m].iter_mut().zip(d) {
                    *s += self.ws.f[i] * d;
                }
            }
        }
        let mut executed = 0;
        loop {
            self.trigger(&dtau);
            let Some(at) = self.due() else { break };
            let pending = self.ws.pending.swap_remove(at);
            self.execute(&pending, &dtau);
            self.set_modes(&[]);
            executed += 1;
            if executed > self.settings.max_cascade {
                return Err(SimulateError::Cascade {
                    t: self.t,
                    limit: self.settings.max_cascade,
                    event: e.system.events[pending.event].id.clone(),
                });
            }
        }
        if let Some(d) = &dtau {
            let ws = &mut *self.ws;
            ws.machine.rhs(&e.system, self.t, &ws.y, &mut ws.f_after);
            for i in 0..e.system.n {
                for (s, d) in ws.s[i * m..(i + 1) * m].iter_mut().zip(d) {
                    *s -= ws.f_after[i] * d;
                }
            }
        }
        Ok(())
    }

    /// Total derivative of a formula at the moving time (the sensitivities are total ones here).
    fn moving(
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

    /// Evaluates the triggers; those that turn true are queued, waiting ones that need a lasting trigger are dropped.
    fn trigger(&mut self, dtau: &Option<Vec<f64>>) {
        let e = self.e;
        for (i, event) in e.system.events.iter().enumerate() {
            let ws = &mut *self.ws;
            ws.machine.set_point(&e.system, self.t, &ws.y);
            let on = ws.machine.value(&e.system, &event.trigger) != 0.0;
            let before = std::mem::replace(&mut ws.truth[i], on);
            if !on && before && !event.persistent {
                ws.pending.retain(|p| p.event != i);
            }
            if on && !before {
                let (delay, ddelay) = match &event.delay {
                    Some(d) => self.moving(d, dtau),
                    None => (0.0, vec![0.0; e.columns.len()]),
                };
                let values = event.values_from_trigger_time.then(|| {
                    event
                        .assignments
                        .iter()
                        .map(|(_, f)| self.moving(f, dtau))
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
    }

    /// The pending event to execute now: the highest priority, then the first triggered.
    fn due(&mut self) -> Option<usize> {
        let e = self.e;
        let mut best: Option<(usize, f64, usize)> = None;
        for i in 0..self.ws.pending.len() {
            let (t, event, order) = {
                let p = &self.ws.pending[i];
                (p.t, p.event, p.order)
            };
            if t > self.t {
                continue;
            }
            let priority = match &e.system.events[event].priority {
                Some(f) => {
                    let ws = &mut *self.ws;
                    ws.machine.set_point(&e.system, self.t, &ws.y);
                    ws.machine.value(&e.system, f)
                }
                None => f64::NEG_INFINITY,
            };
            let better = best.is_none_or(|(_, p, o)| priority > p || (priority == p && order < o));
            if better {
                best = Some((i, priority, order));
            }
        }
        best.map(|(i, _, _)| i)
    }

    fn execute(&mut self, pending: &Pending, dtau: &Option<Vec<f64>>) {
        let e = self.e;
        let m = e.ode_columns;
        let event = &e.system.events[pending.event];
        let values = match &pending.values {
            Some(v) => v.clone(),
            None => event
                .assignments
                .iter()
                .map(|(_, f)| self.moving(f, dtau))
                .collect(),
        };
        for ((x, _), (v, d)) in event.assignments.iter().zip(values) {
            self.ws.y[*x] = v;
            if self.sensitivities {
                self.ws.s[x * m..(x + 1) * m].copy_from_slice(&d[..m]);
            }
        }
    }
}
