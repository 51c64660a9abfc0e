//! Covariance of estimates from the linearised objective, with what each term contributes to it.

mod correlated;
mod shares;
mod terms;

pub use terms::Source;

use std::collections::HashMap;

use nalgebra::{DMatrix, SVD};

use crate::objective::{Data, Linearisation, RowInfo};
use crate::stats::t_quantile;
use terms::{Block, Term, terms};

/// Relative singular value of the column-scaled Jacobian below which a direction counts as undetermined: sensitivities
/// of a simulation at the default tolerances carry errors of about 1e-8.
pub const RANK_TOLERANCE: f64 = 1e-8;
/// Largest share of a gradient within the undetermined directions at which its quantity still counts as determined.
const LEAK_TOLERANCE: f64 = 1e-5;
/// Off-diagonal size at which the decomposition stops, as nalgebra's own default.
const SVD_TOLERANCE: f64 = 5.0 * f64::EPSILON;
/// Most sweeps of the singular value decomposition.
const MAX_SWEEPS: usize = 10_000;

/// Variance of a scalar function of the estimates.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Scatter {
    /// `V = c'Cc`, the variances of the rows taken as known.
    pub variance: f64,
    /// `V` as Kenward & Roger inflate it for weights made from few replicates.
    pub inflated: f64,
    /// Satterthwaite's degrees of freedom; ∞ if only terms with known variance contribute.
    pub nu: f64,
}

impl Scatter {
    /// Standard error that intervals use: √ of the inflated variance.
    pub fn standard_error(&self) -> f64 {
        self.inflated.sqrt()
    }
    /// Inflation of the variance, at least 1.
    pub fn inflation(&self) -> f64 {
        if self.variance > 0.0 {
            self.inflated / self.variance
        } else {
            1.0
        }
    }
    /// Half width of the two-sided interval.
    pub fn half_width(&self, level: f64) -> f64 {
        t_quantile(0.5 + 0.5 * level, self.nu) * self.standard_error()
    }
}

/// A direction that the terms leave undetermined.
#[derive(Debug, Clone, PartialEq)]
pub struct Undetermined {
    /// Components on the estimation scale, the largest 1 in size; components below the rank tolerance are 0.
    pub direction: Vec<f64>,
}

/// Covariance of the estimates on the estimation scale.
///
/// `C = (Σ w·g·gᵀ)⁺` over rows, priors and relations, in the free coordinates; a pseudo-inverse, with the directions that
/// it leaves out kept by name. Of a function with gradient `c`:
///
/// ```text
/// a_i = c'C g_i w_i,  h_i = w_i g_i'C g_i,  v_i = a_i²/w_i
/// V = Σ v_i,  V^KR = Σ v_i [1 + 4(1 − h_i)/ν_i],  ν = V²/Σ(v_i²/ν_i)
/// ```
///
/// with rows that share one variance taken together: `v_g = c'C B_g C c`, `q_g = c'C B_g C B_g C c`,
/// `V^KR = V + Σ 4(v_g − q_g)/ν_g`, `ν = V²/Σ v_g²/ν_g`, `B_g = Σ w g g'` over the group.
///
/// # References
/// Kenward & Roger (1997) Biometrics 53:983. Satterthwaite (1946) Biometrics Bull. 2:110. Meier (1953) Biometrics 9:59
/// (the common mean, which this reproduces).
#[derive(Debug, Clone, PartialEq)]
pub struct Covariance {
    n: usize,
    free: Vec<bool>,
    matrix: Vec<f64>,
    terms: Vec<Term>,
    blocks: Vec<Block>,
    undetermined: Vec<Undetermined>,
    /// Column scales of the Jacobian, 0 where no term depends on the coordinate.
    scales: Vec<f64>,
    /// Orthonormal basis of the undetermined directions in scaled coordinates.
    null: Vec<Vec<f64>>,
}

impl Covariance {
    /// Covariance from a linearisation, in the coordinates that are `free`.
    pub fn new(
        linearisation: &Linearisation,
        rows: &[RowInfo],
        data: &Data,
        free: Vec<bool>,
    ) -> Self {
        let (terms, blocks) = terms(linearisation, rows, data, free.len());
        Self::from_terms(terms, blocks, free, RANK_TOLERANCE)
    }

    /// The same with another relative singular value below which a direction counts as undetermined.
    pub fn with_tolerance(
        linearisation: &Linearisation,
        rows: &[RowInfo],
        data: &Data,
        tolerance: f64,
        n: usize,
    ) -> Self {
        let (terms, blocks) = terms(linearisation, rows, data, n);
        Self::from_terms(terms, blocks, vec![true; n], tolerance)
    }

    /// The same with one more independent row: gradient, standard error of its mean, degrees of freedom of that error.
    #[must_use]
    pub fn with_row(&self, gradient: &[f64], standard_error: f64, nu: f64) -> Self {
        let mut terms = self.terms.clone();
        let group = 1 + terms.iter().map(|t| t.group).max().unwrap_or(0);
        terms.push(Term {
            source: Source::Row(usize::MAX),
            gradient: gradient.to_vec(),
            weight: 1.0 / (standard_error * standard_error),
            nu,
            group,
            block: None,
        });
        Self::from_terms(
            terms,
            self.blocks.clone(),
            self.free.clone(),
            RANK_TOLERANCE,
        )
    }

    /// The same with other coordinates held.
    #[must_use]
    pub fn with_free(&self, free: Vec<bool>) -> Self {
        Self::from_terms(
            self.terms.clone(),
            self.blocks.clone(),
            free,
            RANK_TOLERANCE,
        )
    }

    fn from_terms(terms: Vec<Term>, blocks: Vec<Block>, free: Vec<bool>, tolerance: f64) -> Self {
        let n = free.len();
        let columns: Vec<usize> = (0..n).filter(|&j| free[j]).collect();
        let mut scales = vec![0.0; n];
        for &j in &columns {
            let square: f64 = terms
                .iter()
                .map(|t| t.weight * t.gradient[j] * t.gradient[j])
                .sum();
            scales[j] = square.sqrt();
        }
        let p = columns.len();
        let m = terms.len().max(p);
        // Rows of zeros below keep the thin decomposition complete in V.
        let a = DMatrix::from_fn(m, p, |i, k| match terms.get(i) {
            Some(t) if scales[columns[k]] > 0.0 => {
                t.weight.sqrt() * t.gradient[columns[k]] / scales[columns[k]]
            }
            _ => 0.0,
        });
        let mut covariance = Self {
            n,
            free,
            matrix: vec![0.0; n * n],
            terms,
            blocks,
            undetermined: Vec::new(),
            scales,
            null: Vec::new(),
        };
        if p > 0 {
            covariance.invert(a, &columns, tolerance);
        }
        covariance
    }

    /// Fills the pseudo-inverse and the undetermined directions from the scaled Jacobian.
    fn invert(&mut self, a: DMatrix<f64>, columns: &[usize], tolerance: f64) {
        let n = self.n;
        let finite = a.iter().all(|x| x.is_finite());
        let svd = if finite {
            SVD::try_new(a, false, true, SVD_TOLERANCE, MAX_SWEEPS)
        } else {
            None
        };
        let Some((values, v_t)) = svd.and_then(|s| s.v_t.map(|v| (s.singular_values, v))) else {
            // Nothing can be said: every direction is undetermined.
            for &j in columns {
                let mut e = vec![0.0; n];
                e[j] = 1.0;
                self.undetermined.push(Undetermined {
                    direction: e.clone(),
                });
                self.null.push(e);
            }
            return;
        };
        let largest = values.iter().copied().fold(0.0, f64::max);
        for (k, &s) in values.iter().enumerate() {
            let component = |i: usize| v_t[(k, i)];
            if s > tolerance * largest && s > 0.0 {
                for (i, &row) in columns.iter().enumerate() {
                    if self.scales[row] == 0.0 {
                        continue;
                    }
                    let left = component(i) / (s * s * self.scales[row]);
                    for (l, &column) in columns.iter().enumerate() {
                        if self.scales[column] > 0.0 {
                            self.matrix[row * n + column] +=
                                left * component(l) / self.scales[column];
                        }
                    }
                }
            } else {
                let mut scaled = vec![0.0; n];
                for (i, &j) in columns.iter().enumerate() {
                    scaled[j] = component(i);
                }
                let mut direction = scaled.clone();
                for &j in columns {
                    if direction[j].abs() < LEAK_TOLERANCE {
                        direction[j] = 0.0;
                    } else if self.scales[j] > 0.0 {
                        direction[j] /= self.scales[j];
                    }
                }
                normalise(&mut direction);
                self.undetermined.push(Undetermined { direction });
                self.null.push(scaled);
            }
        }
    }

    /// Entry of the matrix; 0 in rows of held coordinates.
    pub fn at(&self, i: usize, j: usize) -> f64 {
        self.matrix[i * self.n + j]
    }
    /// Number of coordinates, held ones included.
    pub fn len(&self) -> usize {
        self.n
    }
    /// Whether there is no coordinate.
    pub fn is_empty(&self) -> bool {
        self.n == 0
    }
    /// Which coordinates are free.
    pub fn free(&self) -> &[bool] {
        &self.free
    }
    /// Directions that the terms leave undetermined.
    pub fn undetermined(&self) -> &[Undetermined] {
        &self.undetermined
    }

    /// `C·v`.
    fn times(&self, v: &[f64]) -> Vec<f64> {
        (0..self.n)
            .map(|i| {
                self.matrix[i * self.n..(i + 1) * self.n]
                    .iter()
                    .zip(v)
                    .map(|(a, b)| a * b)
                    .sum()
            })
            .collect()
    }

    /// Whether a function with gradient `c` is determined: no part of it lies in an undetermined direction.
    pub fn determines(&self, c: &[f64]) -> bool {
        let scaled: Vec<f64> = c
            .iter()
            .enumerate()
            .map(|(j, x)| {
                if !self.free[j] {
                    0.0
                } else if self.scales[j] > 0.0 {
                    x / self.scales[j]
                } else {
                    *x
                }
            })
            .collect();
        let size: f64 = scaled.iter().map(|x| x * x).sum::<f64>().sqrt();
        self.null
            .iter()
            .all(|v| dot(v, &scaled).abs() <= LEAK_TOLERANCE * size)
    }

    /// Variance of a function with gradient `c`; `None` if the terms do not determine it.
    pub fn of(&self, c: &[f64]) -> Option<Scatter> {
        self.determines(c).then(|| self.scatter(c))
    }

    /// Variance of a coordinate; `None` if it is held or not determined.
    pub fn of_coordinate(&self, j: usize) -> Option<Scatter> {
        if !self.free.get(j).copied().unwrap_or(false) {
            return None;
        }
        let mut e = vec![0.0; self.n];
        e[j] = 1.0;
        self.of(&e)
    }

    fn scatter(&self, c: &[f64]) -> Scatter {
        let cc = self.times(c);
        // x_i = √w_i·g_i'Cc; groups in order of appearance.
        let mut groups: Vec<(f64, f64, Vec<f64>)> = Vec::new();
        let mut places: HashMap<usize, usize> = HashMap::new();
        let mut variance = 0.0;
        for t in &self.terms {
            let root = t.weight.sqrt() * dot(&t.gradient, &cc);
            variance += root * root;
            if t.nu == f64::INFINITY || root == 0.0 || t.block.is_some() {
                continue;
            }
            let at = *places.entry(t.group).or_insert_with(|| {
                groups.push((t.nu, 0.0, vec![0.0; self.n]));
                groups.len() - 1
            });
            let group = &mut groups[at];
            group.1 += root * root;
            // Σ x_i √w_i g_i, whose norm in C is q_g.
            for (s, g) in group.2.iter_mut().zip(&t.gradient) {
                *s += root * t.weight.sqrt() * g;
            }
        }
        let (mut inflated, mut spread) = (variance, 0.0);
        for (nu, share, sum) in &groups {
            let q = dot(sum, &self.times(sum));
            inflated += 4.0 * (share - q).max(0.0) / nu;
            spread += share * share / nu;
        }
        for block in &self.blocks {
            let (more, own) = self.correlated(block, &cc);
            inflated += more;
            spread += own;
        }
        let nu = if spread > 0.0 {
            variance * variance / spread
        } else {
            f64::INFINITY
        };
        Scatter {
            variance,
            inflated,
            nu,
        }
    }
}

/// Divides by the component of largest size, and lets the first component be positive.
fn normalise(v: &mut [f64]) {
    let largest = v.iter().fold(0.0_f64, |m, x| m.max(x.abs()));
    if largest == 0.0 {
        return;
    }
    let sign = v.iter().find(|x| **x != 0.0).map_or(1.0, |x| x.signum());
    for x in v {
        *x *= sign / largest;
    }
}

pub(crate) fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(x, y)| x * y).sum()
}
