//! Values with bands over a grid.

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::stats::{Stream, normal_quantile};
use crate::uncertainty::Covariance;

use super::estimate::quantile;

/// Values with pointwise and simultaneous bands over a grid.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Band {
    /// Value at the fit.
    #[serde(deserialize_with = "super::missing::numbers")]
    pub value: Vec<f64>,
    /// Lower end of the pointwise interval.
    #[serde(deserialize_with = "super::missing::numbers")]
    pub lower: Vec<f64>,
    /// Upper end of the pointwise interval.
    #[serde(deserialize_with = "super::missing::numbers")]
    pub upper: Vec<f64>,
    /// Lower end of the band that holds the whole course at once (sup-t).
    #[serde(deserialize_with = "super::missing::numbers")]
    pub simultaneous_lower: Vec<f64>,
    /// Upper end of that band.
    #[serde(deserialize_with = "super::missing::numbers")]
    pub simultaneous_upper: Vec<f64>,
    /// Half width of the simultaneous band in half widths of the pointwise one, at least 1.
    #[serde(deserialize_with = "super::missing::number")]
    pub critical: f64,
    /// Replicates in it.
    pub replicates: usize,
}

impl Band {
    /// Bands of replicates (each as long as `value`) about the values at the fit.
    ///
    /// Pointwise: quantiles L and U. Simultaneous (sup-t with a scale a side): `f̂ − q·(f̂ − L)` to `f̂ + q·(U − f̂)`, with q
    /// the quantile over replicates of the largest deviation from f̂ over the course, each in half widths of that side, and
    /// at least 1. So a skewed course has a skewed band, and the band never lies within the pointwise one. A side that has no
    /// width takes the other's; points at which the replicates do not differ take no part in the maximum.
    pub fn from_replicates(value: Vec<f64>, replicates: &[Vec<f64>], level: f64) -> Self {
        let n = value.len();
        let count = replicates.len();
        if count == 0 {
            return Self {
                value,
                ..Self::default()
            };
        }
        let mut band = Self {
            replicates: count,
            ..Self::default()
        };
        // Below this part of the value a half width is rounding.
        const ROUNDING: f64 = 1e-12;
        let tail = 0.5 * (1.0 - level);
        let mut sides: Vec<Option<(f64, f64)>> = Vec::with_capacity(n);
        let mut column = Vec::with_capacity(count);
        for (i, &v) in value.iter().enumerate() {
            column.clear();
            column.extend(replicates.iter().filter_map(|r| r.get(i)).copied());
            column.sort_by(f64::total_cmp);
            let (lower, upper) = (quantile(&column, tail), quantile(&column, 1.0 - tail));
            let wide = |w: f64| Some(w).filter(|w| *w > ROUNDING * v.abs());
            sides.push(match (wide(v - lower), wide(upper - v)) {
                (None, None) => None,
                (down, up) => {
                    let other = down.or(up).unwrap_or(0.0);
                    Some((down.unwrap_or(other), up.unwrap_or(other)))
                }
            });
            band.lower.push(lower);
            band.upper.push(upper);
        }
        let mut largest: Vec<f64> = replicates
            .iter()
            .map(|r| {
                r.iter()
                    .zip(&value)
                    .zip(&sides)
                    .filter_map(|((x, v), s)| {
                        let (down, up) = (*s)?;
                        Some(if x < v { (v - x) / down } else { (x - v) / up })
                    })
                    .fold(0.0, f64::max)
            })
            .collect();
        largest.sort_by(f64::total_cmp);
        band.critical = quantile(&largest, level).max(1.0);
        for (v, s) in value.iter().zip(&sides) {
            let (down, up) = s.unwrap_or((0.0, 0.0));
            band.simultaneous_lower.push(v - band.critical * down);
            band.simultaneous_upper.push(v + band.critical * up);
        }
        band.value = value;
        band
    }

    /// Bands of a linearised fit: pointwise `f̂ ± t_ν·√V^KR` by the gradient at each point (estimation scale), and
    /// simultaneous ones whose half widths are larger by `q/z`, with q the quantile over draws from the normal
    /// distribution of the estimates of the largest deviation in standard errors, and z the pointwise quantile. A point
    /// that the fit does not determine has no band.
    pub fn from_covariance(
        value: Vec<f64>,
        gradients: &[Vec<f64>],
        covariance: &Covariance,
        level: f64,
    ) -> Self {
        let half: Vec<f64> = gradients
            .iter()
            .map(|g| covariance.of(g).map_or(f64::NAN, |s| s.half_width(level)))
            .collect();
        let root = square_root(covariance);
        let directions: Vec<Vec<f64>> = gradients
            .iter()
            .zip(&half)
            .filter(|(_, h)| **h > 0.0)
            .filter_map(|(g, _)| direction(g, &root))
            .collect();
        let mut largest: Vec<f64> = (0..DRAWS)
            .into_par_iter()
            .map(|k| {
                let mut stream = Stream::new(SEED, "sup_t", k, 0);
                let z: Vec<f64> = root.iter().map(|_| stream.normal()).collect();
                let along = |d: &Vec<f64>| {
                    let sum: f64 = d.iter().zip(&z).map(|(a, b)| a * b).sum();
                    sum.abs()
                };
                directions.iter().map(along).fold(0.0, f64::max)
            })
            .collect();
        largest.sort_by(f64::total_cmp);
        let pointwise = normal_quantile(0.5 + 0.5 * level);
        // The draws leave an error; a band for all points is never narrower than that of one.
        let wider = (quantile(&largest, level) / pointwise).max(1.0);
        let shifted =
            |by: f64| -> Vec<f64> { value.iter().zip(&half).map(|(v, h)| v + by * h).collect() };
        Self {
            lower: shifted(-1.0),
            upper: shifted(1.0),
            simultaneous_lower: shifted(-wider),
            simultaneous_upper: shifted(wider),
            critical: wider,
            replicates: 0,
            value,
        }
    }
}

/// Draws for the quantile of the largest deviation: at 95 % its error is then about 0.02 standard errors.
const DRAWS: u64 = 4000;
/// The draws are a way to compute a number, no sample of the study: they do not follow its seed.
const SEED: u64 = 1;

/// Columns whose products sum to the covariance, the largest first (Cholesky with pivots, so that directions without
/// variance drop out).
fn square_root(covariance: &Covariance) -> Vec<Vec<f64>> {
    /// Part of the largest variance below which what is left is rounding.
    const ROUNDING: f64 = 1e-13;
    let n = covariance.len();
    let mut rest: Vec<Vec<f64>> = (0..n)
        .map(|i| (0..n).map(|j| covariance.at(i, j)).collect())
        .collect();
    let largest = |rest: &[Vec<f64>]| {
        rest.iter()
            .enumerate()
            .map(|(i, r)| (i, r.get(i).copied().unwrap_or(0.0)))
            .fold((0, 0.0), |a, b| if b.1 > a.1 { b } else { a })
    };
    let (_, first) = largest(&rest);
    let mut columns = Vec::new();
    for _ in 0..n {
        let (pivot, variance) = largest(&rest);
        if variance <= ROUNDING * first {
            break;
        }
        let Some(row) = rest.get(pivot) else { break };
        let column: Vec<f64> = row.iter().map(|x| x / variance.sqrt()).collect();
        for (r, a) in rest.iter_mut().zip(&column) {
            for (x, b) in r.iter_mut().zip(&column) {
                *x -= a * b;
            }
        }
        columns.push(column);
    }
    columns
}

/// A gradient in the independent directions of the root, of length 1.
fn direction(gradient: &[f64], root: &[Vec<f64>]) -> Option<Vec<f64>> {
    let along: Vec<f64> = root
        .iter()
        .map(|c| c.iter().zip(gradient).map(|(a, b)| a * b).sum())
        .collect();
    let length = along.iter().map(|x: &f64| x * x).sum::<f64>().sqrt();
    (length > 0.0).then(|| along.iter().map(|x| x / length).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_simultaneous_band_of_a_rigid_shift_is_the_pointwise_one() {
        // Every replicate is the fit plus one number: the whole course lies inside exactly when that number does.
        let value: Vec<f64> = (0..7).map(f64::from).collect();
        let mut stream = crate::stats::Stream::new(1, "test", 0, 0);
        let replicates: Vec<Vec<f64>> = (0..4000)
            .map(|_| {
                let z = stream.normal();
                value.iter().map(|v| v + z).collect()
            })
            .collect();
        let b = Band::from_replicates(value, &replicates, 0.95);
        for i in 0..7 {
            // Monte-Carlo error of the ends: about 0.04.
            assert!((b.upper[i] - b.simultaneous_upper[i]).abs() < 0.1);
        }
        // Independent points need more: the 95 % quantile of the largest of 7 normals is 2.68, of one 1.96.
        let value = vec![0.0; 7];
        let replicates: Vec<Vec<f64>> = (0..4000)
            .map(|_| (0..7).map(|_| stream.normal()).collect())
            .collect();
        let b = Band::from_replicates(value, &replicates, 0.95);
        assert!((b.critical - 2.68 / 1.96).abs() < 0.05, "{}", b.critical);
    }

    #[test]
    fn a_skewed_course_has_a_skewed_band_about_the_pointwise_one() {
        let value = vec![1.0; 5];
        let mut stream = crate::stats::Stream::new(2, "test", 0, 0);
        let replicates: Vec<Vec<f64>> = (0..4000)
            .map(|_| (0..5).map(|_| libm::exp(stream.normal())).collect())
            .collect();
        let b = Band::from_replicates(value, &replicates, 0.95);
        let inside = |r: &Vec<f64>| {
            r.iter()
                .enumerate()
                .all(|(i, x)| b.simultaneous_lower[i] <= *x && *x <= b.simultaneous_upper[i])
        };
        let share = replicates.iter().filter(|r| inside(r)).count() as f64 / 4000.0;
        assert!((share - 0.95).abs() < 0.002, "{share}");
        for i in 0..5 {
            assert!(b.simultaneous_lower[i] < b.lower[i] && b.simultaneous_upper[i] > b.upper[i]);
            let (down, up) = (1.0 - b.simultaneous_lower[i], b.simultaneous_upper[i] - 1.0);
            assert!(up > 3.0 * down, "{up} {down}");
        }
    }
}
