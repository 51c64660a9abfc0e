//! Small models and problems built as values, for tests on closed forms.

pub mod demo;
pub mod program;

use mechfit::math::{Expr, Syntax, parse};
use mechfit::model::{self, Model, Rate};
use mechfit::objective::{BuildOptions, Objective, QuantitySpec};
use mechfit::problem::{self, Problem, Scale};

/// An expression of a model.
pub fn expr(text: &str) -> Expr {
    parse(text, Syntax::MODEL, 0).unwrap()
}

/// A model by its parts: parameters and inputs with values, states with start and rate, outputs.
#[derive(Default)]
pub struct ModelBuilder {
    model: Model,
}

impl ModelBuilder {
    pub fn parameter(mut self, id: &str, value: f64) -> Self {
        self.model.parameters.push(model::Parameter {
            id: id.into(),
            value: Expr::number(value),
            unit: None,
            description: String::new(),
            source: None,
            fixed: false,
            compartment: false,
        });
        self
    }
    pub fn input(mut self, id: &str, value: f64) -> Self {
        self.model.inputs.push(model::Input {
            id: id.into(),
            value,
            unit: None,
            description: String::new(),
            substance: None,
        });
        self
    }
    pub fn state(mut self, id: &str, initial: &str, rate: &str) -> Self {
        self.model.states.push(model::State {
            id: id.into(),
            initial: expr(initial),
            rate: Rate::Differential(expr(rate)),
            volume: None,
            unit: None,
            description: String::new(),
            compartment: false,
        });
        self
    }
    pub fn output(mut self, id: &str, value: &str) -> Self {
        self.model.outputs.push(model::Output {
            id: id.into(),
            value: expr(value),
            unit: None,
            description: String::new(),
        });
        self
    }
    /// An event that fires when `trigger` turns true.
    pub fn event(mut self, trigger: &str, assignments: &[(&str, &str)]) -> Self {
        let k = self.model.events.len();
        self.model.events.push(model::Event {
            id: format!("event{k}"),
            trigger: expr(trigger),
            initial_value: true,
            persistent: true,
            delay: None,
            priority: None,
            values_from_trigger_time: false,
            assignments: assignments
                .iter()
                .map(|(x, v)| (x.to_string(), expr(v)))
                .collect(),
        });
        self
    }
    pub fn build(self) -> Model {
        self.model
    }
}

/// An estimated parameter on a scale with wide bounds.
pub fn estimated(id: &str, nominal: f64, scale: Scale) -> problem::Parameter {
    let (lower, upper) = match scale {
        Scale::Lin => (-1e6, 1e6),
        Scale::Logit => (1e-9, 1.0 - 1e-9),
        Scale::Log | Scale::Log10 => (1e-9 * nominal, 1e9 * nominal),
    };
    problem::Parameter {
        id: id.into(),
        scale,
        lower,
        upper,
        nominal: Some(nominal),
        estimate: true,
        prior: None,
        start: None,
        unit: None,
        parts: Vec::new(),
        source: None,
        row: 0,
    }
}

/// A period: its start, and targets with their values.
pub type Period<'a> = (f64, &'a [(&'a str, &'a str)]);

/// A problem with the given estimated parameters and the experiments by id.
pub fn problem(parameters: Vec<problem::Parameter>, experiments: &[(&str, &[Period])]) -> Problem {
    let mut problem = Problem {
        petab_version: 2,
        parameters,
        models: vec![problem::ModelFile {
            id: "model".into(),
            path: "model".into(),
            language: "mechfit".into(),
            parts: Vec::new(),
        }],
        ..Problem::default()
    };
    for (id, periods) in experiments {
        let mut list = Vec::new();
        for (k, (start, changes)) in periods.iter().enumerate() {
            let condition = format!("{id}_{k}");
            problem.conditions.push(problem::Condition {
                id: condition.clone(),
                changes: changes
                    .iter()
                    .map(|(target, value)| problem::Change {
                        target: target.to_string(),
                        value: Some(expr(value)),
                        unit: None,
                        row: 0,
                    })
                    .collect(),
            });
            list.push(problem::Period::new(*start, vec![condition]));
        }
        problem.experiments.push(problem::Experiment {
            id: id.to_string(),
            periods: list,
        });
    }
    problem
}

/// A prediction by its text.
pub fn quantity(text: &str) -> QuantitySpec {
    QuantitySpec {
        text: text.into(),
        expr: parse(text, Syntax::QUANTITY, 0).unwrap(),
        with: Vec::new(),
    }
}

/// The objective of a problem with quantities, at tight tolerances.
pub fn objective(model: Model, problem: &Problem, quantities: &[&str]) -> Objective {
    let mut options = BuildOptions {
        quantities: quantities.iter().map(|q| quantity(q)).collect(),
        ..BuildOptions::default()
    };
    options.settings.tolerances.rtol = 1e-11;
    options.settings.tolerances.atol = vec![1e-14];
    Objective::build(vec![model], problem, &options).unwrap()
}

/// Adds a measured point with a known standard error to a problem: the quantity `observable` is that of the model.
pub fn measured(
    problem: &mut Problem,
    observable: &str,
    experiment: &str,
    time: f64,
    value: f64,
    error: f64,
) {
    if !problem.observables.iter().any(|o| o.id == observable) {
        problem.observables.push(problem::Observable {
            id: observable.into(),
            name: observable.into(),
            formula: expr(observable),
            noise_formula: Expr::number(1.0),
            placeholders: Vec::new(),
            noise_placeholders: Vec::new(),
            distribution: problem::NoiseDistribution::Normal,
            unit: None,
            noise: problem::NoiseSetting::KnownSd,
            row: 0,
        });
    }
    problem.measurements.push(problem::Measurement {
        observable: observable.into(),
        experiment: experiment.into(),
        model: String::new(),
        time,
        value,
        observable_parameters: Vec::new(),
        noise_parameters: Vec::new(),
        summary: Some(problem::Summary {
            sd: error,
            kind: problem::SdKind::Sem,
            n: None,
            statistic: problem::Statistic::Mean,
        }),
        censoring: problem::Censoring::None,
        dataset: None,
        source: None,
        v1_conditions: None,
        row: 0,
    });
}
