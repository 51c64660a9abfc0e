//! `merge`: joins shards.

use std::path::PathBuf;

use super::super::common::{Display, Integration, Run};
use super::super::console::Console;
use super::super::profiling;
use super::super::session::Session;
use super::super::stages::{BootstrapFlags, Scene, refused};
use super::super::{Exit, Failure, show};
use crate::diagnostic::Finding;
use crate::objective::BuildOptions;
use crate::study::atomic::{self, FileError};
use crate::study::checkpoint::Header;
use crate::study::stage_bootstrap::{self, MergeError};
use crate::study::stage_fit::{RESULT, checkpoint_path};
use crate::study::{checkpoint, stage_compare, stage_coverage, work};

/// Join the pieces that `--shard` computed; the result has the same bytes as that of one process.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  mechfit merge shards/1 shards/2 shards/3 --out fits/wang2020/results\n\nPieces of other inputs and missing pieces are refused by name (exit code 3)."
)]
pub struct Arguments {
    /// Folders of the pieces (their --out)
    #[arg(required = true)]
    pub dirs: Vec<PathBuf>,
    /// Problem, if it has moved since the pieces were computed
    #[arg(long, value_name = "PROBLEM")]
    pub problem: Option<PathBuf>,
    #[command(flatten)]
    pub run: Run,
    #[command(flatten)]
    pub display: Display,
}

impl Arguments {
    /// Joins the pieces and makes the result.
    pub fn run(&self, console: &mut Console) -> Result<Exit, Failure> {
        let files = self.pieces()?;
        let (header, records) = stage_bootstrap::join(&files).map_err(|e| match e {
            MergeError::Checkpoint(e) => Failure::Checkpoint(e),
            e => Failure::from(Finding::error("merge-refused", e.to_string()).help(
                "compute the missing pieces with the same inputs, or leave the odd ones out",
            )),
        })?;
        if header.kind == stage_compare::KIND {
            return super::super::comparing::merge(
                &header,
                &records,
                &self.dirs,
                self.problem.as_ref(),
                &self.run,
                console,
            );
        }
        let kinds = ["bootstrap", stage_coverage::KIND, profiling::KIND];
        if !kinds.contains(&header.kind.as_str()) {
            return Err(Failure::usage(
                format!("pieces of `{}` cannot be joined here", header.kind),
                "pieces of a bootstrap, of a comparison, of profiles or of a coverage can",
            ));
        }
        let problem = self
            .problem
            .clone()
            .unwrap_or_else(|| PathBuf::from(&header.problem));
        let get = |key: &str| header.arguments.get(key);
        let number = |key: &str| get(key).and_then(serde_json::Value::as_f64);
        let run = Run {
            seed: get("seed").and_then(serde_json::Value::as_u64),
            level: self.run.level.or(number("level")),
            scenario: get("scenario")
                .and_then(serde_json::Value::as_str)
                .map(str::to_string),
            ..self.run.clone()
        };
        let integration = Integration {
            rtol: number("rtol"),
            atol: number("atol"),
        };
        let session = Session::open(&problem, &run, &integration)?;
        let known = |s: &str| session.study.plan.plan.scenarios.iter().any(|p| p.id == s);
        let scenario = run.scenario.as_deref().filter(|s| known(s));
        let prepared = session.study.prepare(scenario)?;
        console.findings(&prepared.findings);
        let scene = Scene::new(&session, &prepared, BuildOptions::default())?;
        // The pieces' own fit: that of the first folder, so that nothing is fitted here that they did not have.
        // So with the draws of a calibrated threshold, which every piece has.
        if let Some(dir) = self.dirs.first() {
            for name in [RESULT, "checkpoints/calibration.jsonl"] {
                let (from, to) = (dir.join(name), scene.folder.join(name));
                if from.exists() && !to.exists() {
                    let bytes = std::fs::read(&from).map_err(FileError::of("read", &from))?;
                    atomic::write(&to, &bytes)?;
                }
            }
        }
        let fitted = scene.fit_or_recall(None, console)?;
        if header.kind == profiling::KIND {
            return super::profile::merge(&session, &prepared, &fitted, &header, &records, console);
        }
        if header.kind == stage_coverage::KIND {
            return super::coverage::merge(&session, scenario, &fitted, &header, &records, console);
        }
        let parse = |key: &str| get(key).cloned().unwrap_or_default();
        let flags = BootstrapFlags {
            samples: Some(header.units),
            kind: serde_json::from_value(parse("kind")).ok(),
            draw: serde_json::from_value(parse("draw")).ok(),
            interval: serde_json::from_value(parse("ci")).ok(),
            fixed_priors: get("fixed_priors")
                .and_then(serde_json::Value::as_bool)
                .unwrap_or(false),
            stratify_on: get("stratify_on")
                .and_then(serde_json::Value::as_str)
                .map(str::to_string),
            min_success: number("min_success"),
        };
        let stage = scene.bootstrap_stage(&fitted, &flags)?;
        same(&header, &stage.header(), &session)?;
        let path = checkpoint_path(&scene.folder, "bootstrap", None);
        checkpoint::write(&path, &header, &records)?;
        let replicates = work::recall(&path, &records)?;
        let whole = stage.from_records(replicates).map_err(refused)?;
        let document = scene.write_bootstrap(&whole)?;
        console.line(format!("joined {} pieces", files.len()));
        show::bootstrap(console, &fitted.document, &whole.document);
        console.document(document);
        Ok(if whole.document.status == "partial" {
            Exit::Partial
        } else {
            Exit::Ok
        })
    }

    /// The checkpoints of the pieces.
    fn pieces(&self) -> Result<Vec<PathBuf>, Failure> {
        let mut files = Vec::new();
        for dir in &self.dirs {
            let folder = dir.join("checkpoints");
            let mut own: Vec<PathBuf> = std::fs::read_dir(&folder)
                .map_err(FileError::of("read", &folder))?
                .filter_map(|e| Some(e.ok()?.path()))
                .filter(|p| {
                    p.file_name()
                        .is_some_and(|n| n.to_string_lossy().contains(".shard-"))
                })
                .collect();
            if own.is_empty() {
                return Err(Failure::from(
                    Finding::error("merge-refused", format!("{} holds no piece", dir.display()))
                        .help("a piece is what `--shard I/N --out DIR` leaves in DIR"),
                ));
            }
            own.sort();
            files.extend(own);
        }
        Ok(files)
    }
}

/// Whether pieces were made with what the problem is now.
///
/// # Errors
/// Names what differs.
pub fn same(pieces: &Header, now: &Header, session: &Session) -> Result<(), Failure> {
    let differences = now.differences(pieces);
    if differences.is_empty() {
        return Ok(());
    }
    Err(Failure::from(
        Finding::error(
            "merge-refused",
            format!(
                "the pieces were made with other inputs than {} has now: {} differ",
                session.target.display(),
                differences.join(", ")
            ),
        )
        .help("give the problem, the fit and the program that the pieces were made with"),
    ))
}
