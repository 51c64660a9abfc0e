//! `coverage`: what each kind of interval really covers.

use std::path::PathBuf;

use serde_json::{Value, json};

use super::super::common::{Display, Integration, Run, Shard, shard};
use super::super::console::Console;
use super::super::session::Session;
use super::super::stages::Scene;
use super::super::{Exit, Failure};
use crate::objective::{BuildOptions, Target as _};
use crate::search::Control;
use crate::study::files;
use crate::uncertainty::coverage::{Context, Options, coverage_sets, summarise};

/// Simulate data from the fit as known truth, refit, and report what each kind of interval really covers.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  mechfit coverage fits/wang2020 --samples 4000")]
pub struct Arguments {
    /// Problem (folder or YAML file)
    pub problem: PathBuf,
    /// Number of simulated data sets
    #[arg(long, value_name = "N", default_value_t = 1000, value_parser = clap::value_parser!(u64).range(1..))]
    pub samples: u64,
    /// Replicates of the bootstrap within each data set; 0 leaves the bootstrap rows out
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub replicates: u64,
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

impl Arguments {
    /// Simulates, refits and counts.
    pub fn run(&self, console: &mut Console) -> Result<Exit, Failure> {
        if self.shard.is_some() || self.resume {
            return Err(Failure::usage(
                "coverage is computed in one piece in this version",
                "leave out --shard and --resume",
            ));
        }
        let session = Session::open(&self.problem, &self.run, &self.integration)?;
        let prepared = session.prepare(console)?;
        let scene = Scene::new(&session, &prepared, BuildOptions::default())?;
        let fitted = scene.fit_or_recall(None, console)?;
        let ctx = Context {
            target: &scene.objective,
            data: scene.objective.data(),
            theta: &fitted.optimum.theta,
            options: Options {
                level: session.level,
                seed: session.seed,
                bootstrap: self.replicates,
                calibrate: self.replicates > 0,
                ..Options::default()
            },
        };
        let ks: Vec<u64> = (1..=self.samples).collect();
        let progress = console.progress(self.samples, "data sets");
        let sets = coverage_sets(&ks, &ctx, &|_, _| {
            progress.step();
            if session.stop.reason().is_some() {
                Control::Stop
            } else {
                Control::Continue
            }
        });
        drop(progress);
        if (sets.len() as u64) < self.samples
            && let Some(why) = session.stop.reason()
        {
            return Err(Failure::Stopped {
                why,
                message: format!(
                    "{} of {} data sets were done; nothing was written",
                    sets.len(),
                    self.samples
                ),
            });
        }
        let found = summarise(&ctx, &sets);
        let mut result =
            serde_json::to_value(&found).map_err(|e| Failure::Internal(e.to_string()))?;
        if let Value::Object(map) = &mut result {
            map.insert("schema_version".into(), json!(1));
        }
        let document = files::document(&result, &session.provenance(&prepared, 0))?;
        files::write(&scene.folder.join("coverage.json"), &document)?;
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
            &files::table(document.get("rows").unwrap_or(&null), &columns),
        )?;
        console.line(format!(
            "{} data sets, {} fitted; nominal {} %",
            found.samples,
            found.succeeded,
            100.0 * found.level
        ));
        let percent =
            |x: Option<f64>| x.map_or_else(|| "-".into(), |x| format!("{:.1}", 100.0 * x));
        console.line(format!(
            "{:<24} {:>8} {:>6} {:>14} {:>10}",
            "mean over parameters", "covers", "+-", "missed lo/hi", "width/z"
        ));
        for r in found.rows.iter().filter(|r| r.id.is_none()) {
            console.line(format!(
                "{:<24} {:>8} {:>6} {:>14} {:>10}",
                r.method,
                percent(r.covered),
                percent(r.standard_error),
                format!("{}/{}", percent(r.missed_below), percent(r.missed_above)),
                r.relative_width
                    .map_or_else(|| "-".into(), |w| format!("{w:.2}"))
            ));
        }
        for s in &found.sizes {
            console.line(format!(
                "size of {} at {} %: {} % of {} sets",
                s.test,
                100.0 * s.nominal,
                percent(s.rejected),
                s.sets
            ));
        }
        console.document(document);
        Ok(Exit::Ok)
    }
}
