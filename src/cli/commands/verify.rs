//! `verify`: does the recorded result reproduce?

use std::path::PathBuf;

use serde_json::json;

use super::super::common::{Display, Integration, Run};
use super::super::console::{Console, SCHEMA_VERSION};
use super::super::session::Session;
use super::super::stages::{BootstrapFlags, Scene, refused};
use super::super::whole::gate_failure;
use super::super::{Exit, Failure};
use crate::objective::BuildOptions;
use crate::report::document::{Cell, Column, Table, Tone};
use crate::report::number::{Style, significant};
use crate::stats::Stream;
use crate::study::expected::{self, Expected};
use crate::study::fitting::{StartEnd, StartsDocument};
use crate::study::job::Begin;
use crate::study::stage_bootstrap::Outcome;
use crate::study::verify::{Check, Verification};
use crate::study::{atomic, claims, fitted, gates, json, stage_fit};

/// Recompute what `expected.json` records and say whether it holds; if not, name the cause.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  mechfit verify fits/wang2020 --depth 3\n  mechfit verify fits/wang2020 --record\n\nDepths: 1 the objective and simulations at the recorded optimum; 2 gradient, local refit, profile ends;\n3 randomly chosen bootstrap replicates; 4 everything. Exit code 6: does not reproduce."
)]
pub struct Arguments {
    /// Problem (folder or YAML file)
    pub problem: PathBuf,
    /// Record to check against [default: `expected.json` beside the problem]
    #[arg(long, value_name = "FILE")]
    pub expected: Option<PathBuf>,
    /// How much to recompute
    #[arg(long, value_name = "1..4", default_value_t = 1, value_parser = clap::value_parser!(u8).range(1..=4))]
    pub depth: u8,
    /// Write the record from the results instead of checking
    #[arg(long)]
    pub record: bool,
    /// Also write the checks as JUnit XML
    #[arg(long, value_name = "FILE")]
    pub junit: Option<PathBuf>,
    #[command(flatten)]
    pub integration: Integration,
    #[command(flatten)]
    pub run: Run,
    #[command(flatten)]
    pub display: Display,
}

/// Replicates replayed at depth 3.
const REPLAYED: usize = 5;

impl Arguments {
    /// Records or checks.
    pub fn run(&self, console: &mut Console) -> Result<Exit, Failure> {
        let session = Session::open(&self.problem, &self.run, &self.integration)?;
        let prepared = session.prepare(console)?;
        let scene = Scene::new(&session, &prepared, BuildOptions::default())?;
        let path = self
            .expected
            .clone()
            .unwrap_or_else(|| session.study.folder.join(expected::FILE));
        if self.record {
            self.write(&scene, &path, console)
        } else {
            self.check(&scene, &Expected::read(&path)?, console)
        }
    }

    fn write(
        &self,
        scene: &Scene,
        path: &std::path::Path,
        console: &mut Console,
    ) -> Result<Exit, Failure> {
        // What is recorded is what the plan says, not what somebody tried last.
        let starts = scene.session.study.plan.plan.fit.starts;
        let fitted = scene.fit_or_recall(Some(starts), console)?;
        let wanted = scene.session.study.plan.plan.bootstrap.is_some();
        let bootstrap = if wanted {
            let flags = BootstrapFlags::default();
            let stage = scene.bootstrap_stage(&fitted, &flags, None, Begin::ResumeOrAnew)?;
            match scene.bootstrap(&stage, console)? {
                (Outcome::Whole(whole), _) => Some(whole),
                (Outcome::Shard { .. }, _) => None,
            }
        } else {
            None
        };
        let required: Vec<String> = scene
            .session
            .study
            .plan
            .plan
            .gates
            .iter()
            .map(|g| g.require.clone())
            .collect();
        let judged = gates::judge(
            &required,
            &fitted.document,
            bootstrap.as_ref().map(|b| &b.document),
        )
        .map_err(|e| gate_failure(scene.session, &e))?;
        let mut failed: Vec<String> = judged
            .iter()
            .filter(|g| !g.holds)
            .map(|g| g.require.clone())
            .collect();
        if fitted.document.status != "converged" {
            failed.push("converged".into());
        }
        if !failed.is_empty() {
            console.note(format!(
                "nothing is recorded: these conditions fail: {}",
                failed.join("; ")
            ));
            console.document(json!({
                "schema_version": SCHEMA_VERSION,
                "status": "failed",
                "gates": json::document(&judged)?,
            }));
            return Ok(Exit::Gate);
        }
        let record = expected::record(
            scene.prepared,
            &scene.objective,
            &fitted,
            bootstrap.as_deref(),
        )
        .map_err(|e| Failure::NothingEvaluated {
            message: format!("the optimum cannot be evaluated: {e}"),
            notes: Vec::new(),
        })?;
        let document = json::document(&record)?;
        atomic::write(path, json::text(&document).as_bytes())?;
        console.line(format!(
            "recorded {} numbers, {} simulations and {} replicates in {}",
            record.numbers.len(),
            record.simulations.len(),
            record.bootstrap.as_ref().map_or(0, |b| b.replicates.len()),
            path.display()
        ));
        console.document(json!({
            "schema_version": SCHEMA_VERSION,
            "status": "recorded",
            "file": path.display().to_string(),
        }));
        Ok(Exit::Ok)
    }

    fn check(
        &self,
        scene: &Scene,
        expected: &Expected,
        console: &mut Console,
    ) -> Result<Exit, Failure> {
        let mut v = Verification::default();
        let options = scene.session.study.plan.plan.fit.starts;
        let settings = scene.fit_settings(options);
        let same_parameters =
            expected.optimum.len() == crate::objective::Target::coordinates(&scene.objective).len();
        let fitted = if same_parameters {
            recorded(scene, expected, &settings)
        } else {
            None
        };
        v.inputs(expected, scene.prepared, &current(scene, &settings));
        v.numbers(expected, &scene.objective);
        if let Some(fitted) = &fitted {
            v.relations(expected, fitted);
        }
        let theta: Vec<f64> = expected.optimum.iter().map(|c| c.scaled).collect();
        v.claims(&claims::judge(
            scene.prepared,
            &scene.session.settings,
            &theta,
        ));
        if let Ok(stored) = stage_fit::read(&scene.folder.join(stage_fit::RESULT))
            && stored.problem.canonical_sha256 == scene.prepared.canonical.sha256()
        {
            let rows = std::fs::read_to_string(scene.folder.join("replicates.tsv"))
                .ok()
                .map(|t| t.lines().count().saturating_sub(1));
            v.results(expected, &stored, rows);
        }
        if self.depth >= 2 && same_parameters {
            v.optimum(expected, &scene.objective);
            v.profile(expected, &scene.objective);
        }
        if self.depth >= 3
            && let (Some(b), Some(fitted)) = (&expected.bootstrap, &fitted)
        {
            let flags = BootstrapFlags {
                samples: Some(b.samples),
                ..BootstrapFlags::default()
            };
            let stage = scene.bootstrap_stage(fitted, &flags, None, Begin::Anew)?;
            let order =
                Stream::new(scene.session.seed, "verify", 0, 0).permutation(b.replicates.len());
            for k in order.into_iter().take(REPLAYED) {
                if let Some(r) = b.replicates.get(k) {
                    let now = stage.one(r.index).map_err(refused)?;
                    v.replicate(expected, r, &now);
                }
            }
        }
        if self.depth >= 4 {
            let again = Scene {
                folder: scene.folder.join("verify"),
                objective: scene.objective.clone(),
                ..*scene
            };
            let (fitted, _) = again.fit(None, Begin::Anew, console)?;
            let bootstrap = match &expected.bootstrap {
                None => None,
                Some(b) => {
                    let flags = BootstrapFlags {
                        samples: Some(b.samples),
                        ..BootstrapFlags::default()
                    };
                    let stage = again.bootstrap_stage(&fitted, &flags, None, Begin::Anew)?;
                    match again.bootstrap(&stage, console)? {
                        (Outcome::Whole(whole), _) => Some(whole),
                        (Outcome::Shard { .. }, _) => None,
                    }
                }
            };
            v.whole(expected, &fitted, bootstrap.as_deref());
        }
        if !v.holds() && v.causes.is_empty() {
            v.blame("results", "inputs and settings are those of the record, but the numbers do not come out again");
        }
        if let Some(path) = &self.junit {
            atomic::write(path, junit(&v).as_bytes())?;
        }
        show(console, &v);
        console.document(json!({
            "schema_version": SCHEMA_VERSION,
            "status": if v.holds() { "reproduces" } else { "does_not_reproduce" },
            "depth": self.depth,
            "checks": json::document(&v.checks)?,
            "causes": json::document(&v.causes)?,
        }));
        Ok(if v.holds() {
            Exit::Ok
        } else {
            Exit::DoesNotReproduce
        })
    }
}

/// Settings that hold now, by name.
fn current(
    scene: &Scene,
    settings: &crate::study::result::FitSettings,
) -> std::collections::BTreeMap<String, String> {
    let i = &settings.integration;
    [
        ("seed", scene.session.seed.to_string()),
        ("starts", settings.starts.to_string()),
        ("level", format!("{:?}", settings.level)),
        ("method", i.method.clone()),
        ("rtol", format!("{:?}", i.rtol)),
        ("atol", format!("{:?}", i.atol)),
    ]
    .into_iter()
    .map(|(k, v)| (k.to_string(), v))
    .collect()
}

/// The recorded optimum as a fit, if it can be evaluated.
fn recorded(
    scene: &Scene,
    expected: &Expected,
    settings: &crate::study::result::FitSettings,
) -> Option<fitted::Fitted> {
    let end = StartEnd {
        theta: expected.optimum.iter().map(|c| c.scaled).collect(),
        objective: expected.numbers.first().map_or(f64::NAN, |n| n.value),
        converged: true,
        termination: "objective".into(),
        at_bound: expected.optimum.iter().map(|c| c.held).collect(),
        iterations: 0,
        gradients: 0,
        values: 0,
    };
    let starts = StartsDocument {
        n: 1,
        requested: 1,
        best_start: 0,
        converged: 1,
        failed: std::collections::BTreeMap::new(),
        at_best: 1,
        objectives: vec![Some(end.objective)],
    };
    let mut ws = crate::objective::Target::workspace(&scene.objective);
    fitted::from_end(
        scene.prepared,
        &scene.objective,
        &end,
        starts,
        settings.clone(),
        None,
        &mut ws,
    )
    .ok()
}

fn show(console: &mut Console, v: &Verification) {
    let failed: Vec<&Check> = v.checks.iter().filter(|c| !c.holds).collect();
    console.line(format!(
        "{} of {} comparisons hold",
        v.checks.len() - failed.len(),
        v.checks.len()
    ));
    if !failed.is_empty() {
        let mut t = Table::new(
            "What does not reproduce",
            vec![
                Column::words("comparison"),
                Column::number("recorded"),
                Column::number("found"),
                Column::number("tolerance"),
                Column::words(""),
            ],
        );
        /// Digits that show a difference.
        const DIGITS: i32 = 8;
        let show = |x: Option<f64>, digits| {
            x.map(|x| significant(x, digits, Style::Plain))
                .unwrap_or_default()
        };
        for c in failed {
            t.row(vec![
                Cell::from(c.name.as_str()).tone(Tone::Bad),
                show(c.expected, DIGITS).into(),
                show(c.found, DIGITS).into(),
                show(c.tolerance, 2).into(),
                c.message.clone().unwrap_or_default().into(),
            ]);
        }
        console.table(&t.without_empty_columns());
        for c in &v.causes {
            console.line(format!("cause: {}: {}", c.cause, c.text));
        }
    } else {
        console.line("the recorded result reproduces");
    }
}

/// The checks as JUnit XML.
fn junit(v: &Verification) -> String {
    let escape = |s: &str| {
        s.replace('&', "&amp;")
            .replace('<', "&lt;")
            .replace('>', "&gt;")
            .replace('"', "&quot;")
    };
    let failures = v.checks.iter().filter(|c| !c.holds).count();
    let mut text = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuite name=\"mechfit verify\" tests=\"{}\" failures=\"{failures}\">\n",
        v.checks.len()
    );
    let causes: Vec<String> = v
        .causes
        .iter()
        .map(|c| format!("{}: {}", c.cause, c.text))
        .collect();
    for c in &v.checks {
        let name = escape(&c.name);
        if c.holds {
            text += &format!(
                "  <testcase classname=\"depth {}\" name=\"{name}\"/>\n",
                c.depth
            );
        } else {
            let numbers = match (c.expected, c.found, c.tolerance) {
                (Some(e), Some(f), Some(t)) => format!("recorded {e}, found {f}, tolerance {t}"),
                _ => c.message.clone().unwrap_or_default(),
            };
            text += &format!(
                "  <testcase classname=\"depth {}\" name=\"{name}\"><failure message=\"{}\">{}</failure></testcase>\n",
                c.depth,
                escape(&numbers),
                escape(&causes.join("; "))
            );
        }
    }
    text += "</testsuite>\n";
    text
}
