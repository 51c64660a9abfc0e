//! Evaluation of an [`Objective`].

use crate::bind::Source;
use crate::ode::Work;
use crate::problem::{NoiseSetting, RelationKind};
use crate::search::Want;
use crate::simulate;
use crate::stats::Shift;

use super::memory::Memory;
use super::quantity::Quantity;
use super::target::{
    Data, EvalError, Evaluated, Linearisation, PriorTerm, RelationTerm, RowKind, RowTerm, Target,
    natural_slope, to_natural,
};
use super::terms::{self, Term};
use super::{Coordinate, Donors, Objective, PriorOf, RelationOf, RowInfo};

/// Scratch memory of one thread.
#[derive(Debug)]
pub struct Workspace {
    /// One for each room.
    simulations: Vec<Option<simulate::Workspace>>,
    values: Vec<f64>,
    sigmas: Vec<f64>,
    /// ∂value/∂θ, rows × coordinates.
    by_theta: Vec<f64>,
    /// ∂σ/∂θ, rows × coordinates.
    sigma_by_theta: Vec<f64>,
    probe_values: Vec<f64>,
    probe_by_theta: Vec<f64>,
    slopes: Vec<f64>,
    memory: Memory,
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
        out: &mut Buffers,
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
        out: &mut Buffers,
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

struct Buffers<'a> {
    values: &'a mut Vec<f64>,
    sigmas: &'a mut Vec<f64>,
    by_theta: &'a mut Vec<f64>,
    sigma_by_theta: &'a mut Vec<f64>,
    probe_values: &'a mut Vec<f64>,
    probe_by_theta: &'a mut Vec<f64>,
}

/// A row's term with everything that the sums need.
struct RowSums {
    term: Term,
    sigma: f64,
    /// ∂(transformed value)/∂value.
    slope: f64,
    sigma_depends: bool,
    nu: f64,
}

impl Objective {
    /// Simulates every experiment that rows and relations of the objective need.
    fn simulate(
        &self,
        theta: &[f64],
        derivatives: bool,
        ws: &mut Workspace,
    ) -> Result<Vec<f64>, EvalError> {
        let table = self.table(theta);
        self.slopes(theta, ws);
        if let Some(known) = ws.memory.recall(theta, derivatives) {
            ws.values.clone_from(&known.values);
            ws.sigmas.clone_from(&known.sigmas);
            ws.probe_values.clone_from(&known.probe_values);
            if derivatives {
                ws.by_theta.clone_from(&known.by_theta);
                ws.sigma_by_theta.clone_from(&known.sigma_by_theta);
                ws.probe_by_theta.clone_from(&known.probe_by_theta);
            }
            return Ok(table);
        }
        for (k, look) in self.looks.iter().enumerate() {
            if look.is_empty() {
                continue;
            }
            self.run_one(k, &table, derivatives, ws, look)?;
        }
        ws.memory.keep(theta, derivatives, |d| {
            d.values.clone_from(&ws.values);
            d.sigmas.clone_from(&ws.sigmas);
            d.probe_values.clone_from(&ws.probe_values);
            if derivatives {
                d.by_theta.clone_from(&ws.by_theta);
                d.sigma_by_theta.clone_from(&ws.sigma_by_theta);
                d.probe_by_theta.clone_from(&ws.probe_by_theta);
            }
        });
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
            values,
            sigmas,
            by_theta,
            sigma_by_theta,
            probe_values,
            probe_by_theta,
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
        let mut out = Buffers {
            values,
            sigmas,
            by_theta,
            sigma_by_theta,
            probe_values,
            probe_by_theta,
        };
        let mut deliver = |i: usize, point: &mut simulate::Point| {
            if let Some(v) = look.visits.get(i) {
                reading.read(k, &v.rows, &v.probes, table, slopes, point, &mut out);
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
            reading.summaries(k, &look.spans, &summaries, slopes, &mut out);
            outcome
        }
        .map_err(|error| EvalError::Simulation {
            experiment: e.id.clone(),
            reason: error.reason(),
            cause: error.to_string(),
        })
    }

    fn row_sums(&self, row: usize, data: &Data, ws: &Workspace) -> RowSums {
        let info = &self.rows[row];
        let f = ws.values[row];
        let m = data.value[row];
        let formula_sigma = self.bindings[row].noise.is_some();
        match info.kind {
            RowKind::Point => {
                let sigma = ws.sigmas[row];
                let (_, slope) = terms::transform(info.distribution, f);
                RowSums {
                    term: terms::point(info.distribution, m, f, sigma),
                    sigma,
                    slope,
                    sigma_depends: true,
                    nu: f64::INFINITY,
                }
            }
            RowKind::KnownError => {
                let sigma = data.sd[row];
                let (_, slope) = terms::transform(info.distribution, f);
                RowSums {
                    term: terms::point(info.distribution, m, f, sigma),
                    sigma,
                    slope,
                    sigma_depends: false,
                    nu: f64::INFINITY,
                }
            }
            RowKind::Limit { n, upper } => {
                let sigma = if data.sd[row].is_finite() {
                    data.sd[row]
                } else {
                    ws.sigmas[row]
                };
                let (tf, slope) = terms::transform(info.distribution, f);
                let (tl, _) = terms::transform(info.distribution, m);
                let mut term = terms::censored(tl, tf, sigma, f64::from(n), upper);
                if tf == f64::NEG_INFINITY {
                    // A value of 0 under logarithmic noise: certainly below the limit, or certainly not above it.
                    term = Term {
                        nllh: if upper { f64::INFINITY } else { 0.0 },
                        residual: f64::NAN,
                        ..Term::default()
                    };
                }
                let slope = if slope.is_finite() { slope } else { 0.0 };
                RowSums {
                    term,
                    sigma,
                    slope,
                    sigma_depends: formula_sigma && !data.sd[row].is_finite(),
                    nu: f64::INFINITY,
                }
            }
            RowKind::Mean { n } => {
                let nf = f64::from(n);
                let (tm, _) = terms::transform(info.distribution, m);
                let (tf, slope) = terms::transform(info.distribution, f);
                let (s, nu) = self.scatter(row, data);
                let se = s / nf.sqrt();
                let jacobian =
                    terms::log_base(info.distribution).map_or(0.0, |base| libm::log(m * base));
                let mut term = match terms::setting(info.noise, data.noise) {
                    NoiseSetting::ExactSummary => terms::exact_summary(tm, tf, s, nf),
                    _ => terms::point(crate::problem::NoiseDistribution::Normal, tm, tf, se),
                };
                term.nllh += jacobian;
                RowSums {
                    term,
                    sigma: se,
                    slope,
                    sigma_depends: false,
                    nu,
                }
            }
        }
    }

    /// Lets the means of the same donors answer together: their likelihood (shared out among the rows), slopes, whitened
    /// residuals, and per group the curvature between its rows.
    fn join(&self, data: &Data, all: &mut [RowSums]) -> Vec<Vec<f64>> {
        let mut joint = Vec::with_capacity(self.donors.len());
        for group in &self.donors {
            let m = group.len();
            let residual: Vec<f64> = group.rows.iter().map(|r| all[*r].term.residual).collect();
            let error: Vec<f64> = group.rows.iter().map(|r| all[*r].sigma).collect();
            let whitened = group.whiten(&residual);
            let exact = group.rows.first().is_some_and(|r| {
                terms::setting(self.rows[*r].noise, data.noise) == NoiseSetting::ExactSummary
            });
            let n = f64::from(group.n);
            // Weights between rows: n(R⁻¹)_ij/(σ_i·σ_j), with σ profiled out or taken from the reported SD.
            let mut sigma: Vec<f64> = error.iter().map(|e| e * n.sqrt()).collect();
            let difference: Vec<f64> = residual.iter().zip(&error).map(|(r, e)| r * e).collect();
            let mut shares: Vec<f64> = (0..m)
                .map(|i| {
                    0.5 * (whitened[i] * whitened[i] - residual[i] * residual[i])
                        + libm::log(group.factor(i, i))
                })
                .collect();
            if exact {
                let (nllh, profiled) = group.exact(&sigma, &difference);
                for (i, share) in shares.iter_mut().enumerate() {
                    let alone = terms::exact_summary(difference[i], 0.0, sigma[i], n).nllh;
                    *share = nllh / m as f64 - alone;
                }
                sigma = profiled;
            }
            let curvature: Vec<f64> = (0..m * m)
                .map(|k| {
                    let (i, j) = (k / m, k % m);
                    n * group.precision(i, j) / (sigma[i] * sigma[j])
                })
                .collect();
            for (i, row) in group.rows.iter().enumerate() {
                let term = &mut all[*row].term;
                term.nllh += shares[i];
                term.by_value = -(0..m)
                    .map(|j| curvature[i * m + j] * difference[j])
                    .sum::<f64>();
                term.curvature = curvature[i * m + i];
                term.residual = whitened[i];
            }
            joint.push(curvature);
        }
        joint
    }

    /// SD of the replicates of a mean under its noise setting, and the degrees of freedom of that SD.
    fn scatter(&self, row: usize, data: &Data) -> (f64, f64) {
        let info = &self.rows[row];
        let RowKind::Mean { n } = info.kind else {
            return (data.sd[row], f64::INFINITY);
        };
        let setting = terms::setting(info.noise, data.noise);
        let relative = match setting {
            NoiseSetting::KnownSd | NoiseSetting::ExactSummary => {
                return (data.sd[row], f64::from(n) - 1.0);
            }
            NoiseSetting::PooledSd => false,
            NoiseSetting::PooledCv => true,
        };
        let (mut sum, mut nu) = (0.0, 0.0);
        for (k, other) in self.rows.iter().enumerate() {
            if let RowKind::Mean { n } = other.kind
                && other.group == info.group
            {
                let weight = f64::from(n) - 1.0;
                let s = if relative {
                    data.sd[k] / data.value[k]
                } else {
                    data.sd[k]
                };
                sum += weight * s * s;
                nu += weight;
            }
        }
        let pooled = (sum / nu).sqrt();
        (
            if relative {
                pooled * data.value[row].abs()
            } else {
                pooled
            },
            nu,
        )
    }

    /// −log density of the priors at `theta`, with gradient and curvature added if asked for.
    fn add_priors(&self, theta: &[f64], data: &Data, out: &mut Evaluated, derivatives: bool) {
        let n = self.coordinates.len();
        for (k, prior) in self.priors.iter().enumerate() {
            let Some(prior) = prior else { continue };
            let (value, slope, curvature) = self.prior_at(k, prior, theta[k], data);
            out.parts.log_prior += value;
            if derivatives {
                out.gradient[k] -= slope;
                out.curvature[k * n + k] += (-curvature).max(0.0);
            }
        }
    }

    /// ln density of a prior at a scaled value, with derivatives on the estimation scale.
    fn prior_at(&self, k: usize, prior: &PriorOf, x: f64, data: &Data) -> (f64, f64, f64) {
        let c = &self.coordinates[k];
        let centres = match (data.prior_centre[k], self.data.prior_centre[k]) {
            (Some(now), Some(as_given)) if now != as_given => Some((now, as_given)),
            _ => None,
        };
        if prior.on_scale {
            let shift = centres.map_or(0.0, |(now, as_given)| now - as_given);
            let d = prior.distribution.log_density(x - shift);
            return (d.value - prior.log_mass, d.slope, d.curvature);
        }
        // A prior of the natural value is moved on its own scale, so that its family stays.
        let natural = to_natural(c.scale, x);
        let (add, factor) = match centres {
            None => (0.0, 1.0),
            Some((now, as_given)) => {
                let (now, as_given) = (to_natural(c.scale, now), to_natural(c.scale, as_given));
                match prior.distribution.shift() {
                    Shift::Add => (as_given - now, 1.0),
                    Shift::Multiply => (0.0, as_given / now),
                }
            }
        };
        let d = prior.distribution.log_density(natural * factor + add);
        let first = factor * natural_slope(c.scale, x);
        let second = factor * second_slope(c.scale, x);
        (
            d.value + libm::log(factor) - prior.log_mass,
            d.slope * first,
            d.curvature * first * first + d.slope * second,
        )
    }

    /// Value of a quantity from the probes in the workspace, with its gradient.
    pub(super) fn quantity_from(
        &self,
        q: &Quantity,
        table: &[f64],
        derivatives: bool,
        ws: &Workspace,
    ) -> (f64, Vec<f64>) {
        let n = self.coordinates.len();
        let probes: Vec<f64> = q.probes.iter().map(|&p| ws.probe_values[p]).collect();
        let parameters: Vec<f64> = q
            .parameters
            .iter()
            .map(|&j| {
                q.overrides
                    .iter()
                    .find(|(o, _)| *o == j)
                    .map_or(table[j], |(_, v)| *v)
            })
            .collect();
        let (value, by_probe, by_parameter) = q.evaluate(&probes, &parameters);
        let mut gradient = Vec::new();
        if derivatives {
            gradient.resize(n, 0.0);
            for (&p, d) in q.probes.iter().zip(by_probe) {
                if d != 0.0 {
                    for (g, x) in gradient
                        .iter_mut()
                        .zip(&ws.probe_by_theta[p * n..(p + 1) * n])
                    {
                        *g += d * x;
                    }
                }
            }
            for (&j, d) in q.parameters.iter().zip(by_parameter) {
                if let Some(k) = self.coordinate_of[j]
                    && !q.overrides.iter().any(|(o, _)| *o == j)
                {
                    gradient[k] += d * ws.slopes[k];
                }
            }
        }
        (value, gradient)
    }

    /// A relation's −log probability, with derivative and curvature with respect to left − right.
    fn relation_term(
        &self,
        r: &RelationOf,
        left: f64,
        right: f64,
        holds: bool,
    ) -> (f64, f64, f64, f64) {
        let two_sided = |centre: f64, half: f64, delta: f64| {
            // −ln[Φ(b) − Φ(a)] with b > a, by the difference of the tails that is not cancelled.
            let (a, b) = (
                (-half - (delta - centre)) / r.sd,
                (half - (delta - centre)) / r.sd,
            );
            let (a, b, sign) = if a > 0.0 { (-b, -a, -1.0) } else { (a, b, 1.0) };
            if !holds {
                // −ln[Φ(a) + Φ(−b)]: observed outside.
                let ((la, _), (lb, _)) = (
                    crate::stats::log_normal_cdf(a),
                    crate::stats::log_normal_cdf(-b),
                );
                let most = la.max(lb);
                let mass = most + libm::log(libm::exp(la - most) + libm::exp(lb - most));
                let density = |z: f64| libm::exp(-0.5 * z * z - 0.918_938_533_204_672_8 - mass);
                let (pa, pb) = (density(a), density(b));
                let slope = sign * (pa - pb) / r.sd;
                let curvature = ((pa - pb) * (pa - pb) + a * pa - b * pb) / (r.sd * r.sd);
                return (-mass, slope, curvature.max(0.0), a.max(-b));
            }
            let (lb, _) = crate::stats::log_normal_cdf(b);
            let (la, _) = crate::stats::log_normal_cdf(a);
            let mass = lb + libm::log1p(-libm::exp(la - lb));
            let density = |z: f64| libm::exp(-0.5 * z * z - 0.918_938_533_204_672_8 - mass);
            let (pa, pb) = (density(a), density(b));
            let slope = sign * (pb - pa) / r.sd;
            let curvature = ((pb - pa) * (pb - pa) + b * pb - a * pa) / (r.sd * r.sd);
            (-mass, slope, curvature.max(0.0), b.min(-a))
        };
        let delta = left - right;
        let one_sided = |direction: f64| {
            let z = direction * (delta - direction * r.margin) / r.sd;
            let z = if holds { z } else { -z };
            let sign = if holds { direction } else { -direction };
            let (log_cdf, mills) = crate::stats::log_normal_cdf(z);
            (
                -log_cdf,
                -mills * sign / r.sd,
                (mills * (mills + z)).max(0.0) / (r.sd * r.sd),
                z,
            )
        };
        match &r.kind {
            RelationKind::Greater => one_sided(1.0),
            RelationKind::Less => one_sided(-1.0),
            RelationKind::Approximately => two_sided(0.0, r.margin, delta),
            RelationKind::In { lower, upper } => two_sided(
                0.5 * (lower + upper),
                0.5 * (upper - lower) + r.margin,
                delta,
            ),
        }
    }

    /// Whether each relation holds at `theta`: value of the left side, of the right side, and the distance to the limit
    /// (positive: holds).
    ///
    /// # Errors
    /// As [`Target::predict`].
    pub fn check_relation(
        &self,
        r: &RelationOf,
        theta: &[f64],
        ws: &mut Workspace,
    ) -> Result<(f64, f64, f64), EvalError> {
        let left = self.value_of(&r.left, theta, ws)?;
        let right = self.value_of(&r.right, theta, ws)?;
        let margin = match &r.kind {
            RelationKind::Greater => left - right - r.margin,
            RelationKind::Less => right - left - r.margin,
            RelationKind::Approximately => r.margin - (left - right).abs(),
            RelationKind::In { lower, upper } => (left - right - lower).min(upper - (left - right)),
        };
        Ok((left, right, margin))
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
    /// As [`Target::evaluate`].
    pub fn simulated(&self, theta: &[f64], ws: &mut Workspace) -> Result<Vec<f64>, EvalError> {
        self.simulate(theta, false, ws)?;
        Ok(ws.values.clone())
    }
}

/// d² natural / d scaled².
fn second_slope(scale: crate::problem::Scale, x: f64) -> f64 {
    use crate::problem::Scale;
    match scale {
        Scale::Lin => 0.0,
        Scale::Log => libm::exp(x),
        Scale::Log10 => std::f64::consts::LN_10 * std::f64::consts::LN_10 * libm::exp10(x),
        Scale::Logit => {
            let p = to_natural(scale, x);
            p * (1.0 - p) * (1.0 - 2.0 * p)
        }
    }
}

impl Target for Objective {
    type Workspace = Workspace;
    type Quantity = Quantity;

    fn coordinates(&self) -> &[Coordinate] {
        &self.coordinates
    }
    fn rows(&self) -> &[RowInfo] {
        &self.rows
    }
    fn data(&self) -> &Data {
        &self.data
    }
    fn donors(&self) -> &[Donors] {
        &self.donors
    }
    fn workspace(&self) -> Workspace {
        let (rows, n, probes) = (self.rows.len(), self.coordinates.len(), self.probes.len());
        Workspace {
            simulations: vec![None; self.rooms.iter().max().map_or(0, |r| r + 1)],
            values: vec![0.0; rows],
            sigmas: vec![0.0; rows],
            by_theta: vec![0.0; rows * n],
            sigma_by_theta: vec![0.0; rows * n],
            probe_values: vec![0.0; probes],
            probe_by_theta: vec![0.0; probes * n],
            slopes: vec![0.0; n],
            memory: Memory::default(),
        }
    }

    fn evaluate(
        &self,
        theta: &[f64],
        data: &Data,
        want: Want,
        ws: &mut Workspace,
    ) -> Result<Evaluated, EvalError> {
        let derivatives = want == Want::Derivatives;
        let table = self.simulate(theta, derivatives, ws)?;
        let n = self.coordinates.len();
        let mut out = Evaluated::default();
        if derivatives {
            out.gradient = vec![0.0; n];
            out.curvature = vec![0.0; n * n];
        }
        let mut all: Vec<RowSums> = (0..self.rows.len())
            .map(|row| self.row_sums(row, data, ws))
            .collect();
        let joint = self.join(data, &mut all);
        for (row, sums) in all.iter_mut().enumerate() {
            let weight = data.weight_of(row);
            if weight == 0.0 {
                continue;
            }
            sums.term.weigh(weight);
            let term = sums.term;
            out.parts.nllh += term.nllh;
            if term.residual.is_finite() {
                let square = weight * term.residual * term.residual;
                out.parts.chi2 += square;
                if matches!(self.rows[row].kind, RowKind::Mean { .. }) {
                    out.parts.chi2_means += square;
                }
            }
            if !term.nllh.is_finite() {
                return Err(EvalError::NotFinite {
                    what: format!(
                        "the likelihood of `{}` in `{}` at {} (simulated {}, sigma {})",
                        self.rows[row].observable,
                        self.rows[row].experiment,
                        self.rows[row].time,
                        ws.values[row],
                        sums.sigma
                    ),
                });
            }
            if derivatives {
                let g = &ws.by_theta[row * n..(row + 1) * n];
                let by_value = term.by_value * sums.slope;
                let curvature = term.curvature * sums.slope * sums.slope;
                add_outer(&mut out, g, by_value, curvature);
                if sums.sigma_depends {
                    let g = &ws.sigma_by_theta[row * n..(row + 1) * n];
                    let per = 1.0 / sums.sigma;
                    add_outer(
                        &mut out,
                        g,
                        term.by_log_sigma * per,
                        term.curvature_log_sigma * per * per,
                    );
                }
            }
        }
        if derivatives {
            for (group, curvature) in self.donors.iter().zip(&joint) {
                let slope = |i: usize| group.rows.get(i).map_or(0.0, |r| all[*r].slope);
                for (i, a) in group.rows.iter().enumerate() {
                    for (j, b) in group.rows.iter().enumerate() {
                        if i != j {
                            let weight = curvature[i * group.len() + j] * slope(i) * slope(j);
                            let (g, h) = (&ws.by_theta[a * n..], &ws.by_theta[b * n..]);
                            add_cross(&mut out, &g[..n], &h[..n], weight);
                        }
                    }
                }
            }
        }
        self.add_priors(theta, data, &mut out, derivatives);
        for (which, r) in self.relations.iter().filter(|r| r.penalty).enumerate() {
            let (left, dl) = self.quantity_from(&r.left, &table, derivatives, ws);
            let (right, dr) = self.quantity_from(&r.right, &table, derivatives, ws);
            let holds = data.relation_holds.get(which).copied().unwrap_or(true);
            let (value, slope, curvature, _) = self.relation_term(r, left, right, holds);
            if !value.is_finite() {
                return Err(EvalError::NotFinite {
                    what: format!("relation `{}`", r.id),
                });
            }
            out.parts.penalty += value;
            if derivatives {
                let g: Vec<f64> = dl.iter().zip(&dr).map(|(a, b)| a - b).collect();
                add_outer(&mut out, &g, slope, curvature);
            }
        }
        out.value = out.parts.nllh - out.parts.log_prior + out.parts.penalty;
        if !out.value.is_finite() || out.gradient.iter().any(|x| !x.is_finite()) {
            return Err(EvalError::NotFinite {
                what: "the objective or its gradient".into(),
            });
        }
        Ok(out)
    }

    fn linearise(
        &self,
        theta: &[f64],
        data: &Data,
        ws: &mut Workspace,
    ) -> Result<Linearisation, EvalError> {
        let table = self.simulate(theta, true, ws)?;
        let n = self.coordinates.len();
        let mut out = Linearisation::default();
        for row in 0..self.rows.len() {
            let sums = self.row_sums(row, data, ws);
            let g = &ws.by_theta[row * n..(row + 1) * n];
            let weight = data.weight_of(row);
            let information = match self.rows[row].kind {
                RowKind::Limit { .. } => sums.term.curvature,
                _ => 1.0 / (sums.sigma * sums.sigma),
            };
            let by_sigma = &ws.sigma_by_theta[row * n..(row + 1) * n];
            let log_sigma_gradient = if sums.sigma_depends && by_sigma.iter().any(|x| *x != 0.0) {
                by_sigma.iter().map(|x| x / sums.sigma).collect()
            } else {
                Vec::new()
            };
            out.rows.push(RowTerm {
                simulated: ws.values[row],
                sigma: sums.sigma,
                residual: sums.term.residual,
                nllh: weight * sums.term.nllh,
                gradient: g.iter().map(|x| x * sums.slope).collect(),
                information: weight * information,
                nu: sums.nu,
                log_sigma_gradient,
                log_sigma_information: weight * sums.term.curvature_log_sigma,
            });
        }
        out.donors.clone_from(&self.donors);
        for (k, prior) in self.priors.iter().enumerate() {
            let Some(prior) = prior else { continue };
            let Some(centre) = data.prior_centre[k] else {
                continue;
            };
            let (_, _, curvature) = self.prior_at(k, prior, theta[k], data);
            out.priors.push(PriorTerm {
                coordinate: k,
                centre,
                precision: (-curvature).max(0.0),
            });
        }
        for (which, r) in self.relations.iter().filter(|r| r.penalty).enumerate() {
            let (left, dl) = self.quantity_from(&r.left, &table, true, ws);
            let (right, dr) = self.quantity_from(&r.right, &table, true, ws);
            let holds = data.relation_holds.get(which).copied().unwrap_or(true);
            let (_, _, information, z) = self.relation_term(r, left, right, holds);
            let (surprise, ..) = self.relation_term(r, left, right, true);
            out.relations.push(RelationTerm {
                z,
                gradient: dl.iter().zip(&dr).map(|(a, b)| a - b).collect(),
                information,
                probability: libm::exp(-surprise),
            });
        }
        Ok(out)
    }

    fn predict(
        &self,
        quantity: &Quantity,
        theta: &[f64],
        ws: &mut Workspace,
    ) -> Result<(f64, Vec<f64>), EvalError> {
        let mut list = self.predict_all(&[quantity], theta, true, ws)?;
        Ok(list.pop().unwrap_or_default())
    }
}

/// Adds `slope·g` to the gradient and `curvature·g·gᵀ` to the curvature, in fixed order.
fn add_outer(out: &mut Evaluated, g: &[f64], slope: f64, curvature: f64) {
    let n = g.len();
    for i in 0..n {
        if g[i] == 0.0 {
            continue;
        }
        out.gradient[i] += slope * g[i];
        let weight = curvature * g[i];
        for (o, x) in out.curvature[i * n..(i + 1) * n].iter_mut().zip(g) {
            *o += weight * x;
        }
    }
}

/// Adds `weight·g·hᵀ` to the curvature, in fixed order.
fn add_cross(out: &mut Evaluated, g: &[f64], h: &[f64], weight: f64) {
    for (row, g) in out.curvature.chunks_mut(h.len()).zip(g) {
        let weight = weight * g;
        for (o, x) in row.iter_mut().zip(h) {
            *o += weight * x;
        }
    }
}
