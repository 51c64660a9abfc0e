//! Common-subexpression graph: every distinct expression once, simplified as it is built, with symbolic derivatives.

use std::collections::HashMap;

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
    /// A value from the past, looked up before anything else is computed.
    Delayed(u32),
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

impl Node {
    /// Nodes that it is computed from.
    pub fn operands(self) -> [Option<NodeId>; 3] {
        match self {
            Self::Const(_) | Self::Input(_) => [None; 3],
            Self::Unary(_, a) => [Some(a), None, None],
            Self::Binary(_, a, b) => [Some(a), Some(b), None],
            Self::Ternary(_, a, b, c) => [Some(a), Some(b), Some(c)],
        }
    }
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
    /// Inputs each node depends on, sorted (time, states, parameters and placeholders; modes and the past are left out).
    inputs: Vec<std::rc::Rc<[Input]>>,
    /// Comparisons that were frozen into modes.
    pub switches: Vec<Switch>,
    pub(super) derivatives: HashMap<(NodeId, Input), NodeId>,
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
    pub(super) fn is(&self, id: NodeId, value: f64) -> bool {
        self.constant(id) == Some(value)
    }
    pub(super) fn depends_on(&self, id: NodeId, input: Input) -> bool {
        self.inputs[id as usize].binary_search(&input).is_ok()
    }
    /// Inputs of a kind that a node reads, modes followed into their comparisons; in ascending order.
    pub fn reads(&self, root: NodeId, kind: impl Fn(Input) -> bool) -> Vec<Input> {
        let mut found = std::collections::BTreeSet::new();
        let mut seen = std::collections::HashSet::new();
        let mut stack = vec![root];
        while let Some(id) = stack.pop() {
            if !seen.insert(id) {
                continue;
            }
            if let Node::Input(input) = self.node(id) {
                if kind(input) {
                    found.insert(input);
                }
                if let Input::Mode(i) = input {
                    stack.extend(self.switches.get(i as usize).map(|s| s.difference));
                }
            }
            stack.extend(self.node(id).operands().into_iter().flatten());
        }
        found.into_iter().collect()
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
                    // The past moves on with time, in a way that only a search can follow.
                    Input::Delayed(_) => (d.time, d.state) = (true, true),
                }
                let list = if matches!(input, Input::Mode(_) | Input::Delayed(_)) {
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

    /// The node with inputs replaced where `replace` gives a node, comparisons included.
    pub fn substitute(
        &mut self,
        root: NodeId,
        replace: &mut dyn FnMut(&mut Graph, Input) -> Option<NodeId>,
    ) -> NodeId {
        // Comparisons hide their operands behind a mode: these first.
        let mut wanted: Vec<NodeId> = Vec::new();
        let mut seen = std::collections::HashSet::new();
        let mut stack = vec![root];
        while let Some(id) = stack.pop() {
            if seen.insert(id) {
                wanted.push(id);
                stack.extend(self.node(id).operands().into_iter().flatten());
            }
        }
        wanted.sort_unstable();
        let mut new: HashMap<NodeId, NodeId> = HashMap::new();
        for id in wanted {
            let at = |x: NodeId| new.get(&x).copied().unwrap_or(x);
            let node = match self.node(id) {
                Node::Const(_) => id,
                Node::Input(Input::Mode(which)) => match self.switches.get(which as usize).copied()
                {
                    Some(switch) => {
                        let difference = self.substitute(switch.difference, replace);
                        let zero = self.number(0.0);
                        self.compare(switch.op, difference, zero)
                    }
                    None => id,
                },
                Node::Input(input) => replace(self, input).unwrap_or(id),
                Node::Unary(op, a) => self.unary(op, at(a)),
                Node::Binary(op, a, b) => self.binary(op, at(a), at(b)),
                Node::Ternary(op, a, b, c) => self.ternary(op, at(a), at(b), at(c)),
            };
            new.insert(id, node);
        }
        new.get(&root).copied().unwrap_or(root)
    }
}
