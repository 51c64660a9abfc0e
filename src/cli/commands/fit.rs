//! `fit`: multistart bounded least squares or maximum likelihood.

use std::path::PathBuf;

use super::super::common::{Display, Integration, Run, Shard, Values, shard};
use super::super::console::Console;
use super::super::session::Session;
use super::super::stages::Scene;
use super::super::{Exit, Failure, show};
use crate::objective::BuildOptions;
use crate::study::job::Begin;

/// Fit from many starts within the bounds; estimates with quick intervals, goodness of fit, relations, warnings.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  mechfit fit fits/wang2020 --starts 100\n  mechfit fit fits/wang2020 --max-time 10m && mechfit fit fits/wang2020 --resume\n\nWrites result.json, result.tsv and fit.svg to the folder of the results."
)]
pub struct Arguments {
    /// Problem (folder or YAML file)
    pub problem: PathBuf,
    /// Number of starting points; the first is the nominal point [default: the plan's, else 50]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub starts: Option<u64>,
    /// Do one piece I of N of the starts; `merge` joins them
    #[arg(long, value_name = "I/N", value_parser = shard)]
    pub shard: Option<Shard>,
    /// Go on with what an earlier run finished
    #[arg(long)]
    pub resume: bool,
    /// Condition on the result; may be repeated. One that fails gives exit code 5 (see `mechfit explain gates`)
    #[arg(long, value_name = "CONDITION")]
    pub require: Vec<String>,
    #[command(flatten)]
    pub values: Values,
    #[command(flatten)]
    pub integration: Integration,
    #[command(flatten)]
    pub run: Run,
    #[command(flatten)]
    pub display: Display,
}

impl Arguments {
    /// Fits.
    pub fn run(&self, console: &mut Console) -> Result<Exit, Failure> {
        let session = Session::open(&self.problem, &self.run, &self.integration)?;
        let prepared = session.prepare_with(&self.values, console)?;
        let scene = Scene::new(&session, &prepared, BuildOptions::default())?;
        let begin = Begin::of(self.resume);
        let Some((fitted, document)) = scene.fit_piece(self.starts, self.shard, begin, console)?
        else {
            console.piece(self.shard);
            return Ok(Exit::Ok);
        };
        show::fit(console, &fitted.document);
        console.document(document);
        console.flush();
        show::warnings(console, &fitted.document);
        Ok(Exit::Ok)
    }
}
