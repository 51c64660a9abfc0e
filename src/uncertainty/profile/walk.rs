//! Walking along one side of a profile until twice the objective has risen by a threshold.

use std::collections::BTreeMap;

use super::super::refits::BETTER;
use super::path::{Path, Solved};

/// Largest growth of the step from one point to the next.
const GROWTH: f64 = 3.0;
/// Smallest shrinkage.
const SHRINKAGE: f64 = 0.2;
/// Halvings of a step whose refit failed.
const MAX_HALVINGS: usize = 8;
/// Refinements of an end.
const MAX_REFINEMENTS: usize = 25;
/// Steps without movement of the quantity after which it counts as unable to go further.
const MAX_STALLS: usize = 3;
/// Movement, relative to the distance from the estimate, that counts as none.
const STALL: f64 = 1e-4;
/// Points nearer than this share of their distance from the fit give no direction to extrapolate in.
const LEAST_SPACING: f64 = 1e-3;

/// Settings of a walk.
#[derive(Debug, Clone, Copy)]
pub struct Settings {
    /// Rise of the root from point to point, as a share of the threshold's root.
    pub step: f64,
    /// Relative accuracy of an end.
    pub accuracy: f64,
    /// Most refits.
    pub max_refits: usize,
}

/// What a walk came to.
#[derive(Debug, Clone, PartialEq)]
pub enum Reached {
    /// The threshold, at this point.
    Threshold(Solved),
    /// The limit of the control, with the objective still below the threshold.
    Limit(Solved),
    /// Nothing moves any more, short of the threshold: every parameter that could move the quantity is at a bound.
    Stalled(Solved),
    /// The last of the refits, short of the threshold and of the limit of the control.
    Spent(Solved),
    /// Refits failed from here on.
    Failed(&'static str),
    /// A better optimum than the fit.
    Better(Solved),
}

/// One side of a profile.
pub struct Walk<'a, P: Path> {
    path: &'a mut P,
    settings: Settings,
    /// +1 or −1.
    direction: f64,
    limit: f64,
    step: f64,
    origin: Solved,
    /// Points outwards from the fit, the fit first.
    points: Vec<Solved>,
    /// Refits so far.
    pub refits: usize,
    /// Failures by reason.
    pub failed: BTreeMap<String, u64>,
    /// Points of second starts, for the control values at which a path is looked at again.
    scouts: Vec<Vec<f64>>,
}

impl<'a, P: Path> Walk<'a, P> {
    /// A walk from the fit in `direction` up to `limit` with a first step.
    pub fn new(
        path: &'a mut P,
        origin: Solved,
        direction: f64,
        limit: f64,
        step: f64,
        settings: Settings,
    ) -> Self {
        Self {
            path,
            settings,
            direction,
            limit,
            step,
            points: vec![origin.clone()],
            origin,
            refits: 0,
            failed: BTreeMap::new(),
            scouts: Vec::new(),
        }
    }

    /// Points from which an end is looked at again, so that the path is not kept in one valley.
    #[must_use]
    pub fn with_scouts(mut self, scouts: Vec<Vec<f64>>) -> Self {
        self.scouts = scouts;
        self
    }

    /// Points outwards from the fit, the fit first.
    pub fn points(&self) -> &[Solved] {
        &self.points
    }

    /// √ of the rise of twice the objective.
    pub fn root(&self, s: &Solved) -> f64 {
        (2.0 * (s.objective - self.origin.objective))
            .max(0.0)
            .sqrt()
    }

    /// Goes on until the root of the rise is `root`, and refines that end.
    pub fn reach(&mut self, root: f64) -> Reached {
        loop {
            if let Some(at) = self.points.iter().position(|p| self.root(p) >= root) {
                if at == 0 {
                    return Reached::Threshold(self.origin.clone());
                }
                let end = match self.refine(at - 1, root) {
                    Ok(end) => end,
                    Err(better) => return Reached::Better(*better),
                };
                match self.scout(&end, root) {
                    None => return Reached::Threshold(end),
                    Some(Reached::Threshold(_)) => {}
                    Some(other) => return other,
                }
                continue;
            }
            if let Some(reached) = self.advance(root) {
                return reached;
            }
        }
    }

    /// Looks at an end again from other starts. A lower valley replaces the points beyond, and the walk goes on from it.
    fn scout(&mut self, end: &Solved, root: f64) -> Option<Reached> {
        for start in std::mem::take(&mut self.scouts) {
            let Ok(found) = self.solve(end.control, &start) else {
                continue;
            };
            if found.objective < self.origin.objective - BETTER {
                return Some(Reached::Better(found));
            }
            if found.objective < end.objective - BETTER && self.root(&found) < root {
                self.points
                    .retain(|p| (p.control - end.control) * self.direction < 0.0);
                self.points.push(found.clone());
                return Some(Reached::Threshold(found));
            }
        }
        None
    }

    /// One step outwards; `Some` if the walk ends.
    fn advance(&mut self, root: f64) -> Option<Reached> {
        let last = self
            .points
            .last()
            .cloned()
            .unwrap_or_else(|| self.origin.clone());
        if (self.limit - last.control) * self.direction <= 0.0 {
            return Some(Reached::Limit(last));
        }
        if self.refits >= self.settings.max_refits {
            return Some(Reached::Spent(last));
        }
        let mut step = self.step;
        let mut reason = "";
        for _ in 0..MAX_HALVINGS {
            let mut control = last.control + self.direction * step;
            if (self.limit - control) * self.direction < 0.0 {
                control = self.limit;
            }
            let start = self.extrapolate(control);
            let solved = self
                .solve(control, &start)
                .or_else(|_| self.solve(control, &last.theta));
            match solved {
                Ok(next) => {
                    if next.objective < self.origin.objective - BETTER {
                        return Some(Reached::Better(next));
                    }
                    self.adapt(&last, &next, root);
                    self.points.push(next);
                    return self.stalled().map(Reached::Stalled);
                }
                Err(r) => reason = r,
            }
            step *= 0.5;
        }
        Some(Reached::Failed(reason))
    }

    /// The next step from the slope of the last.
    fn adapt(&mut self, last: &Solved, next: &Solved, root: f64) {
        let moved = (next.control - last.control).abs();
        let slope = (self.root(next) - self.root(last)) / moved;
        let wanted = self.settings.step * root / slope;
        self.step = if wanted.is_finite() && wanted > 0.0 {
            wanted.clamp(SHRINKAGE * moved, GROWTH * moved)
        } else {
            GROWTH * moved
        };
    }

    /// The last point, if the quantity has not moved over several steps although the control has.
    fn stalled(&self) -> Option<Solved> {
        let n = self.points.len();
        if n <= MAX_STALLS {
            return None;
        }
        let last = &self.points[n - 1];
        let reach = (last.value - self.origin.value).abs();
        let still = self.points[n - 1 - MAX_STALLS..]
            .windows(2)
            .all(|w| (w[1].value - w[0].value).abs() <= STALL * reach);
        (still && (last.control - last.value).abs() > STALL * reach).then(|| last.clone())
    }

    fn extrapolate(&self, control: f64) -> Vec<f64> {
        let Some(last) = self.points.last() else {
            return self.origin.theta.clone();
        };
        let apart = LEAST_SPACING * (last.control - self.origin.control).abs();
        match self
            .points
            .iter()
            .rev()
            .find(|p| (last.control - p.control).abs() > apart)
        {
            Some(before) => between(before, last, control),
            None => last.theta.clone(),
        }
    }

    fn solve(&mut self, control: f64, start: &[f64]) -> Result<Solved, &'static str> {
        self.refits += 1;
        self.path.solve(control, start).inspect_err(|r| {
            *self.failed.entry((*r).to_string()).or_insert(0) += 1;
        })
    }

    /// The end between point `at` (below) and the next (above), by the method of Illinois on the root; as error a better
    /// optimum.
    fn refine(&mut self, at: usize, root: f64) -> Result<Solved, Box<Solved>> {
        let (mut low, mut high) = (self.points[at].clone(), self.points[at + 1].clone());
        let (mut f_low, mut f_high) = (self.root(&low) - root, self.root(&high) - root);
        if f_high <= self.settings.accuracy * root {
            return Ok(high);
        }
        let mut position = at + 1;
        let mut side = 0;
        for _ in 0..MAX_REFINEMENTS {
            let width = (high.control - low.control).abs();
            let distance = (high.control - self.origin.control).abs();
            if width <= self.settings.accuracy * distance {
                break;
            }
            let mut control = (low.control * f_high - high.control * f_low) / (f_high - f_low);
            if !control.is_finite() || (control - low.control) * (high.control - control) <= 0.0 {
                control = 0.5 * (low.control + high.control);
            }
            let start = between(&low, &high, control);
            let solved = self
                .solve(control, &start)
                .or_else(|_| self.solve(control, &low.theta));
            let Ok(next) = solved else {
                return Ok(high);
            };
            if next.objective < self.origin.objective - BETTER {
                return Err(Box::new(next));
            }
            let f = self.root(&next) - root;
            self.points.insert(position, next.clone());
            if f.abs() <= self.settings.accuracy * root {
                return Ok(next);
            }
            // The retained end counts half when it is retained twice.
            if f < 0.0 {
                low = next;
                f_low = f;
                position += 1;
                if side == -1 {
                    f_high *= 0.5;
                }
                side = -1;
            } else {
                high = next;
                f_high = f;
                if side == 1 {
                    f_low *= 0.5;
                }
                side = 1;
            }
        }
        let nearer = if (self.root(&low) - root).abs() < (self.root(&high) - root).abs() {
            low
        } else {
            high
        };
        Ok(nearer)
    }

    /// Looks beyond an end at `n` further points up to the limit for values that are accepted again; returns their sets
    /// in the order of the walk, as values of the quantity.
    ///
    /// # Errors
    /// A better optimum, if one is met.
    pub fn beyond(
        &mut self,
        end: &Solved,
        root: f64,
        n: usize,
    ) -> Result<Vec<(f64, f64)>, Box<Solved>> {
        let mut sets = Vec::new();
        let reach = self.limit - end.control;
        if n == 0 || !reach.is_finite() || reach * self.direction <= 0.0 {
            return Ok(sets);
        }
        let mut last = end.clone();
        let mut entered: Option<f64> = None;
        for i in 1..=n {
            let control = end.control + reach * i as f64 / n as f64;
            let Ok(next) = self.solve(control, &last.theta) else {
                break;
            };
            if next.objective < self.origin.objective - BETTER {
                return Err(Box::new(next));
            }
            let inside = self.root(&next) < root;
            match (entered, inside) {
                (None, true) => entered = Some(self.crossing(&last, &next, root)),
                (Some(from), false) => {
                    sets.push((from, self.crossing(&next, &last, root)));
                    entered = None;
                }
                _ => {}
            }
            self.points.push(next.clone());
            last = next;
        }
        if let Some(from) = entered {
            sets.push((from, last.value));
        }
        self.points
            .sort_by(|a, b| (a.control * self.direction).total_cmp(&(b.control * self.direction)));
        Ok(sets)
    }

    /// Value between a point above the threshold and one below at which it is crossed, by bisection.
    fn crossing(&mut self, above: &Solved, below: &Solved, root: f64) -> f64 {
        /// Halvings: to 1e-4 of the distance between two points of the coarse scan.
        const HALVINGS: usize = 13;
        let (mut a, mut b) = (above.clone(), below.clone());
        for _ in 0..HALVINGS {
            let control = 0.5 * (a.control + b.control);
            let Ok(next) = self.solve(control, &b.theta) else {
                break;
            };
            if self.root(&next) < root {
                b = next;
            } else {
                a = next;
            }
        }
        b.value
    }
}

/// Start between (or beyond) two solved points, by linear interpolation of all parameters.
fn between(a: &Solved, b: &Solved, control: f64) -> Vec<f64> {
    let span = b.control - a.control;
    if span == 0.0 {
        return b.theta.clone();
    }
    let share = (control - a.control) / span;
    a.theta
        .iter()
        .zip(&b.theta)
        .map(|(x, y)| x + share * (y - x))
        .collect()
}
