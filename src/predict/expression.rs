//! Scalar predictions with intervals.

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::math::{BinaryOp, Expr, Function, Kind};
use crate::objective::{EvalError, Objective, Target as _};
use crate::uncertainty::{Covariance, Interval, Method};

use super::estimate::{Estimate, Failures, split};

/// A prediction by its expression.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Predicted {
    /// Name, the expression where it has none.
    #[serde(default)]
    pub id: String,
    /// The expression as written.
    pub expression: String,
    /// What it is, for people.
    #[serde(default)]
    pub description: Option<String>,
    /// Unit as written, where it follows from the expression or was given.
    #[serde(default)]
    pub unit: Option<String>,
    /// Value and interval.
    #[serde(flatten)]
    pub estimate: Estimate,
}

/// Values of all predictions of an objective at the fit, with percentiles of replicates (parameter vectors on the
/// estimation scale) and, where a covariance is given, Fisher intervals and prior shares. The second result counts the
/// replicates that could not be simulated; they count as extreme on both sides. `done` is told with each replicate.
///
/// # Errors
/// [`EvalError`] if a prediction cannot be computed at the fit.
pub fn expressions(
    objective: &Objective,
    theta: &[f64],
    replicates: &[Vec<f64>],
    covariance: Option<&Covariance>,
    level: f64,
    done: &(dyn Fn() + Sync),
) -> Result<(Vec<Predicted>, Failures), EvalError> {
    let all: Vec<_> = objective.quantities.iter().collect();
    let mut ws = objective.workspace();
    let fit = objective.predict_all(&all, theta, covariance.is_some(), &mut ws)?;
    let outcomes: Vec<Result<Vec<f64>, EvalError>> = replicates
        .par_iter()
        .map_init(
            || objective.workspace(),
            |ws, theta| {
                done();
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
                id: quantity.text.clone(),
                expression: quantity.text.clone(),
                description: None,
                unit: None,
                estimate,
            }
        })
        .collect();
    let (_, failed) = split(outcomes);
    Ok((list, failed))
}

/// Unit of an expression as written, where it follows from the units of what it is made of: of one quantity, of sums of
/// one unit, of a product with a number, of an area (unit times time) or a time above a level. A ratio of one unit has the
/// unit `1`. Anything else has none.
pub fn unit_of(
    expr: &Expr,
    unit: &dyn Fn(&str) -> Option<String>,
    time: Option<&str>,
) -> Option<String> {
    let own = |e: &Expr| unit_of(e, unit, time);
    match &expr.kind {
        Kind::Symbol(name) => unit(name.split('@').next().unwrap_or(name)),
        Kind::Unary(_, a) => own(a),
        Kind::Convert(_, to) => Some(to.clone()),
        Kind::Binary(op, a, b) => {
            let (left, right) = (own(a), own(b));
            match op {
                BinaryOp::Add | BinaryOp::Sub => left.filter(|l| right.as_ref() == Some(l)),
                BinaryOp::Mul if a.as_number().is_some() => right,
                BinaryOp::Mul | BinaryOp::Div if b.as_number().is_some() => left,
                BinaryOp::Div if left.is_some() && left == right => Some("1".into()),
                _ => None,
            }
        }
        Kind::Call(f, list) => match (f, list.as_slice()) {
            (Function::Auc, [a]) => Some(format!("{}*{}", own(a)?, time?)),
            (Function::TimeAbove, _) => time.map(String::from),
            (Function::Max | Function::Min, [a]) => own(a),
            (Function::Max | Function::Min, [a, b]) => {
                own(a).filter(|l| own(b).as_ref() == Some(l))
            }
            (Function::Ln | Function::Log2 | Function::Log10 | Function::Exp, _) => {
                Some("1".into())
            }
            _ => None,
        },
        Kind::Number(_) | Kind::Quantity(..) | Kind::Bool(_) => None,
    }
}
