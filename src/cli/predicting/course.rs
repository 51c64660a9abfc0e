//! Time courses of every observable and arm.

use serde_json::Value;

use super::super::Failure;
use super::super::console::Console;
use super::super::stages::Scene;
use crate::predict::course::{CourseModel, Courses};
use crate::report::{figure, view};
use crate::study::files;
use crate::study::findings;
use crate::study::fitted::Fitted;
use crate::study::plan::CoursePlan;

/// The times of a plan.
pub fn times(plan: Option<&CoursePlan>) -> Vec<f64> {
    plan.map_or_else(|| CoursePlan::default().times(), CoursePlan::times)
}

impl Scene<'_> {
    /// Whether the names of a request for courses are known.
    pub fn check_courses(
        &self,
        observables: &[String],
        experiments: &[String],
    ) -> Result<(), Failure> {
        let problem = &self.prepared.problem;
        let first = |list: Option<&str>| list.unwrap_or_default().to_string();
        let observable = first(problem.observables.first().map(|o| o.id.as_str()));
        let experiment = first(problem.experiments.first().map(|e| e.id.as_str()));
        for o in observables {
            self.names(&format!("{o}@{experiment}@0"))?;
        }
        for e in experiments {
            self.names(&format!("{observable}@{e}@0"))?;
        }
        Ok(())
    }

    /// Courses with bands: of replicates, or of the linearised fit where there are none.
    pub fn courses(
        &self,
        fitted: &Fitted,
        replicates: &[Vec<f64>],
        plan: Option<&CoursePlan>,
        times: &[f64],
        console: &Console,
    ) -> Result<Courses, Failure> {
        let none = Vec::new();
        let model = CourseModel::build(
            self.prepared.models.clone(),
            &self.prepared.problem,
            plan.map_or(&none, |p| &p.observables),
            plan.map_or(&none, |p| &p.experiments),
            times,
            &self.session.settings,
        )
        .map_err(|list| {
            let loaded = &self.session.study.loaded;
            let findings = list.iter().map(|e| findings::of_build(loaded, e));
            Failure::Findings(findings.collect())
        })?;
        let covariance = Some(&fitted.linearised.covariance);
        let progress = console.progress(replicates.len() as u64, "time courses");
        model
            .courses(
                &fitted.optimum.theta,
                replicates,
                covariance,
                self.session.level,
                &|| progress.step(),
            )
            .map_err(|e| Failure::NothingEvaluated {
                message: format!("the time courses cannot be computed at the fit: {e}"),
                notes: Vec::new(),
            })
    }

    /// Writes `courses.json`, its table (one row a time) and figures.
    pub fn write_courses(&self, courses: &Courses) -> Result<Value, Failure> {
        let name = "courses";
        let document = self.write_document(name, name, courses)?;
        self.write_text(&format!("{name}.tsv"), &table(courses))?;
        let fit = view_fit(&self.folder);
        let figures = figure::courses(&self.vocabulary(), courses, fit.as_ref());
        self.write_figures(name, &figures)?;
        Ok(document)
    }
}

/// The data that stand beside the courses.
fn view_fit(folder: &std::path::Path) -> Option<view::Fit> {
    let text = std::fs::read_to_string(folder.join(crate::study::stage_fit::RESULT)).ok()?;
    serde_json::from_str(&text).ok()
}

/// One row a course and time.
fn table(courses: &Courses) -> String {
    let columns = [
        "observable",
        "experiment",
        "time",
        "value",
        "lower",
        "upper",
        "simultaneous_lower",
        "simultaneous_upper",
    ];
    let rows: Vec<Value> = courses
        .courses
        .iter()
        .flat_map(|c| {
            let b = &c.band;
            c.times.iter().enumerate().map(move |(i, t)| {
                let at = |list: &[f64]| list.get(i).copied().filter(|x| x.is_finite());
                serde_json::json!({
                    "observable": c.observable,
                    "experiment": c.experiment,
                    "time": t,
                    "value": at(&b.value),
                    "lower": at(&b.lower),
                    "upper": at(&b.upper),
                    "simultaneous_lower": at(&b.simultaneous_lower),
                    "simultaneous_upper": at(&b.simultaneous_upper),
                })
            })
        })
        .collect();
    files::table(&Value::Array(rows), &columns)
}
