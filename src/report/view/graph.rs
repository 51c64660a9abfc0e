//! Which state becomes which, and what acts on what: read off the equations.
//!
//! Rates are multiplied out into terms. A term that leaves one state and enters another is a conversion. What else a rate
//! depends on acts on it; the direction follows from the form of the expression, with all quantities taken as positive.

use std::collections::{BTreeMap, BTreeSet};

use crate::math::{BinaryOp, Expr, Function, Kind, UnaryOp};
use crate::model::{Model, Rate};

use super::{Flow, FlowKind, Node, Role};

/// Terms that a rate may grow to when products of sums are multiplied out; beyond, a product stays whole.
const MOST_TERMS: usize = 64;

/// Direction in which an expression moves with a quantity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Trend {
    Up,
    Down,
    Either,
}

impl Trend {
    fn flipped(self) -> Self {
        match self {
            Self::Up => Self::Down,
            Self::Down => Self::Up,
            Self::Either => Self::Either,
        }
    }
    fn and(self, other: Self) -> Self {
        if self == other { self } else { Self::Either }
    }
}

type Effects = BTreeMap<String, Trend>;

fn join(into: &mut Effects, from: &Effects, by: Trend) {
    for (id, trend) in from {
        let trend = match by {
            Trend::Up => *trend,
            Trend::Down => trend.flipped(),
            Trend::Either => Trend::Either,
        };
        into.entry(id.clone())
            .and_modify(|t| *t = t.and(trend))
            .or_insert(trend);
    }
}

/// What an expression depends on and how, through assigned quantities down to states and inputs.
struct Reader<'m> {
    nodes: BTreeSet<&'m str>,
    assigned: BTreeMap<&'m str, Effects>,
}

impl<'m> Reader<'m> {
    fn new(model: &'m Model) -> Self {
        let mut reader = Self {
            nodes: model
                .states
                .iter()
                .map(|s| s.id.as_str())
                .chain(model.inputs.iter().map(|i| i.id.as_str()))
                .collect(),
            assigned: BTreeMap::new(),
        };
        for a in &model.assignments {
            let effects = reader.effects(&a.value);
            reader.assigned.insert(&a.id, effects);
        }
        reader
    }
    fn effects(&self, e: &Expr) -> Effects {
        let mut out = Effects::new();
        match &e.kind {
            Kind::Number(_) | Kind::Quantity(..) | Kind::Bool(_) => {}
            Kind::Symbol(name) => {
                if self.nodes.contains(name.as_str()) {
                    out.insert(name.clone(), Trend::Up);
                } else if let Some(effects) = self.assigned.get(name.as_str()) {
                    out.clone_from(effects);
                }
            }
            Kind::Convert(a, _) => return self.effects(a),
            Kind::Unary(op, a) => {
                let by = match op {
                    UnaryOp::Neg => Trend::Down,
                    UnaryOp::Plus => Trend::Up,
                    UnaryOp::Not => Trend::Either,
                };
                join(&mut out, &self.effects(a), by);
            }
            Kind::Binary(op, a, b) => {
                let (left, right) = (self.effects(a), self.effects(b));
                match op {
                    BinaryOp::Add => {
                        join(&mut out, &left, Trend::Up);
                        join(&mut out, &right, Trend::Up);
                    }
                    BinaryOp::Sub => {
                        join(&mut out, &left, Trend::Up);
                        join(&mut out, &right, Trend::Down);
                    }
                    BinaryOp::Mul => {
                        join(&mut out, &left, sign(b));
                        join(&mut out, &right, sign(a));
                    }
                    BinaryOp::Div => {
                        if let Some(rest) = remainder(a, b) {
                            // a/(a + rest) rises with a and falls with the rest.
                            join(&mut out, &left, Trend::Up);
                            for r in rest {
                                join(&mut out, &self.effects(&r), Trend::Down);
                            }
                        } else {
                            join(&mut out, &left, sign(b));
                            join(&mut out, &right, sign(a).flipped());
                        }
                    }
                    BinaryOp::Pow => {
                        let by = match b.as_number() {
                            Some(n) if n < 0.0 => Trend::Down,
                            _ => Trend::Up,
                        };
                        join(&mut out, &left, by);
                        join(&mut out, &right, Trend::Either);
                    }
                    _ => {
                        join(&mut out, &left, Trend::Either);
                        join(&mut out, &right, Trend::Either);
                    }
                }
            }
            Kind::Call(f, arguments) => {
                for (i, a) in arguments.iter().enumerate() {
                    join(&mut out, &self.effects(a), trend_of(*f, i, arguments.len()));
                }
            }
        }
        out
    }
}

/// How a function moves with its argument `i` of `n`.
fn trend_of(f: Function, i: usize, n: usize) -> Trend {
    use Function as F;
    match (f, i) {
        (F::Exp | F::Sqrt | F::Ln | F::Log2 | F::Log10 | F::Tanh | F::Sinh | F::Atan, _) => {
            Trend::Up
        }
        (F::Min | F::Max | F::Floor | F::Ceil, _) => Trend::Up,
        (F::Hill | F::Clip | F::LogBase | F::Delay, 0) => Trend::Up,
        (F::Hill, 1) => Trend::Down,
        // Values at even places and at the end, conditions at odd ones.
        (F::Piecewise, i) if i % 2 == 0 || i + 1 == n => Trend::Up,
        _ => Trend::Either,
    }
}

/// Sign of a factor, quantities taken as positive: a difference from a number (1 − x) as well.
fn sign(e: &Expr) -> Trend {
    match &e.kind {
        Kind::Number(v) | Kind::Quantity(v, _) if *v < 0.0 => Trend::Down,
        Kind::Unary(UnaryOp::Neg, a) => sign(a).flipped(),
        Kind::Binary(BinaryOp::Sub, a, _) if a.as_number().is_none() => Trend::Either,
        Kind::Binary(BinaryOp::Mul | BinaryOp::Div, a, b) => match (sign(a), sign(b)) {
            (Trend::Either, _) | (_, Trend::Either) => Trend::Either,
            (x, y) if x == y => Trend::Up,
            _ => Trend::Down,
        },
        _ => Trend::Up,
    }
}

/// The terms of `whole` that are left when those of `part` are taken out, if all of `part` are in it and some are left.
fn remainder(part: &Expr, whole: &Expr) -> Option<Vec<Expr>> {
    let mut rest = summands(whole)?;
    for p in summands(part)? {
        let at = rest.iter().position(|r| *r == p)?;
        rest.remove(at);
    }
    (!rest.is_empty()).then_some(rest)
}

fn summands(e: &Expr) -> Option<Vec<Expr>> {
    match &e.kind {
        Kind::Binary(BinaryOp::Add, a, b) => {
            let mut all = summands(a)?;
            all.extend(summands(b)?);
            Some(all)
        }
        Kind::Binary(BinaryOp::Sub, ..) => None,
        _ => Some(vec![e.clone()]),
    }
}

/// A product with a sign; factors are sorted by their text.
#[derive(Debug, Clone)]
struct Term {
    positive: bool,
    factors: Vec<(String, Expr)>,
}

impl Term {
    fn names(&self) -> Vec<&str> {
        self.factors.iter().map(|f| f.0.as_str()).collect()
    }
    fn expr(&self) -> Option<Expr> {
        self.factors
            .iter()
            .map(|f| f.1.clone())
            .reduce(|a, b| Expr::binary(BinaryOp::Mul, a, b))
    }
}

/// An expression as a sum of products; numbers are left out of the factors.
fn terms(e: &Expr) -> Vec<Term> {
    let atom = |e: &Expr| {
        vec![Term {
            positive: true,
            factors: vec![(e.to_string(), e.clone())],
        }]
    };
    match &e.kind {
        Kind::Number(v) | Kind::Quantity(v, _) => vec![Term {
            positive: *v >= 0.0,
            factors: Vec::new(),
        }],
        Kind::Convert(a, _) | Kind::Unary(UnaryOp::Plus, a) => terms(a),
        Kind::Unary(UnaryOp::Neg, a) => flipped(terms(a)),
        Kind::Binary(BinaryOp::Add, a, b) => {
            let mut all = terms(a);
            all.extend(terms(b));
            all
        }
        Kind::Binary(BinaryOp::Sub, a, b) => {
            let mut all = terms(a);
            all.extend(flipped(terms(b)));
            all
        }
        Kind::Binary(BinaryOp::Mul, a, b) => {
            let (left, right) = (terms(a), terms(b));
            if left.len() * right.len() > MOST_TERMS {
                return atom(e);
            }
            left.iter()
                .flat_map(|l| right.iter().map(move |r| product(l, r)))
                .collect()
        }
        // A share a/(a + rest) stays whole: taken apart, its direction would be lost.
        Kind::Binary(BinaryOp::Div, a, b) if remainder(a, b).is_some() => atom(e),
        Kind::Binary(BinaryOp::Div, a, b) => {
            let inverse = Expr::binary(BinaryOp::Div, Expr::number(1.0), (**b).clone());
            let by = Term {
                positive: true,
                factors: vec![(inverse.to_string(), inverse)],
            };
            terms(a).iter().map(|t| product(t, &by)).collect()
        }
        _ => atom(e),
    }
}

fn flipped(mut terms: Vec<Term>) -> Vec<Term> {
    for t in &mut terms {
        t.positive = !t.positive;
    }
    terms
}

fn product(a: &Term, b: &Term) -> Term {
    let mut factors = a.factors.clone();
    factors.extend(b.factors.iter().cloned());
    factors.sort_by(|x, y| x.0.cmp(&y.0));
    Term {
        positive: a.positive == b.positive,
        factors,
    }
}

/// Nodes and arrows of a model's diagram: inputs, states, and outputs that are more than a state under another name.
pub fn graph(model: &Model) -> (Vec<Node>, Vec<Flow>) {
    let reader = Reader::new(model);
    let mut nodes = Vec::new();
    let mut index: BTreeMap<&str, usize> = BTreeMap::new();
    let add = |id: &str, description: &str, role: Role, nodes: &mut Vec<Node>| {
        nodes.push(Node {
            id: id.to_owned(),
            description: description.to_owned(),
            role,
        });
        nodes.len() - 1
    };
    for i in &model.inputs {
        index.insert(&i.id, add(&i.id, &i.description, Role::Input, &mut nodes));
    }
    for s in model.states.iter().filter(|s| !s.compartment) {
        index.insert(&s.id, add(&s.id, &s.description, Role::State, &mut nodes));
    }
    let mut arrows = Arrows::default();
    if model.reactions.is_empty() {
        from_rates(model, &reader, &index, &mut arrows);
    } else {
        from_reactions(model, &reader, &index, &mut arrows);
    }
    for o in &model.outputs {
        let same = matches!(&o.value.kind, Kind::Symbol(s) if index.contains_key(s.as_str()));
        if same || index.contains_key(o.id.as_str()) {
            continue;
        }
        let effects = reader.effects(&o.value);
        let used: Vec<(usize, Trend)> = effects
            .iter()
            .filter_map(|(id, t)| Some((*index.get(id.as_str())?, *t)))
            .collect();
        if used.is_empty() {
            continue;
        }
        let to = add(&o.id, &o.description, Role::Output, &mut nodes);
        for (from, trend) in used {
            arrows.acts(from, to, trend, &o.value.to_string());
        }
    }
    let flows = arrows.finish();
    // Inputs that act on nothing in this model would stand alone.
    let used: BTreeSet<usize> = flows
        .iter()
        .flat_map(|f| [f.from, f.to])
        .flatten()
        .collect();
    let mut renumbered = BTreeMap::new();
    let mut kept = Vec::new();
    for (i, n) in nodes.into_iter().enumerate() {
        if n.role == Role::State || used.contains(&i) {
            renumbered.insert(i, kept.len());
            kept.push(n);
        }
    }
    let renumber = |i: Option<usize>| i.and_then(|i| renumbered.get(&i).copied());
    let flows = flows
        .into_iter()
        .map(|f| Flow {
            from: renumber(f.from),
            to: renumber(f.to),
            ..f
        })
        .collect();
    (kept, flows)
}

/// Arrows in progress: one a pair and kind.
#[derive(Default)]
struct Arrows {
    conversions: Vec<(Option<usize>, Option<usize>, String)>,
    actions: BTreeMap<(usize, usize), (Trend, String)>,
}

impl Arrows {
    fn converts(&mut self, from: Option<usize>, to: Option<usize>, text: &str) {
        let same = |c: &&mut (Option<usize>, Option<usize>, String)| c.0 == from && c.1 == to;
        match self.conversions.iter_mut().find(same) {
            Some(c) if c.2 != text => c.2 = format!("{}; {text}", c.2),
            Some(_) => {}
            None => self.conversions.push((from, to, text.to_owned())),
        }
    }
    fn acts(&mut self, from: usize, to: usize, trend: Trend, text: &str) {
        self.actions
            .entry((from, to))
            .and_modify(|a| a.0 = a.0.and(trend))
            .or_insert((trend, text.to_owned()));
    }
    fn finish(self) -> Vec<Flow> {
        let converted: BTreeSet<(usize, usize)> = self
            .conversions
            .iter()
            .filter_map(|c| Some((c.0?, c.1?)))
            .collect();
        let mut flows: Vec<Flow> = self
            .conversions
            .into_iter()
            .map(|(from, to, text)| Flow {
                from,
                to,
                kind: FlowKind::Conversion,
                text,
            })
            .collect();
        for ((from, to), (trend, text)) in self.actions {
            if from == to || (converted.contains(&(from, to)) && trend == Trend::Up) {
                continue;
            }
            flows.push(Flow {
                from: Some(from),
                to: Some(to),
                kind: match trend {
                    Trend::Up => FlowKind::Activation,
                    Trend::Down => FlowKind::Inhibition,
                    Trend::Either => FlowKind::Modulation,
                },
                text,
            });
        }
        flows
    }
}

fn from_rates(
    model: &Model,
    reader: &Reader<'_>,
    index: &BTreeMap<&str, usize>,
    arrows: &mut Arrows,
) {
    let rates: Vec<(usize, &str, Vec<Term>)> = model
        .states
        .iter()
        .filter_map(|s| match &s.rate {
            Rate::Differential(e) => Some((*index.get(s.id.as_str())?, s.id.as_str(), terms(e))),
            _ => None,
        })
        .collect();
    // A name of an assigned quantity that moves with a state is a flux: two terms that share it are one process, even
    // where one of them is scaled (cells per volume, sites per cell).
    let flux = |t: &Term| -> Option<String> {
        t.factors
            .iter()
            .find(|(name, _)| {
                reader
                    .assigned
                    .get(name.as_str())
                    .is_some_and(|e| !e.is_empty())
            })
            .map(|(name, _)| name.clone())
    };
    // Whether a term consumes the state that it leaves.
    let consumes = |t: &Term, id: &str| {
        t.expr()
            .is_some_and(|e| reader.effects(&e).contains_key(id))
    };
    let mut gains: Vec<(usize, &str, &Term, bool)> = rates
        .iter()
        .flat_map(|(i, id, ts)| {
            ts.iter()
                .filter(|t| t.positive)
                .map(move |t| (*i, *id, t, false))
        })
        .collect();
    let mut losses = Vec::new();
    for (from, id, ts) in &rates {
        for loss in ts.iter().filter(|t| !t.positive) {
            let mut found = false;
            for gain in gains.iter_mut().filter(|g| g.0 != *from) {
                let same = gain.2.names() == loss.names() && !loss.factors.is_empty();
                let shared = || flux(loss).is_some_and(|f| flux(gain.2) == Some(f));
                if consumes(loss, id) && (same || shared()) {
                    let text = loss.expr().map_or_else(String::new, |e| e.to_string());
                    arrows.converts(Some(*from), Some(gain.0), &text);
                    gain.3 = true;
                    found = true;
                    // What else drives the conversion acts on what it makes; a scale of the loss alone (cells that take
                    // up) acts on what is lost.
                    act(reader, index, gain.2, gain.0, &[id, gain.1], true, arrows);
                    if !same {
                        let scale = Term {
                            positive: true,
                            factors: loss
                                .factors
                                .iter()
                                .filter(|f| !gain.2.names().contains(&f.0.as_str()))
                                .cloned()
                                .collect(),
                        };
                        act(reader, index, &scale, *from, &[id], false, arrows);
                    }
                }
            }
            losses.push((*from, *id, loss, found));
        }
    }
    for (to, id, gain, converted) in gains {
        if !converted {
            act(reader, index, gain, to, &[id], true, arrows);
        }
    }
    for (from, id, loss, converted) in losses {
        if !converted {
            act(reader, index, loss, from, &[id], false, arrows);
        }
    }
}

/// Records what a term depends on beyond the states in `own`.
fn act(
    reader: &Reader<'_>,
    index: &BTreeMap<&str, usize>,
    term: &Term,
    on: usize,
    own: &[&str],
    gain: bool,
    arrows: &mut Arrows,
) {
    let Some(e) = term.expr() else { return };
    for (id, trend) in reader.effects(&e) {
        if own.contains(&id.as_str()) {
            continue;
        }
        let Some(from) = index.get(id.as_str()) else {
            continue;
        };
        let trend = if gain { trend } else { trend.flipped() };
        arrows.acts(*from, on, trend, &e.to_string());
    }
}

fn from_reactions(
    model: &Model,
    reader: &Reader<'_>,
    index: &BTreeMap<&str, usize>,
    arrows: &mut Arrows,
) {
    let places = |ids: &[String]| -> Vec<usize> {
        ids.iter()
            .filter_map(|id| index.get(id.as_str()).copied())
            .collect()
    };
    for r in &model.reactions {
        let (from, to) = (places(&r.reactants), places(&r.products));
        let text = format!("{}: {}", r.id, r.rate);
        for f in &from {
            for t in to.iter().filter(|t| *t != f) {
                arrows.converts(Some(*f), Some(*t), &text);
            }
        }
        let effects = reader.effects(&r.rate);
        for (id, trend) in effects {
            let Some(actor) = index.get(id.as_str()).copied() else {
                continue;
            };
            if from.contains(&actor) || to.contains(&actor) {
                continue;
            }
            for t in &to {
                arrows.acts(actor, *t, trend, &text);
            }
            if to.is_empty() {
                for f in &from {
                    arrows.acts(actor, *f, trend.flipped(), &text);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::math::{Syntax, parse};
    use crate::model::{Assignment, Input, State};

    fn state(id: &str, rate: &str) -> State {
        State {
            id: id.into(),
            initial: Expr::number(1.0),
            rate: Rate::Differential(parse(rate, Syntax::MODEL, 0).unwrap()),
            volume: None,
            unit: None,
            description: String::new(),
            compartment: false,
        }
    }
    fn assignment(id: &str, value: &str) -> Assignment {
        Assignment {
            id: id.into(),
            value: parse(value, Syntax::MODEL, 0).unwrap(),
            unit: None,
            description: String::new(),
        }
    }
    fn arrows(model: &Model) -> Vec<String> {
        let (nodes, flows) = graph(model);
        let name = |i: Option<usize>| i.map_or("∅", |i| nodes[i].id.as_str());
        let mut all: Vec<String> = flows
            .iter()
            .map(|f| {
                let head = match f.kind {
                    FlowKind::Conversion => "=>",
                    FlowKind::Activation => "->",
                    FlowKind::Inhibition => "-|",
                    FlowKind::Modulation => "-o",
                };
                format!("{} {head} {}", name(f.from), name(f.to))
            })
            .collect();
        all.sort();
        all
    }

    #[test]
    fn a_receptor_that_binds_and_recycles_is_read_off_its_rates() {
        let model = Model {
            inputs: vec![Input {
                id: "drug".into(),
                value: 0.0,
                unit: None,
                description: String::new(),
                substance: None,
            }],
            assignments: vec![
                assignment("bind", "k_on*L*R - k_off*C"),
                assignment("free", "R/(R + C)"),
            ],
            states: vec![
                state("L", "s*free - scale*bind"),
                state("R", "k_rec*I - bind - k_int*R"),
                state("C", "bind - k_int*C"),
                state("I", "k_int*(R + C) - k_rec*I"),
                state("X", "k*(1 - drug/(drug + EC) - X)"),
            ],
            ..Model::default()
        };
        assert_eq!(
            arrows(&model),
            [
                "C -> R",
                "C -| L",
                "C => I",
                "I => R",
                "L => C",
                "R -> L",
                "R => C",
                "R => I",
                "drug -| X"
            ]
            .into_iter()
            .filter(|a| *a != "C -> R")
            .collect::<Vec<_>>()
        );
    }

    #[test]
    fn a_share_rises_with_its_part_and_falls_with_the_rest() {
        let model = Model {
            states: vec![state("A", "0"), state("B", "0")],
            ..Model::default()
        };
        let reader = Reader::new(&model);
        let effects = reader.effects(&parse("A/(A + B)", Syntax::MODEL, 0).unwrap());
        assert_eq!(effects.get("A"), Some(&Trend::Up));
        assert_eq!(effects.get("B"), Some(&Trend::Down));
        let effects = reader.effects(&parse("exp(-A)*(2 - B)", Syntax::MODEL, 0).unwrap());
        assert_eq!(effects.get("A"), Some(&Trend::Down));
        assert_eq!(effects.get("B"), Some(&Trend::Down));
        let effects = reader.effects(&parse("(A - B)*A", Syntax::MODEL, 0).unwrap());
        assert_eq!(effects.get("A"), Some(&Trend::Either));
    }
}
