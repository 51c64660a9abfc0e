//! What the data can determine, in words.

use serde::{Deserialize, Serialize};

use crate::fit::start_point;
use crate::objective::target::to_scaled;
use crate::objective::{Coordinate, Data, Linearisation, Target};
use crate::problem::Scale;

use super::covariance::{Covariance, Undetermined};
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

/// Relative singular value below which a direction counts as structurally free: sensitivities carry errors of the
/// integration, about 1e-8 at the default tolerances, and a direction is looked at again by a finite move.
const STRUCTURAL_TOLERANCE: f64 = 1e-7;
/// Finite move along a free direction, in units of its largest component on the estimation scale.
const MOVE: f64 = 0.1;
/// Largest change of a row under that move, relative to what its largest sensitivity would make of a move of that size.
const UNCHANGED: f64 = 1e-4;
/// Components of a direction below this (largest: 1) are none.
const NO_PART: f64 = 1e-3;
/// Distance from a whole number or half at which an exponent is written as such.
const WHOLE: f64 = 1e-4;
/// Prior share from which an estimate says what its prior says (judged, see the science notes).
pub const PRIOR_ONLY_SHARE: f64 = 0.9;
/// Width of an interval relative to the prior's from which the same holds.
pub const PRIOR_ONLY_WIDTH: f64 = 0.9;

/// Structural identifiability: rank of the sensitivities of all rows at `points` random points within the bounds, priors
/// and relations left out, and the combinations that stay free, in words.
///
/// A direction that is the same at every point is a product or ratio (on logarithmic scales); it is confirmed by a finite
/// move along it. Where the rank is lower than the constant directions explain, the parameters involved are named.
///
/// # References
/// Jacquez & Greif (1985) Math. Biosci. 77:201 (local identifiability by rank at generic points).
pub fn structural<T: Target>(target: &T, data: &Data, seed: u64, points: usize) -> Structural {
    let coordinates = target.coordinates();
    let n = coordinates.len();
    let mut ws = target.workspace();
    let (mut rank, mut failed, mut used) = (0, 0, 0);
    let mut stack = Linearisation::default();
    let mut infos = Vec::new();
    let mut seen: Vec<Vec<f64>> = Vec::new();
    let mut local: Vec<Undetermined> = Vec::new();
    for index in 1..=points {
        let theta = start_point(target, seed, index, points + 1);
        let at = target
            .linearise(&theta, data, &mut ws)
            .ok()
            .map(rows_only)
            .filter(|l| {
                l.rows
                    .iter()
                    .all(|r| r.gradient.iter().all(|g| g.is_finite()))
            });
        let Some(at) = at else {
            failed += 1;
            continue;
        };
        used += 1;
        let c = Covariance::with_tolerance(&at, target.rows(), data, STRUCTURAL_TOLERANCE, n);
        let own = n - c.undetermined().len();
        if own > rank || local.is_empty() {
            local = c.undetermined().to_vec();
        }
        rank = rank.max(own);
        stack.rows.extend(at.rows);
        infos.extend(target.rows().iter().cloned());
        seen.push(theta);
    }
    let mut free = Vec::new();
    if used > 0 && rank < n {
        let stacked = Data {
            weight: None,
            ..data.clone()
        };
        let c = Covariance::with_tolerance(&stack, &infos, &stacked, STRUCTURAL_TOLERANCE, n);
        let mut basis: Vec<Vec<f64>> = c
            .undetermined()
            .iter()
            .map(|u| u.direction.clone())
            .collect();
        reduce(&mut basis);
        for direction in basis {
            if seen
                .first()
                .is_some_and(|theta| !unchanged(target, data, theta, &direction, &mut ws))
            {
                continue;
            }
            free.push(FreeCombination {
                parameters: involved(coordinates, &direction),
                text: in_words(coordinates, &direction),
                direction,
                constant: true,
            });
        }
        if free.len() < n - rank {
            let mut basis: Vec<Vec<f64>> = local.iter().map(|u| u.direction.clone()).collect();
            reduce(&mut basis);
            for direction in basis {
                let parameters = involved(coordinates, &direction);
                if free.iter().any(|f| f.parameters == parameters) {
                    continue;
                }
                free.push(FreeCombination {
                    text: format!(
                        "a change of {} that no row of data shows: which combination stays free depends on the point",
                        parameters.join(", ")
                    ),
                    parameters,
                    direction,
                    constant: false,
                });
            }
        }
    }
    Structural {
        rank,
        n_estimated: n,
        points: used,
        failed,
        free,
    }
}

/// The rows alone, each counted where it carries information at all.
fn rows_only(l: Linearisation) -> Linearisation {
    Linearisation {
        rows: l.rows,
        ..Linearisation::default()
    }
}

/// Whether a finite move along a direction leaves every row as it is.
fn unchanged<T: Target>(
    target: &T,
    data: &Data,
    theta: &[f64],
    direction: &[f64],
    ws: &mut T::Workspace,
) -> bool {
    let coordinates = target.coordinates();
    let inside = |sign: f64| -> Vec<f64> {
        theta
            .iter()
            .zip(direction)
            .map(|(x, d)| x + sign * MOVE * d)
            .collect()
    };
    let fits = |p: &[f64]| {
        p.iter()
            .zip(coordinates)
            .all(|(x, c)| (c.lower..=c.upper).contains(x))
    };
    let Some(moved) = [inside(1.0), inside(-1.0)].into_iter().find(|p| fits(p)) else {
        // No room to move: the rank at the other points has to do.
        return true;
    };
    let (Ok(a), Ok(b)) = (
        target.linearise(theta, data, ws),
        target.linearise(&moved, data, ws),
    ) else {
        return true;
    };
    a.rows.iter().zip(&b.rows).all(|(p, q)| {
        let steepest = p.gradient.iter().fold(0.0_f64, |m, g| m.max(g.abs()));
        (q.simulated - p.simulated).abs() <= UNCHANGED * (steepest * MOVE + p.simulated.abs())
    })
}

/// Reduced echelon form, so that each direction has as few parameters as can be.
fn reduce(basis: &mut [Vec<f64>]) {
    let n = basis.first().map_or(0, Vec::len);
    let mut row = 0;
    for column in 0..n {
        let Some(pivot) = (row..basis.len())
            .max_by(|&a, &b| basis[a][column].abs().total_cmp(&basis[b][column].abs()))
        else {
            break;
        };
        if basis[pivot][column].abs() < NO_PART {
            continue;
        }
        basis.swap(row, pivot);
        let head = basis[row][column];
        for x in &mut basis[row] {
            *x /= head;
        }
        let pivot_row = basis[row].clone();
        for (k, other) in basis.iter_mut().enumerate() {
            if k != row {
                let factor = other[column];
                for (x, p) in other.iter_mut().zip(&pivot_row) {
                    *x -= factor * p;
                }
            }
        }
        row += 1;
    }
    for v in basis.iter_mut() {
        let largest = v.iter().fold(0.0_f64, |m, x| m.max(x.abs()));
        for x in v.iter_mut() {
            *x = if x.abs() < NO_PART * largest {
                0.0
            } else {
                *x / largest
            };
        }
    }
}

fn involved(coordinates: &[Coordinate], direction: &[f64]) -> Vec<String> {
    coordinates
        .iter()
        .zip(direction)
        .filter(|(_, d)| d.abs() >= NO_PART)
        .map(|(c, _)| c.id.clone())
        .collect()
}

/// A free direction in words: which combinations of its parameters are determined.
fn in_words(coordinates: &[Coordinate], direction: &[f64]) -> String {
    let parts: Vec<(&Coordinate, f64)> = coordinates
        .iter()
        .zip(direction)
        .filter(|(_, d)| d.abs() >= NO_PART)
        // ln units for logarithmic scales.
        .map(|(c, d)| {
            let unit = if c.scale == Scale::Log10 {
                std::f64::consts::LN_10
            } else {
                1.0
            };
            (c, d * unit)
        })
        .collect();
    let Some(((last, pivot), others)) = parts.split_last() else {
        return String::new();
    };
    if others.is_empty() {
        return format!("{} changes no row of data", last.id);
    }
    let logarithmic = |c: &Coordinate| matches!(c.scale, Scale::Log | Scale::Log10);
    let all_log = parts.iter().all(|(c, _)| logarithmic(c));
    let all_linear = parts.iter().all(|(c, _)| c.scale == Scale::Lin);
    let names = || {
        parts
            .iter()
            .map(|(c, _)| c.id.as_str())
            .collect::<Vec<_>>()
            .join(", ")
    };
    if !all_log && !all_linear {
        return format!("only a combination of {} is determined", names());
    }
    let list: Vec<String> = others
        .iter()
        .map(|(c, d)| {
            let ratio = d / pivot;
            if all_log {
                product(&c.id, &last.id, ratio)
            } else {
                difference(&c.id, &last.id, ratio)
            }
        })
        .collect();
    match list.as_slice() {
        [one] => format!("only {one} is determined"),
        _ => format!("only {} are determined", list.join(" and ")),
    }
}

/// `a/b^r`, as it would be written.
fn product(a: &str, b: &str, ratio: f64) -> String {
    let power = number(ratio.abs());
    let b = if power == "1" {
        b.to_string()
    } else {
        format!("{b}^{power}")
    };
    if ratio > 0.0 {
        format!("{a}/{b}")
    } else {
        format!("{a}*{b}")
    }
}

/// `a − r·b`.
fn difference(a: &str, b: &str, ratio: f64) -> String {
    let factor = number(ratio.abs());
    let b = if factor == "1" {
        b.to_string()
    } else {
        format!("{factor}*{b}")
    };
    if ratio > 0.0 {
        format!("{a} - {b}")
    } else {
        format!("{a} + {b}")
    }
}

/// A coefficient without the last digits that rounding left.
fn number(x: f64) -> String {
    let halves = (2.0 * x).round() / 2.0;
    if (x - halves).abs() < WHOLE {
        format!("{halves}")
    } else {
        format!("{:.3}", x)
    }
}

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

#[cfg(test)]
mod tests {
    use super::*;

    fn coordinate(id: &str, scale: Scale) -> Coordinate {
        Coordinate {
            id: id.into(),
            scale,
            lower: -9.0,
            upper: 9.0,
            nominal: None,
            unit: None,
            prior: None,
            start: None,
            natural_lower: false,
        }
    }

    #[test]
    fn free_directions_are_said_as_what_is_determined() {
        let log = |id| coordinate(id, Scale::Log10);
        let pair = [log("k_int"), log("Kd")];
        assert_eq!(in_words(&pair, &[1.0, 1.0]), "only k_int/Kd is determined");
        assert_eq!(in_words(&pair, &[1.0, -1.0]), "only k_int*Kd is determined");
        assert_eq!(
            in_words(&pair, &[1.0, 0.5]),
            "only k_int/Kd^2 is determined"
        );
        assert_eq!(in_words(&pair, &[0.0, 1.0]), "Kd changes no row of data");
        let three = [log("a"), log("b"), log("c")];
        assert_eq!(
            in_words(&three, &[1.0, 1.0, -1.0]),
            "only a*c and b*c are determined"
        );
        let linear = [coordinate("a", Scale::Lin), coordinate("b", Scale::Lin)];
        assert_eq!(in_words(&linear, &[1.0, -1.0]), "only a + b is determined");
        let mixed = [log("a"), coordinate("b", Scale::Logit)];
        assert_eq!(
            in_words(&mixed, &[1.0, -1.0]),
            "only a combination of a, b is determined"
        );
        // Natural and decadic logarithm in one direction: ln units decide.
        let bases = [log("a"), coordinate("b", Scale::Log)];
        assert_eq!(
            in_words(&bases, &[1.0 / std::f64::consts::LN_10, 1.0]),
            "only a/b is determined"
        );
    }

    #[test]
    fn directions_are_reduced_to_the_fewest_parameters() {
        let mut basis = vec![vec![1.0, 1.0, 1.0, 1.0], vec![1.0, 1.0, -1.0, -1.0]];
        reduce(&mut basis);
        assert_eq!(basis[0], [1.0, 1.0, 0.0, 0.0]);
        assert_eq!(basis[1], [0.0, 0.0, 1.0, 1.0]);
    }
}
