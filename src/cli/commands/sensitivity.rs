//! `sensitivity`: which parameters a prediction depends on.

use std::path::PathBuf;

use super::super::common::{Display, Integration, Run, name};
use super::super::console::Console;
use super::super::predicting::SensitivityWanted;
use super::super::session::Session;
use super::super::stages::Scene;
use super::super::{Exit, Failure, show};
use crate::objective::BuildOptions;

/// Which parameters a prediction depends on: at the fit, and over their whole ranges (Sobol indices).
///
/// A parameter is varied over its prior, or uniformly between its bounds on its scale where it has none.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  mechfit sensitivity fits/wang2020 --prediction 'apoptosis@co_amd_vcr@24'\n  mechfit sensitivity fits/wang2020 --prediction 'mfi@co@24/mfi@alone@24' --samples 8192\n  mechfit sensitivity fits/wang2020 --prediction 'apoptosis@co@24' --samples 0      at the fit only"
)]
pub struct Arguments {
    /// Problem (folder or YAML file)
    pub problem: PathBuf,
    /// Expression over `observable@experiment@time`
    #[arg(long, value_name = "EXPRESSION")]
    pub prediction: String,
    /// Base points of the Sobol indices: as many simulations as this times the parameters plus two; 0: at the fit only
    #[arg(long, value_name = "N", default_value_t = 1024, value_parser = clap::value_parser!(u64).range(..=16_777_216))]
    pub samples: u64,
    /// Vary only this parameter over its range; may be repeated [default: all that are estimated]
    #[arg(long, value_name = "ID")]
    pub parameter: Vec<String>,
    /// Name of the result files: `sensitivity_NAME` instead of `sensitivity`
    #[arg(long, value_name = "NAME", value_parser = name)]
    pub id: Option<String>,
    #[command(flatten)]
    pub integration: Integration,
    #[command(flatten)]
    pub run: Run,
    #[command(flatten)]
    pub display: Display,
}

impl Arguments {
    /// Computes the sensitivities.
    pub fn run(&self, console: &mut Console) -> Result<Exit, Failure> {
        let session = Session::open(&self.problem, &self.run, &self.integration)?;
        let prepared = session.prepare(console)?;
        let scene = Scene::new(&session, &prepared, BuildOptions::default())?;
        let wanted = SensitivityWanted {
            expression: &self.prediction,
            parameters: &self.parameter,
            samples: usize::try_from(self.samples).unwrap_or(usize::MAX),
        };
        scene.check_sensitivity(&wanted)?;
        let fitted = scene.fit_or_recall(None, console)?;
        let result = scene.sensitivity(&fitted, &wanted, console)?;
        let document = scene.write_sensitivity(self.id.as_deref(), &result)?;
        show::sensitivity(console, &result);
        show::next(
            console,
            &format!("design --target '{}'", self.prediction),
            &self.problem,
            "(what to measure to narrow it)",
        );
        console.document(document);
        Ok(Exit::Ok)
    }
}
