//! Test problems: right-hand sides that are sums of monomials in states and parameters with a factor of time, so that
//! every derivative the integrators ask for follows by the power rule.

use super::{LANES, Ode, Pattern, Step, StepSink};

/// Factor of time of a term.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Time {
    /// 1.
    One,
    /// `sin(ω·t)`.
    Sin(f64),
    /// `cos(ω·t)`.
    Cos(f64),
}

impl Time {
    fn value(self, t: f64) -> f64 {
        match self {
            Self::One => 1.0,
            Self::Sin(w) => libm::sin(w * t),
            Self::Cos(w) => libm::cos(w * t),
        }
    }

    fn derivative(self, t: f64) -> f64 {
        match self {
            Self::One => 0.0,
            Self::Sin(w) => w * libm::cos(w * t),
            Self::Cos(w) => -w * libm::sin(w * t),
        }
    }
}

/// `coefficient · Π variableᵢ^powerᵢ · time(t)` added to a row.
#[derive(Debug, Clone)]
pub(super) struct Term {
    row: usize,
    coefficient: f64,
    /// Power of each state, then of each parameter.
    powers: Vec<(usize, i32)>,
    time: Time,
}

/// Root function `t·of_time + y[state] − threshold`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Threshold {
    pub(super) state: Option<usize>,
    pub(super) of_time: f64,
    pub(super) threshold: f64,
}

/// A system of monomials with all parameters active.
#[derive(Debug, Clone)]
pub(super) struct Monomials {
    n: usize,
    pub(super) parameters: Vec<f64>,
    pub(super) mass: Option<Vec<f64>>,
    terms: Vec<Term>,
    pub(super) thresholds: Vec<Threshold>,
    jacobian: Pattern,
    parameter: Pattern,
}

impl Monomials {
    /// `terms`: row, coefficient, variables of power 1 (repeat for higher powers; a parameter `k` is `n + k`), time.
    pub(super) fn new(
        n: usize,
        parameters: &[f64],
        terms: &[(usize, f64, &[usize], Time)],
    ) -> Self {
        let terms: Vec<Term> = terms
            .iter()
            .map(|(row, coefficient, variables, time)| {
                let mut powers: Vec<(usize, i32)> = Vec::new();
                for v in *variables {
                    match powers.iter_mut().find(|(w, _)| w == v) {
                        Some((_, power)) => *power += 1,
                        None => powers.push((*v, 1)),
                    }
                }
                Term {
                    row: *row,
                    coefficient: *coefficient,
                    powers,
                    time: *time,
                }
            })
            .collect();
        let pattern = |first: usize, columns: usize| {
            let mut entries: Vec<(u32, u32)> = terms
                .iter()
                .flat_map(|term| {
                    term.powers
                        .iter()
                        .filter(|(v, _)| (first..first + columns).contains(v))
                        .map(|(v, _)| (term.row as u32, (v - first) as u32))
                })
                .collect();
            entries.sort_unstable();
            entries.dedup();
            Pattern {
                rows: n,
                columns,
                entries,
            }
        };
        Self {
            n,
            parameters: parameters.to_vec(),
            mass: None,
            jacobian: pattern(0, n),
            parameter: pattern(n, parameters.len()),
            terms,
            thresholds: Vec::new(),
        }
    }

    fn variable(&self, y: &[f64], v: usize) -> f64 {
        if v < self.n {
            y[v]
        } else {
            self.parameters[v - self.n]
        }
    }

    /// Derivative of the monomial of `term` with respect to the variables `by`, without its factor of time.
    fn monomial(&self, term: &Term, y: &[f64], by: &[usize]) -> f64 {
        let mut value = term.coefficient;
        if by.iter().any(|v| term.powers.iter().all(|(w, _)| w != v)) {
            return 0.0;
        }
        for (v, power) in &term.powers {
            let mut power = *power;
            for _ in by.iter().filter(|b| *b == v) {
                value *= f64::from(power);
                power -= 1;
            }
            if power < 0 {
                return 0.0;
            }
            value *= self.variable(y, *v).powi(power);
        }
        value
    }

    fn sum(&self, y: &[f64], row: usize, by: &[usize], time: impl Fn(Time) -> f64) -> f64 {
        self.terms
            .iter()
            .filter(|term| term.row == row)
            .map(|term| self.monomial(term, y, by) * time(term.time))
            .sum()
    }

    /// Directional derivative of `sum` along column `k` of `s`.
    fn along(
        &self,
        y: &[f64],
        s: &[f64],
        (row, by, k): (usize, &[usize], usize),
        time: impl Fn(Time) -> f64,
    ) -> f64 {
        let m = self.parameters.len();
        let mut value = self.sum(y, row, &[by, &[self.n + k]].concat(), &time);
        for j in 0..self.n {
            value += self.sum(y, row, &[by, &[j]].concat(), &time) * s[j * m + k];
        }
        value
    }
}

impl Ode for Monomials {
    fn n(&self) -> usize {
        self.n
    }
    fn m(&self) -> usize {
        self.parameters.len()
    }
    fn mass(&self) -> Option<&[f64]> {
        self.mass.as_deref()
    }
    fn is_autonomous(&self) -> bool {
        self.terms.iter().all(|term| term.time == Time::One)
    }
    fn jacobian_pattern(&self) -> &Pattern {
        &self.jacobian
    }
    fn parameter_pattern(&self) -> &Pattern {
        &self.parameter
    }
    fn rhs(&mut self, t: f64, y: &[f64], out: &mut [f64]) {
        for (i, out) in out.iter_mut().enumerate() {
            *out = self.sum(y, i, &[], |time| time.value(t));
        }
    }
    fn jacobian(&mut self, t: f64, y: &[f64], out: &mut [f64]) {
        for ((row, column), out) in self.jacobian.entries.iter().zip(out) {
            *out = self.sum(y, *row as usize, &[*column as usize], |time| time.value(t));
        }
    }
    fn linearise(&mut self, t: f64, y: &[f64], f: &mut [f64], jac: &mut [f64], par: &mut [f64]) {
        self.rhs(t, y, f);
        self.jacobian(t, y, jac);
        for ((row, k), out) in self.parameter.entries.iter().zip(par) {
            *out = self.sum(y, *row as usize, &[self.n + *k as usize], |time| {
                time.value(t)
            });
        }
    }
    fn rhs_and_jacobian(&mut self, t: f64, y: &[f64], f: &mut [f64], jac: &mut [f64]) {
        self.rhs(t, y, f);
        self.jacobian(t, y, jac);
    }
    fn derivatives_at_points(
        &mut self,
        _used: usize,
        t: &[f64; LANES],
        y: &[f64],
        jac: &mut [f64],
        par: &mut [f64],
    ) {
        let n = self.n;
        let mut f = vec![0.0; n];
        let mut j = vec![0.0; jac.len() / LANES];
        let mut p = vec![0.0; par.len() / LANES];
        for (point, t) in t.iter().enumerate() {
            self.linearise(*t, &y[point * n..(point + 1) * n], &mut f, &mut j, &mut p);
            for (e, v) in j.iter().enumerate() {
                jac[e * LANES + point] = *v;
            }
            for (e, v) in p.iter().enumerate() {
                par[e * LANES + point] = *v;
            }
        }
    }
    fn time_derivative(&mut self, t: f64, y: &[f64], out: &mut [f64]) {
        for (i, out) in out.iter_mut().enumerate() {
            *out = self.sum(y, i, &[], |time| time.derivative(t));
        }
    }
    fn jacobian_along(&mut self, t: f64, y: &[f64], s: &[f64], out: &mut [f64]) {
        let m = self.m();
        for (e, (row, column)) in self.jacobian.entries.iter().enumerate() {
            for k in 0..m {
                let at = (*row as usize, &[*column as usize][..], k);
                out[e * m + k] = self.along(y, s, at, |time| time.value(t));
            }
        }
    }
    fn time_derivative_along(&mut self, t: f64, y: &[f64], s: &[f64], out: &mut [f64]) {
        let m = self.m();
        for i in 0..self.n {
            for k in 0..m {
                out[i * m + k] = self.along(y, s, (i, &[], k), |time| time.derivative(t));
            }
        }
    }
    fn n_roots(&self) -> usize {
        self.thresholds.len()
    }
    fn roots(&mut self, t: f64, y: &[f64], out: &mut [f64]) {
        for (out, root) in out.iter_mut().zip(&self.thresholds) {
            *out = root.of_time * t + root.state.map_or(0.0, |i| y[i]) - root.threshold;
        }
    }
}

/// `y' = −k·y`.
pub(super) fn decay(k: f64) -> Monomials {
    Monomials::new(1, &[k], &[(0, -1.0, &[0, 1], Time::One)])
}

/// `A → B → C` with rates `k₁`, `k₂`.
pub(super) fn chain(k1: f64, k2: f64) -> Monomials {
    Monomials::new(
        3,
        &[k1, k2],
        &[
            (0, -1.0, &[0, 3], Time::One),
            (1, 1.0, &[0, 3], Time::One),
            (1, -1.0, &[1, 4], Time::One),
            (2, 1.0, &[1, 4], Time::One),
        ],
    )
}

/// Closed form of [`chain`] from `(1, 0, 0)` (Bateman 1910): states and sensitivities, row-major `3 × 2`.
pub(super) fn bateman(k1: f64, k2: f64, t: f64) -> ([f64; 3], [f64; 6]) {
    let (e1, e2) = ((-k1 * t).exp(), (-k2 * t).exp());
    let d = k2 - k1;
    let b = k1 / d * (e1 - e2);
    let b1 = k2 / (d * d) * (e1 - e2) - k1 / d * t * e1;
    let b2 = -k1 / (d * d) * (e1 - e2) + k1 / d * t * e2;
    let s = [-t * e1, 0.0, b1, b2, t * e1 - b1, -b2];
    ([e1, b, 1.0 - e1 - b], s)
}

/// Robertson's reaction (1966) with its three rates as parameters.
pub(super) fn robertson() -> Monomials {
    Monomials::new(
        3,
        &[0.04, 1e4, 3e7],
        &[
            (0, -1.0, &[0, 3], Time::One),
            (0, 1.0, &[1, 2, 4], Time::One),
            (1, 1.0, &[0, 3], Time::One),
            (1, -1.0, &[1, 2, 4], Time::One),
            (1, -1.0, &[1, 1, 5], Time::One),
            (2, 1.0, &[1, 1, 5], Time::One),
        ],
    )
}

/// Van der Pol's oscillator `y₁' = y₂`, `y₂' = μ·((1 − y₁²)·y₂) − y₁`.
pub(super) fn van_der_pol(mu: f64) -> Monomials {
    Monomials::new(
        2,
        &[mu],
        &[
            (0, 1.0, &[1], Time::One),
            (1, 1.0, &[1, 2], Time::One),
            (1, -1.0, &[0, 0, 1, 2], Time::One),
            (1, -1.0, &[0], Time::One),
        ],
    )
}

/// `y' = −k·(y − cos t)`: stiff for large `k`, with smooth forcing.
pub(super) fn forced(k: f64) -> Monomials {
    Monomials::new(
        1,
        &[k],
        &[
            (0, -1.0, &[0, 1], Time::One),
            (0, 1.0, &[1], Time::Cos(1.0)),
        ],
    )
}

/// Closed form of [`forced`] from `y(0) = 0`: value and its derivative with respect to `k`.
pub(super) fn forced_solution(k: f64, t: f64) -> (f64, f64) {
    let q = k * k + 1.0;
    let (e, a) = ((-k * t).exp(), k * k / q);
    let y = a * (t.cos() - e) + k / q * t.sin();
    let da = 2.0 * k / (q * q);
    let db = (1.0 - k * k) / (q * q);
    (y, da * (t.cos() - e) + a * t * e + db * t.sin())
}

/// Predator and prey with four rates and a seasonal forcing of one: nonlinear and not autonomous.
pub(super) fn seasonal_prey() -> Monomials {
    Monomials::new(
        2,
        &[1.1, 0.4, 0.1, 0.4],
        &[
            (0, 1.0, &[0, 2], Time::One),
            (0, 0.3, &[0, 2], Time::Sin(1.3)),
            (0, -1.0, &[0, 1, 3], Time::One),
            (1, 1.0, &[0, 1, 4], Time::One),
            (1, -1.0, &[1, 5], Time::One),
        ],
    )
}

/// Reversible binding of a drug to a receptor with loss of the drug: `D + R ⇌ C`, `D →`.
pub(super) fn binding() -> Monomials {
    Monomials::new(
        3,
        &[2.0, 0.5, 0.3],
        &[
            (0, -1.0, &[0, 1, 3], Time::One),
            (0, 1.0, &[2, 4], Time::One),
            (0, -1.0, &[0, 5], Time::One),
            (1, -1.0, &[0, 1, 3], Time::One),
            (1, 1.0, &[2, 4], Time::One),
            (2, 1.0, &[0, 1, 3], Time::One),
            (2, -1.0, &[2, 4], Time::One),
        ],
    )
}

/// Accepts every step.
pub(super) struct Silent;

impl StepSink for Silent {
    fn step(&mut self, _step: &dyn Step) -> bool {
        true
    }
}

/// Records states and sensitivities at given times and the ends of the steps.
#[derive(Debug, Default)]
pub(super) struct Recorder {
    pub(super) times: Vec<f64>,
    pub(super) n: usize,
    pub(super) block: usize,
    pub(super) y: Vec<Vec<f64>>,
    pub(super) s: Vec<Vec<f64>>,
    pub(super) ends: Vec<f64>,
    pub(super) limit: Option<usize>,
}

impl Recorder {
    pub(super) fn new(times: &[f64], n: usize, m: usize) -> Self {
        Self {
            times: times.to_vec(),
            n,
            block: n * m,
            ..Self::default()
        }
    }
}

impl StepSink for Recorder {
    fn step(&mut self, step: &dyn Step) -> bool {
        while let Some(t) = self.times.get(self.y.len()).filter(|t| **t <= step.t1()) {
            let mut y = vec![0.0; self.n];
            let mut s = vec![0.0; self.block];
            step.state(*t, &mut y);
            step.sensitivity(*t, &mut s);
            self.y.push(y);
            self.s.push(s);
        }
        self.ends.push(step.t1());
        self.limit.is_none_or(|limit| self.ends.len() < limit)
    }
}
