//! Sign changes of root functions along the dense output of a step.

use super::Step;

/// Width of the final bracket of a root relative to its time.
const BRACKET: f64 = 1e-13;
/// Parts of a step that are probed at their ends and in between, so that two crossings within one step are seen.
const PARTS: usize = 4;
/// A part is halved when the value in its middle is off the straight line between its ends by more than this share of the largest of
/// the three: steps follow the states, and a condition may vary faster than any of them (a sine of time).
const BENT: f64 = 0.1;
/// Length of the shortest part that is halved, in steps.
const SHORTEST: f64 = 1.0 / 512.0;
/// Halvings in one step: a condition that is noise about 0 is bent everywhere.
const MOST: usize = 64;
/// Halvings of a part until it is shorter.
const HALVINGS: usize = 8;
/// Limit of refinements; bisection alone needs 44 from a bracket as wide as the time.
const MAX_REFINEMENTS: usize = 200;

/// First sign change found in a step.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Crossing {
    /// Root function.
    pub(super) which: usize,
    /// Time just behind the sign change.
    pub(super) t: f64,
    /// From negative to positive.
    pub(super) rising: bool,
}

/// Follows the signs of the root functions of a segment.
#[derive(Debug, Clone, Default)]
pub(super) struct Roots {
    /// Last nonzero value of each function, 0 while it has been 0 since the start of the segment.
    base: Vec<f64>,
    now: Vec<f64>,
    /// Values at the end of a part, while its first half is looked at.
    end: Vec<f64>,
    trial: Vec<f64>,
    y: Vec<f64>,
}

impl Roots {
    /// Values at the start of a segment.
    pub(super) fn start(
        &mut self,
        count: usize,
        mut roots: impl FnMut(f64, &[f64], &mut [f64]),
        t: f64,
        y: &[f64],
    ) {
        self.base.resize(count, 0.0);
        self.now.resize(count, 0.0);
        self.end.resize(count, 0.0);
        self.trial.resize(count, 0.0);
        self.y.resize(y.len(), 0.0);
        if count > 0 {
            roots(t, y, &mut self.base);
        }
    }

    /// First sign change within `step`, if any; else remembers the signs at its end.
    pub(super) fn search<S: Step>(
        &mut self,
        mut roots: impl FnMut(f64, &[f64], &mut [f64]),
        step: &S,
    ) -> Option<Crossing> {
        if self.base.is_empty() {
            return None;
        }
        let (start, end) = (step.t0(), step.t1());
        let shortest = SHORTEST * (end - start);
        let mut before = start;
        // Ends of the parts that are left, the next one last.
        let mut ends = [end; HALVINGS + PARTS];
        for (k, inner) in ends.iter_mut().take(PARTS).enumerate().skip(1) {
            *inner = start + (end - start) * ((PARTS - k) as f64 / PARTS as f64);
        }
        let mut left = PARTS;
        let mut halvings = 0;
        let mut is_known = false;
        while left > 0 {
            let to = ends[left - 1];
            let between = before + 0.5 * (to - before);
            if !is_known {
                step.state(to, &mut self.y);
                roots(to, &self.y, &mut self.now);
            }
            step.state(between, &mut self.y);
            roots(between, &self.y, &mut self.trial);
            let mut values = self.base.iter().zip(&self.trial).zip(&self.now);
            let is_bent = values.any(|((a, m), b)| {
                let largest = a.abs().max(m.abs()).max(b.abs());
                (m - 0.5 * (a + b)).abs() > BENT * largest
            });
            if is_bent && halvings < MOST && to - before > shortest && left < ends.len() {
                halvings += 1;
                ends[left] = between;
                left += 1;
                // The next end is where this part was probed.
                std::mem::swap(&mut self.trial, &mut self.now);
                is_known = true;
                continue;
            }
            is_known = false;
            left -= 1;
            std::mem::swap(&mut self.now, &mut self.end);
            std::mem::swap(&mut self.trial, &mut self.now);
            if let Some(crossing) = self.first_between(&mut roots, step, before, between) {
                return Some(crossing);
            }
            std::mem::swap(&mut self.now, &mut self.end);
            if let Some(crossing) = self.first_between(&mut roots, step, between, to) {
                return Some(crossing);
            }
            before = to;
        }
        None
    }

    /// The first sign change from `base` to `now`, the values at `t`; if there is none, `now` becomes the base.
    fn first_between<S: Step>(
        &mut self,
        roots: &mut impl FnMut(f64, &[f64], &mut [f64]),
        step: &S,
        before: f64,
        t: f64,
    ) -> Option<Crossing> {
        let mut first: Option<Crossing> = None;
        for which in 0..self.base.len() {
            let (a, b) = (self.base[which], self.now[which]);
            if (a < 0.0 && b > 0.0) || (a > 0.0 && b < 0.0) {
                let t = self.refine(roots, step, which, (before, a), (t, b));
                if first.is_none_or(|first| t < first.t) {
                    let rising = b > 0.0;
                    first = Some(Crossing { which, t, rising });
                }
            }
        }
        if first.is_none() {
            for (base, now) in self.base.iter_mut().zip(&self.now) {
                if *now != 0.0 && !now.is_nan() {
                    *base = *now;
                }
            }
        }
        first
    }

    /// Narrows a bracket by the Illinois method, guarded by bisection; the upper end of the last bracket.
    fn refine<S: Step>(
        &mut self,
        roots: &mut impl FnMut(f64, &[f64], &mut [f64]),
        step: &S,
        which: usize,
        (mut a, mut fa): (f64, f64),
        (mut b, mut fb): (f64, f64),
    ) -> f64 {
        let behind = fb > 0.0;
        let mut width = b - a;
        // Which end moved last: an end kept twice gets half its value (Dowell & Jarratt 1971).
        let mut kept: Option<bool> = None;
        for round in 0..MAX_REFINEMENTS {
            let tolerance = BRACKET * b.abs().max(a.abs()).max(step.t1() - step.t0());
            if b - a <= tolerance {
                break;
            }
            let secant = b - fb * (b - a) / (fb - fa);
            let halving = round % 3 == 2 && {
                // Three rounds that did not halve the bracket twice are too slow.
                let slow = b - a > 0.25 * width;
                width = b - a;
                slow
            };
            let mut t = if halving || !secant.is_finite() {
                a + 0.5 * (b - a)
            } else {
                // Keeping a distance from both ends lets the bracket close from both sides.
                secant.clamp(a + 0.5 * tolerance, b - 0.5 * tolerance)
            };
            if t <= a || t >= b {
                t = a + 0.5 * (b - a);
                if t <= a || t >= b {
                    break;
                }
            }
            step.state(t, &mut self.y);
            roots(t, &self.y, &mut self.trial);
            let f = self.trial[which];
            if f != 0.0 && (f > 0.0) == behind {
                b = t;
                fb = f;
                if kept.replace(false) == Some(false) {
                    fa *= 0.5;
                }
            } else {
                a = t;
                fa = f;
                if kept.replace(true) == Some(true) {
                    fb *= 0.5;
                }
            }
        }
        b
    }
}
