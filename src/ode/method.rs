//! Choice of the method of a segment, and what happens when it fails.

use super::explicit::{self, Explicit};
use super::radau::{self, RadauOrder, RadauWorkspace};
use super::rodas::{self, RodasWorkspace};
use super::{Ode, OdeError, StepSink, Stop, Tolerances, Work};

/// Relative tolerance below which Rodas5P leaves segments with algebraic states to Radau IIA, whose stages are then solved
/// densely with Jacobians of their own: at 1e-11 Rodas5P takes 2.7 to 10 times as long (`benches/runs`). Without algebraic
/// states Radau IIA takes less time at every tolerance.
const RADAU_BELOW_ALGEBRAIC: f64 = 1e-9;

/// Integration method.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Method {
    /// Chosen for every segment by what wins there.
    #[default]
    Auto,
    /// Rosenbrock–Wanner method of order 5(4): segments with algebraic states, and what other methods cannot finish.
    Rodas5P,
    /// Radau IIA of order 9 or 13, whichever suits the tolerance: segments without algebraic states.
    Radau,
    /// Explicit method of Dormand & Prince, order 5(4).
    Dopri5,
    /// Explicit method of Dormand & Prince, order 8(5,3).
    Dop853,
}

/// How a segment ended and what it took.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Outcome {
    /// Why it ended.
    pub stop: Stop,
    /// Method that began the segment (never `Auto`).
    pub method: Method,
    /// Method that finished the segment from where the first one failed.
    pub fallback: Option<Method>,
}

/// Memory of [`integrate`], kept between segments.
#[derive(Debug, Clone, Default)]
pub struct Workspace {
    rodas: RodasWorkspace,
    radau: RadauWorkspace,
}

/// Integrates one segment with `method`, and with another one from where that fails.
///
/// Arguments as those of [`rodas::integrate`]. The choice of `Auto` depends on the mass matrix and the tolerance only, never on
/// time or machine.
///
/// # Errors
/// The error of the first method, if the second fails as well or no other can help.
#[allow(clippy::too_many_arguments)]
pub fn integrate<O: Ode, K: StepSink + ?Sized>(
    method: Method,
    ode: &mut O,
    t0: f64,
    t1: f64,
    y: &mut [f64],
    s: &mut [f64],
    tolerances: &Tolerances,
    h0: Option<f64>,
    sink: &mut K,
    workspace: &mut Workspace,
    work: &mut Work,
) -> Result<Outcome, OdeError> {
    let method = match method {
        Method::Auto => choose(ode, tolerances.rtol),
        chosen => chosen,
    };
    let first = match run(
        method, ode, t0, t1, y, s, tolerances, h0, sink, workspace, work,
    ) {
        Ok(stop) => {
            return Ok(Outcome {
                stop,
                method,
                fallback: None,
            });
        }
        Err(error) => error,
    };
    let Some(fallback) = other(method, &first) else {
        return Err(first);
    };
    let t = first.time().unwrap_or(t0);
    match run(
        fallback, ode, t, t1, y, s, tolerances, None, sink, workspace, work,
    ) {
        Ok(stop) => Ok(Outcome {
            stop,
            method,
            fallback: Some(fallback),
        }),
        Err(_) => Err(first),
    }
}

#[allow(clippy::too_many_arguments)]
fn run<O: Ode, K: StepSink + ?Sized>(
    method: Method,
    ode: &mut O,
    t0: f64,
    t1: f64,
    y: &mut [f64],
    s: &mut [f64],
    tolerances: &Tolerances,
    h0: Option<f64>,
    sink: &mut K,
    workspace: &mut Workspace,
    work: &mut Work,
) -> Result<Stop, OdeError> {
    let explicit = match method {
        Method::Dopri5 => Explicit::Dopri5,
        Method::Dop853 => Explicit::Dop853,
        Method::Auto | Method::Rodas5P => {
            let rodas = &mut workspace.rodas;
            return rodas::integrate(ode, t0, t1, y, s, tolerances, h0, sink, rodas, work);
        }
        Method::Radau => {
            let radau = &mut workspace.radau;
            let order = RadauOrder::for_tolerance(tolerances.rtol);
            return radau::integrate(order, ode, t0, t1, y, s, tolerances, h0, sink, radau, work);
        }
    };
    explicit::integrate(explicit, ode, t0, t1, y, s, tolerances, h0, sink, work)
}

/// The method that may succeed where `failed` did not.
fn other(failed: Method, error: &OdeError) -> Option<Method> {
    match (failed, error) {
        (_, OdeError::NotFinite { .. }) => None,
        (Method::Dopri5 | Method::Dop853 | Method::Radau, _) => Some(Method::Rodas5P),
        (Method::Rodas5P | Method::Auto, _) => None,
    }
}

/// The method of a segment, by its algebraic states and the tolerance alone. Explicit methods are not among the choices: on
/// every problem measured, stiff or not, they took at least twice the time of Radau IIA in lanes (`benches/runs`).
fn choose<O: Ode>(ode: &O, rtol: f64) -> Method {
    if ode.mass().is_none() || rtol < RADAU_BELOW_ALGEBRAIC {
        Method::Radau
    } else {
        Method::Rodas5P
    }
}
