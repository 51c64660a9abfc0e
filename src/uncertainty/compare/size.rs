//! How often the bootstrap likelihood ratio of a nested pair rejects the smaller model where it is true.

use serde::{Deserialize, Serialize};

use crate::objective::{Data, Target};
use crate::search::Control;

use super::super::bootstrap::{Draw, Options as DrawOptions};
use super::super::draw::Sampler;
use super::super::fisher::Linearised;
use super::super::run::run;
use super::pair::{PairContext, translate};
use super::rank::SIZE;

/// One data set drawn from the smaller model: its likelihood ratio, and that of one data set drawn from its own fit.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SizeReplicate {
    /// Number.
    pub index: u64,
    /// Difference of the deviances.
    pub statistic: Option<f64>,
    /// The same in data drawn from the smaller model as refitted to the set.
    pub null: Option<f64>,
    /// Why it failed.
    pub failure: Option<String>,
}

/// Size of a test.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TestSize {
    /// Smaller model, from which the data came.
    pub small: String,
    /// Larger model.
    pub large: String,
    /// Level at which the test was held.
    pub nominal: f64,
    /// Data sets that succeeded, and those that failed.
    pub sets: [u64; 2],
    /// Share of sets that the bootstrap likelihood ratio rejects.
    pub bootstrap: Option<f64>,
    /// Share that χ² with the difference of parameters rejects.
    pub chi2: Option<f64>,
    /// Binomial standard error of the first.
    pub standard_error: Option<f64>,
}

impl<T: Target> PairContext<'_, T> {
    /// Set `k`: a pure function of its number.
    pub fn size_replicate(&self, k: u64, ws: &mut (T::Workspace, T::Workspace)) -> SizeReplicate {
        let mut out = SizeReplicate {
            index: k,
            statistic: None,
            null: None,
            failure: None,
        };
        let data = self.samplers[0].draw(k);
        let from = &self.fits[0].exact.optimum.theta;
        let target = self.first.target;
        let fitted = |data: &Data, from: &[f64], ws: &mut (T::Workspace, T::Workspace)| {
            let other = translate(data, target, self.second.target);
            self.both([data, &other], from, ws)
        };
        let outcome = fitted(&data, from, ws).and_then(|(statistic, small)| {
            out.statistic = Some(statistic);
            let theta = &small.optimum.theta;
            let at = Linearised::at_optimum(target, &data, &small.optimum, &mut ws.0)
                .map_err(|e| e.reason())?;
            let options = DrawOptions {
                draw: Draw::PlugIn,
                seed: self.seed,
                ..DrawOptions::default()
            };
            let purpose = format!("size {} {}", self.first.id, self.second.id);
            let sampler =
                Sampler::new(target, &data, &at, &options, &purpose).map_err(|_| "no_draw")?;
            out.null = Some(fitted(&sampler.draw(k), theta, ws)?.0);
            Ok(())
        });
        if let Err(reason) = outcome {
            out.failure = Some(reason.into());
        }
        out
    }

    /// Runs the sets `ks` in parallel, in the order of `ks`.
    pub fn size_replicates(
        &self,
        ks: &[u64],
        sink: &(dyn Fn(u64, &SizeReplicate) -> Control + Sync),
    ) -> Vec<SizeReplicate> {
        run(
            ks,
            || self.workspaces(),
            |k, ws| self.size_replicate(k, ws),
            sink,
        )
    }

    /// The size of the test of a nested pair from its sets.
    ///
    /// Every set gives one bootstrap statistic, and all of them together the null distribution against which each set is
    /// held: the size of the bootstrap test at the cost of one replicate a set.
    ///
    /// # References
    /// Giacomini, Politis & White (2013) Econometric Theory 29:567.
    pub fn size(&self, replicates: &[SizeReplicate]) -> TestSize {
        let pairs: Vec<(f64, f64)> = replicates
            .iter()
            .filter_map(|r| r.statistic.zip(r.null))
            .collect();
        let mut null: Vec<f64> = pairs.iter().map(|p| p.1).collect();
        null.sort_by(f64::total_cmp);
        let n = pairs.len();
        // (1 + count)/(1 + B) < 5 %, as the test itself counts.
        let p_value = |x: f64| {
            let above = null.len() - null.partition_point(|v| *v < x);
            (1.0 + above as f64) / (1.0 + null.len() as f64)
        };
        let more = self.fits[1]
            .criteria
            .n_estimated
            .saturating_sub(self.fits[0].criteria.n_estimated);
        let share = |rejects: &dyn Fn(f64) -> bool| {
            let count = pairs.iter().filter(|p| rejects(p.0)).count() as f64;
            (n > 0).then(|| count / n as f64)
        };
        let bootstrap = share(&|x| p_value(x) < SIZE);
        TestSize {
            small: self.first.id.clone(),
            large: self.second.id.clone(),
            nominal: SIZE,
            sets: [n as u64, (replicates.len() - n) as u64],
            standard_error: bootstrap.map(|p| (p * (1.0 - p) / n as f64).sqrt()),
            bootstrap,
            chi2: (more > 0)
                .then(|| share(&|x| crate::stats::chi2_tail(x.max(0.0), more as f64) < SIZE))
                .flatten(),
        }
    }
}
