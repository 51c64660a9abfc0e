//! Error estimates of a step, of states and of sensitivities.

use super::super::control::{column_error_norm, error_norm};
use super::super::kernel::{axpy, first_not_finite};
use super::super::{Ode, Work};
use super::RadauWorkspace;
use super::tableau::Tableau;

/// Norm of the error estimate and the state with its largest part; `None` if it cannot be computed. The estimate of a
/// first or repeated step is filtered once more where it is large: it then vanishes for stiff components as well.
#[allow(clippy::too_many_arguments)]
pub(super) fn estimate<O: Ode>(
    ode: &mut O,
    workspace: &mut RadauWorkspace,
    tableau: &Tableau,
    t: f64,
    h: f64,
    rtol: f64,
    fresh: bool,
    work: &mut Work,
) -> Option<(f64, usize)> {
    let RadauWorkspace {
        stages,
        matrix,
        f,
        jacobian,
        error,
        end,
        probe,
        atol,
        ..
    } = workspace;
    let n = f.len();
    if !stages.is_shifted {
        work.lu += 1;
        if !matrix.factor(tableau.sigma / h, ode.mass(), jacobian) {
            return None;
        }
    }
    let mut solve = |b: &mut [f64]| {
        if stages.is_shifted {
            stages.solve_first(b);
        } else {
            matrix.solve(b);
        }
    };
    let last = (tableau.stages() - 1) * n;
    // What the increments contribute is kept for a second round.
    end.fill(0.0);
    for (weight, z) in tableau.error.iter().zip(stages.z.chunks_exact(n.max(1))) {
        axpy(end, weight / h, z);
    }
    if let Some(mass) = ode.mass() {
        for (end, mass) in end.iter_mut().zip(mass) {
            *end *= mass;
        }
    }
    for ((error, f), end) in error.iter_mut().zip(f.iter()).zip(end.iter()) {
        *error = f + end;
    }
    solve(error);
    work.solves += 1;
    let norm = |error: &[f64], end: &[f64]| error_norm(error, &stages.start, end, atol, rtol);
    for ((x, y), z) in probe.iter_mut().zip(&stages.start).zip(&stages.z[last..]) {
        *x = y + z;
    }
    let first = norm(error, probe);
    if !(fresh && first.0 > 1.0) {
        return Some(first);
    }
    for (p, (y, e)) in probe.iter_mut().zip(stages.start.iter().zip(error.iter())) {
        *p = y + e;
    }
    ode.rhs(t, probe, error);
    work.rhs += 1;
    if first_not_finite(error).is_some() {
        return Some(first);
    }
    for (e, c) in error.iter_mut().zip(end.iter()) {
        *e += c;
    }
    solve(error);
    work.solves += 1;
    for ((x, y), z) in end.iter_mut().zip(&stages.start).zip(&stages.z[last..]) {
        *x = y + z;
    }
    Some(norm(error, end))
}

/// Largest error norm of a column of sensitivities: the estimate of the states, applied to the variational equation.
#[allow(clippy::too_many_arguments)]
pub(super) fn column_error<O: Ode>(
    ode: &mut O,
    workspace: &mut RadauWorkspace,
    tableau: &Tableau,
    m: usize,
    t: f64,
    h: f64,
    rtol: f64,
) -> f64 {
    let RadauWorkspace {
        stages,
        matrix,
        f,
        jacobian,
        parameters,
        probe,
        s_error,
        s_end,
        atol,
        sums,
        ..
    } = workspace;
    let n = f.len();
    let block = n * m;
    parameters.resize(ode.parameter_pattern().entries.len(), 0.0);
    ode.linearise(t, &stages.start, f, jacobian, parameters);
    s_error.fill(0.0);
    for (weight, z) in tableau.error.iter().zip(stages.s_z.chunks_exact(block)) {
        for (e, z) in s_error.iter_mut().zip(z) {
            *e += weight / h * z;
        }
    }
    if let Some(mass) = ode.mass() {
        for (row, mass) in s_error.chunks_exact_mut(m).zip(mass) {
            row.iter_mut().for_each(|e| *e *= mass);
        }
    }
    for (entry, value) in ode.parameter_pattern().entries.iter().zip(&*parameters) {
        s_error[entry.0 as usize * m + entry.1 as usize] += value;
    }
    for (entry, value) in ode.jacobian_pattern().entries.iter().zip(&*jacobian) {
        let (row, column) = (entry.0 as usize * m, entry.1 as usize * m);
        for k in 0..m {
            s_error[row + k] += value * stages.s_start[column + k];
        }
    }
    for k in 0..m {
        for (i, p) in probe.iter_mut().enumerate() {
            *p = s_error[i * m + k];
        }
        if stages.is_shifted {
            stages.solve_first(probe);
        } else {
            matrix.solve(probe);
        }
        for (i, p) in probe.iter().enumerate() {
            s_error[i * m + k] = *p;
        }
    }
    let last = (tableau.stages() - 1) * block;
    for ((x, s), z) in s_end
        .iter_mut()
        .zip(&stages.s_start)
        .zip(&stages.s_z[last..])
    {
        *x = s + z;
    }
    column_error_norm(s_error, &stages.s_start, s_end, atol, rtol, sums)
}
