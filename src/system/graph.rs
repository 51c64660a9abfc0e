//! Common-subexpression graph: every distinct expression once, simplified as it is built, with symbolic derivatives.

use std::collections::HashMap;

use crate::math::{BinaryOp, Expr, Function, Kind, UnaryOp};

use super::operation::{Binary, Ternary, Unary};

/// Index of a node; operands always have smaller indices than the node that uses them.
pub type NodeId = u32;

/// What a leaf of the graph reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Input {
    /// Time.
    Time,
    /// Integrated quantity.
    State(u32),
    /// Slot of the parameter vector.
    Parameter(u32),
    /// Placeholder of an observable, set row by row.
    Placeholder(u32),
    /// Truth value of a comparison, frozen within a smooth segment.
    Mode(u32),
}

/// A node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Node {
    /// Bits of a number.
    Const(u64),
    /// A leaf.
    Input(Input),
    /// Function of one node.
    Unary(Unary, NodeId),
    /// Function of two nodes.
    Binary(Binary, NodeId, NodeId),
    /// Function of three nodes.
    Ternary(Ternary, NodeId, NodeId, NodeId),
}

/// On what a node depends, coarsely: decides when it has to be computed again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Depends {
    /// On time.
    pub time: bool,
    /// On a state.
    pub state: bool,
    /// On a parameter.
    pub parameter: bool,
    /// On a placeholder.
    pub placeholder: bool,
    /// On a mode.
    pub mode: bool,
}

impl Depends {
    fn or(self, other: Self) -> Self {
        Self {
            time: self.time || other.time,
            state: self.state || other.state,
            parameter: self.parameter || other.parameter,
            placeholder: self.placeholder || other.placeholder,
            mode: self.mode || other.mode,
        }
    }
    /// Whether the value stays the same as long as the parameters do.
    pub fn is_constant(self) -> bool {
        !(self.time || self.state || self.placeholder || self.mode)
    }
}

/// A comparison that depends on time or states: its sign change ends a smooth segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Switch {
    /// The comparison.
    pub op: Binary,
    /// Left side minus right side.
    pub difference: NodeId,
}

/// Why an expression could not be brought into the graph.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum GraphError {
    /// A name that nothing declares.
    #[error("`{0}` is not defined")]
    UnknownName(String),
    /// A function with the wrong number of arguments.
    #[error("{function} takes {expected} arguments, found {found}")]
    Arity {
        /// Function.
        function: String,
        /// What it takes.
        expected: &'static str,
        /// What it was given.
        found: usize,
    },
    /// A function that cannot be simulated.
    #[error("{0} is not supported here")]
    Unsupported(String),
    /// A quantity that is defined by itself.
    #[error("`{0}` is defined by itself")]
    Cycle(String),
}

/// The graph.
#[derive(Debug, Clone, Default)]
pub struct Graph {
    nodes: Vec<Node>,
    depends: Vec<Depends>,
    index: HashMap<Node, NodeId>,
    /// Inputs each node depends on, sorted (time, states, parameters and placeholders; modes are left out).
    inputs: Vec<std::rc::Rc<[Input]>>,
    /// Comparisons that were frozen into modes.
    pub switches: Vec<Switch>,
    derivatives: HashMap<(NodeId, Input), NodeId>,
    empty: Option<std::rc::Rc<[Input]>>,
}

impl Graph {
    /// An empty graph.
    pub fn new() -> Self {
        Self::default()
    }
    /// The node behind an index.
    pub fn node(&self, id: NodeId) -> Node {
        self.nodes[id as usize]
    }
    /// Number of nodes.
    pub fn len(&self) -> usize {
        self.nodes.len()
    }
    /// Whether nothing was built yet.
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }
    /// On what a node depends.
    pub fn depends(&self, id: NodeId) -> Depends {
        self.depends[id as usize]
    }
    /// The inputs (without modes) that a node depends on, sorted.
    pub fn inputs(&self, id: NodeId) -> &[Input] {
        &self.inputs[id as usize]
    }
    /// The number, if the node is one.
    pub fn constant(&self, id: NodeId) -> Option<f64> {
        match self.node(id) {
            Node::Const(bits) => Some(f64::from_bits(bits)),
            _ => None,
        }
    }
    fn is(&self, id: NodeId, value: f64) -> bool {
        self.constant(id) == Some(value)
    }

    fn add_node(&mut self, node: Node) -> NodeId {
        if let Some(&id) = self.index.get(&node) {
            return id;
        }
        let id = self.nodes.len() as NodeId;
        let empty = self
            .empty
            .get_or_insert_with(|| std::rc::Rc::from([]))
            .clone();
        let (depends, inputs) = match node {
            Node::Const(_) => (Depends::default(), empty),
            Node::Input(input) => {
                let mut d = Depends::default();
                match input {
                    Input::Time => d.time = true,
                    Input::State(_) => d.state = true,
                    Input::Parameter(_) => d.parameter = true,
                    Input::Placeholder(_) => d.placeholder = true,
                    Input::Mode(_) => d.mode = true,
                }
                let list = if d.mode {
                    empty
                } else {
                    std::rc::Rc::from([input])
                };
                (d, list)
            }
            Node::Unary(_, a) => (self.depends(a), self.inputs[a as usize].clone()),
            Node::Binary(_, a, b) => (self.depends(a).or(self.depends(b)), self.merge(&[a, b])),
            Node::Ternary(_, a, b, c) => (
                self.depends(a).or(self.depends(b)).or(self.depends(c)),
                self.merge(&[a, b, c]),
            ),
        };
        self.nodes.push(node);
        self.depends.push(depends);
        self.inputs.push(inputs);
        self.index.insert(node, id);
        id
    }

    fn merge(&self, operands: &[NodeId]) -> std::rc::Rc<[Input]> {
        let mut longest = self.inputs[operands[0] as usize].clone();
        for &o in &operands[1..] {
            let other = &self.inputs[o as usize];
            if other.iter().all(|i| longest.binary_search(i).is_ok()) {
                continue;
            }
            if longest.iter().all(|i| other.binary_search(i).is_ok()) {
                longest = other.clone();
                continue;
            }
            let mut all: Vec<Input> = longest.iter().chain(other.iter()).copied().collect();
            all.sort_unstable();
            all.dedup();
            longest = all.into();
        }
        longest
    }

    /// A number.
    pub fn number(&mut self, value: f64) -> NodeId {
        // -0 and 0 behave alike everywhere here; one node serves both.
        let value = if value == 0.0 { 0.0 } else { value };
        self.add_node(Node::Const(value.to_bits()))
    }
    /// A leaf.
    pub fn input(&mut self, input: Input) -> NodeId {
        self.add_node(Node::Input(input))
    }

    /// Function of one node, simplified.
    pub fn unary(&mut self, op: Unary, a: NodeId) -> NodeId {
        if let Some(v) = self.constant(a) {
            let r = op.apply(v);
            return self.number(r);
        }
        match (op, self.node(a)) {
            (Unary::Neg, Node::Unary(Unary::Neg, x)) => x,
            (Unary::Neg, Node::Binary(Binary::Sub, x, y)) => self.binary(Binary::Sub, y, x),
            (Unary::Exp, Node::Unary(Unary::Ln, x)) => x,
            (Unary::Ln, Node::Unary(Unary::Exp, x)) => x,
            _ => self.add_node(Node::Unary(op, a)),
        }
    }

    /// Function of two nodes, simplified.
    pub fn binary(&mut self, op: Binary, a: NodeId, b: NodeId) -> NodeId {
        if let (Some(x), Some(y)) = (self.constant(a), self.constant(b)) {
            return self.number(op.apply(x, y));
        }
        match op {
            Binary::Add => {
                if self.is(a, 0.0) {
                    return b;
                }
                if self.is(b, 0.0) {
                    return a;
                }
                if let Node::Unary(Unary::Neg, y) = self.node(b) {
                    return self.binary(Binary::Sub, a, y);
                }
                if let Node::Unary(Unary::Neg, x) = self.node(a) {
                    return self.binary(Binary::Sub, b, x);
                }
            }
            Binary::Sub => {
                if self.is(b, 0.0) {
                    return a;
                }
                if a == b {
                    return self.number(0.0);
                }
                if self.is(a, 0.0) {
                    return self.unary(Unary::Neg, b);
                }
                if let Node::Unary(Unary::Neg, y) = self.node(b) {
                    return self.binary(Binary::Add, a, y);
                }
            }
            Binary::Mul => {
                if self.is(a, 0.0) || self.is(b, 0.0) {
                    return self.number(0.0);
                }
                if self.is(a, 1.0) {
                    return b;
                }
                if self.is(b, 1.0) {
                    return a;
                }
                if self.is(a, -1.0) {
                    return self.unary(Unary::Neg, b);
                }
                if self.is(b, -1.0) {
                    return self.unary(Unary::Neg, a);
                }
                if let Node::Unary(Unary::Neg, x) = self.node(a) {
                    let product = self.binary(Binary::Mul, x, b);
                    return self.unary(Unary::Neg, product);
                }
                if let Node::Unary(Unary::Neg, y) = self.node(b) {
                    let product = self.binary(Binary::Mul, a, y);
                    return self.unary(Unary::Neg, product);
                }
            }
            Binary::Div => {
                if self.is(a, 0.0) && !self.is(b, 0.0) {
                    return self.number(0.0);
                }
                if self.is(b, 1.0) {
                    return a;
                }
                if a == b {
                    return self.number(1.0);
                }
                if let Node::Unary(Unary::Neg, x) = self.node(a) {
                    let quotient = self.binary(Binary::Div, x, b);
                    return self.unary(Unary::Neg, quotient);
                }
            }
            Binary::Pow => {
                if let Some(e) = self.constant(b) {
                    if e == 0.0 {
                        return self.number(1.0);
                    }
                    if e == 1.0 {
                        return a;
                    }
                    if e == 2.0 {
                        return self.binary(Binary::Mul, a, a);
                    }
                    if e == 3.0 {
                        let square = self.binary(Binary::Mul, a, a);
                        return self.binary(Binary::Mul, square, a);
                    }
                    if e == 4.0 {
                        let square = self.binary(Binary::Mul, a, a);
                        return self.binary(Binary::Mul, square, square);
                    }
                    if e == 0.5 {
                        return self.unary(Unary::Sqrt, a);
                    }
                    if e == -1.0 {
                        let one = self.number(1.0);
                        return self.binary(Binary::Div, one, a);
                    }
                    if e == -2.0 {
                        let one = self.number(1.0);
                        let square = self.binary(Binary::Mul, a, a);
                        return self.binary(Binary::Div, one, square);
                    }
                }
                if self.is(a, 1.0) {
                    return self.number(1.0);
                }
            }
            Binary::And if (self.is(a, 0.0) || self.is(b, 0.0)) => {
                return self.number(0.0);
            }
            Binary::Or => {
                for x in [a, b] {
                    if self.constant(x).is_some_and(|v| v != 0.0) {
                        return self.number(1.0);
                    }
                }
            }
            Binary::Min | Binary::Max if a == b => return a,
            _ => {}
        }
        let (a, b) = if op.is_commutative() && b < a {
            (b, a)
        } else {
            (a, b)
        };
        self.add_node(Node::Binary(op, a, b))
    }

    /// Function of three nodes, simplified.
    pub fn ternary(&mut self, op: Ternary, a: NodeId, b: NodeId, c: NodeId) -> NodeId {
        if let (Some(x), Some(y), Some(z)) = (self.constant(a), self.constant(b), self.constant(c))
        {
            return self.number(op.apply(x, y, z));
        }
        if op == Ternary::Select {
            if let Some(v) = self.constant(a) {
                return if v != 0.0 { b } else { c };
            }
            if b == c {
                return b;
            }
        }
        self.add_node(Node::Ternary(op, a, b, c))
    }

    /// A comparison; one that depends on time or states becomes a frozen mode with a switch.
    pub fn compare(&mut self, op: Binary, a: NodeId, b: NodeId) -> NodeId {
        let depends = self.depends(a).or(self.depends(b));
        if !(depends.time || depends.state) || depends.placeholder {
            return self.binary(op, a, b);
        }
        let difference = self.binary(Binary::Sub, a, b);
        let switch = Switch { op, difference };
        let which = match self.switches.iter().position(|s| *s == switch) {
            Some(i) => i,
            None => {
                self.switches.push(switch);
                self.switches.len() - 1
            }
        };
        self.input(Input::Mode(which as u32))
    }

    /// Brings an expression into the graph; `resolve` gives the node of a name.
    ///
    /// # Errors
    /// [`GraphError`] for unknown names, wrong argument counts and functions that cannot be simulated.
    pub fn import(
        &mut self,
        expr: &Expr,
        resolve: &mut dyn FnMut(&mut Graph, &str) -> Result<NodeId, GraphError>,
        rate_of: &mut dyn FnMut(&mut Graph, &str) -> Result<NodeId, GraphError>,
    ) -> Result<NodeId, GraphError> {
        Ok(match &expr.kind {
            Kind::Number(v) | Kind::Quantity(v, _) => self.number(*v),
            Kind::Bool(b) => self.number(f64::from(u8::from(*b))),
            Kind::Symbol(name) => resolve(self, name)?,
            Kind::Convert(a, _) => self.import(a, resolve, rate_of)?,
            Kind::Unary(op, a) => {
                let a = self.import(a, resolve, rate_of)?;
                match op {
                    UnaryOp::Plus => a,
                    UnaryOp::Neg => self.unary(Unary::Neg, a),
                    UnaryOp::Not => self.unary(Unary::Not, a),
                }
            }
            Kind::Binary(op, a, b) => {
                let a = self.import(a, resolve, rate_of)?;
                let b = self.import(b, resolve, rate_of)?;
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
            Kind::Call(function, arguments) => {
                if *function == Function::RateOf {
                    return match arguments.as_slice() {
                        [
                            Expr {
                                kind: Kind::Symbol(name),
                                ..
                            },
                        ] => rate_of(self, name),
                        _ => Err(GraphError::Unsupported("rateOf of an expression".into())),
                    };
                }
                let mut nodes = Vec::with_capacity(arguments.len());
                for a in arguments {
                    nodes.push(self.import(a, resolve, rate_of)?);
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

    /// Partial derivative of a node with respect to an input, modes held.
    pub fn derivative(&mut self, id: NodeId, wrt: Input) -> NodeId {
        if self.inputs[id as usize].binary_search(&wrt).is_err() {
            return self.number(0.0);
        }
        if let Some(&d) = self.derivatives.get(&(id, wrt)) {
            return d;
        }
        let d = match self.node(id) {
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
        };
        self.derivatives.insert((id, wrt), d);
        d
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
