//! From result files to what a report shows.

use std::path::Path;

use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::predict::dose::{DoseResponse, FoldShift};
use crate::report::View;
use crate::report::view::{
    Assumption, Audit, Claim, Equations, Fit, Replicates, Scenario, Study as Vocabulary, Variant,
};
use crate::study::open::{Prepared, Study};
use crate::study::stage_fit::RESULT;

use super::conclusions;

/// A view of the results of a prepared scenario: everything that its folder holds. Files that are missing are parts that
/// were not computed; a file that cannot be read is left out as well, with a note.
pub fn view(prepared: &Prepared, folder: &Path, notes: &mut Vec<String>) -> View {
    let study = prepared.study;
    let plan = &study.plan.plan;
    let model = prepared.models.first();
    let fit: Option<Fit> = read(folder, RESULT, notes);
    let scenarios = scenarios(study, folder, notes);
    let mut own = Documents::new(prepared, folder);
    let view = View {
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
        courses: own.one("courses"),
        predictions: own.list("predict", "predictions"),
        doses: doses(own.all(
            "dose",
            &plan.doses.iter().map(|d| d.id.as_str()).collect::<Vec<_>>(),
        )),
        shifts: shifts(own.all_lists("shifts", "shifts", &[])),
        combinations: own.all(
            "combine",
            &plan
                .combinations
                .iter()
                .map(|c| c.id.as_str())
                .collect::<Vec<_>>(),
        ),
        populations: own.all_lists(
            "population",
            "populations",
            &plan
                .populations
                .iter()
                .map(|p| p.id.as_str())
                .collect::<Vec<_>>(),
        ),
        sensitivities: own.all("sensitivity", &[]),
        designs: own.all("design", &[]),
        claims: own
            .list("claims", "claims")
            .into_iter()
            .map(claim)
            .collect(),
        conclusions: conclusions::conclusions(&scenarios),
        scenarios,
        assumptions: plan
            .assumptions
            .iter()
            .map(|text| Assumption {
                text: text.clone(),
                source: None,
            })
            .collect(),
        ..View::default()
    };
    notes.append(&mut own.notes);
    view
}

/// Documents of a folder that belong to the problem and scenario in hand.
struct Documents<'a> {
    folder: &'a Path,
    hash: String,
    scenario: &'a str,
    notes: Vec<String>,
}

impl<'a> Documents<'a> {
    fn new(prepared: &'a Prepared, folder: &'a Path) -> Self {
        Self {
            folder,
            hash: prepared.canonical.sha256(),
            scenario: &prepared.scenario.id,
            notes: Vec::new(),
        }
    }

    /// A document by the name of its file without ending.
    fn value(&mut self, name: &str) -> Option<Value> {
        let value: Value = read(self.folder, &format!("{name}.json"), &mut self.notes)?;
        let hash = value["problem"]["canonical_sha256"].as_str();
        let scenario = value["scenario"].as_str();
        // What carries no hash is not ours to judge.
        let other =
            hash.is_some_and(|h| h != self.hash) || scenario.is_some_and(|s| s != self.scenario);
        if other {
            self.notes.push(format!(
                "{} is left out: it was made from other inputs; make it again",
                self.folder.join(format!("{name}.json")).display()
            ));
            return None;
        }
        Some(value)
    }

    fn one<T: DeserializeOwned>(&mut self, name: &str) -> Option<T> {
        let value = self.value(name)?;
        self.parsed(name, value)
    }

    fn parsed<T: DeserializeOwned>(&mut self, name: &str, value: Value) -> Option<T> {
        match serde_json::from_value(value) {
            Ok(parsed) => Some(parsed),
            Err(e) => {
                self.notes.push(format!(
                    "{} is left out: {e}",
                    self.folder.join(format!("{name}.json")).display()
                ));
                None
            }
        }
    }

    /// The list under a key of a document.
    fn list<T: DeserializeOwned>(&mut self, name: &str, key: &str) -> Vec<T> {
        let Some(mut value) = self.value(name) else {
            return Vec::new();
        };
        let list = value.get_mut(key).map_or(Value::Null, Value::take);
        self.parsed(name, list).unwrap_or_default()
    }

    /// Names of the documents `KIND` and `KIND_ID` of the folder: planned ones in the plan's order, then the others.
    fn names(&self, kind: &str, planned: &[&str]) -> Vec<String> {
        let mut others: Vec<String> = std::fs::read_dir(self.folder)
            .into_iter()
            .flatten()
            .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
            .filter_map(|name| Some(name.strip_suffix(".json")?.to_owned()))
            .filter(|name| {
                name.strip_prefix(kind)
                    .is_some_and(|rest| rest.is_empty() || rest.starts_with('_'))
            })
            .collect();
        others.sort_unstable();
        let mut names: Vec<String> = planned.iter().map(|id| format!("{kind}_{id}")).collect();
        names.retain(|n| others.contains(n));
        others.retain(|n| !names.contains(n));
        names.extend(others);
        names
    }

    fn all<T: DeserializeOwned>(&mut self, kind: &str, planned: &[&str]) -> Vec<T> {
        let names = self.names(kind, planned);
        names.iter().filter_map(|name| self.one(name)).collect()
    }

    fn all_lists<T: DeserializeOwned>(
        &mut self,
        kind: &str,
        key: &str,
        planned: &[&str],
    ) -> Vec<T> {
        let names = self.names(kind, planned);
        names.iter().flat_map(|name| self.list(name, key)).collect()
    }
}

/// Curves, each question once: what was asked again later does not stand twice on the page.
fn doses(list: Vec<DoseResponse>) -> Vec<DoseResponse> {
    let mut kept: Vec<DoseResponse> = Vec::new();
    for d in list {
        let range = |d: &DoseResponse| d.curve.iter().map(|p| p.dose.to_bits()).collect::<Vec<_>>();
        let same = |k: &DoseResponse| {
            k.input == d.input && k.response == d.response && range(k) == range(&d)
        };
        if !kept.iter().any(same) {
            kept.push(d);
        }
    }
    kept
}

/// Fold shifts, each once.
fn shifts(list: Vec<FoldShift>) -> Vec<FoldShift> {
    let mut kept: Vec<FoldShift> = Vec::new();
    for s in list {
        let same = |k: &FoldShift| k.input == s.input && k.from == s.from && k.to == s.to;
        if !kept.iter().any(same) {
            kept.push(s);
        }
    }
    kept
}

/// A number of the paper as the report shows it: what did not come out as expected says so.
fn claim(value: Value) -> Claim {
    let expected = value["expected"].as_bool().unwrap_or(true);
    let reason = value["reason"].as_str().map(str::to_owned);
    let mut claim: Claim = serde_json::from_value(value).unwrap_or_default();
    claim.note = claim.note.or(reason).or_else(|| match claim.agrees {
        Some(false) if !expected => Some("known not to come from these numbers".into()),
        Some(true) if !expected => {
            Some("agrees, though the table of claims says it would not".into())
        }
        _ => None,
    });
    claim
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
