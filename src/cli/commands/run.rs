//! `run`: the whole study.

use std::path::PathBuf;

use serde_json::json;

use super::super::common::{Display, Integration, Run};
use super::super::console::{Console, SCHEMA_VERSION};
use super::super::session::Session;
use super::super::stages::Scene;
use super::super::whole::{self, Options, Whole};
use super::super::{Exit, Failure};
use crate::objective::BuildOptions;
use crate::report::document::Document;
use crate::report::number::Style;
use crate::report::{table::Terminal, terminal};
use crate::study::json;

/// Do the whole study as its plan says: check, fit, intervals, predictions, report.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  mechfit run fits/wang2020\n\nWrites JSON, TSV, SVG and report.html to the folder of the results."
)]
pub struct Arguments {
    /// Problem (folder or YAML file)
    pub problem: PathBuf,
    /// Number of starting points [default: the plan's, else 50]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub starts: Option<u64>,
    /// Number of bootstrap replicates [default: the plan's, else 1000]; 0: no bootstrap
    #[arg(long, value_name = "N")]
    pub samples: Option<u64>,
    /// Go on with what an earlier run finished
    #[arg(long)]
    pub resume: bool,
    /// Condition on the result; may be repeated. One that fails gives exit code 5 (see `mechfit explain gates`)
    #[arg(long, value_name = "CONDITION")]
    pub require: Vec<String>,
    #[command(flatten)]
    pub integration: Integration,
    #[command(flatten)]
    pub run: Run,
    #[command(flatten)]
    pub display: Display,
}

impl Arguments {
    /// Does the study.
    pub fn run(&self, console: &mut Console) -> Result<Exit, Failure> {
        let session = Session::open(&self.problem, &self.run, &self.integration)?;
        let options = Options {
            starts: self.starts,
            samples: self.samples,
            resume: self.resume,
            require: self.require.clone(),
        };
        let whole = whole::whole(&session, &options, console)?;
        let prepared = session.study.prepare(session.run.scenario.as_deref())?;
        let scene = Scene::new(&session, &prepared, BuildOptions::default())?;
        let files = whole::write(&whole, &scene)?;
        console.line(
            terminal::render(
                &Document::brief(&whole.view, Style::Plain),
                Terminal {
                    color: console.colors_stdout(),
                    ..Terminal::default()
                },
            )
            .trim_end(),
        );
        console.line("");
        for g in &whole.gates {
            let word = if g.holds { "holds" } else { "FAILS" };
            console.line(format!("gate `{}`: {word}", g.require));
        }
        console.line(format!(
            "results in {}, the report in {}",
            whole.folder.display(),
            whole.folder.join("report.html").display()
        ));
        console.line(format!(
            "next: {}",
            next(&whole, &self.problem.display().to_string())
        ));
        let exit = whole.exit();
        console.document(json!({
            "schema_version": SCHEMA_VERSION,
            "status": if exit == Exit::Ok { "ok" } else { "failed" },
            "exit_code": exit.code(),
            "result": json::document(&whole.fit)?,
            "bootstrap": json::document(&whole.bootstrap)?,
            "gates": json::document(&whole.gates)?,
            "scenarios": json::document(&whole.scenarios)?,
            "conclusions": json::document(&whole.view.conclusions)?,
            "folder": whole.folder.display().to_string(),
            "files": files,
        }));
        Ok(exit)
    }
}

/// Replicates from which an interval is fit to print: its ends are then known to 1 % of its width.
const TO_PUBLISH: u64 = 5000;

/// What to do next, as a command.
fn next(whole: &Whole, problem: &str) -> String {
    let fit = &whole.fit;
    if fit.status != "converged" || (fit.starts.n >= 5 && fit.starts.at_best < 2) {
        return format!(
            "mechfit fit {problem} --starts {}   (to see whether there is a better optimum)",
            10 * fit.starts.n
        );
    }
    match &whole.bootstrap {
        None => format!("mechfit bootstrap {problem}   (intervals that cover)"),
        Some(b) if b.bootstrap.samples < TO_PUBLISH => format!(
            "mechfit bootstrap {problem} --samples {TO_PUBLISH} --resume   (intervals to publish)"
        ),
        Some(_) => format!("mechfit verify {problem} --record   (write down what must reproduce)"),
    }
}
