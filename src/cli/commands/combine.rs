//! `combine`: two-drug surface and synergy.

use std::path::PathBuf;

use super::super::common::{Display, Integration, Run, name};
use super::super::console::Console;
use super::super::session::Session;
use super::super::stages::Scene;
use super::super::{Exit, Failure, show};
use crate::objective::BuildOptions;
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
    /// Response at the full effect [default: 100 of a percentage, 1 of a fraction, 0 of a viability]
    #[arg(long, value_name = "X", allow_negative_numbers = true)]
    pub full: Option<f64>,
    /// Name of the result files: `combine_NAME` instead of `combine`
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
        let plan = CombinationPlan {
            id: self.id.clone().unwrap_or_else(|| "combine".into()),
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
            full: self.full,
            note: None,
        };
        let session = Session::open(&self.problem, &self.run, &self.integration)?;
        let prepared = session.prepare(console)?;
        let scene = Scene::new(&session, &prepared, BuildOptions::default())?;
        // Names and ranges are looked at before anything takes time.
        scene.check_combination(&plan)?;
        let fitted = scene.fit_or_recall(None, console)?;
        let replicates = scene.replicates(&fitted, self.samples, console)?;
        let result = scene.combine(&fitted, &replicates, &plan, console)?;
        let document = scene.write_combination(self.id.as_deref(), &result)?;
        show::combination(console, &result);
        show::next(
            console,
            "report",
            &self.problem,
            "(the surface with its intervals)",
        );
        console.document(document);
        Ok(Exit::Ok)
    }
}
