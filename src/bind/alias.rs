//! The mapping table: entities of the model under the names that the tables use.

use crate::math::Expr;
use crate::model::{Model, Rate};
use crate::problem::Table;

use super::BindError;

/// Renames mapped entities in the models that have them; an entity that no model has is an error.
///
/// A local parameter of SBML is written `reaction.parameter` in the table; the reader calls it `reaction_parameter`.
pub(super) fn apply(models: &mut [Model], mapping: &[(String, String)]) -> Vec<BindError> {
    let mut errors = Vec::new();
    for (petab, entity) in mapping {
        let mut found = false;
        for model in models.iter_mut() {
            let local = entity.replace('.', "_");
            let name = match (model.declares(entity), model.declares(&local)) {
                (true, _) => entity.clone(),
                (false, true) => local,
                (false, false) => continue,
            };
            found = true;
            if name != *petab {
                rename(model, &name, petab);
            }
        }
        if !found {
            let known = models.iter().flat_map(Model::declared);
            errors.push(BindError::unknown(
                Table::Mapping,
                0,
                "modelEntityId",
                entity,
                known,
            ));
        }
    }
    errors
}

/// Gives an entity another name wherever it is declared or used.
fn rename(model: &mut Model, from: &str, to: &str) {
    let name = |id: &mut String| {
        if id == from {
            *id = to.to_string();
        }
    };
    let expr = |e: &mut Expr| *e = e.substitute(&|s| (s == from).then(|| Expr::symbol(to)));
    for p in &mut model.parameters {
        name(&mut p.id);
        expr(&mut p.value);
    }
    for i in &mut model.inputs {
        name(&mut i.id);
    }
    for s in &mut model.states {
        name(&mut s.id);
        expr(&mut s.initial);
        if let Rate::Differential(rate) = &mut s.rate {
            expr(rate);
        }
        s.volume.iter_mut().for_each(name);
    }
    for a in &mut model.assignments {
        name(&mut a.id);
        expr(&mut a.value);
    }
    for o in &mut model.outputs {
        name(&mut o.id);
        expr(&mut o.value);
    }
    model.algebraic.iter_mut().for_each(expr);
    for e in &mut model.events {
        expr(&mut e.trigger);
        e.delay.iter_mut().for_each(expr);
        e.priority.iter_mut().for_each(expr);
        for (target, value) in &mut e.assignments {
            name(target);
            expr(value);
        }
    }
    for s in &mut model.species {
        name(&mut s.id);
        name(&mut s.compartment);
    }
    for r in &mut model.reactions {
        for list in [&mut r.reactants, &mut r.products, &mut r.modifiers] {
            list.iter_mut().for_each(name);
        }
        expr(&mut r.rate);
    }
}
