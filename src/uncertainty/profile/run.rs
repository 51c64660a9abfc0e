//! Profiles of all items, redone from a better optimum if one is found.

use std::collections::BTreeMap;

use crate::fit::{Optimum, refit};
use crate::objective::target::to_natural;
use crate::objective::{Coordinate, Data, EvalError, Target};
use crate::problem::Scale;
use crate::search::Control;

use super::super::covariance::Scatter;
use super::super::fisher::Linearised;
use super::super::interval::{Cause, End, Interval, Method, Range};
use super::super::refits::{Spread, converged, sides};
use super::super::run::run;
use super::item::{Item, ItemResult, Outcome};
use super::path::{OfParameter, OfPrediction, Path, Solved};
use super::threshold::{Basis, chi2, two_sided};
use super::walk::{Reached, Settings, Walk};
use super::{BetterOptimum, OneSided, Options, Point, Profile, Profiles, ThresholdKind};

/// Rounds after which better optima are reported but no longer followed.
const MAX_ROUNDS: u64 = 5;
/// ρ of a prediction's path in units of 1/variance: points are spaced as asked for, to 4 %.
const STIFFNESS: f64 = 25.0;
/// First step of a quantity without a standard error, as a share of its range (or of its size).
const BLIND_STEP: f64 = 0.02;
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

/// What all profiles of a round share.
#[derive(Debug)]
pub struct Context<'a, T: Target> {
    /// Target.
    pub target: &'a T,
    /// Data.
    pub data: &'a Data,
    /// What is profiled.
    pub items: Vec<Item<'a, T::Quantity>>,
    /// Settings.
    pub options: Options,
    /// The fit.
    pub optimum: Optimum,
    /// The fit, linearised in the parameters that no bound holds.
    pub fit: Linearised,
    /// Seed of second looks.
    pub seed: u64,
    spread: Spread,
}

impl<'a, T: Target> Context<'a, T> {
    /// Prepares profiles of `items` from `optimum`.
    ///
    /// # Errors
    /// [`EvalError`] if the fit cannot be linearised.
    pub fn new(
        target: &'a T,
        data: &'a Data,
        optimum: Optimum,
        items: Vec<Item<'a, T::Quantity>>,
        options: Options,
        seed: u64,
    ) -> Result<Self, EvalError> {
        let free: Vec<bool> = optimum.at_bound.iter().map(Option::is_none).collect();
        let fit = Linearised::at(target, data, &optimum.theta, &free, &mut target.workspace())?;
        Ok(Self {
            spread: Spread::new(target.coordinates(), &fit),
            target,
            data,
            items,
            options,
            optimum,
            fit,
            seed,
        })
    }

    /// Variance of an item, with the coordinates in `held` at their bounds and its own one free.
    fn scatter(&self, kind: Kind<'_>, held: &[bool]) -> Option<Scatter> {
        let free = held.iter().map(|h| !h).collect::<Vec<_>>();
        match kind {
            Kind::Parameter(k) => {
                let mut free = free;
                *free.get_mut(k)? = true;
                self.fit.covariance.with_free(free).of_coordinate(k)
            }
            Kind::Prediction(slope) => self.fit.covariance.with_free(free).of(slope),
        }
    }

    /// Rise of twice the objective for an item at tail level `p`.
    fn threshold(&self, item: usize, basis: &Basis, p: f64) -> f64 {
        match self.options.threshold {
            ThresholdKind::SmallSample => basis.small_sample(p),
            ThresholdKind::Chi2 => chi2(p),
            // A calibration is of the two-sided pointwise level only.
            ThresholdKind::Bootstrap if p == two_sided(self.options.level, 1) => self
                .options
                .calibrated
                .get(item)
                .copied()
                .flatten()
                .unwrap_or_else(|| basis.small_sample(p)),
            ThresholdKind::Bootstrap => basis.small_sample(p),
        }
    }

    fn method(&self) -> Method {
        match self.options.threshold {
            ThresholdKind::SmallSample => Method::Profile,
            ThresholdKind::Chi2 => Method::ProfileChi2,
            ThresholdKind::Bootstrap => Method::ProfileBootstrap,
        }
    }

    fn coordinate(&self, k: usize) -> &Coordinate {
        &self.target.coordinates()[k]
    }
}

/// What an item is, as its variance needs it.
#[derive(Clone, Copy)]
enum Kind<'a> {
    Parameter(usize),
    Prediction(&'a [f64]),
}

/// The profile of item `k`: a pure function of its number and the context.
pub fn profile_item<T: Target>(k: u64, ctx: &Context<'_, T>, ws: &mut T::Workspace) -> Outcome {
    let item = k as usize;
    match ctx.items.get(item) {
        None => Outcome::Refused("there is no such item".into()),
        Some(Item::Parameter(j)) => parameter(item, *j, ctx, ws),
        Some(Item::Prediction { id, quantity }) => prediction::<T>(item, id, quantity, ctx, ws),
    }
}

fn parameter<T: Target>(
    item: usize,
    j: usize,
    ctx: &Context<'_, T>,
    ws: &mut T::Workspace,
) -> Outcome {
    let Some(c) = ctx.target.coordinates().get(j) else {
        return Outcome::Refused("there is no such parameter".into());
    };
    let held: Vec<bool> = ctx.optimum.at_bound.iter().map(Option::is_some).collect();
    let scatter = ctx.scatter(Kind::Parameter(j), &held);
    let range = c.upper - c.lower;
    let spread = scatter.map(|s| s.variance.sqrt()).unwrap_or_else(|| {
        if range.is_finite() {
            BLIND_STEP * range
        } else {
            1.0
        }
    });
    let mut path = OfParameter {
        target: ctx.target,
        data: ctx.data,
        coordinate: j,
        search: &ctx.options.search,
        ws,
    };
    Sides {
        ctx,
        item,
        id: c.id.clone(),
        kind: Kind::Parameter(j),
        scale: c.scale,
        natural_lower: c.natural_lower,
        origin: origin(ctx, ctx.optimum.theta[j]),
        limits: [c.lower, c.upper],
        spread,
        held,
        scatter,
    }
    .profile(&mut path)
}

fn prediction<T: Target>(
    item: usize,
    id: &str,
    quantity: &T::Quantity,
    ctx: &Context<'_, T>,
    ws: &mut T::Workspace,
) -> Outcome {
    let (value, slope) = match ctx.target.predict(quantity, &ctx.optimum.theta, ws) {
        Ok(p) if p.0.is_finite() => p,
        Ok(p) => return Outcome::Refused(format!("its value at the fit is {}", p.0)),
        Err(e) => return Outcome::Refused(e.to_string()),
    };
    let held: Vec<bool> = ctx.optimum.at_bound.iter().map(Option::is_some).collect();
    let scatter = ctx.scatter(Kind::Prediction(&slope), &held);
    let spread = scatter
        .map(|s| s.variance.sqrt())
        .filter(|s| *s > 0.0)
        .unwrap_or_else(|| BLIND_STEP * value.abs().max(f64::MIN_POSITIVE.sqrt()));
    let mut path = OfPrediction {
        target: ctx.target,
        data: ctx.data,
        quantity,
        stiffness: STIFFNESS / (spread * spread),
        search: &ctx.options.search,
        ws,
    };
    Sides {
        ctx,
        item,
        id: id.to_string(),
        kind: Kind::Prediction(&slope),
        scale: Scale::Lin,
        natural_lower: false,
        origin: origin(ctx, value),
        limits: [f64::NEG_INFINITY, f64::INFINITY],
        spread,
        held,
        scatter,
    }
    .profile(&mut path)
}

/// The fit as the first point of a profile.
fn origin<T: Target>(ctx: &Context<'_, T>, value: f64) -> Solved {
    let o = &ctx.optimum;
    Solved {
        control: value,
        value,
        objective: o.evaluated.value,
        parts: o.evaluated.parts,
        theta: o.theta.clone(),
        sides: sides(&o.at_bound),
        gradient: o.evaluated.gradient.clone(),
    }
}

/// Both sides of one profile.
struct Sides<'a, 'b, T: Target> {
    ctx: &'a Context<'b, T>,
    item: usize,
    id: String,
    kind: Kind<'a>,
    scale: Scale,
    natural_lower: bool,
    origin: Solved,
    limits: [f64; 2],
    spread: f64,
    held: Vec<bool>,
    scatter: Option<Scatter>,
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
    fn profile<P: Path>(self, path: &mut P) -> Outcome {
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
            let scouts = vec![
                self.origin.theta.clone(),
                ctx.spread
                    .point(ctx.seed, SCOUT, (2 * self.item + side) as u64),
            ];
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
                if self.rises(walk, &s, threshold) {
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

    /// Whether the objective still rises at the limit: going on as over the last points, it would reach the threshold
    /// within the same distance again.
    fn rises<P: Path>(&self, walk: &Walk<'_, P>, last: &Solved, threshold: f64) -> bool {
        let points = walk.points();
        let from = self.origin.control;
        let reach = (last.control - from).abs();
        if reach == 0.0 {
            // The fit lies at the bound: it is pressed against it, or it would have no bound.
            return last.sides.iter().any(|s| *s != 0);
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

/// Profiles of all `items`, in parallel. Where one of them comes upon a better optimum than `optimum`, the fit is redone
/// from it and so is everything else, and the result says so.
///
/// * `done`: outcomes of an earlier run with the same arguments, taken as they are.
/// * `sink` sees every new outcome (checkpoint, progress); with [`Control::Stop`] no further item is begun, and items not
///   run are in `refused`.
///
/// # Errors
/// [`EvalError`] if an optimum cannot be linearised.
#[allow(clippy::too_many_arguments)] // the problem, the fit, what to do, how, and where the outcomes go
pub fn profiles<T: Target>(
    target: &T,
    data: &Data,
    optimum: &Optimum,
    items: &[Item<'_, T::Quantity>],
    options: &Options,
    seed: u64,
    done: &[ItemResult],
    sink: &(dyn Fn(&ItemResult) -> Control + Sync),
) -> Result<Profiles, EvalError> {
    let mut optimum = optimum.clone();
    let mut better_optima = Vec::new();
    let mut round = 0;
    loop {
        let ctx = Context::new(
            target,
            data,
            optimum.clone(),
            items.to_vec(),
            options.clone(),
            seed,
        )?;
        let outcomes = one_round(&ctx, round, done, sink);
        let best = outcomes
            .iter()
            .filter_map(|r| match &r.outcome {
                Outcome::Better { objective, theta } => Some((*objective, r.item, theta)),
                _ => None,
            })
            .min_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        if let Some((_, item, theta)) = best
            && round < MAX_ROUNDS
        {
            let again = converged(refit(
                target,
                data,
                theta,
                &[],
                &options.search,
                &mut target.workspace(),
            ));
            if let Ok(again) = again
                && again.evaluated.value < optimum.evaluated.value
            {
                better_optima.push(BetterOptimum {
                    found_by: name(&ctx, item as usize),
                    before: optimum.evaluated.value,
                    after: again.evaluated.value,
                    theta: again.theta.clone(),
                });
                optimum = again;
                round += 1;
                continue;
            }
        }
        return Ok(collect(&ctx, outcomes, better_optima));
    }
}

fn one_round<T: Target>(
    ctx: &Context<'_, T>,
    round: u64,
    done: &[ItemResult],
    sink: &(dyn Fn(&ItemResult) -> Control + Sync),
) -> Vec<ItemResult> {
    let known: Vec<&ItemResult> = done.iter().filter(|r| r.round == round).collect();
    let ks: Vec<u64> = (0..ctx.items.len() as u64)
        .filter(|k| !known.iter().any(|r| r.item == *k))
        .collect();
    let mut list = run(
        &ks,
        || ctx.target.workspace(),
        |k, ws| ItemResult {
            round,
            item: k,
            outcome: profile_item(k, ctx, ws),
        },
        &|_, r| sink(r),
    );
    list.extend(known.into_iter().cloned());
    list.sort_by_key(|r| r.item);
    list
}

fn name<T: Target>(ctx: &Context<'_, T>, item: usize) -> String {
    match ctx.items.get(item) {
        Some(Item::Parameter(k)) => ctx
            .target
            .coordinates()
            .get(*k)
            .map_or_else(String::new, |c| c.id.clone()),
        Some(Item::Prediction { id, .. }) => id.clone(),
        None => String::new(),
    }
}

fn collect<T: Target>(
    ctx: &Context<'_, T>,
    outcomes: Vec<ItemResult>,
    better_optima: Vec<BetterOptimum>,
) -> Profiles {
    let mut out = Profiles {
        level: ctx.options.level,
        threshold: ctx.options.threshold,
        theta: ctx.optimum.theta.clone(),
        objective: ctx.optimum.evaluated.value,
        parameters: Vec::new(),
        predictions: Vec::new(),
        better_optima,
        refused: BTreeMap::new(),
    };
    let mut missing: Vec<u64> = (0..ctx.items.len() as u64).collect();
    for r in outcomes {
        missing.retain(|k| *k != r.item);
        let id = name(ctx, r.item as usize);
        match r.outcome {
            Outcome::Done(profile) => match ctx.items.get(r.item as usize) {
                Some(Item::Prediction { .. }) => out.predictions.push(*profile),
                _ => out.parameters.push(*profile),
            },
            Outcome::Better { objective, .. } => {
                out.refused.insert(
                    id,
                    format!("a better optimum was found (objective {objective}) but not followed"),
                );
            }
            Outcome::Refused(reason) => {
                out.refused.insert(id, reason);
            }
        }
    }
    for k in missing {
        out.refused.insert(name(ctx, k as usize), "not run".into());
    }
    out
}
