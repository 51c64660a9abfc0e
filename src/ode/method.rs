//! Choice of the method of a segment, and what happens when it fails.

use super::explicit::{self, Explicit};
use super::radau::{self, RadauOrder, RadauWorkspace};
use super::rodas::{self, RodasWorkspace};
use super::{Ode, OdeError, StepSink, Stop, Tolerances, Work};

/// Largest `‖J‖·(t₁ − t₀)` at which a segment counts as not stiff: an explicit method then needs about as many steps
/// for stability (limit 3.3 to 6 of the product of step and norm) as for accuracy.
const NOT_STIFF: f64 = 20.0;

/// Relative tolerance below which Rodas5P leaves the stiff segments to Radau IIA: at 1e-11 it takes 2.7 to 10 times as long
/// (`benches/runs`).
const TIGHT: f64 = 1e-9;

/// Integration method.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Method {
    /// Chosen for every segment: explicit if it is surely not stiff, else implicit.
    #[default]
    Auto,
    /// Rosenbrock–Wanner method of order 5(4): stiff segments and algebraic states.
    Rodas5P,
    /// Radau IIA of order 5, 9 or 13, whichever suits the tolerance: tight tolerances.
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
    jacobian: Vec<f64>,
    rows: Vec<f64>,
}

/// Integrates one segment with `method`, and with another one from where that fails.
///
/// Arguments as those of [`rodas::integrate`]. The choice of `Auto` depends on the segment only (dimension, mass
/// matrix, tolerance, and the norm of the Jacobian at its start times its length), never on time or machine.
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
        Method::Auto => choose(ode, t0, t1, y, tolerances.rtol, workspace, work),
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
    let Some(fallback) = other(method, &first, ode) else {
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
fn other<O: Ode>(failed: Method, error: &OdeError, ode: &O) -> Option<Method> {
    match (failed, error) {
        (_, OdeError::NotFinite { .. }) => None,
        (Method::Dopri5 | Method::Dop853, _) => Some(Method::Rodas5P),
        (Method::Radau, _) => Some(Method::Rodas5P),
        (Method::Rodas5P, OdeError::StepTooSmall { .. }) if ode.mass().is_none() => {
            Some(Method::Dopri5)
        }
        _ => None,
    }
}

/// Explicit if the bound `min(‖J‖₁, ‖J‖∞)` of the spectral radius at the start says that the segment is not stiff.
fn choose<O: Ode>(
    ode: &mut O,
    t0: f64,
    t1: f64,
    y: &[f64],
    rtol: f64,
    workspace: &mut Workspace,
    work: &mut Work,
) -> Method {
    let implicit = if rtol < TIGHT {
        Method::Radau
    } else {
        Method::Rodas5P
    };
    let n = ode.n();
    if n == 0 || ode.mass().is_some() || ode.n_roots() > 0 {
        return implicit;
    }
    let Workspace { jacobian, rows, .. } = workspace;
    jacobian.resize(ode.jacobian_pattern().entries.len(), 0.0);
    ode.jacobian(t0, y, jacobian);
    work.jacobian += 1;
    rows.clear();
    rows.resize(2 * n, 0.0);
    for ((row, column), value) in ode.jacobian_pattern().entries.iter().zip(jacobian.iter()) {
        rows[*row as usize] += value.abs();
        rows[n + *column as usize] += value.abs();
    }
    let norm = |sums: &[f64]| sums.iter().fold(0.0, |a: f64, b| a.max(*b));
    let bound = norm(&rows[..n]).min(norm(&rows[n..]));
    if bound * (t1 - t0) <= NOT_STIFF {
        Method::Dop853
    } else {
        implicit
    }
}
