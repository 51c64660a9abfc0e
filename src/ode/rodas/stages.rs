//! The stages of one step: states first, sensitivities after the step is accepted.

use super::super::kernel::{axpy, combine, first_not_finite, weighted_sum};
use super::super::linear::IterationMatrix;
use super::super::{LANES, Ode, Work};
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
    /// Stage values `uᵢ`, one after the other.
    pub(super) u: Vec<f64>,
    /// Stage increments `kᵢ`, one after the other.
    pub(super) k: Vec<f64>,
    /// `f(uᵢ)` of the current stage.
    scratch: Vec<f64>,
}

impl StateStages {
    pub(super) fn resize(&mut self, n: usize, jacobian: usize) {
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
            increments(k, i, h, k_done, ode.mass());
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
/// with the factors of the state stages. Leaving out the term with `∂J` would cost three to four digits. All `J(uᵢ)` and
/// `F(uᵢ)` are evaluated together, since the state stages are known; the columns go through each stage in groups.
#[derive(Debug, Clone, Default)]
pub(super) struct SensitivityStages {
    /// `S₀`.
    pub(super) start: Vec<f64>,
    /// `S₁`.
    pub(super) end: Vec<f64>,
    /// Stage increments, one `n × m` block after the other.
    pub(super) k: Vec<f64>,
    /// Derivative of every Jacobian entry along the columns.
    along: Vec<f64>,
    /// Derivative of `∂f/∂t` along the columns.
    time_along: Vec<f64>,
    /// `∂f/∂p` of the current stage.
    forced: Vec<f64>,
    /// Values of the Jacobian's entries at all stages.
    jacobian: Vec<f64>,
    /// Values of the entries of `∂f/∂p` at all stages.
    parameters: Vec<f64>,
    wide: Group<WIDE>,
    narrow: Group<NARROW>,
    single: Group<1>,
}

/// Columns that go through a stage together: two registers of four numbers hide the latency of an addition.
const WIDE: usize = 8;
/// For what the wide groups leave over.
const NARROW: usize = 4;

/// Stage value, right-hand side and scratch of a group of `W` columns, a row an array.
#[derive(Debug, Clone)]
struct Group<const W: usize> {
    u: Vec<[f64; W]>,
    g: Vec<[f64; W]>,
    scratch: Vec<[f64; W]>,
}

impl<const W: usize> Default for Group<W> {
    fn default() -> Self {
        Self {
            u: Vec::new(),
            g: Vec::new(),
            scratch: Vec::new(),
        }
    }
}

impl<const W: usize> Group<W> {
    fn resize(&mut self, n: usize) {
        for v in [&mut self.u, &mut self.g, &mut self.scratch] {
            v.resize(n, [0.0; W]);
        }
    }
}

/// What a stage of all columns has in common.
struct Stage<'a> {
    i: usize,
    m: usize,
    a: &'a [f64],
    c: &'a [f64],
    /// `h·dᵢ` where there is a time derivative.
    time: f64,
    /// Increment of the states in this stage.
    k: &'a [f64],
    jacobian: &'a [(u32, u32)],
    mass: Option<&'a [f64]>,
}

impl SensitivityStages {
    pub(super) fn resize(&mut self, n: usize, m: usize, jacobian: usize, parameters: usize) {
        let (states, block) = if m == 0 { (0, 0) } else { (n, n * m) };
        for v in [
            &mut self.start,
            &mut self.end,
            &mut self.time_along,
            &mut self.forced,
        ] {
            v.resize(block, 0.0);
        }
        self.k.resize(STAGES * block, 0.0);
        self.along.resize(jacobian * m, 0.0);
        let points = if m == 0 { 0 } else { LANES };
        self.jacobian.resize(jacobian * points, 0.0);
        self.parameters.resize(parameters * points, 0.0);
        self.wide.resize(states);
        self.narrow.resize(states);
        self.single.resize(states);
    }

    /// The error estimate: the last increment.
    pub(super) fn error(&self) -> &[f64] {
        &self.k[(STAGES - 1) * self.start.len()..]
    }

    /// Second derivatives at the start of the step; once a step, whatever its size.
    #[inline(always)]
    pub(super) fn start_step<O: Ode>(&mut self, ode: &mut O, t: f64, y: &[f64], autonomous: bool) {
        ode.jacobian_along(t, y, &self.start, &mut self.along);
        if !autonomous {
            ode.time_derivative_along(t, y, &self.start, &mut self.time_along);
        }
    }

    /// All sensitivity stages of the accepted step `states`; false if a value is not finite.
    ///
    /// # Errors
    /// A row whose `∂f/∂p` is not finite at the start of the step, where a smaller step does not help.
    #[allow(clippy::too_many_arguments)]
    #[inline(always)]
    pub(super) fn compute<O: Ode>(
        &mut self,
        ode: &mut O,
        matrix: &IterationMatrix,
        states: &StateStages,
        m: usize,
        t: f64,
        h: f64,
        autonomous: bool,
        work: &mut Work,
    ) -> Result<bool, usize> {
        let n = states.start.len();
        ode.derivatives_at_points(
            STAGES,
            &TIMES.map(|c| t + c * h),
            &states.u,
            &mut self.jacobian,
            &mut self.parameters,
        );
        work.jacobian += STAGES as u64;
        for (entry, values) in ode
            .parameter_pattern()
            .entries
            .iter()
            .zip(self.parameters.chunks_exact(LANES))
        {
            if !values[0].is_finite() {
                return Err(entry.0 as usize);
            }
        }
        for i in 0..STAGES {
            self.forced.fill(0.0);
            for (entry, values) in ode
                .parameter_pattern()
                .entries
                .iter()
                .zip(self.parameters.chunks_exact(LANES))
            {
                self.forced[entry.0 as usize * m + entry.1 as usize] += values[i];
            }
            let (mut a, mut c) = ([0.0; STAGES], [0.0; STAGES]);
            // Rows 7 and 8 of A continue row 6.
            a[..A[i.min(5)].len()].copy_from_slice(A[i.min(5)]);
            a[5..i.max(5)].fill(1.0);
            for (c, value) in c.iter_mut().zip(C[i]) {
                *c = value / h;
            }
            let stage = Stage {
                i,
                m,
                a: &a[..i],
                c: &c[..i],
                time: if autonomous { 0.0 } else { h * D[i] },
                k: &states.k[i * n..][..n],
                jacobian: &ode.jacobian_pattern().entries,
                mass: ode.mass(),
            };
            let mut first = 0;
            while first < m {
                let left = m - first;
                if m >= WIDE && left > NARROW {
                    let mut group = std::mem::take(&mut self.wide);
                    self.columns(&stage, &mut group, matrix, first.min(m - WIDE));
                    self.wide = group;
                    first += WIDE;
                } else if m >= NARROW {
                    let mut group = std::mem::take(&mut self.narrow);
                    self.columns(&stage, &mut group, matrix, first.min(m - NARROW));
                    self.narrow = group;
                    first += NARROW;
                } else {
                    let mut group = std::mem::take(&mut self.single);
                    self.columns(&stage, &mut group, matrix, first);
                    self.single = group;
                    first += 1;
                }
            }
            work.solves += m as u64;
        }
        Ok(first_not_finite(&self.end).is_none())
    }

    /// One stage of the columns `first..first + W`. The last group of a stage may hold columns that were done already:
    /// that costs less than handling what is left over one by one, and gives the same numbers.
    #[inline(always)]
    fn columns<const W: usize>(
        &mut self,
        stage: &Stage,
        group: &mut Group<W>,
        matrix: &IterationMatrix,
        first: usize,
    ) {
        let m = stage.m;
        let block = self.start.len();
        let (done, rest) = self.k.split_at_mut(stage.i * block);
        for (row, (u, g)) in group.u.iter_mut().zip(&mut group.g).enumerate() {
            let at = row * m + first;
            let mut value: [f64; W] = lanes(&self.start, at);
            let mut sum = [0.0; W];
            for (j, (a, c)) in stage.a.iter().zip(stage.c).enumerate() {
                let k: [f64; W] = lanes(done, j * block + at);
                for l in 0..W {
                    value[l] += a * k[l];
                    sum[l] += c * k[l];
                }
            }
            if let Some(mass) = stage.mass {
                sum = sum.map(|x| x * mass[row]);
            }
            let forced: [f64; W] = lanes(&self.forced, at);
            for l in 0..W {
                sum[l] += forced[l];
            }
            if stage.time != 0.0 {
                let along: [f64; W] = lanes(&self.time_along, at);
                for l in 0..W {
                    sum[l] += stage.time * along[l];
                }
            }
            *u = value;
            *g = sum;
        }
        for (e, (row, column)) in stage.jacobian.iter().enumerate() {
            let (row, column) = (*row as usize, *column as usize);
            let value = self.jacobian[e * LANES + stage.i];
            let k = stage.k[column];
            let along: [f64; W] = lanes(&self.along, e * m + first);
            let u = &group.u[column];
            let g = &mut group.g[row];
            for l in 0..W {
                g[l] += value * u[l] + k * along[l];
            }
        }
        matrix.solve_lanes(&mut group.g, &mut group.scratch);
        let last = stage.i == STAGES - 1;
        for (row, (u, g)) in group.u.iter().zip(&group.g).enumerate() {
            let at = row * m + first;
            rest[at..at + W].copy_from_slice(g);
            if last {
                for ((end, u), k) in self.end[at..at + W].iter_mut().zip(u).zip(g) {
                    *end = u + k;
                }
            }
        }
    }
}

/// `W` numbers from position `at` on (0 beyond the end, which never happens).
#[inline(always)]
fn lanes<const W: usize>(values: &[f64], at: usize) -> [f64; W] {
    match values.get(at..at + W).and_then(|v| v.first_chunk::<W>()) {
        Some(chunk) => *chunk,
        None => [0.0; W],
    }
}

/// `out = M·Σⱼ (Cᵢⱼ/h)·kⱼ` of stage `i` of the states.
#[inline(always)]
fn increments(out: &mut [f64], i: usize, h: f64, k: &[f64], mass: Option<&[f64]>) {
    let mut scaled = [0.0; STAGES];
    let scaled = &mut scaled[..i];
    for (scaled, c) in scaled.iter_mut().zip(C[i]) {
        *scaled = c / h;
    }
    weighted_sum(out, scaled, k);
    if let Some(mass) = mass {
        for (v, mass) in out.iter_mut().zip(mass) {
            *v *= mass;
        }
    }
}
