//! Symbolic derivatives of the graph.

use super::graph::{Graph, Input, Node, NodeId};
use super::operation::{Binary, Ternary, Unary};

impl Graph {
    /// Partial derivative of a node with respect to an input, modes held.
    pub fn derivative(&mut self, id: NodeId, wrt: Input) -> NodeId {
        if !self.depends_on(id, wrt) {
            return self.number(0.0);
        }
        if let Some(&d) = self.derivatives.get(&(id, wrt)) {
            return d;
        }
        // Operands come before what uses them, so that no chain is too long.
        let mut wanted = Vec::new();
        let mut stack = vec![id];
        let mut seen = std::collections::HashSet::new();
        while let Some(node) = stack.pop() {
            let known = self.derivatives.contains_key(&(node, wrt));
            if known || !self.depends_on(node, wrt) || !seen.insert(node) {
                continue;
            }
            wanted.push(node);
            stack.extend(self.node(node).operands().into_iter().flatten());
        }
        wanted.sort_unstable();
        for node in wanted {
            let d = self.derivative_step(node, wrt);
            self.derivatives.insert((node, wrt), d);
        }
        self.derivatives
            .get(&(id, wrt))
            .copied()
            .unwrap_or_else(|| self.number(0.0))
    }

    /// Derivative of a node whose operands' derivatives are known.
    fn derivative_step(&mut self, id: NodeId, wrt: Input) -> NodeId {
        match self.node(id) {
            Node::Const(_) => self.number(0.0),
            Node::Input(input) => self.number(f64::from(u8::from(input == wrt))),
            Node::Unary(op, a) => {
                let da = self.derivative(a, wrt);
                if self.is(da, 0.0) {
                    da
                } else {
                    self.chain(op, id, a, da)
                }
            }
            Node::Binary(op, a, b) => {
                let da = self.derivative(a, wrt);
                let db = self.derivative(b, wrt);
                self.chain2(op, id, a, b, da, db)
            }
            Node::Ternary(Ternary::Select, c, a, b) => {
                let da = self.derivative(a, wrt);
                let db = self.derivative(b, wrt);
                self.ternary(Ternary::Select, c, da, db)
            }
            Node::Ternary(Ternary::PowSlope, a, b, _) => {
                // b·a^(b−1), differentiated in that form.
                let one = self.number(1.0);
                let less = self.binary(Binary::Sub, b, one);
                let power = self.binary(Binary::Pow, a, less);
                let product = self.binary(Binary::Mul, b, power);
                self.derivative(product, wrt)
            }
        }
    }

    fn chain(&mut self, op: Unary, id: NodeId, a: NodeId, da: NodeId) -> NodeId {
        let one = self.number(1.0);
        let slope = match op {
            Unary::Neg => return self.unary(Unary::Neg, da),
            Unary::Exp => id,
            Unary::Ln => return self.binary(Binary::Div, da, a),
            Unary::Log2 | Unary::Log10 => {
                let base = self.number(if op == Unary::Log2 {
                    std::f64::consts::LN_2
                } else {
                    std::f64::consts::LN_10
                });
                let scaled = self.binary(Binary::Mul, a, base);
                return self.binary(Binary::Div, da, scaled);
            }
            Unary::Sqrt => {
                let two = self.number(2.0);
                let double = self.binary(Binary::Mul, two, id);
                return self.binary(Binary::Div, da, double);
            }
            Unary::Sin => self.unary(Unary::Cos, a),
            Unary::Cos => {
                let s = self.unary(Unary::Sin, a);
                self.unary(Unary::Neg, s)
            }
            Unary::Tan => {
                let square = self.binary(Binary::Mul, id, id);
                self.binary(Binary::Add, one, square)
            }
            Unary::Sinh => self.unary(Unary::Cosh, a),
            Unary::Cosh => self.unary(Unary::Sinh, a),
            Unary::Tanh => {
                let square = self.binary(Binary::Mul, id, id);
                self.binary(Binary::Sub, one, square)
            }
            Unary::Asin
            | Unary::Acos
            | Unary::Atan
            | Unary::Asinh
            | Unary::Acosh
            | Unary::Atanh => {
                let square = self.binary(Binary::Mul, a, a);
                let inner = match op {
                    Unary::Asin | Unary::Acos | Unary::Atanh => {
                        self.binary(Binary::Sub, one, square)
                    }
                    Unary::Acosh => self.binary(Binary::Sub, square, one),
                    _ => self.binary(Binary::Add, one, square),
                };
                let denominator = if matches!(op, Unary::Atan | Unary::Atanh) {
                    inner
                } else {
                    self.unary(Unary::Sqrt, inner)
                };
                let s = self.binary(Binary::Div, one, denominator);
                if op == Unary::Acos {
                    self.unary(Unary::Neg, s)
                } else {
                    s
                }
            }
            Unary::Abs => self.unary(Unary::Sign, a),
            Unary::Factorial => {
                let next = self.binary(Binary::Add, a, one);
                let psi = self.unary(Unary::Digamma, next);
                self.binary(Binary::Mul, id, psi)
            }
            // Piecewise constant, or (digamma) never differentiated twice in practice.
            Unary::Sign
            | Unary::Floor
            | Unary::Ceil
            | Unary::Trunc
            | Unary::Not
            | Unary::Digamma => self.number(0.0),
        };
        self.binary(Binary::Mul, slope, da)
    }

    fn chain2(
        &mut self,
        op: Binary,
        id: NodeId,
        a: NodeId,
        b: NodeId,
        da: NodeId,
        db: NodeId,
    ) -> NodeId {
        match op {
            Binary::Add | Binary::Sub => self.binary(op, da, db),
            Binary::Mul => {
                let left = self.binary(Binary::Mul, da, b);
                let right = self.binary(Binary::Mul, a, db);
                self.binary(Binary::Add, left, right)
            }
            Binary::Div => {
                let left = self.binary(Binary::Div, da, b);
                if self.is(db, 0.0) {
                    return left;
                }
                let ratio = self.binary(Binary::Div, id, b);
                let right = self.binary(Binary::Mul, ratio, db);
                self.binary(Binary::Sub, left, right)
            }
            Binary::Pow => {
                let slope = self.ternary(Ternary::PowSlope, a, b, id);
                let left = self.binary(Binary::Mul, slope, da);
                if self.is(db, 0.0) {
                    return left;
                }
                let log = self.binary(Binary::TimesLn, id, a);
                let right = self.binary(Binary::Mul, log, db);
                self.binary(Binary::Add, left, right)
            }
            Binary::TimesLn => {
                // p·ln a with p = a^b: dp·ln a + p·da/a.
                let left = self.binary(Binary::TimesLn, da, b);
                if self.is(db, 0.0) {
                    return left;
                }
                let ratio = self.binary(Binary::OverGuarded, a, b);
                let right = self.binary(Binary::Mul, ratio, db);
                self.binary(Binary::Add, left, right)
            }
            Binary::OverGuarded => {
                let left = self.binary(Binary::OverGuarded, da, b);
                let ratio = self.binary(Binary::OverGuarded, id, b);
                let right = self.binary(Binary::Mul, ratio, db);
                self.binary(Binary::Sub, left, right)
            }
            Binary::Min => {
                let first = self.binary(Binary::Le, a, b);
                self.ternary(Ternary::Select, first, da, db)
            }
            Binary::Max => {
                let first = self.binary(Binary::Ge, a, b);
                self.ternary(Ternary::Select, first, da, db)
            }
            Binary::Rem => {
                let q = self.binary(Binary::Div, a, b);
                let whole = self.unary(Unary::Trunc, q);
                let right = self.binary(Binary::Mul, whole, db);
                self.binary(Binary::Sub, da, right)
            }
            Binary::Lt
            | Binary::Le
            | Binary::Gt
            | Binary::Ge
            | Binary::Eq
            | Binary::Ne
            | Binary::And
            | Binary::Or
            | Binary::Xor => self.number(0.0),
        }
    }
}
