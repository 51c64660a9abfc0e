//! Expressions into the graph.

use crate::math::{BinaryOp, Expr, Function, Kind, UnaryOp};

use super::graph::{Graph, GraphError, NodeId};
use super::operation::{Binary, Ternary, Unary};

/// What names stand for while an expression is brought into a graph.
pub trait Names {
    /// Node of a name.
    ///
    /// # Errors
    /// [`GraphError`] if the name cannot be resolved.
    fn name(&mut self, graph: &mut Graph, name: &str) -> Result<NodeId, GraphError>;
    /// Node of the rate of change of a name.
    ///
    /// # Errors
    /// [`GraphError`] if there are no rates here, or the name cannot be resolved.
    fn rate_of(&mut self, _: &mut Graph, name: &str) -> Result<NodeId, GraphError> {
        Err(GraphError::Unsupported(format!("rateOf({name})")))
    }
    /// Node of the value that an expression had `lag` ago.
    ///
    /// # Errors
    /// [`GraphError`] if there is no past here, or a name cannot be resolved.
    fn delay(&mut self, _: &mut Graph, _: &Expr, _: &Expr) -> Result<NodeId, GraphError> {
        Err(GraphError::Unsupported("delay".into()))
    }
}

impl Graph {
    /// Brings an expression into the graph.
    ///
    /// # Errors
    /// [`GraphError`] for unknown names, wrong argument counts and functions that cannot be simulated.
    pub fn import<N: Names>(&mut self, expr: &Expr, names: &mut N) -> Result<NodeId, GraphError> {
        Ok(match &expr.kind {
            Kind::Number(v) | Kind::Quantity(v, _) => self.number(*v),
            Kind::Bool(b) => self.number(f64::from(u8::from(*b))),
            Kind::Symbol(name) => names.name(self, name)?,
            Kind::Convert(a, _) => self.import(a, names)?,
            Kind::Unary(op, a) => {
                let a = self.import(a, names)?;
                match op {
                    UnaryOp::Plus => a,
                    UnaryOp::Neg => self.unary(Unary::Neg, a),
                    UnaryOp::Not => self.unary(Unary::Not, a),
                }
            }
            Kind::Binary(op, a, b) => {
                let a = self.import(a, names)?;
                let b = self.import(b, names)?;
                match op {
                    BinaryOp::Add => self.binary(Binary::Add, a, b),
                    BinaryOp::Sub => self.binary(Binary::Sub, a, b),
                    BinaryOp::Mul => self.binary(Binary::Mul, a, b),
                    BinaryOp::Div => self.binary(Binary::Div, a, b),
                    BinaryOp::Pow => self.binary(Binary::Pow, a, b),
                    BinaryOp::Lt => self.compare(Binary::Lt, a, b),
                    BinaryOp::Le => self.compare(Binary::Le, a, b),
                    BinaryOp::Gt => self.compare(Binary::Gt, a, b),
                    BinaryOp::Ge => self.compare(Binary::Ge, a, b),
                    BinaryOp::Eq => self.compare(Binary::Eq, a, b),
                    BinaryOp::Ne => self.compare(Binary::Ne, a, b),
                    BinaryOp::And => self.binary(Binary::And, a, b),
                    BinaryOp::Or => self.binary(Binary::Or, a, b),
                }
            }
            Kind::Call(Function::RateOf, arguments) => match arguments.as_slice() {
                [
                    Expr {
                        kind: Kind::Symbol(name),
                        ..
                    },
                ] => names.rate_of(self, name)?,
                _ => return Err(GraphError::Unsupported("rateOf of an expression".into())),
            },
            Kind::Call(Function::Delay, arguments) => match arguments.as_slice() {
                [x, lag] => names.delay(self, x, lag)?,
                _ => {
                    return Err(GraphError::Arity {
                        function: "delay".into(),
                        expected: "2",
                        found: arguments.len(),
                    });
                }
            },
            Kind::Call(function, arguments) => {
                let mut nodes = Vec::with_capacity(arguments.len());
                for a in arguments {
                    nodes.push(self.import(a, names)?);
                }
                self.function(*function, &nodes)?
            }
        })
    }

    fn function(&mut self, function: Function, n: &[NodeId]) -> Result<NodeId, GraphError> {
        use Function as F;
        let arity = |expected: &'static str| GraphError::Arity {
            function: format!("{function:?}"),
            expected,
            found: n.len(),
        };
        let one = |op: Unary, g: &mut Self| match n {
            [a] => Ok(g.unary(op, *a)),
            _ => Err(arity("1")),
        };
        // f(1/x) forms: arcsec x = arccos(1/x) and so on.
        let of_reciprocal = |op: Unary, g: &mut Self| match n {
            [a] => {
                let one = g.number(1.0);
                let r = g.binary(Binary::Div, one, *a);
                Ok(g.unary(op, r))
            }
            _ => Err(arity("1")),
        };
        let reciprocal_of = |op: Unary, g: &mut Self| match n {
            [a] => {
                let one = g.number(1.0);
                let r = g.unary(op, *a);
                Ok(g.binary(Binary::Div, one, r))
            }
            _ => Err(arity("1")),
        };
        match function {
            F::Exp => one(Unary::Exp, self),
            F::Sqrt => one(Unary::Sqrt, self),
            F::Ln => one(Unary::Ln, self),
            F::Log2 => one(Unary::Log2, self),
            F::Log10 => one(Unary::Log10, self),
            F::Sin => one(Unary::Sin, self),
            F::Cos => one(Unary::Cos, self),
            F::Tan => one(Unary::Tan, self),
            F::Asin => one(Unary::Asin, self),
            F::Acos => one(Unary::Acos, self),
            F::Atan => one(Unary::Atan, self),
            F::Sinh => one(Unary::Sinh, self),
            F::Cosh => one(Unary::Cosh, self),
            F::Tanh => one(Unary::Tanh, self),
            F::Asinh => one(Unary::Asinh, self),
            F::Acosh => one(Unary::Acosh, self),
            F::Atanh => one(Unary::Atanh, self),
            F::Sec => reciprocal_of(Unary::Cos, self),
            F::Csc => reciprocal_of(Unary::Sin, self),
            F::Cot => reciprocal_of(Unary::Tan, self),
            F::Sech => reciprocal_of(Unary::Cosh, self),
            F::Csch => reciprocal_of(Unary::Sinh, self),
            F::Coth => reciprocal_of(Unary::Tanh, self),
            F::Asec => of_reciprocal(Unary::Acos, self),
            F::Acsc => of_reciprocal(Unary::Asin, self),
            F::Acot => of_reciprocal(Unary::Atan, self),
            F::Asech => of_reciprocal(Unary::Acosh, self),
            F::Acsch => of_reciprocal(Unary::Asinh, self),
            F::Acoth => of_reciprocal(Unary::Atanh, self),
            F::Abs => one(Unary::Abs, self),
            F::Sign => one(Unary::Sign, self),
            F::Floor => one(Unary::Floor, self),
            F::Ceil => one(Unary::Ceil, self),
            F::Factorial => one(Unary::Factorial, self),
            F::LogBase => match n {
                [a, base] => {
                    let x = self.unary(Unary::Ln, *a);
                    let y = self.unary(Unary::Ln, *base);
                    Ok(self.binary(Binary::Div, x, y))
                }
                _ => Err(arity("2")),
            },
            F::Min | F::Max => {
                let op = if function == F::Min {
                    Binary::Min
                } else {
                    Binary::Max
                };
                let (first, rest) = n.split_first().ok_or_else(|| arity("at least 1"))?;
                Ok(rest.iter().fold(*first, |acc, &x| self.binary(op, acc, x)))
            }
            F::Xor => Ok(n
                .iter()
                .fold(self.number(0.0), |acc, &x| self.binary(Binary::Xor, acc, x))),
            F::Implies => match n {
                [a, b] => {
                    let not = self.unary(Unary::Not, *a);
                    Ok(self.binary(Binary::Or, not, *b))
                }
                _ => Err(arity("2")),
            },
            F::Quotient => match n {
                [a, b] => {
                    let q = self.binary(Binary::Div, *a, *b);
                    Ok(self.unary(Unary::Trunc, q))
                }
                _ => Err(arity("2")),
            },
            F::Rem => match n {
                [a, b] => Ok(self.binary(Binary::Rem, *a, *b)),
                _ => Err(arity("2")),
            },
            F::Piecewise => {
                // Pairs from the last to the first: the first true condition wins.
                let (otherwise, pairs) = if n.len() % 2 == 1 {
                    let (last, pairs) = n.split_last().ok_or_else(|| arity("at least 1"))?;
                    (*last, pairs)
                } else {
                    (self.number(f64::NAN), n)
                };
                Ok(pairs.chunks_exact(2).rev().fold(otherwise, |acc, pair| {
                    self.ternary(Ternary::Select, pair[1], pair[0], acc)
                }))
            }
            F::Hill => match n {
                [x, k, h] => {
                    let xn = self.binary(Binary::Pow, *x, *h);
                    let kn = self.binary(Binary::Pow, *k, *h);
                    let sum = self.binary(Binary::Add, kn, xn);
                    Ok(self.binary(Binary::Div, xn, sum))
                }
                _ => Err(arity("3")),
            },
            F::Clip => match n {
                [x, lo, hi] => {
                    let at_least = self.binary(Binary::Max, *x, *lo);
                    Ok(self.binary(Binary::Min, at_least, *hi))
                }
                _ => Err(arity("3")),
            },
            F::RateOf | F::Delay | F::Auc | F::TimeAbove => {
                Err(GraphError::Unsupported(format!("{function:?}")))
            }
        }
    }
}
