//! Model and tables brought together: every formula resolved into one namespace, every slot of every experiment with the
//! source of its value. Nothing here integrates.

use std::collections::{BTreeSet, HashMap};

use crate::math::{Expr, Kind};
use crate::model::{Model, Rate};
use crate::problem::{Experiment, Measurement, Problem, Scale};

mod error;
pub use error::{BindError, Table};

/// A slot of the parameter vector of an experiment.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Slot {
    /// Name.
    pub id: String,
    /// It is the initial value of the state of that name.
    pub initial_of: bool,
    /// It is the number 0 in every period.
    pub zero: bool,
    /// It depends on an estimated parameter in some period.
    pub active: bool,
}

/// Where a value comes from.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Source {
    /// A number.
    Number(f64),
    /// A row of the parameter table.
    Table(usize),
    /// A formula of the experiment (index into [`BoundExperiment::formulas`]).
    Formula(usize),
}

/// A formula in the namespace of a model.
#[derive(Debug, Clone, PartialEq)]
pub struct BoundFormula {
    /// The expression.
    pub expr: Expr,
    /// Placeholders in order.
    pub placeholders: Vec<String>,
    /// Name that means the model's output here.
    pub prefer_output: Option<String>,
}

/// What a period sets at its start.
#[derive(Debug, Clone, PartialEq)]
pub struct BoundPeriod {
    /// Start; −∞: to steady state.
    pub start: f64,
    /// Slots and their new values.
    pub slots: Vec<(usize, Source)>,
    /// States (of the model) and the formulas of their new values (named quantity).
    pub states: Vec<(usize, Source)>,
}

/// An experiment of one model with everything that it sets.
#[derive(Debug, Clone, PartialEq)]
pub struct BoundExperiment {
    /// Experiment id (empty: the model as it is).
    pub id: String,
    /// Index of the model.
    pub model: usize,
    /// Slots.
    pub slots: Vec<Slot>,
    /// Value of each slot before the first period's conditions.
    pub base: Vec<Source>,
    /// Periods, in order of time; at least one.
    pub periods: Vec<BoundPeriod>,
    /// Formulas that rows, probes and conditions use.
    pub formulas: Vec<BoundFormula>,
    /// Ids of states that a later period sets.
    pub reset: Vec<String>,
}

/// σ of a row.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Noise {
    /// A formula of the experiment.
    Formula(usize),
    /// From the row's own scatter and n.
    Reported,
}

/// A measurement bound to formulas.
#[derive(Debug, Clone, PartialEq)]
pub struct BoundRow {
    /// Index of the experiment.
    pub experiment: usize,
    /// Time (+∞: steady state of the last period).
    pub time: f64,
    /// Formula of the observable.
    pub observable: usize,
    /// σ.
    pub noise: Noise,
    /// Values of the placeholders, observable's first.
    pub placeholders: Vec<Source>,
    /// Index into the measurement table.
    pub measurement: usize,
    /// Index into the observable table.
    pub observable_row: usize,
}

/// What is asked of the course of a quantity.
#[derive(Debug, Clone, PartialEq)]
pub enum Reading {
    /// Its value at a time (+∞: steady state).
    At(f64),
    /// A summary over a span of time.
    Over {
        /// Start of the span.
        from: f64,
        /// End of the span.
        to: f64,
        /// What is asked.
        summary: Summary,
    },
}

/// A summary of a course over a span of time.
#[derive(Debug, Clone, PartialEq)]
pub enum Summary {
    /// Largest value.
    Maximum,
    /// Smallest value.
    Minimum,
    /// Integral over time.
    Area,
    /// How long the course lies above a level: an expression over the entities of the model and the parameter table.
    Above(Expr),
}

/// A quantity to read from a simulation: `observable@experiment@time` with overrides.
#[derive(Debug, Clone, PartialEq)]
pub struct Probe {
    /// Observable, output, state or assignment.
    pub quantity: String,
    /// Experiment.
    pub experiment: String,
    /// What is asked of its course.
    pub reading: Reading,
    /// Parameter values instead of the table's (a counterfactual), natural scale.
    pub with: Vec<(String, f64)>,
}

/// A probe bound to an experiment.
#[derive(Debug, Clone, PartialEq)]
pub struct BoundProbe {
    /// Index of the experiment.
    pub experiment: usize,
    /// What is asked of its course.
    pub reading: Reading,
    /// Formula; for the time above a level the quantity minus the level.
    pub formula: usize,
}

/// A parameter of the table.
#[derive(Debug, Clone, PartialEq)]
pub struct TableParameter {
    /// Id.
    pub id: String,
    /// Whether it is estimated.
    pub estimate: bool,
    /// Nominal value.
    pub nominal: f64,
    /// Scale.
    pub scale: Scale,
}

/// What to bind beside the rows of the problem.
#[derive(Debug, Clone, Default)]
pub struct Request {
    /// Probes.
    pub probes: Vec<Probe>,
    /// Inputs and parameters that keep a slot of their own in every experiment, so that they can be varied.
    pub free: Vec<String>,
    /// Keep every state, so that each can be shown.
    pub keep_states: bool,
}

/// Models and tables in one namespace.
#[derive(Debug, Clone)]
pub struct Bound {
    /// Models.
    pub models: Vec<Model>,
    /// Parameter table.
    pub table: Vec<TableParameter>,
    /// Experiments: those of rows and probes.
    pub experiments: Vec<BoundExperiment>,
    /// Rows, in the order of the measurement table.
    pub rows: Vec<BoundRow>,
    /// Probes, in the order of the request.
    pub probes: Vec<BoundProbe>,
    /// Drop states whose rate vanishes identically.
    pub reduce: bool,
}

/// Brings models (in the order of `problem.models`) and tables together.
///
/// # Errors
/// Every name that cannot be resolved and every target that cannot be set, with table, row and column.
pub fn bind(
    models: Vec<Model>,
    problem: &Problem,
    request: &Request,
) -> Result<Bound, Vec<BindError>> {
    let mut binder = Binder {
        problem,
        table: problem
            .parameters
            .iter()
            .enumerate()
            .map(|(i, p)| (p.id.as_str(), i))
            .collect(),
        experiments: Vec::new(),
        formulas: Vec::new(),
        keys: HashMap::new(),
        errors: Vec::new(),
        request,
        models: &models,
    };
    let mut rows = Vec::new();
    for (k, m) in problem.measurements.iter().enumerate() {
        if let Some(row) = binder.row(k, m) {
            rows.push(row);
        }
    }
    let mut probes = Vec::new();
    for p in &request.probes {
        if let Some(bound) = binder.probe(p) {
            probes.push(bound);
        }
    }
    let drafts = std::mem::take(&mut binder.experiments);
    let formulas = std::mem::take(&mut binder.formulas);
    let mut experiments = Vec::new();
    for (draft, formulas) in drafts.into_iter().zip(formulas) {
        experiments.push(binder.experiment(draft, formulas));
    }
    if !binder.errors.is_empty() {
        return Err(binder.errors);
    }
    let table = problem
        .parameters
        .iter()
        .map(|p| TableParameter {
            id: p.id.clone(),
            estimate: p.estimate,
            nominal: p.nominal.unwrap_or(f64::NAN),
            scale: p.scale,
        })
        .collect();
    Ok(Bound {
        models,
        table,
        experiments,
        rows,
        probes,
        reduce: !request.keep_states,
    })
}

/// An experiment before its slots are known.
struct Draft {
    id: String,
    model: usize,
    with: Vec<(String, f64)>,
}

struct Binder<'a> {
    problem: &'a Problem,
    table: HashMap<&'a str, usize>,
    experiments: Vec<Draft>,
    formulas: Vec<Vec<BoundFormula>>,
    keys: HashMap<(usize, String, String), usize>,
    errors: Vec<BindError>,
    request: &'a Request,
    models: &'a [Model],
}

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

    fn row(&mut self, k: usize, m: &Measurement) -> Option<BoundRow> {
        let model = self.model_index(&m.model, m.row)?;
        let Some(o) = self
            .problem
            .observables
            .iter()
            .position(|o| o.id == m.observable)
        else {
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
        if !m.experiment.is_empty()
            && !self
                .problem
                .experiments
                .iter()
                .any(|e| e.id == m.experiment)
        {
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
                expr: observable.formula.clone(),
                placeholders: placeholders.clone(),
                prefer_output: Some(observable.id.clone()),
            },
        );
        let reported = m.summary.is_some() && m.noise_parameters.is_empty();
        let noise = if reported {
            Noise::Reported
        } else {
            // The noise formula may use its own observable.
            let own = observable.formula.clone();
            let expr = observable.noise_formula.substitute(&|name| {
                (name == observable.id && !own_name(&own, name)).then(|| own.clone())
            });
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
                    _ => match constant(value) {
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

    fn probe(&mut self, p: &Probe) -> Option<BoundProbe> {
        let known = self
            .problem
            .experiments
            .iter()
            .any(|e| e.id == p.experiment)
            || p.experiment.is_empty();
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
        let experiment = self.draft(0, &p.experiment, &p.with);
        let model = &self.models[0];
        let observable = self.problem.observables.iter().find(|o| o.id == p.quantity);
        let expr = match observable {
            Some(o) => o.formula.clone(),
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

    fn experiment(&mut self, draft: Draft, mut formulas: Vec<BoundFormula>) -> BoundExperiment {
        let model = &self.models[draft.model];
        let as_is = Experiment {
            id: String::new(),
            periods: vec![crate::problem::Period {
                start: 0.0,
                conditions: Vec::new(),
            }],
        };
        let experiment = self
            .problem
            .experiments
            .iter()
            .find(|e| e.id == draft.id)
            .unwrap_or(&as_is);
        // What each period sets: (target, value expression, table row).
        let mut changes = Vec::new();
        for period in &experiment.periods {
            let mut list = Vec::new();
            for id in &period.conditions {
                match self.problem.conditions.iter().find(|c| c.id == *id) {
                    Some(c) => list.extend(c.changes.iter().filter_map(|ch| {
                        ch.value.as_ref().map(|v| (ch.target.as_str(), v, ch.row))
                    })),
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
            changes.push((period.start, list));
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
                value.for_each_symbol(&mut |s| {
                    if let Some((&k, _)) = self.table.get_key_value(s) {
                        used.insert(k);
                    }
                });
            }
        }
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
        let default_of = |id: &str| -> Option<f64> {
            model
                .inputs
                .iter()
                .find(|i| i.id == id)
                .map(|i| i.value)
                .or_else(|| {
                    model
                        .parameters
                        .iter()
                        .find(|p| p.id == id)
                        .map(|p| p.value.as_number().unwrap_or(0.0))
                })
        };
        for id in &self.request.free {
            if let Some(v) = default_of(id) {
                add(&mut slots, &mut base, id, false, Source::Number(v));
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
        for (k, (start, list)) in changes.iter().enumerate() {
            let mut period = BoundPeriod {
                start: *start,
                slots: Vec::new(),
                states: Vec::new(),
            };
            for &(target, value, row) in list {
                if draft.with.iter().any(|(id, _)| id == target) {
                    continue;
                }
                let source = self.source(value, &mut formulas);
                let first = k == 0;
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
                    let slot = add(&mut slots, &mut base, target, false, Source::Number(v));
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
            periods.push(BoundPeriod {
                start: 0.0,
                slots: Vec::new(),
                states: Vec::new(),
            });
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
        for i in 0..slots.len() {
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
        if let Some(v) = constant(value) {
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

fn own_name(expr: &Expr, name: &str) -> bool {
    matches!(&expr.kind, Kind::Symbol(s) if s == name)
}

/// A number, with signs.
fn constant(value: &Expr) -> Option<f64> {
    match &value.kind {
        Kind::Number(v) => Some(*v),
        Kind::Unary(crate::math::UnaryOp::Neg, a) => constant(a).map(|v| -v),
        Kind::Unary(crate::math::UnaryOp::Plus, a) => constant(a),
        _ => None,
    }
}
