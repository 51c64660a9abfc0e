//! From replicates to intervals.

use std::collections::BTreeMap;

use crate::objective::Target;
use crate::objective::target::to_natural;
use crate::problem::Scale;

use super::super::fisher::means;
use super::super::goodness::johansen;
use super::super::interval::{Cause, End, Interval, Method, Range};
use super::quantile::{bias_corrected, monte_carlo, quantile};
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
    /// Value and standard error per replicate in order of number; `None` where the replicate failed.
    values: Vec<Option<(f64, f64)>>,
    /// Shares of replicates at the lower and upper bound.
    at_bound: [f64; 2],
    bounded: bool,
}

/// Makes the intervals of a bootstrap from its replicates (row 0, if among them, is not counted).
///
/// Failed replicates are left out of the intervals and counted by reason; `if_failures_extreme` shows each end as if all of
/// them had lain beyond it. An end at which ≥ (1 − level)/2 of the replicates lie at a bound is `at_bound`, one beyond
/// which as many are infinite or not defined is `open`.
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
        .map(|(j, c)| {
            let values: Vec<Option<(f64, f64)>> = list
                .iter()
                .map(|r| {
                    let x = *r.theta.get(j)?;
                    let se = r.standard_error.get(j).copied().unwrap_or(f64::NAN);
                    r.succeeded().then_some((x, se))
                })
                .collect();
            let count = values.iter().flatten().count().max(1) as f64;
            let share = |side: i8| {
                list.iter()
                    .filter(|r| r.succeeded() && r.at_bound.get(j) == Some(&side))
                    .count() as f64
                    / count
            };
            Sample {
                id: &c.id,
                estimate: ctx.fit.theta[j],
                scale: c.scale,
                standard_error: ctx
                    .fit
                    .covariance
                    .of_coordinate(j)
                    .map(|s| s.standard_error()),
                values,
                at_bound: [share(-1), share(1)],
                bounded: true,
            }
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
                        (r.succeeded() && !x.is_nan()).then_some((x, f64::NAN))
                    })
                    .collect(),
                at_bound: [0.0; 2],
                bounded: false,
            })
        })
        .collect()
}

/// Ends of one method from values on the estimation scale, at tail shares `below` and `above`; `None` where too few
/// replicates reach that far.
fn ends(
    s: &Sample<'_>,
    values: &[(f64, f64)],
    method: Method,
    tails: (f64, f64),
) -> (Option<f64>, Option<f64>) {
    let mut sorted: Vec<f64> = values.iter().map(|v| v.0).collect();
    sorted.sort_by(f64::total_cmp);
    match method {
        Method::Basic => (
            quantile(&sorted, 1.0 - tails.1).map(|q| 2.0 * s.estimate - q),
            quantile(&sorted, tails.0).map(|q| 2.0 * s.estimate - q),
        ),
        Method::BootstrapT => {
            let Some(se) = s.standard_error else {
                return (None, None);
            };
            let mut t: Vec<f64> = values
                .iter()
                .map(|(x, e)| (x - s.estimate) / e)
                .filter(|t| !t.is_nan())
                .collect();
            t.sort_by(f64::total_cmp);
            (
                quantile(&t, 1.0 - tails.1).map(|q| s.estimate - q * se),
                quantile(&t, tails.0).map(|q| s.estimate - q * se),
            )
        }
        _ => (quantile(&sorted, tails.0), quantile(&sorted, 1.0 - tails.1)),
    }
}

/// Tail shares that a method reads its quantiles at.
fn tails(s: &Sample<'_>, values: &[(f64, f64)], method: Method, level: f64) -> Option<(f64, f64)> {
    let tail = 0.5 * (1.0 - level);
    if method != Method::Bc {
        return Some((tail, tail));
    }
    let mut sorted: Vec<f64> = values.iter().map(|v| v.0).collect();
    sorted.sort_by(f64::total_cmp);
    bias_corrected(&sorted, s.estimate, level).map(|(a, b)| (a, 1.0 - b))
}

fn interval(s: &Sample<'_>, method: Method, level: f64) -> Option<BootstrapInterval> {
    if !matches!(
        method,
        Method::Percentile | Method::Basic | Method::Bc | Method::BootstrapT
    ) || (method == Method::BootstrapT && s.standard_error.is_none())
    {
        return None;
    }
    let values: Vec<(f64, f64)> = s.values.iter().flatten().copied().collect();
    let total = s.values.len();
    let missing = (total - values.len()) as f64 / total.max(1) as f64;
    let tail = 0.5 * (1.0 - level);
    let natural = |x: f64| to_natural(s.scale, x);
    let at = tails(s, &values, method, level);
    let (low, high) = at.map_or((None, None), |t| ends(s, &values, method, t));
    let end = |x: Option<f64>, side: usize| {
        if s.at_bound[side] >= tail {
            return End::AtBound;
        }
        match x {
            Some(x) if x.is_finite() => End::Closed(natural(x)),
            _ => End::Open,
        }
    };
    let (lower, upper) = (end(low, 0), end(high, 1));
    // All failures beyond one end: the quantile of the rest that is left for it.
    let rest = |t: f64| (missing < t).then(|| (t - missing) / (1.0 - missing));
    let extreme = at.map_or(Range::default(), |(a, b)| {
        let low = rest(a).and_then(|a| ends(s, &values, method, (a, b)).0);
        let high = rest(b).and_then(|b| ends(s, &values, method, (a, b)).1);
        let show =
            |end: End, x: Option<f64>| end.closed().and(x).filter(|x| x.is_finite()).map(natural);
        Range {
            lower: show(lower, low),
            upper: show(upper, high),
        }
    });
    let cause = |end: End| match end {
        End::AtBound => Some(Cause::Bound(vec![s.id.to_string()])),
        _ => None,
    };
    let (lower_mc, upper_mc) = match (method, at) {
        (Method::Percentile | Method::Bc, Some((a, b))) => {
            let mut sorted: Vec<f64> = values.iter().map(|v| v.0).collect();
            sorted.sort_by(f64::total_cmp);
            (monte_carlo(&sorted, a), monte_carlo(&sorted, 1.0 - b))
        }
        (Method::Basic, Some((a, b))) => {
            let mut sorted: Vec<f64> = values.iter().map(|v| 2.0 * s.estimate - v.0).collect();
            sorted.sort_by(f64::total_cmp);
            (monte_carlo(&sorted, a), monte_carlo(&sorted, 1.0 - b))
        }
        (Method::BootstrapT, Some((a, b))) => {
            let se = s.standard_error.unwrap_or(f64::NAN);
            let mut sorted: Vec<f64> = values
                .iter()
                .map(|(x, e)| s.estimate - (x - s.estimate) / e * se)
                .filter(|x| !x.is_nan())
                .collect();
            sorted.sort_by(f64::total_cmp);
            (monte_carlo(&sorted, a), monte_carlo(&sorted, 1.0 - b))
        }
        _ => ((None, None), (None, None)),
    };
    let range = |end: End, (a, b): (Option<f64>, Option<f64>)| {
        let show = |x: Option<f64>| end.closed().and(x).filter(|x| x.is_finite()).map(natural);
        Range {
            lower: show(a),
            upper: show(b),
        }
    };
    Some(BootstrapInterval {
        id: s.id.to_string(),
        interval: Interval {
            method,
            level,
            lower,
            upper,
            lower_cause: if s.bounded { cause(lower) } else { None },
            upper_cause: if s.bounded { cause(upper) } else { None },
        },
        if_failures_extreme: extreme,
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
            "percentile, basic and bias-corrected intervals of plug-in draws cover 88–91 % at n = 5 where they say 95 %: use draw `t` for intervals".into(),
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
