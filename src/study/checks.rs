//! What was checked at an optimum beside its convergence: accuracy of the integration, gradient, rank, second optima.

use serde::{Deserialize, Serialize};

use super::fitted::Fitted;
use super::fitting::StartsDocument;
use crate::fit::{self, SAME_OPTIMUM};
use crate::objective::{Objective, Target as _};

/// Factor on the tolerances of the integration.
const HALF: f64 = 0.5;

/// Checks of a fit.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Checks {
    /// What halving the tolerances of the integration changes.
    pub halved_tolerances: Halved,
    /// Largest gain that a step of one standard error along a free coordinate would promise, in units of the objective.
    pub gradient_in_standard_errors: f64,
    /// Free coordinates: those that no bound holds.
    pub free: usize,
    /// Rank of the Jacobian of data, priors and relations in the free coordinates.
    pub rank: usize,
    /// Lowest objective of a start that ended elsewhere, above the best; null if all ended at the best.
    pub second_optimum: Option<f64>,
}

/// The fit refined with half the tolerances.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Halved {
    /// Change of the objective at the optimum.
    pub objective: Option<f64>,
    /// Change of each estimate after a refit, in standard errors (estimation scale where it has none).
    pub estimates: Vec<Change>,
    /// Why it could not be computed.
    pub reason: Option<String>,
}

/// Change of an estimate.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Change {
    /// Parameter.
    pub id: String,
    /// Change in standard errors.
    pub change: f64,
}

/// Makes the checks.
pub fn checks(objective: &Objective, fitted: &Fitted, starts: &StartsDocument) -> Checks {
    let d = &fitted.document;
    let se = |j: usize| {
        d.estimates
            .get(j)
            .and_then(|e| e.standard_error_scaled)
            .unwrap_or(1.0)
    };
    let covariance = &fitted.linearised.covariance;
    let free = covariance.free().iter().filter(|f| **f).count();
    let best = starts
        .objectives
        .iter()
        .flatten()
        .copied()
        .fold(f64::INFINITY, f64::min);
    Checks {
        halved_tolerances: halved(objective, fitted, &se),
        gradient_in_standard_errors: d
            .gradient
            .iter()
            .enumerate()
            .filter(|(j, _)| d.held.get(*j) == Some(&0))
            .map(|(j, g)| g.abs() * se(j))
            .fold(0.0, f64::max),
        free,
        rank: free.saturating_sub(covariance.undetermined().len()),
        second_optimum: starts
            .objectives
            .iter()
            .flatten()
            .copied()
            .filter(|o| *o > best + SAME_OPTIMUM)
            .fold(None, |least: Option<f64>, o| {
                Some(least.map_or(o, |l| l.min(o)))
            }),
    }
}

fn halved(objective: &Objective, fitted: &Fitted, se: &dyn Fn(usize) -> f64) -> Halved {
    let mut fine = objective.clone();
    let t = &mut fine.settings.tolerances;
    t.rtol *= HALF;
    t.atol.iter_mut().for_each(|a| *a *= HALF);
    let (theta, data) = (&fitted.optimum.theta, fine.data());
    let mut ws = fine.workspace();
    let options = crate::search::Options::default();
    let found = fine
        .evaluate(theta, data, crate::search::Want::Value, &mut ws)
        .and_then(|at| {
            fit::refit(&fine, data, theta, &[], &options, &mut ws).map(|o| (at.value, o))
        });
    match found {
        Err(e) => Halved {
            objective: None,
            estimates: Vec::new(),
            reason: Some(e.to_string()),
        },
        Ok((value, optimum)) => Halved {
            objective: Some(value - fitted.document.objective),
            estimates: fine
                .coordinates()
                .iter()
                .zip(theta.iter().zip(&optimum.theta))
                .enumerate()
                .map(|(j, (c, (before, after)))| Change {
                    id: c.id.clone(),
                    change: (after - before) / se(j),
                })
                .collect(),
            reason: None,
        },
    }
}
