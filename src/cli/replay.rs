//! A recorded failure shown and done again.

use std::path::Path;

use serde_json::json;

use super::common::{Integration, Run};
use super::console::{Console, SCHEMA_VERSION};
use super::session::Session;
use super::{Exit, Failure};
use crate::objective::{BuildOptions, Target as _};
use crate::report::document::{Column, Table};
use crate::report::number::{Style, significant};
use crate::search::Want;
use crate::study::json;
use crate::study::postmortem::PostMortem;

/// Digits of what is shown; the file holds all of them.
const DIGITS: i32 = 6;
/// Most eigenvalues and steps shown.
const MOST: usize = 8;

/// Shows what a failure was and evaluates at its parameters again.
pub fn replay(found: &PostMortem, path: &Path, console: &mut Console) -> Result<Exit, Failure> {
    show(found, console);
    let now = again(found, console);
    let (fails, text) = match &now {
        Ok(Some(message)) if *message == found.message => {
            (Some(true), "it still fails, in the same way".to_string())
        }
        Ok(Some(message)) => (
            Some(true),
            format!("it still fails, but otherwise: {message}"),
        ),
        Ok(None) => (Some(false), "it does not fail any more".to_string()),
        Err(reason) => (None, format!("it cannot be replayed: {reason}")),
    };
    console.line(format!("replayed: {text}"));
    console.document(json!({
        "schema_version": SCHEMA_VERSION,
        "file": path.display().to_string(),
        "failure": json::document(found)?,
        "replayed": {"fails": fails, "text": text},
    }));
    Ok(Exit::Ok)
}

/// The message of the failure now; `None` if there is none.
fn again(found: &PostMortem, console: &Console) -> Result<Option<String>, String> {
    let place = &found.provenance;
    let here = place.problem.clone();
    let problem = match &place.working_directory {
        Some(folder) if !here.exists() => folder.join(&here),
        _ => here,
    };
    let integration = Integration {
        rtol: Some(found.integration.rtol),
        atol: Some(found.integration.atol),
    };
    let said = |f: Failure| {
        f.findings()
            .first()
            .map_or_else(String::new, |f| f.message.clone())
    };
    let open = |scenario: Option<String>| {
        let run = Run {
            scenario,
            ..Run::default()
        };
        Session::open(&problem, &run, &integration)
    };
    let session = open(None).map_err(said)?;
    let planned = &session.study.plan.plan.scenarios;
    let scenario = planned
        .iter()
        .find(|s| s.id == found.scenario)
        .map(|s| s.id.as_str());
    let prepared = session
        .study
        .prepare(scenario)
        .map_err(|e| said(e.into()))?;
    if prepared.canonical.sha256() != found.problem.canonical_sha256 {
        console.note("the problem is not the one of the record any more");
    }
    let objective = session
        .objective(&prepared, BuildOptions::default())
        .map_err(said)?;
    let theta = found
        .theta(&objective)
        .ok_or("other parameters are estimated now")?;
    let want = if found.sensitivities {
        Want::Derivatives
    } else {
        Want::Value
    };
    Ok(objective
        .evaluate(&theta, objective.data(), want, &mut objective.workspace())
        .err()
        .map(|e| e.to_string()))
}

fn show(f: &PostMortem, console: &mut Console) {
    let number = |x: Option<f64>| {
        x.map_or_else(
            || "not finite".to_string(),
            |x| significant(x, DIGITS, Style::Plain),
        )
    };
    console.line(format!("{}: {}", f.what, f.message));
    console.line(format!("likely cause: {}", f.likely_cause));
    console.line(format!(
        "scenario {}, {} at rtol {:?}, atol {:?}, version {}",
        f.scenario,
        f.integration.method,
        f.integration.rtol,
        f.integration.atol,
        f.provenance.version
    ));
    if let Some(experiment) = &f.experiment {
        let at = f
            .time
            .map_or_else(String::new, |t| format!(" at t = {}", number(Some(t))));
        console.line(format!("experiment {experiment}{at}"));
    }
    if let Some(row) = &f.row {
        console.line(format!(
            "row not reached: {}@{}@{}, measured {} (line {} of the measurement table)",
            row.observable,
            row.experiment,
            row.time.map_or_else(|| "inf".into(), |t| t.to_string()),
            number(row.measured),
            row.line
        ));
    }
    let mut t = Table::new(
        "Parameters",
        vec![Column::words("parameter"), Column::number("value")],
    );
    for p in &f.parameters {
        t.row(vec![p.id.as_str().into(), number(p.value).into()]);
    }
    console.table(&t);
    if !f.states.is_empty() {
        let mut t = Table::new(
            "States",
            vec![
                Column::words("state"),
                Column::number("value"),
                Column::number("rate of change"),
            ],
        );
        for s in &f.states {
            t.row(vec![
                s.id.as_str().into(),
                number(s.value).into(),
                number(s.rate).into(),
            ]);
        }
        console.table(&t);
    }
    let list: Vec<String> = f
        .eigenvalues
        .iter()
        .take(MOST)
        .map(|z| {
            if z.imaginary == 0.0 {
                number(Some(z.real))
            } else {
                format!("{} {:+.3e}i", number(Some(z.real)), z.imaginary)
            }
        })
        .collect();
    if !list.is_empty() {
        console.line(format!(
            "eigenvalues of the Jacobian, the fastest first: {}",
            list.join(", ")
        ));
    }
    if let Some(reason) = &f.eigenvalues_reason {
        console.line(format!("no eigenvalues: {reason}"));
    }
    let skip = f.steps.len().saturating_sub(MOST);
    let sizes: Vec<String> = f
        .steps
        .iter()
        .skip(skip)
        .map(|s| number(Some(s.size)))
        .collect();
    if !sizes.is_empty() {
        console.line(format!("last step sizes: {}", sizes.join(", ")));
    }
}
