//! Integration from discontinuity to discontinuity.

use crate::ode::{self, Step, StepSink, Stop};

use super::SimulateError;
use super::experiment::Chain;
use super::history::Piece;
use super::jump::{Forced, is_due};
use super::point::Grid;
use super::run::Runner;
use super::segment::SegmentOde;
use super::watch::{Still, Watching};

/// Roots are located to about this part of their time; points that close to one lie at it.
const ROOT_RESOLUTION: f64 = 1e-12;

/// A discontinuity that is known in advance, or the end.
struct Next {
    t: f64,
    /// Whether anything happens there.
    jump: bool,
    /// Switches that change there.
    switches: Vec<Forced>,
}

impl Runner<'_> {
    /// Integrates to `end`, through known and found discontinuities; delivers points before `end`. `switches`: conditions
    /// are applied at `end`, before whatever else happens there.
    pub fn advance(
        &mut self,
        chain: &Chain,
        end: f64,
        mut grid: Option<&mut Grid>,
        switches: bool,
    ) -> Result<(), SimulateError> {
        let e = self.e;
        let whole = end - self.t;
        let watched: Vec<usize> = (0..e.system.switches.len())
            .filter(|&i| !e.system.switches[i].known_in_advance && e.system.switches[i].live)
            .collect();
        // A model that slides along a discontinuity switches without end; its switches are bounded as its steps are.
        let limit = self.settings.tolerances.max_steps;
        let mut discontinuities = 0;
        while self.t < end {
            let next = self.next_known(end);
            let stop = self.past_horizon(next.t, whole);
            if let Some(g) = grid.as_deref_mut() {
                // Points at the start of a segment show the state after the jump.
                self.deliver_due(g);
            }
            let outcome = self.segment(chain, stop, &watched, grid.as_deref_mut())?;
            let forced = match outcome {
                Stop::End | Stop::Sink { .. } => {
                    self.t = stop;
                    // What happens at the start of the next period happens after its conditions were applied.
                    if stop >= end && switches {
                        break;
                    }
                    let due = self.ws.pending.iter().any(|p| is_due(p.t, stop));
                    if stop < next.t || !(next.jump || due) {
                        continue;
                    }
                    next.switches
                }
                Stop::Root { which, t, rising } => {
                    self.t = t;
                    vec![(watched[which], rising)]
                }
            };
            discontinuities += 1;
            if discontinuities > limit {
                return Err(SimulateError::Switches { t: self.t, limit });
            }
            self.refresh_past();
            let shift = self.discontinuity(&forced, grid.as_deref_mut())?;
            self.remember_jump();
            if let Some(g) = grid.as_deref_mut() {
                g.jump(self.t, shift.as_deref());
            }
        }
        Ok(())
    }

    /// The next discontinuity that is known in advance.
    fn next_known(&mut self, end: f64) -> Next {
        let e = self.e;
        let mut next = Next {
            t: end,
            jump: false,
            switches: Vec::new(),
        };
        let pending = self.ws.pending.iter().map(|p| p.t);
        for t in pending.chain(self.next_past_jump()) {
            if t <= next.t {
                next.t = t;
                next.jump = true;
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
            if t < next.t {
                next.t = t;
                next.switches.clear();
            }
            if t == next.t {
                next.jump = true;
                next.switches.push((i, slope > 0.0));
            }
        }
        next
    }

    /// One smooth segment to `stop`.
    fn segment(
        &mut self,
        chain: &Chain,
        stop: f64,
        watched: &[usize],
        mut grid: Option<&mut Grid>,
    ) -> Result<Stop, SimulateError> {
        let e = self.e;
        let ws = &mut *self.ws;
        let sensitivities = self.sensitivities;
        let times = grid.as_deref().map_or(Vec::new(), |g| g.before(stop));
        let mut watching = match grid.as_deref_mut().and_then(|g| g.watch.as_mut()) {
            Some(w) => {
                let (machine, scratch) = match ws.watching.take() {
                    Some((mut machine, scratch)) => {
                        machine.clone_from(&ws.machine);
                        (machine, scratch)
                    }
                    None => (ws.machine.clone(), Default::default()),
                };
                Some(Watching {
                    watcher: &mut *w.watcher,
                    machine,
                    experiment: e,
                    slots: &ws.slots,
                    dslots: if sensitivities { &ws.dslots } else { &[] },
                    sensitivities,
                    scratch,
                })
            }
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
            if let Some(w) = watching {
                ws.watching = Some((w.machine, w.scratch));
            }
            if let Some(g) = grid {
                for t in times.into_iter().filter(|t| !is_due(stop, *t)) {
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
            past: ws.history.is_some().then(Vec::new),
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
            history: ws.history.as_mut(),
            span: (self.t, stop),
        };
        let method = match self.settings.method {
            // The implicit method differentiates the past numerically: it helps out where the explicit one cannot go.
            ode::Method::Auto if !e.system.delays.is_empty() && e.system.mass.is_none() => {
                ode::Method::Dop853
            }
            chosen => chosen,
        };
        let result = ode::integrate(
            method,
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
            past,
            ..
        } = collected;
        if let Some(w) = watching {
            ws.watching = Some((w.machine, w.scratch));
        }
        ws.at_y = at_y;
        ws.at_s = at_s;
        ws.y = y;
        ws.s = s;
        if let (Some(history), Some(past)) = (&mut ws.history, past) {
            history.append(past);
        }
        // What lies at the discontinuity that ends the segment is delivered there.
        let reached = match &result {
            Ok(outcome) => match outcome.stop {
                Stop::Root { t, .. } => t - ROOT_RESOLUTION * t.abs(),
                _ => stop - f64::EPSILON * stop.abs(),
            },
            Err(_) => f64::INFINITY,
        };
        if let Some(g) = grid {
            let within = times.iter().take_while(|t| **t < reached);
            for i in 0..(ys.len() / n).min(within.count()) {
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

    fn failure(&self, cause: ode::OdeError) -> SimulateError {
        let ids = &self.e.system.state_ids;
        let state = match &cause {
            ode::OdeError::StepTooSmall { state, .. } | ode::OdeError::NotFinite { state, .. } => {
                ids.get(*state).cloned()
            }
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
    /// Steps kept for delays.
    past: Option<Vec<Piece>>,
}

impl StepSink for Collected<'_, '_, '_> {
    fn step(&mut self, step: &dyn Step) -> bool {
        if let Some(w) = &mut self.watching {
            w.step(step);
        }
        if let Some(past) = &mut self.past {
            past.push(Piece::of(step, self.n));
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
