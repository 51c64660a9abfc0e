//! Radau IIA methods of orders 9 and 13 with exact discrete sensitivities: the integrator for tight tolerances.

mod dense;
mod estimate;
mod stages;
mod tableau;
#[cfg(test)]
mod tests;

use super::control::{Controller, absolute, below_resolution, first_step, step_end};
use super::kernel::first_not_finite;
use super::linear::IterationMatrix;
use super::roots::Roots;
use super::{Ode, OdeError, StepSink, Stop, Tolerances, Work};
use dense::RadauStep;
use estimate::{column_error, estimate};
use stages::{Solved, Stages};
use tableau::{RADAU9, RADAU13, Tableau};

/// Most stages of any method.
const MAX_STAGES: usize = 7;
/// Newton iterations with one set of Jacobians.
const MAX_NEWTON: usize = 8;
/// Sets of Jacobians that a step may take before it counts as too long.
const LINEARISATIONS: usize = 2;
/// The iteration ends when what is left is this part of the tolerance (Hairer & Wanner 1996, section IV.8: 1e-1 to 1e-3). Less
/// would show: the methods are more accurate at the end of a step than their estimates ask for.
const NEWTON_TOLERANCE: f64 = 1e-3;
/// A rate of convergence above this counts as divergence.
const SLOWEST: f64 = 0.9;
/// A step is foreseen from the last one if it is at most this much longer: polynomials grow beyond their nodes.
const FORESEEN: f64 = 1.5;
/// Steps in a row that may fail with a singular matrix.
const MAX_SINGULAR: usize = 12;

/// Order of the method.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RadauOrder {
    /// Five stages.
    Nine,
    /// Seven stages.
    Thirteen,
}

impl RadauOrder {
    /// The order that takes the least work at a relative tolerance.
    pub fn for_tolerance(rtol: f64) -> Self {
        /// Below this, seven stages pay (`benches/runs`).
        const TIGHT: f64 = 5e-6;
        if rtol > TIGHT {
            Self::Nine
        } else {
            Self::Thirteen
        }
    }
    fn tableau(self) -> &'static Tableau {
        match self {
            Self::Nine => &RADAU9,
            Self::Thirteen => &RADAU13,
        }
    }
}

/// Memory of [`integrate`], kept between segments.
#[derive(Debug, Clone, Default)]
pub struct RadauWorkspace {
    stages: Stages,
    matrix: IterationMatrix,
    roots: Roots,
    f: Vec<f64>,
    jacobian: Vec<f64>,
    parameters: Vec<f64>,
    error: Vec<f64>,
    end: Vec<f64>,
    probe: Vec<f64>,
    s_error: Vec<f64>,
    s_end: Vec<f64>,
    atol: Vec<f64>,
    sums: Vec<f64>,
}

impl RadauWorkspace {
    fn prepare<O: Ode>(&mut self, ode: &O, m: usize, stages: usize, tolerances: &Tolerances) {
        let n = ode.n();
        self.stages.resize(ode, m, stages);
        self.matrix.prepare(ode);
        for v in [&mut self.f, &mut self.error, &mut self.end, &mut self.probe] {
            v.resize(n, 0.0);
        }
        self.s_error.resize(n * m, 0.0);
        self.s_end.resize(n * m, 0.0);
        self.jacobian
            .resize(ode.jacobian_pattern().entries.len(), 0.0);
        self.atol.clear();
        self.atol.extend((0..n).map(|i| absolute(tolerances, i)));
        self.sums.resize(m, 0.0);
    }
}

/// Integrates `M·y' = f(t, y, p)` from `t0` to `t1 ≥ t0` with a Radau IIA method.
///
/// Arguments, results, roots and order of the sink's steps as those of [`super::rodas::integrate`]. Each step solves
///
/// ```text
/// (A⁻¹/h ⊗ M)·z = F(y₀ + z),     y₁ = y₀ + z_s
/// ```
///
/// by simplified Newton iteration with the Jacobian at the start of the step, else, or with a mass matrix, by Newton's method
/// with those of all stages, foreseen from the last step; the sensitivities solve the same equations differentiated,
/// `[(A⁻¹/h) ⊗ M − blockdiag J]·∂z = J·S₀ + ∂f/∂p`, with the matrix of the converged stages:
/// they are the exact derivative of the discrete solution with its step sizes held fixed.
///
/// # Errors
/// See [`OdeError`]; never [`OdeError::Stiff`].
///
/// # References
/// Hairer & Wanner (1999) J. Comput. Appl. Math. 111:93–111, doi:10.1016/S0377-0427(99)00134-X; (1996) *Solving Ordinary
/// Differential Equations II*, section IV.8.
#[allow(clippy::too_many_arguments)]
pub fn integrate<O: Ode, K: StepSink + ?Sized>(
    order: RadauOrder,
    ode: &mut O,
    t0: f64,
    t1: f64,
    y: &mut [f64],
    s: &mut [f64],
    tolerances: &Tolerances,
    h0: Option<f64>,
    sink: &mut K,
    workspace: &mut RadauWorkspace,
    work: &mut Work,
) -> Result<Stop, OdeError> {
    let tableau = order.tableau();
    let m = if s.is_empty() { 0 } else { ode.m() };
    workspace.prepare(ode, m, tableau.stages(), tolerances);
    if t1 <= t0 || t1.is_nan() {
        return Ok(Stop::End);
    }
    let arch = pulp::Arch::new();
    let rtol = tolerances.rtol;
    let n_roots = ode.n_roots();
    workspace
        .roots
        .start(n_roots, |t, y, out| ode.roots(t, y, out), t0, y);
    workspace.stages.start.copy_from_slice(y);
    workspace.stages.s_start.copy_from_slice(s);
    let mut t = t0;
    start_of_step(ode, workspace, t, work)?;
    let estimate_order = tableau.stages() as f64;
    let mut h = match h0 {
        Some(h0) if h0 > 0.0 => h0.min(t1 - t0),
        _ => heuristic_step(ode, workspace, t0, t1, rtol, estimate_order, work),
    };
    let mut controller = Controller::new(estimate_order);
    let (mut attempts, mut singular, mut worst) = (0, 0, 0);
    let mut fresh = true;
    loop {
        if below_resolution(t, h) {
            return Err(if singular > MAX_SINGULAR {
                OdeError::Singular { t }
            } else {
                OdeError::StepTooSmall { t, h, state: worst }
            });
        }
        if attempts >= tolerances.max_steps {
            let max_steps = tolerances.max_steps;
            return Err(OdeError::TooManySteps { t, max_steps });
        }
        attempts += 1;
        let t_full = step_end(t, h, t1);
        h = t_full - t;
        let RadauWorkspace {
            stages,
            jacobian,
            atol,
            ..
        } = &mut *workspace;
        let solved = arch.dispatch(StateSolution {
            ode,
            stages,
            tableau,
            jacobian,
            t,
            h,
            atol,
            rtol,
            work,
        });
        match solved {
            Solved::Yes => singular = 0,
            Solved::No => {
                work.rejected += 1;
                fresh = true;
                stages.last_step = 0.0;
                h = controller.fail(h);
                continue;
            }
            Solved::Singular => {
                singular += 1;
                if singular > MAX_SINGULAR {
                    return Err(OdeError::Singular { t });
                }
                work.rejected += 1;
                fresh = true;
                h = controller.fail(h);
                continue;
            }
        }
        let Some((mut error, state)) = estimate(ode, workspace, tableau, t, h, rtol, fresh, work)
        else {
            work.rejected += 1;
            fresh = true;
            h = controller.fail(h);
            continue;
        };
        worst = state;
        if m > 0 && error <= 1.0 {
            let stages = &mut workspace.stages;
            let done = arch.dispatch(SensitivitySolution {
                ode,
                stages,
                tableau,
                m,
                t,
                h,
                work,
            });
            if !done.map_err(|state| OdeError::NotFinite { t, state })? {
                work.rejected += 1;
                fresh = true;
                h = controller.fail(h);
                continue;
            }
            if tolerances.control_sensitivities {
                error = error.max(column_error(ode, workspace, tableau, m, t, h, rtol));
            }
        }
        if error > 1.0 || error.is_nan() {
            work.rejected += 1;
            fresh = true;
            h = controller.reject(h, error);
            continue;
        }

        work.steps += 1;
        fresh = false;
        let stages = &workspace.stages;
        let mut step = RadauStep {
            tableau,
            t,
            t_full,
            t_end: t_full,
            y: [&stages.start, &stages.z],
            s: [&stages.s_start, &stages.s_z],
        };
        let crossing = workspace
            .roots
            .search(|t, y, out| ode.roots(t, y, out), &step);
        if let Some(crossing) = crossing {
            step.t_end = crossing.t;
        }
        let go_on = sink.step(&step);
        super::Step::state(&step, step.t_end, y);
        super::Step::sensitivity(&step, step.t_end, s);
        t = step.t_end;
        if let Some(crossing) = crossing {
            return Ok(Stop::Root {
                which: crossing.which,
                t: crossing.t,
                rising: crossing.rising,
            });
        }
        if t >= t1 {
            return Ok(Stop::End);
        }
        if !go_on {
            return Ok(Stop::Sink { t });
        }
        workspace.stages.advance(m, h);
        h = controller.accept(h, error);
        start_of_step(ode, workspace, t, work)?;
    }
}

/// The stage equations of the states. A type and not a closure, because only what is inlined into the dispatcher is
/// compiled for the wide registers.
struct StateSolution<'a, O> {
    ode: &'a mut O,
    stages: &'a mut Stages,
    tableau: &'a Tableau,
    jacobian: &'a [f64],
    t: f64,
    h: f64,
    atol: &'a [f64],
    rtol: f64,
    work: &'a mut Work,
}

impl<O: Ode> pulp::NullaryFnOnce for StateSolution<'_, O> {
    type Output = Solved;

    #[inline(always)]
    fn call(self) -> Solved {
        let Self {
            ode,
            stages,
            tableau,
            jacobian,
            t,
            h,
            atol,
            rtol,
            work,
        } = self;
        stages.solve(ode, tableau, jacobian, t, h, atol, rtol, work)
    }
}

/// The stage equations of the sensitivities; a type for the same reason.
struct SensitivitySolution<'a, O> {
    ode: &'a mut O,
    stages: &'a mut Stages,
    tableau: &'a Tableau,
    m: usize,
    t: f64,
    h: f64,
    work: &'a mut Work,
}

impl<O: Ode> pulp::NullaryFnOnce for SensitivitySolution<'_, O> {
    type Output = Result<bool, usize>;

    #[inline(always)]
    fn call(self) -> Self::Output {
        let Self {
            ode,
            stages,
            tableau,
            m,
            t,
            h,
            work,
        } = self;
        stages.sensitivities(ode, tableau, m, t, h, work)
    }
}

/// Right-hand side and Jacobian at the start of a step.
fn start_of_step<O: Ode>(
    ode: &mut O,
    workspace: &mut RadauWorkspace,
    t: f64,
    work: &mut Work,
) -> Result<(), OdeError> {
    let RadauWorkspace {
        stages,
        f,
        jacobian,
        ..
    } = workspace;
    ode.rhs_and_jacobian(t, &stages.start, f, jacobian);
    work.rhs += 1;
    work.jacobian += 1;
    let state = first_not_finite(f).or_else(|| {
        let e = first_not_finite(jacobian)?;
        let entries = &ode.jacobian_pattern().entries;
        Some(entries.get(e).map_or(0, |e| e.0 as usize))
    });
    match state {
        Some(state) => Err(OdeError::NotFinite { t, state }),
        None => Ok(()),
    }
}

/// First step size of a segment.
fn heuristic_step<O: Ode>(
    ode: &mut O,
    workspace: &mut RadauWorkspace,
    t0: f64,
    t1: f64,
    rtol: f64,
    order: f64,
    work: &mut Work,
) -> f64 {
    let RadauWorkspace {
        stages,
        f,
        error,
        end,
        probe,
        atol,
        ..
    } = workspace;
    error.copy_from_slice(f);
    if let Some(mass) = ode.mass() {
        for (slope, mass) in error.iter_mut().zip(mass) {
            *slope *= mass;
        }
    }
    work.rhs += 1;
    let slope = &*error;
    let start = &stages.start;
    first_step(t1 - t0, start, slope, atol, rtol, order, end, |h, f1| {
        for ((e, y), slope) in probe.iter_mut().zip(start).zip(slope) {
            *e = y + h * slope;
        }
        ode.rhs(t0 + h, probe, f1);
        if let Some(mass) = ode.mass() {
            for (f1, mass) in f1.iter_mut().zip(mass) {
                *f1 *= mass;
            }
        }
        first_not_finite(f1).is_none()
    })
}
