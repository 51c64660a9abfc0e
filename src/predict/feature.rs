//! What describes a dose-response as predictions of a fit, so that their likelihood can be profiled.

use crate::objective::{Coordinate, Data, EvalError, Evaluated, Linearisation, RowInfo, Target};
use crate::search::Want;

use super::Response;
use super::curve::{Curve, CurveGradient, NOTHING};
use super::dose::{DoseSetup, at, gradient_at};

/// A number that describes a dose-response curve.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Feature {
    /// Response without dose.
    Control,
    /// Response at the largest effect.
    Emax,
    /// log10 of the dose of a part of the effect: index into [`super::curve::PARTS`].
    LogEc(usize),
    /// log10 of the dose of a part of the declared full effect.
    LogAbsolute(usize),
    /// ln of the Hill slope.
    LogHill,
    /// Response at a dose.
    Value(f64),
    /// log10 of the fold shift of the dose of half the effect, from the curve to the one it is compared with.
    LogShift,
}

impl Feature {
    /// What describes a curve in its summary.
    pub const OF_SUMMARY: [Self; 9] = [
        Self::Control,
        Self::Emax,
        Self::LogEc(0),
        Self::LogEc(1),
        Self::LogEc(2),
        Self::LogHill,
        Self::LogAbsolute(0),
        Self::LogAbsolute(1),
        Self::LogAbsolute(2),
    ];

    /// A value on the natural scale: the dose, slope or fold shift of a logarithm.
    pub fn natural(self, x: f64) -> f64 {
        match self {
            Self::Control | Self::Emax | Self::Value(_) => x,
            Self::LogEc(_) | Self::LogAbsolute(_) | Self::LogShift => libm::exp10(x),
            Self::LogHill => libm::exp(x),
        }
    }

    /// The inverse of [`Feature::natural`].
    pub fn scaled(self, x: f64) -> f64 {
        match self {
            Self::Control | Self::Emax | Self::Value(_) => x,
            Self::LogEc(_) | Self::LogAbsolute(_) | Self::LogShift => libm::log10(x),
            Self::LogHill => libm::log(x),
        }
    }
}

/// A curve of a fit.
#[derive(Debug)]
pub struct CurveOf<'a, R> {
    /// The response; its parameters are the coordinates of the fit.
    pub response: &'a R,
    /// What is varied.
    pub setup: &'a DoseSetup,
}

impl<R> Clone for CurveOf<'_, R> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<R> Copy for CurveOf<'_, R> {}

/// A fit whose predictions are the features of a dose-response.
#[derive(Debug)]
pub struct FeatureTarget<'a, T, R> {
    /// The fit.
    pub fit: &'a T,
    /// The curve.
    pub curve: CurveOf<'a, R>,
    /// A curve that it is compared with, for [`Feature::LogShift`].
    pub other: Option<CurveOf<'a, R>>,
}

/// Doses a decade at which a curve is computed to find its features: their accuracy comes from searches between them.
const PER_DECADE: f64 = 3.0;

/// The setup of a curve of which only the features are wanted, over as few doses as find them.
#[must_use]
pub fn thinned(setup: &DoseSetup) -> DoseSetup {
    let n = setup.doses.len();
    let decades = match (setup.doses.first(), setup.doses.last()) {
        (Some(a), Some(b)) => libm::log10(b / a),
        _ => 0.0,
    };
    let steps = (PER_DECADE * decades).ceil().max(1.0) as usize;
    let mut thin = setup.clone();
    if steps + 1 < n {
        thin.doses = (0..=steps)
            .filter_map(|k| setup.doses.get(k * (n - 1) / steps).copied())
            .collect();
    }
    thin
}

/// Features of a curve that have a value at the fit and move with the parameters by more than the `noise` of the response:
/// what a model fixes (the slope of an Emax model) has nothing to profile.
pub fn features(curve: &Curve, gradient: &CurveGradient, noise: f64) -> Vec<Feature> {
    let response = curve.control.abs().max(curve.emax.abs());
    Feature::OF_SUMMARY
        .into_iter()
        .filter(|f| {
            let (value, by) = of(curve, gradient, *f);
            let size = match f {
                Feature::Control | Feature::Emax => response,
                _ => 1.0,
            };
            value.is_finite() && moves(by, size, noise)
        })
        .collect()
}

/// Whether a gradient is more than the noise of differences of responses.
pub fn moves(gradient: &[f64], size: f64, noise: f64) -> bool {
    let largest = gradient.iter().fold(0.0, |m: f64, g| m.max(g.abs()));
    largest > NOTHING * noise * size
}

/// A feature of a curve with its gradient; not a number for what a curve does not have.
fn of<'g>(curve: &Curve, gradient: &'g CurveGradient, feature: Feature) -> (f64, &'g [f64]) {
    let part = |list: &[f64; 3], k: usize| list.get(k).copied().unwrap_or(f64::NAN);
    let by = |list: &'g [Vec<f64>; 3], k: usize| list.get(k).map_or(&[][..], Vec::as_slice);
    match feature {
        Feature::Control => (curve.control, &gradient.control),
        Feature::Emax => (curve.emax, &gradient.emax),
        Feature::LogEc(k) => (part(&curve.log_ec, k), by(&gradient.log_ec, k)),
        Feature::LogAbsolute(k) => (
            curve.log_absolute.map_or(f64::NAN, |a| part(&a, k)),
            by(&gradient.log_absolute, k),
        ),
        Feature::LogHill => (libm::log(curve.hill), &gradient.log_hill),
        Feature::Value(_) | Feature::LogShift => (f64::NAN, &[]),
    }
}

impl<T: Target, R: Response> Target for FeatureTarget<'_, T, R> {
    /// Of the fit, the curve, and the one that it is compared with.
    type Workspace = (T::Workspace, R::Workspace, Option<R::Workspace>);
    type Quantity = Feature;

    fn coordinates(&self) -> &[Coordinate] {
        self.fit.coordinates()
    }
    fn rows(&self) -> &[RowInfo] {
        self.fit.rows()
    }
    fn data(&self) -> &Data {
        self.fit.data()
    }
    fn workspace(&self) -> Self::Workspace {
        (
            self.fit.workspace(),
            self.curve.response.workspace(),
            self.other.as_ref().map(|o| o.response.workspace()),
        )
    }
    fn evaluate(
        &self,
        theta: &[f64],
        data: &Data,
        want: Want,
        ws: &mut Self::Workspace,
    ) -> Result<Evaluated, EvalError> {
        self.fit.evaluate(theta, data, want, &mut ws.0)
    }
    fn linearise(
        &self,
        theta: &[f64],
        data: &Data,
        ws: &mut Self::Workspace,
    ) -> Result<Linearisation, EvalError> {
        self.fit.linearise(theta, data, &mut ws.0)
    }
    fn predict(
        &self,
        feature: &Feature,
        theta: &[f64],
        ws: &mut Self::Workspace,
    ) -> Result<(f64, Vec<f64>), EvalError> {
        let (value, gradient) = match (feature, &self.other, &mut ws.2) {
            (Feature::LogShift, Some(other), Some(second)) => {
                let half = Feature::LogEc(HALF);
                let (from, by_from) = self.curve.feature(&half, theta, &mut ws.1)?;
                let (to, by_to) = other.feature(&half, theta, second)?;
                let by = by_to.iter().zip(&by_from).map(|(b, a)| b - a).collect();
                (to - from, by)
            }
            _ => self.curve.feature(feature, theta, &mut ws.1)?,
        };
        if !value.is_finite() || gradient.len() != theta.len() {
            return Err(EvalError::NotFinite {
                what: format!("{feature:?} of the dose-response"),
            });
        }
        Ok((value, gradient))
    }
}

/// Index of one half in [`super::curve::PARTS`].
const HALF: usize = 1;

impl<R: Response> CurveOf<'_, R> {
    /// A feature with its gradient by the parameters; not a number where it is not defined.
    fn feature(
        &self,
        feature: &Feature,
        theta: &[f64],
        ws: &mut R::Workspace,
    ) -> Result<(f64, Vec<f64>), EvalError> {
        if let Feature::Value(dose) = feature {
            let mut doses = self.setup.others.clone();
            if let Some(d) = doses.get_mut(self.setup.which) {
                *d = *dose;
            }
            let (value, mut gradient) = self.response.gradient(theta, &doses, ws)?;
            gradient.truncate(theta.len());
            return Ok((value, gradient));
        }
        let curve = at(self.response, self.setup, theta, ws)?;
        let gradient = gradient_at(self.response, self.setup, theta, &curve, ws)?;
        let (value, by) = of(&curve, &gradient, *feature);
        Ok((value, by.to_vec()))
    }
}
