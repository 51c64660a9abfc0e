//! Scalar predictions with intervals.

use rayon::prelude::*;
use serde::Serialize;

use crate::objective::{EvalError, Objective, Target as _};
use crate::uncertainty::{Covariance, Interval, Method};

use super::estimate::{Estimate, Failures, split};

/// A prediction by its expression.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Predicted {
    /// The expression as written.
    pub expression: String,
    /// Value and interval.
    #[serde(flatten)]
    pub estimate: Estimate,
}

/// Values of all predictions of an objective at the fit, with percentiles of replicates (parameter vectors on the
/// estimation scale) and, where a covariance is given, Fisher intervals and prior shares. The second result counts the
/// replicates that could not be simulated; they count as extreme on both sides.
///
/// # Errors
/// [`EvalError`] if a prediction cannot be computed at the fit.
pub fn expressions(
    objective: &Objective,
    theta: &[f64],
    replicates: &[Vec<f64>],
    covariance: Option<&Covariance>,
    level: f64,
) -> Result<(Vec<Predicted>, Failures), EvalError> {
    let all: Vec<_> = objective.quantities.iter().collect();
    let mut ws = objective.workspace();
    let fit = objective.predict_all(&all, theta, covariance.is_some(), &mut ws)?;
    let outcomes: Vec<Result<Vec<f64>, EvalError>> = replicates
        .par_iter()
        .map_init(
            || objective.workspace(),
            |ws, theta| {
                let list = objective.predict_all(&all, theta, false, ws)?;
                Ok(list.into_iter().map(|(v, _)| v).collect())
            },
        )
        .collect();
    let list = fit
        .into_iter()
        .zip(&objective.quantities)
        .enumerate()
        .map(|(k, ((value, gradient), quantity))| {
            let column: Vec<f64> = outcomes
                .iter()
                .map(|o| match o {
                    Ok(v) => v.get(k).copied().unwrap_or(f64::NAN),
                    Err(_) => f64::NAN,
                })
                .collect();
            let mut estimate = Estimate::from_replicates(value, &column, level);
            if let Some(c) = covariance
                && value.is_finite()
            {
                estimate.prior_share = c.prior_share_of(&gradient);
                if let Some(scatter) = c.of(&gradient) {
                    let half = scatter.half_width(level);
                    estimate.add(Interval::closed(
                        Method::Fisher,
                        level,
                        value - half,
                        value + half,
                    ));
                }
            }
            Predicted {
                expression: quantity.text.clone(),
                estimate,
            }
        })
        .collect();
    let (_, failed) = split(outcomes);
    Ok((list, failed))
}
