//! Experiments: slots with the sources of their values, and what each period sets.

use std::collections::{BTreeSet, HashMap};

use crate::math::{Expr, Kind};
use crate::model::{Model, Rate};
use crate::problem::{Experiment, number_of};

use super::{
    BindError, Binder, BoundExperiment, BoundFormula, BoundPeriod, Draft, Slot, Source, Table,
};

impl Binder<'_> {
    pub(super) fn experiment(
        &mut self,
        draft: Draft,
        mut formulas: Vec<BoundFormula>,
    ) -> BoundExperiment {
        let model = &self.models[draft.model];
        let as_is = Experiment {
            id: String::new(),
            periods: vec![crate::problem::Period::new(0.0, Vec::new())],
        };
        let known = self.by_id.experiments.get(draft.id.as_str()).copied();
        let experiment = known.unwrap_or(&as_is);
        // What each period sets: (target, value expression, table row).
        let mut changes = Vec::new();
        for period in &experiment.periods {
            let mut list = Vec::new();
            for id in &period.conditions {
                match self.by_id.conditions.get(id.as_str()) {
                    Some(c) => list.extend(
                        c.changes
                            .iter()
                            .map(|ch| (ch.target.as_str(), ch.value.as_ref(), ch.row)),
                    ),
                    None => {
                        let known = self.problem.conditions.iter().map(|c| c.id.as_str());
                        self.errors.push(BindError::unknown(
                            Table::Experiments,
                            0,
                            "conditionId",
                            id,
                            known,
                        ));
                    }
                }
            }
            changes.push((period, list));
        }

        // Names used by anything that is evaluated in this experiment.
        let mut used: BTreeSet<&str> = BTreeSet::new();
        for f in &formulas {
            f.expr.for_each_symbol(&mut |s| {
                if let Some((&k, _)) = self.table.get_key_value(s) {
                    used.insert(k);
                }
            });
        }
        for (_, list) in &changes {
            for (_, value, _) in list {
                let Some(value) = value else { continue };
                value.for_each_symbol(&mut |s| {
                    if let Some((&k, _)) = self.table.get_key_value(s) {
                        used.insert(k);
                    }
                });
            }
        }
        let inputs: HashMap<&String, Expr> = model
            .inputs
            .iter()
            .map(|i| (&i.id, Expr::number(i.value)))
            .collect();
        let mut slots: Vec<Slot> = Vec::new();
        let mut base: Vec<Source> = Vec::new();
        let add = |slots: &mut Vec<Slot>,
                   base: &mut Vec<Source>,
                   id: &str,
                   initial_of: bool,
                   source: Source|
         -> usize {
            if let Some(i) = slots
                .iter()
                .position(|s| s.id == id && s.initial_of == initial_of)
            {
                return i;
            }
            slots.push(Slot {
                id: id.into(),
                initial_of,
                zero: false,
                active: false,
            });
            base.push(source);
            slots.len() - 1
        };
        for (j, p) in self.problem.parameters.iter().enumerate() {
            let in_model = model.parameters.iter().any(|q| q.id == p.id && !q.fixed);
            if in_model || used.contains(p.id.as_str()) {
                add(&mut slots, &mut base, &p.id, false, Source::Table(j));
            }
        }
        // Value of a constant before any condition: a number, or the formula of its initial assignment.
        let default_of = |id: &str| -> Option<&Expr> {
            let input = model.inputs.iter().find(|i| i.id == id);
            match input {
                Some(i) => Some(&inputs[&i.id]),
                None => model
                    .parameters
                    .iter()
                    .find(|p| p.id == id)
                    .map(|p| &p.value),
            }
        };
        for id in &self.request.free {
            if let Some(v) = default_of(id) {
                let source = self.source(&at_start(v, model), &mut formulas);
                add(&mut slots, &mut base, id, false, source);
            }
        }
        for (id, value) in &draft.with {
            if default_of(id).is_none() && !self.table.contains_key(id.as_str()) {
                let names = model
                    .parameters
                    .iter()
                    .map(|p| p.id.as_str())
                    .chain(model.inputs.iter().map(|p| p.id.as_str()));
                self.errors
                    .push(BindError::unknown(Table::Relations, 0, "with", id, names));
                continue;
            }
            let i = add(&mut slots, &mut base, id, false, Source::Number(*value));
            base[i] = Source::Number(*value);
        }

        let mut periods = Vec::new();
        let mut reset = Vec::new();
        for (k, (given, list)) in changes.iter().enumerate() {
            let mut period = BoundPeriod {
                start: given.start,
                reset: given.reset,
                cycle: given.cycle,
                ..BoundPeriod::default()
            };
            for &(target, value, row) in list {
                if draft.with.iter().any(|(id, _)| id == target) {
                    continue;
                }
                let first = k == 0;
                let Some(value) = value else {
                    // NaN of version 1: states and compartments keep what they have, parameters the model's value.
                    let compartment = model
                        .parameters
                        .iter()
                        .any(|p| p.id == target && p.compartment);
                    let slot = slots.iter().position(|s| s.id == target && !s.initial_of);
                    if let (Some(slot), false, false) = (slot, first, compartment) {
                        period.slots.push((slot, base[slot]));
                    }
                    continue;
                };
                let value = if first {
                    at_start(value, model)
                } else {
                    value.clone()
                };
                let source = self.source(&value, &mut formulas);
                if let Some(i) = model.state(target) {
                    if matches!(model.states[i].rate, Rate::Algebraic) {
                        self.errors.push(BindError::NotSettable {
                            row,
                            target: target.into(),
                        });
                    } else if first {
                        let slot = add(&mut slots, &mut base, target, true, Source::Number(0.0));
                        period.slots.push((slot, source));
                    } else {
                        period.states.push((i, source));
                        reset.push(target.to_string());
                    }
                } else if let Some(v) = default_of(target) {
                    let before = self.source(&at_start(v, model), &mut formulas);
                    let slot = add(&mut slots, &mut base, target, false, before);
                    period.slots.push((slot, source));
                } else {
                    let names = model
                        .parameters
                        .iter()
                        .map(|p| p.id.as_str())
                        .chain(model.inputs.iter().map(|p| p.id.as_str()))
                        .chain(model.states.iter().map(|p| p.id.as_str()));
                    self.errors.push(if model.declares(target) {
                        BindError::NotSettable {
                            row,
                            target: target.into(),
                        }
                    } else {
                        BindError::unknown(Table::Conditions, row, "targetId", target, names)
                    });
                }
            }
            periods.push(period);
        }
        // Behind pre-equilibration alone the model goes on as it is, from time 0.
        if periods.last().is_none_or(|p| p.start == f64::NEG_INFINITY) {
            periods.push(BoundPeriod::default());
        }
        self.mark(&mut slots, &base, &periods, &formulas);
        BoundExperiment {
            id: draft.id,
            model: draft.model,
            slots,
            base,
            periods,
            formulas,
            reset,
        }
    }

    /// Finds slots that are always 0 and slots that depend on estimated parameters.
    fn mark(
        &self,
        slots: &mut [Slot],
        base: &[Source],
        periods: &[BoundPeriod],
        formulas: &[BoundFormula],
    ) {
        let estimated = |source: &Source, slots: &[Slot]| match source {
            Source::Number(_) => false,
            Source::Table(j) => self.problem.parameters[*j].estimate,
            Source::Formula(f) => {
                let mut depends = false;
                formulas[*f].expr.for_each_symbol(&mut |s| {
                    depends |= slots.iter().any(|slot| slot.id == s && slot.active)
                        || self.table.get(s).is_some_and(|&j| self.problem.parameters[j].estimate)
                        // A later period's expression may use states, which depend on everything.
                        || self.models.iter().any(|m| m.state(s).is_some() || m.assignments.iter().any(|a| a.id == s));
                });
                depends
            }
        };
        // A slot may depend on one behind it: a second pass sees what the first found.
        let n = slots.len();
        for i in (0..n).chain(0..n) {
            // A slot that the first period sets never shows its base value.
            let set_first = periods
                .first()
                .is_some_and(|p| p.slots.iter().any(|(s, _)| *s == i));
            let sources: Vec<&Source> = (!set_first)
                .then_some(&base[i])
                .into_iter()
                .chain(periods.iter().flat_map(|p| {
                    p.slots
                        .iter()
                        .filter(|(s, _)| *s == i)
                        .map(|(_, source)| source)
                }))
                .collect();
            slots[i].active = sources.iter().any(|s| estimated(s, slots));
            slots[i].zero = !self.request.free.contains(&slots[i].id)
                && sources
                    .iter()
                    .all(|s| matches!(s, Source::Number(v) if *v == 0.0));
        }
    }

    fn source(&mut self, value: &Expr, formulas: &mut Vec<BoundFormula>) -> Source {
        if let Some(v) = number_of(value) {
            return Source::Number(v);
        }
        if let Kind::Symbol(name) = &value.kind
            && let Some(&j) = self.table.get(name.as_str())
        {
            return Source::Table(j);
        }
        let formula = BoundFormula {
            expr: value.clone(),
            placeholders: Vec::new(),
            prefer_output: None,
        };
        let at = match formulas.iter().position(|f| *f == formula) {
            Some(i) => i,
            None => {
                formulas.push(formula);
                formulas.len() - 1
            }
        };
        Source::Formula(at)
    }
}

/// An expression at the start, where states have their initial values: `depot + 100` of a dose at time 0.
fn at_start(value: &Expr, model: &Model) -> Expr {
    let mut value = value.clone();
    // Assignments and initial values refer to one another at most as often as there are of them.
    for _ in 0..=model.assignments.len() + model.states.len() {
        let mut changed = false;
        value.for_each_symbol(&mut |s| {
            changed |= model.state(s).is_some() || model.assignments.iter().any(|a| a.id == s);
        });
        if !changed {
            break;
        }
        value = value.substitute(&|s| {
            let state = model.states.iter().find(|x| x.id == s);
            let assigned = || model.assignments.iter().find(|a| a.id == s);
            match state {
                Some(state) => Some(state.initial.clone()),
                None => assigned().map(|a| a.value.clone()),
            }
        });
    }
    value
}
