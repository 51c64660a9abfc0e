//! What a reader of a fit has to know, the most serious first.

use super::fitted::FitDocument;
use super::result::Warning;
use crate::stats::t_quantile;
use crate::uncertainty::Linearised;

/// Share of the information above which an estimate says what its prior says (a judgement, STATISTICS).
pub const PRIOR_ONLY: f64 = 0.9;
/// 1 − h below which a row cannot show misfit.
const SATURATED: f64 = 0.05;
/// Share of the starts below which the best optimum may not be the best there is.
const FEW_AT_BEST: f64 = 0.05;
/// Fewest starts that can show anything about other optima.
const FEW_STARTS: u64 = 5;

/// Warnings of a fit.
pub fn of_fit(d: &FitDocument, linearised: &Linearised) -> Vec<Warning> {
    let mut list = Vec::new();
    let mut warn = |code: &str, place: Option<String>, text: String| {
        list.push(Warning::new(code, place, text));
    };
    if d.status != "converged" {
        warn(
            "not-converged",
            None,
            format!(
                "the best search ended with `{}`; its point is no optimum, and no interval about it holds",
                d.search.termination
            ),
        );
    }
    if d.goodness.n_means > 0 && d.goodness.p_value.is_none() {
        warn(
            "no-degree-of-freedom",
            None,
            format!(
                "the goodness of fit cannot be judged ({})",
                d.goodness.p_value_method
            ),
        );
    }
    if let Some(p) = d.goodness.p_value.filter(|p| *p < 0.05) {
        warn(
            "misfit",
            None,
            format!(
                "the model does not meet the means (Johansen's F, P = {p:.2e}); its intervals assume that it does"
            ),
        );
    }
    for row in &d.data {
        let (Some(r), Some(n)) = (row.scaled_residual, row.n) else {
            continue;
        };
        let limit = t_quantile(0.975, f64::from(n.saturating_sub(1).max(1)));
        if r.abs() > limit {
            warn(
                "row-misfit",
                Some(format!(
                    "{}@{}@{}",
                    row.observable, row.experiment, row.time
                )),
                format!(
                    "measured {} and fitted {:.4} differ by {:.2} standard errors, more than t of {} replicates allows ({limit:.2})",
                    row.measured,
                    row.fitted,
                    r.abs(),
                    n
                ),
            );
        }
    }
    for r in d.relations.iter().filter(|r| r.holds != Some(true)) {
        let text = match (&r.reason, r.usage.as_str()) {
            (Some(reason), _) => format!("could not be evaluated: {reason}"),
            (None, "penalty") => format!(
                "is part of the objective and does not hold at the fit: {}",
                r.text
            ),
            (None, _) => format!("does not hold at the fit: {}", r.text),
        };
        warn("relation-fails", Some(r.id.clone()), text);
    }
    for e in &d.estimates {
        if let Some(side) = &e.at_bound {
            warn(
                "at-bound",
                Some(e.id.clone()),
                format!(
                    "the estimate lies at its {side} bound; the bound decides, not the data, and it has no standard error"
                ),
            );
        }
        if e.prior_share >= PRIOR_ONLY {
            warn(
                "prior-only",
                Some(e.id.clone()),
                format!(
                    "{:.0} % of the information on it is its prior's; it is not an estimate from these data",
                    100.0 * e.prior_share
                ),
            );
        }
    }
    for u in linearised.covariance.undetermined() {
        let names: Vec<&str> = u
            .direction
            .iter()
            .zip(&d.estimates)
            .filter(|(x, _)| **x != 0.0)
            .map(|(_, e)| e.id.as_str())
            .collect();
        warn(
            "undetermined",
            Some(names.join(", ")),
            "a combination of these can change without changing any row of data; their values alone mean nothing".into(),
        );
    }
    let s = &d.starts;
    if s.n >= FEW_STARTS && (s.at_best as f64) < (FEW_AT_BEST * s.n as f64).max(2.0) {
        warn(
            "few-starts-at-best",
            None,
            format!(
                "{} of {} starts ended at the best objective; there may be a better one, try more starts",
                s.at_best, s.n
            ),
        );
    }
    if s.n < s.requested {
        warn(
            "starts-missing",
            None,
            format!(
                "{} of {} starts were run; --resume goes on",
                s.n, s.requested
            ),
        );
    }
    for (reason, count) in &s.failed {
        warn(
            "starts-failed",
            None,
            format!("{count} of {} starts: {reason}", s.n),
        );
    }
    for row in d
        .data
        .iter()
        .filter(|r| r.kind == "mean" && r.freedom < SATURATED)
    {
        warn(
            "saturated-row",
            Some(format!(
                "{}@{}@{}",
                row.observable, row.experiment, row.time
            )),
            format!(
                "the model has {:.0} % freedom to meet this mean, so that it cannot show misfit",
                100.0 * row.leverage
            ),
        );
    }
    if !d.ignored_parameters.is_empty() {
        warn(
            "ignored-parameters",
            Some(d.ignored_parameters.join(", ")),
            "these rows of the parameter table belong to other variants, or a part fixes them"
                .into(),
        );
    }
    list
}
