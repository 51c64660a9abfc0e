//! Which parameters a prediction depends on: locally, and over their whole ranges.

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::objective::target::{natural_slope, to_natural};
use crate::objective::{Coordinate, EvalError};
use crate::stats::{DistributionError, Stream};

use super::estimate::split;
use super::spread::Factor;
use super::{Estimate, Failures, MAX_DIMENSIONS, Response, Sobol};

/// Local sensitivity to one parameter.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LocalIndex {
    /// Parameter.
    pub id: String,
    /// d response / d parameter on the estimation scale.
    #[serde(deserialize_with = "super::missing::number")]
    pub by_scaled: f64,
    /// d response / d parameter on the natural scale.
    #[serde(deserialize_with = "super::missing::number")]
    pub by_natural: f64,
    /// d response / d ln parameter: how much the response changes for one per cent of the parameter, times 100.
    #[serde(deserialize_with = "super::missing::number")]
    pub by_log: f64,
    /// d ln response / d ln parameter: per cent of response per per cent of parameter.
    #[serde(deserialize_with = "super::missing::number")]
    pub elasticity: f64,
}

/// Global sensitivity to one parameter.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SobolIndex {
    /// Parameter.
    pub id: String,
    /// Part of the variance that the parameter explains by itself.
    pub first: Estimate,
    /// Part of the variance that would remain if only this parameter were unknown.
    pub total: Estimate,
    /// The distribution that it was varied over, in words.
    pub range: String,
}

/// The content of `sensitivity.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Sensitivity {
    /// The response as an expression.
    pub response: String,
    /// Unit as written.
    pub unit: Option<String>,
    /// Its value at the fit.
    #[serde(deserialize_with = "super::missing::number")]
    pub value: f64,
    /// Local sensitivities at the fit.
    pub local: Vec<LocalIndex>,
    /// Global sensitivities (empty unless asked for).
    pub sobol: Vec<SobolIndex>,
    /// Mean over the ranges.
    #[serde(deserialize_with = "super::missing::number")]
    pub mean: f64,
    /// Variance over the ranges.
    #[serde(deserialize_with = "super::missing::number")]
    pub variance: f64,
    /// Simulations.
    pub simulations: usize,
    /// Simulations that failed, by reason.
    pub failed: Failures,
    /// Level of the intervals.
    #[serde(deserialize_with = "super::missing::number")]
    pub level: f64,
}

/// Why sensitivities cannot be computed.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum SensitivityError {
    /// The response fails at the fit.
    #[error(transparent)]
    Response(#[from] EvalError),
    /// A prior that cannot be drawn from.
    #[error(transparent)]
    Prior(#[from] DistributionError),
    /// More parameters than the sequence has dimensions for.
    #[error("{0} parameters are more than the {most} that Sobol's sequence has dimensions for here", most = MAX_DIMENSIONS / 2)]
    Dimensions(usize),
    /// Too few simulations succeeded.
    #[error(
        "only {succeeded} of {samples} base points could be simulated; indices need at least {FEWEST}"
    )]
    TooFew {
        /// Base points with all their simulations.
        succeeded: usize,
        /// Base points.
        samples: usize,
    },
}

/// How sensitivities over the whole ranges are computed.
#[derive(Clone, Copy)]
pub struct Sampling<'a> {
    /// Base points; 0: local sensitivities only. The number of simulations is this times the parameters plus two.
    pub samples: usize,
    /// Seed of the shift of the sequence, and of the resampling.
    pub seed: u64,
    /// Level of the intervals.
    pub level: f64,
    /// Told after each base point.
    pub progress: &'a (dyn Fn() + Sync),
}

/// Fewest base points from which indices are made.
const FEWEST: usize = 16;
/// Resamples of the base points for intervals.
const RESAMPLES: u64 = 1000;

/// Local sensitivities of a response at the fit.
///
/// # Errors
/// [`EvalError`] if the response fails.
pub fn local<R: Response>(
    response: &R,
    coordinates: &[Coordinate],
    theta: &[f64],
    doses: &[f64],
) -> Result<(f64, Vec<LocalIndex>), EvalError> {
    let (value, gradient) = response.gradient(theta, doses, &mut response.workspace())?;
    let list = coordinates
        .iter()
        .zip(theta)
        .zip(&gradient)
        .map(|((c, &x), &by_scaled)| {
            let by_natural = by_scaled / natural_slope(c.scale, x);
            let by_log = by_natural * to_natural(c.scale, x);
            LocalIndex {
                id: c.id.clone(),
                by_scaled,
                by_natural,
                by_log,
                elasticity: by_log / value,
            }
        })
        .collect();
    Ok((value, list))
}

/// Sobol's indices of a function on the unit cube.
#[derive(Debug, Clone, PartialEq)]
pub struct Indices {
    /// First order, by variable.
    pub first: Vec<Estimate>,
    /// Total, by variable.
    pub total: Vec<Estimate>,
    /// Mean.
    pub mean: f64,
    /// Variance.
    pub variance: f64,
    /// Evaluations.
    pub evaluations: usize,
    /// Failed evaluations by reason.
    pub failed: Failures,
}

/// First-order and total indices of a function of `k` independent uniform variables, from `samples·(k + 2)` evaluations:
///
/// ```text
/// S_i = mean(f(B)·(f(A with column i of B) − f(A)))/V     (Saltelli 2010)
/// T_i = mean((f(A) − f(A with column i of B))²)/(2V)      (Jansen 1999)
/// ```
///
/// with A and B the halves of Sobol's sequence in 2k dimensions under a digital shift keyed by the seed, and f centred.
/// Intervals are percentiles over resampled base points; the points of a sequence fill the cube more evenly than
/// independent ones, so that these intervals are wider than needed. A base point with a failed evaluation is left out.
///
/// # Errors
/// [`SensitivityError::Dimensions`], [`SensitivityError::TooFew`].
///
/// # References
/// Saltelli et al. (2010) Comput. Phys. Commun. 181:259–270. Jansen (1999) Comput. Phys. Commun. 117:35–43.
pub fn indices<W: Send, F: Fn(&[f64], &mut W) -> Result<f64, EvalError> + Sync>(
    k: usize,
    sampling: Sampling<'_>,
    workspace: &(dyn Fn() -> W + Sync),
    f: &F,
) -> Result<Indices, SensitivityError> {
    let Sampling {
        samples,
        seed,
        level,
        progress,
    } = sampling;
    let sobol = Sobol::new(2 * k)
        .ok_or(SensitivityError::Dimensions(k))?
        .shifted(seed);
    // Per base point: f(A), f(B), f(A with column i of B).
    let outcomes: Vec<Result<Vec<f64>, EvalError>> = (0..samples as u64)
        .into_par_iter()
        .map_init(workspace, |ws, index| {
            let point = sobol.point(index);
            let (a, b) = point.split_at(k);
            progress();
            let mut values = Vec::with_capacity(k + 2);
            values.push(f(a, ws)?);
            values.push(f(b, ws)?);
            let mut mixed = a.to_vec();
            for i in 0..k {
                mixed[i] = b[i];
                values.push(f(&mixed, ws)?);
                mixed[i] = a[i];
            }
            Ok(values)
        })
        .collect();
    let (rows, failed) = split(outcomes);
    if rows.len() < FEWEST {
        return Err(SensitivityError::TooFew {
            succeeded: rows.len(),
            samples,
        });
    }
    let n = rows.len();
    let mean = rows.iter().map(|r| r[0] + r[1]).sum::<f64>() / (2.0 * n as f64);
    let all: Vec<usize> = (0..n).collect();
    let (first, total, variance) = moments(&rows, &all, k, mean);
    let resampled: Vec<[Vec<f64>; 2]> = (0..RESAMPLES)
        .into_par_iter()
        .map(|r| {
            let mut stream = Stream::new(seed, "sobol_resample", r, 0);
            let pick: Vec<usize> = (0..n).map(|_| stream.below(n)).collect();
            let mean =
                pick.iter().map(|&j| rows[j][0] + rows[j][1]).sum::<f64>() / (2.0 * n as f64);
            let (first, total, _) = moments(&rows, &pick, k, mean);
            [first, total]
        })
        .collect();
    let with_interval = |values: &[f64], which: usize| {
        values
            .iter()
            .enumerate()
            .map(|(i, &v)| {
                let list: Vec<f64> = resampled.iter().map(|r| r[which][i]).collect();
                Estimate::from_replicates(v, &list, level)
            })
            .collect::<Vec<_>>()
    };
    Ok(Indices {
        first: with_interval(&first, 0),
        total: with_interval(&total, 1),
        mean,
        variance,
        evaluations: samples * (k + 2),
        failed,
    })
}

/// First-order and total indices and variance over some of the base points.
fn moments(rows: &[Vec<f64>], pick: &[usize], k: usize, mean: f64) -> (Vec<f64>, Vec<f64>, f64) {
    let n = pick.len() as f64;
    let (mut first, mut total) = (vec![0.0; k], vec![0.0; k]);
    let mut variance = 0.0;
    for &j in pick {
        let row = &rows[j];
        let (a, b) = (row[0] - mean, row[1] - mean);
        variance += a * a + b * b;
        for ((s, t), x) in first.iter_mut().zip(&mut total).zip(&row[2..]) {
            let mixed = x - mean;
            *s += b * (mixed - a);
            *t += (a - mixed) * (a - mixed);
        }
    }
    variance /= 2.0 * n;
    for (s, t) in first.iter_mut().zip(&mut total) {
        *s /= n * variance;
        *t /= 2.0 * n * variance;
    }
    (first, total, variance)
}

/// What sensitivities are asked of: a response by name, at a fit.
#[derive(Debug)]
pub struct Subject<'a, R> {
    /// The response.
    pub response: &'a R,
    /// As an expression.
    pub text: &'a str,
    /// Its unit as written.
    pub unit: Option<&'a str>,
    /// Its parameters.
    pub coordinates: &'a [Coordinate],
    /// Their values at the fit, estimation scale.
    pub theta: &'a [f64],
    /// Doses that are held.
    pub doses: &'a [f64],
}

impl<R> Clone for Subject<'_, R> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<R> Copy for Subject<'_, R> {}

/// Local and, for base points, global sensitivities of a response to the estimated parameters. Of the coordinates listed in
/// `varied` (empty: all) each is varied over its prior, or uniformly between its bounds on its scale where it has none; the
/// others stay at the fit.
///
/// # Errors
/// [`SensitivityError`].
pub fn sensitivity<R: Response>(
    subject: Subject<'_, R>,
    varied: &[usize],
    sampling: Sampling<'_>,
) -> Result<Sensitivity, SensitivityError> {
    let Subject {
        response,
        text,
        unit,
        coordinates,
        theta,
        doses,
    } = subject;
    let (value, local) = local(response, coordinates, theta, doses)?;
    let mut out = Sensitivity {
        response: text.into(),
        unit: unit.map(String::from),
        value,
        local,
        sobol: Vec::new(),
        mean: f64::NAN,
        variance: f64::NAN,
        simulations: 0,
        failed: Failures::new(),
        level: sampling.level,
    };
    if sampling.samples == 0 {
        return Ok(out);
    }
    let factors: Vec<(usize, Factor)> = coordinates
        .iter()
        .enumerate()
        .filter(|(j, _)| varied.is_empty() || varied.contains(j))
        .map(|(j, c)| Ok((j, Factor::of(c)?)))
        .collect::<Result<_, DistributionError>>()?;
    let indices = indices(
        factors.len(),
        sampling,
        &|| response.workspace(),
        &|u, ws| {
            let mut theta = theta.to_vec();
            for ((j, f), p) in factors.iter().zip(u) {
                if let Some(x) = theta.get_mut(*j) {
                    *x = f.quantile(*p);
                }
            }
            response.value(&theta, doses, ws)
        },
    )?;
    out.sobol = factors
        .iter()
        .zip(indices.first)
        .zip(indices.total)
        .map(|(((_, f), first), total)| SobolIndex {
            id: f.id().into(),
            first,
            total,
            range: f.words().into(),
        })
        .collect();
    out.mean = indices.mean;
    out.variance = indices.variance;
    out.simulations = indices.evaluations;
    out.failed = indices.failed;
    Ok(out)
}
