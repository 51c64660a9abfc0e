//! Profiles of a fit: one item (parameter or prediction) a unit of work.

use std::sync::Mutex;

use serde::Serialize;
use serde_json::Value;

use crate::objective::Target as _;
use crate::report::{figure, view};
use crate::search::Control;
use crate::study::canonical::hash;
use crate::study::checkpoint::{Checkpoint, CheckpointError, Header};
use crate::study::files;
use crate::study::fitted::{Fitted, SCHEMA_VERSION};
use crate::study::plan::{ProfilePlan, Threshold};
use crate::study::result::ProblemHash;
use crate::study::stage_fit::{checkpoint_path, parts};
use crate::study::work;
use crate::uncertainty::Profiles;
use crate::uncertainty::profile::{Item, ItemResult, Options, ThresholdKind, profiles};

use super::Failure;
use super::console::Console;
use super::stages::Scene;

/// Rounds of a profile are numbered apart in the checkpoint.
const ROUND: u64 = 1 << 32;

#[derive(Serialize)]
struct Document<'a> {
    schema_version: u32,
    problem: ProblemHash,
    scenario: &'a str,
    seed: u64,
    #[serde(flatten)]
    profiles: &'a Profiles,
}

impl Scene<'_> {
    /// Profiles parameters and the scene's quantities; writes `profile.json`, its table and figure.
    pub fn profile(
        &self,
        fitted: &Fitted,
        plan: &ProfilePlan,
        resume: bool,
        console: &Console,
    ) -> Result<(Profiles, Value), Failure> {
        let coordinates = self.objective.coordinates();
        let mut items: Vec<Item<_>> = Vec::new();
        for id in &plan.parameters {
            let at = coordinates
                .iter()
                .position(|c| c.id == *id)
                .ok_or_else(|| {
                    let known = coordinates.iter().map(|c| c.id.as_str());
                    Failure::usage(
                        format!("`{id}` is not an estimated parameter"),
                        match crate::diagnostic::similar(id, known).first() {
                            Some(s) => format!("did you mean `{s}`?"),
                            None => "`mechfit fit` lists the estimated parameters".into(),
                        },
                    )
                })?;
            items.push(Item::Parameter(at));
        }
        if items.is_empty() && self.objective.quantities.is_empty() {
            items.extend((0..coordinates.len()).map(Item::Parameter));
        }
        items.extend(self.objective.quantities.iter().map(|q| Item::Prediction {
            id: q.text.clone(),
            quantity: q,
        }));
        let options = Options {
            level: self.session.level,
            threshold: match plan.threshold {
                Threshold::SmallSample => ThresholdKind::SmallSample,
                Threshold::Chi2 => ThresholdKind::Chi2,
                Threshold::Bootstrap => ThresholdKind::Bootstrap,
            },
            ..Options::default()
        };
        if options.threshold == ThresholdKind::Bootstrap {
            return Err(Failure::usage(
                "a calibrated threshold is not computed from the command line yet",
                "use small_sample, which holds its level",
            ));
        }
        let header = self.profile_header(fitted, &items, &options);
        let path = checkpoint_path(&self.folder, "profile", None);
        let (checkpoint, old) = match Checkpoint::open(&path, &header, resume) {
            Err(CheckpointError::Other { .. }) => Checkpoint::open(&path, &header, false)?,
            other => other?,
        };
        let done: Vec<ItemResult> = work::recall(&path, &old)?.into_values().collect();
        let taken_over = done.len() as u64;
        let progress = console.progress(items.len() as u64, "profiles");
        let failed: Mutex<Option<CheckpointError>> = Mutex::new(None);
        let stopped: Mutex<Option<crate::study::stop::Why>> = Mutex::new(None);
        let keep = |r: &ItemResult| {
            progress.step();
            if let Err(e) = checkpoint.append(r.round * ROUND + r.item, r) {
                failed
                    .lock()
                    .unwrap_or_else(std::sync::PoisonError::into_inner)
                    .get_or_insert(e);
                return Control::Stop;
            }
            match self.session.stop.reason() {
                None => Control::Continue,
                Some(why) => {
                    stopped
                        .lock()
                        .unwrap_or_else(std::sync::PoisonError::into_inner)
                        .get_or_insert(why);
                    Control::Stop
                }
            }
        };
        let result = profiles(
            &self.objective,
            self.objective.data(),
            &fitted.optimum,
            &items,
            &options,
            self.session.seed,
            &done,
            &keep,
        )
        .map_err(|e| Failure::NothingEvaluated {
            message: format!("the fit cannot be profiled: {e}"),
            notes: Vec::new(),
        })?;
        drop(progress);
        checkpoint.finish()?;
        if let Some(e) = failed
            .into_inner()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
        {
            return Err(e.into());
        }
        if let Some(why) = stopped
            .into_inner()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
        {
            return Err(Failure::Stopped {
                why,
                message: "stopped; the profiles that are done are kept, the same command with --resume goes on".into(),
            });
        }
        let document = Document {
            schema_version: SCHEMA_VERSION,
            problem: ProblemHash::of(self.prepared),
            scenario: &self.prepared.scenario.id,
            seed: self.session.seed,
            profiles: &result,
        };
        let provenance = self.session.provenance(self.prepared, taken_over);
        let document = files::document(&document, &provenance)?;
        files::write(&self.folder.join("profile.json"), &document)?;
        let mut table = String::from("id\tvalue\tobjective\n");
        for p in result.parameters.iter().chain(&result.predictions) {
            for point in &p.points {
                table += &format!("{}\t{:?}\t{:?}\n", p.id, point.value, point.objective);
            }
        }
        self.write_text("profile.tsv", &table)?;
        let study = self
            .prepared
            .models
            .first()
            .map_or_else(view::Study::default, |m| {
                view::Study::of(&self.prepared.problem, m)
            });
        let figures: Vec<figure::Figure> = figure::profiles(&study, &result, None)
            .into_iter()
            .collect();
        self.write_figures("profile", &figures)?;
        Ok((result, document))
    }

    fn profile_header<Q>(
        &self,
        fitted: &Fitted,
        items: &[Item<'_, Q>],
        options: &Options,
    ) -> Header {
        let mut parts = parts(self.prepared, &self.session.settings, self.session.seed);
        let optimum = format!("{:?}", fitted.optimum.theta);
        parts.insert("optimum".into(), hash(optimum.as_bytes()));
        parts.insert("profile".into(), format!("{options:?}"));
        let names: Vec<String> = items
            .iter()
            .map(|i| match i {
                Item::Parameter(k) => format!("parameter {k}"),
                Item::Prediction { id, .. } => id.clone(),
            })
            .collect();
        parts.insert("items".into(), names.join("; "));
        let problem = self.prepared.problem.path.display().to_string();
        Header::new(
            "profile",
            items.len() as u64,
            parts,
            problem,
            std::collections::BTreeMap::new(),
        )
    }
}
