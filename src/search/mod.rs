//! Bounded minimisation of a smooth objective from value, gradient and positive semidefinite curvature.
//!
//! The method is a trust region in the scaling of Coleman & Li: bounds are part of the model of the objective, not a
//! penalty. It knows no names, files or models; least squares is the case `gradient = Jᵀr`, `curvature = JᵀJ`.

pub mod argmin;
mod candidates;
mod region;
mod scaling;
mod secant;
mod subproblem;
#[cfg(test)]
mod tests;
mod zero;

pub use region::TrustRegion;
pub use zero::zero;

/// What an evaluation must deliver.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Want {
    /// The value only.
    Value,
    /// Value, gradient and curvature.
    Derivatives,
}

/// Value, gradient and curvature of an objective at one point.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Evaluation {
    /// Objective.
    pub value: f64,
    /// Gradient, `n` (empty if only the value was asked for).
    pub gradient: Vec<f64>,
    /// Positive semidefinite approximation of the Hessian, row-major `n × n` (for least squares `JᵀJ` of ½Σr²).
    pub curvature: Vec<f64>,
}

/// An objective: evaluates a point, or says why it cannot.
pub type Function<'a, E> = dyn FnMut(&[f64], Want) -> Result<Evaluation, E> + 'a;

/// When a search ends, and how it begins.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Options {
    /// Largest `|vᵢ·gᵢ|` at convergence, `v` the distance to the bound that the descent direction meets (1 without one).
    /// In units of the objective. Default 1e-6.
    pub gradient_tolerance: f64,
    /// Converged when an unrestricted step is predicted to lower the objective by no more than this. Absolute: a
    /// −log likelihood matters by its differences, whatever its level. Default 1e-8, which leaves a parameter within
    /// √(2e-8) = 1.4e-4 standard errors of its optimum.
    pub objective_tolerance: f64,
    /// Converged after an accepted, unrestricted step with `‖s‖∞ ≤ step_tolerance·(1 + ‖x‖∞)`; stuck if rejected steps
    /// become that short. Default 1e-10.
    pub step_tolerance: f64,
    /// Error to be expected in values (of an integrator, say): when a step is rejected although an unrestricted one is
    /// predicted to gain no more than this, the search has converged as far as the values allow. Absolute. Default 1e-6.
    pub noise: f64,
    /// Accepted plus failed rounds. Default 500.
    pub max_iterations: usize,
    /// First radius, in the scaled variables `sᵢ/√vᵢ`. Default 1.
    pub initial_radius: f64,
    /// Whether the search learns from its steps what the curvature leaves out of the Hessian (Dennis, Gay & Welsch 1981).
    /// Default true.
    pub secant: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            gradient_tolerance: 1e-6,
            objective_tolerance: 1e-8,
            step_tolerance: 1e-10,
            noise: 1e-6,
            max_iterations: 500,
            initial_radius: 1.0,
            secant: true,
        }
    }
}

/// Whether to go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Control {
    /// Go on.
    Continue,
    /// Stop at the present point.
    Stop,
}

/// The present point of a search, shown after every iteration (and once at the start).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Iterate<'a> {
    /// Iterations so far.
    pub iteration: usize,
    /// Point.
    pub point: &'a [f64],
    /// Objective there.
    pub value: f64,
    /// Largest `|vᵢ·gᵢ|`.
    pub gradient_norm: f64,
    /// Radius of the trust region.
    pub radius: f64,
}

/// Why a search ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Termination {
    /// The scaled gradient vanishes: first-order conditions hold, bounds included.
    Gradient,
    /// No step is predicted to lower the objective noticeably.
    Objective,
    /// The last step was too short to matter.
    Step,
    /// The limit of iterations was reached.
    Iterations,
    /// The observer asked to stop.
    Stopped,
    /// Every trial point failed or was worse, down to the shortest step.
    Stuck,
}

impl Termination {
    /// Whether the point is a minimum as far as the tolerances can tell.
    pub fn is_converged(self) -> bool {
        matches!(self, Self::Gradient | Self::Objective | Self::Step)
    }
    /// Stable name for counting and for files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Gradient => "gradient",
            Self::Objective => "objective",
            Self::Step => "step",
            Self::Iterations => "iterations",
            Self::Stopped => "stopped",
            Self::Stuck => "stuck",
        }
    }
}

/// Result of a search.
#[derive(Debug, Clone, PartialEq)]
pub struct Search {
    /// Best point, within the bounds; a variable that its bound holds lies exactly on it.
    pub point: Vec<f64>,
    /// Objective there.
    pub value: f64,
    /// Gradient there.
    pub gradient: Vec<f64>,
    /// Curvature there, row-major.
    pub curvature: Vec<f64>,
    /// Why it ended.
    pub termination: Termination,
    /// Iterations.
    pub iterations: usize,
    /// Evaluations of the value alone.
    pub values: usize,
    /// Evaluations with derivatives.
    pub gradients: usize,
}

/// Minimises `f` over the box `lower ≤ x ≤ upper` (infinite bounds allowed), from `start` (moved into the box).
///
/// Each iteration minimises the model `gᵀs + ½sᵀHs` within `‖D⁻¹s‖₂ ≤ Δ`, where `D² = diag(v)` and `v` is the distance to
/// the bound that the descent direction meets. If that step leaves the box, these compete: the minimiser on the face of the
/// bounds it meets; the minimiser with curvature `H + C`, `C = diag(|gᵢ|/vᵢ)` on bounded variables (Coleman & Li), or its
/// truncation and its reflection at the bound; and the scaled gradient. The lowest by `gᵀs + ½sᵀHs` is tried.
/// Deterministic.
///
/// To `H` is added what the last steps say about the part of the Hessian that it leaves out, while that foretells values better
/// (Dennis, Gay & Welsch 1981, ACM Trans. Math. Softw. 7:348–368).
///
/// Runs in the executor of `argmin`, see [`argmin::TrustRegionReflective`]; that costs 0.1 µs an iteration.
///
/// A trial point at which `f` fails or is not finite shrinks the region. `watch` sees every iterate.
///
/// # Errors
/// That of `f` at the start, if it fails there. A value that is not finite at the start ends as [`Termination::Stuck`].
///
/// # Example
/// The minimum of (x − 3)² + (y + 1)² with y ≥ 0 is at (3, 0):
/// ```
/// use mechfit::search::{self, Control, Evaluation, Want};
/// let mut f = |x: &[f64], _: Want| -> Result<Evaluation, ()> {
///     let (a, b) = (x[0] - 3.0, x[1] + 1.0);
///     Ok(Evaluation { value: a * a + b * b, gradient: vec![2.0 * a, 2.0 * b], curvature: vec![2.0, 0.0, 0.0, 2.0] })
/// };
/// let found = search::minimise(
///     &mut f, &[0.0, 5.0], &[-10.0, 0.0], &[10.0, 10.0], &Default::default(), &mut |_| Control::Continue,
/// )?;
/// assert!((found.point[0] - 3.0).abs() < 1e-6);
/// assert_eq!(found.point[1], 0.0);
/// # Ok::<(), ()>(())
/// ```
///
/// # References
/// Branch, Coleman & Li (1999) SIAM J. Sci. Comput. 21:1–23, doi:10.1137/S1064827595289108. Moré & Sorensen (1983)
/// SIAM J. Sci. Stat. Comput. 4:553–572 (the subproblem).
pub fn minimise<E>(
    f: &mut Function<E>,
    start: &[f64],
    lower: &[f64],
    upper: &[f64],
    options: &Options,
    watch: &mut dyn FnMut(&Iterate) -> Control,
) -> Result<Search, E> {
    match argmin::run(f, start, lower, upper, options, watch)? {
        Some(found) => Ok(found),
        // The executor has no other reason to give up than a failed start.
        None => plain(f, start, lower, upper, options, watch),
    }
}

/// The loop of [`minimise`] without the executor.
fn plain<E>(
    f: &mut Function<E>,
    start: &[f64],
    lower: &[f64],
    upper: &[f64],
    options: &Options,
    watch: &mut dyn FnMut(&Iterate) -> Control,
) -> Result<Search, E> {
    let mut region = TrustRegion::start(f, start, lower, upper, options)?;
    let termination = loop {
        if watch(&region.iterate()) == Control::Stop {
            break Termination::Stopped;
        }
        if let Some(termination) = region.advance(f) {
            break termination;
        }
    };
    Ok(region.into_search(termination))
}
