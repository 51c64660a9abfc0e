//! Dose-response curves.

use serde_json::Value;

use super::super::Failure;
use super::super::console::Console;
use super::super::stages::Scene;
use super::file_name;
use crate::objective::Target as _;
use crate::predict::Dosed;
use crate::predict::ask::{AskError, DoseQuestion, Readoff};
use crate::predict::dose::{
    self, DoseResponse, DoseResult, DoseSetup, FoldShift, dose_response, fold_shift, shift_gradient,
};
use crate::predict::feature::{CurveOf, Feature, FeatureTarget, features, moves, thinned};
use crate::predict::{Response as _, Warning};
use crate::report::figure;
use crate::study::fitted::Fitted;
use crate::study::job::Begin;
use crate::study::plan::{DoseInterval, DosePlan};
use crate::uncertainty::draw::{informative, truth};
use crate::uncertainty::profile::{Item, Options, Profiles};
use crate::uncertainty::{Interval, Method};

/// Draws from the priors where no number of replicates is given.
const DRAWS: u64 = 1000;
/// Stream of random numbers of the draws from the priors.
const PURPOSE: &str = "dose-prior";

/// What intervals are made of.
#[derive(Debug, Clone, Copy)]
pub struct Basis<'a> {
    /// Replicates of the fit; they are used where the bootstrap is asked for.
    pub replicates: &'a [Vec<f64>],
    /// Kinds of intervals; none: the bootstrap's.
    pub kinds: &'a [DoseInterval],
    /// Draws from the priors; `None`: as many as replicates.
    pub draws: Option<u64>,
    /// What to do with profiles of an earlier run.
    pub begin: Begin,
}

impl Basis<'_> {
    fn wants(&self, kind: DoseInterval) -> bool {
        wants(self.kinds, kind)
    }
}

/// Whether a kind of interval is asked for.
pub fn wants(kinds: &[DoseInterval], kind: DoseInterval) -> bool {
    kinds.contains(&kind) || (kinds.is_empty() && kind == DoseInterval::Bootstrap)
}

/// A curve with what comparisons with other curves need.
pub struct Dosing {
    /// The curve.
    pub result: DoseResult,
    /// The same over draws from the priors.
    prior: Option<DoseResult>,
    dosed: Dosed,
    setup: DoseSetup,
}

impl Dosing {
    fn curve(&self) -> (&Dosed, DoseSetup) {
        (&self.dosed, thinned(&self.setup))
    }
}

/// The question that a plan asks.
fn question(plan: &DosePlan) -> DoseQuestion {
    DoseQuestion {
        input: plan.input.clone(),
        range: plan.range.clone(),
        readoff: Readoff {
            observable: plan.observable.clone(),
            experiment: plan.experiment.clone(),
            time: plan.time,
            summary: plan.summary.clone().filter(|s| s != "value"),
        },
        full: plan.full,
    }
}

fn at_the_fit(e: impl Into<AskError>) -> Failure {
    Failure::from(e.into())
}

impl Scene<'_> {
    /// Whether a plan can be asked.
    pub fn check_dose(&self, plan: &DosePlan) -> Result<(), Failure> {
        let question = question(plan);
        self.expression(&question.readoff.expression(&self.prepared.problem)?)?;
        question.check(&self.setting())?;
        let coordinates = self.objective.coordinates();
        if plan.intervals.contains(&DoseInterval::Prior)
            && !coordinates.iter().any(|c| informative(c).is_some())
        {
            return Err(Failure::usage(
                "no estimated parameter has a prior, so there are no intervals from priors",
                "leave `prior` out of the intervals, or give priors in the parameter table",
            ));
        }
        Ok(())
    }

    /// A dose-response curve with its intervals; `name` is that of its files.
    pub fn dose(
        &self,
        fitted: &Fitted,
        basis: Basis<'_>,
        plan: &DosePlan,
        name: &str,
        console: &Console,
    ) -> Result<Dosing, Failure> {
        self.check_dose(plan)?;
        let asked = self.asked(fitted, &[]);
        let (dosed, setup) = question(plan).prepare(&asked)?;
        let theta = &fitted.optimum.theta;
        let replicates = match basis.wants(DoseInterval::Bootstrap) {
            true => basis.replicates,
            false => &[],
        };
        let compute = |replicates: &[Vec<f64>], covariance, what: &str| {
            let progress = console.progress(0, what);
            dose_response(&dosed, &setup, theta, replicates, covariance, &|t| {
                progress.tell(t)
            })
            .map_err(at_the_fit)
        };
        let mut result = compute(replicates, asked.covariance, "replicates of the curve")?;
        let mut prior = None;
        if basis.wants(DoseInterval::Prior) {
            let draws = self.prior_draws(fitted, basis);
            let of = compute(&draws, None, "draws from the priors")?;
            let summary = &mut result.response.summary;
            summary.add_priors(&of.response.summary, setup.level);
            result.response.prior_draws = draws.len();
            prior = Some(of);
        }
        let mut out = Dosing {
            result,
            prior,
            dosed,
            setup,
        };
        if basis.wants(DoseInterval::Profile) {
            self.profile_dose(fitted, basis.begin, &mut out, name, console)?;
        }
        Ok(out)
    }

    /// Parameters with the priors' values in the place of the estimates, where there are priors.
    fn prior_draws(&self, fitted: &Fitted, basis: Basis<'_>) -> Vec<Vec<f64>> {
        let count = basis.draws.unwrap_or(match basis.replicates.len() as u64 {
            0 => DRAWS,
            n => n,
        });
        let theta = &fitted.optimum.theta;
        (1..=count)
            .map(|k| {
                truth(
                    self.objective.coordinates(),
                    theta,
                    self.session.seed,
                    PURPOSE,
                    k,
                )
            })
            .collect()
    }

    /// Adds the profile intervals of what describes a curve.
    fn profile_dose(
        &self,
        fitted: &Fitted,
        begin: Begin,
        dosing: &mut Dosing,
        name: &str,
        console: &Console,
    ) -> Result<(), Failure> {
        let (response, setup) = dosing.curve();
        let theta = &fitted.optimum.theta;
        let curve = CurveOf {
            response,
            setup: &setup,
        };
        let mut ws = response.workspace();
        let at = dose::at(response, &setup, theta, &mut ws).map_err(at_the_fit)?;
        let by = dose::gradient_at(response, &setup, theta, &at, &mut ws).map_err(at_the_fit)?;
        let list = features(&at, &by, response.noise());
        let target = FeatureTarget {
            fit: &self.objective,
            curve,
            other: None,
        };
        let profiles = self.profile_features(fitted, begin, &target, &list, name, console)?;
        let response = &mut dosing.result.response;
        for (feature, interval) in intervals(&list, &profiles) {
            response.summary.add(feature, interval);
        }
        response.warnings.extend(remarks(&profiles));
        Ok(())
    }

    /// Profiles of features, one a unit of work.
    fn profile_features(
        &self,
        fitted: &Fitted,
        begin: Begin,
        target: &FeatureTarget<'_, crate::objective::Objective, Dosed>,
        list: &[Feature],
        name: &str,
        console: &Console,
    ) -> Result<Profiles, Failure> {
        let options = Options {
            level: self.session.level,
            ..Options::default()
        };
        let items: Vec<Item<'_, Feature>> = list
            .iter()
            .map(|f| Item::Prediction {
                id: format!("{f:?}"),
                quantity: f,
            })
            .collect();
        let curves = [Some(&target.curve), target.other.as_ref()];
        let names: Vec<String> = list
            .iter()
            .map(|f| {
                let of: Vec<String> = curves
                    .iter()
                    .flatten()
                    .map(|c| format!("{:?}", c.setup))
                    .collect();
                format!("{f:?} of {}", of.join(" and "))
            })
            .collect();
        let kind = format!("profile_of_{name}");
        let job = self.job_of_profiles(kind.into(), fitted, &names, &options);
        let (profiles, _) =
            self.profiled(target, fitted, (&items, &options), &job, begin, console)?;
        Ok(profiles)
    }

    /// Fold shift between two curves of the same replicates.
    pub fn shift(
        &self,
        fitted: &Fitted,
        basis: Basis<'_>,
        (from, to): (&Dosing, &Dosing),
        name: &str,
        console: &Console,
    ) -> Result<FoldShift, Failure> {
        let covariance = Some(&fitted.linearised.covariance);
        let mut shift = fold_shift(&from.result, &to.result, covariance);
        if let (Some(a), Some(b)) = (&from.prior, &to.prior) {
            let of = fold_shift(a, b, None).ec50.interval(self.session.level);
            if let Some(interval) = of {
                shift.ec50.add(Interval {
                    method: Method::Prior,
                    ..interval
                });
            }
        }
        // A shift that the model fixes has nothing to profile.
        let fixed = match (&from.result.gradient, &to.result.gradient) {
            (Some(a), Some(b)) => {
                let by = shift_gradient(a, b);
                !moves(&by, 1.0, from.dosed.noise())
            }
            _ => true,
        };
        if basis.wants(DoseInterval::Profile) && shift.ec50.value.is_finite() && !fixed {
            let ((response, setup), (other, second)) = (from.curve(), to.curve());
            let target = FeatureTarget {
                fit: &self.objective,
                curve: CurveOf {
                    response,
                    setup: &setup,
                },
                other: Some(CurveOf {
                    response: other,
                    setup: &second,
                }),
            };
            let list = [Feature::LogShift];
            let profiles =
                self.profile_features(fitted, basis.begin, &target, &list, name, console)?;
            for (feature, interval) in intervals(&list, &profiles) {
                shift.ec50.add(interval.map(|x| feature.natural(x)));
            }
            for w in remarks(&profiles) {
                console.note(format!("warning[{}]: {}", w.code, w.text));
            }
        }
        Ok(shift)
    }

    /// Writes fold shifts, with the curves that they are between: `shifts.*`, or `shifts_ID.*`.
    pub fn write_shifts(
        &self,
        id: Option<&str>,
        shifts: &[FoldShift],
        curves: &[DoseResponse],
    ) -> Result<Value, Failure> {
        #[derive(serde::Serialize)]
        struct Content<'a> {
            shifts: &'a [FoldShift],
        }
        let name = file_name("shifts", id);
        let document = self.write_document(&name, id.unwrap_or("shifts"), &Content { shifts })?;
        let columns = [
            "input",
            "from",
            "to",
            "ec50.value",
            "ec50.lower",
            "ec50.upper",
        ];
        self.write_table(&name, &document, "shifts", &columns)?;
        self.write_figures(&name, &figure::doses(&self.vocabulary(), curves))?;
        Ok(document)
    }

    /// Writes the files of a dose-response: `dose.*`, or `dose_ID.*`.
    pub fn write_dose(&self, id: Option<&str>, result: &DoseResult) -> Result<Value, Failure> {
        let name = file_name("dose", id);
        let document = self.write_document(&name, id.unwrap_or("dose"), &result.response)?;
        let columns = ["dose", "value", "lower", "upper", "extrapolated"];
        self.write_table(&name, &document, "curve", &columns)?;
        let figures = figure::doses(&self.vocabulary(), std::slice::from_ref(&result.response));
        self.write_figures(&name, &figures)?;
        Ok(document)
    }
}

/// The profile interval of each feature that has one.
fn intervals(list: &[Feature], profiles: &Profiles) -> Vec<(Feature, Interval)> {
    list.iter()
        .filter_map(|f| {
            let id = format!("{f:?}");
            let p = profiles.predictions.iter().find(|p| p.id == id)?;
            Some((*f, p.interval.clone()))
        })
        .collect()
}

/// What a reader has to know of profiles.
fn remarks(profiles: &Profiles) -> Vec<Warning> {
    let mut list: Vec<Warning> = profiles
        .refused
        .iter()
        .map(|(id, reason)| Warning::new("dose-profile", format!("no profile of {id}: {reason}")))
        .collect();
    if let Some(b) = profiles.better_optima.last() {
        list.push(Warning::new(
            "better-optimum",
            format!(
                "the profile of {} found a better optimum ({} instead of {}): its intervals are about that one; fit again with more starts",
                b.found_by, b.after, b.before
            ),
        ));
    }
    list
}

/// Pairs of curves between which a shift means something: those of one input, read the same way, in different
/// experiments.
pub fn comparable(doses: &[Dosing]) -> Vec<(usize, usize)> {
    let read = |d: &Dosing| -> Option<(String, String)> {
        let mut parts = d.result.response.response.splitn(3, '@');
        let (observable, _, time) = (parts.next()?, parts.next()?, parts.next()?);
        Some((observable.into(), time.into()))
    };
    let mut pairs = Vec::new();
    for (i, a) in doses.iter().enumerate() {
        for (j, b) in doses.iter().enumerate().skip(i + 1) {
            let (x, y) = (&a.result.response, &b.result.response);
            let same = x.input == y.input && read(a).is_some() && read(a) == read(b);
            // A curve over another range is the same curve.
            if same && x.response != y.response {
                pairs.push((i, j));
            }
        }
    }
    pairs
}
