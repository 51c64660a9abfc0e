//! `expected.json`: what must reproduce, with tolerances by quantity and where each tolerance comes from.

use std::collections::BTreeMap;
use std::path::Path;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::canonical::hash;
use super::fitted::Fitted;
use super::json;
use super::open::Prepared;
use super::stage_bootstrap::Bootstrapped;
use crate::diagnostic::{Finding, Source};
use crate::objective::{EvalError, Objective, Target as _};
use crate::search::Want;
use crate::uncertainty::Method;
use crate::uncertainty::bootstrap::BootstrapInterval;
use crate::uncertainty::profile::held_parameter;

/// Name of the file beside the problem file.
pub const FILE: &str = "expected.json";
/// Factor between the error that halving the tolerances shows and what another machine may differ by: a step more or
/// fewer changes the error as a whole.
const MARGIN: f64 = 10.0;
/// Part of a value that always may differ: the last digits of sums.
const RELATIVE: f64 = 1e-9;
/// Factor by which the tolerances of the integration are tightened to see its error.
pub const TIGHTENING: f64 = 1e-2;
/// Standard errors from the optimum at which profiles are recorded: about where 95 % intervals end.
const STANDARD_ERRORS: f64 = 2.0;
/// Replicates that are recorded for replaying.
const RECORDED_REPLICATES: usize = 20;

/// What must reproduce.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Expected {
    /// Place of the schema of this file, for editors.
    #[serde(rename = "$schema", default, skip_serializing_if = "Option::is_none")]
    pub schema: Option<String>,
    /// Free text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// Version of the format.
    pub schema_version: u32,
    /// Version of the program that recorded it.
    pub program_version: String,
    /// Processor and system that it was recorded on.
    pub target: String,
    /// Scenario.
    pub scenario: String,
    /// Hashes of problem and models as understood, by part.
    pub canonical: BTreeMap<String, String>,
    /// Settings that the numbers depend on.
    pub settings: BTreeMap<String, String>,
    /// The optimum.
    pub optimum: Vec<Coordinate>,
    /// Numbers at the optimum.
    pub numbers: Vec<Number>,
    /// Simulated values of the rows.
    pub simulations: Vec<Simulation>,
    /// Relations and facts at the optimum.
    pub relations: BTreeMap<String, bool>,
    /// Points of the likelihood profiles about where 95 % intervals end.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub profile: Vec<ProfilePoint>,
    /// The bootstrap, if there was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bootstrap: Option<RecordedBootstrap>,
    /// SHA-256 of everything above, so that an edit is seen.
    pub content_sha256: String,
}

/// A coordinate of the optimum.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Coordinate {
    /// Parameter.
    pub id: String,
    /// Value on the estimation scale.
    pub scaled: f64,
    /// −1 held by its lower bound, 1 by its upper, else 0.
    pub held: i8,
    /// Standard error on the estimation scale.
    pub standard_error: Option<f64>,
}

/// A number.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Number {
    /// What it is.
    pub name: String,
    /// Its value.
    pub value: f64,
    /// Largest difference that passes.
    pub abs_tol: f64,
    /// Where the tolerance comes from.
    pub reason: String,
}

/// A simulated value.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Simulation {
    /// Observable.
    pub observable: String,
    /// Experiment.
    pub experiment: String,
    /// Time; left out at steady state.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time: Option<f64>,
    /// Simulated value.
    pub value: f64,
    /// Largest difference that passes.
    pub abs_tol: f64,
}

/// A point of a likelihood profile: the objective's minimum with one parameter held.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ProfilePoint {
    /// Parameter.
    pub id: String,
    /// Where it is held, estimation scale.
    pub scaled: f64,
    /// Rise of the objective over the optimum.
    pub rise: f64,
}

/// A recorded bootstrap.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RecordedBootstrap {
    /// Settings.
    pub settings: BTreeMap<String, String>,
    /// Number of replicates.
    pub samples: u64,
    /// Those that succeeded.
    pub succeeded: u64,
    /// Ends of the intervals, natural scale; null where one is not closed.
    pub intervals: Vec<RecordedInterval>,
    /// Some replicates, to replay.
    pub replicates: Vec<RecordedReplicate>,
}

/// An interval.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RecordedInterval {
    /// Parameter.
    pub id: String,
    /// How it was made; records of a single method may leave it out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub method: Option<Method>,
    /// Lower end.
    pub lower: Option<f64>,
    /// Upper end.
    pub upper: Option<f64>,
}

impl RecordedInterval {
    /// The interval among those found anew that is the same one: of the same parameter by the same method.
    pub fn among<'a>(&self, found: &'a [BootstrapInterval]) -> Option<&'a BootstrapInterval> {
        found
            .iter()
            .find(|f| f.id == self.id && self.method.is_none_or(|m| f.interval.method == m))
    }
}

/// A replicate.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RecordedReplicate {
    /// Number.
    pub index: u64,
    /// Objective; null if it failed.
    pub objective: Option<f64>,
    /// Estimates on the estimation scales; empty if it failed.
    pub theta: Vec<f64>,
}

impl Expected {
    /// SHA-256 of everything but the hash itself, the note and the schema.
    pub fn hash(&self) -> String {
        let plain = Self {
            schema: None,
            note: None,
            content_sha256: String::new(),
            ..self.clone()
        };
        let text = json::document(&plain)
            .map(|v| v.to_string())
            .unwrap_or_default();
        hash(text.as_bytes())
    }

    /// Reads a record.
    ///
    /// # Errors
    /// Findings with line and column.
    pub fn read(path: &Path) -> Result<Self, Vec<Finding>> {
        let shown = path.display().to_string();
        let text = std::fs::read_to_string(path).map_err(|e| {
            vec![
                Finding::error(
                    "missing-record",
                    format!("there is no record to check against: {e}"),
                )
                .in_file(&shown)
                .help("`mechfit verify PROBLEM --record` writes it from the results"),
            ]
        })?;
        super::strict::read(&Source::new(shown, text), "expected")
    }
}

/// Values at an optimum: named numbers, then the simulation of every row.
#[derive(Debug, Clone, PartialEq)]
pub struct Values {
    /// Named numbers.
    pub numbers: Vec<(&'static str, f64)>,
    /// Simulated values of the rows.
    pub simulated: Vec<f64>,
}

/// Values of an objective at a point.
///
/// # Errors
/// [`EvalError`].
pub fn values(objective: &Objective, theta: &[f64]) -> Result<Values, EvalError> {
    let mut ws = objective.workspace();
    let e = objective.evaluate(theta, objective.data(), Want::Value, &mut ws)?;
    Ok(Values {
        numbers: vec![
            ("objective", e.value),
            ("nllh", e.parts.nllh),
            ("chi2", e.parts.chi2),
            ("chi2_means", e.parts.chi2_means + 0.0),
            ("log_prior", e.parts.log_prior),
            ("penalty", e.parts.penalty),
        ],
        simulated: objective.simulated(theta, &mut ws)?,
    })
}

/// The same objective with tighter tolerances.
pub fn tightened(objective: &Objective) -> Objective {
    let mut tight = objective.clone();
    let t = &mut tight.settings.tolerances;
    t.rtol *= TIGHTENING;
    t.atol.iter_mut().for_each(|a| *a *= TIGHTENING);
    tight
}

fn tolerance(value: f64, tight: f64) -> f64 {
    (MARGIN * (value - tight).abs())
        .max(RELATIVE * value.abs())
        .max(f64::MIN_POSITIVE)
}

/// Settings that the numbers depend on, by name.
pub fn settings(d: &super::fitted::FitDocument) -> BTreeMap<String, String> {
    let s = &d.settings;
    BTreeMap::from([
        ("seed".to_string(), s.seed.to_string()),
        ("starts".to_string(), s.starts.to_string()),
        ("level".to_string(), format!("{:?}", s.level)),
        ("method".to_string(), s.integration.method.clone()),
        ("rtol".to_string(), format!("{:?}", s.integration.rtol)),
        ("atol".to_string(), format!("{:?}", s.integration.atol)),
    ])
}

/// Makes the record of a fit and its bootstrap.
///
/// # Errors
/// [`EvalError`] if the optimum cannot be evaluated.
pub fn record(
    prepared: &Prepared,
    objective: &Objective,
    fitted: &Fitted,
    bootstrap: Option<&Bootstrapped>,
) -> Result<Expected, EvalError> {
    let d = &fitted.document;
    let theta = &fitted.optimum.theta;
    let now = values(objective, theta)?;
    let tight = values(&tightened(objective), theta)?;
    let reason = format!(
        "{MARGIN} times the change when the tolerances of the integration are multiplied by {TIGHTENING}, at least {RELATIVE:e} of the value"
    );
    let mut expected = Expected {
        schema: None,
        note: None,
        schema_version: super::fitted::SCHEMA_VERSION,
        program_version: env!("CARGO_PKG_VERSION").into(),
        target: format!("{}-{}", std::env::consts::ARCH, std::env::consts::OS),
        scenario: d.scenario.clone(),
        canonical: prepared
            .canonical
            .parts()
            .into_iter()
            .map(|(name, hash)| (name.to_string(), hash.to_string()))
            .collect(),
        settings: settings(d),
        optimum: d
            .estimates
            .iter()
            .zip(theta)
            .zip(&d.held)
            .map(|((e, x), held)| Coordinate {
                id: e.id.clone(),
                scaled: *x,
                held: *held,
                standard_error: e.standard_error_scaled,
            })
            .collect(),
        numbers: now
            .numbers
            .iter()
            .zip(&tight.numbers)
            .map(|((name, value), (_, t))| Number {
                name: (*name).to_string(),
                value: *value,
                abs_tol: tolerance(*value, *t),
                reason: reason.clone(),
            })
            .collect(),
        simulations: objective
            .rows()
            .iter()
            .zip(now.simulated.iter().zip(&tight.simulated))
            .map(|(row, (value, t))| Simulation {
                observable: row.observable.clone(),
                experiment: row.experiment.clone(),
                time: Some(row.time).filter(|t| t.is_finite()),
                value: *value,
                abs_tol: tolerance(*value, *t),
            })
            .collect(),
        relations: d
            .relations
            .iter()
            .filter_map(|r| Some((r.id.clone(), r.holds?)))
            .collect(),
        profile: profile(objective, theta, &d.held, &d.estimates),
        bootstrap: bootstrap.map(recorded_bootstrap),
        content_sha256: String::new(),
    };
    expected.content_sha256 = expected.hash();
    Ok(expected)
}

/// Profiles about where their intervals end: two standard errors to either side, or the bound if that is nearer.
fn profile(
    objective: &Objective,
    theta: &[f64],
    held: &[i8],
    estimates: &[crate::uncertainty::Estimate],
) -> Vec<ProfilePoint> {
    let best = rise_over(objective, theta, None);
    let mut points = Vec::new();
    for (j, c) in objective.coordinates().iter().enumerate() {
        let at = |list: &[f64]| list.get(j).copied().unwrap_or(f64::NAN);
        let se = estimates.get(j).and_then(|e| e.standard_error_scaled);
        // A parameter at its bound has no standard error to go by.
        let (Some(se), Some(0)) = (se, held.get(j)) else {
            continue;
        };
        for side in [-STANDARD_ERRORS, STANDARD_ERRORS] {
            let scaled = (at(theta) + side * se).clamp(c.lower, c.upper);
            let there = rise_over(objective, theta, Some((j, scaled)));
            if let (Some(best), Some(there)) = (best, there) {
                points.push(ProfilePoint {
                    id: c.id.clone(),
                    scaled,
                    rise: there - best,
                });
            }
        }
    }
    points
}

/// Objective at `theta`, or its minimum from there with one coordinate held; `None` if it cannot be found.
pub(super) fn rise_over(
    objective: &Objective,
    theta: &[f64],
    held: Option<(usize, f64)>,
) -> Option<f64> {
    let mut ws = objective.workspace();
    let data = objective.data();
    match held {
        None => objective
            .evaluate(theta, data, Want::Value, &mut ws)
            .ok()
            .map(|e| e.value),
        Some((j, x)) => {
            let search = crate::search::Options::default();
            held_parameter(objective, data, j, x, theta, &search, &mut ws).ok()
        }
    }
}

fn recorded_bootstrap(b: &Bootstrapped) -> RecordedBootstrap {
    let d = &b.document.bootstrap;
    let drawn: Vec<_> = b.replicates.iter().filter(|r| r.index > 0).collect();
    let every = (drawn.len() / RECORDED_REPLICATES).max(1);
    RecordedBootstrap {
        settings: bootstrap_settings(b),
        samples: d.samples,
        succeeded: d.succeeded,
        intervals: d
            .intervals
            .iter()
            .map(|i| RecordedInterval {
                id: i.id.clone(),
                method: Some(i.interval.method),
                lower: i.interval.lower.closed(),
                upper: i.interval.upper.closed(),
            })
            .collect(),
        replicates: drawn
            .iter()
            .step_by(every)
            .take(RECORDED_REPLICATES)
            .map(|r| RecordedReplicate {
                index: r.index,
                objective: r.objective,
                theta: r.theta.clone(),
            })
            .collect(),
    }
}

/// Settings of a bootstrap, by name.
pub fn bootstrap_settings(b: &Bootstrapped) -> BTreeMap<String, String> {
    let d = &b.document;
    let name = |v: serde_json::Value| v.as_str().map_or_else(|| v.to_string(), str::to_string);
    let of = |v: Result<serde_json::Value, json::JsonError>| v.map(name).unwrap_or_default();
    BTreeMap::from([
        ("kind".to_string(), of(json::document(&d.bootstrap.kind))),
        ("draw".to_string(), of(json::document(&d.bootstrap.draw))),
        (
            "fixed_priors".to_string(),
            d.bootstrap.fixed_priors.to_string(),
        ),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::uncertainty::{Interval, Range};

    #[test]
    fn an_interval_is_looked_for_among_those_of_its_own_method() {
        let found = |method| BootstrapInterval {
            id: "k".into(),
            interval: Interval::closed(method, 0.95, 1.0, 2.0),
            if_failures_extreme: Range::default(),
            lower_monte_carlo: Range::default(),
            upper_monte_carlo: Range::default(),
            share_at_lower_bound: 0.0,
            share_at_upper_bound: 0.0,
        };
        let found = [found(Method::Percentile), found(Method::Bc)];
        let recorded = |method| RecordedInterval {
            id: "k".into(),
            method,
            lower: Some(1.0),
            upper: Some(2.0),
        };
        let method = |recorded: RecordedInterval| recorded.among(&found).map(|f| f.interval.method);
        assert_eq!(method(recorded(Some(Method::Bc))), Some(Method::Bc));
        assert_eq!(method(recorded(Some(Method::Basic))), None);
        assert_eq!(method(recorded(None)), Some(Method::Percentile));
    }
}
