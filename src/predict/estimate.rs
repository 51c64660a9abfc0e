//! Estimates with intervals, as the results of this floor carry them.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::objective::EvalError;
use crate::uncertainty::interval::{End, Interval, Method, Status};

/// A prediction with its interval.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Estimate {
    /// Value at the fit, NaN if there is none.
    #[serde(deserialize_with = "super::missing::number")]
    pub value: f64,
    /// Why there is no value (`not reached`, `not defined`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Lower end, NaN if it is open.
    #[serde(deserialize_with = "super::missing::number")]
    pub lower: f64,
    /// Upper end, NaN if it is open.
    #[serde(deserialize_with = "super::missing::number")]
    pub upper: f64,
    /// What the lower end is.
    pub lower_status: Status,
    /// What the upper end is.
    pub upper_status: Status,
    /// How the interval was made.
    pub method: Option<Method>,
    /// Part of the replicates in which it is not reached or not defined.
    #[serde(deserialize_with = "super::missing::number")]
    pub missing: f64,
    /// Part of the information on it that comes from priors, where that is known.
    pub prior_share: Option<f64>,
    /// For a dose: whether it lies between the lowest and the highest dose of the data.
    pub in_tested_range: Option<bool>,
    /// Intervals by other methods.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[serde(default)]
    pub others: Vec<Interval>,
}

/// Widths below this part of the value are the rounding of the search for it and not uncertainty: positions on a curve
/// are found to about this accuracy (`tests/all/dose.rs`).
const FIXED_WITHIN: f64 = 1e-6;

/// Whether an interval has no width, so that the model alone fixes the value (the slope of an Emax model is 1 whatever
/// its parameters are).
pub fn is_fixed(value: f64, lower: f64, upper: f64) -> bool {
    // Ends that are absent are NaN and compare as false.
    (upper - lower).abs() <= FIXED_WITHIN * value.abs()
}

/// Value of a replicate, or of the fit, where it may not be a number.
///
/// Not reached is `+∞` (no dose has the effect), already reached is `−∞`, not defined is NaN.
pub type Maybe = f64;

/// Why a value is missing.
pub fn reason_of(value: Maybe) -> Option<&'static str> {
    if value.is_nan() {
        Some("not defined")
    } else if value == f64::INFINITY {
        Some("not reached")
    } else if value == f64::NEG_INFINITY {
        Some("already reached without dose")
    } else {
        None
    }
}

impl Estimate {
    /// Its ends, those that are numbers.
    pub fn closed(&self) -> (Option<f64>, Option<f64>) {
        let end = |x: f64, status: Status| (status == Status::Closed && x.is_finite()).then_some(x);
        (
            end(self.lower, self.lower_status),
            end(self.upper, self.upper_status),
        )
    }

    /// An estimate without interval.
    pub fn bare(value: Maybe) -> Self {
        Self {
            value: if value.is_finite() { value } else { f64::NAN },
            reason: reason_of(value).map(String::from),
            lower: f64::NAN,
            upper: f64::NAN,
            lower_status: Status::Open,
            upper_status: Status::Open,
            method: None,
            missing: 0.0,
            prior_share: None,
            in_tested_range: None,
            others: Vec::new(),
        }
    }

    /// The estimate with the interval of replicates: their quantiles at `(1 ∓ level)/2`.
    ///
    /// Replicates in which it is not reached count as `+∞`, so that an end within them is open; replicates in which it is
    /// not defined count as extreme on both sides. If it is missing in half of the replicates, there is no value either.
    pub fn from_replicates(value: Maybe, replicates: &[Maybe], level: f64) -> Self {
        let mut e = Self::bare(value);
        if replicates.is_empty() {
            return e;
        }
        let (lower, upper) = ends(replicates, level);
        e.set(lower, upper, Method::Percentile);
        let (infinite, undefined) = replicates.iter().fold((0usize, 0usize), |(i, u), x| {
            (
                i + usize::from(x.is_infinite()),
                u + usize::from(x.is_nan()),
            )
        });
        let n = replicates.len();
        e.missing = (infinite + undefined) as f64 / n as f64;
        if 2 * (infinite + undefined) >= n && e.value.is_finite() {
            e.value = f64::NAN;
            e.reason = Some(
                if undefined > infinite {
                    "not defined in half of the replicates or more"
                } else {
                    "not reached in half of the replicates or more"
                }
                .into(),
            );
        }
        e
    }

    fn set(&mut self, lower: End, upper: End, method: Method) {
        self.lower = lower.closed().unwrap_or(f64::NAN);
        self.upper = upper.closed().unwrap_or(f64::NAN);
        self.lower_status = lower.status();
        self.upper_status = upper.status();
        self.method = Some(method);
    }

    /// The main interval, if there is one.
    pub fn interval(&self, level: f64) -> Option<Interval> {
        let end = |x: f64, status| match status {
            Status::Closed => End::Closed(x),
            Status::AtBound => End::AtBound,
            Status::Open => End::Open,
        };
        Some(Interval {
            method: self.method?,
            level,
            lower: end(self.lower, self.lower_status),
            upper: end(self.upper, self.upper_status),
            lower_cause: None,
            upper_cause: None,
        })
    }

    /// Adds an interval; it becomes the main one if there is none yet.
    pub fn add(&mut self, interval: Interval) {
        if self.method.is_none() {
            self.set(interval.lower, interval.upper, interval.method);
        } else {
            self.others.push(interval);
        }
    }

    /// The estimate with value and ends mapped by an increasing function.
    #[must_use]
    pub fn map(mut self, f: impl Fn(f64) -> f64 + Copy) -> Self {
        self.value = f(self.value);
        self.lower = f(self.lower);
        self.upper = f(self.upper);
        self.others = self.others.into_iter().map(|i| i.map(f)).collect();
        self
    }
}

/// Ends of the percentile interval of replicates, which may be infinite or NaN (extreme on both sides).
pub fn ends(replicates: &[Maybe], level: f64) -> (End, End) {
    let tail = 0.5 * (1.0 - level);
    let mut low: Vec<f64> = replicates
        .iter()
        .map(|x| if x.is_nan() { f64::NEG_INFINITY } else { *x })
        .collect();
    let mut high: Vec<f64> = replicates
        .iter()
        .map(|x| if x.is_nan() { f64::INFINITY } else { *x })
        .collect();
    low.sort_by(f64::total_cmp);
    high.sort_by(f64::total_cmp);
    let end = |x: f64| {
        if x.is_finite() {
            End::Closed(x)
        } else {
            End::Open
        }
    };
    (end(quantile(&low, tail)), end(quantile(&high, 1.0 - tail)))
}

/// Quantile of sorted values at `p`: the order statistic of rank `(n + 1)·p`, interpolated (type 6 of Hyndman & Fan 1996,
/// Am. Stat. 50:361), so that 39 replicates are the fewest whose extremes are the ends at 95 %. NaN for no values.
pub fn quantile(sorted: &[f64], p: f64) -> f64 {
    let n = sorted.len();
    if n == 0 {
        return f64::NAN;
    }
    let rank = ((n as f64 + 1.0) * p).clamp(1.0, n as f64);
    let below = rank.floor();
    let (i, part) = (below as usize - 1, rank - below);
    let (a, b) = (sorted[i], sorted[(i + 1).min(n - 1)]);
    if part == 0.0 || a == b {
        return a;
    }
    // A finite value and an infinite one have no middle.
    if !a.is_finite() || !b.is_finite() {
        return if a.is_finite() { b } else { a };
    }
    a + part * (b - a)
}

/// Something that a reader of a result has to know.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Warning {
    /// Stable code in kebab case.
    pub code: Cow<'static, str>,
    /// One or two sentences.
    pub text: String,
}

impl Warning {
    /// A warning.
    pub fn new(code: &'static str, text: impl Into<String>) -> Self {
        Self {
            code: code.into(),
            text: text.into(),
        }
    }
}

/// Counts of failed evaluations by their stable reason.
pub type Failures = BTreeMap<String, usize>;

/// Splits outcomes into values, in order, and counts of failures.
pub(super) fn split<T>(outcomes: Vec<Result<T, EvalError>>) -> (Vec<T>, Failures) {
    let mut failed = Failures::new();
    let mut values = Vec::with_capacity(outcomes.len());
    for o in outcomes {
        match o {
            Ok(v) => values.push(v),
            Err(e) => *failed.entry(e.reason().to_string()).or_insert(0) += 1,
        }
    }
    (values, failed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_order_statistics_of_rank_n_plus_one() {
        let list: Vec<f64> = (1..=39).map(f64::from).collect();
        assert_eq!(quantile(&list, 0.025), 1.0);
        assert_eq!(quantile(&list, 0.975), 39.0);
        assert_eq!(quantile(&list, 0.5), 20.0);
        assert_eq!(quantile(&[1.0, 2.0], 0.5), 1.5);
    }

    #[test]
    fn replicates_that_never_reach_the_level_open_the_upper_end() {
        let mut list: Vec<f64> = (0..1000).map(|k| f64::from(k) / 1000.0).collect();
        let closed = Estimate::from_replicates(0.5, &list, 0.95);
        assert!(closed.lower.is_finite() && closed.upper.is_finite());
        for x in list.iter_mut().take(24) {
            *x = f64::INFINITY;
        }
        let still = Estimate::from_replicates(0.5, &list, 0.95);
        assert_eq!(still.upper_status, Status::Closed);
        for x in list.iter_mut().take(26) {
            *x = f64::INFINITY;
        }
        let open = Estimate::from_replicates(0.5, &list, 0.95);
        assert_eq!(open.upper_status, Status::Open);
        assert_eq!(open.lower_status, Status::Closed);
        assert_eq!(open.value, 0.5);
        for x in list.iter_mut().take(500) {
            *x = f64::INFINITY;
        }
        let gone = Estimate::from_replicates(0.5, &list, 0.95);
        assert!(gone.value.is_nan());
        assert!(gone.reason.unwrap().contains("not reached"));
    }

    #[test]
    fn replicates_where_it_is_not_defined_open_both_ends() {
        let mut list: Vec<f64> = (0..100).map(f64::from).collect();
        for x in list.iter_mut().take(3) {
            *x = f64::NAN;
        }
        let e = Estimate::from_replicates(50.0, &list, 0.95);
        assert_eq!(
            (e.lower_status, e.upper_status),
            (Status::Open, Status::Open)
        );
        assert_eq!(e.missing, 0.03);
    }
}
