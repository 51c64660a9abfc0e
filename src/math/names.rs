//! Names of functions as people write them.

use super::Function;

/// Name and function; the first name of a function is the one that is printed. `pow(a, b)` becomes `a^b`.
const NAMES: [(&str, Function); 42] = [
    ("exp", Function::Exp),
    ("sqrt", Function::Sqrt),
    ("ln", Function::Ln),
    ("log", Function::Ln),
    ("log2", Function::Log2),
    ("log10", Function::Log10),
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
    ("abs", Function::Abs),
    ("sign", Function::Sign),
    ("min", Function::Min),
    ("max", Function::Max),
    ("piecewise", Function::Piecewise),
    ("hill", Function::Hill),
    ("clip", Function::Clip),
    // Behind this line: accepted, printed under the names above or by an operator.
    ("pow", Function::LogBase),
    ("floor", Function::Floor),
    ("ceil", Function::Ceil),
    ("factorial", Function::Factorial),
    ("logbase", Function::LogBase),
];

impl Function {
    /// The function of a name in lower case.
    pub fn named(lower: &str) -> Option<Self> {
        NAMES.iter().find(|(n, _)| *n == lower).map(|(_, f)| *f)
    }
    /// The function of a name in lower case that only predictions have: a summary over a span of time.
    pub fn summary_named(lower: &str) -> Option<Self> {
        match lower {
            "auc" => Some(Self::Auc),
            "time_above" => Some(Self::TimeAbove),
            "max" => Some(Self::Max),
            "min" => Some(Self::Min),
            _ => None,
        }
    }
    /// All names.
    pub fn names() -> impl Iterator<Item = &'static str> {
        NAMES.iter().map(|(n, _)| *n)
    }
    /// The name that is printed.
    pub fn name(self) -> &'static str {
        match self {
            Self::LogBase => "log",
            Self::Quotient => "quotient",
            Self::Rem => "rem",
            Self::Xor => "xor",
            Self::Implies => "implies",
            Self::RateOf => "rateOf",
            Self::Delay => "delay",
            Self::Auc => "auc",
            Self::TimeAbove => "time_above",
            _ => NAMES
                .iter()
                .find(|(_, f)| *f == self)
                .map_or("?", |(n, _)| n),
        }
    }
}
