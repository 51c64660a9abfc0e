//! `combine`: two-drug surface and synergy.

use std::path::PathBuf;

use super::super::common::{Display, Integration, Run};
use super::super::console::Console;
use super::super::session::Session;
use super::super::stages::Scene;
use super::super::{Exit, Failure, show};
use crate::objective::BuildOptions;
use crate::report::view;
use crate::study::plan::{self, CombinationPlan};

/// What more of the observable means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Response {
    /// More effect (kill, inhibition)
    Inhibition,
    /// Less effect (survival)
    Viability,
}

/// Two-drug surface and synergy (Bliss, Loewe, HSA) with intervals.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  mechfit combine fits/wang2020 --inputs amd,vcr --range-a 10nM:100uM --range-b 0.1nM:10uM \\\n    --observable apoptosis --experiment co_amd_vcr --time 24 --response inhibition"
)]
pub struct Arguments {
    /// Problem (folder or YAML file)
    pub problem: PathBuf,
    /// The two inputs
    #[arg(
        long,
        value_name = "A,B",
        value_delimiter = ',',
        num_args = 1,
        required = true
    )]
    pub inputs: Vec<String>,
    /// Doses of the first
    #[arg(long, value_name = "LO:HI[:N]")]
    pub range_a: String,
    /// Doses of the second
    #[arg(long, value_name = "LO:HI[:N]")]
    pub range_b: String,
    /// Observable that is read
    #[arg(long, value_name = "ID")]
    pub observable: String,
    /// Experiment whose other settings hold
    #[arg(long, value_name = "ID")]
    pub experiment: String,
    /// Time at which it is read
    #[arg(long, value_name = "T")]
    pub time: f64,
    /// What more of the observable means
    #[arg(long, value_enum)]
    pub response: Response,
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
    /// Computes the surface.
    pub fn run(&self, console: &mut Console) -> Result<Exit, Failure> {
        let inputs: [String; 2] = self
            .inputs
            .clone()
            .try_into()
            .map_err(|list: Vec<String>| {
                Failure::usage(
                    format!("a combination has two inputs, not {}", list.len()),
                    "write --inputs A,B",
                )
            })?;
        let session = Session::open(&self.problem, &self.run, &self.integration)?;
        let prepared = session.prepare(console)?;
        let scene = Scene::new(&session, &prepared, BuildOptions::default())?;
        let fitted = scene.fit_or_recall(None, console)?;
        let replicates = scene.replicates(&fitted, self.samples, console)?;
        let plan = CombinationPlan {
            id: "combine".into(),
            inputs,
            range_a: self.range_a.clone(),
            range_b: self.range_b.clone(),
            observable: self.observable.clone(),
            experiment: self.experiment.clone(),
            time: self.time,
            response: match self.response {
                Response::Inhibition => plan::Response::Inhibition,
                Response::Viability => plan::Response::Viability,
            },
            note: None,
        };
        let result = scene.combine(&fitted, &replicates, &plan)?;
        let study = prepared
            .models
            .first()
            .map_or_else(view::Study::default, |m| {
                view::Study::of(&prepared.problem, m)
            });
        let document = scene.write_combination("combine", "combine", &result, &study)?;
        show::combination(console, &result);
        console.document(document);
        Ok(Exit::Ok)
    }
}
