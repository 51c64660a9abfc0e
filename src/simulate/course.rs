//! Time courses of a model on its own, without data.

use crate::bind::{BindError, Bound, BoundExperiment, BoundFormula, BoundPeriod, Slot, Source};
use crate::math::{BinaryOp, Expr};
use crate::model::Model;
use crate::system::Engine;

use super::{Settings, SimulateError, Workspace, build};

/// How a species is reported.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Show {
    /// As its name stands in mathematics.
    #[default]
    Named,
    /// Amount.
    Amount,
    /// Concentration: amount by size of the compartment.
    Concentration,
}

/// What to simulate.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Request {
    /// Start of the simulation, where the initial values hold.
    pub start: f64,
    /// Times to report, ascending, none before the start.
    pub times: Vec<f64>,
    /// Quantities to report: parameters, inputs, states, assignments, outputs; for SBML also species, compartments, reactions.
    pub variables: Vec<(String, Show)>,
    /// Values of parameters and inputs instead of the model's.
    pub set: Vec<(String, f64)>,
}

/// A time course.
#[derive(Debug, Clone, PartialEq)]
pub struct Course {
    /// Times.
    pub times: Vec<f64>,
    /// Names of the columns.
    pub names: Vec<String>,
    /// Values, row-major, one row a time.
    pub values: Vec<f64>,
}

/// Why a time course could not be computed.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum CourseError {
    /// A name that the model does not declare.
    #[error("`{name}` is not defined{}", hint(.similar))]
    Unknown {
        /// Name.
        name: String,
        /// Similar names.
        similar: Vec<String>,
    },
    /// A time before the start or out of order.
    #[error("times must ascend from the start {start}; {found} does not")]
    Times {
        /// Start.
        start: f64,
        /// Offending time.
        found: f64,
    },
    /// The model cannot be compiled.
    #[error("{0}")]
    Compile(BindError),
    /// The simulation failed.
    #[error("{0}")]
    Simulate(#[from] SimulateError),
}

fn hint(similar: &[String]) -> String {
    match similar.first() {
        Some(s) => format!("; did you mean `{s}`?"),
        None => String::new(),
    }
}

/// Simulates a model from its initial values.
///
/// # Errors
/// [`CourseError`] for unknown names, times out of order, models that cannot be compiled and failed simulations.
pub fn course(model: Model, request: &Request, settings: &Settings) -> Result<Course, CourseError> {
    let mut last = request.start;
    for &t in &request.times {
        if t < last || t.is_nan() {
            return Err(CourseError::Times {
                start: request.start,
                found: t,
            });
        }
        last = t;
    }
    let unknown = |name: &str, known: &mut dyn Iterator<Item = &str>| CourseError::Unknown {
        name: name.into(),
        similar: crate::diagnostic::similar(name, known),
    };
    let mut formulas = Vec::with_capacity(request.variables.len());
    for (id, show) in &request.variables {
        if !model.declares(id) && id != "time" {
            return Err(unknown(id, &mut model.declared()));
        }
        formulas.push(BoundFormula {
            expr: shown(&model, id, *show),
            placeholders: Vec::new(),
            prefer_output: Some(id.clone()),
        });
    }
    let mut slots = Vec::with_capacity(request.set.len());
    let mut base = Vec::with_capacity(request.set.len());
    for (id, value) in &request.set {
        let settable = model.inputs.iter().any(|p| p.id == *id)
            || model.parameters.iter().any(|p| p.id == *id);
        if !settable && model.state(id).is_none() {
            return Err(unknown(id, &mut model.declared()));
        }
        slots.push(Slot {
            id: id.clone(),
            initial_of: !settable,
            zero: false,
            active: false,
        });
        base.push(Source::Number(*value));
    }
    let bound = Bound {
        models: vec![model],
        table: Vec::new(),
        experiments: vec![BoundExperiment {
            id: String::new(),
            model: 0,
            slots,
            base,
            periods: vec![BoundPeriod {
                start: request.start,
                ..BoundPeriod::default()
            }],
            formulas,
            reset: Vec::new(),
        }],
        rows: Vec::new(),
        probes: Vec::new(),
        reduce: true,
    };
    let experiments =
        build(&bound, Engine::Bytecode).map_err(|mut e| CourseError::Compile(e.swap_remove(0)))?;
    let Some(experiment) = experiments.first() else {
        return Ok(Course {
            times: Vec::new(),
            names: Vec::new(),
            values: Vec::new(),
        });
    };
    let mut ws = Workspace::new(experiment);
    let width = request.variables.len();
    let mut values = vec![f64::NAN; request.times.len() * width];
    experiment.run(
        &[],
        &[],
        &request.times,
        false,
        settings,
        &mut ws,
        &mut |i, point| {
            let row = &mut values[i * width..(i + 1) * width];
            for (k, out) in row.iter_mut().enumerate() {
                *out = point.value(experiment.formula(k), &[]);
            }
        },
    )?;
    Ok(Course {
        times: request.times.clone(),
        names: request.variables.iter().map(|(id, _)| id.clone()).collect(),
        values,
    })
}

/// The expression that shows a quantity as asked.
fn shown(model: &Model, id: &str, show: Show) -> Expr {
    let own = Expr::symbol(id);
    let Some(species) = model.species.iter().find(|s| s.id == id) else {
        return own;
    };
    let volume = Expr::symbol(species.compartment.clone());
    match (show, species.amount) {
        (Show::Amount, false) => Expr::binary(BinaryOp::Mul, own, volume),
        (Show::Concentration, true) => Expr::binary(BinaryOp::Div, own, volume),
        _ => own,
    }
}
