//! Free directions in words: which combinations are determined.

use super::structural::NO_PART;
use crate::objective::Coordinate;
use crate::problem::Scale;

/// Distance from a whole number or half at which an exponent is written as such.
const WHOLE: f64 = 1e-4;

pub(super) fn involved(coordinates: &[Coordinate], direction: &[f64]) -> Vec<String> {
    coordinates
        .iter()
        .zip(direction)
        .filter(|(_, d)| d.abs() >= NO_PART)
        .map(|(c, _)| c.id.clone())
        .collect()
}

/// A free direction in words: which combinations of its parameters are determined.
pub(super) fn in_words(coordinates: &[Coordinate], direction: &[f64]) -> String {
    let parts: Vec<(&Coordinate, f64)> = coordinates
        .iter()
        .zip(direction)
        .filter(|(_, d)| d.abs() >= NO_PART)
        // ln units for logarithmic scales.
        .map(|(c, d)| {
            let unit = if c.scale == Scale::Log10 {
                std::f64::consts::LN_10
            } else {
                1.0
            };
            (c, d * unit)
        })
        .collect();
    let Some(((last, pivot), others)) = parts.split_last() else {
        return String::new();
    };
    if others.is_empty() {
        return format!("{} changes no row of data", last.id);
    }
    let logarithmic = |c: &Coordinate| matches!(c.scale, Scale::Log | Scale::Log10);
    let all_log = parts.iter().all(|(c, _)| logarithmic(c));
    let all_linear = parts.iter().all(|(c, _)| c.scale == Scale::Lin);
    let names = || {
        parts
            .iter()
            .map(|(c, _)| c.id.as_str())
            .collect::<Vec<_>>()
            .join(", ")
    };
    if !all_log && !all_linear {
        return format!("only a combination of {} is determined", names());
    }
    let list: Vec<String> = others
        .iter()
        .map(|(c, d)| {
            let ratio = d / pivot;
            if all_log {
                product(&c.id, &last.id, ratio)
            } else {
                difference(&c.id, &last.id, ratio)
            }
        })
        .collect();
    match list.as_slice() {
        [one] => format!("only {one} is determined"),
        _ => format!("only {} are determined", list.join(" and ")),
    }
}

/// `a/b^r`, as it would be written.
fn product(a: &str, b: &str, ratio: f64) -> String {
    let power = number(ratio.abs());
    let b = if power == "1" {
        b.to_string()
    } else {
        format!("{b}^{power}")
    };
    if ratio > 0.0 {
        format!("{a}/{b}")
    } else {
        format!("{a}*{b}")
    }
}

/// `a − r·b`.
fn difference(a: &str, b: &str, ratio: f64) -> String {
    let factor = number(ratio.abs());
    let b = if factor == "1" {
        b.to_string()
    } else {
        format!("{factor}*{b}")
    };
    if ratio > 0.0 {
        format!("{a} - {b}")
    } else {
        format!("{a} + {b}")
    }
}

/// A coefficient without the last digits that rounding left.
fn number(x: f64) -> String {
    let halves = (2.0 * x).round() / 2.0;
    if (x - halves).abs() < WHOLE {
        format!("{halves}")
    } else {
        format!("{:.3}", x)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn coordinate(id: &str, scale: Scale) -> Coordinate {
        Coordinate {
            id: id.into(),
            scale,
            lower: -9.0,
            upper: 9.0,
            nominal: None,
            unit: None,
            prior: None,
            start: None,
            natural_lower: false,
        }
    }

    #[test]
    fn free_directions_are_said_as_what_is_determined() {
        let log = |id| coordinate(id, Scale::Log10);
        let pair = [log("k_int"), log("Kd")];
        assert_eq!(in_words(&pair, &[1.0, 1.0]), "only k_int/Kd is determined");
        assert_eq!(in_words(&pair, &[1.0, -1.0]), "only k_int*Kd is determined");
        assert_eq!(
            in_words(&pair, &[1.0, 0.5]),
            "only k_int/Kd^2 is determined"
        );
        assert_eq!(in_words(&pair, &[0.0, 1.0]), "Kd changes no row of data");
        let three = [log("a"), log("b"), log("c")];
        assert_eq!(
            in_words(&three, &[1.0, 1.0, -1.0]),
            "only a*c and b*c are determined"
        );
        let linear = [coordinate("a", Scale::Lin), coordinate("b", Scale::Lin)];
        assert_eq!(in_words(&linear, &[1.0, -1.0]), "only a + b is determined");
        let mixed = [log("a"), coordinate("b", Scale::Logit)];
        assert_eq!(
            in_words(&mixed, &[1.0, -1.0]),
            "only a combination of a, b is determined"
        );
        // Natural and decadic logarithm in one direction: ln units decide.
        let bases = [log("a"), coordinate("b", Scale::Log)];
        assert_eq!(
            in_words(&bases, &[1.0 / std::f64::consts::LN_10, 1.0]),
            "only a/b is determined"
        );
    }
}
