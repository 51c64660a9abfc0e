//! Bootstraps within a set.

use crate::fit::Optimum;
use crate::objective::{Data, Target};
use crate::search;

use super::super::bootstrap::quantile::{bias_corrected, quantile};
use super::super::bootstrap::{self, Draw, SecondStart};
use super::super::refits::refit_twice;
use super::ratio::{Free, Ratio, rise};
use super::set::Set;

/// Gain that a replicate's refit leaves: it ends within √(2·10⁻⁴) = 0.014 standard errors of its optimum, beside which its
/// own scatter is 1.
const REPLICATE_TOLERANCE: f64 = 1e-4;
/// Distance from a bound, relative to the width of the box, at which an end of an interval counts as lying on it.
const ON_BOUND: f64 = 1e-9;

/// Replicates of a set with what they were drawn from.
struct Drawn<'c, T: Target> {
    ctx: bootstrap::Context<'c, T>,
    list: Vec<bootstrap::Replicate>,
}

impl<T: Target> Set<'_, '_, T> {
    /// All bootstrap rows of this set.
    pub(super) fn bootstraps(&mut self, ws: &mut T::Workspace) {
        let data = self.data.clone();
        let optimum = self.optimum.clone();
        if let Some(drawn) = self.replicates(&data, &optimum, Draw::T, ws) {
            self.percentile("percentile", &drawn.list);
        }
        let all = self.k <= self.ctx.options.calibrated_sets;
        if let Some(drawn) = self.replicates(&data, &optimum, Draw::PlugIn, ws) {
            self.percentile("percentile_plug_in", &drawn.list);
            self.reflected(&drawn.list);
            self.studentised(&drawn.list);
            let statistic = optimum.evaluated.parts.chi2_means;
            let count = drawn
                .list
                .iter()
                .filter(|r| r.chi2_means.is_some_and(|c| c >= statistic))
                .count();
            self.p_bootstrap = Some((count as f64 + 1.0) / (drawn.list.len() as f64 + 1.0));
            if all {
                self.calibrated(&drawn, ws);
            }
        }
        if all {
            if let Some(drawn) = self.replicates(&data, &optimum, Draw::MeansOnly, ws) {
                self.percentile("percentile_means_only", &drawn.list);
            }
            if self.ctx.options.exact {
                self.exact_percentile(ws);
            }
        }
    }

    fn replicates<'c>(
        &self,
        data: &'c Data,
        optimum: &Optimum,
        draw: Draw,
        ws: &mut T::Workspace,
    ) -> Option<Drawn<'c, T>>
    where
        Self: 'c,
        T: 'c,
    {
        let options = bootstrap::Options {
            draw,
            seed: self.nested_seed(),
            studentise: draw == Draw::PlugIn,
            search: search::Options {
                objective_tolerance: REPLICATE_TOLERANCE,
                ..self.ctx.options.search
            },
            ..bootstrap::Options::default()
        };
        let ctx =
            bootstrap::Context::new(self.ctx.target, data, optimum, Vec::new(), options).ok()?;
        let list = (1..=self.ctx.options.bootstrap)
            .map(|b| bootstrap::replicate(b, &ctx, ws))
            .filter(bootstrap::Replicate::succeeded)
            .collect();
        Some(Drawn { ctx, list })
    }

    /// An interval whose end lies at a bound has none there.
    fn put_between(&mut self, kind: &str, j: usize, lower: Option<f64>, upper: Option<f64>) {
        let c = &self.ctx.target.coordinates()[j];
        let reach = ON_BOUND * (c.upper - c.lower).min(1.0);
        self.put_ends(
            kind,
            j,
            lower.filter(|x| *x > c.lower + reach),
            upper.filter(|x| *x < c.upper - reach),
        );
    }

    fn sorted(list: &[bootstrap::Replicate], j: usize) -> Vec<f64> {
        let mut values: Vec<f64> = list.iter().map(|r| r.theta[j]).collect();
        values.sort_by(f64::total_cmp);
        values
    }

    fn percentile(&mut self, kind: &str, list: &[bootstrap::Replicate]) {
        let tail = self.tail();
        for j in 0..self.truth.len() {
            let values = Self::sorted(list, j);
            self.put_between(
                kind,
                j,
                quantile(&values, tail),
                quantile(&values, 1.0 - tail),
            );
        }
    }

    /// Basic and bias-corrected.
    fn reflected(&mut self, list: &[bootstrap::Replicate]) {
        let tail = self.tail();
        for j in 0..self.truth.len() {
            let x = self.optimum.theta[j];
            let values = Self::sorted(list, j);
            let (a, b) = (quantile(&values, tail), quantile(&values, 1.0 - tail));
            self.put_ends(
                "basic_plug_in",
                j,
                b.map(|q| 2.0 * x - q),
                a.map(|q| 2.0 * x - q),
            );
            let levels = bias_corrected(&values, x, self.ctx.options.level);
            self.put_between(
                "bc_plug_in",
                j,
                levels.and_then(|t| quantile(&values, t.0)),
                levels.and_then(|t| quantile(&values, t.1)),
            );
        }
    }

    fn studentised(&mut self, list: &[bootstrap::Replicate]) {
        let tail = self.tail();
        for j in 0..self.truth.len() {
            let x = self.optimum.theta[j];
            let scatter = self.fit.covariance.of_coordinate(j);
            let Some(se) = scatter.map(|s| s.standard_error()) else {
                self.put_ends("bootstrap_t", j, None, None);
                continue;
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
        if let Some(drawn) = self.replicates(&data, &best, Draw::PlugIn, ws) {
            self.percentile("percentile_exact", &drawn.list);
        }
    }

    /// The profile with a threshold calibrated on plug-in draws: the truth is held unless its likelihood ratio lies beyond
    /// the quantile of the replicates' ratios at the fit's values. Only the order of the ratios is needed, so that most
    /// of them are decided by a bound.
    fn calibrated(&mut self, drawn: &Drawn<'_, T>, ws: &mut T::Workspace) {
        let level = self.ctx.options.level;
        let needed = ((drawn.list.len() as f64 + 1.0) * (1.0 - level) + 1e-9).floor() as usize;
        if needed == 0 {
            return;
        }
        for j in 0..self.truth.len() {
            // Any upper bound serves first: if the truth is held in spite of it, it is held.
            let mut held = None;
            for enough in [f64::INFINITY, 0.0] {
                let Some(ratio) = self.rise_at_truth(j, enough, ws) else {
                    break;
                };
                held = Some(self.at_least(ratio, needed, j, drawn, ws));
                if held == Some(true) {
                    break;
                }
            }
            if let Some(held) = held {
                let x = self.optimum.theta[j];
                self.put_verdict("profile_bootstrap", j, held, x);
            }
        }
    }

    /// Whether `needed` replicates have a likelihood ratio of at least `ratio`, coordinate `j` held at the fit.
    fn at_least(
        &self,
        ratio: f64,
        needed: usize,
        j: usize,
        drawn: &Drawn<'_, T>,
        ws: &mut T::Workspace,
    ) -> bool {
        let mut count = 0;
        for (seen, r) in drawn.list.iter().enumerate() {
            if count + (drawn.list.len() - seen) < needed {
                return false;
            }
            let data = drawn.ctx.data_of(r.index);
            let free = Free {
                theta: &r.theta,
                value: r.objective.unwrap_or(f64::INFINITY),
                covariance: &self.fit.covariance,
            };
            let found = rise(
                self.ctx.target,
                &data,
                &free,
                j,
                self.optimum.theta[j],
                // Strictly below: a ratio equal to the truth's counts.
                ratio * (1.0 - f64::EPSILON),
                None,
                &drawn.ctx.options.search,
                ws,
            );
            if matches!(found, Ok(Ratio::Rise(x)) if x >= ratio) {
                count += 1;
                if count >= needed {
                    return true;
                }
            }
        }
        false
    }
}
