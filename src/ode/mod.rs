//! Integration of one smooth segment of an ordinary differential equation, with forward sensitivities.
//!
//! Solves `M·dy/dt = f(t, y, p)` with diagonal mass matrix `M` (entries 1, or 0 for algebraic rows of index 1) and,
//! column by column, the sensitivities `S = ∂y/∂p` of the active parameters. Kernels know no names, files or events:
//! jumps between segments belong to the floor that simulates experiments.

mod control;
pub mod explicit;
mod kernel;
mod linear;
mod method;
pub mod radau;
pub mod rodas;
mod roots;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;

pub use method::{Method, Outcome, Workspace, integrate};

/// Sparsity pattern of a matrix, entries in row-major order (by row, then column).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Pattern {
    /// Number of rows.
    pub rows: usize,
    /// Number of columns.
    pub columns: usize,
    /// `(row, column)` of each stored entry, sorted.
    pub entries: Vec<(u32, u32)>,
}

/// Number of points that are evaluated together: the stages of a step of Rodas5P, and two registers of four numbers.
pub const LANES: usize = 8;

/// The right-hand side of one smooth segment and its exact derivatives.
///
/// `n` states, `m` active parameters (sensitivity columns). Dense sensitivity blocks are row-major `n × m`
/// (`s[i*m + k] = ∂yᵢ/∂pₖ`), so that loops over columns are contiguous. Methods take `&mut self` because an
/// implementation evaluates into scratch memory of its own; none may allocate after construction.
pub trait Ode {
    /// Number of states `n`.
    fn n(&self) -> usize;
    /// Number of active parameters `m` (0: no sensitivities).
    fn m(&self) -> usize;
    /// Diagonal of the mass matrix, `None` for the identity. Entries are 1 (differential) or 0 (algebraic).
    fn mass(&self) -> Option<&[f64]> {
        None
    }
    /// Whether `f` does not depend on `t` explicitly (then `time_derivative` is never called).
    fn is_autonomous(&self) -> bool;
    /// Pattern of `J = ∂f/∂y` (`n × n`).
    fn jacobian_pattern(&self) -> &Pattern;
    /// Pattern of `F = ∂f/∂p` (`n × m`).
    fn parameter_pattern(&self) -> &Pattern;
    /// `f(t, y)` into `out` (`n`).
    fn rhs(&mut self, t: f64, y: &[f64], out: &mut [f64]);
    /// `f` at [`LANES`] points: `y` and `out` hold the values of each state at all points. Points behind the first `used` are
    /// given as copies of the last of these and need not be evaluated. Where nothing better is given, [`rhs_one_by_one`].
    #[inline(always)]
    fn rhs_at_points(
        &mut self,
        used: usize,
        t: &[f64; LANES],
        y: &[[f64; LANES]],
        out: &mut [[f64; LANES]],
    ) {
        rhs_one_by_one(self, used, t, y, out);
    }
    /// Values of `J` at `(t, y)` in the order of its pattern.
    fn jacobian(&mut self, t: f64, y: &[f64], out: &mut [f64]);
    /// `f` and `J` together (they share subexpressions).
    fn rhs_and_jacobian(&mut self, t: f64, y: &[f64], f: &mut [f64], jac: &mut [f64]);
    /// `f`, `J` and `F` together: what a stage of a sensitivity step needs.
    fn linearise(&mut self, t: f64, y: &[f64], f: &mut [f64], jac: &mut [f64], par: &mut [f64]);
    /// `J` and `F` at [`LANES`] points: `y` holds the states of one point after the other, `jac` and `par` the values of
    /// each entry at all points, `jac[e*LANES + point]`. Of `used` as in [`Self::rhs_at_points`].
    fn derivatives_at_points(
        &mut self,
        used: usize,
        t: &[f64; LANES],
        y: &[f64],
        jac: &mut [f64],
        par: &mut [f64],
    );
    /// Explicit `∂f/∂t` at `(t, y)` (`n`).
    fn time_derivative(&mut self, t: f64, y: &[f64], out: &mut [f64]);
    /// Directional derivative of `J` along each sensitivity column: for column `k` and entry `e` of the Jacobian
    /// pattern, `out[e*m + k] = Σⱼ ∂J_e/∂yⱼ·s[j*m+k] + ∂J_e/∂pₖ`.
    fn jacobian_along(&mut self, t: f64, y: &[f64], s: &[f64], out: &mut [f64]);
    /// Directional derivative of `∂f/∂t` along each column, row-major `n × m`:
    /// `out[i*m+k] = Σⱼ ∂²fᵢ/∂t∂yⱼ·s[j*m+k] + ∂²fᵢ/∂t∂pₖ`.
    fn time_derivative_along(&mut self, t: f64, y: &[f64], s: &[f64], out: &mut [f64]);
    /// Number of root functions whose sign changes end a segment.
    fn n_roots(&self) -> usize {
        0
    }
    /// Root functions at `(t, y)` into `out`.
    fn roots(&mut self, _t: f64, _y: &[f64], _out: &mut [f64]) {}
}

/// The right-hand side at one point after the other, those behind the first `used` as the last of these; takes memory of
/// its own.
pub fn rhs_one_by_one<O: Ode + ?Sized>(
    ode: &mut O,
    used: usize,
    t: &[f64; LANES],
    y: &[[f64; LANES]],
    out: &mut [[f64; LANES]],
) {
    let (mut at, mut f) = (vec![0.0; y.len()], vec![0.0; y.len()]);
    for (point, t) in t.iter().enumerate() {
        if point < used {
            for (at, y) in at.iter_mut().zip(y) {
                *at = y[point];
            }
            ode.rhs(*t, &at, &mut f);
        }
        for (out, f) in out.iter_mut().zip(&f) {
            out[point] = *f;
        }
    }
}

/// Tolerances and limits of an integration.
#[derive(Debug, Clone, PartialEq)]
pub struct Tolerances {
    /// Relative tolerance of the local error per step (default 1e-8).
    pub rtol: f64,
    /// Absolute tolerance in the unit of each state; one value for all, or one a state.
    pub atol: Vec<f64>,
    /// Whether the sensitivities enter the error norm as well (default false: states only).
    pub control_sensitivities: bool,
    /// Upper limit of accepted plus rejected steps of one segment, and of the segments of one period (default 100 000).
    pub max_steps: usize,
}

impl Default for Tolerances {
    fn default() -> Self {
        Self {
            rtol: 1e-8,
            atol: vec![1e-8],
            control_sensitivities: false,
            max_steps: 100_000,
        }
    }
}

/// Work of an integration; sums over segments.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Work {
    /// Accepted steps.
    pub steps: u64,
    /// Rejected steps.
    pub rejected: u64,
    /// Right-hand sides.
    pub rhs: u64,
    /// Jacobians.
    pub jacobian: u64,
    /// LU factorisations.
    pub lu: u64,
    /// Linear solves (a block of sensitivity columns counts as its number of columns).
    pub solves: u64,
}

/// Why a segment ended.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Stop {
    /// The end time was reached.
    End,
    /// Root function `which` changed sign at `t`; `rising` if from negative to positive.
    Root {
        /// Index of the root function.
        which: usize,
        /// Time of the root, just behind the sign change.
        t: f64,
        /// From negative to positive.
        rising: bool,
    },
    /// The sink asked to stop after the step that ended at `t`.
    Sink {
        /// End of the last step.
        t: f64,
    },
}

/// Why a segment could not be integrated. Every variant says where.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum OdeError {
    /// The step size fell to the resolution of time.
    #[error("step size {h:e} fell to the resolution of time at t = {t}")]
    StepTooSmall {
        /// Time reached.
        t: f64,
        /// Last step size tried.
        h: f64,
        /// State with the largest scaled error.
        state: usize,
    },
    /// More steps than allowed.
    #[error("more than {max_steps} steps before t = {t}")]
    TooManySteps {
        /// Time reached.
        t: f64,
        /// Limit.
        max_steps: usize,
    },
    /// A value of the right-hand side or a derivative is not finite at the start of a step.
    #[error("the derivative of state {state} is not finite at t = {t}")]
    NotFinite {
        /// Time.
        t: f64,
        /// First state concerned.
        state: usize,
    },
    /// The iteration matrix is singular however small the step.
    #[error("singular iteration matrix at t = {t}")]
    Singular {
        /// Time.
        t: f64,
    },
    /// An explicit method cannot integrate an algebraic state.
    #[error("an explicit method cannot integrate the algebraic state {state}")]
    Algebraic {
        /// State whose entry of the mass matrix is not 1.
        state: usize,
    },
    /// An explicit method found the segment stiff.
    #[error("stiff at t = {t}")]
    Stiff {
        /// Time.
        t: f64,
    },
}

impl OdeError {
    /// Time at which the integration ended: that of the last accepted step.
    pub fn time(&self) -> Option<f64> {
        match *self {
            Self::StepTooSmall { t, .. }
            | Self::TooManySteps { t, .. }
            | Self::NotFinite { t, .. }
            | Self::Singular { t }
            | Self::Stiff { t } => Some(t),
            Self::Algebraic { .. } => None,
        }
    }
}

/// One accepted step, handed to a [`StepSink`]; dense output of states and sensitivities.
pub trait Step {
    /// Start of the step.
    fn t0(&self) -> f64;
    /// End of the step.
    fn t1(&self) -> f64;
    /// States at `t` in `[t0, t1]` (`n`).
    fn state(&self, t: f64, y: &mut [f64]);
    /// Sensitivities at `t`, row-major `n × m`.
    fn sensitivity(&self, t: f64, s: &mut [f64]);
}

/// Receives every accepted step (for outputs at measurement times); the grid never changes the steps.
pub trait StepSink {
    /// Called once an accepted step, in order; a step that ends at a root is handed over up to the root.
    /// Returns whether to go on.
    fn step(&mut self, step: &dyn Step) -> bool;
}
