//! What describes a dose-response as predictions of a fit, so that their likelihood can be profiled.

use crate::objective::{Coordinate, Data, EvalError, Evaluated, Linearisation, RowInfo, Target};
use crate::search::Want;

use super::Response;
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
}

/// A fit whose predictions are the features of a dose-response.
#[derive(Debug)]
pub struct FeatureTarget<'a, T, R> {
    /// The fit.
    pub fit: &'a T,
    /// The response; its parameters are the coordinates of the fit.
    pub response: &'a R,
    /// What is varied.
    pub setup: &'a DoseSetup,
}

impl<T: Target, R: Response> Target for FeatureTarget<'_, T, R> {
    type Workspace = (T::Workspace, R::Workspace);
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
        (self.fit.workspace(), self.response.workspace())
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
        if let Feature::Value(dose) = feature {
            let mut doses = self.setup.others.clone();
            if let Some(d) = doses.get_mut(self.setup.which) {
                *d = *dose;
            }
            let (value, mut gradient) = self.response.gradient(theta, &doses, &mut ws.1)?;
            gradient.truncate(theta.len());
            return Ok((value, gradient));
        }
        let curve = at(self.response, self.setup, theta, &mut ws.1)?;
        let g = gradient_at(self.response, self.setup, theta, &curve, &mut ws.1)?;
        let part = |list: &[f64; 3], k: usize| list.get(k).copied().unwrap_or(f64::NAN);
        let (value, gradient) = match *feature {
            Feature::Control | Feature::Value(_) => (curve.control, g.control),
            Feature::Emax => (curve.emax, g.emax),
            Feature::LogEc(k) => (
                part(&curve.log_ec, k),
                g.log_ec.into_iter().nth(k).unwrap_or_default(),
            ),
            Feature::LogAbsolute(k) => (
                curve.log_absolute.map_or(f64::NAN, |a| part(&a, k)),
                g.log_absolute.into_iter().nth(k).unwrap_or_default(),
            ),
            Feature::LogHill => (libm::log(curve.hill), g.log_hill),
        };
        if !value.is_finite() || gradient.len() != theta.len() {
            return Err(EvalError::NotFinite {
                what: format!("{feature:?} of the dose-response"),
            });
        }
        Ok((value, gradient))
    }
}
