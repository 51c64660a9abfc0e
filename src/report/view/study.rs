//! Names, units, arms, parameters and relations, as the problem and its model give them; scenarios, claims, audit.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Fit, Relation};

/// The study's vocabulary.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Study {
    /// Unit of time.
    pub time_unit: Option<String>,
    /// Observables in the table's order.
    pub observables: Vec<Observable>,
    /// Experiments (arms) in the table's order.
    pub experiments: Vec<Experiment>,
    /// Constants of the model and rows of the parameter table.
    pub parameters: Vec<ParameterRow>,
    /// Relations in the table's order.
    pub relations: Vec<RelationText>,
}

/// An observable.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Observable {
    /// Id.
    pub id: String,
    /// Name for people.
    pub name: String,
    /// Unit.
    pub unit: Option<String>,
    /// Formula as text.
    pub formula: Option<String>,
    /// How its noise enters, in words.
    pub noise: Option<String>,
}

/// An experiment.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Experiment {
    /// Id.
    pub id: String,
    /// What its conditions set, in order of time.
    pub settings: Vec<Setting>,
}

/// What a condition sets.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Setting {
    /// Start of the period, absent for pre-equilibration.
    pub time: Option<f64>,
    /// Entity.
    pub target: String,
    /// Value as text.
    pub value: String,
    /// Unit.
    pub unit: Option<String>,
}

/// A constant of the model with what the parameter table says of it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ParameterRow {
    /// Id.
    pub id: String,
    /// What it is.
    pub description: String,
    /// Unit.
    pub unit: Option<String>,
    /// Value in the model or nominal value of the table, as text.
    pub value: String,
    /// Whether it is estimated.
    pub estimated: bool,
    /// Bounds of the search.
    pub bounds: Option<(f64, f64)>,
    /// Prior in words.
    pub prior: Option<String>,
    /// Source.
    pub source: Option<String>,
}

/// A relation as it is written.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct RelationText {
    /// Id.
    pub id: String,
    /// What must hold, as text.
    pub text: String,
    /// Enters the objective (else it is only checked).
    pub penalty: bool,
    /// Source.
    pub source: Option<String>,
}

/// A scenario with its fit.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Scenario {
    /// Id.
    pub id: String,
    /// What it assumes.
    pub description: String,
    /// Its fit.
    pub fit: Option<Fit>,
}

/// A statement checked in every scenario.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Conclusion {
    /// The statement.
    pub text: String,
    /// Whether it holds, by scenario; `null` where it could not be judged.
    pub holds: BTreeMap<String, Option<bool>>,
    /// What else to say.
    pub note: Option<String>,
}

/// A number of the paper, recomputed.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Claim {
    /// Id.
    pub id: String,
    /// How it is recomputed.
    pub kind: String,
    /// Arguments.
    pub arguments: Vec<String>,
    /// As printed in the paper.
    pub printed: String,
    /// As recomputed.
    pub recomputed: Option<f64>,
    /// Whether both agree to the printed digits.
    pub agrees: Option<bool>,
    /// What to say of it.
    pub note: Option<String>,
    /// Source.
    pub source: Option<String>,
}

/// An assumption.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Assumption {
    /// What is assumed.
    pub text: String,
    /// Why, or where from.
    pub source: Option<String>,
}

/// What an auditor needs, in groups of name and value.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Audit {
    /// Command that makes this report again.
    pub command: Option<String>,
    /// Name and version of the program.
    pub program: Option<String>,
    /// Files read, with their SHA-256.
    pub files: BTreeMap<String, String>,
    /// Settings of solver, search and statistics.
    pub settings: BTreeMap<String, String>,
    /// Random seed.
    pub seed: Option<u64>,
}

/// A variant of the model that was compared.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Variant {
    /// Id in the comparison.
    pub id: String,
    /// What it assumes.
    pub description: String,
    /// Relations and facts at its fit.
    pub relations: Vec<Relation>,
}
