//! Numbers for people: as many digits as the uncertainty leaves, never more.

/// How a number is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Style {
    /// For terminals and files: `-1.5e-4`.
    #[default]
    Plain,
    /// For pages and figures: `−1.5×10⁻⁴`.
    Typeset,
}

/// Numbers of this order of magnitude and above are written with an exponent: six digits are hard to read at a glance.
const EXPONENT_FROM: i32 = 5;
/// Numbers below this order of magnitude are written with an exponent: more than three zeros after the point are hard
/// to count.
const EXPONENT_BELOW: i32 = -3;
/// Digits shown of an uncertainty (Particle Data Group, "Rounding": two unless the first is large; kept at two).
const UNCERTAINTY_DIGITS: i32 = 2;
/// Digits shown where nothing says how uncertain a number is.
pub const DEFAULT_DIGITS: i32 = 4;
/// P-values below this are only bounded: their tails are approximations.
const SMALLEST_P: f64 = 0.001;

/// Order of magnitude: the `e` of `d.ddd × 10ᵉ`; 0 for 0.
fn magnitude(value: f64) -> i32 {
    if value == 0.0 || !value.is_finite() {
        return 0;
    }
    // From the shortest decimals, so that 1000 is 3 and not 2.9999.
    format!("{:e}", value.abs())
        .split_once('e')
        .and_then(|(_, e)| e.parse().ok())
        .unwrap_or(0)
}

/// Decimals that show `digits` significant digits of `value`; negative where whole tens are rounded away.
pub fn decimals_of(value: f64, digits: i32) -> i32 {
    // Rounding may carry into the next order of magnitude: 0.0996 with two digits is 0.10.
    let e = magnitude(value);
    let rounded = format!("{:.*e}", (digits - 1).max(0) as usize, value.abs());
    let e = rounded
        .split_once('e')
        .and_then(|(_, e)| e.parse().ok())
        .unwrap_or(e);
    digits - 1 - e
}

/// Decimals of a number known to within `uncertainty`.
pub fn decimals(uncertainty: f64) -> i32 {
    decimals_of(uncertainty, UNCERTAINTY_DIGITS)
}

/// `value` with a number of decimals; with an exponent where plain digits would be hard to read.
pub fn fixed(value: f64, decimals: i32, style: Style) -> String {
    if value.is_nan() {
        return "–".into();
    }
    if value.is_infinite() {
        return signed(value < 0.0, "∞".into(), style);
    }
    let mut e = magnitude(value);
    if e < EXPONENT_BELOW {
        // Of the number that will be shown: 0.000 999 999 9 with three decimals is 0.001.
        let digits = (e + decimals).clamp(0, 16) as usize;
        let shown: f64 = format!("{value:.digits$e}").parse().unwrap_or(value);
        if shown != 0.0 {
            e = magnitude(shown);
        }
    }
    let digits = e + decimals;
    if value != 0.0 && !(EXPONENT_BELOW..EXPONENT_FROM).contains(&e) {
        let text = format!("{:.*e}", digits.clamp(0, 16) as usize, value.abs());
        let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
        let text = match style {
            Style::Plain => format!("{mantissa}e{exponent}"),
            Style::Typeset => format!("{mantissa}×10{}", superscript(exponent)),
        };
        return signed(value < 0.0, text, style);
    }
    let text = if decimals >= 0 {
        format!("{:.*}", decimals.min(17) as usize, value.abs())
    } else {
        // Whole tens, hundreds …: rounded through the decimal representation.
        let text = format!("{:.*e}", digits.clamp(0, 16) as usize, value.abs());
        format!("{}", text.parse::<f64>().unwrap_or(value.abs()))
    };
    let zero = text.bytes().all(|b| b == b'0' || b == b'.');
    signed(value < 0.0 && !zero, text, style)
}

/// `value` with a number of decimals and never with an exponent, for columns of like numbers.
pub fn decimal(value: f64, decimals: usize, style: Style) -> String {
    if !value.is_finite() {
        return fixed(value, 0, style);
    }
    let text = format!("{:.*}", decimals, value.abs());
    let zero = text.bytes().all(|b| b == b'0' || b == b'.');
    signed(value < 0.0 && !zero, text, style)
}

fn signed(negative: bool, text: String, style: Style) -> String {
    match (negative, style) {
        (false, _) => text,
        (true, Style::Plain) => format!("-{text}"),
        (true, Style::Typeset) => format!("−{text}"),
    }
}

/// `value` with a number of significant digits.
pub fn significant(value: f64, digits: i32, style: Style) -> String {
    fixed(value, decimals_of(value, digits), style)
}

/// `value` as it was written down: shortest decimals, at most [`DEFAULT_DIGITS`] + 2 significant digits.
pub fn shortest(value: f64, style: Style) -> String {
    fixed(value, shortest_decimals(value), style)
}

/// Decimals of the shortest representation, for columns of reported numbers.
pub fn shortest_decimals(value: f64) -> i32 {
    if !value.is_finite() || value == 0.0 {
        return 0;
    }
    let most = (DEFAULT_DIGITS + 1) as usize;
    let rounded: f64 = format!("{:.most$e}", value.abs())
        .parse()
        .unwrap_or(value.abs());
    let text = format!("{rounded:e}");
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let digits = mantissa.bytes().filter(u8::is_ascii_digit).count() as i32;
    digits - 1 - exponent.parse().unwrap_or(0)
}

/// Digits of a number within an interval: two significant digits of the nearer distance to an end, and never fewer than
/// two of the number itself. Ends that are absent do not count.
pub fn decimals_within(value: f64, lower: Option<f64>, upper: Option<f64>) -> i32 {
    let distance = [lower, upper]
        .into_iter()
        .flatten()
        .map(|end| (end - value).abs())
        .filter(|d| *d > 0.0 && d.is_finite())
        .fold(f64::INFINITY, f64::min);
    let own = decimals_of(value, UNCERTAINTY_DIGITS);
    if distance.is_finite() {
        let most = decimals_of(value, 2 * DEFAULT_DIGITS);
        decimals(distance).max(own).min(most.max(own))
    } else {
        decimals_of(value, DEFAULT_DIGITS - 1)
    }
}

/// An estimate with the ends of its interval, each with the digits that the interval leaves.
pub fn estimate(value: f64, lower: Option<f64>, upper: Option<f64>, style: Style) -> String {
    fixed(value, decimals_within(value, lower, upper), style)
}

/// An end of an interval: the digits of its estimate, and never fewer than two of its own.
pub fn end(end: f64, value: Option<f64>, other: Option<f64>, style: Style) -> String {
    let own = decimals_of(end, UNCERTAINTY_DIGITS);
    let shared = match value {
        Some(v) => decimals_within(v, Some(end), other),
        None => decimals_within(end, other, None),
    };
    let magnitude_gap = magnitude(end) - value.map_or(0, magnitude);
    // An end an order of magnitude larger than its estimate does not need the estimate's decimals.
    let decimals = if magnitude_gap >= 1 {
        own.max(shared - magnitude_gap).min(shared)
    } else {
        shared.max(own)
    };
    fixed(end, decimals, style)
}

/// `P = 0.032`, `P < 0.001`.
pub fn p_value(p: f64, style: Style) -> String {
    if p.is_nan() {
        "P unknown".into()
    } else if p < SMALLEST_P {
        format!("P < {SMALLEST_P}")
    } else {
        // The sign and its number stay on one line of a page.
        let b = if style == Style::Plain { ' ' } else { '\u{a0}' };
        format!("P{b}={b}{}", p_number(p, style))
    }
}

/// The number of a P-value for a table cell: two significant digits, three decimals at most.
pub fn p_number(p: f64, style: Style) -> String {
    if p < SMALLEST_P {
        format!("<{SMALLEST_P}")
    } else {
        fixed(p, decimals_of(p, 2).clamp(2, 3), style)
    }
}

/// A share as percent with the digits that `n` trials leave (all trials known exactly: no decimals).
pub fn percent(share: f64, style: Style) -> String {
    let p = 100.0 * share;
    /// Below this a share is only bounded: its digits would mean nothing.
    const SMALLEST: f64 = 0.1;
    let blank = if style == Style::Plain {
        ' '
    } else {
        '\u{202f}'
    };
    if p > 0.0 && p < SMALLEST {
        return format!("<{SMALLEST}{blank}%");
    }
    let decimals = if p > 0.0 && p < 1.0 { 1 } else { 0 };
    format!("{}{blank}%", fixed(p, decimals, style))
}

/// A count with thin spaces between thousands where it has five digits or more.
pub fn count(n: u64, style: Style) -> String {
    let digits = n.to_string();
    if digits.len() < 5 || style == Style::Plain {
        return digits;
    }
    let mut text = String::new();
    for (i, c) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push('\u{202f}');
        }
        text.push(c);
    }
    text
}

/// Superscript digits of an integer as text.
pub fn superscript(integer: &str) -> String {
    const DIGITS: [char; 10] = ['⁰', '¹', '²', '³', '⁴', '⁵', '⁶', '⁷', '⁸', '⁹'];
    integer
        .chars()
        .map(|c| match c {
            '-' | '−' => '⁻',
            _ => c
                .to_digit(10)
                .and_then(|d| DIGITS.get(d as usize).copied())
                .unwrap_or(c),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use Style::{Plain, Typeset};

    #[test]
    fn an_estimate_shows_two_digits_of_its_uncertainty() {
        assert_eq!(estimate(4.53871, Some(2.1), Some(9.83), Plain), "4.5");
        assert_eq!(estimate(335.2041, Some(322.4), Some(348.1), Plain), "335");
        assert_eq!(
            estimate(0.6311, Some(0.6302), Some(0.6319), Plain),
            "0.63110"
        );
        assert_eq!(
            estimate(123_456.0, Some(123_000.0), Some(124_000.0), Plain),
            "1.2346e5"
        );
        assert_eq!(estimate(0.0123, None, None, Plain), "0.0123");
    }

    #[test]
    fn a_wide_interval_keeps_two_digits_of_every_number() {
        assert_eq!(estimate(100.0, Some(0.02), Some(1e5), Plain), "100");
        assert_eq!(end(0.02, Some(100.0), Some(1e5), Plain), "0.020");
        assert_eq!(end(1e5, Some(100.0), Some(0.02), Plain), "1.0e5");
        assert_eq!(end(9.83, Some(4.54), Some(2.1), Plain), "9.8");
        assert_eq!(end(12.0, Some(4.54), Some(2.1), Plain), "12");
    }

    #[test]
    fn exponents_and_signs_follow_the_style() {
        assert_eq!(significant(-1.5e-4, 2, Plain), "-1.5e-4");
        assert_eq!(significant(-1.5e-4, 2, Typeset), "−1.5×10⁻⁴");
        assert_eq!(significant(99_999.7, 3, Plain), "100000");
        assert_eq!(fixed(-0.001, 1, Plain), "0.0");
        assert_eq!(fixed(f64::NAN, 1, Plain), "–");
        assert_eq!(fixed(f64::NEG_INFINITY, 1, Typeset), "−∞");
    }

    #[test]
    fn rounding_that_carries_keeps_the_number_of_digits() {
        assert_eq!(significant(0.0996, 2, Plain), "0.10");
        assert_eq!(significant(9.96, 2, Plain), "10");
        assert_eq!(significant(1250.0, 2, Plain), "1200");
    }

    #[test]
    fn reported_numbers_keep_their_decimals() {
        assert_eq!(shortest(335.2, Plain), "335.2");
        assert_eq!(shortest(0.088, Plain), "0.088");
        assert_eq!(shortest(1e6, Typeset), "1×10⁶");
        // What is shown decides, not the rounding below it.
        assert_eq!(shortest(0.000_999_999_999_9, Typeset), "0.001");
        assert_eq!(shortest(0.1 + 0.2, Plain), "0.3");
        assert_eq!(shortest(1200.0, Plain), "1200");
    }

    #[test]
    fn p_values_and_counts_read_like_in_a_paper() {
        assert_eq!(p_value(0.03217, Plain), "P = 0.032");
        assert_eq!(p_value(0.5321, Plain), "P = 0.53");
        assert_eq!(p_value(2e-5, Plain), "P < 0.001");
        assert_eq!(count(12_345, Typeset), "12\u{202f}345");
        assert_eq!(count(1234, Typeset), "1234");
        assert_eq!(percent(0.004, Plain), "0.4 %");
    }

    proptest::proptest! {
        #[test]
        fn any_number_can_be_written(v in proptest::num::f64::ANY, l in proptest::num::f64::ANY, d in -400i32..400) {
            for style in [Plain, Typeset] {
                let _ = (fixed(v, d, style), shortest(v, style), significant(v, 3, style));
                let _ = (estimate(v, Some(l), None, style), end(l, Some(v), None, style), p_value(v, style));
            }
        }
        #[test]
        fn what_is_written_is_within_half_a_last_digit(v in -1e4f64..1e4, d in 0i32..6) {
            let back: f64 = fixed(v, d, Plain).parse().unwrap();
            let mut half = 0.5;
            for _ in 0..d { half /= 10.0; }
            // Small numbers carry an exponent and keep the same decimals, or one digit at least.
            proptest::prop_assert!((back - v).abs() <= half * 1.000001 + 1e-15);
        }
    }
}
