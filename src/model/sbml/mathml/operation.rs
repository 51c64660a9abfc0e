//! Operators and functions of MathML on their arguments.

use super::super::xml::{Log, Place};
use super::tree::{Tree, binary, call, chain, combined, unary};
use crate::math::{BinaryOp, Function, Kind, UnaryOp};

pub(super) fn count(
    log: &mut Log,
    name: &str,
    arguments: &[Tree],
    allowed: std::ops::RangeInclusive<usize>,
    place: &Place,
) -> Option<()> {
    if allowed.contains(&arguments.len()) {
        return Some(());
    }
    let (least, most) = (*allowed.start(), *allowed.end());
    let expected = if least == most {
        format!("{least}")
    } else if most == usize::MAX {
        format!("at least {least}")
    } else {
        format!("{least} to {most}")
    };
    log.error(
        "wrong-arguments",
        place,
        format!(
            "<{name}> takes {expected} argument{}, found {}",
            if expected == "1" { "" } else { "s" },
            arguments.len()
        ),
    );
    None
}

/// An operator of MathML on its arguments.
pub(super) fn operation(
    log: &mut Log,
    name: &str,
    qualifier: Option<Tree>,
    mut arguments: Vec<Tree>,
    place: &Place,
) -> Option<Tree> {
    use BinaryOp as B;
    if let Some(function) = unary_function(name) {
        count(log, name, &arguments, 1..=1, place)?;
        return Some(call(function, arguments, place));
    }
    let chained = match name {
        "plus" => Some((B::Add, Kind::Number(0.0))),
        "times" => Some((B::Mul, Kind::Number(1.0))),
        "and" => Some((B::And, Kind::Bool(true))),
        "or" => Some((B::Or, Kind::Bool(false))),
        _ => None,
    };
    if let Some((op, neutral)) = chained {
        return Some(chain(op, arguments, neutral, place));
    }
    let relation = match name {
        "eq" => Some(B::Eq),
        "lt" => Some(B::Lt),
        "leq" => Some(B::Le),
        "gt" => Some(B::Gt),
        "geq" => Some(B::Ge),
        _ => None,
    };
    if let Some(op) = relation {
        count(log, name, &arguments, 2..=usize::MAX, place)?;
        let pairs = arguments
            .windows(2)
            .map(|w| binary(op, w[0].clone(), w[1].clone(), place))
            .collect();
        return Some(chain(B::And, pairs, Kind::Bool(true), place));
    }
    match name {
        "minus" => {
            count(log, name, &arguments, 1..=2, place)?;
            let last = arguments.pop()?;
            Some(match arguments.pop() {
                Some(first) => binary(B::Sub, first, last, place),
                None => unary(UnaryOp::Neg, last, place),
            })
        }
        "not" => {
            count(log, name, &arguments, 1..=1, place)?;
            Some(unary(UnaryOp::Not, arguments.pop()?, place))
        }
        "divide" | "power" | "neq" => {
            count(log, name, &arguments, 2..=2, place)?;
            let b = arguments.pop()?;
            let a = arguments.pop()?;
            let op = match name {
                "divide" => B::Div,
                "power" => B::Pow,
                _ => B::Ne,
            };
            Some(binary(op, a, b, place))
        }
        "root" => {
            count(log, name, &arguments, 1..=1, place)?;
            let a = arguments.pop()?;
            Some(match qualifier {
                Some(degree) if degree.expr.as_number() != Some(2.0) => {
                    let one = combined(Kind::Number(1.0), &[], place);
                    let exponent = binary(B::Div, one, degree, place);
                    binary(B::Pow, a, exponent, place)
                }
                _ => call(Function::Sqrt, vec![a], place),
            })
        }
        "log" => {
            count(log, name, &arguments, 1..=1, place)?;
            Some(match qualifier {
                Some(base) if base.expr.as_number() != Some(10.0) => {
                    arguments.push(base);
                    call(Function::LogBase, arguments, place)
                }
                _ => call(Function::Log10, arguments, place),
            })
        }
        "xor" => Some(call(Function::Xor, arguments, place)),
        "min" | "max" => {
            count(log, name, &arguments, 1..=usize::MAX, place)?;
            let function = if name == "min" {
                Function::Min
            } else {
                Function::Max
            };
            Some(call(function, arguments, place))
        }
        "quotient" | "rem" | "implies" => {
            count(log, name, &arguments, 2..=2, place)?;
            let function = match name {
                "quotient" => Function::Quotient,
                "rem" => Function::Rem,
                _ => Function::Implies,
            };
            Some(call(function, arguments, place))
        }
        other => {
            log.error(
                "mathml",
                place,
                format!("<{other}> is not an operator of SBML mathematics"),
            );
            None
        }
    }
}

/// Functions whose MathML element is their whole meaning, those of one argument first.
const ELEMENTS: [(&str, Function); 36] = [
    ("exp", Function::Exp),
    ("ln", Function::Ln),
    ("abs", Function::Abs),
    ("floor", Function::Floor),
    ("ceiling", Function::Ceil),
    ("factorial", Function::Factorial),
    ("sin", Function::Sin),
    ("cos", Function::Cos),
    ("tan", Function::Tan),
    ("sec", Function::Sec),
    ("csc", Function::Csc),
    ("cot", Function::Cot),
    ("arcsin", Function::Asin),
    ("arccos", Function::Acos),
    ("arctan", Function::Atan),
    ("arcsec", Function::Asec),
    ("arccsc", Function::Acsc),
    ("arccot", Function::Acot),
    ("sinh", Function::Sinh),
    ("cosh", Function::Cosh),
    ("tanh", Function::Tanh),
    ("sech", Function::Sech),
    ("csch", Function::Csch),
    ("coth", Function::Coth),
    ("arcsinh", Function::Asinh),
    ("arccosh", Function::Acosh),
    ("arctanh", Function::Atanh),
    ("arcsech", Function::Asech),
    ("arccsch", Function::Acsch),
    ("arccoth", Function::Acoth),
    // Behind this line: of more than one argument.
    ("min", Function::Min),
    ("max", Function::Max),
    ("xor", Function::Xor),
    ("quotient", Function::Quotient),
    ("rem", Function::Rem),
    ("implies", Function::Implies),
];
/// Number of functions of one argument among them.
const UNARY: usize = 30;

fn unary_function(name: &str) -> Option<Function> {
    let unary = ELEMENTS.iter().take(UNARY);
    unary.clone().find(|(n, _)| *n == name).map(|(_, f)| *f)
}

/// The MathML element of a function.
pub(in crate::model::sbml) fn element(function: Function) -> Option<&'static str> {
    let mut all = ELEMENTS.iter();
    all.find(|(_, f)| *f == function).map(|(n, _)| *n)
}
