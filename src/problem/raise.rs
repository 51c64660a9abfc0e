//! Problems of PEtab version 1 in the terms of version 2.
//!
//! A pair of pre-equilibration and simulation condition becomes an experiment: a period from −∞ with the first, one from 0
//! with the second. `NaN` in a condition stays a change without value. Several problems in one YAML become one problem of
//! several models; an id that two of them use for different things is given the model's name as a suffix.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use super::load::Loader;
use super::manifest::{Manifest, Part};
use super::places::Table;
use super::read::{self, Format, V1Row};
use super::{Condition, Experiment, Measurement, ModelFile, Observable, Period};
use crate::diagnostic::{Finding, Source};
use crate::math::Expr;

/// Reads a problem of version 1.
pub(super) fn problem(
    loader: &mut Loader,
    manifest: &Manifest,
    source: &Arc<Source>,
    format: Format,
) {
    loader.needed("parameter_file", manifest.parameter_file.is_some(), source);
    for sheet in loader.sheets(Table::Parameters, &manifest.parameter_file, source) {
        let rows = read::parameters(&sheet, format, &mut loader.findings);
        loader.problem.parameters.extend(rows);
        loader.places.push(sheet);
    }
    let parts = manifest.problems.as_deref().unwrap_or_default();
    loader.needed("problems", !parts.is_empty(), source);
    for part in parts {
        one(loader, part, parts.len() > 1, source, format);
    }
}

fn one(loader: &mut Loader, part: &Part, several: bool, source: &Arc<Source>, format: Format) {
    let models = part.sbml_files.as_ref().map_or(&[][..], |n| &n.0);
    let model = match models {
        [name] => {
            let path = loader.existing(source, name);
            let id = model_id(loader, &path);
            loader.problem.models.push(ModelFile {
                id: id.clone(),
                path,
                language: "sbml".into(),
                parts: Vec::new(),
            });
            id
        }
        [] => {
            loader.needed("sbml_files", false, source);
            return;
        }
        [_, second, ..] => {
            let at = super::manifest::offset(source, second.referenced);
            loader.findings.push(
                Finding::error("several-models", "a problem of version 1 has one model")
                    .at(source, at..at + second.value.len(), "a second one")
                    .help("make it a further entry of `problems`, with its own tables"),
            );
            return;
        }
    };
    let conditions = conditions(loader, part, source, &model);
    let observables = observables(loader, part, source, format, &model);
    let mut rows: Vec<(Measurement, V1Row)> = Vec::new();
    loader.needed(
        "measurement_files",
        part.measurement_files
            .as_ref()
            .is_some_and(|n| !n.0.is_empty()),
        source,
    );
    for sheet in loader.sheets(Table::Measurements, &part.measurement_files, source) {
        rows.extend(read::measurements_v1(&sheet, format, &mut loader.findings));
        loader.places.push(sheet);
    }
    for sheet in loader.sheets(Table::Mapping, &part.mapping_files, source) {
        let pairs = read::mapping(&sheet, &mut loader.findings);
        loader.problem.mapping.extend(pairs);
        loader.places.push(sheet);
    }
    let mut pairs: HashMap<V1Row, String> = HashMap::new();
    for (mut m, pair) in rows {
        if let Some(id) = observables.get(&m.observable) {
            m.observable.clone_from(id);
        }
        let experiment = match pairs.get(&pair) {
            Some(id) => id.clone(),
            None => {
                let Some(id) = experiment(loader, &pair, &conditions, m.row) else {
                    continue;
                };
                pairs.insert(pair.clone(), id.clone());
                id
            }
        };
        m.experiment = experiment;
        if several {
            m.model.clone_from(&model);
        }
        m.v1_conditions = Some((pair.0.unwrap_or_default(), pair.1));
        loader.problem.measurements.push(m);
    }
}

/// Stem of the model's file, made different from those before it.
fn model_id(loader: &Loader, path: &Path) -> String {
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    let taken = |id: &str| loader.problem.models.iter().any(|m| m.id == id);
    let mut id = stem.to_string();
    let mut k = 2;
    while taken(&id) {
        id = format!("{stem}_{k}");
        k += 1;
    }
    id
}

/// Reads the conditions of one problem; the result maps their ids to the ids in the whole problem.
fn conditions(
    loader: &mut Loader,
    part: &Part,
    source: &Arc<Source>,
    model: &str,
) -> HashMap<String, String> {
    let mut names = HashMap::new();
    for sheet in loader.sheets(Table::Conditions, &part.condition_files, source) {
        for mut condition in read::wide_conditions(&sheet, &mut loader.findings) {
            let original = condition.id.clone();
            if names.contains_key(&original) {
                let row = condition.changes.first().map_or(0, |c| c.row);
                let finding = Finding::error(
                    "duplicate-id",
                    format!("condition `{original}` is declared twice"),
                );
                loader.findings.push(match sheet.find(row) {
                    Some(r) => r.finding(finding, sheet.column("conditionId"), "second"),
                    None => finding.in_file(sheet.source.path.clone()),
                });
                continue;
            }
            let taken: Option<&Condition> =
                loader.problem.conditions.iter().find(|c| c.id == original);
            if taken.is_some() {
                condition.id = format!("{original}_{model}");
            }
            names.insert(original, condition.id.clone());
            loader.problem.conditions.push(condition);
        }
        loader.places.push(sheet);
    }
    names
}

/// Reads the observables of one problem; the result maps their ids to the ids in the whole problem.
fn observables(
    loader: &mut Loader,
    part: &Part,
    source: &Arc<Source>,
    format: Format,
    model: &str,
) -> HashMap<String, String> {
    let mut names = HashMap::new();
    loader.needed(
        "observable_files",
        part.observable_files
            .as_ref()
            .is_some_and(|n| !n.0.is_empty()),
        source,
    );
    let mut list: Vec<Observable> = Vec::new();
    for sheet in loader.sheets(Table::Observables, &part.observable_files, source) {
        list.extend(read::observables(&sheet, format, &mut loader.findings));
        loader.places.push(sheet);
    }
    for mut o in list {
        let original = o.id.clone();
        let other = loader.problem.observables.iter().find(|x| x.id == original);
        if names.contains_key(&original) {
            // A repeated id within one problem is reported by the check of the whole.
        } else if let Some(other) = other {
            let same = Observable {
                row: o.row,
                ..other.clone()
            } == o;
            if same {
                names.insert(original.clone(), original);
                continue;
            }
            o.id = format!("{original}_{model}");
            let (old, new) = (original.clone(), o.id.clone());
            o.noise_formula = o
                .noise_formula
                .substitute(&|s| (s == old).then(|| Expr::symbol(new.clone())));
        }
        names.insert(original, o.id.clone());
        loader.problem.observables.push(o);
    }
    names
}

/// The experiment of a pair of conditions, made if there is none; `None` if a condition is not defined (reported).
fn experiment(
    loader: &mut Loader,
    (before, simulation): &V1Row,
    conditions: &HashMap<String, String>,
    row: usize,
) -> Option<String> {
    let mut known = true;
    let mut resolve = |id: &str, column: &str| match conditions.get(id) {
        Some(id) => id.clone(),
        None => {
            known = false;
            let finding = Finding::error(
                "undefined-condition",
                format!("condition `{id}` is not defined"),
            );
            let near = crate::diagnostic::similar(id, conditions.keys().map(String::as_str));
            let finding = match near.first() {
                Some(n) => finding.help(format!("did you mean `{n}`?")),
                None => finding.help("add a row for it to the condition table"),
            };
            let finding = loader
                .places
                .locate(finding, Table::Measurements, row, column, "");
            loader.findings.push(finding);
            String::new()
        }
    };
    let simulation_id = resolve(simulation, "simulationConditionId");
    let before_id = before
        .as_ref()
        .map(|b| resolve(b, "preequilibrationConditionId"));
    if !known {
        return None;
    }
    let mut id = match &before_id {
        Some(b) => format!("{b}__{simulation_id}"),
        None => simulation_id.clone(),
    };
    while loader.problem.experiments.iter().any(|e| e.id == id) {
        id.push('_');
    }
    let mut periods = Vec::new();
    if let Some(b) = before_id {
        periods.push(Period::new(f64::NEG_INFINITY, vec![b]));
    }
    periods.push(Period::new(0.0, vec![simulation_id]));
    loader.problem.experiments.push(Experiment {
        id: id.clone(),
        periods,
    });
    Some(id)
}
