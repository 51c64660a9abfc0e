//! Declarations to a [`Model`]: what each name stands for and what drives it.

use std::collections::{HashMap, HashSet};

use super::raw::{Amount, Raw, RuleKind};
use super::units::Measure;
use super::xml::{Log, Place};
use crate::diagnostic::Finding;
use crate::math::{BinaryOp, Expr, Function, Kind, UnaryOp};
use crate::model::{Assignment, Event, Model, Parameter, Rate, Reaction, Species, State};

mod algebraic;
mod fast;
mod names;
mod order;
mod units;

use names::{Entity, Names, What};

/// How a quantity changes in time.
enum Driver {
    Assignment(Expr),
    Rate(Expr),
    /// Rate of the amount.
    Reactions(Expr),
    Algebraic,
}

/// Makes a model of the declarations; `None` if something is wrong (which is recorded).
pub(super) fn lower(log: &mut Log, mut raw: Raw) -> Option<Model> {
    let mut names = Names::collect(log, &raw);
    names.localise(&mut raw);
    names.check(log, &raw);
    if !log.is_clean() {
        return None;
    }
    let mut l = Lowering {
        names,
        drivers: HashMap::new(),
        initial: HashMap::new(),
        touched: HashSet::new(),
        model: Model {
            id: raw.id.clone(),
            description: raw.name.clone(),
            time_unit: raw.units.of(Measure::Time).map(str::to_string),
            units: raw.units.declared.clone(),
            pure_numbers: raw.units.numbers_with_unit && !raw.units.bare_numbers,
            ..Model::default()
        },
        units: units::of_quantities(&raw),
    };
    l.rules(log, &raw);
    l.reactions(log, &raw);
    l.initial_assignments(log, &raw);
    l.events(log, &raw);
    if !log.is_clean() {
        return None;
    }
    let rules: Vec<(Expr, Place)> = raw
        .rules
        .iter()
        .filter(|r| r.kind == RuleKind::Algebraic)
        .filter_map(|r| r.math.clone().map(|m| (m, r.place.clone())))
        .collect();
    let determined = l.match_algebraic(log, &rules);
    l.quantities(log, &raw);
    l.model.algebraic = l
        .model
        .states
        .iter()
        .filter_map(|s| determined.get(&s.id).cloned())
        .collect();
    order::assignments(log, &mut l.model, &l.names);
    order::initial_values(log, &l.model, &l.names);
    if !log.is_clean() {
        return None;
    }
    units::check(log, &raw, &l.units);
    Some(l.model)
}

struct Lowering {
    names: Names,
    drivers: HashMap<String, Driver>,
    initial: HashMap<String, Expr>,
    /// Targets of events.
    touched: HashSet<String>,
    model: Model,
    /// Unit by quantity, where it is known.
    units: HashMap<String, String>,
}

impl Lowering {
    /// Whether a name may change; records that it may not.
    fn changeable(&self, log: &mut Log, id: &str, place: &Place, by: &str) -> bool {
        match self.names.get(id) {
            None => {
                log.add(self.names.unknown(id), place);
                false
            }
            Some(Entity {
                what: What::Reaction(_),
                ..
            }) => {
                log.error(
                    "not-settable",
                    place,
                    format!("`{id}` is a reaction and cannot be set by {by}"),
                );
                false
            }
            Some(entity) if entity.constant => {
                log.error(
                    "constant",
                    place,
                    format!("`{id}` is declared constant and cannot be set by {by}"),
                );
                false
            }
            Some(_) => true,
        }
    }

    fn rules(&mut self, log: &mut Log, raw: &Raw) {
        for rule in &raw.rules {
            if rule.kind == RuleKind::Algebraic
                || !self.changeable(log, &rule.variable, &rule.place, "a rule")
            {
                continue;
            }
            if self.drivers.contains_key(&rule.variable) {
                log.error(
                    "two-rules",
                    &rule.place,
                    format!("`{}` has more than one rule", rule.variable),
                );
                continue;
            }
            let Some(math) = rule.math.clone() else {
                continue;
            };
            let driver = match rule.kind {
                RuleKind::Assignment => Driver::Assignment(math),
                _ => Driver::Rate(math),
            };
            self.drivers.insert(rule.variable.clone(), driver);
        }
    }

    fn reactions(&mut self, log: &mut Log, raw: &Raw) {
        let mut touched = vec![false; raw.species.len()];
        let mut fast = Vec::new();
        let index: HashMap<&str, usize> = raw
            .species
            .iter()
            .enumerate()
            .map(|(i, s)| (s.id.as_str(), i))
            .collect();
        for r in &raw.reactions {
            let mut turn: Vec<(String, Expr)> = Vec::new();
            let sides = [(&r.reactants, true), (&r.products, false)];
            for (references, consumed) in sides {
                for s in references {
                    let Some(&i) = index.get(s.species.as_str()) else {
                        log.add(self.names.unknown(&s.species), &s.place);
                        continue;
                    };
                    let species = &raw.species[i];
                    if species.boundary {
                        continue;
                    }
                    if species.constant {
                        log.error(
                            "constant",
                            &s.place,
                            format!(
                                "`{}` is constant and no boundary species: a reaction cannot change it",
                                s.species
                            ),
                        );
                        continue;
                    }
                    if r.rate.is_none() {
                        continue;
                    }
                    let amount = match (&s.id, &s.math, s.stoichiometry) {
                        (_, Some(math), _) => math.clone(),
                        (Some(id), None, _) => Expr::symbol(id.clone()),
                        (None, None, Some(n)) => Expr::number(n),
                        (None, None, None) => {
                            log.error(
                                "no-stoichiometry",
                                &s.place,
                                format!("the stoichiometry of `{}` is not given", s.species),
                            );
                            continue;
                        }
                    };
                    let factor = species
                        .conversion_factor
                        .as_ref()
                        .or(raw.conversion_factor.as_ref());
                    let mut change = match factor {
                        Some((factor, _)) => product(Expr::symbol(factor.clone()), amount),
                        None => amount,
                    };
                    if consumed {
                        change = negative(change);
                    }
                    turn.push((s.species.clone(), change));
                    touched[i] = true;
                }
            }
            let mut changes = Vec::new();
            if !r.fast {
                changes = turn;
            } else if !turn.is_empty() {
                fast.push((Expr::symbol(r.id.clone()), turn));
            }
            self.model.reactions.push(Reaction {
                id: r.id.clone(),
                reactants: r.reactants.iter().map(|s| s.species.clone()).collect(),
                products: r.products.iter().map(|s| s.species.clone()).collect(),
                modifiers: r.modifiers.iter().map(|m| m.0.clone()).collect(),
                changes,
                rate: r.rate.clone().unwrap_or_else(|| Expr::number(0.0)),
            });
            for (modifier, place) in &r.modifiers {
                if !index.contains_key(modifier.as_str()) {
                    log.add(self.names.unknown(modifier), place);
                }
            }
        }
        self.model.fast = fast::independent(fast);
        for (s, touched) in raw.species.iter().zip(touched) {
            if !touched {
                continue;
            }
            if self.drivers.contains_key(&s.id) {
                log.error(
                    "two-rules",
                    &s.place,
                    format!("`{}` is changed by a rule and by reactions", s.id),
                );
                continue;
            }
            let rate = reaction_rate(&self.model.reactions, &s.id);
            let rate = rate.unwrap_or_else(|| Expr::number(0.0));
            self.drivers.insert(s.id.clone(), Driver::Reactions(rate));
        }
    }

    fn initial_assignments(&mut self, log: &mut Log, raw: &Raw) {
        for a in &raw.initial {
            match self.names.get(&a.symbol) {
                None => log.add(self.names.unknown(&a.symbol), &a.place),
                Some(Entity {
                    what: What::Reaction(_),
                    ..
                }) => log.error(
                    "not-settable",
                    &a.place,
                    format!("`{}` is a reaction and has no initial value", a.symbol),
                ),
                Some(_) if matches!(self.drivers.get(&a.symbol), Some(Driver::Assignment(_))) => {
                    log.error(
                        "two-rules",
                        &a.place,
                        format!("`{}` has an initial assignment and a rule", a.symbol),
                    )
                }
                Some(_) => {
                    if let Some(math) = &a.math
                        && self
                            .initial
                            .insert(a.symbol.clone(), math.clone())
                            .is_some()
                    {
                        log.error(
                            "two-rules",
                            &a.place,
                            format!("`{}` has more than one initial assignment", a.symbol),
                        );
                    }
                }
            }
        }
    }

    fn events(&mut self, log: &mut Log, raw: &Raw) {
        for (number, e) in raw.events.iter().enumerate() {
            let mut assignments: Vec<(String, Expr)> = Vec::new();
            for a in &e.assignments {
                if !self.changeable(log, &a.symbol, &a.place, "an event") {
                    continue;
                }
                if matches!(self.drivers.get(&a.symbol), Some(Driver::Assignment(_))) {
                    log.error(
                        "not-settable",
                        &a.place,
                        format!(
                            "`{}` follows a rule and cannot be set by an event",
                            a.symbol
                        ),
                    );
                } else if assignments.iter().any(|(id, _)| *id == a.symbol) {
                    log.error(
                        "two-rules",
                        &a.place,
                        format!("this event sets `{}` twice", a.symbol),
                    );
                } else if let Some(math) = &a.math {
                    self.touched.insert(a.symbol.clone());
                    assignments.push((a.symbol.clone(), math.clone()));
                }
            }
            let Some(trigger) = e.trigger.clone() else {
                continue;
            };
            let id = e.id.clone().unwrap_or_else(|| {
                let mut id = format!("event{}", number + 1);
                while raw.events.iter().any(|o| o.id.as_deref() == Some(&id)) {
                    id.push('_');
                }
                id
            });
            self.model.events.push(Event {
                id,
                trigger,
                initial_value: e.initial_value,
                persistent: e.persistent,
                delay: e.delay.clone(),
                priority: e.priority.clone(),
                values_from_trigger_time: e.values_from_trigger_time,
                assignments,
            });
        }
    }

    /// What the initial value of a name is, over other names.
    fn start(&self, id: &str, default: Expr) -> Expr {
        self.initial.get(id).cloned().unwrap_or(default)
    }

    /// Whether a name changes during a simulation.
    fn varies(&self, id: &str) -> bool {
        self.touched.contains(id)
            || self.drivers.contains_key(id)
            || self.initial.get(id).is_some_and(|e| self.moves(e))
    }

    /// Whether an expression depends on time or on a rate of change, so that it must be evaluated once, at the start.
    fn moves(&self, e: &Expr) -> bool {
        let mut found = contains_rate(e);
        let mut seen = HashSet::new();
        let mut stack: Vec<&Expr> = vec![e];
        while let Some(e) = stack.pop() {
            e.for_each_symbol(&mut |name| {
                if name == "time" && self.names.get("time").is_none()
                    || name == super::TIME_BESIDE_A_NAME
                {
                    found = true;
                }
                if seen.insert(name) {
                    if let Some(Driver::Assignment(next)) = self.drivers.get(name) {
                        found |= contains_rate(next);
                        stack.push(next);
                    } else if let Some(next) = self.initial.get(name) {
                        found |= contains_rate(next);
                        stack.push(next);
                    }
                }
            });
        }
        found
    }

    fn quantities(&mut self, log: &mut Log, raw: &Raw) {
        for c in &raw.compartments {
            let size = c
                .size
                .unwrap_or(if c.dimensions == 0.0 { f64::NAN } else { 1.0 });
            if c.size.is_none()
                && c.dimensions != 0.0
                && !self.initial.contains_key(&c.id)
                && !self.drivers.contains_key(&c.id)
            {
                log.warning(
                    "no-size",
                    &c.place,
                    format!("the size of `{}` is not given; 1 is taken", c.id),
                );
            }
            self.quantity(&c.id, &c.name, Expr::number(size), None, true);
        }
        for p in &raw.parameters {
            let value = Expr::number(p.value.unwrap_or(f64::NAN));
            self.quantity(&p.id, &p.name, value, None, false);
        }
        for r in &raw.reactions {
            for s in r.reactants.iter().chain(&r.products) {
                if let Some(id) = &s.id {
                    let value = s
                        .math
                        .clone()
                        .unwrap_or_else(|| Expr::number(s.stoichiometry.unwrap_or(f64::NAN)));
                    self.quantity(id, "", value, None, false);
                }
            }
            if let Some(rate) = &r.rate {
                self.model.assignments.push(Assignment {
                    id: r.id.clone(),
                    value: rate.clone(),
                    unit: self.units.get(&r.id).cloned(),
                    description: r.name.clone(),
                });
            }
            for p in &r.locals {
                let value = Expr::number(p.value.unwrap_or(f64::NAN));
                self.quantity(&p.id, &p.name, value, None, false);
            }
        }
        for s in &raw.species {
            let Some(Entity {
                what: What::Compartment { dimensions },
                ..
            }) = self.names.get(&s.compartment.0)
            else {
                continue;
            };
            // A point has no size unless the file gives it one.
            let sized = *dimensions != 0.0 || self.sized(raw, &s.compartment.0);
            let amount = s.only_substance || !sized;
            let volume = Expr::symbol(s.compartment.0.clone());
            let given = match s.initial {
                None => Expr::number(f64::NAN),
                Some(Amount::Amount(a)) if amount => Expr::number(a),
                Some(Amount::Amount(a)) => Expr::binary(BinaryOp::Div, Expr::number(a), volume),
                Some(Amount::Concentration(c)) if amount && sized => {
                    product(Expr::number(c), volume)
                }
                Some(Amount::Concentration(c)) => Expr::number(c),
            };
            let compartment = (!amount).then(|| s.compartment.0.clone());
            self.quantity(&s.id, &s.name, given, compartment, false);
            self.model.species.push(Species {
                id: s.id.clone(),
                compartment: s.compartment.0.clone(),
                amount,
            });
        }
    }

    fn sized(&self, raw: &Raw, compartment: &str) -> bool {
        self.initial.contains_key(compartment)
            || self.drivers.contains_key(compartment)
            || raw
                .compartments
                .iter()
                .any(|c| c.id == compartment && c.size.is_some())
    }

    /// Adds a quantity as what it is: assignment, state or constant. `volume`: it is the concentration of a species.
    fn quantity(
        &mut self,
        id: &str,
        description: &str,
        default: Expr,
        volume: Option<String>,
        compartment: bool,
    ) {
        let initial = self.start(id, default);
        let unit = self.units.get(id).cloned();
        let is_species = self
            .names
            .get(id)
            .is_some_and(|e| matches!(e.what, What::Species { .. }));
        let (rate, volume) = match (self.drivers.get(id), volume) {
            (Some(Driver::Assignment(value)), _) => {
                self.model.assignments.push(Assignment {
                    id: id.into(),
                    value: value.clone(),
                    unit,
                    description: description.into(),
                });
                return;
            }
            (Some(Driver::Reactions(rate)), volume) => (Rate::Differential(rate.clone()), volume),
            (Some(Driver::Rate(rate)), Some(v)) if self.varies(&v) => {
                // d(c·V)/dt = c'·V + c·V'
                let first = product(rate.clone(), Expr::symbol(v.clone()));
                let slope = Expr::call(Function::RateOf, vec![Expr::symbol(v.clone())]);
                let second = product(Expr::symbol(id), slope);
                let whole = Expr::binary(BinaryOp::Add, first, second);
                (Rate::Differential(whole), Some(v))
            }
            (Some(Driver::Rate(rate)), _) => (Rate::Differential(rate.clone()), None),
            (Some(Driver::Algebraic), _) => (Rate::Algebraic, None),
            (None, volume) => {
                if !is_species && !self.varies(id) {
                    self.model.parameters.push(Parameter {
                        id: id.into(),
                        value: initial,
                        unit,
                        description: description.into(),
                        source: None,
                        fixed: false,
                        compartment,
                    });
                    return;
                }
                (Rate::Discrete, volume)
            }
        };
        self.model.states.push(State {
            id: id.into(),
            initial,
            rate,
            volume,
            unit,
            description: description.into(),
            compartment,
        });
    }
}

fn contains_rate(e: &Expr) -> bool {
    match &e.kind {
        Kind::Call(Function::RateOf, _) => true,
        Kind::Call(_, arguments) => arguments.iter().any(contains_rate),
        Kind::Unary(_, a) | Kind::Convert(a, _) => contains_rate(a),
        Kind::Binary(_, a, b) => contains_rate(a) || contains_rate(b),
        Kind::Number(_) | Kind::Quantity(..) | Kind::Bool(_) | Kind::Symbol(_) => false,
    }
}

/// `a·b`, without a factor of 1.
fn product(a: Expr, b: Expr) -> Expr {
    match (a.as_number(), b.as_number()) {
        (Some(1.0), _) => b,
        (_, Some(1.0)) => a,
        _ => Expr::binary(BinaryOp::Mul, a, b),
    }
}

/// Rate of a species' amount by reactions, `None` if none changes it.
pub(super) fn reaction_rate(reactions: &[Reaction], species: &str) -> Option<Expr> {
    let mut terms = Vec::new();
    for r in reactions {
        for (_, change) in r.changes.iter().filter(|(s, _)| s == species) {
            let rate = Expr::symbol(r.id.clone());
            terms.push(match change.as_number() {
                Some(-1.0) => Expr::unary(UnaryOp::Neg, rate),
                _ => product(change.clone(), rate),
            });
        }
    }
    (!terms.is_empty()).then(|| sum(terms))
}

/// `−a`, a number as a number.
fn negative(a: Expr) -> Expr {
    match a.as_number() {
        Some(v) => Expr::number(-v),
        None => Expr::unary(UnaryOp::Neg, a),
    }
}

/// Sum as a balanced tree, so that its depth stays small.
fn sum(mut terms: Vec<Expr>) -> Expr {
    while terms.len() > 1 {
        let mut next = Vec::with_capacity(terms.len().div_ceil(2));
        let mut rest = terms.into_iter();
        while let Some(a) = rest.next() {
            next.push(match rest.next() {
                Some(b) => Expr::binary(BinaryOp::Add, a, b),
                None => a,
            });
        }
        terms = next;
    }
    terms.pop().unwrap_or_else(|| Expr::number(0.0))
}

/// An error about a name with its nearest neighbours.
fn not_defined<'a>(id: &str, known: impl Iterator<Item = &'a str>) -> Finding {
    let mut finding = Finding::error("unknown-name", format!("`{id}` is not defined"));
    if let Some(s) = crate::diagnostic::similar(id, known).first() {
        finding = finding.help(format!("did you mean `{s}`?"));
    }
    finding
}
