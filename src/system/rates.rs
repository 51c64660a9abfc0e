//! Rates of change: of integrated quantities, of any name, of algebraic states, and fluxes of fast reactions.
//!
//! A fast reaction with rate v and direction b (what one turn of it adds to each quantity) keeps v = 0. Its flux u follows
//! from dv/dt = 0 along `x' = slow(x) + Σ bⱼ·uⱼ`: a linear system `(∇vᵢ·bⱼ)·u = −(∂vᵢ/∂t + ∇vᵢ·slow)`, solved in symbols.
//! A reaction whose rate nothing changes has no flux.

use crate::model::Rate;

use super::graph::{Graph, GraphError, Input, NodeId};
use super::namespace::{Namespace, Space};
use super::operation::{Binary, Unary};

/// Largest set of algebraic rules whose rates are solved in symbols.
const MAX_ALGEBRAIC: usize = 12;

#[derive(Debug, Clone, Copy, PartialEq)]
enum Known {
    Not,
    /// Being computed: a rate that is asked for meanwhile depends on itself.
    Open,
    Node(NodeId),
}

/// Rates as far as they are known.
#[derive(Debug, Default)]
pub(super) struct Rates {
    slow: Vec<Known>,
    algebraic: Option<Vec<NodeId>>,
    algebraic_open: bool,
    fast: Option<Fast>,
    fast_open: bool,
}

/// Fast reactions as nodes.
#[derive(Debug, Clone, Default)]
pub(super) struct Fast {
    /// Rate of each.
    pub rates: Vec<NodeId>,
    /// What one turn of each adds to the integrated quantities (model states).
    pub directions: Vec<Vec<(usize, NodeId)>>,
    flux: Vec<NodeId>,
}

impl Rates {
    pub fn clear(&mut self, states: usize) {
        *self = Self {
            slow: vec![Known::Not; states],
            ..Self::default()
        };
    }
}

impl Namespace<'_> {
    /// Rate of change of the integrated quantity of a state.
    pub fn quantity_rate(&mut self, g: &mut Graph, i: usize) -> Result<NodeId, GraphError> {
        let mut rate = self.slow_rate(g, i)?;
        let fast = self.fast(g)?;
        for (direction, flux) in fast.directions.iter().zip(&fast.flux) {
            for (state, change) in direction {
                if *state == i {
                    let term = g.binary(Binary::Mul, *change, *flux);
                    rate = g.binary(Binary::Add, rate, term);
                }
            }
        }
        Ok(rate)
    }

    /// The same without fast reactions.
    fn slow_rate(&mut self, g: &mut Graph, i: usize) -> Result<NodeId, GraphError> {
        let state = &self.spec.model.states[i];
        match self.rates.slow[i] {
            Known::Node(node) => return Ok(node),
            Known::Open => return Err(GraphError::Cycle(format!("rateOf({})", state.id))),
            Known::Not => {}
        }
        self.rates.slow[i] = Known::Open;
        let node = match &state.rate {
            Rate::Discrete => g.number(0.0),
            Rate::Algebraic => self.algebraic_rate(g, i)?,
            Rate::Differential(rate) => {
                let rate = self.import(g, rate, Space::Running)?;
                match (&state.volume, self.varying_volume(i)) {
                    (Some(volume), None) => {
                        let v = self.resolve(g, volume, Space::Running)?;
                        g.binary(Binary::Div, rate, v)
                    }
                    _ => rate,
                }
            }
        };
        self.rates.slow[i] = Known::Node(node);
        Ok(node)
    }

    /// Rate of change of a name.
    pub fn rate_of(
        &mut self,
        g: &mut Graph,
        name: &str,
        space: Space,
    ) -> Result<NodeId, GraphError> {
        if self.is_constant(name)? {
            return Ok(g.number(0.0));
        }
        let node = self.resolve(
            g,
            name,
            if space == Space::Past {
                space
            } else {
                Space::Running
            },
        )?;
        if space == Space::Past {
            return Ok(g.derivative(node, Input::Time));
        }
        let rate = self.along(g, node, Self::quantity_rate)?;
        if space == Space::Initial {
            return self.at_start(g, rate);
        }
        Ok(rate)
    }

    /// Total derivative of a node along the states' rates.
    fn along(
        &mut self,
        g: &mut Graph,
        node: NodeId,
        rate: impl Fn(&mut Self, &mut Graph, usize) -> Result<NodeId, GraphError>,
    ) -> Result<NodeId, GraphError> {
        let inputs = g.inputs(node).to_vec();
        let mut sum = g.number(0.0);
        for input in inputs {
            let factor = match input {
                Input::Time => g.number(1.0),
                Input::State(_) => {
                    let x = g.input(input);
                    match self.quantity.iter().position(|&q| q == x) {
                        Some(i) => rate(self, g, i)?,
                        None => continue,
                    }
                }
                _ => continue,
            };
            let slope = g.derivative(node, input);
            let term = g.binary(Binary::Mul, slope, factor);
            sum = g.binary(Binary::Add, sum, term);
        }
        Ok(sum)
    }

    /// Slow rate of an algebraic state: from `0 = d rule/dt`, all rules together.
    fn algebraic_rate(&mut self, g: &mut Graph, i: usize) -> Result<NodeId, GraphError> {
        let m = self.spec.model;
        let states: Vec<usize> = (0..m.states.len())
            .filter(|&k| m.states[k].rate == Rate::Algebraic)
            .collect();
        if let Some(at) = states.iter().position(|&k| k == i)
            && let Some(rates) = &self.rates.algebraic
            && let Some(node) = rates.get(at)
        {
            return Ok(*node);
        }
        let id = &m.states[i].id;
        if self.rates.algebraic_open || states.len() > MAX_ALGEBRAIC {
            return Err(GraphError::Unsupported(format!(
                "the rate of change of `{id}`, which algebraic rules determine,"
            )));
        }
        self.rates.algebraic_open = true;
        let mut matrix = Vec::new();
        let mut right = Vec::new();
        for rule in &m.algebraic {
            let residual = self.import(g, rule, Space::Running)?;
            let mut row = Vec::new();
            for &k in &states {
                row.push(match g.node(self.quantity[k]) {
                    super::graph::Node::Input(input) => g.derivative(residual, input),
                    _ => g.number(0.0),
                });
            }
            let rest = self.along(g, residual, |names, g, k| {
                if states.contains(&k) {
                    Ok(g.number(0.0))
                } else {
                    names.slow_rate(g, k)
                }
            })?;
            matrix.push(row);
            right.push(g.unary(Unary::Neg, rest));
        }
        let solution = solve(g, matrix, right);
        let node = states
            .iter()
            .position(|&k| k == i)
            .and_then(|at| solution.get(at).copied());
        self.rates.algebraic_open = false;
        self.rates.algebraic = Some(solution);
        node.ok_or_else(|| GraphError::Unsupported(format!("the rate of change of `{id}`")))
    }

    /// The fast reactions with their fluxes.
    pub fn fast(&mut self, g: &mut Graph) -> Result<Fast, GraphError> {
        if let Some(fast) = &self.rates.fast {
            return Ok(fast.clone());
        }
        let m = self.spec.model;
        if m.fast.is_empty() {
            self.rates.fast = Some(Fast::default());
            return Ok(Fast::default());
        }
        if self.rates.fast_open {
            return Err(GraphError::Unsupported(
                "a fast reaction that depends on a rate of change".into(),
            ));
        }
        self.rates.fast_open = true;
        let mut fast = Fast::default();
        for reaction in &m.fast {
            let rate = self.import(g, &reaction.rate, Space::Running)?;
            fast.rates.push(rate);
            let mut direction = Vec::new();
            for (species, change) in &reaction.changes {
                let i = m
                    .state(species)
                    .ok_or_else(|| GraphError::UnknownName(species.clone()))?;
                let mut change = self.import(g, change, Space::Running)?;
                if let (Some(volume), None) = (&m.states[i].volume, self.varying_volume(i)) {
                    let v = self.resolve(g, volume, Space::Running)?;
                    change = g.binary(Binary::Div, change, v);
                }
                direction.push((i, change));
            }
            fast.directions.push(direction);
        }
        let mut matrix = Vec::new();
        let mut right = Vec::new();
        for &rate in &fast.rates {
            let mut row = Vec::new();
            for direction in &fast.directions {
                let mut sum = g.number(0.0);
                for &(i, change) in direction {
                    let slope = match g.node(self.quantity[i]) {
                        super::graph::Node::Input(input) => g.derivative(rate, input),
                        _ => continue,
                    };
                    let term = g.binary(Binary::Mul, slope, change);
                    sum = g.binary(Binary::Add, sum, term);
                }
                row.push(sum);
            }
            matrix.push(row);
            let slow = self.along(g, rate, Self::slow_rate)?;
            right.push(g.unary(Unary::Neg, slow));
        }
        fast.flux = solve(g, matrix, right);
        self.rates.fast_open = false;
        self.rates.fast = Some(fast.clone());
        Ok(fast)
    }
}

/// Solves a linear system in symbols by elimination; an unknown whose pivot is 0 is 0.
fn solve(g: &mut Graph, mut a: Vec<Vec<NodeId>>, mut b: Vec<NodeId>) -> Vec<NodeId> {
    let n = b.len();
    let mut pivots = vec![None; n];
    for k in 0..n {
        let zero = |g: &Graph, x: NodeId| g.constant(x) == Some(0.0);
        let free = |i: usize| !pivots[..k].contains(&Some(i));
        // Numbers make the surest pivots.
        let candidates: Vec<usize> = (0..n).filter(|&i| free(i) && !zero(g, a[i][k])).collect();
        let best = candidates.iter().copied();
        let Some(row) = best.min_by_key(|&i| (g.constant(a[i][k]).is_none(), i != k)) else {
            continue;
        };
        pivots[k] = Some(row);
        for i in 0..n {
            if i == row || zero(g, a[i][k]) || pivots[..k].contains(&Some(i)) {
                continue;
            }
            let factor = g.binary(Binary::OverGuarded, a[i][k], a[row][k]);
            let pivot = a[row].clone();
            for (x, p) in a[i].iter_mut().zip(pivot).skip(k) {
                if !zero(g, p) {
                    let term = g.binary(Binary::Mul, factor, p);
                    *x = g.binary(Binary::Sub, *x, term);
                }
            }
            a[i][k] = g.number(0.0);
            let term = g.binary(Binary::Mul, factor, b[row]);
            b[i] = g.binary(Binary::Sub, b[i], term);
        }
    }
    let mut x = vec![g.number(0.0); n];
    for k in (0..n).rev() {
        let Some(row) = pivots[k] else { continue };
        let mut sum = b[row];
        for j in k + 1..n {
            let term = g.binary(Binary::Mul, a[row][j], x[j]);
            sum = g.binary(Binary::Sub, sum, term);
        }
        x[k] = g.binary(Binary::OverGuarded, sum, a[row][k]);
    }
    x
}
