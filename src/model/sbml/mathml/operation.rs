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

/// Functions of one argument whose MathML element is their whole meaning.
const UNARY: [Function; 30] = [
    Function::Exp,
    Function::Ln,
    Function::Abs,
    Function::Floor,
    Function::Ceil,
    Function::Factorial,
    Function::Sin,
    Function::Cos,
    Function::Tan,
    Function::Sec,
    Function::Csc,
    Function::Cot,
    Function::Asin,
    Function::Acos,
    Function::Atan,
    Function::Asec,
    Function::Acsc,
    Function::Acot,
    Function::Sinh,
    Function::Cosh,
    Function::Tanh,
    Function::Sech,
    Function::Csch,
    Function::Coth,
    Function::Asinh,
    Function::Acosh,
    Function::Atanh,
    Function::Asech,
    Function::Acsch,
    Function::Acoth,
];
/// Those of more than one argument.
const OTHERS: [Function; 6] = [
    Function::Min,
    Function::Max,
    Function::Xor,
    Function::Quotient,
    Function::Rem,
    Function::Implies,
];

/// MathML's name of a function: the one that is printed, but for one that is written in full.
fn name_of(function: Function) -> &'static str {
    match function {
        Function::Ceil => "ceiling",
        other => other.name(),
    }
}

fn unary_function(name: &str) -> Option<Function> {
    UNARY.into_iter().find(|f| name_of(*f) == name)
}

/// The MathML element of a function.
pub(in crate::model::sbml) fn element(function: Function) -> Option<&'static str> {
    let known = UNARY.contains(&function) || OTHERS.contains(&function);
    known.then(|| name_of(function))
}
