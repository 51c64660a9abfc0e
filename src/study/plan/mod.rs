//! `plan.json`: what is to be done with a study, decided before it is done.

mod scenario;
mod stages;

pub use scenario::{
    DonorsPlan, MeasurementChange, Noise, ObservableSettings, RowSettings, Scatter, Scenario,
    Selection,
};
pub use stages::{
    BootstrapInterval, BootstrapKind, BootstrapPlan, CombinationPlan, ComparePlan, CoursePlan,
    DoseInterval, DosePlan, Draw, FitPlan, PopulationPlan, PredictionPlan, ProfilePlan, Response,
    Threshold,
};

use std::path::{Path, PathBuf};
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::diagnostic::{Finding, Source};

/// Name of the file beside the problem file.
pub const FILE: &str = "plan.json";

/// The plan of a study. Every key may be left out; unknown keys are errors.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Plan {
    /// Place of the schema of this file, for editors.
    #[serde(rename = "$schema")]
    pub schema: Option<String>,
    /// Free text.
    pub note: Option<String>,
    /// Title of the study, as the report shows it.
    pub title: Option<String>,
    /// The question that the study answers, as the report shows it.
    pub question: Option<String>,
    /// Assumptions that the reader has to accept, one sentence each.
    pub assumptions: Vec<String>,
    /// Seed of all random numbers.
    pub seed: u64,
    /// Level of all intervals, between 0 and 1.
    pub level: f64,
    /// How to fit.
    pub fit: FitPlan,
    /// How to resample; left out: no bootstrap.
    pub bootstrap: Option<BootstrapPlan>,
    /// Which profiles to compute; left out: none.
    pub profile: Option<ProfilePlan>,
    /// Quantities to predict, with intervals.
    pub predictions: Vec<PredictionPlan>,
    /// Time courses to show; left out: every observable and arm, 0 to 72.
    pub courses: Option<CoursePlan>,
    /// Dose-response curves.
    pub doses: Vec<DosePlan>,
    /// Two-drug surfaces.
    pub combinations: Vec<CombinationPlan>,
    /// Predictions over populations.
    pub populations: Vec<PopulationPlan>,
    /// How the variants of the problem are fitted and ranked, and whether `run` does it.
    pub compare: Option<ComparePlan>,
    /// Conditions on the result; one that fails ends the run with exit code 5.
    pub gates: Vec<Gate>,
    /// Rule for rows with an SD of 0 or without one.
    pub zero_sd: Option<ZeroSd>,
    /// Settings of the integration.
    pub integration: IntegrationPlan,
    /// Readings of the data that are fitted side by side; the first is the main one. Left out: the problem as it is.
    pub scenarios: Vec<Scenario>,
}

/// A condition on the result.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Gate {
    /// Condition over the names listed in `mechfit explain gates`, e.g. `converged && chi2_means < 10`.
    pub require: String,
    /// Why.
    #[serde(default)]
    pub note: Option<String>,
}

/// What to do with a row whose SD is 0 or missing.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum ZeroSd {
    /// The coefficient of variation pooled over the other rows of the observable.
    PooledCv,
    /// This SD, in the unit of the observable.
    Floor(f64),
}

/// Settings of the integration.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct IntegrationPlan {
    /// Free text.
    pub note: Option<String>,
    /// Relative tolerance of a step.
    pub rtol: f64,
    /// Absolute tolerance of a step, in the unit of each state.
    pub atol: f64,
}

impl Default for Plan {
    fn default() -> Self {
        Self {
            schema: None,
            note: None,
            title: None,
            question: None,
            assumptions: Vec::new(),
            seed: 1,
            level: 0.95,
            fit: FitPlan::default(),
            bootstrap: None,
            profile: None,
            predictions: Vec::new(),
            courses: None,
            doses: Vec::new(),
            combinations: Vec::new(),
            populations: Vec::new(),
            compare: None,
            gates: Vec::new(),
            zero_sd: None,
            integration: IntegrationPlan::default(),
            scenarios: Vec::new(),
        }
    }
}

impl Default for IntegrationPlan {
    fn default() -> Self {
        let tolerances = crate::ode::Tolerances::default();
        Self {
            note: None,
            rtol: tolerances.rtol,
            atol: tolerances.atol.first().copied().unwrap_or(tolerances.rtol),
        }
    }
}

/// A plan with the place it came from.
#[derive(Debug, Clone)]
pub struct PlanFile {
    /// The plan.
    pub plan: Plan,
    /// Its text, if there is a file.
    pub source: Option<Arc<Source>>,
    /// The file, if there is one.
    pub path: Option<PathBuf>,
}

impl PlanFile {
    /// Reads `plan.json` in a folder; without one the defaults hold.
    ///
    /// # Errors
    /// Findings with line and column.
    pub fn read(folder: &Path) -> Result<Self, Vec<Finding>> {
        let path = folder.join(FILE);
        if !path.exists() {
            return Ok(Self {
                plan: Plan::default(),
                source: None,
                path: None,
            });
        }
        let shown = path.display().to_string();
        let text = std::fs::read(&path)
            .map_err(|e| {
                vec![
                    Finding::error("unreadable-file", format!("the plan cannot be read: {e}"))
                        .in_file(&shown),
                ]
            })
            .and_then(|bytes| {
                String::from_utf8(bytes).map_err(|_| {
                    vec![Finding::error("not-text", "the plan is not UTF-8 text").in_file(&shown)]
                })
            })?;
        let source = Source::new(shown, text);
        let plan = parse(&source)?;
        Ok(Self {
            plan,
            source: Some(source),
            path: Some(path),
        })
    }
}

/// Reads a plan from its text.
///
/// # Errors
/// Findings with line and column.
pub fn parse(source: &Arc<Source>) -> Result<Plan, Vec<Finding>> {
    let plan: Plan = super::strict::read(source, "plan")?;
    let findings = check(&plan, source);
    if findings.is_empty() {
        Ok(plan)
    } else {
        Err(findings)
    }
}

impl Plan {
    /// Names of what has files of its own, by what it is.
    fn names(&self) -> [(&'static str, Vec<&str>); 4] {
        [
            (
                "scenario",
                self.scenarios.iter().map(|s| s.id.as_str()).collect(),
            ),
            (
                "dose-response",
                self.doses.iter().map(|d| d.id.as_str()).collect(),
            ),
            (
                "combination",
                self.combinations.iter().map(|c| c.id.as_str()).collect(),
            ),
            (
                "population",
                self.populations.iter().map(|p| p.id.as_str()).collect(),
            ),
        ]
    }
}

/// What the types alone do not say.
fn check(plan: &Plan, source: &Arc<Source>) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut wrong = |what: &str, message: String, help: &str| {
        let at = super::strict::find(source, what);
        findings.push(
            Finding::error("invalid-plan", message)
                .at(source, at, "here")
                .help(help),
        );
    };
    if !(plan.level > 0.0 && plan.level < 1.0) {
        wrong(
            "level",
            format!(
                "the level of an interval lies between 0 and 1, not at {}",
                plan.level
            ),
            "write 0.95 for 95 %",
        );
    }
    let starts = plan
        .compare
        .as_ref()
        .map_or(1, |c| c.starts)
        .min(plan.fit.starts);
    if starts == 0 {
        wrong(
            "starts",
            "a fit needs at least one start".into(),
            "leave the key out for the default of 50",
        );
    }
    if let Some(b) = &plan.bootstrap {
        if b.samples == 0 {
            wrong(
                "samples",
                "a bootstrap needs replicates".into(),
                "leave `bootstrap` out to do without",
            );
        }
        if !(0.0..=100.0).contains(&b.min_success) {
            wrong(
                "min_success",
                format!("`min_success` is a percentage, not {}", b.min_success),
                "write a number from 0 to 100",
            );
        }
    }
    if let Some(c) = &plan.courses {
        let (from, to) = (c.start, c.last());
        if !(from.is_finite() && to.is_finite() && from < to) {
            wrong(
                "courses",
                format!("time courses cannot go from {from} to {to}"),
                "write a `start` that lies before the `end`",
            );
        }
        if c.steps == 0 {
            wrong(
                "steps",
                "a time course has at least one step".into(),
                "leave the key out for the default of 144",
            );
        }
    }
    // What is listed gives its name to files or folders.
    for (kind, ids) in plan.names() {
        let mut seen: Vec<&str> = Vec::new();
        for id in ids {
            if !is_name(id) {
                wrong(
                    id,
                    format!("`{id}` is no name for a {kind}"),
                    "use letters, digits, `_`, `-` and `.`, beginning with a letter or digit",
                );
            }
            if seen.contains(&id) {
                wrong(
                    id,
                    format!("two {kind}s are named `{id}`"),
                    "give each its own name",
                );
            }
            seen.push(id);
        }
    }
    for id in plan.profile.iter().flat_map(|p| &p.predictions) {
        if !plan.predictions.iter().any(|p| p.id == *id) {
            wrong(
                id,
                format!("no prediction of this plan is named `{id}`"),
                "list it under `predictions`",
            );
        }
    }
    findings
}

/// Whether a text can name a folder on every system.
fn is_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphanumeric())
        && text
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "_-.".contains(c))
}
