//! Programs against the graph that they were made from: what is joined, shared and reused gives the bits of the single
//! operations.

use proptest::prelude::*;

use super::System;
use super::bytecode::Registers;
use super::graph::{Graph, Input, Node, NodeId};
use super::machine::Machine;
use super::operation::{Binary, Ternary, Unary};
use super::program::{self, Sizes};
use crate::ode::LANES;

const STATES: u32 = 4;
const PARAMETERS: u32 = 3;

/// How to build the next node: operation and operands, counted from the last node backwards.
#[derive(Debug, Clone, Copy)]
struct Recipe(u8, u8, u8, u8);

const UNARIES: [Unary; 26] = [
    Unary::Neg,
    Unary::Exp,
    Unary::Ln,
    Unary::Log2,
    Unary::Log10,
    Unary::Sqrt,
    Unary::Sin,
    Unary::Cos,
    Unary::Tan,
    Unary::Asin,
    Unary::Acos,
    Unary::Atan,
    Unary::Sinh,
    Unary::Cosh,
    Unary::Tanh,
    Unary::Asinh,
    Unary::Acosh,
    Unary::Atanh,
    Unary::Abs,
    Unary::Sign,
    Unary::Floor,
    Unary::Ceil,
    Unary::Trunc,
    Unary::Factorial,
    Unary::Digamma,
    Unary::Not,
];

const BINARIES: [Binary; 19] = [
    Binary::Add,
    Binary::Sub,
    Binary::Mul,
    Binary::Div,
    Binary::Pow,
    Binary::TimesLn,
    Binary::OverGuarded,
    Binary::Min,
    Binary::Max,
    Binary::Rem,
    Binary::Lt,
    Binary::Le,
    Binary::Gt,
    Binary::Ge,
    Binary::Eq,
    Binary::Ne,
    Binary::And,
    Binary::Or,
    Binary::Xor,
];

/// A graph with leaves of every kind and what the recipes add; arithmetic is as frequent as everything else together.
fn build(recipes: &[Recipe]) -> (Graph, Vec<NodeId>) {
    let mut g = Graph::new();
    let mut nodes = vec![g.input(Input::Time), g.number(0.5), g.number(-2.0)];
    nodes.extend((0..STATES).map(|i| g.input(Input::State(i))));
    nodes.extend((0..PARAMETERS).map(|i| g.input(Input::Parameter(i))));
    for Recipe(what, a, b, c) in recipes {
        let at = |k: u8| nodes[nodes.len() - 1 - usize::from(k) % nodes.len()];
        let (a, b, c) = (at(*a), at(*b), at(*c));
        let rest = usize::from(*what) / 8;
        let node = match what % 8 {
            k @ 0..4 => g.binary(BINARIES[usize::from(k)], a, b),
            4 => g.unary(UNARIES[rest % UNARIES.len()], a),
            5 => g.binary(BINARIES[rest % BINARIES.len()], a, b),
            6 => g.ternary(Ternary::Select, a, b, c),
            _ => g.ternary(Ternary::PowSlope, a, b, c),
        };
        nodes.push(node);
    }
    (g, nodes)
}

/// Every node by itself, in order.
fn evaluate(g: &Graph, t: f64, y: &[f64], p: &[f64]) -> Vec<f64> {
    let mut values: Vec<f64> = Vec::with_capacity(g.len());
    for id in 0..g.len() as NodeId {
        let at = |x: NodeId| values[x as usize];
        values.push(match g.node(id) {
            Node::Const(bits) => f64::from_bits(bits),
            Node::Input(Input::Time) => t,
            Node::Input(Input::State(i)) => y[i as usize],
            Node::Input(Input::Parameter(i)) => p[i as usize],
            Node::Input(_) => f64::NAN,
            Node::Unary(op, a) => op.apply(at(a)),
            Node::Binary(op, a, b) => op.apply(at(a), at(b)),
            Node::Ternary(op, a, b, c) => op.apply(at(a), at(b), at(c)),
        });
    }
    values
}

/// Bits, of everything that is not a number the same ones.
fn bits(x: f64) -> u64 {
    if x.is_nan() { u64::MAX } else { x.to_bits() }
}

/// A system with these programs for right-hand side, Jacobian and ∂f/∂p: results that are no derivatives serve as well.
fn system(g: &Graph, f: &[NodeId], jacobian: &[NodeId], parameter: &[NodeId]) -> System {
    let sizes = Sizes {
        states: STATES as usize,
        parameters: PARAMETERS as usize,
        ..Sizes::default()
    };
    let all = |lists: &[&[NodeId]]| lists.concat();
    let roots = [
        all(&[f]),
        all(&[jacobian]),
        all(&[f, jacobian]),
        all(&[jacobian, parameter]),
        all(&[f, jacobian, parameter]),
    ];
    let mut system = System::of_programs(program::compile(g, sizes, &roots), STATES as usize);
    system.jacobian.entries = vec![(0, 0); jacobian.len()];
    system.parameter.entries = vec![(0, 0); parameter.len()];
    system
}

/// The system as bytecode and, where that is built, as machine code.
fn engines(system: System) -> Vec<System> {
    #[cfg(feature = "jit")]
    {
        let mut native = system.clone();
        native.add_machine_code();
        let is_empty = native.compiled.programs.iter().all(|p| p.is_empty());
        assert!(
            native.has_machine_code() || is_empty,
            "this processor is not known to the compiler"
        );
        return vec![system, native];
    }
    #[cfg(not(feature = "jit"))]
    vec![system]
}

fn recipe() -> impl Strategy<Value = Recipe> {
    (any::<u8>(), 0..12u8, 0..12u8, any::<u8>()).prop_map(|(w, a, b, c)| Recipe(w, a, b, c))
}

fn numbers(n: usize) -> impl Strategy<Value = Vec<f64>> {
    let one = prop_oneof![
        -3.0..3.0f64,
        Just(0.0),
        Just(-0.0),
        Just(1.0),
        Just(1e300),
        Just(-1e-12),
    ];
    proptest::collection::vec(one, n)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]
    #[test]
    fn programs_give_the_bits_of_single_operations(
        recipes in proptest::collection::vec(recipe(), 1..60),
        picks in proptest::collection::vec(any::<u8>(), 6..14),
        t in 0.0..10.0f64,
        points in numbers(LANES * STATES as usize),
        p in numbers(PARAMETERS as usize),
    ) {
        let (g, nodes) = build(&recipes);
        let roots: Vec<NodeId> = picks.iter().map(|k| nodes[usize::from(*k) % nodes.len()]).collect();
        let (f, rest) = roots.split_at(STATES as usize);
        let (jacobian, parameter) = rest.split_at(rest.len() / 2);
        let n = STATES as usize;
        let lengths = [n, jacobian.len(), parameter.len()];
        let expected: Vec<Vec<f64>> = points.chunks_exact(n).map(|y| evaluate(&g, t, y, &p)).collect();

        for system in engines(system(&g, f, jacobian, parameter)) {
        let mut machine = Machine::new(&system);
        machine.set_parameters(&system, &p);
        let [mut f_out, mut j_out, mut p_out] = lengths.map(|n| vec![0.0; n]);
        for (y, expected) in points.chunks_exact(n).zip(&expected) {
            machine.linearise(&system, t, y, &mut f_out, &mut j_out, &mut p_out);
            for (node, value) in roots.iter().zip(f_out.iter().chain(&j_out).chain(&p_out)) {
                prop_assert_eq!(bits(*value), bits(expected[*node as usize]));
            }
            machine.rhs_and_jacobian(&system, t, y, &mut f_out, &mut j_out);
            for (node, value) in roots.iter().zip(f_out.iter().chain(&j_out)) {
                prop_assert_eq!(bits(*value), bits(expected[*node as usize]));
            }
        }
        let mut j_lanes = vec![0.0; LANES * jacobian.len()];
        let mut p_lanes = vec![0.0; LANES * parameter.len()];
        machine.derivatives_at_points(&system, LANES, &[t; LANES], &points, &mut j_lanes, &mut p_lanes);
        let lanes = j_lanes.chunks_exact(LANES).chain(p_lanes.chunks_exact(LANES));
        for (node, values) in rest.iter().zip(lanes) {
            for (value, expected) in values.iter().zip(&expected) {
                prop_assert_eq!(bits(*value), bits(expected[*node as usize]));
            }
        }
        let by_state: Vec<[f64; LANES]> =
            (0..n).map(|i| std::array::from_fn(|l| points[l * n + i])).collect();
        let mut f_lanes = [[0.0; LANES]; STATES as usize];
        machine.rhs_at_points(&system, LANES, &[t; LANES], &by_state, &mut f_lanes);
        for (node, values) in f.iter().zip(&f_lanes) {
            for (value, expected) in values.iter().zip(&expected) {
                prop_assert_eq!(bits(*value), bits(expected[*node as usize]));
            }
        }
        }
    }
}

#[test]
fn a_product_that_is_used_once_takes_no_instruction_of_its_own() {
    let mut g = Graph::new();
    let [a, b, c, d] = [0, 1, 2, 3].map(|i| g.input(Input::State(i)));
    let (ab, cd) = (g.binary(Binary::Mul, a, b), g.binary(Binary::Mul, c, d));
    let first = g.binary(Binary::Sub, a, ab);
    let both = g.binary(Binary::Add, first, cd);
    let sizes = Sizes {
        states: 4,
        ..Sizes::default()
    };
    let alone = program::compile(&g, sizes, &[vec![both]]);
    assert_eq!(alone.programs[0].len(), 1);
    // As results of their own the products are computed, and then read.
    let shared = program::compile(&g, sizes, &[vec![both, ab, cd]]);
    assert_eq!(shared.programs[0].len(), 3);
}

#[test]
fn systems_with_more_registers_than_short_names_are_run_as_well() {
    let mut g = Graph::new();
    let x = g.input(Input::State(0));
    let roots: Vec<NodeId> = (0..70_000)
        .map(|k| {
            let c = g.number(f64::from(k));
            g.binary(Binary::Add, x, c)
        })
        .collect();
    let sizes = Sizes {
        states: 1,
        ..Sizes::default()
    };
    let compiled = program::compile(&g, sizes, &[roots]);
    let mut registers = Registers::new(compiled.layout.len);
    for &(at, value) in &compiled.values {
        registers.all_mut()[at as usize] = value;
    }
    registers.all_mut()[compiled.layout.states] = 0.25;
    compiled.programs[0].run_on(&mut registers, 1);
    let results = compiled.programs[0].results(registers.all());
    assert_eq!(results.len(), 70_000);
    assert_eq!(results[69_999], 69_999.25);
}
