//! Steps within the box, made from a step that leaves it.

use super::scaling::Scaling;
use super::subproblem::{Subproblem, norm};

/// Share of the way to a bound that a truncated or reflected step goes at most (Branch, Coleman & Li 1999).
const CLOSEST: f64 = 0.995;

/// The model of the objective around a point of the box.
#[derive(Debug, Clone, Copy)]
pub(super) struct Local<'a> {
    pub x: &'a [f64],
    pub g: &'a [f64],
    /// Curvature, row-major.
    pub h: &'a [f64],
    pub lower: &'a [f64],
    pub upper: &'a [f64],
    pub scaling: &'a Scaling,
    pub radius: f64,
}

impl Local<'_> {
    /// gᵀs + ½sᵀHs.
    pub fn model(&self, s: &[f64]) -> f64 {
        let n = s.len();
        let mut sum = 0.0;
        for i in 0..n {
            let row: f64 = (0..n).map(|j| self.h[i * n + j] * s[j]).sum();
            sum += s[i] * (self.g[i] + 0.5 * row);
        }
        sum
    }

    /// Length in the scaled variables.
    pub fn length(&self, s: &[f64]) -> f64 {
        let mut sum = 0.0;
        for (s, d) in s.iter().zip(&self.scaling.d) {
            if *d > 0.0 {
                sum += (s / d) * (s / d);
            }
        }
        sum.sqrt()
    }

    /// Largest share of `p` that stays in the box from `at`, and the variables that stop it.
    fn stride(&self, at: &[f64], p: &[f64], hits: &mut Vec<usize>) -> f64 {
        let mut best = f64::INFINITY;
        hits.clear();
        for i in 0..p.len() {
            let room = if p[i] > 0.0 {
                self.upper[i] - at[i]
            } else if p[i] < 0.0 {
                self.lower[i] - at[i]
            } else {
                continue;
            };
            let share = (room / p[i]).max(0.0);
            if share < best {
                best = share;
                hits.clear();
            }
            if share == best && share.is_finite() {
                hits.push(i);
            }
        }
        best
    }

    /// Minimiser `t` of the model along `base + t·p` on `[0, limit]`.
    fn along(&self, base: &[f64], p: &[f64], limit: f64) -> f64 {
        let n = p.len();
        let (mut slope, mut bend) = (0.0, 0.0);
        for i in 0..n {
            let (mut hb, mut hp) = (0.0, 0.0);
            for j in 0..n {
                hb += self.h[i * n + j] * base[j];
                hp += self.h[i * n + j] * p[j];
            }
            slope += p[i] * (self.g[i] + hb);
            bend += p[i] * hp;
        }
        if slope >= 0.0 {
            0.0
        } else if bend > 0.0 {
            (-slope / bend).min(limit)
        } else {
            limit
        }
    }

    /// Share of `p` from `base` up to the edge of the region.
    fn edge(&self, base: &[f64], p: &[f64]) -> f64 {
        let (mut a, mut b, mut c) = (0.0, 0.0, -self.radius * self.radius);
        for i in 0..p.len() {
            let d = self.scaling.d[i];
            if d > 0.0 {
                a += (p[i] / d) * (p[i] / d);
                b += (p[i] / d) * (base[i] / d);
                c += (base[i] / d) * (base[i] / d);
            }
        }
        let root = (b * b - a * c).max(0.0).sqrt();
        if a > 0.0 {
            ((root - b) / a).max(0.0)
        } else {
            0.0
        }
    }
}

/// Memory of [`Candidates::choose`].
#[derive(Debug, Clone, Default)]
pub(super) struct Candidates {
    subproblem: Subproblem,
    matrix: Vec<f64>,
    gradient: Vec<f64>,
    trial: Vec<f64>,
    other: Vec<f64>,
    point: Vec<f64>,
    hits: Vec<usize>,
    free: Vec<usize>,
    /// The chosen step, within the box.
    pub step: Vec<f64>,
    /// Change of the model that it predicts (negative).
    pub predicted: f64,
    /// The region restricts it.
    pub restricted: bool,
    /// Variables that the step puts onto a bound exactly.
    pub landed: Vec<usize>,
}

impl Candidates {
    /// Chooses the step with the lowest model value.
    pub fn choose(&mut self, local: &Local) {
        let n = local.x.len();
        self.step.clear();
        self.step.resize(n, 0.0);
        self.landed.clear();
        self.predicted = 0.0;
        self.restricted = true;
        let theta = CLOSEST.max(1.0 - local.scaling.gradient_norm);

        // Far from the bounds the objective's own model is the better one: its minimiser is taken if it is in the box.
        let restricted = self.newton(local, &[], local.radius, false);
        if local.stride(local.x, &self.trial, &mut self.hits) >= 1.0 {
            self.take_trial(local, restricted);
        } else {
            self.on_face(local, theta);
            let restricted = self.newton(local, &[], local.radius, true);
            let whole = local.stride(local.x, &self.trial, &mut self.hits);
            if whole >= 1.0 {
                self.take_trial(local, restricted);
            } else {
                self.truncated_and_reflected(local, whole, theta);
            }
        }
        self.steepest(local, theta);
    }

    /// [`Self::take`] of `trial`.
    fn take_trial(&mut self, local: &Local, restricted: bool) -> bool {
        let s = std::mem::take(&mut self.trial);
        let taken = self.take(local, &s, restricted);
        self.trial = s;
        taken
    }

    /// Keeps `s` if its model value is the lowest so far.
    fn take(&mut self, local: &Local, s: &[f64], restricted: bool) -> bool {
        let value = local.model(s);
        if value < self.predicted {
            self.step.copy_from_slice(s);
            self.predicted = value;
            self.restricted = restricted;
            self.landed.clear();
            return true;
        }
        false
    }

    /// Minimiser within `radius` of the model, `bent` by the bounds or not, the variables in `held` kept at their entry of
    /// `other`; into `trial`.
    fn newton(&mut self, local: &Local, held: &[usize], radius: f64, bent: bool) -> bool {
        let n = local.x.len();
        let scaling = local.scaling;
        self.free.clear();
        self.free
            .extend((0..n).filter(|i| scaling.d[*i] > 0.0 && !held.contains(i)));
        let k = self.free.len();
        self.matrix.clear();
        self.matrix.resize(k * k, 0.0);
        self.gradient.clear();
        for (a, &i) in self.free.iter().enumerate() {
            for (b, &j) in self.free.iter().enumerate() {
                self.matrix[a * k + b] = scaling.d[i] * local.h[i * n + j] * scaling.d[j];
            }
            if bent {
                self.matrix[a * k + a] += scaling.bend[i];
            }
            let mut g = local.g[i];
            for &j in held {
                g += local.h[i * n + j] * self.other[j];
            }
            self.gradient.push(scaling.d[i] * g);
        }
        let restricted = self.subproblem.solve(&self.matrix, &self.gradient, radius);
        self.trial.clear();
        self.trial.resize(n, 0.0);
        for (&i, s) in self.free.iter().zip(&self.subproblem.step) {
            self.trial[i] = scaling.d[i] * s;
        }
        for &j in held {
            self.trial[j] = self.other[j];
        }
        restricted
    }

    /// The step cut at the first bound, and the one that is thrown back there.
    fn truncated_and_reflected(&mut self, local: &Local, whole: f64, theta: f64) {
        let (p, hits) = (self.trial.clone(), self.hits.clone());
        let n = p.len();
        let mut s: Vec<f64> = p.iter().map(|p| p * whole * theta).collect();
        self.take(local, &s, true);
        let base: Vec<f64> = p.iter().map(|p| p * whole).collect();
        let mut back = p.clone();
        for &i in &hits {
            back[i] = -back[i];
        }
        self.point.clear();
        self.point
            .extend(local.x.iter().zip(&base).map(|(x, s)| x + s));
        let mut next = Vec::new();
        let room = theta * local.stride(&self.point, &back, &mut next);
        let limit = room.min(local.edge(&base, &back));
        if limit > 0.0 && limit.is_finite() {
            // Never back onto the bound that it was thrown from.
            let least = (1.0 - theta) * limit;
            let t = local.along(&base, &back, limit).max(least);
            for i in 0..n {
                s[i] = base[i] + t * back[i];
            }
            self.take(local, &s, true);
        }
    }

    /// The scaled gradient.
    fn steepest(&mut self, local: &Local, theta: f64) {
        let direction: Vec<f64> = local
            .g
            .iter()
            .zip(&local.scaling.v)
            .map(|(g, v)| -g * v)
            .collect();
        let origin = vec![0.0; direction.len()];
        let mut hits = Vec::new();
        let room = theta * local.stride(local.x, &direction, &mut hits);
        let limit = room.min(local.edge(&origin, &direction));
        if limit > 0.0 && limit.is_finite() {
            let t = local.along(&origin, &direction, limit);
            let s: Vec<f64> = direction.iter().map(|p| p * t).collect();
            self.take(local, &s, true);
        }
    }

    /// The minimiser on the face of the bounds that the step meets: variables are put onto their bounds one after the
    /// other, and the rest is solved again within what is left of the region.
    fn on_face(&mut self, local: &Local, theta: f64) {
        let n = local.x.len();
        let mut held: Vec<usize> = Vec::new();
        let mut used = 0.0;
        self.other.clear();
        self.other.resize(n, 0.0);
        // `trial` and `hits` are those of the unrestricted step.
        for _ in 0..n {
            for &i in &self.hits {
                let bound = if self.trial[i] > 0.0 {
                    local.upper[i]
                } else {
                    local.lower[i]
                };
                self.other[i] = bound - local.x[i];
                held.push(i);
                let d = local.scaling.d[i];
                if d > 0.0 {
                    used += (self.other[i] / d) * (self.other[i] / d);
                }
            }
            let left = local.radius * local.radius - used;
            if left <= 0.0 || self.hits.is_empty() {
                return;
            }
            let restricted = self.newton(local, &held, left.sqrt(), false);
            // Room of the free variables only.
            let mut motion = self.trial.clone();
            for &i in &held {
                motion[i] = 0.0;
            }
            let mut hits = std::mem::take(&mut self.hits);
            let whole = local.stride(local.x, &motion, &mut hits);
            self.hits = hits;
            if whole >= 1.0 {
                if self.take_trial(local, restricted) {
                    self.landed.extend_from_slice(&held);
                }
                return;
            }
            // Also the part of this step up to the next bound.
            let mut s = motion;
            for x in &mut s {
                *x *= whole * theta;
            }
            for &i in &held {
                s[i] = self.other[i];
            }
            if self.take(local, &s, true) {
                self.landed.extend_from_slice(&held);
            }
        }
    }
}

/// Length of the largest entry.
pub(super) fn largest(x: &[f64]) -> f64 {
    x.iter().fold(0.0_f64, |a, x| a.max(x.abs()))
}

/// Whether every entry is finite.
pub(super) fn finite(x: &[f64]) -> bool {
    norm(x).is_finite() || x.iter().all(|x| x.is_finite())
}
