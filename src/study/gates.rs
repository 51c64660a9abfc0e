//! Gates: conditions on a result, said before it is known.

use crate::diagnostic::similar;
use crate::math::{Syntax, parse};
use crate::objective::Quantity;

use super::fitted::FitDocument;
use super::stage_bootstrap::BootstrapDocument;

/// Names that a gate may use, with what they mean.
pub const NAMES: [(&str, &str); 17] = [
    ("converged", "1 if the best search converged, else 0"),
    (
        "objective",
        "-log likelihood - log prior + penalty of relations",
    ),
    ("nllh", "-log likelihood"),
    (
        "chi2",
        "sum of squared normalised residuals of the uncensored rows",
    ),
    ("chi2_means", "the same over the means with n"),
    ("dof", "degrees of freedom: means - effective parameters"),
    (
        "p_value",
        "P of Johansen's F; not a number without degrees of freedom",
    ),
    (
        "max_residual",
        "largest |residual| over sqrt(1 - h) of a row",
    ),
    (
        "max_rse",
        "largest relative standard error of an estimate that has one and is not prior-only",
    ),
    ("at_bound", "number of estimates at a bound"),
    ("undetermined", "number of estimates without standard error"),
    (
        "prior_only",
        "number of estimates that say what their prior says",
    ),
    ("relations_failed", "number of relations that do not hold"),
    ("checks_failed", "number of those with use = check"),
    ("starts_converged", "number of starts that converged"),
    (
        "starts_at_best",
        "number of starts that ended at the best objective",
    ),
    (
        "bootstrap_success",
        "percentage of replicates that succeeded; not a number without a bootstrap",
    ),
];

/// A gate with its outcome.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Outcome {
    /// The condition.
    pub require: String,
    /// Whether it holds.
    pub holds: bool,
    /// Values of the names that it uses.
    pub values: std::collections::BTreeMap<String, f64>,
}

/// Why a gate cannot be read.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum GateError {
    /// It is no expression.
    #[error("the gate `{gate}` cannot be read: {cause}")]
    Parse {
        /// Gate.
        gate: String,
        /// What is wrong.
        cause: String,
    },
    /// It uses a name that gates do not have.
    #[error("the gate `{gate}` uses `{name}`, which gates do not have{}", .similar.first().map(|s| format!("; did you mean `{s}`?")).unwrap_or_default())]
    Name {
        /// Gate.
        gate: String,
        /// Name.
        name: String,
        /// Similar names.
        similar: Vec<String>,
    },
}

/// Whether gates can be read, which is known before there is anything to judge.
///
/// # Errors
/// [`GateError`] for the first that cannot.
pub fn check(gates: &[String]) -> Result<(), GateError> {
    gates.iter().try_for_each(|gate| compile(gate).map(|_| ()))
}

/// Judges gates.
///
/// # Errors
/// [`GateError`] for a gate that cannot be read.
pub fn judge(
    gates: &[String],
    fit: &FitDocument,
    bootstrap: Option<&BootstrapDocument>,
) -> Result<Vec<Outcome>, GateError> {
    let values = values(fit, bootstrap);
    gates
        .iter()
        .map(|gate| {
            let q = compile(gate)?;
            let used: Vec<f64> = q
                .parameters
                .iter()
                .map(|j| values.get(*j).copied().unwrap_or(f64::NAN))
                .collect();
            let (value, _, _) = q.evaluate(&[], &used);
            Ok(Outcome {
                require: gate.clone(),
                // A comparison with a number that is missing does not hold.
                holds: value.is_finite() && value != 0.0,
                values: q
                    .parameters
                    .iter()
                    .zip(&used)
                    .filter_map(|(j, v)| Some((NAMES.get(*j)?.0.to_string(), *v)))
                    .collect(),
            })
        })
        .collect()
}

/// A gate as a function of [`NAMES`].
fn compile(gate: &str) -> Result<Quantity, GateError> {
    let names: Vec<&str> = NAMES.iter().map(|(name, _)| *name).collect();
    let wrong = |cause: String| GateError::Parse {
        gate: gate.into(),
        cause,
    };
    let expr = parse(gate, Syntax::PETAB, 0).map_err(|e| wrong(e.to_string()))?;
    let mut unknown = None;
    expr.for_each_symbol(&mut |s| {
        if !names.contains(&s) {
            unknown.get_or_insert_with(|| s.to_string());
        }
    });
    if let Some(name) = unknown {
        return Err(GateError::Name {
            gate: gate.into(),
            similar: similar(&name, names.iter().copied()),
            name,
        });
    }
    Quantity::compile(gate, &expr, &[], &[], &names).map_err(|e| wrong(e.to_string()))
}

/// Values in the order of [`NAMES`].
fn values(d: &FitDocument, bootstrap: Option<&BootstrapDocument>) -> Vec<f64> {
    let count = |n: usize| n as f64;
    let largest = |list: &mut dyn Iterator<Item = f64>| list.fold(0.0, f64::max);
    let failed = |usage: &str| {
        d.relations
            .iter()
            .filter(|r| r.holds != Some(true) && (usage.is_empty() || r.usage == usage))
            .count()
    };
    let own = || {
        d.estimates
            .iter()
            .filter(|e| e.prior_share < super::warnings::PRIOR_ONLY)
    };
    vec![
        f64::from(u8::from(d.status == "converged")),
        d.objective,
        d.nllh,
        d.chi2,
        d.goodness.chi2_means,
        d.goodness.dof,
        d.goodness.p_value.unwrap_or(f64::NAN),
        largest(
            &mut d
                .data
                .iter()
                .filter_map(|r| r.scaled_residual)
                .map(f64::abs),
        ),
        largest(&mut own().filter_map(|e| e.relative_standard_error)),
        count(d.estimates.iter().filter(|e| e.at_bound.is_some()).count()),
        count(
            d.estimates
                .iter()
                .filter(|e| e.standard_error.is_none())
                .count(),
        ),
        count(d.estimates.len() - own().count()),
        count(failed("")),
        count(failed("check")),
        d.starts.converged as f64,
        d.starts.at_best as f64,
        bootstrap.map_or(f64::NAN, |b| {
            100.0 * b.bootstrap.succeeded as f64 / b.bootstrap.samples.max(1) as f64
        }),
    ]
}
