//! The truth of a set, and data drawn from it.

use crate::objective::terms::transform;
use crate::objective::{Data, EvalError, RowKind, Target};
use crate::problem::{NoiseDistribution, NoiseSetting};
use crate::stats::Stream;

use super::super::bootstrap::{self, Draw};
use super::super::draw::{self, Sampler};
use super::super::fisher::Linearised;
use super::{Context, Violation};

/// Names of streams.
const TRUTH: &str = "coverage truth";
const DATA: &str = "coverage data";
const DONORS: &str = "coverage donors";

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
    data.noise = match ctx.options.violation {
        Violation::PooledSd => Some(NoiseSetting::PooledSd),
        _ => ctx.data.noise,
    };
    Ok((truth, data))
}

/// Draws the means again from single replicates that break an assumption.
fn violate<T: Target>(k: u64, ctx: &Context<'_, T>, at: &Linearised, data: &mut Data) {
    if matches!(ctx.options.violation, Violation::None | Violation::PooledSd) {
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
        let mut donors = Stream::new(seed, DONORS, k, row.group as u64);
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
