//! The namespace of a file: who declares what, and whether every use has a declaration.

use std::collections::HashMap;

use super::super::raw::Raw;
use super::super::xml::{Log, Place};
use super::not_defined;
use crate::diagnostic::Finding;
use crate::math::{Expr, Function, Kind};

/// What a name stands for.
#[derive(Clone, Copy)]
pub(super) enum What {
    Compartment {
        dimensions: f64,
    },
    Species {
        boundary: bool,
    },
    Parameter,
    SpeciesReference,
    /// A reaction; whether it has a rate.
    Reaction(bool),
}

pub(super) struct Entity {
    pub what: What,
    pub place: Place,
    pub constant: bool,
}

/// All names of a file that mathematics can use.
pub(super) struct Names {
    entities: HashMap<String, Entity>,
}

impl Names {
    pub(super) fn get(&self, id: &str) -> Option<&Entity> {
        self.entities.get(id)
    }

    pub(super) fn unknown(&self, id: &str) -> Finding {
        not_defined(id, self.entities.keys().map(String::as_str))
    }

    /// Collects all declarations; names declared twice are recorded.
    pub(super) fn collect(log: &mut Log, raw: &Raw) -> Self {
        let mut names = Self {
            entities: HashMap::new(),
        };
        for c in &raw.compartments {
            let dimensions = c.dimensions;
            names.add(
                log,
                &c.id,
                What::Compartment { dimensions },
                &c.place,
                c.constant,
            );
        }
        for p in &raw.parameters {
            names.add(log, &p.id, What::Parameter, &p.place, p.constant);
        }
        for s in &raw.species {
            let boundary = s.boundary;
            names.add(log, &s.id, What::Species { boundary }, &s.place, s.constant);
        }
        for r in &raw.reactions {
            names.add(log, &r.id, What::Reaction(r.rate.is_some()), &r.place, true);
            for s in r.reactants.iter().chain(&r.products) {
                if let Some(id) = &s.id {
                    let constant = s.constant && s.math.is_none();
                    names.add(log, id, What::SpeciesReference, &s.place, constant);
                }
            }
        }
        let mut events: HashMap<&str, &Place> = HashMap::new();
        for e in &raw.events {
            if let Some(id) = e.id.as_deref()
                && (events.insert(id, &e.place).is_some() || names.entities.contains_key(id))
            {
                log.error(
                    "duplicate-id",
                    &e.place,
                    format!("`{id}` is declared twice"),
                );
            }
        }
        names
    }

    fn add(&mut self, log: &mut Log, id: &str, what: What, place: &Place, constant: bool) {
        if let Some(first) = self.entities.get(id) {
            let finding = Finding::error("duplicate-id", format!("`{id}` is declared twice"))
                .at(&log.source, place.clone(), "")
                .and(&log.source, first.place.clone(), "first here");
            log.findings.push(finding);
            return;
        }
        let entity = Entity {
            what,
            place: place.clone(),
            constant,
        };
        self.entities.insert(id.to_string(), entity);
    }

    /// Gives local parameters names of the whole model: `reaction_parameter`, with `_` behind it until it is free.
    pub(super) fn localise(&mut self, raw: &mut Raw) {
        for r in &mut raw.reactions {
            let mut renamed: HashMap<String, String> = HashMap::new();
            for p in &mut r.locals {
                let mut id = format!("{}_{}", r.id, p.id);
                while self.entities.contains_key(&id) {
                    id.push('_');
                }
                let entity = Entity {
                    what: What::Parameter,
                    place: p.place.clone(),
                    constant: true,
                };
                self.entities.insert(id.clone(), entity);
                renamed.insert(std::mem::replace(&mut p.id, id.clone()), id);
            }
            if let (false, Some(rate)) = (renamed.is_empty(), &mut r.rate) {
                *rate = rate.substitute(&|name| renamed.get(name).map(|n| Expr::symbol(n.clone())));
            }
        }
    }

    /// Records every use of a name that nothing declares.
    pub(super) fn check(&self, log: &mut Log, raw: &Raw) {
        let initial = raw.initial.iter().filter_map(|a| a.math.as_ref());
        let rules = raw.rules.iter().filter_map(|a| a.math.as_ref());
        let rates = raw.reactions.iter().filter_map(|r| r.rate.as_ref());
        let stoichiometries = raw
            .reactions
            .iter()
            .flat_map(|r| r.reactants.iter().chain(&r.products))
            .filter_map(|s| s.math.as_ref());
        let events = raw.events.iter().flat_map(|e| {
            let own = [&e.trigger, &e.delay, &e.priority];
            let assigned = e.assignments.iter().filter_map(|a| a.math.as_ref());
            own.into_iter().flatten().chain(assigned)
        });
        for e in initial
            .chain(rules)
            .chain(rates)
            .chain(stoichiometries)
            .chain(events)
        {
            self.uses(log, e);
        }
        for s in &raw.species {
            let (id, place) = &s.compartment;
            if !matches!(self.get(id).map(|e| e.what), Some(What::Compartment { .. })) {
                let known = raw.compartments.iter().map(|c| c.id.as_str());
                log.add(not_defined(id, known), place);
            }
        }
        let factors = raw
            .species
            .iter()
            .filter_map(|s| s.conversion_factor.as_ref());
        for (id, place) in factors.chain(&raw.conversion_factor) {
            if !matches!(self.get(id).map(|e| e.what), Some(What::Parameter)) {
                let known = raw.parameters.iter().map(|p| p.id.as_str());
                log.add(not_defined(id, known), place);
            }
        }
    }

    fn uses(&self, log: &mut Log, e: &Expr) {
        match &e.kind {
            Kind::Symbol(name) => {
                let place = e.span.start as usize..e.span.end as usize;
                match self.entities.get(name) {
                    Some(Entity {
                        what: What::Reaction(false),
                        ..
                    }) => log.error(
                        "no-mathematics",
                        &place,
                        format!("the reaction `{name}` has no rate that could be used here"),
                    ),
                    Some(_) => {}
                    None if name == "time" || name == super::super::TIME_BESIDE_A_NAME => {}
                    None => log.add(self.unknown(name), &place),
                }
            }
            Kind::Number(_) | Kind::Quantity(..) | Kind::Bool(_) => {}
            Kind::Unary(_, a) | Kind::Convert(a, _) => self.uses(log, a),
            Kind::Binary(_, a, b) => {
                self.uses(log, a);
                self.uses(log, b);
            }
            Kind::Call(Function::Delay, arguments) | Kind::Call(_, arguments) => {
                arguments.iter().for_each(|a| self.uses(log, a));
            }
        }
    }
}
