//! The constrained minima that a profile consists of.

use crate::fit::{Optimum, refit};
use crate::objective::{Data, EvalError, Evaluated, Parts, Target};
use crate::search::{self, Control, Evaluation, Want};

use super::super::refits::{converged, sides};

/// A point of a profile: everything but the profiled quantity minimised.
#[derive(Debug, Clone, PartialEq)]
pub struct Solved {
    /// What the path was asked for: the value itself, or the pull of a prediction.
    pub control: f64,
    /// The profiled quantity there (estimation scale for a parameter).
    pub value: f64,
    /// Objective.
    pub objective: f64,
    /// Its parts.
    pub parts: Parts,
    /// The point.
    pub theta: Vec<f64>,
    /// Bounds that hold it.
    pub sides: Vec<i8>,
    /// Gradient of the objective.
    pub gradient: Vec<f64>,
}

/// A family of constrained minima over one real control.
pub trait Path {
    /// The minimum at a value of the control, searched from `start`.
    ///
    /// # Errors
    /// Stable name of the reason.
    fn solve(&mut self, control: f64, start: &[f64]) -> Result<Solved, &'static str>;
}

/// Minima with one parameter held.
pub struct OfParameter<'a, T: Target> {
    /// Target.
    pub target: &'a T,
    /// Data.
    pub data: &'a Data,
    /// The parameter.
    pub coordinate: usize,
    /// Search.
    pub search: &'a search::Options,
    /// Scratch memory.
    pub ws: &'a mut T::Workspace,
}

impl<T: Target> Path for OfParameter<'_, T> {
    fn solve(&mut self, control: f64, start: &[f64]) -> Result<Solved, &'static str> {
        let k = self.coordinate;
        let found = converged(refit(
            self.target,
            self.data,
            start,
            &[(k, control)],
            self.search,
            self.ws,
        ))?;
        Ok(solved(control, control, found))
    }
}

fn solved(control: f64, value: f64, found: Optimum) -> Solved {
    Solved {
        control,
        value,
        objective: found.evaluated.value,
        parts: found.evaluated.parts,
        sides: sides(&found.at_bound),
        theta: found.theta,
        gradient: found.evaluated.gradient,
    }
}

/// Minima of `objective + ½ρ(g(θ) − c)²` over all parameters.
///
/// Each is the minimum of the objective at the value of the prediction that it happens to have: with `c` moved outwards they
/// trace the profile of the prediction, and no multiplier has to be found. `ρ` only spaces the points.
pub struct OfPrediction<'a, T: Target> {
    /// Target.
    pub target: &'a T,
    /// Data.
    pub data: &'a Data,
    /// The prediction.
    pub quantity: &'a T::Quantity,
    /// ρ, in units of the objective over the square of the prediction.
    pub stiffness: f64,
    /// Search.
    pub search: &'a search::Options,
    /// Scratch memory.
    pub ws: &'a mut T::Workspace,
}

impl<T: Target> Path for OfPrediction<'_, T> {
    fn solve(&mut self, control: f64, start: &[f64]) -> Result<Solved, &'static str> {
        let coordinates = self.target.coordinates();
        let n = coordinates.len();
        let lower: Vec<f64> = coordinates.iter().map(|c| c.lower).collect();
        let upper: Vec<f64> = coordinates.iter().map(|c| c.upper).collect();
        let mut best: Option<(Vec<f64>, Evaluated, f64)> = None;
        let (target, data, quantity, rho) = (self.target, self.data, self.quantity, self.stiffness);
        let ws = &mut *self.ws;
        let mut f = |x: &[f64], want: Want| -> Result<Evaluation, EvalError> {
            let full = target.evaluate(x, data, want, ws)?;
            let (g, slope) = target.predict(quantity, x, ws)?;
            let away = g - control;
            let value = full.value + 0.5 * rho * away * away;
            if want == Want::Value {
                return Ok(Evaluation {
                    value,
                    ..Evaluation::default()
                });
            }
            let mut out = Evaluation {
                value,
                gradient: full.gradient.clone(),
                curvature: full.curvature.clone(),
            };
            for i in 0..n {
                out.gradient[i] += rho * away * slope[i];
                for j in 0..n {
                    out.curvature[i * n + j] += rho * slope[i] * slope[j];
                }
            }
            if best
                .as_ref()
                .is_none_or(|b| value < b.1.value + 0.5 * rho * (b.2 - control) * (b.2 - control))
            {
                best = Some((x.to_vec(), full, g));
            }
            Ok(out)
        };
        let found = search::minimise(&mut f, start, &lower, &upper, self.search, &mut |_| {
            Control::Continue
        })
        .map_err(|e| e.reason())?;
        if !found.termination.is_converged() {
            return Err(found.termination.name());
        }
        let (theta, full, value) = match best {
            Some(b) if b.0 == found.point => b,
            _ => {
                let full = target
                    .evaluate(&found.point, data, Want::Derivatives, self.ws)
                    .map_err(|e| e.reason())?;
                let (g, _) = target
                    .predict(quantity, &found.point, self.ws)
                    .map_err(|e| e.reason())?;
                (found.point.clone(), full, g)
            }
        };
        // A bound holds the point where the gradient of the sum presses against it.
        let sides = (0..n)
            .map(|j| {
                if theta[j] <= lower[j] && found.gradient[j] >= 0.0 {
                    -1
                } else if theta[j] >= upper[j] && found.gradient[j] <= 0.0 {
                    1
                } else {
                    0
                }
            })
            .collect();
        Ok(Solved {
            control,
            value,
            objective: full.value,
            parts: full.parts,
            theta,
            sides,
            gradient: full.gradient,
        })
    }
}
