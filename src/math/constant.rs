//! The value of an expression without names.

use super::{BinaryOp, Expr, Function, Kind, UnaryOp};

impl Expr {
    /// The value of an expression in which no name occurs; a number with a unit counts as the number, a conversion as
    /// what it converts. Truth values are 0 and 1. `None` if a name, or a function that needs a model, occurs.
    ///
    /// ```
    /// use mechfit::math::{Syntax, parse};
    /// let half_life = parse("ln(2)/15", Syntax::MODEL, 0)?.constant();
    /// assert_eq!(half_life, Some(std::f64::consts::LN_2 / 15.0));
    /// assert_eq!(parse("k/15", Syntax::MODEL, 0)?.constant(), None);
    /// # Ok::<(), mechfit::math::ParseError>(())
    /// ```
    pub fn constant(&self) -> Option<f64> {
        Some(match &self.kind {
            Kind::Number(v) | Kind::Quantity(v, _) => *v,
            Kind::Bool(b) => f64::from(*b),
            Kind::Symbol(_) => return None,
            Kind::Unary(op, a) => {
                let a = a.constant()?;
                match op {
                    UnaryOp::Neg => -a,
                    UnaryOp::Plus => a,
                    UnaryOp::Not => f64::from(a == 0.0),
                }
            }
            Kind::Convert(a, _) => a.constant()?,
            Kind::Binary(op, a, b) => {
                let (a, b) = (a.constant()?, b.constant()?);
                match op {
                    BinaryOp::Add => a + b,
                    BinaryOp::Sub => a - b,
                    BinaryOp::Mul => a * b,
                    BinaryOp::Div => a / b,
                    BinaryOp::Pow => libm::pow(a, b),
                    BinaryOp::Lt => f64::from(a < b),
                    BinaryOp::Le => f64::from(a <= b),
                    BinaryOp::Gt => f64::from(a > b),
                    BinaryOp::Ge => f64::from(a >= b),
                    BinaryOp::Eq => f64::from(a == b),
                    BinaryOp::Ne => f64::from(a != b),
                    BinaryOp::And => f64::from(a != 0.0 && b != 0.0),
                    BinaryOp::Or => f64::from(a != 0.0 || b != 0.0),
                }
            }
            Kind::Call(function, arguments) => {
                let values: Option<Vec<f64>> = arguments.iter().map(Self::constant).collect();
                call(*function, &values?)?
            }
        })
    }
}

fn call(function: Function, v: &[f64]) -> Option<f64> {
    use Function as F;
    let x = *v.first()?;
    let second = v.get(1).copied();
    Some(match function {
        F::Exp => libm::exp(x),
        F::Sqrt => x.sqrt(),
        F::Ln => libm::log(x),
        F::LogBase => libm::log(x) / libm::log(second?),
        F::Log2 => libm::log2(x),
        F::Log10 => libm::log10(x),
        F::Sin => libm::sin(x),
        F::Cos => libm::cos(x),
        F::Tan => libm::tan(x),
        F::Sec => 1.0 / libm::cos(x),
        F::Csc => 1.0 / libm::sin(x),
        F::Cot => 1.0 / libm::tan(x),
        F::Asin => libm::asin(x),
        F::Acos => libm::acos(x),
        F::Atan => libm::atan(x),
        F::Asec => libm::acos(1.0 / x),
        F::Acsc => libm::asin(1.0 / x),
        F::Acot => libm::atan(1.0 / x),
        F::Sinh => libm::sinh(x),
        F::Cosh => libm::cosh(x),
        F::Tanh => libm::tanh(x),
        F::Sech => 1.0 / libm::cosh(x),
        F::Csch => 1.0 / libm::sinh(x),
        F::Coth => 1.0 / libm::tanh(x),
        F::Asinh => libm::asinh(x),
        F::Acosh => libm::acosh(x),
        F::Atanh => libm::atanh(x),
        F::Asech => libm::acosh(1.0 / x),
        F::Acsch => libm::asinh(1.0 / x),
        F::Acoth => libm::atanh(1.0 / x),
        F::Abs => x.abs(),
        F::Sign => {
            if x == 0.0 {
                0.0
            } else {
                x.signum()
            }
        }
        F::Min => x.min(second?),
        F::Max => x.max(second?),
        F::Piecewise => {
            let otherwise = *v.last()?;
            v.chunks_exact(2)
                .find(|pair| pair[1] != 0.0)
                .map_or(otherwise, |pair| pair[0])
        }
        F::Hill => {
            let (k, n) = (second?, *v.get(2)?);
            let (a, b) = (libm::pow(x, n), libm::pow(k, n));
            a / (a + b)
        }
        F::Clip => x.max(second?).min(*v.get(2)?),
        F::Floor => libm::floor(x),
        F::Ceil => libm::ceil(x),
        F::Factorial => libm::tgamma(x + 1.0),
        F::Quotient => libm::trunc(x / second?),
        F::Rem => libm::fmod(x, second?),
        F::Xor => f64::from(v.iter().filter(|a| **a != 0.0).count() % 2 == 1),
        F::Implies => f64::from(x == 0.0 || second? != 0.0),
        F::RateOf | F::Delay | F::Auc | F::TimeAbove => return None,
    })
}
