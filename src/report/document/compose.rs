//! The document of a view: which sections there are, and in which order.

use super::super::number::Style;
use super::super::view::View;
use super::{Block, Document, Section, Text, Tone};
use super::{
    audit, data, doses, estimates, fit, methods, model, predictions, scenarios, summary, variants,
};

impl Document {
    /// The whole report. Sections without content are left out.
    pub fn of(view: &View, style: Style) -> Self {
        let sections = vec![
            question(view),
            summary::section(view, style),
            data::section(view, style),
            model::section(view, style),
            fit::section(view, style),
            fit::facts(view, style),
            fit::search(view, style),
            estimates::section(view, style),
            estimates::profiles(view, style),
            estimates::bootstrap(view, style),
            variants::section(view, style),
            predictions::courses(view),
            predictions::scalars(view, style),
            doses::doses(view, style),
            predictions::combinations(view, style),
            predictions::populations(view, style),
            predictions::sensitivities(view, style),
            predictions::designs(view, style),
            scenarios::section(view, style),
            scenarios::claims(view, style),
            estimates::coverage(view, style),
            warnings(view),
            assumptions(view),
            methods::section(view),
            audit::section(view),
        ];
        Self {
            title: if view.title.is_empty() {
                view.equations
                    .as_ref()
                    .map(|e| e.id.clone())
                    .filter(|id| !id.is_empty())
                    .unwrap_or_else(|| "Fit".into())
            } else {
                view.title.clone()
            },
            lead: Vec::new(),
            sections: sections
                .into_iter()
                .filter(|s| !s.blocks.is_empty())
                .collect(),
        }
    }

    /// What a reader at the terminal wants: data beside the fit, facts, estimates, what changes between scenarios,
    /// warnings last.
    pub fn brief(view: &View, style: Style) -> Self {
        let mut whole = Self::of(view, style);
        const KEEP: [&str; 7] = [
            "summary",
            "fit",
            "facts",
            "estimates",
            "scenarios",
            "claims",
            "warnings",
        ];
        whole.sections.retain(|s| KEEP.contains(&s.id));
        whole
    }
}

fn question(view: &View) -> Section {
    Section {
        id: "question",
        title: "Question".into(),
        blocks: view
            .question
            .iter()
            .map(|p| Block::Paragraph(p.as_str().into()))
            .collect(),
    }
}

/// Warnings of the fit, then the others, each once.
pub fn all_warnings(view: &View) -> Vec<&super::super::view::Warning> {
    let mut all: Vec<&super::super::view::Warning> = Vec::new();
    for w in view
        .fit
        .iter()
        .flat_map(|f| &f.warnings)
        .chain(&view.warnings)
    {
        if !all.contains(&w) {
            all.push(w);
        }
    }
    all
}

fn warnings(view: &View) -> Section {
    let mut blocks = Vec::new();
    let warnings = all_warnings(view);
    if warnings.is_empty() && view.fit.is_some() {
        blocks.push(Block::Paragraph("There are no warnings.".into()));
    }
    for w in warnings {
        let mut text = Text::new();
        if let Some(place) = w.place.as_ref().filter(|p| !p.is_empty()) {
            text = text.strong(place.as_str()).plain(": ");
        }
        text = text.and(Text::marked(&w.text));
        if !w.code.is_empty() {
            text = text.plain(" (").code(w.code.as_str()).plain(")");
        }
        blocks.push(Block::Note(Tone::Mind, text));
    }
    Section {
        id: "warnings",
        title: "Warnings".into(),
        blocks,
    }
}

fn assumptions(view: &View) -> Section {
    let items: Vec<Text> = view
        .assumptions
        .iter()
        .map(|a| {
            let text = Text::from(a.text.as_str());
            match a.source.as_ref().filter(|s| !s.is_empty()) {
                Some(source) => text.plain(" (").plain(source.as_str()).plain(")"),
                None => text,
            }
        })
        .collect();
    Section {
        id: "assumptions",
        title: "Assumptions".into(),
        blocks: if items.is_empty() {
            Vec::new()
        } else {
            vec![Block::List(items)]
        },
    }
}
