//! A comparison of variants: starts of every variant, then simulated data of each, one a unit.

mod document;
mod fits;
mod size;

pub use document::CompareDocument;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::job::{Job, Manner};
use super::open::Prepared;
use super::stage_fit::StageError;
use crate::objective::{Objective, Target as _};
use crate::search;
use crate::simulate::Settings;
use crate::uncertainty::compare::{
    self, Comparison, Fitted, MisfitContext, MisfitReplicate, PairContext, PairReplicate, Variant,
};

/// Name of the result file.
pub const RESULT: &str = "compare.json";
/// Kind of the checkpoint of the simulated data.
const KIND: &str = "compare";

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
    /// The simulated data of all groups.
    fn job(&self, groups: u64) -> Job {
        let mut parts = self.parts();
        parts.insert("samples".into(), self.samples.to_string());
        Job {
            kind: KIND.into(),
            called: "simulated data sets",
            first: 0,
            units: groups.saturating_mul(self.samples),
            common: false,
            parts,
        }
    }

    /// Fits, simulates and ranks. Every piece fits all variants itself, and takes its part of the simulated data.
    ///
    /// # Errors
    /// [`StageError`].
    pub fn run(&self, progress: &(dyn Fn() + Sync)) -> Result<Outcome, StageError> {
        let (fits, mut taken_over) = self.fits(self.manner.begin, progress)?;
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
        let mut comparison = self.judged(ranked, &fitted, &misfits, &pairs, &outcome.records);
        self.describe(&mut comparison, &fitted, &starts)?;
        compare::exclude(&mut comparison);
        self.discriminate(&mut comparison, &variants, &fitted);
        comparison.conclusions = compare::conclusions(&comparison);
        Ok(Outcome::Whole(
            Box::new(self.document(comparison, &fitted)),
            taken_over,
        ))
    }

    /// The ranking with what the simulated data say: tests of pairs, goodness of fit of each variant.
    fn judged(
        &self,
        ranked: Comparison,
        fitted: &[Fitted],
        misfits: &[Option<MisfitContext<'_, Objective>>],
        pairs: &[PairContext<'_, Objective>],
        records: &BTreeMap<u64, Unit>,
    ) -> Comparison {
        let judged: Vec<_> = pairs
            .iter()
            .enumerate()
            .filter_map(|(k, p)| {
                let own = group(records, misfits.len() + k, self.samples);
                let list: Vec<PairReplicate> = own
                    .filter_map(|u| match u {
                        Unit::Pair(r) => Some(r.clone()),
                        _ => None,
                    })
                    .collect();
                (self.samples > 0).then(|| compare::summarise_pair(p, &list))
            })
            .collect();
        let mut comparison = compare::conclude(ranked, fitted, judged);
        for (k, (f, context)) in fitted.iter().zip(misfits).enumerate() {
            let Some(m) = comparison.models.iter_mut().find(|m| m.id == f.id) else {
                continue;
            };
            let list: Vec<MisfitReplicate> = group(records, k, self.samples)
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
        comparison
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
    let first = (group as u64).saturating_mul(samples);
    records
        .range(first..first.saturating_add(samples))
        .map(|(_, u)| u)
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
