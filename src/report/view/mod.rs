//! What a report shows, as plain data.
//!
//! Every part is optional: a report of a fit alone is already whole, and grows with what else has been computed. The
//! parts named after a result file ([`Fit`], [`Bootstrap`], [`Profiles`], [`Comparison`], [`Dose`], [`Combination`],
//! [`Courses`]) have its keys and are read from it as it stands; unknown keys are left alone, absent ones are empty.
//! [`Equations`] and [`Study`] are made from the model and the problem.

use serde::Serialize;

mod fit;
mod model;
mod names;
mod prediction;
mod study;
mod uncertainty;

pub use fit::{DataRow, Estimate, Fit, Range, Relation, Starts, Verdict, Warning};
pub use model::{Declaration, Equation, Equations, Flow, FlowKind, Node};
pub use prediction::{
    Combination, Course, CoursePoint, Courses, Design, DesignRow, Dose, DosePoint, DoseSummary,
    Excess, Index, Prediction, Sensitivity, Summarised, Surface, Synergy,
};
pub use study::{
    Assumption, Audit, Claim, Conclusion, Experiment, Observable, ParameterRow, RelationText,
    Scenario, Setting, Study,
};
pub use uncertainty::{
    Bootstrap, Comparison, Correlation, Coverage, CoverageRow, End, Interval, LikelihoodRatio,
    ModelRow, Profile, ProfilePoint, Profiles, Refused, Replicates,
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
    /// `bootstrap.json` with its replicates.
    pub bootstrap: Option<Bootstrap>,
    /// `profile.json`.
    pub profiles: Option<Profiles>,
    /// `compare.json`.
    pub comparison: Option<Comparison>,
    /// Coverage of the intervals, measured by simulation.
    pub coverage: Option<Coverage>,
    /// Time courses with bands.
    pub courses: Option<Courses>,
    /// Scalar predictions with intervals.
    pub predictions: Vec<Prediction>,
    /// Dose-response curves (`dose.json`), those that share input and observable are drawn together.
    pub doses: Vec<Dose>,
    /// Drug combinations (`combine.json`).
    pub combinations: Vec<Combination>,
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
