//! What the data can determine, in words.

mod structural;
mod words;

pub use structural::structural;

use serde::{Deserialize, Serialize};

use crate::objective::Coordinate;
use crate::objective::target::to_scaled;

use super::draw;
use super::fisher::Linearised;
use super::interval::{Cause, End, Interval};
use super::verdict::Verdict;

/// A direction along which no row of data changes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FreeCombination {
    /// Parameters that take part.
    pub parameters: Vec<String>,
    /// Components on the estimation scale, the largest 1 in size.
    pub direction: Vec<f64>,
    /// Whether it is the same at every point looked at (a product or ratio on logarithmic scales).
    pub constant: bool,
    /// What is determined, in words: "only k_int/Kd is determined".
    pub text: String,
}

/// Structural identifiability.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Structural {
    /// Rank of the sensitivity matrix (largest over the points).
    pub rank: usize,
    /// Estimated parameters.
    pub n_estimated: usize,
    /// Points at which it was computed.
    pub points: usize,
    /// Points at which the model could not be evaluated.
    pub failed: usize,
    /// What stays free.
    pub free: Vec<FreeCombination>,
}

/// Judgement of a parameter.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Judgement {
    /// Parameter id.
    pub id: String,
    /// Verdict.
    pub verdict: Verdict,
    /// In words: what is determined, what bounds each end.
    pub text: String,
}

/// Prior share from which an estimate says what its prior says (judged, see the science notes).
pub const PRIOR_ONLY_SHARE: f64 = 0.9;
/// Width of an interval relative to the prior's from which the same holds.
pub const PRIOR_ONLY_WIDTH: f64 = 0.9;

/// Judges every parameter: prior-only, structurally free, practically free, or identifiable, with what holds each end.
///
/// `intervals` are the reference intervals on the natural scale (profiles), in the order of the coordinates; a missing one
/// leaves the parameter unjudged beyond its structure and prior.
pub fn judge(
    coordinates: &[Coordinate],
    fit: &Linearised,
    intervals: &[Option<Interval>],
    structural: Option<&Structural>,
    level: f64,
) -> Vec<Judgement> {
    coordinates
        .iter()
        .enumerate()
        .map(|(j, c)| {
            let interval = intervals.get(j).and_then(Option::as_ref);
            // A combination that a prior of one of its parameters settles is not left free: what that is worth, prior
            // shares and profiles say.
            let unsettled = |f: &&FreeCombination| {
                f.parameters.contains(&c.id)
                    && coordinates
                        .iter()
                        .filter(|o| f.parameters.contains(&o.id))
                        .all(|o| draw::informative(o).is_none())
            };
            let free = structural.and_then(|s| s.free.iter().find(unsettled));
            let (verdict, text) = judge_one(j, c, fit, interval, free, level);
            Judgement {
                id: c.id.clone(),
                verdict,
                text,
            }
        })
        .collect()
}

fn judge_one(
    j: usize,
    c: &Coordinate,
    fit: &Linearised,
    interval: Option<&Interval>,
    free: Option<&FreeCombination>,
    level: f64,
) -> (Verdict, String) {
    let share = fit.prior_share[j];
    if share >= PRIOR_ONLY_SHARE {
        return (
            Verdict::PriorOnly,
            format!(
                "{:.0} % of the information on {} comes from its prior: it is not an estimate",
                100.0 * share,
                c.id
            ),
        );
    }
    if let Some(ratio) = interval.and_then(|i| width_over_prior(c, i, level))
        && ratio > PRIOR_ONLY_WIDTH
    {
        return (
            Verdict::PriorOnly,
            format!(
                "the interval of {} is {:.0} % as wide as its prior's: it is not an estimate",
                c.id,
                100.0 * ratio
            ),
        );
    }
    if let Some(free) = free {
        return (Verdict::StructurallyNonIdentifiable, free.text.clone());
    }
    let Some(interval) = interval else {
        return match fit.covariance.of_coordinate(j) {
            Some(_) => (
                Verdict::Identifiable,
                "determined at the fit; without a profile its ends are not known".into(),
            ),
            None => (
                Verdict::PracticallyNonIdentifiable,
                "not determined at the fit".into(),
            ),
        };
    };
    of_ends(interval)
}

/// What the ends of an interval say, and what holds each.
pub fn of_ends(interval: &Interval) -> (Verdict, String) {
    let (lower, upper) = (
        end_in_words("lower", interval.lower, interval.lower_cause.as_ref()),
        end_in_words("upper", interval.upper, interval.upper_cause.as_ref()),
    );
    let verdict = if interval.ends().is_some() {
        Verdict::Identifiable
    } else {
        Verdict::PracticallyNonIdentifiable
    };
    (verdict, format!("{lower}; {upper}"))
}

/// Width of an interval over that of the prior's own, on the estimation scale.
fn width_over_prior(c: &Coordinate, interval: &Interval, level: f64) -> Option<f64> {
    let d = draw::informative(c)?;
    let on_scale = c.prior.as_ref().is_some_and(|p| p.on_scale);
    let scaled = |x: f64| {
        let x = if on_scale { x } else { to_scaled(c.scale, x) };
        x.max(c.lower).min(c.upper)
    };
    let tail = 0.5 * (1.0 - level);
    let prior = scaled(d.quantile(1.0 - tail)) - scaled(d.quantile(tail));
    let (a, b) = interval.ends()?;
    let own = to_scaled(c.scale, b) - to_scaled(c.scale, a);
    (prior > 0.0).then_some(own / prior)
}

fn end_in_words(side: &str, end: End, cause: Option<&Cause>) -> String {
    let by = match cause {
        Some(Cause::Data) => "the data".to_string(),
        Some(Cause::Prior) => "a prior".into(),
        Some(Cause::Relations) => "the relations".into(),
        Some(Cause::Bound(ids)) if ids.is_empty() => "a bound".into(),
        Some(Cause::Bound(ids)) => format!("the bound of {}, not the data", ids.join(", ")),
        Some(Cause::Failure(reason)) => {
            return format!("beyond its {side} end the model could not be evaluated ({reason})");
        }
        Some(Cause::Refits) => {
            return format!("its {side} end was not reached within the refits of a profile");
        }
        Some(Cause::Nothing) | None => String::new(),
    };
    match end {
        End::Closed(_) if by.is_empty() => format!("its {side} end is closed"),
        End::Closed(_) => format!("its {side} end is set by {by}"),
        End::AtBound if by.is_empty() => format!("its {side} end lies at its bound"),
        End::AtBound => format!("its {side} end is set by {by}"),
        End::Open => format!("it has no {side} end: the other parameters make up for every change"),
    }
}
