//! Model and tables brought together: every formula resolved into one namespace, every slot of every experiment with the
//! source of its value. Nothing here integrates.

use std::collections::HashMap;

use crate::math::Expr;
use crate::model::Model;
use crate::problem::{self, Problem, Scale};

mod alias;
mod check;
mod error;
mod experiment;
mod rows;
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
#[derive(Debug, Clone, PartialEq, Default)]
pub struct BoundPeriod {
    /// Start; −∞: to steady state.
    pub start: f64,
    /// The model first goes back to its initial values.
    pub reset: bool,
    /// Part of a cycle that is repeated until it is periodic ([`crate::problem::Period::cycle`]).
    pub cycle: bool,
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
    mut models: Vec<Model>,
    problem: &Problem,
    request: &Request,
) -> Result<Bound, Vec<BindError>> {
    let mut errors = alias::apply(&mut models, &problem.mapping);
    errors.extend(check::check(&models, problem));
    let mut binder = Binder {
        problem,
        by_id: ById::of(problem),
        table: problem
            .parameters
            .iter()
            .enumerate()
            .map(|(i, p)| (p.id.as_str(), i))
            .collect(),
        experiments: Vec::new(),
        formulas: Vec::new(),
        keys: HashMap::new(),
        errors,
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

/// Tables by their ids; of two rows with one id (which is reported elsewhere) the first.
struct ById<'a> {
    experiments: HashMap<&'a str, &'a problem::Experiment>,
    conditions: HashMap<&'a str, &'a problem::Condition>,
    observables: HashMap<&'a str, usize>,
}

impl<'a> ById<'a> {
    fn of(problem: &'a Problem) -> Self {
        let experiments = problem.experiments.iter().rev();
        let conditions = problem.conditions.iter().rev();
        let observables = problem.observables.iter().enumerate().rev();
        Self {
            experiments: experiments.map(|e| (e.id.as_str(), e)).collect(),
            conditions: conditions.map(|c| (c.id.as_str(), c)).collect(),
            observables: observables.map(|(k, o)| (o.id.as_str(), k)).collect(),
        }
    }
}

struct Binder<'a> {
    problem: &'a Problem,
    by_id: ById<'a>,
    table: HashMap<&'a str, usize>,
    experiments: Vec<Draft>,
    formulas: Vec<Vec<BoundFormula>>,
    keys: HashMap<(usize, String, String), usize>,
    errors: Vec<BindError>,
    request: &'a Request,
    models: &'a [Model],
}
