//! The tables of an estimation problem: one data model (PEtab v2) read from PEtab v1 and v2, with the columns of the
//! extension `mechfit` (reported means with SD and n, censoring, relations).
//!
//! A version 1 problem is raised to this data model on reading: its parameter scales and prior types stay as
//! [`Parameter::scale`] and [`Prior`], its condition pairs become experiments, its transformations noise distributions.

use std::path::PathBuf;

use crate::math::Expr;

mod cells;
mod check;
mod doses;
mod export;
mod findings;
mod load;
mod manifest;
mod places;
mod raise;
mod read;
mod scatter;
mod select;
mod sheet;
mod spreadsheet;
mod text;

pub use export::{Export, ExportModel, export};
pub use load::{LoadedProblem, load, locate};
pub use places::{Places, Table};
pub use scatter::{Reported, log_base, number_of};
pub use select::{ModelSpace, model_space, variant_table};
pub use spreadsheet::{NewStudy, from_spreadsheet};

/// A whole problem. Tables keep the order of their rows.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Problem {
    /// The YAML file.
    pub path: PathBuf,
    /// Name (stem of the folder or file).
    pub id: String,
    /// Version of PEtab that the problem was written in: 1 or 2.
    pub petab_version: u32,
    /// Models by id.
    pub models: Vec<ModelFile>,
    /// Parameter table.
    pub parameters: Vec<Parameter>,
    /// Condition table.
    pub conditions: Vec<Condition>,
    /// Experiment table.
    pub experiments: Vec<Experiment>,
    /// Observable table.
    pub observables: Vec<Observable>,
    /// Measurement table.
    pub measurements: Vec<Measurement>,
    /// Correlation between arms of the means of an observable, by its id: the same donors in every arm (a scenario
    /// declares it). Without an entry arms are independent.
    pub arm_correlation: std::collections::BTreeMap<String, f64>,
    /// Facts and orderings.
    pub relations: Vec<Relation>,
    /// Mapping of PEtab ids to model ids.
    pub mapping: Vec<(String, String)>,
    /// Model variants (`variants.tsv` or a PEtab Select model space).
    pub variants: Vec<Variant>,
    /// Numbers printed in the paper.
    pub claims: Vec<Claim>,
    /// Every file read, for hashes and diagnostics.
    pub files: Vec<PathBuf>,
}

/// A model file of a problem.
#[derive(Debug, Clone, PartialEq)]
pub struct ModelFile {
    /// Model id (v1: the file's stem).
    pub id: String,
    /// Place, absolute or relative to the working directory.
    pub path: PathBuf,
    /// `sbml` or `mechfit`.
    pub language: String,
    /// Parts laid over the model (`mechfit` only).
    pub parts: Vec<PathBuf>,
}

/// Scale on which a parameter is estimated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Scale {
    /// Linear.
    #[default]
    Lin,
    /// Natural logarithm.
    Log,
    /// Decadic logarithm.
    Log10,
    /// log(x/(1−x)), for fractions.
    Logit,
}

/// Prior as named in the table; its distribution floor gives the density.
#[derive(Debug, Clone, PartialEq)]
pub struct Prior {
    /// Distribution by its PEtab v2 name (`normal`, `log-normal`, `uniform`, …).
    pub distribution: String,
    /// Its parameters.
    pub parameters: Vec<f64>,
    /// Whether the distribution is of the parameter on its estimation scale (`parameterScale…` of version 1).
    pub on_scale: bool,
    /// Whether it is truncated to the bounds and renormalised (version 2) or not (version 1).
    pub truncated: bool,
}

/// A row of the parameter table.
#[derive(Debug, Clone, PartialEq)]
pub struct Parameter {
    /// Id.
    pub id: String,
    /// Estimation scale.
    pub scale: Scale,
    /// Lower bound on the linear scale.
    pub lower: f64,
    /// Upper bound on the linear scale.
    pub upper: f64,
    /// Nominal value on the linear scale.
    pub nominal: Option<f64>,
    /// Whether it is estimated.
    pub estimate: bool,
    /// Prior in the objective.
    pub prior: Option<Prior>,
    /// Distribution of starts (version 1), else uniform on the estimation scale within the bounds.
    pub start: Option<Prior>,
    /// Unit as written (extension), compared with the model's.
    pub unit: Option<String>,
    /// Parts that the row belongs to (extension); empty: all variants.
    pub parts: Vec<String>,
    /// Source (extension).
    pub source: Option<String>,
    /// Row of the table, counted from 2 (1 is the header), for findings.
    pub row: usize,
}

/// A condition: what it sets.
#[derive(Debug, Clone, PartialEq)]
pub struct Condition {
    /// Id.
    pub id: String,
    /// Targets and values; `None` keeps what pre-equilibration left (`NaN` of version 1).
    pub changes: Vec<Change>,
}

/// One assignment of a condition.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// Entity of the model.
    pub target: String,
    /// New value.
    pub value: Option<Expr>,
    /// Unit as written (extension).
    pub unit: Option<String>,
    /// Row of the table, counted from 2.
    pub row: usize,
}

/// An experiment: periods in order of time.
#[derive(Debug, Clone, PartialEq)]
pub struct Experiment {
    /// Id (version 1: made of the condition ids).
    pub id: String,
    /// Periods, sorted by start; a start of −∞ means to steady state.
    pub periods: Vec<Period>,
}

/// A period of an experiment.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Period {
    /// Start time; −∞: pre-equilibration.
    pub start: f64,
    /// Conditions applied at the start, disjoint.
    pub conditions: Vec<String>,
    /// Before its conditions the model goes back to its initial values (dose tables).
    pub reset: bool,
    /// Part of a cycle: it and its neighbours of this kind are repeated, each time from the start of the first to the start
    /// of the next other period, until the state at the end stays the same. What is repeated lies outside the course of the
    /// experiment: the period before it lasts until the next other one begins (dose tables).
    pub cycle: bool,
}

impl Period {
    /// A period that goes on from the state before it.
    pub fn new(start: f64, conditions: Vec<String>) -> Self {
        Self {
            start,
            conditions,
            ..Self::default()
        }
    }
}

/// Distribution of measurement noise; the model's value is its median.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum NoiseDistribution {
    /// Normal.
    #[default]
    Normal,
    /// Normal on the natural logarithm.
    LogNormal,
    /// Normal on the decadic logarithm (version 1).
    Log10Normal,
    /// Laplace.
    Laplace,
    /// Laplace on the natural logarithm.
    LogLaplace,
    /// Laplace on the decadic logarithm (version 1).
    Log10Laplace,
}

/// How reported SDs of means enter the likelihood.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum NoiseSetting {
    /// The reported SD is taken as σ: weight n/SD².
    #[default]
    KnownSd,
    /// The exact likelihood of mean, SD and n with σ of each arm estimated.
    ExactSummary,
    /// One SD for all arms of the observable.
    PooledSd,
    /// One coefficient of variation for all arms of the observable.
    PooledCv,
}

/// A row of the observable table.
#[derive(Debug, Clone, PartialEq)]
pub struct Observable {
    /// Id.
    pub id: String,
    /// Name for people.
    pub name: String,
    /// Formula over the model's entities, parameters and placeholders.
    pub formula: Expr,
    /// Noise formula.
    pub noise_formula: Expr,
    /// Placeholders of the formula, in the order of `observableParameters`.
    pub placeholders: Vec<String>,
    /// Placeholders of the noise formula, in the order of `noiseParameters`.
    pub noise_placeholders: Vec<String>,
    /// Noise distribution.
    pub distribution: NoiseDistribution,
    /// Unit as written (extension).
    pub unit: Option<String>,
    /// How reported SDs enter (extension).
    pub noise: NoiseSetting,
    /// Row of the table, counted from 2.
    pub row: usize,
}

/// What the reported scatter is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SdKind {
    /// Standard deviation of the replicates (divisor n − 1).
    #[default]
    Sd,
    /// Standard error of the mean.
    Sem,
    /// Half width of a 95 % confidence interval.
    Ci95,
    /// Coefficient of variation SD/mean.
    Cv,
}

/// What the reported value is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Statistic {
    /// Arithmetic mean.
    #[default]
    Mean,
    /// Geometric mean; the SD is a geometric SD factor.
    Geomean,
    /// Median.
    Median,
}

/// Censoring of a row; the measurement is then the limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Censoring {
    /// Not censored.
    #[default]
    None,
    /// All n values lie at or below the limit.
    Left,
    /// All n values lie at or above the limit.
    Right,
}

/// Mean ± SD, n of a group, as reported.
#[derive(Debug, Clone, PartialEq)]
pub struct Summary {
    /// Reported scatter in the unit of the measurement (factor for geometric means and CV).
    pub sd: f64,
    /// What the scatter is.
    pub kind: SdKind,
    /// Number of replicates.
    pub n: Option<u32>,
    /// What the value is.
    pub statistic: Statistic,
}

/// A row of the measurement table.
#[derive(Debug, Clone, PartialEq)]
pub struct Measurement {
    /// Observable id.
    pub observable: String,
    /// Experiment id; empty: the model as it is, from time 0.
    pub experiment: String,
    /// Model id; empty: the only model.
    pub model: String,
    /// Time; +∞ is the steady state.
    pub time: f64,
    /// Measured value on the linear scale; the limit if censored.
    pub value: f64,
    /// Overrides of the observable's placeholders.
    pub observable_parameters: Vec<Expr>,
    /// Overrides of the noise placeholders.
    pub noise_parameters: Vec<Expr>,
    /// Scatter and n of a reported mean (extension).
    pub summary: Option<Summary>,
    /// Censoring (extension).
    pub censoring: Censoring,
    /// Data set (scenarios use and drop by it).
    pub dataset: Option<String>,
    /// Source (extension).
    pub source: Option<String>,
    /// Condition ids of version 1 (pre-equilibration, simulation), for simulation tables.
    pub v1_conditions: Option<(String, String)>,
    /// Row of the table, counted from 2.
    pub row: usize,
}

/// Comparison of a relation.
#[derive(Debug, Clone, PartialEq)]
pub enum RelationKind {
    /// left < right.
    Less,
    /// left > right.
    Greater,
    /// |left − right| < margin.
    Approximately,
    /// lo ≤ left ≤ hi.
    In {
        /// Lower end.
        lower: f64,
        /// Upper end.
        upper: f64,
    },
}

/// What a relation does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RelationUse {
    /// Enters the objective as a probit term.
    Penalty,
    /// Is checked and shown.
    Check,
}

/// A row of `relations.tsv`.
#[derive(Debug, Clone, PartialEq)]
pub struct Relation {
    /// Id.
    pub id: String,
    /// Left side, over `observable@experiment@time`.
    pub left: Expr,
    /// Comparison.
    pub kind: RelationKind,
    /// Right side (0 for [`RelationKind::In`]).
    pub right: Expr,
    /// Margin.
    pub margin: f64,
    /// Standard deviation of the compared difference (required for a penalty).
    pub sd: Option<f64>,
    /// Parameter overrides of the left side (a counterfactual).
    pub with: Vec<(String, f64)>,
    /// What it does.
    pub usage: RelationUse,
    /// Fact or group that it belongs to: relations whose id share the part before a dot (`f1.a`, `f1.b`) hold together.
    pub source: Option<String>,
    /// Row of the table, counted from 2.
    pub row: usize,
}

/// A row of `variants.tsv`.
#[derive(Debug, Clone, PartialEq)]
pub struct Variant {
    /// Id.
    pub id: String,
    /// What it assumes, in a few words (column `description`; empty without one).
    pub description: String,
    /// Parts laid over the base model.
    pub parts: Vec<PathBuf>,
    /// Larger variants that contain this one as a special case (`;`-separated in the table).
    pub nested_in: Vec<String>,
    /// Per parameter: a fixed number, or `None` to estimate it.
    pub parameters: Vec<(String, Option<f64>)>,
    /// Problem of this row (PEtab Select), else the problem that lists it.
    pub problem: Option<PathBuf>,
}

/// A row of `claims.tsv`: a number printed in the paper, recomputed.
#[derive(Debug, Clone, PartialEq)]
pub struct Claim {
    /// Id.
    pub id: String,
    /// How it is recomputed (`welch_p`, `student_p`, `mann_whitney_p`, `ratio`, `expression`, …).
    pub kind: String,
    /// Arguments (`mfi@co`, …).
    pub arguments: Vec<String>,
    /// As printed, digits included.
    pub printed: String,
    /// Whether the printed number is expected to come out (column `expect`, `yes` unless it says `no`).
    pub expect: bool,
    /// Source.
    pub source: Option<String>,
    /// Row of the table, counted from 2.
    pub row: usize,
}
