//! The problems. Each stands twice: its equations here, and as text in the model language in `tests/data/crosscheck`.

use crate::number::Number;

/// An autonomous initial value problem with constant initial values.
pub trait Problem: Copy + 'static {
    /// Name; the model's text is `<name>.model`.
    const NAME: &'static str;
    /// States in the order of the text.
    const STATES: &'static [&'static str];
    /// Initial values.
    const INITIAL: &'static [f64];
    /// Parameters and their values.
    const PARAMETERS: &'static [(&'static str, f64)];
    /// Times at which solutions are compared.
    const TIMES: &'static [f64];
    /// Relative tolerance of the reference: the tightest of whole decades at which `diffsol` gets through.
    const REFERENCE_RTOL: f64;

    /// The right-hand side.
    fn rates<N: Number>(p: &[N], y: &[N], dy: &mut [N]);
}

/// Robertson's kinetics: the classic stiff problem, constants over eleven decades.
#[derive(Debug, Clone, Copy)]
pub struct Robertson;

impl Problem for Robertson {
    const NAME: &'static str = "robertson";
    const STATES: &'static [&'static str] = &["A", "B", "C"];
    const INITIAL: &'static [f64] = &[1.0, 0.0, 0.0];
    const PARAMETERS: &'static [(&'static str, f64)] = &[("k1", 0.04), ("k2", 3e7), ("k3", 1e4)];
    const TIMES: &'static [f64] = &[0.4, 4.0, 40.0, 400.0];
    const REFERENCE_RTOL: f64 = 1e-11;

    fn rates<N: Number>(p: &[N], y: &[N], dy: &mut [N]) {
        let (slow, fast, back) = (p[0] * y[0], p[1] * y[1] * y[1], p[2] * y[1] * y[2]);
        dy[0] = back - slow;
        dy[1] = slow - fast - back;
        dy[2] = fast;
    }
}

/// High irradiance response of photomorphogenesis (Hairer & Wanner, Solving ODE II, section IV.10): eight states, a
/// sudden change near the end.
#[derive(Debug, Clone, Copy)]
pub struct Hires;

impl Problem for Hires {
    const NAME: &'static str = "hires";
    const STATES: &'static [&'static str] = &["y1", "y2", "y3", "y4", "y5", "y6", "y7", "y8"];
    const INITIAL: &'static [f64] = &[1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0057];
    const PARAMETERS: &'static [(&'static str, f64)] = &[
        ("k1", 1.71),
        ("k2", 0.43),
        ("k3", 8.32),
        ("k4", 0.69),
        ("kp", 280.0),
        ("km", 1.81),
        ("o", 0.0007),
    ];
    const TIMES: &'static [f64] = &[1.0, 10.0, 100.0, 321.8122];
    const REFERENCE_RTOL: f64 = 1e-11;

    fn rates<N: Number>(p: &[N], y: &[N], dy: &mut [N]) {
        let (k1, k2, k3, k4, kp, km, o) = (p[0], p[1], p[2], p[3], p[4], p[5], p[6]);
        let c = |x: f64| N::from(x);
        let bound = kp * y[5] * y[7];
        dy[0] = o + k2 * y[1] + k3 * y[2] - k1 * y[0];
        dy[1] = k1 * y[0] - c(8.75) * y[1];
        dy[2] = k2 * y[3] + c(0.035) * y[4] - c(10.03) * y[2];
        dy[3] = k3 * y[1] + k1 * y[2] - c(1.12) * y[3];
        dy[4] = k2 * y[5] + k2 * y[6] - c(1.745) * y[4];
        dy[5] = k4 * y[3] + k1 * y[4] - k2 * y[5] + k4 * y[6] - bound;
        dy[6] = bound - km * y[6];
        dy[7] = km * y[6] - bound;
    }
}

/// Predators and prey (Lotka, Volterra): not stiff, periodic.
#[derive(Debug, Clone, Copy)]
pub struct Predators;

impl Problem for Predators {
    const NAME: &'static str = "predators";
    const STATES: &'static [&'static str] = &["prey", "predator"];
    const INITIAL: &'static [f64] = &[10.0, 5.0];
    const PARAMETERS: &'static [(&'static str, f64)] =
        &[("a", 1.1), ("b", 0.4), ("c", 0.4), ("d", 0.1)];
    const TIMES: &'static [f64] = &[1.0, 3.0, 7.0, 15.0];
    const REFERENCE_RTOL: f64 = 1e-11;

    fn rates<N: Number>(p: &[N], y: &[N], dy: &mut [N]) {
        let met = y[0] * y[1];
        dy[0] = p[0] * y[0] - p[1] * met;
        dy[1] = p[3] * met - p[2] * y[1];
    }
}

/// A ligand secreted into a medium, its receptor at the surface and inside, with fast binding: the kind of system that
/// this program is for (target-mediated turnover).
#[derive(Debug, Clone, Copy)]
pub struct Receptor;

impl Problem for Receptor {
    const NAME: &'static str = "receptor";
    const STATES: &'static [&'static str] = &["L", "R", "C", "I"];
    const INITIAL: &'static [f64] = &[0.0, 1.0, 0.0, 2.0];
    const PARAMETERS: &'static [(&'static str, f64)] = &[
        ("secretion", 0.5),
        ("k_on", 75.0),
        ("k_off", 340.0),
        ("k_deg", 0.06),
        ("k_int", 0.6),
        ("k_bound", 8.4),
        ("k_rec", 0.25),
        ("k_loss", 0.15),
        ("synthesis", 0.3),
    ];
    const TIMES: &'static [f64] = &[0.05, 1.0, 6.0, 24.0, 72.0];
    const REFERENCE_RTOL: f64 = 1e-9;

    fn rates<N: Number>(p: &[N], y: &[N], dy: &mut [N]) {
        let bind = p[1] * y[0] * y[1] - p[2] * y[2];
        dy[0] = p[0] - bind - p[3] * y[0];
        dy[1] = p[8] - bind - p[4] * y[1] + p[6] * y[3];
        dy[2] = bind - p[5] * y[2];
        dy[3] = p[4] * y[1] + p[5] * y[2] - (p[6] + p[7]) * y[3];
    }
}
