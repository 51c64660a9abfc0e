//! Stages that several commands share: compile, fit, write.

use std::path::PathBuf;

use serde_json::Value;

use crate::fit;
use crate::objective::{BuildOptions, Objective};
use crate::study::audit::Provenance;
use crate::study::files::{self, ResultError};
use crate::study::fitted::Fitted;
use crate::study::open::Prepared;
use crate::study::stage_fit::{FitStage, RESULT, StageError, Unusable};

use super::Failure;
use super::console::Console;
use super::session::Session;

/// A scenario compiled, with its folder and its settings.
pub struct Scene<'a> {
    /// Session.
    pub session: &'a Session,
    /// Scenario.
    pub prepared: &'a Prepared<'a>,
    /// Compiled.
    pub objective: Objective,
    /// Folder of its results.
    pub folder: PathBuf,
}

impl<'a> Scene<'a> {
    /// Compiles a scenario.
    pub fn new(
        session: &'a Session,
        prepared: &'a Prepared<'a>,
        options: BuildOptions,
    ) -> Result<Self, Failure> {
        Ok(Self {
            objective: session.objective(prepared, options)?,
            folder: session.results(prepared),
            session,
            prepared,
        })
    }

    fn stage(&self, starts: Option<u64>) -> FitStage<'_> {
        let plan = &self.session.study.plan.plan;
        let starts = starts.unwrap_or(plan.fit.starts);
        FitStage {
            prepared: self.prepared,
            objective: &self.objective,
            options: fit::Options {
                starts: usize::try_from(starts).unwrap_or(usize::MAX),
                seed: self.session.seed,
                ..fit::Options::default()
            },
            integration: &self.session.settings,
            level: self.session.level,
            folder: &self.folder,
        }
    }

    /// Fits and writes the result files.
    pub fn fit(
        &self,
        starts: Option<u64>,
        resume: bool,
        console: &Console,
    ) -> Result<(Fitted, Value), Failure> {
        let stage = self.stage(starts);
        let progress = console.progress(stage.options.starts as u64, "starts");
        let (fitted, taken_over) = stage.run(resume, &self.session.stop, &|| progress.step())?;
        drop(progress);
        let provenance = self.session.provenance(self.prepared, taken_over);
        let document = self.write_fit(&fitted, &provenance)?;
        Ok((fitted, document))
    }

    /// The fit of an earlier run, or a new one if there is none that agrees.
    pub fn fit_or_recall(&self, starts: Option<u64>, console: &Console) -> Result<Fitted, Failure> {
        match self.stage(starts).recall(starts, self.session.run.seed)? {
            Ok(fitted) => Ok(fitted),
            Err(reason) => {
                let again = if reason == Unusable::Missing {
                    ""
                } else {
                    " again"
                };
                console.note(format!("{reason}, so the problem is fitted{again} first"));
                Ok(self
                    .fit(starts, true, console)
                    .or_else(|e| match e {
                        // A checkpoint of other inputs is started anew.
                        Failure::Checkpoint(crate::study::checkpoint::CheckpointError::Other {
                            ..
                        }) => self.fit(starts, false, console),
                        e => Err(e),
                    })?
                    .0)
            }
        }
    }

    fn write_fit(&self, fitted: &Fitted, provenance: &Provenance) -> Result<Value, Failure> {
        let document = files::document(&fitted.document, provenance)?;
        files::write(&self.folder.join(RESULT), &document)?;
        let columns = [
            "id",
            "value",
            "unit",
            "scale",
            "lower_bound",
            "upper_bound",
            "at_bound",
            "standard_error",
            "relative_standard_error",
            "prior_share",
            "interval.method",
            "interval.level",
            "interval.lower",
            "interval.upper",
            "interval.lower_status",
            "interval.upper_status",
            "verdict",
        ];
        let null = Value::Null;
        let estimates = document.get("estimates").unwrap_or(&null);
        self.write_text("result.tsv", &files::table(estimates, &columns))?;
        let columns = [
            "observable",
            "experiment",
            "time",
            "measured",
            "sd",
            "n",
            "kind",
            "standard_error",
            "fitted",
            "residual",
            "scaled_residual",
            "leverage",
            "dataset",
            "source",
        ];
        let data = document.get("data").unwrap_or(&null);
        self.write_text("data.tsv", &files::table(data, &columns))?;
        Ok(document)
    }

    /// Writes a text file to the folder of the results.
    pub fn write_text(&self, name: &str, text: &str) -> Result<(), Failure> {
        Ok(crate::study::atomic::write(
            &self.folder.join(name),
            text.as_bytes(),
        )?)
    }
}

impl From<ResultError> for Failure {
    fn from(e: ResultError) -> Self {
        match e {
            ResultError::File(e) => Self::File(e),
            ResultError::Json(e) => Self::Internal(e.to_string()),
        }
    }
}

impl From<StageError> for Failure {
    fn from(e: StageError) -> Self {
        match e {
            StageError::Checkpoint(e) => Self::Checkpoint(e),
            StageError::File(e) => Self::File(e),
            StageError::NothingEvaluated(failures) => {
                let mut counts: std::collections::BTreeMap<&str, u64> = Default::default();
                for f in &failures {
                    *counts.entry(f.reason.as_str()).or_default() += 1;
                }
                let mut notes: Vec<String> = counts
                    .iter()
                    .map(|(reason, n)| format!("{n} of {} starts: {reason}", failures.len()))
                    .collect();
                notes.extend(
                    failures
                        .first()
                        .map(|f| format!("the first one: {}", f.message)),
                );
                Self::NothingEvaluated {
                    message: format!("none of the {} starts could be evaluated", failures.len()),
                    notes,
                }
            }
            StageError::Evaluation(e) => Self::NothingEvaluated {
                message: format!("the optimum cannot be evaluated: {e}"),
                notes: Vec::new(),
            },
            StageError::Stopped {
                why,
                done,
                of,
                units,
            } => Self::Stopped {
                why,
                message: format!(
                    "stopped with {done} of {of} {units} done; the same command with --resume goes on"
                ),
            },
        }
    }
}
