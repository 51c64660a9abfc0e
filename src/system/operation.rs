//! The elementary operations of the graph and of its bytecode. All transcendental functions are pure Rust (`libm`), so
//! that they give the same bytes on every machine.

/// Below this magnitude a negative base of a broken power is taken as 0: integrators leave states that should be 0 at
/// about minus their absolute tolerance.
const NEGATIVE_BASE_FROM_ROUNDING: f64 = 1e-4;

/// Functions of one number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs)] // the names are the mathematics
pub enum Unary {
    Neg,
    Exp,
    Ln,
    Log2,
    Log10,
    Sqrt,
    Sin,
    Cos,
    Tan,
    Asin,
    Acos,
    Atan,
    Sinh,
    Cosh,
    Tanh,
    Asinh,
    Acosh,
    Atanh,
    Abs,
    Sign,
    Floor,
    Ceil,
    /// Toward zero.
    Trunc,
    /// Γ(x + 1).
    Factorial,
    /// ψ(x).
    Digamma,
    /// 1 if 0, else 0.
    Not,
}

impl Unary {
    /// Its value.
    #[inline]
    pub fn apply(self, x: f64) -> f64 {
        match self {
            Self::Neg => -x,
            Self::Exp => libm::exp(x),
            Self::Ln => libm::log(x),
            Self::Log2 => libm::log2(x),
            Self::Log10 => libm::log10(x),
            Self::Sqrt => x.sqrt(),
            Self::Sin => libm::sin(x),
            Self::Cos => libm::cos(x),
            Self::Tan => libm::tan(x),
            Self::Asin => libm::asin(x),
            Self::Acos => libm::acos(x),
            Self::Atan => libm::atan(x),
            Self::Sinh => libm::sinh(x),
            Self::Cosh => libm::cosh(x),
            Self::Tanh => libm::tanh(x),
            Self::Asinh => libm::asinh(x),
            Self::Acosh => libm::acosh(x),
            Self::Atanh => libm::atanh(x),
            Self::Abs => x.abs(),
            Self::Sign => {
                if x > 0.0 {
                    1.0
                } else if x < 0.0 {
                    -1.0
                } else {
                    x * 0.0
                }
            }
            Self::Floor => libm::floor(x),
            Self::Ceil => libm::ceil(x),
            Self::Trunc => libm::trunc(x),
            Self::Factorial => libm::tgamma(x + 1.0),
            Self::Digamma => digamma(x),
            Self::Not => truth(x == 0.0),
        }
    }
}

/// Functions of two numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs)] // the names are the mathematics
pub enum Binary {
    Add,
    Sub,
    Mul,
    Div,
    Pow,
    /// a·ln b, 0 where b ≤ 0 (the limit of x^h·ln x at 0).
    TimesLn,
    /// a/b, 0 where b = 0 (the limit of x^h/x at 0 for h > 1).
    OverGuarded,
    Min,
    Max,
    /// Remainder with the sign of a.
    Rem,
    Lt,
    Le,
    Gt,
    Ge,
    Eq,
    Ne,
    And,
    Or,
    Xor,
}

impl Binary {
    /// Whether the operands can be swapped.
    pub fn is_commutative(self) -> bool {
        matches!(
            self,
            Self::Add | Self::Mul | Self::Eq | Self::Ne | Self::And | Self::Or | Self::Xor
        )
    }
    /// Its value; truth values are 0 and 1.
    #[inline]
    pub fn apply(self, a: f64, b: f64) -> f64 {
        match self {
            Self::Add => a + b,
            Self::Sub => a - b,
            Self::Mul => a * b,
            Self::Div => a / b,
            Self::Pow => power(a, b),
            Self::TimesLn => {
                if b > 0.0 {
                    a * libm::log(b)
                } else {
                    0.0
                }
            }
            Self::OverGuarded => {
                if b == 0.0 {
                    0.0
                } else {
                    a / b
                }
            }
            Self::Min => {
                if b < a || b.is_nan() {
                    b
                } else {
                    a
                }
            }
            Self::Max => {
                if b > a || b.is_nan() {
                    b
                } else {
                    a
                }
            }
            Self::Rem => a - b * libm::trunc(a / b),
            Self::Lt => truth(a < b),
            Self::Le => truth(a <= b),
            Self::Gt => truth(a > b),
            Self::Ge => truth(a >= b),
            Self::Eq => truth(a == b),
            Self::Ne => truth(a != b),
            Self::And => truth(a != 0.0 && b != 0.0),
            Self::Or => truth(a != 0.0 || b != 0.0),
            Self::Xor => truth((a != 0.0) != (b != 0.0)),
        }
    }
}

/// Functions of three numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Ternary {
    /// The second if the first is not 0, else the third.
    Select,
    /// b·c/a with c = a^b, that is d(a^b)/da, from the power that is there already.
    PowSlope,
}

impl Ternary {
    /// Its value.
    #[inline]
    pub fn apply(self, a: f64, b: f64, c: f64) -> f64 {
        match self {
            Self::Select => {
                if a != 0.0 {
                    b
                } else {
                    c
                }
            }
            Self::PowSlope => {
                if a != 0.0 && c != 0.0 && c.is_finite() {
                    b * c / a
                } else {
                    b * power(a, b - 1.0)
                }
            }
        }
    }
}

#[inline]
fn truth(b: bool) -> f64 {
    if b { 1.0 } else { 0.0 }
}

/// a^b; a broken power of a base that is negative by rounding only is that of 0.
#[inline]
pub fn power(a: f64, b: f64) -> f64 {
    if a < 0.0 && a > -NEGATIVE_BASE_FROM_ROUNDING && b != libm::trunc(b) {
        return libm::pow(0.0, b);
    }
    libm::pow(a, b)
}

/// ψ(x) by recurrence and the asymptotic series (Abramowitz & Stegun 6.3.18), absolute error below 1e-12 for x > 0.
fn digamma(mut x: f64) -> f64 {
    /// From here on six terms of the series are exact to double precision.
    const ASYMPTOTIC_FROM: f64 = 10.0;
    if x.is_nan() || x <= 0.0 {
        return f64::NAN;
    }
    let mut shift = 0.0;
    while x < ASYMPTOTIC_FROM {
        shift -= 1.0 / x;
        x += 1.0;
    }
    let r = 1.0 / (x * x);
    let series = r
        * (1.0 / 12.0
            - r * (1.0 / 120.0
                - r * (1.0 / 252.0 - r * (1.0 / 240.0 - r * (1.0 / 132.0 - r * 691.0 / 32760.0)))));
    shift + libm::log(x) - 0.5 / x - series
}
