//! Rows and probes with their formulas and overrides.

use crate::math::{Expr, Kind};
use crate::problem::{Measurement, Observable, number_of};

use super::{
    BindError, Binder, BoundFormula, BoundProbe, BoundRow, Draft, Noise, Probe, Reading, Source,
    Summary, Table,
};

impl Binder<'_> {
    fn model_index(&mut self, id: &str, row: usize) -> Option<usize> {
        if id.is_empty() {
            return Some(0);
        }
        let found = self.problem.models.iter().position(|m| m.id == id);
        if found.is_none() {
            self.errors.push(BindError::unknown(
                Table::Measurements,
                row,
                "modelId",
                id,
                self.problem.models.iter().map(|m| m.id.as_str()),
            ));
        }
        found
    }

    fn draft(&mut self, model: usize, id: &str, with: &[(String, f64)]) -> usize {
        let key = (
            model,
            id.to_string(),
            with.iter()
                .map(|(n, v)| format!("{n}={v};"))
                .collect::<String>(),
        );
        if let Some(&i) = self.keys.get(&key) {
            return i;
        }
        self.experiments.push(Draft {
            id: id.into(),
            model,
            with: with.to_vec(),
        });
        self.formulas.push(Vec::new());
        self.keys.insert(key, self.experiments.len() - 1);
        self.experiments.len() - 1
    }

    fn formula(&mut self, experiment: usize, formula: BoundFormula) -> usize {
        let list = &mut self.formulas[experiment];
        if let Some(i) = list.iter().position(|f| *f == formula) {
            return i;
        }
        list.push(formula);
        list.len() - 1
    }

    pub(super) fn row(&mut self, k: usize, m: &Measurement) -> Option<BoundRow> {
        let model = self.model_index(&m.model, m.row)?;
        let Some(&o) = self.by_id.observables.get(m.observable.as_str()) else {
            let known = self.problem.observables.iter().map(|o| o.id.as_str());
            self.errors.push(BindError::unknown(
                Table::Measurements,
                m.row,
                "observableId",
                &m.observable,
                known,
            ));
            return None;
        };
        if !m.experiment.is_empty() && !self.by_id.experiments.contains_key(m.experiment.as_str()) {
            let known = self.problem.experiments.iter().map(|e| e.id.as_str());
            self.errors.push(BindError::unknown(
                Table::Measurements,
                m.row,
                "experimentId",
                &m.experiment,
                known,
            ));
            return None;
        }
        let observable = &self.problem.observables[o];
        let experiment = self.draft(model, &m.experiment, &[]);
        let placeholders: Vec<String> = observable
            .placeholders
            .iter()
            .chain(&observable.noise_placeholders)
            .cloned()
            .collect();
        let formula = self.formula(
            experiment,
            BoundFormula {
                expr: self.expand(&observable.formula, observable, model, 0),
                placeholders: placeholders.clone(),
                prefer_output: Some(observable.id.clone()),
            },
        );
        // A censored group may give n without a scatter: σ then comes from the noise formula.
        let reported =
            m.summary.as_ref().is_some_and(|s| !s.sd.is_nan()) && m.noise_parameters.is_empty();
        let noise = if reported {
            Noise::Reported
        } else {
            let expr = self.expand(&observable.noise_formula, observable, model, 0);
            Noise::Formula(self.formula(
                experiment,
                BoundFormula {
                    expr,
                    placeholders,
                    prefer_output: Some(observable.id.clone()),
                },
            ))
        };
        let mut sources = Vec::new();
        let overrides = [
            (
                "observableParameters",
                &observable.placeholders,
                &m.observable_parameters,
            ),
            (
                "noiseParameters",
                &observable.noise_placeholders,
                &m.noise_parameters,
            ),
        ];
        for (column, names, values) in overrides {
            if names.len() != values.len() && !(reported && column == "noiseParameters") {
                self.errors.push(BindError::Overrides {
                    row: m.row,
                    column,
                    expected: names.len(),
                    found: values.len(),
                });
                return None;
            }
            for value in values {
                match &value.kind {
                    Kind::Symbol(name) => match self.table.get(name.as_str()) {
                        Some(&j) => sources.push(Source::Table(j)),
                        None => match self.models[model]
                            .parameters
                            .iter()
                            .find(|p| p.id == *name)
                            .and_then(|p| p.value.as_number())
                        {
                            Some(v) => sources.push(Source::Number(v)),
                            None => {
                                let known = self.problem.parameters.iter().map(|p| p.id.as_str());
                                self.errors.push(BindError::unknown(
                                    Table::Measurements,
                                    m.row,
                                    column,
                                    name,
                                    known,
                                ));
                            }
                        },
                    },
                    _ => match number_of(value) {
                        Some(v) => sources.push(Source::Number(v)),
                        None => self
                            .errors
                            .push(BindError::OverrideExpression { row: m.row, column }),
                    },
                }
            }
        }
        Some(BoundRow {
            experiment,
            time: m.time,
            observable: formula,
            noise,
            placeholders: sources,
            measurement: k,
            observable_row: o,
        })
    }

    pub(super) fn probe(&mut self, p: &Probe) -> Option<BoundProbe> {
        let known =
            self.by_id.experiments.contains_key(p.experiment.as_str()) || p.experiment.is_empty();
        if !known {
            let names = self.problem.experiments.iter().map(|e| e.id.as_str());
            self.errors.push(BindError::unknown(
                Table::Expression,
                0,
                "experiment",
                &p.experiment,
                names,
            ));
            return None;
        }
        let of_rows = self.problem.measurements.iter();
        let of_rows = of_rows
            .filter(|m| m.experiment == p.experiment && !m.model.is_empty())
            .find_map(|m| self.problem.models.iter().position(|f| f.id == m.model));
        let index = of_rows.unwrap_or(0);
        let experiment = self.draft(index, &p.experiment, &p.with);
        let model = &self.models[index];
        let observable = self.problem.observables.iter().find(|o| o.id == p.quantity);
        let expr = match observable {
            Some(o) => self.expand(&o.formula, o, index, 0),
            None if model.declares(&p.quantity) => Expr::symbol(p.quantity.clone()),
            None => {
                let names = self
                    .problem
                    .observables
                    .iter()
                    .map(|o| o.id.as_str())
                    .chain(model.outputs.iter().map(|o| o.id.as_str()));
                self.errors.push(BindError::unknown(
                    Table::Expression,
                    0,
                    "observable",
                    &p.quantity,
                    names,
                ));
                return None;
            }
        };
        let placeholders = observable
            .map(|o| o.placeholders.clone())
            .unwrap_or_default();
        if !placeholders.is_empty() {
            self.errors.push(BindError::ProbeWithPlaceholders {
                observable: p.quantity.clone(),
            });
            return None;
        }
        let expr = match &p.reading {
            Reading::Over {
                summary: Summary::Above(level),
                ..
            } => Expr::binary(crate::math::BinaryOp::Sub, expr, level.clone()),
            _ => expr,
        };
        let formula = self.formula(
            experiment,
            BoundFormula {
                expr,
                placeholders,
                prefer_output: Some(p.quantity.clone()),
            },
        );
        Some(BoundProbe {
            experiment,
            reading: p.reading.clone(),
            formula,
        })
    }

    /// A formula of an observable with the observables that it names written out. An observable's formula that is its own
    /// id means the model's output or state, and so does a name that the model declares in version 1.
    fn expand(&self, formula: &Expr, own: &Observable, model: usize, depth: usize) -> Expr {
        let model_wins = self.problem.petab_version == 1;
        formula.substitute(&|name| {
            let known = own.placeholders.iter().chain(&own.noise_placeholders);
            let taken = known.into_iter().any(|p| p == name)
                || self.table.contains_key(name)
                || ((model_wins || name != own.id) && self.models[model].declares(name));
            if taken || depth > self.problem.observables.len() {
                return None;
            }
            let other = self.problem.observables.iter().find(|o| o.id == name)?;
            if is_name(&other.formula, name) || (name == own.id && *formula == own.formula) {
                return None;
            }
            Some(self.expand(&other.formula, other, model, depth + 1))
        })
    }
}

fn is_name(expr: &Expr, name: &str) -> bool {
    matches!(&expr.kind, Kind::Symbol(s) if s == name)
}
