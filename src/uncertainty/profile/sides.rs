//! Both sides of one profile: where each ends, and why.

use std::collections::BTreeMap;

use crate::objective::Target;
use crate::objective::target::to_natural;
use crate::problem::Scale;

use super::super::covariance::Scatter;
use super::super::interval::{Cause, End, Interval, Range};
use super::context::{Context, Kind};
use super::item::Outcome;
use super::one::BLIND_STEP;
use super::path::{Path, Solved};
use super::threshold::{Basis, two_sided};
use super::walk::{Reached, Settings, Walk};
use super::{OneSided, Point, Profile, ThresholdKind};

/// Share of the rise that a part of the objective must have to be what bounds an end.
const MAIN_CAUSE: f64 = 0.5;
/// Rise, relative to the threshold, that one standard error beyond a bound would have saved, at which the bound is named.
const BOUND_MATTERS: f64 = 0.02;
/// Movement in standard errors from which a parameter counts as having moved with the profile.
const MOVED: f64 = 0.5;
/// Most parameters named.
const MOST_NAMED: usize = 3;
/// Name of the streams of second looks.
const SCOUT: &str = "profile";

/// Both sides of one profile.
pub(super) struct Sides<'a, 'b, T: Target> {
    pub ctx: &'a Context<'b, T>,
    pub item: usize,
    pub id: String,
    pub kind: Kind<'a>,
    pub scale: Scale,
    pub natural_lower: bool,
    pub origin: Solved,
    pub limits: [f64; 2],
    pub spread: f64,
    pub held: Vec<bool>,
    pub scatter: Option<Scatter>,
}

/// One side's end with what belongs to it.
struct SideEnd {
    end: End,
    cause: Cause,
    /// Last point looked at for it.
    at: Option<Solved>,
    threshold: f64,
}

impl<T: Target> Sides<'_, '_, T> {
    pub(super) fn profile<P: Path>(self, path: &mut P) -> Outcome {
        let ctx = self.ctx;
        let options = &ctx.options;
        let basis = Basis::new(self.scatter, ctx.target.rows(), ctx.data);
        let p = two_sided(options.level, 1);
        let mut ends = Vec::new();
        let mut simultaneous = Vec::new();
        let mut further = Vec::new();
        let mut points = vec![self.origin.clone()];
        let mut failed: BTreeMap<String, u64> = BTreeMap::new();
        let mut refits = 0;
        let mut one_sided = None;
        for (side, direction) in [(0, -1.0), (1, 1.0)] {
            let threshold = ctx.threshold(self.item, &basis, p);
            let settings = Settings {
                step: options.step,
                accuracy: options.accuracy,
                max_refits: options.max_refits,
            };
            let step = options.step * threshold.sqrt() * self.spread;
            let scouts = if options.second_look {
                vec![
                    self.origin.theta.clone(),
                    ctx.spread
                        .point(ctx.seed, SCOUT, (2 * self.item + side) as u64),
                ]
            } else {
                Vec::new()
            };
            let mut walk = Walk::new(
                &mut *path,
                self.origin.clone(),
                direction,
                self.limits[side],
                step,
                settings,
            )
            .with_scouts(scouts);
            let end = match self.end(&mut walk, side, p) {
                Ok(end) => end,
                Err(better) => return better,
            };
            if let (End::Closed(_), Some(at)) = (end.end, &end.at) {
                let sets = match walk.beyond(at, end.threshold.sqrt(), options.beyond) {
                    Ok(sets) => sets,
                    Err(s) => {
                        return Outcome::Better {
                            objective: s.objective,
                            theta: s.theta,
                        };
                    }
                };
                further.extend(sets.into_iter().map(|(a, b)| {
                    let (a, b) = (self.natural(a), self.natural(b));
                    Range {
                        lower: Some(a.min(b)),
                        upper: Some(a.max(b)),
                    }
                }));
            }
            if options.simultaneous {
                match self.end(&mut walk, side, two_sided(options.level, ctx.items.len())) {
                    Ok(end) => simultaneous.push(end),
                    Err(better) => return better,
                }
            }
            // The lower end at a natural bound: the limit on the other side is one-sided.
            let at_natural = self.natural_lower
                && ends
                    .first()
                    .is_some_and(|e: &SideEnd| e.end == End::AtBound);
            if side == 1 && at_natural {
                match self.end(&mut walk, side, options.level) {
                    Ok(end) => one_sided = Some(OneSided::new(options.level, "upper", end.end)),
                    Err(better) => return better,
                }
            }
            points.extend(walk.points().iter().skip(1).cloned());
            refits += walk.refits;
            for (reason, n) in std::mem::take(&mut walk.failed) {
                *failed.entry(reason).or_insert(0) += n;
            }
            ends.push(end);
        }
        points.sort_by(|a, b| a.value.total_cmp(&b.value));
        let moved_with = [self.moved(&ends[0]), self.moved(&ends[1])];
        let threshold = ctx.threshold(self.item, &basis, p);
        let interval = self.interval(&ends);
        Outcome::Done(Box::new(Profile {
            id: self.id.clone(),
            points: points
                .iter()
                .map(|s| Point {
                    value: self.natural(s.value),
                    objective: s.objective,
                })
                .collect(),
            threshold,
            degrees_of_freedom: Some(basis.nu).filter(|nu| nu.is_finite()),
            inflation: basis.inflation,
            interval,
            simultaneous: (simultaneous.len() == 2).then(|| self.interval(&simultaneous)),
            one_sided,
            further_sets: further,
            moved_with,
            refits,
            failed,
            verdict: None,
            verdict_text: None,
        }))
    }

    fn natural(&self, x: f64) -> f64 {
        to_natural(self.scale, x)
    }

    fn interval(&self, ends: &[SideEnd]) -> Interval {
        Interval {
            method: self.ctx.method(),
            level: self.ctx.options.level,
            lower: ends[0].end.map(|x| self.natural(x)),
            upper: ends[1].end.map(|x| self.natural(x)),
            lower_cause: Some(ends[0].cause.clone()),
            upper_cause: Some(ends[1].cause.clone()),
        }
    }

    /// The end of one side at tail level `p`. Where other parameters have come to bounds on the way there, ν and KR are
    /// those of the free ones, and the end is looked for again.
    fn end<P: Path>(
        &self,
        walk: &mut Walk<'_, P>,
        side: usize,
        p: f64,
    ) -> Result<SideEnd, Outcome> {
        let mut held = self.held.clone();
        let mut scatter = self.scatter;
        // Each round can only hold more parameters.
        for _ in 0..=held.len() {
            let basis = Basis::new(scatter, self.ctx.target.rows(), self.ctx.data);
            let threshold = self.ctx.threshold(self.item, &basis, p);
            let reached = walk.reach(threshold.sqrt());
            let now: Vec<bool> = match &reached {
                Reached::Threshold(s) => s
                    .sides
                    .iter()
                    .zip(&held)
                    .map(|(s, h)| *s != 0 || *h)
                    .collect(),
                _ => held.clone(),
            };
            if now != held
                && self.ctx.options.threshold == ThresholdKind::SmallSample
                && let Some(constrained) = self.ctx.scatter(self.kind, &now)
            {
                held = now;
                scatter = Some(constrained);
                continue;
            }
            return self.judge(walk, reached, side, threshold);
        }
        Err(Outcome::Refused(
            "the parameters at bounds do not settle along the profile".into(),
        ))
    }

    fn judge<P: Path>(
        &self,
        walk: &Walk<'_, P>,
        reached: Reached,
        side: usize,
        threshold: f64,
    ) -> Result<SideEnd, Outcome> {
        let done = |end, cause, at| {
            Ok(SideEnd {
                end,
                cause,
                at,
                threshold,
            })
        };
        match reached {
            Reached::Better(s) => Err(Outcome::Better {
                objective: s.objective,
                theta: s.theta,
            }),
            Reached::Threshold(s) => done(End::Closed(s.value), self.cause(&s, threshold), Some(s)),
            Reached::Failed(reason) => done(
                End::Open,
                Cause::Failure(reason.into()),
                walk.points().last().cloned(),
            ),
            Reached::Spent(s) => done(End::Open, Cause::Refits, Some(s)),
            Reached::Stalled(s) => {
                let ids = self.at_bounds(&s);
                let cause = if ids.is_empty() {
                    Cause::Nothing
                } else {
                    Cause::Bound(ids)
                };
                done(End::AtBound, cause, Some(s))
            }
            Reached::Limit(s) => {
                if self.rises(walk, &s, side, threshold) {
                    let mut ids = match self.kind {
                        Kind::Parameter(_) => vec![self.id.clone()],
                        Kind::Prediction(_) => Vec::new(),
                    };
                    if ids.is_empty() {
                        ids = self.at_bounds(&s);
                    }
                    let end = if self.limits[side].is_finite() {
                        End::AtBound
                    } else {
                        End::Open
                    };
                    done(end, Cause::Bound(ids), Some(s))
                } else {
                    done(End::Open, Cause::Nothing, Some(s))
                }
            }
        }
    }

    /// Whether the objective still rises at the limit of a side: going on as over the last points, it would reach the
    /// threshold within the same distance again.
    fn rises<P: Path>(
        &self,
        walk: &Walk<'_, P>,
        last: &Solved,
        side: usize,
        threshold: f64,
    ) -> bool {
        let points = walk.points();
        let from = self.origin.control;
        let reach = (last.control - from).abs();
        if reach == 0.0 {
            return self.pressed(last, side, threshold);
        }
        let before = points
            .iter()
            .rev()
            .find(|p| (last.control - p.control).abs() > 0.05 * reach)
            .unwrap_or(&self.origin);
        let moved = (last.control - before.control).abs();
        let slope = (2.0 * (last.objective - before.objective) / moved).max(0.0);
        2.0 * (last.objective - self.origin.objective) + slope * reach >= threshold
    }

    /// Whether a fit that lies at the bound of this side is pressed against it: going on beyond it as steeply as there, over
    /// the whole range again, the objective would fall by the threshold. Beyond a natural bound there is nothing, and a fit
    /// that it holds is pressed against it however flat the objective is.
    fn pressed(&self, at: &Solved, side: usize, threshold: f64) -> bool {
        let Kind::Parameter(own) = self.kind else {
            return false;
        };
        let held = at.sides.get(own) == Some(&if side == 0 { -1 } else { 1 });
        let natural = side == 0 && self.natural_lower;
        let range = self.limits[1] - self.limits[0];
        let slope = at.gradient.get(own).map_or(0.0, |g| g.abs());
        held && (natural || !range.is_finite() || 2.0 * slope * range >= threshold)
    }

    /// Other parameters at bounds that do not hold the fit.
    fn at_bounds(&self, s: &Solved) -> Vec<String> {
        (0..s.sides.len())
            .filter(|&j| s.sides[j] != 0 && !self.held[j])
            .map(|j| self.ctx.coordinate(j).id.clone())
            .collect()
    }

    /// What bounds a closed end.
    fn cause(&self, s: &Solved, threshold: f64) -> Cause {
        let matter: Vec<String> = (0..s.sides.len())
            .filter(|&j| s.sides[j] != 0 && !self.held[j])
            .filter(|&j| {
                let c = self.ctx.coordinate(j);
                let se = self
                    .ctx
                    .fit
                    .covariance
                    .of_coordinate(j)
                    .map_or(c.upper - c.lower, |x| x.variance.sqrt());
                2.0 * s.gradient[j].abs() * se.min(c.upper - c.lower) > BOUND_MATTERS * threshold
            })
            .map(|j| self.ctx.coordinate(j).id.clone())
            .collect();
        if !matter.is_empty() {
            return Cause::Bound(matter);
        }
        let rise = s.objective - self.origin.objective;
        let prior = self.origin.parts.log_prior - s.parts.log_prior;
        let relations = s.parts.penalty - self.origin.parts.penalty;
        if prior > MAIN_CAUSE * rise {
            Cause::Prior
        } else if relations > MAIN_CAUSE * rise {
            Cause::Relations
        } else {
            Cause::Data
        }
    }

    /// Parameters that moved most in standard errors between the fit and an end, the profiled one left out.
    fn moved(&self, end: &SideEnd) -> Vec<String> {
        let Some(s) = &end.at else {
            return Vec::new();
        };
        let mut list: Vec<(f64, usize)> = (0..s.theta.len())
            .filter(|j| !matches!(self.kind, Kind::Parameter(k) if k == *j))
            .map(|j| {
                let c = self.ctx.coordinate(j);
                let se = self
                    .ctx
                    .fit
                    .covariance
                    .of_coordinate(j)
                    .map_or(BLIND_STEP * (c.upper - c.lower), |x| x.variance.sqrt());
                ((s.theta[j] - self.origin.theta[j]).abs() / se, j)
            })
            .filter(|(moved, _)| *moved > MOVED)
            .collect();
        list.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        list.truncate(MOST_NAMED);
        list.iter()
            .map(|(_, j)| self.ctx.coordinate(*j).id.clone())
            .collect()
    }
}
