//! Expressions over observables, arms and times.

use serde::Serialize;
use serde_json::Value;

use super::super::Failure;
use super::super::console::Console;
use super::super::stages::Scene;
use crate::objective::{BuildOptions, Objective, QuantitySpec};
use crate::predict::Failures;
use crate::predict::ask::expression_unit;
use crate::predict::expression::{Predicted, expressions};
use crate::report::figure;
use crate::study::fitted::Fitted;
use crate::study::plan::PredictionPlan;

/// The content of `predict.json`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Predictions {
    /// Level of the intervals.
    pub level: f64,
    /// Replicates that they come from; 0: from the linearised fit.
    pub replicates: usize,
    /// Replicates that could not be simulated, by reason.
    pub failed: Failures,
    /// The predictions.
    pub predictions: Vec<Predicted>,
}

impl Scene<'_> {
    /// What a plan predicts; its names are known.
    pub fn planned(&self, plan: &PredictionPlan) -> Result<QuantitySpec, Failure> {
        let mut spec = self.names(&plan.expression)?;
        spec.with = plan.with.iter().map(|(id, v)| (id.clone(), *v)).collect();
        Ok(spec)
    }

    /// What plans predict, compiled.
    pub fn compiled(&self, plans: &[PredictionPlan]) -> Result<Objective, Failure> {
        let quantities = plans
            .iter()
            .map(|p| self.planned(p))
            .collect::<Result<Vec<_>, Failure>>()?;
        let options = BuildOptions {
            quantities,
            ..BuildOptions::default()
        };
        self.session.objective(self.prepared, options)
    }

    /// Values of expressions with their intervals.
    pub fn expressions(
        &self,
        fitted: &Fitted,
        replicates: &[Vec<f64>],
        plans: &[PredictionPlan],
        console: &Console,
    ) -> Result<Predictions, Failure> {
        let objective = self.compiled(plans)?;
        let progress = console.progress(replicates.len() as u64, "predictions");
        let (mut list, failed) = expressions(
            &objective,
            &fitted.optimum.theta,
            replicates,
            Some(&fitted.linearised.covariance),
            self.session.level,
            &|| progress.step(),
        )
        .map_err(|e| Failure::NothingEvaluated {
            message: format!("the predictions cannot be computed at the fit: {e}"),
            notes: Vec::new(),
        })?;
        let setting = self.setting();
        for (out, plan) in list.iter_mut().zip(plans) {
            let spec = self.names(&plan.expression)?;
            out.unit = plan
                .unit
                .clone()
                .or_else(|| expression_unit(&setting, &spec));
            out.description = plan.note.clone();
            if !plan.id.is_empty() {
                out.id = plan.id.clone();
            }
        }
        Ok(Predictions {
            level: self.session.level,
            replicates: replicates.len(),
            failed,
            predictions: list,
        })
    }

    /// Writes `predict.json`, its table and figure.
    pub fn write_predictions(&self, result: &Predictions) -> Result<Value, Failure> {
        let name = "predict";
        let document = self.write_document(name, name, result)?;
        let columns = [
            "id",
            "expression",
            "value",
            "unit",
            "lower",
            "upper",
            "lower_status",
            "upper_status",
            "method",
            "missing",
            "prior_share",
            "reason",
        ];
        self.write_table(name, &document, "predictions", &columns)?;
        let figures: Vec<figure::Figure> =
            figure::predictions(&result.predictions, Some(result.level))
                .into_iter()
                .collect();
        self.write_figures(name, &figures)?;
        Ok(document)
    }
}
