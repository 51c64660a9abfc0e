//! The stage equations of one step: Newton's method for the states, one linear system for all sensitivities.

mod simplified;

use super::super::kernel::{axpy, first_not_finite};
use super::super::linear::{Complex, ShiftedLu, StageMatrix};
use super::super::{LANES, Ode, Work};
use super::dense::lagrange;
use super::tableau::Tableau;
use super::{MAX_NEWTON, MAX_STAGES, NEWTON_TOLERANCE};

/// Columns of sensitivities solved together.
const WIDE: usize = 8;
/// For what the wide groups leave over.
const NARROW: usize = 4;

/// Stages of one step.
#[derive(Debug, Clone, Default)]
pub(super) struct Stages {
    /// `y₀`.
    pub(super) start: Vec<f64>,
    /// `S₀`, row-major `n × m`.
    pub(super) s_start: Vec<f64>,
    /// `zₖ = y(t + cₖh) − y₀`, one stage after the other.
    pub(super) z: Vec<f64>,
    /// The same for the sensitivities, one `n × m` block after the other.
    pub(super) s_z: Vec<f64>,
    /// Increments of the last accepted step, from which the next one is foreseen.
    last: Vec<f64>,
    /// Its size, 0 if there is none.
    pub(super) last_step: f64,
    /// The increments while they are iterated: those of a state in all stages together; lanes beyond the stages repeat the last.
    lanes: Vec<[f64; LANES]>,
    lanes_y: Vec<[f64; LANES]>,
    lanes_f: Vec<[f64; LANES]>,
    /// Right-hand sides, then corrections, of the stages taken apart.
    transformed: Vec<Complex>,
    /// Increments of the stages taken apart.
    apart: Vec<Complex>,
    /// Reciprocals of the tolerances of the states.
    weights: Vec<f64>,
    shifted: ShiftedLu,
    /// The factors of `shifted` are those of the present step.
    pub(super) is_shifted: bool,
    /// Rate of convergence of the last iteration.
    rate: f64,
    /// States of all points whose derivatives are evaluated together.
    points: Vec<f64>,
    jacobian: Vec<f64>,
    parameters: Vec<f64>,
    residual: Vec<f64>,
    forced: Vec<f64>,
    wide: [Vec<[f64; WIDE]>; 2],
    narrow: [Vec<[f64; NARROW]>; 2],
    single: [Vec<[f64; 1]>; 2],
    matrix: StageMatrix,
}

/// What became of the stage equations.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Solved {
    /// Solved.
    Yes,
    /// The iteration did not converge, or a value was not finite.
    No,
    /// The matrix is singular.
    Singular,
}

impl Stages {
    pub(super) fn resize<O: Ode>(&mut self, ode: &O, m: usize, stages: usize) {
        let n = ode.n();
        let entries = ode.jacobian_pattern().entries.len();
        self.start.resize(n, 0.0);
        self.s_start.resize(n * m, 0.0);
        self.z.resize(n * stages, 0.0);
        self.last.resize(n * stages, 0.0);
        self.s_z.resize(n * m * stages, 0.0);
        self.points.resize(n * LANES, 0.0);
        self.jacobian.resize(entries * LANES, 0.0);
        // Evaluated with the Jacobian even where only that is asked for.
        self.parameters
            .resize(ode.parameter_pattern().entries.len() * LANES, 0.0);
        self.residual.resize(n * stages, 0.0);
        self.forced.resize(n * m, 0.0);
        for v in &mut self.wide {
            v.resize(n * stages, [0.0; WIDE]);
        }
        for v in &mut self.narrow {
            v.resize(n * stages, [0.0; NARROW]);
        }
        for v in &mut self.single {
            v.resize(n * stages, [0.0]);
        }
        self.matrix
            .prepare(stages, ode.jacobian_pattern(), ode.mass().is_some());
        for v in [&mut self.lanes, &mut self.lanes_y, &mut self.lanes_f] {
            v.resize(n, [0.0; LANES]);
        }
        for v in [&mut self.transformed, &mut self.apart] {
            v.resize(n, Complex::default());
        }
        self.weights.resize(n, 0.0);
        self.shifted.prepare(ode.jacobian_pattern());
        self.is_shifted = false;
        self.rate = 1.0;
        self.last_step = 0.0;
    }

    /// Increments of the next step by the polynomial of the last one, or zero.
    #[inline(always)]
    pub(super) fn foresee(&mut self, tableau: &Tableau, h: f64) {
        self.foresee_in_lanes(tableau, h);
        self.keep_lanes(tableau.stages());
    }

    /// The same, in `lanes` only.
    #[inline(always)]
    fn foresee_in_lanes(&mut self, tableau: &Tableau, h: f64) {
        if self.last_step <= 0.0 || h > super::FORESEEN * self.last_step {
            self.lanes.fill([0.0; LANES]);
            return;
        }
        let n = self.start.len();
        let last = tableau.stages() - 1;
        let theta = std::array::from_fn(|k| 1.0 + tableau.nodes[k.min(last)] * h / self.last_step);
        let mut weights = [[0.0; LANES]; MAX_STAGES];
        lagrange::<LANES>(tableau, &theta, &mut weights);
        for (i, lanes) in self.lanes.iter_mut().enumerate() {
            let mut z = [-self.last[last * n + i]; LANES];
            for (weight, stage) in weights.iter().zip(self.last.chunks_exact(n)) {
                for k in 0..LANES {
                    z[k] += weight[k] * stage[i];
                }
            }
            *lanes = z;
        }
    }

    /// Increments from `lanes`.
    #[inline(always)]
    fn keep_lanes(&mut self, stages: usize) {
        let n = self.start.len();
        for (i, lanes) in self.lanes.iter().enumerate() {
            for (k, z) in lanes.iter().enumerate().take(stages) {
                self.z[k * n + i] = *z;
            }
        }
    }

    /// Jacobians (and ∂f/∂p) of all stages.
    #[inline(always)]
    fn differentiate<O: Ode>(&mut self, ode: &mut O, tableau: &Tableau, t: f64, h: f64) {
        let n = self.start.len();
        let last = tableau.stages() - 1;
        let times = tableau.times(t, h);
        for k in 0..LANES {
            // Points beyond the last stage repeat it.
            let k_of = k.min(last);
            let point = &mut self.points[k * n..][..n];
            for ((p, y), z) in point
                .iter_mut()
                .zip(&self.start)
                .zip(&self.z[k_of * n..][..n])
            {
                *p = y + z;
            }
        }
        ode.derivatives_at_points(
            tableau.stages(),
            &times,
            &self.points,
            &mut self.jacobian,
            &mut self.parameters,
        );
    }

    /// Solves `(A⁻¹/h ⊗ M)·z = F(y₀ + z)` for the states, with the Jacobian at the start of the step where that converges, else
    /// with those of the stages.
    #[allow(clippy::too_many_arguments)]
    #[inline(always)]
    pub(super) fn solve<O: Ode>(
        &mut self,
        ode: &mut O,
        tableau: &Tableau,
        jacobian: &[f64],
        t: f64,
        h: f64,
        atol: &[f64],
        rtol: f64,
        work: &mut Work,
    ) -> Solved {
        self.is_shifted = false;
        if ode.mass().is_none() {
            work.lu += 1;
            let shifts = tableau.shifts.map(|part| part.map(|x| x / h));
            self.is_shifted = self.shifted.factor(&shifts, jacobian);
            if self.is_shifted {
                self.foresee_in_lanes(tableau, h);
                let converged = match tableau.stages() {
                    5 => self.simplified::<O, 5>(ode, tableau, &shifts, t, h, atol, rtol, work),
                    7 => self.simplified::<O, 7>(ode, tableau, &shifts, t, h, atol, rtol, work),
                    _ => false,
                };
                if converged {
                    self.keep_lanes(tableau.stages());
                    return Solved::Yes;
                }
            }
        }
        self.foresee(tableau, h);
        for _ in 0..super::LINEARISATIONS {
            match self.iterate(ode, tableau, t, h, atol, rtol, work) {
                Solved::No if first_not_finite(&self.z).is_none() => {}
                outcome => return outcome,
            }
        }
        Solved::No
    }

    /// Solves with the real matrix of the error estimate, if its factors are there.
    pub(super) fn solve_first(&self, b: &mut [f64]) {
        self.shifted.solve_first(b);
    }

    /// Newton's method from the present increments, with the Jacobians there.
    #[allow(clippy::too_many_arguments)]
    #[inline(always)]
    pub(super) fn iterate<O: Ode>(
        &mut self,
        ode: &mut O,
        tableau: &Tableau,
        t: f64,
        h: f64,
        atol: &[f64],
        rtol: f64,
        work: &mut Work,
    ) -> Solved {
        let (n, stages) = (self.start.len(), tableau.stages());
        self.differentiate(ode, tableau, t, h);
        work.jacobian += stages as u64;
        work.lu += 1;
        if first_not_finite(&self.jacobian).is_some() {
            return Solved::No;
        }
        if !self
            .matrix
            .factor(tableau.inverse, h, ode.mass(), &self.jacobian, LANES)
        {
            return Solved::Singular;
        }
        let enough = NEWTON_TOLERANCE.max(10.0 * f64::EPSILON / rtol.max(f64::EPSILON));
        let mut before = f64::INFINITY;
        for round in 0..MAX_NEWTON {
            self.residual(ode, tableau, t, h);
            work.rhs += stages as u64;
            if first_not_finite(&self.residual).is_some() {
                return Solved::No;
            }
            self.matrix.solve(&mut self.residual);
            work.solves += 1;
            let mut sum = 0.0;
            for (at, (z, d)) in self.z.iter_mut().zip(&self.residual).enumerate() {
                *z += d;
                let i = at % n;
                let scaled = d / (atol[i] + rtol * self.start[i].abs());
                sum += scaled * scaled;
            }
            let moved = (sum / (n * stages) as f64).sqrt();
            if !moved.is_finite() {
                return Solved::No;
            }
            let rate = moved / before;
            if round > 0 && rate >= super::SLOWEST {
                // At the level of rounding corrections no longer shrink.
                return if moved <= enough && rate < 2.0 {
                    Solved::Yes
                } else {
                    Solved::No
                };
            }
            let left = if round == 0 {
                moved
            } else {
                rate / (1.0 - rate) * moved
            };
            if left <= if round == 0 { enough * enough } else { enough } {
                return Solved::Yes;
            }
            before = moved;
        }
        Solved::No
    }

    /// `F(y₀ + z) − (A⁻¹/h ⊗ M)·z`.
    #[inline(always)]
    fn residual<O: Ode>(&mut self, ode: &mut O, tableau: &Tableau, t: f64, h: f64) {
        let (n, stages) = (self.start.len(), tableau.stages());
        let times = tableau.times(t, h);
        for (i, (y, start)) in self.lanes_y.iter_mut().zip(&self.start).enumerate() {
            for (k, y) in y.iter_mut().enumerate() {
                *y = start + self.z[k.min(stages - 1) * n + i];
            }
        }
        ode.rhs_at_points(stages, &times, &self.lanes_y, &mut self.lanes_f);
        for (k, out) in self.residual.chunks_exact_mut(n.max(1)).enumerate() {
            out.fill(0.0);
            for (l, a) in tableau.inverse[k * stages..][..stages].iter().enumerate() {
                axpy(out, -a / h, &self.z[l * n..][..n]);
            }
            if let Some(mass) = ode.mass() {
                for (out, mass) in out.iter_mut().zip(mass) {
                    *out *= mass;
                }
            }
            for (out, f) in out.iter_mut().zip(&self.lanes_f) {
                *out += f[k];
            }
        }
    }

    /// Solves the differentiated stage equations for all columns.
    ///
    /// # Errors
    /// A row whose `∂f/∂p` is not finite.
    #[allow(clippy::too_many_arguments)]
    #[inline(always)]
    pub(super) fn sensitivities<O: Ode>(
        &mut self,
        ode: &mut O,
        tableau: &Tableau,
        m: usize,
        t: f64,
        h: f64,
        work: &mut Work,
    ) -> Result<bool, usize> {
        self.differentiate(ode, tableau, t, h);
        work.jacobian += tableau.stages() as u64;
        work.lu += 1;
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
        if !self
            .matrix
            .factor(tableau.inverse, h, ode.mass(), &self.jacobian, LANES)
        {
            return Ok(false);
        }
        let mut first = 0;
        while first < m {
            let left = m - first;
            if m >= WIDE && left > NARROW {
                let mut group = std::mem::take(&mut self.wide);
                self.columns(ode, &mut group, tableau, m, first.min(m - WIDE));
                self.wide = group;
                first += WIDE;
            } else if m >= NARROW {
                let mut group = std::mem::take(&mut self.narrow);
                self.columns(ode, &mut group, tableau, m, first.min(m - NARROW));
                self.narrow = group;
                first += NARROW;
            } else {
                let mut group = std::mem::take(&mut self.single);
                self.columns(ode, &mut group, tableau, m, first);
                self.single = group;
                first += 1;
            }
        }
        work.solves += m as u64;
        Ok(first_not_finite(&self.s_z).is_none())
    }

    /// The columns `first..first + W`; the last group may hold columns that were done already.
    #[inline(always)]
    fn columns<O: Ode, const W: usize>(
        &mut self,
        ode: &mut O,
        [b, scratch]: &mut [Vec<[f64; W]>; 2],
        tableau: &Tableau,
        m: usize,
        first: usize,
    ) {
        let n = self.start.len();
        for b in b.iter_mut() {
            *b = [0.0; W];
        }
        for k in 0..tableau.stages() {
            let block = &mut b[k * n..][..n];
            for (entry, values) in ode
                .parameter_pattern()
                .entries
                .iter()
                .zip(self.parameters.chunks_exact(LANES))
            {
                let column = entry.1 as usize;
                if (first..first + W).contains(&column) {
                    block[entry.0 as usize][column - first] += values[k];
                }
            }
            for (entry, values) in ode
                .jacobian_pattern()
                .entries
                .iter()
                .zip(self.jacobian.chunks_exact(LANES))
            {
                let s = &self.s_start[entry.1 as usize * m + first..][..W];
                let to = &mut block[entry.0 as usize];
                for c in 0..W {
                    to[c] += values[k] * s[c];
                }
            }
        }
        self.matrix.solve_lanes(b, scratch);
        for (at, b) in b.iter().enumerate() {
            self.s_z[at * m + first..][..W].copy_from_slice(b);
        }
    }

    /// Goes on to the next step: its start is the end of this one.
    pub(super) fn advance(&mut self, m: usize, h: f64) {
        let n = self.start.len();
        let end = self.z.len() - n;
        axpy(&mut self.start, 1.0, &self.z[end..]);
        if m > 0 {
            let end = self.s_z.len() - n * m;
            axpy(&mut self.s_start, 1.0, &self.s_z[end..]);
        }
        std::mem::swap(&mut self.z, &mut self.last);
        self.last_step = h;
    }
}
