//! Explicit Runge–Kutta methods for non-stiff segments: Dopri5 and Dop853 of the crate `ode_solvers` on the system of
//! states and sensitivities together.
//!
//! The crate's own dense output is not used: it extrapolates at the end of the interval when that lies on its output
//! grid, and Dop853 has none at free times. States inside a step come instead from one shorter step of the same method
//! from the start of the step, which is at least as accurate as the step itself.

use std::cell::{Cell, RefCell};

use nalgebra::DVector;
use ode_solvers::dop_shared::{IntegrationError, OutputType, Stats, System};
use ode_solvers::{Dop853, Dopri5};

use super::control::absolute;
use super::kernel::{axpy, first_not_finite};
use super::roots::{Crossing, Roots};
use super::{Ode, OdeError, Step, StepSink, Stop, Tolerances, Work};

/// Safety factor of the step-size control (Hairer, Nørsett & Wanner 1993, codes DOPRI5 and DOP853).
const SAFETY: f64 = 0.9;
/// Smallest factor between two steps (same source).
const SHRINKAGE: f64 = 0.2;
/// Largest factor between two steps (same source).
const GROWTH: f64 = 10.0;
/// Stabilisation `β` of the controller (same source; 0 for DOP853).
const BETA_DOPRI5: f64 = 0.04;
/// Accepted steps between two tests for stiffness; the codes' 1000 would let a stiff segment run for long.
const STIFFNESS_TEST: u32 = 50;
/// Scale of sensitivities that take no part in the error norm: a power of two small enough that they vanish in it and
/// large enough that none of them underflows.
const UNCONTROLLED: f64 = 6.223_015_277_861_142e-61; // 2⁻²⁰⁰
/// Unit of a state whose absolute tolerance is 0: no state divided by it overflows.
const SMALLEST_UNIT: f64 = 1e-200;
/// Tolerance that accepts every step.
const ACCEPT: f64 = 1e300;

/// Which explicit method.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Explicit {
    /// Dormand & Prince (1980), order 5(4).
    Dopri5,
    /// Dormand & Prince, order 8(5,3), by Hairer, Nørsett & Wanner (1993).
    Dop853,
}

/// The system in scaled variables `[y/atol; S·w/atol]`, which gives every state its own absolute tolerance.
struct Scaled<'a, O> {
    ode: &'a mut O,
    m: usize,
    /// Unit of each state.
    units: Vec<f64>,
    /// Weight `w` of the sensitivities.
    weight: f64,
    t0: f64,
    y: Vec<f64>,
    s: Vec<f64>,
    f: Vec<f64>,
    jacobian: Vec<f64>,
    parameters: Vec<f64>,
    slopes: Vec<f64>,
    evaluations: u64,
    linearisations: u64,
}

impl<O: Ode> Scaled<'_, O> {
    /// Puts `z` into `y` and, if `z` is long enough, into `s`.
    fn unscale(&self, z: &[f64], y: &mut [f64], s: &mut [f64]) {
        let n = self.units.len();
        for ((y, z), unit) in y.iter_mut().zip(z).zip(&self.units) {
            *y = z * unit;
        }
        let rows = s.chunks_exact_mut(self.m.max(1));
        for ((s, z), unit) in rows
            .zip(z[n..].chunks_exact(self.m.max(1)))
            .zip(&self.units)
        {
            for (s, z) in s.iter_mut().zip(z) {
                *s = z * (unit / self.weight);
            }
        }
    }

    fn scale(&self, y: &[f64], s: &[f64]) -> DVector<f64> {
        let states = y.iter().zip(&self.units).map(|(y, unit)| y / unit);
        let columns = s
            .chunks_exact(self.m.max(1))
            .zip(&self.units)
            .flat_map(|(s, unit)| s.iter().map(move |s| s / unit * self.weight));
        DVector::from_vec(states.chain(columns).collect())
    }

    /// `dz/dτ` at `τ = t − t₀`; without sensitivities if `z` holds the states only.
    fn derivative(&mut self, tau: f64, z: &[f64], dz: &mut [f64]) {
        let n = self.units.len();
        let m = self.m;
        let t = self.t0 + tau;
        self.evaluations += 1;
        let mut y = std::mem::take(&mut self.y);
        let mut s = std::mem::take(&mut self.s);
        self.unscale(z, &mut y, &mut s);
        let (df, ds) = dz.split_at_mut(n);
        if ds.is_empty() {
            self.ode.rhs(t, &y, &mut self.f);
        } else {
            self.linearisations += 1;
            self.ode
                .linearise(t, &y, &mut self.f, &mut self.jacobian, &mut self.parameters);
            self.slopes.fill(0.0);
            for (entry, value) in self
                .ode
                .jacobian_pattern()
                .entries
                .iter()
                .zip(&self.jacobian)
            {
                let (row, column) = (entry.0 as usize, entry.1 as usize);
                axpy(
                    &mut self.slopes[row * m..][..m],
                    *value,
                    &s[column * m..][..m],
                );
            }
            for (entry, value) in self
                .ode
                .parameter_pattern()
                .entries
                .iter()
                .zip(&self.parameters)
            {
                self.slopes[entry.0 as usize * m + entry.1 as usize] += value;
            }
            let rows = ds.chunks_exact_mut(m).zip(self.slopes.chunks_exact(m));
            for ((ds, slopes), unit) in rows.zip(&self.units) {
                for (ds, slope) in ds.iter_mut().zip(slopes) {
                    *ds = slope / unit * self.weight;
                }
            }
        }
        for ((df, f), unit) in df.iter_mut().zip(&self.f).zip(&self.units) {
            *df = f / unit;
        }
        self.y = y;
        self.s = s;
    }
}

/// What is done at the end of every step.
struct Watch<'a, K: ?Sized> {
    sink: &'a mut K,
    roots: Roots,
    y: &'a mut [f64],
    s: &'a mut [f64],
    start: DVector<f64>,
    tau: f64,
    stop: Option<Stop>,
}

/// One accepted explicit step.
struct ExplicitStep<'a, 'b, O> {
    method: Explicit,
    scaled: &'a RefCell<Scaled<'b, O>>,
    t0: f64,
    tau: [f64; 2],
    /// End of what is handed over.
    t_end: f64,
    start: &'a DVector<f64>,
    end: &'a DVector<f64>,
    n: usize,
    /// Last time asked for with its solution: states and sensitivities are usually asked for together.
    last: RefCell<Option<(f64, DVector<f64>)>>,
}

impl<O: Ode> ExplicitStep<'_, '_, O> {
    fn at(&self, t: f64, sensitivities: bool, write: impl FnOnce(&[f64])) {
        let tau = t - self.t0;
        if tau >= self.tau[1] || t >= self.t0 + self.tau[1] {
            return write(self.end.as_slice());
        }
        if tau <= self.tau[0] {
            return write(self.start.as_slice());
        }
        if let Ok(last) = self.last.try_borrow()
            && let Some((known, z)) = last.as_ref()
            && *known == t
            && (!sensitivities || z.len() == self.end.len())
        {
            return write(z.as_slice());
        }
        let length = if sensitivities {
            self.end.len()
        } else {
            self.n
        };
        let z = DVector::from_column_slice(&self.start.as_slice()[..length]);
        let z = single_step(self.method, self.scaled, self.tau[0], tau, z);
        write(z.as_slice());
        if let Ok(mut last) = self.last.try_borrow_mut() {
            *last = Some((t, z));
        }
    }
}

impl<O: Ode> Step for ExplicitStep<'_, '_, O> {
    fn t0(&self) -> f64 {
        self.t0 + self.tau[0]
    }

    fn t1(&self) -> f64 {
        self.t_end
    }

    fn state(&self, t: f64, y: &mut [f64]) {
        // States taken together with sensitivities that were asked for before agree with them.
        self.at(t, false, |z| {
            if let Ok(scaled) = self.scaled.try_borrow() {
                scaled.unscale(z, y, &mut []);
            }
        });
    }

    fn sensitivity(&self, t: f64, s: &mut [f64]) {
        self.at(t, true, |z| {
            if let Ok(scaled) = self.scaled.try_borrow() {
                scaled.unscale(z, &mut [], s);
            }
        });
    }
}

/// The system as `ode_solvers` wants it: derivatives through a cell, steps watched.
struct Adapter<'a, 'b, O, K: ?Sized> {
    scaled: &'a RefCell<Scaled<'b, O>>,
    watch: Option<&'a RefCell<Watch<'b, K>>>,
    method: Explicit,
    t0: f64,
    t1: f64,
    n: usize,
    end: &'a Cell<f64>,
}

impl<O: Ode, K: StepSink + ?Sized> System<f64, DVector<f64>> for Adapter<'_, '_, O, K> {
    fn system(&self, tau: f64, z: &DVector<f64>, dz: &mut DVector<f64>) {
        match self.scaled.try_borrow_mut() {
            Ok(mut scaled) => scaled.derivative(tau, z.as_slice(), dz.as_mut_slice()),
            Err(_) => dz.fill(f64::NAN),
        }
    }

    fn solout(&mut self, tau: f64, z: &DVector<f64>, _dz: &DVector<f64>) -> bool {
        self.end.set(tau);
        let Some(Ok(mut watch)) = self.watch.map(RefCell::try_borrow_mut) else {
            return false;
        };
        let Watch {
            sink,
            roots,
            y,
            s,
            start,
            tau: before,
            stop,
        } = &mut *watch;
        let at_end = tau >= self.t1 - self.t0;
        let mut step = ExplicitStep {
            method: self.method,
            scaled: self.scaled,
            t0: self.t0,
            tau: [*before, tau],
            t_end: if at_end { self.t1 } else { self.t0 + tau },
            start,
            end: z,
            n: self.n,
            last: RefCell::new(None),
        };
        let crossing = roots.search(
            |t, y, out| match self.scaled.try_borrow_mut() {
                Ok(mut scaled) => scaled.ode.roots(t, y, out),
                Err(_) => out.fill(0.0),
            },
            &step,
        );
        if let Some(Crossing { which, t, rising }) = crossing {
            step.t_end = t;
            *stop = Some(Stop::Root { which, t, rising });
        }
        let go_on = sink.step(&step);
        if !s.is_empty() {
            step.sensitivity(step.t_end, s);
        }
        step.state(step.t_end, y);
        if !go_on && stop.is_none() && !at_end {
            *stop = Some(Stop::Sink { t: step.t_end });
        }
        let stopped = stop.is_some();
        drop(step);
        start.copy_from(z);
        *before = tau;
        stopped
    }
}

/// Runs the crate's integrator; the end of the last step and its state.
fn run<O: Ode, K: StepSink + ?Sized>(
    adapter: Adapter<'_, '_, O, K>,
    (from, to): (f64, f64),
    z: DVector<f64>,
    (rtol, atol): (f64, f64),
    h0: f64,
    max_steps: u32,
) -> (Result<Stats, IntegrationError>, Option<DVector<f64>>) {
    /// Output grid of the crate, which sparse output does not use.
    const UNUSED: f64 = 0.0;
    let span = to - from;
    match adapter.method {
        Explicit::Dopri5 => {
            let mut solver = Dopri5::from_param(
                adapter,
                from,
                to,
                UNUSED,
                z,
                rtol,
                atol,
                SAFETY,
                BETA_DOPRI5,
                SHRINKAGE,
                GROWTH,
                span,
                h0,
                max_steps,
                STIFFNESS_TEST,
                OutputType::Sparse,
            );
            let result = solver.integrate();
            (result, solver.y_out().last().cloned())
        }
        Explicit::Dop853 => {
            let mut solver = Dop853::from_param(
                adapter,
                from,
                to,
                UNUSED,
                z,
                rtol,
                atol,
                SAFETY,
                0.0,
                SHRINKAGE,
                GROWTH,
                span,
                h0,
                max_steps,
                STIFFNESS_TEST,
                OutputType::Sparse,
            );
            let result = solver.integrate();
            (result, solver.y_out().last().cloned())
        }
    }
}

/// Solution at `to` by one step from `(from, z)`.
fn single_step<O: Ode>(
    method: Explicit,
    scaled: &RefCell<Scaled<'_, O>>,
    from: f64,
    to: f64,
    z: DVector<f64>,
) -> DVector<f64> {
    let n = scaled.try_borrow().map_or(0, |scaled| scaled.units.len());
    let end = Cell::new(from);
    let adapter = Adapter::<'_, '_, O, dyn StepSink> {
        scaled,
        watch: None,
        method,
        t0: 0.0,
        t1: to,
        n,
        end: &end,
    };
    let fallback = z.clone();
    let (_, z) = run(adapter, (from, to), z, (ACCEPT, ACCEPT), to - from, 1);
    z.unwrap_or(fallback)
}

/// Integrates `y' = f(t, y, p)` and the sensitivities from `t0` to `t1 ≥ t0` with an explicit method.
///
/// Arguments and results as those of [`super::rodas::integrate`]; the sensitivities are the exact derivative of the
/// discrete solution with its step sizes held fixed. The method allocates.
///
/// # Errors
/// See [`OdeError`]; [`OdeError::Stiff`] when the stability of the method limits the steps, [`OdeError::Algebraic`] if
/// the mass matrix is not the identity.
///
/// # References
/// Hairer, Nørsett & Wanner (1993) *Solving Ordinary Differential Equations I*, sections II.4–II.5.
#[allow(clippy::too_many_arguments)]
pub fn integrate<O: Ode, K: StepSink + ?Sized>(
    method: Explicit,
    ode: &mut O,
    t0: f64,
    t1: f64,
    y: &mut [f64],
    s: &mut [f64],
    tolerances: &Tolerances,
    h0: Option<f64>,
    sink: &mut K,
    work: &mut Work,
) -> Result<Stop, OdeError> {
    let n = ode.n();
    let m = if s.is_empty() { 0 } else { ode.m() };
    if let Some(state) = ode
        .mass()
        .and_then(|mass| mass.iter().position(|m| *m != 1.0))
    {
        return Err(OdeError::Algebraic { state });
    }
    if t1 <= t0 || t1.is_nan() {
        return Ok(Stop::End);
    }
    let mut roots = Roots::default();
    let n_roots = ode.n_roots();
    roots.start(n_roots, |t, y, out| ode.roots(t, y, out), t0, y);
    let controlled = tolerances.control_sensitivities || m == 0;
    // The crate averages over all components: the tolerance makes up for those that vanish.
    let share = if controlled {
        1.0
    } else {
        1.0 / ((1 + m) as f64).sqrt()
    };
    let mut scaled = Scaled {
        m,
        units: (0..n)
            .map(|i| absolute(tolerances, i).max(SMALLEST_UNIT))
            .collect(),
        weight: if controlled { 1.0 } else { UNCONTROLLED },
        t0,
        y: vec![0.0; n],
        s: vec![0.0; n * m],
        f: vec![0.0; n],
        jacobian: vec![0.0; ode.jacobian_pattern().entries.len()],
        parameters: vec![0.0; ode.parameter_pattern().entries.len()],
        slopes: vec![0.0; n * m],
        evaluations: 0,
        linearisations: 0,
        ode,
    };
    let z = scaled.scale(y, s);
    let mut slope = DVector::zeros(z.len());
    scaled.derivative(0.0, z.as_slice(), slope.as_mut_slice());
    if let Some(at) = first_not_finite(slope.as_slice()) {
        let state = if at < n { at } else { (at - n) / m.max(1) };
        return Err(OdeError::NotFinite { t: t0, state });
    }
    let scaled = RefCell::new(scaled);
    let watch = RefCell::new(Watch {
        sink,
        roots,
        y,
        s,
        start: z.clone(),
        tau: 0.0,
        stop: None,
    });
    let end = Cell::new(0.0);
    let adapter = Adapter {
        scaled: &scaled,
        watch: Some(&watch),
        method,
        t0,
        t1,
        n,
        end: &end,
    };
    let max_steps = u32::try_from(tolerances.max_steps).unwrap_or(u32::MAX);
    let h0 = h0.filter(|h0| *h0 > 0.0).map_or(0.0, |h0| h0.min(t1 - t0));
    let tolerance = (tolerances.rtol * share, share);
    let (result, _) = run(adapter, (0.0, t1 - t0), z, tolerance, h0, max_steps);
    let t = t0 + end.get();
    let scaled = scaled.into_inner();
    work.rhs += scaled.evaluations;
    work.jacobian += scaled.linearisations;
    match result {
        Ok(stats) => {
            work.steps += u64::from(stats.accepted_steps);
            work.rejected += u64::from(stats.rejected_steps);
            Ok(watch.into_inner().stop.unwrap_or(Stop::End))
        }
        Err(IntegrationError::MaxNumStepReached { .. }) => Err(OdeError::TooManySteps {
            t,
            max_steps: tolerances.max_steps,
        }),
        Err(IntegrationError::StiffnessDetected { .. }) => Err(OdeError::Stiff { t }),
        Err(IntegrationError::StepSizeUnderflow { .. }) => Err(OdeError::StepTooSmall {
            t,
            h: f64::EPSILON * end.get(),
            state: 0,
        }),
    }
}
