//! Expression to text: what is printed is read back as the same tree.

use std::fmt;

use super::{BinaryOp, Expr, Kind, UnaryOp};

/// Binding strength of an expression; larger binds tighter.
fn strength(kind: &Kind) -> u8 {
    match kind {
        Kind::Binary(op, ..) => match op {
            BinaryOp::And | BinaryOp::Or => 1,
            BinaryOp::Lt
            | BinaryOp::Le
            | BinaryOp::Gt
            | BinaryOp::Ge
            | BinaryOp::Eq
            | BinaryOp::Ne => 2,
            BinaryOp::Add | BinaryOp::Sub => 3,
            BinaryOp::Mul | BinaryOp::Div => 4,
            BinaryOp::Pow => 6,
        },
        Kind::Unary(..) => 5,
        // A negative number is printed with its sign.
        Kind::Number(v) | Kind::Quantity(v, _) if v.is_sign_negative() => 5,
        _ => 7,
    }
}

impl BinaryOp {
    /// The operator as written.
    pub fn symbol(self) -> &'static str {
        match self {
            Self::Add => "+",
            Self::Sub => "-",
            Self::Mul => "*",
            Self::Div => "/",
            Self::Pow => "^",
            Self::Lt => "<",
            Self::Le => "<=",
            Self::Gt => ">",
            Self::Ge => ">=",
            Self::Eq => "==",
            Self::Ne => "!=",
            Self::And => "&&",
            Self::Or => "||",
        }
    }
}

impl Expr {
    fn print(&self, f: &mut fmt::Formatter<'_>, least: u8) -> fmt::Result {
        if strength(&self.kind) < least {
            f.write_str("(")?;
            self.print(f, 0)?;
            return f.write_str(")");
        }
        match &self.kind {
            Kind::Number(v) => number(f, *v),
            Kind::Quantity(v, unit) => {
                number(f, *v)?;
                write!(f, "[{unit}]")
            }
            Kind::Bool(b) => write!(f, "{b}"),
            Kind::Symbol(name) => f.write_str(name),
            Kind::Unary(op, a) => {
                f.write_str(match op {
                    UnaryOp::Neg => "-",
                    UnaryOp::Plus => "+",
                    UnaryOp::Not => "!",
                })?;
                a.print(f, 5)
            }
            Kind::Binary(op, a, b) => {
                let own = strength(&self.kind);
                let (left, right) = match op {
                    // The exponent may have a sign; from the right.
                    BinaryOp::Pow => (own + 1, own - 1),
                    _ => (own, own + 1),
                };
                a.print(f, left)?;
                match op {
                    BinaryOp::Mul | BinaryOp::Div | BinaryOp::Pow => f.write_str(op.symbol())?,
                    _ => write!(f, " {} ", op.symbol())?,
                }
                b.print(f, right)
            }
            Kind::Call(function, arguments) => {
                write!(f, "{}(", function.name())?;
                for (i, a) in arguments.iter().enumerate() {
                    if i > 0 {
                        f.write_str(", ")?;
                    }
                    a.print(f, 0)?;
                }
                f.write_str(")")
            }
            Kind::Convert(a, unit) => {
                f.write_str("convert(")?;
                a.print(f, 0)?;
                write!(f, ", {unit})")
            }
        }
    }
}

/// Shortest decimals that read back as the same number; exponents where plain digits would be long.
fn number(f: &mut fmt::Formatter<'_>, v: f64) -> fmt::Result {
    /// Plain digits within these magnitudes.
    const PLAIN: std::ops::Range<f64> = 1e-4..1e15;
    if v.is_infinite() {
        return f.write_str(if v > 0.0 { "inf" } else { "-inf" });
    }
    if v == 0.0 || PLAIN.contains(&v.abs()) {
        write!(f, "{v}")
    } else {
        write!(f, "{v:e}")
    }
}

impl fmt::Display for Expr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.print(f, 0)
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Syntax, parse};
    use proptest::prelude::*;

    #[test]
    fn precedence_survives_the_round_trip() {
        for text in [
            "-2^4",
            "(-2)^4",
            "2^2^3",
            "(2^2)^3",
            "9*3^-2",
            "a - (b - c)",
            "a/(b/c)",
            "!(a && b) || c",
            "a < b == c",
            "piecewise(1, a > 2, 0)",
            "-(a + b)*c",
            "1e-30*x",
            "log(a, 10)",
            "ln(x)",
        ] {
            let e = parse(text, Syntax::PETAB, 0).unwrap();
            assert_eq!(e.to_string(), text);
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in ".{0,60}") {
            let _ = parse(&text, Syntax::MODEL, 0);
            let _ = parse(&text, Syntax::QUANTITY, 0);
        }
        #[test]
        fn what_is_printed_is_read_back(text in "[a-c0-9+*/^()<!&|,-]{1,30}") {
            if let Ok(e) = parse(&text, Syntax::PETAB, 0) {
                let again = parse(&e.to_string(), Syntax::PETAB, 0).unwrap();
                prop_assert_eq!(e, again);
            }
        }
    }
}
