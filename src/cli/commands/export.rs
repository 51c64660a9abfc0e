//! `export`: a model or problem for other tools.

use std::path::{Path, PathBuf};

use serde_json::json;

use super::super::common::{Display, Run};
use super::super::console::{Console, SCHEMA_VERSION};
use super::super::session::{self, TargetKind};
use super::super::{Exit, Failure};
use crate::diagnostic::Finding;
use crate::model::{self, sbml};
use crate::objective::BuildOptions;
use crate::study::open::Study;
use crate::study::{atomic, exporting};

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
    /// Writes the files.
    pub fn run(&self, console: &mut Console) -> Result<Exit, Failure> {
        session::exists(&self.target)?;
        match (self.to, session::kind_of(&self.target)) {
            (To::Sbml, TargetKind::Model(language)) => self.model(language, console),
            (To::Petab1, TargetKind::Problem) => self.problem(1, console),
            (To::Petab2, TargetKind::Problem) => self.problem(2, console),
            (To::Sbml, TargetKind::Problem) => Err(Failure::usage(
                "a problem goes out as PEtab, its models as SBML beside it",
                "give --to petab1 or --to petab2, or the `*.model` file alone for --to sbml",
            )),
            (To::Petab1 | To::Petab2, TargetKind::Model(_)) => Err(Failure::usage(
                "a model alone is no PEtab problem",
                "give the folder of a problem, or --to sbml for the model alone",
            )),
        }
    }

    /// A model as SBML, to the folder given or to stdout.
    fn model(&self, language: &str, console: &mut Console) -> Result<Exit, Failure> {
        let loaded = model::load(&self.target, language, &[])?;
        console.findings(&loaded.findings);
        let (text, left_out) = sbml::write(&loaded.model).map_err(|e| {
            Failure::from(
                Finding::error("not-expressible", e.to_string())
                    .in_file(self.target.display().to_string()),
            )
        })?;
        let (mut files, mut sbml) = (Vec::new(), None);
        match &self.run.out {
            Some(folder) => {
                let stem = self.target.file_stem().unwrap_or_default();
                let path = folder.join(format!("{}.xml", stem.to_string_lossy()));
                atomic::write(&path, text.as_bytes())?;
                console.line(path.display().to_string());
                files.push(path);
            }
            // With --json the text is a key of the one document.
            None if console.is_json() => sbml = Some(text),
            None => console.raw(&text),
        }
        self.done(&files, sbml, &left_out, console);
        Ok(Exit::Ok)
    }

    /// A problem as PEtab.
    fn problem(&self, version: u32, console: &mut Console) -> Result<Exit, Failure> {
        let study = Study::open(&self.target)?;
        let prepared = study.prepare(self.run.scenario.as_deref())?;
        console.findings(&prepared.findings);
        // What does not build here would be wrong elsewhere as well.
        prepared.objective(&BuildOptions::default())?;
        let exported = exporting::petab(&prepared, version)?;
        let folder = match &self.run.out {
            Some(folder) => folder.clone(),
            None => study
                .results(None, &prepared.scenario)
                .join(format!("petab{version}")),
        };
        self.not_over_the_study(&study, &folder)?;
        exported.write(&folder)?;
        let files: Vec<PathBuf> = exported.files.iter().map(|(f, _)| folder.join(f)).collect();
        for path in &files {
            console.line(path.display().to_string());
        }
        self.done(&files, None, &exported.left_out, console);
        Ok(Exit::Ok)
    }

    /// The tables of an export have the names of a study's own.
    fn not_over_the_study(&self, study: &Study, folder: &Path) -> Result<(), Failure> {
        let same = match (folder.canonicalize(), study.folder.canonicalize()) {
            (Ok(a), Ok(b)) => a == b,
            _ => false,
        };
        if same {
            return Err(Failure::usage(
                "the files would overwrite those of the problem itself",
                "give another folder with --out",
            ));
        }
        Ok(())
    }

    fn done(
        &self,
        files: &[PathBuf],
        sbml: Option<String>,
        left_out: &[String],
        console: &mut Console,
    ) {
        for line in left_out {
            console.note(format!("not carried: {line}"));
        }
        let files: Vec<String> = files.iter().map(|p| p.display().to_string()).collect();
        let mut document = json!({
            "schema_version": SCHEMA_VERSION,
            "status": "ok",
            "files": files,
            "left_out": left_out,
        });
        if let Some(text) = sbml {
            document["sbml"] = text.into();
        }
        console.document(document);
    }
}
