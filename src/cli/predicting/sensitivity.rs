//! Which parameters a prediction depends on.

use serde_json::Value;

use super::super::Failure;
use super::super::console::Console;
use super::super::stages::Scene;
use super::file_name;
use crate::diagnostic::Finding;
use crate::objective::{BuildOptions, Target as _};
use crate::predict::Dosed;
use crate::predict::ask::expression_unit;
use crate::predict::sensitivity::{Sampling, Sensitivity, SensitivityError, Subject, sensitivity};
use crate::report::figure;
use crate::study::fitted::Fitted;

/// What is asked.
pub struct Wanted<'a> {
    /// The expression.
    pub expression: &'a str,
    /// Parameters that are varied over their ranges; empty: all.
    pub parameters: &'a [String],
    /// Base points; 0: local only.
    pub samples: usize,
}

impl Scene<'_> {
    /// Whether the names of a request are known: places of the varied parameters among the coordinates.
    pub fn check_sensitivity(&self, wanted: &Wanted<'_>) -> Result<Vec<usize>, Failure> {
        self.expression(wanted.expression)?;
        wanted
            .parameters
            .iter()
            .map(|id| self.coordinate(id))
            .collect()
    }

    /// Local and global sensitivities of an expression.
    pub fn sensitivity(
        &self,
        fitted: &Fitted,
        wanted: &Wanted<'_>,
        console: &Console,
    ) -> Result<Sensitivity, Failure> {
        let spec = self.names(wanted.expression)?;
        let varied = self.check_sensitivity(wanted)?;
        let unit = expression_unit(&self.setting(), &spec);
        let coordinates = self.objective.coordinates();
        let options = BuildOptions {
            quantities: vec![spec],
            settings: self.session.settings.clone(),
            ..BuildOptions::default()
        };
        let response = Dosed::build(
            self.prepared.models.clone(),
            &self.prepared.problem,
            &[],
            &[],
            &options,
        )
        .map_err(crate::predict::ask::AskError::from)?;
        let progress = console.progress(wanted.samples as u64, "base points");
        let subject = Subject {
            response: &response,
            text: wanted.expression,
            unit: unit.as_deref(),
            coordinates,
            theta: &fitted.optimum.theta,
            doses: &[],
        };
        let sampling = Sampling {
            samples: wanted.samples,
            seed: self.session.seed,
            level: self.session.level,
            progress: &|| progress.step(),
        };
        sensitivity(subject, &varied, sampling).map_err(|e| match e {
            SensitivityError::Response(e) => Failure::NothingEvaluated {
                message: format!("the prediction cannot be evaluated at the fit: {e}"),
                notes: Vec::new(),
            },
            SensitivityError::TooFew { .. } => Failure::NothingEvaluated {
                message: e.to_string(),
                notes: vec![
                    "give more base points with --samples, or narrower bounds in the parameter table"
                        .into(),
                ],
            },
            SensitivityError::Prior(_) | SensitivityError::Dimensions(_) => {
                Finding::error("sensitivity", e.to_string())
                    .help("choose fewer parameters with --parameter")
                    .into()
            }
        })
    }

    /// Writes `sensitivity.*`, or `sensitivity_ID.*`.
    pub fn write_sensitivity(
        &self,
        id: Option<&str>,
        result: &Sensitivity,
    ) -> Result<Value, Failure> {
        let name = file_name("sensitivity", id);
        let document = self.write_document(&name, id.unwrap_or("sensitivity"), result)?;
        let mut text = String::from(
            "id\tby_log\telasticity\tby_natural\tby_scaled\tfirst\tfirst_lower\tfirst_upper\ttotal\ttotal_lower\ttotal_upper\trange\n",
        );
        let number = |x: f64| {
            if x.is_finite() {
                format!("{x:?}")
            } else {
                String::new()
            }
        };
        for l in &result.local {
            let mut cells = vec![l.id.clone()];
            cells.extend([l.by_log, l.elasticity, l.by_natural, l.by_scaled].map(number));
            match result.sobol.iter().find(|s| s.id == l.id) {
                Some(s) => {
                    for e in [&s.first, &s.total] {
                        cells.extend([e.value, e.lower, e.upper].map(number));
                    }
                    cells.push(s.range.clone());
                }
                None => cells.extend(std::iter::repeat_n(String::new(), 7)),
            }
            text += &cells.join("\t");
            text.push('\n');
        }
        self.write_text(&format!("{name}.tsv"), &text)?;
        let figures: Vec<figure::Figure> = figure::sensitivity(result).into_iter().collect();
        self.write_figures(&name, &figures)?;
        Ok(document)
    }
}
