//! Dose-response curves.

use serde_json::Value;

use super::super::Failure;
use super::super::console::Console;
use super::super::stages::Scene;
use super::file_name;
use crate::predict::ask::{DoseQuestion, Readoff};
use crate::predict::dose::{DoseResult, FoldShift, fold_shift};
use crate::report::figure;
use crate::study::fitted::Fitted;
use crate::study::plan::DosePlan;

/// The question that a plan asks.
fn question(plan: &DosePlan) -> DoseQuestion {
    DoseQuestion {
        input: plan.input.clone(),
        range: plan.range.clone(),
        readoff: Readoff {
            observable: plan.observable.clone(),
            experiment: plan.experiment.clone(),
            time: plan.time,
            summary: plan.summary.clone().filter(|s| s != "value"),
        },
        full: plan.full,
    }
}

impl Scene<'_> {
    /// Whether names and range of a plan can be used.
    pub fn check_dose(&self, plan: &DosePlan) -> Result<(), Failure> {
        let question = question(plan);
        self.expression(&question.readoff.expression(&self.prepared.problem)?)?;
        self.check_range(&plan.input, &plan.range)
    }

    /// A dose-response curve with intervals from replicates.
    pub fn dose(
        &self,
        fitted: &Fitted,
        replicates: &[Vec<f64>],
        plan: &DosePlan,
        console: &Console,
    ) -> Result<DoseResult, Failure> {
        self.check_dose(plan)?;
        let progress = console.simulations("dose-response");
        let asked = self.asked(fitted, replicates);
        Ok(question(plan).answer_watched(&asked, &|| progress.step())?)
    }

    /// Writes `shifts.json` and `shifts.tsv`.
    pub fn write_shifts(&self, shifts: &[FoldShift]) -> Result<(), Failure> {
        #[derive(serde::Serialize)]
        struct Content<'a> {
            shifts: &'a [FoldShift],
        }
        let document = self.write_document("shifts", "shifts", &Content { shifts })?;
        let columns = ["from", "to", "ec50.value", "ec50.lower", "ec50.upper"];
        self.write_table("shifts", &document, "shifts", &columns)
    }

    /// Fold shift between two curves of the same replicates.
    pub fn shift(&self, fitted: &Fitted, from: &DoseResult, to: &DoseResult) -> FoldShift {
        fold_shift(from, to, Some(&fitted.linearised.covariance))
    }

    /// Writes the files of a dose-response: `dose.*`, or `dose_ID.*`.
    pub fn write_dose(&self, id: Option<&str>, result: &DoseResult) -> Result<Value, Failure> {
        let name = file_name("dose", id);
        let document = self.write_document(&name, id.unwrap_or("dose"), &result.response)?;
        let columns = ["dose", "value", "lower", "upper", "extrapolated"];
        self.write_table(&name, &document, "curve", &columns)?;
        let figures = figure::doses(&self.vocabulary(), std::slice::from_ref(&result.response));
        self.write_figures(&name, &figures)?;
        Ok(document)
    }
}

/// Pairs of curves between which a shift means something: those of one input, read the same way, in different
/// experiments.
pub fn comparable(doses: &[DoseResult]) -> Vec<(usize, usize)> {
    let read = |d: &DoseResult| -> Option<(String, String)> {
        let mut parts = d.response.response.splitn(3, '@');
        let (observable, _, time) = (parts.next()?, parts.next()?, parts.next()?);
        Some((observable.into(), time.into()))
    };
    let mut pairs = Vec::new();
    for (i, a) in doses.iter().enumerate() {
        for (j, b) in doses.iter().enumerate().skip(i + 1) {
            if a.response.input == b.response.input && read(a).is_some() && read(a) == read(b) {
                pairs.push((i, j));
            }
        }
    }
    pairs
}
