//! What an experiment was doing when it failed: state, rates, eigenvalues, last steps, and the likely cause.

use std::collections::VecDeque;

use nalgebra::DMatrix;

use super::experiment::Experiment;
use super::run::Workspace;
use super::watch::{Stretch, Watcher};
use super::{Settings, SimulateError};
use crate::ode::OdeError;

/// Steps before the failure that are kept.
const LAST_STEPS: usize = 20;
/// Most states whose eigenvalues are computed: their cost grows with the cube of it.
const MOST_STATES: usize = 300;
/// Sweeps of the eigenvalue iteration for each state; it takes two or three.
const SWEEPS: usize = 100;
/// Growth of a state beyond its size before, or size beyond 1, from which it counts as running away.
const RUNAWAY: f64 = 1e8;
/// Product of fastest rate and time from which a problem counts as extremely stiff: a step of double precision then
/// cannot resolve it.
const EXTREME: f64 = 1e13;
/// Share of a complex eigenvalue that must be imaginary for it to count as an oscillation.
const OSCILLATES: f64 = 0.5;

/// What was found at a failure.
#[derive(Debug, Clone, PartialEq)]
pub struct Autopsy {
    /// The failure.
    pub error: SimulateError,
    /// Time of the failure, if it has one.
    pub t: Option<f64>,
    /// States there.
    pub states: Vec<StateThere>,
    /// Eigenvalues of ∂f/∂y there, real and imaginary part, the fastest first.
    pub eigenvalues: Vec<(f64, f64)>,
    /// Why there are no eigenvalues.
    pub no_eigenvalues: Option<String>,
    /// The last accepted steps before it: start and size, the latest last.
    pub steps: Vec<(f64, f64)>,
    /// The likely cause in words.
    pub likely_cause: String,
}

/// A state at a failure.
#[derive(Debug, Clone, PartialEq)]
pub struct StateThere {
    /// Its id.
    pub id: String,
    /// Its value.
    pub value: f64,
    /// Its rate of change.
    pub rate: f64,
}

/// Keeps the last steps.
struct Steps(VecDeque<(f64, f64)>);

impl Watcher for Steps {
    fn stretch(&mut self, stretch: &mut Stretch<'_>) {
        if self.0.len() == LAST_STEPS {
            self.0.pop_front();
        }
        self.0.push_back((stretch.t0, stretch.t1 - stretch.t0));
    }
    fn jump(&mut self, _: f64, _: &[f64]) {}
}

impl Experiment {
    /// Runs the experiment again and looks at where it fails; `None` if it does not.
    pub fn autopsy(
        &self,
        table: &[f64],
        times: &[f64],
        until: f64,
        sensitivities: bool,
        settings: &Settings,
    ) -> Option<Autopsy> {
        let mut ws = Workspace::new(self);
        let mut steps = Steps(VecDeque::new());
        let outcome = if self.system.delays.is_empty() {
            self.run_watched(
                table,
                &[],
                times,
                sensitivities,
                settings,
                &mut ws,
                &mut |_, _| (),
                until,
                &mut steps,
            )
        } else {
            // The past of a model with delays cannot be watched.
            self.run(
                table,
                &[],
                times,
                sensitivities,
                settings,
                &mut ws,
                &mut |_, _| (),
            )
        };
        let error = outcome.err()?;
        let t = time(&error);
        let y: Vec<f64> = match &error {
            SimulateError::Integration { values, .. } if values.len() == self.system.n => {
                values.iter().map(|(_, v)| *v).collect()
            }
            _ => ws.y.clone(),
        };
        let at = t.unwrap_or_else(|| self.start());
        let n = self.system.n;
        let mut rates = vec![0.0; n];
        ws.machine.rhs(&self.system, at, &y, &mut rates);
        let states: Vec<StateThere> = self
            .system
            .state_ids
            .iter()
            .zip(y.iter().zip(&rates))
            .map(|(id, (value, rate))| StateThere {
                id: id.clone(),
                value: *value,
                rate: *rate,
            })
            .collect();
        let (eigenvalues, no_eigenvalues) = match self.eigenvalues(at, &y, &mut ws) {
            Ok(list) => (list, None),
            Err(reason) => (Vec::new(), Some(reason.to_string())),
        };
        let likely_cause = likely_cause(&error, at - self.start(), &states, &eigenvalues);
        Some(Autopsy {
            error,
            t,
            states,
            eigenvalues,
            no_eigenvalues,
            steps: steps.0.into(),
            likely_cause,
        })
    }

    fn eigenvalues(
        &self,
        t: f64,
        y: &[f64],
        ws: &mut Workspace,
    ) -> Result<Vec<(f64, f64)>, &'static str> {
        let n = self.system.n;
        if n == 0 {
            return Err("nothing is integrated");
        }
        if n > MOST_STATES {
            return Err("the model has too many states");
        }
        if self.system.mass.is_some() {
            return Err("the model has algebraic states");
        }
        let entries = &self.system.jacobian.entries;
        let mut values = vec![0.0; entries.len()];
        ws.machine.jacobian(&self.system, t, y, &mut values);
        if values.iter().any(|v| !v.is_finite()) {
            return Err("the Jacobian is not finite there");
        }
        let mut matrix = DMatrix::<f64>::zeros(n, n);
        for (&(i, j), v) in entries.iter().zip(&values) {
            if let Some(slot) = matrix.get_mut((i as usize, j as usize)) {
                *slot = *v;
            }
        }
        let schur = nalgebra::Schur::try_new(matrix, f64::EPSILON, SWEEPS * n)
            .ok_or("the eigenvalue iteration does not end")?;
        let mut list: Vec<(f64, f64)> = schur
            .complex_eigenvalues()
            .iter()
            .map(|z| (z.re, z.im))
            .collect();
        list.sort_by(|a, b| size(*b).total_cmp(&size(*a)).then(b.1.total_cmp(&a.1)));
        Ok(list)
    }
}

fn size((re, im): (f64, f64)) -> f64 {
    libm::hypot(re, im)
}

fn time(error: &SimulateError) -> Option<f64> {
    match error {
        SimulateError::Integration { cause, .. } => cause.time(),
        SimulateError::NoSteadyState { t, .. }
        | SimulateError::Inconsistent { t, .. }
        | SimulateError::NoEquilibrium { t }
        | SimulateError::Delay { t, .. }
        | SimulateError::Switches { t, .. }
        | SimulateError::Cascade { t, .. } => Some(*t),
        _ => None,
    }
}

/// What a numerical analyst would look at first, in words.
fn likely_cause(
    error: &SimulateError,
    elapsed: f64,
    states: &[StateThere],
    eigenvalues: &[(f64, f64)],
) -> String {
    let broken = states.iter().find(|s| !s.rate.is_finite());
    let negative = states.iter().find(|s| s.value < 0.0);
    let largest = states
        .iter()
        .filter(|s| s.value.is_finite())
        .max_by(|a, b| a.value.abs().total_cmp(&b.value.abs()));
    let fastest = eigenvalues.first().copied();
    let growing = eigenvalues.iter().map(|z| z.0).fold(0.0, f64::max);
    match error {
        SimulateError::Initial { state, .. } => format!(
            "the formula of the initial value of `{state}` divides by zero, or takes a power, root or logarithm of a value that is not positive, at these parameters"
        ),
        SimulateError::NoSteadyState { state, .. } => match largest {
            Some(s) if s.id == *state && s.value.abs() > RUNAWAY => format!(
                "`{state}` has no steady state: it is made faster than it is removed and grows without bound"
            ),
            _ => format!(
                "`{state}` oscillates, or relaxes more slowly than the longest pre-equilibration allows"
            ),
        },
        SimulateError::Switches { .. } => "the solution slides along a discontinuity: on either side of a condition the rates lead back to it; make the formula smooth there, or give the condition two levels (on above one, off below the other)".into(),
        SimulateError::Integration {
            cause: OdeError::NotFinite { .. },
            ..
        } => match (broken, negative) {
            (Some(s), Some(n)) => format!(
                "the rate of `{}` has no value: `{}` is {:e} here, and a power, root or logarithm of a negative number has none",
                s.id, n.id, n.value
            ),
            (Some(s), None) => format!(
                "the rate of `{}` has no value here: a division by zero, a logarithm of zero or an overflow in d/dt({})",
                s.id, s.id
            ),
            _ => "a derivative of the right-hand side has no value here: a power or root at zero, or an overflow".into(),
        },
        _ => {
            if let Some(s) = largest.filter(|s| s.value.abs() > RUNAWAY && s.rate.abs() > s.value.abs()) {
                return format!(
                    "`{}` runs away: it is {:e} and changes by {:e} in a unit of time, so it reaches infinity in finite time; a rate of production grows faster than its own state, or has the wrong sign",
                    s.id, s.value, s.rate
                );
            }
            match fastest {
                Some(z) if size(z) * elapsed.abs().max(f64::MIN_POSITIVE) > EXTREME => format!(
                    "the fastest rate is {:e} in a unit of time: too fast to be resolved beside the time passed; a rate constant is out of its range or in the wrong unit",
                    size(z)
                ),
                Some(z) if z.1.abs() > OSCILLATES * size(z) && size(z) > 0.0 => format!(
                    "the solution oscillates with a period of about {:e}: every period needs its own steps; the limit of steps is reached before the end",
                    std::f64::consts::TAU / z.1.abs()
                ),
                _ if growing > 0.0 => format!(
                    "the solution is unstable here: a disturbance grows by a factor e in {:e} units of time",
                    1.0 / growing
                ),
                _ => "the right-hand side jumps where the model does not say so (a formula that is not smooth), or the tolerances ask for more than double precision gives".into(),
            }
        }
    }
}
