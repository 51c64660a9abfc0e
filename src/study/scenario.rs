//! Scenarios: a reading of the data and assumptions, applied to the problem before anything is built.

use std::collections::BTreeMap;

use super::plan::{MeasurementChange, Noise, Plan, Scatter, Scenario, Selection, ZeroSd};
use crate::diagnostic::similar;
use crate::math::Expr;
use crate::model::Model;
use crate::problem::{NoiseSetting, Problem, SdKind};

/// Why a scenario does not fit the problem.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ScenarioError {
    /// No scenario of that name.
    #[error("the plan has no scenario `{id}`{}", known(.scenarios))]
    NoSuchScenario {
        /// Name asked for.
        id: String,
        /// Those that exist.
        scenarios: Vec<String>,
    },
    /// A name that the problem does not know.
    #[error("scenario `{scenario}` names the {what} `{name}`, which the problem does not have{}", hint(.similar))]
    Unknown {
        /// Scenario.
        scenario: String,
        /// What kind of thing.
        what: &'static str,
        /// The name.
        name: String,
        /// Similar names.
        similar: Vec<String>,
    },
    /// An input that conditions set to several numbers.
    #[error(
        "scenario `{scenario}` sets the input `{input}`, but the conditions set it to several doses ({}); name the condition under `conditions`",
        .doses.join(", ")
    )]
    SeveralDoses {
        /// Scenario.
        scenario: String,
        /// Input.
        input: String,
        /// Doses.
        doses: Vec<String>,
    },
}

fn known(list: &[String]) -> String {
    if list.is_empty() {
        "; it lists none".into()
    } else {
        format!("; it lists {}", list.join(", "))
    }
}

fn hint(similar: &[String]) -> String {
    similar
        .first()
        .map_or(String::new(), |s| format!("; did you mean `{s}`?"))
}

impl ScenarioError {
    /// The name that is wrong, to find its place in the plan.
    pub fn name(&self) -> &str {
        match self {
            Self::NoSuchScenario { id, .. } => id,
            Self::Unknown { name, .. } => name,
            Self::SeveralDoses { input, .. } => input,
        }
    }
}

/// The scenario of a name; the first one, or the problem as it is, without a name.
///
/// # Errors
/// [`ScenarioError::NoSuchScenario`].
pub fn choose(plan: &Plan, id: Option<&str>) -> Result<Scenario, ScenarioError> {
    match id {
        None => Ok(plan.scenarios.first().cloned().unwrap_or_else(as_it_is)),
        Some(id) => plan
            .scenarios
            .iter()
            .find(|s| s.id == id)
            .cloned()
            .ok_or_else(|| ScenarioError::NoSuchScenario {
                id: id.into(),
                scenarios: plan.scenarios.iter().map(|s| s.id.clone()).collect(),
            }),
    }
}

/// The scenario of a study without scenarios.
pub fn as_it_is() -> Scenario {
    Scenario {
        id: "main".into(),
        ..Scenario::default()
    }
}

/// Puts a variant of the problem's variant table in place of the model: its parts, and what it fixes or estimates.
///
/// # Errors
/// [`ScenarioError::Unknown`].
pub fn take_variant(scenario: &str, id: &str, problem: &mut Problem) -> Result<(), ScenarioError> {
    let Some(variant) = problem.variants.iter().find(|v| v.id == id).cloned() else {
        return Err(ScenarioError::Unknown {
            scenario: scenario.into(),
            what: "variant",
            name: id.into(),
            similar: similar(id, problem.variants.iter().map(|v| v.id.as_str())),
        });
    };
    for (name, _) in &variant.parameters {
        let known: Vec<&str> = problem.parameters.iter().map(|p| p.id.as_str()).collect();
        if !known.contains(&name.as_str()) {
            return Err(ScenarioError::Unknown {
                scenario: scenario.into(),
                what: "parameter",
                name: name.clone(),
                similar: similar(name, known),
            });
        }
    }
    for file in problem
        .models
        .iter_mut()
        .filter(|f| f.language == "mechfit")
    {
        file.parts.extend(variant.parts.iter().cloned());
    }
    for (id, value) in &variant.parameters {
        for p in problem.parameters.iter_mut().filter(|p| p.id == *id) {
            p.estimate = value.is_none();
            if value.is_some() {
                p.nominal = *value;
            }
        }
    }
    Ok(())
}

/// Leaves out the rows of the parameter table that belong to parts which are not laid over the model, and those whose
/// parameter a part has made a constant; returns their ids.
pub fn drop_foreign_parameters(problem: &mut Problem, models: &[Model]) -> Vec<String> {
    let parts: Vec<String> = problem
        .models
        .iter()
        .flat_map(|m| &m.parts)
        .filter_map(|p| p.file_stem())
        .map(|s| s.to_string_lossy().into_owned())
        .collect();
    let fixed = |id: &str| {
        models
            .iter()
            .flat_map(|m| &m.parameters)
            .any(|p| p.id == id && p.fixed)
    };
    let mut ignored = Vec::new();
    problem.parameters.retain(|p| {
        let own = p.parts.is_empty() || p.parts.iter().any(|name| parts.contains(name));
        let keep = own && !fixed(&p.id);
        if !keep {
            ignored.push(p.id.clone());
        }
        keep
    });
    ignored
}

/// Applies a scenario to a problem. Model variants are not chosen here (they decide which files are read).
///
/// # Errors
/// Every name that the problem does not have.
pub fn apply(
    scenario: &Scenario,
    problem: &mut Problem,
    models: &[Model],
) -> Result<(), Vec<ScenarioError>> {
    let mut errors = Vec::new();
    let mut unknown = |what: &'static str, name: &str, names: Vec<String>| {
        if !names.iter().any(|n| n == name) {
            errors.push(ScenarioError::Unknown {
                scenario: scenario.id.clone(),
                what,
                name: name.into(),
                similar: similar(name, names.iter().map(String::as_str)),
            });
        }
    };
    let datasets: Vec<String> = problem
        .measurements
        .iter()
        .filter_map(|m| m.dataset.clone())
        .collect();
    for name in scenario.datasets.only.iter().chain(&scenario.datasets.drop) {
        unknown("data set", name, datasets.clone());
    }
    let relations: Vec<String> = problem.relations.iter().map(|r| r.id.clone()).collect();
    for name in scenario
        .relations
        .only
        .iter()
        .chain(&scenario.relations.drop)
    {
        unknown("relation", name, relations.clone());
    }
    let observables: Vec<String> = problem.observables.iter().map(|o| o.id.clone()).collect();
    for name in scenario.set.observables.keys() {
        unknown("observable", name, observables.clone());
    }
    for name in scenario.donors.iter().flat_map(|d| &d.observables) {
        unknown("observable", name, observables.clone());
    }
    for change in &scenario.measurements {
        let name = change.name();
        let all = problem.measurements.iter();
        let known: Vec<String> = all
            .map(|m| match change.time {
                None => format!("{}@{}", m.observable, m.experiment),
                Some(_) => format!("{}@{}@{}", m.observable, m.experiment, m.time),
            })
            .collect();
        unknown("measurement", &name, known);
    }
    let parameters: Vec<String> = problem.parameters.iter().map(|p| p.id.clone()).collect();
    for name in scenario.fix.keys() {
        unknown("parameter", name, parameters.clone());
    }
    let inputs: Vec<String> = models
        .iter()
        .flat_map(|m| &m.inputs)
        .map(|i| i.id.clone())
        .collect();
    for name in scenario.inputs.keys() {
        unknown("input", name, inputs.clone());
    }
    for (condition, targets) in &scenario.conditions {
        let conditions = problem.conditions.iter().map(|c| c.id.clone()).collect();
        unknown("condition", condition, conditions);
        if let Some(c) = problem.conditions.iter().find(|c| c.id == *condition) {
            for target in targets.keys() {
                let set = c.changes.iter().map(|c| c.target.clone()).collect();
                unknown("target of a condition", target, set);
            }
        }
    }
    if !errors.is_empty() {
        return Err(errors);
    }

    problem
        .measurements
        .retain(|m| keeps(&scenario.datasets, m.dataset.as_deref()));
    problem
        .relations
        .retain(|r| keeps(&scenario.relations, Some(&r.id)));
    set_rows(scenario, problem);
    set_measurements(scenario, problem);
    set_donors(scenario, problem);
    for p in &mut problem.parameters {
        if let Some(value) = scenario.fix.get(&p.id) {
            p.nominal = Some(*value);
            p.estimate = false;
        }
    }
    set_conditions(&scenario.conditions, problem);
    set_inputs(scenario, problem, models)
}

fn keeps(selection: &Selection, name: Option<&str>) -> bool {
    let Some(name) = name else { return true };
    let is = |list: &[String]| list.iter().any(|n| n == name);
    (selection.only.is_empty() || is(&selection.only)) && !is(&selection.drop)
}

fn set_rows(scenario: &Scenario, problem: &mut Problem) {
    let set = &scenario.set;
    for o in &mut problem.observables {
        let own = set.observables.get(&o.id).and_then(|s| s.noise);
        if let Some(noise) = own.or(set.noise) {
            o.noise = noise.setting();
        }
    }
    for m in &mut problem.measurements {
        let own = set.observables.get(&m.observable);
        if let Some(s) = &mut m.summary {
            if let Some(n) = own.and_then(|o| o.n).or(set.n)
                && s.n.is_some()
            {
                s.n = Some(n);
            }
            if let Some(kind) = own.and_then(|o| o.sd_kind).or(set.sd_kind) {
                s.kind = kind.kind();
            }
        }
    }
}

fn set_measurements(scenario: &Scenario, problem: &mut Problem) {
    for change in &scenario.measurements {
        let rows = problem.measurements.iter_mut().filter(|m| {
            m.observable == change.observable
                && m.experiment == change.experiment
                && change.time.is_none_or(|t| t == m.time)
        });
        for m in rows {
            if let Some(value) = change.value {
                m.value = value;
            }
            if let Some(s) = &mut m.summary {
                if let Some(sd) = change.sd {
                    s.sd = sd;
                }
                if change.n.is_some() {
                    s.n = change.n;
                }
            }
        }
    }
}

fn set_donors(scenario: &Scenario, problem: &mut Problem) {
    let Some(donors) = &scenario.donors else {
        return;
    };
    for o in &problem.observables {
        if donors.observables.is_empty() || donors.observables.contains(&o.id) {
            problem
                .arm_correlation
                .insert(o.id.clone(), donors.correlation);
        }
    }
}

impl MeasurementChange {
    /// `observable@experiment`, with `@time` if one is given.
    fn name(&self) -> String {
        match self.time {
            None => format!("{}@{}", self.observable, self.experiment),
            Some(t) => format!("{}@{}@{t}", self.observable, self.experiment),
        }
    }
}

fn set_conditions(conditions: &BTreeMap<String, BTreeMap<String, f64>>, problem: &mut Problem) {
    for c in &mut problem.conditions {
        let Some(targets) = conditions.get(&c.id) else {
            continue;
        };
        for change in &mut c.changes {
            if let Some(value) = targets.get(&change.target) {
                change.value = Some(Expr::number(*value));
            }
        }
    }
}

fn set_inputs(
    scenario: &Scenario,
    problem: &mut Problem,
    models: &[Model],
) -> Result<(), Vec<ScenarioError>> {
    let mut errors = Vec::new();
    for (input, value) in &scenario.inputs {
        let control: Vec<f64> = models
            .iter()
            .flat_map(|m| &m.inputs)
            .filter(|i| i.id == *input)
            .map(|i| i.value)
            .collect();
        let mut doses: Vec<f64> = Vec::new();
        let changes = problem
            .conditions
            .iter_mut()
            .flat_map(|c| &mut c.changes)
            .filter(|c| c.target == *input);
        let mut dosed = Vec::new();
        for change in changes {
            let Some(dose) = change.value.as_ref().and_then(Expr::as_number) else {
                continue;
            };
            if control.contains(&dose) {
                continue;
            }
            if !doses.contains(&dose) {
                doses.push(dose);
            }
            dosed.push(change);
        }
        if doses.len() > 1 {
            errors.push(ScenarioError::SeveralDoses {
                scenario: scenario.id.clone(),
                input: input.clone(),
                doses: doses.iter().map(f64::to_string).collect(),
            });
            continue;
        }
        for change in dosed {
            change.value = Some(Expr::number(*value));
        }
    }
    if errors.is_empty() {
        Ok(())
    } else {
        Err(errors)
    }
}

impl Noise {
    /// The setting of the problem's data model.
    pub fn setting(self) -> NoiseSetting {
        match self {
            Self::KnownSd => NoiseSetting::KnownSd,
            Self::ExactSummary => NoiseSetting::ExactSummary,
            Self::PooledSd => NoiseSetting::PooledSd,
            Self::PooledCv => NoiseSetting::PooledCv,
        }
    }
}

impl Scatter {
    /// The kind of the problem's data model.
    pub fn kind(self) -> SdKind {
        match self {
            Self::Sd => SdKind::Sd,
            Self::Sem => SdKind::Sem,
            Self::Ci95 => SdKind::Ci95,
            Self::Cv => SdKind::Cv,
        }
    }
}

/// Gives a scatter to the rows whose reported one is 0, by the rule of the plan; returns the rows changed (their numbers
/// in the measurement table) with the SD given.
pub fn fill_zero_sd(rule: ZeroSd, problem: &mut Problem) -> Vec<(usize, f64)> {
    let pooled = pooled_cv(problem);
    let mut changed = Vec::new();
    for m in &mut problem.measurements {
        let Some(s) = &mut m.summary else { continue };
        if s.sd != 0.0 {
            continue;
        }
        let sd = match rule {
            ZeroSd::Floor(sd) => Some(sd),
            ZeroSd::PooledCv => pooled.get(&m.observable).map(|cv| cv * m.value.abs()),
        };
        if let Some(sd) = sd.filter(|sd| *sd > 0.0) {
            s.sd = sd;
            s.kind = SdKind::Sd;
            changed.push((m.row, sd));
        }
    }
    changed
}

/// Root mean square of SD/mean over the rows of each observable that give both and n, weighted by n − 1.
fn pooled_cv(problem: &Problem) -> BTreeMap<String, f64> {
    let mut sums: BTreeMap<String, (f64, f64)> = BTreeMap::new();
    for m in &problem.measurements {
        let Some(s) = &m.summary else { continue };
        let Some(n) = s.n.filter(|n| *n > 1) else {
            continue;
        };
        let cv = match s.kind {
            SdKind::Sd => s.sd / m.value.abs(),
            SdKind::Sem => s.sd * f64::from(n).sqrt() / m.value.abs(),
            SdKind::Cv => s.sd,
            SdKind::Ci95 => continue,
        };
        if cv > 0.0 && cv.is_finite() {
            let weight = f64::from(n - 1);
            let sum = sums.entry(m.observable.clone()).or_default();
            sum.0 += weight * cv * cv;
            sum.1 += weight;
        }
    }
    sums.into_iter()
        .map(|(id, (square, weight))| (id, (square / weight).sqrt()))
        .collect()
}
