//! Words for what results name: units, methods, reasons, intervals.

use super::number::{self, Style};
use crate::predict::Estimate as Prediction;
use crate::predict::estimate::is_fixed;
use crate::uncertainty::{Cause, End, Estimate, Interval, Method, Verdict};

/// A unit as people read it: `1/(nM*h)` becomes `1/(nM·h)`, `percent` becomes `%`; `None` for a pure number.
pub fn unit(unit: Option<&str>) -> Option<String> {
    let unit = unit?.trim();
    if matches!(unit, "" | "1" | "dimensionless") {
        return None;
    }
    if unit == "percent" {
        return Some("%".into());
    }
    let mut out = String::with_capacity(unit.len());
    let mut rest = unit.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            '*' => out.push('·'),
            '^' => {
                let mut exponent = String::new();
                while let Some(d) = rest.peek().filter(|d| d.is_ascii_digit() || **d == '-') {
                    exponent.push(*d);
                    rest.next();
                }
                out.push_str(&number::superscript(&exponent));
            }
            // Micro is typed as u where the key is missing; only before a unit of one to three letters.
            'u' if !out.chars().next_back().is_some_and(char::is_alphabetic)
                && matches!(rest.peek(), Some('g' | 'M' | 'L' | 'm' | 's')) =>
            {
                out.push('µ');
            }
            c => out.push(c),
        }
    }
    Some(out)
}

/// ` nM` behind a number, nothing for a pure number; a percent sign stands apart as SI has it.
pub fn behind(unit_text: Option<&str>) -> String {
    unit(unit_text).map_or_else(String::new, |u| format!("\u{202f}{u}"))
}

/// `name (unit)` for an axis or heading.
pub fn with_unit(name: &str, unit_text: Option<&str>) -> String {
    match unit(unit_text) {
        Some(u) => format!("{name} ({u})"),
        None => name.to_owned(),
    }
}

/// A method of an interval in words.
pub fn method(method: Method) -> &'static str {
    match method {
        Method::Profile => "profile likelihood, threshold for small samples",
        Method::ProfileChi2 => "profile likelihood, χ² threshold",
        Method::ProfileBootstrap => "profile likelihood, threshold calibrated by simulation",
        Method::Fisher => "Fisher information, Student's t with the small-sample variance",
        Method::FisherZ => "Fisher information, normal quantile",
        Method::Percentile => "bootstrap percentiles",
        Method::Basic => "basic bootstrap",
        Method::Bc => "bias-corrected bootstrap",
        Method::BootstrapT => "bootstrap-t",
        Method::Prior => "draws from the priors, everything without a prior as fitted",
    }
}

/// A method in a word or two, for headings of columns.
pub fn method_short(method: Method) -> &'static str {
    match method {
        Method::Profile => "profile",
        Method::ProfileChi2 => "profile, χ²",
        Method::ProfileBootstrap => "profile, calibrated",
        Method::Fisher => "Fisher t",
        Method::FisherZ => "Fisher z",
        Method::Percentile => "bootstrap",
        Method::Basic => "bootstrap, basic",
        Method::Bc => "bootstrap, BC",
        Method::BootstrapT => "bootstrap-t",
        Method::Prior => "prior",
    }
}

/// Whether intervals of this kind cover less than they say at small n (measured in `docs/statistics.md`).
pub fn covers_too_little(method: Method) -> bool {
    matches!(
        method,
        Method::ProfileChi2 | Method::FisherZ | Method::Basic | Method::Bc
    )
}

/// A reason of failure in words.
pub fn reason(name: &str) -> String {
    name.replace('_', " ")
}

/// An interval in words, only closed ends as numbers: `2.1 to 9.8`, `above 2.1`, `below 9.8`, `no ends`.
pub fn interval(interval: &Interval, value: Option<f64>, style: Style) -> String {
    between(closed(interval), value, style)
}

fn between(ends: (Option<f64>, Option<f64>), value: Option<f64>, style: Style) -> String {
    let text = |end: f64, other: Option<f64>| number::end(end, value, other, style);
    match ends {
        (Some(l), Some(u)) => range(&text(l, Some(u)), &text(u, Some(l)), style),
        (Some(l), None) => format!("above{}{}", blank(style), text(l, None)),
        (None, Some(u)) => format!("below{}{}", blank(style), text(u, None)),
        (None, None) => "no ends".into(),
    }
}

/// How a number of a paper is recomputed (`docs/study.md`).
pub fn claim_kind(kind: &str) -> String {
    match kind {
        "welch_p" => "P of Welch's t".into(),
        "student_p" => "P of Student's t".into(),
        "mann_whitney_separation_p" => "P of Mann–Whitney, complete separation".into(),
        other => reason(other),
    }
}

/// What stands in place of an interval without width.
pub const FIXED: &str = "fixed by the model";

/// Value of a prediction with the digits that its interval bears; nothing if there is none.
pub fn estimate_value(e: &Prediction, style: Style) -> Option<String> {
    let value = Some(e.value).filter(|v| v.is_finite())?;
    let (lower, upper) = e.closed();
    Some(match (lower, upper) {
        (Some(l), Some(u)) if is_fixed(value, l, u) => {
            number::significant(value, number::DEFAULT_DIGITS, style)
        }
        _ => number::estimate(value, lower, upper, style),
    })
}

/// Interval of a prediction in words, as [`interval`], or that the model fixes it; empty if none was asked for.
pub fn estimate_interval(e: &Prediction, style: Style) -> String {
    match e.closed() {
        (None, None) if e.method.is_none() => String::new(),
        ends => interval_of_prediction(ends, e.value, style),
    }
}

/// Interval of a prediction by a further method.
pub fn other_interval(interval: &Interval, value: f64, style: Style) -> String {
    interval_of_prediction(closed(interval), value, style)
}

fn interval_of_prediction(ends: (Option<f64>, Option<f64>), value: f64, style: Style) -> String {
    match ends {
        (Some(l), Some(u)) if is_fixed(value, l, u) => FIXED.into(),
        ends => between(ends, Some(value).filter(|v| v.is_finite()), style),
    }
}

/// A blank at which a page does not break the line.
fn blank(style: Style) -> char {
    match style {
        Style::Plain => ' ',
        Style::Typeset => '\u{a0}',
    }
}

/// `2.1 to 9.8`, on one line.
pub fn range(lower: &str, upper: &str, style: Style) -> String {
    let b = blank(style);
    format!("{lower}{b}to{b}{upper}")
}

/// The ends that are numbers.
pub fn closed(interval: &Interval) -> (Option<f64>, Option<f64>) {
    let end = |end: End| end.closed().filter(|v| v.is_finite());
    (end(interval.lower), end(interval.upper))
}

/// What the ends that are no numbers are, in words; empty if both are closed.
pub fn ends(interval: &Interval) -> String {
    let side = |end: End, cause: Option<&Cause>, name: &str| {
        let what = match end {
            End::Closed(_) => return None,
            End::AtBound => format!("its {name} end lies at or beyond a bound of the search"),
            End::Open => match cause {
                Some(Cause::Failure(_)) => {
                    format!(
                        "its {name} end is not known, the model could not be evaluated further out"
                    )
                }
                Some(Cause::Refits) => {
                    format!("its {name} end is not known, the refits of the profile were used up")
                }
                _ => format!("it has no {name} end, the objective flattens"),
            },
        };
        Some(match cause {
            Some(Cause::Bound(ids)) => format!("{what} (bound of {})", ids.join(", ")),
            _ => what,
        })
    };
    let lower = side(interval.lower, interval.lower_cause.as_ref(), "lower");
    let upper = side(interval.upper, interval.upper_cause.as_ref(), "upper");
    [lower, upper]
        .into_iter()
        .flatten()
        .collect::<Vec<_>>()
        .join("; ")
}

/// A verdict in a word or two.
pub fn verdict(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Identifiable => "determined",
        Verdict::PracticallyNonIdentifiable => "not determined",
        Verdict::StructurallyNonIdentifiable => "cannot be determined",
        Verdict::PriorOnly => "prior only",
    }
}

/// A verdict as a sentence about its estimate.
pub fn verdict_sentence(estimate: &Estimate) -> String {
    if let Some(text) = &estimate.verdict_text {
        return text.clone();
    }
    let ends = estimate.interval.as_ref().map(ends).unwrap_or_default();
    let tail = if ends.is_empty() {
        String::new()
    } else {
        format!(": {ends}")
    };
    match estimate.verdict {
        None => tail.trim_start_matches(": ").to_owned(),
        Some(Verdict::Identifiable) => "the data bound it on both sides".into(),
        Some(Verdict::PracticallyNonIdentifiable) => {
            format!("these data leave it undetermined{tail}")
        }
        Some(Verdict::StructurallyNonIdentifiable) => {
            format!("only a combination with other parameters is determined{tail}")
        }
        Some(Verdict::PriorOnly) => format!(
            "it repeats its prior ({} of the information) and is no estimate",
            number::percent(estimate.prior_share, Style::Typeset)
        ),
    }
}

/// A noise setting in words.
pub fn noise(name: &str) -> String {
    match name {
        "known_sd" => "reported SDs taken as known (weight n/SD²)".into(),
        "exact_summary" => "exact likelihood of mean, SD and n".into(),
        "pooled_sd" => "one SD for all arms of an observable".into(),
        "pooled_cv" => "one coefficient of variation for all arms of an observable".into(),
        _ => name.replace('_', " "),
    }
}

/// A level as percent: `95 %`.
pub fn level(level: Option<f64>) -> String {
    let p = 100.0 * level.unwrap_or(0.95);
    format!(
        "{}\u{202f}%",
        number::fixed(p, number::shortest_decimals(p).clamp(0, 2), Style::Typeset)
    )
}

/// `1 mean`, `12 means`.
pub fn counted(n: u64, one: &str, many: &str) -> String {
    format!(
        "{} {}",
        number::count(n, Style::Typeset),
        if n == 1 { one } else { many }
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_read_as_in_a_paper() {
        assert_eq!(unit(Some("1/(nM*h)")).as_deref(), Some("1/(nM·h)"));
        assert_eq!(unit(Some("mol*s^-2")).as_deref(), Some("mol·s⁻²"));
        assert_eq!(unit(Some("ug/mL")).as_deref(), Some("µg/mL"));
        assert_eq!(unit(Some("fu/uM")).as_deref(), Some("fu/µM"));
        assert_eq!(unit(Some("percent")).as_deref(), Some("%"));
        assert_eq!(unit(Some("1")), None);
        assert_eq!(unit(None), None);
    }

    #[test]
    fn only_closed_ends_are_printed_as_numbers() {
        let mut i = Interval::closed(Method::Profile, 0.95, 2.13, 9.82);
        assert_eq!(interval(&i, Some(4.5), Style::Plain), "2.1 to 9.8");
        assert_eq!(ends(&i), "");
        i.upper = End::AtBound;
        i.upper_cause = Some(Cause::Bound(vec!["Kd".into()]));
        assert_eq!(interval(&i, Some(4.5), Style::Plain), "above 2.1");
        assert_eq!(
            ends(&i),
            "its upper end lies at or beyond a bound of the search (bound of Kd)"
        );
        i.lower = End::Open;
        assert_eq!(interval(&i, Some(4.5), Style::Plain), "no ends");
        i.lower_cause = Some(Cause::Refits);
        i.upper = End::Closed(9.82);
        assert_eq!(
            ends(&i),
            "its lower end is not known, the refits of the profile were used up"
        );
    }
}
