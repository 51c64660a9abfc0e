//! From replicates to intervals.

use std::collections::BTreeMap;

use crate::objective::Target;
use crate::objective::target::to_natural;
use crate::problem::Scale;

use super::super::fisher::means;
use super::super::goodness::johansen;
use super::super::interval::{Cause, End, Interval, Method, Range};
use super::ends::{self, Distribution, Value};
use super::quantile::quantile;
use super::replicate::Context;
use super::{
    Bootstrap, BootstrapInterval, Convergence, Correlation, Draw, Kind, NullDistribution, Replicate,
};

/// Share of failures above which a reader is warned (an end then moves by more than 1.5 of its 2.5 %).
const MANY_FAILURES: f64 = 0.01;
/// Numbers of replicates at which the ends are shown, times powers of ten.
const CONVERGENCE_STEPS: [u64; 3] = [1, 2, 5];
/// Fewest replicates at which ends are shown.
const FEWEST_SHOWN: u64 = 50;

/// Which intervals to make.
#[derive(Debug, Clone, PartialEq)]
pub struct Wanted {
    /// Methods, of the bootstrap's.
    pub methods: Vec<Method>,
    /// Nominal coverage.
    pub level: f64,
    /// Texts of the predictions, in the order of the context's quantities.
    pub predictions: Vec<String>,
}

impl Default for Wanted {
    fn default() -> Self {
        Self {
            methods: vec![Method::Percentile],
            level: 0.95,
            predictions: Vec::new(),
        }
    }
}

/// One quantity over the replicates.
struct Sample<'a> {
    id: &'a str,
    estimate: f64,
    scale: Scale,
    /// Standard error at the fit, for bootstrap-t.
    standard_error: Option<f64>,
    /// Per replicate in order of number; `None` where it failed.
    values: Vec<Option<Value>>,
    /// Shares of replicates at the lower and upper bound.
    at_bound: [f64; 2],
    bounded: bool,
}

/// Makes the intervals of a bootstrap from its replicates (row 0, if among them, is not counted).
///
/// Failed replicates are left out of the intervals and counted by reason; `if_failures_extreme` shows each end as if all of
/// them had lain beyond it. An end that is read from replicates of which ≥ (1 − level)/2 lie at a bound is `at_bound`
/// (basic and bootstrap-t read their upper end from replicates at the lower bound), one beyond which as many are infinite
/// or not defined is `open`.
pub fn summarise<T: Target>(
    ctx: &Context<'_, T>,
    replicates: &[Replicate],
    wanted: &Wanted,
) -> Bootstrap {
    let mut list: Vec<&Replicate> = replicates.iter().filter(|r| r.index > 0).collect();
    list.sort_by_key(|r| r.index);
    let mut failed: BTreeMap<String, u64> = BTreeMap::new();
    for reason in list.iter().filter_map(|r| r.failure.as_ref()) {
        *failed.entry(reason.clone()).or_insert(0) += 1;
    }
    let succeeded = list.iter().filter(|r| r.succeeded()).count() as u64;
    let options = &ctx.options;
    let parameters = parameter_samples(ctx, &list);
    let predictions = prediction_samples(ctx, &list, wanted);
    let all = |samples: &[Sample<'_>]| {
        samples
            .iter()
            .flat_map(|s| {
                wanted
                    .methods
                    .iter()
                    .filter_map(|&m| interval(s, m, wanted.level))
            })
            .collect::<Vec<_>>()
    };
    let intervals = all(&parameters);
    Bootstrap {
        kind: options.kind,
        draw: (options.kind == Kind::Parametric).then_some(options.draw),
        centre: options.centre,
        fixed_priors: options.fixed_priors,
        samples: list.len() as u64,
        succeeded,
        failed,
        second_starts: list.iter().filter(|r| r.second_start).count() as u64,
        convergence: convergence(&parameters, wanted, list.len() as u64),
        intervals,
        predictions: all(&predictions),
        correlation: correlation(ctx, &list),
        goodness: null_distribution(ctx, &list),
        notes: notes(ctx, wanted, list.len() as u64, succeeded),
    }
}

fn parameter_samples<'a, T: Target>(
    ctx: &'a Context<'_, T>,
    list: &[&Replicate],
) -> Vec<Sample<'a>> {
    ctx.target
        .coordinates()
        .iter()
        .enumerate()
        .map(|(j, c)| Sample {
            id: &c.id,
            estimate: ctx.fit.theta[j],
            scale: c.scale,
            standard_error: ctx
                .fit
                .covariance
                .of_coordinate(j)
                .map(|s| s.standard_error()),
            values: list.iter().map(|r| ends::value(r, j)).collect(),
            at_bound: ends::at_bound(list.iter().copied(), j),
            bounded: true,
        })
        .collect()
}

fn prediction_samples<'a, T: Target>(
    ctx: &Context<'_, T>,
    list: &[&Replicate],
    wanted: &'a Wanted,
) -> Vec<Sample<'a>> {
    let fit = ctx.predict(&ctx.fit.theta, &mut ctx.target.workspace());
    wanted
        .predictions
        .iter()
        .enumerate()
        .filter_map(|(i, text)| {
            Some(Sample {
                id: text,
                estimate: *fit.get(i)?,
                scale: Scale::Lin,
                standard_error: None,
                values: list
                    .iter()
                    .map(|r| {
                        let x = *r.predictions.get(i)?;
                        (r.succeeded() && !x.is_nan()).then_some(Value {
                            x,
                            standard_error: f64::NAN,
                        })
                    })
                    .collect(),
                at_bound: [0.0; 2],
                bounded: false,
            })
        })
        .collect()
}

fn interval(s: &Sample<'_>, method: Method, level: f64) -> Option<BootstrapInterval> {
    let values = s.values.iter().copied();
    let from = Distribution::new(method, level, s.estimate, s.standard_error, values)?;
    let natural = |x: f64| to_natural(s.scale, x);
    let held = from.held(s.at_bound);
    let ends = from.ends();
    let end = |side: usize| match ends[side] {
        _ if held[side] => End::AtBound,
        Some(x) if x.is_finite() => End::Closed(natural(x)),
        _ => End::Open,
    };
    let (lower, upper) = (end(0), end(1));
    // Beside an end without a number there is none either.
    let show =
        |end: End, x: Option<f64>| end.closed().and(x).filter(|x| x.is_finite()).map(natural);
    let range = |end: End, (a, b): (Option<f64>, Option<f64>)| Range {
        lower: show(end, a),
        upper: show(end, b),
    };
    let cause =
        |end: End| (s.bounded && end == End::AtBound).then(|| Cause::Bound(vec![s.id.to_string()]));
    let [low, high] = from.if_missing_were_extreme();
    let [lower_mc, upper_mc] = from.monte_carlo();
    Some(BootstrapInterval {
        id: s.id.to_string(),
        interval: Interval {
            method,
            level,
            lower,
            upper,
            lower_cause: cause(lower),
            upper_cause: cause(upper),
        },
        if_failures_extreme: Range {
            lower: show(lower, low),
            upper: show(upper, high),
        },
        lower_monte_carlo: range(lower, lower_mc),
        upper_monte_carlo: range(upper, upper_mc),
        share_at_lower_bound: s.at_bound[0],
        share_at_upper_bound: s.at_bound[1],
    })
}

fn convergence(samples: &[Sample<'_>], wanted: &Wanted, total: u64) -> Vec<Convergence> {
    let mut numbers = Vec::new();
    let mut power = 1;
    while power <= total {
        numbers.extend(
            CONVERGENCE_STEPS
                .iter()
                .map(|s| s * power)
                .filter(|n| (FEWEST_SHOWN..total).contains(n)),
        );
        power *= 10;
    }
    numbers.push(total);
    numbers
        .into_iter()
        .filter(|n| *n > 0)
        .map(|n| Convergence {
            samples: n,
            ends: samples
                .iter()
                .flat_map(|s| {
                    let first = Sample {
                        values: s.values.iter().take(n as usize).copied().collect(),
                        at_bound: [0.0; 2],
                        ..*s
                    };
                    wanted
                        .methods
                        .iter()
                        .filter_map(|&m| {
                            interval(&first, m, wanted.level).map(|i| Range {
                                lower: i.interval.lower.closed(),
                                upper: i.interval.upper.closed(),
                            })
                        })
                        .collect::<Vec<_>>()
                })
                .collect(),
        })
        .collect()
}

fn correlation<T: Target>(ctx: &Context<'_, T>, list: &[&Replicate]) -> Correlation {
    let n = ctx.target.coordinates().len();
    let rows: Vec<&[f64]> = list
        .iter()
        .filter(|r| r.succeeded() && r.theta.len() == n)
        .map(|r| r.theta.as_slice())
        .collect();
    let count = rows.len() as f64;
    let mean: Vec<f64> = (0..n)
        .map(|j| rows.iter().map(|r| r[j]).sum::<f64>() / count)
        .collect();
    let product = |i: usize, j: usize| {
        rows.iter()
            .map(|r| (r[i] - mean[i]) * (r[j] - mean[j]))
            .sum::<f64>()
    };
    let square: Vec<f64> = (0..n).map(|j| product(j, j)).collect();
    Correlation {
        ids: ctx
            .target
            .coordinates()
            .iter()
            .map(|c| c.id.clone())
            .collect(),
        values: (0..n)
            .map(|i| {
                (0..n)
                    .map(|j| {
                        let size = (square[i] * square[j]).sqrt();
                        (size > 0.0).then(|| {
                            if i == j {
                                1.0
                            } else {
                                (product(i, j) / size).clamp(-1.0, 1.0)
                            }
                        })
                    })
                    .collect()
            })
            .collect(),
    }
}

fn null_distribution<T: Target>(ctx: &Context<'_, T>, list: &[&Replicate]) -> NullDistribution {
    let mut chi2: Vec<f64> = list.iter().filter_map(|r| r.chi2_means).collect();
    chi2.sort_by(f64::total_cmp);
    let (dof, a) = ctx.fit.covariance.misfit(&means(ctx.target));
    let null = ctx.options.kind == Kind::Parametric
        && ctx.options.draw == Draw::PlugIn
        && !chi2.is_empty()
        && johansen(ctx.chi2_means, dof, a).is_some();
    let count = chi2.iter().filter(|x| **x >= ctx.chi2_means).count() as f64;
    let p = (count + 1.0) / (chi2.len() as f64 + 1.0);
    NullDistribution {
        observed: ctx.chi2_means,
        p_value: null.then_some(p),
        standard_error: null.then(|| (p * (1.0 - p) / chi2.len() as f64).sqrt()),
        p_value_johansen: johansen(ctx.chi2_means, dof, a),
        quantiles: [0.05, 0.25, 0.5, 0.75, 0.95].map(|p| quantile(&chi2, p)),
    }
}

fn notes<T: Target>(
    ctx: &Context<'_, T>,
    wanted: &Wanted,
    samples: u64,
    succeeded: u64,
) -> Vec<String> {
    let mut notes = Vec::new();
    let means = means(ctx.target).iter().any(|m| *m);
    let z_tails = wanted
        .methods
        .iter()
        .any(|m| matches!(m, Method::Percentile | Method::Basic | Method::Bc));
    if means && z_tails && ctx.options.kind == Kind::Parametric && ctx.options.draw != Draw::T {
        notes.push(
            "percentile, basic and bias-corrected intervals of plug-in draws cover 88–93 % at n = 5 where they say 95 %: use draw `t` for intervals".into(),
        );
    }
    if ctx.options.fixed_priors {
        notes.push(
            "prior means and relations were kept: the intervals are conditional on them".into(),
        );
    }
    let failed = samples.saturating_sub(succeeded);
    if samples > 0 && failed as f64 > MANY_FAILURES * samples as f64 {
        notes.push(format!(
            "{failed} of {samples} replicates failed: read the ends in `if_failures_extreme` as well"
        ));
    }
    notes
}
