//! Zero of a function of one variable in a bracket.

/// Evaluations at the most; bisection alone needs about 60 for any bracket.
const MAX_EVALUATIONS: usize = 200;

/// A zero of `f` between `a` and `b`, where it has the values `fa` and `fb` of opposite sign, to `tolerance` in the
/// argument (0: to its resolution).
///
/// Inverse quadratic interpolation where the three last points allow it, bisection elsewhere; the bracket is kept.
///
/// ```
/// use mechfit::search::zero;
/// let root = zero(1.0, -1.0, 2.0, 2.0, 0.0, &mut |x| Ok::<f64, ()>(x * x - 2.0))?;
/// assert!((root - 2f64.sqrt()).abs() < 1e-15);
/// # Ok::<(), ()>(())
/// ```
///
/// # Errors
/// The first error of `f`.
///
/// # References
/// Chandrupatla (1997) Adv. Eng. Software 28:145–149.
pub fn zero<E>(
    a: f64,
    fa: f64,
    b: f64,
    fb: f64,
    tolerance: f64,
    f: &mut dyn FnMut(f64) -> Result<f64, E>,
) -> Result<f64, E> {
    if fa == 0.0 {
        return Ok(a);
    }
    if fb == 0.0 {
        return Ok(b);
    }
    // x1 is the newest point, x2 its partner of opposite sign, x3 the point before.
    let ((mut x1, mut f1), (mut x2, mut f2)) = ((b, fb), (a, fa));
    let (mut x3, mut f3);
    let mut part = 0.5;
    for _ in 0..MAX_EVALUATIONS {
        let x = x1 + part * (x2 - x1);
        let fx = f(x)?;
        if (fx > 0.0) == (f1 > 0.0) {
            (x3, f3) = (x1, f1);
        } else {
            (x3, f3) = (x2, f2);
            (x2, f2) = (x1, f1);
        }
        (x1, f1) = (x, fx);
        let (best, value) = if f1.abs() < f2.abs() {
            (x1, f1)
        } else {
            (x2, f2)
        };
        let resolution = 2.0 * f64::EPSILON * best.abs() + 0.5 * tolerance;
        let least = resolution / (x2 - x1).abs();
        if least > 0.5 || least.is_nan() || value == 0.0 || fx.is_nan() {
            return Ok(best);
        }
        let xi = (x1 - x2) / (x3 - x2);
        let phi = (f1 - f2) / (f3 - f2);
        let quadratic = phi * phi < xi && (1.0 - phi) * (1.0 - phi) < 1.0 - xi;
        part = if quadratic {
            f1 / (f2 - f1) * f3 / (f2 - f3)
                + (x3 - x1) / (x2 - x1) * f1 / (f3 - f1) * f2 / (f3 - f2)
        } else {
            0.5
        };
        part = part.clamp(least, 1.0 - least);
    }
    Ok(if f1.abs() < f2.abs() { x1 } else { x2 })
}

#[cfg(test)]
mod tests {
    use super::zero;

    #[test]
    fn hard_zeros_are_found_to_resolution_within_few_evaluations() {
        // Flat, steep, and on a step: (function, bracket, zero).
        type Case = (fn(f64) -> f64, f64, f64, f64);
        let cases: [Case; 5] = [
            (
                |x| x * x * x - 2.0 * x - 5.0,
                2.0,
                3.0,
                2.094_551_481_542_326_5,
            ),
            (|x| libm::pow(x - 1.0, 9.0), -3.0, 9.0, 1.0),
            (|x| libm::exp(x) - 1.0, -50.0, 100.0, 0.0),
            (|x| if x < 0.3 { -1.0 } else { 1.0 }, 0.0, 1.0, 0.3),
            (|x| libm::tanh(1e6 * (x - 0.7)), 0.0, 1.0, 0.7),
        ];
        for (f, a, b, expected) in cases {
            let mut calls = 0;
            let x = zero(a, f(a), b, f(b), 0.0, &mut |x| {
                calls += 1;
                Ok::<f64, ()>(f(x))
            })
            .unwrap();
            let flat = if expected == 1.0 { 1e-2 } else { 1e-14 };
            assert!((x - expected).abs() < flat, "{x} for {expected}");
            assert!(calls <= 130, "{calls}");
        }
    }

    #[test]
    fn an_error_of_the_function_is_handed_on() {
        assert_eq!(zero(0.0, -1.0, 1.0, 1.0, 0.0, &mut |_| Err(7)), Err(7));
    }
}
