//! Points of start.

use crate::objective::target::{to_natural, to_scaled};
use crate::objective::{Coordinate, Target};
use crate::problem::Prior;
use crate::stats::{Distribution, Stream};

/// Halvings of the bracket of a quantile: to the last bit of a double.
const MAX_BISECTIONS: usize = 200;
/// Points that are tried in place of a start that cannot begin: with three quarters of the box out of reach, one start in ten
/// fails all the same.
pub(super) const MOST_REPLACEMENTS: u64 = 8;
/// Half width of the start interval of a coordinate without a finite bound on either side, on the estimation scale.
const OPEN_REACH: f64 = 1.0;

/// The point of start `index` of `n` on the estimation scale.
///
/// 0 is the nominal point (the middle of the bounds where none is given). The others are a Latin hypercube of `n − 1`
/// points: every coordinate is cut into `n − 1` strata of equal probability, uniform within the bounds on the estimation
/// scale or by the table's distribution of starts truncated to the bounds, and each stratum is used once. A pure function
/// of `(seed, index, n)` and the coordinates.
pub fn start_point<T: Target>(target: &T, seed: u64, index: usize, n: usize) -> Vec<f64> {
    let coordinates = target.coordinates();
    if index == 0 {
        return coordinates.iter().map(nominal).collect();
    }
    let strata = n.saturating_sub(1).max(index);
    coordinates
        .iter()
        .enumerate()
        .map(|(k, c)| {
            let order = Stream::new(seed, "start order", 0, k as u64).permutation(strata);
            let stratum = order.get(index - 1).copied().unwrap_or(0);
            let jitter = Stream::new(seed, "start", index as u64, k as u64).uniform();
            draw(c, (stratum as f64 + jitter) / strata as f64)
        })
        .collect()
}

/// A point in place of start `index` where the objective cannot be evaluated: every coordinate drawn anew from its own
/// distribution of starts. A pure function of its arguments.
pub fn replacement<T: Target>(target: &T, seed: u64, index: usize, attempt: u64) -> Vec<f64> {
    let replicate = index as u64 * MOST_REPLACEMENTS + attempt;
    let coordinates = target.coordinates().iter().enumerate();
    coordinates
        .map(|(k, c)| {
            let u = Stream::new(seed, "start replacement", replicate, k as u64).uniform();
            draw(c, u)
        })
        .collect()
}

fn nominal(c: &Coordinate) -> f64 {
    c.nominal
        .filter(|x| x.is_finite())
        .unwrap_or_else(|| {
            let (a, b) = interval(c);
            0.5 * (a + b)
        })
        .max(c.lower)
        .min(c.upper)
}

/// Finite interval to start in.
fn interval(c: &Coordinate) -> (f64, f64) {
    match (c.lower.is_finite(), c.upper.is_finite()) {
        (true, true) => (c.lower, c.upper),
        (true, false) => (c.lower, c.lower + 2.0 * OPEN_REACH),
        (false, true) => (c.upper - 2.0 * OPEN_REACH, c.upper),
        (false, false) => {
            let centre = c.nominal.filter(|x| x.is_finite()).unwrap_or(0.0);
            (centre - OPEN_REACH, centre + OPEN_REACH)
        }
    }
}

/// The quantile `u` of a coordinate's starts.
fn draw(c: &Coordinate, u: f64) -> f64 {
    let (a, b) = interval(c);
    if let Some(x) = c.start.as_ref().and_then(|prior| quantile(c, prior, u)) {
        return x;
    }
    a + u * (b - a)
}

/// Quantile of a distribution of starts truncated to the bounds, by bisection of its distribution function; `None` if it
/// has no mass there.
fn quantile(c: &Coordinate, prior: &Prior, u: f64) -> Option<f64> {
    let d = Distribution::parse(&prior.distribution, &prior.parameters).ok()?;
    // The distribution function over the estimation scale.
    let cdf = |x: f64| {
        d.cdf(if prior.on_scale {
            x
        } else {
            to_natural(c.scale, x)
        })
    };
    let median = if prior.on_scale {
        d.median()
    } else {
        to_scaled(c.scale, d.median())
    };
    let (mut a, mut b) = (c.lower, c.upper);
    let (below, above) = (
        if a.is_finite() { cdf(a) } else { 0.0 },
        if b.is_finite() { cdf(b) } else { 1.0 },
    );
    if !(above > below && median.is_finite()) {
        return None;
    }
    let target = below + u * (above - below);
    // Open sides are widened until they hold the quantile.
    let mut width = 1.0;
    while !a.is_finite() || !b.is_finite() {
        let (left, right) = (median - width, median + width);
        if !a.is_finite() && cdf(left) <= target {
            a = left;
        }
        if !b.is_finite() && cdf(right) >= target {
            b = right;
        }
        width *= 2.0;
        if !width.is_finite() {
            return None;
        }
    }
    for _ in 0..MAX_BISECTIONS {
        let middle = 0.5 * (a + b);
        if middle <= a || middle >= b {
            break;
        }
        if cdf(middle) < target {
            a = middle;
        } else {
            b = middle;
        }
    }
    Some(0.5 * (a + b))
}
