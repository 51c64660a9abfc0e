//! What an auditor needs: command, versions, seed, settings, hashes.

use serde_json::Value;

use super::super::view::View;
use super::{Block, Section, Text};

/// Entries of one document that are shown: beyond, the result file is the better view.
const MOST: usize = 200;

/// The section.
pub fn section(view: &View) -> Section {
    let a = &view.audit;
    let mut blocks = Vec::new();
    if let Some(command) = &a.command {
        blocks.push(Block::Paragraph("This report is made again by".into()));
        blocks.push(Block::Code(command.clone()));
    }
    let mut list: Vec<(Text, Text)> = Vec::new();
    if let Some(p) = &a.program {
        list.push(("program".into(), p.as_str().into()));
    }
    if let Some(seed) = a.seed {
        list.push(("seed".into(), seed.to_string().into()));
    }
    for (name, value) in &a.settings {
        list.push((name.as_str().into(), value.as_str().into()));
    }
    if let Some(fit) = &view.fit {
        if let Some(s) = &fit.scenario {
            list.push(("scenario".into(), Text::new().code(s.as_str())));
        }
        flatten("", &without_repeats(&fit.provenance, view), &mut list);
    }
    if !list.is_empty() {
        blocks.push(Block::Definitions(list));
    }
    if let Some(fit) = &view.fit {
        let mut parts = Vec::new();
        flatten("", &fit.problem, &mut parts);
        blocks.extend(details("Problem, with SHA-256 of its parts", parts));
    }
    let files = a.files.iter().map(|(path, hash)| {
        (
            Text::new().code(path.as_str()),
            Text::new().code(hash.as_str()),
        )
    });
    blocks.extend(details("Files read, with SHA-256", files.collect()));
    Section {
        id: "audit",
        title: "Audit".into(),
        blocks,
    }
}

fn details(summary: &str, list: Vec<(Text, Text)>) -> Option<Block> {
    (!list.is_empty()).then(|| Block::Details {
        summary: summary.into(),
        blocks: vec![Block::Definitions(list)],
    })
}

/// Where a result comes from, without what the section says already.
fn without_repeats(provenance: &Value, view: &View) -> Value {
    let mut rest = provenance.clone();
    let Some(map) = rest.as_object_mut() else {
        return rest;
    };
    if !view.audit.files.is_empty() {
        map.remove("files");
    }
    if view.audit.command.is_some() {
        map.remove("command");
    }
    if view.audit.program.is_some()
        && let Some(program) = map.get_mut("program").and_then(Value::as_object_mut)
    {
        program.remove("name");
        program.remove("version");
    }
    rest
}

/// A key as people read it: `elapsed_s` is `elapsed (s)`, `dependencies_sha256` is `dependencies SHA-256`.
fn title(key: &str) -> String {
    // A path is no name: its underscores stay.
    if key.contains(['/', '.']) {
        return key.to_owned();
    }
    let (name, unit) = match key.strip_suffix("_s") {
        Some(name) => (name, " (s)"),
        None => (key, ""),
    };
    format!(
        "{}{unit}",
        name.replace('_', " ").replace("sha256", "SHA-256")
    )
}

/// The leaves of a document as names and values.
fn flatten(prefix: &str, value: &Value, list: &mut Vec<(Text, Text)>) {
    if list.len() >= MOST {
        return;
    }
    let join = |key: &str| {
        if prefix.is_empty() {
            key.to_owned()
        } else {
            format!("{prefix} {key}")
        }
    };
    match value {
        Value::Null => {}
        Value::Array(items) if items.is_empty() => {}
        Value::Object(map) => {
            for (key, v) in map {
                flatten(&join(&title(key)), v, list);
            }
        }
        Value::Array(items) => {
            if items.iter().all(|i| i.is_string() || i.is_number()) {
                let text: Vec<String> = items.iter().map(plain).collect();
                list.push((prefix.into(), Text::new().code(text.join(" "))));
            } else {
                for (i, v) in items.iter().enumerate() {
                    flatten(&join(&(i + 1).to_string()), v, list);
                }
            }
        }
        leaf => list.push((prefix.into(), Text::new().code(plain(leaf)))),
    }
}

fn plain(value: &Value) -> String {
    match value {
        Value::String(s) => s.clone(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::super::view::{Fit, View};
    use super::*;

    #[test]
    fn nothing_is_said_twice_and_paths_stay_what_they_are() {
        let mut view = View::default();
        view.audit.command = Some("mechfit run here".into());
        view.audit.program = Some("mechfit 1".into());
        view.audit.files = [("a_b/c.tsv".to_owned(), "00".to_owned())].into();
        view.fit = Some(Fit {
            provenance: json!({
                "command": ["mechfit", "run", "here"],
                "elapsed_s": 1.5,
                "files": {"a_b/c.tsv": "00"},
                "program": {"name": "mechfit", "version": "1", "features": [], "executable_sha256": "11"},
            }),
            problem: json!({"sha256": "22"}),
            ..Fit::default()
        });
        let said = format!("{:?}", section(&view));
        for once in [
            "a_b/c.tsv",
            "elapsed (s)",
            "program executable SHA-256",
            "mechfit run here",
        ] {
            assert_eq!(said.matches(once).count(), 1, "{once} in {said}");
        }
        for never in ["a b/c.tsv", "features", "program version"] {
            assert!(!said.contains(never), "{never} in {said}");
        }
    }
}
