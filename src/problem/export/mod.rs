//! A problem as tables that any PEtab tool reads, versions 1 and 2, with a list of what could not be carried.
//!
//! A reported mean goes out as its value with the standard error in `noiseParameters`; under the exact summary likelihood
//! as n pseudo-replicates with exactly that mean and SD and an estimated σ of the arm. Censored rows, relations, claims and
//! variants have no place in PEtab: they are listed.

mod conditions;
mod rows;
mod tables;

use super::Problem;
use crate::math::Expr;

/// A model as it is written beside the tables.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ExportModel {
    /// Model id.
    pub id: String,
    /// File name of the SBML.
    pub location: String,
    /// Everything that the SBML declares.
    pub declared: Vec<String>,
    /// Values of inputs and parameters where no condition sets them: version 1 has no empty cells for parameters.
    pub defaults: Vec<(String, f64)>,
    /// Names of the model that the SBML has under another name: an output that shares its name with an observable.
    pub renamed: Vec<(String, String)>,
}

/// Files of an exported problem.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Export {
    /// File name and text, the YAML first.
    pub files: Vec<(String, String)>,
    /// What could not be carried, one line each.
    pub left_out: Vec<String>,
}

/// Writes the tables of a problem for other tools.
///
/// * `version`: of PEtab, 1 or 2.
/// * `models`: in the order of `problem.models`; their SBML is the caller's to write.
pub fn export(problem: &Problem, version: u32, models: &[ExportModel]) -> Export {
    let mut writer = Writer {
        problem,
        v1: version == 1,
        models,
        left_out: Vec::new(),
    };
    let rows = writer.rows();
    let experiments = writer.experiments(&rows);
    let mut files = writer.tables(&rows, &experiments);
    files.sort_by_key(|(name, _)| name != "problem.yaml");
    writer.not_carried();
    Export {
        files,
        left_out: writer.left_out,
    }
}

struct Writer<'a> {
    problem: &'a Problem,
    v1: bool,
    models: &'a [ExportModel],
    left_out: Vec<String>,
}

impl Writer<'_> {
    /// Adds a name to the line that says this, or begins it.
    fn left_out_of(&mut self, what: &str, name: &str) {
        let ours = |l: &&mut String| l.strip_prefix(what).is_some_and(|r| r.starts_with(" `"));
        match self.left_out.iter_mut().find(ours) {
            Some(line) => line.push_str(&format!(", `{name}`")),
            None => self.left_out.push(format!("{what} `{name}`")),
        }
    }

    /// Whether a model has an entity of this name.
    fn is_declared(&self, name: &str) -> bool {
        let mut models = self.models.iter();
        models.any(|m| m.declared.iter().any(|d| d == name))
    }

    /// A name that neither the models nor the tables have.
    fn fresh(&self, mut name: String) -> String {
        let p = self.problem;
        while self.is_declared(&name)
            || p.parameters.iter().any(|x| x.id == name)
            || p.observables.iter().any(|x| x.id == name)
        {
            name.push('_');
        }
        name
    }

    /// A formula with the names that the exported model has.
    fn formula(&self, expr: &Expr) -> Expr {
        let renamed = |name: &str| {
            let all = self.models.iter().flat_map(|m| &m.renamed);
            all.into_iter().find(|(old, _)| old == name)
        };
        expr.substitute(&|name| renamed(name).map(|(_, new)| Expr::symbol(new.clone())))
    }

    /// Whole tables that PEtab has no place for.
    fn not_carried(&mut self) {
        let p = self.problem;
        for r in &p.relations {
            self.left_out_of("the relations", &r.id);
        }
        let units = p.observables.iter().any(|o| o.unit.is_some())
            || p.parameters.iter().any(|x| x.unit.is_some());
        if units {
            let line = "units of the tables' columns (the SBML has those of the model)";
            self.left_out.push(line.into());
        }
        if p.measurements.iter().any(|m| m.source.is_some()) {
            let line = "sources of measurements";
            self.left_out.push(line.into());
        }
        for (count, what) in [(p.variants.len(), "variants"), (p.claims.len(), "claims")] {
            if count > 0 {
                self.left_out.push(format!("{count} {what}"));
            }
        }
    }
}

/// A number in its shortest form that reads back the same.
fn number(v: f64) -> String {
    /// Beyond these, `Display` writes rows of zeros.
    const PLAIN: std::ops::Range<f64> = 1e-4..1e15;
    if v == 0.0 || !v.is_finite() || PLAIN.contains(&v.abs()) {
        format!("{v}")
    } else {
        format!("{v:e}")
    }
}

/// A table as text: tabs and line ends in cells become blanks, quoting is not used.
fn tsv<S: AsRef<str>>(header: &[&str], rows: impl IntoIterator<Item = Vec<S>>) -> String {
    let mut text = header.join("\t");
    text.push('\n');
    for row in rows {
        for (k, cell) in row.iter().enumerate() {
            if k > 0 {
                text.push('\t');
            }
            text.extend(cell.as_ref().chars().map(|c| {
                if matches!(c, '\t' | '\n' | '\r') {
                    ' '
                } else {
                    c
                }
            }));
        }
        text.push('\n');
    }
    text
}
