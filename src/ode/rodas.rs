//! Rodas5P with exact discrete sensitivities: the integrator of segments with algebraic states (index 1), and of what
//! another method cannot finish.

mod dense;
mod stages;
mod tableau;

use super::control::{
    Controller, absolute, below_resolution, column_error_norm, error_norm, first_step, step_end,
};
use super::kernel::first_not_finite;
use super::linear::IterationMatrix;
use super::roots::Roots;
use super::{Ode, OdeError, StepSink, Stop, Tolerances, Work};
use dense::RodasStep;
use stages::{SensitivityStages, StateStages};
use tableau::GAMMA;

/// Order of the error estimate.
const ERROR_ORDER: f64 = 4.0;
/// Steps in a row that may fail with a singular matrix before it counts as singular whatever the step size.
const MAX_SINGULAR: usize = 12;

/// Memory of [`integrate`], kept between segments; it grows to the largest system and is never shrunk.
#[derive(Debug, Clone, Default)]
pub struct RodasWorkspace {
    states: StateStages,
    sensitivities: SensitivityStages,
    matrix: IterationMatrix,
    roots: Roots,
    atol: Vec<f64>,
    sums: Vec<f64>,
    next_step: f64,
}

impl RodasWorkspace {
    /// Step size that the controller proposed after the last accepted step (0 before any).
    pub fn next_step(&self) -> f64 {
        self.next_step
    }

    fn prepare<O: Ode>(&mut self, ode: &O, m: usize, tolerances: &Tolerances) {
        let n = ode.n();
        let jacobian = ode.jacobian_pattern().entries.len();
        let parameters = if m == 0 {
            0
        } else {
            ode.parameter_pattern().entries.len()
        };
        self.states.resize(n, jacobian);
        self.sensitivities.resize(n, m, jacobian, parameters);
        self.matrix.prepare(ode);
        self.atol.clear();
        self.atol.extend((0..n).map(|i| absolute(tolerances, i)));
        self.sums.resize(m, 0.0);
        self.next_step = 0.0;
    }
}

/// Integrates `M·y' = f(t, y, p)` from `t0` to `t1 ≥ t0` with Rodas5P.
///
/// `y` (`n`) and `s` (row-major `n × m`, or empty for states only) hold the values at `t0` on entry and at the stop on
/// return; after an error they hold those of the last accepted step. `h0` replaces the heuristic first step size.
/// Every accepted step goes to `sink`. The sensitivities are the exact derivative of the discrete solution with its
/// step sizes held fixed; rejected steps cost them nothing unless they are part of the error control.
///
/// A root function ends the segment where its sign changes on the dense output, located to about 1e-13 of the time; one
/// that is exactly 0 at the start fires only after it has been nonzero, and one that ends a segment at exactly 0 has
/// not fired.
///
/// # Errors
/// See [`OdeError`]; never [`OdeError::Stiff`].
///
/// # References
/// Steinebach (2023) BIT 63:27, doi:10.1007/s10543-023-00967-x. Hairer & Wanner (1996) *Solving Ordinary Differential
/// Equations II*, sections IV.7–IV.8.
#[allow(clippy::too_many_arguments)]
pub fn integrate<O: Ode, K: StepSink + ?Sized>(
    ode: &mut O,
    t0: f64,
    t1: f64,
    y: &mut [f64],
    s: &mut [f64],
    tolerances: &Tolerances,
    h0: Option<f64>,
    sink: &mut K,
    workspace: &mut RodasWorkspace,
    work: &mut Work,
) -> Result<Stop, OdeError> {
    let m = if s.is_empty() { 0 } else { ode.m() };
    workspace.prepare(ode, m, tolerances);
    if t1 <= t0 || t1.is_nan() {
        return Ok(Stop::End);
    }
    let arch = pulp::Arch::new();
    let autonomous = ode.is_autonomous();
    let rtol = tolerances.rtol;
    let n_roots = ode.n_roots();
    workspace
        .roots
        .start(n_roots, |t, y, out| ode.roots(t, y, out), t0, y);
    workspace.states.start.copy_from_slice(y);
    workspace.sensitivities.start.copy_from_slice(s);
    let mut t = t0;
    let mut h = start_of_step(ode, workspace, t, autonomous, work).map(|()| match h0 {
        Some(h0) if h0 > 0.0 => h0.min(t1 - t0),
        _ => heuristic_step(ode, workspace, t0, t1, rtol, work),
    })?;
    let mut controller = Controller::new(ERROR_ORDER);
    let mut attempts = 0;
    let mut singular = 0;
    let mut along_is_known = false;
    let mut worst = 0;
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

        let RodasWorkspace {
            states,
            sensitivities,
            matrix,
            ..
        } = workspace;
        work.lu += 1;
        if !matrix.factor(1.0 / (h * GAMMA), ode.mass(), &states.jacobian) {
            singular += 1;
            if singular > MAX_SINGULAR {
                return Err(OdeError::Singular { t });
            }
            work.rejected += 1;
            h = controller.fail(h);
            continue;
        }
        singular = 0;
        if !states.compute(ode, matrix, t, h, autonomous, work) {
            work.rejected += 1;
            h = controller.fail(h);
            continue;
        }
        let atol = &workspace.atol;
        let (mut error, state) = error_norm(states.error(), &states.start, &states.end, atol, rtol);
        worst = state;
        if m > 0 && error <= 1.0 {
            // In registers as wide as the processor's; the same operations in the same order, hence the same bytes.
            let done = arch.dispatch(SensitivityStep {
                along_is_known,
                ode,
                matrix,
                states,
                sensitivities,
                m,
                t,
                h,
                autonomous,
                work,
            });
            along_is_known = true;
            if !done.map_err(|state| OdeError::NotFinite { t, state })? {
                work.rejected += 1;
                h = controller.fail(h);
                continue;
            }
            if tolerances.control_sensitivities {
                error = error.max(column_error_norm(
                    sensitivities.error(),
                    &sensitivities.start,
                    &sensitivities.end,
                    atol,
                    rtol,
                    &mut workspace.sums,
                ));
            }
        }
        if error > 1.0 || error.is_nan() {
            work.rejected += 1;
            h = controller.reject(h, error);
            continue;
        }

        work.steps += 1;
        let mut step = RodasStep {
            t,
            t_full,
            t_end: t_full,
            y: [&states.start, &states.end, &states.k],
            s: [&sensitivities.start, &sensitivities.end, &sensitivities.k],
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
        h = controller.accept(h, error);
        workspace.next_step = h;
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
        std::mem::swap(&mut workspace.states.start, &mut workspace.states.end);
        std::mem::swap(
            &mut workspace.sensitivities.start,
            &mut workspace.sensitivities.end,
        );
        along_is_known = false;
        start_of_step(ode, workspace, t, autonomous, work)?;
    }
}

/// The sensitivity part of a step. A type and not a closure, because only what is inlined into the dispatcher is
/// compiled for the wide registers.
struct SensitivityStep<'a, O> {
    along_is_known: bool,
    ode: &'a mut O,
    matrix: &'a IterationMatrix,
    states: &'a StateStages,
    sensitivities: &'a mut SensitivityStages,
    m: usize,
    t: f64,
    h: f64,
    autonomous: bool,
    work: &'a mut Work,
}

impl<O: Ode> pulp::NullaryFnOnce for SensitivityStep<'_, O> {
    type Output = Result<bool, usize>;

    #[inline(always)]
    fn call(self) -> Self::Output {
        let Self { t, autonomous, .. } = self;
        if !self.along_is_known {
            self.sensitivities
                .start_step(self.ode, t, &self.states.start, autonomous);
        }
        self.sensitivities.compute(
            self.ode,
            self.matrix,
            self.states,
            self.m,
            t,
            self.h,
            autonomous,
            self.work,
        )
    }
}

/// First derivatives at the start of a step.
fn start_of_step<O: Ode>(
    ode: &mut O,
    workspace: &mut RodasWorkspace,
    t: f64,
    autonomous: bool,
    work: &mut Work,
) -> Result<(), OdeError> {
    let states = &mut workspace.states;
    ode.rhs_and_jacobian(t, &states.start, &mut states.f, &mut states.jacobian);
    work.rhs += 1;
    work.jacobian += 1;
    if !autonomous {
        ode.time_derivative(t, &states.start, &mut states.time_derivative);
    }
    let row = |entries: &[(u32, u32)], e: usize| entries.get(e).map_or(0, |e| e.0 as usize);
    let state = first_not_finite(&states.f)
        .or_else(|| {
            let e = first_not_finite(&states.jacobian)?;
            Some(row(&ode.jacobian_pattern().entries, e))
        })
        .or_else(|| first_not_finite(&states.time_derivative).filter(|_| !autonomous));
    match state {
        Some(state) => Err(OdeError::NotFinite { t, state }),
        None => Ok(()),
    }
}

/// First step size of a segment; uses the scratch memory of the stages.
fn heuristic_step<O: Ode>(
    ode: &mut O,
    workspace: &mut RodasWorkspace,
    t0: f64,
    t1: f64,
    rtol: f64,
    work: &mut Work,
) -> f64 {
    let states = &mut workspace.states;
    let n = states.start.len();
    // Algebraic rows have no derivative.
    let (slope, rest) = states.u.split_at_mut(n);
    slope.copy_from_slice(&states.f);
    if let Some(mass) = ode.mass() {
        for (slope, mass) in slope.iter_mut().zip(mass) {
            *slope *= mass;
        }
    }
    let euler = &mut rest[..n];
    work.rhs += 1;
    first_step(
        t1 - t0,
        &states.start,
        slope,
        &workspace.atol,
        rtol,
        ERROR_ORDER,
        &mut states.end,
        |h, f1| {
            for ((e, y), slope) in euler.iter_mut().zip(&states.start).zip(slope.iter()) {
                *e = y + h * slope;
            }
            ode.rhs(t0 + h, euler, f1);
            if let Some(mass) = ode.mass() {
                for (f1, mass) in f1.iter_mut().zip(mass) {
                    *f1 *= mass;
                }
            }
            first_not_finite(f1).is_none()
        },
    )
}
