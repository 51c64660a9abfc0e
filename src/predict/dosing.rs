//! Turns doses into parameters: a problem in which chosen inputs of an experiment have the value of a coordinate of
//! their own, so that responses to them, and the gradients, come from the same machinery as everything else.

use crate::math::{Expr, Kind, UnaryOp};
use crate::model::Model;
use crate::objective::{BuildError, BuildOptions, EvalError, Objective, QuantitySpec, Workspace};
use crate::problem::{Change, Condition, Experiment, Parameter, Period, Problem, Scale};

/// An entity that is dosed.
#[derive(Debug, Clone, PartialEq)]
pub struct Input {
    /// Id of the input (or other entity that conditions can set).
    pub id: String,
    /// Unit as written.
    pub unit: Option<String>,
    /// Its value without dose.
    pub control: f64,
    /// Doses of the experiments with data, ascending, the control left out.
    pub tested: Vec<f64>,
}

impl Input {
    /// Whether a dose lies outside the lowest and highest dose of the data.
    pub fn extrapolated(&self, dose: f64) -> bool {
        if dose == self.control {
            return false;
        }
        match (self.tested.first(), self.tested.last()) {
            (Some(a), Some(b)) => dose < *a || dose > *b,
            _ => true,
        }
    }
}

/// Why an input cannot be dosed.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum DosingError {
    /// No entity of that name.
    #[error("`{id}` is not an input of the model{}", did_you_mean(.similar))]
    Input {
        /// Name.
        id: String,
        /// Inputs with similar names.
        similar: Vec<String>,
    },
    /// It is computed, not set.
    #[error("`{0}` is computed by the model; a dose can only be given to what a condition sets")]
    Computed(String),
    /// It is a row of the parameter table.
    #[error("`{0}` is a parameter of the parameter table; a dose needs an input of its own")]
    Parameter(String),
    /// No experiment of that name.
    #[error("`{id}` is not an experiment{}", did_you_mean(.similar))]
    Experiment {
        /// Name.
        id: String,
        /// Experiments with similar names.
        similar: Vec<String>,
    },
    /// The same input twice.
    #[error("`{0}` is given twice")]
    Twice(String),
    /// The dosed problem cannot be built.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    Build(Vec<BuildError>),
}

fn did_you_mean(similar: &[String]) -> String {
    match similar.first() {
        Some(s) => format!("; did you mean `{s}`?"),
        None => String::new(),
    }
}

/// A model that answers to doses: an objective whose coordinates are those of the problem, in order, and then one linear
/// coordinate a dosed input.
#[derive(Debug, Clone)]
pub struct Dosed {
    /// The inputs, in the order asked for.
    pub inputs: Vec<Input>,
    /// The objective; it holds no rows of data and no relations.
    pub objective: Objective,
    parameters: usize,
}

impl Dosed {
    /// Builds the predictions of `options` with `inputs` as coordinates in the experiments named.
    ///
    /// In such an experiment a dose replaces every value that its conditions give the input, unless that value is the
    /// control's: an infusion that is switched off stays off. If none of the experiments ever sets the input, each is dosed
    /// from its first period after pre-equilibration on; if some do, the others keep the control.
    ///
    /// # Errors
    /// [`DosingError`].
    pub fn build(
        models: Vec<Model>,
        problem: &Problem,
        experiments: &[&str],
        inputs: &[&str],
        options: &BuildOptions,
    ) -> Result<Self, DosingError> {
        let Some(model) = models.first() else {
            return Err(DosingError::Build(Vec::new()));
        };
        let mut dosed = problem.clone();
        dosed.measurements.clear();
        dosed.relations.clear();
        let mut list: Vec<Input> = Vec::new();
        for id in inputs {
            if list.iter().any(|i| i.id == *id) {
                return Err(DosingError::Twice((*id).to_string()));
            }
            let input = input(model, problem, id)?;
            let parameter = free_name(&dosed, model, id);
            let some = experiments.iter().any(|e| sets(problem, e, &input));
            for experiment in experiments {
                if !some || sets(problem, experiment, &input) {
                    dose(
                        &mut dosed,
                        experiment,
                        &input,
                        Expr::symbol(parameter.as_str()),
                    )?;
                }
            }
            dosed.parameters.push(coordinate(parameter, &input));
            list.push(input);
        }
        let objective = Objective::build(models, &dosed, options).map_err(DosingError::Build)?;
        let parameters = problem.parameters.iter().filter(|p| p.estimate).count();
        Ok(Self {
            inputs: list,
            objective,
            parameters,
        })
    }

    /// Number of estimated parameters, without the doses.
    pub fn parameters(&self) -> usize {
        self.parameters
    }

    /// Values of all predictions at `theta` (estimation scale) and `doses` (in the units of the inputs).
    ///
    /// # Errors
    /// As [`Objective::predict_all`].
    pub fn values(
        &self,
        theta: &[f64],
        doses: &[f64],
        derivatives: bool,
        ws: &mut Workspace,
    ) -> Result<Vec<(f64, Vec<f64>)>, EvalError> {
        let mut point = Vec::with_capacity(theta.len() + doses.len());
        point.extend_from_slice(theta);
        point.extend_from_slice(doses);
        let all: Vec<_> = self.objective.quantities.iter().collect();
        self.objective.predict_all(&all, &point, derivatives, ws)
    }
}

/// What an entity is that conditions may set.
///
/// # Errors
/// [`DosingError`].
pub fn input(model: &Model, problem: &Problem, id: &str) -> Result<Input, DosingError> {
    if problem.parameters.iter().any(|p| p.id == id) {
        return Err(DosingError::Parameter(id.into()));
    }
    let control = if let Some(i) = model.inputs.iter().find(|i| i.id == id) {
        i.value
    } else if let Some(p) = model.parameters.iter().find(|p| p.id == id) {
        constant(&p.value).ok_or_else(|| DosingError::Computed(id.into()))?
    } else if let Some(s) = model.states.iter().find(|s| s.id == id) {
        constant(&s.initial).ok_or_else(|| DosingError::Computed(id.into()))?
    } else if model.declares(id) {
        return Err(DosingError::Computed(id.into()));
    } else {
        let known = model
            .inputs
            .iter()
            .map(|i| i.id.as_str())
            .chain(model.parameters.iter().map(|p| p.id.as_str()));
        return Err(DosingError::Input {
            id: id.into(),
            similar: crate::diagnostic::similar(id, known),
        });
    };
    Ok(Input {
        id: id.into(),
        unit: model.unit(id).map(String::from),
        control,
        tested: tested(problem, id, control),
    })
}

/// Doses that the experiments with data give an input.
fn tested(problem: &Problem, id: &str, control: f64) -> Vec<f64> {
    let mut list: Vec<f64> = Vec::new();
    for e in &problem.experiments {
        if !problem.measurements.iter().any(|m| m.experiment == e.id) {
            continue;
        }
        for condition in e.periods.iter().flat_map(|p| &p.conditions) {
            let changes = problem
                .conditions
                .iter()
                .filter(|c| c.id == *condition)
                .flat_map(|c| &c.changes);
            for change in changes.filter(|c| c.target == id) {
                if let Some(v) = change.value.as_ref().and_then(constant)
                    && v != control
                    && !list.contains(&v)
                {
                    list.push(v);
                }
            }
        }
    }
    list.sort_by(f64::total_cmp);
    list
}

/// A name for the dose of an input that nothing has.
fn free_name(problem: &Problem, model: &Model, id: &str) -> String {
    let mut name = format!("dose_of_{id}");
    while model.declares(&name)
        || problem.parameters.iter().any(|p| p.id == name)
        || problem.observables.iter().any(|o| o.id == name)
    {
        name.push('_');
    }
    name
}

/// The coordinate of a dose.
fn coordinate(id: String, input: &Input) -> Parameter {
    Parameter {
        id,
        scale: Scale::Lin,
        lower: f64::MIN,
        upper: f64::MAX,
        nominal: Some(input.control),
        estimate: true,
        prior: None,
        start: None,
        unit: input.unit.clone(),
        parts: Vec::new(),
        source: None,
        row: 0,
    }
}

/// Whether an experiment gives an input a value other than the control's.
pub fn sets(problem: &Problem, experiment: &str, input: &Input) -> bool {
    problem
        .experiments
        .iter()
        .filter(|e| e.id == experiment)
        .flat_map(|e| e.periods.iter().flat_map(|p| &p.conditions))
        .filter_map(|id| problem.conditions.iter().find(|c| c.id == *id))
        .flat_map(|c| &c.changes)
        .any(|c| c.target == input.id && doses(c, input))
}

/// Whether a change gives the input another value than the control's.
fn doses(change: &Change, input: &Input) -> bool {
    change.target == input.id
        && change
            .value
            .as_ref()
            .is_some_and(|v| constant(v) != Some(input.control))
}

/// A copy of an experiment in which an input has a given dose, added to the problem under a name of its own.
///
/// # Errors
/// [`DosingError`].
pub fn with_dose(
    problem: &mut Problem,
    model: &Model,
    experiment: &str,
    input: &Input,
    value: f64,
) -> Result<String, DosingError> {
    let Some(own) = problem.experiments.iter().find(|e| e.id == experiment) else {
        let known = problem.experiments.iter().map(|e| e.id.as_str());
        return Err(DosingError::Experiment {
            id: experiment.into(),
            similar: crate::diagnostic::similar(experiment, known),
        });
    };
    let mut copy = own.clone();
    copy.id = format!("{experiment}_{}", input.id);
    while problem.experiments.iter().any(|e| e.id == copy.id) || model.declares(&copy.id) {
        copy.id.push('_');
    }
    let id = copy.id.clone();
    problem.experiments.push(copy);
    dose(problem, &id, input, Expr::number(value))?;
    Ok(id)
}

/// Puts a value in the place of an input's dose in one experiment.
fn dose(
    problem: &mut Problem,
    experiment: &str,
    input: &Input,
    value: Expr,
) -> Result<(), DosingError> {
    if experiment.is_empty() && !problem.experiments.iter().any(|e| e.id.is_empty()) {
        // The model as it is, from time 0.
        problem.experiments.push(Experiment {
            id: String::new(),
            periods: vec![Period::new(0.0, Vec::new())],
        });
    }
    let Some(at) = problem.experiments.iter().position(|e| e.id == experiment) else {
        let known = problem.experiments.iter().map(|e| e.id.as_str());
        return Err(DosingError::Experiment {
            id: experiment.into(),
            similar: crate::diagnostic::similar(experiment, known),
        });
    };
    let change = || Change {
        target: input.id.clone(),
        value: Some(value.clone()),
        unit: None,
        row: 0,
    };
    let mut replaced = false;
    let mut periods = problem.experiments[at].periods.clone();
    for (k, period) in periods.iter_mut().enumerate() {
        for id in &mut period.conditions {
            let Some(condition) = problem.conditions.iter().find(|c| c.id == *id) else {
                continue;
            };
            if !condition.changes.iter().any(|c| doses(c, input)) {
                continue;
            }
            replaced = true;
            let changes = condition
                .changes
                .iter()
                .map(|c| if doses(c, input) { change() } else { c.clone() })
                .collect();
            *id = add_condition(
                &mut problem.conditions,
                &format!("{id}_{experiment}_{k}"),
                changes,
            );
        }
    }
    if !replaced && let Some(first) = periods.iter_mut().find(|p| p.start.is_finite()) {
        // A control value that the conditions spell out gives way to the dose.
        for id in &mut first.conditions {
            let Some(condition) = problem.conditions.iter().find(|c| c.id == *id) else {
                continue;
            };
            if condition.changes.iter().any(|c| c.target == input.id) {
                let changes = condition
                    .changes
                    .iter()
                    .filter(|c| c.target != input.id)
                    .cloned()
                    .collect();
                *id = add_condition(
                    &mut problem.conditions,
                    &format!("{id}_{experiment}"),
                    changes,
                );
            }
        }
        let id = add_condition(
            &mut problem.conditions,
            &format!("{experiment}_dose_of_{}", input.id),
            vec![change()],
        );
        first.conditions.push(id);
    }
    problem.experiments[at].periods = periods;
    Ok(())
}

/// Adds a condition under a name of its own, made from `name`.
fn add_condition(conditions: &mut Vec<Condition>, name: &str, changes: Vec<Change>) -> String {
    let mut id = name.to_string();
    while conditions.iter().any(|c| c.id == id) {
        id.push('_');
    }
    conditions.push(Condition {
        id: id.clone(),
        changes,
    });
    id
}

/// A number, with its sign.
fn constant(value: &Expr) -> Option<f64> {
    match &value.kind {
        Kind::Number(v) => Some(*v),
        Kind::Unary(UnaryOp::Neg, a) => constant(a).map(|v| -v),
        Kind::Unary(UnaryOp::Plus, a) => constant(a),
        _ => None,
    }
}

/// A prediction from its text.
///
/// # Errors
/// What is wrong with the text, with its place.
pub fn quantity(text: &str) -> Result<QuantitySpec, crate::math::ParseError> {
    Ok(QuantitySpec {
        text: text.into(),
        expr: crate::math::parse(text, crate::math::Syntax::QUANTITY, 0)?,
        with: Vec::new(),
    })
}
