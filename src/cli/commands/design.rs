//! `design`: which further measurement narrows a target most.

use std::path::PathBuf;

use super::super::common::{Display, Integration, Run, Times, name, times};
use super::super::console::Console;
use super::super::predicting::DesignWanted;
use super::super::session::Session;
use super::super::stages::Scene;
use super::super::{Exit, Failure, show};
use crate::objective::BuildOptions;

/// Which further measurement narrows a target most: observable, arm, time and dose, by the fit's sensitivities.
///
/// Each candidate is added to the linearised fit as the mean of n replicates with the scatter that the observable has in
/// the data. Without a target candidates are ranked by what they add to the determinant of the information.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  mechfit design fits/wang2020 --target 'apoptosis@co_amd@24'\n  mechfit design fits/wang2020 --target 'apoptosis@co_amd_vcr@24' --times 6,12,24,48 --dose vcr=1nM:1uM:4\n  mechfit design fits/wang2020 --n 8                  most information on all parameters"
)]
pub struct Arguments {
    /// Problem (folder or YAML file)
    pub problem: PathBuf,
    /// What is to be narrowed: an expression over `observable@experiment@time`, or a parameter
    #[arg(long, value_name = "EXPRESSION")]
    pub target: Option<String>,
    /// Only this observable; may be repeated [default: all]
    #[arg(long, value_name = "ID")]
    pub observable: Vec<String>,
    /// Only this experiment; may be repeated [default: all]
    #[arg(long, value_name = "ID")]
    pub experiment: Vec<String>,
    /// Times: `6,12,24` or `0:72:12`
    #[arg(long, value_name = "TIMES", default_value = "6,12,24,48,72", value_parser = times)]
    pub times: Times,
    /// Doses of an input beside those of the experiments, with units if wanted; may be repeated
    #[arg(long, value_name = "INPUT=LO:HI[:N]")]
    pub dose: Vec<String>,
    /// Replicates of a candidate [default: as most means of the data]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(2..))]
    pub n: Option<u32>,
    /// Name of the result files: `design_NAME` instead of `design`
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
    /// Judges the candidates.
    pub fn run(&self, console: &mut Console) -> Result<Exit, Failure> {
        let session = Session::open(&self.problem, &self.run, &self.integration)?;
        let prepared = session.prepare(console)?;
        let scene = Scene::new(&session, &prepared, BuildOptions::default())?;
        let wanted = DesignWanted {
            target: self.target.as_deref(),
            observables: &self.observable,
            experiments: &self.experiment,
            times: &self.times.0,
            doses: &self.dose,
            n: self.n,
        };
        let candidates = scene.candidates(&wanted)?;
        let fitted = scene.fit_or_recall(None, console)?;
        let result = scene.design(&fitted, &wanted, candidates)?;
        let document = scene.write_design(self.id.as_deref(), &result)?;
        show::design(console, &result, session.level);
        show::next(
            console,
            "report",
            &self.problem,
            "(beside everything else that is known)",
        );
        console.document(document);
        Ok(Exit::Ok)
    }
}
