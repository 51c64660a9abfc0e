//! One simulated data set: truth, data, refits, and which intervals hold the truth.

use serde::{Deserialize, Serialize};

use crate::fit::Optimum;
use crate::objective::terms::transform;
use crate::objective::{Data, EvalError, RowKind, Target};
use crate::problem::{NoiseDistribution, NoiseSetting};
use crate::search::{self, Control};
use crate::stats::{Stream, t_quantile};

use super::super::bootstrap::quantile::{bias_corrected, quantile};
use super::super::bootstrap::{self, Draw, SecondStart};
use super::super::draw::{self, Sampler};
use super::super::fisher::{Linearised, means};
use super::super::goodness::{chi_square, johansen};
use super::super::profile::threshold::{Basis, chi2, two_sided};
use super::super::profile::{
    Calibration, Context as ProfileContext, Item, Options as ProfileOptions, Outcome, calibration,
    held_parameter, likelihood_ratios, profile_item,
};
use super::super::refits::{Spread, refit_twice};
use super::super::run::run;

/// Names of streams.
const TRUTH: &str = "coverage truth";
const DATA: &str = "coverage data";
const SECOND: &str = "coverage second start";
const NESTED: &str = "coverage bootstrap";

/// What the data are drawn with that the analysis does not know.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Violation {
    /// Nothing: the model is right.
    #[default]
    None,
    /// The same donors in every arm of an observable: replicates correlate between arms.
    Correlated {
        /// Correlation.
        rho: f64,
    },
    /// Replicates are log-normal with the model's value as their mean.
    LogNormal,
}

impl Violation {
    /// Name in files.
    pub fn name(&self) -> String {
        match self {
            Self::None => "none".into(),
            Self::Correlated { rho } => format!("arms correlate, rho = {rho}"),
            Self::LogNormal => "replicates are log-normal".into(),
        }
    }
}

/// Settings.
#[derive(Debug, Clone, PartialEq)]
pub struct Options {
    /// Nominal coverage.
    pub level: f64,
    /// Seed.
    pub seed: u64,
    /// Replicates of the bootstraps in each set; 0: no bootstrap rows.
    pub bootstrap: u64,
    /// Thresholds of profiles calibrated by simulation, in each set (as many draws as `bootstrap`).
    pub calibrate: bool,
    /// Rows of the exact summary.
    pub exact: bool,
    /// Sets whose profiles are walked to their ends, for their widths.
    pub widths: u64,
    /// What the analysis does not know.
    pub violation: Violation,
    /// Search.
    pub search: search::Options,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            level: 0.95,
            seed: 1,
            bootstrap: 0,
            calibrate: false,
            exact: true,
            widths: 300,
            violation: Violation::None,
            search: ProfileOptions::default().search,
        }
    }
}

/// Kinds of intervals, in the order of the table.
pub const KINDS: [&str; 19] = [
    "fisher_z",
    "fisher_t_sum_of_dof",
    "fisher_scaled_by_chi2",
    "fisher_t_satterthwaite",
    "fisher_t_fewest",
    "fisher",
    "profile_chi2",
    "profile",
    "profile_exact_chi2",
    "profile_exact_flat",
    "profile_exact",
    "percentile_means_only",
    "percentile_plug_in",
    "basic_plug_in",
    "bc_plug_in",
    "percentile_exact",
    "percentile",
    "bootstrap_t",
    "profile_bootstrap",
];

/// One interval of one parameter.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Cell {
    /// 0: holds the truth; −1: lies below it; 1: lies above it.
    pub miss: i8,
    /// Width on the estimation scale, where both ends were computed and are closed.
    pub width: Option<f64>,
    /// Whether an end is not closed (an open end excludes nothing); null where the ends were not computed.
    pub open: Option<bool>,
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
}

/// What all sets share.
pub struct Context<'a, T: Target> {
    /// Target.
    pub target: &'a T,
    /// Data as reported; with a noise setting for the analysis, if another is declared.
    pub data: &'a Data,
    /// The fit that truths are made from.
    pub theta: &'a [f64],
    /// Settings.
    pub options: Options,
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

/// The truth and the data of a set.
///
/// # Errors
/// [`EvalError`] if the model cannot be evaluated at the truth.
pub fn simulate<T: Target>(
    k: u64,
    ctx: &Context<'_, T>,
    ws: &mut T::Workspace,
) -> Result<(Vec<f64>, Data), EvalError> {
    let seed = ctx.options.seed;
    let coordinates = ctx.target.coordinates();
    let truth = draw::truth(coordinates, ctx.theta, seed, TRUTH, k);
    // Simulated with every arm's own SD, whatever the analysis pools.
    let own = Data {
        noise: Some(NoiseSetting::KnownSd),
        ..ctx.data.clone()
    };
    let at = Linearised::at(ctx.target, &own, &truth, &vec![true; coordinates.len()], ws)?;
    let options = bootstrap::Options {
        draw: Draw::PlugIn,
        seed,
        ..bootstrap::Options::default()
    };
    let mut data = match Sampler::new(ctx.target, &own, &at, &options, DATA) {
        Ok(sampler) => sampler.with_given_priors().draw(k),
        Err(_) => own,
    };
    violate(k, ctx, &at, &mut data);
    data.noise = ctx.data.noise;
    Ok((truth, data))
}

/// Draws the means again from single replicates that break an assumption.
fn violate<T: Target>(k: u64, ctx: &Context<'_, T>, at: &Linearised, data: &mut Data) {
    if ctx.options.violation == Violation::None {
        return;
    }
    let seed = ctx.options.seed;
    for (i, row) in ctx.target.rows().iter().enumerate() {
        let RowKind::Mean { n } = row.kind else {
            continue;
        };
        if row.distribution != NoiseDistribution::Normal {
            continue;
        }
        let sd = at.sigma[i] * f64::from(n).sqrt();
        let (mean, _) = transform(row.distribution, at.simulated[i]);
        let mut own = Stream::new(seed, DATA, k, i as u64);
        let mut donors = Stream::new(seed, "coverage donors", k, row.group as u64);
        let values: Vec<f64> = (0..n)
            .map(|_| match ctx.options.violation {
                Violation::Correlated { rho } => {
                    mean + sd * (rho.sqrt() * donors.normal() + (1.0 - rho).sqrt() * own.normal())
                }
                Violation::LogNormal if mean > 0.0 => {
                    let s2 = libm::log1p(sd * sd / (mean * mean));
                    libm::exp(libm::log(mean) - 0.5 * s2 + s2.sqrt() * own.normal())
                }
                _ => mean + sd * own.normal(),
            })
            .collect();
        let count = f64::from(n);
        let average = values.iter().sum::<f64>() / count;
        data.value[i] = average;
        data.sd[i] = (values
            .iter()
            .map(|v| (v - average) * (v - average))
            .sum::<f64>()
            / (count - 1.0))
            .sqrt();
    }
}

/// A fitted set.
struct Set<'a, 'b, T: Target> {
    k: u64,
    ctx: &'a Context<'b, T>,
    truth: Vec<f64>,
    data: Data,
    optimum: Optimum,
    fit: Linearised,
    cells: Vec<Vec<Option<Cell>>>,
    p_bootstrap: Option<f64>,
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
        let free: Vec<bool> = optimum.at_bound.iter().map(Option::is_none).collect();
        let fit =
            Linearised::at(ctx.target, &data, &optimum.theta, &free, ws).map_err(|e| e.reason())?;
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

    fn put(&mut self, kind: &str, j: usize, cell: Cell) {
        if let Some(at) = KINDS.iter().position(|k| *k == kind)
            && let Some(slot) = self.cells.get_mut(at).and_then(|row| row.get_mut(j))
        {
            *slot = Some(cell);
        }
    }

    /// An interval with its ends; a missing end excludes nothing.
    fn put_ends(&mut self, kind: &str, j: usize, lower: Option<f64>, upper: Option<f64>) {
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

    /// An interval judged by the likelihood ratio at the truth.
    fn put_ratio(&mut self, kind: &str, j: usize, ratio: f64, threshold: f64, estimate: f64) {
        let miss = if ratio <= threshold {
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
        let means = means(self.ctx.target);
        let (dof, a) = self.fit.covariance.misfit(&means);
        let statistic = self.optimum.evaluated.parts.chi2_means;
        self.fisher(dof, statistic);
        self.profiles(ws);
        if self.ctx.options.exact {
            self.exact(ws);
        }
        if self.ctx.options.bootstrap > 0 {
            self.bootstraps(ws);
        }
        if self.k <= self.ctx.options.widths {
            self.widths(ws);
        }
        CoverageSet {
            index: self.k,
            failure: None,
            p_values: [
                chi_square(statistic, dof),
                johansen(statistic, dof, a),
                self.p_bootstrap,
            ],
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

    /// Twice the rise of the objective with a parameter held at its truth.
    fn ratio(&self, data: &Data, best: &Optimum, j: usize, ws: &mut T::Workspace) -> Option<f64> {
        let (target, search) = (self.ctx.target, &self.ctx.options.search);
        // From the truth and from the estimate: the lower of the two is the minimum.
        let held: Vec<f64> = [&self.truth, &best.theta]
            .into_iter()
            .filter_map(|s| held_parameter(target, data, j, self.truth[j], s, search, ws).ok())
            .collect();
        let least = held.into_iter().fold(f64::INFINITY, f64::min);
        least
            .is_finite()
            .then(|| (2.0 * (least - best.evaluated.value)).max(0.0))
    }

    fn basis(&self, fit: &Linearised, data: &Data, j: usize) -> Basis {
        let mut free = fit.covariance.free().to_vec();
        free[j] = true;
        let scatter = fit.covariance.with_free(free).of_coordinate(j);
        Basis::new(scatter, self.ctx.target.rows(), data)
    }

    fn profiles(&mut self, ws: &mut T::Workspace) {
        let p = two_sided(self.ctx.options.level, 1);
        for j in 0..self.truth.len() {
            let Some(ratio) = self.ratio(&self.data, &self.optimum, j, ws) else {
                continue;
            };
            let basis = self.basis(&self.fit, &self.data, j);
            let x = self.optimum.theta[j];
            self.put_ratio("profile_chi2", j, ratio, chi2(p), x);
            self.put_ratio("profile", j, ratio, basis.small_sample(p), x);
        }
    }

    fn exact_data(&self) -> Data {
        Data {
            noise: Some(NoiseSetting::ExactSummary),
            ..self.data.clone()
        }
    }

    fn exact(&mut self, ws: &mut T::Workspace) {
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
        let free: Vec<bool> = best.at_bound.iter().map(Option::is_none).collect();
        let Ok(fit) = Linearised::at(self.ctx.target, &data, &best.theta, &free, ws) else {
            return;
        };
        let p = two_sided(self.ctx.options.level, 1);
        for j in 0..self.truth.len() {
            let Some(ratio) = self.ratio(&data, &best, j, ws) else {
                continue;
            };
            let basis = self.basis(&fit, &data, j);
            let x = best.theta[j];
            let fewest = Basis::new(None, self.ctx.target.rows(), &data);
            self.put_ratio("profile_exact_chi2", j, ratio, chi2(p), x);
            self.put_ratio("profile_exact_flat", j, ratio, fewest.small_sample(p), x);
            self.put_ratio("profile_exact", j, ratio, basis.small_sample(p), x);
        }
    }

    fn nested_seed(&self) -> u64 {
        (Stream::new(self.ctx.options.seed, NESTED, self.k, 0).uniform() * 2f64.powi(53)) as u64
    }

    fn bootstraps(&mut self, ws: &mut T::Workspace) {
        let level = self.ctx.options.level;
        let tail = 0.5 * (1.0 - level);
        let data = self.data.clone();
        let optimum = self.optimum.clone();
        for draw in [Draw::T, Draw::PlugIn, Draw::MeansOnly] {
            let list = self.replicates(&data, &optimum, draw, ws);
            for j in 0..self.truth.len() {
                let mut values: Vec<f64> = list.iter().map(|r| r.theta[j]).collect();
                values.sort_by(f64::total_cmp);
                let (a, b) = (quantile(&values, tail), quantile(&values, 1.0 - tail));
                match draw {
                    Draw::T => self.put_ends("percentile", j, a, b),
                    Draw::MeansOnly => self.put_ends("percentile_means_only", j, a, b),
                    Draw::PlugIn => {
                        let x = optimum.theta[j];
                        self.put_ends("percentile_plug_in", j, a, b);
                        self.put_ends(
                            "basic_plug_in",
                            j,
                            b.map(|q| 2.0 * x - q),
                            a.map(|q| 2.0 * x - q),
                        );
                        let bc = bias_corrected(&values, x, level);
                        self.put_ends(
                            "bc_plug_in",
                            j,
                            bc.and_then(|t| quantile(&values, t.0)),
                            bc.and_then(|t| quantile(&values, t.1)),
                        );
                        self.studentised(j, &list);
                    }
                }
            }
            if draw == Draw::PlugIn {
                let statistic = optimum.evaluated.parts.chi2_means;
                let count = list
                    .iter()
                    .filter(|r| r.chi2_means.is_some_and(|c| c >= statistic))
                    .count();
                self.p_bootstrap = Some((count as f64 + 1.0) / (list.len() as f64 + 1.0));
            }
        }
        if self.ctx.options.exact {
            self.exact_percentile(ws);
        }
        if self.ctx.options.calibrate {
            self.calibrated(ws);
        }
    }

    fn replicates(
        &self,
        data: &Data,
        optimum: &Optimum,
        draw: Draw,
        ws: &mut T::Workspace,
    ) -> Vec<bootstrap::Replicate> {
        let options = bootstrap::Options {
            draw,
            seed: self.nested_seed(),
            studentise: draw == Draw::PlugIn,
            ..bootstrap::Options::default()
        };
        let Ok(ctx) = bootstrap::Context::new(self.ctx.target, data, optimum, Vec::new(), options)
        else {
            return Vec::new();
        };
        (1..=self.ctx.options.bootstrap)
            .map(|b| bootstrap::replicate(b, &ctx, ws))
            .filter(bootstrap::Replicate::succeeded)
            .collect()
    }

    fn studentised(&mut self, j: usize, list: &[bootstrap::Replicate]) {
        let tail = 0.5 * (1.0 - self.ctx.options.level);
        let x = self.optimum.theta[j];
        let Some(se) = self
            .fit
            .covariance
            .of_coordinate(j)
            .map(|s| s.standard_error())
        else {
            self.put_ends("bootstrap_t", j, None, None);
            return;
        };
        let mut t: Vec<f64> = list
            .iter()
            .map(|r| (r.theta[j] - x) / r.standard_error.get(j).copied().unwrap_or(f64::NAN))
            .filter(|t| !t.is_nan())
            .collect();
        t.sort_by(f64::total_cmp);
        let (a, b) = (quantile(&t, tail), quantile(&t, 1.0 - tail));
        self.put_ends(
            "bootstrap_t",
            j,
            b.map(|q| x - q * se),
            a.map(|q| x - q * se),
        );
    }

    fn exact_percentile(&mut self, ws: &mut T::Workspace) {
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
        let list = self.replicates(&data, &best, Draw::PlugIn, ws);
        let tail = 0.5 * (1.0 - self.ctx.options.level);
        for j in 0..self.truth.len() {
            let mut values: Vec<f64> = list.iter().map(|r| r.theta[j]).collect();
            values.sort_by(f64::total_cmp);
            self.put_ends(
                "percentile_exact",
                j,
                quantile(&values, tail),
                quantile(&values, 1.0 - tail),
            );
        }
    }

    fn profile_context<'c>(&'c self, options: ProfileOptions) -> Option<ProfileContext<'c, T>> {
        ProfileContext::new(
            self.ctx.target,
            &self.data,
            self.optimum.clone(),
            (0..self.truth.len()).map(Item::Parameter).collect(),
            options,
            self.nested_seed(),
        )
        .ok()
    }

    fn calibrated(&mut self, ws: &mut T::Workspace) {
        let options = ProfileOptions {
            search: self.ctx.options.search,
            ..ProfileOptions::default()
        };
        let thresholds = {
            let Some(ctx) = self.profile_context(options) else {
                return;
            };
            let Ok(draws) = Calibration::new(&ctx, self.nested_seed()) else {
                return;
            };
            let list: Vec<_> = (1..=self.ctx.options.bootstrap)
                .map(|b| likelihood_ratios(b, &draws, ws))
                .collect();
            calibration(&list, self.truth.len(), self.ctx.options.level)
        };
        for (j, threshold) in thresholds.into_iter().enumerate() {
            if let Some(threshold) = threshold
                && let Some(ratio) = self.ratio(&self.data, &self.optimum, j, ws)
            {
                let x = self.optimum.theta[j];
                self.put_ratio("profile_bootstrap", j, ratio, threshold, x);
            }
        }
    }

    /// Walks the reference profile to its ends: widths, and which are not closed.
    fn widths(&mut self, ws: &mut T::Workspace) {
        let options = ProfileOptions {
            level: self.ctx.options.level,
            beyond: 0,
            accuracy: 1e-3,
            search: self.ctx.options.search,
            ..ProfileOptions::default()
        };
        let found: Vec<Option<(Option<f64>, bool)>> = {
            let Some(ctx) = self.profile_context(options) else {
                return;
            };
            (0..self.truth.len())
                .map(|j| match profile_item(j as u64, &ctx, ws) {
                    Outcome::Done(p) => {
                        let scale = self.ctx.target.coordinates()[j].scale;
                        let scaled = |x| crate::objective::target::to_scaled(scale, x);
                        let width = p.interval.ends().map(|(a, b)| scaled(b) - scaled(a));
                        Some((width, width.is_none()))
                    }
                    _ => None,
                })
                .collect()
        };
        let Some(at) = KINDS.iter().position(|k| *k == "profile") else {
            return;
        };
        for (j, found) in found.into_iter().enumerate() {
            if let (Some((width, open)), Some(cell)) = (found, self.cells[at][j].as_mut()) {
                cell.width = width;
                cell.open = Some(open);
            }
        }
    }
}
