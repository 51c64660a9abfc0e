//! What is meant by an expression that cannot be read.

use std::ops::Range;

use crate::math::{ParseError, ParseErrorKind};
use crate::units::Registry;

use super::cursor::last_word;
use super::hints::legal_name;

/// Words beyond this length are not looked at.
const LONGEST_WORD: usize = 40;

/// A plainer message than that of the parser, if there is one, and a remedy.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Slip {
    pub message: Option<String>,
    pub help: Option<String>,
}

fn help(text: impl Into<String>) -> Slip {
    Slip {
        message: None,
        help: Some(text.into()),
    }
}

/// The expression stands at `range` of the clean text of a file.
pub(super) fn slip(text: &str, range: Range<usize>, error: &ParseError) -> Slip {
    let found = text.get(error.span.clone()).unwrap_or("");
    let before = text.get(range.start..error.span.start).unwrap_or("");
    let behind = text.get(error.span.end..range.end).unwrap_or("");
    let line = text.get(range.end..).unwrap_or("");
    let rest_of_line = line.split('\n').next().unwrap_or("").trim_start();
    match &error.kind {
        ParseErrorKind::Empty => return empty(rest_of_line),
        ParseErrorKind::Number(number) => return number_slip(number, behind),
        ParseErrorKind::Expected { expected, .. } if expected.contains("a unit") => {
            return if rest_of_line.starts_with('"') {
                help("a unit stands without quotes: `convert(x, pM)`")
            } else {
                help("write `convert(x, unit)`")
            };
        }
        ParseErrorKind::Character(_) | ParseErrorKind::Expected { .. } => {}
        kind => {
            return Slip {
                message: None,
                help: kind.help(),
            };
        }
    }
    let trimmed = before.trim_end();
    let number_before = last_word(trimmed).starts_with(|c: char| c.is_ascii_digit() || c == '.');
    let operand_before =
        trimmed.ends_with(|c: char| c.is_alphanumeric() || matches!(c, '_' | ')' | ']'));
    let digits_behind = behind.chars().take_while(char::is_ascii_digit).count();
    match found {
        "," if before.ends_with(|c: char| c.is_ascii_digit()) && digits_behind > 0 => {
            let (whole, decimals) = (last_word(before), &behind[..digits_behind]);
            let point = format!("decimals are written with a point, `{whole}.{decimals}`");
            Slip {
                message: Some(format!("`{whole},{decimals}` is not a number")),
                help: Some(if digits_behind == 3 && !whole.starts_with('0') {
                    format!("{point}, thousands without a separator, `{whole}{decimals}`")
                } else {
                    point
                }),
            }
        }
        ";" if open_brackets(before) => help("arguments are parted by commas"),
        ";" => help("a statement ends with its line: leave out the `;`"),
        "=" if behind.trim_start().starts_with('=') || before.ends_with(['=', '<', '>']) => {
            help("compare with `==`, `<=`, `>=`")
        }
        "=" => help("a statement has one `=`; compare with `==`"),
        "²" => help("a power is written `x^2`"),
        "³" => help("a power is written `x^3`"),
        "**" => help("a power is written `^`"),
        "{" | "}" => help("brackets in an expression are round"),
        "'" => help("a text stands between `\"`; a rate of change is written `d/dt(X) = …`"),
        "?" => help("a choice is written `piecewise(value, condition, otherwise)`"),
        "%" => help("a number in percent is written `5[percent]`"),
        "|" => help("the amount without its sign is `abs(x)`, the logical or is `||`"),
        "&" => help("the logical and is `&&`"),
        "±" => help(
            "only the value stands here; how well it is known is a prior in the parameter table",
        ),
        "~" | "≈" => help("only the value stands here; say in the source that it is approximate"),
        "∞" => help("infinity is written `inf`"),
        "√" => help("a root is written `sqrt(x)`"),
        "<" | ">" | "<=" | ">=" if trimmed.is_empty() => {
            help("only the value stands here; limits are the bounds in the parameter table")
        }
        "[" if trimmed.is_empty() => help("a name stands without brackets"),
        "[" => help(
            "the unit of a number stands behind it, `5[nM]`; that of the whole at the end of the line",
        ),
        "(" if number_before && is_unit(behind.split(')').next().unwrap_or("")) => {
            let unit = behind.split(')').next().unwrap_or("").trim();
            help(format!("a unit stands in square brackets: `[{unit}]`"))
        }
        "(" => help("a product needs `*`"),
        "and" => help("the logical and is `&&`"),
        "or" => help("the logical or is `||`"),
        "in" | "as" | "to" if operand_before => help(format!(
            "a conversion is written `convert({}, {})`",
            trimmed.trim_start(),
            behind.trim()
        )),
        _ if found
            .chars()
            .next()
            .is_some_and(|c| !c.is_ascii() && c.is_alphabetic()) =>
        {
            let name: String = text
                .get(error.span.start..range.end)
                .unwrap_or("")
                .chars()
                .take_while(|c| c.is_alphanumeric() || *c == '_')
                .take(LONGEST_WORD)
                .collect();
            help(format!(
                "names consist of the letters a-z and A-Z, digits and `_`: `{}`",
                legal_name(&name)
            ))
        }
        _ if operand_before
            && found.starts_with(|c: char| c.is_alphanumeric() || c == '_' || c == '.') =>
        {
            let word: String = text
                .get(error.span.start..range.end)
                .unwrap_or("")
                .chars()
                .take_while(|c| !c.is_whitespace() && *c != '"')
                .take(LONGEST_WORD)
                .collect();
            if number_before && is_unit(&word) {
                help(format!("a unit stands in square brackets: `[{word}]`"))
            } else {
                help("a product needs `*`; a description stands between `\"`")
            }
        }
        _ => Slip {
            message: None,
            help: error.kind.help(),
        },
    }
}

fn empty(rest_of_line: &str) -> Slip {
    if rest_of_line.starts_with('"') {
        help("a number stands without quotes")
    } else if rest_of_line.starts_with('[') {
        help("the value stands in front of its unit: `5 [nM]`")
    } else {
        Slip::default()
    }
}

fn number_slip(number: &str, behind: &str) -> Slip {
    if number.matches('.').count() > 1 {
        return help("a number has one decimal point");
    }
    let digits = number
        .find(|c: char| !(c.is_ascii_digit() || c == '.'))
        .unwrap_or(number.len());
    let (value, letters) = number.split_at(digits);
    match letters.strip_prefix(['x', 'X']) {
        Some(ten) if !ten.is_empty() => {
            let power: String = behind
                .chars()
                .take_while(|c| "^-+0123456789".contains(*c))
                .collect();
            help(format!("a product needs `*`: `{value}*{ten}{power}`"))
        }
        _ if is_unit(letters) && !letters.is_empty() => help(format!(
            "a unit stands in square brackets, `{value}[{letters}]`; a product needs `*`, `{value}*{letters}`"
        )),
        _ => help(format!(
            "a product needs `*`: `{value}*{letters}`; a name does not begin with a digit"
        )),
    }
}

fn open_brackets(text: &str) -> bool {
    text.matches('(').count() > text.matches(')').count()
}

/// Whether a text is a unit as it stands.
fn is_unit(text: &str) -> bool {
    text.len() <= LONGEST_WORD && Registry::new().parse(text).is_ok()
}
