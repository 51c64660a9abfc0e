//! Which further measurement would tell two variants apart.

use serde::{Deserialize, Serialize};

use crate::objective::{RowKind, Target};

use super::super::design::expected_sd;
use super::super::fisher::Linearised;
use super::rank::{Fitted, Variant};

/// Measurements kept of a pair.
const KEPT: usize = 3;

/// A measurement that could be made, as two variants predict it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Separation {
    /// What would be measured: `observable@experiment@time`.
    pub id: String,
    /// Replicates that were assumed: as many as the observable's largest group has.
    pub n: u32,
    /// SD of the replicates that was assumed: that of the observable so far.
    pub sd: f64,
    /// What the first variant predicts.
    pub value_first: f64,
    /// What the second predicts.
    pub value_second: f64,
    /// Standard error of that difference: of the new mean and of both predictions.
    pub error: f64,
    /// Difference over its standard error.
    pub distance: f64,
}

/// The measurements that would separate two variants best.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Discrimination {
    /// First variant.
    pub first: String,
    /// Second variant.
    pub second: String,
    /// Measurements, the best first.
    pub measurements: Vec<Separation>,
}

/// What one variant predicts of every candidate: value and variance, `None` where it cannot be said.
#[derive(Debug, Clone, PartialEq)]
pub struct Predicted {
    /// Id.
    pub id: String,
    /// Per candidate: value and variance of its prediction.
    pub values: Vec<Option<(f64, f64)>>,
}

/// Predicts candidates with a variant at its fit.
pub fn predicted<T: Target>(
    variant: &Variant<'_, T>,
    fit: &Fitted,
    candidates: &[&T::Quantity],
) -> Predicted {
    let target = variant.target;
    let mut ws = target.workspace();
    let at = Linearised::at_optimum(target, target.data(), &fit.optimum, &mut ws).ok();
    let values = candidates
        .iter()
        .map(|q| {
            let (value, slope) = target.predict(q, &fit.optimum.theta, &mut ws).ok()?;
            let variance = at.as_ref()?.covariance.of(&slope)?.inflated;
            (value.is_finite() && variance.is_finite()).then_some((value, variance))
        })
        .collect();
    Predicted {
        id: variant.id.clone(),
        values,
    }
}

/// The measurements in which two variants differ most, in units of the standard error of that difference: the scatter of
/// the new mean and the uncertainty of both predictions, `(f₁ − f₂)/√(s²/n + V₁ + V₂)`.
///
/// # References
/// Atkinson & Fedorov (1975) Biometrika 62:57 (designs for discriminating between two models); Buzzi-Ferraris & Forzatti
/// (1983) Chem. Eng. Sci. 38:225 (the variance of the predictions in the denominator).
pub fn discriminate<T: Target>(
    target: &T,
    candidates: &[(String, String)],
    first: &Predicted,
    second: &Predicted,
) -> Discrimination {
    let data = target.data();
    let mut list: Vec<Separation> = candidates
        .iter()
        .enumerate()
        .filter_map(|(k, (id, observable))| {
            let (a, va) = first.values.get(k).copied().flatten()?;
            let (b, vb) = second.values.get(k).copied().flatten()?;
            let sd = expected_sd(target, data, observable, 0.5 * (a + b)).filter(|s| *s > 0.0)?;
            let n = target
                .rows()
                .iter()
                .filter(|r| r.observable == *observable)
                .filter_map(|r| match r.kind {
                    RowKind::Mean { n } => Some(n),
                    _ => None,
                })
                .max()?;
            let error = (sd * sd / f64::from(n) + va + vb).sqrt();
            Some(Separation {
                id: id.clone(),
                n,
                sd,
                value_first: a,
                value_second: b,
                error,
                distance: (a - b).abs() / error,
            })
        })
        .collect();
    list.sort_by(|a, b| b.distance.total_cmp(&a.distance).then(a.id.cmp(&b.id)));
    list.truncate(KEPT);
    Discrimination {
        first: first.id.clone(),
        second: second.id.clone(),
        measurements: list,
    }
}
