//! `report`: one page from the results.

use std::path::PathBuf;

use super::super::common::{Display, Integration, Run};
use super::super::console::Console;
use super::super::session::Session;
use super::super::viewing;
use super::super::{Exit, Failure};
use crate::report::document::Document;
use crate::report::number::Style;
use crate::report::{figure, markdown, page};
use crate::study::atomic;

/// Form of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum Format {
    /// One self-contained HTML file
    #[default]
    Html,
    /// Markdown
    Md,
}

/// Write one self-contained report from the results in a run folder.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  mechfit report fits/wang2020 && xdg-open fits/wang2020/results/report.html"
)]
pub struct Arguments {
    /// Problem (folder or YAML file)
    pub problem: PathBuf,
    /// Form
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
    #[command(flatten)]
    pub run: Run,
    #[command(flatten)]
    pub display: Display,
}

impl Arguments {
    /// Writes the report and its figures.
    pub fn run(&self, console: &mut Console) -> Result<Exit, Failure> {
        let session = Session::open(&self.problem, &self.run, &Integration::default())?;
        let prepared = session.prepare(console)?;
        let folder = session.results(&prepared);
        let mut notes = Vec::new();
        let view = viewing::view(&prepared, &folder, &mut notes);
        for note in &notes {
            console.note(note);
        }
        if view.fit.is_none() {
            return Err(Failure::usage(
                format!("there is no result in {}", folder.display()),
                format!("fit first: `mechfit fit {}`", self.problem.display()),
            ));
        }
        let document = Document::of(&view, Style::Typeset);
        // A page holds its figures; a text refers to files.
        let (name, text, figures) = match self.format {
            Format::Html => (
                "report.html",
                page::html(&document),
                figure::beside_results(&document),
            ),
            Format::Md => (
                "report.md",
                markdown::markdown(&document, ""),
                figure::of(&document),
            ),
        };
        let path = folder.join(name);
        atomic::write(&path, text.as_bytes())?;
        for f in figures {
            atomic::write(&folder.join(format!("{}.svg", f.id)), f.svg().as_bytes())?;
        }
        console.line(format!("{}", path.display()));
        console.document(serde_json::json!({ "schema_version": 1, "report": path }));
        Ok(Exit::Ok)
    }
}
