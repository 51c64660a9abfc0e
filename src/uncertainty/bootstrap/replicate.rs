//! Replicates: data drawn, refitted from the fit, and from a second start where the rule says so.

use crate::fit::Optimum;
use crate::objective::{Data, Target};
use crate::search::Control;

use super::super::draw::Sampler;
use super::super::fisher::Linearised;
use super::super::refits::{Spread, refit_twice, sides};
use super::super::run::run;
use super::{BootstrapError, Draw, Kind, Options, Replicate};

/// Name of the streams of bootstrap draws.
const PURPOSE: &str = "bootstrap";
/// Name of the streams of second starts.
const SECOND: &str = "bootstrap second start";

/// What all replicates share.
#[derive(Debug)]
pub struct Context<'a, T: Target> {
    /// Target.
    pub target: &'a T,
    /// Data as reported.
    pub data: &'a Data,
    /// The fit, linearised.
    pub fit: Linearised,
    /// Objective at the fit.
    pub objective: f64,
    /// χ² over the means at the fit.
    pub chi2_means: f64,
    /// Bounds that hold the fit.
    pub at_bound: Vec<i8>,
    /// Predictions to follow.
    pub quantities: Vec<&'a T::Quantity>,
    /// Settings.
    pub options: Options,
    sampler: Sampler,
    spread: Spread,
}

impl<'a, T: Target> Context<'a, T> {
    /// Prepares replicates about `optimum`.
    ///
    /// # Errors
    /// [`BootstrapError`] where the kind does not fit the data, or the fit cannot be linearised.
    pub fn new(
        target: &'a T,
        data: &'a Data,
        optimum: &Optimum,
        quantities: Vec<&'a T::Quantity>,
        options: Options,
    ) -> Result<Self, BootstrapError> {
        if options.studentise && options.kind == Kind::Parametric && options.draw != Draw::PlugIn {
            return Err(BootstrapError::StudentisedDraw);
        }
        let fit = Linearised::at_optimum(target, data, optimum, &mut target.workspace())?;
        let sampler = Sampler::new(target, data, &fit, &options, PURPOSE)?;
        Ok(Self {
            spread: Spread::new(target.coordinates(), &fit),
            target,
            data,
            fit,
            objective: optimum.evaluated.value,
            chi2_means: optimum.evaluated.parts.chi2_means,
            at_bound: sides(&optimum.at_bound),
            quantities,
            options,
            sampler,
        })
    }

    /// The data of replicate `k`.
    pub fn data_of(&self, k: u64) -> Data {
        if k == 0 {
            self.data.clone()
        } else {
            self.sampler.draw(k)
        }
    }

    fn finish(
        &self,
        k: u64,
        optimum: &Optimum,
        data: &Data,
        second_start: bool,
        ws: &mut T::Workspace,
    ) -> Replicate {
        let at_bound = sides(&optimum.at_bound);
        let standard_error = if self.options.studentise {
            Linearised::at_optimum(self.target, data, optimum, ws).map_or_else(
                |_| vec![f64::NAN; at_bound.len()],
                |l| {
                    (0..at_bound.len())
                        .map(|j| {
                            l.covariance
                                .of_coordinate(j)
                                .map_or(f64::NAN, |s| s.standard_error())
                        })
                        .collect()
                },
            )
        } else {
            Vec::new()
        };
        Replicate {
            index: k,
            predictions: self.predict(&optimum.theta, ws),
            theta: optimum.theta.clone(),
            objective: Some(optimum.evaluated.value),
            chi2_means: Some(optimum.evaluated.parts.chi2_means),
            at_bound,
            standard_error,
            second_start,
            failure: None,
        }
    }

    /// Values of the predictions at a point; NaN where one cannot be computed.
    pub fn predict(&self, theta: &[f64], ws: &mut T::Workspace) -> Vec<f64> {
        self.quantities
            .iter()
            .map(|q| self.target.predict(q, theta, ws).map_or(f64::NAN, |p| p.0))
            .collect()
    }
}

/// Replicate `k`: a pure function of its number. Number 0 is the fit itself, not refitted.
pub fn replicate<T: Target>(k: u64, ctx: &Context<'_, T>, ws: &mut T::Workspace) -> Replicate {
    if k == 0 {
        return Replicate {
            index: 0,
            theta: ctx.fit.theta.clone(),
            objective: Some(ctx.objective),
            chi2_means: Some(ctx.chi2_means),
            at_bound: ctx.at_bound.clone(),
            predictions: ctx.predict(&ctx.fit.theta, ws),
            ..Replicate::default()
        };
    }
    let data = ctx.sampler.draw(k);
    let options = &ctx.options;
    let second = || ctx.spread.point(options.seed, SECOND, k);
    match refit_twice(
        ctx.target,
        &data,
        &ctx.fit.theta,
        second,
        options.second_start,
        &options.search,
        ws,
    ) {
        Ok((optimum, second_start)) => ctx.finish(k, &optimum, &data, second_start, ws),
        Err(reason) => Replicate {
            index: k,
            failure: Some(reason.into()),
            ..Replicate::default()
        },
    }
}

/// Runs the replicates `ks` in parallel, in the order of `ks`; `sink` sees each as it ends.
pub fn replicates<T: Target>(
    ks: &[u64],
    ctx: &Context<'_, T>,
    sink: &(dyn Fn(u64, &Replicate) -> Control + Sync),
) -> Vec<Replicate>
where
    T::Quantity: Sync,
{
    run(
        ks,
        || ctx.target.workspace(),
        |k, ws| replicate(k, ctx, ws),
        sink,
    )
}
