//! `dose`: dose-response of an observable.

use std::path::PathBuf;

use super::super::common::{Display, Integration, Run, name};
use super::super::console::Console;
use super::super::session::Session;
use super::super::stages::Scene;
use super::super::{Exit, Failure, show};
use crate::objective::BuildOptions;
use crate::study::json;
use crate::study::plan::DosePlan;

/// Dose-response of an observable: curve, EC/IC 10, 50 and 90, Emax and Hill slope, each with its interval.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  mechfit dose fits/wang2020 --input vcr --range 0.1nM:10uM:60 --observable apoptosis --experiment co_vcr --time 24\n  mechfit dose fits/wang2020 --input vcr --range 0.1nM:10uM --observable apoptosis --experiment co_vcr --time 24 \\\n    --against co_amd_vcr      (fold shift of EC50 by AMD3100)\n  mechfit dose fits/wang2020 --input amd --range 10nM:100uM --observable cxcl12 --experiment co_amd_vcr --time 72 --summary auc"
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
    /// Summary over the time until then instead: `max`, `min`, `auc`, `time_above:X`
    #[arg(long, value_name = "SUMMARY")]
    pub summary: Option<String>,
    /// Response at the full effect, for absolute EC/IC [default: 0 if falling, 100 of a rising percentage]
    #[arg(long, value_name = "X", allow_negative_numbers = true)]
    pub full: Option<f64>,
    /// Second experiment: the same curve there, and the fold shift of EC50
    #[arg(long, value_name = "ID")]
    pub against: Option<String>,
    /// Name of the result files: `dose_NAME` instead of `dose`
    #[arg(long, value_name = "NAME", value_parser = name)]
    pub id: Option<String>,
    /// Number of replicates [default: those of the bootstrap in the folder, else the plan's, else 1000]
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
        let plan = |experiment: &str| DosePlan {
            id: self.id.clone().unwrap_or_else(|| "dose".into()),
            input: self.input.clone(),
            range: self.range.clone(),
            observable: self.observable.clone(),
            experiment: experiment.into(),
            time: self.time,
            summary: self.summary.clone(),
            full: self.full,
            note: None,
        };
        // Names and ranges are looked at before anything takes time.
        scene.check_dose(&plan(&self.experiment))?;
        if let Some(other) = &self.against {
            scene.check_dose(&plan(other))?;
        }
        let fitted = scene.fit_or_recall(None, console)?;
        let replicates = scene.replicates(&fitted, self.samples, console)?;
        let result = scene.dose(&fitted, &replicates, &plan(&self.experiment), console)?;
        let mut document = scene.write_dose(self.id.as_deref(), &result)?;
        show::dose(console, &result.response);
        if let Some(experiment) = &self.against {
            let name = self.id.as_ref().map_or_else(
                || format!("against_{experiment}"),
                |id| format!("{id}_against_{experiment}"),
            );
            let other = scene.dose(&fitted, &replicates, &plan(experiment), console)?;
            let second = scene.write_dose(Some(&name), &other)?;
            let shift = scene.shift(&fitted, &result, &other);
            scene.write_shifts(std::slice::from_ref(&shift))?;
            console.line("");
            show::dose(console, &other.response);
            console.line("");
            show::shift(console, &shift);
            if let Some(map) = document.as_object_mut() {
                map.insert("against".into(), second);
                map.insert("shift".into(), json::document(&shift)?);
            }
        }
        show::next(
            console,
            "report",
            &self.problem,
            "(the curve with its interval)",
        );
        console.document(document);
        Ok(Exit::Ok)
    }
}
