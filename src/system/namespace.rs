//! What the names of a model stand for: in a running simulation, at its start, and before it.

use std::collections::HashMap;

use crate::math::{Expr, TIME_BESIDE_A_NAME};

use super::compile::{SlotKind, Spec};
use super::graph::{Graph, GraphError, Input, NodeId};
use super::import::Names;
use super::operation::Binary;

/// When a name is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Space {
    /// During the simulation: states are integrated quantities.
    Running,
    /// At the start: states are their initial values.
    Initial,
    /// Before the start: states are their initial expressions at that time, and change as these do.
    Past,
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

/// A value from the past: of an expression, `lag` ago.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct DelayNodes {
    /// The expression since the start.
    pub value: NodeId,
    /// The expression before the start.
    pub past: NodeId,
    /// How long ago.
    pub lag: NodeId,
}

/// Resolves the names of a model into nodes.
pub(super) struct Namespace<'a> {
    pub spec: &'a Spec<'a>,
    names: HashMap<&'a str, Name>,
    /// Node of each model state's integrated quantity.
    pub quantity: Vec<NodeId>,
    /// Resolved names by space; `None` while being resolved.
    resolved: [HashMap<String, Option<NodeId>>; 3],
    /// Values from the past, as [`Input::Delayed`] counts them.
    pub delays: Vec<DelayNodes>,
    pub(super) rates: super::rates::Rates,
}

/// A namespace as it is at one time.
struct At<'n, 'a> {
    names: &'n mut Namespace<'a>,
    space: Space,
}

impl Names for At<'_, '_> {
    fn name(&mut self, g: &mut Graph, name: &str) -> Result<NodeId, GraphError> {
        self.names.resolve(g, name, self.space)
    }
    fn rate_of(&mut self, g: &mut Graph, name: &str) -> Result<NodeId, GraphError> {
        self.names.rate_of(g, name, self.space)
    }
    fn delay(&mut self, g: &mut Graph, x: &Expr, lag: &Expr) -> Result<NodeId, GraphError> {
        self.names.delayed(g, x, lag, self.space)
    }
}

impl<'a> Namespace<'a> {
    pub fn new(spec: &'a Spec<'a>) -> Self {
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
            spec,
            names,
            quantity: Vec::new(),
            resolved: Default::default(),
            delays: Vec::new(),
            rates: super::rates::Rates::default(),
        }
    }

    fn slot(&self, g: &mut Graph, i: usize) -> NodeId {
        if self.spec.slots[i].zero {
            g.number(0.0)
        } else {
            g.input(Input::Parameter(i as u32))
        }
    }

    /// The volume of a state, if its integrated quantity is an amount.
    pub fn varying_volume(&self, state: usize) -> Option<&'a str> {
        let volume = self.spec.model.states[state].volume.as_deref()?;
        match self.names.get(volume) {
            Some(Name::State(_) | Name::Assignment(_)) => Some(volume),
            _ => None,
        }
    }

    /// Node of an expression.
    pub fn import(
        &mut self,
        g: &mut Graph,
        expr: &Expr,
        space: Space,
    ) -> Result<NodeId, GraphError> {
        g.import(expr, &mut At { names: self, space })
    }

    fn is_time(&self, name: &str) -> bool {
        name == TIME_BESIDE_A_NAME || name == "time" && !self.names.contains_key("time")
    }

    /// Node of a name.
    pub fn resolve(
        &mut self,
        g: &mut Graph,
        name: &str,
        space: Space,
    ) -> Result<NodeId, GraphError> {
        if self.is_time(name) {
            return Ok(g.input(Input::Time));
        }
        match self.resolved[space as usize].get(name) {
            Some(Some(node)) => return Ok(*node),
            Some(None) => return Err(GraphError::Cycle(name.into())),
            None => {}
        }
        self.hide(name, space, None);
        let m = self.spec.model;
        let start = if space == Space::Running {
            Space::Initial
        } else {
            space
        };
        let node = match self.names.get(name).copied() {
            None => return Err(GraphError::UnknownName(name.into())),
            Some(Name::Slot(i)) => self.slot(g, i),
            Some(Name::Input(i)) => g.number(m.inputs[i].value),
            Some(Name::Parameter(i)) => self.import(g, &m.parameters[i].value, start)?,
            Some(Name::Assignment(i)) => self.import(g, &m.assignments[i].value, space)?,
            Some(Name::Output(i)) => self.import(g, &m.outputs[i].value, space)?,
            Some(Name::State(i)) if space == Space::Running => {
                let x = self.quantity[i];
                match self.varying_volume(i) {
                    Some(volume) => {
                        let v = self.resolve(g, volume, space)?;
                        g.binary(Binary::Div, x, v)
                    }
                    None => x,
                }
            }
            Some(Name::State(i)) => {
                let slots = &self.spec.slots;
                let set = |s: &super::SlotSpec| s.kind == SlotKind::InitialOf && s.id == name;
                match slots.iter().position(set) {
                    Some(slot) => self.slot(g, slot),
                    None => self.import(g, &m.states[i].initial, space)?,
                }
            }
        };
        self.hide(name, space, Some(node));
        Ok(node)
    }

    /// Lets a name stand for a node; returns what it stood for.
    pub fn hide(
        &mut self,
        name: &str,
        space: Space,
        node: Option<NodeId>,
    ) -> Option<Option<NodeId>> {
        self.resolved[space as usize].insert(name.to_string(), node)
    }

    /// Takes back what [`Self::hide`] did.
    pub fn unhide(&mut self, name: &str, space: Space, before: Option<Option<NodeId>>) {
        match before {
            Some(node) => self.resolved[space as usize].insert(name.to_string(), node),
            None => self.resolved[space as usize].remove(name),
        };
    }

    /// Assigns the states' nodes: integrated ones in order, constants where given.
    pub fn assign_states(
        &mut self,
        g: &mut Graph,
        constant: &[Option<f64>],
    ) -> Result<(), GraphError> {
        self.resolved[Space::Running as usize].clear();
        self.delays.clear();
        self.quantity.clear();
        self.rates.clear(constant.len());
        let mut next = 0;
        for c in constant {
            let node = match c {
                Some(v) => g.number(*v),
                None => {
                    next += 1;
                    g.input(Input::State(next - 1))
                }
            };
            self.quantity.push(node);
        }
        self.resolve_all(g)
    }

    /// Resolves every name, each behind those that it uses, so that no chain of names is too long for the stack.
    fn resolve_all(&mut self, g: &mut Graph) -> Result<(), GraphError> {
        let m = self.spec.model;
        let assigned = m.assignments.iter().map(|a| (a.id.as_str(), &a.value));
        let running: HashMap<&str, &Expr> = assigned.clone().collect();
        for name in behind(assigned.clone(), &running) {
            self.resolve(g, name, Space::Running)?;
        }
        let states = m.states.iter().map(|s| (s.id.as_str(), &s.initial));
        let parameters = m.parameters.iter().map(|p| (p.id.as_str(), &p.value));
        let all = states.chain(parameters).chain(assigned);
        let initial: HashMap<&str, &Expr> = all.clone().collect();
        for name in behind(all, &initial) {
            self.resolve(g, name, Space::Initial)?;
        }
        Ok(())
    }

    /// Integrated quantity of a state at the start.
    pub fn initial_quantity(&mut self, g: &mut Graph, i: usize) -> Result<NodeId, GraphError> {
        let id = &self.spec.model.states[i].id;
        let named = self.resolve(g, id, Space::Initial)?;
        match self.varying_volume(i) {
            Some(volume) => {
                let v = self.resolve(g, volume, Space::Initial)?;
                Ok(g.binary(Binary::Mul, named, v))
            }
            None => Ok(named),
        }
    }

    /// The node with states at their initial values.
    pub fn at_start(&mut self, g: &mut Graph, node: NodeId) -> Result<NodeId, GraphError> {
        // Only what is read: the initial value of a state may use the rate of another.
        let read = g.reads(node, |i| matches!(i, Input::State(_)));
        let mut initial: HashMap<Input, NodeId> = HashMap::new();
        for input in read {
            let x = g.input(input);
            if let Some(i) = self.quantity.iter().position(|&q| q == x) {
                initial.insert(input, self.initial_quantity(g, i)?);
            }
        }
        let delays = self.delays.clone();
        Ok(g.substitute(node, &mut |g, input| match input {
            Input::Delayed(k) => {
                let d = delays.get(k as usize)?;
                Some(before(g, d.past, d.lag))
            }
            _ => initial.get(&input).copied(),
        }))
    }

    /// Value that an expression had `lag` ago.
    fn delayed(
        &mut self,
        g: &mut Graph,
        x: &Expr,
        lag: &Expr,
        space: Space,
    ) -> Result<NodeId, GraphError> {
        let lag = self.import(g, lag, space)?;
        if g.constant(lag) == Some(0.0) {
            return self.import(g, x, space);
        }
        let past = self.import(g, x, Space::Past)?;
        if space != Space::Running {
            return Ok(before(g, past, lag));
        }
        let value = self.import(g, x, Space::Running)?;
        if value == past && g.constant(value).is_some() {
            return Ok(value);
        }
        let nodes = DelayNodes { value, past, lag };
        let known = self.delays.iter().position(|d| *d == nodes);
        let k = known.unwrap_or_else(|| {
            self.delays.push(nodes);
            self.delays.len() - 1
        });
        Ok(g.input(Input::Delayed(k as u32)))
    }

    /// Whether the name is a constant of the simulation.
    pub fn is_constant(&self, name: &str) -> Result<bool, GraphError> {
        match self.names.get(name) {
            None => Err(GraphError::UnknownName(name.into())),
            Some(Name::Slot(_) | Name::Parameter(_) | Name::Input(_)) => Ok(true),
            Some(_) => Ok(false),
        }
    }
}

/// A node of time, `lag` earlier.
fn before(g: &mut Graph, node: NodeId, lag: NodeId) -> NodeId {
    let time = g.input(Input::Time);
    let then = g.binary(Binary::Sub, time, lag);
    g.substitute(node, &mut |_, input| (input == Input::Time).then_some(then))
}

/// Names in an order in which each comes behind those that its expression uses; circles are cut anywhere.
fn behind<'m>(
    all: impl Iterator<Item = (&'m str, &'m Expr)>,
    expressions: &HashMap<&'m str, &'m Expr>,
) -> Vec<&'m str> {
    let uses = |e: &'m Expr| {
        let mut list: Vec<&'m str> = Vec::new();
        e.for_each_symbol(&mut |s| list.push(s));
        list
    };
    let mut order = Vec::new();
    let mut seen = std::collections::HashSet::new();
    for (root, e) in all {
        if !seen.insert(root) {
            continue;
        }
        let mut path = vec![(root, uses(e))];
        while let Some((name, rest)) = path.last_mut() {
            match rest.pop() {
                Some(next) => {
                    if let Some(e) = expressions.get(next)
                        && seen.insert(next)
                    {
                        path.push((next, uses(e)));
                    }
                }
                None => {
                    order.push(*name);
                    path.pop();
                }
            }
        }
    }
    order
}
