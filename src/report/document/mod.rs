//! What a report says, before it is set: sections of paragraphs, tables and figures made from a [`crate::report::View`].
//!
//! The page, its Markdown twin and the terminal are three settings of the same document, so they never disagree.

mod audit;
mod compose;
mod data;
mod doses;
mod estimates;
mod fit;
mod methods;
mod model;
mod predictions;
mod scenarios;
mod summary;
mod table;
mod variants;

pub use doses::{
    features as features_of_dose, intervals as intervals_of_dose, name as name_of_feature,
};
pub use predictions::index_cells;
pub use table::{Align, Cell, Column, Table};

/// A report.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Document {
    /// Title.
    pub title: String,
    /// What stands under the title.
    pub lead: Vec<Text>,
    /// Sections in order.
    pub sections: Vec<Section>,
}

/// A section.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Section {
    /// Anchor, stable.
    pub id: &'static str,
    /// Heading.
    pub title: String,
    /// Content.
    pub blocks: Vec<Block>,
}

impl Section {
    /// Whether its figures are files beside the results that they show.
    pub fn has_own_files(&self) -> bool {
        const SECTIONS: [&str; 8] = [
            "profiles",
            "courses",
            "predictions",
            "doses",
            "combinations",
            "populations",
            "sensitivities",
            "designs",
        ];
        SECTIONS.contains(&self.id)
    }
}

/// How a statement is meant; shown by words first, by colour only beside them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Tone {
    /// Nothing special.
    #[default]
    Plain,
    /// Holds, determined, converged.
    Good,
    /// Open, at a bound, prior only, to be minded.
    Mind,
    /// Fails.
    Bad,
}

/// A piece of content.
#[derive(Debug, Clone, PartialEq)]
pub enum Block {
    /// A paragraph.
    Paragraph(Text),
    /// A paragraph set apart.
    Note(Tone, Text),
    /// A list.
    List(Vec<Text>),
    /// A heading within the section.
    Heading(String),
    /// A table.
    Table(Table),
    /// A figure.
    Figure(super::figure::Figure),
    /// Equations one under another.
    Equations {
        /// Left and right sides with unit and description.
        list: Vec<super::view::Equation>,
        /// Whether the left sides are rates of change.
        rates: bool,
    },
    /// Names with their values.
    Definitions(Vec<(Text, Text)>),
    /// Content that is opened on demand (on paper it is shown).
    Details {
        /// What it is.
        summary: String,
        /// Content.
        blocks: Vec<Block>,
    },
    /// A command or text to copy.
    Code(String),
}

/// A piece of text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Span {
    /// Words.
    Plain(String),
    /// Words that stand out.
    Strong(String),
    /// What a file or command contains, verbatim.
    Code(String),
    /// The name of a quantity of the model, set as mathematics.
    Symbol(String),
}

/// Text with markup.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Text(pub Vec<Span>);

impl Text {
    /// Nothing yet.
    pub fn new() -> Self {
        Self::default()
    }
    /// The name of a quantity.
    pub fn of_symbol(id: impl Into<String>) -> Self {
        Self(vec![Span::Symbol(id.into())])
    }
    /// Adds words.
    #[must_use]
    pub fn plain(mut self, text: impl Into<String>) -> Self {
        self.0.push(Span::Plain(text.into()));
        self
    }
    /// Words in which parts in backticks are verbatim, as findings write them. An odd backtick stays what it is.
    pub fn marked(text: &str) -> Self {
        let parts: Vec<&str> = text.split('`').collect();
        if parts.len().is_multiple_of(2) {
            return Self::from(text);
        }
        parts
            .into_iter()
            .enumerate()
            .filter(|(_, part)| !part.is_empty())
            .fold(Self::new(), |out, (i, part)| {
                if i.is_multiple_of(2) {
                    out.plain(part)
                } else {
                    out.code(part)
                }
            })
    }
    /// Adds words that stand out.
    #[must_use]
    pub fn strong(mut self, text: impl Into<String>) -> Self {
        self.0.push(Span::Strong(text.into()));
        self
    }
    /// Adds verbatim text.
    #[must_use]
    pub fn code(mut self, text: impl Into<String>) -> Self {
        self.0.push(Span::Code(text.into()));
        self
    }
    /// Adds the name of a quantity.
    #[must_use]
    pub fn symbol(mut self, id: impl Into<String>) -> Self {
        self.0.push(Span::Symbol(id.into()));
        self
    }
    /// Adds another text.
    #[must_use]
    pub fn and(mut self, other: Text) -> Self {
        self.0.extend(other.0);
        self
    }
    /// Adds several texts with commas and a last "and" between.
    #[must_use]
    pub fn enumerated(mut self, items: impl IntoIterator<Item = Text>) -> Self {
        let items: Vec<Text> = items.into_iter().collect();
        let last = items.len().saturating_sub(1);
        for (i, item) in items.into_iter().enumerate() {
            if i > 0 {
                self = self.plain(if i == last { " and " } else { ", " });
            }
            self = self.and(item);
        }
        self
    }
    /// Whether there is nothing to read.
    pub fn is_empty(&self) -> bool {
        self.0.iter().all(|s| s.words().is_empty())
    }
    /// The words alone.
    pub fn words(&self) -> String {
        self.0.iter().map(Span::words).collect()
    }
}

impl Span {
    /// The words alone.
    pub fn words(&self) -> &str {
        match self {
            Self::Plain(t) | Self::Strong(t) | Self::Code(t) | Self::Symbol(t) => t,
        }
    }
}

impl From<&str> for Text {
    fn from(text: &str) -> Self {
        Self::new().plain(text)
    }
}

impl From<String> for Text {
    fn from(text: String) -> Self {
        Self::new().plain(text)
    }
}
