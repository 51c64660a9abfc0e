//! Findings as text, with their source lines.

use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet};

use super::{Finding, Severity};

/// Whether to use terminal colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Color {
    /// Plain text.
    Never,
    /// Terminal escape sequences.
    Always,
}

/// One finding as text without a final line break.
pub fn render(finding: &Finding, color: Color) -> String {
    let level = match finding.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let mut group = Group::with_title(level.primary_title(&finding.message).id(finding.code));
    // One snippet a source, in order of appearance; the primary places come first.
    let mut sources: Vec<&std::sync::Arc<super::Source>> = Vec::new();
    for label in &finding.labels {
        if !sources.iter().any(|s| **s == label.source) {
            sources.push(&label.source);
        }
    }
    for source in sources {
        let mut snippet = Snippet::source(&source.text).path(&source.path);
        for label in finding.labels.iter().filter(|l| l.source == *source) {
            let kind = if label.primary {
                AnnotationKind::Primary
            } else {
                AnnotationKind::Context
            };
            let annotation = kind.span(within(&source.text, &label.span));
            snippet = snippet.annotation(if label.text.is_empty() {
                annotation
            } else {
                annotation.label(label.text.as_str())
            });
        }
        group = group.element(snippet);
    }
    if let (true, Some(path)) = (finding.labels.is_empty(), &finding.path) {
        group = group.element(Origin::path(path));
    }
    for note in &finding.notes {
        group = group.element(Level::NOTE.message(note));
    }
    for help in &finding.help {
        group = group.element(Level::HELP.message(help));
    }
    let renderer = match color {
        Color::Always => Renderer::styled(),
        Color::Never => Renderer::plain(),
    };
    renderer.decor_style(DecorStyle::Ascii).render(&[group])
}

/// The span moved onto character boundaries within the text.
fn within(text: &str, span: &std::ops::Range<usize>) -> std::ops::Range<usize> {
    let clip = |mut at: usize| {
        at = at.min(text.len());
        while !text.is_char_boundary(at) {
            at -= 1;
        }
        at
    };
    let start = clip(span.start);
    start..clip(span.end).max(start)
}

#[cfg(test)]
mod tests {
    use super::super::Source;
    use super::*;

    #[test]
    fn a_finding_shows_code_place_note_and_help() {
        let source = Source::new("a.model", "model a\nparam EC50 = 2\nlet x = EC5O\n");
        let finding = Finding::error("unknown-name", "`EC5O` is not defined")
            .at(&source, 31..35, "nothing of this name")
            .and(&source, 14..18, "a similar name is declared here")
            .note("names are case-sensitive")
            .help("did you mean `EC50`?");
        insta::assert_snapshot!(render(&finding, Color::Never));
        assert_eq!(finding.place(), (Some("a.model"), Some((3, 9))));
    }
}
