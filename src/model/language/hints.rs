//! What people mean when they write something else.

use std::ops::Range;

use crate::diagnostic::similar;
use crate::math::{ParseError, ParseErrorKind};

use super::cursor::Cursor;
use super::split::KEYWORDS;

/// Words of other modelling languages, in lower case, and the keyword here.
const FOREIGN: [(&str, &str); 26] = [
    ("parameter", "param"),
    ("parameters", "param"),
    ("params", "param"),
    ("par", "param"),
    ("const", "param"),
    ("constant", "param"),
    ("theta", "param"),
    ("var", "let"),
    ("variable", "let"),
    ("define", "let"),
    ("def", "let"),
    ("assign", "let"),
    ("rule", "let"),
    ("species", "state"),
    ("init", "state"),
    ("initial", "state"),
    ("cmt", "state"),
    ("compartment", "param"),
    ("dose", "input"),
    ("observable", "output"),
    ("observe", "output"),
    ("units", "unit"),
    ("drug", "substance"),
    ("molecule", "substance"),
    ("event", "when"),
    ("if", "when"),
];

/// Remedies for a line that begins no statement.
pub(super) fn statement(line: &str) -> Vec<String> {
    let mut cursor = Cursor::new(line, 0..line.len());
    let first = cursor
        .until(&['=', '(', ':', '[', '"', '\'', '<', ';'])
        .text;
    cursor.space();
    let behind = cursor.rest();
    let lower = first.to_lowercase();
    if line.starts_with("//")
        || line.starts_with("/*")
        || line.starts_with('%')
        || line.starts_with("--")
    {
        return vec!["a comment begins with `#`".into()];
    }
    if line.starts_with(['+', '-', '*', '/', '^', '&', '|']) && !behind.starts_with('=') {
        return vec![
            "to go on with the line above, end it with the operator or put the expression in brackets".into(),
        ];
    }
    if let Some(state) = derivative(&first, behind) {
        return vec![format!("a rate of change is written `d/dt({state}) = …`")];
    }
    if behind.starts_with("(0)") && behind.contains('=') {
        return vec![format!(
            "an initial value is written `state {first} = … [unit]`"
        )];
    }
    if line.contains("->") || line.contains("=>") {
        return vec![
            "reactions are written as equations: name the rate with `let`, add and subtract it in `d/dt(X) = …`"
                .into(),
        ];
    }
    if KEYWORDS.contains(&lower.as_str()) {
        return vec![format!("keywords are written in small letters: `{lower}`")];
    }
    if let Some((_, keyword)) = FOREIGN.iter().find(|(w, _)| *w == lower) {
        return vec![format!("here this is a `{keyword}`")];
    }
    let assigned = behind.starts_with('=') && !behind.starts_with("==")
        || behind.starts_with(":=")
        || behind.starts_with("<-");
    if assigned && crate::math::is_identifier(&first) {
        return vec![format!(
            "a computed quantity is `let {first} = …`, a number `param {first} = … [unit] source \"…\"`"
        )];
    }
    let near = similar(
        &first.chars().take(LONGEST_WORD).collect::<String>(),
        KEYWORDS,
    );
    match near.first() {
        Some(k) => vec![format!("did you mean `{k}`?")],
        None => vec![format!(
            "a statement begins with one of: {}",
            KEYWORDS.join(", ")
        )],
    }
}

/// Words beyond this length are not compared letter by letter.
const LONGEST_WORD: usize = 40;

/// The state of `dX/dt =`, `dXdt =`, `X' =`, `DADT(1) =`, `der(X) =`, `ddt_X =`.
fn derivative(first: &str, behind: &str) -> Option<String> {
    if let Some(x) = first.strip_suffix("/dt").and_then(|f| f.strip_prefix('d')) {
        return Some(x.into());
    }
    if first.eq_ignore_ascii_case("dadt") {
        return Some("X".into());
    }
    if let Some(x) = first.strip_prefix("ddt_").filter(|x| !x.is_empty()) {
        return Some(x.into());
    }
    if behind.starts_with('\'') {
        return Some(first.into());
    }
    if (first == "der" || first == "ddt" || first == "D") && behind.starts_with('(') {
        let inner = behind.get(1..)?.split(')').next()?;
        return Some(inner.split(',').next()?.trim().into());
    }
    first
        .strip_suffix("dt")
        .and_then(|f| f.strip_prefix('d'))
        .filter(|x| !x.is_empty() && behind.starts_with('='))
        .map(Into::into)
}

/// Remedies for an expression that cannot be read. `text` is the clean text of the file.
pub(super) fn expression(text: &str, range: Range<usize>, error: &ParseError) -> Vec<String> {
    let found = text.get(error.span.clone()).unwrap_or("");
    let before = text.get(range.start..error.span.start).unwrap_or("");
    let behind = text.get(error.span.end..range.end).unwrap_or("");
    let digit_before = before.ends_with(|c: char| c.is_ascii_digit());
    if let Some(help) = error.kind.help()
        && !matches!(error.kind, ParseErrorKind::Character('='))
    {
        return vec![help];
    }
    let help = match found {
        "," if digit_before && behind.starts_with(|c: char| c.is_ascii_digit()) => {
            "decimals are written with a point, thousands without a separator".to_string()
        }
        ";" => "a statement ends with its line: leave out the `;`".into(),
        "=" if behind.trim_start().starts_with('=') || before.ends_with(['=', '<', '>']) => {
            "compare with `==`, `<=`, `>=`".into()
        }
        "=" => "a statement has one `=`; compare with `==`".into(),
        "²" | "³" => "a power is written `x^2`".into(),
        "**" => "a power is written `^`".into(),
        "{" | "}" => "brackets in an expression are round".into(),
        "'" => "a text stands between `\"`; a rate of change is written `d/dt(X) = …`".into(),
        "?" => "a choice is written `piecewise(value, condition, otherwise)`".into(),
        "%" => "a number in percent is written `5[percent]`".into(),
        "[" => "the unit of a number stands behind it, `5[nM]`; that of the whole at the end of the line".into(),
        _ if found.chars().next().is_some_and(|c| !c.is_ascii() && c.is_alphabetic()) => {
            "names consist of the letters a-z and A-Z, digits and `_` (write `alpha`, `kappa`, …)".into()
        }
        "(" => "a product needs `*`".into(),
        _ if found.starts_with(|c: char| c.is_alphanumeric() || c == '_')
            && before
                .trim_end()
                .ends_with(|c: char| c.is_alphanumeric() || matches!(c, '_' | ')' | ']')) =>
        {
            if digit_before && before.trim_end().len() < before.len() && is_unit_like(text, error.span.start, range.end) {
                "a unit stands in square brackets, `[1/h]`; a product needs `*`".into()
            } else {
                "a product needs `*`, a description stands between `\"`".into()
            }
        }
        _ => return Vec::new(),
    };
    vec![help]
}

/// Whether the rest of a line may be a unit without its brackets.
fn is_unit_like(text: &str, from: usize, to: usize) -> bool {
    let word: String = text
        .get(from..to)
        .unwrap_or("")
        .chars()
        .take_while(|c| !c.is_whitespace() && *c != '"')
        .take(LONGEST_WORD)
        .collect();
    crate::units::Registry::new().parse(&word).is_ok()
}

/// Why a misspelt name differs from the right one, where the eye does not see it.
pub(super) fn lookalike(wrong: &str, right: &str) -> Option<&'static str> {
    const PAIRS: [(char, char, &str); 4] = [
        ('O', '0', "the letter O stands where the digit 0 belongs"),
        ('0', 'O', "the digit 0 stands where the letter O belongs"),
        ('l', '1', "the letter l stands where the digit 1 belongs"),
        ('1', 'l', "the digit 1 stands where the letter l belongs"),
    ];
    if wrong.chars().count() != right.chars().count() {
        return None;
    }
    let mut differ = wrong.chars().zip(right.chars()).filter(|(a, b)| a != b);
    let (a, b) = differ.next()?;
    if differ.next().is_some() {
        return None;
    }
    PAIRS
        .iter()
        .find(|(x, y, _)| *x == a && *y == b)
        .map(|(_, _, text)| *text)
        .or_else(|| {
            a.eq_ignore_ascii_case(&b)
                .then_some("small and capital letters differ")
        })
}

/// What an undefined name usually is.
pub(super) fn unknown_name(name: &str) -> Option<String> {
    Some(match name {
        "t" | "T" | "TIME" => "time is called `time`".into(),
        "e" => "the exponential function is written `exp(x)`".into(),
        "pi" | "PI" | "Pi" => "write its digits, 3.141592653589793".into(),
        "NA" | "N_A" | "N_Av" => "the Avogadro constant is called `avogadro`".into(),
        "R" => "write the gas constant as a `param` with its unit".into(),
        _ => return None,
    })
}
