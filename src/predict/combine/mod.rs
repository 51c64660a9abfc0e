//! Two drugs together: the surface of the response, what the drugs would do together if they did not interact, and the
//! difference.
//!
//! Effects are parts of a full effect, `f = (R − R₀)/(F − R₀)` with R₀ the response without drugs and F that of the full
//! effect (0 for viability, the top of the scale for inhibition). Beyond the effects alone, `f_A(a)` and `f_B(b)`:
//!
//! * highest single agent: `f − max(f_A, f_B)`;
//! * Bliss (1939): `f − (f_A + f_B − f_A·f_B)`, independent action;
//! * Loewe (1926): `f − f_L` with `a/D_A(f_L) + b/D_B(f_L) = 1`, `D(f)` the dose alone with effect f: dose additivity. A
//!   drug that never reaches `f_L` alone contributes nothing; where a drug alone does nothing at all, or the drugs act in
//!   opposite directions, dose additivity has no meaning and is not given.

mod alone;
mod chebyshev;
mod check;
mod isobole;
mod sample;

use rayon::prelude::*;

use crate::objective::EvalError;

use super::combination::{Cell, Combination, Readout, Score, SurfacePoint, Synergy};
use super::dosing::Input;
use super::estimate::{ends, split};
use super::{Failures, Response, Tell, Warning, Watch};
use alone::Panels;
use check::Check;
use sample::{Axis, Plan, Refusal, Sampled, sample};

/// What is combined, and what is asked.
#[derive(Debug, Clone, PartialEq)]
pub struct CombineSetup {
    /// The two inputs: those of the response, in order.
    pub inputs: [Input; 2],
    /// The response as an expression.
    pub response: String,
    /// Its unit as written.
    pub response_unit: Option<String>,
    /// Direction of the readout.
    pub readout: Readout,
    /// Response at the full effect.
    pub full: f64,
    /// Doses of the first drug, positive and ascending.
    pub doses_a: Vec<f64>,
    /// Doses of the second drug, positive and ascending.
    pub doses_b: Vec<f64>,
    /// Effects whose isoboles are drawn; empty: a quarter, a half and three quarters of the largest effect.
    pub effects: Vec<f64>,
    /// Level of the intervals.
    pub level: f64,
}

/// Response at the full effect by convention: 0 for viability; for inhibition 100 of a percentage and 1 of a fraction.
/// `None` where it has to be declared.
pub fn default_full(readout: Readout, unit: Option<&str>) -> Option<f64> {
    match (readout, unit) {
        (Readout::Viability, _) => Some(0.0),
        (Readout::Inhibition, Some("percent" | "%")) => Some(100.0),
        (Readout::Inhibition, Some("1")) => Some(1.0),
        (Readout::Inhibition, _) => None,
    }
}

/// Why there is no surface.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum CombineError {
    /// The response fails at the fit.
    #[error(transparent)]
    Response(#[from] EvalError),
    /// Control and full effect are the same.
    #[error(
        "the response without drugs, {control}, is that of the full effect: nothing is left for a drug to do (is the readout an inhibition or a viability?)"
    )]
    NoRoom {
        /// Response without drugs.
        control: f64,
    },
    /// The readout points the other way.
    #[error(
        "the readout is declared as {declared}, but the response at the full effect, {full}, lies {side} that without drugs, {control}"
    )]
    Direction {
        /// Direction declared.
        declared: &'static str,
        /// Response at the full effect.
        full: f64,
        /// Side on which it lies.
        side: &'static str,
        /// Response without drugs.
        control: f64,
    },
    /// Too few doses.
    #[error("a surface needs at least two doses of each drug")]
    Doses,
}

/// Decades beyond the highest dose in which equivalent doses are looked for, at the fit.
const BEYOND_FIT: f64 = 6.0;
/// The same for replicates: what lies beyond adds less than 1e-4 of an additive dose.
const BEYOND: f64 = 4.0;
/// Points of a panel of one decade at the fit: about ten digits for a slope of 1, seven for a slope of 3.
const FIT_POINTS: usize = 24;
/// Points of a panel of two decades for replicates: about six digits for a slope of 1, three for a slope of 2.
const POINTS: usize = 13;
/// Interpolation points of the two axes, tried in this order until the error is small enough.
const LADDER: [[usize; 2]; 9] = [
    [9, 9],
    [17, 9],
    [9, 17],
    [17, 17],
    [33, 17],
    [17, 33],
    [33, 33],
    [65, 33],
    [33, 65],
];
/// Error of the interpolation in widths of the interval at which it is good enough.
const GOOD_ENOUGH: f64 = 0.01;
/// The width of an interval is judged from a few pilots only, so that their error is held to a third.
const PILOT_SAFETY: f64 = 3.0;

/// The surface at the fit with intervals from replicates (parameter vectors on the estimation scale).
///
/// Replicates are simulated at Chebyshev points in the logarithm of the doses and interpolated; the number of points grows
/// until the error, checked against simulations between the points, is below 1 % of the interval's width there. Small
/// surfaces are simulated as they are. `tell` is told of the replicates.
///
/// # Errors
/// [`CombineError`].
pub fn combine<R: Response>(
    response: &R,
    setup: &CombineSetup,
    theta: &[f64],
    replicates: &[Vec<f64>],
    tell: Watch<'_>,
) -> Result<Combination, CombineError> {
    let (n, m) = (setup.doses_a.len(), setup.doses_b.len());
    if n < 2 || m < 2 {
        return Err(CombineError::Doses);
    }
    let fit_plan = Plan {
        axes: [Axis::direct(&setup.doses_a), Axis::direct(&setup.doses_b)],
        panels: panels(setup, BEYOND_FIT, 1.0, FIT_POINTS),
    };
    let fit = sample(response, setup, &fit_plan, theta, &mut response.workspace())?;
    direction(setup, fit.control)?;
    let run = replicate(response, setup, replicates, tell);
    let rows: Vec<Row> = (0..n)
        .into_par_iter()
        .map(|i| row(setup, &fit_plan, &fit, &run, i))
        .collect();
    let synergy = synergy(setup, &fit, &rows, run.sampled.len());
    let isoboles = isobole::isoboles(response, setup, &fit_plan, &fit, &run, theta);
    let warnings = warnings(setup, &fit, &run);
    Ok(Combination {
        inputs: [setup.inputs[0].id.clone(), setup.inputs[1].id.clone()],
        input_units: [setup.inputs[0].unit.clone(), setup.inputs[1].unit.clone()],
        response: setup.response.clone(),
        response_unit: setup.response_unit.clone(),
        readout: setup.readout,
        control: fit.control,
        full: setup.full,
        doses_a: setup.doses_a.clone(),
        doses_b: setup.doses_b.clone(),
        surface: rows.into_iter().flat_map(|r| r.points).collect(),
        synergy,
        isoboles,
        level: setup.level,
        replicates: replicates.len(),
        failed: run.failed,
        interpolation_error: run.error,
        nodes: [run.plan.axes[0].nodes(), run.plan.axes[1].nodes()],
        warnings,
    })
}

fn panels(setup: &CombineSetup, beyond: f64, width: f64, n: usize) -> [Panels; 2] {
    let one = |doses: &[f64]| {
        let ends = (
            doses.first().map_or(0.0, |d| libm::log10(*d)),
            doses.last().map_or(1.0, |d| libm::log10(*d)),
        );
        Panels::new(ends.0, ends.1 + beyond, width, n)
    };
    [one(&setup.doses_a), one(&setup.doses_b)]
}

fn direction(setup: &CombineSetup, control: f64) -> Result<(), CombineError> {
    let full = setup.full;
    if full == control || !(full - control).is_finite() {
        return Err(CombineError::NoRoom { control });
    }
    let above = full > control;
    match (setup.readout, above) {
        (Readout::Inhibition, true) | (Readout::Viability, false) => Ok(()),
        (Readout::Inhibition, false) => Err(CombineError::Direction {
            declared: "an inhibition",
            full,
            side: "below",
            control,
        }),
        (Readout::Viability, true) => Err(CombineError::Direction {
            declared: "a viability",
            full,
            side: "above",
            control,
        }),
    }
}

/// The replicates' responses.
pub(super) struct Run {
    plan: Plan,
    sampled: Vec<Sampled>,
    failed: Failures,
    error: f64,
}

/// Simulates all replicates under the cheapest plan that is accurate enough.
fn replicate<R: Response>(
    response: &R,
    setup: &CombineSetup,
    replicates: &[Vec<f64>],
    tell: Watch<'_>,
) -> Run {
    let (n, m) = (setup.doses_a.len(), setup.doses_b.len());
    let panels = panels(setup, BEYOND, 2.0, POINTS);
    let all = |plan: &Plan| {
        tell(Tell::Expect(replicates.len() as u64));
        let outcomes: Vec<Result<Sampled, EvalError>> = replicates
            .par_iter()
            .map_init(
                || response.workspace(),
                |ws, theta| {
                    let sampled = sample(response, setup, plan, theta, ws);
                    tell(Tell::Done);
                    sampled
                },
            )
            .collect();
        split(outcomes)
    };
    let direct = Plan {
        axes: [Axis::direct(&setup.doses_a), Axis::direct(&setup.doses_b)],
        panels: panels.clone(),
    };
    let check = Check::new(response, setup, replicates);
    for [a, b] in LADDER {
        if a * b >= n * m || replicates.is_empty() {
            break;
        }
        let plan = Plan {
            axes: [
                Axis::interpolated(&setup.doses_a, a),
                Axis::interpolated(&setup.doses_b, b),
            ],
            panels: panels.clone(),
        };
        if check.pilot_error(response, setup, &plan) * PILOT_SAFETY > GOOD_ENOUGH {
            continue;
        }
        let (sampled, failed) = all(&plan);
        let error = check.error(&plan, &sampled, response, setup);
        if error <= GOOD_ENOUGH {
            return Run {
                plan,
                sampled,
                failed,
                error,
            };
        }
    }
    let (sampled, failed) = all(&direct);
    Run {
        plan: direct,
        sampled,
        failed,
        error: 0.0,
    }
}

/// A row of the surface, and what the scores need from it.
struct Row {
    points: Vec<SurfacePoint>,
    /// Per definition: sum of the excess at the fit and in each replicate.
    sums: [(f64, Vec<f64>); 3],
    /// Per definition: largest excess at the fit with its column, and in each replicate.
    largest: [(f64, usize, Vec<f64>); 3],
}

fn row(setup: &CombineSetup, fit_plan: &Plan, fit: &Sampled, run: &Run, i: usize) -> Row {
    let m = setup.doses_b.len();
    let responses = fit.row(fit_plan, i);
    let excess = fit.excess(setup, i, &responses, true);
    let count = run.sampled.len();
    // By column: responses and excesses of all replicates.
    let mut columns: [Vec<Vec<f64>>; 4] =
        std::array::from_fn(|_| vec![Vec::with_capacity(count); m]);
    let mut sums: [(f64, Vec<f64>); 3] =
        std::array::from_fn(|d| (excess[d].iter().sum(), Vec::with_capacity(count)));
    let mut largest: [(f64, usize, Vec<f64>); 3] = std::array::from_fn(|d| {
        let (at, value) = largest_of(&excess[d]);
        (value, at, Vec::with_capacity(count))
    });
    for s in &run.sampled {
        let r = s.row(&run.plan, i);
        let e = s.excess(setup, i, &r, false);
        for d in 0..3 {
            sums[d].1.push(e[d].iter().sum());
            largest[d].2.push(largest_of(&e[d]).1);
        }
        let [bliss, loewe, hsa] = e;
        for (list, values) in columns.iter_mut().zip([r, bliss, loewe, hsa]) {
            for (column, v) in list.iter_mut().zip(values) {
                column.push(v);
            }
        }
    }
    let points = (0..m)
        .map(|j| {
            let cell = |k: usize, value: f64| {
                let (lower, upper) = ends(&columns[k][j], setup.level);
                Cell {
                    value,
                    lower: lower.closed().unwrap_or(f64::NAN),
                    upper: upper.closed().unwrap_or(f64::NAN),
                }
            };
            SurfacePoint {
                a: setup.doses_a[i],
                b: setup.doses_b[j],
                response: cell(0, responses[j]),
                effect: fit.effect(responses[j]),
                bliss: cell(1, excess[0][j]),
                loewe: cell(2, excess[1][j]),
                hsa: cell(3, excess[2][j]),
                extrapolated: setup.inputs[0].extrapolated(setup.doses_a[i])
                    || setup.inputs[1].extrapolated(setup.doses_b[j]),
            }
        })
        .collect();
    Row {
        points,
        sums,
        largest,
    }
}

/// Index and value of the largest in size; NaN if there is none.
fn largest_of(list: &[f64]) -> (usize, f64) {
    list.iter()
        .enumerate()
        .fold((0, f64::NAN), |(k, m), (i, x)| {
            if m.is_nan() || x.abs() > m.abs() {
                (i, *x)
            } else {
                (k, m)
            }
        })
}

fn synergy(setup: &CombineSetup, fit: &Sampled, rows: &[Row], replicates: usize) -> Synergy {
    let points = (rows.len() * setup.doses_b.len()) as f64;
    let score = |d: usize| {
        let mean = rows.iter().map(|r| r.sums[d].0).sum::<f64>() / points;
        let means: Vec<f64> = (0..replicates)
            .map(|k| rows.iter().map(|r| r.sums[d].1[k]).sum::<f64>() / points)
            .collect();
        let (i, value) = largest_of(&rows.iter().map(|r| r.largest[d].0).collect::<Vec<_>>());
        let maxima: Vec<f64> = (0..replicates)
            .map(|k| largest_of(&rows.iter().map(|r| r.largest[d].2[k]).collect::<Vec<_>>()).1)
            .collect();
        let close = |list: &[f64]| {
            let (lower, upper) = ends(list, setup.level);
            (
                lower.closed().unwrap_or(f64::NAN),
                upper.closed().unwrap_or(f64::NAN),
            )
        };
        let ((lower, upper), (least, most)) = (close(&means), close(&maxima));
        let not_applicable = match (d, &fit.pair) {
            (1, Err(refusal)) => Some(refused(setup, *refusal)),
            _ => None,
        };
        let verdict = if not_applicable.is_some() {
            "not_applicable"
        } else if replicates == 0 {
            "not_assessed"
        } else if lower > 0.0 {
            "synergy"
        } else if upper < 0.0 {
            "antagonism"
        } else {
            "not_distinguished"
        };
        Score {
            mean,
            lower,
            upper,
            largest: Cell {
                value,
                lower: least,
                upper: most,
            },
            largest_at: [
                setup.doses_a.get(i).copied().unwrap_or(f64::NAN),
                rows.get(i)
                    .and_then(|r| setup.doses_b.get(r.largest[d].1))
                    .copied()
                    .unwrap_or(f64::NAN),
            ],
            not_applicable,
            verdict: verdict.into(),
        }
    };
    Synergy {
        bliss: score(0),
        loewe: score(1),
        hsa: score(2),
    }
}

fn refused(setup: &CombineSetup, refusal: Refusal) -> String {
    match refusal {
        Refusal::Nothing(which) => format!(
            "`{}` alone does nothing within its doses: no dose of it has the effect of one of `{}`",
            setup.inputs[which].id,
            setup.inputs[1 - which].id
        ),
        Refusal::Opposite => format!(
            "`{}` and `{}` alone act in opposite directions: no dose of one has the effect of the other",
            setup.inputs[0].id, setup.inputs[1].id
        ),
    }
}

/// Effects beyond these parts of the full effect say that the full effect is not full.
const EFFECT_RANGE: std::ops::RangeInclusive<f64> = -1.0..=1.05;

fn warnings(setup: &CombineSetup, fit: &Sampled, run: &Run) -> Vec<Warning> {
    let mut list = Vec::new();
    if let Err(refusal) = &fit.pair {
        let text = match refusal {
            Refusal::Nothing(which) => format!(
                "{}; Bliss and the highest single agent then only show how it changes the effect of the other",
                refused(setup, Refusal::Nothing(*which))
            ),
            Refusal::Opposite => refused(setup, *refusal),
        };
        list.push(Warning::new("combine-no-additivity", text));
    }
    for (input, doses) in setup.inputs.iter().zip([&setup.doses_a, &setup.doses_b]) {
        let beyond = doses.iter().filter(|d| input.extrapolated(**d)).count();
        if beyond > 0 {
            list.push(Warning::new(
                "dose-extrapolated",
                format!(
                    "{beyond} of {} doses of `{}` lie outside those of the data{}",
                    doses.len(),
                    input.id,
                    match (input.tested.first(), input.tested.last()) {
                        (Some(a), Some(b)) if a == b => format!(", which hold {a} only"),
                        (Some(a), Some(b)) => format!(", {a} to {b}"),
                        _ => ", which hold none".into(),
                    }
                ),
            ));
        }
    }
    let alone = fit.alone.iter().flatten();
    if alone.clone().any(|e| !EFFECT_RANGE.contains(e)) {
        list.push(Warning::new(
            "combine-full-effect",
            format!(
                "some effects lie outside 0 to 1 of the declared full effect, {}: Bliss independence assumes parts of a whole",
                setup.full
            ),
        ));
    }
    let refusing = run.sampled.iter().filter(|s| s.pair.is_err()).count();
    if refusing > 0 && fit.pair.is_ok() {
        list.push(Warning::new(
            "combine-replicates-without-additivity",
            format!(
                "in {refusing} of {} replicates a drug alone does nothing or acts the other way: they count as extreme for Loewe",
                run.sampled.len()
            ),
        ));
    }
    list
}
