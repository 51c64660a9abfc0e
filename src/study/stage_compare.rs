//! A comparison of variants: starts of every variant, then simulated data of each, one a unit.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::fitted::{self, SCHEMA_VERSION};
use super::fitting::{self, StartEnd, StartRecord, Starts};
use super::job::{Job, Manner};
use super::open::Prepared;
use super::result::{ARITHMETIC, FitSettings, IntegrationSettings, RANDOMNESS, SearchSettings};
use super::stage_fit::StageError;
use crate::fit;
use crate::objective::{Objective, Target as _};
use crate::search;
use crate::simulate::Settings;
use crate::uncertainty::compare::{
    self, Comparison, Fitted, MisfitContext, MisfitReplicate, PairContext, PairReplicate, Refused,
    Relation, Variant,
};
use crate::uncertainty::verdict::Verdict;

/// Name of the result file.
pub const RESULT: &str = "compare.json";
/// Kind of the checkpoint of the simulated data.
pub const KIND: &str = "compare";
/// Kind of the checkpoint of the starts.
pub const FITS: &str = "compare-fits";
/// Further ends of starts from which the exact summary is fitted; it redescends and may have several optima.
const FURTHER_STARTS: usize = 4;
/// Distance on the estimation scale from which two ends are different points.
const APART: f64 = 1e-2;
/// Excess of the objective up to which the end of a start is worth another look.
const NEAR: f64 = 10.0;

/// A variant to be compared, compiled.
#[derive(Debug)]
pub struct Candidate<'s> {
    /// Id.
    pub id: String,
    /// What it assumes.
    pub description: String,
    /// Larger variants that contain it.
    pub nested_in: Vec<String>,
    /// Problem and model as the scenario and the variant have them.
    pub prepared: Prepared<'s>,
    /// Compiled; its quantities are the measurements that could tell variants apart.
    pub objective: Objective,
}

impl Candidate<'_> {
    /// Constants that parts or the variant table hold, by id: where a larger variant begins from this one.
    fn fixed(&self) -> Vec<(String, f64)> {
        let of_parts = self
            .prepared
            .models
            .iter()
            .flat_map(|m| &m.parameters)
            .filter(|p| p.fixed)
            .filter_map(|p| Some((p.id.clone(), p.value.as_number()?)));
        let of_table = self
            .prepared
            .problem
            .parameters
            .iter()
            .filter(|p| !p.estimate)
            .filter_map(|p| Some((p.id.clone(), p.nominal?)));
        of_parts.chain(of_table).collect()
    }
}

/// A comparison to be made.
#[derive(Debug)]
pub struct CompareStage<'a> {
    /// Variants in the table's order.
    pub candidates: &'a [Candidate<'a>],
    /// Starts of each.
    pub starts: u64,
    /// Simulated data sets of each test; 0: none.
    pub samples: u64,
    /// Seed.
    pub seed: u64,
    /// Level of the intervals.
    pub level: f64,
    /// Search.
    pub search: search::Options,
    /// Settings of the simulations.
    pub integration: &'a Settings,
    /// Where its records go, which piece, and when to stop.
    pub manner: Manner<'a>,
    /// Measurements that could tell variants apart, with their observables: the objectives' quantities, in order.
    pub measurements: Vec<(String, String)>,
}

/// `compare.json` without provenance.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CompareDocument {
    /// Version of the format.
    pub schema_version: u32,
    /// Scenario.
    pub scenario: String,
    /// What it assumes.
    pub scenario_description: String,
    /// Hash of each variant's problem and model as understood.
    pub problems: BTreeMap<String, String>,
    /// Seed.
    pub seed: u64,
    /// Starts of each variant.
    pub starts: u64,
    /// Simulated data sets of each test.
    pub samples: u64,
    /// Level of the intervals.
    pub level: f64,
    /// Settings of the integration.
    pub integration: IntegrationSettings,
    /// Σn of the means and single measurements.
    pub n_replicates: u64,
    /// Variances of the exact summary.
    pub n_variances: u64,
    /// The comparison.
    #[serde(flatten)]
    pub comparison: Comparison,
}

/// What came of it.
#[derive(Debug)]
pub enum Outcome {
    /// Everything is there; the number of units taken over from earlier runs.
    Whole(Box<CompareDocument>, u64),
    /// The units of a shard are kept; `merge` joins them.
    Shard {
        /// Units in it.
        done: u64,
    },
}

/// A simulated data set.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Unit {
    /// Drawn from one variant and refitted by it.
    Misfit(MisfitReplicate),
    /// Drawn from one or both of a pair and refitted by both.
    Pair(PairReplicate),
    /// Data cannot be drawn.
    None(String),
}

type Workspace = <Objective as crate::objective::Target>::Workspace;

/// Scratch memory of the group that a thread is at.
#[derive(Default)]
struct Scratch {
    misfit: Option<(usize, Workspace)>,
    pair: Option<(usize, (Workspace, Workspace))>,
}

impl CompareStage<'_> {
    fn parts(&self) -> BTreeMap<String, String> {
        let i = IntegrationSettings::of(self.integration);
        let mut parts = BTreeMap::from([
            ("seed".to_string(), self.seed.to_string()),
            ("starts".into(), self.starts.to_string()),
            ("search".into(), format!("{:?}", self.search)),
            (
                "integration".into(),
                format!("{} rtol {:?} atol {:?}", i.method, i.rtol, i.atol),
            ),
            ("program version".into(), env!("CARGO_PKG_VERSION").into()),
        ]);
        let ids: Vec<&str> = self.candidates.iter().map(|c| c.id.as_str()).collect();
        parts.insert("variants".into(), ids.join(", "));
        for c in self.candidates {
            let nested = c.nested_in.join(";");
            let mut text = format!("{} {nested}", c.prepared.canonical.sha256());
            text += &format!(" {:?}", c.objective.nominal_point());
            parts.insert(
                format!("variant {}", c.id),
                super::canonical::hash(text.as_bytes()),
            );
        }
        parts
    }

    fn fits_job(&self) -> Job {
        Job {
            kind: FITS,
            called: "starts",
            first: 0,
            units: self.candidates.len() as u64 * self.starts,
            parts: self.parts(),
        }
    }

    /// The simulated data of all groups.
    fn job(&self, groups: u64) -> Job {
        let mut parts = self.parts();
        parts.insert("samples".into(), self.samples.to_string());
        Job {
            kind: KIND,
            called: "simulated data sets",
            first: 0,
            units: groups * self.samples,
            parts,
        }
    }

    fn fit_options(&self) -> fit::Options {
        fit::Options {
            starts: usize::try_from(self.starts).unwrap_or(usize::MAX),
            seed: self.seed,
            search: self.search,
        }
    }

    /// Every start of every variant: the same in every piece.
    fn fits(
        &self,
        progress: &(dyn Fn() + Sync),
    ) -> Result<(BTreeMap<u64, StartRecord>, u64), StageError> {
        let options = self.fit_options();
        let manner = Manner {
            shard: None,
            ..self.manner
        };
        let done = self.fits_job().run(
            &manner,
            || None::<(usize, Workspace)>,
            |unit, scratch| {
                let at = usize::try_from(unit / self.starts).unwrap_or(usize::MAX);
                let Some(c) = self.candidates.get(at) else {
                    return StartRecord::missing();
                };
                let ws = own(scratch, at, || c.objective.workspace());
                fitting::start(&c.objective, unit % self.starts, &options, ws)
            },
            progress,
        )?;
        Ok((done.records, done.taken_over))
    }

    /// Fits, simulates and ranks. Every piece fits all variants itself, and takes its part of the simulated data.
    ///
    /// # Errors
    /// [`StageError`].
    pub fn run(&self, progress: &(dyn Fn() + Sync)) -> Result<Outcome, StageError> {
        let (fits, mut taken_over) = self.fits(progress)?;
        let (starts, mut refused) = self.starts_of(&fits);
        let variants = self.variants(&starts)?;
        let (fitted, more) = compare::fit_variants(&variants, &self.search);
        refused.extend(more);
        let ranked = compare::rank(&fitted, refused);

        let misfits: Vec<Option<MisfitContext<'_, Objective>>> = fitted
            .iter()
            .map(|f| {
                let v = variants.iter().find(|v| v.id == f.id)?;
                MisfitContext::new(v, f, self.seed, self.search).ok()
            })
            .collect();
        let pairs = pairs(&variants, &fitted, &ranked, self.seed, &self.search);
        let groups = (misfits.len() + pairs.len()) as u64;
        let outcome = self.job(groups).run(
            &self.manner,
            Scratch::default,
            |unit, scratch| self.unit(unit, &misfits, &pairs, scratch),
            progress,
        )?;
        taken_over += outcome.taken_over;
        if !outcome.whole {
            return Ok(Outcome::Shard {
                done: outcome.records.len() as u64,
            });
        }
        let judged: Vec<_> = pairs
            .iter()
            .enumerate()
            .filter_map(|(k, p)| {
                let own = group(&outcome.records, misfits.len() + k, self.samples);
                let list: Vec<PairReplicate> = own
                    .filter_map(|u| match u {
                        Unit::Pair(r) => Some(r.clone()),
                        _ => None,
                    })
                    .collect();
                (self.samples > 0).then(|| compare::summarise_pair(p, &list))
            })
            .collect();
        let mut comparison = compare::conclude(ranked, &fitted, judged);
        for (k, (f, context)) in fitted.iter().zip(&misfits).enumerate() {
            let Some(m) = comparison.models.iter_mut().find(|m| m.id == f.id) else {
                continue;
            };
            let list: Vec<MisfitReplicate> = group(&outcome.records, k, self.samples)
                .filter_map(|u| match u {
                    Unit::Misfit(r) => Some(r.clone()),
                    _ => None,
                })
                .collect();
            if let Some(context) = context.as_ref().filter(|_| self.samples > 0) {
                let s = context.summarise(&list);
                m.p_value_bootstrap = s.means;
                m.p_value_bootstrap_all = s.all;
                m.goodness_samples = [s.samples, s.failed];
            }
        }
        self.describe(&mut comparison, &fitted, &starts)?;
        compare::exclude(&mut comparison);
        self.discriminate(&mut comparison, &variants, &fitted);
        comparison.conclusions = compare::conclusions(&comparison);
        Ok(Outcome::Whole(
            Box::new(self.document(comparison, &fitted)),
            taken_over,
        ))
    }

    /// Fits the variants, and measures how often the bootstrap likelihood ratio of the nested pair `small`, `large` rejects
    /// the smaller one in data drawn from it.
    ///
    /// # Errors
    /// [`StageError`]; `Ok(None)` if one of the two has no fit.
    pub fn size(
        &self,
        small: &str,
        large: &str,
        sets: u64,
        progress: &(dyn Fn() + Sync),
    ) -> Result<Option<compare::TestSize>, StageError> {
        let (fits, _) = self.fits(progress)?;
        let (starts, _) = self.starts_of(&fits);
        let variants = self.variants(&starts)?;
        let (fitted, _) = compare::fit_variants(&variants, &self.search);
        let find = |id: &str| {
            Some((
                variants.iter().find(|v| v.id == id)?,
                fitted.iter().find(|f| f.id == id)?,
            ))
        };
        let Some((a, b)) = find(small).zip(find(large)) else {
            return Ok(None);
        };
        let Ok(context) = PairContext::new(a, b, self.seed, self.search) else {
            return Ok(None);
        };
        let ks: Vec<u64> = (1..=sets).collect();
        let list = context.size_replicates(&ks, &|_, _| {
            progress();
            match self.manner.stop.reason() {
                Some(_) => search::Control::Stop,
                None => search::Control::Continue,
            }
        });
        match self.manner.stop.reason() {
            Some(why) if (list.len() as u64) < sets => Err(StageError::Stopped {
                why,
                done: list.len() as u64,
                of: sets,
                units: "data sets",
            }),
            _ => Ok(Some(context.size(&list))),
        }
    }

    /// Starts by variant, and the variants none of whose starts could be evaluated.
    fn starts_of(&self, fits: &BTreeMap<u64, StartRecord>) -> (Vec<(usize, Starts)>, Vec<Refused>) {
        let mut refused = Vec::new();
        let mut starts: Vec<(usize, Starts)> = Vec::new();
        for (at, c) in self.candidates.iter().enumerate() {
            let first = at as u64 * self.starts;
            let own = (0..self.starts)
                .filter_map(|s| Some((s, fits.get(&(first + s))?.clone())))
                .collect();
            match Starts::new(own, self.starts) {
                Ok(list) => starts.push((at, list)),
                Err(failures) => refused.push(Refused {
                    id: c.id.clone(),
                    reason: match failures.first() {
                        Some(f) => format!("no start could be evaluated: {}", f.message),
                        None => "no start could be evaluated".into(),
                    },
                }),
            }
        }
        (starts, refused)
    }

    fn unit(
        &self,
        unit: u64,
        misfits: &[Option<MisfitContext<'_, Objective>>],
        pairs: &[PairContext<'_, Objective>],
        scratch: &mut Scratch,
    ) -> Unit {
        let group = usize::try_from(unit / self.samples.max(1)).unwrap_or(usize::MAX);
        let k = unit % self.samples.max(1) + 1;
        if let Some(context) = misfits.get(group) {
            return match context {
                None => Unit::None("data cannot be drawn from this fit".into()),
                Some(c) => {
                    let ws = own(&mut scratch.misfit, group, || c.target().workspace());
                    Unit::Misfit(c.replicate(k, ws))
                }
            };
        }
        match pairs.get(group.wrapping_sub(misfits.len())) {
            None => Unit::None("no such pair".into()),
            Some(p) => {
                let ws = own(&mut scratch.pair, group, || p.workspaces());
                Unit::Pair(compare::pair_replicate(k, p, ws))
            }
        }
    }

    /// Variants with their best fits and other ends of starts.
    fn variants(
        &self,
        starts: &[(usize, Starts)],
    ) -> Result<Vec<Variant<'_, Objective>>, StageError> {
        let mut list = Vec::new();
        for (at, s) in starts {
            let Some((c, end)) = self.candidates.get(*at).zip(s.end()) else {
                continue;
            };
            let mut ws = c.objective.workspace();
            let mut others: Vec<&StartEnd> = s
                .records
                .values()
                .filter_map(|r| r.outcome.as_ref().ok())
                .filter(|e| e.objective <= end.objective + NEAR)
                .collect();
            others.sort_by(|a, b| a.objective.total_cmp(&b.objective));
            let mut further: Vec<Vec<f64>> = Vec::new();
            for other in others {
                let apart = |x: &[f64]| {
                    x.iter()
                        .zip(&other.theta)
                        .any(|(a, b)| (a - b).abs() > APART)
                };
                if further.len() < FURTHER_STARTS
                    && apart(&end.theta)
                    && further.iter().all(|x| apart(x))
                {
                    further.push(other.theta.clone());
                }
            }
            list.push(Variant {
                id: c.id.clone(),
                target: &c.objective,
                optimum: fitted::optimum(&c.objective, end, &mut ws)?,
                starts: further,
                nested_in: c.nested_in.clone(),
                fixed: c.fixed(),
            });
        }
        Ok(list)
    }

    /// What each ranked variant assumes, estimates and shows.
    fn describe(
        &self,
        comparison: &mut Comparison,
        fits: &[Fitted],
        starts: &[(usize, Starts)],
    ) -> Result<(), StageError> {
        for m in &mut comparison.models {
            let Some((at, c)) = self
                .candidates
                .iter()
                .enumerate()
                .find(|(_, c)| c.id == m.id)
            else {
                continue;
            };
            let Some((f, s)) = fits
                .iter()
                .find(|f| f.id == m.id)
                .zip(starts.iter().find(|(k, _)| *k == at))
            else {
                continue;
            };
            let settings = FitSettings {
                seed: self.seed,
                starts: self.starts,
                level: self.level,
                integration: IntegrationSettings::of(self.integration),
                search: SearchSettings::of(&self.search),
                likelihood: String::new(),
                arithmetic: ARITHMETIC.into(),
                randomness: RANDOMNESS.into(),
            };
            let document = fitted::from_end(
                &c.prepared,
                &c.objective,
                &StartEnd::of(f.optimum.clone()),
                s.1.document(),
                settings,
                None,
                &mut c.objective.workspace(),
            )?
            .document;
            m.description.clone_from(&c.description);
            m.at_best = [document.starts.at_best, document.starts.n];
            m.relations = document
                .relations
                .iter()
                .map(|r| Relation {
                    id: r.id.clone(),
                    holds: r.holds,
                    margin: r.margin,
                    value: r.value,
                    usage: r.usage.clone(),
                })
                .collect();
            m.facts = compare::facts(&m.relations);
            m.identifiable = document
                .estimates
                .iter()
                .filter(|e| e.verdict == Some(Verdict::Identifiable))
                .count() as u64;
            m.estimates = document.estimates;
            m.given_up = f
                .exact
                .given_up
                .iter()
                .filter_map(|i| c.objective.rows().get(*i))
                .map(|r| format!("{}@{}@{}", r.observable, r.experiment, r.time))
                .collect();
        }
        Ok(())
    }

    /// The measurements that would tell the best from each variant against which nothing speaks.
    fn discriminate(
        &self,
        comparison: &mut Comparison,
        variants: &[Variant<'_, Objective>],
        fits: &[Fitted],
    ) {
        let open: Vec<&str> = comparison
            .models
            .iter()
            .enumerate()
            .filter(|(i, m)| *i == 0 || m.excluded_by.is_empty())
            .map(|(_, m)| m.id.as_str())
            .collect();
        let predictions: Vec<compare::Predicted> = open
            .iter()
            .filter_map(|id| {
                let v = variants.iter().find(|v| v.id == *id)?;
                let f = fits.iter().find(|f| f.id == *id)?;
                let quantities: Vec<_> = v.target.quantities.iter().collect();
                Some(compare::predicted(v, f, &quantities))
            })
            .collect();
        let Some(((first, rest), target)) = predictions
            .split_first()
            .zip(variants.first().map(|v| v.target))
        else {
            return;
        };
        comparison.discriminations = rest
            .iter()
            .map(|other| compare::discriminate(target, &self.measurements, first, other))
            .collect();
    }

    fn document(&self, comparison: Comparison, fits: &[Fitted]) -> CompareDocument {
        let scenario = self.candidates.first().map(|c| &c.prepared.scenario);
        CompareDocument {
            schema_version: SCHEMA_VERSION,
            scenario: scenario.map(|s| s.id.clone()).unwrap_or_default(),
            scenario_description: scenario
                .and_then(|s| s.description.clone())
                .unwrap_or_default(),
            problems: self
                .candidates
                .iter()
                .map(|c| (c.id.clone(), c.prepared.canonical.sha256()))
                .collect(),
            seed: self.seed,
            starts: self.starts,
            samples: self.samples,
            level: self.level,
            integration: IntegrationSettings::of(self.integration),
            n_replicates: fits.first().map_or(0, |f| f.criteria.n_replicates),
            n_variances: fits.first().map_or(0, |f| f.criteria.n_variances),
            comparison,
        }
    }
}

/// The workspace of a group, made anew when a thread comes to another one.
fn own<W>(slot: &mut Option<(usize, W)>, group: usize, make: impl FnOnce() -> W) -> &mut W {
    if slot.as_ref().is_some_and(|(at, _)| *at != group) {
        *slot = None;
    }
    &mut slot.get_or_insert_with(|| (group, make())).1
}

/// The records of one group of units.
fn group(records: &BTreeMap<u64, Unit>, group: usize, samples: u64) -> impl Iterator<Item = &Unit> {
    let first = group as u64 * samples;
    records.range(first..first + samples).map(|(_, u)| u)
}

/// Nested pairs, and the best against every other variant; those whose data cannot be drawn are left out.
fn pairs<'v>(
    variants: &'v [Variant<'v, Objective>],
    fits: &'v [Fitted],
    ranked: &Comparison,
    seed: u64,
    search: &search::Options,
) -> Vec<PairContext<'v, Objective>> {
    let find = |id: &str| {
        Some((
            variants.iter().find(|v| v.id == id)?,
            fits.iter().find(|f| f.id == id)?,
        ))
    };
    let mut wanted: Vec<(String, String)> = Vec::new();
    for f in fits {
        for large in &f.nested_in {
            wanted.push((f.id.clone(), large.clone()));
        }
    }
    if let Some(best) = ranked.models.first() {
        for m in ranked.models.iter().skip(1) {
            let known = wanted
                .iter()
                .any(|(a, b)| (*a == m.id && *b == best.id) || (*b == m.id && *a == best.id));
            if !known {
                wanted.push((best.id.clone(), m.id.clone()));
            }
        }
    }
    wanted
        .iter()
        .filter_map(|(a, b)| PairContext::new(find(a)?, find(b)?, seed, *search).ok())
        .collect()
}
