//! A response as a function of parameters and doses.

use crate::objective::{EvalError, Target as _, Workspace};

use super::dosing::Dosed;

/// A scalar response to doses: what curves, surfaces and populations are made from.
///
/// Evaluation is a pure function of parameters and doses; the workspace is scratch memory of one thread.
pub trait Response: Sync {
    /// Scratch memory of one thread.
    type Workspace: Send;
    /// Scratch memory for one thread.
    fn workspace(&self) -> Self::Workspace;
    /// Relative accuracy of the values: below it a difference is noise.
    fn noise(&self) -> f64;
    /// Response at `theta` (estimation scale) and `doses` (natural units).
    ///
    /// # Errors
    /// [`EvalError`] if a simulation fails or the value is not a number.
    fn value(
        &self,
        theta: &[f64],
        doses: &[f64],
        ws: &mut Self::Workspace,
    ) -> Result<f64, EvalError>;
    /// Response with its derivatives: by each parameter on the estimation scale, then by each dose.
    ///
    /// # Errors
    /// As [`Response::value`].
    fn gradient(
        &self,
        theta: &[f64],
        doses: &[f64],
        ws: &mut Self::Workspace,
    ) -> Result<(f64, Vec<f64>), EvalError>;
}

/// What a long prediction tells of its work: for progress.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tell {
    /// So many units more are to come.
    Expect(u64),
    /// One of them is done.
    Done,
}

/// Who is told, from any thread.
pub type Watch<'a> = &'a (dyn Fn(Tell) + Sync);

/// Accuracy of a simulated value in units of the relative tolerance of the integration: local errors add up.
const NOISE_PER_TOLERANCE: f64 = 10.0;

/// The first prediction of a dosed model.
impl Response for Dosed {
    type Workspace = Workspace;

    fn workspace(&self) -> Workspace {
        self.objective.workspace()
    }
    fn noise(&self) -> f64 {
        NOISE_PER_TOLERANCE * self.objective.settings.tolerances.rtol
    }
    fn value(&self, theta: &[f64], doses: &[f64], ws: &mut Workspace) -> Result<f64, EvalError> {
        let mut point = Vec::with_capacity(theta.len() + doses.len());
        point.extend_from_slice(theta);
        point.extend_from_slice(doses);
        match self.objective.quantities.first() {
            Some(q) => self.objective.value_of(q, &point, ws),
            None => Err(nothing_asked()),
        }
    }
    fn gradient(
        &self,
        theta: &[f64],
        doses: &[f64],
        ws: &mut Workspace,
    ) -> Result<(f64, Vec<f64>), EvalError> {
        let mut point = Vec::with_capacity(theta.len() + doses.len());
        point.extend_from_slice(theta);
        point.extend_from_slice(doses);
        match self.objective.quantities.first() {
            Some(q) => self.objective.predict(q, &point, ws),
            None => Err(nothing_asked()),
        }
    }
}

fn nothing_asked() -> EvalError {
    EvalError::NotFinite {
        what: "a prediction that was not asked for".into(),
    }
}
