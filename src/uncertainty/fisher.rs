//! Standard errors and the quick intervals of an estimate, from the curvature at the optimum.

use serde::{Deserialize, Serialize};

use crate::fit::Optimum;
use crate::objective::target::{natural_slope, to_natural};
use crate::objective::{Coordinate, Data, EvalError, Linearisation, RowKind, Target};
use crate::problem::Scale;
use crate::stats::t_quantile;

use super::covariance::{Covariance, Scatter};
use super::interval::{Interval, Method};
use super::verdict::Verdict;

/// A fit linearised: what Fisher intervals, thresholds, leverages and shares are made from.
#[derive(Debug, Clone, PartialEq)]
pub struct Linearised {
    /// The point, on the estimation scale.
    pub theta: Vec<f64>,
    /// Covariance in the free coordinates.
    pub covariance: Covariance,
    /// Per row: simulated value on the linear scale.
    pub simulated: Vec<f64>,
    /// Per row: σ as it enters the likelihood, on the scale of the noise.
    pub sigma: Vec<f64>,
    /// Per row: normalised residual, NaN for a censored row.
    pub residual: Vec<f64>,
    /// Per row: the same with correlated means made independent (their order decides how); else the same number.
    pub whitened: Vec<f64>,
    /// Per row: leverage h.
    pub leverage: Vec<f64>,
    /// Per coordinate: prior share w.
    pub prior_share: Vec<f64>,
    /// Per relation in the objective: probability at this point that it is observed to hold.
    pub relation_probability: Vec<f64>,
}

impl Linearised {
    /// Linearises `target` at an optimum, in the coordinates that no bound holds.
    ///
    /// # Errors
    /// [`EvalError`] if the point cannot be evaluated.
    pub fn at_optimum<T: Target>(
        target: &T,
        data: &Data,
        optimum: &Optimum,
        ws: &mut T::Workspace,
    ) -> Result<Self, EvalError> {
        let free: Vec<bool> = optimum.at_bound.iter().map(Option::is_none).collect();
        Self::at(target, data, &optimum.theta, &free, ws)
    }

    /// Linearises `target` at `theta`; coordinates that are not `free` (at a bound, or held) take no part.
    ///
    /// # Errors
    /// [`EvalError`] if the point cannot be evaluated.
    pub fn at<T: Target>(
        target: &T,
        data: &Data,
        theta: &[f64],
        free: &[bool],
        ws: &mut T::Workspace,
    ) -> Result<Self, EvalError> {
        let linearisation = target.linearise(theta, data, ws)?;
        let covariance = Covariance::new(&linearisation, target.rows(), data, free.to_vec());
        let rows = &linearisation.rows;
        Ok(Self {
            theta: theta.to_vec(),
            simulated: rows.iter().map(|r| r.simulated).collect(),
            sigma: rows.iter().map(|r| r.sigma).collect(),
            residual: rows.iter().map(|r| r.residual).collect(),
            whitened: whitened(&linearisation),
            leverage: covariance.leverages(rows.len()),
            prior_share: (0..theta.len())
                .map(|j| covariance.prior_share(j))
                .collect(),
            relation_probability: linearisation
                .relations
                .iter()
                .map(|r| r.probability)
                .collect(),
            covariance,
        })
    }
}

/// Residuals with those of correlated means made independent.
fn whitened(linearisation: &Linearisation) -> Vec<f64> {
    let mut list: Vec<f64> = linearisation.rows.iter().map(|r| r.residual).collect();
    for group in &linearisation.donors {
        let own: Vec<f64> = group
            .rows
            .iter()
            .filter_map(|r| list.get(*r).copied())
            .collect();
        for (r, x) in group.rows.iter().zip(group.whiten(&own)) {
            if let Some(slot) = list.get_mut(*r) {
                *slot = x;
            }
        }
    }
    list
}

/// An estimated parameter, with the keys of `result.json`. Natural scale unless a name says `scaled`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Estimate {
    /// Parameter id.
    pub id: String,
    /// Estimate.
    pub value: f64,
    /// Unit.
    pub unit: Option<String>,
    /// Scale of estimation: `lin`, `log`, `log10`, `logit`.
    pub scale: String,
    /// Lower bound.
    pub lower_bound: f64,
    /// Upper bound.
    pub upper_bound: f64,
    /// Bound that the estimate lies at: `lower` or `upper`.
    pub at_bound: Option<String>,
    /// Standard error on the natural scale, by the delta method; null at a bound or where nothing determines it.
    pub standard_error: Option<f64>,
    /// Standard error on the estimation scale: √ of the variance as inflated by Kenward & Roger.
    pub standard_error_scaled: Option<f64>,
    /// Standard error over |value|.
    pub relative_standard_error: Option<f64>,
    /// Satterthwaite's degrees of freedom; null if infinite (or without a standard error).
    pub degrees_of_freedom: Option<f64>,
    /// Prior precision × variance.
    pub prior_share: f64,
    /// Interval: the quick one until a profile replaces it.
    pub interval: Option<Interval>,
    /// What the data say about it; null until it has been judged.
    pub verdict: Option<Verdict>,
    /// The verdict in words.
    pub verdict_text: Option<String>,
    /// Why there is no standard error.
    pub reason: Option<String>,
}

/// Name of an estimation scale in files.
pub fn scale_name(scale: Scale) -> &'static str {
    match scale {
        Scale::Lin => "lin",
        Scale::Log => "log",
        Scale::Log10 => "log10",
        Scale::Logit => "logit",
    }
}

/// The interval `x̂ ± t_ν·√V^KR` of a scalar on its own scale.
pub fn interval(value: f64, scatter: &Scatter, level: f64) -> Interval {
    let half = scatter.half_width(level);
    Interval::closed(Method::Fisher, level, value - half, value + half)
}

/// The interval `x̂ ± z·√V`, named for what it is: the reported SDs taken as σ.
pub fn interval_z(value: f64, scatter: &Scatter, level: f64) -> Interval {
    let half = t_quantile(0.5 + 0.5 * level, f64::INFINITY) * scatter.variance.sqrt();
    Interval::closed(Method::FisherZ, level, value - half, value + half)
}

/// Side of a bound that a point lies at.
fn at_bound(c: &Coordinate, x: f64) -> Option<String> {
    if x <= c.lower {
        Some("lower".into())
    } else if x >= c.upper {
        Some("upper".into())
    } else {
        None
    }
}

/// Estimates with standard errors on both scales and the quick interval.
///
/// # Example
/// Two means with unequal SDs: the difference of the two has Welch's interval (see `docs/statistics.md`).
pub fn estimates(coordinates: &[Coordinate], fit: &Linearised, level: f64) -> Vec<Estimate> {
    coordinates
        .iter()
        .enumerate()
        .map(|(j, c)| {
            let x = fit.theta[j];
            let value = to_natural(c.scale, x);
            let scatter = fit.covariance.of_coordinate(j);
            let bound = at_bound(c, x);
            let scaled = scatter.map(|s| s.standard_error());
            let natural = scaled.map(|se| se * natural_slope(c.scale, x));
            let reason = match (&bound, scatter) {
                (_, Some(_)) => None,
                (Some(side), None) => Some(format!("the estimate lies at its {side} bound")),
                (None, None) if !fit.covariance.free()[j] => Some("it was held".into()),
                (None, None) => Some(
                    "the data determine it only in combination with others, or not at all".into(),
                ),
            };
            Estimate {
                id: c.id.clone(),
                value,
                unit: c.unit.clone(),
                scale: scale_name(c.scale).into(),
                lower_bound: to_natural(c.scale, c.lower),
                upper_bound: to_natural(c.scale, c.upper),
                at_bound: bound,
                standard_error: natural,
                standard_error_scaled: scaled,
                relative_standard_error: natural
                    .map(|se| se / value.abs())
                    .filter(|r| r.is_finite()),
                degrees_of_freedom: scatter.map(|s| s.nu).filter(|nu| nu.is_finite()),
                prior_share: fit.prior_share[j],
                interval: scatter.map(|s| interval(x, &s, level).natural(c.scale)),
                verdict: None,
                verdict_text: None,
                reason,
            }
        })
        .collect()
}

/// Which rows are means with n.
pub fn means<T: Target>(target: &T) -> Vec<bool> {
    target
        .rows()
        .iter()
        .map(|r| matches!(r.kind, RowKind::Mean { .. }))
        .collect()
}
