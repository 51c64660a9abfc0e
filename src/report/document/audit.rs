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
        flatten("problem", &fit.problem, &mut list);
        flatten("", &fit.provenance, &mut list);
    }
    if !list.is_empty() {
        blocks.push(Block::Definitions(list));
    }
    if !a.files.is_empty() {
        blocks.push(Block::Details {
            summary: "Files read, with SHA-256".into(),
            blocks: vec![Block::Definitions(
                a.files
                    .iter()
                    .map(|(path, hash)| {
                        (
                            Text::new().code(path.as_str()),
                            Text::new().code(hash.as_str()),
                        )
                    })
                    .collect(),
            )],
        });
    }
    Section {
        id: "audit",
        title: "Audit".into(),
        blocks,
    }
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
        Value::Object(map) => {
            for (key, v) in map {
                flatten(&join(&key.replace('_', " ")), v, list);
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
