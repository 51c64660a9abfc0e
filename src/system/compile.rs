//! From a model and formulas to a [`System`].

use std::collections::HashMap;

use crate::math::{Expr, TIME_BESIDE_A_NAME};
use crate::model::{Model, Rate};
use crate::ode::Pattern;

use super::graph::{Graph, GraphError, Input, Node, NodeId};
use super::operation::Binary;
use super::program::{self};
use super::{Event, EventAssignment, Formula, Kernels, StateSlot, Switch, System};

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

struct Builder<'a> {
    graph: Graph,
    spec: &'a Spec<'a>,
    names: HashMap<&'a str, Name>,
    /// Node of each model state's integrated quantity.
    quantity: Vec<NodeId>,
    /// Resolved names in the running and in the initial namespace.
    running: HashMap<String, Option<NodeId>>,
    initial: HashMap<String, Option<NodeId>>,
}

#[derive(Clone, Copy)]
enum Name {
    Slot(usize),
    Parameter(usize),
    Input(usize),
    State(usize),
    Assignment(usize),
    Output(usize),
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Space {
    Running,
    Initial,
}

impl<'a> Builder<'a> {
    fn new(spec: &'a Spec<'a>) -> Self {
        let m = spec.model;
        let mut names = HashMap::new();
        for (i, o) in m.outputs.iter().enumerate() {
            names.insert(o.id.as_str(), Name::Output(i));
        }
        for (i, a) in m.assignments.iter().enumerate() {
            names.insert(a.id.as_str(), Name::Assignment(i));
        }
        for (i, p) in m.parameters.iter().enumerate() {
            names.insert(p.id.as_str(), Name::Parameter(i));
        }
        for (i, p) in m.inputs.iter().enumerate() {
            names.insert(p.id.as_str(), Name::Input(i));
        }
        for (i, s) in m.states.iter().enumerate() {
            names.insert(s.id.as_str(), Name::State(i));
        }
        for (i, s) in spec.slots.iter().enumerate() {
            if s.kind == SlotKind::Entity {
                names.insert(s.id.as_str(), Name::Slot(i));
            }
        }
        Self {
            graph: Graph::new(),
            spec,
            names,
            quantity: Vec::new(),
            running: HashMap::new(),
            initial: HashMap::new(),
        }
    }

    fn slot(&mut self, i: usize) -> NodeId {
        if self.spec.slots[i].zero {
            self.graph.number(0.0)
        } else {
            self.graph.input(Input::Parameter(i as u32))
        }
    }

    /// The volume of a state, if its integrated quantity is an amount.
    fn varying_volume(&self, state: usize) -> Option<&'a str> {
        let volume = self.spec.model.states[state].volume.as_deref()?;
        match self.names.get(volume) {
            Some(Name::State(_) | Name::Assignment(_)) => Some(volume),
            _ => None,
        }
    }

    fn import(&mut self, expr: &Expr, space: Space) -> Result<NodeId, GraphError> {
        // The graph is moved out so that names can be resolved while it is being built.
        let mut graph = std::mem::take(&mut self.graph);
        let cell = std::cell::RefCell::new(&mut *self);
        let result = graph.import(
            expr,
            &mut |g, name| {
                let mut this = cell.borrow_mut();
                std::mem::swap(&mut this.graph, g);
                let r = this.resolve(name, space);
                std::mem::swap(&mut this.graph, g);
                r
            },
            &mut |g, name| {
                let mut this = cell.borrow_mut();
                std::mem::swap(&mut this.graph, g);
                let r = this.rate_of(name);
                std::mem::swap(&mut this.graph, g);
                r
            },
        );
        self.graph = graph;
        result
    }

    fn resolve(&mut self, name: &str, space: Space) -> Result<NodeId, GraphError> {
        let is_time =
            name == TIME_BESIDE_A_NAME || name == "time" && !self.names.contains_key("time");
        if is_time {
            return Ok(self.graph.input(Input::Time));
        }
        let memo = if space == Space::Running {
            &self.running
        } else {
            &self.initial
        };
        match memo.get(name) {
            Some(Some(node)) => return Ok(*node),
            Some(None) => return Err(GraphError::Cycle(name.into())),
            None => {}
        }
        self.remember(space, name, None);
        let m = self.spec.model;
        let node = match self.names.get(name).copied() {
            None => return Err(GraphError::UnknownName(name.into())),
            Some(Name::Slot(i)) => self.slot(i),
            Some(Name::Input(i)) => self.graph.number(m.inputs[i].value),
            Some(Name::Parameter(i)) => self.import(&m.parameters[i].value, Space::Initial)?,
            Some(Name::Assignment(i)) => self.import(&m.assignments[i].value, space)?,
            Some(Name::Output(i)) => self.import(&m.outputs[i].value, space)?,
            Some(Name::State(i)) if space == Space::Running => {
                let x = self.quantity[i];
                match self.varying_volume(i) {
                    Some(volume) => {
                        let v = self.resolve(volume, space)?;
                        self.graph.binary(Binary::Div, x, v)
                    }
                    None => x,
                }
            }
            Some(Name::State(i)) => {
                let set = self
                    .spec
                    .slots
                    .iter()
                    .position(|s| s.kind == SlotKind::InitialOf && s.id == name);
                match set {
                    Some(slot) => self.slot(slot),
                    None => self.import(&m.states[i].initial, Space::Initial)?,
                }
            }
        };
        self.remember(space, name, Some(node));
        Ok(node)
    }

    fn remember(&mut self, space: Space, name: &str, node: Option<NodeId>) {
        let memo = if space == Space::Running {
            &mut self.running
        } else {
            &mut self.initial
        };
        memo.insert(name.to_string(), node);
    }

    /// Rate of change of the integrated quantity of a state (of an algebraic one: its residual, filled in later).
    fn quantity_rate(&mut self, i: usize) -> Result<NodeId, GraphError> {
        let state = &self.spec.model.states[i];
        let Rate::Differential(rate) = &state.rate else {
            return Ok(self.graph.number(0.0));
        };
        let rate = self.import(rate, Space::Running)?;
        match (&state.volume, self.varying_volume(i)) {
            (Some(volume), None) => {
                let v = self.resolve(volume, Space::Running)?;
                Ok(self.graph.binary(Binary::Div, rate, v))
            }
            _ => Ok(rate),
        }
    }

    /// Rate of change of a name, for `rateOf`.
    fn rate_of(&mut self, name: &str) -> Result<NodeId, GraphError> {
        match self.names.get(name).copied() {
            None => Err(GraphError::UnknownName(name.into())),
            Some(Name::Slot(_) | Name::Parameter(_) | Name::Input(_)) => Ok(self.graph.number(0.0)),
            _ => {
                // Total derivative of whatever the name stands for.
                let node = self.resolve(name, Space::Running)?;
                let inputs = self.graph.inputs(node).to_vec();
                let mut sum = self.graph.number(0.0);
                for input in inputs {
                    let factor = match input {
                        Input::Time => self.graph.number(1.0),
                        Input::State(x) => {
                            let Some(i) = self
                                .quantity
                                .iter()
                                .position(|&q| q == self.graph.input(Input::State(x)))
                            else {
                                continue;
                            };
                            self.quantity_rate(i)?
                        }
                        _ => continue,
                    };
                    let slope = self.graph.derivative(node, input);
                    let term = self.graph.binary(Binary::Mul, slope, factor);
                    sum = self.graph.binary(Binary::Add, sum, term);
                }
                Ok(sum)
            }
        }
    }

    fn initial_quantity(&mut self, i: usize) -> Result<NodeId, GraphError> {
        let id = &self.spec.model.states[i].id;
        let named = self.resolve(id, Space::Initial)?;
        match self.varying_volume(i) {
            Some(volume) => {
                let v = self.resolve(volume, Space::Initial)?;
                Ok(self.graph.binary(Binary::Mul, named, v))
            }
            None => Ok(named),
        }
    }

    /// Assigns the states' nodes: integrated ones in order, constants where given.
    fn assign_states(&mut self, constant: &[Option<f64>]) {
        self.running.clear();
        self.quantity.clear();
        let mut next = 0;
        for c in constant {
            let node = match c {
                Some(v) => self.graph.number(*v),
                None => {
                    next += 1;
                    self.graph.input(Input::State(next - 1))
                }
            };
            self.quantity.push(node);
        }
    }

    /// States whose rate vanishes identically while they and their like keep their constant initial values.
    fn constant_states(&mut self) -> Result<Vec<Option<f64>>, GraphError> {
        let m = self.spec.model;
        let mut candidate: Vec<Option<f64>> = vec![None; m.states.len()];
        if !self.spec.reduce || !m.algebraic.is_empty() {
            return Ok(candidate);
        }
        self.assign_states(&candidate);
        for (i, (state, value)) in m.states.iter().zip(&mut candidate).enumerate() {
            let touched = self.spec.reset.contains(&state.id)
                || m.events
                    .iter()
                    .any(|e| e.assignments.iter().any(|(t, _)| *t == state.id))
                || self.varying_volume(i).is_some();
            if touched {
                continue;
            }
            let node = self.initial_quantity(i)?;
            *value = self.graph.constant(node);
        }
        loop {
            self.assign_states(&candidate);
            let mut changed = false;
            for (i, value) in candidate.iter_mut().enumerate() {
                if value.is_some() {
                    let rate = self.quantity_rate(i)?;
                    if self.graph.constant(rate) != Some(0.0) {
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
            Input::Mode(_) => continue,
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
    let mut b = Builder::new(spec);
    let m = spec.model;
    let constant = b.constant_states()?;
    b.assign_states(&constant);
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
                Some(rule) => b.import(rule, Space::Running)?,
                None => {
                    return Err(GraphError::Unsupported(format!(
                        "no rule determines `{}`",
                        m.states[i].id
                    )));
                }
            }
        } else {
            b.quantity_rate(i)?
        };
        f.push(node);
    }

    let mut initial_nodes = Vec::with_capacity(n);
    for &i in &integrated {
        initial_nodes.push(b.initial_quantity(i)?);
    }
    let mut named_nodes = Vec::new();
    let mut volume_nodes = Vec::new();
    for (i, s) in m.states.iter().enumerate() {
        named_nodes.push(b.resolve(&s.id, Space::Running)?);
        volume_nodes.push(match b.varying_volume(i) {
            Some(v) => Some(b.resolve(v, Space::Running)?),
            None => None,
        });
    }

    let mut formula_nodes = Vec::with_capacity(spec.formulas.len());
    let mut n_placeholders = 0;
    for fs in spec.formulas {
        n_placeholders = n_placeholders.max(fs.placeholders.len());
        formula_nodes.push(import_formula(&mut b, fs)?);
    }

    let mut event_nodes = Vec::new();
    for e in &m.events {
        let trigger = b.import(&e.trigger, Space::Running)?;
        let delay = e
            .delay
            .as_ref()
            .map(|d| b.import(d, Space::Running))
            .transpose()?;
        let priority = e
            .priority
            .as_ref()
            .map(|d| b.import(d, Space::Running))
            .transpose()?;
        let mut assignments = Vec::new();
        for (target, value) in &e.assignments {
            let Some(i) = m.state(target) else {
                return Err(GraphError::UnknownName(target.clone()));
            };
            let Some(x) = integrated.iter().position(|&k| k == i) else {
                continue;
            };
            let node = b.import(value, Space::Running)?;
            let volume = match b.varying_volume(i) {
                Some(volume) => Some(b.resolve(volume, Space::Running)?),
                None => None,
            };
            assignments.push((x, node, volume));
        }
        event_nodes.push((trigger, delay, priority, assignments));
    }

    let active: Vec<usize> = (0..spec.slots.len())
        .filter(|&s| spec.slots[s].active && !spec.slots[s].zero)
        .collect();
    let g = &mut b.graph;
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
    let autonomous = ft.iter().all(|&d| g.constant(d) == Some(0.0));
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
    let sizes = [n, spec.slots.len(), n_placeholders, switches.len()];
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
            Node::Const(_) => {}
            Node::Input(Input::Mode(i)) => {
                live.insert(i);
                stack.extend(g.switches.get(i as usize).map(|s| s.difference));
            }
            Node::Input(_) => {}
            Node::Unary(_, a) => stack.push(a),
            Node::Binary(_, a, b) => stack.extend([a, b]),
            Node::Ternary(_, a, b, c) => stack.extend([a, b, c]),
        }
    }
    live
}

fn import_formula(b: &mut Builder, fs: &FormulaSpec) -> Result<NodeId, GraphError> {
    // Placeholders and preferred outputs hide what the model declares under the same name.
    let mut hidden: Vec<(String, Option<Option<NodeId>>)> = Vec::new();
    for (k, name) in fs.placeholders.iter().enumerate() {
        let node = b.graph.input(Input::Placeholder(k as u32));
        hidden.push((name.clone(), b.running.insert(name.clone(), Some(node))));
    }
    if let Some(name) = &fs.prefer_output
        && let Some(output) = b.spec.model.outputs.iter().find(|o| o.id == *name)
    {
        let value = output.value.clone();
        let before = b.running.remove(name);
        let node = b.import(&value, Space::Running)?;
        b.running.insert(name.clone(), Some(node));
        hidden.push((name.clone(), before));
    }
    let node = b.import(&fs.expr, Space::Running);
    for (name, before) in hidden.into_iter().rev() {
        match before {
            Some(old) => b.running.insert(name, old),
            None => b.running.remove(&name),
        };
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
