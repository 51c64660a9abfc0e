//! Numbers printed in a paper, recomputed from its own means, SDs and n, or from the fit.

use serde::Serialize;

use crate::math::{Syntax, parse};
use crate::objective::{BuildOptions, QuantitySpec, Target as _};
use crate::problem::{Claim, Measurement, Problem, SdKind};
use crate::stats::{Group, separation_p, student_p, welch_p};

use super::open::Prepared;

/// A claim with what came out.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Judged {
    /// Id.
    pub id: String,
    /// How it was recomputed.
    pub kind: String,
    /// Arguments.
    pub arguments: Vec<String>,
    /// As printed.
    pub printed: String,
    /// As recomputed; null if it could not be.
    pub recomputed: Option<f64>,
    /// Whether both agree to the printed digits.
    pub agrees: Option<bool>,
    /// Whether that was expected.
    pub expected: bool,
    /// Why it could not be recomputed.
    pub reason: Option<String>,
    /// Source.
    pub source: Option<String>,
}

impl Judged {
    /// Whether the outcome is the one that the table expects.
    pub fn as_expected(&self) -> bool {
        self.agrees == Some(self.expected)
    }
}

/// Recomputes every claim; expressions are read at `theta` (the fit).
pub fn judge(
    prepared: &Prepared,
    settings: &crate::simulate::Settings,
    theta: &[f64],
) -> Vec<Judged> {
    prepared
        .problem
        .claims
        .iter()
        .map(|c| {
            let value = recompute(c, prepared, settings, theta);
            Judged {
                id: c.id.clone(),
                kind: c.kind.clone(),
                arguments: c.arguments.clone(),
                printed: c.printed.clone(),
                recomputed: value.as_ref().ok().copied(),
                agrees: value.as_ref().ok().and_then(|v| agrees(&c.printed, *v)),
                expected: c.expect,
                reason: value.err(),
                source: c.source.clone(),
            }
        })
        .collect()
}

fn recompute(
    c: &Claim,
    prepared: &Prepared,
    settings: &crate::simulate::Settings,
    theta: &[f64],
) -> Result<f64, String> {
    let problem = &prepared.problem;
    let two = || -> Result<(Group, Group), String> {
        match c.arguments.as_slice() {
            [a, b] => Ok((group(problem, a)?, group(problem, b)?)),
            _ => Err(format!("`{}` takes two groups `observable@arm`", c.kind)),
        }
    };
    match c.kind.as_str() {
        "welch_p" => two().map(|(a, b)| welch_p(a, b)),
        "student_p" => two().map(|(a, b)| student_p(a, b)),
        "mann_whitney_separation_p" => two().map(|(a, b)| separation_p(a.n, b.n)),
        "ratio" => two().map(|(a, b)| a.mean / b.mean),
        "difference" => two().map(|(a, b)| a.mean - b.mean),
        "expression" => expression(&c.arguments.join(";"), prepared, settings, theta),
        "mann_whitney_p" => {
            Err("the Mann-Whitney test needs the single values, which a mean does not hold".into())
        }
        other => Err(format!(
            "claims of kind `{other}` are not known (welch_p, student_p, mann_whitney_separation_p, ratio, difference, expression)"
        )),
    }
}

/// A reported P-value that does not come from the reported means, scatter and n.
#[derive(Debug, Clone, PartialEq)]
pub struct Suspect {
    /// Claim.
    pub id: String,
    /// As printed.
    pub printed: String,
    /// Recomputed from the table as it is.
    pub recomputed: f64,
    /// Recomputed with the scatter read the other way (SD as SEM, SEM as SD), where that agrees with the printed one.
    pub other: Option<f64>,
    /// Whether the scatter is written as SD now.
    pub written_as_sd: bool,
    /// Row of the measurement table of the first group, counted from 2.
    pub row: usize,
    /// Row of the claim table, counted from 2.
    pub claim_row: usize,
}

/// Reported P-values of tests between two reported groups that are expected to come out and do not: recomputed from mean,
/// scatter and n as they are, and with the scatter read the other way.
pub fn suspects(problem: &Problem) -> Vec<Suspect> {
    let test = |kind: &str| -> Option<fn(Group, Group) -> f64> {
        match kind {
            "welch_p" => Some(welch_p),
            "student_p" => Some(student_p),
            _ => None,
        }
    };
    problem
        .claims
        .iter()
        .filter(|c| c.expect)
        .filter_map(|c| {
            let p = test(&c.kind)?;
            let [a, b] = c.arguments.as_slice() else {
                return None;
            };
            let (first, second) = (row_of(problem, a).ok()?, row_of(problem, b).ok()?);
            let (a, b) = (group_of(first).ok()?, group_of(second).ok()?);
            let recomputed = p(a, b);
            if agrees(&c.printed, recomputed)? {
                return None;
            }
            let is_sd = |m: &Measurement| m.summary.as_ref().is_some_and(|s| s.kind == SdKind::Sd);
            let is_sem =
                |m: &Measurement| m.summary.as_ref().is_some_and(|s| s.kind == SdKind::Sem);
            let scaled = |power: f64| {
                let with = |g: Group| Group {
                    sd: g.sd * libm::pow(f64::from(g.n), 0.5 * power),
                    ..g
                };
                p(with(a), with(b))
            };
            let (other, written_as_sd) = if is_sd(first) && is_sd(second) {
                (Some(scaled(1.0)), true)
            } else if is_sem(first) && is_sem(second) {
                (Some(scaled(-1.0)), false)
            } else {
                (None, true)
            };
            Some(Suspect {
                id: c.id.clone(),
                printed: c.printed.clone(),
                recomputed,
                other: other.filter(|p| agrees(&c.printed, *p) == Some(true)),
                written_as_sd,
                row: first.row,
                claim_row: c.row,
            })
        })
        .collect()
}

/// The reported group of `observable@arm` or `observable@arm@time`.
fn group(problem: &Problem, text: &str) -> Result<Group, String> {
    group_of(row_of(problem, text)?).map_err(|what| format!("`{text}` {what}"))
}

/// The measurement that `observable@arm` or `observable@arm@time` names.
fn row_of<'p>(problem: &'p Problem, text: &str) -> Result<&'p Measurement, String> {
    let mut parts = text.split('@');
    let (observable, experiment, time) = (parts.next(), parts.next(), parts.next());
    let at = |m: &&Measurement| {
        Some(m.observable.as_str()) == observable
            && Some(m.experiment.as_str()) == experiment
            && time.is_none_or(|t| t.parse::<f64>().is_ok_and(|t| t == m.time))
    };
    let list: Vec<&Measurement> = problem.measurements.iter().filter(at).collect();
    match list.as_slice() {
        [one] => Ok(*one),
        [] => Err(format!("no measurement is `{text}`")),
        _ => Err(format!("several measurements are `{text}`; add `@time`")),
    }
}

/// Mean, SD and n of a row.
fn group_of(m: &Measurement) -> Result<Group, &'static str> {
    let summary = m.summary.as_ref().ok_or("has no SD")?;
    let n = summary.n.filter(|n| *n > 1).ok_or("has no n")?;
    let sd = match summary.kind {
        SdKind::Sd => summary.sd,
        SdKind::Sem => summary.sd * f64::from(n).sqrt(),
        SdKind::Cv => summary.sd * m.value.abs(),
        SdKind::Ci95 => {
            summary.sd / crate::stats::t_quantile(0.975, f64::from(n - 1)) * f64::from(n).sqrt()
        }
    };
    Ok(Group {
        mean: m.value,
        sd,
        n,
    })
}

fn expression(
    text: &str,
    prepared: &Prepared,
    settings: &crate::simulate::Settings,
    theta: &[f64],
) -> Result<f64, String> {
    let expr = parse(text, Syntax::QUANTITY, 0).map_err(|e| e.to_string())?;
    let options = BuildOptions {
        quantities: vec![QuantitySpec {
            text: text.into(),
            expr,
            with: Vec::new(),
        }],
        settings: settings.clone(),
        ..BuildOptions::default()
    };
    let objective = prepared
        .objective(&options)
        .map_err(|list| list.first().map_or_else(String::new, |f| f.message.clone()))?;
    let q = objective.quantities.first().ok_or("nothing to compute")?;
    objective
        .value_of(q, theta, &mut objective.workspace())
        .map_err(|e| e.to_string())
}

/// Whether a number agrees with a printed one to the printed digits: `0.0174`, `<0.0001`, `1.2e-3`; `None` if the printed
/// text is no number.
pub fn agrees(printed: &str, value: f64) -> Option<bool> {
    /// Rounding half of the last digit, with room for the last bit of a double.
    const HALF: f64 = 0.5 + 1e-9;
    let text = printed.trim();
    for (sign, above) in [("<", false), (">", true)] {
        if let Some(limit) = text.strip_prefix(sign) {
            let limit: f64 = limit.trim().parse().ok()?;
            return Some(if above { value > limit } else { value < limit });
        }
    }
    let number: f64 = text.parse().ok()?;
    let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
    let decimals = mantissa.split_once('.').map_or(0, |(_, d)| d.len()) as i32;
    let last = libm::exp10(f64::from(exponent.parse::<i32>().ok()? - decimals));
    Some((value - number).abs() <= HALF * last)
}

#[cfg(test)]
mod tests {
    use super::agrees;

    #[test]
    fn printed_digits_decide_what_agrees() {
        assert_eq!(agrees("0.0079", 2.0 / 252.0), Some(true));
        assert_eq!(agrees("0.0174", 0.01745), Some(true));
        assert_eq!(agrees("0.0174", 0.0176), Some(false));
        assert_eq!(agrees("<0.0001", 3e-5), Some(true));
        assert_eq!(agrees("1.2e-3", 0.00124), Some(true));
        assert_eq!(agrees("12", 12.4), Some(true));
        assert_eq!(agrees("n.s.", 0.3), None);
    }
}
