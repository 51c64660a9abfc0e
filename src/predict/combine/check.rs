//! How far an interpolation is from simulations between its points.

use rayon::prelude::*;

use crate::objective::EvalError;

use super::super::Response;
use super::super::estimate::ends;
use super::CombineSetup;
use super::sample::{Plan, Sampled, sample};

/// Replicates on which the interpolation is tried and checked.
const PILOTS: usize = 8;
/// Check points along each axis.
const CHECKS: usize = 5;

/// Simulated responses between the interpolation points, for a few replicates.
pub(super) struct Check {
    /// log10 of the doses of the check points.
    points: Vec<[f64; 2]>,
    /// Pilots: parameters, and responses at the check points.
    pilots: Vec<(Vec<f64>, Vec<f64>)>,
}

impl Check {
    pub(super) fn new<R: Response>(
        response: &R,
        setup: &CombineSetup,
        replicates: &[Vec<f64>],
    ) -> Self {
        let between = |doses: &[f64], k: usize| {
            let (a, b) = (
                doses.first().map_or(0.0, |d| libm::log10(*d)),
                doses.last().map_or(1.0, |d| libm::log10(*d)),
            );
            a + (b - a) * (k as f64 + 0.5) / CHECKS as f64
        };
        let points: Vec<[f64; 2]> = (0..CHECKS * CHECKS)
            .map(|k| {
                [
                    between(&setup.doses_a, k / CHECKS),
                    between(&setup.doses_b, k % CHECKS),
                ]
            })
            .collect();
        let count = PILOTS.min(replicates.len());
        let pilots = (0..count)
            .into_par_iter()
            .filter_map(|k| {
                let theta = &replicates[k * replicates.len() / count];
                let mut ws = response.workspace();
                let values: Result<Vec<f64>, EvalError> = points
                    .iter()
                    .map(|[a, b]| {
                        response.value(theta, &[libm::exp10(*a), libm::exp10(*b)], &mut ws)
                    })
                    .collect();
                Some((theta.clone(), values.ok()?))
            })
            .collect();
        Self { points, pilots }
    }

    /// Largest error over the pilots in widths that are guessed from their scatter.
    pub(super) fn pilot_error<R: Response>(
        &self,
        response: &R,
        setup: &CombineSetup,
        plan: &Plan,
    ) -> f64 {
        let widths: Vec<f64> = (0..self.points.len())
            .map(|p| {
                let list: Vec<f64> = self.pilots.iter().map(|(_, v)| v[p]).collect();
                let mean = list.iter().sum::<f64>() / list.len() as f64;
                let square = list.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>();
                // Four standard deviations.
                4.0 * (square / (list.len() as f64 - 1.0).max(1.0)).sqrt()
            })
            .collect();
        self.largest(response, setup, plan, &widths)
    }

    /// Largest error over the pilots in widths of the intervals of all replicates.
    pub(super) fn error<R: Response>(
        &self,
        plan: &Plan,
        sampled: &[Sampled],
        response: &R,
        setup: &CombineSetup,
    ) -> f64 {
        let widths: Vec<f64> = self
            .points
            .iter()
            .map(|x| {
                let list: Vec<f64> = sampled.iter().map(|s| s.at(plan, *x)).collect();
                let (lower, upper) = ends(&list, setup.level);
                match (lower.closed(), upper.closed()) {
                    (Some(a), Some(b)) => b - a,
                    _ => f64::INFINITY,
                }
            })
            .collect();
        self.largest(response, setup, plan, &widths)
    }

    fn largest<R: Response>(
        &self,
        response: &R,
        setup: &CombineSetup,
        plan: &Plan,
        widths: &[f64],
    ) -> f64 {
        let errors: Vec<f64> = self
            .pilots
            .par_iter()
            .map(|(theta, truth)| {
                let mut ws = response.workspace();
                let Ok(s) = sample(response, setup, plan, theta, &mut ws) else {
                    return 0.0;
                };
                self.points
                    .iter()
                    .zip(truth)
                    .zip(widths)
                    .map(|((x, t), w)| {
                        let error = (s.at(plan, *x) - t).abs();
                        let noise = response.noise() * (t.abs() + s.control.abs());
                        if error <= noise { 0.0 } else { error / w }
                    })
                    .fold(0.0, f64::max)
            })
            .collect();
        errors.into_iter().fold(0.0, f64::max)
    }
}
