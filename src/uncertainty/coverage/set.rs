//! One simulated data set: truth, data, refits, and which intervals hold the truth.

use serde::{Deserialize, Serialize};

use crate::fit::Optimum;
use crate::objective::{Data, RowKind, Target};
use crate::problem::NoiseSetting;
use crate::search::Control;
use crate::stats::{Stream, t_quantile};

use super::super::bootstrap::SecondStart;
use super::super::fisher::{Linearised, means};
use super::super::goodness::{chi_square, johansen};
use super::super::profile::threshold::{Basis, chi2, two_sided};
use super::super::refits::{Spread, converged, refit_twice};
use super::super::run::run;
use super::ratio::{Free, Ratio, rise};
use super::{Context, KINDS, simulate};

/// Names of streams.
const SECOND: &str = "coverage second start";
const NESTED: &str = "coverage bootstrap";
/// Better optima that a set follows before it takes the last one.
const MAX_ROUNDS: usize = 5;

/// One interval of one parameter; in files `[miss, width, open]`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(from = "CellFields", into = "CellFields")]
pub struct Cell {
    /// 0: holds the truth; −1: lies below it; 1: lies above it.
    pub miss: i8,
    /// Width on the estimation scale, where both ends were computed and are closed.
    pub width: Option<f64>,
    /// Whether an end is not closed (an open end excludes nothing); null where the ends were not computed.
    pub open: Option<bool>,
}

type CellFields = (i8, Option<f64>, Option<bool>);

impl From<CellFields> for Cell {
    fn from((miss, width, open): CellFields) -> Self {
        Self { miss, width, open }
    }
}

impl From<Cell> for CellFields {
    fn from(c: Cell) -> Self {
        (c.miss, c.width, c.open)
    }
}

/// One data set.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct CoverageSet {
    /// Number.
    pub index: u64,
    /// Reason if it could not be fitted.
    pub failure: Option<String>,
    /// Per kind (in the order of [`KINDS`]) and parameter.
    pub cells: Vec<Vec<Option<Cell>>>,
    /// P of χ², of Johansen's F and of the plug-in bootstrap.
    pub p_values: [Option<f64>; 3],
    /// Per parameter: prior share at the optimum of this set.
    pub prior_share: Vec<f64>,
}

/// Runs the sets `ks` in parallel, in the order of `ks`; `sink` sees each as it ends.
pub fn coverage_sets<T: Target>(
    ks: &[u64],
    ctx: &Context<'_, T>,
    sink: &(dyn Fn(u64, &CoverageSet) -> Control + Sync),
) -> Vec<CoverageSet> {
    run(
        ks,
        || ctx.target.workspace(),
        |k, ws| coverage_set(k, ctx, ws),
        sink,
    )
}

/// Data set `k`: a pure function of its number.
///
/// Parameters with an informative prior have their truth drawn from it; the others keep the fit's value. Data are drawn
/// about the truth with the reported SDs as σ, means and SDs both. The refit starts at the truth.
pub fn coverage_set<T: Target>(k: u64, ctx: &Context<'_, T>, ws: &mut T::Workspace) -> CoverageSet {
    match Set::new(k, ctx, ws) {
        Ok(set) => set.all(ws),
        Err(reason) => CoverageSet {
            index: k,
            failure: Some(reason.into()),
            ..CoverageSet::default()
        },
    }
}

/// A fitted set.
pub(super) struct Set<'a, 'b, T: Target> {
    pub k: u64,
    pub ctx: &'a Context<'b, T>,
    pub truth: Vec<f64>,
    pub data: Data,
    pub optimum: Optimum,
    pub fit: Linearised,
    pub p_bootstrap: Option<f64>,
    cells: Vec<Vec<Option<Cell>>>,
}

impl<'a, 'b, T: Target> Set<'a, 'b, T> {
    fn new(k: u64, ctx: &'a Context<'b, T>, ws: &mut T::Workspace) -> Result<Self, &'static str> {
        let (truth, data) = simulate(k, ctx, ws).map_err(|e| e.reason())?;
        let n = truth.len();
        let at_truth = Linearised::at(ctx.target, &data, &truth, &vec![true; n], ws)
            .map_err(|e| e.reason())?;
        let spread = Spread::new(ctx.target.coordinates(), &at_truth);
        let (optimum, _) = refit_twice(
            ctx.target,
            &data,
            &truth,
            || spread.point(ctx.options.seed, SECOND, k),
            SecondStart::IfBad,
            &ctx.options.search,
            ws,
        )?;
        let fit =
            Linearised::at_optimum(ctx.target, &data, &optimum, ws).map_err(|e| e.reason())?;
        Ok(Self {
            k,
            ctx,
            truth,
            data,
            optimum,
            fit,
            cells: vec![vec![None; n]; KINDS.len()],
            p_bootstrap: None,
        })
    }

    pub(super) fn cell_mut(&mut self, kind: &str, j: usize) -> Option<&mut Cell> {
        self.slot(kind, j)?.as_mut()
    }

    fn slot(&mut self, kind: &str, j: usize) -> Option<&mut Option<Cell>> {
        let at = KINDS.iter().position(|k| *k == kind)?;
        self.cells.get_mut(at)?.get_mut(j)
    }

    fn put(&mut self, kind: &str, j: usize, cell: Cell) {
        if let Some(slot) = self.slot(kind, j) {
            *slot = Some(cell);
        }
    }

    /// An interval with its ends; a missing end excludes nothing.
    pub(super) fn put_ends(
        &mut self,
        kind: &str,
        j: usize,
        lower: Option<f64>,
        upper: Option<f64>,
    ) {
        let truth = self.truth[j];
        let miss = if upper.is_some_and(|b| b < truth) {
            -1
        } else if lower.is_some_and(|a| a > truth) {
            1
        } else {
            0
        };
        self.put(
            kind,
            j,
            Cell {
                miss,
                width: lower.zip(upper).map(|(a, b)| b - a),
                open: Some(lower.is_none() || upper.is_none()),
            },
        );
    }

    /// An interval known to hold the truth or not, about an estimate.
    pub(super) fn put_verdict(&mut self, kind: &str, j: usize, held: bool, estimate: f64) {
        let miss = if held {
            0
        } else if estimate < self.truth[j] {
            -1
        } else {
            1
        };
        self.put(
            kind,
            j,
            Cell {
                miss,
                width: None,
                open: None,
            },
        );
    }

    fn all(mut self, ws: &mut T::Workspace) -> CoverageSet {
        let o = &self.ctx.options;
        let (exact, walked) = (o.exact, self.k <= o.widths);
        let resampled = o.bootstrap > 0 && self.k <= o.bootstrap_sets;
        self.profiles(ws);
        let means = means(self.ctx.target);
        let (dof, a) = self.fit.covariance.misfit(&means);
        let statistic = self.optimum.evaluated.parts.chi2_means;
        self.fisher(dof, statistic);
        if walked {
            let (data, best) = (self.data.clone(), self.optimum.clone());
            self.widths("profile", &data, &best, ws);
        }
        if exact {
            self.exact(walked, ws);
        }
        if resampled {
            self.bootstraps(ws);
        }
        CoverageSet {
            index: self.k,
            failure: None,
            p_values: [
                chi_square(statistic, dof),
                johansen(statistic, dof, a),
                self.p_bootstrap,
            ],
            prior_share: self.fit.prior_share.clone(),
            cells: self.cells,
        }
    }

    fn fisher(&mut self, dof: f64, statistic: f64) {
        let p = two_sided(self.ctx.options.level, 1);
        let sizes: Vec<f64> = self
            .ctx
            .target
            .rows()
            .iter()
            .filter_map(|r| match r.kind {
                RowKind::Mean { n } => Some(f64::from(n) - 1.0),
                _ => None,
            })
            .collect();
        let sum: f64 = sizes.iter().sum();
        let fewest = sizes.iter().copied().fold(f64::INFINITY, f64::min);
        let all = if sum > 0.0 { sum } else { f64::INFINITY };
        for j in 0..self.truth.len() {
            let Some(s) = self.fit.covariance.of_coordinate(j) else {
                for kind in &KINDS[..6] {
                    self.put_ends(kind, j, None, None);
                }
                continue;
            };
            let se = s.variance.sqrt();
            let scaled = (statistic / dof).sqrt();
            let mut rows = vec![
                ("fisher_z", t_quantile(p, f64::INFINITY) * se),
                ("fisher_t_sum_of_dof", t_quantile(p, all) * se),
                ("fisher_t_satterthwaite", t_quantile(p, s.nu) * se),
                ("fisher_t_fewest", t_quantile(p, fewest) * se),
                ("fisher", s.half_width(self.ctx.options.level)),
            ];
            if dof >= 1.0 {
                rows.push(("fisher_scaled_by_chi2", t_quantile(p, dof) * se * scaled));
            }
            let x = self.optimum.theta[j];
            for (kind, half) in rows {
                self.put_ends(kind, j, Some(x - half), Some(x + half));
            }
        }
    }

    /// Twice the rise of the objective with a parameter held at its truth, or a bound of it up to `enough`.
    pub(super) fn rise_at_truth(
        &self,
        j: usize,
        enough: f64,
        ws: &mut T::Workspace,
    ) -> Option<f64> {
        let free = Free::of(&self.optimum, &self.fit.covariance);
        let (target, search) = (self.ctx.target, &self.ctx.options.search);
        let held = self.truth[j];
        let again = Some(self.truth.as_slice());
        match rise(
            target, &self.data, &free, j, held, enough, again, search, ws,
        ) {
            Ok(Ratio::Rise(x)) => Some(x),
            _ => None,
        }
    }

    fn basis(&self, fit: &Linearised, data: &Data, j: usize) -> Basis {
        let scatter = if fit.covariance.free()[j] {
            fit.covariance.of_coordinate(j)
        } else {
            let mut free = fit.covariance.free().to_vec();
            free[j] = true;
            fit.covariance.with_free(free).of_coordinate(j)
        };
        Basis::new(scatter, self.ctx.target.rows(), data)
    }

    /// Likelihood ratios of all truths at an optimum for `data`, judged against the thresholds of `kinds`. Where a
    /// constrained minimum falls below the optimum, the fit is redone from there, as `profile` does.
    fn judge(
        &mut self,
        data: &Data,
        mut best: Optimum,
        mut fit: Linearised,
        thresholds: impl Fn(&Basis) -> Vec<(&'static str, f64)>,
        ws: &mut T::Workspace,
    ) -> (Optimum, Linearised) {
        let (target, search) = (self.ctx.target, self.ctx.options.search);
        for round in 0..MAX_ROUNDS {
            let mut better = None;
            for j in 0..self.truth.len() {
                let list = thresholds(&self.basis(&fit, data, j));
                let enough = list.iter().map(|t| t.1).fold(f64::INFINITY, f64::min);
                let free = Free::of(&best, &fit.covariance);
                let held = self.truth[j];
                let again = Some(self.truth.as_slice());
                match rise(target, data, &free, j, held, enough, again, &search, ws) {
                    Ok(Ratio::Rise(ratio)) => {
                        for (kind, threshold) in list {
                            self.put_verdict(kind, j, ratio <= threshold, best.theta[j]);
                        }
                    }
                    Ok(Ratio::Better(theta)) if round + 1 < MAX_ROUNDS => {
                        better = Some(theta);
                        break;
                    }
                    _ => {}
                }
            }
            let Some(theta) = better else { break };
            let again = converged(crate::fit::refit(target, data, &theta, &[], &search, ws));
            let Ok(again) = again else { break };
            let Ok(linear) = Linearised::at_optimum(target, data, &again, ws) else {
                break;
            };
            best = again;
            fit = linear;
        }
        (best, fit)
    }

    fn profiles(&mut self, ws: &mut T::Workspace) {
        let p = two_sided(self.ctx.options.level, 1);
        let data = self.data.clone();
        let (best, fit) = (self.optimum.clone(), self.fit.clone());
        let thresholds = |basis: &Basis| {
            vec![
                ("profile_chi2", chi2(p)),
                ("profile", basis.small_sample(p)),
            ]
        };
        (self.optimum, self.fit) = self.judge(&data, best, fit, thresholds, ws);
    }

    pub(super) fn exact_data(&self) -> Data {
        Data {
            noise: Some(NoiseSetting::ExactSummary),
            ..self.data.clone()
        }
    }

    fn exact(&mut self, walked: bool, ws: &mut T::Workspace) {
        let data = self.exact_data();
        let found = refit_twice(
            self.ctx.target,
            &data,
            &self.optimum.theta,
            || self.truth.clone(),
            SecondStart::Always,
            &self.ctx.options.search,
            ws,
        );
        let Ok((best, _)) = found else { return };
        let Ok(fit) = Linearised::at_optimum(self.ctx.target, &data, &best, ws) else {
            return;
        };
        let p = two_sided(self.ctx.options.level, 1);
        let flat = Basis::new(None, self.ctx.target.rows(), &data).small_sample(p);
        let thresholds = |basis: &Basis| {
            vec![
                ("profile_exact_chi2", chi2(p)),
                ("profile_exact_flat", flat),
                ("profile_exact", basis.small_sample(p)),
            ]
        };
        let (best, _) = self.judge(&data, best, fit, thresholds, ws);
        if walked {
            self.widths("profile_exact", &data, &best, ws);
        }
    }

    pub(super) fn nested_seed(&self) -> u64 {
        (Stream::new(self.ctx.options.seed, NESTED, self.k, 0).uniform() * 2f64.powi(53)) as u64
    }
}
