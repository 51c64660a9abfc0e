//! XML access with places: typed attributes, children by name, bounded parsing.

use std::ops::Range;
use std::sync::Arc;

use roxmltree::{Attribute, Document, Node, ParsingOptions};

use crate::diagnostic::{Finding, Severity, Source};

/// Largest file that is read, in bytes: twenty times the largest genome-scale models in public collections.
pub(super) const MAX_BYTES: u64 = 256 << 20;
/// Most XML nodes of a file; each costs about 100 bytes of memory.
const MAX_NODES: u32 = 8_000_000;
/// Findings after which reading a file stops being useful to its author.
const MAX_FINDINGS: usize = 200;

/// A place: bytes of the source.
pub(super) type Place = Range<usize>;

/// What was found so far, and the text it was found in.
pub(super) struct Log {
    pub source: Arc<Source>,
    pub findings: Vec<Finding>,
}

impl Log {
    pub(super) fn new(source: Arc<Source>) -> Self {
        Self {
            source,
            findings: Vec::new(),
        }
    }
    /// Records an error at a place.
    pub(super) fn error(&mut self, code: &'static str, place: &Place, message: impl Into<String>) {
        self.add(Finding::error(code, message), place);
    }
    /// Records a warning at a place.
    pub(super) fn warning(
        &mut self,
        code: &'static str,
        place: &Place,
        message: impl Into<String>,
    ) {
        self.add(Finding::warning(code, message), place);
    }
    /// Records a finding at a place; beyond the limit they are dropped.
    pub(super) fn add(&mut self, finding: Finding, place: &Place) {
        if self.findings.len() < MAX_FINDINGS {
            self.findings
                .push(finding.at(&self.source, place.clone(), ""));
        }
    }
    /// Whether nothing found so far is an error.
    pub(super) fn is_clean(&self) -> bool {
        self.findings.iter().all(|f| f.severity != Severity::Error)
    }
}

/// Parses the text; a document type declaration is refused, so entities cannot multiply.
pub(super) fn parse(source: &Arc<Source>) -> Result<Document<'_>, Box<Finding>> {
    let options = ParsingOptions {
        allow_dtd: false,
        nodes_limit: MAX_NODES,
        ..ParsingOptions::default()
    };
    Document::parse_with_options(&source.text, options)
        .map_err(|e| Box::new(not_well_formed(source, &e)))
}

fn not_well_formed(source: &Arc<Source>, error: &roxmltree::Error) -> Finding {
    let text = &source.text;
    let at = match error {
        roxmltree::Error::UnexpectedEndOfStream | roxmltree::Error::UnclosedRootNode => {
            text.trim_end().len()
        }
        roxmltree::Error::DtdDetected => text.find("<!DOCTYPE").unwrap_or(0),
        _ => offset(text, error.pos()),
    };
    match error {
        roxmltree::Error::DtdDetected => Finding::error(
            "xml-doctype",
            "a document type declaration is not allowed in SBML",
        )
        .at(source, at..at + "<!DOCTYPE".len(), "")
        .help("remove it, and write out the entities that it declares"),
        roxmltree::Error::NodesLimitReached => Finding::error(
            "file-too-large",
            format!("the file has more than {MAX_NODES} XML nodes"),
        )
        .in_file(source.path.clone()),
        other => {
            // The library puts its own line and column behind the cause.
            let shown = other.to_string();
            let cause = shown.rsplit_once(" at ").map_or(shown.as_str(), |(c, _)| c);
            let finding = Finding::error("xml", format!("not well-formed XML: {cause}"));
            finding.at(source, at..at + 1, "")
        }
    }
}

/// Byte offset of a position in lines and characters.
fn offset(text: &str, pos: roxmltree::TextPos) -> usize {
    let mut start = 0;
    for _ in 1..pos.row {
        match text[start..].find('\n') {
            Some(i) => start += i + 1,
            None => return text.len(),
        }
    }
    text[start..]
        .char_indices()
        .nth(pos.col.saturating_sub(1) as usize)
        .map_or(text.len(), |(i, _)| start + i)
}

/// The start of an element: `<name`.
pub(super) fn place(node: Node) -> Place {
    let range = node.range();
    let name = node.tag_name().name().len();
    let prefix = node
        .document()
        .input_text()
        .get(range.start + 1..range.end)
        .and_then(|t| {
            t.find(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | '-' | ':' | '.')))
        })
        .unwrap_or(name);
    range.start..range.start + 1 + prefix
}

/// The value of an attribute in the text.
pub(super) fn value_place(attribute: &Attribute) -> Place {
    attribute.range_value()
}

/// Elements below a node.
pub(super) fn elements<'a, 'i>(node: Node<'a, 'i>) -> impl Iterator<Item = Node<'a, 'i>> {
    node.children().filter(Node::is_element)
}

/// The first child element of a name in the namespace of its parent.
pub(super) fn child<'a, 'i>(node: Node<'a, 'i>, name: &str) -> Option<Node<'a, 'i>> {
    let own = node.tag_name().namespace();
    elements(node).find(|c| c.tag_name().name() == name && c.tag_name().namespace() == own)
}

/// The place of an attribute's value, else of the element.
pub(super) fn attribute_place(node: Node, name: &str) -> Place {
    node.attribute_node(name)
        .map_or_else(|| place(node), |a| value_place(&a))
}

/// An attribute as an identifier, trimmed; `None` if absent. Anything that is no identifier is recorded.
pub(super) fn identifier(log: &mut Log, node: Node, name: &str) -> Option<String> {
    let attribute = node.attribute_node(name)?;
    let text = attribute.value().trim();
    if !crate::math::is_identifier(text) {
        log.error(
            "identifier",
            &value_place(&attribute),
            format!("`{text}` is not an identifier"),
        );
        return None;
    }
    Some(text.to_string())
}

/// A required identifier.
pub(super) fn required(log: &mut Log, node: Node, name: &str) -> Option<String> {
    if node.attribute_node(name).is_none() {
        log.error(
            "missing-attribute",
            &place(node),
            format!("<{}> needs the attribute `{name}`", node.tag_name().name()),
        );
    }
    identifier(log, node, name)
}

/// A number as XML Schema writes doubles.
pub(super) fn double(text: &str) -> Option<f64> {
    match text.trim() {
        "INF" => Some(f64::INFINITY),
        "-INF" => Some(f64::NEG_INFINITY),
        "NaN" => Some(f64::NAN),
        // Rust also reads words like `infinity`, which are not doubles here.
        t if t
            .bytes()
            .all(|b| b.is_ascii_digit() || b"+-.eE".contains(&b)) =>
        {
            t.parse().ok()
        }
        _ => None,
    }
}

/// An attribute as a number; `None` if absent or wrong (which is recorded).
pub(super) fn number(log: &mut Log, node: Node, name: &str) -> Option<f64> {
    let attribute = node.attribute_node(name)?;
    let value = double(attribute.value());
    if value.is_none() {
        log.error(
            "number",
            &value_place(&attribute),
            format!("`{}` is not a number", attribute.value()),
        );
    }
    value
}

/// An attribute as a truth value.
pub(super) fn boolean(log: &mut Log, node: Node, name: &str) -> Option<bool> {
    let attribute = node.attribute_node(name)?;
    match attribute.value().trim() {
        "true" | "1" => Some(true),
        "false" | "0" => Some(false),
        other => {
            log.error(
                "boolean",
                &value_place(&attribute),
                format!("`{other}` is neither `true` nor `false`"),
            );
            None
        }
    }
}
