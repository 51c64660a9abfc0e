//! The YAML that names the files of a problem, version 1 and 2.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Deserialize;
use serde_saphyr::Spanned;

use super::findings::Findings;
use crate::diagnostic::{Finding, Source, similar};

/// A text with its place.
pub(super) type Text = Spanned<String>;

/// One name or a list of names.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Names(pub Vec<Text>);

/// The keys of both versions. A key of the wrong kind is an error with its place; unknown keys are allowed by PEtab.
#[derive(Debug, Deserialize)]
pub(super) struct Manifest {
    pub format_version: Option<Text>,
    pub problem_id: Option<Text>,
    // Version 1.
    pub parameter_file: Option<Names>,
    pub problems: Option<Vec<Part>>,
    // Version 2.
    pub model_files: Option<BTreeMap<String, ModelEntry>>,
    pub parameter_files: Option<Names>,
    pub condition_files: Option<Names>,
    pub experiment_files: Option<Names>,
    pub observable_files: Option<Names>,
    pub measurement_files: Option<Names>,
    pub mapping_files: Option<Names>,
    pub extensions: Option<BTreeMap<String, Spanned<Extension>>>,
}

/// One of the problems of version 1.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Part {
    pub sbml_files: Option<Names>,
    pub condition_files: Option<Names>,
    pub observable_files: Option<Names>,
    pub measurement_files: Option<Names>,
    pub mapping_files: Option<Names>,
}

/// A model of version 2.
#[derive(Debug, Deserialize)]
pub(super) struct ModelEntry {
    pub location: Text,
    pub language: Text,
    /// Parts laid over it (extension).
    pub parts: Option<Names>,
}

/// An extension; the lists are those of `mechfit`. Its `version` is read over: every version of an unknown one is as unknown.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Extension {
    pub required: Option<bool>,
    pub relation_files: Option<Names>,
    pub variant_files: Option<Names>,
    pub claim_files: Option<Names>,
    pub dose_files: Option<Names>,
}

/// Keys of PEtab: a YAML file in a folder that has `format_version` and one of these is a problem.
const KEYS: [&str; 10] = [
    "problems",
    "parameter_file",
    "parameter_files",
    "model_files",
    "measurement_files",
    "observable_files",
    "condition_files",
    "experiment_files",
    "mapping_files",
    "extensions",
];

impl<'de> Deserialize<'de> for Names {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct OneOrMany;
        impl<'de> serde::de::Visitor<'de> for OneOrMany {
            type Value = Names;
            fn expecting(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
                f.write_str("a file name or a list of file names")
            }
            fn visit_unit<E>(self) -> Result<Names, E> {
                Ok(Names::default())
            }
            fn visit_str<E>(self, name: &str) -> Result<Names, E> {
                let place = serde_saphyr::Location::UNKNOWN;
                Ok(Names(vec![Spanned::new(name.to_string(), place, place)]))
            }
            fn visit_seq<A: serde::de::SeqAccess<'de>>(
                self,
                mut list: A,
            ) -> Result<Names, A::Error> {
                let mut names = Vec::new();
                while let Some(name) = list.next_element::<Text>()? {
                    names.push(name);
                }
                Ok(Names(names))
            }
        }
        deserializer.deserialize_any(OneOrMany)
    }
}

/// Reads the manifest; errors become findings with their place.
pub(super) fn read(source: &Arc<Source>, findings: &mut Findings) -> Option<Manifest> {
    let manifest: Manifest = match serde_saphyr::from_str_with_options(&source.text, options()) {
        Ok(m) => m,
        Err(e) => {
            let message = e.without_snippet().to_string();
            let message = message.lines().next().unwrap_or_default().to_string();
            let finding = Finding::error("yaml", format!("the YAML cannot be read: {message}"))
                .help(
                    "look at brackets, colons, dashes and indentation here and in the line before",
                );
            findings.push(match e.location().map(|l| offset(source, l)) {
                Some(at) => finding.at(source, at..at, ""),
                None => finding.in_file(source.path.clone()),
            });
            return None;
        }
    };
    unknown_keys(source, findings);
    Some(manifest)
}

/// Whether a text is the YAML of a problem; `None` if it is no YAML.
pub(super) fn is_problem(text: &str) -> Option<bool> {
    let keys: Result<BTreeMap<String, serde::de::IgnoredAny>, _> =
        serde_saphyr::from_str_with_options(text, options());
    keys.ok()
        .map(|k| k.contains_key("format_version") && KEYS.iter().any(|key| k.contains_key(*key)))
}

/// Limits against alias bombs and deep nesting are the library's defaults; snippets are ours.
fn options() -> serde_saphyr::Options {
    let mut options = serde_saphyr::Options::default();
    options.with_snippet = false;
    options
}

fn unknown_keys(source: &Arc<Source>, findings: &mut Findings) {
    let Ok(keys) = serde_saphyr::from_str_with_options::<BTreeMap<Text2, serde::de::IgnoredAny>>(
        &source.text,
        options(),
    ) else {
        return;
    };
    let known = KEYS.iter().copied().chain(["format_version", "problem_id"]);
    for key in keys.keys() {
        let name = key.0.value.as_str();
        if known.clone().any(|k| k == name) || name == "visualization_files" {
            continue;
        }
        if let Some(near) = similar(name, known.clone()).first() {
            let at = offset(source, key.0.referenced);
            findings.push(
                Finding::warning("unknown-key", format!("`{name}` is no key of PEtab"))
                    .at(source, at..at + name.len(), "read over")
                    .help(format!("did you mean `{near}`?")),
            );
        }
    }
}

/// A key with its place, ordered by its text.
#[derive(Debug, Deserialize)]
#[serde(transparent)]
struct Text2(Text);

impl PartialEq for Text2 {
    fn eq(&self, other: &Self) -> bool {
        self.0.value == other.0.value
    }
}
impl Eq for Text2 {}
impl PartialOrd for Text2 {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for Text2 {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.0.value.cmp(&other.0.value)
    }
}

/// Byte offset of a place that the YAML reader gives as line and column (in characters); the start if it gives none.
pub(super) fn offset(source: &Source, at: serde_saphyr::Location) -> usize {
    let line = usize::try_from(at.line()).unwrap_or(1).max(1);
    let column = usize::try_from(at.column()).unwrap_or(1).max(1);
    let start: usize = source
        .text
        .split_inclusive('\n')
        .take(line - 1)
        .map(str::len)
        .sum();
    let rest = &source.text[start.min(source.text.len())..];
    start
        + rest
            .char_indices()
            .nth(column - 1)
            .map_or(rest.len(), |(i, _)| i)
}
