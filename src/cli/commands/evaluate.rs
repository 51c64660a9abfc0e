//! `evaluate`: the objective at given parameters.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Serialize;

use super::super::common::{Display, Integration, Run, Values};
use super::super::console::{Console, SCHEMA_VERSION};
use super::super::session::Session;
use super::super::table::{number, table};
use super::super::{Exit, Failure};
use crate::objective::target::to_natural;
use crate::objective::{BuildOptions, Objective, Target as _};
use crate::search::Want;
use crate::study::json;
use crate::study::postmortem::PostMortem;
use crate::study::result::ProblemHash;

/// Compute the objective at given (default: nominal) parameters, with its parts and, on request, its gradient.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  mechfit evaluate fits/wang2020 --gradient --json\n  mechfit evaluate fits/wang2020 --set K_A=300 --simulations simulations.tsv"
)]
pub struct Arguments {
    /// Problem (folder or YAML file)
    pub problem: PathBuf,
    /// Also the gradient on the parameters' estimation scales
    #[arg(long)]
    pub gradient: bool,
    /// Write the PEtab simulation table to this file
    #[arg(long, value_name = "FILE")]
    pub simulations: Option<PathBuf>,
    #[command(flatten)]
    pub values: Values,
    #[command(flatten)]
    pub integration: Integration,
    #[command(flatten)]
    pub run: Run,
    #[command(flatten)]
    pub display: Display,
}

/// The document of `evaluate --json`.
#[derive(Serialize)]
struct Document {
    schema_version: u32,
    problem: ProblemHash,
    scenario: String,
    status: &'static str,
    nllh: Option<f64>,
    llh: Option<f64>,
    chi2: Option<f64>,
    chi2_means: Option<f64>,
    log_prior: Option<f64>,
    penalty: Option<f64>,
    objective: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    objective_reason: Option<String>,
    n_data: usize,
    parameters: BTreeMap<String, f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    gradient: Option<BTreeMap<String, f64>>,
    conditions: Vec<Condition>,
    provenance: crate::study::audit::Provenance,
}

#[derive(Serialize)]
struct Condition {
    id: String,
    ok: bool,
    steps: u64,
    reason: Option<String>,
    message: Option<String>,
}

impl Arguments {
    /// Evaluates once.
    pub fn run(&self, console: &mut Console) -> Result<Exit, Failure> {
        let session = Session::open(&self.problem, &self.run, &self.integration)?;
        let prepared = session.prepare_with(&self.values, console)?;
        let objective = session.objective(&prepared, BuildOptions::default())?;
        let theta = objective.nominal_point();
        let mut ws = objective.workspace();
        let want = if self.gradient {
            Want::Derivatives
        } else {
            Want::Value
        };
        let evaluated = objective.evaluate(&theta, objective.data(), want, &mut ws);
        let conditions = conditions(&objective, &theta);
        if let Some(path) = &self.simulations {
            super::simulate::write_table(path, &prepared, &objective, &theta)?;
        }
        let ids = || objective.coordinates().iter().map(|c| c.id.clone());
        let parts = evaluated.as_ref().ok().map(|e| e.parts);
        let document = Document {
            schema_version: SCHEMA_VERSION,
            problem: ProblemHash::of(&prepared),
            scenario: prepared.scenario.id.clone(),
            status: if evaluated.is_ok() { "ok" } else { "failed" },
            nllh: parts.map(|p| p.nllh),
            llh: parts.map(|p| -p.nllh),
            chi2: parts.map(|p| p.chi2),
            chi2_means: parts.map(|p| p.chi2_means),
            log_prior: parts.map(|p| p.log_prior),
            penalty: parts.map(|p| p.penalty),
            objective: evaluated.as_ref().ok().map(|e| e.value),
            objective_reason: evaluated.as_ref().err().map(ToString::to_string),
            n_data: objective.rows().len(),
            parameters: objective
                .coordinates()
                .iter()
                .zip(&theta)
                .map(|(c, x)| (c.id.clone(), to_natural(c.scale, *x)))
                .collect(),
            gradient: match &evaluated {
                Ok(e) if self.gradient => Some(ids().zip(e.gradient.iter().copied()).collect()),
                _ => None,
            },
            conditions,
            provenance: session.brief_provenance(&prepared),
        };
        show(console, &document);
        let failed = document.objective.is_none();
        if let Err(e) = &evaluated {
            let mut notes: Vec<String> = document
                .conditions
                .iter()
                .filter_map(|c| Some(format!("`{}`: {}", c.id, c.message.as_ref()?)))
                .collect();
            let found = PostMortem::of(
                &prepared,
                &objective,
                &theta,
                self.gradient,
                "evaluate".into(),
            );
            if let Some(found) = found {
                let file = found.write(&session.results(&prepared))?;
                notes.push(format!("likely cause: {}", found.likely_cause));
                notes.push(format!(
                    "recorded in {0}; `mechfit explain {0}` replays it",
                    file.display()
                ));
            }
            console.fail(&Failure::NothingEvaluated {
                message: format!("the objective could not be evaluated: {e}"),
                notes,
            });
        }
        console.document(json::document(&document)?);
        Ok(if failed {
            Exit::NothingEvaluated
        } else {
            Exit::Ok
        })
    }
}

/// How every experiment fares by itself.
fn conditions(objective: &Objective, theta: &[f64]) -> Vec<Condition> {
    let mut ws = objective.workspace();
    objective
        .condition_reports(theta, &mut ws)
        .into_iter()
        .map(|r| Condition {
            id: r.id,
            ok: r.failure.is_none(),
            steps: r.steps,
            reason: r.failure.as_ref().map(|(reason, _)| (*reason).to_string()),
            message: r.failure.map(|(_, message)| message),
        })
        .collect()
}

fn show(console: &mut Console, d: &Document) {
    /// Digits that a likelihood is read with.
    const DIGITS: usize = 10;
    if let Some(objective) = d.objective {
        let rows: Vec<Vec<String>> = [
            (
                "objective",
                Some(objective),
                "−log likelihood − log prior + penalty of relations",
            ),
            ("nllh", d.nllh, "−log likelihood, constants included"),
            ("log_prior", d.log_prior, ""),
            ("penalty", d.penalty, ""),
            ("chi2", d.chi2, "over the uncensored rows"),
            ("chi2_means", d.chi2_means, "over the means with n"),
        ]
        .into_iter()
        .filter_map(|(name, value, text)| {
            Some(vec![name.into(), number(value?, DIGITS), text.into()])
        })
        .collect();
        console.line(table(&["", "value", ""], 1, &rows));
    }
    if let Some(gradient) = &d.gradient {
        let rows: Vec<Vec<String>> = gradient
            .iter()
            .map(|(id, g)| {
                vec![
                    id.clone(),
                    number(d.parameters.get(id).copied().unwrap_or(f64::NAN), 6),
                    number(*g, DIGITS),
                ]
            })
            .collect();
        console.line("");
        console.line(table(
            &["parameter", "value", "gradient (estimation scale)"],
            1,
            &rows,
        ));
    }
}
