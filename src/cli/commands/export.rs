//! `export`: a model or problem for other tools.

use std::path::PathBuf;

use serde_json::json;

use super::super::common::{Display, Run};
use super::super::console::{Console, SCHEMA_VERSION};
use super::super::session::{self, TargetKind};
use super::super::{Exit, Failure};
use crate::model::{self, sbml};
use crate::study::atomic;

/// Form to write.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum To {
    /// The model as SBML
    Sbml,
    /// The problem as PEtab version 1, with SBML
    Petab1,
    /// The problem as PEtab version 2, with SBML
    Petab2,
}

/// Write a model or a whole problem for other tools, with a list of what could not be carried.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  mechfit export models/cxcr4_axis/cxcr4_axis.model --to sbml\n  mechfit export fits/wang2020 --to petab1 --out petab"
)]
pub struct Arguments {
    /// Problem (folder or YAML file) or model (`*.model`, SBML `*.xml`)
    pub target: PathBuf,
    /// Form to write
    #[arg(long, value_enum)]
    pub to: To,
    #[command(flatten)]
    pub run: Run,
    #[command(flatten)]
    pub display: Display,
}

impl Arguments {
    /// Writes the model as SBML.
    pub fn run(&self, console: &mut Console) -> Result<Exit, Failure> {
        session::exists(&self.target)?;
        let (To::Sbml, TargetKind::Model(language)) = (self.to, session::kind_of(&self.target))
        else {
            return Err(Failure::usage(
                "only a model can be exported from the command line, and only as SBML",
                "give a `*.model` file and --to sbml; `problem::export` of the library writes PEtab tables",
            ));
        };
        let loaded = model::load(&self.target, language, &[])?;
        console.findings(&loaded.findings);
        let (text, left_out) = sbml::write(&loaded.model).map_err(|e| {
            Failure::from(
                crate::diagnostic::Finding::error("not-expressible", e.to_string())
                    .in_file(self.target.display().to_string()),
            )
        })?;
        match &self.run.out {
            Some(folder) => {
                let stem = self
                    .target
                    .file_stem()
                    .unwrap_or_default()
                    .to_string_lossy();
                let path = folder.join(format!("{stem}.xml"));
                atomic::write(&path, text.as_bytes())?;
                console.line(path.display().to_string());
            }
            None => console.raw(&text),
        }
        for line in &left_out {
            console.note(format!("not carried: {line}"));
        }
        console.document(json!({
            "schema_version": SCHEMA_VERSION,
            "status": "ok",
            "left_out": left_out,
        }));
        Ok(Exit::Ok)
    }
}
