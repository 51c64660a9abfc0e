//! Which further measurement would narrow a target most.

use serde::{Deserialize, Serialize};

use crate::objective::{Data, EvalError, RowKind, Target};

use super::fisher::Linearised;

/// A measurement that could be made.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Proposal {
    /// What would be measured (observable, arm, time, dose).
    pub id: String,
    /// Replicates.
    pub n: u32,
    /// SD of the replicates that was assumed.
    pub sd: f64,
    /// Value that the fit predicts.
    pub expected_value: f64,
    /// ln of the factor by which the determinant of the information grows (D-optimality); null if the measurement
    /// determines a direction that was undetermined.
    pub d_gain: Option<f64>,
    /// Whether it determines something that the present data leave undetermined.
    pub opens: bool,
    /// Target's standard error after it, over that before; null without a target.
    pub error_ratio: Option<f64>,
    /// Expected interval of the target after it.
    pub expected_lower: Option<f64>,
    /// Expected interval of the target after it.
    pub expected_upper: Option<f64>,
}

/// Ranked measurements.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Design {
    /// Target, if one was asked for.
    pub target: Option<String>,
    /// Its value at the fit.
    pub value: Option<f64>,
    /// Its interval now.
    pub lower: Option<f64>,
    /// Its interval now.
    pub upper: Option<f64>,
    /// Candidates, the best for the target (else for the determinant) first.
    pub proposals: Vec<Proposal>,
    /// Candidates that could not be evaluated, with the reason.
    pub refused: Vec<(String, String)>,
}

impl Design {
    /// Part by which a measurement is expected to narrow the target's interval; `None` where either is not determined.
    pub fn narrowing(&self, p: &Proposal) -> Option<f64> {
        let now = self.upper? - self.lower?;
        let then = p.expected_upper? - p.expected_lower?;
        (now > 0.0).then(|| 1.0 - then / now)
    }
}

/// A measurement to be judged.
#[derive(Debug)]
pub struct Candidate<'a, Q> {
    /// What would be measured.
    pub id: String,
    /// Its prediction.
    pub quantity: &'a Q,
    /// Replicates.
    pub n: u32,
    /// SD of the replicates.
    pub sd: f64,
}

/// Judges candidate measurements by the sensitivities at the fit.
///
/// Each is added to the linearised fit as a mean of n replicates: the determinant of the information grows by
/// `1 + w·g'Cg`, and the target's variance, ν and inflation are computed anew. Ranked by the target's expected standard
/// error, else by the determinant.
///
/// # Errors
/// [`EvalError`] if the target quantity cannot be predicted at the fit.
///
/// # References
/// Atkinson, Donev & Tobias (2007) Optimum Experimental Designs, with SAS, chapters 9 (linear combinations) and 11 (D).
pub fn design<T: Target>(
    target: &T,
    fit: &Linearised,
    goal: Option<(&str, &T::Quantity)>,
    candidates: &[Candidate<'_, T::Quantity>],
    level: f64,
    ws: &mut T::Workspace,
) -> Result<Design, EvalError> {
    let goal = match goal {
        None => None,
        Some((id, q)) => {
            let (value, slope) = target.predict(q, &fit.theta, ws)?;
            Some((id, value, slope))
        }
    };
    let now = goal.as_ref().and_then(|g| fit.covariance.of(&g.2));
    let mut proposals = Vec::new();
    let mut refused = Vec::new();
    for c in candidates {
        let (expected, slope) = match target.predict(c.quantity, &fit.theta, ws) {
            Ok(p) if p.0.is_finite() => p,
            Ok(p) => {
                refused.push((c.id.clone(), format!("the fit predicts {}", p.0)));
                continue;
            }
            Err(e) => {
                refused.push((c.id.clone(), e.to_string()));
                continue;
            }
        };
        if !(c.sd > 0.0 && c.sd.is_finite()) || c.n < 2 {
            refused.push((
                c.id.clone(),
                "needs a positive SD and at least two replicates".into(),
            ));
            continue;
        }
        let error = c.sd / f64::from(c.n).sqrt();
        let then = fit.covariance.with_row(&slope, error, f64::from(c.n) - 1.0);
        let d_gain = fit
            .covariance
            .of(&slope)
            .map(|s| libm::log1p(s.variance / (error * error)));
        let after = goal.as_ref().and_then(|g| then.of(&g.2));
        let half = after.map(|s| s.half_width(level));
        proposals.push(Proposal {
            id: c.id.clone(),
            n: c.n,
            sd: c.sd,
            expected_value: expected,
            d_gain,
            opens: then.undetermined().len() < fit.covariance.undetermined().len(),
            error_ratio: match (now, after) {
                (Some(a), Some(b)) if a.inflated > 0.0 => {
                    Some(b.standard_error() / a.standard_error())
                }
                _ => None,
            },
            expected_lower: goal.as_ref().zip(half).map(|(g, h)| g.1 - h),
            expected_upper: goal.as_ref().zip(half).map(|(g, h)| g.1 + h),
        });
    }
    // What determines something new comes first; then the target's interval, then the determinant.
    let width = |p: &Proposal| match (p.expected_lower, p.expected_upper) {
        (Some(a), Some(b)) => b - a,
        _ => f64::INFINITY,
    };
    proposals.sort_by(|a, b| {
        width(a)
            .total_cmp(&width(b))
            .then(b.opens.cmp(&a.opens))
            .then(
                b.d_gain
                    .unwrap_or(f64::INFINITY)
                    .total_cmp(&a.d_gain.unwrap_or(f64::INFINITY)),
            )
            .then(a.id.cmp(&b.id))
    });
    let half = now.map(|s| s.half_width(level));
    Ok(Design {
        target: goal.as_ref().map(|g| g.0.to_string()),
        value: goal.as_ref().map(|g| g.1),
        lower: goal.as_ref().zip(half).map(|(g, h)| g.1 - h),
        upper: goal.as_ref().zip(half).map(|(g, h)| g.1 + h),
        proposals,
        refused,
    })
}

/// SD to be expected of replicates of an observable at a predicted value: its pooled coefficient of variation times that
/// value, or its pooled SD where the means are not all positive; never below the smallest SD that was reported of it, since
/// an assay is no more precise than at its best. `None` without a mean of that observable.
pub fn expected_sd<T: Target>(
    target: &T,
    data: &Data,
    observable: &str,
    value: f64,
) -> Option<f64> {
    let (mut sd2, mut cv2, mut weight) = (0.0, 0.0, 0.0);
    let mut positive = true;
    let mut least = f64::INFINITY;
    for (i, row) in target.rows().iter().enumerate() {
        let RowKind::Mean { n } = row.kind else {
            continue;
        };
        if row.observable != observable {
            continue;
        }
        let w = f64::from(n) - 1.0;
        let cv = data.sd[i] / data.value[i];
        positive &= data.value[i] > 0.0;
        least = least.min(data.sd[i]);
        sd2 += w * data.sd[i] * data.sd[i];
        cv2 += w * cv * cv;
        weight += w;
    }
    if weight <= 0.0 {
        return None;
    }
    Some(if positive && value > 0.0 {
        ((cv2 / weight).sqrt() * value).max(least)
    } else {
        (sd2 / weight).sqrt()
    })
}
