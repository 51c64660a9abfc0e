//! The profile of one item: its path, its fit as the first point, its two sides.

use crate::objective::Target;
use crate::problem::Scale;

use super::super::refits::sides;
use super::context::{Context, Kind};
use super::item::{Item, Outcome};
use super::path::{OfParameter, OfPrediction, Solved};
use super::sides::Sides;

/// ρ of a prediction's path in units of 1/variance: points are spaced as asked for, to 4 %.
pub(super) const STIFFNESS: f64 = 25.0;
/// First step of a quantity without a standard error, as a share of its range (or of its size).
pub(super) const BLIND_STEP: f64 = 0.02;

/// The profile of item `k`: a pure function of its number and the context.
pub fn profile_item<T: Target>(k: u64, ctx: &Context<'_, T>, ws: &mut T::Workspace) -> Outcome {
    let item = k as usize;
    match ctx.items.get(item) {
        None => Outcome::Refused("there is no such item".into()),
        Some(Item::Parameter(j)) => parameter(item, *j, ctx, ws),
        Some(Item::Prediction { id, quantity }) => prediction::<T>(item, id, quantity, ctx, ws),
    }
}

fn parameter<T: Target>(
    item: usize,
    j: usize,
    ctx: &Context<'_, T>,
    ws: &mut T::Workspace,
) -> Outcome {
    let Some(c) = ctx.target.coordinates().get(j) else {
        return Outcome::Refused("there is no such parameter".into());
    };
    let held: Vec<bool> = ctx.optimum.at_bound.iter().map(Option::is_some).collect();
    let scatter = ctx.scatter(Kind::Parameter(j), &held);
    let range = c.upper - c.lower;
    let spread = scatter.map(|s| s.variance.sqrt()).unwrap_or_else(|| {
        if range.is_finite() {
            BLIND_STEP * range
        } else {
            1.0
        }
    });
    let mut path = OfParameter {
        target: ctx.target,
        data: ctx.data,
        coordinate: j,
        search: &ctx.options.search,
        ws,
    };
    Sides {
        ctx,
        item,
        id: c.id.clone(),
        kind: Kind::Parameter(j),
        scale: c.scale,
        natural_lower: c.natural_lower,
        origin: origin(ctx, ctx.optimum.theta[j]),
        limits: [c.lower, c.upper],
        spread,
        held,
        scatter,
    }
    .profile(&mut path)
}

fn prediction<T: Target>(
    item: usize,
    id: &str,
    quantity: &T::Quantity,
    ctx: &Context<'_, T>,
    ws: &mut T::Workspace,
) -> Outcome {
    let (value, slope) = match ctx.target.predict(quantity, &ctx.optimum.theta, ws) {
        Ok(p) if p.0.is_finite() => p,
        Ok(p) => return Outcome::Refused(format!("its value at the fit is {}", p.0)),
        Err(e) => return Outcome::Refused(e.to_string()),
    };
    let held: Vec<bool> = ctx.optimum.at_bound.iter().map(Option::is_some).collect();
    let scatter = ctx.scatter(Kind::Prediction(&slope), &held);
    let spread = scatter
        .map(|s| s.variance.sqrt())
        .filter(|s| *s > 0.0)
        .unwrap_or_else(|| BLIND_STEP * value.abs().max(f64::MIN_POSITIVE.sqrt()));
    let mut path = OfPrediction {
        target: ctx.target,
        data: ctx.data,
        quantity,
        stiffness: STIFFNESS / (spread * spread),
        search: &ctx.options.search,
        ws,
    };
    Sides {
        ctx,
        item,
        id: id.to_string(),
        kind: Kind::Prediction(&slope),
        scale: Scale::Lin,
        natural_lower: false,
        origin: origin(ctx, value),
        limits: [f64::NEG_INFINITY, f64::INFINITY],
        spread,
        held,
        scatter,
    }
    .profile(&mut path)
}

/// The fit as the first point of a profile.
fn origin<T: Target>(ctx: &Context<'_, T>, value: f64) -> Solved {
    let o = &ctx.optimum;
    Solved {
        control: value,
        value,
        objective: o.evaluated.value,
        parts: o.evaluated.parts,
        theta: o.theta.clone(),
        sides: sides(&o.at_bound),
        gradient: o.evaluated.gradient.clone(),
    }
}
