//! The problems solved by `diffsol`: BDF of variable order with forward sensitivities under error control.

use diffsol::error::DiffsolError;
use diffsol::{MatrixCommon, NalgebraLU, NalgebraMat, OdeBuilder, SensitivitiesOdeSolverMethod};

use crate::number::Dual;
use crate::problems::Problem;
use crate::solution::Solution;

type Matrix = NalgebraMat<f64>;
type Factors = NalgebraLU<f64>;

/// Part of the state's size at which errors are no longer relative, as a factor of `rtol`.
const FLOOR: f64 = 1e-6;

fn dual(values: &[f64], slopes: impl Fn(usize) -> f64) -> Vec<Dual> {
    let point = |(i, &value): (usize, &f64)| Dual {
        value,
        slope: slopes(i),
    };
    values.iter().enumerate().map(point).collect()
}

fn slopes<P: Problem>(p: &[Dual], y: &[Dual], out: &mut [f64]) {
    let mut dy = vec![Dual::from(0.0); y.len()];
    P::rates(p, y, &mut dy);
    for (o, d) in out.iter_mut().zip(&dy) {
        *o = d.slope;
    }
}

/// Solves a problem with relative tolerance `rtol` of states and sensitivities.
///
/// # Errors
/// What `diffsol` reports.
pub fn solve<P: Problem>(rtol: f64) -> Result<Solution, DiffsolError> {
    let n = P::STATES.len();
    let m = P::PARAMETERS.len();
    let values: Vec<f64> = P::PARAMETERS.iter().map(|(_, value)| *value).collect();
    let mut problem = OdeBuilder::<Matrix>::new()
        .p(values.clone())
        .rtol(rtol)
        .atol(vec![rtol * FLOOR; n])
        .sens_rtol(rtol)
        .sens_atol(vec![rtol * FLOOR; n])
        .param_scales(values.clone())
        .rhs_sens_implicit(
            |y: &[f64], p: &[f64], _t: f64, out: &mut [f64]| P::rates(p, y, out),
            |y: &[f64], p: &[f64], _t: f64, v: &[f64], out: &mut [f64]| {
                slopes::<P>(&dual(p, |_| 0.0), &dual(y, |i| v[i]), out);
            },
            |y: &[f64], p: &[f64], _t: f64, v: &[f64], out: &mut [f64]| {
                slopes::<P>(&dual(p, |k| v[k]), &dual(y, |_| 0.0), out);
            },
        )
        .init_sens(
            |_p: &[f64], _t: f64, out: &mut [f64]| out.copy_from_slice(P::INITIAL),
            |_p: &[f64], _t: f64, _v: &[f64], out: &mut [f64]| out.fill(0.0),
            n,
        )
        .build()?;
    // Sensitivities are to be those of the equations, not of an iteration that stopped early.
    problem.ode_options.derivative_solve_tolerance = 1e-6;
    problem.ode_options.nonlinear_solver_tolerance = 1e-3;
    let mut solver = problem.bdf_sens::<Factors>()?;
    let (states, sensitivities, _) = solver.solve_dense_sensitivities(P::TIMES)?;
    let at = |matrix: &Matrix, t: usize, i: usize| matrix.inner()[(i, t)];
    Ok(Solution {
        states: (0..P::TIMES.len())
            .map(|t| (0..n).map(|i| at(&states, t, i)).collect())
            .collect(),
        sensitivities: (0..P::TIMES.len())
            .map(|t| {
                (0..n)
                    .map(|i| {
                        (0..m)
                            .map(|k| at(&sensitivities[k], t, i) * values[k])
                            .collect()
                    })
                    .collect()
            })
            .collect(),
    })
}
