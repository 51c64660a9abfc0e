//! What the names of a model stand for.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::ops::Range;
use std::sync::Arc;

use crate::diagnostic::{Finding, Source};
use crate::units::{Registry, Unit};

use super::read::did_you_mean;
use super::syntax::Role;

/// A declared quantity.
#[derive(Debug, Clone)]
pub(super) struct Symbol {
    pub role: Role,
    pub unit: Unit,
    /// Does not change with time.
    pub constant: bool,
    /// Where it is declared.
    pub source: Arc<Source>,
    pub name: Range<usize>,
    /// Where its unit stands, if it is written.
    pub unit_span: Option<Range<usize>>,
}

/// A substance.
#[derive(Debug, Clone)]
pub(super) struct Molar {
    pub value: f64,
    pub unit: Unit,
    /// As written.
    pub written: String,
}

/// A place in a file.
type Place = (Arc<Source>, Range<usize>);

/// All names, and which of them were used.
#[derive(Debug, Default)]
pub(super) struct Scope {
    pub units: Registry,
    pub time: Option<Unit>,
    pub symbols: HashMap<String, Symbol>,
    pub substances: HashMap<String, Option<Molar>>,
    /// Readouts: no names of equations.
    pub outputs: HashSet<String>,
    /// Names used, those of substances with a dot behind.
    pub used: RefCell<HashSet<String>>,
    /// Undefined names, with every place; one finding each.
    pub unknown: RefCell<BTreeMap<String, Vec<Place>>>,
}

/// An expression may be walked twice; its undefined names are then among the latest.
const RECENT: usize = 64;

impl Scope {
    /// The unit of time, unknown if the model does not say it.
    pub fn time_unit(&self) -> Unit {
        self.time.clone().unwrap_or_else(Unit::unknown)
    }
    pub fn mark_used(&self, name: &str) {
        let mut used = self.used.borrow_mut();
        if !used.contains(name) {
            used.insert(name.to_string());
        }
    }
    pub fn mark_unknown(&self, name: &str, source: &Arc<Source>, span: Range<usize>) {
        let mut unknown = self.unknown.borrow_mut();
        let places = unknown.entry(name.to_string()).or_default();
        let known = places
            .iter()
            .rev()
            .take(RECENT)
            .any(|(s, r)| *r == span && s == source);
        if !known {
            places.push((source.clone(), span));
        }
    }
    /// Declared names that are in `unit`, in alphabetical order.
    pub fn in_unit(&self, unit: &Unit) -> Vec<&str> {
        let mut list: Vec<&str> = self
            .symbols
            .iter()
            .filter(|(_, s)| !s.unit.is_unknown() && s.unit.is_same(unit))
            .map(|(n, _)| n.as_str())
            .collect();
        list.sort_unstable();
        list
    }

    /// A finding for each undefined name, at its first use, up to `most` of them.
    pub fn unknown_names(&self, most: usize) -> Vec<Finding> {
        /// Most further places named.
        const PLACES: usize = 4;
        let unknown = self.unknown.borrow();
        let mut list: Vec<_> = unknown.iter().collect();
        list.sort_by_key(|(_, places)| places.first().map_or(0, |(_, span)| span.start));
        list.truncate(most);
        list.into_iter()
            .map(|(name, places)| {
                let (source, span) = &places[0];
                let mut f = Finding::error("unknown-name", format!("`{name}` is not defined")).at(
                    source,
                    span.clone(),
                    "neither parameter, input, `let` nor state",
                );
                let lines: Vec<String> = places[1..]
                    .iter()
                    .filter(|(s, _)| s == source)
                    .take(PLACES)
                    .map(|(s, r)| s.line_column(r.start).0.to_string())
                    .collect();
                if !lines.is_empty() {
                    let more = if places.len() - 1 > lines.len() {
                        ", …"
                    } else {
                        ""
                    };
                    let plural = if lines.len() > 1 { "s" } else { "" };
                    f = f.note(format!("also in line{plural} {}{more}", lines.join(", ")));
                }
                self.remedy(name, f)
            })
            .collect()
    }

    fn remedy(&self, name: &str, finding: Finding) -> Finding {
        if let Some(substance) = name.strip_suffix(".molar_mass") {
            let near = did_you_mean(substance, self.substances.keys().map(String::as_str));
            return finding.help(near.unwrap_or_else(|| {
                format!("declare it: `substance {substance} molar_mass … [Da] source \"…\"`")
            }));
        }
        if let Some((before, _)) = name.split_once('.') {
            return finding.help(if self.substances.contains_key(before) {
                format!("a substance has one property: `{before}.molar_mass`")
            } else {
                "a name has no dots".to_string()
            });
        }
        if self.outputs.contains(name) {
            return finding
                .note(format!(
                    "`{name}` is an output, and equations do not read outputs"
                ))
                .help(format!(
                    "name the expression by a `let`, and use that name here and in `output {name} = …`"
                ));
        }
        if self.substances.contains_key(name) {
            return finding
                .note(format!("`{name}` is a substance"))
                .help("name the state or input that holds its concentration");
        }
        if let Some(help) = super::hints::unknown_name(name) {
            return finding.help(help);
        }
        let near = did_you_mean(name, self.symbols.keys().map(String::as_str));
        let declared = near
            .as_ref()
            .and_then(|help| help.split('`').nth(1))
            .and_then(|n| self.symbols.get(n));
        let finding = match declared {
            Some(s) => finding.and(&s.source, s.name.clone(), "a similar name is declared here"),
            None => finding,
        };
        match near {
            Some(help) => finding.help(help),
            None if self.units.knows(name) => finding
                .note(format!("`{name}` is a unit"))
                .help(format!("a number carries its unit in brackets, `5[{name}]`")),
            None => finding.help(format!(
                "declare it: `param {name} = … [unit] source \"…\"` for a number, `let {name} = …` for an expression"
            )),
        }
    }
}
