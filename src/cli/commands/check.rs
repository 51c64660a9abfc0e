//! `check`: reads and checks a model or problem without integrating.

use std::path::PathBuf;

use serde_json::json;

use super::super::common::{Display, Run};
use super::super::console::{Console, SCHEMA_VERSION};
use super::super::session::{self, TargetKind};
use super::super::{Exit, Failure};
use crate::diagnostic::{Finding, Severity};
use crate::model::{self, Model};
use crate::objective::{BuildOptions, Objective, RowKind, Target as _};
use crate::simulate::{CourseError, Request, Settings, Show, course};
use crate::study::claims;
use crate::study::findings as study_findings;
use crate::study::json;
use crate::study::open::{Prepared, Study};
use crate::study::plan::Scenario;

/// Read and check a model or problem without integrating; show every mistake with its place and remedy.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  mechfit check fits/wang2020\n\nExit code 0: no errors (there may be warnings); 3: errors."
)]
pub struct Arguments {
    /// Problem (folder or YAML file) or model (`*.model`, SBML `*.xml`)
    pub target: PathBuf,
    /// Treat warnings as errors
    #[arg(long)]
    pub strict: bool,
    #[command(flatten)]
    pub run: Run,
    #[command(flatten)]
    pub display: Display,
}

impl Arguments {
    /// Reads everything and shows what was found.
    pub fn run(&self, console: &mut Console) -> Result<Exit, Failure> {
        session::exists(&self.target)?;
        let checked = match session::kind_of(&self.target) {
            TargetKind::Problem => self.problem(),
            TargetKind::Model(language) => self.model(language),
        };
        let (findings, summary) = match checked {
            Ok(pair) => pair,
            Err(Failure::Findings(list)) => (list, Vec::new()),
            Err(other) => return Err(other),
        };
        console.findings(&findings);
        let errors = session::count(&findings, Severity::Error);
        let warnings = session::count(&findings, Severity::Warning);
        let failed = errors > 0 || (self.strict && warnings > 0);
        for line in &summary {
            console.line(line);
        }
        console.line(match (errors, warnings) {
            (0, 0) => "no mistakes found".to_string(),
            (0, w) => format!("no errors, {}", plural(w, "warning")),
            (e, 0) => format!("{}; nothing was computed", plural(e, "error")),
            (e, w) => format!(
                "{} and {}; nothing was computed",
                plural(e, "error"),
                plural(w, "warning")
            ),
        });
        let exit = if failed { Exit::Invalid } else { Exit::Ok };
        console.document(json!({
            "schema_version": SCHEMA_VERSION,
            "status": if failed { "failed" } else { "ok" },
            "errors": errors,
            "warnings": warnings,
            "findings": json::document(&findings)?,
        }));
        Ok(exit)
    }

    fn model(&self, language: &'static str) -> Result<(Vec<Finding>, Vec<String>), Failure> {
        let loaded = model::load(&self.target, language, &[])?;
        let m = &loaded.model;
        let summary = vec![
            format!(
                "model `{}`: {}, {}, {}, {}, {}",
                m.id,
                plural(m.states.len(), "state"),
                plural(m.parameters.len(), "parameter"),
                plural(m.inputs.len(), "input"),
                plural(m.outputs.len(), "output"),
                plural(m.events.len(), "event"),
            ),
            units(m),
        ];
        let findings = match probe(m.clone()) {
            None => loaded.findings,
            Some(finding) => {
                let mut list = loaded.findings;
                list.push(finding.in_file(self.target.display().to_string()));
                list
            }
        };
        Ok((findings, summary))
    }

    fn problem(&self) -> Result<(Vec<Finding>, Vec<String>), Failure> {
        let study = Study::open(&self.target)?;
        // Every scenario is checked, the one asked for alone if there is one.
        let scenarios: Vec<Scenario> = match &self.run.scenario {
            None if !study.plan.plan.scenarios.is_empty() => study.plan.plan.scenarios.clone(),
            id => vec![study.prepare(id.as_deref())?.scenario],
        };
        let mut findings: Vec<Finding> = Vec::new();
        let mut summary = Vec::new();
        for (k, scenario) in scenarios.iter().enumerate() {
            let checked = study
                .prepare_scenario(scenario.clone())
                .and_then(|prepared| {
                    let objective = prepared.objective(&BuildOptions::default())?;
                    Ok((prepared.findings.clone(), describe(&prepared, &objective)))
                });
            match checked {
                Ok((list, text)) => {
                    add_new(&mut findings, list);
                    if k == 0 {
                        summary = text;
                    }
                }
                Err(list) => add_new(
                    &mut findings,
                    list.into_iter()
                        .map(|f| {
                            if k == 0 {
                                f
                            } else {
                                f.note(format!("in scenario `{}`", scenario.id))
                            }
                        })
                        .collect(),
                ),
            }
        }
        let places = &study.loaded.places;
        let suspects = claims::suspects(&study.loaded.problem);
        add_new(
            &mut findings,
            suspects
                .iter()
                .map(|s| study_findings::suspect(places, s))
                .collect(),
        );
        if !summary.is_empty() && scenarios.len() > 1 {
            summary.push(format!(
                "{}, the main one `{}`",
                plural(scenarios.len(), "scenario"),
                scenarios[0].id
            ));
        }
        Ok((findings, summary))
    }
}

/// Adds findings that are not there yet: scenarios share most of their files.
fn add_new(all: &mut Vec<Finding>, list: Vec<Finding>) {
    for finding in list {
        let known = all.iter().any(|f| {
            f.message == finding.message && f.labels == finding.labels && f.path == finding.path
        });
        if !known {
            all.push(finding);
        }
    }
}

/// How far the units of a model are known: what has none is not checked.
fn units(m: &Model) -> String {
    let all: Vec<&str> = m.declared().collect();
    let known = all.iter().filter(|id| m.unit(id).is_some()).count();
    let time = m.time_unit.as_deref().unwrap_or("no unit");
    format!(
        "units: time in {time}, {known} of {} quantities have one",
        all.len()
    )
}

/// Compiles a model without integrating it.
fn probe(model: Model) -> Option<Finding> {
    let variables = model
        .states
        .iter()
        .map(|s| (s.id.clone(), Show::Named))
        .collect();
    let request = Request {
        variables,
        ..Request::default()
    };
    match course(model, &request, &Settings::default()) {
        Ok(_) | Err(CourseError::Simulate(_)) => None,
        Err(e) => Some(Finding::error("model", e.to_string())),
    }
}

/// What a problem consists of.
fn describe(prepared: &Prepared, objective: &Objective) -> Vec<String> {
    let p = &prepared.problem;
    let means = objective
        .rows()
        .iter()
        .filter(|r| matches!(r.kind, RowKind::Mean { .. }))
        .count();
    let censored = objective
        .rows()
        .iter()
        .filter(|r| matches!(r.kind, RowKind::Limit { .. }))
        .count();
    let rows = objective.rows().len();
    let with_prior = objective
        .coordinates()
        .iter()
        .filter(|c| c.prior.is_some())
        .count();
    let mut data = format!("{} of data", plural(rows, "row"));
    if means > 0 {
        data += &format!(", {} of them means with n", means);
    }
    if censored > 0 {
        data += &format!(", {censored} censored");
    }
    let mut lines = vec![
        format!(
            "problem `{}`: {}, {}, {}, {data}",
            p.id,
            plural(
                prepared.models.iter().map(|m| m.states.len()).sum(),
                "state"
            ),
            plural(p.experiments.len().max(1), "experiment"),
            plural(p.observables.len(), "observable"),
        ),
        format!(
            "{} estimated, {with_prior} of them with a prior; {}",
            plural(objective.coordinates().len(), "parameter"),
            plural(p.relations.len(), "relation"),
        ),
    ];
    if !prepared.ignored.is_empty() {
        lines.push(format!(
            "rows of the parameter table that do not apply here: {}",
            prepared.ignored.join(", ")
        ));
    }
    lines
}

/// `1 row`, `2 rows`.
pub fn plural(n: usize, what: &str) -> String {
    format!("{n} {what}{}", if n == 1 { "" } else { "s" })
}
