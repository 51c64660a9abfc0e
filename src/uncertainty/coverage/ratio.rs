//! Whether a profile's interval holds the truth, by one constrained minimum: no end has to be looked for.

use crate::fit::{Optimum, refit};
use crate::objective::{Data, Target};
use crate::search::{self, Want};

use super::super::covariance::Covariance;
use super::super::refits::{BETTER, converged};

/// A free minimum with the covariance there.
pub(super) struct Free<'a> {
    /// Point.
    pub theta: &'a [f64],
    /// Objective there.
    pub value: f64,
    /// Covariance, from which the first guess of a constrained minimum is made.
    pub covariance: &'a Covariance,
}

impl<'a> Free<'a> {
    /// Of an optimum.
    pub fn of(optimum: &'a Optimum, covariance: &'a Covariance) -> Self {
        Self {
            theta: &optimum.theta,
            value: optimum.evaluated.value,
            covariance,
        }
    }
}

/// What holding a coordinate costs.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Ratio {
    /// Twice the rise of the objective, or an upper bound of it that is no more than what was said to be enough.
    Rise(f64),
    /// The free minimum was none: there is a lower point.
    Better(Vec<f64>),
}

/// Twice the rise of the objective with coordinate `j` held at `value`.
///
/// Any point with the coordinate held bounds the rise from above. The first guess is the minimum of the quadratic about the
/// free one; where it already lies at or below `enough` it is returned, which decides six of seven intervals with one
/// evaluation. Otherwise the constrained minimum is searched from there, and if that is still above, from `again`: an
/// interval is only said to miss the truth on the word of two searches.
///
/// # Errors
/// Stable name of the reason if no search converged.
#[allow(clippy::too_many_arguments)] // the problem, the minimum, what is held, and how much has to be known
pub(super) fn rise<T: Target>(
    target: &T,
    data: &Data,
    free: &Free<'_>,
    j: usize,
    value: f64,
    enough: f64,
    again: Option<&[f64]>,
    search: &search::Options,
    ws: &mut T::Workspace,
) -> Result<Ratio, &'static str> {
    let guess = guess(target, free, j, value);
    if let Ok(e) = target.evaluate(&guess, data, Want::Value, ws) {
        if e.value < free.value - BETTER {
            return Ok(Ratio::Better(guess));
        }
        let bound = (2.0 * (e.value - free.value)).max(0.0);
        if bound <= enough {
            return Ok(Ratio::Rise(bound));
        }
    }
    let mut least: Option<f64> = None;
    let mut reason = "not_run";
    for start in [Some(guess.as_slice()), again].into_iter().flatten() {
        match converged(refit(target, data, start, &[(j, value)], search, ws)) {
            Ok(o) if o.evaluated.value < free.value - BETTER => {
                return Ok(Ratio::Better(o.theta));
            }
            Ok(o) => {
                let found = (2.0 * (o.evaluated.value - free.value)).max(0.0);
                least = Some(least.map_or(found, |l| l.min(found)));
                if found <= enough {
                    break;
                }
            }
            Err(r) => reason = r,
        }
    }
    least.map(Ratio::Rise).ok_or(reason)
}

/// The constrained minimum of the quadratic about the free one, within the bounds.
fn guess<T: Target>(target: &T, free: &Free<'_>, j: usize, value: f64) -> Vec<f64> {
    let own = free.covariance.at(j, j);
    let moved = value - free.theta[j];
    let mut out: Vec<f64> = target
        .coordinates()
        .iter()
        .enumerate()
        .map(|(i, c)| {
            let slope = if own > 0.0 {
                free.covariance.at(i, j) / own
            } else {
                0.0
            };
            (free.theta[i] + slope * moved).max(c.lower).min(c.upper)
        })
        .collect();
    out[j] = value;
    out
}
