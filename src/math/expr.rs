//! The expression tree shared by models, observables, conditions, relations and predictions.

/// Name of time in a model that calls one of its quantities `time`; no identifier looks like it.
pub const TIME_BESIDE_A_NAME: &str = "@time";

/// Byte range of an expression in the text it was read from; `0..0` for an expression that was built.
///
/// Two spans always compare equal: where an expression stands does not change what it is.
#[derive(Debug, Clone, Copy, Default)]
pub struct Span {
    /// First byte.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
}

impl PartialEq for Span {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

/// An expression with its place.
#[derive(Debug, Clone, PartialEq)]
pub struct Expr {
    /// What it is.
    pub kind: Kind,
    /// Where it stands in its text.
    pub span: Span,
}

/// The kinds of expression. Truth values are numbers 0 and 1 where a number is asked for, as in PEtab mathematics.
#[derive(Debug, Clone, PartialEq)]
pub enum Kind {
    /// A bare number (dimensionless in a model with units).
    Number(f64),
    /// A number with a unit, `5[nM]`; the unit as written.
    Quantity(f64, String),
    /// `true` or `false`.
    Bool(bool),
    /// A name. `time` is the reserved name of time; `a@b@24` (where the parser allows references to data) is one name.
    Symbol(String),
    /// Prefix operator.
    Unary(UnaryOp, Box<Expr>),
    /// Infix operator.
    Binary(BinaryOp, Box<Expr>, Box<Expr>),
    /// A function of the language.
    Call(Function, Vec<Expr>),
    /// `convert(expr, unit)`; the unit as written.
    Convert(Box<Expr>, String),
}

/// Prefix operators.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum UnaryOp {
    /// `-x`
    Neg,
    /// `+x`
    Plus,
    /// `!x`
    Not,
}

/// Infix operators.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum BinaryOp {
    /// `a + b`
    Add,
    /// `a - b`
    Sub,
    /// `a * b`
    Mul,
    /// `a / b`
    Div,
    /// `a ^ b`
    Pow,
    /// `a < b`
    Lt,
    /// `a <= b`
    Le,
    /// `a > b`
    Gt,
    /// `a >= b`
    Ge,
    /// `a == b`
    Eq,
    /// `a != b`
    Ne,
    /// `a && b`
    And,
    /// `a || b`
    Or,
}

/// Functions with fixed meaning. Argument counts are checked by whoever builds the call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs)] // the names are the mathematics
pub enum Function {
    Exp,
    Sqrt,
    /// Natural logarithm: `log(x)`, `ln(x)`.
    Ln,
    /// `log(a, base)`.
    LogBase,
    Log2,
    Log10,
    Sin,
    Cos,
    Tan,
    Sec,
    Csc,
    Cot,
    Asin,
    Acos,
    Atan,
    Asec,
    Acsc,
    Acot,
    Sinh,
    Cosh,
    Tanh,
    Sech,
    Csch,
    Coth,
    Asinh,
    Acosh,
    Atanh,
    Asech,
    Acsch,
    Acoth,
    Abs,
    Sign,
    Min,
    Max,
    /// `piecewise(v1, c1, v2, c2, …, otherwise)`.
    Piecewise,
    /// `hill(x, k, n) = xⁿ/(kⁿ + xⁿ)`.
    Hill,
    /// `clip(x, lo, hi)`.
    Clip,
    /// SBML: `⌊x⌋`.
    Floor,
    /// SBML: `⌈x⌉`.
    Ceil,
    /// SBML: gamma(x + 1).
    Factorial,
    /// SBML Level 3 Version 2: integer quotient.
    Quotient,
    /// SBML Level 3 Version 2: remainder.
    Rem,
    /// SBML: exclusive or of its arguments.
    Xor,
    /// SBML Level 3 Version 2: `a ⇒ b`.
    Implies,
    /// SBML Level 3 Version 2: rate of change of a symbol.
    RateOf,
    /// SBML: `delay(x, τ)`.
    Delay,
    /// Predictions: `auc(observable@experiment@start:end)`, the area under a course. `max` and `min` of one span belong to
    /// [`Function::Max`] and [`Function::Min`].
    Auc,
    /// Predictions: `time_above(observable@experiment@start:end, level)`.
    TimeAbove,
}

impl Expr {
    /// An expression without a place.
    pub fn new(kind: Kind) -> Self {
        Self {
            kind,
            span: Span::default(),
        }
    }
    /// A bare number.
    pub fn number(value: f64) -> Self {
        Self::new(Kind::Number(value))
    }
    /// A name.
    pub fn symbol(name: impl Into<String>) -> Self {
        Self::new(Kind::Symbol(name.into()))
    }
    /// `op a`.
    pub fn unary(op: UnaryOp, a: Expr) -> Self {
        Self::new(Kind::Unary(op, Box::new(a)))
    }
    /// `a op b`.
    pub fn binary(op: BinaryOp, a: Expr, b: Expr) -> Self {
        Self::new(Kind::Binary(op, Box::new(a), Box::new(b)))
    }
    /// `function(arguments)`.
    pub fn call(function: Function, arguments: Vec<Expr>) -> Self {
        Self::new(Kind::Call(function, arguments))
    }
    /// The number, if this is a bare number.
    pub fn as_number(&self) -> Option<f64> {
        match self.kind {
            Kind::Number(v) => Some(v),
            _ => None,
        }
    }
    /// Calls `visit` with every name in the expression, in order of appearance, repeated names included.
    pub fn for_each_symbol<'a>(&'a self, visit: &mut dyn FnMut(&'a str)) {
        match &self.kind {
            Kind::Symbol(name) => visit(name),
            Kind::Number(_) | Kind::Quantity(..) | Kind::Bool(_) => {}
            Kind::Unary(_, a) | Kind::Convert(a, _) => a.for_each_symbol(visit),
            Kind::Binary(_, a, b) => {
                a.for_each_symbol(visit);
                b.for_each_symbol(visit);
            }
            Kind::Call(_, arguments) => arguments.iter().for_each(|a| a.for_each_symbol(visit)),
        }
    }
    /// The expression with every name for which `replace` returns an expression replaced by it.
    pub fn substitute(&self, replace: &dyn Fn(&str) -> Option<Expr>) -> Expr {
        let kind = match &self.kind {
            Kind::Symbol(name) => match replace(name) {
                Some(new) => return new,
                None => Kind::Symbol(name.clone()),
            },
            Kind::Number(_) | Kind::Quantity(..) | Kind::Bool(_) => self.kind.clone(),
            Kind::Unary(op, a) => Kind::Unary(*op, Box::new(a.substitute(replace))),
            Kind::Convert(a, unit) => Kind::Convert(Box::new(a.substitute(replace)), unit.clone()),
            Kind::Binary(op, a, b) => Kind::Binary(
                *op,
                Box::new(a.substitute(replace)),
                Box::new(b.substitute(replace)),
            ),
            Kind::Call(f, arguments) => Kind::Call(
                *f,
                arguments.iter().map(|a| a.substitute(replace)).collect(),
            ),
        };
        Expr {
            kind,
            span: self.span,
        }
    }
}
