//! Conditions and experiments as they go out: long in version 2, one wide row a period in version 1.

use std::collections::{BTreeMap, HashMap};

use super::Writer;
use super::rows::Rows;
use crate::math::Expr;
use crate::problem::{Experiment, number_of};

/// What the periods of an experiment are called in version 1.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Pair {
    pub before: Option<String>,
    pub simulation: String,
}

/// Conditions of version 1, and the pair of each experiment; an experiment that it cannot express has none.
#[derive(Default)]
pub(super) struct Wide {
    pub targets: Vec<String>,
    pub conditions: Vec<(String, BTreeMap<String, String>)>,
    pub pairs: HashMap<String, Pair>,
}

impl Writer<'_> {
    /// Experiments in the terms of version 1 (empty for version 2).
    pub(super) fn experiments(&mut self, rows: &Rows) -> Wide {
        let mut wide = Wide::default();
        if !self.v1 {
            return wide;
        }
        let mut used: Vec<&str> = Vec::new();
        for r in &rows.rows {
            if !used.contains(&r.of.experiment.as_str()) {
                used.push(&r.of.experiment);
            }
        }
        for id in used {
            let as_is = Experiment {
                id: "as_is".into(),
                periods: Vec::new(),
            };
            let experiment = self.problem.experiments.iter().find(|e| e.id == id);
            match self.pair(experiment.unwrap_or(&as_is), &mut wide) {
                Ok(pair) => {
                    wide.pairs.insert(id.to_string(), pair);
                }
                Err(why) => self
                    .left_out
                    .push(format!("experiment `{id}` and its rows: {why}")),
            }
        }
        // A parameter that a condition does not set has the model's value; an empty cell is for states only.
        let defaults: HashMap<&str, f64> = self
            .models
            .iter()
            .flat_map(|m| m.defaults.iter().map(|(id, v)| (id.as_str(), *v)))
            .collect();
        for (_, cells) in &mut wide.conditions {
            for target in &wide.targets {
                if let (None, Some(v)) = (cells.get(target), defaults.get(target.as_str())) {
                    cells.insert(target.clone(), super::number(*v));
                }
            }
        }
        wide
    }

    fn pair(&self, e: &Experiment, wide: &mut Wide) -> Result<Pair, String> {
        let starts: Vec<f64> = e.periods.iter().map(|p| p.start).collect();
        let before = match starts.as_slice() {
            [] | [0.0] => false,
            [a, 0.0] if *a == f64::NEG_INFINITY => true,
            _ => return Err("version 1 has one period from time 0, and one before it".into()),
        };
        let mut carried: BTreeMap<String, String> = BTreeMap::new();
        let mut ids = Vec::new();
        for (k, period) in e.periods.iter().enumerate() {
            let mut cells = BTreeMap::new();
            for id in &period.conditions {
                let Some(c) = self.problem.conditions.iter().find(|c| c.id == *id) else {
                    continue;
                };
                for change in &c.changes {
                    let Some(value) = &change.value else { continue };
                    cells.insert(change.target.clone(), cell(value)?);
                }
            }
            for target in cells.keys() {
                if !wide.targets.contains(target) {
                    wide.targets.push(target.clone());
                }
            }
            // Parameters keep across periods in version 2; in version 1 every condition says all of them.
            let is_parameter = |t: &String| {
                self.models
                    .iter()
                    .any(|m| m.defaults.iter().any(|(id, _)| id == t))
            };
            for (t, v) in &carried {
                if is_parameter(t) && !cells.contains_key(t) {
                    cells.insert(t.clone(), v.clone());
                }
            }
            carried.clone_from(&cells);
            let name = if before && k == 0 {
                format!("{}_before", e.id)
            } else {
                e.id.clone()
            };
            ids.push(name.clone());
            wide.conditions.push((name, cells));
        }
        if ids.is_empty() {
            ids.push(e.id.clone());
            wide.conditions.push((e.id.clone(), BTreeMap::new()));
        }
        let simulation = ids.pop().unwrap_or_default();
        Ok(Pair {
            before: ids.pop(),
            simulation,
        })
    }
}

/// A cell of the wide table: a number or a parameter.
fn cell(value: &Expr) -> Result<String, String> {
    if let Some(v) = number_of(value) {
        return Ok(super::number(v));
    }
    match &value.kind {
        crate::math::Kind::Symbol(name) => Ok(name.clone()),
        _ => Err(format!(
            "version 1 has no expressions in conditions (`{value}`)"
        )),
    }
}
