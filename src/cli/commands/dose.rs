//! `dose`: dose-response of an observable.

use std::path::PathBuf;

use super::super::common::{Display, Integration, Run};
use super::super::console::Console;
use super::super::session::Session;
use super::super::stages::Scene;
use super::super::{Exit, Failure, show};
use crate::objective::BuildOptions;
use crate::report::view;
use crate::study::plan::DosePlan;

/// Dose-response of an observable: curve, EC/IC 10, 50 and 90, Emax and Hill slope, each with its interval.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  mechfit dose fits/wang2020 --input vcr --range 0.1nM:10uM:60 --observable apoptosis --experiment co_vcr --time 24"
)]
pub struct Arguments {
    /// Problem (folder or YAML file)
    pub problem: PathBuf,
    /// Input that is varied
    #[arg(long, value_name = "ID")]
    pub input: String,
    /// Doses on a logarithmic grid, with units if wanted: `1nM:100uM:50`, `5ug/mL:5mg/mL`
    #[arg(long, value_name = "LO:HI[:N]")]
    pub range: String,
    /// Observable that is read
    #[arg(long, value_name = "ID")]
    pub observable: String,
    /// Experiment whose other settings hold
    #[arg(long, value_name = "ID")]
    pub experiment: String,
    /// Time at which it is read
    #[arg(long, value_name = "T")]
    pub time: f64,
    /// Summary over the time until then instead: `max`, `auc`, `time_above:X`
    #[arg(long, value_name = "SUMMARY")]
    pub summary: Option<String>,
    /// Number of replicates [default: the plan's, else 1000]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub samples: Option<u64>,
    #[command(flatten)]
    pub integration: Integration,
    #[command(flatten)]
    pub run: Run,
    #[command(flatten)]
    pub display: Display,
}

impl Arguments {
    /// Computes the curve.
    pub fn run(&self, console: &mut Console) -> Result<Exit, Failure> {
        let session = Session::open(&self.problem, &self.run, &self.integration)?;
        let prepared = session.prepare(console)?;
        let scene = Scene::new(&session, &prepared, BuildOptions::default())?;
        let fitted = scene.fit_or_recall(None, console)?;
        let replicates = scene.replicates(&fitted, self.samples, console)?;
        let plan = DosePlan {
            id: "dose".into(),
            input: self.input.clone(),
            range: self.range.clone(),
            observable: self.observable.clone(),
            experiment: self.experiment.clone(),
            time: self.time,
            summary: self.summary.clone(),
            note: None,
        };
        let result = scene.dose(&fitted, &replicates, &plan)?;
        let study = prepared
            .models
            .first()
            .map_or_else(view::Study::default, |m| {
                view::Study::of(&prepared.problem, m)
            });
        let document = scene.write_dose("dose", "dose", &result, &study)?;
        show::dose(console, &result.response);
        console.document(document);
        Ok(Exit::Ok)
    }
}
