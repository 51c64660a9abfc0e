//! What intervals have to cover to be trusted, and which do.

use serde::{Deserialize, Serialize};

use super::{CoverageRow, SizeRow, Violation};

/// Level that the targets were set for.
const LEVEL: f64 = 0.95;
/// Prior share from which a parameter is no longer one that the data identify.
const MOST_PRIOR: f64 = 0.5;
/// Least share of data sets in which both ends of its profile are closed.
const LEAST_CLOSED: f64 = 0.9;
/// Coverage of a reference profile, mean over identifiable parameters: within 1 % of nominal.
const MEAN: (f64, f64) = (0.94, 0.96);
/// Coverage of a single parameter.
const EACH: (f64, f64) = (0.93, 0.97);
/// The same for the quick interval, which knows no curvature of the model.
const EACH_QUICK: (f64, f64) = (0.92, 0.97);
/// Share missed in each tail: an interval may not cover by being lopsided.
const TAIL: (f64, f64) = (0.01, 0.045);
/// Median width over that of the narrowest kind that covers: none may cover by being wide.
const WIDEST: f64 = 1.5;
/// Size of a test at nominal 5 %.
const SIZE: (f64, f64) = (0.04, 0.065);
/// Standard normal quantile of a two-sided 99 % interval: a row from few data sets misses only if all of its binomial
/// interval lies outside.
const Z99: f64 = 2.575_829_303_548_901;

/// A parameter, as the targets see it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CoveredParameter {
    /// Parameter id.
    pub id: String,
    /// Prior share, mean over the data sets.
    pub prior_share: f64,
    /// Share of data sets in which both ends of its profile are closed; null where none was walked to its ends.
    pub closed: Option<f64>,
    /// Whether the data identify it: prior share below 0.5 and both ends closed in at least 90 % of the data sets.
    pub identifiable: bool,
    /// Whether its truth was drawn from its prior.
    pub drawn_from_prior: bool,
}

impl CoveredParameter {
    /// Judges whether the data identify a parameter.
    pub fn new(id: &str, prior_share: f64, closed: Option<f64>, drawn_from_prior: bool) -> Self {
        Self {
            id: id.into(),
            prior_share,
            closed,
            identifiable: prior_share < MOST_PRIOR && closed.is_none_or(|c| c >= LEAST_CLOSED),
            drawn_from_prior,
        }
    }
}

/// One target, met or not.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TargetRow {
    /// Kind of interval, or test.
    pub method: String,
    /// Whether it is met.
    pub met: bool,
    /// What was asked and found, in words.
    pub text: String,
    /// Each shortfall in words: which parameter, by how much.
    pub misses: Vec<String>,
}

/// Least and most.
type Limits = (f64, f64);
/// Kinds with a target: name, range of the mean, range of each.
const INTERVALS: [(&str, Option<Limits>, Limits); 4] = [
    ("profile", Some(MEAN), EACH),
    ("profile_exact", Some(MEAN), EACH),
    ("percentile", None, EACH),
    ("fisher", None, EACH_QUICK),
];
/// Kinds whose rows come from few data sets.
const FROM_FEW: [&str; 1] = ["percentile"];
/// Tests with a target.
const TESTS: [&str; 2] = ["johansen_f", "bootstrap"];

/// The targets at 95 % for identifiable parameters; none at another level, or where an assumption is violated.
pub fn targets(
    level: f64,
    violation: &Violation,
    parameters: &[CoveredParameter],
    rows: &[CoverageRow],
    sizes: &[SizeRow],
) -> Vec<TargetRow> {
    if (level - LEVEL).abs() > 1e-9 || *violation != Violation::None {
        return Vec::new();
    }
    let of = |method: &str| -> Vec<&CoverageRow> {
        parameters
            .iter()
            .filter(|p| p.identifiable)
            .filter_map(|p| {
                rows.iter()
                    .find(|r| r.method == method && r.id.as_ref() == Some(&p.id))
            })
            .collect()
    };
    let mut out: Vec<TargetRow> = INTERVALS
        .iter()
        .map(|(method, mean, each)| (*method, *mean, *each, of(method)))
        .filter(|(.., list)| !list.is_empty())
        .map(|(method, mean, each, list)| interval(method, mean, each, &list))
        .collect();
    too_wide(&mut out, &of);
    out.extend(
        TESTS
            .iter()
            .filter_map(|test| sizes.iter().find(|s| s.test == *test))
            .filter_map(size),
    );
    out
}

fn percent(x: f64) -> String {
    format!("{:.1} %", 100.0 * x)
}

fn plain(x: f64) -> String {
    let text = format!("{:.1}", 100.0 * x);
    text.strip_suffix(".0").map_or(text.clone(), str::to_string)
}

/// Whether a share of `sets` lies outside a range, and which side; from few sets only if all of its 99 % interval does
/// (Wilson's, which for a count of 0 is not empty).
fn outside(share: f64, sets: u64, range: (f64, f64), few: bool) -> Option<&'static str> {
    let (low, high) = if few {
        let (n, z2) = (sets as f64, Z99 * Z99);
        let centre = (share + 0.5 * z2 / n) / (1.0 + z2 / n);
        let half = Z99 * (share * (1.0 - share) / n + 0.25 * z2 / (n * n)).sqrt() / (1.0 + z2 / n);
        (centre - half, centre + half)
    } else {
        (share, share)
    };
    if high < range.0 {
        Some("below")
    } else if low > range.1 {
        Some("above")
    } else {
        None
    }
}

fn interval(
    method: &str,
    mean: Option<(f64, f64)>,
    each: (f64, f64),
    list: &[&CoverageRow],
) -> TargetRow {
    let few = FROM_FEW.contains(&method);
    let covered: Vec<f64> = list.iter().filter_map(|r| r.covered).collect();
    let average = covered.iter().sum::<f64>() / covered.len() as f64;
    let mut misses = Vec::new();
    if let Some(range) = mean
        && let Some(side) = outside(average, 0, range, false)
    {
        misses.push(format!(
            "mean: covers {}, {side} {}–{} %",
            percent(average),
            plain(range.0),
            plain(range.1)
        ));
    }
    for r in list {
        let id = r.id.as_deref().unwrap_or_default();
        let error = r.standard_error.unwrap_or(0.0);
        if let Some(c) = r.covered
            && let Some(side) = outside(c, r.sets, each, few)
        {
            misses.push(format!(
                "{id}: covers {} ± {:.1}, {side} {}–{} %",
                percent(c),
                100.0 * error,
                plain(each.0),
                plain(each.1)
            ));
        }
        for (tail, what) in [(r.missed_below, "below"), (r.missed_above, "above")] {
            let Some(share) = tail else { continue };
            let error = (share * (1.0 - share) / r.sets as f64).sqrt();
            if outside(share, r.sets, TAIL, few).is_some() {
                misses.push(format!(
                    "{id}: lies {what} the truth in {} ± {:.1} of the data sets, not in {}–{} %",
                    percent(share),
                    100.0 * error,
                    plain(TAIL.0),
                    plain(TAIL.1)
                ));
            }
        }
    }
    let least = covered.iter().copied().fold(f64::INFINITY, f64::min);
    let most = covered.iter().copied().fold(0.0, f64::max);
    TargetRow {
        method: method.into(),
        met: misses.is_empty(),
        text: format!(
            "{} identifiable parameters: covers {} on average, {} to {}{}; asked: {}each {}–{} %, each tail {}–{} %",
            list.len(),
            percent(average),
            percent(least),
            percent(most),
            if few {
                " (missed only where all of a 99 % binomial interval is outside)"
            } else {
                ""
            },
            mean.map_or_else(String::new, |m| format!(
                "{}–{} % on average, ",
                plain(m.0),
                plain(m.1)
            )),
            plain(each.0),
            plain(each.1),
            plain(TAIL.0),
            plain(TAIL.1)
        ),
        misses,
    }
}

/// No kind may cover by being wide: its widths are compared with those of the narrowest kind that covers.
fn too_wide<'r>(out: &mut [TargetRow], of: &dyn Fn(&str) -> Vec<&'r CoverageRow>) {
    let width = |method: &str| -> Option<f64> {
        let list: Vec<f64> = of(method).iter().filter_map(|r| r.relative_width).collect();
        (!list.is_empty()).then(|| list.iter().sum::<f64>() / list.len() as f64)
    };
    let narrowest = out
        .iter()
        .filter(|t| t.met)
        .filter_map(|t| width(&t.method))
        .fold(f64::INFINITY, f64::min);
    if !narrowest.is_finite() {
        return;
    }
    for t in out {
        if let Some(own) = width(&t.method)
            && own > WIDEST * narrowest
        {
            t.met = false;
            t.misses.push(format!(
                "{:.2} times as wide as the narrowest kind that covers; at most {WIDEST} was asked",
                own / narrowest
            ));
        }
    }
}

fn size(s: &SizeRow) -> Option<TargetRow> {
    let (share, error) = (s.rejected?, s.standard_error.unwrap_or(0.0));
    let outside = outside(share, s.sets, SIZE, false);
    Some(TargetRow {
        method: s.test.clone(),
        met: outside.is_none(),
        text: format!(
            "rejects a right model in {} ± {:.1} of {} data sets; asked: {}–{} %",
            percent(share),
            100.0 * error,
            s.sets,
            plain(SIZE.0),
            plain(SIZE.1)
        ),
        misses: outside
            .map(|side| {
                format!(
                    "{} is {side} {}–{} %",
                    percent(share),
                    plain(SIZE.0),
                    plain(SIZE.1)
                )
            })
            .into_iter()
            .collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(method: &str, id: &str, covered: f64, sets: u64) -> CoverageRow {
        CoverageRow {
            id: Some(id.into()),
            method: method.into(),
            sets,
            covered: Some(covered),
            standard_error: Some((covered * (1.0 - covered) / sets as f64).sqrt()),
            missed_below: Some(0.5 * (1.0 - covered)),
            missed_above: Some(0.5 * (1.0 - covered)),
            median_width: Some(1.0),
            relative_width: Some(1.0),
            open: Some(0.0),
        }
    }

    fn judged(rows: &[CoverageRow]) -> Vec<TargetRow> {
        let parameters = [
            CoveredParameter::new("a", 0.1, Some(1.0), false),
            CoveredParameter::new("b", 0.0, Some(0.95), false),
            CoveredParameter::new("mostly_prior", 0.6, Some(1.0), true),
            CoveredParameter::new("open", 0.0, Some(0.5), false),
        ];
        targets(0.95, &Violation::None, &parameters, rows, &[])
    }

    #[test]
    fn a_shortfall_names_the_parameter_and_its_size_and_others_do_not_count() {
        let found = judged(&[
            row("profile", "a", 0.95, 4000),
            row("profile", "b", 0.925, 4000),
            row("profile", "mostly_prior", 0.5, 4000),
            row("profile", "open", 0.5, 4000),
        ]);
        assert_eq!(found.len(), 1);
        assert!(!found[0].met);
        assert_eq!(
            found[0].misses,
            [
                "mean: covers 93.8 %, below 94–96 %",
                "b: covers 92.5 % ± 0.4, below 93–97 %"
            ]
        );
    }

    #[test]
    fn few_data_sets_miss_only_beyond_their_binomial_error() {
        let met = |covered| judged(&[row("percentile", "a", covered, 1200)])[0].met;
        // Wilson's 99 % interval of 0.92 goes up to 0.938, which lies within; that of 0.90 to 0.920, which does not.
        assert!(met(0.92));
        assert!(!met(0.90));
        // A count of 0 in 107 is no evidence against 1 %.
        assert_eq!(outside(0.0, 107, TAIL, true), None);
        assert_eq!(outside(0.0, 4000, TAIL, true), Some("below"));
    }

    #[test]
    fn a_lopsided_interval_and_a_wide_one_miss() {
        let lopsided = CoverageRow {
            missed_below: Some(0.046),
            missed_above: Some(0.004),
            ..row("fisher", "a", 0.95, 4000)
        };
        let wide = CoverageRow {
            relative_width: Some(1.6),
            ..row("profile", "a", 0.95, 4000)
        };
        let found = judged(&[lopsided, wide, row("percentile", "a", 0.95, 1200)]);
        let of = |m: &str| found.iter().find(|t| t.method == m).unwrap();
        assert_eq!(of("fisher").misses.len(), 2);
        assert_eq!(
            of("profile").misses,
            ["1.60 times as wide as the narrowest kind that covers; at most 1.5 was asked"]
        );
        assert!(of("percentile").met);
    }

    #[test]
    fn violated_assumptions_and_other_levels_have_no_target() {
        let rows = [row("profile", "a", 0.95, 4000)];
        let p = [CoveredParameter::new("a", 0.1, Some(1.0), false)];
        assert!(targets(0.9, &Violation::None, &p, &rows, &[]).is_empty());
        assert!(targets(0.95, &Violation::LogNormal, &p, &rows, &[]).is_empty());
        assert_eq!(targets(0.95, &Violation::None, &p, &rows, &[]).len(), 1);
    }
}
