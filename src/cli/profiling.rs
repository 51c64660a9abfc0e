//! Profiles of a fit: one item (parameter or prediction) a unit of work.

use std::borrow::Cow;
use std::sync::Mutex;

use serde::Serialize;
use serde_json::Value;

use crate::objective::{Objective, Target};
use crate::report::figure;
use crate::search::Control;
use crate::study::canonical::hash;
use crate::study::checkpoint::CheckpointError;
use crate::study::files;
use crate::study::fitted::{Fitted, SCHEMA_VERSION};
use crate::study::job::{Begin, Job, Manner, Shard};
use crate::study::plan::{ProfilePlan, Threshold};
use crate::study::result::ProblemHash;
use crate::study::stage_fit::parts;
use crate::study::stop::Why;
use crate::uncertainty::profile::{
    Calibration, Context, Item, ItemResult, LikelihoodRatios, Options, ThresholdKind, calibration,
    likelihood_ratios, profile_item, profiles,
};
use crate::uncertainty::{Linearised, Profiles, identifiability};

use super::Failure;
use super::console::Console;
use super::stages::Scene;

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
    job: Job,
    /// Draws of a calibrated threshold.
    samples: Option<u64>,
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
        let profiling = self.profiling(fitted, plan, None, resume, console)?;
        self.profile_all(fitted, &profiling, resume, console)
    }

    /// What is profiled; calibrates the thresholds if that is asked for. Each piece does that itself.
    pub fn profiling<'s>(
        &'s self,
        fitted: &Fitted,
        plan: &ProfilePlan,
        shard: Option<Shard>,
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
        let job = self.profile_job(fitted, &items, &options, samples);
        if let Some(samples) = samples {
            let manner = self
                .session
                .manner(&self.folder, shard, Begin::within(resume));
            options.calibrated =
                self.calibrate(fitted, &items, &options, samples, &job, &manner, console)?;
        }
        Ok(Profiling {
            items,
            options,
            job,
            samples,
        })
    }

    fn items(&self, plan: &ProfilePlan) -> Result<Items<'_>, Failure> {
        let coordinates = self.objective.coordinates();
        let mut items: Items<'_> = Vec::new();
        for id in &plan.parameters {
            items.push(Item::Parameter(self.coordinate(id)?));
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
        job: &Job,
        manner: &Manner<'_>,
        console: &Console,
    ) -> Result<Vec<Option<f64>>, Failure> {
        let ctx = self.context(fitted, items, options)?;
        let draws = Calibration::new(&ctx, self.session.seed).map_err(super::stages::refused)?;
        let job = Job {
            kind: "calibration".into(),
            called: "draws",
            first: 1,
            units: samples,
            common: true,
            parts: job.parts.clone(),
        };
        let progress = console.progress(samples, "draws");
        let done = job.run(
            manner,
            || self.objective.workspace(),
            |k, ws| likelihood_ratios(k, &draws, ws),
            &|| progress.step(),
        )?;
        drop(progress);
        let list: Vec<LikelihoodRatios> = done.records.into_values().collect();
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
        shard: Shard,
        resume: bool,
        console: &Console,
    ) -> Result<u64, Failure> {
        let ctx = self.context(fitted, &profiling.items, &profiling.options)?;
        let manner = self
            .session
            .manner(&self.folder, Some(shard), Begin::of(resume));
        let units = profiling.items.len() as u64 / shard.of;
        let progress = console.progress(units, "profiles");
        let done = profiling.job.run(
            &manner,
            || self.objective.workspace(),
            |k, ws| ItemResult {
                round: 0,
                item: k,
                outcome: profile_item(k, &ctx, ws),
            },
            &|| progress.step(),
        )?;
        drop(progress);
        Ok(done.records.len() as u64)
    }

    /// All profiles, those of the checkpoint taken over.
    pub fn profile_all(
        &self,
        fitted: &Fitted,
        profiling: &Profiling<'_>,
        resume: bool,
        console: &Console,
    ) -> Result<(Profiles, Value), Failure> {
        let (result, taken_over) = self.profiled(
            &self.objective,
            fitted,
            (&profiling.items, &profiling.options),
            &profiling.job,
            Begin::within(resume),
            console,
        )?;
        let result = self.judged(fitted, result)?;
        let document = self.write_profiles(&result, profiling.samples, taken_over)?;
        Ok((result, document))
    }

    /// Profiles of the items of a target, those of the checkpoint taken over; and how many those were. The target is this
    /// fit, with predictions of its own.
    pub fn profiled<T: Target>(
        &self,
        target: &T,
        fitted: &Fitted,
        (items, options): (&[Item<'_, T::Quantity>], &Options),
        job: &Job,
        begin: Begin,
        console: &Console,
    ) -> Result<(Profiles, u64), Failure> {
        let manner = self.session.manner(&self.folder, None, begin);
        let open = job.open::<ItemResult>(&manner)?;
        let checkpoint = open.checkpoint;
        let done: Vec<ItemResult> = open.done.into_values().collect();
        let taken_over = done.len() as u64;
        let progress = console.progress(items.len() as u64, "profiles");
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
            target,
            target.data(),
            &fitted.optimum,
            items,
            options,
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
        Ok((result, taken_over))
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
        let figures: Vec<figure::Figure> = figure::profiles(&self.vocabulary(), result, None)
            .into_iter()
            .collect();
        self.write_figures("profile", &figures)?;
        Ok(document)
    }

    fn profile_job(
        &self,
        fitted: &Fitted,
        items: &Items<'_>,
        options: &Options,
        samples: Option<u64>,
    ) -> Job {
        let names: Vec<String> = items
            .iter()
            .map(|i| match i {
                Item::Parameter(k) => format!("parameter {k}"),
                Item::Prediction { id, .. } => id.clone(),
            })
            .collect();
        let mut job = self.job_of_profiles("profile".into(), fitted, &names, options);
        if let Some(samples) = samples {
            let draws = format!("{samples} draws");
            job.parts.insert("calibration".into(), draws);
        }
        job
    }

    /// A job whose units are profiles from a fit.
    pub fn job_of_profiles(
        &self,
        kind: Cow<'static, str>,
        fitted: &Fitted,
        names: &[String],
        options: &Options,
    ) -> Job {
        let mut parts = parts(self.prepared, &self.session.settings, self.session.seed);
        let optimum = format!("{:?}", fitted.optimum.theta);
        parts.insert("optimum".into(), hash(optimum.as_bytes()));
        parts.insert("profile".into(), format!("{options:?}"));
        parts.insert("items".into(), names.join("; "));
        Job {
            kind,
            called: "profiles",
            first: 0,
            units: names.len() as u64,
            common: false,
            parts,
        }
    }
}
