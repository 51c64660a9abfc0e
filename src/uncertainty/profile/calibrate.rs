//! Thresholds from data drawn at the fit: the quantile of the likelihood ratio of each item.

use serde::{Deserialize, Serialize};

use crate::fit::refit;
use crate::objective::{Data, EvalError, Target};
use crate::search;

use super::super::bootstrap::quantile::quantile;
use super::super::bootstrap::{BootstrapError, Draw, Options as DrawOptions, SecondStart};
use super::super::draw::Sampler;
use super::super::refits::{Spread, converged, refit_twice};
use super::context::Context;
use super::item::Item;
use super::one::STIFFNESS;
use super::path::{OfPrediction, Path};

/// Name of the streams of calibration draws.
const PURPOSE: &str = "calibration";
/// Shifts of the pull until a prediction is held at its value; a linear one needs three.
const MAX_SHIFTS: usize = 12;
/// Least movement of a prediction with its pull that a secant step is taken from.
const LEAST_FOLLOWING: f64 = 1e-3;
/// Relative error at which a prediction counts as held.
const HELD: f64 = 1e-6;

/// Likelihood ratios of one draw.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct LikelihoodRatios {
    /// Number of the draw.
    pub index: u64,
    /// Per item: twice the rise of the objective when it is held at the fit's value; null if a refit failed.
    pub ratios: Vec<Option<f64>>,
    /// Reason if the free refit failed.
    pub failure: Option<String>,
}

/// A calibration: draws about the fit, means and SDs redrawn.
pub struct Calibration<'a, 'b, T: Target> {
    ctx: &'a Context<'b, T>,
    sampler: Sampler,
    spread: Spread,
    seed: u64,
}

impl<'a, 'b, T: Target> Calibration<'a, 'b, T> {
    /// Prepares the draws.
    ///
    /// # Errors
    /// [`BootstrapError`] if the data cannot be drawn.
    pub fn new(ctx: &'a Context<'b, T>, seed: u64) -> Result<Self, BootstrapError> {
        let options = DrawOptions {
            draw: Draw::PlugIn,
            seed,
            ..DrawOptions::default()
        };
        Ok(Self {
            sampler: Sampler::new(ctx.target, ctx.data, &ctx.fit, &options, PURPOSE)?,
            spread: Spread::new(ctx.target.coordinates(), &ctx.fit),
            ctx,
            seed,
        })
    }
}

/// Likelihood ratios of draw `k`: one free refit and one constrained refit an item. A pure function of its number.
pub fn likelihood_ratios<T: Target>(
    k: u64,
    calibration: &Calibration<'_, '_, T>,
    ws: &mut T::Workspace,
) -> LikelihoodRatios {
    let ctx = calibration.ctx;
    let data = calibration.sampler.draw(k);
    let free = refit_twice(
        ctx.target,
        &data,
        &ctx.optimum.theta,
        || calibration.spread.point(calibration.seed, PURPOSE, k),
        SecondStart::IfBad,
        &ctx.options.search,
        ws,
    );
    let best = match free {
        Ok((best, _)) => best,
        Err(reason) => {
            return LikelihoodRatios {
                index: k,
                failure: Some(reason.into()),
                ..LikelihoodRatios::default()
            };
        }
    };
    let ratios = ctx
        .items
        .iter()
        .map(|item| {
            let held = match item {
                Item::Parameter(j) => held_parameter(
                    ctx.target,
                    &data,
                    *j,
                    ctx.optimum.theta[*j],
                    &best.theta,
                    &ctx.options.search,
                    ws,
                ),
                Item::Prediction { quantity, .. } => {
                    held_prediction(ctx, &data, quantity, &best.theta, ws)
                }
            };
            held.ok()
                .map(|o| (2.0 * (o - best.evaluated.value)).max(0.0))
        })
        .collect();
    LikelihoodRatios {
        index: k,
        ratios,
        failure: None,
    }
}

/// Objective minimised with coordinate `j` held at `value`.
///
/// # Errors
/// Stable name of the reason.
pub fn held_parameter<T: Target>(
    target: &T,
    data: &Data,
    j: usize,
    value: f64,
    start: &[f64],
    search: &search::Options,
    ws: &mut T::Workspace,
) -> Result<f64, &'static str> {
    converged(refit(target, data, start, &[(j, value)], search, ws)).map(|o| o.evaluated.value)
}

/// Objective minimised with a prediction held at its value at the fit, by moving the pull until it is there.
fn held_prediction<T: Target>(
    ctx: &Context<'_, T>,
    data: &Data,
    quantity: &T::Quantity,
    start: &[f64],
    ws: &mut T::Workspace,
) -> Result<f64, &'static str> {
    let reason = |e: EvalError| e.reason();
    let (goal, slope) = ctx
        .target
        .predict(quantity, &ctx.optimum.theta, ws)
        .map_err(reason)?;
    let variance = ctx.fit.covariance.of(&slope).map_or(0.0, |s| s.variance);
    if variance <= 0.0 {
        return Err("not_determined");
    }
    let mut path = OfPrediction {
        target: ctx.target,
        data,
        quantity,
        stiffness: STIFFNESS / variance,
        search: &ctx.options.search,
        ws,
    };
    let mut pull = goal;
    let mut at = start.to_vec();
    // The prediction follows its pull nearly in proportion: secant steps.
    let mut before: Option<(f64, f64)> = None;
    for _ in 0..MAX_SHIFTS {
        let s = path.solve(pull, &at)?;
        let away = goal - s.value;
        if away.abs() <= HELD * variance.sqrt() {
            return Ok(s.objective);
        }
        let follows = before
            .map(|(p, v)| (s.value - v) / (pull - p))
            .filter(|f| f.is_finite() && *f > LEAST_FOLLOWING)
            .unwrap_or(1.0);
        before = Some((pull, s.value));
        pull += away / follows;
        at = s.theta;
    }
    Err("not_held")
}

/// Thresholds from likelihood ratios: their quantile at `level` per item; `None` with too few.
pub fn calibration(draws: &[LikelihoodRatios], items: usize, level: f64) -> Vec<Option<f64>> {
    (0..items)
        .map(|i| {
            let mut list: Vec<f64> = draws
                .iter()
                .filter_map(|d| d.ratios.get(i).copied().flatten())
                .collect();
            list.sort_by(f64::total_cmp);
            quantile(&list, level)
        })
        .collect()
}
