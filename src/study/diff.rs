//! What changed between two results: inputs by hash, settings, objective, estimates, data, facts, bootstrap intervals.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde_json::Value;

use super::stage_bootstrap;
use super::stage_fit::RESULT;
use crate::objective::target::to_scaled;
use crate::problem::Scale;

/// A result read from disk.
#[derive(Debug, Clone, PartialEq)]
pub struct Side {
    /// Its file.
    pub path: PathBuf,
    /// `result.json`.
    pub result: Value,
    /// `bootstrap.json` beside it, where there is one.
    pub bootstrap: Option<Value>,
}

/// Why a result cannot be compared.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DiffError {
    /// Neither a result nor a folder that holds one.
    #[error("{} is neither a result nor a folder that holds one", .0.display())]
    NoResult(PathBuf),
    /// A file that is no result.
    #[error("{} is not a result of a fit: {reason}", .path.display())]
    NotAResult {
        /// File.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
}

/// A value that differs; `null` where one side does not have it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Change {
    /// What.
    pub what: String,
    /// In the first.
    pub a: Value,
    /// In the second.
    pub b: Value,
}

/// A number that differs.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Moved {
    /// What: a parameter, `observable@experiment@time`, the end of an interval.
    pub id: String,
    /// Unit as written.
    pub unit: Option<String>,
    /// In the first.
    pub a: Option<f64>,
    /// In the second.
    pub b: Option<f64>,
    /// Second − first in standard errors of the first: of a parameter on its estimation scale, of a fitted value that of
    /// its row. Null where there is none.
    pub in_standard_errors: Option<f64>,
}

/// What changed.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct Diff {
    /// The first result.
    pub a: String,
    /// The second result.
    pub b: String,
    /// Whether nothing differs but provenance.
    pub same: bool,
    /// Parts of the problem as understood, and files, whose hashes differ.
    pub inputs: Vec<Change>,
    /// Settings that differ.
    pub settings: Vec<Change>,
    /// Objective, likelihood, goodness of fit.
    pub objective: Vec<Change>,
    /// Estimates.
    pub estimates: Vec<Moved>,
    /// Rows whose data differ.
    pub data: Vec<Change>,
    /// Fitted values.
    pub fitted: Vec<Moved>,
    /// Relations and facts that hold in one only.
    pub relations: Vec<Change>,
    /// Ends of bootstrap intervals.
    pub bootstrap: Vec<Moved>,
}

/// Reads a result: a file, a folder of results, or a problem whose folder holds `results`.
///
/// # Errors
/// [`DiffError`].
pub fn read(path: &Path) -> Result<Side, DiffError> {
    let candidates = [
        path.to_path_buf(),
        path.join(RESULT),
        path.join("results").join(RESULT),
    ];
    let file = candidates
        .into_iter()
        .find(|p| p.is_file())
        .ok_or_else(|| DiffError::NoResult(path.to_path_buf()))?;
    let wrong = |reason: String| DiffError::NotAResult {
        path: file.clone(),
        reason,
    };
    let text = std::fs::read_to_string(&file).map_err(|e| wrong(e.to_string()))?;
    let result: Value = serde_json::from_str(&text).map_err(|e| wrong(e.to_string()))?;
    for key in ["estimates", "objective", "problem"] {
        if result.get(key).is_none() {
            return Err(wrong(format!("it has no `{key}`")));
        }
    }
    let bootstrap = file
        .parent()
        .and_then(|folder| std::fs::read_to_string(folder.join(stage_bootstrap::RESULT)).ok())
        .and_then(|text| serde_json::from_str(&text).ok());
    Ok(Side {
        path: file,
        result,
        bootstrap,
    })
}

/// What changed from one result to another.
pub fn diff(a: &Side, b: &Side) -> Diff {
    let mut out = Diff {
        a: a.path.display().to_string(),
        b: b.path.display().to_string(),
        ..Diff::default()
    };
    let (x, y) = (&a.result, &b.result);
    inputs(x, y, &mut out);
    leaves(&x["settings"], &y["settings"], "", &mut out.settings);
    push(
        &mut out.settings,
        "scenario",
        &x["scenario"],
        &y["scenario"],
    );
    push(
        &mut out.settings,
        "program version",
        &x["provenance"]["program"]["version"],
        &y["provenance"]["program"]["version"],
    );
    for key in [
        "status",
        "objective",
        "nllh",
        "log_prior",
        "penalty",
        "chi2",
        "chi2_means",
        "n_data",
        "n_means",
        "n_estimated",
        "dof",
        "p_value",
        "aicc",
    ] {
        push(&mut out.objective, key, &x[key], &y[key]);
    }
    out.estimates = estimates(x, y);
    data(x, y, &mut out);
    let (p, q) = (by_id(&x["relations"]), by_id(&y["relations"]));
    for (id, p, q) in joined(&p, &q) {
        push(&mut out.relations, &id, &p["holds"], &q["holds"]);
    }
    if let (Some(p), Some(q)) = (&a.bootstrap, &b.bootstrap) {
        out.bootstrap = bootstrap(x, p, q);
    }
    out.same = [
        out.inputs.is_empty(),
        out.settings.is_empty(),
        out.objective.is_empty(),
        out.estimates.is_empty(),
        out.data.is_empty(),
        out.fitted.is_empty(),
        out.relations.is_empty(),
        out.bootstrap.is_empty(),
    ]
    .iter()
    .all(|none| *none);
    out
}

fn push(list: &mut Vec<Change>, what: &str, a: &Value, b: &Value) {
    if a != b {
        list.push(Change {
            what: what.into(),
            a: a.clone(),
            b: b.clone(),
        });
    }
}

fn text(v: &Value) -> String {
    v.as_str().map_or_else(|| v.to_string(), str::to_owned)
}

/// Items by name. Those that share one are told apart by their order: the second is `name (2)`.
fn named<V>(items: impl IntoIterator<Item = (String, V)>) -> BTreeMap<String, V> {
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    items
        .into_iter()
        .map(|(name, item)| {
            let count = seen.entry(name.clone()).or_insert(0);
            *count += 1;
            match *count {
                1 => (name, item),
                k => (format!("{name} ({k})"), item),
            }
        })
        .collect()
}

/// Rows of a list by a key of theirs.
fn by<'v>(list: &'v Value, key: &dyn Fn(&Value) -> String) -> BTreeMap<String, &'v Value> {
    let rows = list.as_array().into_iter().flatten();
    named(rows.map(|row| (key(row), row)))
}

/// Rows of a list by their id.
fn by_id(list: &Value) -> BTreeMap<String, &Value> {
    by(list, &|row| text(&row["id"]))
}

/// What stands where a side has no row.
static NOTHING: Value = Value::Null;

/// Rows of both sides by name.
fn joined<'v>(
    a: &BTreeMap<String, &'v Value>,
    b: &BTreeMap<String, &'v Value>,
) -> Vec<(String, &'v Value, &'v Value)> {
    let names: BTreeSet<&String> = a.keys().chain(b.keys()).collect();
    let get = |map: &BTreeMap<String, &'v Value>, name: &str| -> &'v Value {
        match map.get(name) {
            Some(v) => v,
            None => &NOTHING,
        }
    };
    names
        .into_iter()
        .map(|n| (n.clone(), get(a, n), get(b, n)))
        .collect()
}

/// Parts of the problem, then files by their names.
fn inputs(x: &Value, y: &Value, out: &mut Diff) {
    let (p, q) = (
        &x["problem"]["canonical_parts"],
        &y["problem"]["canonical_parts"],
    );
    leaves(p, q, "", &mut out.inputs);
    // The same study in another place has the same files.
    let files = |r: &Value| -> BTreeMap<String, Value> {
        let map = r["provenance"]["files"].as_object();
        named(map.into_iter().flatten().map(|(path, hash)| {
            let name = Path::new(path)
                .file_name()
                .map_or_else(|| path.clone(), |n| n.to_string_lossy().into_owned());
            (name, hash.clone())
        }))
    };
    let (p, q) = (files(x), files(y));
    let names: BTreeSet<&String> = p.keys().chain(q.keys()).collect();
    for name in names {
        let get = |map: &BTreeMap<String, Value>| map.get(name).cloned().unwrap_or(Value::Null);
        push(&mut out.inputs, &format!("file {name}"), &get(&p), &get(&q));
    }
}

/// Leaves of two objects that differ, named by their path.
fn leaves(a: &Value, b: &Value, path: &str, out: &mut Vec<Change>) {
    let (Some(p), Some(q)) = (a.as_object(), b.as_object()) else {
        push(out, path, a, b);
        return;
    };
    let keys: BTreeSet<&String> = p.keys().chain(q.keys()).collect();
    for key in keys {
        let name = if path.is_empty() {
            key.clone()
        } else {
            format!("{path}.{key}")
        };
        let get = |m: &serde_json::Map<String, Value>| m.get(key).cloned().unwrap_or(Value::Null);
        leaves(&get(p), &get(q), &name, out);
    }
}

/// Scale of an estimate by its name in files.
fn scale(row: &Value) -> Scale {
    match row["scale"].as_str() {
        Some("log") => Scale::Log,
        Some("log10") => Scale::Log10,
        Some("logit") => Scale::Logit,
        _ => Scale::Lin,
    }
}

/// Distance of two natural values on the scale of an estimate, in its standard errors.
fn distance(row: &Value, a: f64, b: f64) -> Option<f64> {
    let scale = scale(row);
    let error = row["standard_error_scaled"].as_f64().filter(|e| *e > 0.0)?;
    Some((to_scaled(scale, b) - to_scaled(scale, a)) / error).filter(|d| d.is_finite())
}

fn estimates(x: &Value, y: &Value) -> Vec<Moved> {
    let (p, q) = (by_id(&x["estimates"]), by_id(&y["estimates"]));
    let mut list = Vec::new();
    for (id, p, q) in joined(&p, &q) {
        let (a, b) = (p["value"].as_f64(), q["value"].as_f64());
        if a == b {
            continue;
        }
        let known = if p.is_null() { q } else { p };
        list.push(Moved {
            id,
            unit: known["unit"].as_str().map(String::from),
            a,
            b,
            in_standard_errors: a
                .zip(b)
                .and_then(|(a, b)| distance(p, a, b).or_else(|| distance(q, a, b))),
        });
    }
    list
}

fn data(x: &Value, y: &Value, out: &mut Diff) {
    let place = |row: &Value| {
        format!(
            "{}@{}@{}",
            text(&row["observable"]),
            text(&row["experiment"]),
            text(&row["time"])
        )
    };
    let (p, q) = (by(&x["data"], &place), by(&y["data"], &place));
    for (id, p, q) in joined(&p, &q) {
        for key in ["measured", "sd", "n", "kind", "standard_error"] {
            push(&mut out.data, &format!("{id} {key}"), &p[key], &q[key]);
        }
        let (a, b) = (p["fitted"].as_f64(), q["fitted"].as_f64());
        if a == b {
            continue;
        }
        let error = p["standard_error"].as_f64().filter(|e| *e > 0.0);
        out.fitted.push(Moved {
            id,
            unit: None,
            a,
            b,
            in_standard_errors: a.zip(b).zip(error).map(|((a, b), e)| (b - a) / e),
        });
    }
}

fn bootstrap(x: &Value, p: &Value, q: &Value) -> Vec<Moved> {
    let estimates = by_id(&x["estimates"]);
    // A bootstrap may have intervals of several methods.
    let name = |row: &Value| format!("{} {}", text(&row["id"]), text(&row["method"]));
    let (p, q) = (by(&p["intervals"], &name), by(&q["intervals"], &name));
    let mut list = Vec::new();
    for (id, p, q) in joined(&p, &q) {
        let known = if p.is_null() { q } else { p };
        let row = estimates
            .get(&text(&known["id"]))
            .copied()
            .unwrap_or(&NOTHING);
        for end in ["lower", "upper"] {
            let (a, b) = (p[end].as_f64(), q[end].as_f64());
            if a == b {
                continue;
            }
            list.push(Moved {
                id: format!("{id} {end}"),
                unit: row["unit"].as_str().map(String::from),
                a,
                b,
                in_standard_errors: a.zip(b).and_then(|(a, b)| distance(row, a, b)),
            });
        }
    }
    list
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn side(result: Value, bootstrap: Value) -> Side {
        Side {
            path: PathBuf::from("result.json"),
            result,
            bootstrap: Some(bootstrap),
        }
    }

    #[test]
    fn rows_at_one_place_and_intervals_of_several_methods_are_compared_each_with_its_own() {
        let row = |measured: f64| json!({"observable": "y", "experiment": "e", "time": 1.0, "measured": measured, "fitted": 2.0});
        let interval =
            |method: &str, lower: f64| json!({"id": "k", "method": method, "lower": lower});
        let a = side(
            json!({"data": [row(1.0), row(2.0)]}),
            json!({"intervals": [interval("percentile", 0.1), interval("basic", 0.2)]}),
        );
        let b = side(
            json!({"data": [row(1.5), row(2.0)]}),
            json!({"intervals": [interval("basic", 0.2), interval("percentile", 0.3)]}),
        );
        let found = diff(&a, &b);
        assert_eq!(
            found.data,
            [Change {
                what: "y@e@1.0 measured".into(),
                a: json!(1.0),
                b: json!(1.5)
            }]
        );
        let moved: Vec<_> = found
            .bootstrap
            .iter()
            .map(|m| (m.id.as_str(), m.a, m.b))
            .collect();
        assert_eq!(moved, [("k percentile lower", Some(0.1), Some(0.3))]);
        // The second of two rows is not taken for the first.
        let c = side(json!({"data": [row(1.0), row(2.5)]}), json!({}));
        let found = diff(&a, &c);
        assert_eq!(found.data[0].what, "y@e@1.0 (2) measured");
    }
}
