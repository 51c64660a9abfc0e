//! A study for other tools: SBML and PEtab tables, with a list of what could not be carried.

use std::path::Path;

use super::atomic::{self, FileError};
use super::open::Prepared;
use crate::diagnostic::Finding;
use crate::model::{self, Model, sbml};
use crate::problem::{self, ExportModel, ModelFile};

/// Name of the file that lists what could not be carried.
pub const NOT_CARRIED: &str = "not_carried.txt";

/// A problem as other tools read it.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Exported {
    /// File names and texts, the YAML first, the list of what could not be carried last.
    pub files: Vec<(String, String)>,
    /// What could not be carried, one line each.
    pub left_out: Vec<String>,
}

impl Exported {
    /// Writes every file into a folder, which is made if it is missing.
    ///
    /// # Errors
    /// The first file that could not be written.
    pub fn write(&self, folder: &Path) -> Result<(), FileError> {
        self.files
            .iter()
            .try_for_each(|(name, text)| atomic::write(&folder.join(name), text.as_bytes()))
    }
}

/// Writes the problem of a scenario as PEtab with SBML.
///
/// * `version`: of PEtab, 1 or 2.
///
/// An SBML model goes out as it was read; a model of the language is written as SBML, its outputs under another name
/// where an observable has theirs.
///
/// # Errors
/// Findings for models that SBML cannot express or that cannot be read.
pub fn petab(prepared: &Prepared, version: u32) -> Result<Exported, Vec<Finding>> {
    let problem = &prepared.problem;
    let observables: Vec<&str> = problem.observables.iter().map(|o| o.id.as_str()).collect();
    let mut models = Vec::new();
    let mut written = Vec::new();
    let mut left_out = Vec::new();
    let mut wrong = Vec::new();
    for (file, model) in problem.models.iter().zip(&prepared.models) {
        match written_model(file, model, &observables, &mut left_out) {
            Ok((text, beside)) => {
                written.push((beside.location.clone(), text));
                models.push(beside);
            }
            Err(finding) => wrong.push(*finding),
        }
    }
    if !wrong.is_empty() {
        return Err(wrong);
    }
    let export = problem::export(problem, version, &models);
    let mut files = export.files;
    files.extend(written);
    left_out.extend(export.left_out);
    left_out.extend(of_the_plan(prepared));
    let mut list: String = left_out.iter().map(|l| format!("{l}\n")).collect();
    if list.is_empty() {
        list = "nothing: everything was carried\n".into();
    }
    files.push((NOT_CARRIED.into(), list));
    Ok(Exported { files, left_out })
}

/// A model's SBML, and what the tables have to know of it.
fn written_model(
    file: &ModelFile,
    model: &Model,
    observables: &[&str],
    left_out: &mut Vec<String>,
) -> Result<(String, ExportModel), Box<Finding>> {
    let at = |f: Finding| Box::new(f.in_file(file.path.display().to_string()));
    let language = match file.language.as_str() {
        "" => model::language_of(&file.path),
        given => given,
    };
    let (renamed, text) = if language == "sbml" {
        let text = std::fs::read_to_string(&file.path)
            .map_err(|e| at(Finding::error("unreadable-file", e.to_string())))?;
        (Vec::new(), text)
    } else {
        let (beside, renamed) = model.with_outputs_beside(observables);
        let (text, lost) = sbml::write(&beside)
            .map_err(|e| at(Finding::error("not-expressible", e.to_string())))?;
        left_out.extend(lost);
        (renamed, text)
    };
    let now = |id: &str| {
        let new = renamed.iter().find(|(old, _)| old == id);
        new.map_or(id, |(_, new)| new.as_str()).to_string()
    };
    let inputs = model.inputs.iter().map(|i| (i.id.clone(), i.value));
    let constants = model
        .parameters
        .iter()
        .filter_map(|p| Some((p.id.clone(), p.value.as_number()?)));
    Ok((
        text,
        ExportModel {
            id: file.id.clone(),
            location: format!("{}.xml", file.id),
            declared: model.declared().map(now).collect(),
            defaults: inputs.chain(constants).collect(),
            renamed: renamed.clone(),
        },
    ))
}

/// What belongs to the study, not to the problem.
fn of_the_plan(prepared: &Prepared) -> Vec<String> {
    let mut list = Vec::new();
    if !prepared.ignored.is_empty() {
        let ids = prepared.ignored.join("`, `");
        list.push(format!("parameters of other variants: `{ids}`"));
    }
    let plan = &prepared.study.plan;
    let others: Vec<String> = plan
        .plan
        .scenarios
        .iter()
        .filter(|s| s.id != prepared.scenario.id)
        .map(|s| format!("`{}`", s.id))
        .collect();
    if !others.is_empty() {
        list.push(format!(
            "scenarios other than `{}` (--scenario chooses one): {}",
            prepared.scenario.id,
            others.join(", ")
        ));
    }
    if plan.path.is_some() {
        list.push("the plan: starts, bootstrap, doses, gates, tolerances".into());
    }
    list
}
