//! Variants from what the user named, compared in a scenario, shown and written.

mod size;

use std::borrow::Borrow;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::common::{Integration, Run};
use super::console::{Console, SCHEMA_VERSION};
use super::session::Session;
use super::{Exit, Failure};
use crate::objective::{BuildOptions, QuantitySpec};
use crate::predict::dosing::quantity;
use crate::problem::{self, Variant};
use crate::report::figure;
use crate::search;
use crate::study::files;
use crate::study::job::{Begin, Shard};
use crate::study::open::Study;
use crate::study::plan::Scenario;
use crate::study::scenario;
use crate::study::stage_compare::{Candidate, CompareDocument, CompareStage, Outcome, RESULT};
use crate::study::{atomic, compare_tables};

/// Points in time, beside those measured, at which a further measurement is thought of: the plan's courses in this many
/// steps.
const STEPS: u32 = 6;

/// What the user asked for.
#[derive(Debug, Clone, Default)]
pub struct Asked {
    /// Problems, or one PEtab Select problem.
    pub problems: Vec<PathBuf>,
    /// Variant table instead of the problem's.
    pub variants: Option<PathBuf>,
    /// Starts of each variant.
    pub starts: Option<u64>,
    /// Simulated data sets of each test.
    pub samples: Option<u64>,
}

/// A comparison opened: the first problem's session (its own, or one that a larger command lends it), further studies, and
/// who takes part.
pub struct Comparing<S = Session> {
    asked: Asked,
    session: S,
    others: Vec<Study>,
    /// Per variant: its study (0 is the session's) and its row, if it has one.
    members: Vec<(usize, Member)>,
}

/// What came of a comparison.
pub enum Compared {
    /// Everything, as `compare.json` has it.
    Whole(Box<CompareDocument>, Value),
    /// A piece of the simulated data: the number of sets in it.
    Piece(u64),
}

struct Member {
    id: String,
    variant: Option<Variant>,
}

impl Comparing {
    /// Opens the problems and lists the variants.
    pub fn open(asked: Asked, run: &Run, integration: &Integration) -> Result<Self, Failure> {
        let first = asked.problems.first().cloned().unwrap_or_default();
        if asked.problems.len() > 1 && asked.variants.is_some() {
            return Err(Failure::usage(
                "a variant table belongs to one problem",
                "give one problem with --variants, or several problems without",
            ));
        }
        if asked.problems.len() == 1 && is_model_space(&first) {
            return Self::model_space(asked, &first, run, integration);
        }
        let mut session = Session::open(&first, run, integration)?;
        let mut others = Vec::new();
        let mut members: Vec<(usize, Member)> = Vec::new();
        if asked.problems.len() > 1 {
            for (k, path) in asked.problems.iter().enumerate() {
                let id = name_of(path);
                let taken = members.iter().any(|(_, m)| m.id == id);
                members.push((
                    k,
                    Member {
                        id: if taken { format!("{id}_{}", k + 1) } else { id },
                        variant: None,
                    },
                ));
                if k > 0 {
                    others.push(Study::open(path)?);
                }
            }
        } else {
            if let Some(table) = &asked.variants {
                let (variants, warnings) = problem::variant_table(table)?;
                session.study.loaded.problem.variants = variants;
                session.study.loaded.findings.extend(warnings);
            }
            let variants = session.study.loaded.problem.variants.clone();
            if variants.is_empty() {
                return Err(Failure::usage(
                    format!("{} lists no variants to compare", first.display()),
                    "write a variant table (docs/tables.md) and list it under `variant_files`, or give it with --variants",
                ));
            }
            members.extend(of_table(variants));
        }
        Ok(Self {
            asked,
            session,
            others,
            members,
        })
    }

    /// The variants of a PEtab Select problem.
    fn model_space(
        asked: Asked,
        path: &Path,
        run: &Run,
        integration: &Integration,
    ) -> Result<Self, Failure> {
        let space = problem::model_space(path)?;
        let mut files: Vec<PathBuf> = Vec::new();
        for v in &space.variants {
            if let Some(p) = &v.problem
                && !files.contains(p)
            {
                files.push(p.clone());
            }
        }
        let Some(first) = files.first() else {
            return Err(Failure::usage(
                format!("{} has no models", path.display()),
                "a model space lists models in `model_space_files`",
            ));
        };
        let mut session = Session::open(first, run, integration)?;
        // Results lie beside what was named, not beside the problem that it points to.
        session.run.out = Some(
            run.out
                .clone()
                .unwrap_or_else(|| path.parent().unwrap_or(Path::new("")).join("results")),
        );
        let own = |file: &PathBuf| -> Vec<Variant> {
            space
                .variants
                .iter()
                .filter(|v| v.problem.as_ref() == Some(file))
                .cloned()
                .collect()
        };
        session.study.loaded.problem.variants = own(first);
        session.study.loaded.findings.extend(space.findings.clone());
        let mut others = Vec::new();
        for file in files.iter().skip(1) {
            let mut study = Study::open(file)?;
            study.loaded.problem.variants = own(file);
            others.push(study);
        }
        let members = space
            .variants
            .iter()
            .map(|v| {
                let at = files.iter().position(|f| v.problem.as_ref() == Some(f));
                (
                    at.unwrap_or(0),
                    Member {
                        id: v.id.clone(),
                        variant: Some(v.clone()),
                    },
                )
            })
            .collect();
        Ok(Self {
            asked,
            session,
            others,
            members,
        })
    }
}

/// The variants of the first problem's table.
fn of_table(variants: Vec<Variant>) -> impl Iterator<Item = (usize, Member)> {
    variants.into_iter().map(|v| {
        let member = Member {
            id: v.id.clone(),
            variant: Some(v),
        };
        (0, member)
    })
}

impl<'s> Comparing<&'s Session> {
    /// The variants of a study that is open already, as its plan says; `None` if it has none.
    pub fn of_study(session: &'s Session) -> Option<Self> {
        let variants = session.study.loaded.problem.variants.clone();
        (!variants.is_empty()).then(|| Self {
            asked: Asked::default(),
            session,
            others: Vec::new(),
            members: of_table(variants).collect(),
        })
    }
}

impl<S: Borrow<Session>> Comparing<S> {
    fn session(&self) -> &Session {
        self.session.borrow()
    }

    fn study(&self, at: usize) -> &Study {
        match at.checked_sub(1).and_then(|k| self.others.get(k)) {
            Some(study) => study,
            None => &self.session().study,
        }
    }

    /// Compares in every scenario of the plan.
    pub fn every_scenario(&self, resume: bool, console: &mut Console) -> Result<Exit, Failure> {
        let scenarios: Vec<Scenario> = self.session().study.plan.plan.scenarios.clone();
        if scenarios.is_empty() {
            return self.scenario(None, None, resume, console);
        }
        for s in &scenarios {
            console.line(match &s.description {
                Some(d) => format!("Scenario {}: {d}", s.id),
                None => format!("Scenario {}", s.id),
            });
            console.line("");
            self.scenario(Some(&s.id), None, resume, console)?;
            console.line("");
            if !console.is_json() {
                console.flush();
            }
        }
        Ok(Exit::Ok)
    }

    fn base(&self, id: Option<&str>) -> Result<Scenario, Failure> {
        scenario::choose(&self.session().study.plan.plan, id).map_err(|e| {
            Failure::usage(
                e.to_string(),
                "scenarios are listed in plan.json beside the problem",
            )
        })
    }

    fn folder(&self, base: &Scenario) -> PathBuf {
        self.session()
            .study
            .results(self.session().run.out.as_deref(), base)
    }

    /// The variants of a scenario, compiled.
    fn candidates(
        &self,
        base: &Scenario,
        quantities: &[QuantitySpec],
    ) -> Result<Vec<Candidate<'_>>, Failure> {
        let mut candidates = Vec::new();
        for (at, member) in &self.members {
            let study = self.study(*at);
            let prepared = match &member.variant {
                Some(v) => study.prepare_scenario(Scenario {
                    variant: Some(v.id.clone()),
                    ..base.clone()
                })?,
                None => {
                    let own = scenario::choose(&study.plan.plan, Some(&base.id));
                    study.prepare_scenario(own.unwrap_or_else(|_| scenario::as_it_is()))?
                }
            };
            let options = BuildOptions {
                quantities: quantities.to_vec(),
                ..BuildOptions::default()
            };
            let objective = self.session().objective(&prepared, options)?;
            let variant = member.variant.as_ref();
            // Problems differ in their models; variants of one share its description.
            let description = match variant {
                Some(v) => v.description.clone(),
                None => prepared
                    .models
                    .first()
                    .map(|m| m.description.clone())
                    .unwrap_or_default(),
            };
            candidates.push(Candidate {
                id: member.id.clone(),
                description,
                nested_in: variant.map(|v| v.nested_in.clone()).unwrap_or_default(),
                prepared,
                objective,
            });
        }
        if candidates.is_empty() {
            return Err(Failure::usage(
                "there is nothing to compare",
                "name a problem",
            ));
        }
        Ok(candidates)
    }

    fn stage<'a>(
        &'a self,
        candidates: &'a [Candidate<'a>],
        folder: &'a Path,
        shard: Option<Shard>,
        begin: Begin,
        measurements: Vec<(String, String)>,
    ) -> CompareStage<'a> {
        let session = self.session();
        let settings = session.study.plan.plan.compare.clone().unwrap_or_default();
        let starts = self.asked.starts.unwrap_or(settings.starts);
        let samples = self.asked.samples.unwrap_or(settings.samples);
        CompareStage {
            candidates,
            starts,
            samples,
            seed: session.seed,
            level: session.level,
            search: search::Options::default(),
            integration: &session.settings,
            manner: session.manner(folder, shard, begin),
            measurements,
        }
    }

    /// Compares in one scenario and shows it.
    pub fn scenario(
        &self,
        id: Option<&str>,
        shard: Option<Shard>,
        resume: bool,
        console: &mut Console,
    ) -> Result<Exit, Failure> {
        match self.compared(id, shard, Begin::of(resume), console)? {
            Compared::Piece(done) => {
                let piece = shard.map(|s| s.to_string()).unwrap_or_default();
                console.line(format!(
                    "piece {piece}: {done} simulated data sets; `mechfit merge` joins the pieces"
                ));
                console.document(json!({
                    "schema_version": SCHEMA_VERSION,
                    "status": "ok",
                    "shard": piece,
                    "units": done,
                }));
                Ok(Exit::Ok)
            }
            Compared::Whole(document, value) => {
                super::show_compare::comparison(console, &document);
                console.document(value);
                Ok(if document.comparison.models.is_empty() {
                    Exit::NothingEvaluated
                } else {
                    Exit::Ok
                })
            }
        }
    }

    /// Compares in one scenario and writes the results.
    pub fn compared(
        &self,
        id: Option<&str>,
        shard: Option<Shard>,
        begin: Begin,
        console: &Console,
    ) -> Result<Compared, Failure> {
        let base = self.base(id)?;
        let measurements = self.measurements();
        let mut quantities: Vec<QuantitySpec> = Vec::new();
        let mut known: Vec<(String, String)> = Vec::new();
        for (text, observable) in measurements {
            if let Ok(q) = quantity(&text) {
                quantities.push(q);
                known.push((text, observable));
            }
        }
        let candidates = self.candidates(&base, &quantities)?;
        let folder = self.folder(&base);
        let stage = self.stage(&candidates, &folder, shard, begin, known);
        let units = (candidates.len() as u64).saturating_mul(stage.starts);
        let progress = console.progress(units, "starts and simulated data sets");
        let outcome = stage.run(&|| progress.step())?;
        drop(progress);
        match outcome {
            Outcome::Shard { done } => Ok(Compared::Piece(done)),
            Outcome::Whole(document, taken_over) => {
                let first = candidates
                    .first()
                    .ok_or_else(|| Failure::Internal("a comparison without variants".into()))?;
                let provenance = self.session().provenance(&first.prepared, taken_over);
                let value = files::document(document.as_ref(), &provenance)?;
                write(&folder, &document, &value)?;
                Ok(Compared::Whole(document, value))
            }
        }
    }

    /// Measurements that could be made: every observable in every arm at the times measured and along the plan's courses.
    fn measurements(&self) -> Vec<(String, String)> {
        let problem = &self.session().study.loaded.problem;
        let mut times: Vec<f64> = Vec::new();
        let mut add = |t: f64| {
            if t > 0.0 && t.is_finite() && !times.contains(&t) {
                times.push(t);
            }
        };
        problem.measurements.iter().for_each(|m| add(m.time));
        if let Some(c) = &self.session().study.plan.plan.courses {
            for k in 1..=STEPS {
                add(c.start + (c.last() - c.start) * f64::from(k) / f64::from(STEPS));
            }
        }
        let mut list = Vec::new();
        for o in problem.observables.iter() {
            for e in &problem.experiments {
                for t in &times {
                    list.push((format!("{}@{}@{t}", o.id, e.id), o.id.clone()));
                }
            }
        }
        list
    }
}

fn write(folder: &Path, document: &CompareDocument, value: &Value) -> Result<(), Failure> {
    let text = |name: &str, text: &str| atomic::write(&folder.join(name), text.as_bytes());
    text("compare.tsv", &compare_tables::table(document))?;
    text("pairs.tsv", &compare_tables::pairs_table(document))?;
    text(
        "experiments.tsv",
        &compare_tables::experiments_table(document),
    )?;
    let mut sentences = String::new();
    for s in &document.comparison.conclusions {
        sentences += &format!("* {s}\n");
    }
    text("compare.md", &sentences)?;
    if let Some(figure) = figure::ranking(&document.comparison) {
        text("compare.svg", &figure.svg())?;
    }
    // The document last: whoever finds it finds the tables as well.
    files::write(&folder.join(RESULT), value)?;
    Ok(())
}

/// Whether a file is a PEtab Select problem.
fn is_model_space(path: &Path) -> bool {
    path.is_file()
        && std::fs::read_to_string(path).is_ok_and(|t| {
            t.lines()
                .any(|l| l.trim_start().starts_with("model_space_files"))
        })
}

/// A short name of a problem: its folder's, or its file's where that says more.
fn name_of(path: &Path) -> String {
    let text = |s: Option<&std::ffi::OsStr>| s.map(|s| s.to_string_lossy().into_owned());
    let generic = |s: &str| matches!(s, "problem" | "petab" | "");
    let stem = if path.is_dir() {
        None
    } else {
        text(path.file_stem()).filter(|s| !generic(s))
    };
    stem.or_else(|| {
        let folder = if path.is_dir() {
            Some(path)
        } else {
            path.parent()
        };
        text(folder.and_then(Path::file_name))
    })
    .unwrap_or_else(|| path.display().to_string())
}
