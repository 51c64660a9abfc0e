//! Findings about files that people write: a stable code, a place, what was found, what was expected, and a remedy.
//!
//! Readers collect every finding of a file, never only the first. A place is a range of bytes of a [`Source`], whatever
//! the file is: a cell of a table is the range of its text.

use std::ops::Range;
use std::sync::Arc;

use serde::Serialize;

mod render;
mod similar;

pub use render::{Color, render};
pub use similar::similar;

/// A file as it was read, for places in it.
#[derive(Debug, PartialEq, Eq)]
pub struct Source {
    /// Path as the user would type it.
    pub path: String,
    /// Its text.
    pub text: String,
}

impl Source {
    /// A shared source.
    pub fn new(path: impl Into<String>, text: impl Into<String>) -> Arc<Self> {
        Arc::new(Self {
            path: path.into(),
            text: text.into(),
        })
    }
    /// Line and column (both from 1, columns in characters) of a byte offset.
    pub fn line_column(&self, offset: usize) -> (usize, usize) {
        let mut offset = offset.min(self.text.len());
        while !self.text.is_char_boundary(offset) {
            offset -= 1;
        }
        let before = &self.text[..offset];
        let start = before.rfind('\n').map_or(0, |i| i + 1);
        (
            before.matches('\n').count() + 1,
            before[start..].chars().count() + 1,
        )
    }
}

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Worth a look; nothing stops.
    Warning,
    /// The input cannot be used.
    Error,
}

/// A place in a source with what stands there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Label {
    /// Source.
    pub source: Arc<Source>,
    /// Range of bytes.
    pub span: Range<usize>,
    /// What is there; may be empty.
    pub text: String,
    /// Whether the finding is about this place (else it explains it).
    pub primary: bool,
}

/// One finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Stable code in kebab case (`unknown-name`).
    pub code: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// One phrase: what is wrong, with the names and values concerned.
    pub message: String,
    /// The file, where there is no place in it (it is missing, empty or not text).
    pub path: Option<String>,
    /// Places, the primary one first.
    pub labels: Vec<Label>,
    /// Facts that explain it.
    pub notes: Vec<String>,
    /// What to do.
    pub help: Vec<String>,
}

impl Finding {
    /// An error without a place yet.
    pub fn error(code: &'static str, message: impl Into<String>) -> Self {
        Self {
            code,
            severity: Severity::Error,
            message: message.into(),
            path: None,
            labels: Vec::new(),
            notes: Vec::new(),
            help: Vec::new(),
        }
    }
    /// A warning without a place yet.
    pub fn warning(code: &'static str, message: impl Into<String>) -> Self {
        Self {
            severity: Severity::Warning,
            ..Self::error(code, message)
        }
    }
    /// The place that it is about.
    #[must_use]
    pub fn at(mut self, source: &Arc<Source>, span: Range<usize>, text: impl Into<String>) -> Self {
        self.labels.push(Label {
            source: source.clone(),
            span,
            text: text.into(),
            primary: true,
        });
        self
    }
    /// A further place that explains it.
    #[must_use]
    pub fn and(
        mut self,
        source: &Arc<Source>,
        span: Range<usize>,
        text: impl Into<String>,
    ) -> Self {
        self.labels.push(Label {
            source: source.clone(),
            span,
            text: text.into(),
            primary: false,
        });
        self
    }
    /// The file, where no place in it can be given.
    #[must_use]
    pub fn in_file(mut self, path: impl Into<String>) -> Self {
        self.path = Some(path.into());
        self
    }
    /// A fact that explains it.
    #[must_use]
    pub fn note(mut self, text: impl Into<String>) -> Self {
        self.notes.push(text.into());
        self
    }
    /// What to do.
    #[must_use]
    pub fn help(mut self, text: impl Into<String>) -> Self {
        self.help.push(text.into());
        self
    }
    /// File, line and column (from 1) of the first place.
    pub fn place(&self) -> (Option<&str>, Option<(usize, usize)>) {
        match self.labels.first() {
            Some(l) => (
                Some(&l.source.path),
                Some(l.source.line_column(l.span.start)),
            ),
            None => (self.path.as_deref(), None),
        }
    }
}

/// As `check --json` shows it.
impl Serialize for Finding {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeStruct;
        let (file, at) = self.place();
        let mut s = serializer.serialize_struct("Finding", 8)?;
        s.serialize_field("code", self.code)?;
        s.serialize_field("severity", &self.severity)?;
        s.serialize_field("message", &self.message)?;
        s.serialize_field("file", &file)?;
        s.serialize_field("line", &at.map(|(l, _)| l))?;
        s.serialize_field("column", &at.map(|(_, c)| c))?;
        s.serialize_field("notes", &self.notes)?;
        s.serialize_field("help", &self.help)?;
        s.end()
    }
}

/// Whether any finding is an error.
pub fn has_errors(findings: &[Finding]) -> bool {
    findings.iter().any(|f| f.severity == Severity::Error)
}
