//! One search on a target.

use crate::objective::{Data, EvalError, Evaluated, Target};
use crate::search::{self, Control, Evaluation, Want};

use super::{Optimum, Side};

/// A coordinate this close to a bound, relative to the width of its box, with the gradient against it, is held by it.
const AT_BOUND: f64 = 1e-9;

/// Minimises the objective for `data` from `start`, with the coordinates in `fixed` held at the values given.
///
/// All numbers are on the estimation scale. Starts outside the bounds are moved onto them; values of `fixed` are taken as
/// they are. The same arguments give the same bytes, whatever `ws` was used for before.
///
/// # Errors
/// [`EvalError`] if the objective cannot be evaluated at the start. Failures later shorten steps instead.
///
/// # Example
/// The mean of 1, 2 and 3 with equal errors:
/// ```
/// use mechfit::{fit, objective::{Target, example::Example}};
/// let target = Example::constant(&[1.0, 2.0, 3.0], 1.0, 5);
/// let best = fit::refit(&target, target.data(), &[0.0], &[], &Default::default(), &mut target.workspace())?;
/// assert!((best.theta[0] - 2.0).abs() < 1e-9);
/// # Ok::<(), mechfit::objective::EvalError>(())
/// ```
pub fn refit<T: Target>(
    target: &T,
    data: &Data,
    start: &[f64],
    fixed: &[(usize, f64)],
    options: &search::Options,
    ws: &mut T::Workspace,
) -> Result<Optimum, EvalError> {
    let coordinates = target.coordinates();
    let n = coordinates.len();
    let mut theta = start.to_vec();
    let mut free: Vec<usize> = (0..n).collect();
    for &(k, value) in fixed {
        if let Some(x) = theta.get_mut(k) {
            *x = value;
        }
        free.retain(|i| *i != k);
    }
    let lower: Vec<f64> = free.iter().map(|&k| coordinates[k].lower).collect();
    let upper: Vec<f64> = free.iter().map(|&k| coordinates[k].upper).collect();
    let from: Vec<f64> = free.iter().map(|&k| theta[k]).collect();

    // The full evaluation at the best point so far: the search itself sees the free coordinates only.
    let mut best: Option<(Vec<f64>, Evaluated)> = None;
    let mut f = |x: &[f64], want: Want| -> Result<Evaluation, EvalError> {
        for (&k, x) in free.iter().zip(x) {
            theta[k] = *x;
        }
        let full = target.evaluate(&theta, data, want, ws)?;
        if want == Want::Value {
            return Ok(Evaluation {
                value: full.value,
                ..Evaluation::default()
            });
        }
        let reduced = Evaluation {
            value: full.value,
            gradient: free.iter().map(|&k| full.gradient[k]).collect(),
            curvature: free
                .iter()
                .flat_map(|&i| free.iter().map(move |&j| (i, j)))
                .map(|(i, j)| full.curvature[i * n + j])
                .collect(),
        };
        if best.as_ref().is_none_or(|(_, b)| full.value < b.value) {
            best = Some((x.to_vec(), full));
        }
        Ok(reduced)
    };
    let found = search::minimise(&mut f, &from, &lower, &upper, options, &mut |_| {
        Control::Continue
    })?;
    for (&k, x) in free.iter().zip(&found.point) {
        theta[k] = *x;
    }
    let evaluated = match best {
        Some((point, full)) if point == found.point => full,
        _ => target.evaluate(&theta, data, Want::Derivatives, ws)?,
    };
    let at_bound = (0..n)
        .map(|k| {
            if !free.contains(&k) {
                return None;
            }
            let c = &coordinates[k];
            let reach = AT_BOUND * (c.upper - c.lower).clamp(f64::MIN_POSITIVE, 1.0);
            let slope = evaluated.gradient[k];
            if theta[k] - c.lower <= reach && slope >= 0.0 {
                Some(Side::Lower)
            } else if c.upper - theta[k] <= reach && slope <= 0.0 {
                Some(Side::Upper)
            } else {
                None
            }
        })
        .collect();
    Ok(Optimum {
        theta,
        evaluated,
        at_bound,
        termination: found.termination,
        iterations: found.iterations,
        gradients: found.gradients,
        values: found.values,
    })
}
