//! `coverage`: what each kind of interval really covers.

use std::path::PathBuf;

use serde_json::{Value, json};

use super::super::common::{Display, Integration, Run, Shard, shard};
use super::super::console::{Console, SCHEMA_VERSION};
use super::super::session::Session;
use super::super::stages::Scene;
use super::super::{Exit, Failure, show};
use crate::objective::BuildOptions;
use crate::study::files;
use crate::study::fitted::Fitted;
use crate::study::job::{Begin, Manner};
use crate::study::open::Prepared;
use crate::study::stage_coverage::{CoverageDocument, CoverageStage, Outcome, RESULT};
use crate::uncertainty::coverage::{Options, Violation};

/// What the analysis does not know.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
#[value(rename_all = "snake_case")]
pub enum Violated {
    /// One SD is assumed for all arms of an observable, and they differ
    PooledSd,
    /// The same donors are in every arm (see --rho)
    Correlated,
    /// Replicates are log-normal
    LogNormal,
}

/// Simulate data from the fit as known truth, refit, and report what each kind of interval really covers.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  mechfit coverage fits/wang2020 --samples 4000\n  mechfit coverage fits/wang2020 --samples 1200 --replicates 499 --resume\n  mechfit coverage fits/wang2020 --samples 1000 --violation correlated --rho 0.5 --out rho\n\nA stop (interrupt or --max-time) keeps the sets that are done and writes the table of them."
)]
pub struct Arguments {
    /// Problem (folder or YAML file)
    pub problem: PathBuf,
    /// Number of simulated data sets
    #[arg(long, value_name = "N", default_value_t = 1000, value_parser = clap::value_parser!(u64).range(1..))]
    pub samples: u64,
    /// Replicates of the bootstrap within each data set; 0 leaves the bootstrap rows out
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub replicates: u64,
    /// Data sets with bootstraps [default: all]
    #[arg(long, value_name = "N")]
    pub bootstrap_sets: Option<u64>,
    /// Data sets with calibrated thresholds and with the bootstraps that cover too little [default: all with bootstraps]
    #[arg(long, value_name = "N")]
    pub calibrated_sets: Option<u64>,
    /// Data sets whose profiles are walked to their ends, for widths
    #[arg(long, value_name = "N", default_value_t = 300)]
    pub width_sets: u64,
    /// Suppose N replicates behind every mean, in place of those reported
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(2..))]
    pub n: Option<u32>,
    /// Draw the data with something that the analysis does not know
    #[arg(long, value_enum)]
    pub violation: Option<Violated>,
    /// Correlation between arms, with --violation correlated
    #[arg(long, value_name = "R", default_value_t = 0.5, value_parser = correlation)]
    pub rho: f64,
    /// Do one piece I of N; `merge` joins them
    #[arg(long, value_name = "I/N", value_parser = shard)]
    pub shard: Option<Shard>,
    /// Go on with what an earlier run finished
    #[arg(long)]
    pub resume: bool,
    #[command(flatten)]
    pub integration: Integration,
    #[command(flatten)]
    pub run: Run,
    #[command(flatten)]
    pub display: Display,
}

/// Reads a correlation that donors can cause.
fn correlation(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(x) if (0.0..=1.0).contains(&x) => Ok(x),
        _ => Err("a correlation between 0 and 1 is expected, such as 0.5".into()),
    }
}

impl Arguments {
    fn work(&self) -> Work {
        Work {
            samples: self.samples,
            n: self.n,
            replicates: self.replicates,
            bootstrap_sets: self.bootstrap_sets.unwrap_or(u64::MAX),
            calibrated_sets: self.calibrated_sets.unwrap_or(u64::MAX),
            width_sets: self.width_sets,
            violation: match self.violation {
                None => Violation::None,
                Some(Violated::PooledSd) => Violation::PooledSd,
                Some(Violated::Correlated) => Violation::Correlated { rho: self.rho },
                Some(Violated::LogNormal) => Violation::LogNormal,
            },
        }
    }

    /// Simulates, refits and counts.
    pub fn run(&self, console: &mut Console) -> Result<Exit, Failure> {
        let session = Session::open(&self.problem, &self.run, &self.integration)?;
        let prepared = session.prepare(console)?;
        let scene = Scene::new(&session, &prepared, BuildOptions::default())?;
        // The truth is the fit of what was reported, whatever number of replicates is supposed.
        let fitted = scene.fit_or_recall(None, console)?;
        let work = self.work();
        let supposed = work.supposed(session.study.prepare(self.run.scenario.as_deref())?);
        let simulated = Scene::new(&session, &supposed, BuildOptions::default())?;
        let manner = session.manner(&simulated.folder, self.shard, Begin::of(self.resume));
        let stage = work.stage(&simulated, &fitted, manner);
        let pieces = self.shard.map_or(1, |s| s.of);
        let progress = console.progress(self.samples / pieces, "data sets");
        let outcome = stage.run(&|| progress.step())?;
        drop(progress);
        match outcome {
            Outcome::Shard { done } => {
                console.line(format!(
                    "piece {}: {done} data sets; `mechfit merge` joins the pieces",
                    self.shard.map(|s| s.to_string()).unwrap_or_default()
                ));
                console.document(json!({
                    "schema_version": SCHEMA_VERSION,
                    "status": "ok",
                    "shard": self.shard.map(|s| s.to_string()),
                    "data_sets": done,
                }));
                Ok(Exit::Ok)
            }
            Outcome::Whole {
                document,
                taken_over,
                stopped,
            } => {
                let value = write(&simulated, &document, taken_over)?;
                show::coverage(console, &document);
                match stopped {
                    None => {
                        console.document(value);
                        Ok(Exit::Ok)
                    }
                    Some(why) => Err(Failure::Stopped {
                        why,
                        message: format!(
                            "{} of {} data sets are done; {RESULT} holds the table of these",
                            document.coverage.samples, self.samples
                        ),
                    }),
                }
            }
        }
    }
}

/// What is simulated.
#[derive(Debug, Clone, PartialEq)]
struct Work {
    samples: u64,
    n: Option<u32>,
    replicates: u64,
    bootstrap_sets: u64,
    calibrated_sets: u64,
    width_sets: u64,
    violation: Violation,
}

impl Work {
    /// Puts the supposed number of replicates behind every mean that has replicates.
    fn supposed<'p>(&self, mut prepared: Prepared<'p>) -> Prepared<'p> {
        if let Some(n) = self.n {
            for s in prepared
                .problem
                .measurements
                .iter_mut()
                .filter_map(|m| m.summary.as_mut())
                .filter(|s| s.n.is_some())
            {
                s.n = Some(n);
            }
            prepared.rehash();
        }
        prepared
    }

    fn stage<'s>(
        &self,
        scene: &'s Scene<'_>,
        fitted: &'s Fitted,
        manner: Manner<'s>,
    ) -> CoverageStage<'s> {
        CoverageStage {
            prepared: scene.prepared,
            objective: &scene.objective,
            fitted,
            samples: self.samples,
            n: self.n,
            options: Options {
                level: scene.session.level,
                seed: scene.session.seed,
                bootstrap: self.replicates,
                bootstrap_sets: self.bootstrap_sets,
                calibrated_sets: self.calibrated_sets,
                widths: self.width_sets,
                violation: self.violation,
                ..Options::default()
            },
            integration: &scene.session.settings,
            manner,
        }
    }
}

/// Writes the result files.
fn write(
    scene: &Scene<'_>,
    document: &CoverageDocument,
    taken_over: u64,
) -> Result<Value, Failure> {
    let provenance = scene.session.provenance(scene.prepared, taken_over);
    let value = files::document(document, &provenance)?;
    files::write(&scene.folder.join(RESULT), &value)?;
    let columns = [
        "method",
        "id",
        "sets",
        "covered",
        "standard_error",
        "missed_below",
        "missed_above",
        "median_width",
        "relative_width",
        "open",
    ];
    let null = Value::Null;
    scene.write_text(
        "coverage.tsv",
        &files::table(value.get("rows").unwrap_or(&null), &columns),
    )?;
    Ok(value)
}
