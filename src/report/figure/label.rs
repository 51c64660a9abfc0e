//! Words in figures.

use super::super::equations::name;
use super::super::number::{Style, significant};
use super::super::words;
use super::canvas::{SUBSCRIPT, clean};

/// The name of a quantity with its subscript lowered.
pub fn symbol(id: &str) -> String {
    let n = name(&clean(id));
    match n.subscript {
        Some(sub) => format!("{}{}{sub}{}", n.base, SUBSCRIPT.0, SUBSCRIPT.1),
        None => n.base,
    }
}

/// A number with unit for hover texts: three digits.
pub fn value(value: f64, unit: Option<&str>) -> String {
    format!(
        "{}{}",
        significant(value, 3, Style::Typeset),
        words::behind(unit)
    )
}

/// A time as it was given, with its unit.
pub fn time(t: f64, unit: Option<&str>) -> String {
    format!(
        "{}{}",
        super::super::number::shortest(t, Style::Typeset),
        words::behind(unit)
    )
}

/// An interval for hover texts.
pub fn range(lower: Option<f64>, upper: Option<f64>, unit: Option<&str>) -> String {
    let end =
        |v: Option<f64>| v.map_or_else(|| "?".to_owned(), |v| significant(v, 3, Style::Typeset));
    format!("{} to {}{}", end(lower), end(upper), words::behind(unit))
}

/// Text cut to a number of characters, with an ellipsis.
pub fn short(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return clean(text);
    }
    let mut out: String = clean(text).chars().take(most.saturating_sub(1)).collect();
    out.truncate(out.trim_end().len());
    out.push('…');
    out
}

/// Text as a part of the name of a file: letters, digits and `_`, with `-` for everything between.
pub fn slug(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        if c.is_ascii_alphanumeric() || c == '_' {
            out.push(c);
        } else if !out.ends_with('-') && !out.is_empty() {
            out.push('-');
        }
    }
    out.truncate(out.trim_end_matches('-').len());
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_expression_becomes_a_part_of_a_name() {
        assert_eq!(
            slug("ln(mfi@co@24/mfi@alone@24)"),
            "ln-mfi-co-24-mfi-alone-24"
        );
        assert_eq!(slug("../../etc"), "etc");
    }
}
