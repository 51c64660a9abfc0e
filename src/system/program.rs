//! Bytecode: straight-line programs over one register file, compiled from the graph.
//!
//! The register file holds, in this order: time, states, parameters, placeholders, modes, values from the past, constants and everything that
//! depends on parameters only (computed once by the prelude), then temporaries that programs reuse.

use std::collections::HashMap;

use super::graph::{Graph, Input, Node, NodeId};
use super::operation::{Binary, Ternary, Unary};

/// One operation on registers.
#[derive(Debug, Clone, Copy)]
struct Instruction {
    code: Code,
    to: u32,
    a: u32,
    b: u32,
    c: u32,
}

/// Operations; the frequent ones have a code of their own so that the dispatch is one jump.
#[derive(Debug, Clone, Copy)]
enum Code {
    Add,
    Sub,
    Mul,
    Div,
    Neg,
    One(Unary),
    Two(Binary),
    Three(Ternary),
}

/// A straight-line program and the registers of its results.
#[derive(Debug, Clone, Default)]
pub struct Program {
    code: Vec<Instruction>,
    outputs: Vec<u32>,
}

impl Program {
    /// Number of operations.
    pub fn len(&self) -> usize {
        self.code.len()
    }
    /// Whether there is nothing to compute.
    pub fn is_empty(&self) -> bool {
        self.code.is_empty()
    }
    /// Number of results.
    pub fn n_outputs(&self) -> usize {
        self.outputs.len()
    }
    /// Runs on the registers.
    #[inline]
    pub fn run(&self, r: &mut [f64]) {
        for i in &self.code {
            let a = r[i.a as usize];
            let value = match i.code {
                Code::Add => a + r[i.b as usize],
                Code::Sub => a - r[i.b as usize],
                Code::Mul => a * r[i.b as usize],
                Code::Div => a / r[i.b as usize],
                Code::Neg => -a,
                Code::One(op) => op.apply(a),
                Code::Two(op) => op.apply(a, r[i.b as usize]),
                Code::Three(op) => op.apply(a, r[i.b as usize], r[i.c as usize]),
            };
            r[i.to as usize] = value;
        }
    }
    /// Runs on the registers at several points.
    #[inline(always)]
    pub fn run_lanes<const W: usize>(&self, r: &mut [[f64; W]]) {
        for i in &self.code {
            let a = r[i.a as usize];
            let b = r[i.b as usize];
            r[i.to as usize] = match i.code {
                Code::Add => std::array::from_fn(|l| a[l] + b[l]),
                Code::Sub => std::array::from_fn(|l| a[l] - b[l]),
                Code::Mul => std::array::from_fn(|l| a[l] * b[l]),
                Code::Div => std::array::from_fn(|l| a[l] / b[l]),
                Code::Neg => std::array::from_fn(|l| -a[l]),
                Code::One(op) => a.map(|a| op.apply(a)),
                Code::Two(op) => std::array::from_fn(|l| op.apply(a[l], b[l])),
                Code::Three(op) => {
                    let c = r[i.c as usize];
                    std::array::from_fn(|l| op.apply(a[l], b[l], c[l]))
                }
            };
        }
    }
    /// Copies the results at several points, from position `skip` on, into `out`, all points of a result together.
    #[inline(always)]
    pub fn copy_lanes<const W: usize>(&self, r: &[[f64; W]], skip: usize, out: &mut [f64]) {
        for (o, &from) in out.chunks_exact_mut(W).zip(&self.outputs[skip..]) {
            o.copy_from_slice(&r[from as usize]);
        }
    }
    /// Runs, then copies the results from position `skip` on into `out`.
    #[inline]
    pub fn copy(&self, r: &[f64], skip: usize, out: &mut [f64]) {
        for (o, &from) in out.iter_mut().zip(&self.outputs[skip..]) {
            *o = r[from as usize];
        }
    }
    /// Runs and copies all results into `out`.
    #[inline]
    pub fn evaluate(&self, r: &mut [f64], out: &mut [f64]) {
        self.run(r);
        self.copy(r, 0, out);
    }
    /// One result after a run.
    #[inline]
    pub fn result(&self, r: &[f64], which: usize) -> f64 {
        r[self.outputs[which] as usize]
    }
}

/// Where the parts of the register file begin.
#[derive(Debug, Clone, Copy, Default)]
pub struct Layout {
    /// First state (time is register 0).
    pub states: usize,
    /// First parameter.
    pub parameters: usize,
    /// First placeholder.
    pub placeholders: usize,
    /// First mode.
    pub modes: usize,
    /// First value from the past.
    pub delayed: usize,
    /// First constant.
    pub constants: usize,
    /// Number of registers.
    pub len: usize,
}

/// Compiled programs that share one register file.
#[derive(Debug, Clone, Default)]
pub struct Compiled {
    /// Programs in the order in which their roots were given.
    pub programs: Vec<Program>,
    /// What depends on parameters only.
    pub prelude: Program,
    /// Layout of the registers.
    pub layout: Layout,
    /// Registers with fixed values.
    pub values: Vec<(u32, f64)>,
}

/// How many inputs of each kind there are.
#[derive(Debug, Clone, Copy, Default)]
pub struct Sizes {
    /// Integrated quantities.
    pub states: usize,
    /// Slots of the parameter vector.
    pub parameters: usize,
    /// Placeholders.
    pub placeholders: usize,
    /// Modes.
    pub modes: usize,
    /// Values from the past.
    pub delayed: usize,
}

/// Compiles programs for lists of roots.
pub fn compile(graph: &Graph, sizes: Sizes, roots: &[Vec<NodeId>]) -> Compiled {
    let states = 1;
    let parameters = states + sizes.states;
    let placeholders = parameters + sizes.parameters;
    let modes = placeholders + sizes.placeholders;
    let delayed = modes + sizes.modes;
    let constants = delayed + sizes.delayed;
    let register_of_input = |input: Input| -> u32 {
        (match input {
            Input::Time => 0,
            Input::State(i) => states + i as usize,
            Input::Parameter(i) => parameters + i as usize,
            Input::Placeholder(i) => placeholders + i as usize,
            Input::Mode(i) => modes + i as usize,
            Input::Delayed(i) => delayed + i as usize,
        }) as u32
    };

    // Which nodes are needed at all.
    let mut live = vec![false; graph.len()];
    for &root in roots.iter().flatten() {
        live[root as usize] = true;
    }
    for id in (0..graph.len()).rev() {
        if live[id] {
            for o in graph.node(id as NodeId).operands().into_iter().flatten() {
                live[o as usize] = true;
            }
        }
    }

    // Permanent registers: inputs, constants and the prelude.
    let mut permanent: HashMap<NodeId, u32> = HashMap::new();
    let mut values = Vec::new();
    let mut prelude = Program::default();
    let mut next = constants as u32;
    for id in 0..graph.len() as NodeId {
        if !live[id as usize] {
            continue;
        }
        match graph.node(id) {
            Node::Const(bits) => {
                values.push((next, f64::from_bits(bits)));
                permanent.insert(id, next);
                next += 1;
            }
            Node::Input(input) => {
                permanent.insert(id, register_of_input(input));
            }
            node if graph.depends(id).is_constant() => {
                prelude.code.push(instruction(node, next, &permanent));
                permanent.insert(id, next);
                next += 1;
            }
            _ => {}
        }
    }

    let mut len = next;
    let mut programs = Vec::with_capacity(roots.len());
    for list in roots {
        programs.push(compile_one(graph, list, &permanent, next, &mut len));
    }
    Compiled {
        programs,
        prelude,
        layout: Layout {
            states,
            parameters,
            placeholders,
            modes,
            delayed,
            constants,
            len: len as usize,
        },
        values,
    }
}

fn instruction(node: Node, to: u32, registers: &HashMap<NodeId, u32>) -> Instruction {
    let at = |id: NodeId| registers.get(&id).copied().unwrap_or(0);
    let (code, a, b, c) = match node {
        Node::Unary(Unary::Neg, a) => (Code::Neg, at(a), 0, 0),
        Node::Unary(op, a) => (Code::One(op), at(a), 0, 0),
        Node::Binary(Binary::Add, a, b) => (Code::Add, at(a), at(b), 0),
        Node::Binary(Binary::Sub, a, b) => (Code::Sub, at(a), at(b), 0),
        Node::Binary(Binary::Mul, a, b) => (Code::Mul, at(a), at(b), 0),
        Node::Binary(Binary::Div, a, b) => (Code::Div, at(a), at(b), 0),
        Node::Binary(op, a, b) => (Code::Two(op), at(a), at(b), 0),
        Node::Ternary(op, a, b, c) => (Code::Three(op), at(a), at(b), at(c)),
        // Leaves have registers of their own and are never computed.
        Node::Const(_) | Node::Input(_) => (Code::Add, 0, 0, 0),
    };
    Instruction { code, to, a, b, c }
}

fn compile_one(
    graph: &Graph,
    roots: &[NodeId],
    permanent: &HashMap<NodeId, u32>,
    first_temporary: u32,
    len: &mut u32,
) -> Program {
    // Nodes of this program in order of index, which is an order of evaluation.
    let mut wanted: Vec<NodeId> = Vec::new();
    let mut seen: HashMap<NodeId, ()> = HashMap::new();
    let mut stack: Vec<NodeId> = roots.to_vec();
    while let Some(id) = stack.pop() {
        if permanent.contains_key(&id) || seen.insert(id, ()).is_some() {
            continue;
        }
        wanted.push(id);
        stack.extend(graph.node(id).operands().into_iter().flatten());
    }
    wanted.sort_unstable();

    // Last use of each temporary; results live to the end.
    let mut last: HashMap<NodeId, usize> = HashMap::new();
    for (at, &id) in wanted.iter().enumerate() {
        for o in graph.node(id).operands().into_iter().flatten() {
            last.insert(o, at);
        }
    }
    for &root in roots {
        last.insert(root, usize::MAX);
    }

    let mut registers = permanent.clone();
    let mut free: Vec<u32> = Vec::new();
    let mut next = first_temporary;
    let mut code = Vec::with_capacity(wanted.len());
    for (at, &id) in wanted.iter().enumerate() {
        let node = graph.node(id);
        // Operands that die here give their register to the result.
        let mut dying: Vec<NodeId> = node.operands().into_iter().flatten().collect();
        dying.dedup();
        dying.retain(|o| !permanent.contains_key(o) && last.get(o) == Some(&at));
        dying.sort_unstable();
        dying.dedup();
        let mut step = instruction(node, 0, &registers);
        for o in &dying {
            if let Some(&register) = registers.get(o) {
                free.push(register);
            }
        }
        step.to = free.pop().unwrap_or_else(|| {
            next += 1;
            next - 1
        });
        registers.insert(id, step.to);
        code.push(step);
    }
    *len = (*len).max(next);
    let outputs = roots
        .iter()
        .map(|r| registers.get(r).copied().unwrap_or(0))
        .collect();
    Program { code, outputs }
}
