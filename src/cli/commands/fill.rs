//! `fill`: recorded numbers put into a text.

use std::path::PathBuf;

use serde_json::json;

use super::super::common::Display;
use super::super::console::{Console, SCHEMA_VERSION};
use super::super::{Exit, Failure};
use crate::diagnostic::Finding;
use crate::study::atomic::{self, FileError};
use crate::study::fill;

/// Put numbers of recorded results into a text, so that a page says what the program computed.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  mechfit fill fits/wang2020/FINDINGS.template.md --from fits/wang2020/recorded --output fits/wang2020/FINDINGS.md\n\nPlaces: {{FILE#ROW.COLUMN|FORMAT}}, {{include FILE}}, {{each FILE}} … {{end}}; see docs/study.md.\nExit code 6 with --check: the text on disk is not what the results say."
)]
pub struct Arguments {
    /// Template
    pub template: PathBuf,
    /// Folder of the results that it names
    #[arg(long, value_name = "DIR")]
    pub from: PathBuf,
    /// File to write [default: stdout]
    #[arg(long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Write nothing; say whether the output file is what the results make of the template
    #[arg(long, requires = "output")]
    pub check: bool,
    #[command(flatten)]
    pub display: Display,
}

impl Arguments {
    /// Fills the template.
    pub fn run(&self, console: &mut Console) -> Result<Exit, Failure> {
        let read = |path: &PathBuf| {
            std::fs::read(path)
                .map_err(FileError::of("read", path))
                .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
        };
        let template = read(&self.template)?;
        let text = fill::fill(&template, &self.from).map_err(|e| {
            Failure::from(
                Finding::error("template", e.to_string())
                    .in_file(self.template.display().to_string())
                    .help("places are described in docs/study.md; `mechfit compare` writes the tables"),
            )
        })?;
        let mut exit = Exit::Ok;
        match &self.output {
            None => console.raw(&text),
            Some(path) if self.check => {
                let same = read(path)? == text;
                console.line(if same {
                    format!("{} is what the results say", path.display())
                } else {
                    format!("{} is not what the results say", path.display())
                });
                if !same {
                    exit = Exit::DoesNotReproduce;
                }
            }
            Some(path) => {
                atomic::write(path, text.as_bytes())?;
                console.line(format!("wrote {}", path.display()));
            }
        }
        console.document(json!({
            "schema_version": SCHEMA_VERSION,
            "status": if exit == Exit::Ok { "ok" } else { "differs" },
            "output": self.output.as_ref().map(|p| p.display().to_string()),
        }));
        Ok(exit)
    }
}
