//! `plan.json`: what is to be done with a study, decided before it is done.

use std::collections::BTreeMap;
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

/// How to fit.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct FitPlan {
    /// Free text.
    pub note: Option<String>,
    /// Number of starting points; the first is the nominal point, the others a Latin hypercube within the bounds.
    pub starts: u64,
}

/// How data are drawn again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum BootstrapKind {
    /// From the fitted model and the reported scatter.
    Parametric,
    /// From the residuals.
    Residual,
    /// From the rows (replicate-level data only).
    Case,
}

/// How a reported mean is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Draw {
    /// With the tails of Student's t: percentile intervals cover.
    T,
    /// With the reported SD taken for the truth: for null distributions; percentile intervals cover too little.
    PlugIn,
}

/// How intervals are made of replicates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum BootstrapInterval {
    /// Quantiles of the replicates.
    Percentile,
    /// Quantiles reflected about the estimate.
    Basic,
    /// Studentised.
    BootstrapT,
    /// Bias-corrected.
    Bc,
}

/// How to resample.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct BootstrapPlan {
    /// Free text.
    pub note: Option<String>,
    /// Number of replicates: 1000 to look, 5000 to publish.
    pub samples: u64,
    /// What is drawn.
    pub kind: BootstrapKind,
    /// How a reported mean is drawn.
    pub draw: Draw,
    /// How intervals are made.
    pub interval: BootstrapInterval,
    /// Keep priors where they are instead of drawing their centres.
    pub fixed_priors: bool,
    /// Column of the measurement table within whose values rows are drawn.
    pub stratify_on: Option<String>,
    /// Least percentage of replicates that has to succeed; below it the exit code is 7.
    pub min_success: f64,
}

/// Threshold of a profile.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Threshold {
    /// Satterthwaite's degrees of freedom and Kenward and Roger's variance.
    SmallSample,
    /// χ² with one degree of freedom.
    Chi2,
    /// Calibrated by the bootstrap.
    Bootstrap,
}

/// Which profiles to compute.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ProfilePlan {
    /// Free text.
    pub note: Option<String>,
    /// Parameters; empty: all that are estimated.
    pub parameters: Vec<String>,
    /// Ids of predictions of this plan to profile.
    pub predictions: Vec<String>,
    /// Threshold.
    pub threshold: Threshold,
    /// Draws from the fit that a calibrated threshold is made of.
    pub calibration_samples: u64,
    /// Intervals that hold for all profiles at once (Bonferroni), beside the pointwise ones.
    pub simultaneous: bool,
}

/// A quantity to predict.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PredictionPlan {
    /// Name.
    pub id: String,
    /// Expression over `observable@experiment@time` and parameters.
    pub expression: String,
    /// Parameter values instead of the fitted ones (a counterfactual), natural scale.
    #[serde(default)]
    pub with: BTreeMap<String, f64>,
    /// Unit, for the report.
    #[serde(default)]
    pub unit: Option<String>,
    /// Free text.
    #[serde(default)]
    pub note: Option<String>,
}

/// Time courses to show.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct CoursePlan {
    /// Free text.
    pub note: Option<String>,
    /// First time.
    pub start: f64,
    /// Last time.
    pub end: f64,
    /// Number of steps between.
    pub steps: u32,
    /// Observables; empty: all.
    pub observables: Vec<String>,
    /// Experiments; empty: all.
    pub experiments: Vec<String>,
}

/// A dose-response curve.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DosePlan {
    /// Name.
    pub id: String,
    /// Input that is varied.
    pub input: String,
    /// `LO:HI[:N]`, with units if wanted: `1nM:100uM:50`.
    pub range: String,
    /// Observable that is read.
    pub observable: String,
    /// Experiment whose other settings hold.
    pub experiment: String,
    /// Time at which it is read.
    pub time: f64,
    /// Summary over time instead: `max`, `auc`, `time_above:X`.
    #[serde(default)]
    pub summary: Option<String>,
    /// Response at the full effect, for absolute doses. Left out: 0 of a falling response, 100 of a rising percentage.
    #[serde(default)]
    pub full: Option<f64>,
    /// Free text.
    #[serde(default)]
    pub note: Option<String>,
}

/// What more of an observable means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Response {
    /// More effect (kill, inhibition).
    Inhibition,
    /// Less effect (survival).
    Viability,
}

/// A two-drug surface.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CombinationPlan {
    /// Name.
    pub id: String,
    /// The two inputs.
    pub inputs: [String; 2],
    /// Range of the first.
    pub range_a: String,
    /// Range of the second.
    pub range_b: String,
    /// Observable that is read.
    pub observable: String,
    /// Experiment whose other settings hold.
    pub experiment: String,
    /// Time at which it is read.
    pub time: f64,
    /// What more of the observable means.
    pub response: Response,
    /// Response at the full effect. Left out: 100 of a percentage, 1 of a fraction, 0 of a viability.
    #[serde(default)]
    pub full: Option<f64>,
    /// Free text.
    #[serde(default)]
    pub note: Option<String>,
}

/// A prediction over a population.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PopulationPlan {
    /// Name.
    pub id: String,
    /// Expression over `observable@experiment@time`.
    pub expression: String,
    /// What differs between members: `ID=lognormal(MEAN,SD)`, or `ID*=…` for a factor on the estimate.
    pub vary: Vec<String>,
    /// Members.
    #[serde(default = "members")]
    pub members: u64,
    /// Free text.
    #[serde(default)]
    pub note: Option<String>,
}

/// Members of a population: quantiles at 5 and 95 % are then within 1 % of the spread.
const MEMBERS: u64 = 256;

fn members() -> u64 {
    MEMBERS
}

/// How variants are compared.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ComparePlan {
    /// Free text.
    pub note: Option<String>,
    /// Whether `run` compares the variants in the main scenario; left out: only `mechfit compare` does.
    pub run: bool,
    /// Number of starting points of each variant.
    pub starts: u64,
    /// Number of simulated data sets of each test between two variants.
    pub samples: u64,
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

/// How reported SDs enter, in a scenario.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Noise {
    /// The reported SD is taken for the truth.
    KnownSd,
    /// The exact likelihood of mean, SD and n.
    ExactSummary,
    /// One SD for all arms of an observable.
    PooledSd,
    /// One coefficient of variation for all arms of an observable.
    PooledCv,
}

/// What a reported scatter is, in a scenario.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Scatter {
    /// Standard deviation.
    Sd,
    /// Standard error.
    Sem,
    /// Half width of a 95 % confidence interval.
    Ci95,
    /// Coefficient of variation.
    Cv,
}

/// Rows to use or to drop, by name.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Selection {
    /// Only these (and rows that carry no name); empty: all.
    #[serde(rename = "use")]
    pub only: Vec<String>,
    /// Not these.
    pub drop: Vec<String>,
}

/// Settings of rows.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RowSettings {
    /// Number of replicates of every row that has one.
    pub n: Option<u32>,
    /// What the reported scatter is, of every row that has one.
    pub sd_kind: Option<Scatter>,
    /// How reported SDs enter.
    pub noise: Option<Noise>,
    /// The same for single observables.
    pub observables: BTreeMap<String, ObservableSettings>,
}

/// Settings of the rows of one observable.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ObservableSettings {
    /// Number of replicates.
    pub n: Option<u32>,
    /// What the reported scatter is.
    pub sd_kind: Option<Scatter>,
    /// How reported SDs enter.
    pub noise: Option<Noise>,
}

/// The same donors in several arms: the means of an observable are correlated between arms.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DonorsPlan {
    /// Correlation ρ of a donor's values in two arms, from 0 to below 1.
    pub correlation: f64,
    /// Observables; empty: all that have means.
    #[serde(default)]
    pub observables: Vec<String>,
}

/// What is different about one measurement.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MeasurementChange {
    /// Its observable.
    pub observable: String,
    /// Its experiment.
    pub experiment: String,
    /// Its time; left out: every time of that observable and experiment.
    #[serde(default)]
    pub time: Option<f64>,
    /// Value instead (of a censored row: the limit).
    #[serde(default)]
    pub value: Option<f64>,
    /// Scatter instead.
    #[serde(default)]
    pub sd: Option<f64>,
    /// Number of replicates instead.
    #[serde(default)]
    pub n: Option<u32>,
}

/// A reading of the data and assumptions.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Scenario {
    /// Name: letters, digits, `_`, `-`, `.`; also the name of its folder in the results.
    pub id: String,
    /// What it assumes, for the report.
    pub description: Option<String>,
    /// Free text.
    pub note: Option<String>,
    /// Doses: value of an input wherever a condition sets it to a number other than that of the control arm. Refused
    /// where conditions set several such numbers; use `conditions` then.
    pub inputs: BTreeMap<String, f64>,
    /// Values by condition and target.
    pub conditions: BTreeMap<String, BTreeMap<String, f64>>,
    /// Data sets of the measurement table to use or to drop.
    pub datasets: Selection,
    /// Relations to use or to drop, by id.
    pub relations: Selection,
    /// Settings of rows.
    pub set: RowSettings,
    /// Single measurements that are different.
    pub measurements: Vec<MeasurementChange>,
    /// Whether the replicates of the arms come from the same donors.
    pub donors: Option<DonorsPlan>,
    /// A sensitivity analysis: `run` leaves it out, commands that name it and `compare --every-scenario` take it.
    pub sensitivity: bool,
    /// Parameters fixed at a value (natural scale) instead of estimated or nominal.
    pub fix: BTreeMap<String, f64>,
    /// Variant of the problem's variant table.
    pub variant: Option<String>,
}

/// Starts of a fit that no plan and no flag names.
const STARTS: u64 = 50;
/// Replicates: enough to look (STATISTICS: the Monte-Carlo error of an end is then 2 % of the width).
const SAMPLES: u64 = 1000;
/// Percentage of replicates below which an interval is not to be trusted.
const MIN_SUCCESS: f64 = 90.0;
/// Simulated data sets of a test between variants: a P of 0.05 is then known to ±0.014.
const COMPARE_SAMPLES: u64 = 1000;

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

impl Default for FitPlan {
    fn default() -> Self {
        Self {
            note: None,
            starts: STARTS,
        }
    }
}

impl Default for BootstrapPlan {
    fn default() -> Self {
        Self {
            note: None,
            samples: SAMPLES,
            kind: BootstrapKind::Parametric,
            draw: Draw::T,
            interval: BootstrapInterval::Percentile,
            fixed_priors: false,
            stratify_on: None,
            min_success: MIN_SUCCESS,
        }
    }
}

/// Draws of a calibration: the 95 % point of a likelihood ratio from 999 has a Monte-Carlo error of 0.7 % in level.
const CALIBRATION_SAMPLES: u64 = 999;

impl Default for ProfilePlan {
    fn default() -> Self {
        Self {
            note: None,
            parameters: Vec::new(),
            predictions: Vec::new(),
            threshold: Threshold::SmallSample,
            calibration_samples: CALIBRATION_SAMPLES,
            simultaneous: false,
        }
    }
}

impl Default for CoursePlan {
    fn default() -> Self {
        Self {
            note: None,
            start: 0.0,
            end: 0.0,
            steps: 100,
            observables: Vec::new(),
            experiments: Vec::new(),
        }
    }
}

impl Default for ComparePlan {
    fn default() -> Self {
        Self {
            note: None,
            run: false,
            starts: STARTS,
            samples: COMPARE_SAMPLES,
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
    let mut seen: Vec<&str> = Vec::new();
    for s in &plan.scenarios {
        if !is_name(&s.id) {
            wrong(
                &s.id,
                format!("`{}` is no name for a scenario", s.id),
                "use letters, digits, `_`, `-` and `.`, beginning with a letter or digit",
            );
        }
        if seen.contains(&s.id.as_str()) {
            wrong(
                &s.id,
                format!("two scenarios are named `{}`", s.id),
                "give each its own name",
            );
        }
        seen.push(&s.id);
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
