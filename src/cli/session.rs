//! From what the user typed to what it means: study opened, settings resolved, threads and signals set up.

use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use crate::diagnostic::{Finding, Severity};
use crate::objective::{BuildOptions, Objective};
use crate::problem;
use crate::simulate::Settings;
use crate::study::audit::{self, Program, Provenance};
use crate::study::clock::Clock;
use crate::study::job::{Begin, Manner, Shard};
use crate::study::journal::Journal;
use crate::study::open::{Prepared, Study};
use crate::study::stop::{Stop, Why};
use crate::study::values;

use super::Failure;
use super::common::{Integration, Run, Values};
use super::console::Console;

/// An interrupt ends the process at the latest after this time, whatever a unit of work is doing: everything finished is
/// in a checkpoint by then, and result files appear whole or not at all.
const PATIENCE: Duration = Duration::from_millis(800);

/// A study opened with all settings resolved: flag, else plan, else default.
pub struct Session {
    /// The study.
    pub study: Study,
    /// Problem as given.
    pub target: PathBuf,
    /// Flags of the run.
    pub run: Run,
    /// When it began.
    pub clock: Clock,
    /// Asked whether to go on.
    pub stop: Arc<Stop>,
    /// Settings of the simulations.
    pub settings: Settings,
    /// Seed.
    pub seed: u64,
    /// Level of intervals.
    pub level: f64,
}

impl Session {
    /// Opens a study.
    pub fn open(target: &Path, run: &Run, integration: &Integration) -> Result<Self, Failure> {
        let clock = Clock::start();
        threads(run.threads)?;
        let stop = watch(run.max_time);
        let study = Study::open(target)?;
        let results = study.results_root(run.out.as_deref());
        super::console::keep(Journal::begin(
            &results,
            study.plan.path.as_deref(),
            run.reason.clone(),
        ));
        let plan = &study.plan.plan;
        let mut settings = Settings::default();
        settings.tolerances.rtol = integration.rtol.unwrap_or(plan.integration.rtol);
        settings.tolerances.atol = vec![integration.atol.unwrap_or(plan.integration.atol)];
        Ok(Self {
            target: target.to_path_buf(),
            run: run.clone(),
            clock,
            stop,
            settings,
            seed: run.seed.unwrap_or(plan.seed),
            level: run.level.unwrap_or(plan.level),
            study,
        })
    }

    /// Chooses the scenario asked for, reads the models, and shows warnings.
    pub fn prepare(&self, console: &Console) -> Result<Prepared<'_>, Failure> {
        let prepared = self.study.prepare(self.run.scenario.as_deref())?;
        console.findings(&prepared.findings);
        Ok(prepared)
    }

    /// The same with values of parameters from the command line.
    pub fn prepare_with(
        &self,
        values: &Values,
        console: &Console,
    ) -> Result<Prepared<'_>, Failure> {
        let mut prepared = self.prepare(console)?;
        let list = read_values(values)?;
        let unknown = values::apply(&list, &mut prepared.problem, &prepared.models);
        if let Some(u) = unknown.first() {
            return Err(Failure::usage(
                format!(
                    "`{}` is neither in the parameter table nor a parameter of the model",
                    u.id
                ),
                match u.similar.first() {
                    Some(s) => format!("did you mean `{s}`?"),
                    None => "doses belong to conditions; change them in a scenario".into(),
                },
            ));
        }
        prepared.rehash();
        Ok(prepared)
    }

    /// Folder of the results of a scenario.
    pub fn results(&self, prepared: &Prepared) -> PathBuf {
        self.study
            .results(self.run.out.as_deref(), &prepared.scenario)
    }

    /// How work of a scenario is done: where its records go, which piece, how it begins, when it stops.
    pub fn manner<'a>(
        &'a self,
        folder: &'a Path,
        shard: Option<Shard>,
        begin: Begin,
    ) -> Manner<'a> {
        Manner {
            folder,
            shard,
            begin,
            origin: &self.run.origin,
            stop: &self.stop,
        }
    }

    /// Compiles the problem.
    pub fn objective(
        &self,
        prepared: &Prepared,
        options: BuildOptions,
    ) -> Result<Objective, Failure> {
        let options = BuildOptions {
            settings: self.settings.clone(),
            ..options
        };
        Ok(prepared.objective(&options)?)
    }

    /// The record of this run.
    pub fn provenance(&self, prepared: &Prepared, resumed_units: u64) -> Provenance {
        self.record(Program::hashed(), prepared, resumed_units)
    }

    /// The record of an answer that is printed and not kept.
    pub fn brief_provenance(&self, prepared: &Prepared) -> Provenance {
        self.record(Program::this(), prepared, 0)
    }

    fn record(&self, program: Program, prepared: &Prepared, resumed_units: u64) -> Provenance {
        let files = prepared.files();
        audit::provenance(program, &self.clock, &self.target, &files, resumed_units)
    }
}

/// Values of the command line: the table first, single values over it.
pub fn read_values(values: &Values) -> Result<Vec<(String, f64)>, Failure> {
    let mut list = match &values.parameters {
        Some(path) => values::read(path)?,
        None => Vec::new(),
    };
    list.extend(values.set.iter().cloned());
    Ok(list)
}

/// Sets the number of threads of all parallel work.
pub fn threads(n: Option<u16>) -> Result<(), Failure> {
    // A command that runs others opens several sessions; the first one starts the threads.
    static STARTED: OnceLock<Result<(), String>> = OnceLock::new();
    STARTED
        .get_or_init(|| {
            rayon::ThreadPoolBuilder::new()
                .num_threads(n.map_or(0, usize::from))
                .build_global()
                .map_err(|e| e.to_string())
        })
        .clone()
        .map_err(|e| Failure::Internal(format!("the threads could not be started: {e}")))
}

/// A stop that interrupts and the limit of time ask for.
///
/// Units of work ask between one another. Where one of them takes longer than [`PATIENCE`] the process ends without it:
/// everything finished is in a checkpoint, and result files appear whole or not at all.
pub fn watch(limit: Option<Duration>) -> Arc<Stop> {
    let stop = Arc::new(Stop::after(limit));
    let asked = stop.clone();
    // Without a handler an interrupt ends the process at once, which the checkpoints survive as well.
    let _ = ctrlc::set_handler(move || {
        asked.interrupt();
        std::thread::spawn(|| {
            std::thread::sleep(PATIENCE);
            super::console::abandon(Why::Interrupted);
        });
    });
    if let Some(limit) = limit {
        std::thread::spawn(move || {
            std::thread::sleep(limit.saturating_add(PATIENCE));
            super::console::abandon(Why::OutOfTime);
        });
    }
    stop
}

/// What a target is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TargetKind {
    /// A problem.
    Problem,
    /// A model in a language.
    Model(&'static str),
}

/// Whether a target is a problem or a model, by its name.
pub fn kind_of(target: &Path) -> TargetKind {
    let ends = |e: &str| {
        target
            .extension()
            .is_some_and(|x| x.eq_ignore_ascii_case(e))
    };
    if target.is_dir() {
        TargetKind::Problem
    } else if ends("model") || ends("part") {
        TargetKind::Model("mechfit")
    } else if ends("xml") || ends("sbml") {
        TargetKind::Model("sbml")
    } else {
        TargetKind::Problem
    }
}

/// Where a problem lies, for messages before it is opened.
pub fn exists(target: &Path) -> Result<(), Failure> {
    if target.exists() {
        return Ok(());
    }
    problem::locate(target)
        .map(|_| ())
        .map_err(|f| Failure::Findings(vec![*f]))
}

/// Number of findings of a severity.
pub fn count(findings: &[Finding], severity: Severity) -> usize {
    findings.iter().filter(|f| f.severity == severity).count()
}
