//! Closed forms and published optima.

use super::*;

/// Least squares ½Σr² from residuals and their Jacobian (row-major).
fn squares(r: &[f64], j: &[f64]) -> Evaluation {
    let n = j.len() / r.len();
    let mut e = Evaluation {
        value: 0.5 * r.iter().map(|r| r * r).sum::<f64>(),
        gradient: vec![0.0; n],
        curvature: vec![0.0; n * n],
    };
    for (r, row) in r.iter().zip(j.chunks(n)) {
        for a in 0..n {
            e.gradient[a] += r * row[a];
            for b in 0..n {
                e.curvature[a * n + b] += row[a] * row[b];
            }
        }
    }
    e
}

fn run(
    model: impl Fn(&[f64]) -> Evaluation,
    start: &[f64],
    lower: &[f64],
    upper: &[f64],
    options: &Options,
) -> Search {
    let mut f = |x: &[f64], _: Want| Ok::<_, ()>(model(x));
    minimise(&mut f, start, lower, upper, options, &mut |_| {
        Control::Continue
    })
    .unwrap()
}

/// Tolerances for problems whose optimum is known to many digits.
fn tight() -> Options {
    Options {
        gradient_tolerance: 1e-12,
        objective_tolerance: 1e-16,
        step_tolerance: 1e-12,
        noise: 1e-15,
        initial_radius: 10.0,
        ..Options::default()
    }
}

const FREE: [f64; 4] = [f64::INFINITY; 4];

fn unbounded(n: usize) -> (Vec<f64>, Vec<f64>) {
    (vec![-FREE[0]; n], vec![FREE[0]; n])
}

fn rosenbrock(x: &[f64]) -> Evaluation {
    squares(
        &[10.0 * (x[1] - x[0] * x[0]), 1.0 - x[0]],
        &[-20.0 * x[0], 10.0, -1.0, 0.0],
    )
}

#[test]
fn rosenbrock_is_solved_from_the_standard_start() {
    let (l, u) = unbounded(2);
    let found = run(rosenbrock, &[-1.2, 1.0], &l, &u, &tight());
    assert!(found.termination.is_converged(), "{found:?}");
    assert!((found.point[0] - 1.0).abs() < 1e-9 && (found.point[1] - 1.0).abs() < 1e-9);
    assert!(found.gradients <= 25, "{} gradients", found.gradients);
}

#[test]
fn rosenbrock_with_an_active_bound_ends_on_it() {
    // With x₀ ≤ 0.5 the optimum is (0.5, 0.25), where the gradient of ½Σr² is (−0.5, 0).
    let found = run(
        rosenbrock,
        &[-1.2, 1.0],
        &[-2.0, -2.0],
        &[0.5, 2.0],
        &tight(),
    );
    assert!(found.termination.is_converged(), "{found:?}");
    assert_eq!(found.point[0], 0.5);
    assert!((found.point[1] - 0.25).abs() < 1e-8, "{found:?}");
}

#[test]
fn beale_is_solved_in_its_box() {
    let beale = |x: &[f64]| {
        let y = [1.5, 2.25, 2.625];
        let mut r = Vec::new();
        let mut j = Vec::new();
        for (i, y) in y.iter().enumerate() {
            let p = x[1].powi(i as i32 + 1);
            r.push(y - x[0] * (1.0 - p));
            j.push(-(1.0 - p));
            j.push(x[0] * (i as f64 + 1.0) * x[1].powi(i as i32));
        }
        squares(&r, &j)
    };
    let found = run(beale, &[1.0, 1.0], &[-4.5, -4.5], &[4.5, 4.5], &tight());
    assert!(found.termination.is_converged(), "{found:?}");
    assert!((found.point[0] - 3.0).abs() < 1e-8 && (found.point[1] - 0.5).abs() < 1e-8);
}

/// Σ over the standard problems of Moré, Garbow & Hillstrom (1981): start and published sum of squares at the optimum.
#[test]
fn standard_problems_reach_their_published_optima() {
    type Problem = (
        &'static str,
        Vec<f64>,
        f64,
        Box<dyn Fn(&[f64]) -> Evaluation>,
    );
    let bard = |x: &[f64]| {
        let y = [
            0.14, 0.18, 0.22, 0.25, 0.29, 0.32, 0.35, 0.39, 0.37, 0.58, 0.73, 0.96, 1.34, 2.10,
            4.39,
        ];
        let (mut r, mut j) = (Vec::new(), Vec::new());
        for (i, y) in y.iter().enumerate() {
            let u = i as f64 + 1.0;
            let v = 16.0 - u;
            let w = u.min(v);
            let q = v * x[1] + w * x[2];
            r.push(y - (x[0] + u / q));
            j.extend([-1.0, u * v / (q * q), u * w / (q * q)]);
        }
        squares(&r, &j)
    };
    let kowalik_osborne = |x: &[f64]| {
        let y = [
            0.1957, 0.1947, 0.1735, 0.1600, 0.0844, 0.0627, 0.0456, 0.0342, 0.0323, 0.0235, 0.0246,
        ];
        let u = [
            4.0, 2.0, 1.0, 0.5, 0.25, 0.167, 0.125, 0.1, 0.0833, 0.0714, 0.0625,
        ];
        let (mut r, mut j) = (Vec::new(), Vec::new());
        for (y, u) in y.iter().zip(u) {
            let top = u * u + u * x[1];
            let bottom = u * u + u * x[2] + x[3];
            r.push(y - x[0] * top / bottom);
            let b2 = bottom * bottom;
            j.extend([
                -top / bottom,
                -x[0] * u / bottom,
                x[0] * top * u / b2,
                x[0] * top / b2,
            ]);
        }
        squares(&r, &j)
    };
    let powell_singular = |x: &[f64]| {
        let (a, b) = (x[1] - 2.0 * x[2], x[0] - x[3]);
        let (s5, s10) = (5.0_f64.sqrt(), 10.0_f64.sqrt());
        squares(
            &[x[0] + 10.0 * x[1], s5 * (x[2] - x[3]), a * a, s10 * b * b],
            &[
                1.0,
                10.0,
                0.0,
                0.0,
                0.0,
                0.0,
                s5,
                -s5,
                0.0,
                2.0 * a,
                -4.0 * a,
                0.0,
                2.0 * s10 * b,
                0.0,
                0.0,
                -2.0 * s10 * b,
            ],
        )
    };
    let helical = |x: &[f64]| {
        let angle = libm::atan2(x[1], x[0]) / (2.0 * std::f64::consts::PI);
        let rho = (x[0] * x[0] + x[1] * x[1]).sqrt();
        let c = 100.0 / (2.0 * std::f64::consts::PI) / (rho * rho);
        squares(
            &[10.0 * (x[2] - 10.0 * angle), 10.0 * (rho - 1.0), x[2]],
            &[
                c * x[1],
                -c * x[0],
                10.0,
                10.0 * x[0] / rho,
                10.0 * x[1] / rho,
                0.0,
                0.0,
                0.0,
                1.0,
            ],
        )
    };
    let freudenstein = |x: &[f64]| {
        squares(
            &[
                -13.0 + x[0] + ((5.0 - x[1]) * x[1] - 2.0) * x[1],
                -29.0 + x[0] + ((x[1] + 1.0) * x[1] - 14.0) * x[1],
            ],
            &[
                1.0,
                10.0 * x[1] - 3.0 * x[1] * x[1] - 2.0,
                1.0,
                3.0 * x[1] * x[1] + 2.0 * x[1] - 14.0,
            ],
        )
    };
    let problems: Vec<Problem> = vec![
        ("bard", vec![1.0; 3], 8.21487e-3, Box::new(bard)),
        (
            "kowalik and osborne",
            vec![0.25, 0.39, 0.415, 0.39],
            3.07505e-4,
            Box::new(kowalik_osborne),
        ),
        (
            "powell singular",
            vec![3.0, -1.0, 0.0, 1.0],
            0.0,
            Box::new(powell_singular),
        ),
        (
            "helical valley",
            vec![-1.0, 0.0, 0.0],
            0.0,
            Box::new(helical),
        ),
        (
            "freudenstein and roth",
            vec![0.5, -2.0],
            48.9842,
            Box::new(freudenstein),
        ),
    ];
    for (name, start, optimum, model) in problems {
        let (l, u) = unbounded(start.len());
        let found = run(model, &start, &l, &u, &tight());
        assert!(
            found.termination.is_converged(),
            "{name}: {:?} after {} gradients",
            found.termination,
            found.gradients
        );
        let sum = 2.0 * found.value;
        assert!(
            (sum - optimum).abs() <= 1e-5 * optimum + 1e-12,
            "{name}: {sum:e} instead of {optimum:e}"
        );
    }
}

#[test]
fn linear_least_squares_with_active_bounds_meets_the_optimality_conditions_in_few_steps() {
    // 30 rows, 8 unknowns, a box that cuts off most of them.
    let (m, n) = (30, 8);
    let a: Vec<f64> = (0..m * n)
        .map(|k| libm::sin(1.7 * k as f64 + 0.3 * (k % 7) as f64))
        .collect();
    let b: Vec<f64> = (0..m).map(|i| libm::cos(2.3 * i as f64) * 4.0).collect();
    let model = |x: &[f64]| {
        let r: Vec<f64> = (0..m)
            .map(|i| (0..n).map(|j| a[i * n + j] * x[j]).sum::<f64>() - b[i])
            .collect();
        squares(&r, &a)
    };
    let (l, u) = (vec![-0.1; n], vec![0.1; n]);
    let found = run(model, &vec![0.01; n], &l, &u, &tight());
    assert!(found.termination.is_converged(), "{found:?}");
    let mut active = 0;
    for i in 0..n {
        let (x, g) = (found.point[i], found.gradient[i]);
        if x == l[i] {
            assert!(g >= 0.0, "{i}: {g}");
            active += 1;
        } else if x == u[i] {
            assert!(g <= 0.0, "{i}: {g}");
            active += 1;
        } else {
            assert!(g.abs() < 1e-8, "{i}: {g}");
        }
    }
    assert!(active >= 3, "only {active} bounds are active");
    assert!(found.gradients <= 12, "{} gradients", found.gradients);
}

#[test]
fn zero_residual_problems_converge_quadratically() {
    let (l, u) = unbounded(2);
    let mut norms = Vec::new();
    let mut f = |x: &[f64], _: Want| Ok::<_, ()>(rosenbrock(x));
    let found = minimise(&mut f, &[0.5, 0.5], &l, &u, &tight(), &mut |i| {
        norms.push(i.gradient_norm);
        Control::Continue
    });
    assert!(found.unwrap().termination.is_converged());
    let tail: Vec<f64> = norms
        .iter()
        .copied()
        .filter(|g| *g < 1e-1 && *g > 0.0)
        .collect();
    // Each of the last steps squares the gradient up to a constant.
    for w in tail.windows(2) {
        assert!(w[1] <= 1e3 * w[0] * w[0] + 1e-13, "{norms:?}");
    }
}

#[test]
fn a_failing_region_is_walked_around() {
    // ln x is undefined for x ≤ 0; the first full step would go there.
    let model = |x: &[f64]| {
        let r = libm::log(x[0]) - 1.0;
        if x[0] <= 0.0 {
            Err("outside")
        } else {
            Ok(squares(&[r], &[1.0 / x[0]]))
        }
    };
    let mut f = |x: &[f64], _: Want| model(x);
    let options = Options {
        initial_radius: 1e3,
        ..tight()
    };
    let found = minimise(
        &mut f,
        &[50.0],
        &[-FREE[0]],
        &[FREE[0]],
        &options,
        &mut |_| Control::Continue,
    )
    .unwrap();
    assert!((found.point[0] - std::f64::consts::E).abs() < 1e-8);
    assert_eq!(
        minimise(
            &mut f,
            &[-1.0],
            &[-FREE[0]],
            &[FREE[0]],
            &options,
            &mut |_| Control::Continue
        )
        .unwrap_err(),
        "outside"
    );
}

#[test]
fn values_that_are_not_numbers_are_failures_and_flat_directions_stay_where_they_are() {
    let model = |x: &[f64]| {
        if x[0] > 2.0 {
            return squares(&[f64::NAN], &[f64::NAN, 0.0]);
        }
        squares(&[x[0] - 1.0], &[1.0, 0.0])
    };
    let found = run(model, &[-5.0, 0.3], &[-10.0; 2], &[10.0; 2], &tight());
    assert!(found.termination.is_converged(), "{found:?}");
    assert!((found.point[0] - 1.0).abs() < 1e-10);
    assert_eq!(found.point[1], 0.3);
    let lost = run(model, &[5.0, 0.3], &[-10.0; 2], &[10.0; 2], &tight());
    assert_eq!(lost.termination, Termination::Stuck);
}

#[test]
fn equal_bounds_fix_a_variable() {
    let found = run(
        rosenbrock,
        &[-1.2, 1.0],
        &[-2.0, 0.36],
        &[2.0, 0.36],
        &tight(),
    );
    assert!(found.termination.is_converged(), "{found:?}");
    assert_eq!(found.point[1], 0.36);
    // d/dx of ½[100(0.36 − x²)² + (1 − x)²] vanishes.
    let x = found.point[0];
    assert!((-200.0 * x * (0.36 - x * x) - (1.0 - x)).abs() < 1e-6);
}

#[test]
fn the_observer_can_stop_and_limits_hold() {
    let (l, u) = unbounded(2);
    let mut f = |x: &[f64], _: Want| Ok::<_, ()>(rosenbrock(x));
    let found = minimise(&mut f, &[-1.2, 1.0], &l, &u, &tight(), &mut |i| {
        if i.iteration >= 3 {
            Control::Stop
        } else {
            Control::Continue
        }
    })
    .unwrap();
    assert_eq!(found.termination, Termination::Stopped);
    let options = Options {
        max_iterations: 2,
        ..tight()
    };
    let found = run(rosenbrock, &[-1.2, 1.0], &l, &u, &options);
    assert_eq!(found.termination, Termination::Iterations);
    assert!(!found.termination.is_converged());
}

#[test]
fn a_search_repeats_to_the_last_bit() {
    let (l, u) = ([-1.5, -0.5], [0.7, 2.0]);
    let first = run(rosenbrock, &[-1.2, 1.0], &l, &u, &Options::default());
    let second = run(rosenbrock, &[-1.2, 1.0], &l, &u, &Options::default());
    assert_eq!(first, second);
}

#[test]
fn rejected_trial_points_cost_no_gradient() {
    let (l, u) = unbounded(2);
    let found = run(rosenbrock, &[-1.2, 1.0], &l, &u, &tight());
    assert!(
        found.gradients <= found.iterations + 1,
        "{} gradients in {} iterations",
        found.gradients,
        found.iterations
    );
}

#[test]
fn the_executor_of_argmin_takes_the_same_steps_as_the_plain_loop() {
    let (l, u) = ([-1.5, -0.5], [0.7, 2.0]);
    let mut f = |x: &[f64], _: Want| Ok::<_, ()>(rosenbrock(x));
    let options = Options::default();
    let mut seen = [0, 0];
    let by_hand = plain(&mut f, &[-1.2, 1.0], &l, &u, &options, &mut |_| {
        seen[0] += 1;
        Control::Continue
    });
    let through = argmin::run(&mut f, &[-1.2, 1.0], &l, &u, &options, &mut |_| {
        seen[1] += 1;
        Control::Continue
    });
    assert_eq!(through, by_hand.map(Some));
    assert!(seen[0] > 5 && seen[0] == seen[1], "{seen:?}");
    let mut fails = |_: &[f64], _: Want| Err::<Evaluation, _>(7);
    assert_eq!(
        argmin::run(
            &mut fails,
            &[0.0, 0.0],
            &l,
            &u,
            &Options::default(),
            &mut |_| Control::Continue
        ),
        Err(7)
    );
}

/// The conditions of Moré & Sorensen: `(M + λI)·s = −g` with `λ ≥ −λ_min(M)`, and the step at the edge.
#[test]
fn an_indefinite_model_is_minimised_at_the_edge() {
    let radius = 1.5;
    let m = [1.0, 0.0, 0.0, 0.0, -2.0, 0.0, 0.0, 0.0, 5.0];
    let mut subproblem = subproblem::Subproblem::default();
    for g in [
        [1.0, 0.1, -3.0],
        [1.0, 1e-9, 0.0],
        [1.0, 0.0, 0.0],
        [0.0; 3],
    ] {
        assert!(subproblem.solve(&m, &g, radius));
        let s = &subproblem.step;
        assert!(
            (subproblem::norm(s) / radius - 1.0).abs() <= 1e-3,
            "{g:?}: {s:?}"
        );
        // λ from the row of negative curvature, or 2 where the gradient has nothing there (the hard case).
        let lambda = if g[1] == 0.0 { 2.0 } else { 2.0 - g[1] / s[1] };
        assert!(lambda >= 2.0 - 1e-9, "{g:?}: {lambda}");
        for i in 0..3 {
            let left = (m[4 * i] + lambda) * s[i] + g[i];
            assert!(left.abs() < 1e-6, "{g:?}: row {i} leaves {left}");
        }
    }
}

#[test]
fn a_saddle_is_left_and_not_taken_for_an_optimum() {
    // x⁴/4 − x²/2 + y²/2 has a saddle at 0 and minima at x = ±1; its Hessian is indefinite for |x| < 1/√3.
    let saddle = |x: &[f64]| Evaluation {
        value: x[0].powi(4) / 4.0 - x[0] * x[0] / 2.0 + x[1] * x[1] / 2.0,
        gradient: vec![x[0].powi(3) - x[0], x[1]],
        curvature: vec![3.0 * x[0] * x[0] - 1.0, 0.0, 0.0, 1.0],
    };
    let (l, u) = unbounded(2);
    for start in [[1e-3, 1.0], [-1e-5, 0.0], [0.3, -2.0]] {
        let found = run(saddle, &start, &l, &u, &Options::default());
        assert!(found.termination.is_converged(), "{found:?}");
        assert!(
            (found.point[0].abs() - 1.0).abs() < 1e-4,
            "from {start:?}: {found:?}"
        );
    }
}
