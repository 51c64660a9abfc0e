//! The problems solved here: the text is read, compiled and differentiated, and each state is a prediction at each time.

use std::path::Path;

use mechfit::math::{Syntax, parse};
use mechfit::model::language;
use mechfit::objective::{BuildOptions, Objective, QuantitySpec, Target};
use mechfit::ode::Method;
use mechfit::problem::{self, Scale};

use super::solution::Solution;

/// Part of the state's size at which errors are no longer relative, as a factor of `rtol`.
const FLOOR: f64 = 1e-6;

/// Bounds of the parameters as factors of their values; nothing is searched.
const WIDE: f64 = 10.0;

/// What to solve.
#[derive(Debug, Clone, PartialEq)]
pub struct Question {
    /// Name; the model's text is `<name>.model`.
    pub name: String,
    /// States.
    pub states: Vec<String>,
    /// Parameters and their values.
    pub parameters: Vec<(String, f64)>,
    /// Times at which solutions are compared.
    pub times: Vec<f64>,
}

/// How to solve it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Setting {
    /// Method.
    pub method: Method,
    /// Relative tolerance.
    pub rtol: f64,
    /// Whether sensitivities enter the control of the error.
    pub control_sensitivities: bool,
}

/// Solves a problem from its text in `folder`.
///
/// # Panics
/// If the text cannot be read or the integration fails: both are findings of the check.
pub fn solve(question: &Question, folder: &Path, setting: Setting) -> Solution {
    let path = folder.join(format!("{}.model", question.name));
    let model = language::load(&path, &[]).expect("a valid text").model;
    let estimated = |(id, value): &(String, f64)| problem::Parameter {
        id: id.clone(),
        scale: Scale::Log,
        lower: value / WIDE,
        upper: value * WIDE,
        nominal: Some(*value),
        estimate: true,
        prior: None,
        start: None,
        unit: None,
        parts: Vec::new(),
        source: None,
        row: 0,
    };
    let tables = problem::Problem {
        petab_version: 2,
        parameters: question.parameters.iter().map(estimated).collect(),
        models: vec![problem::ModelFile {
            id: "model".into(),
            path,
            language: "mechfit".into(),
            parts: Vec::new(),
        }],
        conditions: vec![problem::Condition {
            id: "as_written".into(),
            changes: Vec::new(),
        }],
        experiments: vec![problem::Experiment {
            id: "one".into(),
            periods: vec![problem::Period::new(0.0, vec!["as_written".into()])],
        }],
        ..problem::Problem::default()
    };
    let mut options = BuildOptions::default();
    options.settings.method = setting.method;
    options.settings.tolerances.rtol = setting.rtol;
    options.settings.tolerances.atol = vec![setting.rtol * FLOOR];
    options.settings.tolerances.control_sensitivities = setting.control_sensitivities;
    for time in &question.times {
        for state in &question.states {
            let text = format!("{state}@one@{time}");
            options.quantities.push(QuantitySpec {
                expr: parse(&text, Syntax::QUANTITY, 0).expect("a prediction"),
                text,
                with: Vec::new(),
            });
        }
    }
    let objective = Objective::build(vec![model], &tables, &options).expect("a problem");
    let theta: Vec<f64> = question
        .parameters
        .iter()
        .map(|(_, value)| value.ln())
        .collect();
    let quantities: Vec<_> = objective.quantities.iter().collect();
    let mut workspace = objective.workspace();
    let found = objective
        .predict_all(&quantities, &theta, true, &mut workspace)
        .expect("a solution");
    let rows = found.chunks(question.states.len());
    Solution {
        states: rows
            .clone()
            .map(|row| row.iter().map(|(value, _)| *value).collect())
            .collect(),
        sensitivities: rows
            .map(|row| row.iter().map(|(_, slope)| slope.clone()).collect())
            .collect(),
    }
}
