//! Error norm, first step size and step-size controller.

use super::Tolerances;

/// Safety factor of the controller (Hairer & Wanner 1996, section IV.8).
const SAFETY: f64 = 0.9;
/// Largest factor between two steps, as in Hairer and Wanner's code RADAU.
const LARGEST_GROWTH: f64 = 8.0;
/// Smallest factor between two steps.
const LARGEST_SHRINKAGE: f64 = 0.2;
/// Smallest error that the predictive controller remembers (Hairer & Wanner 1996, code RODAS).
const SMALLEST_ERROR: f64 = 1e-2;
/// How far the prediction from two steps may lengthen the step that one step alone suggests, as an exponent of their ratio: 0
/// would never, 1 always. Of the values tried this took the least work (`benches/runs/2026-11-30-step-control.txt`).
const TRUST: f64 = 0.7;
/// Factor after a step whose stages could not be evaluated.
pub(super) const FAILURE_SHRINKAGE: f64 = 0.25;
/// Share of the step by which the last step of a segment may be stretched.
const STRETCH: f64 = 1e-4;

/// Absolute tolerance of state `i`; the first one stands for all that are not given.
pub(super) fn absolute(tolerances: &Tolerances, i: usize) -> f64 {
    let atol = &tolerances.atol;
    let value = atol.get(i).or(atol.first()).copied().unwrap_or(0.0);
    // A zero state under a purely relative tolerance must not divide zero by zero.
    value.max(f64::MIN_POSITIVE)
}

/// Root mean square of `errorᵢ/(atolᵢ + rtol·max(|yᵢ|, |zᵢ|))`, and the state with the largest term.
pub(super) fn error_norm(
    error: &[f64],
    y: &[f64],
    z: &[f64],
    atol: &[f64],
    rtol: f64,
) -> (f64, usize) {
    let mut sum = 0.0;
    let mut largest = 0.0;
    let mut state = 0;
    for (i, (((e, y), z), atol)) in error.iter().zip(y).zip(z).zip(atol).enumerate() {
        let scaled = e / (atol + rtol * y.abs().max(z.abs()));
        let square = scaled * scaled;
        // Not-a-number counts as the largest.
        if !matches!(square.partial_cmp(&largest), Some(std::cmp::Ordering::Less)) {
            largest = square;
            state = i;
        }
        sum += square;
    }
    ((sum / error.len().max(1) as f64).sqrt(), state)
}

/// Largest of the [`error_norm`]s of the columns of a sensitivity block (row-major `n × m`).
pub(super) fn column_error_norm(
    error: &[f64],
    s: &[f64],
    z: &[f64],
    atol: &[f64],
    rtol: f64,
    sums: &mut [f64],
) -> f64 {
    let m = sums.len().max(1);
    sums.fill(0.0);
    for (((error, s), z), atol) in error
        .chunks_exact(m)
        .zip(s.chunks_exact(m))
        .zip(z.chunks_exact(m))
        .zip(atol)
    {
        for (((sum, e), s), z) in sums.iter_mut().zip(error).zip(s).zip(z) {
            let scaled = e / (atol + rtol * s.abs().max(z.abs()));
            *sum += scaled * scaled;
        }
    }
    let mut largest: f64 = 0.0;
    for sum in sums.iter() {
        if sum.is_nan() {
            return f64::NAN;
        }
        largest = largest.max(*sum);
    }
    (largest / atol.len().max(1) as f64).sqrt()
}

/// First step size. Rates that change as in a decay, with the time constant `τ = ‖f‖/‖df/dt‖`, have the derivative of order
/// `q + 1` of size `‖f‖/τ^q`, and so a local error in proportion to `‖f‖·τ·(h/τ)^(q + 1)`; where that says nothing, by the
/// heuristic of Hairer, Nørsett & Wanner (1993), section II.4.
///
/// `f0` is `f(t, y)` (zero in algebraic rows); `euler(h)` puts `f(t + h, y + h·f0)` into the slice and says whether it
/// is finite. `order` is the order of the error estimate.
#[allow(clippy::too_many_arguments)]
pub(super) fn first_step(
    span: f64,
    y: &[f64],
    f0: &[f64],
    atol: &[f64],
    rtol: f64,
    order: f64,
    f1: &mut [f64],
    mut euler: impl FnMut(f64, &mut [f64]) -> bool,
) -> f64 {
    /// Norms below this say nothing about the scale of time.
    const NEGLIGIBLE: f64 = 1e-5;
    /// First guess where the norms say nothing.
    const BLIND: f64 = 1e-6;
    /// Local error of the model of a decay that is aimed at; its constant is that of the method, measured over nine problems.
    const FIRST_ERROR: f64 = 10.0;
    /// Derivatives below this are taken as zero.
    const VANISHING: f64 = 1e-15;
    let d0 = error_norm(y, y, y, atol, rtol).0;
    let d1 = error_norm(f0, y, y, atol, rtol).0;
    let mut h0 = if d0 < NEGLIGIBLE || d1 < NEGLIGIBLE {
        BLIND
    } else {
        0.01 * d0 / d1
    };
    h0 = h0.min(span);
    if !euler(h0, f1) {
        return h0 * FAILURE_SHRINKAGE;
    }
    for (f1, f0) in f1.iter_mut().zip(f0) {
        *f1 -= f0;
    }
    let d2 = error_norm(f1, y, y, atol, rtol).0 / h0;
    // What the decay changes in all, in units of the tolerance.
    let change = d1 * d1 / d2;
    if change.is_finite() && change > 1.0 {
        let h = d1 / d2 * libm::pow(FIRST_ERROR / change, 1.0 / (order + 1.0));
        return h.min(span);
    }
    let steepest = d1.max(d2);
    let h1 = if steepest <= VANISHING {
        BLIND.max(h0 * 1e-3)
    } else {
        libm::pow(0.01 / steepest, 1.0 / (order + 1.0))
    };
    (100.0 * h0).min(h1).min(span)
}

/// Predictive controller of Gustafsson (Hairer & Wanner 1996, section IV.8).
#[derive(Debug, Clone, Copy)]
pub(super) struct Controller {
    exponent: f64,
    /// Size of the last accepted step, and the logarithm of its error.
    last: Option<(f64, f64)>,
    rejected: bool,
}

impl Controller {
    /// `order`: order of the error estimate, so that the local error shrinks like `h^(order + 1)`.
    pub(super) fn new(order: f64) -> Self {
        Self {
            exponent: 1.0 / (order + 1.0),
            last: None,
            rejected: false,
        }
    }

    /// Step size after an accepted step of size `h` with error norm `error ≤ 1`.
    pub(super) fn accept(&mut self, h: f64, error: f64) -> f64 {
        // In logarithms, which cost less than powers.
        let error = libm::log(error.max(f64::MIN_POSITIVE));
        let mut factor = -self.exponent * error;
        if let Some((h_last, error_last)) = self.last {
            let predicted = libm::log(h / h_last) + self.exponent * (error_last - 2.0 * error);
            let trust = if predicted < factor { 1.0 } else { TRUST };
            factor += trust * (predicted - factor);
        }
        let mut factor = SAFETY * libm::exp(factor);
        factor = factor.clamp(LARGEST_SHRINKAGE, LARGEST_GROWTH);
        if self.rejected {
            factor = factor.min(1.0);
        }
        self.rejected = false;
        self.last = Some((h, error.max(libm::log(SMALLEST_ERROR))));
        h * factor
    }

    /// Step size after a rejected step of size `h` with error norm `error > 1`.
    pub(super) fn reject(&mut self, h: f64, error: f64) -> f64 {
        self.rejected = true;
        if !error.is_finite() {
            return h * LARGEST_SHRINKAGE;
        }
        let factor = SAFETY / libm::pow(error, self.exponent);
        h * factor.clamp(LARGEST_SHRINKAGE, SAFETY)
    }

    /// Step size after a step that could not be evaluated.
    pub(super) fn fail(&mut self, h: f64) -> f64 {
        self.rejected = true;
        h * FAILURE_SHRINKAGE
    }
}

/// End of a step of size `h` from `t`: `t1` exactly if the step reaches it or nearly so.
pub(super) fn step_end(t: f64, h: f64, t1: f64) -> f64 {
    if t + h * (1.0 + STRETCH) >= t1 {
        t1
    } else {
        t + h
    }
}

/// Whether a step of size `h` at `t` is below the resolution of time.
pub(super) fn below_resolution(t: f64, h: f64) -> bool {
    /// Share of the step that rounding of `t` may cost.
    const SHARE: f64 = 0.1;
    h.is_nan() || SHARE * h <= f64::EPSILON * t.abs() || h < f64::MIN_POSITIVE
}
