//! Sobol's low-discrepancy sequence.

mod directions;

use directions::DIRECTIONS;

use crate::stats::Stream;

/// Largest dimension.
pub const MAX_DIMENSIONS: usize = DIRECTIONS.len() + 1;
/// Bits of a coordinate.
const BITS: usize = 52;

/// Points of Sobol's sequence in the open unit cube, each a pure function of its index.
///
/// A digital shift keyed by a seed moves the sequence as a whole without changing its structure; without it the first
/// points are those of the literature, half a grain off the grid so that no coordinate is 0.
///
/// ```
/// use mechfit::predict::Sobol;
/// let sobol = Sobol::new(3).ok_or("too many dimensions")?;
/// let x = sobol.point(3);
/// assert!((x[0] - 0.25).abs() < 1e-12 && (x[1] - 0.75).abs() < 1e-12);
/// # Ok::<(), &str>(())
/// ```
///
/// # References
/// Sobol (1967) USSR Comput. Math. 7:86. Bratley & Fox (1988) ACM Trans. Math. Softw. 14:88. Joe & Kuo (2008).
#[derive(Debug, Clone)]
pub struct Sobol {
    /// Per dimension: direction numbers by bit.
    directions: Vec<[u64; BITS]>,
    shift: Vec<u64>,
}

impl Sobol {
    /// The sequence in `dimensions`; `None` beyond [`MAX_DIMENSIONS`].
    pub fn new(dimensions: usize) -> Option<Self> {
        if dimensions > MAX_DIMENSIONS {
            return None;
        }
        let mut directions = Vec::with_capacity(dimensions);
        for d in 0..dimensions {
            let mut v = [0u64; BITS];
            match d.checked_sub(1).and_then(|k| DIRECTIONS.get(k)) {
                None => {
                    for (k, x) in v.iter_mut().enumerate() {
                        *x = 1 << (BITS - 1 - k);
                    }
                }
                Some((inner, initial)) => {
                    let s = initial.len();
                    for k in 0..BITS {
                        v[k] = match initial.get(k) {
                            Some(m) => u64::from(*m) << (BITS - 1 - k),
                            None => {
                                let mut x = v[k - s] ^ (v[k - s] >> s);
                                for j in 1..s {
                                    if (inner >> (s - 1 - j)) & 1 == 1 {
                                        x ^= v[k - j];
                                    }
                                }
                                x
                            }
                        };
                    }
                }
            }
            directions.push(v);
        }
        Some(Self {
            directions,
            shift: vec![0; dimensions],
        })
    }

    /// The sequence under a digital shift of its own.
    #[must_use]
    pub fn shifted(mut self, seed: u64) -> Self {
        for (d, s) in self.shift.iter_mut().enumerate() {
            let u = Stream::new(seed, "sobol", 0, d as u64).uniform();
            *s = (u * (1u64 << BITS) as f64) as u64;
        }
        self
    }

    /// Point `index` (0 is the corner).
    pub fn point(&self, index: u64) -> Vec<f64> {
        let gray = index ^ (index >> 1);
        self.directions
            .iter()
            .zip(&self.shift)
            .map(|(v, shift)| {
                let mut x = *shift;
                let mut rest = gray;
                while rest != 0 {
                    let bit = rest.trailing_zeros() as usize;
                    x ^= v.get(bit).copied().unwrap_or(0);
                    rest &= rest - 1;
                }
                (x as f64 + 0.5) / (1u64 << BITS) as f64
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_are_those_of_another_program() {
        // scipy 1.17.1, qmc.Sobol(d=64, scramble=False), dimensions 1, 2, 3, 10, 24, 40, 64.
        let columns = [0, 1, 2, 9, 23, 39, 63];
        let sobol = Sobol::new(64).unwrap();
        for (index, expected) in [
            (1, [0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5]),
            (2, [0.75, 0.25, 0.25, 0.75, 0.25, 0.25, 0.75]),
            (5, [0.875, 0.875, 0.125, 0.125, 0.375, 0.375, 0.625]),
            (10, [0.9375, 0.0625, 0.6875, 0.5625, 0.6875, 0.8125, 0.4375]),
            (
                37,
                [
                    0.921_875, 0.640_625, 0.578_125, 0.171_875, 0.640_625, 0.078_125, 0.828_125,
                ],
            ),
            (
                63,
                [
                    0.015_625, 0.796_875, 0.359_375, 0.578_125, 0.546_875, 0.171_875, 0.734_375,
                ],
            ),
        ] {
            let x = sobol.point(index);
            for (c, e) in columns.iter().zip(expected) {
                assert!((x[*c] - e).abs() < 1e-12, "{index} {c}: {} {e}", x[*c]);
            }
        }
        assert!(Sobol::new(MAX_DIMENSIONS).is_some() && Sobol::new(MAX_DIMENSIONS + 1).is_none());
    }

    #[test]
    fn every_dimension_is_evenly_filled_with_and_without_shift() {
        for sobol in [
            Sobol::new(MAX_DIMENSIONS).unwrap(),
            Sobol::new(MAX_DIMENSIONS).unwrap().shifted(5),
        ] {
            let n = 1 << 10;
            let points: Vec<Vec<f64>> = (0..n).map(|k| sobol.point(k)).collect();
            for d in 0..MAX_DIMENSIONS {
                // Of 2^10 points each of 2^10 equal cells holds one.
                let mut seen = vec![false; n as usize];
                for p in &points {
                    assert!(p[d] > 0.0 && p[d] < 1.0);
                    let cell = (p[d] * n as f64) as usize;
                    assert!(!std::mem::replace(&mut seen[cell], true), "dimension {d}");
                }
            }
        }
    }
}
