//! What all profiles of a round share, and the threshold of each.

use crate::fit::Optimum;
use crate::objective::{Coordinate, Data, EvalError, Target};

use super::super::covariance::Scatter;
use super::super::fisher::Linearised;
use super::super::interval::Method;
use super::super::refits::Spread;
use super::item::Item;
use super::threshold::{Basis, chi2, two_sided};
use super::{Options, ThresholdKind};

/// What all profiles of a round share.
#[derive(Debug)]
pub struct Context<'a, T: Target> {
    /// Target.
    pub target: &'a T,
    /// Data.
    pub data: &'a Data,
    /// What is profiled.
    pub items: Vec<Item<'a, T::Quantity>>,
    /// Settings.
    pub options: Options,
    /// The fit.
    pub optimum: Optimum,
    /// The fit, linearised in the parameters that no bound holds.
    pub fit: Linearised,
    /// Seed of second looks.
    pub seed: u64,
    pub(super) spread: Spread,
}

impl<'a, T: Target> Context<'a, T> {
    /// Prepares profiles of `items` from `optimum`.
    ///
    /// # Errors
    /// [`EvalError`] if the fit cannot be linearised.
    pub fn new(
        target: &'a T,
        data: &'a Data,
        optimum: Optimum,
        items: Vec<Item<'a, T::Quantity>>,
        options: Options,
        seed: u64,
    ) -> Result<Self, EvalError> {
        let fit = Linearised::at_optimum(target, data, &optimum, &mut target.workspace())?;
        Ok(Self {
            spread: Spread::new(target.coordinates(), &fit),
            target,
            data,
            items,
            options,
            optimum,
            fit,
            seed,
        })
    }

    /// Variance of an item, with the coordinates in `held` at their bounds and its own one free.
    pub(super) fn scatter(&self, kind: Kind<'_>, held: &[bool]) -> Option<Scatter> {
        let free = held.iter().map(|h| !h).collect::<Vec<_>>();
        match kind {
            Kind::Parameter(k) => {
                let mut free = free;
                *free.get_mut(k)? = true;
                self.fit.covariance.with_free(free).of_coordinate(k)
            }
            Kind::Prediction(slope) => self.fit.covariance.with_free(free).of(slope),
        }
    }

    /// Rise of twice the objective for an item at tail level `p`.
    pub(super) fn threshold(&self, item: usize, basis: &Basis, p: f64) -> f64 {
        match self.options.threshold {
            ThresholdKind::SmallSample => basis.small_sample(p),
            ThresholdKind::Chi2 => chi2(p),
            // A calibration is of the two-sided pointwise level only.
            ThresholdKind::Bootstrap if p == two_sided(self.options.level, 1) => self
                .options
                .calibrated
                .get(item)
                .copied()
                .flatten()
                .unwrap_or_else(|| basis.small_sample(p)),
            ThresholdKind::Bootstrap => basis.small_sample(p),
        }
    }

    pub(super) fn method(&self) -> Method {
        match self.options.threshold {
            ThresholdKind::SmallSample => Method::Profile,
            ThresholdKind::Chi2 => Method::ProfileChi2,
            ThresholdKind::Bootstrap => Method::ProfileBootstrap,
        }
    }

    pub(super) fn coordinate(&self, k: usize) -> &Coordinate {
        &self.target.coordinates()[k]
    }
}

/// What an item is, as its variance needs it.
#[derive(Clone, Copy)]
pub(super) enum Kind<'a> {
    Parameter(usize),
    Prediction(&'a [f64]),
}
