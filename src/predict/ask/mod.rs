//! Questions as people ask them: observables, experiments and ranges by name, answered from a fit.

mod combine;
mod dose;
mod population;

pub use combine::CombineQuestion;
pub use dose::DoseQuestion;
pub use population::PopulationQuestion;

use crate::math::ParseError;
use crate::model::Model;
use crate::objective::{BuildOptions, EvalError, QuantitySpec};
use crate::problem::Problem;
use crate::simulate::Settings;
use crate::uncertainty::Covariance;

use super::combine::CombineError;
use super::dosing::{input, quantity};
use super::population::PopulationError;
use super::text::RangeError;
use super::{DoseRange, Dosed, DosingError};

/// What is read from an experiment.
#[derive(Debug, Clone, PartialEq)]
pub struct Readoff {
    /// Observable (or output, state, assignment).
    pub observable: String,
    /// Experiment.
    pub experiment: String,
    /// Time of reading; end of the span of a summary.
    pub time: f64,
    /// `max`, `min`, `auc` or `time_above:LEVEL` from the start of the experiment until then; `None`: the value.
    pub summary: Option<String>,
}

/// What is asked about, before there is a fit.
#[derive(Debug, Clone, Copy)]
pub struct Setting<'a> {
    /// Models, as the problem lists them.
    pub models: &'a [Model],
    /// Problem.
    pub problem: &'a Problem,
    /// Settings of the simulations.
    pub settings: &'a Settings,
}

/// A fit, and what its predictions are made from.
#[derive(Debug, Clone, Copy)]
pub struct Fitted<'a> {
    /// What was fitted.
    pub setting: Setting<'a>,
    /// Estimates on the estimation scale.
    pub theta: &'a [f64],
    /// Replicates on the estimation scale (of a bootstrap, or drawn from priors); may be empty.
    pub replicates: &'a [Vec<f64>],
    /// Covariance at the fit, for Fisher intervals and prior shares.
    pub covariance: Option<&'a Covariance>,
    /// Level of the intervals.
    pub level: f64,
}

/// Why a question cannot be answered.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum AskError {
    /// A range of doses.
    #[error(transparent)]
    Range(#[from] RangeError),
    /// An input, experiment or the problem.
    #[error(transparent)]
    Dosing(#[from] DosingError),
    /// A simulation.
    #[error(transparent)]
    Simulation(#[from] EvalError),
    /// A combination.
    #[error(transparent)]
    Combine(#[from] CombineError),
    /// The response is no expression.
    #[error("the response `{text}` cannot be read: {error}")]
    Response {
        /// Its text.
        text: String,
        /// What is wrong.
        error: ParseError,
    },
    /// A summary that is not known.
    #[error("`{0}` is not a summary of time: max, min, auc or time_above:LEVEL")]
    Summary(String),
    /// A population.
    #[error(transparent)]
    Population(#[from] PopulationError),
    /// Two distributions of one quantity.
    #[error("`{0}` is given two distributions")]
    Varied(String),
    /// A factor of something that is not estimated.
    #[error(
        "`{0}` is not estimated, so there is no estimate to multiply: write `=` and its distribution"
    )]
    Factor(String),
    /// The full effect is needed.
    #[error(
        "the response at the full effect of `{0}` has to be declared: it is no percentage and no fraction, and it is not a viability, whose full effect is 0"
    )]
    Full(String),
}

impl Readoff {
    /// The expression, with summaries from the start of the experiment.
    ///
    /// # Errors
    /// [`AskError::Summary`].
    pub fn expression(&self, problem: &Problem) -> Result<String, AskError> {
        let Self {
            observable,
            experiment,
            time,
            summary,
        } = self;
        let Some(summary) = summary else {
            return Ok(format!("{observable}@{experiment}@{time}"));
        };
        let start = problem
            .experiments
            .iter()
            .find(|e| e.id == *experiment)
            .and_then(|e| e.periods.iter().map(|p| p.start).find(|s| s.is_finite()))
            .unwrap_or(0.0);
        let span = format!("{observable}@{experiment}@{start}:{time}");
        match summary.split_once(':') {
            None if matches!(summary.as_str(), "max" | "min" | "auc") => {
                Ok(format!("{summary}({span})"))
            }
            Some(("time_above", level)) => Ok(format!("time_above({span}, {level})")),
            _ => Err(AskError::Summary(summary.clone())),
        }
    }

    /// Unit of the expression as written.
    pub fn unit(&self, models: &[Model], problem: &Problem) -> Option<String> {
        let model = models.first();
        let own = problem
            .observables
            .iter()
            .find(|o| o.id == self.observable)
            .and_then(|o| o.unit.clone())
            .or_else(|| {
                model
                    .and_then(|m| m.unit(&self.observable))
                    .map(String::from)
            });
        let time = model.and_then(|m| m.time_unit.clone());
        match self.summary.as_deref() {
            Some("auc") => match (own, time) {
                (Some(a), Some(b)) => Some(format!("{a}*{b}")),
                _ => None,
            },
            Some(s) if s.starts_with("time_above") => time,
            _ => own,
        }
    }

    fn build(&self, asked: &Setting<'_>, inputs: &[&str]) -> Result<(Dosed, String), AskError> {
        let text = self.expression(asked.problem)?;
        let spec = quantity(&text).map_err(|error| AskError::Response {
            text: text.clone(),
            error,
        })?;
        let options = BuildOptions {
            quantities: vec![spec],
            settings: asked.settings.clone(),
            ..BuildOptions::default()
        };
        let dosed = Dosed::build(
            asked.models.to_vec(),
            asked.problem,
            &[self.experiment.as_str()],
            inputs,
            &options,
        )?;
        Ok((dosed, text))
    }
}

/// The doses of a range of an input.
fn doses(asked: &Setting<'_>, range: &str, id: &str) -> Result<Vec<f64>, AskError> {
    let model = asked.models.first().ok_or(DosingError::Build(Vec::new()))?;
    input(model, asked.problem, id)?;
    Ok(DoseRange::parse(range, model, id)?.doses())
}

/// Unit of an expression over observables, where it follows from theirs.
pub fn expression_unit(asked: &Setting<'_>, spec: &QuantitySpec) -> Option<String> {
    let model = asked.models.first();
    let time = model.and_then(|m| m.time_unit.clone());
    let of = |id: &str| {
        let observables = &asked.problem.observables;
        observables
            .iter()
            .find(|o| o.id == id)
            .and_then(|o| o.unit.clone())
            .or_else(|| model.and_then(|m| m.unit(id)).map(String::from))
    };
    super::expression::unit_of(&spec.expr, &of, time.as_deref())
}
