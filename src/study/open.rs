//! A study as it is opened: problem, plan and models read, a scenario chosen and applied, everything ready to build.

use std::path::{Path, PathBuf};

use super::canonical::{Canonical, canonical};
use super::findings;
use super::plan::{PlanFile, Scenario};
use super::scenario::{self, ScenarioError};
use crate::diagnostic::{Finding, has_errors};
use crate::model::{self, Model};
use crate::objective::{BuildOptions, Objective};
use crate::problem::{self, LoadedProblem, Problem};

/// A problem with its plan, before a scenario is chosen.
#[derive(Debug)]
pub struct Study {
    /// Problem, warnings, places of its cells.
    pub loaded: LoadedProblem,
    /// Plan, or the defaults where there is none.
    pub plan: PlanFile,
    /// Folder of the problem.
    pub folder: PathBuf,
}

/// A scenario of a study: what is fitted.
#[derive(Debug)]
pub struct Prepared<'s> {
    /// The study.
    pub study: &'s Study,
    /// Its scenario.
    pub scenario: Scenario,
    /// The problem as the scenario has it.
    pub problem: Problem,
    /// Models in the order of the problem's files.
    pub models: Vec<Model>,
    /// Hashes of problem and models as understood.
    pub canonical: Canonical,
    /// Warnings of all readers.
    pub findings: Vec<Finding>,
    /// Rows of the parameter table that do not apply to this variant.
    pub ignored: Vec<String>,
    /// Files of the models.
    pub model_files: Vec<PathBuf>,
}

impl Study {
    /// Reads a problem and its plan. Models are read when a scenario is chosen, because a scenario may choose a variant.
    ///
    /// # Errors
    /// Every finding of the tables and of the plan.
    pub fn open(target: &Path) -> Result<Self, Vec<Finding>> {
        let loaded = problem::load(target);
        let folder = match &loaded {
            Ok(l) => folder_of(&l.problem.path),
            Err(_) if target.is_dir() => target.to_path_buf(),
            Err(_) => folder_of(target),
        };
        match (loaded, PlanFile::read(&folder)) {
            (Ok(loaded), Ok(plan)) => Ok(Self {
                loaded,
                plan,
                folder,
            }),
            (Err(mut list), Err(more)) => {
                list.extend(more);
                Err(list)
            }
            (Err(list), Ok(_)) | (Ok(_), Err(list)) => Err(list),
        }
    }

    /// The folder of the results of a scenario: those of the main one lie in the folder itself.
    pub fn results(&self, out: Option<&Path>, scenario: &Scenario) -> PathBuf {
        let base = self.results_root(out);
        let main = self
            .plan
            .plan
            .scenarios
            .first()
            .is_none_or(|s| s.id == scenario.id);
        if main { base } else { base.join(&scenario.id) }
    }

    /// Folder of all results.
    pub fn results_root(&self, out: Option<&Path>) -> PathBuf {
        out.map_or_else(|| self.folder.join("results"), Path::to_path_buf)
    }

    /// Chooses a scenario, reads the models and applies it.
    ///
    /// # Errors
    /// Every finding of the models and of the scenario.
    pub fn prepare(&self, id: Option<&str>) -> Result<Prepared<'_>, Vec<Finding>> {
        let scenario = scenario::choose(&self.plan.plan, id).map_err(|e| vec![self.in_plan(&e)])?;
        self.prepare_scenario(scenario)
    }

    /// The same for a scenario that need not stand in the plan.
    ///
    /// # Errors
    /// As [`Study::prepare`].
    pub fn prepare_scenario(&self, scenario: Scenario) -> Result<Prepared<'_>, Vec<Finding>> {
        let mut problem = self.loaded.problem.clone();
        let mut found = self.loaded.findings.clone();
        if let Some(variant) = &scenario.variant {
            scenario::take_variant(&scenario.id, variant, &mut problem)
                .map_err(|e| vec![self.in_plan(&e)])?;
        }
        let mut models = Vec::new();
        let mut model_files = Vec::new();
        for file in &problem.models {
            match model::load(&file.path, &file.language, &file.parts) {
                Ok(loaded) => {
                    found.extend(loaded.findings);
                    model_files.extend(loaded.files);
                    models.push(loaded.model);
                }
                Err(list) => found.extend(list),
            }
        }
        if has_errors(&found) {
            return Err(found);
        }
        let ignored = scenario::drop_foreign_parameters(&mut problem, &models);
        if let Some(rule) = self.plan.plan.zero_sd {
            for (row, sd) in scenario::fill_zero_sd(rule, &mut problem) {
                found.push(findings::zero_sd_filled(&self.loaded.places, row, sd));
            }
        }
        scenario::apply(&scenario, &mut problem, &models)
            .map_err(|list| list.iter().map(|e| self.in_plan(e)).collect::<Vec<_>>())?;
        let canonical = canonical(&problem, &models);
        Ok(Prepared {
            study: self,
            scenario,
            problem,
            models,
            canonical,
            findings: found,
            ignored,
            model_files,
        })
    }

    /// A scenario's mistake with its place in the plan.
    fn in_plan(&self, error: &ScenarioError) -> Finding {
        let finding = Finding::error("invalid-scenario", error.to_string());
        match &self.plan.source {
            Some(source) => {
                let at = super::strict::find(source, error.name());
                finding.at(source, at, "here")
            }
            None => finding.help("scenarios are listed in `plan.json` beside the problem"),
        }
    }
}

impl Prepared<'_> {
    /// Brings model and tables together and compiles them.
    ///
    /// # Errors
    /// Findings with the cells concerned.
    pub fn objective(&self, options: &BuildOptions) -> Result<Objective, Vec<Finding>> {
        Objective::build(self.models.clone(), &self.problem, options).map_err(|list| {
            list.iter()
                .map(|e| findings::of_build(&self.study.loaded, e))
                .collect()
        })
    }
    /// Hashes the problem again after a change.
    pub fn rehash(&mut self) {
        self.canonical = canonical(&self.problem, &self.models);
    }
    /// Every file that was read.
    pub fn files(&self) -> Vec<PathBuf> {
        let mut files = self.problem.files.clone();
        files.extend(self.model_files.iter().cloned());
        files.extend(self.study.plan.path.clone());
        files.dedup();
        files
    }
}

fn folder_of(file: &Path) -> PathBuf {
    match file.parent() {
        Some(p) if !p.as_os_str().is_empty() => p.to_path_buf(),
        _ => PathBuf::from("."),
    }
}
