//! The bootstrap of a scenario: one replicate a unit.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Serialize;
use serde_json::json;

use super::canonical::hash;
use super::checkpoint::{self, Checkpoint, CheckpointError, Header};
use super::fitted::{Fitted, SCHEMA_VERSION};
use super::open::Prepared;
use super::result::{IntegrationSettings, ProblemHash};
use super::stage_fit::{StageError, checkpoint_path, parts};
use super::stop::Stop;
use super::work;
use crate::objective::target::to_natural;
use crate::objective::{Objective, Target as _};
use crate::simulate::Settings;
use crate::uncertainty::bootstrap::{
    self, Bootstrap, BootstrapError, Context, Options, Replicate, Wanted,
};
use crate::uncertainty::interval::Method;

/// Name of the result file.
pub const RESULT: &str = "bootstrap.json";

/// A bootstrap to be made.
pub struct BootstrapStage<'a> {
    /// What is resampled.
    pub prepared: &'a Prepared<'a>,
    /// Compiled; its quantities are followed through the replicates.
    pub objective: &'a Objective,
    /// The fit.
    pub fitted: &'a Fitted,
    /// Settings.
    pub options: Options,
    /// How intervals are made.
    pub method: Method,
    /// Their level.
    pub level: f64,
    /// Least percentage of replicates that has to succeed.
    pub min_success: f64,
    /// Settings of the simulations.
    pub integration: &'a Settings,
    /// Folder of the results.
    pub folder: &'a Path,
}

/// `bootstrap.json` without provenance.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct BootstrapDocument {
    /// Version of the format.
    pub schema_version: u32,
    /// Hashes of what was fitted.
    pub problem: ProblemHash,
    /// Scenario.
    pub scenario: String,
    /// `complete`, or `partial` if too few replicates succeeded.
    pub status: String,
    /// Least percentage that had to succeed.
    pub min_success: f64,
    /// Level of the intervals.
    pub level: f64,
    /// Seed.
    pub seed: u64,
    /// The fit that the replicates began from, estimation scale.
    pub optimum: Vec<f64>,
    /// Objective there.
    pub objective: f64,
    /// Settings of the integration.
    pub integration: IntegrationSettings,
    /// The bootstrap.
    #[serde(flatten)]
    pub bootstrap: Bootstrap,
}

/// A finished bootstrap.
#[derive(Debug)]
pub struct Bootstrapped {
    /// Its document.
    pub document: BootstrapDocument,
    /// Replicates in order, number 0 the fit.
    pub replicates: Vec<Replicate>,
    /// Units taken over from earlier runs.
    pub taken_over: u64,
}

/// What came of it.
#[derive(Debug)]
pub enum Outcome {
    /// All replicates are there.
    Whole(Box<Bootstrapped>),
    /// The replicates of a shard are kept; `merge` joins them.
    Shard {
        /// Replicates in it.
        done: u64,
    },
}

/// Why there is no bootstrap.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BootstrapStageError {
    /// The kind does not fit the data.
    #[error(transparent)]
    Refused(#[from] BootstrapError),
    /// Otherwise.
    #[error(transparent)]
    Stage(#[from] StageError),
}

impl From<CheckpointError> for BootstrapStageError {
    fn from(e: CheckpointError) -> Self {
        Self::Stage(StageError::Checkpoint(e))
    }
}

impl<'a> BootstrapStage<'a> {
    fn context(&self) -> Result<Context<'a, Objective>, BootstrapError> {
        Context::new(
            self.objective,
            self.objective.data(),
            &self.fitted.optimum,
            self.objective.quantities.iter().collect(),
            self.options.clone(),
        )
    }

    /// What the records depend on.
    pub fn header(&self) -> Header {
        let o = &self.options;
        let mut parts = parts(self.prepared, self.integration, o.seed);
        let optimum = format!("{:?}", self.fitted.optimum.theta);
        parts.insert("optimum".into(), hash(optimum.as_bytes()));
        parts.insert(
            "bootstrap".into(),
            format!(
                "{:?} {:?} {:?} {:?} priors {} strata {:?} studentised {}",
                o.kind, o.draw, o.centre, o.second_start, !o.fixed_priors, o.strata, o.studentise
            ),
        );
        parts.insert("search".into(), format!("{:?}", o.search));
        let texts: Vec<&str> = self
            .objective
            .quantities
            .iter()
            .map(|q| q.text.as_str())
            .collect();
        parts.insert("predictions".into(), texts.join("; "));
        let arguments = BTreeMap::from([
            ("seed".to_string(), json!(o.seed)),
            ("samples".to_string(), json!(o.samples)),
            ("kind".to_string(), json!(o.kind)),
            ("draw".to_string(), json!(o.draw)),
            ("ci".to_string(), json!(self.method)),
            ("fixed_priors".to_string(), json!(o.fixed_priors)),
            ("level".to_string(), json!(self.level)),
            ("min_success".to_string(), json!(self.min_success)),
            ("scenario".to_string(), json!(self.prepared.scenario.id)),
            ("rtol".to_string(), json!(self.integration.tolerances.rtol)),
            (
                "atol".to_string(),
                json!(self.integration.tolerances.atol.first()),
            ),
        ]);
        let problem = self.prepared.problem.path.display().to_string();
        Header::new("bootstrap", o.samples, parts, problem, arguments)
    }

    /// One replicate alone.
    ///
    /// # Errors
    /// [`BootstrapError`] if the kind does not fit the data.
    pub fn one(&self, k: u64) -> Result<Replicate, BootstrapError> {
        let context = self.context()?;
        let mut ws = self.objective.workspace();
        Ok(bootstrap::replicate(k, &context, &mut ws))
    }

    /// Runs the replicates of the shard `(i, n)` with `i` from 1, or all.
    ///
    /// # Errors
    /// [`BootstrapStageError`].
    pub fn run(
        &self,
        shard: Option<(u64, u64)>,
        resume: bool,
        stop: &Stop,
        progress: &(dyn Fn() + Sync),
    ) -> Result<Outcome, BootstrapStageError> {
        let context = self.context()?;
        let path = checkpoint_path(self.folder, "bootstrap", shard);
        let (checkpoint, old) = Checkpoint::open(&path, &self.header(), resume)?;
        let done: BTreeMap<u64, Replicate> = work::recall(&path, &old)?;
        let taken_over = done.len() as u64;
        let units: Vec<u64> = (1..=self.options.samples)
            .filter(|k| shard.is_none_or(|(i, n)| k % n == i - 1))
            .collect();
        let outcome = work::run(
            &units,
            done,
            Some(&checkpoint),
            stop,
            || self.objective.workspace(),
            |k, ws| bootstrap::replicate(k, &context, ws),
            progress,
        )?;
        checkpoint.finish()?;
        if let Some(why) = outcome.stopped {
            return Err(StageError::Stopped {
                why,
                done: outcome.records.len() as u64,
                of: units.len() as u64,
                units: "replicates",
            }
            .into());
        }
        if shard.is_some() {
            return Ok(Outcome::Shard {
                done: outcome.records.len() as u64,
            });
        }
        let records = outcome
            .records
            .into_iter()
            .filter(|(k, _)| *k <= self.options.samples)
            .collect();
        Ok(Outcome::Whole(Box::new(
            self.summarise(&context, records, taken_over),
        )))
    }

    /// The bootstrap from the records of all replicates (of a merge).
    ///
    /// # Errors
    /// [`BootstrapError`] if the kind does not fit the data.
    pub fn from_records(
        &self,
        records: BTreeMap<u64, Replicate>,
    ) -> Result<Bootstrapped, BootstrapError> {
        let context = self.context()?;
        Ok(self.summarise(&context, records, 0))
    }

    fn summarise(
        &self,
        context: &Context<'_, Objective>,
        records: BTreeMap<u64, Replicate>,
        taken_over: u64,
    ) -> Bootstrapped {
        let mut ws = self.objective.workspace();
        let mut replicates = vec![bootstrap::replicate(0, context, &mut ws)];
        replicates.extend(records.into_values());
        let wanted = Wanted {
            methods: vec![self.method],
            level: self.level,
            predictions: self
                .objective
                .quantities
                .iter()
                .map(|q| q.text.clone())
                .collect(),
        };
        let result = bootstrap::summarise(context, &replicates, &wanted);
        let share = 100.0 * result.succeeded as f64 / result.samples.max(1) as f64;
        Bootstrapped {
            document: BootstrapDocument {
                schema_version: SCHEMA_VERSION,
                problem: ProblemHash::of(self.prepared),
                scenario: self.prepared.scenario.id.clone(),
                status: if share < self.min_success {
                    "partial"
                } else {
                    "complete"
                }
                .into(),
                min_success: self.min_success,
                level: self.level,
                seed: self.options.seed,
                optimum: self.fitted.optimum.theta.clone(),
                objective: self.fitted.optimum.evaluated.value,
                integration: IntegrationSettings::of(self.integration),
                bootstrap: result,
            },
            replicates,
            taken_over,
        }
    }
}

/// `replicates.tsv`: one row a replicate in order (0 is the fit), estimates on the natural scale, then predictions.
pub fn replicates_table(objective: &Objective, replicates: &[Replicate]) -> String {
    let number = |x: f64| {
        if x.is_nan() {
            String::new()
        } else {
            format!("{x:?}")
        }
    };
    let maybe = |x: Option<f64>| x.map(number).unwrap_or_default();
    let mut header = vec![
        "replicate".to_string(),
        "objective".into(),
        "chi2_means".into(),
        "second_start".into(),
        "failure".into(),
    ];
    header.extend(objective.coordinates().iter().map(|c| c.id.clone()));
    header.extend(objective.quantities.iter().map(|q| q.text.clone()));
    let mut text = header.join("\t");
    text.push('\n');
    for r in replicates {
        let mut cells = vec![
            r.index.to_string(),
            maybe(r.objective),
            maybe(r.chi2_means),
            r.second_start.to_string(),
            r.failure.clone().unwrap_or_default(),
        ];
        for (k, c) in objective.coordinates().iter().enumerate() {
            cells.push(
                r.theta
                    .get(k)
                    .map_or_else(String::new, |x| number(to_natural(c.scale, *x))),
            );
        }
        for k in 0..objective.quantities.len() {
            cells.push(
                r.predictions
                    .get(k)
                    .map_or_else(String::new, |x| number(*x)),
            );
        }
        text += &cells.join("\t");
        text.push('\n');
    }
    text
}

/// Joins the checkpoints of shards: one header, every unit once.
///
/// # Errors
/// [`MergeError`] names the inputs that differ and the units that are missing.
pub fn join(files: &[std::path::PathBuf]) -> Result<(Header, BTreeMap<u64, String>), MergeError> {
    let mut joined: Option<(Header, std::path::PathBuf)> = None;
    let mut records: BTreeMap<u64, String> = BTreeMap::new();
    for file in files {
        let contents = checkpoint::read(file)?;
        match &joined {
            None => joined = Some((contents.header, file.clone())),
            Some((first, of)) => {
                let differences = first.differences(&contents.header);
                if !differences.is_empty() {
                    return Err(MergeError::Mixed {
                        a: of.clone(),
                        b: file.clone(),
                        differences,
                    });
                }
            }
        }
        for (k, record) in contents.records {
            if records.get(&k).is_some_and(|known| *known != record) {
                return Err(MergeError::Contradiction {
                    unit: k,
                    file: file.clone(),
                });
            }
            records.insert(k, record);
        }
    }
    let Some((header, _)) = joined else {
        return Err(MergeError::Nothing);
    };
    // Replicates and data sets count from 1: replicate 0 is the fit.
    let from_one = ["bootstrap", super::stage_coverage::KIND];
    let first = u64::from(from_one.contains(&header.kind.as_str()));
    let missing: Vec<u64> = (first..first + header.units)
        .filter(|k| !records.contains_key(k))
        .collect();
    if !missing.is_empty() {
        return Err(MergeError::Gaps {
            missing: missing.len() as u64,
            of: header.units,
            text: ranges(&missing),
        });
    }
    Ok((header, records))
}

/// Numbers as ranges: `3, 7–9, 12`; the first few only.
fn ranges(list: &[u64]) -> String {
    const MOST: usize = 8;
    let mut runs: Vec<(u64, u64)> = Vec::new();
    for &k in list {
        match runs.last_mut() {
            Some((_, end)) if *end + 1 == k => *end = k,
            _ => runs.push((k, k)),
        }
    }
    let mut text: Vec<String> = runs
        .iter()
        .take(MOST)
        .map(|(a, b)| {
            if a == b {
                a.to_string()
            } else {
                format!("{a}–{b}")
            }
        })
        .collect();
    if runs.len() > MOST {
        text.push("…".into());
    }
    text.join(", ")
}

/// Why pieces cannot be joined.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MergeError {
    /// A piece cannot be read.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// There is no piece.
    #[error("no piece was found in these folders")]
    Nothing,
    /// Pieces of different inputs.
    #[error("{} and {} are pieces of different inputs: {} differ", .a.display(), .b.display(), .differences.join(", "))]
    Mixed {
        /// One piece.
        a: std::path::PathBuf,
        /// Another.
        b: std::path::PathBuf,
        /// What differs.
        differences: Vec<String>,
    },
    /// Pieces that hold one unit with different results.
    #[error("unit {unit} in {} differs from that of another piece", .file.display())]
    Contradiction {
        /// Unit.
        unit: u64,
        /// File.
        file: std::path::PathBuf,
    },
    /// Units that no piece holds.
    #[error("{missing} of {of} units are missing: {text}")]
    Gaps {
        /// Number missing.
        missing: u64,
        /// Number of all.
        of: u64,
        /// Which.
        text: String,
    },
}

#[cfg(test)]
mod tests {
    use super::ranges;

    #[test]
    fn missing_units_are_named_as_ranges() {
        assert_eq!(ranges(&[3, 7, 8, 9, 12]), "3, 7–9, 12");
        let many: Vec<u64> = (0..40).map(|k| 2 * k).collect();
        assert!(ranges(&many).ends_with("14, …"));
    }
}
