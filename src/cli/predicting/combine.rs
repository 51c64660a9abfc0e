//! Two drugs together.

use serde_json::Value;

use super::super::Failure;
use super::super::console::Console;
use super::super::stages::Scene;
use super::file_name;
use crate::predict::ask::{CombineQuestion, Readoff};
use crate::predict::combination::{Combination, Readout};
use crate::report::figure;
use crate::study::fitted::Fitted;
use crate::study::plan::{CombinationPlan, Response};

/// The question that a plan asks.
fn question(plan: &CombinationPlan) -> CombineQuestion {
    CombineQuestion {
        inputs: plan.inputs.clone(),
        ranges: [plan.range_a.clone(), plan.range_b.clone()],
        readoff: Readoff {
            observable: plan.observable.clone(),
            experiment: plan.experiment.clone(),
            time: plan.time,
            summary: None,
        },
        readout: match plan.response {
            Response::Inhibition => Readout::Inhibition,
            Response::Viability => Readout::Viability,
        },
        full: plan.full,
        effects: Vec::new(),
    }
}

impl Scene<'_> {
    /// Whether a plan can be asked.
    pub fn check_combination(&self, plan: &CombinationPlan) -> Result<(), Failure> {
        let question = question(plan);
        self.expression(&question.readoff.expression(&self.prepared.problem)?)?;
        Ok(question.check(&self.setting())?)
    }

    /// A two-drug surface with intervals from replicates.
    pub fn combine(
        &self,
        fitted: &Fitted,
        replicates: &[Vec<f64>],
        plan: &CombinationPlan,
        console: &Console,
    ) -> Result<Combination, Failure> {
        self.check_combination(plan)?;
        let progress = console.progress(0, "replicates of the surface");
        let asked = self.asked(fitted, replicates);
        Ok(question(plan).answer_watched(&asked, &|t| progress.tell(t))?)
    }

    /// Writes the files of a combination: `combine.*`, or `combine_ID.*`.
    pub fn write_combination(
        &self,
        id: Option<&str>,
        result: &Combination,
    ) -> Result<Value, Failure> {
        let name = file_name("combine", id);
        let document = self.write_document(&name, id.unwrap_or("combine"), result)?;
        let columns = [
            "a",
            "b",
            "response.value",
            "response.lower",
            "response.upper",
            "effect",
            "bliss.value",
            "bliss.lower",
            "bliss.upper",
            "loewe.value",
            "loewe.lower",
            "loewe.upper",
            "hsa.value",
            "hsa.lower",
            "hsa.upper",
            "extrapolated",
        ];
        self.write_table(&name, &document, "surface", &columns)?;
        let figures: Vec<figure::Figure> = figure::combination(&self.vocabulary(), result)
            .into_iter()
            .collect();
        self.write_figures(&name, &figures)?;
        Ok(document)
    }
}
