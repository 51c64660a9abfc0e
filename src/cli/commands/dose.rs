//! `dose`: dose-response of an observable.

use std::path::PathBuf;

use super::super::common::{Display, Integration, Run, name};
use super::super::console::Console;
use super::super::predicting::{self, Basis};
use super::super::session::Session;
use super::super::stages::Scene;
use super::super::{Exit, Failure, show};
use crate::objective::BuildOptions;
use crate::study::job::Begin;
use crate::study::json;
use crate::study::plan::{DoseInterval, DosePlan};

/// What intervals are made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Kind {
    /// Replicates of the bootstrap
    Bootstrap,
    /// Profile likelihood of each quantity: takes longest
    Profile,
    /// Draws from the priors, everything without a prior as fitted: what is known without these data
    Prior,
}

/// Dose-response of an observable: curve, EC/IC 10, 50 and 90, Emax and Hill slope, each with its interval.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  mechfit dose fits/wang2020 --input vcr --range 0.1nM:10uM:60 --observable apoptosis --experiment co_vcr --time 24\n  mechfit dose fits/wang2020 --input vcr --range 0.1nM:10uM --observable apoptosis --experiment co_vcr --time 24 \\\n    --against co_amd_vcr      (fold shift of EC50 by AMD3100)\n  mechfit dose fits/wang2020 --input amd --range 10nM:100uM --observable cxcl12 --experiment co_amd_vcr --time 72 --summary auc\n  mechfit dose fits/wang2020 --input vcr --range 0.1nM:10uM --observable apoptosis --experiment co_vcr --time 24 \\\n    --intervals bootstrap,profile,prior      (each kind beside the others)"
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
    /// Kinds of intervals, with commas
    #[arg(
        long,
        value_enum,
        value_name = "KIND",
        value_delimiter = ',',
        default_value = "bootstrap"
    )]
    pub intervals: Vec<Kind>,
    /// Go on with the profiles that an earlier run finished
    #[arg(long)]
    pub resume: bool,
    /// Second experiment: the same curve there, and the fold shift of EC50
    #[arg(long, value_name = "ID")]
    pub against: Option<String>,
    /// Name of the result files: `dose_NAME` instead of `dose`
    #[arg(long, value_name = "NAME", value_parser = name)]
    pub id: Option<String>,
    /// Number of replicates, and of draws from priors [default: those of the bootstrap in the folder, else the plan's,
    /// else 1000]
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
            intervals: self.kinds(),
            note: None,
        };
        if self.against.as_ref() == Some(&self.experiment) {
            return Err(Failure::usage(
                format!("`{}` cannot be compared with itself", self.experiment),
                "name another experiment with --against",
            ));
        }
        // Names and ranges are looked at before anything takes time.
        scene.check_dose(&plan(&self.experiment))?;
        if let Some(other) = &self.against {
            scene.check_dose(&plan(other))?;
        }
        let kinds = self.kinds();
        let fitted = scene.fit_or_recall(None, console)?;
        let replicates = if predicting::wants(&kinds, DoseInterval::Bootstrap) {
            scene.replicates(&fitted, self.samples, console)?
        } else {
            Vec::new()
        };
        let basis = Basis {
            replicates: &replicates,
            kinds: &kinds,
            draws: self.samples,
            begin: Begin::within(self.resume),
        };
        let name = predicting::file_name("dose", self.id.as_deref());
        let own = scene.dose(&fitted, basis, &plan(&self.experiment), &name, console)?;
        let mut document = scene.write_dose(self.id.as_deref(), &own.result)?;
        show::dose(console, &own.result.response);
        if let Some(experiment) = &self.against {
            let id = self.id.as_ref().map_or_else(
                || format!("against_{experiment}"),
                |id| format!("{id}_against_{experiment}"),
            );
            let name = predicting::file_name("dose", Some(&id));
            let other = scene.dose(&fitted, basis, &plan(experiment), &name, console)?;
            let second = scene.write_dose(Some(&id), &other.result)?;
            let name = predicting::file_name("shifts", Some(&id));
            let shift = scene.shift(&fitted, basis, (&own, &other), &name, console)?;
            let curves = [own.result.response, other.result.response];
            scene.write_shifts(Some(&id), std::slice::from_ref(&shift), &curves)?;
            let [_, other] = &curves;
            console.line("");
            show::dose(console, other);
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

    /// Kinds of intervals, each once.
    fn kinds(&self) -> Vec<DoseInterval> {
        let mut list = Vec::new();
        for kind in &self.intervals {
            let kind = match kind {
                Kind::Bootstrap => DoseInterval::Bootstrap,
                Kind::Profile => DoseInterval::Profile,
                Kind::Prior => DoseInterval::Prior,
            };
            if !list.contains(&kind) {
                list.push(kind);
            }
        }
        list
    }
}
