//! Names and units of the tables against the model's. Units are compared, never converted.

use crate::math::Kind;
use crate::model::Model;
use crate::problem::{Problem, Table};
use crate::units::Registry;

use super::BindError;

/// Everything about parameters, targets and observables that does not fit the models.
pub(super) fn check(models: &[Model], problem: &Problem) -> Vec<BindError> {
    let mut errors = Vec::new();
    parameters(models, problem, &mut errors);
    for (model, file) in models.iter().zip(&problem.models) {
        let of_model = |id: &str| id.is_empty() || id == file.id;
        units(model, problem, &of_model, &mut errors);
    }
    // The same cell may be wrong against several models.
    errors.dedup();
    errors
}

/// Parameters of the table that the model computes, only conditions set, or nothing knows.
fn parameters(models: &[Model], problem: &Problem, errors: &mut Vec<BindError>) {
    // Models in the model language belong to their study: a parameter that nothing uses is a misspelt one. Published
    // problems may list what they do not use.
    let own = !problem.models.is_empty() && problem.models.iter().all(|m| m.language == "mechfit");
    for p in &problem.parameters {
        for m in models {
            let computed = m.state(&p.id).is_some() || m.assignments.iter().any(|a| a.id == p.id);
            if computed || m.inputs.iter().any(|i| i.id == p.id) {
                errors.push(BindError::NotAParameter {
                    row: p.row,
                    name: p.id.clone(),
                    computed,
                });
            }
        }
        let known = models.iter().any(|m| m.declares(&p.id)) || !p.parts.is_empty();
        if own && !known && !is_used(problem, &p.id) {
            errors.push(BindError::unknown(
                Table::Parameters,
                p.row,
                "parameterId",
                &p.id,
                models
                    .iter()
                    .flat_map(|m| m.parameters.iter().map(|q| q.id.as_str())),
            ));
        }
    }
}

/// Whether any table uses a name.
fn is_used(problem: &Problem, id: &str) -> bool {
    let formulas = problem
        .observables
        .iter()
        .flat_map(|o| [&o.formula, &o.noise_formula]);
    let values = problem
        .conditions
        .iter()
        .flat_map(|c| c.changes.iter().filter_map(|ch| ch.value.as_ref()));
    let overrides = problem
        .measurements
        .iter()
        .flat_map(|m| m.observable_parameters.iter().chain(&m.noise_parameters));
    let sides = problem.relations.iter().flat_map(|r| [&r.left, &r.right]);
    let mut found = false;
    for e in formulas.chain(values).chain(overrides).chain(sides) {
        e.for_each_symbol(&mut |s| found |= s == id);
    }
    found
}

fn units(
    model: &Model,
    problem: &Problem,
    of_model: &dyn Fn(&str) -> bool,
    errors: &mut Vec<BindError>,
) {
    let registry = model.registry();
    let mut compare = |table, row, written: &Option<String>, name: &str, expected: Option<&str>| {
        if let Some(written) = written {
            errors.extend(compared(&registry, table, row, written, name, expected));
        }
    };
    for p in &problem.parameters {
        compare(Table::Parameters, p.row, &p.unit, &p.id, model.unit(&p.id));
    }
    for change in problem.conditions.iter().flat_map(|c| &c.changes) {
        let unit = model.unit(&change.target);
        compare(
            Table::Conditions,
            change.row,
            &change.unit,
            &change.target,
            unit,
        );
    }
    for o in &problem.observables {
        let here = problem
            .measurements
            .iter()
            .filter(|m| m.observable == o.id)
            .all(|m| of_model(&m.model));
        // A formula that is a name has that name's unit; an output of the observable's name comes first.
        if let (true, Kind::Symbol(name)) = (here, &o.formula.kind) {
            let output = model.outputs.iter().find(|x| x.id == *name);
            let unit = match output {
                Some(x) if *name == o.id => x.unit.as_deref(),
                _ => model.unit(name),
            };
            compare(Table::Observables, o.row, &o.unit, name, unit);
        }
    }
}

/// What is wrong with a unit in a table, if anything.
fn compared(
    registry: &Registry,
    table: Table,
    row: usize,
    written: &str,
    name: &str,
    expected: Option<&str>,
) -> Option<BindError> {
    let found = match registry.parse(written) {
        Ok(unit) => unit,
        Err(error) => {
            return Some(BindError::UnknownUnit {
                table,
                row,
                unit: written.into(),
                message: error.to_string(),
            });
        }
    };
    let expected = expected?;
    let unit = registry.parse(expected).ok()?;
    if unit.is_unknown() || found.is_unknown() || found.is_same(&unit) {
        return None;
    }
    Some(BindError::Unit {
        table,
        row,
        name: name.into(),
        found: written.into(),
        expected: expected.into(),
        factor: found.factor_to(&unit),
    })
}
