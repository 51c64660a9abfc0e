//! Model spaces of PEtab Select, as variants.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::Variant;
use super::cells::{Cells, number};
use super::findings::Findings;
use super::manifest::{self, Names, Text};
use super::places::Table;
use super::sheet::Sheet;
use super::text;
use crate::diagnostic::Finding;

/// Models of a space that are written out: more cannot be fitted one by one, and a search is another program's work.
const MAX_MODELS: usize = 10_000;
/// Columns of a model space that are no parameters.
const FIXED: [&str; 2] = ["model_subspace_id", "model_subspace_petab_yaml"];

/// A model space with what was said about the search.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ModelSpace {
    /// Criterion as written (`AIC`, `AICc`, `BIC`, …).
    pub criterion: Option<String>,
    /// Models in the order of the table; [`Variant::problem`] is set in each. Every combination of the values of a row is
    /// a model of its own, `<subspace>_<k>` with k from 1.
    pub variants: Vec<Variant>,
    /// Warnings.
    pub findings: Vec<Finding>,
}

#[derive(Deserialize)]
struct File {
    criterion: Option<Text>,
    model_space_files: Option<Names>,
}

/// Reads a PEtab Select problem (YAML).
///
/// # Errors
/// Every finding, with the cell and a remedy.
pub fn model_space(path: &Path) -> Result<ModelSpace, Vec<Finding>> {
    let mut findings = Findings::default();
    let mut space = ModelSpace::default();
    if let Some(source) = text::read(path, &mut findings) {
        let folder = path.parent().unwrap_or(Path::new(""));
        match serde_saphyr::from_str::<File>(&source.text) {
            Ok(file) => {
                space.criterion = file.criterion.map(|c| c.value);
                let names = file.model_space_files.unwrap_or_default();
                if names.0.is_empty() {
                    findings.push(
                        Finding::error("missing-key", "the YAML lists no `model_space_files`")
                            .in_file(source.path.clone())
                            .help("a PEtab Select problem names the tables of its model space"),
                    );
                }
                for name in names.0 {
                    let Some(table) = text::read(&folder.join(&name.value), &mut findings) else {
                        continue;
                    };
                    if let Some(sheet) = Sheet::read(Table::Variants, &table, 0, &mut findings) {
                        rows(&sheet, folder, &mut space.variants, &mut findings);
                    }
                }
            }
            Err(e) => {
                let message = e.without_snippet().to_string();
                let finding = Finding::error(
                    "yaml",
                    format!(
                        "the YAML cannot be read: {}",
                        message.lines().next().unwrap_or("")
                    ),
                );
                findings.push(match e.location().map(|l| manifest::offset(&source, l)) {
                    Some(at) => finding.at(&source, at..at, ""),
                    None => finding.in_file(source.path.clone()),
                });
            }
        }
    }
    let failed = findings.has_errors();
    let findings = findings.finish();
    if failed {
        return Err(findings);
    }
    nest(&mut space.variants);
    space.findings = findings;
    Ok(space)
}

fn rows(sheet: &Sheet, folder: &Path, list: &mut Vec<Variant>, findings: &mut Findings) {
    let id = sheet.require("model_subspace_id", findings);
    let yaml = sheet.require("model_subspace_petab_yaml", findings);
    let columns: Vec<(usize, &str)> = sheet
        .columns()
        .iter()
        .enumerate()
        .filter(|(_, (name, _))| !FIXED.contains(&name.as_str()))
        .map(|(k, (name, _))| (k, name.as_str()))
        .collect();
    for row in sheet.rows() {
        let mut cells = Cells { row, findings };
        let subspace = cells.id(id);
        let problem: PathBuf = folder.join(cells.text(yaml));
        let mut choices: Vec<(&str, Vec<Option<f64>>)> = Vec::new();
        let mut readable = true;
        for &(k, name) in &columns {
            let mut values = Vec::new();
            for item in cells.text(Some(k)).split(';').map(str::trim) {
                match (item, number(item)) {
                    ("estimate", _) => values.push(None),
                    (_, Ok(v)) => values.push(Some(v)),
                    (_, Err(why)) => {
                        let finding = why.finding(item, name).help("or write `estimate`");
                        cells.report(finding, Some(k), "");
                        readable = false;
                    }
                }
            }
            choices.push((name, values));
        }
        let (Some(subspace), true) = (subspace, readable) else {
            continue;
        };
        let count = choices
            .iter()
            .try_fold(1usize, |n, (_, v)| n.checked_mul(v.len()))
            .filter(|n| *n <= MAX_MODELS);
        let Some(count) = count else {
            let finding = Finding::error(
                "large-model-space",
                format!("subspace `{subspace}` has more than {MAX_MODELS} models"),
            )
            .help("take alternatives out, or search the space with a tool made for it");
            cells.report(finding, id, "");
            continue;
        };
        for k in 0..count {
            // The last column varies fastest.
            let mut rest = k;
            let mut parameters: Vec<(String, Option<f64>)> = Vec::new();
            for (name, values) in choices.iter().rev() {
                parameters.push(((*name).to_string(), values[rest % values.len()]));
                rest /= values.len();
            }
            parameters.reverse();
            list.push(Variant {
                id: if count == 1 {
                    subspace.clone()
                } else {
                    format!("{subspace}_{}", k + 1)
                },
                description: String::new(),
                parts: Vec::new(),
                nested_in: Vec::new(),
                parameters,
                problem: Some(problem.clone()),
            });
        }
    }
}

/// Reads a variant table that no problem lists; parts are looked for beside the table. Variants and warnings.
///
/// # Errors
/// Every finding, with the cell and a remedy.
pub fn variant_table(path: &Path) -> Result<(Vec<Variant>, Vec<Finding>), Vec<Finding>> {
    let mut findings = Findings::default();
    let mut list = Vec::new();
    if let Some(source) = text::read(path, &mut findings) {
        let folder = path.parent().unwrap_or(Path::new(""));
        if let Some(sheet) = Sheet::read(Table::Variants, &source, 0, &mut findings) {
            list = super::read::variants(&sheet, folder, &mut findings);
        }
    }
    let failed = findings.has_errors();
    let findings = findings.finish();
    if failed {
        return Err(findings);
    }
    Ok((list, findings))
}

/// A model is nested in those that estimate all that it estimates and more, and fix the rest alike.
fn nest(list: &mut [Variant]) {
    let nested = |small: &Variant, large: &Variant| {
        small.problem == large.problem
            && small.parameters != large.parameters
            && small.parameters.len() == large.parameters.len()
            && small
                .parameters
                .iter()
                .zip(&large.parameters)
                .all(|((a, x), (b, y))| a == b && (y.is_none() || x == y))
    };
    for k in 0..list.len() {
        let parents = list
            .iter()
            .filter(|large| nested(&list[k], large))
            .map(|large| large.id.clone())
            .collect();
        list[k].nested_in = parents;
    }
}
