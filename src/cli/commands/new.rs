//! `new`: a study to begin with.

use std::path::PathBuf;

use serde_json::json;

use super::super::common::Display;
use super::super::console::{Console, SCHEMA_VERSION};
use super::super::{Exit, Failure};
use crate::problem::from_spreadsheet;
use crate::study::atomic::{self, FileError};

/// Make a study: from one spreadsheet of means, or a template.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  mechfit new mystudy --from data.csv\n  mechfit new mystudy\n\nThe spreadsheet has the columns arm, dose…, time, observable, mean, sd, n."
)]
pub struct Arguments {
    /// Name of the study and of the folder that is made
    pub name: PathBuf,
    /// Spreadsheet (CSV or TSV) with the columns arm, dose…, time, observable, mean, sd, n
    #[arg(long, value_name = "FILE")]
    pub from: Option<PathBuf>,
    #[command(flatten)]
    pub display: Display,
}

/// Largest spreadsheet that is read.
const MAX_BYTES: u64 = 16 << 20;

impl Arguments {
    /// Makes the folder and its files; an existing folder is left alone.
    pub fn run(&self, console: &mut Console) -> Result<Exit, Failure> {
        if self.name.exists() {
            return Err(Failure::usage(
                format!("`{}` is there already", self.name.display()),
                "choose another name; nothing is written over",
            ));
        }
        let name = self
            .name
            .file_name()
            .map(|n| n.to_string_lossy().into_owned())
            .unwrap_or_default();
        let (shown, bytes) = match &self.from {
            Some(path) => {
                let size = std::fs::metadata(path)
                    .map_err(FileError::of("read", path))?
                    .len();
                if size > MAX_BYTES {
                    return Err(Failure::usage(
                        format!("`{}` is larger than {} MB", path.display(), MAX_BYTES >> 20),
                        "a study begins with one table of means",
                    ));
                }
                let bytes = std::fs::read(path).map_err(FileError::of("read", path))?;
                (path.display().to_string(), bytes)
            }
            None => ("template".to_string(), TEMPLATE.as_bytes().to_vec()),
        };
        let study = from_spreadsheet(&name, &shown, bytes)?;
        console.findings(&study.findings);
        for (file, text) in &study.files {
            atomic::write(&self.name.join(file), text.as_bytes())?;
        }
        let files: Vec<&str> = study.files.iter().map(|(f, _)| f.as_str()).collect();
        let folder = self.name.display().to_string();
        console.line(format!("made {folder} with {}", files.join(", ")));
        console.line(format!("next: put the mechanism into the model, then `mechfit check {folder}` and `mechfit run {folder}`"));
        console.document(json!({
            "schema_version": SCHEMA_VERSION,
            "status": "ok",
            "folder": folder,
            "files": files,
        }));
        Ok(Exit::Ok)
    }
}

/// Spreadsheet of the template: made-up means that show the columns.
const TEMPLATE: &str = "arm,drug [nM],time [h],observable,mean,sd,n,source\n\
control,0,24,viability,100,8,5,made up: replace\n\
low,10,24,viability,81,7,5,made up: replace\n\
middle,100,24,viability,52,6,5,made up: replace\n\
high,1000,24,viability,23,5,5,made up: replace\n";
