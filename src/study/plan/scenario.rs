//! Readings of the data and assumptions, fitted side by side.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

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
