//! Time courses with bands.

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::math::Expr;
use crate::model::Model;
use crate::objective::{
    BuildError, BuildOptions, EvalError, Objective, QuantitySpec, Target as _, Workspace,
};
use crate::problem::Problem;
use crate::simulate::Settings;
use crate::uncertainty::{Covariance, Method};

use super::estimate::split;
use super::{Band, Failures};

/// Time course of one observable in one experiment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Course {
    /// Observable (or output, state, assignment).
    pub observable: String,
    /// Experiment.
    pub experiment: String,
    /// Unit as written.
    pub unit: Option<String>,
    /// Times in the model's unit.
    #[serde(deserialize_with = "super::missing::numbers")]
    pub times: Vec<f64>,
    /// Values and bands.
    pub band: Band,
    /// Times beyond the last measurement of the experiment are extrapolated; this is that time.
    pub last_measured: Option<f64>,
}

/// All time courses.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Courses {
    /// Unit of time as written.
    pub time_unit: Option<String>,
    /// Courses, by experiment and then observable.
    pub courses: Vec<Course>,
    /// Level of the bands.
    #[serde(deserialize_with = "super::missing::number")]
    pub level: f64,
    /// How the bands were made (absent: none).
    pub method: Option<Method>,
    /// Replicates that could not be simulated, by reason.
    pub failed: Failures,
}

/// A model that shows courses: an objective whose predictions are values at times.
#[derive(Debug, Clone)]
pub struct CourseModel {
    objective: Objective,
    /// Observable, experiment, unit, last measured time.
    curves: Vec<(String, String, Option<String>, Option<f64>)>,
    times: Vec<f64>,
    time_unit: Option<String>,
}

impl CourseModel {
    /// Builds the courses of observables (or outputs, states, assignments; empty: all observables) in experiments (empty:
    /// all) at ascending times.
    ///
    /// # Errors
    /// As [`Objective::build`].
    pub fn build(
        models: Vec<Model>,
        problem: &Problem,
        observables: &[String],
        experiments: &[String],
        times: &[f64],
        settings: &Settings,
    ) -> Result<Self, Vec<BuildError>> {
        let observables: Vec<String> = if observables.is_empty() {
            let plain = |o: &&crate::problem::Observable| o.placeholders.is_empty();
            problem
                .observables
                .iter()
                .filter(plain)
                .map(|o| o.id.clone())
                .collect()
        } else {
            observables.to_vec()
        };
        let experiments: Vec<String> = if experiments.is_empty() {
            problem.experiments.iter().map(|e| e.id.clone()).collect()
        } else {
            experiments.to_vec()
        };
        let model = models.first();
        let time_unit = model.and_then(|m| m.time_unit.clone());
        let mut curves = Vec::new();
        let mut quantities = Vec::new();
        for e in &experiments {
            for o in &observables {
                let unit = problem
                    .observables
                    .iter()
                    .find(|x| x.id == *o)
                    .and_then(|x| x.unit.clone())
                    .or_else(|| model.and_then(|m| m.unit(o)).map(String::from));
                let last = problem
                    .measurements
                    .iter()
                    .filter(|m| m.experiment == *e && m.time.is_finite())
                    .map(|m| m.time)
                    .reduce(f64::max);
                curves.push((o.clone(), e.clone(), unit, last));
                for t in times {
                    let text = format!("{o}@{e}@{t}");
                    quantities.push(QuantitySpec {
                        expr: Expr::symbol(text.clone()),
                        text,
                        with: Vec::new(),
                    });
                }
            }
        }
        let mut bare = problem.clone();
        bare.measurements.clear();
        bare.relations.clear();
        let options = BuildOptions {
            quantities,
            settings: settings.clone(),
            ..BuildOptions::default()
        };
        Ok(Self {
            objective: Objective::build(models, &bare, &options)?,
            curves,
            times: times.to_vec(),
            time_unit,
        })
    }

    /// Courses at the fit with the bands of replicates (parameter vectors on the estimation scale). Replicates that cannot
    /// be simulated are left out of the bands and counted. Without replicates the bands are those of the linearised fit,
    /// if a covariance is given. `done` is told with each replicate.
    ///
    /// # Errors
    /// [`EvalError`] if a course cannot be computed at the fit.
    pub fn courses(
        &self,
        theta: &[f64],
        replicates: &[Vec<f64>],
        covariance: Option<&Covariance>,
        level: f64,
        done: &(dyn Fn() + Sync),
    ) -> Result<Courses, EvalError> {
        let covariance = covariance.filter(|_| replicates.is_empty());
        let all: Vec<_> = self.objective.quantities.iter().collect();
        let values = |theta: &[f64], ws: &mut Workspace| -> Result<Vec<f64>, EvalError> {
            let list = self.objective.predict_all(&all, theta, false, ws)?;
            Ok(list.into_iter().map(|(v, _)| v).collect())
        };
        let mut ws = self.objective.workspace();
        let (fit, gradients): (Vec<f64>, Vec<Vec<f64>>) = self
            .objective
            .predict_all(&all, theta, covariance.is_some(), &mut ws)?
            .into_iter()
            .unzip();
        let outcomes: Vec<Result<Vec<f64>, EvalError>> = replicates
            .par_iter()
            .map_init(
                || self.objective.workspace(),
                |ws, theta| {
                    done();
                    values(theta, ws)
                },
            )
            .collect();
        let (rows, failed) = split(outcomes);
        let n = self.times.len();
        let courses = self
            .curves
            .iter()
            .enumerate()
            .map(|(k, (observable, experiment, unit, last))| {
                let own = k * n..(k + 1) * n;
                let part = |list: &[f64]| list.get(own.clone()).unwrap_or_default().to_vec();
                let band = match covariance {
                    Some(c) => {
                        let slopes = gradients.get(own.clone()).unwrap_or_default();
                        Band::from_covariance(part(&fit), slopes, c, level)
                    }
                    None => {
                        let of_rows: Vec<Vec<f64>> = rows.iter().map(|r| part(r)).collect();
                        Band::from_replicates(part(&fit), &of_rows, level)
                    }
                };
                Course {
                    observable: observable.clone(),
                    experiment: experiment.clone(),
                    unit: unit.clone(),
                    times: self.times.clone(),
                    band,
                    last_measured: *last,
                }
            })
            .collect();
        Ok(Courses {
            time_unit: self.time_unit.clone(),
            courses,
            level,
            method: match covariance {
                Some(_) => Some(Method::Fisher),
                None => (!replicates.is_empty()).then_some(Method::Percentile),
            },
            failed,
        })
    }
}

/// `steps + 1` equidistant times from `start` to `end`.
pub fn equidistant(start: f64, end: f64, steps: u32) -> Vec<f64> {
    let steps = steps.max(1);
    (0..=steps)
        .map(|k| start + (end - start) * f64::from(k) / f64::from(steps))
        .collect()
}
