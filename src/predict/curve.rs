//! A dose-response curve at one parameter vector: control, largest effect, doses of parts of the effect, slope; and how
//! they move with the parameters.
//!
//! With `R(d)` the response to dose d, `R₀ = R(0)` and `E` the largest effect (the plateau for d → ∞, or the peak of a
//! curve that has one):
//!
//! * relative EC_p: the lowest dose with `R = R₀ + p·(E − R₀)`;
//! * absolute EC_p: the lowest dose with `R = R₀ + p·(F − R₀)`, F a declared full effect;
//! * Hill slope: `ln 81/ln(EC90/EC10)`, which is h for a Hill curve of slope h (Goldbeter & Koshland 1981, PNAS 78:6840).
//!
//! Gradients follow from the implicit function theorem; at a plateau and at a peak only the direct effect of the
//! parameters counts.

use crate::search::zero;

use super::estimate::Maybe;

/// Parts of the effect for which doses are given.
pub const PARTS: [f64; 3] = [0.1, 0.5, 0.9];
/// Decades beyond the range asked for in which plateau and crossings are looked for.
const FARTHEST: usize = 15;
/// Accuracy of a dose, in its decadic logarithm.
const DOSE_TOLERANCE: f64 = 1e-12;
/// Effects below this many times the noise of the response are none.
pub(super) const NOTHING: f64 = 100.0;
/// A sequence of responses at dose decades counts as contracting if each change is below this part of the one before
/// (slope 0.045 of a Hill curve).
const CONTRACTING: f64 = 0.9;
/// Golden section.
const GOLDEN: f64 = 0.618_033_988_749_894_9;
/// Narrowings of the search for a peak: to about 1e-6 of a decade.
const PEAK_STEPS: usize = 28;
/// ln 81.
const LN_81: f64 = 4.394_449_154_672_439;

/// Where the largest effect is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Top {
    /// The response tends to it with growing dose; the decadic logarithm of the dose at which that was settled.
    Plateau(f64),
    /// At a dose (decadic logarithm), beyond which the effect declines.
    Peak(f64),
    /// The response grows without limit, as far as was looked.
    Unbounded,
    /// No dose has an effect.
    Nothing,
}

/// A curve at one parameter vector. Doses may be `+∞` (not reached), `−∞` as a logarithm, that is 0 as a dose (reached
/// without dose), or NaN (not defined).
#[derive(Debug, Clone, PartialEq)]
pub struct Curve {
    /// Response without dose.
    pub control: f64,
    /// Responses at the doses asked for.
    pub values: Vec<f64>,
    /// Where the largest effect is.
    pub top: Top,
    /// Response at the largest effect.
    pub emax: Maybe,
    /// log10 of the doses of [`PARTS`] of the effect.
    pub log_ec: [Maybe; 3],
    /// Hill slope.
    pub hill: Maybe,
    /// log10 of the doses of [`PARTS`] of the declared full effect.
    pub log_absolute: Option<[Maybe; 3]>,
}

/// Gradients of what describes a curve, by the parameters; empty where it is not defined.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct CurveGradient {
    /// Of the control.
    pub control: Vec<f64>,
    /// Of the response at the largest effect.
    pub emax: Vec<f64>,
    /// Of log10 of the doses of [`PARTS`] of the effect.
    pub log_ec: [Vec<f64>; 3],
    /// Of ln of the Hill slope.
    pub log_hill: Vec<f64>,
    /// Of log10 of the doses of [`PARTS`] of the declared full effect.
    pub log_absolute: [Vec<f64>; 3],
}

/// Value of a response at a dose, its gradient by the parameters, and its derivative by the dose.
pub type Slope = (f64, Vec<f64>, f64);

/// Computes a curve from responses; `doses` positive and ascending, `full` a declared full effect, `noise` the relative
/// accuracy of the responses.
///
/// # Errors
/// The first failure of the response within the range; beyond it a failure only ends the search.
pub fn curve<E>(
    doses: &[f64],
    full: Option<f64>,
    noise: f64,
    f: &mut dyn FnMut(f64) -> Result<f64, E>,
) -> Result<Curve, E> {
    let control = f(0.0)?;
    let mut values = Vec::with_capacity(doses.len());
    let mut points = Vec::with_capacity(doses.len() + FARTHEST);
    for &d in doses {
        let r = f(d)?;
        values.push(r);
        points.push((libm::log10(d), r));
    }
    let mut search = Search {
        control,
        noise,
        points,
        f,
    };
    let plateau = search.plateau();
    let (top, emax) = search.top(plateau)?;
    let mut log_ec = [f64::NAN; 3];
    if emax.is_finite() {
        for (x, p) in log_ec.iter_mut().zip(PARTS) {
            *x = search.crossing(control + p * (emax - control))?;
        }
    }
    let log_absolute = match full {
        Some(full) => {
            let mut list = [f64::NAN; 3];
            for (x, p) in list.iter_mut().zip(PARTS) {
                *x = search.crossing(control + p * (full - control))?;
            }
            Some(list)
        }
        None => None,
    };
    let [ec10, _, ec90] = log_ec;
    Ok(Curve {
        control,
        values,
        top,
        emax,
        log_ec,
        hill: LN_81 / (std::f64::consts::LN_10 * (ec90 - ec10)),
        log_absolute,
    })
}

struct Search<'f, E> {
    control: f64,
    noise: f64,
    /// log10 of the dose and response, ascending.
    points: Vec<(f64, f64)>,
    f: &'f mut dyn FnMut(f64) -> Result<f64, E>,
}

impl<E> Search<'_, E> {
    fn at(&mut self, x: f64) -> Result<f64, E> {
        (self.f)(libm::exp10(x))
    }

    /// Goes on by one decade beyond the last point; false if that fails.
    fn extend(&mut self) -> bool {
        let Some(&(x, _)) = self.points.last() else {
            return false;
        };
        match self.at(x + 1.0) {
            Ok(r) if r.is_finite() => {
                self.points.push((x + 1.0, r));
                true
            }
            _ => false,
        }
    }

    /// Limit of the response for growing doses and where it was settled, by Aitken's extrapolation over decades: exact
    /// where the distance to the plateau falls by the same factor a decade, as for Hill curves.
    fn plateau(&mut self) -> Option<(f64, f64)> {
        let mut sequence: Vec<f64> = self.points.last().map(|p| p.1).into_iter().collect();
        let mut before: Option<f64> = None;
        for _ in 0..FARTHEST {
            if !self.extend() {
                break;
            }
            let &(x, r) = self.points.last()?;
            sequence.push(r);
            let n = sequence.len();
            if n < 3 {
                continue;
            }
            let (first, second) = (
                sequence[n - 2] - sequence[n - 3],
                sequence[n - 1] - sequence[n - 2],
            );
            let scale = r.abs().max(self.control.abs());
            let ratio = second / first;
            let limit = if (0.0..CONTRACTING).contains(&ratio) {
                r + second * ratio / (1.0 - ratio)
            } else {
                r
            };
            // Where nothing has happened yet, the effect may begin at higher doses.
            let effect = (r - self.control).abs() > NOTHING * self.noise * scale;
            let settled = (effect && second.abs() <= self.noise * scale)
                || (effect
                    && (0.0..CONTRACTING).contains(&ratio)
                    && before.is_some_and(|b| (limit - b).abs() <= self.noise * scale));
            if settled {
                return Some((limit, x));
            }
            before = Some(limit);
        }
        None
    }

    /// The largest effect.
    fn top(&mut self, plateau: Option<(f64, f64)>) -> Result<(Top, Maybe), E> {
        let effect = |r: f64| (r - self.control).abs();
        let largest = self
            .points
            .iter()
            .enumerate()
            .max_by(|a, b| effect(a.1.1).total_cmp(&effect(b.1.1)));
        let Some((i, &(_, r))) = largest else {
            return Ok((Top::Nothing, f64::NAN));
        };
        let end = plateau.map_or(r, |(limit, _)| limit);
        let scale = r.abs().max(self.control.abs()).max(end.abs());
        let slack = NOTHING * self.noise * scale;
        if effect(r) <= slack && effect(end) <= slack {
            return Ok((Top::Nothing, f64::NAN));
        }
        let last = i + 1 >= self.points.len();
        match plateau {
            Some((limit, x)) if effect(r) <= effect(limit) + slack => Ok((Top::Plateau(x), limit)),
            None if last => Ok((Top::Unbounded, f64::NAN)),
            _ => self.peak(i),
        }
    }

    /// The peak about a point whose effect is the largest (golden section).
    fn peak(&mut self, i: usize) -> Result<(Top, Maybe), E> {
        let sign = if self.points[i].1 > self.control {
            1.0
        } else {
            -1.0
        };
        let x = self.points[i].0;
        let mut a = match i.checked_sub(1) {
            Some(j) => self.points[j].0,
            None => x - 1.0,
        };
        let mut b = self.points.get(i + 1).map_or(x + 1.0, |p| p.0);
        let (mut u, mut v) = (b - GOLDEN * (b - a), a + GOLDEN * (b - a));
        let (mut fu, mut fv) = (sign * self.at(u)?, sign * self.at(v)?);
        for _ in 0..PEAK_STEPS {
            if fu >= fv {
                (b, v, fv) = (v, u, fu);
                u = b - GOLDEN * (b - a);
                fu = sign * self.at(u)?;
            } else {
                (a, u, fu) = (u, v, fv);
                v = a + GOLDEN * (b - a);
                fv = sign * self.at(v)?;
            }
        }
        let (x, r) = if fu >= fv {
            (u, sign * fu)
        } else {
            (v, sign * fv)
        };
        let at = self.points.partition_point(|p| p.0 < x);
        self.points.insert(at, (x, r));
        Ok((Top::Peak(x), r))
    }

    /// log10 of the lowest dose at which the response reaches a level.
    fn crossing(&mut self, level: f64) -> Result<Maybe, E> {
        if level.is_nan() {
            return Ok(f64::NAN);
        }
        let rising = level > self.control;
        let reached = |r: f64| if rising { r >= level } else { r <= level };
        if level == self.control {
            return Ok(f64::NEG_INFINITY);
        }
        let mut i = match self.points.iter().position(|p| reached(p.1)) {
            Some(i) => i,
            None => loop {
                let decades = self.points.len();
                if decades >= MAX_POINTS || !self.extend() {
                    return Ok(f64::INFINITY);
                }
                let &(_, r) = &self.points[self.points.len() - 1];
                if reached(r) {
                    break self.points.len() - 1;
                }
                if self.still(level) {
                    return Ok(f64::INFINITY);
                }
            },
        };
        // Below the range, by decades.
        let mut down = 0;
        while i == 0 {
            let x = self.points[0].0 - 1.0;
            let r = self.at(x)?;
            self.points.insert(0, (x, r));
            down += 1;
            if !reached(r) {
                i = 1;
            } else if down > FARTHEST {
                return Ok(f64::NEG_INFINITY);
            }
        }
        let ((a, ra), (b, rb)) = (self.points[i - 1], self.points[i]);
        zero(a, ra - level, b, rb - level, DOSE_TOLERANCE, &mut |x| {
            Ok((self.f)(libm::exp10(x))? - level)
        })
    }

    /// Whether the last decade brought the response no nearer to a level, or the search went far enough.
    fn still(&self, level: f64) -> bool {
        let n = self.points.len();
        let (Some(&(x, r)), Some(&(_, s)), Some(&(first, _))) = (
            self.points.last(),
            self.points.get(n.wrapping_sub(2)),
            self.points.first(),
        ) else {
            return true;
        };
        let effect = (r - self.control).abs() > self.noise * r.abs().max(self.control.abs());
        (effect && (level - r).abs() >= (level - s).abs()) || x - first > 3.0 * FARTHEST as f64
    }
}

/// Points of a search at the most.
const MAX_POINTS: usize = super::text::MAX_DOSES + 4 * FARTHEST;

/// Gradients of a curve; `g` gives value, gradient by the parameters and derivative by the dose at a dose.
///
/// # Errors
/// The first failure of the response.
pub fn gradient<E>(
    c: &Curve,
    full: Option<f64>,
    noise: f64,
    g: &mut dyn FnMut(f64) -> Result<Slope, E>,
) -> Result<CurveGradient, E> {
    let (_, control, _) = g(0.0)?;
    let emax = match c.top {
        Top::Plateau(x) => limit(x, noise, g)?,
        Top::Peak(x) => g(libm::exp10(x))?.1,
        Top::Unbounded | Top::Nothing => Vec::new(),
    };
    let mut out = CurveGradient {
        control,
        emax,
        ..CurveGradient::default()
    };
    for (k, p) in PARTS.into_iter().enumerate() {
        if c.log_ec[k].is_finite() && !out.emax.is_empty() {
            let (_, theta, slope) = g(libm::exp10(c.log_ec[k]))?;
            let by_log = slope * libm::exp10(c.log_ec[k]) * std::f64::consts::LN_10;
            out.log_ec[k] = theta
                .iter()
                .zip(&out.control)
                .zip(&out.emax)
                .map(|((f, r0), e)| ((1.0 - p) * r0 + p * e - f) / by_log)
                .collect();
        }
        if full.is_some()
            && let Some(x) = c.log_absolute.map(|a| a[k]).filter(|x| x.is_finite())
        {
            let (_, theta, slope) = g(libm::exp10(x))?;
            let by_log = slope * libm::exp10(x) * std::f64::consts::LN_10;
            out.log_absolute[k] = theta
                .iter()
                .zip(&out.control)
                .map(|(f, r0)| ((1.0 - p) * r0 - f) / by_log)
                .collect();
        }
    }
    // ln h = ln(ln 81) − ln(ln 10·(x90 − x10)).
    let width = c.log_ec[2] - c.log_ec[0];
    out.log_hill = out.log_ec[2]
        .iter()
        .zip(&out.log_ec[0])
        .map(|(b, a)| (a - b) / width)
        .collect();
    Ok(out)
}

/// Gradient at the plateau: at ever larger doses until it changes no more, or until the response fails.
fn limit<E>(
    from: f64,
    noise: f64,
    g: &mut dyn FnMut(f64) -> Result<Slope, E>,
) -> Result<Vec<f64>, E> {
    let mut x = from;
    let (_, mut last, _) = g(libm::exp10(x))?;
    for _ in 0..FARTHEST {
        x += 1.0;
        let Ok((_, next, _)) = g(libm::exp10(x)) else {
            break;
        };
        let change = last
            .iter()
            .zip(&next)
            .map(|(a, b)| (a - b).abs())
            .fold(0.0, f64::max);
        let size = next.iter().map(|a| a.abs()).fold(0.0, f64::max);
        if !(change.is_finite() && size.is_finite()) {
            break;
        }
        last = next;
        if change <= noise * size {
            break;
        }
    }
    Ok(last)
}
