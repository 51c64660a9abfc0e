//! Profiles of a fit: one item (parameter or prediction) a unit of work.

use std::collections::BTreeMap;
use std::sync::Mutex;

use serde::Serialize;
use serde_json::{Value, json};

use crate::objective::{Objective, Target as _};
use crate::report::{figure, view};
use crate::search::Control;
use crate::study::canonical::hash;
use crate::study::checkpoint::{Checkpoint, CheckpointError, Header};
use crate::study::files;
use crate::study::fitted::{Fitted, SCHEMA_VERSION};
use crate::study::plan::{ProfilePlan, Threshold};
use crate::study::result::ProblemHash;
use crate::study::stage_fit::{StageError, checkpoint_path, parts};
use crate::study::stop::Why;
use crate::study::work;
use crate::uncertainty::profile::{
    Calibration, Context, Item, ItemResult, LikelihoodRatios, Options, ThresholdKind, calibration,
    likelihood_ratios, profile_item, profiles,
};
use crate::uncertainty::{Linearised, Profiles, identifiability};

use super::Failure;
use super::console::Console;
use super::stages::Scene;

/// Name of the work in checkpoints.
pub const KIND: &str = "profile";
/// Rounds of a profile are numbered apart in the checkpoint.
const ROUND: u64 = 1 << 32;

type Items<'a> = Vec<Item<'a, <Objective as crate::objective::Target>::Quantity>>;

#[derive(Serialize)]
struct Document<'a> {
    schema_version: u32,
    problem: ProblemHash,
    scenario: &'a str,
    seed: u64,
    /// Draws that calibrated thresholds are made of; null for other thresholds.
    calibration_samples: Option<u64>,
    #[serde(flatten)]
    profiles: &'a Profiles,
}

/// What is profiled, and how.
pub struct Profiling<'a> {
    items: Items<'a>,
    options: Options,
    header: Header,
    /// Draws of a calibrated threshold.
    samples: Option<u64>,
}

impl Profiling<'_> {
    /// What the records depend on.
    pub fn header(&self) -> &Header {
        &self.header
    }
}

fn lock<T>(m: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    m.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

fn not_evaluated(e: &crate::objective::EvalError) -> Failure {
    Failure::NothingEvaluated {
        message: format!("the fit cannot be profiled: {e}"),
        notes: Vec::new(),
    }
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
        let profiling = self.profiling(fitted, plan, resume, console)?;
        self.profile_all(fitted, &profiling, resume, console)
    }

    /// What is profiled; calibrates the thresholds if that is asked for.
    pub fn profiling<'s>(
        &'s self,
        fitted: &Fitted,
        plan: &ProfilePlan,
        resume: bool,
        console: &Console,
    ) -> Result<Profiling<'s>, Failure> {
        let items = self.items(plan)?;
        let mut options = Options {
            level: self.session.level,
            threshold: match plan.threshold {
                Threshold::SmallSample => ThresholdKind::SmallSample,
                Threshold::Chi2 => ThresholdKind::Chi2,
                Threshold::Bootstrap => ThresholdKind::Bootstrap,
            },
            simultaneous: plan.simultaneous,
            ..Options::default()
        };
        let samples =
            (options.threshold == ThresholdKind::Bootstrap).then_some(plan.calibration_samples);
        let header = self.profile_header(fitted, &items, &options, plan, samples);
        if let Some(samples) = samples {
            options.calibrated =
                self.calibrate(fitted, &items, &options, samples, &header, resume, console)?;
        }
        Ok(Profiling {
            items,
            options,
            header,
            samples,
        })
    }

    fn items(&self, plan: &ProfilePlan) -> Result<Items<'_>, Failure> {
        let coordinates = self.objective.coordinates();
        let mut items: Items<'_> = Vec::new();
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
        Ok(items)
    }

    /// Thresholds from data drawn at the fit: one draw a unit, each refitted free and with every item held.
    #[allow(clippy::too_many_arguments)] // the fit, what is held, how, how often, what for, and where it goes
    fn calibrate(
        &self,
        fitted: &Fitted,
        items: &Items<'_>,
        options: &Options,
        samples: u64,
        header: &Header,
        resume: bool,
        console: &Console,
    ) -> Result<Vec<Option<f64>>, Failure> {
        let ctx = self.context(fitted, items, options)?;
        let draws = Calibration::new(&ctx, self.session.seed).map_err(super::stages::refused)?;
        let header = Header {
            kind: "calibration".into(),
            units: samples,
            ..header.clone()
        };
        let path = checkpoint_path(&self.folder, "calibration", None);
        let (checkpoint, old) = open(&path, &header, resume)?;
        let done: BTreeMap<u64, LikelihoodRatios> = work::recall(&path, &old)?;
        let units: Vec<u64> = (1..=samples).collect();
        let progress = console.progress(samples, "draws");
        let outcome = work::run(
            &units,
            done,
            Some(&checkpoint),
            &self.session.stop,
            || self.objective.workspace(),
            |k, ws| likelihood_ratios(k, &draws, ws),
            &|| progress.step(),
        )?;
        drop(progress);
        checkpoint.finish()?;
        if let Some(why) = outcome.stopped {
            return Err(StageError::Stopped {
                why,
                done: outcome.records.len() as u64,
                of: samples,
                units: "draws",
            }
            .into());
        }
        let list: Vec<LikelihoodRatios> = outcome
            .records
            .into_values()
            .filter(|r| r.index <= samples)
            .collect();
        let failed = list.iter().filter(|r| r.failure.is_some()).count();
        if failed > 0 {
            console.note(format!(
                "warning[calibration-failures]: {failed} of {samples} draws could not be refitted; thresholds are those of the rest"
            ));
        }
        Ok(calibration(&list, items.len(), options.level))
    }

    fn context<'s>(
        &'s self,
        fitted: &Fitted,
        items: &Items<'s>,
        options: &Options,
    ) -> Result<Context<'s, Objective>, Failure> {
        Context::new(
            &self.objective,
            self.objective.data(),
            fitted.optimum.clone(),
            items.clone(),
            options.clone(),
            self.session.seed,
        )
        .map_err(|e| not_evaluated(&e))
    }

    /// The items of one piece, from the fit given: what a better optimum changes is left to `merge`.
    pub fn profile_piece(
        &self,
        fitted: &Fitted,
        profiling: &Profiling<'_>,
        shard: (u64, u64),
        resume: bool,
        console: &Console,
    ) -> Result<u64, Failure> {
        let ctx = self.context(fitted, &profiling.items, &profiling.options)?;
        let path = checkpoint_path(&self.folder, KIND, Some(shard));
        let (checkpoint, old) = Checkpoint::open(&path, &profiling.header, resume)?;
        let done: BTreeMap<u64, ItemResult> = work::recall(&path, &old)?;
        let (i, n) = shard;
        let units: Vec<u64> = (0..profiling.items.len() as u64)
            .filter(|k| k % n == i - 1)
            .collect();
        let progress = console.progress(units.len() as u64, "profiles");
        let outcome = work::run(
            &units,
            done,
            Some(&checkpoint),
            &self.session.stop,
            || self.objective.workspace(),
            |k, ws| ItemResult {
                round: 0,
                item: k,
                outcome: profile_item(k, &ctx, ws),
            },
            &|| progress.step(),
        )?;
        drop(progress);
        checkpoint.finish()?;
        match outcome.stopped {
            None => Ok(outcome.records.len() as u64),
            Some(why) => Err(StageError::Stopped {
                why,
                done: outcome.records.len() as u64,
                of: units.len() as u64,
                units: "profiles",
            }
            .into()),
        }
    }

    /// All profiles, those of the checkpoint taken over.
    pub fn profile_all(
        &self,
        fitted: &Fitted,
        profiling: &Profiling<'_>,
        resume: bool,
        console: &Console,
    ) -> Result<(Profiles, Value), Failure> {
        let path = checkpoint_path(&self.folder, KIND, None);
        let (checkpoint, old) = open(&path, &profiling.header, resume)?;
        let done: Vec<ItemResult> = work::recall(&path, &old)?.into_values().collect();
        let taken_over = done.len() as u64;
        let progress = console.progress(profiling.items.len() as u64, "profiles");
        let failed: Mutex<Option<CheckpointError>> = Mutex::new(None);
        let stopped: Mutex<Option<Why>> = Mutex::new(None);
        let keep = |r: &ItemResult| {
            progress.step();
            if let Err(e) = checkpoint.append(r.round * ROUND + r.item, r) {
                lock(&failed).get_or_insert(e);
                return Control::Stop;
            }
            match self.session.stop.reason() {
                None => Control::Continue,
                Some(why) => {
                    lock(&stopped).get_or_insert(why);
                    Control::Stop
                }
            }
        };
        let result = profiles(
            &self.objective,
            self.objective.data(),
            &fitted.optimum,
            &profiling.items,
            &profiling.options,
            self.session.seed,
            &done,
            &keep,
        )
        .map_err(|e| not_evaluated(&e))?;
        drop(progress);
        checkpoint.finish()?;
        if let Some(e) = lock(&failed).take() {
            return Err(e.into());
        }
        if let Some(why) = lock(&stopped).take() {
            return Err(Failure::Stopped {
                why,
                message: "stopped; the profiles that are done are kept, the same command with --resume goes on".into(),
            });
        }
        let result = self.judged(fitted, result)?;
        let document = self.write_profiles(&result, profiling.samples, taken_over)?;
        Ok((result, document))
    }

    /// What each profile says, in words: from its ends, from the structure of the rows and from the priors.
    fn judged(&self, fitted: &Fitted, mut result: Profiles) -> Result<Profiles, Failure> {
        let coordinates = self.objective.coordinates();
        // A better optimum has its own prior shares.
        let at = if result.better_optima.is_empty() {
            fitted.linearised.clone()
        } else {
            let free = vec![true; coordinates.len()];
            let mut ws = self.objective.workspace();
            let data = self.objective.data();
            Linearised::at(&self.objective, data, &result.theta, &free, &mut ws)
                .map_err(|e| not_evaluated(&e))?
        };
        let intervals: Vec<_> = coordinates
            .iter()
            .map(|c| {
                let found = result.parameters.iter().find(|p| p.id == c.id);
                found.map(|p| p.interval.clone())
            })
            .collect();
        let structural = Some(&fitted.document.structural);
        let judged = identifiability::judge(coordinates, &at, &intervals, structural, result.level);
        for p in &mut result.parameters {
            if let Some(j) = judged.iter().find(|j| j.id == p.id) {
                p.verdict = Some(j.verdict);
                p.verdict_text = Some(j.text.clone());
            }
        }
        for p in &mut result.predictions {
            let (verdict, text) = identifiability::of_ends(&p.interval);
            p.verdict = Some(verdict);
            p.verdict_text = Some(text);
        }
        Ok(result)
    }

    fn write_profiles(
        &self,
        result: &Profiles,
        calibration_samples: Option<u64>,
        taken_over: u64,
    ) -> Result<Value, Failure> {
        let document = Document {
            schema_version: SCHEMA_VERSION,
            problem: ProblemHash::of(self.prepared),
            scenario: &self.prepared.scenario.id,
            seed: self.session.seed,
            calibration_samples,
            profiles: result,
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
        let figures: Vec<figure::Figure> =
            figure::profiles(&study, result, None).into_iter().collect();
        self.write_figures("profile", &figures)?;
        Ok(document)
    }

    fn profile_header(
        &self,
        fitted: &Fitted,
        items: &Items<'_>,
        options: &Options,
        plan: &ProfilePlan,
        samples: Option<u64>,
    ) -> Header {
        let mut parts = parts(self.prepared, &self.session.settings, self.session.seed);
        let optimum = format!("{:?}", fitted.optimum.theta);
        parts.insert("optimum".into(), hash(optimum.as_bytes()));
        parts.insert("profile".into(), format!("{options:?}"));
        if let Some(samples) = samples {
            parts.insert("calibration".into(), format!("{samples} draws"));
        }
        let names: Vec<String> = items
            .iter()
            .map(|i| match i {
                Item::Parameter(k) => format!("parameter {k}"),
                Item::Prediction { id, .. } => id.clone(),
            })
            .collect();
        parts.insert("items".into(), names.join("; "));
        let quantities = &self.objective.quantities;
        let texts: Vec<&str> = quantities.iter().map(|q| q.text.as_str()).collect();
        let tolerances = &self.session.settings.tolerances;
        let arguments = BTreeMap::from([
            ("plan".to_string(), json!(plan)),
            ("predictions".to_string(), json!(texts)),
            ("seed".to_string(), json!(self.session.seed)),
            ("level".to_string(), json!(self.session.level)),
            ("scenario".to_string(), json!(self.prepared.scenario.id)),
            ("rtol".to_string(), json!(tolerances.rtol)),
            ("atol".to_string(), json!(tolerances.atol.first())),
        ]);
        let problem = self.prepared.problem.path.display().to_string();
        Header::new(KIND, items.len() as u64, parts, problem, arguments)
    }
}

/// Opens a checkpoint; one of other inputs is started anew.
fn open(
    path: &std::path::Path,
    header: &Header,
    resume: bool,
) -> Result<(Checkpoint, BTreeMap<u64, String>), CheckpointError> {
    match Checkpoint::open(path, header, resume) {
        Err(CheckpointError::Other { .. }) => Checkpoint::open(path, header, false),
        other => other,
    }
}
