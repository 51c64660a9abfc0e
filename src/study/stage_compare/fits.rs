//! The fits of all variants: starts, one a unit, and the best of each.

use std::collections::BTreeMap;

use super::super::fitted;
use super::super::fitting::{self, StartEnd, StartRecord, Starts};
use super::super::job::{Begin, Job, Manner};
use super::super::result::IntegrationSettings;
use super::super::stage_fit::StageError;
use super::{Candidate, CompareStage, Workspace, own};
use crate::fit;
use crate::objective::{Objective, Target as _};
use crate::uncertainty::compare::{Refused, Variant};

/// Kind of the checkpoint of the starts.
const FITS: &str = "compare-fits";
/// Further ends of starts from which the exact summary is fitted; it redescends and may have several optima.
const FURTHER_STARTS: usize = 4;
/// Distance on the estimation scale from which two ends are different points.
const APART: f64 = 1e-2;
/// Excess of the objective up to which the end of a start is worth another look.
const NEAR: f64 = 10.0;

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

impl CompareStage<'_> {
    /// Everything that a start depends on.
    pub(super) fn parts(&self) -> BTreeMap<String, String> {
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
                super::super::canonical::hash(text.as_bytes()),
            );
        }
        parts
    }

    fn fits_job(&self) -> Job {
        Job {
            kind: FITS.into(),
            called: "starts",
            first: 0,
            units: (self.candidates.len() as u64).saturating_mul(self.starts),
            common: true,
            parts: self.parts(),
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
    pub(super) fn fits(
        &self,
        begin: Begin,
        progress: &(dyn Fn() + Sync),
    ) -> Result<(BTreeMap<u64, StartRecord>, u64), StageError> {
        let options = self.fit_options();
        let manner = Manner {
            begin,
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

    /// Starts by variant, and the variants none of whose starts could be evaluated.
    pub(super) fn starts_of(
        &self,
        fits: &BTreeMap<u64, StartRecord>,
    ) -> (Vec<(usize, Starts)>, Vec<Refused>) {
        let mut refused = Vec::new();
        let mut starts: Vec<(usize, Starts)> = Vec::new();
        for (at, c) in self.candidates.iter().enumerate() {
            let first = (at as u64).saturating_mul(self.starts);
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

    /// Variants with their best fits and other ends of starts.
    pub(super) fn variants(
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
}
