//! The sanity of nested models: a larger one can always do what the smaller one does.

use crate::fit::{Optimum, refit};
use crate::objective::Target;
use crate::objective::target::to_scaled;
use crate::search;

use super::super::information::{criteria, exact_fit};
use super::super::refits::converged;
use super::Refused;
use super::rank::{Fitted, Variant};

/// Excess of a larger model's deviance over that of a model nested in it that counts as worse: beyond what two searches of
/// the same optimum differ by.
const WORSE: f64 = 1e-4;
/// Excess from which a larger model is refused. Between the two it is said to contain the smaller one only nearly, which
/// is so where a rate of 0 lies outside the bounds of a logarithmic scale.
const NOT_FOUND: f64 = 0.1;

/// Refits larger models that are worse than one nested in them, smaller ones first, until none is.
///
/// Both fits are looked at: that of the study's noise setting (which gives estimates and facts) and that of the exact
/// summary (which ranks). Only the second can lead to a refusal, because priors of the parameters that the larger model
/// adds belong to the first.
pub(super) fn sane<T: Target>(
    variants: &[Variant<'_, T>],
    list: &mut Vec<(usize, Fitted)>,
    refused: &mut Vec<Refused>,
    search: &search::Options,
) {
    // A chain of m models settles in m rounds.
    for _ in 0..list.len() {
        let mut changed = false;
        for small in 0..list.len() {
            for large in 0..list.len() {
                if small != large {
                    changed |= mend(variants, list, small, large, search);
                }
            }
        }
        if !changed {
            break;
        }
    }
    let worse: Vec<(String, String)> = list
        .iter()
        .flat_map(|(_, a)| {
            list.iter()
                .filter(move |(_, b)| {
                    a.nested_in.contains(&b.id) && b.exact.deviance > a.exact.deviance + NOT_FOUND
                })
                .map(move |(_, b)| (b.id.clone(), a.id.clone()))
        })
        .collect();
    for (large, small) in worse {
        if list.iter().any(|(_, f)| f.id == large) {
            list.retain(|(_, f)| f.id != large);
            refused.push(Refused {
                reason: format!(
                    "it contains `{small}` and still fits worse after a refit from there: its optimum was not found"
                ),
                id: large,
            });
        }
    }
}

/// Refits one larger model from the optima of one nested in it, where it is worse; whether that changed anything.
fn mend<T: Target>(
    variants: &[Variant<'_, T>],
    list: &mut [(usize, Fitted)],
    small: usize,
    large: usize,
    search: &search::Options,
) -> bool {
    let (a, b) = (&list[small].1, &list[large].1);
    if !a.nested_in.contains(&b.id) {
        return false;
    }
    let (v, w) = (&variants[list[small].0], &variants[list[large].0]);
    let (known, deviance) = (b.optimum.evaluated.value, b.exact.deviance);
    let worse_fit = known > a.optimum.evaluated.value + WORSE;
    let worse_deviance = deviance > a.exact.deviance + WORSE;
    if !worse_fit && !worse_deviance {
        return false;
    }
    let mut ws = w.target.workspace();
    let data = w.target.data();
    let exact = worse_deviance
        .then(|| {
            let from = embeddings(v, w, &a.exact.optimum.theta);
            let starts: Vec<&[f64]> = from.iter().map(Vec::as_slice).collect();
            exact_fit(w.target, data, &starts, search, &mut ws).ok()
        })
        .flatten()
        .filter(|e| e.deviance < deviance - WORSE);
    let better: Option<Optimum> = embeddings(v, w, &a.optimum.theta)
        .iter()
        .filter_map(|s| converged(refit(w.target, data, s, &[], search, &mut ws)).ok())
        .filter(|o| o.evaluated.value < known - WORSE)
        .min_by(|x, y| x.evaluated.value.total_cmp(&y.evaluated.value));
    let changed = exact.is_some() || better.is_some();
    let f = &mut list[large].1;
    if let Some(exact) = exact {
        f.criteria = criteria(
            w.target,
            data,
            &[exact.optimum.theta.as_slice()],
            search,
            &mut ws,
        );
        f.exact = exact;
    }
    if let Some(better) = better {
        f.optimum = better;
    }
    f.refitted_from_parent |= changed;
    changed
}

/// Points of a larger model that stand for a point of a smaller one: shared parameters by id; the others at the value that
/// the smaller fixes, else at their nominal value and at each bound.
pub(super) fn embeddings<T: Target>(
    small: &Variant<'_, T>,
    large: &Variant<'_, T>,
    theta: &[f64],
) -> Vec<Vec<f64>> {
    let shared = small.target.coordinates();
    let place = |pick: &dyn Fn(&crate::objective::Coordinate) -> f64| -> Vec<f64> {
        large
            .target
            .coordinates()
            .iter()
            .map(|c| {
                let x = match shared.iter().position(|s| s.id == c.id) {
                    Some(k) => theta[k],
                    None => match small.fixed.iter().find(|(id, _)| *id == c.id) {
                        // A value outside the scale (0 on a logarithm) stands at the bound.
                        Some((_, value)) => match to_scaled(c.scale, *value) {
                            x if x.is_nan() || x == f64::NEG_INFINITY => c.lower,
                            x if x == f64::INFINITY => c.upper,
                            x => x,
                        },
                        None => pick(c),
                    },
                };
                let x = if x.is_finite() {
                    x
                } else {
                    c.nominal.filter(|v| v.is_finite()).unwrap_or(0.0)
                };
                x.max(c.lower).min(c.upper)
            })
            .collect()
    };
    let mut list = vec![
        place(&|c| c.nominal.unwrap_or(0.5 * (c.lower + c.upper))),
        place(&|c| c.lower),
        place(&|c| c.upper),
    ];
    list.dedup();
    list
}
