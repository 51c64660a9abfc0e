//! Sign changes of root functions along the dense output of a step.

use super::Step;

/// Width of the final bracket of a root relative to its time.
const BRACKET: f64 = 1e-13;
/// Parts of a step whose ends are probed, so that two crossings within one step are seen.
const PROBES: usize = 4;
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
        let mut before = start;
        for probe in 1..=PROBES {
            let t = if probe == PROBES {
                end
            } else {
                start + (end - start) * (probe as f64 / PROBES as f64)
            };
            step.state(t, &mut self.y);
            roots(t, &self.y, &mut self.now);
            let mut first: Option<Crossing> = None;
            for which in 0..self.base.len() {
                let (a, b) = (self.base[which], self.now[which]);
                if (a < 0.0 && b > 0.0) || (a > 0.0 && b < 0.0) {
                    let t = self.refine(&mut roots, step, which, (before, a), (t, b));
                    if first.is_none_or(|first| t < first.t) {
                        let rising = b > 0.0;
                        first = Some(Crossing { which, t, rising });
                    }
                }
            }
            if first.is_some() {
                return first;
            }
            for (base, now) in self.base.iter_mut().zip(&self.now) {
                if *now != 0.0 && !now.is_nan() {
                    *base = *now;
                }
            }
            before = t;
        }
        None
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
