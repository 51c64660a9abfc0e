//! From a model and formulas to a [`System`].

use crate::math::Expr;
use crate::model::{Model, Rate};
use crate::ode::Pattern;

use super::graph::{Graph, GraphError, Input, Node, NodeId};
use super::namespace::{DelayNodes, Namespace, Space};
use super::program::{self, Sizes};
use super::{Delay, Event, EventAssignment, Fast, Formula, Kernels, StateSlot, Switch, System};

/// What a slot of the parameter vector stands for.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum SlotKind {
    /// The constant entity of this name (model parameter, input, or a name of the parameter table only).
    Entity,
    /// The initial value of the state of this name, which a condition sets.
    InitialOf,
}

/// A slot of the parameter vector.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct SlotSpec {
    /// Name.
    pub id: String,
    /// What it stands for.
    pub kind: SlotKind,
    /// It is 0 in every period: expressions are simplified with that.
    pub zero: bool,
    /// It depends on an estimated parameter.
    pub active: bool,
}

/// A formula to compile beside the model: an observable, a noise formula, a value that a condition sets.
#[derive(Debug, Clone, PartialEq)]
pub struct FormulaSpec {
    /// The expression.
    pub expr: Expr,
    /// Placeholders: positions in the vector of placeholders are the indices in this list.
    pub placeholders: Vec<String>,
    /// Name that resolves to the model's output first (an observable whose formula is its own id).
    pub prefer_output: Option<String>,
}

/// What to compile.
#[derive(Debug, Clone)]
pub struct Spec<'a> {
    /// The model.
    pub model: &'a Model,
    /// Slots.
    pub slots: &'a [SlotSpec],
    /// Formulas.
    pub formulas: &'a [FormulaSpec],
    /// States that a condition sets after the start: they are never taken as constant.
    pub reset: &'a [String],
    /// Drop states whose rate vanishes identically.
    pub reduce: bool,
}

/// States whose rate vanishes identically while they and their like keep their constant initial values.
fn constant_states(names: &mut Namespace, g: &mut Graph) -> Result<Vec<Option<f64>>, GraphError> {
    let spec = names.spec;
    let m = spec.model;
    let mut candidate: Vec<Option<f64>> = vec![None; m.states.len()];
    if !spec.reduce || !m.algebraic.is_empty() {
        return Ok(candidate);
    }
    names.assign_states(g, &candidate)?;
    for (i, (state, value)) in m.states.iter().zip(&mut candidate).enumerate() {
        let by_event = |e: &crate::model::Event| e.assignments.iter().any(|(t, _)| *t == state.id);
        let by_fast =
            |f: &crate::model::FastReaction| f.changes.iter().any(|(s, _)| *s == state.id);
        let touched = spec.reset.contains(&state.id)
            || m.events.iter().any(by_event)
            || m.fast.iter().any(by_fast)
            || names.varying_volume(i).is_some();
        if touched {
            continue;
        }
        let node = names.initial_quantity(g, i)?;
        *value = g.constant(node);
    }
    loop {
        names.assign_states(g, &candidate)?;
        let mut changed = false;
        for (i, value) in candidate.iter_mut().enumerate() {
            if value.is_some() {
                let rate = names.quantity_rate(g, i)?;
                if g.constant(rate) != Some(0.0) {
                    *value = None;
                    changed = true;
                }
            }
        }
        if !changed {
            return Ok(candidate);
        }
    }
}

/// Collects root lists of programs.
#[derive(Default)]
struct Roots(Vec<Vec<NodeId>>);

impl Roots {
    fn add(&mut self, roots: Vec<NodeId>) -> usize {
        self.0.push(roots);
        self.0.len() - 1
    }
}

fn formula(graph: &mut Graph, roots: &mut Roots, node: NodeId, active: &[usize]) -> Formula {
    let inputs = graph.inputs(node).to_vec();
    let mut list = vec![node];
    let (mut states, mut slots, mut placeholders, mut time) =
        (Vec::new(), Vec::new(), Vec::new(), None);
    for input in inputs {
        if let Input::Parameter(s) = input
            && !active.contains(&(s as usize))
        {
            continue;
        }
        let d = graph.derivative(node, input);
        if graph.constant(d) == Some(0.0) {
            continue;
        }
        let at = list.len();
        match input {
            Input::State(i) => states.push((i as usize, at)),
            Input::Parameter(s) => slots.push((s as usize, at)),
            Input::Placeholder(w) => placeholders.push((w as usize, at)),
            Input::Time => time = Some(at),
            Input::Mode(_) | Input::Delayed(_) => continue,
        }
        list.push(d);
    }
    let value = roots.add(vec![node]);
    let derivatives = roots.add(list);
    Formula {
        value,
        derivatives,
        states,
        slots,
        placeholders,
        time,
    }
}

/// Compiles a model with its formulas.
///
/// # Errors
/// [`GraphError`] for unknown names, cycles, wrong argument counts and functions that cannot be simulated.
pub fn compile(spec: &Spec) -> Result<System, GraphError> {
    let mut graph = Graph::new();
    let g = &mut graph;
    let mut b = Namespace::new(spec);
    let m = spec.model;
    let constant = constant_states(&mut b, g)?;
    b.assign_states(g, &constant)?;
    let integrated: Vec<usize> = (0..m.states.len())
        .filter(|&i| constant[i].is_none())
        .collect();
    let n = integrated.len();

    // Right-hand side; algebraic rules take the rows of the states they determine, in order.
    let mut f = Vec::with_capacity(n);
    let mut mass = vec![1.0; n];
    let mut rules = m.algebraic.iter();
    for (row, &i) in integrated.iter().enumerate() {
        let node = if m.states[i].rate == Rate::Algebraic {
            mass[row] = 0.0;
            match rules.next() {
                Some(rule) => b.import(g, rule, Space::Running)?,
                None => {
                    return Err(GraphError::Unsupported(format!(
                        "no rule determines `{}`",
                        m.states[i].id
                    )));
                }
            }
        } else {
            b.quantity_rate(g, i)?
        };
        f.push(node);
    }

    let mut initial_nodes = Vec::with_capacity(n);
    for &i in &integrated {
        initial_nodes.push(b.initial_quantity(g, i)?);
    }
    let mut named_nodes = Vec::new();
    let mut volume_nodes = Vec::new();
    for (i, s) in m.states.iter().enumerate() {
        named_nodes.push(b.resolve(g, &s.id, Space::Running)?);
        volume_nodes.push(match b.varying_volume(i) {
            Some(v) => Some(b.resolve(g, v, Space::Running)?),
            None => None,
        });
    }

    let mut formula_nodes = Vec::with_capacity(spec.formulas.len());
    let mut n_placeholders = 0;
    for fs in spec.formulas {
        n_placeholders = n_placeholders.max(fs.placeholders.len());
        formula_nodes.push(import_formula(&mut b, g, fs)?);
    }

    let mut event_nodes = Vec::new();
    for e in &m.events {
        let trigger = b.import(g, &e.trigger, Space::Running)?;
        let delay = e
            .delay
            .as_ref()
            .map(|d| b.import(g, d, Space::Running))
            .transpose()?;
        let priority = e
            .priority
            .as_ref()
            .map(|d| b.import(g, d, Space::Running))
            .transpose()?;
        let mut assignments = Vec::new();
        for (target, value) in &e.assignments {
            let Some(i) = m.state(target) else {
                return Err(GraphError::UnknownName(target.clone()));
            };
            let Some(x) = integrated.iter().position(|&k| k == i) else {
                continue;
            };
            let node = b.import(g, value, Space::Running)?;
            let volume = match b.varying_volume(i) {
                Some(volume) => Some(b.resolve(g, volume, Space::Running)?),
                None => None,
            };
            assignments.push((x, node, volume));
        }
        event_nodes.push((trigger, delay, priority, assignments));
    }

    let active: Vec<usize> = (0..spec.slots.len())
        .filter(|&s| spec.slots[s].active && !spec.slots[s].zero)
        .collect();
    let delays = b.delays.clone();
    let fast = b.fast(g)?;
    let mut roots = Roots::default();

    let (jacobian, jacobian_nodes) = jacobian(g, &f, n, |j| Input::State(j as u32));
    let (parameter, parameter_nodes) =
        jacobian_of(g, &f, active.len(), |k| Input::Parameter(active[k] as u32));
    let (second_states, mut second_nodes) =
        second(g, &jacobian_nodes, n, |j| Input::State(j as u32));
    let (second_slots, slot_nodes) = second(g, &jacobian_nodes, active.len(), |k| {
        Input::Parameter(active[k] as u32)
    });
    second_nodes.extend(slot_nodes);
    let ft: Vec<NodeId> = f.iter().map(|&x| g.derivative(x, Input::Time)).collect();
    let autonomous = delays.is_empty() && ft.iter().all(|&d| g.constant(d) == Some(0.0));
    let (time_states, mut time_nodes) = second(g, &ft, n, |j| Input::State(j as u32));
    let (time_slots, more) = second(g, &ft, active.len(), |k| Input::Parameter(active[k] as u32));
    time_nodes.extend(more);
    let programs = Kernels {
        rhs: roots.add(f.clone()),
        jacobian: roots.add(jacobian_nodes.clone()),
        rhs_and_jacobian: roots.add(f.iter().chain(&jacobian_nodes).copied().collect()),
        derivatives: roots.add(
            jacobian_nodes
                .iter()
                .chain(&parameter_nodes)
                .copied()
                .collect(),
        ),
        linearise: roots.add(
            f.iter()
                .chain(&jacobian_nodes)
                .chain(&parameter_nodes)
                .copied()
                .collect(),
        ),
        second: roots.add(second_nodes),
        time: roots.add(ft),
        time_second: roots.add(time_nodes),
    };

    let mut make = |g: &mut Graph, node: NodeId| formula(g, &mut roots, node, &active);
    let initial = initial_nodes.iter().map(|&x| make(g, x)).collect();
    let formulas = formula_nodes.iter().map(|&x| make(g, x)).collect();
    let named = named_nodes.iter().map(|&x| make(g, x)).collect();
    let volumes = volume_nodes.iter().map(|v| v.map(|x| make(g, x))).collect();
    let mut events = Vec::new();
    for (e, (trigger, delay, priority, assignments)) in m.events.iter().zip(event_nodes) {
        events.push(Event {
            id: e.id.clone(),
            trigger: make(g, trigger),
            initial_value: e.initial_value,
            persistent: e.persistent,
            delay: delay.map(|x| make(g, x)),
            priority: priority.map(|x| make(g, x)),
            values_from_trigger_time: e.values_from_trigger_time,
            assignments: assignments
                .into_iter()
                .map(|(state, value, volume)| EventAssignment {
                    state,
                    value: make(g, value),
                    volume: volume.map(|v| make(g, v)),
                })
                .collect(),
        });
    }
    let delays = compile_delays(g, &delays, &f, &mut make);
    let position = |i: usize| integrated.iter().position(|&k| k == i);
    let fast = Fast {
        rates: fast.rates.iter().map(|&x| make(g, x)).collect(),
        directions: fast
            .directions
            .iter()
            .map(|direction| {
                let changes = direction.iter();
                changes
                    .filter_map(|&(i, x)| Some((position(i)?, make(g, x))))
                    .collect()
            })
            .collect(),
    };
    let live = live_modes(g, &roots);
    let mut make = |g: &mut Graph, node: NodeId| formula(g, &mut roots, node, &active);
    let mut switches = Vec::new();
    for (i, s) in g.switches.clone().into_iter().enumerate() {
        let slope = g.derivative(s.difference, Input::Time);
        let depends = g.depends(s.difference);
        let known_in_advance = !depends.state && !depends.mode && !g.depends(slope).time;
        switches.push(Switch {
            op: s.op,
            difference: make(g, s.difference),
            known_in_advance,
            live: live.contains(&(i as u32)),
        });
    }
    let sizes = Sizes {
        states: n,
        parameters: spec.slots.len(),
        placeholders: n_placeholders,
        modes: switches.len(),
        delayed: b.delays.len(),
    };
    let compiled = program::compile(g, sizes, &roots.0);
    Ok(System {
        n,
        state_ids: integrated.iter().map(|&i| m.states[i].id.clone()).collect(),
        states: {
            let mut next = 0;
            constant
                .iter()
                .map(|c| match c {
                    Some(v) => StateSlot::Constant(*v),
                    None => {
                        next += 1;
                        StateSlot::Integrated(next - 1)
                    }
                })
                .collect()
        },
        mass: mass.contains(&0.0).then_some(mass),
        n_slots: spec.slots.len(),
        active,
        n_placeholders,
        initial,
        formulas,
        named,
        volumes,
        switches,
        events,
        delays,
        fast,
        autonomous,
        jacobian,
        parameter,
        second_states,
        second_slots,
        time_states,
        time_slots,
        programs,
        compiled,
    })
}

/// Values from the past, each with those that it needs itself.
fn compile_delays(
    g: &mut Graph,
    nodes: &[DelayNodes],
    f: &[NodeId],
    make: &mut dyn FnMut(&mut Graph, NodeId) -> Formula,
) -> Vec<Delay> {
    let read = |g: &Graph, node: NodeId| -> Vec<usize> {
        let inputs = g.reads(node, |i| matches!(i, Input::Delayed(_)));
        let index = |i: &Input| match i {
            Input::Delayed(k) => Some(*k as usize),
            _ => None,
        };
        inputs.iter().filter_map(index).collect()
    };
    let mut delays: Vec<Delay> = Vec::with_capacity(nodes.len());
    for d in nodes {
        let direct = read(g, d.value).into_iter().chain(read(g, d.lag));
        let mut inner: Vec<usize> = Vec::new();
        for k in direct {
            inner.extend(delays.get(k).map(|d| d.inner.clone()).unwrap_or_default());
            inner.push(k);
        }
        inner.sort_unstable();
        inner.dedup();
        delays.push(Delay {
            inner,
            driving: false,
            fixed: g.depends(d.lag).is_constant(),
            value: make(g, d.value),
            past: make(g, d.past),
            lag: make(g, d.lag),
        });
    }
    let switched = g.switches.iter().map(|s| s.difference);
    let mut driving: Vec<usize> = f
        .iter()
        .copied()
        .chain(switched)
        .flat_map(|node| read(g, node))
        .collect();
    for k in driving.clone() {
        driving.extend(delays.get(k).map(|d| d.inner.clone()).unwrap_or_default());
    }
    for k in driving {
        if let Some(d) = delays.get_mut(k) {
            d.driving = true;
        }
    }
    delays
}

/// Modes that any root depends on, through the switches that these depend on as well.
fn live_modes(g: &Graph, roots: &Roots) -> std::collections::BTreeSet<u32> {
    let mut live = std::collections::BTreeSet::new();
    let mut seen = vec![false; g.len()];
    let mut stack: Vec<NodeId> = roots.0.iter().flatten().copied().collect();
    while let Some(id) = stack.pop() {
        if std::mem::replace(&mut seen[id as usize], true) {
            continue;
        }
        match g.node(id) {
            Node::Input(Input::Mode(i)) => {
                live.insert(i);
                stack.extend(g.switches.get(i as usize).map(|s| s.difference));
            }
            node => stack.extend(node.operands().into_iter().flatten()),
        }
    }
    live
}

fn import_formula(
    b: &mut Namespace,
    g: &mut Graph,
    fs: &FormulaSpec,
) -> Result<NodeId, GraphError> {
    // Placeholders and preferred outputs hide what the model declares under the same name.
    let mut hidden = Vec::new();
    for (k, name) in fs.placeholders.iter().enumerate() {
        let node = g.input(Input::Placeholder(k as u32));
        hidden.push((name.as_str(), b.hide(name, Space::Running, Some(node))));
    }
    if let Some(name) = &fs.prefer_output
        && let Some(output) = b.spec.model.outputs.iter().find(|o| o.id == *name)
    {
        // The output may use a state or assignment of its own name.
        let node = b.import(g, &output.value, Space::Running)?;
        hidden.push((name.as_str(), b.hide(name, Space::Running, Some(node))));
    }
    let node = b.import(g, &fs.expr, Space::Running);
    for (name, before) in hidden.into_iter().rev() {
        b.unhide(name, Space::Running, before);
    }
    node
}

fn jacobian(
    g: &mut Graph,
    f: &[NodeId],
    n: usize,
    input: impl Fn(usize) -> Input,
) -> (Pattern, Vec<NodeId>) {
    jacobian_of(g, f, n, input)
}

fn jacobian_of(
    g: &mut Graph,
    f: &[NodeId],
    columns: usize,
    input: impl Fn(usize) -> Input,
) -> (Pattern, Vec<NodeId>) {
    let mut pattern = Pattern {
        rows: f.len(),
        columns,
        entries: Vec::new(),
    };
    let mut nodes = Vec::new();
    for (row, &node) in f.iter().enumerate() {
        for column in 0..columns {
            let d = g.derivative(node, input(column));
            if g.constant(d) != Some(0.0) {
                pattern.entries.push((row as u32, column as u32));
                nodes.push(d);
            }
        }
    }
    (pattern, nodes)
}

fn second(
    g: &mut Graph,
    of: &[NodeId],
    columns: usize,
    input: impl Fn(usize) -> Input,
) -> (Vec<(u32, u32)>, Vec<NodeId>) {
    let (pattern, nodes) = jacobian_of(g, of, columns, input);
    (pattern.entries, nodes)
}
