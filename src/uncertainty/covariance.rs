//! Covariance of estimates from the linearised objective, with what each term contributes to it.

use nalgebra::{DMatrix, SVD};

use crate::objective::terms::setting;
use crate::objective::{Data, Donors, Linearisation, RowInfo, RowKind};
use crate::problem::NoiseSetting;
use crate::stats::t_quantile;

/// Relative singular value of the column-scaled Jacobian below which a direction counts as undetermined: sensitivities
/// of a simulation at the default tolerances carry errors of about 1e-8.
pub const RANK_TOLERANCE: f64 = 1e-8;
/// Largest share of a gradient within the undetermined directions at which its quantity still counts as determined.
const LEAK_TOLERANCE: f64 = 1e-5;
/// Off-diagonal size at which the decomposition stops, as nalgebra's own default.
const SVD_TOLERANCE: f64 = 5.0 * f64::EPSILON;
/// Most sweeps of the singular value decomposition.
const MAX_SWEEPS: usize = 10_000;

/// Which term of the objective.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// The value of a row.
    Row(usize),
    /// The σ of a row, where it is estimated.
    Sigma(usize),
    /// The prior of a coordinate.
    Prior(usize),
    /// A relation in the objective.
    Relation(usize),
}

/// A term `½·weight·(g·δ)²` of the linearised objective.
#[derive(Debug, Clone, PartialEq)]
struct Term {
    source: Source,
    gradient: Vec<f64>,
    weight: f64,
    /// Degrees of freedom of the variance that the weight was made from.
    nu: f64,
    /// Terms with the same group share that variance.
    group: usize,
    /// Block of correlated means that it belongs to; its gradient is the whitened one.
    block: Option<usize>,
}

/// Correlated means among the terms.
#[derive(Debug, Clone, PartialEq)]
struct Block {
    donors: Donors,
    /// Terms, in the order of the group's rows.
    terms: Vec<usize>,
    /// `½Cov(ln s_i², ln s_j²)`, row-major: ρ²/(n−1) for single SDs, the same number throughout for a pooled one.
    spread: Vec<f64>,
}

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
        let mut groups: Vec<(usize, f64, f64, Vec<f64>)> = Vec::new();
        let mut variance = 0.0;
        for t in &self.terms {
            let root = t.weight.sqrt() * dot(&t.gradient, &cc);
            variance += root * root;
            if t.nu == f64::INFINITY || root == 0.0 || t.block.is_some() {
                continue;
            }
            let at = match groups.iter().position(|g| g.0 == t.group) {
                Some(at) => at,
                None => {
                    groups.push((t.group, t.nu, 0.0, vec![0.0; self.n]));
                    groups.len() - 1
                }
            };
            let group = &mut groups[at];
            group.2 += root * root;
            // Σ x_i √w_i g_i, whose norm in C is q_g.
            for (s, g) in group.3.iter_mut().zip(&t.gradient) {
                *s += root * t.weight.sqrt() * g;
            }
        }
        let (mut inflated, mut spread) = (variance, 0.0);
        for (_, nu, share, sum) in &groups {
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

    /// What correlated means add to the inflation of a variance and to the denominator of Satterthwaite's degrees of
    /// freedom, for `cc = C·c`.
    ///
    /// With y = X̃Cc in units of the standard errors and α = R⁻¹y, the variance depends on ln s_i² through α_i·y_i, so that
    /// `ν = V²/Σ_ij W_ij α_i y_i α_j y_j`, W = ½Cov(ln s_i², ln s_j²); and with `z_i = R⁻¹e_i y_i + e_i α_i`, the slopes of Σ⁻¹,
    /// `V^KR = V + Σ_ij W_ij z_i'(R − X̃CX̃')z_j` (Kenward & Roger). With ρ = 0 both are those of independent means.
    fn correlated(&self, block: &Block, cc: &[f64]) -> (f64, f64) {
        let m = block.terms.len();
        let list: Vec<&Term> = block
            .terms
            .iter()
            .filter_map(|k| self.terms.get(*k))
            .collect();
        let white: Vec<f64> = list
            .iter()
            .map(|t| t.weight.sqrt() * dot(&t.gradient, cc))
            .collect();
        let y = block.donors.colour(&white);
        let alpha = block.donors.whiten_transposed(&white);
        // Lᵀz_i, and X̃'z_i.
        let q: Vec<Vec<f64>> = (0..m)
            .map(|i| {
                let mut z: Vec<f64> = (0..m)
                    .map(|k| block.donors.precision(k, i) * y[i])
                    .collect();
                z[i] += alpha[i];
                block.donors.colour_transposed(&z)
            })
            .collect();
        let pulled: Vec<Vec<f64>> = q
            .iter()
            .map(|q| {
                let mut sum = vec![0.0; self.n];
                for (x, t) in q.iter().zip(&list) {
                    for (s, g) in sum.iter_mut().zip(&t.gradient) {
                        *s += x * t.weight.sqrt() * g;
                    }
                }
                sum
            })
            .collect();
        let (mut inflation, mut spread) = (0.0, 0.0);
        for i in 0..m {
            let moved = self.times(&pulled[i]);
            for j in 0..m {
                let w = block.spread[i * m + j];
                inflation += w * (dot(&q[i], &q[j]) - dot(&pulled[j], &moved));
                spread += w * alpha[i] * y[i] * alpha[j] * y[j];
            }
        }
        (inflation.max(0.0), spread)
    }

    /// `½Σ_ij W_ij [tr(G_iN)·tr(G_jN) + tr(G_iN·G_jN)]` of correlated means, `G_i = ½(L⁻¹e_i e_i'L + L'e_i e_i'L⁻ᵀ)` the slope
    /// of the whitened square with respect to ln s_i², N = I − H among the whitened rows.
    fn correlated_misfit(&self, block: &Block) -> f64 {
        let m = block.terms.len();
        let list: Vec<&Term> = block
            .terms
            .iter()
            .filter_map(|k| self.terms.get(*k))
            .collect();
        let hat = |i: usize, k: usize| {
            (list[i].weight * list[k].weight).sqrt()
                * dot(&list[i].gradient, &self.times(&list[k].gradient))
        };
        let unit =
            |i: usize| -> Vec<f64> { (0..m).map(|k| if k == i { 1.0 } else { 0.0 }).collect() };
        let rest: Vec<f64> = (0..m * m)
            .map(|k| if k / m == k % m { 1.0 } else { 0.0 } - hat(k / m, k % m))
            .collect();
        // G_i·N, row-major.
        let products: Vec<Vec<f64>> = (0..m)
            .map(|i| {
                let a = block.donors.whiten(&unit(i));
                let b = block.donors.colour_transposed(&unit(i));
                (0..m * m)
                    .map(|k| {
                        let (row, column) = (k / m, k % m);
                        (0..m)
                            .map(|l| 0.5 * (a[row] * b[l] + b[row] * a[l]) * rest[l * m + column])
                            .sum()
                    })
                    .collect()
            })
            .collect();
        let trace = |p: &[f64]| -> f64 { (0..m).map(|i| p[i * m + i]).sum() };
        let mut sum = 0.0;
        for i in 0..m {
            for j in 0..m {
                let both: f64 = (0..m * m)
                    .map(|k| products[i][k] * products[j][(k % m) * m + k / m])
                    .sum();
                sum += 0.5
                    * block.spread[i * m + j]
                    * (trace(&products[i]) * trace(&products[j]) + both);
            }
        }
        sum
    }

    /// Leverage `h = w·g'Cg` of a row's value, between 0 and 1: the variance of the fitted value over that of the mean.
    pub fn leverage(&self, row: usize) -> f64 {
        for block in &self.blocks {
            let Some(at) = block.donors.rows.iter().position(|r| *r == row) else {
                continue;
            };
            let mut x = vec![0.0; self.n];
            for (k, t) in block.terms.iter().enumerate() {
                if let Some(t) = self.terms.get(*t) {
                    for (s, g) in x.iter_mut().zip(&t.gradient) {
                        *s += block.donors.factor(at, k) * t.weight.sqrt() * g;
                    }
                }
            }
            return dot(&x, &self.times(&x)).clamp(0.0, 1.0);
        }
        self.terms
            .iter()
            .filter(|t| t.source == Source::Row(row))
            .map(|t| t.weight * dot(&t.gradient, &self.times(&t.gradient)))
            .sum::<f64>()
            .clamp(0.0, 1.0)
    }

    /// Part of the information on a coordinate that comes from its prior: prior precision × variance.
    pub fn prior_share(&self, j: usize) -> f64 {
        self.terms
            .iter()
            .filter(|t| t.source == Source::Prior(j))
            .map(|t| t.weight * self.at(j, j))
            .sum::<f64>()
            .clamp(0.0, 1.0)
    }

    /// Part of the information on a function with gradient `c` that comes from priors: Σ of their v over V.
    pub fn prior_share_of(&self, c: &[f64]) -> Option<f64> {
        if !self.determines(c) {
            return None;
        }
        let cc = self.times(c);
        let (mut prior, mut all) = (0.0, 0.0);
        for t in &self.terms {
            let v = t.weight * dot(&t.gradient, &cc) * dot(&t.gradient, &cc);
            all += v;
            if matches!(t.source, Source::Prior(_)) {
                prior += v;
            }
        }
        (all > 0.0).then(|| prior / all)
    }

    /// What the null distribution of χ² over the given rows needs: Σ(1 − h) and
    /// `A = Σ_g ½[tr M_g² + (tr M_g)²]/ν_g`, M = I − H of a group of rows with one variance (Johansen, Welch, James).
    pub fn misfit(&self, means: &[bool]) -> (f64, f64) {
        let rows: Vec<&Term> = self
            .terms
            .iter()
            .filter(
                |t| matches!(t.source, Source::Row(i) if means.get(i).copied().unwrap_or(false)),
            )
            .collect();
        let projected: Vec<Vec<f64>> = rows.iter().map(|t| self.times(&t.gradient)).collect();
        let hat = |i: usize, k: usize| {
            (rows[i].weight * rows[k].weight).sqrt() * dot(&rows[i].gradient, &projected[k])
        };
        let mut dof = 0.0;
        let mut a = 0.0;
        let mut done: Vec<usize> = Vec::new();
        for (i, row) in rows.iter().enumerate() {
            dof += (1.0 - hat(i, i)).max(0.0);
            if done.contains(&row.group) || row.nu == f64::INFINITY || row.block.is_some() {
                continue;
            }
            done.push(row.group);
            let members: Vec<usize> = (0..rows.len())
                .filter(|&k| rows[k].group == row.group)
                .collect();
            let (mut trace, mut square) = (0.0, 0.0);
            for &k in &members {
                for &l in &members {
                    let m = if k == l { 1.0 } else { 0.0 } - hat(k, l);
                    square += m * m;
                    if k == l {
                        trace += m;
                    }
                }
            }
            a += 0.5 * (square + trace * trace) / row.nu;
        }
        for block in &self.blocks {
            if block
                .donors
                .rows
                .iter()
                .all(|r| means.get(*r).copied().unwrap_or(false))
            {
                a += self.correlated_misfit(block);
            }
        }
        (dof, a)
    }
}

/// Terms of a linearisation in fixed order: rows with their σ, priors, relations.
fn terms(
    linearisation: &Linearisation,
    rows: &[RowInfo],
    data: &Data,
    n: usize,
) -> (Vec<Term>, Vec<Block>) {
    let n_rows = linearisation.rows.len();
    let mut list = Vec::new();
    for (i, (row, info)) in linearisation.rows.iter().zip(rows).enumerate() {
        let pooled = matches!(info.kind, RowKind::Mean { .. })
            && matches!(
                setting(info.noise, data.noise),
                NoiseSetting::PooledSd | NoiseSetting::PooledCv
            );
        if row.information > 0.0 {
            list.push(Term {
                source: Source::Row(i),
                gradient: row.gradient.clone(),
                weight: row.information,
                nu: row.nu,
                // Groups of pooled rows are counted after the rows, so that the numbers do not meet.
                group: if pooled { n_rows + info.group } else { i },
                block: None,
            });
        }
        if !row.log_sigma_gradient.is_empty() && row.log_sigma_information > 0.0 {
            list.push(Term {
                source: Source::Sigma(i),
                gradient: row.log_sigma_gradient.clone(),
                weight: row.log_sigma_information,
                nu: f64::INFINITY,
                group: i,
                block: None,
            });
        }
    }
    for prior in &linearisation.priors {
        if prior.precision > 0.0 && prior.coordinate < n {
            let mut gradient = vec![0.0; n];
            gradient[prior.coordinate] = 1.0;
            list.push(Term {
                source: Source::Prior(prior.coordinate),
                gradient,
                weight: prior.precision,
                nu: f64::INFINITY,
                group: 0,
                block: None,
            });
        }
    }
    for (i, relation) in linearisation.relations.iter().enumerate() {
        if relation.information > 0.0 {
            list.push(Term {
                source: Source::Relation(i),
                gradient: relation.gradient.clone(),
                weight: relation.information,
                nu: f64::INFINITY,
                group: 0,
                block: None,
            });
        }
    }
    let blocks = blocks(linearisation, rows, data, &mut list);
    (list, blocks)
}

/// Whitens the terms of correlated means: row i of a group gets the gradient `se_i·Σ_k (L⁻¹)_ik g_k/se_k`, so that its terms
/// are independent and the rest of the covariance is as for others.
fn blocks(
    linearisation: &Linearisation,
    rows: &[RowInfo],
    data: &Data,
    list: &mut [Term],
) -> Vec<Block> {
    let mut blocks = Vec::new();
    for group in &linearisation.donors {
        let at: Vec<usize> = group
            .rows
            .iter()
            .filter_map(|r| list.iter().position(|t| t.source == Source::Row(*r)))
            .collect();
        let m = group.len();
        if at.len() != m {
            continue;
        }
        let scaled: Vec<Vec<f64>> = at
            .iter()
            .map(|k| {
                let root = list[*k].weight.sqrt();
                list[*k].gradient.iter().map(|g| root * g).collect()
            })
            .collect();
        let n = scaled.first().map_or(0, Vec::len);
        for j in 0..n {
            let column: Vec<f64> = scaled.iter().map(|g| g[j]).collect();
            for (k, x) in at.iter().zip(group.whiten(&column)) {
                list[*k].gradient[j] = x / list[*k].weight.sqrt();
            }
        }
        let pooled = group
            .rows
            .first()
            .and_then(|r| rows.get(*r))
            .is_some_and(|r| {
                matches!(
                    setting(r.noise, data.noise),
                    NoiseSetting::PooledSd | NoiseSetting::PooledCv
                )
            });
        let nu = f64::from(group.n) - 1.0;
        // A pooled variance of m correlated ones has the mean of their squared correlations.
        let common =
            (1.0 + (m as f64 - 1.0) * group.correlation * group.correlation) / (m as f64 * nu);
        let spread = (0..m * m)
            .map(|k| {
                let r = group.correlation_of(k / m, k % m);
                if pooled { common } else { r * r / nu }
            })
            .collect();
        for k in &at {
            list[*k].block = Some(blocks.len());
        }
        blocks.push(Block {
            donors: group.clone(),
            terms: at,
            spread,
        });
    }
    blocks
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
