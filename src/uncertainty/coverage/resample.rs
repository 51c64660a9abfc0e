//! Bootstraps within a set.

use crate::fit::Optimum;
use crate::objective::{Data, Target};
use crate::search;

use super::super::bootstrap::ends::{self, Distribution};
use super::super::bootstrap::{self, Draw, SecondStart};
use super::super::interval::Method;
use super::super::refits::refit_twice;
use super::ratio::{Free, Ratio, rise};
use super::set::Set;

/// Gain that a replicate's refit leaves: it ends within √(2·10⁻⁴) = 0.014 standard errors of its optimum, beside which its
/// own scatter is 1.
const REPLICATE_TOLERANCE: f64 = 1e-4;
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
            self.intervals("percentile", Method::Percentile, &drawn.list);
        }
        let all = self.k <= self.ctx.options.calibrated_sets;
        if let Some(drawn) = self.replicates(&data, &optimum, Draw::PlugIn, ws) {
            for (kind, method) in [
                ("percentile_plug_in", Method::Percentile),
                ("basic_plug_in", Method::Basic),
                ("bc_plug_in", Method::Bc),
                ("bootstrap_t", Method::BootstrapT),
            ] {
                self.intervals(kind, method, &drawn.list);
            }
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
                self.intervals("percentile_means_only", Method::Percentile, &drawn.list);
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

    /// The interval of a method for every parameter, by the rules of the bootstrap's summary; an end held by a bound is
    /// none.
    fn intervals(&mut self, kind: &str, method: Method, list: &[bootstrap::Replicate]) {
        for j in 0..self.truth.len() {
            let se = self.fit.covariance.of_coordinate(j);
            let from = Distribution::new(
                method,
                self.ctx.options.level,
                self.optimum.theta[j],
                se.map(|s| s.standard_error()),
                list.iter().map(|r| ends::value(r, j)),
            );
            let [lower, upper] = from.map_or([None; 2], |d| {
                let held = d.held(ends::at_bound(list, j));
                let ends = d.ends();
                [0, 1].map(|side| ends[side].filter(|x| !held[side] && x.is_finite()))
            });
            self.put_ends(kind, j, lower, upper);
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
            self.intervals("percentile_exact", Method::Percentile, &drawn.list);
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
