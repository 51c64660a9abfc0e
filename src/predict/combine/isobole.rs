//! Pairs of doses with one effect, and how far they spare doses.

use crate::search::zero;

use super::super::combination::{Isobole, IsobolePoint};
use super::super::{Estimate, Response};
use super::sample::{Plan, Sampled};
use super::{CombineSetup, Run};

/// Parts of the largest effect whose isoboles are drawn by default.
const PARTS: [f64; 3] = [0.25, 0.5, 0.75];
/// Points of an isobole at the most.
const POINTS: usize = 40;
/// Accuracy of its doses, in decades.
const TOLERANCE: f64 = 1e-10;

/// Isoboles at the fit; none where a drug alone has no dose for an effect to be compared with.
pub(super) fn isoboles<R: Response>(
    response: &R,
    setup: &CombineSetup,
    plan: &Plan,
    fit: &Sampled,
    run: &Run,
    theta: &[f64],
) -> Vec<Isobole> {
    let Ok((pair, sign)) = &fit.pair else {
        return Vec::new();
    };
    let rows: Vec<Vec<f64>> = (0..setup.doses_a.len())
        .map(|i| {
            fit.row(plan, i)
                .into_iter()
                .map(|r| sign * fit.effect(r))
                .collect()
        })
        .collect();
    let most = rows.iter().flatten().fold(0.0, |m: f64, e| m.max(*e));
    let effects: Vec<f64> = if setup.effects.is_empty() {
        PARTS.iter().map(|p| p * most).collect()
    } else {
        setup.effects.iter().map(|e| e * sign).collect()
    };
    let mut ws = response.workspace();
    let stride = setup.doses_a.len().div_ceil(POINTS).max(1);
    effects
        .into_iter()
        .map(|effect| {
            let alone = [pair.alone[0].inverse(effect), pair.alone[1].inverse(effect)];
            let of = |which: usize| {
                let replicates: Vec<f64> = run
                    .sampled
                    .iter()
                    .map(|s| match &s.pair {
                        Ok((p, s)) if s == sign => p.alone[which].inverse(effect),
                        _ => f64::NAN,
                    })
                    .collect();
                let mut e = Estimate::from_replicates(alone[which], &replicates, setup.level)
                    .map(libm::exp10);
                e.in_tested_range = alone[which]
                    .is_finite()
                    .then(|| !setup.inputs[which].extrapolated(libm::exp10(alone[which])));
                e
            };
            let (da, db) = (libm::exp10(alone[0]), libm::exp10(alone[1]));
            let mut points = Vec::new();
            for (i, row) in rows.iter().enumerate().step_by(stride) {
                let a = setup.doses_a[i];
                let Some(j) = row.iter().position(|e| *e >= effect).filter(|j| *j > 0) else {
                    continue;
                };
                let mut at = |x: f64| {
                    response
                        .value(theta, &[a, libm::exp10(x)], &mut ws)
                        .map(|r| sign * fit.effect(r) - effect)
                };
                let (low, high) = (
                    libm::log10(setup.doses_b[j - 1]),
                    libm::log10(setup.doses_b[j]),
                );
                let found = zero(
                    low,
                    row[j - 1] - effect,
                    high,
                    row[j] - effect,
                    TOLERANCE,
                    &mut at,
                );
                let Ok(x) = found else { continue };
                let b = libm::exp10(x);
                points.push(IsobolePoint {
                    a,
                    b,
                    additive_b: if a < da { db * (1.0 - a / da) } else { 0.0 },
                    index: a / da + b / db,
                    reduction_a: da / a,
                    reduction_b: db / b,
                });
            }
            Isobole {
                effect: effect * sign,
                alone_a: of(0),
                alone_b: of(1),
                points,
            }
        })
        .collect()
}
