//! Summaries of a formula over a span of time, with exact gradients: extremes, the area under the course, the time above 0.
//!
//! With `g(t, θ)` the formula along the course and a span `[a, b]` that does not depend on θ:
//!
//! * extreme: `∂g/∂θ` at the time of the extreme (where `ġ = 0`, or at an end of the span);
//! * area: `∫ ∂g/∂θ dt`;
//! * time above 0: every crossing at τ moves by `dτ/dθ = −g_θ/ġ`, which adds `g_θ/|ġ|`.
//!
//! At a discontinuity whose time τ depends on θ, the extreme adds `ġ·τ_θ`, the area `(g⁻ − g⁺)·τ_θ`, and the time above 0
//! `([g⁻ > 0] − [g⁺ > 0])·τ_θ`.

use super::watch::{Stretch, Watcher};
use crate::system::Formula;

/// What is asked of the course of a formula.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asked {
    /// Largest value.
    Maximum,
    /// Smallest value.
    Minimum,
    /// Integral over time.
    Area,
    /// How long it is above 0.
    TimeAbove,
}

/// A piece of a stretch is split until the cubic through values and rates at its ends gives the value in its middle to
/// this part of the values: extremes and zeros of the course are then those that the cubic can show.
const CUBIC_TOLERANCE: f64 = 1e-6;
/// Splits of a stretch at the most (2¹² pieces).
const MAX_SPLITS: u32 = 12;
/// Splits of a stretch without integrator, which may hide a whole oscillation between its ends.
const MIN_SPLITS_STILL: u32 = 6;
/// Five-point rule of Gauss & Legendre on [−1, 1] (order 10): nodes and weights, Abramowitz & Stegun 25.4.30.
const GAUSS: [(f64, f64); 5] = [
    (-0.906_179_845_938_664, 0.236_926_885_056_189_08),
    (-0.538_469_310_105_683_1, 0.478_628_670_499_366_5),
    (0.0, 0.568_888_888_888_888_9),
    (0.538_469_310_105_683_1, 0.478_628_670_499_366_5),
    (0.906_179_845_938_664, 0.236_926_885_056_189_08),
];

/// A summary in the making.
#[derive(Debug, Clone)]
struct Accumulating<'f> {
    formula: &'f Formula,
    asked: Asked,
    from: f64,
    to: f64,
    value: f64,
    gradient: Vec<f64>,
    /// Time of the extreme and rate there.
    best: Option<(f64, f64)>,
    /// Time, value and rate at the end of the last stretch inside the span.
    last: Option<(f64, f64, f64)>,
    /// Discontinuity since then.
    shift: Option<(f64, Vec<f64>)>,
}

/// A list of summaries filled by one run of an experiment.
#[derive(Debug, Clone)]
pub struct Summaries<'f> {
    list: Vec<Accumulating<'f>>,
}

/// A piece on which the course is nearly a cubic: time, value and rate at both ends.
#[derive(Debug, Clone, Copy)]
struct Piece {
    t: [f64; 2],
    g: [f64; 2],
    r: [f64; 2],
}

impl<'f> Summaries<'f> {
    /// No summaries yet.
    pub fn new() -> Self {
        Self { list: Vec::new() }
    }
    /// Adds a summary over `[from, to]` of a formula without placeholders; `columns` of the experiment.
    pub fn add(&mut self, formula: &'f Formula, asked: Asked, from: f64, to: f64, columns: usize) {
        let value = match asked {
            Asked::Maximum | Asked::Minimum => f64::NAN,
            Asked::Area | Asked::TimeAbove => 0.0,
        };
        self.list.push(Accumulating {
            formula,
            asked,
            from,
            to,
            value,
            gradient: vec![0.0; columns],
            best: None,
            last: None,
            shift: None,
        });
    }
    /// End of the longest span.
    pub fn until(&self) -> f64 {
        self.list
            .iter()
            .map(|a| a.to)
            .fold(f64::NEG_INFINITY, f64::max)
    }
    /// Value and gradient with respect to the columns of summary `k`; NaN if the course does not meet its span.
    pub fn result(&self, k: usize) -> (f64, &[f64]) {
        match self.list.get(k) {
            Some(a) if a.last.is_some() => (a.value, &a.gradient),
            Some(a) => (f64::NAN, &a.gradient),
            None => (f64::NAN, &[]),
        }
    }
}

impl Default for Summaries<'_> {
    fn default() -> Self {
        Self::new()
    }
}

impl Watcher for Summaries<'_> {
    fn stretch(&mut self, stretch: &mut Stretch<'_>) {
        for a in &mut self.list {
            a.stretch(stretch);
        }
    }
    fn jump(&mut self, t: f64, shift: &[f64]) {
        for a in &mut self.list {
            a.jump(t, shift);
        }
    }
}

impl Accumulating<'_> {
    fn jump(&mut self, t: f64, shift: &[f64]) {
        let Some((end, _, rate)) = self.last else {
            return;
        };
        if end != t || shift.is_empty() {
            return;
        }
        if matches!(self.asked, Asked::Maximum | Asked::Minimum)
            && let Some((best, _)) = self.best
            && best == t
        {
            add(&mut self.gradient, shift, rate);
        }
        self.shift = Some((t, shift.to_vec()));
    }

    fn stretch(&mut self, stretch: &mut Stretch<'_>) {
        let (a, b) = (stretch.t0.max(self.from), stretch.t1.min(self.to));
        if b < a || (b == a && (self.from < self.to || self.last.is_some())) {
            return;
        }
        let pieces = pieces(stretch, self.formula, a, b);
        let (Some(first), Some(end)) = (pieces.first(), pieces.last()) else {
            return;
        };
        let shift = self.shift.take().filter(|(t, _)| *t == a);
        match self.asked {
            Asked::Maximum => self.extreme(stretch, &pieces, 1.0, shift.as_ref()),
            Asked::Minimum => self.extreme(stretch, &pieces, -1.0, shift.as_ref()),
            Asked::Area => {
                if let (Some((_, d)), Some((_, before, _))) = (&shift, self.last) {
                    add(&mut self.gradient, d, before - first.g[0]);
                }
                self.area(stretch, &pieces);
            }
            Asked::TimeAbove => {
                if let (Some((_, d)), Some((_, before, _))) = (&shift, self.last) {
                    let above = |g: f64| f64::from(u8::from(g > 0.0));
                    add(&mut self.gradient, d, above(before) - above(first.g[0]));
                }
                self.above(stretch, &pieces);
            }
        }
        self.last = Some((b, end.g[1], end.r[1]));
    }

    fn extreme(
        &mut self,
        stretch: &mut Stretch<'_>,
        pieces: &[Piece],
        sign: f64,
        shift: Option<&(f64, Vec<f64>)>,
    ) {
        let mut best: Option<(f64, f64, f64)> = None;
        let mut consider = |t: f64, g: f64, r: f64| {
            if best.is_none_or(|(_, v, _)| sign * (g - v) > 0.0) && !g.is_nan() {
                best = Some((t, g, r));
            }
        };
        for p in pieces {
            consider(p.t[0], p.g[0], p.r[0]);
            consider(p.t[1], p.g[1], p.r[1]);
            for (t, g, r) in turning(stretch, self.formula, p) {
                consider(t, g, r);
            }
        }
        let Some((t, g, r)) = best else { return };
        if !(self.value.is_nan() || sign * (g - self.value) > 0.0) {
            return;
        }
        self.best = Some((t, r));
        self.value = stretch.gradient(self.formula, t, &mut self.gradient);
        if let Some((at, d)) = shift
            && *at == t
        {
            add(&mut self.gradient, d, r);
        }
    }

    fn area(&mut self, stretch: &mut Stretch<'_>, pieces: &[Piece]) {
        let mut gradient = vec![0.0; self.gradient.len()];
        for p in pieces {
            let (middle, half) = (0.5 * (p.t[0] + p.t[1]), 0.5 * (p.t[1] - p.t[0]));
            for (x, w) in GAUSS {
                let g = stretch.gradient(self.formula, middle + half * x, &mut gradient);
                self.value += half * w * g;
                add(&mut self.gradient, &gradient, half * w);
            }
        }
    }

    fn above(&mut self, stretch: &mut Stretch<'_>, pieces: &[Piece]) {
        let mut gradient = vec![0.0; self.gradient.len()];
        for p in pieces {
            // Monotone parts between the turning points.
            let mut ends = vec![(p.t[0], p.g[0])];
            ends.extend(
                turning(stretch, self.formula, p)
                    .into_iter()
                    .map(|(t, g, _)| (t, g)),
            );
            ends.push((p.t[1], p.g[1]));
            for pair in ends.windows(2) {
                let [(t0, g0), (t1, g1)] = [pair[0], pair[1]];
                if (g0 > 0.0) == (g1 > 0.0) {
                    self.value += if g0 > 0.0 { t1 - t0 } else { 0.0 };
                    continue;
                }
                let formula = self.formula;
                let t = crossing((t0, g0), (t1, g1), &mut |t| {
                    stretch.value_and_rate(formula, t).0
                });
                self.value += if g0 > 0.0 { t - t0 } else { t1 - t };
                let (_, rate) = stretch.value_and_rate(formula, t);
                stretch.gradient(formula, t, &mut gradient);
                if rate != 0.0 {
                    add(&mut self.gradient, &gradient, 1.0 / rate.abs());
                }
            }
        }
    }
}

fn add(into: &mut [f64], x: &[f64], factor: f64) {
    for (o, x) in into.iter_mut().zip(x) {
        *o += factor * x;
    }
}

/// Splits `[a, b]` into pieces on which the course is nearly a cubic, in order.
fn pieces(stretch: &mut Stretch<'_>, formula: &Formula, a: f64, b: f64) -> Vec<Piece> {
    let least = if stretch.integrated {
        0
    } else {
        MIN_SPLITS_STILL
    };
    let (ga, ra) = stretch.value_and_rate(formula, a);
    if a == b {
        return vec![Piece {
            t: [a, b],
            g: [ga; 2],
            r: [ra; 2],
        }];
    }
    let (gb, rb) = stretch.value_and_rate(formula, b);
    let whole = Piece {
        t: [a, b],
        g: [ga, gb],
        r: [ra, rb],
    };
    let mut stack = vec![(whole, 0)];
    let mut list = Vec::new();
    while let Some((p, depth)) = stack.pop() {
        let middle = 0.5 * (p.t[0] + p.t[1]);
        let (g, r) = stretch.value_and_rate(formula, middle);
        let h = p.t[1] - p.t[0];
        let predicted = 0.5 * (p.g[0] + p.g[1]) + 0.125 * h * (p.r[0] - p.r[1]);
        let scale = p.g[0].abs().max(p.g[1].abs()).max(g.abs());
        let smooth = (g - predicted).abs() <= CUBIC_TOLERANCE * scale;
        let halves = [
            Piece {
                t: [p.t[0], middle],
                g: [p.g[0], g],
                r: [p.r[0], r],
            },
            Piece {
                t: [middle, p.t[1]],
                g: [g, p.g[1]],
                r: [r, p.r[1]],
            },
        ];
        if (smooth && depth >= least) || depth >= MAX_SPLITS || middle <= p.t[0] || middle >= p.t[1]
        {
            list.extend(halves);
        } else {
            stack.push((halves[1], depth + 1));
            stack.push((halves[0], depth + 1));
        }
    }
    list
}

/// Turning points inside a piece, in order of time: time, value and rate (0 up to rounding).
fn turning(stretch: &mut Stretch<'_>, formula: &Formula, p: &Piece) -> Vec<(f64, f64, f64)> {
    let mut ends = vec![(p.t[0], p.r[0])];
    // The rate of the cubic is a parabola; its vertex separates two turning points.
    let h = p.t[1] - p.t[0];
    let slope = (p.g[1] - p.g[0]) / h;
    let (c2, c3) = (
        3.0 * slope - 2.0 * p.r[0] - p.r[1],
        p.r[0] + p.r[1] - 2.0 * slope,
    );
    let vertex = -c2 / (3.0 * c3);
    if vertex > 0.0 && vertex < 1.0 {
        let t = p.t[0] + vertex * h;
        ends.push((t, stretch.value_and_rate(formula, t).1));
    }
    ends.push((p.t[1], p.r[1]));
    let mut list = Vec::new();
    for pair in ends.windows(2) {
        let [(t0, r0), (t1, r1)] = [pair[0], pair[1]];
        if r0 * r1 < 0.0 {
            let t = crossing((t0, r0), (t1, r1), &mut |t| {
                stretch.value_and_rate(formula, t).1
            });
            let (g, r) = stretch.value_and_rate(formula, t);
            list.push((t, g, r));
        }
    }
    list
}

/// A zero between two times of opposite sign, to the resolution of time.
fn crossing((a, fa): (f64, f64), (b, fb): (f64, f64), f: &mut dyn FnMut(f64) -> f64) -> f64 {
    let found = crate::search::zero(a, fa, b, fb, 0.0, &mut |t| {
        Ok::<f64, std::convert::Infallible>(f(t))
    });
    match found {
        Ok(t) => t,
        Err(never) => match never {},
    }
}
