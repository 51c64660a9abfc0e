//! From the graph to programs over one register file.
//!
//! The register file holds, in this order: time, states, parameters, placeholders, modes, values from the past, constants
//! and everything that depends on parameters only (computed once by the prelude), the results of each program one after
//! the other, and temporaries that programs reuse. A result that depends on parameters only is put in its place by the
//! prelude.

use std::collections::HashMap;

pub use super::bytecode::Program;
use super::bytecode::{Code, Instruction};

use super::graph::{Graph, Input, Node, NodeId};
use super::operation::{Binary, Unary};

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
    /// First result.
    pub results: usize,
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
                let (code, reads) = single(node);
                let at =
                    |o: Option<NodeId>| o.and_then(|o| permanent.get(&o).copied()).unwrap_or(0);
                prelude.code.push(plain(code, next, reads.map(at)));
                permanent.insert(id, next);
                next += 1;
            }
            _ => {}
        }
    }

    let first_result = next;
    let n_results: usize = roots.iter().map(Vec::len).sum();
    let first_temporary = next + n_results as u32;
    let mut len = first_temporary;
    let mut programs = Vec::with_capacity(roots.len());
    for list in roots {
        let mut program = Program {
            results: next as usize,
            n_results: list.len(),
            ..Program::default()
        };
        let mut block = Block {
            graph,
            permanent: &permanent,
            results: next,
            temporaries: first_temporary,
            len: &mut len,
        };
        block.compile(list, &mut program.code, &mut prelude.code);
        next += list.len() as u32;
        programs.push(program);
    }
    let len = len as usize;
    prelude.shorten(len);
    programs.iter_mut().for_each(|p| p.shorten(len));
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
            results: first_result as usize,
            len,
        },
        values,
    }
}

fn plain(code: Code, to: u32, [a, b, c, d, e]: [u32; 5]) -> Instruction<u32> {
    Instruction {
        code,
        to,
        a,
        b,
        c,
        d,
        e,
    }
}

/// What an instruction reads.
type Reads = [Option<NodeId>; 5];

/// The instruction of one node, and the nodes that it reads.
fn single(node: Node) -> (Code, Reads) {
    let [a, b, c] = node.operands();
    let code = match node {
        Node::Unary(Unary::Neg, _) => Code::Neg,
        Node::Unary(op, _) => Code::One(op),
        Node::Binary(Binary::Add, ..) => Code::Add,
        Node::Binary(Binary::Sub, ..) => Code::Sub,
        Node::Binary(Binary::Mul, ..) => Code::Mul,
        Node::Binary(Binary::Div, ..) => Code::Div,
        Node::Binary(op, ..) => Code::Two(op),
        Node::Ternary(op, ..) => Code::Three(op),
        // Leaves have registers of their own and are never computed.
        Node::Const(_) | Node::Input(_) => Code::Copy,
    };
    (code, [a, b, c, None, None])
}

/// A node together with its operands of `inner`, which nothing else uses, where there is an instruction for it, and the
/// nodes that it then reads.
fn fused(op: Node, inner: [Option<Node>; 2]) -> Option<(Code, Reads)> {
    use Binary::{Add, Div, Mul, Sub};
    if let Node::Unary(Unary::Neg, _) = op
        && let Some(Node::Binary(Mul, p, q)) = inner[0]
    {
        return Some((Code::NegProduct, [Some(p), Some(q), None, None, None]));
    }
    let Node::Binary(op, left, right) = op else {
        return None;
    };
    if let (Some(Node::Binary(Mul, p, q)), Some(Node::Binary(Mul, r, s))) = (inner[0], inner[1]) {
        let code = match op {
            Add => Code::ProductPlusProduct,
            Sub => Code::ProductMinusProduct,
            _ => Code::Copy,
        };
        if code != Code::Copy {
            return Some((code, [Some(p), Some(q), Some(r), Some(s), None]));
        }
    }
    if let Some(Node::Binary(first, p, q)) = inner[0] {
        let code = match (first, op) {
            (Mul, Add) => Code::ProductPlus,
            (Mul, Sub) => Code::ProductMinus,
            (Mul, Mul) => Code::ProductTimes,
            (Mul, Div) => Code::ProductOver,
            (Add, Mul) => Code::SumTimes,
            (Sub, Mul) => Code::DifferenceTimes,
            (Div, Mul) => Code::QuotientTimes,
            (Add, Add) => Code::SumPlus,
            (Sub, Add) => Code::DifferencePlus,
            (Add, Sub) => Code::SumMinus,
            (Sub, Sub) => Code::DifferenceMinus,
            _ => Code::Copy,
        };
        if code != Code::Copy {
            return Some((code, [Some(p), Some(q), Some(right), None, None]));
        }
    }
    if let Some(Node::Binary(second, p, q)) = inner[1] {
        // Addition and multiplication do not care which operand comes first.
        let code = match (second, op) {
            (Mul, Add) => Code::ProductPlus,
            (Mul, Sub) => Code::MinusProduct,
            (Mul, Mul) => Code::ProductTimes,
            (Add, Mul) => Code::SumTimes,
            (Sub, Mul) => Code::DifferenceTimes,
            (Div, Mul) => Code::QuotientTimes,
            (Add, Add) => Code::SumPlus,
            (Sub, Add) => Code::DifferencePlus,
            _ => Code::Copy,
        };
        if code != Code::Copy {
            return Some((code, [Some(p), Some(q), Some(left), None, None]));
        }
    }
    None
}

/// Joins two steps of a sum of products where the second is all that uses the first.
fn chain(
    steps: Vec<(NodeId, Code, Reads)>,
    uses: &HashMap<NodeId, u32>,
) -> Vec<(NodeId, Code, Reads)> {
    let mut at: HashMap<NodeId, usize> = HashMap::new();
    let mut joined: Vec<Option<(NodeId, Code, Reads)>> = Vec::with_capacity(steps.len());
    for (id, code, reads) in steps {
        let [a, b, c, _, _] = reads;
        // Both of them are `c ± a·b`.
        let first = c
            .filter(|c| {
                matches!(code, Code::ProductPlus | Code::MinusProduct) && uses.get(c) == Some(&1)
            })
            .and_then(|c| at.get(&c).copied());
        let join = first.and_then(|first| {
            let (_, inner, [p, q, e, _, _]) = joined.get(first).copied().flatten()?;
            let code = match (inner, code) {
                (Code::ProductPlus, Code::ProductPlus) => Code::PlusPlus,
                (Code::ProductPlus, _) => Code::PlusMinus,
                (Code::MinusProduct, Code::ProductPlus) => Code::MinusPlus,
                (Code::MinusProduct, _) => Code::MinusMinus,
                _ => return None,
            };
            Some((first, code, [a, b, p, q, e]))
        });
        let step = match join {
            Some((first, code, reads)) => {
                if let Some(first) = joined.get_mut(first) {
                    *first = None;
                }
                (id, code, reads)
            }
            None => (id, code, reads),
        };
        at.insert(id, joined.len());
        joined.push(Some(step));
    }
    joined.into_iter().flatten().collect()
}

/// Compiles one program.
struct Block<'a> {
    graph: &'a Graph,
    permanent: &'a HashMap<NodeId, u32>,
    /// First register of the results.
    results: u32,
    /// First temporary.
    temporaries: u32,
    /// Registers of all programs so far.
    len: &'a mut u32,
}

impl Block<'_> {
    /// Nodes to compute, operands first, each with its instruction; what goes into another's instruction is left out.
    fn steps(&self, roots: &[NodeId]) -> Vec<(NodeId, Code, Reads)> {
        // Uses of each node within the program; a result counts as used twice, since it has to be computed by itself.
        let mut uses: HashMap<NodeId, u32> = HashMap::new();
        let mut wanted: Vec<NodeId> = Vec::new();
        let mut stack: Vec<NodeId> = Vec::new();
        for &root in roots {
            if !self.permanent.contains_key(&root) {
                let count = uses.entry(root).or_insert(0);
                if *count == 0 {
                    stack.push(root);
                }
                *count += 2;
            }
        }
        while let Some(id) = stack.pop() {
            wanted.push(id);
            for operand in self.graph.node(id).operands().into_iter().flatten() {
                if self.permanent.contains_key(&operand) {
                    continue;
                }
                let count = uses.entry(operand).or_insert(0);
                if *count == 0 {
                    stack.push(operand);
                }
                *count += 1;
            }
        }
        wanted.sort_unstable();
        let inner = |id: Option<NodeId>| {
            id.filter(|id| uses.get(id) == Some(&1))
                .map(|id| self.graph.node(id))
        };
        let mut steps = Vec::with_capacity(wanted.len());
        let mut absorbed = std::collections::HashSet::new();
        // What uses a node comes behind it: from the end on it is known whether a node was taken into another.
        for &id in wanted.iter().rev() {
            if absorbed.contains(&id) {
                continue;
            }
            let node = self.graph.node(id);
            let [a, b, _] = node.operands();
            let (code, reads) = match fused(node, [inner(a), inner(b)]) {
                Some(found) => found,
                None => single(node),
            };
            absorbed.extend(
                [a, b]
                    .into_iter()
                    .flatten()
                    .filter(|x| !reads.contains(&Some(*x))),
            );
            steps.push((id, code, reads));
        }
        steps.reverse();
        chain(steps, &uses)
    }

    fn compile(
        &mut self,
        roots: &[NodeId],
        code: &mut Vec<Instruction<u32>>,
        prelude: &mut Vec<Instruction<u32>>,
    ) {
        let steps = self.steps(roots);
        let mut registers = self.permanent.clone();
        let mut place: HashMap<NodeId, u32> = HashMap::new();
        for (at, &root) in roots.iter().enumerate() {
            place.entry(root).or_insert(self.results + at as u32);
        }
        let mut last: HashMap<NodeId, usize> = HashMap::new();
        for (at, (_, _, reads)) in steps.iter().enumerate() {
            for o in reads.iter().flatten() {
                last.insert(*o, at);
            }
        }
        let mut free: Vec<u32> = Vec::new();
        let mut next = self.temporaries;
        for (at, (id, operation, reads)) in steps.into_iter().enumerate() {
            let at_register =
                |o: Option<NodeId>| o.and_then(|o| registers.get(&o).copied()).unwrap_or(0);
            let mut step = plain(operation, 0, reads.map(at_register));
            // Operands that die here give their register to the result.
            let mut dying: Vec<NodeId> = reads.into_iter().flatten().collect();
            dying.retain(|o| {
                !self.permanent.contains_key(o)
                    && !place.contains_key(o)
                    && last.get(o) == Some(&at)
            });
            dying.sort_unstable();
            dying.dedup();
            free.extend(dying.iter().filter_map(|o| registers.get(o).copied()));
            step.to = place.get(&id).copied().unwrap_or_else(|| {
                free.pop().unwrap_or_else(|| {
                    next += 1;
                    next - 1
                })
            });
            registers.insert(id, step.to);
            code.push(step);
        }
        *self.len = (*self.len).max(next);
        for (at, &root) in roots.iter().enumerate() {
            let to = self.results + at as u32;
            let from = registers.get(&root).copied().unwrap_or(0);
            if from == to {
                continue;
            }
            let step = plain(Code::Copy, to, [from, 0, 0, 0, 0]);
            let depends = self.graph.depends(root);
            // Numbers are copied with the parameters, too: the prelude is run before anything else.
            if depends.is_constant() {
                prelude.push(step);
            } else {
                code.push(step);
            }
        }
    }
}
