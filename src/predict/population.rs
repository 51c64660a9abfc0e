//! Predictions over a population: a parameter or input that differs from patient to patient.

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::objective::EvalError;
use crate::objective::target::{to_natural, to_scaled};
use crate::problem::Scale;

use super::estimate::{quantile, split};
use super::{Estimate, Failures, Response, Sobol, Spread, Tell, Watch};

/// Distribution of a response over a population.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PopulationResponse {
    /// The response as an expression.
    pub response: String,
    /// Unit as written.
    pub unit: Option<String>,
    /// What is distributed, in words (`n_sites log-normal, median 3e4, CV 0.42`).
    pub distributed: Vec<String>,
    /// Members of the population.
    pub members: usize,
    /// Mean over the population, with the uncertainty of the parameters.
    pub mean: Estimate,
    /// Standard deviation between members.
    pub sd: Estimate,
    /// Quantiles over the population: probability and value.
    pub quantiles: Vec<(f64, Estimate)>,
    /// Members that could not be simulated, by reason.
    pub failed: Failures,
}

impl PopulationResponse {
    /// Its rows in words: mean, SD between members, quantiles.
    pub fn rows(&self) -> Vec<(String, &Estimate)> {
        let mut rows = vec![
            ("mean".to_string(), &self.mean),
            ("SD between members".to_string(), &self.sd),
        ];
        rows.extend(
            self.quantiles
                .iter()
                .map(|(p, e)| (format!("{} % quantile", 100.0 * p), e)),
        );
        rows
    }
}

/// Where a distributed quantity enters.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Place {
    /// An estimated parameter, by its coordinate, whose scale this is.
    Parameter(usize, Scale),
    /// The same, but the distribution is of the factor by which it differs from its estimate.
    Factor(usize, Scale),
    /// A dosed input, by its index among the doses.
    Input(usize),
}

/// A population: what differs between its members.
#[derive(Debug, Clone, PartialEq)]
pub struct Population {
    /// Distributions and where they enter, independent of one another.
    pub distributed: Vec<(Place, Spread)>,
    /// Members.
    pub members: usize,
    /// Seed of the digital shift of Sobol's sequence.
    pub seed: u64,
    /// Probabilities of the quantiles over the population.
    pub quantiles: Vec<f64>,
}

/// Members by default.
const MEMBERS: usize = 256;

impl Default for Population {
    fn default() -> Self {
        Self {
            distributed: Vec::new(),
            members: MEMBERS,
            seed: 1,
            quantiles: vec![0.05, 0.25, 0.5, 0.75, 0.95],
        }
    }
}

/// Why a population cannot be predicted.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum PopulationError {
    /// No member could be simulated at the fit.
    #[error("no member of the population could be simulated: {0:?}")]
    NoMember(Failures),
    /// More distributed quantities than the sequence has dimensions.
    #[error("{0} distributed quantities are more than the sequence has dimensions for")]
    Dimensions(usize),
}

/// Distribution of a response over a population at the fit, with the intervals of replicates (parameter vectors on the
/// estimation scale). Every replicate sees the same members. Members that cannot be simulated are left out and counted.
/// `tell` is told of the replicates.
///
/// # Errors
/// [`PopulationError`].
pub fn population<R: Response>(
    response: &R,
    (text, unit): (&str, Option<&str>),
    population: &Population,
    (theta, doses): (&[f64], &[f64]),
    replicates: &[Vec<f64>],
    level: f64,
    tell: Watch<'_>,
) -> Result<PopulationResponse, PopulationError> {
    let k = population.distributed.len();
    let sobol = Sobol::new(k)
        .ok_or(PopulationError::Dimensions(k))?
        .shifted(population.seed);
    let members: Vec<Vec<f64>> = (0..population.members as u64)
        .map(|m| {
            let u = sobol.point(m);
            population
                .distributed
                .iter()
                .zip(u)
                .map(|((_, s), p)| s.quantile(p))
                .collect()
        })
        .collect();
    let one = |estimates: &[f64], ws: &mut R::Workspace| -> Vec<Result<f64, EvalError>> {
        let (mut theta, mut doses) = (estimates.to_vec(), doses.to_vec());
        members
            .iter()
            .map(|values| {
                for ((place, _), v) in population.distributed.iter().zip(values) {
                    match *place {
                        Place::Parameter(j, scale) => {
                            if let Some(x) = theta.get_mut(j) {
                                *x = to_scaled(scale, *v);
                            }
                        }
                        Place::Factor(j, scale) => {
                            if let (Some(x), Some(own)) = (theta.get_mut(j), estimates.get(j)) {
                                *x = to_scaled(scale, to_natural(scale, *own) * v);
                            }
                        }
                        Place::Input(j) => {
                            if let Some(x) = doses.get_mut(j) {
                                *x = *v;
                            }
                        }
                    }
                }
                response.value(&theta, &doses, ws)
            })
            .collect()
    };
    let (at_fit, failed) = split(one(theta, &mut response.workspace()));
    if at_fit.is_empty() {
        return Err(PopulationError::NoMember(failed));
    }
    let fit = Moments::of(at_fit, &population.quantiles);
    tell(Tell::Expect(replicates.len() as u64));
    let moments: Vec<Moments> = replicates
        .par_iter()
        .map_init(
            || response.workspace(),
            |ws, theta| {
                let moments = Moments::of(split(one(theta, ws)).0, &population.quantiles);
                tell(Tell::Done);
                moments
            },
        )
        .collect();
    let estimate = |of: &dyn Fn(&Moments) -> f64| {
        let list: Vec<f64> = moments.iter().map(of).collect();
        Estimate::from_replicates(of(&fit), &list, level)
    };
    Ok(PopulationResponse {
        response: text.into(),
        unit: unit.map(String::from),
        distributed: population
            .distributed
            .iter()
            .map(|(_, s)| format!("{}: {}", s.id, s.words))
            .collect(),
        members: population.members,
        mean: estimate(&|m| m.mean),
        sd: estimate(&|m| m.sd),
        quantiles: population
            .quantiles
            .iter()
            .enumerate()
            .map(|(i, p)| (*p, estimate(&|m| m.quantiles[i])))
            .collect(),
        failed,
    })
}

/// Mean, SD and quantiles over the members.
struct Moments {
    mean: f64,
    sd: f64,
    quantiles: Vec<f64>,
}

impl Moments {
    fn of(mut values: Vec<f64>, probabilities: &[f64]) -> Self {
        let n = values.len() as f64;
        let mean = values.iter().sum::<f64>() / n;
        let square: f64 = values.iter().map(|v| (v - mean) * (v - mean)).sum();
        values.sort_by(f64::total_cmp);
        Self {
            mean,
            sd: (square / (n - 1.0)).sqrt(),
            quantiles: probabilities
                .iter()
                .map(|p| quantile(&values, *p))
                .collect(),
        }
    }
}
