//! Refits of drawn data, with a second start by a rule that is the same for every replicate.

use crate::fit::{Optimum, Side, refit};
use crate::objective::{Coordinate, Data, Target};
use crate::search;
use crate::stats::Stream;

use super::bootstrap::SecondStart;
use super::fisher::Linearised;

/// Share of the width of its bounds by which a coordinate without a standard error is moved for a second start.
const BLIND_SPREAD: f64 = 0.25;

/// Fall of the objective below that of a fit which counts as a better optimum: a tenth of what moves an end noticeably, below
/// what moves a verdict, and above what an integrator's error feigns.
pub(super) const BETTER: f64 = 1e-3;

/// Points of second starts: scattered about the fit as its estimates are.
#[derive(Debug, Clone)]
pub struct Spread {
    centre: Vec<f64>,
    sd: Vec<f64>,
    bounds: Vec<(f64, f64)>,
}

impl Spread {
    /// The scatter of a fit.
    pub fn new(coordinates: &[Coordinate], fit: &Linearised) -> Self {
        Self {
            centre: fit.theta.clone(),
            sd: coordinates
                .iter()
                .enumerate()
                .map(|(j, c)| match fit.covariance.of_coordinate(j) {
                    Some(s) => s.standard_error().min(c.upper - c.lower),
                    None => (BLIND_SPREAD * (c.upper - c.lower)).min(1.0),
                })
                .collect(),
            bounds: coordinates.iter().map(|c| (c.lower, c.upper)).collect(),
        }
    }
    /// The second start of replicate `k`.
    pub fn point(&self, seed: u64, purpose: &str, k: u64) -> Vec<f64> {
        let mut stream = Stream::new(seed, purpose, k, 0);
        self.centre
            .iter()
            .zip(&self.sd)
            .zip(&self.bounds)
            .map(|((x, sd), (a, b))| (x + sd * stream.normal()).max(*a).min(*b))
            .collect()
    }
}

/// Refits `data` from `start` and, by the rule, from a second start; the better converged optimum counts.
///
/// The flag says that the second start gave it.
///
/// # Errors
/// Stable name of the reason if neither converged.
pub fn refit_twice<T: Target>(
    target: &T,
    data: &Data,
    start: &[f64],
    second: impl FnOnce() -> Vec<f64>,
    rule: SecondStart,
    search: &search::Options,
    ws: &mut T::Workspace,
) -> Result<(Optimum, bool), &'static str> {
    let first = converged(refit(target, data, start, &[], search, ws));
    let again = match rule {
        SecondStart::Never => false,
        SecondStart::IfBad => first.is_err(),
        SecondStart::Always => true,
    };
    if !again {
        return first.map(|o| (o, false));
    }
    let other = converged(refit(target, data, &second(), &[], search, ws));
    match (first, other) {
        (Ok(a), Ok(b)) if b.evaluated.value < a.evaluated.value => Ok((b, true)),
        (Ok(a), _) => Ok((a, false)),
        (Err(_), Ok(b)) => Ok((b, true)),
        (Err(reason), Err(_)) => Err(reason),
    }
}

/// A refit that converged, or the reason why not.
///
/// # Errors
/// Stable name of the evaluation's error or of the termination.
pub fn converged(
    outcome: Result<Optimum, crate::objective::EvalError>,
) -> Result<Optimum, &'static str> {
    match outcome {
        Ok(o) if o.termination.is_converged() => Ok(o),
        Ok(o) => Err(o.termination.name()),
        Err(e) => Err(e.reason()),
    }
}

/// Bounds that hold an optimum: −1 lower, 1 upper, 0 none.
pub fn sides(at_bound: &[Option<Side>]) -> Vec<i8> {
    at_bound
        .iter()
        .map(|s| match s {
            Some(Side::Lower) => -1,
            Some(Side::Upper) => 1,
            None => 0,
        })
        .collect()
}
