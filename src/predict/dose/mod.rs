//! Response against the dose of one input.

mod result;

pub use result::{Absolute, CurvePoint, DoseResponse, DoseSummary, FoldShift};

use crate::objective::EvalError;
use crate::uncertainty::{Covariance, Interval, Method};
use rayon::prelude::*;

use super::curve::{self, Curve, CurveGradient, Top};
use super::dosing::Input;
use super::estimate::{Maybe, ends, split};
use super::{Estimate, Response, Tell, Warning, Watch};

/// Prior share of log EC50 from which the position of a curve counts as the prior's.
pub const PRIOR_ONLY: f64 = 0.9;

/// What is varied, and what is asked.
#[derive(Debug, Clone, PartialEq)]
pub struct DoseSetup {
    /// Index of the varied input among the doses of the response.
    pub which: usize,
    /// Doses of all inputs of the response; that of the varied one is not used.
    pub others: Vec<f64>,
    /// The varied input.
    pub input: Input,
    /// The response as an expression.
    pub response: String,
    /// Its unit as written.
    pub response_unit: Option<String>,
    /// Doses, positive and ascending.
    pub doses: Vec<f64>,
    /// Response at the full effect, for absolute doses.
    pub full: Option<f64>,
    /// Level of the intervals.
    pub level: f64,
}

/// A dose-response with what further comparisons need.
#[derive(Debug, Clone, PartialEq)]
pub struct DoseResult {
    /// The result.
    pub response: DoseResponse,
    /// The curve at the fit.
    pub curve: Curve,
    /// Its gradients at the fit, if a covariance was given.
    pub gradient: Option<CurveGradient>,
    /// log10 EC50 in each replicate (NaN where it failed or is not defined).
    pub log_ec50: Vec<Maybe>,
}

/// The curve of one parameter vector: a pure function of it.
///
/// # Errors
/// [`EvalError`] if the response fails within the range.
pub fn at<R: Response>(
    response: &R,
    setup: &DoseSetup,
    theta: &[f64],
    ws: &mut R::Workspace,
) -> Result<Curve, EvalError> {
    let mut doses = setup.others.clone();
    curve::curve(&setup.doses, setup.full, response.noise(), &mut |d| {
        if let Some(x) = doses.get_mut(setup.which) {
            *x = d;
        }
        response.value(theta, &doses, ws)
    })
}

/// Gradients of a curve by the parameters.
///
/// # Errors
/// [`EvalError`] if the response fails.
pub fn gradient_at<R: Response>(
    response: &R,
    setup: &DoseSetup,
    theta: &[f64],
    at: &Curve,
    ws: &mut R::Workspace,
) -> Result<CurveGradient, EvalError> {
    let mut doses = setup.others.clone();
    curve::gradient(at, setup.full, response.noise(), &mut |d| {
        slope(response, setup, theta, &mut doses, d, ws)
    })
}

fn slope<R: Response>(
    response: &R,
    setup: &DoseSetup,
    theta: &[f64],
    doses: &mut [f64],
    d: f64,
    ws: &mut R::Workspace,
) -> Result<curve::Slope, EvalError> {
    if let Some(x) = doses.get_mut(setup.which) {
        *x = d;
    }
    let (value, mut gradient) = response.gradient(theta, doses, ws)?;
    let by_dose = gradient
        .get(theta.len() + setup.which)
        .copied()
        .unwrap_or(f64::NAN);
    gradient.truncate(theta.len());
    Ok((value, gradient, by_dose))
}

/// The dose-response of a fit with intervals: percentiles of replicates (parameter vectors on the estimation scale, of a
/// bootstrap or drawn from priors), and Fisher intervals by the delta method where a covariance is given.
///
/// A replicate that fails counts as extreme on both sides. `tell` is told of the replicates.
///
/// # Errors
/// [`EvalError`] if the response fails at the fit.
pub fn dose_response<R: Response>(
    response: &R,
    setup: &DoseSetup,
    theta: &[f64],
    replicates: &[Vec<f64>],
    covariance: Option<&Covariance>,
    tell: Watch<'_>,
) -> Result<DoseResult, EvalError> {
    let mut ws = response.workspace();
    let fit = at(response, setup, theta, &mut ws)?;
    let gradient = match covariance {
        Some(_) => Some(gradient_at(response, setup, theta, &fit, &mut ws)?),
        None => None,
    };
    tell(Tell::Expect(replicates.len() as u64));
    let outcomes: Vec<Result<Curve, EvalError>> = replicates
        .par_iter()
        .map_init(
            || response.workspace(),
            |ws, theta| {
                let curve = at(response, setup, theta, ws);
                tell(Tell::Done);
                curve
            },
        )
        .collect();
    let log_ec50: Vec<Maybe> = outcomes
        .iter()
        .map(|o| o.as_ref().map_or(f64::NAN, |c| c.log_ec[1]))
        .collect();
    let pick = |of: &dyn Fn(&Curve) -> Maybe| -> Vec<Maybe> {
        outcomes
            .iter()
            .map(|o| o.as_ref().map_or(f64::NAN, of))
            .collect()
    };
    let fisher = Fisher {
        covariance,
        level: setup.level,
    };
    let estimate = |of: &dyn Fn(&Curve) -> Maybe, by: Option<&Vec<f64>>| -> Estimate {
        let mut e = Estimate::from_replicates(of(&fit), &pick(of), setup.level);
        fisher.add(&mut e, of(&fit), by);
        e
    };
    let g = gradient.as_ref();
    let in_range = |log_dose: f64| Some(!setup.input.extrapolated(libm::exp10(log_dose)));
    let dose_of = |of: &dyn Fn(&Curve) -> Maybe, by: Option<&Vec<f64>>| -> Estimate {
        let mut e = estimate(of, by).map(libm::exp10);
        e.in_tested_range = of(&fit).is_finite().then(|| in_range(of(&fit))).flatten();
        e
    };
    let mut emax = estimate(&|c| c.emax, g.map(|g| &g.emax));
    emax.in_tested_range = in_range(fit.log_ec[2]).filter(|_| fit.log_ec[2].is_finite());
    let mut hill = estimate(&|c| libm::log(c.hill), g.map(|g| &g.log_hill)).map(libm::exp);
    hill.in_tested_range = in_range(fit.log_ec[0])
        .zip(in_range(fit.log_ec[2]))
        .filter(|_| fit.hill.is_finite())
        .map(|(a, b)| a && b);
    let relative = |k: usize| dose_of(&|c| c.log_ec[k], g.map(|g| &g.log_ec[k]));
    let absolute = |k: usize| {
        dose_of(
            &|c| c.log_absolute.map_or(f64::NAN, |a| a[k]),
            g.map(|g| &g.log_absolute[k]),
        )
    };
    let summary = DoseSummary {
        control: estimate(&|c| c.control, g.map(|g| &g.control)),
        emax,
        ec10: relative(0),
        ec50: relative(1),
        ec90: relative(2),
        hill,
        absolute: setup.full.map(|full| Absolute {
            full,
            ec10: absolute(0),
            ec50: absolute(1),
            ec90: absolute(2),
        }),
    };
    let (points, method) = if replicates.is_empty() {
        fisher_points(response, setup, theta, &fit, covariance, &mut ws)?
    } else {
        (points(setup, &fit, &outcomes), Some(Method::Percentile))
    };
    let prior_only = summary.ec50.prior_share.is_some_and(|w| w >= PRIOR_ONLY);
    let warnings = warnings(setup, &fit, &summary, prior_only);
    let (_, failed) = split(outcomes);
    Ok(DoseResult {
        response: DoseResponse {
            input: setup.input.id.clone(),
            input_unit: setup.input.unit.clone(),
            response: setup.response.clone(),
            response_unit: setup.response_unit.clone(),
            curve: points,
            summary,
            tested: setup.input.tested.clone(),
            level: setup.level,
            method,
            replicates: replicates.len(),
            prior_draws: 0,
            failed,
            prior_only,
            warnings,
        },
        curve: fit,
        gradient,
        log_ec50,
    })
}

/// Intervals by the delta method.
struct Fisher<'c> {
    covariance: Option<&'c Covariance>,
    level: f64,
}

impl Fisher<'_> {
    fn add(&self, e: &mut Estimate, value: Maybe, gradient: Option<&Vec<f64>>) {
        let (Some(covariance), Some(gradient)) = (self.covariance, gradient) else {
            return;
        };
        if gradient.is_empty() || !value.is_finite() {
            return;
        }
        e.prior_share = covariance.prior_share_of(gradient);
        if let Some(scatter) = covariance.of(gradient) {
            let half = scatter.half_width(self.level);
            e.add(Interval::closed(
                Method::Fisher,
                self.level,
                value - half,
                value + half,
            ));
        }
    }
}

/// Points of the curve with the percentiles of replicates.
fn points(
    setup: &DoseSetup,
    fit: &Curve,
    outcomes: &[Result<Curve, EvalError>],
) -> Vec<CurvePoint> {
    setup
        .doses
        .iter()
        .zip(&fit.values)
        .enumerate()
        .map(|(i, (&dose, &value))| {
            let column: Vec<Maybe> = outcomes
                .iter()
                .map(|o| match o {
                    Ok(c) => c.values.get(i).copied().unwrap_or(f64::NAN),
                    Err(_) => f64::NAN,
                })
                .collect();
            let (lower, upper) = ends(&column, setup.level);
            CurvePoint {
                dose,
                value,
                lower: lower.closed().unwrap_or(f64::NAN),
                upper: upper.closed().unwrap_or(f64::NAN),
                extrapolated: setup.input.extrapolated(dose),
            }
        })
        .collect()
}

/// Points of the curve with Fisher intervals, or without any.
fn fisher_points<R: Response>(
    response: &R,
    setup: &DoseSetup,
    theta: &[f64],
    fit: &Curve,
    covariance: Option<&Covariance>,
    ws: &mut R::Workspace,
) -> Result<(Vec<CurvePoint>, Option<Method>), EvalError> {
    let mut doses = setup.others.clone();
    let mut list = Vec::with_capacity(setup.doses.len());
    for (&dose, &value) in setup.doses.iter().zip(&fit.values) {
        let half = match covariance {
            Some(c) => {
                let (_, gradient, _) = slope(response, setup, theta, &mut doses, dose, ws)?;
                c.of(&gradient)
                    .map_or(f64::NAN, |s| s.half_width(setup.level))
            }
            None => f64::NAN,
        };
        list.push(CurvePoint {
            dose,
            value,
            lower: value - half,
            upper: value + half,
            extrapolated: setup.input.extrapolated(dose),
        });
    }
    Ok((list, covariance.map(|_| Method::Fisher)))
}

fn warnings(
    setup: &DoseSetup,
    fit: &Curve,
    summary: &DoseSummary,
    prior_only: bool,
) -> Vec<Warning> {
    let mut list = Vec::new();
    let id = &setup.input.id;
    if prior_only {
        let share = summary.ec50.prior_share.unwrap_or(1.0);
        list.push(Warning::new(
            "dose-prior-only",
            format!(
                "the position of the curve along the dose of `{id}` comes from priors (share {share:.2}), not from these data"
            ),
        ));
    }
    let beyond = setup
        .doses
        .iter()
        .filter(|d| setup.input.extrapolated(**d))
        .count();
    let unit = match setup.input.unit.as_deref() {
        Some(u) if !matches!(u, "" | "1" | "dimensionless") => format!(" {u}"),
        _ => String::new(),
    };
    match (setup.input.tested.first(), setup.input.tested.last()) {
        (Some(a), Some(b)) if beyond > 0 => list.push(Warning::new(
            "dose-extrapolated",
            if a == b {
                format!(
                    "the data hold one dose of `{id}`, {a}{unit}; {beyond} of {} doses are extrapolated from it by the model",
                    setup.doses.len()
                )
            } else {
                format!(
                    "{beyond} of {} doses of `{id}` lie outside those of the data, {a} to {b}{unit}",
                    setup.doses.len()
                )
            },
        )),
        (None, _) => list.push(Warning::new(
            "dose-untested",
            format!("the data hold no dose of `{id}`: all of this is the model's prediction"),
        )),
        _ => {}
    }
    match fit.top {
        Top::Nothing => list.push(Warning::new(
            "dose-no-effect",
            format!("no dose of `{id}` changes the response: EC50 and slope are not defined"),
        )),
        Top::Unbounded => list.push(Warning::new(
            "dose-no-plateau",
            format!(
                "the response grows with the dose of `{id}` without a plateau: there is no largest effect, and no relative EC50"
            ),
        )),
        Top::Peak(x) => list.push(Warning::new(
            "dose-peak",
            format!(
                "the effect of `{id}` is largest at a dose of {:.3e} and smaller beyond: EC10 to EC90 are those of the rising part",
                libm::exp10(x)
            ),
        )),
        Top::Plateau(_) => {}
    }
    list
}

/// Gradient of log10 of the fold shift of EC50 between two curves; empty where it is not defined.
pub fn shift_gradient(from: &CurveGradient, to: &CurveGradient) -> Vec<f64> {
    let pairs = to.log_ec[1].iter().zip(&from.log_ec[1]);
    pairs.map(|(b, a)| b - a).collect()
}

/// Fold shift of EC50 between two dose-responses that were computed from the same replicates.
pub fn fold_shift(
    from: &DoseResult,
    to: &DoseResult,
    covariance: Option<&Covariance>,
) -> FoldShift {
    let level = from.response.level;
    let value = to.curve.log_ec[1] - from.curve.log_ec[1];
    let replicates: Vec<Maybe> = from
        .log_ec50
        .iter()
        .zip(&to.log_ec50)
        .map(|(a, b)| b - a)
        .collect();
    let mut ec50 = Estimate::from_replicates(value, &replicates, level);
    if let (Some(a), Some(b)) = (&from.gradient, &to.gradient) {
        let by = shift_gradient(a, b);
        Fisher { covariance, level }.add(&mut ec50, value, Some(&by));
    }
    FoldShift {
        input: from.response.input.clone(),
        from: from.response.response.clone(),
        to: to.response.response.clone(),
        ec50: ec50.map(libm::exp10),
    }
}
