//! The stages of one step: states first, sensitivities after the step is accepted.

use super::super::kernel::{axpy, axpy2, combine, first_not_finite, weighted_sum};
use super::super::linear::IterationMatrix;
use super::super::{Ode, Work};
use super::tableau::{A, C, D, STAGES, TIMES};

/// State stages of one step, and the derivatives at its start.
#[derive(Debug, Clone, Default)]
pub(super) struct StateStages {
    /// `y₀`.
    pub(super) start: Vec<f64>,
    /// `y₁`.
    pub(super) end: Vec<f64>,
    /// `f(t, y₀)`.
    pub(super) f: Vec<f64>,
    /// `∂f/∂t` at the start, zero if autonomous.
    pub(super) time_derivative: Vec<f64>,
    /// `J(t, y₀)`.
    pub(super) jacobian: Vec<f64>,
    /// `∂f/∂p` at the start (only with sensitivities).
    pub(super) parameters: Vec<f64>,
    /// Stage values `uᵢ`, one after the other.
    pub(super) u: Vec<f64>,
    /// Stage increments `kᵢ`, one after the other.
    pub(super) k: Vec<f64>,
    /// `f(uᵢ)` of the current stage.
    scratch: Vec<f64>,
}

impl StateStages {
    pub(super) fn resize(&mut self, n: usize, jacobian: usize, parameters: usize) {
        for v in [
            &mut self.start,
            &mut self.end,
            &mut self.f,
            &mut self.time_derivative,
            &mut self.scratch,
        ] {
            v.resize(n, 0.0);
        }
        self.jacobian.resize(jacobian, 0.0);
        self.parameters.resize(parameters, 0.0);
        self.u.resize(STAGES * n, 0.0);
        self.k.resize(STAGES * n, 0.0);
    }

    /// The error estimate: the last increment.
    pub(super) fn error(&self) -> &[f64] {
        &self.k[(STAGES - 1) * self.start.len()..]
    }

    /// All stages of a step of size `h` with the factorised `matrix`; false if a value is not finite.
    pub(super) fn compute<O: Ode>(
        &mut self,
        ode: &mut O,
        matrix: &mut IterationMatrix,
        t: f64,
        h: f64,
        autonomous: bool,
        work: &mut Work,
    ) -> bool {
        let n = self.start.len();
        for i in 0..STAGES {
            let (k_done, k_rest) = self.k.split_at_mut(i * n);
            let k = &mut k_rest[..n];
            let (u_done, u_rest) = self.u.split_at_mut(i * n);
            let u = &mut u_rest[..n];
            match i {
                0..6 => combine(u, &self.start, A[i], k_done),
                _ => {
                    u.copy_from_slice(&u_done[(i - 1) * n..]);
                    axpy(u, 1.0, &k_done[(i - 1) * n..]);
                }
            }
            let f = &mut self.scratch;
            if i == 0 {
                f.copy_from_slice(&self.f);
            } else {
                ode.rhs(t + TIMES[i] * h, u, f);
                work.rhs += 1;
                if first_not_finite(f).is_some() {
                    return false;
                }
            }
            increments(k, i, h, k_done, ode.mass(), 1);
            axpy(k, 1.0, f);
            if !autonomous && D[i] != 0.0 {
                axpy(k, h * D[i], &self.time_derivative);
            }
            matrix.solve(k);
            work.solves += 1;
        }
        let last = (STAGES - 1) * n;
        for ((end, u), k) in self
            .end
            .iter_mut()
            .zip(&self.u[last..])
            .zip(&self.k[last..])
        {
            *end = u + k;
        }
        first_not_finite(&self.end).is_none()
    }
}

/// Sensitivity stages of one accepted step: the derivative of the method itself, the step size held fixed.
///
/// ```text
/// W·Kᵢ = J(uᵢ)·Uᵢ + F(uᵢ) + (∂J along S₀)·kᵢ + h·dᵢ·(∂fₜ along S₀) + M·Σⱼ (Cᵢⱼ/h)·Kⱼ
/// ```
///
/// with the factors of the state stages. Leaving out the term with `∂J` would cost three to four digits.
#[derive(Debug, Clone, Default)]
pub(super) struct SensitivityStages {
    /// `S₀`.
    pub(super) start: Vec<f64>,
    /// `S₁`.
    pub(super) end: Vec<f64>,
    /// Stage increments, one `n × m` block after the other.
    pub(super) k: Vec<f64>,
    /// Stage values of the current stage.
    u: Vec<f64>,
    /// Derivative of every Jacobian entry along the columns.
    along: Vec<f64>,
    /// Derivative of `∂f/∂t` along the columns.
    time_along: Vec<f64>,
    f: Vec<f64>,
    jacobian: Vec<f64>,
    parameters: Vec<f64>,
}

impl SensitivityStages {
    pub(super) fn resize(&mut self, n: usize, m: usize, jacobian: usize, parameters: usize) {
        let (states, block) = if m == 0 { (0, 0) } else { (n, n * m) };
        for v in [
            &mut self.start,
            &mut self.end,
            &mut self.u,
            &mut self.time_along,
        ] {
            v.resize(block, 0.0);
        }
        self.k.resize(STAGES * block, 0.0);
        self.along.resize(jacobian * m, 0.0);
        self.f.resize(states, 0.0);
        self.jacobian.resize(if m == 0 { 0 } else { jacobian }, 0.0);
        self.parameters.resize(parameters, 0.0);
    }

    /// The error estimate: the last increment.
    pub(super) fn error(&self) -> &[f64] {
        &self.k[(STAGES - 1) * self.start.len()..]
    }

    /// Second derivatives at the start of the step; once a step, whatever its size.
    pub(super) fn start_step<O: Ode>(&mut self, ode: &mut O, t: f64, y: &[f64], autonomous: bool) {
        ode.jacobian_along(t, y, &self.start, &mut self.along);
        if !autonomous {
            ode.time_derivative_along(t, y, &self.start, &mut self.time_along);
        }
    }

    /// All sensitivity stages of the accepted step `states`; false if a value is not finite.
    #[allow(clippy::too_many_arguments)]
    pub(super) fn compute<O: Ode>(
        &mut self,
        ode: &mut O,
        matrix: &mut IterationMatrix,
        states: &StateStages,
        m: usize,
        t: f64,
        h: f64,
        autonomous: bool,
        work: &mut Work,
    ) -> bool {
        let n = states.start.len();
        let block = n * m;
        for i in 0..STAGES {
            let (k_done, k_rest) = self.k.split_at_mut(i * block);
            let k = &mut k_rest[..block];
            let (jacobian, parameters) = if i == 0 {
                (&states.jacobian, &states.parameters)
            } else {
                ode.linearise(
                    t + TIMES[i] * h,
                    &states.u[i * n..][..n],
                    &mut self.f,
                    &mut self.jacobian,
                    &mut self.parameters,
                );
                work.rhs += 1;
                work.jacobian += 1;
                (&self.jacobian, &self.parameters)
            };
            // The value of stages 7 and 8 continues that of the stage before, which is still in `u`.
            match i {
                0..6 => combine(&mut self.u, &self.start, A[i], k_done),
                _ => axpy(&mut self.u, 1.0, &k_done[(i - 1) * block..]),
            }
            increments(k, i, h, k_done, ode.mass(), m);
            if !autonomous && D[i] != 0.0 {
                axpy(k, h * D[i], &self.time_along);
            }
            for (entry, value) in ode.parameter_pattern().entries.iter().zip(parameters) {
                k[entry.0 as usize * m + entry.1 as usize] += value;
            }
            let stage = &states.k[i * n..][..n];
            for ((entry, value), along) in ode
                .jacobian_pattern()
                .entries
                .iter()
                .zip(jacobian)
                .zip(self.along.chunks_exact(m))
            {
                let (row, column) = (entry.0 as usize, entry.1 as usize);
                axpy2(
                    &mut k[row * m..][..m],
                    *value,
                    &self.u[column * m..][..m],
                    stage[column],
                    along,
                );
            }
            matrix.solve_columns(k, m);
            work.solves += m as u64;
        }
        let last = &self.k[(STAGES - 1) * block..];
        for ((end, u), k) in self.end.iter_mut().zip(&self.u).zip(last) {
            *end = u + k;
        }
        first_not_finite(&self.end).is_none()
    }
}

/// `out = M·Σⱼ (Cᵢⱼ/h)·kⱼ` of stage `i`; rows are `width` wide.
#[inline]
fn increments(out: &mut [f64], i: usize, h: f64, k: &[f64], mass: Option<&[f64]>, width: usize) {
    let mut scaled = [0.0; STAGES];
    let scaled = &mut scaled[..i];
    for (scaled, c) in scaled.iter_mut().zip(C[i]) {
        *scaled = c / h;
    }
    weighted_sum(out, scaled, k);
    if let Some(mass) = mass {
        for (row, mass) in out.chunks_exact_mut(width).zip(mass) {
            if *mass != 1.0 {
                for v in row {
                    *v *= mass;
                }
            }
        }
    }
}
