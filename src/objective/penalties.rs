//! The terms of priors and relations.

use crate::problem::{RelationKind, Scale};
use crate::stats::Shift;

use super::quantity::Quantity;
use super::readings::Workspace;
use super::target::{Data, EvalError, Evaluated, natural_slope, to_natural};
use super::{Objective, PriorOf, RelationOf};

impl Objective {
    /// −log density of the priors at `theta`, with gradient and curvature added if asked for.
    pub(super) fn add_priors(
        &self,
        theta: &[f64],
        data: &Data,
        out: &mut Evaluated,
        derivatives: bool,
    ) {
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
    pub(super) fn prior_at(
        &self,
        k: usize,
        prior: &PriorOf,
        x: f64,
        data: &Data,
    ) -> (f64, f64, f64) {
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
        let probes: Vec<f64> = q.probes.iter().map(|&p| ws.now.probe_values[p]).collect();
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
                        .zip(&ws.now.probe_by_theta[p * n..(p + 1) * n])
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
    pub(super) fn relation_term(
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
    /// As [`super::Target::predict`].
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
}

/// d² natural / d scaled².
fn second_slope(scale: Scale, x: f64) -> f64 {
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
