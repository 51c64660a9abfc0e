//! What a report shows, as plain data.
//!
//! Every part is optional: a report of a fit alone is already whole, and grows with what else has been computed.
//! [`Fit`] has the keys of `result.json` and is read from it as it stands (unknown keys are left alone, absent ones are
//! empty); the other results are the structs of the floors that compute them. [`Study`] and [`Equations`] are made from
//! the problem and its model.

use serde::Serialize;

use crate::predict::combination::Combination;
use crate::predict::course::Courses;
use crate::predict::dose::{DoseResponse, FoldShift};
use crate::predict::expression::Predicted;
use crate::predict::population::PopulationResponse;
use crate::predict::sensitivity::Sensitivity;
use crate::uncertainty::{Bootstrap, Comparison, Coverage, Design, Profiles, Structural};

mod fit;
mod graph;
mod model;
mod names;
mod of_problem;
mod study;

pub use fit::{DataRow, Fit, Relation, Replicates, Starts, Warning};
pub use model::{Declaration, Equation, Equations, Flow, FlowKind, Node, Role};
pub use study::{
    Assumption, Audit, Claim, Conclusion, Experiment, Observable, ParameterRow, RelationText,
    Scenario, Setting, Study, Variant,
};

/// Everything that a report may show.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct View {
    /// Title of the page.
    pub title: String,
    /// What is asked and of which data, one string a paragraph.
    pub question: Vec<String>,
    /// Names, units, arms, parameters, relations: from the problem and its model.
    pub study: Study,
    /// The model's equations and its graph.
    pub equations: Option<Equations>,
    /// The fit of the main scenario (`result.json`).
    pub fit: Option<Fit>,
    /// `bootstrap.json`.
    pub bootstrap: Option<Bootstrap>,
    /// The replicates of the bootstrap (`replicates.tsv`).
    pub replicates: Option<Replicates>,
    /// `profile.json`.
    pub profiles: Option<Profiles>,
    /// What the data can determine at all.
    pub structural: Option<Structural>,
    /// `compare.json`.
    pub comparison: Option<Comparison>,
    /// What the compared variants assume, and which facts they meet.
    pub variants: Vec<Variant>,
    /// Coverage of the intervals, measured by simulation.
    pub coverage: Vec<Coverage>,
    /// Time courses with bands.
    pub courses: Option<Courses>,
    /// Scalar predictions with intervals (`predict.json`).
    pub predictions: Vec<Predicted>,
    /// Dose-response curves (`dose.json`); those of one input and observable are drawn together.
    pub doses: Vec<DoseResponse>,
    /// Fold shifts between such curves.
    pub shifts: Vec<FoldShift>,
    /// Drug combinations (`combine.json`).
    pub combinations: Vec<Combination>,
    /// Responses over a population.
    pub populations: Vec<PopulationResponse>,
    /// Sensitivity indices.
    pub sensitivities: Vec<Sensitivity>,
    /// Which further measurement would narrow a target.
    pub designs: Vec<Design>,
    /// The scenarios in the plan's order, the main one first.
    pub scenarios: Vec<Scenario>,
    /// Statements that were checked in every scenario.
    pub conclusions: Vec<Conclusion>,
    /// Numbers printed in the paper, recomputed.
    pub claims: Vec<Claim>,
    /// What was assumed.
    pub assumptions: Vec<Assumption>,
    /// Warnings beyond those of the fit.
    pub warnings: Vec<Warning>,
    /// What an auditor needs.
    pub audit: Audit,
}
