//! Predictions over a population.

use serde::Serialize;
use serde_json::Value;

use super::super::Failure;
use super::super::console::Console;
use super::super::stages::Scene;
use super::file_name;
use crate::predict::ask::PopulationQuestion;
use crate::predict::population::PopulationResponse;
use crate::predict::{Vary, VaryError};
use crate::report::figure;
use crate::study::fitted::Fitted;
use crate::study::plan::PopulationPlan;

/// The content of `population.json`.
#[derive(Serialize)]
struct Content<'a> {
    level: f64,
    replicates: usize,
    populations: &'a [PopulationResponse],
}

impl From<VaryError> for Failure {
    fn from(e: VaryError) -> Self {
        Self::usage(
            e.to_string(),
            "such as --vary 'n_sites=lognormal(22000,9300)', see docs/predictions.md",
        )
    }
}

impl Scene<'_> {
    /// Whether a plan can be asked.
    pub fn check_population(&self, plan: &PopulationPlan) -> Result<(), Failure> {
        self.expression(&plan.expression)?;
        Ok(self.population_question(plan)?.check(&self.setting())?)
    }

    fn population_question(&self, plan: &PopulationPlan) -> Result<PopulationQuestion, Failure> {
        let vary: Result<Vec<Vary>, VaryError> =
            plan.vary.iter().map(|text| Vary::parse(text)).collect();
        Ok(PopulationQuestion {
            expression: plan.expression.clone(),
            vary: vary?,
            members: usize::try_from(plan.members).unwrap_or(usize::MAX),
            seed: self.session.seed,
        })
    }

    /// Distribution of a response over a population, with intervals from replicates.
    pub fn population(
        &self,
        fitted: &Fitted,
        replicates: &[Vec<f64>],
        plan: &PopulationPlan,
        console: &Console,
    ) -> Result<PopulationResponse, Failure> {
        self.check_population(plan)?;
        let question = self.population_question(plan)?;
        let progress = console.progress(0, "replicates of the population");
        let asked = self.asked(fitted, replicates);
        Ok(question.answer_watched(&asked, &|t| progress.tell(t))?)
    }

    /// Writes `population.*`, or `population_ID.*`.
    pub fn write_populations(
        &self,
        id: Option<&str>,
        populations: &[PopulationResponse],
        replicates: usize,
    ) -> Result<Value, Failure> {
        let name = file_name("population", id);
        let content = Content {
            level: self.session.level,
            replicates,
            populations,
        };
        let document = self.write_document(&name, id.unwrap_or("population"), &content)?;
        let mut text = String::from("response\tunit\tquantity\tvalue\tlower\tupper\n");
        for p in populations {
            for (what, e) in p.rows() {
                let number = |x: f64| {
                    if x.is_finite() {
                        format!("{x:?}")
                    } else {
                        String::new()
                    }
                };
                text += &format!(
                    "{}\t{}\t{what}\t{}\t{}\t{}\n",
                    p.response,
                    p.unit.as_deref().unwrap_or_default(),
                    number(e.value),
                    number(e.lower),
                    number(e.upper)
                );
            }
        }
        self.write_text(&format!("{name}.tsv"), &text)?;
        let figures: Vec<figure::Figure> = figure::populations(populations).into_iter().collect();
        self.write_figures(&name, &figures)?;
        Ok(document)
    }
}
