//! What an objective reads from its simulations.

use crate::bind::Source;
use crate::ode::Work;
use crate::simulate;

use super::Objective;
use super::memory::{Delivered, Memory};
use super::target::{EvalError, natural_slope};

/// Scratch memory of one thread.
#[derive(Debug)]
pub struct Workspace {
    /// One for each room.
    pub(super) simulations: Vec<Option<simulate::Workspace>>,
    /// What the last simulation delivered.
    pub(super) now: Delivered,
    pub(super) slopes: Vec<f64>,
    pub(super) memory: Memory,
}

impl Workspace {
    /// Forgets the points that were simulated, so that the next evaluation simulates whatever it is asked for: for
    /// measuring what one takes.
    pub fn forget(&mut self) {
        self.memory = Memory::default();
    }

    /// Work of all simulations so far, and segments that a fallback finished.
    pub fn work(&self) -> (Work, u64) {
        let mut sum = Work::default();
        let mut fallbacks = 0;
        for s in self.simulations.iter().flatten() {
            sum.steps += s.work.steps;
            sum.rejected += s.work.rejected;
            sum.rhs += s.work.rhs;
            sum.jacobian += s.work.jacobian;
            sum.lu += s.work.lu;
            sum.solves += s.work.solves;
            fallbacks += s.fallbacks;
        }
        (sum, fallbacks)
    }
}

/// How one experiment fared.
#[derive(Debug, Clone, PartialEq)]
pub struct ConditionReport {
    /// Experiment id.
    pub id: String,
    /// Accepted steps.
    pub steps: u64,
    /// Failure: stable name and message.
    pub failure: Option<(&'static str, String)>,
}

/// Where and what a list of visits reads.
struct Reading<'a> {
    objective: &'a Objective,
    derivatives: bool,
}

impl Reading<'_> {
    /// Reads rows and probes of one point into the workspace buffers.
    #[allow(clippy::too_many_arguments)] // disjoint parts of one workspace
    fn read(
        &self,
        experiment: usize,
        rows: &[usize],
        probes: &[usize],
        table: &[f64],
        slopes: &[f64],
        point: &mut simulate::Point,
        out: &mut Delivered,
    ) {
        let o = self.objective;
        let e = &o.experiments[experiment];
        let n = o.coordinates.len();
        let mut gradient = vec![0.0; if self.derivatives { e.columns.len() } else { 0 }];
        let spread = |gradient: &[f64], into: &mut [f64]| {
            for (g, &j) in gradient.iter().zip(&e.columns) {
                if let Some(k) = o.coordinate_of[j] {
                    into[k] += g * slopes[k];
                }
            }
        };
        for &row in rows {
            let binding = &o.bindings[row];
            let placeholders: Vec<f64> = binding
                .placeholders
                .iter()
                .map(|s| match s {
                    Source::Number(v) => *v,
                    Source::Table(j) => table[*j],
                    Source::Formula(_) => f64::NAN,
                })
                .collect();
            let mut by_placeholder = vec![0.0; placeholders.len()];
            let formulas = [(Some(binding.observable), true), (binding.noise, false)];
            for (formula, is_value) in formulas {
                let Some(f) = formula else { continue };
                let formula = e.formula(f);
                let value = if self.derivatives {
                    gradient.fill(0.0);
                    by_placeholder.fill(0.0);
                    let v =
                        point.gradient(formula, &placeholders, &mut gradient, &mut by_placeholder);
                    let into = if is_value {
                        &mut out.by_theta
                    } else {
                        &mut out.sigma_by_theta
                    };
                    let into = &mut into[row * n..(row + 1) * n];
                    into.fill(0.0);
                    spread(&gradient, into);
                    for (source, d) in binding.placeholders.iter().zip(&by_placeholder) {
                        if let Source::Table(j) = source
                            && let Some(k) = o.coordinate_of[*j]
                        {
                            into[k] += d * slopes[k];
                        }
                    }
                    v
                } else {
                    point.value(formula, &placeholders)
                };
                if is_value {
                    out.values[row] = value;
                } else {
                    out.sigmas[row] = value;
                }
            }
        }
        for &probe in probes {
            let formula = e.formula(o.probes[probe].formula);
            out.probe_values[probe] = if self.derivatives {
                gradient.fill(0.0);
                let v = point.gradient(formula, &[], &mut gradient, &mut []);
                let into = &mut out.probe_by_theta[probe * n..(probe + 1) * n];
                into.fill(0.0);
                spread(&gradient, into);
                v
            } else {
                point.value(formula, &[])
            };
        }
    }
}

impl Reading<'_> {
    /// Takes over the summaries of one run.
    fn summaries(
        &self,
        experiment: usize,
        probes: &[usize],
        summaries: &simulate::Summaries,
        slopes: &[f64],
        out: &mut Delivered,
    ) {
        let o = self.objective;
        let n = o.coordinates.len();
        for (k, &probe) in probes.iter().enumerate() {
            let (value, gradient) = summaries.result(k);
            out.probe_values[probe] = value;
            if !self.derivatives {
                continue;
            }
            let into = &mut out.probe_by_theta[probe * n..(probe + 1) * n];
            into.fill(0.0);
            for (g, &j) in gradient.iter().zip(&o.experiments[experiment].columns) {
                if let Some(c) = o.coordinate_of[j] {
                    into[c] += g * slopes[c];
                }
            }
        }
    }
}
impl Objective {
    /// Simulates every experiment that rows and relations of the objective need.
    pub(super) fn simulate(
        &self,
        theta: &[f64],
        derivatives: bool,
        ws: &mut Workspace,
    ) -> Result<Vec<f64>, EvalError> {
        let table = self.table(theta);
        self.slopes(theta, ws);
        if let Some(known) = ws.memory.recall(theta, derivatives) {
            ws.now.copy(known, derivatives);
            return Ok(table);
        }
        for (k, look) in self.looks.iter().enumerate() {
            if look.is_empty() {
                continue;
            }
            self.run_one(k, &table, derivatives, ws, look)?;
        }
        let now = &ws.now;
        ws.memory
            .keep(theta, derivatives, |d| d.copy(now, derivatives));
        Ok(table)
    }

    pub(super) fn slopes(&self, theta: &[f64], ws: &mut Workspace) {
        ws.slopes.clear();
        ws.slopes.extend(
            self.coordinates
                .iter()
                .zip(theta)
                .map(|(c, &x)| natural_slope(c.scale, x)),
        );
    }

    pub(super) fn run_one(
        &self,
        k: usize,
        table: &[f64],
        derivatives: bool,
        ws: &mut Workspace,
        look: &super::Look,
    ) -> Result<(), EvalError> {
        let e = &self.experiments[k];
        let Workspace {
            simulations,
            now,
            slopes,
            memory: _,
        } = ws;
        let simulation =
            simulations[self.rooms[k]].get_or_insert_with(|| simulate::Workspace::new(e));
        let times: Vec<f64> = look.visits.iter().map(|v| v.t).collect();
        let reading = Reading {
            objective: self,
            derivatives,
        };
        let mut deliver = |i: usize, point: &mut simulate::Point| {
            if let Some(v) = look.visits.get(i) {
                reading.read(k, &v.rows, &v.probes, table, slopes, point, now);
            }
        };
        let settings = &self.settings;
        if look.spans.is_empty() {
            e.run(
                table,
                &[],
                &times,
                derivatives,
                settings,
                simulation,
                &mut deliver,
            )
        } else {
            let mut summaries = self.summaries(e, &look.spans);
            let until = summaries.until();
            let outcome = e.run_watched(
                table,
                &[],
                &times,
                derivatives,
                settings,
                simulation,
                &mut deliver,
                until,
                &mut summaries,
            );
            reading.summaries(k, &look.spans, &summaries, slopes, now);
            outcome
        }
        .map_err(|error| EvalError::Simulation {
            experiment: e.id.clone(),
            reason: error.reason(),
            cause: error.to_string(),
        })
    }
    /// Runs every experiment of the objective by itself and reports how it fared.
    pub fn condition_reports(&self, theta: &[f64], ws: &mut Workspace) -> Vec<ConditionReport> {
        let table = self.table(theta);
        self.slopes(theta, ws);
        let mut reports = Vec::new();
        for (k, look) in self.looks.iter().enumerate() {
            if look.is_empty() {
                continue;
            }
            let room = self.rooms[k];
            let steps = |ws: &Workspace| ws.simulations[room].as_ref().map_or(0, |s| s.work.steps);
            let before = steps(ws);
            let failure = match self.run_one(k, &table, false, ws, look) {
                Ok(()) => None,
                Err(e) => Some((e.reason(), e.to_string())),
            };
            let steps = steps(ws) - before;
            reports.push(ConditionReport {
                id: self.experiments[k].id.clone(),
                steps,
                failure,
            });
        }
        reports
    }

    /// Simulated value of every row at `theta`, on the linear scale.
    ///
    /// # Errors
    /// As [`super::Target::evaluate`].
    pub fn simulated(&self, theta: &[f64], ws: &mut Workspace) -> Result<Vec<f64>, EvalError> {
        self.simulate(theta, false, ws)?;
        Ok(ws.now.values.clone())
    }
}
