//! Questions as people ask them: observables, experiments and ranges by name, answered from a fit.

use crate::math::{Expr, ParseError};
use crate::model::Model;
use crate::objective::{BuildOptions, EvalError, QuantitySpec, Target as _};
use crate::problem::Problem;
use crate::simulate::Settings;
use crate::uncertainty::Covariance;

use super::combination::{Combination, Readout};
use super::combine::{CombineError, CombineSetup, combine, default_full};
use super::dose::{DoseResult, DoseSetup, dose_response};
use super::dosing::quantity;
use super::population::{Place, Population, PopulationError, PopulationResponse, population};
use super::response::Watched;
use super::text::{RangeError, dose};
use super::{DoseRange, Dosed, DosingError, Response, Vary};

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

/// A fit, and what its predictions are made from.
#[derive(Debug, Clone, Copy)]
pub struct Fitted<'a> {
    /// Models, as the problem lists them.
    pub models: &'a [Model],
    /// Problem.
    pub problem: &'a Problem,
    /// Settings of the simulations.
    pub settings: &'a Settings,
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
    /// A dose of another input that is not known.
    #[error("`{0}` is not one of the doses that can be fixed: write INPUT=DOSE")]
    Fixed(String),
    /// A population.
    #[error(transparent)]
    Population(#[from] PopulationError),
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

    fn build(&self, fitted: &Fitted, inputs: &[&str]) -> Result<(Dosed, String), AskError> {
        let text = self.expression(fitted.problem)?;
        let spec = quantity(&text).map_err(|error| AskError::Response {
            text: text.clone(),
            error,
        })?;
        let options = BuildOptions {
            quantities: vec![spec],
            settings: fitted.settings.clone(),
            ..BuildOptions::default()
        };
        let dosed = Dosed::build(
            fitted.models.to_vec(),
            fitted.problem,
            &[self.experiment.as_str()],
            inputs,
            &options,
        )?;
        Ok((dosed, text))
    }
}

/// A dose-response asked by name.
#[derive(Debug, Clone, PartialEq)]
pub struct DoseQuestion {
    /// Input that is varied.
    pub input: String,
    /// `LO:HI[:N]`, with units if wanted.
    pub range: String,
    /// What is read.
    pub readoff: Readoff,
    /// Response at the full effect, for absolute doses; `None`: 0 of a falling response, 100 of a rising percentage, else
    /// no absolute doses.
    pub full: Option<f64>,
}

impl DoseQuestion {
    /// Builds the response and what is varied.
    ///
    /// # Errors
    /// [`AskError`].
    pub fn prepare(&self, fitted: &Fitted) -> Result<(Dosed, DoseSetup), AskError> {
        let model = fitted
            .models
            .first()
            .ok_or(DosingError::Build(Vec::new()))?;
        let (dosed, text) = self.readoff.build(fitted, &[self.input.as_str()])?;
        let doses = DoseRange::parse(&self.range, model, &self.input)?.doses();
        let unit = self.readoff.unit(fitted.models, fitted.problem);
        let input = dosed
            .inputs
            .first()
            .cloned()
            .ok_or_else(|| AskError::Fixed(self.input.clone()))?;
        let full = match self.full {
            Some(full) => Some(full),
            None => {
                let mut ws = dosed.workspace();
                let mut at = |d: f64| dosed.value(fitted.theta, &[d], &mut ws);
                let (control, top) = (at(0.0)?, at(doses.last().copied().unwrap_or(0.0))?);
                if top < control && control > 0.0 {
                    Some(0.0)
                } else if top > control {
                    default_full(Readout::Inhibition, unit.as_deref())
                } else {
                    None
                }
            }
        };
        Ok((
            dosed,
            DoseSetup {
                which: 0,
                others: vec![0.0],
                input,
                response: text,
                response_unit: unit,
                doses,
                full,
                level: fitted.level,
            },
        ))
    }

    /// Answers the question.
    ///
    /// # Errors
    /// [`AskError`].
    pub fn answer(&self, fitted: &Fitted) -> Result<DoseResult, AskError> {
        self.answer_watched(fitted, &|| {})
    }

    /// Answers the question; `done` is told after each simulation.
    ///
    /// # Errors
    /// [`AskError`].
    pub fn answer_watched(
        &self,
        fitted: &Fitted,
        done: &(dyn Fn() + Sync),
    ) -> Result<DoseResult, AskError> {
        let (dosed, setup) = self.prepare(fitted)?;
        let watched = Watched {
            inner: &dosed,
            done,
        };
        Ok(dose_response(
            &watched,
            &setup,
            fitted.theta,
            fitted.replicates,
            fitted.covariance,
        )?)
    }
}

/// A combination asked by name.
#[derive(Debug, Clone, PartialEq)]
pub struct CombineQuestion {
    /// The two inputs.
    pub inputs: [String; 2],
    /// Their ranges, `LO:HI[:N]`.
    pub ranges: [String; 2],
    /// What is read.
    pub readoff: Readoff,
    /// Direction.
    pub readout: Readout,
    /// Response at the full effect; `None`: by convention, see [`default_full`].
    pub full: Option<f64>,
    /// Effects whose isoboles are drawn; empty: parts of the largest.
    pub effects: Vec<f64>,
}

impl CombineQuestion {
    /// Answers the question.
    ///
    /// # Errors
    /// [`AskError`].
    pub fn answer(&self, fitted: &Fitted) -> Result<Combination, AskError> {
        self.answer_watched(fitted, &|| {})
    }

    /// Answers the question; `done` is told after each simulation.
    ///
    /// # Errors
    /// [`AskError`].
    pub fn answer_watched(
        &self,
        fitted: &Fitted,
        done: &(dyn Fn() + Sync),
    ) -> Result<Combination, AskError> {
        let model = fitted
            .models
            .first()
            .ok_or(DosingError::Build(Vec::new()))?;
        let [a, b] = &self.inputs;
        let (dosed, text) = self.readoff.build(fitted, &[a.as_str(), b.as_str()])?;
        let doses = |k: usize| -> Result<Vec<f64>, AskError> {
            Ok(DoseRange::parse(&self.ranges[k], model, &self.inputs[k])?.doses())
        };
        let unit = self.readoff.unit(fitted.models, fitted.problem);
        let full = self
            .full
            .or_else(|| default_full(self.readout, unit.as_deref()))
            .ok_or_else(|| AskError::Full(self.readoff.observable.clone()))?;
        let [Some(first), Some(second)] = [dosed.inputs.first(), dosed.inputs.get(1)] else {
            return Err(AskError::Fixed(a.clone()));
        };
        let setup = CombineSetup {
            inputs: [first.clone(), second.clone()],
            response: text,
            response_unit: unit,
            readout: self.readout,
            full,
            doses_a: doses(0)?,
            doses_b: doses(1)?,
            effects: self.effects.clone(),
            level: fitted.level,
        };
        let watched = Watched {
            inner: &dosed,
            done,
        };
        Ok(combine(&watched, &setup, fitted.theta, fitted.replicates)?)
    }
}

/// A population asked by name.
#[derive(Debug, Clone, PartialEq)]
pub struct PopulationQuestion {
    /// What is read, an expression over `observable@experiment@time`.
    pub expression: String,
    /// What differs between members.
    pub vary: Vec<Vary>,
    /// Members.
    pub members: usize,
    /// Seed of the sequence.
    pub seed: u64,
}

impl PopulationQuestion {
    /// Answers the question. An input is varied in the experiments of the expression that dose it, or in all of them if
    /// none does.
    ///
    /// # Errors
    /// [`AskError`].
    pub fn answer(&self, fitted: &Fitted) -> Result<PopulationResponse, AskError> {
        self.answer_watched(fitted, &|| {})
    }

    /// Answers the question; `done` is told after each simulation.
    ///
    /// # Errors
    /// [`AskError`].
    pub fn answer_watched(
        &self,
        fitted: &Fitted,
        done: &(dyn Fn() + Sync),
    ) -> Result<PopulationResponse, AskError> {
        let spec = quantity(&self.expression).map_err(|error| AskError::Response {
            text: self.expression.clone(),
            error,
        })?;
        let unit = expression_unit(fitted, &spec);
        let experiments = experiments_of(&spec.expr);
        let estimated = |id: &str| {
            fitted
                .problem
                .parameters
                .iter()
                .any(|p| p.id == id && p.estimate)
        };
        let inputs: Vec<&str> = self
            .vary
            .iter()
            .map(|v| v.id.as_str())
            .filter(|id| !estimated(id))
            .collect();
        let options = BuildOptions {
            quantities: vec![spec],
            settings: fitted.settings.clone(),
            ..BuildOptions::default()
        };
        let experiments: Vec<&str> = experiments.iter().map(String::as_str).collect();
        let dosed = Dosed::build(
            fitted.models.to_vec(),
            fitted.problem,
            &experiments,
            &inputs,
            &options,
        )?;
        let coordinates = dosed.objective.coordinates();
        let mut distributed = Vec::new();
        for v in &self.vary {
            let parameter = coordinates
                .iter()
                .take(dosed.parameters())
                .position(|c| c.id == v.id)
                .and_then(|j| Some((j, coordinates.get(j)?.scale)));
            let place = match (parameter, v.relative) {
                (Some((j, scale)), false) => Place::Parameter(j, scale),
                (Some((j, scale)), true) => Place::Factor(j, scale),
                (None, false) => {
                    let at = dosed.inputs.iter().position(|i| i.id == v.id);
                    Place::Input(at.ok_or_else(|| AskError::Fixed(v.id.clone()))?)
                }
                (None, true) => return Err(AskError::Factor(v.id.clone())),
            };
            distributed.push((place, v.spread.clone()));
        }
        // Inputs that do not differ keep what the conditions say: they are no coordinates here.
        let doses: Vec<f64> = dosed.inputs.iter().map(|i| i.control).collect();
        let asked = Population {
            distributed,
            members: self.members,
            seed: self.seed,
            ..Population::default()
        };
        let watched = Watched {
            inner: &dosed,
            done,
        };
        Ok(population(
            &watched,
            (&self.expression, unit.as_deref()),
            &asked,
            fitted.theta,
            &doses,
            fitted.replicates,
            fitted.level,
        )?)
    }
}

/// Unit of an expression over observables, where it follows from theirs.
pub fn expression_unit(fitted: &Fitted, spec: &QuantitySpec) -> Option<String> {
    let model = fitted.models.first();
    let time = model.and_then(|m| m.time_unit.clone());
    let of = |id: &str| {
        let observables = &fitted.problem.observables;
        observables
            .iter()
            .find(|o| o.id == id)
            .and_then(|o| o.unit.clone())
            .or_else(|| model.and_then(|m| m.unit(id)).map(String::from))
    };
    super::expression::unit_of(&spec.expr, &of, time.as_deref())
}

/// Experiments that an expression reads, each once, in order.
fn experiments_of(expr: &Expr) -> Vec<String> {
    let mut list: Vec<String> = Vec::new();
    expr.for_each_symbol(&mut |name| {
        if let Some(e) = name.split('@').nth(1)
            && !list.iter().any(|x| x == e)
        {
            list.push(e.into());
        }
    });
    list
}

/// Reads `INPUT=DOSE` with a unit if wanted, in the unit of the input.
///
/// # Errors
/// [`AskError::Fixed`] without `=`, [`AskError::Range`] for the dose.
pub fn fixed_dose(text: &str, model: &Model) -> Result<(String, f64), AskError> {
    let (input, value) = text
        .split_once('=')
        .ok_or_else(|| AskError::Fixed(text.into()))?;
    Ok((
        input.trim().into(),
        dose(value.trim(), model, input.trim())?,
    ))
}
