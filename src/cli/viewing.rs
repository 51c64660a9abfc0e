//! From result files to what a report shows.

use std::path::Path;

use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::report::View;
use crate::report::view::{
    Assumption, Audit, Equations, Fit, Replicates, Scenario, Study as Vocabulary, Variant,
};
use crate::study::open::{Prepared, Study};
use crate::study::stage_fit::RESULT;

/// A view of the results of a prepared scenario: everything that its folder holds. Files that are missing are parts that
/// were not computed; a file that cannot be read is left out as well, with a note.
pub fn view(prepared: &Prepared, folder: &Path, notes: &mut Vec<String>) -> View {
    let study = prepared.study;
    let plan = &study.plan.plan;
    let model = prepared.models.first();
    let fit: Option<Fit> = read(folder, RESULT, notes);
    View {
        title: plan
            .title
            .clone()
            .or_else(|| model.map(|m| m.description.clone()))
            .filter(|t| !t.is_empty())
            .unwrap_or_else(|| prepared.problem.id.clone()),
        question: plan
            .question
            .iter()
            .flat_map(|q| q.split("\n\n"))
            .map(str::to_owned)
            .collect(),
        study: model.map_or_else(Vocabulary::default, |m| {
            Vocabulary::of(&prepared.problem, m)
        }),
        equations: model.map(Equations::of),
        audit: audit(fit.as_ref()),
        fit,
        bootstrap: read(folder, "bootstrap.json", notes),
        replicates: replicates(&folder.join("replicates.tsv")),
        profiles: read(folder, "profile.json", notes),
        structural: None,
        comparison: read(folder, "compare.json", notes),
        variants: variants(study),
        coverage: read(folder, "coverage.json", notes).into_iter().collect(),
        designs: read(folder, "design.json", notes).into_iter().collect(),
        scenarios: scenarios(study, folder, notes),
        assumptions: plan
            .assumptions
            .iter()
            .map(|text| Assumption {
                text: text.clone(),
                source: None,
            })
            .collect(),
        ..View::default()
    }
}

/// A document of a folder, `None` if there is none or it cannot be read.
fn read<T: DeserializeOwned>(folder: &Path, name: &str, notes: &mut Vec<String>) -> Option<T> {
    let path = folder.join(name);
    let text = std::fs::read_to_string(&path).ok()?;
    match serde_json::from_str(&text) {
        Ok(value) => Some(value),
        Err(e) => {
            notes.push(format!("{} is left out: {e}", path.display()));
            None
        }
    }
}

/// Command, program, seed and files of a result's provenance.
fn audit(fit: Option<&Fit>) -> Audit {
    let Some(fit) = fit else {
        return Audit::default();
    };
    let p = &fit.provenance;
    let text = |v: &Value| v.as_str().map(str::to_owned);
    let words = |v: &Value| -> Option<String> {
        let list: Vec<&str> = v.as_array()?.iter().filter_map(Value::as_str).collect();
        (!list.is_empty()).then(|| list.join(" "))
    };
    let program = text(&p["program"]["name"])
        .zip(text(&p["program"]["version"]))
        .map(|(name, version)| format!("{name} {version}"));
    let files = p["files"]
        .as_object()
        .into_iter()
        .flatten()
        .filter_map(|(path, hash)| Some((path.clone(), hash.as_str()?.to_owned())))
        .collect();
    let settings = &fit.settings;
    let mut list = std::collections::BTreeMap::new();
    for (name, value) in [
        ("rtol", &settings["integration"]["rtol"]),
        ("atol", &settings["integration"]["atol"]),
        ("integration", &settings["integration"]["method"]),
        ("search", &settings["search"]["method"]),
        ("objective", &settings["likelihood"]),
    ] {
        match value {
            Value::Null => {}
            Value::String(s) => {
                list.insert(name.to_owned(), s.clone());
            }
            other => {
                list.insert(name.to_owned(), other.to_string());
            }
        }
    }
    Audit {
        command: words(&p["command"]),
        program,
        files,
        settings: list,
        seed: settings["seed"].as_u64(),
    }
}

/// Rows of `replicates.tsv` whose cells under parameters are all numbers; row 0 is the fit and is left out, as are
/// predictions (`observable@experiment@time`).
fn replicates(path: &Path) -> Option<Replicates> {
    let text = std::fs::read_to_string(path).ok()?;
    let mut lines = text.lines();
    let head: Vec<&str> = lines.next()?.split('\t').collect();
    // What stands beside the estimates in that table.
    const OTHERS: [&str; 5] = [
        "replicate",
        "objective",
        "chi2_means",
        "second_start",
        "failure",
    ];
    let columns: Vec<usize> = (0..head.len())
        .filter(|i| {
            head.get(*i)
                .is_some_and(|h| !OTHERS.contains(h) && !h.contains('@'))
        })
        .collect();
    let ids = columns
        .iter()
        .filter_map(|i| head.get(*i).map(|h| (*h).to_owned()))
        .collect();
    let rows = lines
        .skip(1)
        .filter_map(|line| {
            let cells: Vec<&str> = line.split('\t').collect();
            columns
                .iter()
                .map(|i| cells.get(*i)?.parse::<f64>().ok().filter(|v| v.is_finite()))
                .collect()
        })
        .collect();
    Some(Replicates { ids, rows })
}

fn variants(study: &Study) -> Vec<Variant> {
    study
        .loaded
        .problem
        .variants
        .iter()
        .map(|v| Variant {
            id: v.id.clone(),
            ..Variant::default()
        })
        .collect()
}

/// The scenarios of the plan with the fits that lie in their folders below that of the main one.
fn scenarios(study: &Study, folder: &Path, notes: &mut Vec<String>) -> Vec<Scenario> {
    let list = &study.plan.plan.scenarios;
    if list.len() < 2 {
        return Vec::new();
    }
    list.iter()
        .enumerate()
        .filter(|(i, s)| *i == 0 || !s.sensitivity)
        .map(|(i, s)| Scenario {
            id: s.id.clone(),
            description: s.description.clone().unwrap_or_default(),
            fit: if i == 0 {
                read(folder, RESULT, notes)
            } else {
                read(&folder.join(&s.id), RESULT, notes)
            },
        })
        .collect()
}
