//! Stages that several commands share: compile, fit, write.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::fit;
use crate::objective::Target as _;
use crate::objective::{BuildOptions, Objective};
use crate::study::audit::Provenance;
use crate::study::files::{self, ResultError};
use crate::study::fitted::Fitted;
use crate::study::job::{Begin, Shard};
use crate::study::open::Prepared;
use crate::study::stage_bootstrap::{
    self, BootstrapStage, BootstrapStageError, Bootstrapped, Outcome,
};
use crate::study::stage_fit::{FitStage, RESULT, StageError, Unusable};
use crate::study::{plan, postmortem};

use crate::uncertainty::bootstrap;
use crate::uncertainty::interval::Method;

use super::Failure;
use super::console::Console;
use super::failure::unknown_name;
use super::session::Session;

/// Flags of a bootstrap; what is left out comes from the plan.
#[derive(Debug, Clone, Default)]
pub struct BootstrapFlags {
    /// Number of replicates.
    pub samples: Option<u64>,
    /// What is drawn.
    pub kind: Option<plan::BootstrapKind>,
    /// How a reported mean is drawn.
    pub draw: Option<plan::Draw>,
    /// How intervals are made.
    pub interval: Option<plan::BootstrapInterval>,
    /// Keep priors.
    pub fixed_priors: bool,
    /// Column of strata.
    pub stratify_on: Option<String>,
    /// Least percentage of successes.
    pub min_success: Option<f64>,
}

fn stage_is_stopped<T>(done: &Result<T, StageError>) -> bool {
    matches!(done, Err(StageError::Stopped { .. }))
}

/// A kind of bootstrap that does not fit the data.
pub fn refused(e: bootstrap::BootstrapError) -> Failure {
    Failure::Findings(vec![crate::diagnostic::Finding::error(
        "bootstrap-refused",
        e.to_string(),
    )])
}

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

    /// Place of an estimated parameter among the coordinates.
    pub fn coordinate(&self, id: &str) -> Result<usize, Failure> {
        let known: Vec<&str> = self
            .objective
            .coordinates()
            .iter()
            .map(|c| c.id.as_str())
            .collect();
        known
            .iter()
            .position(|c| *c == id)
            .ok_or_else(|| unknown_name(id, "an estimated parameter", &known).into())
    }

    fn stage(&self, starts: Option<u64>, shard: Option<Shard>, begin: Begin) -> FitStage<'_> {
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
            manner: self.session.manner(&self.folder, shard, begin),
        }
    }

    /// Settings of a fit with a number of starts.
    pub fn fit_settings(&self, starts: u64) -> crate::study::result::FitSettings {
        self.stage(Some(starts), None, Begin::Anew).settings()
    }

    /// Fits and writes the result files.
    pub fn fit(
        &self,
        starts: Option<u64>,
        begin: Begin,
        console: &Console,
    ) -> Result<(Fitted, Value), Failure> {
        self.fit_piece(starts, None, begin, console)?
            .ok_or_else(|| Failure::Internal("a whole fit ended as a piece".into()))
    }

    /// The same for a piece of the starts, which has no result of its own.
    pub fn fit_piece(
        &self,
        starts: Option<u64>,
        shard: Option<Shard>,
        begin: Begin,
        console: &Console,
    ) -> Result<Option<(Fitted, Value)>, Failure> {
        let stage = self.stage(starts, shard, begin);
        let units = stage.options.starts as u64 / shard.map_or(1, |s| s.of);
        let progress = console.progress(units, "starts");
        let done = stage.run(&|| progress.step());
        drop(progress);
        let failures = self.folder.join(postmortem::FOLDER);
        if failures.is_dir() && !stage_is_stopped(&done) {
            console.note(format!(
                "what failed is recorded in {}; `mechfit explain FILE` replays it",
                failures.display()
            ));
        }
        let done = done?;
        let Some((fitted, taken_over)) = done else {
            return Ok(None);
        };
        let provenance = self.session.provenance(self.prepared, taken_over);
        let document = self.write_fit(&fitted, &provenance)?;
        Ok(Some((fitted, document)))
    }

    /// The fit of an earlier run, or a new one if there is none that agrees. Pieces that are joined bring their own.
    pub fn fit_or_recall(&self, starts: Option<u64>, console: &Console) -> Result<Fitted, Failure> {
        let stage = self.stage(starts, None, Begin::ResumeOrAnew);
        let seed = self.session.run.seed;
        if let Some(joined) = &self.session.run.origin.joined {
            for file in &joined.files {
                let Some(folder) = file.parent().and_then(Path::parent) else {
                    continue;
                };
                if let Ok(fitted) = stage.recall(folder, starts, seed)? {
                    let provenance = self.session.provenance(self.prepared, 0);
                    self.write_fit(&fitted, &provenance)?;
                    return Ok(fitted);
                }
            }
        }
        match stage.recall(&self.folder, starts, seed)? {
            Ok(fitted) => Ok(fitted),
            Err(reason) => {
                let again = if reason == Unusable::Missing {
                    ""
                } else {
                    " again"
                };
                console.note(format!("{reason}, so the problem is fitted{again} first"));
                Ok(self.fit(starts, Begin::ResumeOrAnew, console)?.0)
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

    /// The bootstrap of a fit: flag, else plan, else default.
    pub fn bootstrap_stage<'b>(
        &'b self,
        fitted: &'b Fitted,
        flags: &BootstrapFlags,
        shard: Option<Shard>,
        begin: Begin,
    ) -> Result<BootstrapStage<'b>, Failure> {
        let plan = self
            .session
            .study
            .plan
            .plan
            .bootstrap
            .clone()
            .unwrap_or_default();
        let interval = flags.interval.unwrap_or(plan.interval);
        // Bootstrap-t needs means and SDs redrawn.
        let draw = flags
            .draw
            .unwrap_or(if interval == plan::BootstrapInterval::BootstrapT {
                plan::Draw::PlugIn
            } else {
                plan.draw
            });
        let strata = match flags.stratify_on.as_ref().or(plan.stratify_on.as_ref()) {
            Some(column) => Some(self.strata(column)?),
            None => None,
        };
        Ok(BootstrapStage {
            prepared: self.prepared,
            objective: &self.objective,
            fitted,
            options: bootstrap::Options {
                kind: match flags.kind.unwrap_or(plan.kind) {
                    plan::BootstrapKind::Parametric => bootstrap::Kind::Parametric,
                    plan::BootstrapKind::Residual => bootstrap::Kind::Residual,
                    plan::BootstrapKind::Case => bootstrap::Kind::Case,
                },
                draw: match draw {
                    plan::Draw::T => bootstrap::Draw::T,
                    plan::Draw::PlugIn => bootstrap::Draw::PlugIn,
                },
                samples: flags.samples.unwrap_or(plan.samples),
                seed: self.session.seed,
                fixed_priors: flags.fixed_priors || plan.fixed_priors,
                strata,
                studentise: interval == plan::BootstrapInterval::BootstrapT,
                ..bootstrap::Options::default()
            },
            method: match interval {
                plan::BootstrapInterval::Percentile => Method::Percentile,
                plan::BootstrapInterval::Basic => Method::Basic,
                plan::BootstrapInterval::BootstrapT => Method::BootstrapT,
                plan::BootstrapInterval::Bc => Method::Bc,
            },
            level: self.session.level,
            min_success: flags.min_success.unwrap_or(plan.min_success),
            integration: &self.session.settings,
            manner: self.session.manner(&self.folder, shard, begin),
        })
    }

    /// Groups of rows by a column of the measurement table.
    fn strata(&self, column: &str) -> Result<Vec<usize>, Failure> {
        let mut names: Vec<String> = Vec::new();
        self.objective
            .rows()
            .iter()
            .map(|row| {
                let name = match column {
                    "observableId" => row.observable.clone(),
                    "experimentId" => row.experiment.clone(),
                    "datasetId" => row.dataset.clone().unwrap_or_default(),
                    "time" => row.time.to_string(),
                    _ => {
                        return Err(Failure::usage(
                            format!("rows cannot be grouped by `{column}`"),
                            "use observableId, experimentId, datasetId or time",
                        ));
                    }
                };
                Ok(names.iter().position(|n| *n == name).unwrap_or_else(|| {
                    names.push(name);
                    names.len() - 1
                }))
            })
            .collect()
    }

    /// Runs a bootstrap and writes its files; the document is null for a piece.
    pub fn bootstrap(
        &self,
        stage: &BootstrapStage,
        console: &Console,
    ) -> Result<(Outcome, Value), Failure> {
        let units = stage.options.samples / stage.manner.shard.map_or(1, |s| s.of);
        let progress = console.progress(units, "replicates");
        let outcome = stage.run(&|| progress.step()).map_err(|e| match e {
            BootstrapStageError::Refused(e) => refused(e),
            BootstrapStageError::Stage(e) => e.into(),
        })?;
        drop(progress);
        let document = match &outcome {
            Outcome::Whole(whole) => self.write_bootstrap(whole)?,
            Outcome::Shard { .. } => Value::Null,
        };
        Ok((outcome, document))
    }

    /// Writes the files of a bootstrap.
    pub fn write_bootstrap(&self, whole: &Bootstrapped) -> Result<Value, Failure> {
        let provenance = self.session.provenance(self.prepared, whole.taken_over);
        let document = files::document(&whole.document, &provenance)?;
        // The table first: whoever finds the document finds the replicates as well.
        self.write_text(
            "replicates.tsv",
            &stage_bootstrap::replicates_table(&self.objective, &whole.replicates),
        )?;
        files::write(&self.folder.join(stage_bootstrap::RESULT), &document)?;
        self.put_p_value(whole)?;
        let columns = [
            "id",
            "method",
            "level",
            "lower",
            "upper",
            "lower_status",
            "upper_status",
            "if_failures_extreme.lower",
            "if_failures_extreme.upper",
            "share_at_lower_bound",
            "share_at_upper_bound",
        ];
        let null = Value::Null;
        let intervals = document.get("intervals").unwrap_or(&null);
        self.write_text("bootstrap.tsv", &files::table(intervals, &columns))?;
        Ok(document)
    }

    /// Puts the P of plug-in draws beside Johansen's in the result of the fit, if that is the fit they were drawn from.
    fn put_p_value(&self, whole: &Bootstrapped) -> Result<(), Failure> {
        let path = self.folder.join(RESULT);
        let (Some(p), Ok(bytes)) = (
            whole.document.bootstrap.goodness.p_value,
            std::fs::read(&path),
        ) else {
            return Ok(());
        };
        let Ok(Value::Object(mut result)) = serde_json::from_slice(&bytes) else {
            return Ok(());
        };
        let optimum = serde_json::to_value(&whole.document.optimum)
            .map_err(|e| Failure::Internal(e.to_string()))?;
        if result.get("optimum") == Some(&optimum) {
            result.insert("p_value_bootstrap".into(), Value::from(p));
            files::write(&path, &Value::Object(result))?;
        }
        Ok(())
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
