//! Profiles of all items, redone from a better optimum if one is found.

use std::collections::BTreeMap;

use crate::fit::{Optimum, refit};
use crate::objective::{Data, EvalError, Target};
use crate::search::Control;

use super::super::refits::converged;
use super::super::run::run;
use super::context::Context;
use super::item::{Item, ItemResult, Outcome};
use super::one::profile_item;
use super::{BetterOptimum, Options, Profiles};

/// Rounds after which better optima are reported but no longer followed.
const MAX_ROUNDS: u64 = 5;

/// Profiles of all `items`, in parallel. Where one of them comes upon a better optimum than `optimum`, the fit is redone
/// from it and so is everything else, and the result says so.
///
/// * `done`: outcomes of an earlier run with the same arguments, taken as they are.
/// * `sink` sees every new outcome (checkpoint, progress); with [`Control::Stop`] no further item is begun, and items not
///   run are in `refused`.
///
/// # Errors
/// [`EvalError`] if an optimum cannot be linearised.
#[allow(clippy::too_many_arguments)] // the problem, the fit, what to do, how, and where the outcomes go
pub fn profiles<T: Target>(
    target: &T,
    data: &Data,
    optimum: &Optimum,
    items: &[Item<'_, T::Quantity>],
    options: &Options,
    seed: u64,
    done: &[ItemResult],
    sink: &(dyn Fn(&ItemResult) -> Control + Sync),
) -> Result<Profiles, EvalError> {
    let mut optimum = optimum.clone();
    let mut better_optima = Vec::new();
    let mut round = 0;
    loop {
        let ctx = Context::new(
            target,
            data,
            optimum.clone(),
            items.to_vec(),
            options.clone(),
            seed,
        )?;
        let outcomes = one_round(&ctx, round, done, sink);
        let best = outcomes
            .iter()
            .filter_map(|r| match &r.outcome {
                Outcome::Better { objective, theta } => Some((*objective, r.item, theta)),
                _ => None,
            })
            .min_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        if let Some((_, item, theta)) = best
            && round < MAX_ROUNDS
        {
            let again = converged(refit(
                target,
                data,
                theta,
                &[],
                &options.search,
                &mut target.workspace(),
            ));
            if let Ok(again) = again
                && again.evaluated.value < optimum.evaluated.value
            {
                better_optima.push(BetterOptimum {
                    found_by: name(&ctx, item as usize),
                    before: optimum.evaluated.value,
                    after: again.evaluated.value,
                    theta: again.theta.clone(),
                });
                optimum = again;
                round += 1;
                continue;
            }
        }
        return Ok(collect(&ctx, outcomes, better_optima));
    }
}

fn one_round<T: Target>(
    ctx: &Context<'_, T>,
    round: u64,
    done: &[ItemResult],
    sink: &(dyn Fn(&ItemResult) -> Control + Sync),
) -> Vec<ItemResult> {
    let known: Vec<&ItemResult> = done.iter().filter(|r| r.round == round).collect();
    let ks: Vec<u64> = (0..ctx.items.len() as u64)
        .filter(|k| !known.iter().any(|r| r.item == *k))
        .collect();
    let mut list = run(
        &ks,
        || ctx.target.workspace(),
        |k, ws| ItemResult {
            round,
            item: k,
            outcome: profile_item(k, ctx, ws),
        },
        &|_, r| sink(r),
    );
    list.extend(known.into_iter().cloned());
    list.sort_by_key(|r| r.item);
    list
}

fn name<T: Target>(ctx: &Context<'_, T>, item: usize) -> String {
    match ctx.items.get(item) {
        Some(Item::Parameter(k)) => ctx
            .target
            .coordinates()
            .get(*k)
            .map_or_else(String::new, |c| c.id.clone()),
        Some(Item::Prediction { id, .. }) => id.clone(),
        None => String::new(),
    }
}

fn collect<T: Target>(
    ctx: &Context<'_, T>,
    outcomes: Vec<ItemResult>,
    better_optima: Vec<BetterOptimum>,
) -> Profiles {
    let mut out = Profiles {
        level: ctx.options.level,
        threshold: ctx.options.threshold,
        theta: ctx.optimum.theta.clone(),
        objective: ctx.optimum.evaluated.value,
        parameters: Vec::new(),
        predictions: Vec::new(),
        better_optima,
        refused: BTreeMap::new(),
    };
    let mut missing: Vec<u64> = (0..ctx.items.len() as u64).collect();
    for r in outcomes {
        missing.retain(|k| *k != r.item);
        let id = name(ctx, r.item as usize);
        match r.outcome {
            Outcome::Done(profile) => match ctx.items.get(r.item as usize) {
                Some(Item::Prediction { .. }) => out.predictions.push(*profile),
                _ => out.parameters.push(*profile),
            },
            Outcome::Better { objective, .. } => {
                out.refused.insert(
                    id,
                    format!("a better optimum was found (objective {objective}) but not followed"),
                );
            }
            Outcome::Refused(reason) => {
                out.refused.insert(id, reason);
            }
        }
    }
    for k in missing {
        out.refused.insert(name(ctx, k as usize), "not run".into());
    }
    out
}
