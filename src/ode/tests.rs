//! Closed forms, orders of convergence, exactness of the discrete sensitivities, roots and work counts.

use super::rodas::{self, RodasWorkspace};
use super::testing::*;
use super::*;

fn tolerances(rtol: f64, atol: f64) -> Tolerances {
    Tolerances {
        rtol,
        atol: vec![atol],
        ..Tolerances::default()
    }
}

struct Run {
    y: Vec<f64>,
    s: Vec<f64>,
    stop: Stop,
    work: Work,
}

fn rodas(
    ode: &mut Monomials,
    t1: f64,
    y0: &[f64],
    tol: &Tolerances,
    sink: &mut dyn StepSink,
) -> Run {
    let mut y = y0.to_vec();
    let mut s = vec![0.0; ode.n() * ode.m()];
    let mut work = Work::default();
    let mut ws = RodasWorkspace::default();
    let stop = rodas::integrate(
        ode, 0.0, t1, &mut y, &mut s, tol, None, sink, &mut ws, &mut work,
    )
    .unwrap();
    Run { y, s, stop, work }
}

/// Largest difference relative to `1 + |expected|`.
fn distance(a: &[f64], b: &[f64]) -> f64 {
    assert_eq!(a.len(), b.len());
    a.iter()
        .zip(b)
        .map(|(a, b)| (a - b).abs() / (1.0 + b.abs()))
        .fold(0.0, f64::max)
}

/// Integrates with `steps` equal steps; the tolerances accept everything.
fn fixed_steps(
    ode: &mut Monomials,
    t1: f64,
    steps: usize,
    y0: &[f64],
    s0: &[f64],
) -> (Vec<f64>, Vec<f64>) {
    let mut y = y0.to_vec();
    let mut s = s0.to_vec();
    let mut ws = RodasWorkspace::default();
    let h = t1 / steps as f64;
    for i in 0..steps {
        let t = i as f64 * h;
        rodas::integrate(
            ode,
            t,
            t + h,
            &mut y,
            &mut s,
            &tolerances(1e20, 1e20),
            Some(h),
            &mut Silent,
            &mut ws,
            &mut Work::default(),
        )
        .unwrap();
    }
    (y, s)
}

#[test]
fn decay_and_its_sensitivity_follow_the_closed_form() {
    let run = rodas(
        &mut decay(0.7),
        5.0,
        &[2.0],
        &tolerances(1e-9, 1e-12),
        &mut Silent,
    );
    let expected = 2.0 * (-0.7f64 * 5.0).exp();
    assert_eq!(run.stop, Stop::End);
    assert!(
        (run.y[0] - expected).abs() < 1e-9 * 2.0,
        "{}",
        run.y[0] - expected
    );
    assert!((run.s[0] + 5.0 * expected).abs() < 1e-8);
}

#[test]
fn chain_follows_bateman_at_the_end_and_on_a_grid() {
    let times: Vec<f64> = (0..=40).map(|i| f64::from(i) * 0.25).collect();
    let mut recorder = Recorder::new(&times, 3, 2);
    let run = rodas(
        &mut chain(1.3, 0.4),
        10.0,
        &[1.0, 0.0, 0.0],
        &tolerances(1e-9, 1e-11),
        &mut recorder,
    );
    for (i, t) in times.iter().enumerate() {
        let (y, s) = bateman(1.3, 0.4, *t);
        assert!(distance(&recorder.y[i], &y) < 1e-8, "states at {t}");
        assert!(distance(&recorder.s[i], &s) < 1e-7, "sensitivities at {t}");
    }
    assert_eq!(run.y, recorder.y[40]);
    assert_eq!(run.s, recorder.s[40]);
}

#[test]
fn output_grid_does_not_change_the_steps() {
    let mut fine = Recorder::new(
        &(0..1000).map(|i| f64::from(i) * 0.01).collect::<Vec<_>>(),
        3,
        2,
    );
    let mut none = Recorder::new(&[], 3, 2);
    let tol = tolerances(1e-6, 1e-8);
    let a = rodas(
        &mut chain(1.3, 0.4),
        10.0,
        &[1.0, 0.0, 0.0],
        &tol,
        &mut fine,
    );
    let b = rodas(
        &mut chain(1.3, 0.4),
        10.0,
        &[1.0, 0.0, 0.0],
        &tol,
        &mut none,
    );
    assert_eq!(fine.ends, none.ends);
    assert_eq!(a.y, b.y);
    assert_eq!(a.s, b.s);
}

/// Reference: Hairer & Wanner (1996), problem ROBER of their test set, at t = 40.
#[test]
fn robertson_matches_the_reference_at_40() {
    let run = rodas(
        &mut robertson(),
        40.0,
        &[1.0, 0.0, 0.0],
        &tolerances(1e-9, 1e-14),
        &mut Silent,
    );
    for (y, expected) in run
        .y
        .iter()
        .zip([0.715_827_068_8, 9.185_534_765e-6, 0.284_163_745_7])
    {
        assert!((y / expected - 1.0).abs() < 1e-8, "{y} {expected}");
    }
}

/// Reference: Hairer & Wanner (1996), VDPOL of their test set in the scaled form with ε = 1e-6 at t = 1, which is
/// μ = 1000 at t = 1000 with y₂ divided by μ.
#[test]
fn stiff_van_der_pol_matches_the_reference() {
    let run = rodas(
        &mut van_der_pol(1000.0),
        1000.0,
        &[2.0, 0.0],
        &tolerances(1e-9, 1e-12),
        &mut Silent,
    );
    assert!(
        (run.y[0] + 1.863_646_254_808_13).abs() < 1e-8,
        "{:?}",
        run.y
    );
    assert!(
        (run.y[1] * 1e3 - 0.753_543_086_543_546).abs() < 1e-7,
        "{:?}",
        run.y
    );
}

#[test]
fn forcing_follows_the_closed_form() {
    for k in [1.0, 50.0, 1e4] {
        let run = rodas(
            &mut forced(k),
            3.0,
            &[0.0],
            &tolerances(1e-9, 1e-11),
            &mut Silent,
        );
        let (y, s) = forced_solution(k, 3.0);
        assert!((run.y[0] - y).abs() < 1e-8, "k = {k}: {}", run.y[0] - y);
        assert!((run.s[0] - s).abs() < 1e-7, "k = {k}: {}", run.s[0] - s);
    }
}

/// Order of convergence by halving, of states and of sensitivities, on an autonomous and on a forced problem.
#[test]
fn order_of_convergence_is_five() {
    type Case = (&'static str, Monomials, Vec<f64>, f64, usize);
    let cases: [Case; 4] = [
        ("van der Pol", van_der_pol(1.0), vec![2.0, 0.5], 2.0, 128),
        ("binding", binding(), vec![1.0, 0.6, 0.0], 3.0, 128),
        ("seasonal prey", seasonal_prey(), vec![2.0, 1.5], 3.0, 32),
        ("forced", forced(1.5), vec![0.0], 3.0, 16),
    ];
    for (name, mut ode, y0, t1, steps) in cases {
        let s0 = vec![0.0; ode.n() * ode.m()];
        let (y, s) = fixed_steps(&mut ode, t1, 2048, &y0, &s0);
        let errors = |ode: &mut Monomials, steps| {
            let (yh, sh) = fixed_steps(ode, t1, steps, &y0, &s0);
            (distance(&yh, &y), distance(&sh, &s))
        };
        let (y1, s1) = errors(&mut ode, steps);
        let (y2, s2) = errors(&mut ode, 2 * steps);
        let (py, ps) = ((y1 / y2).log2(), (s1 / s2).log2());
        assert!((py - 5.0).abs() < 0.2, "{name}: states of order {py}");
        assert!(
            (ps - 5.0).abs() < 0.2,
            "{name}: sensitivities of order {ps}"
        );
    }
}

/// Dense output within the first step: a local error of order 5 is that of an interpolant of order 4.
#[test]
fn dense_output_is_of_order_four() {
    let mut errors = Vec::new();
    for h in [0.2, 0.1] {
        let times: Vec<f64> = [0.2, 0.4, 0.6, 0.8].iter().map(|theta| theta * h).collect();
        let mut ode = seasonal_prey();
        let mut recorder = Recorder::new(&times, 2, 4);
        let mut y = vec![2.0, 1.5];
        let mut s = vec![0.0; 8];
        let tol = tolerances(1e20, 1e20);
        let mut ws = RodasWorkspace::default();
        let mut work = Work::default();
        rodas::integrate(
            &mut ode,
            0.0,
            h,
            &mut y,
            &mut s,
            &tol,
            Some(h),
            &mut recorder,
            &mut ws,
            &mut work,
        )
        .unwrap();
        let mut largest = (0.0f64, 0.0f64);
        for (i, t) in times.iter().enumerate() {
            let (ye, se) = fixed_steps(&mut ode, *t, 64, &[2.0, 1.5], &[0.0; 8]);
            largest.0 = largest.0.max(distance(&recorder.y[i], &ye));
            largest.1 = largest.1.max(distance(&recorder.s[i], &se));
        }
        errors.push(largest);
    }
    let (py, ps) = (
        (errors[0].0 / errors[1].0).log2(),
        (errors[0].1 / errors[1].1).log2(),
    );
    assert!(py > 4.7 && ps > 4.7, "local orders {py}, {ps}");
}

/// Sensitivities are the derivative of the discrete solution: with the same steps, central differences agree.
#[test]
fn sensitivities_are_exact_for_the_discrete_solution() {
    for (ode, y0, t1, steps) in [
        (robertson(), vec![1.0, 0.0, 0.0], 0.3, 300),
        (seasonal_prey(), vec![2.0, 1.5], 4.0, 9),
        (van_der_pol(5.0), vec![2.0, 0.5], 2.0, 6),
    ] {
        let m = ode.m();
        let (_, s) = fixed_steps(&mut ode.clone(), t1, steps, &y0, &vec![0.0; y0.len() * m]);
        for k in 0..m {
            let step = 1e-5 * ode.parameters[k];
            let at = |factor: f64| {
                let mut ode = ode.clone();
                ode.parameters[k] += factor * step;
                fixed_steps(&mut ode, t1, steps, &y0, &[]).0
            };
            let (plus, minus) = (at(1.0), at(-1.0));
            for i in 0..y0.len() {
                let difference = (plus[i] - minus[i]) / (2.0 * step);
                let scale = ode.parameters[k].recip() * plus[i].abs();
                assert!(
                    (difference - s[i * m + k]).abs() < 1e-6 * (s[i * m + k].abs() + 1e-3 * scale),
                    "state {i}, parameter {k}: {difference} {}",
                    s[i * m + k]
                );
            }
        }
    }
}

/// Initial sensitivities are carried: ∂y/∂y₀ of the chain.
#[test]
fn initial_sensitivities_are_propagated() {
    let mut ode = chain(1.3, 0.4);
    let (_, s) = fixed_steps(
        &mut ode,
        2.0,
        50,
        &[1.0, 0.0, 0.0],
        &[1.0, 0.0, 0.0, 1.0, 0.0, 0.0],
    );
    let (y, base) = bateman(1.3, 0.4, 2.0);
    let alone = (-0.4f64 * 2.0).exp();
    let expected = [
        base[0] + y[0],
        base[1],
        base[2] + y[1],
        base[3] + alone,
        base[4] + y[2],
        base[5] + 1.0 - alone,
    ];
    assert!(distance(&s, &expected) < 1e-7);
}

/// Error falls with the tolerance: between 1e-4 and 1e-10 by at least a factor of 3 a decade, never above 50·rtol.
#[test]
fn error_is_proportional_to_the_tolerance() {
    let exact = {
        let (y, _) = fixed_steps(&mut seasonal_prey(), 10.0, 20_000, &[2.0, 1.5], &[]);
        y
    };
    let mut last = f64::INFINITY;
    for exponent in 4..=10 {
        let rtol = 10f64.powi(-exponent);
        let run = rodas(
            &mut seasonal_prey(),
            10.0,
            &[2.0, 1.5],
            &tolerances(rtol, rtol),
            &mut Silent,
        );
        let error = distance(&run.y, &exact);
        assert!(error < 50.0 * rtol, "rtol {rtol:e}: {error:e}");
        assert!(
            error < last / 3.0 || error < 1e-11,
            "rtol {rtol:e}: {error:e} after {last:e}"
        );
        last = error;
    }
}

/// Index 1: `y₁' = −k·y₁`, `0 = y₁² + 1 − y₂`.
#[test]
fn algebraic_state_and_its_sensitivity_stay_on_the_constraint() {
    let mut ode = Monomials::new(
        2,
        &[0.8],
        &[
            (0, -1.0, &[0, 2], Time::One),
            (1, 1.0, &[0, 0], Time::One),
            (1, 1.0, &[], Time::One),
            (1, -1.0, &[1], Time::One),
        ],
    );
    ode.mass = Some(vec![1.0, 0.0]);
    let run = rodas(
        &mut ode,
        2.0,
        &[1.5, 3.25],
        &tolerances(1e-8, 1e-10),
        &mut Silent,
    );
    let y = 1.5 * (-1.6f64).exp();
    assert!((run.y[0] - y).abs() < 1e-8);
    assert!((run.y[1] - (y * y + 1.0)).abs() < 1e-8);
    assert!((run.s[0] + 2.0 * y).abs() < 1e-7);
    assert!((run.s[1] + 4.0 * y * y).abs() < 1e-7);
}

#[test]
fn root_is_located_on_the_dense_output_and_ends_the_segment() {
    let mut ode = decay(1.0);
    ode.thresholds = vec![
        Threshold {
            state: None,
            of_time: 1.0,
            threshold: 5.0,
        },
        Threshold {
            state: Some(0),
            of_time: 0.0,
            threshold: 0.5,
        },
    ];
    let mut recorder = Recorder::new(&[], 1, 1);
    let run = rodas(
        &mut ode,
        10.0,
        &[1.0],
        &tolerances(1e-10, 1e-12),
        &mut recorder,
    );
    let Stop::Root { which, t, rising } = run.stop else {
        panic!("{:?}", run.stop)
    };
    assert_eq!((which, rising), (1, false));
    assert!((t - std::f64::consts::LN_2).abs() < 1e-9, "{t}");
    assert!(run.y[0] < 0.5 && 0.5 - run.y[0] < 1e-12);
    assert!((run.s[0] + t * 0.5).abs() < 1e-8);
    assert_eq!(recorder.ends.last(), Some(&t));
}

#[test]
fn root_that_starts_at_zero_does_not_fire_when_it_departs() {
    let mut ode = decay(1.0);
    ode.thresholds = vec![Threshold {
        state: Some(0),
        of_time: 0.0,
        threshold: 1.0,
    }];
    let run = rodas(&mut ode, 3.0, &[1.0], &tolerances(1e-8, 1e-10), &mut Silent);
    assert_eq!(run.stop, Stop::End);
}

/// Up and down within one long step: `sin t − 0.9` is positive only between 1.12 and 2.02.
#[test]
fn two_crossings_within_one_step_are_seen() {
    let mut ode = Monomials::new(1, &[1.0], &[(0, 1.0, &[1], Time::Cos(1.0))]);
    ode.thresholds = vec![Threshold {
        state: Some(0),
        of_time: 0.0,
        threshold: 0.9,
    }];
    let run = rodas(&mut ode, 3.0, &[0.0], &tolerances(1e-3, 1e-3), &mut Silent);
    let Stop::Root { t, rising, .. } = run.stop else {
        panic!("{:?}", run.stop)
    };
    assert!(rising && (t - 0.9f64.asin()).abs() < 2e-2, "{t}");
}

#[test]
fn sink_can_stop() {
    let mut recorder = Recorder {
        limit: Some(2),
        ..Recorder::new(&[], 3, 2)
    };
    let run = rodas(
        &mut chain(1.0, 2.0),
        10.0,
        &[1.0, 0.0, 0.0],
        &tolerances(1e-8, 1e-8),
        &mut recorder,
    );
    assert_eq!(
        run.stop,
        Stop::Sink {
            t: recorder.ends[1]
        }
    );
}

#[test]
fn failures_say_where() {
    let attempt = |ode: &mut Monomials, y0: &[f64], t1: f64, max_steps: usize| {
        let tol = Tolerances {
            max_steps,
            ..Tolerances::default()
        };
        let mut ws = RodasWorkspace::default();
        let mut work = Work::default();
        rodas::integrate(
            ode,
            0.0,
            t1,
            &mut y0.to_vec(),
            &mut [],
            &tol,
            None,
            &mut Silent,
            &mut ws,
            &mut work,
        )
    };
    // y' = y²: leaves every bound at t = 1.
    let mut explosion = Monomials::new(1, &[1.0], &[(0, 1.0, &[0, 0, 1], Time::One)]);
    let error = attempt(&mut explosion, &[1.0], 2.0, 100_000).unwrap_err();
    let (OdeError::StepTooSmall { t, .. } | OdeError::NotFinite { t, .. }) = error else {
        panic!("{error}")
    };
    assert!((t - 1.0).abs() < 1e-6, "{error}");
    assert!(matches!(
        attempt(&mut decay(1.0), &[1.0], 9.0, 3),
        Err(OdeError::TooManySteps { max_steps: 3, .. })
    ));
    assert!(matches!(
        attempt(&mut decay(1.0), &[f64::NAN], 9.0, 3),
        Err(OdeError::NotFinite { t: 0.0, state: 0 })
    ));
    // 0 = 0: the algebraic row determines nothing.
    let mut singular = Monomials::new(2, &[1.0], &[(0, -1.0, &[0, 2], Time::One)]);
    singular.mass = Some(vec![1.0, 0.0]);
    assert!(matches!(
        attempt(&mut singular, &[1.0, 0.0], 1.0, 100),
        Err(OdeError::Singular { t: 0.0 })
    ));
}

#[test]
fn empty_and_zero_length_segments_end() {
    let run = rodas(
        &mut decay(1.0),
        0.0,
        &[1.0],
        &Tolerances::default(),
        &mut Silent,
    );
    assert_eq!((run.stop, run.y[0]), (Stop::End, 1.0));
    let mut nothing = Monomials::new(0, &[], &[]);
    let run = rodas(&mut nothing, 1.0, &[], &Tolerances::default(), &mut Silent);
    assert_eq!(run.stop, Stop::End);
}

mod explicit_methods {
    use super::*;
    use crate::ode::explicit::{self, Explicit};

    fn explicit(
        method: Explicit,
        ode: &mut Monomials,
        t1: f64,
        y0: &[f64],
        tol: &Tolerances,
        sink: &mut dyn StepSink,
    ) -> Result<Run, OdeError> {
        let mut y = y0.to_vec();
        let mut s = vec![0.0; ode.n() * ode.m()];
        let mut work = Work::default();
        let stop = explicit::integrate(
            method, ode, 0.0, t1, &mut y, &mut s, tol, None, sink, &mut work,
        )?;
        Ok(Run { y, s, stop, work })
    }

    #[test]
    fn chain_follows_bateman_at_the_end_and_on_a_grid() {
        for method in [Explicit::Dopri5, Explicit::Dop853] {
            for control_sensitivities in [false, true] {
                let times: Vec<f64> = (0..=40).map(|i| f64::from(i) * 0.25).collect();
                let mut recorder = Recorder::new(&times, 3, 2);
                let tol = Tolerances {
                    control_sensitivities,
                    atol: vec![1e-10, 1e-11, 1e-12],
                    ..tolerances(1e-9, 0.0)
                };
                let mut ode = chain(1.3, 0.4);
                let run = explicit(
                    method,
                    &mut ode,
                    10.0,
                    &[1.0, 0.0, 0.0],
                    &tol,
                    &mut recorder,
                )
                .unwrap();
                for (i, t) in times.iter().enumerate() {
                    let (y, s) = bateman(1.3, 0.4, *t);
                    assert!(
                        distance(&recorder.y[i], &y) < 1e-8,
                        "{method:?}: states at {t}"
                    );
                    assert!(
                        distance(&recorder.s[i], &s) < 1e-7,
                        "{method:?}: sensitivities at {t}"
                    );
                }
                assert_eq!(run.y, recorder.y[40]);
                assert!(run.work.steps > 5 && run.work.rhs > 6 * run.work.steps);
            }
        }
    }

    /// The crate's dense output extrapolates the last point when the end lies on its grid: 1.11 (Dopri5) and 3.7e4
    /// (Dop853) here instead of 1.
    #[test]
    fn end_on_the_output_grid_is_not_extrapolated() {
        for method in [Explicit::Dopri5, Explicit::Dop853] {
            let mut ode = Monomials::new(
                1,
                &[100.0],
                &[(0, -1.0, &[0, 1], Time::One), (0, 1.0, &[1], Time::One)],
            );
            let times: Vec<f64> = (0..=10).map(|i| f64::from(i) * 0.1).collect();
            let mut recorder = Recorder::new(&times, 1, 1);
            let run = explicit(
                method,
                &mut ode,
                1.0,
                &[0.0],
                &tolerances(1e-6, 1e-8),
                &mut recorder,
            )
            .unwrap();
            assert!((run.y[0] - 1.0).abs() < 1e-5, "{method:?}: {}", run.y[0]);
            assert_eq!(recorder.y.len(), times.len());
            for (t, y) in times.iter().zip(&recorder.y) {
                assert!(
                    (y[0] - (1.0 - (-100.0 * t).exp())).abs() < 1e-5,
                    "{method:?} at {t}: {}",
                    y[0]
                );
            }
        }
    }

    #[test]
    fn stiffness_ends_the_segment() {
        for method in [Explicit::Dopri5, Explicit::Dop853] {
            let result = explicit(
                method,
                &mut forced(1e5),
                10.0,
                &[0.0],
                &tolerances(1e-6, 1e-8),
                &mut Silent,
            );
            assert!(matches!(result, Err(OdeError::Stiff { .. })), "{method:?}");
        }
    }

    #[test]
    fn root_ends_the_segment() {
        for method in [Explicit::Dopri5, Explicit::Dop853] {
            let mut ode = decay(1.0);
            ode.thresholds = vec![Threshold {
                state: Some(0),
                of_time: 0.0,
                threshold: 0.5,
            }];
            let run = explicit(
                method,
                &mut ode,
                10.0,
                &[1.0],
                &tolerances(1e-10, 1e-12),
                &mut Silent,
            )
            .unwrap();
            let Stop::Root {
                which: 0,
                t,
                rising: false,
            } = run.stop
            else {
                panic!("{:?}", run.stop)
            };
            assert!(
                (t - std::f64::consts::LN_2).abs() < 1e-10,
                "{method:?}: {t}"
            );
            assert!(run.y[0] <= 0.5 && (run.s[0] + 0.5 * t).abs() < 1e-9);
        }
    }

    #[test]
    fn algebraic_states_are_refused() {
        let mut ode = decay(1.0);
        ode.mass = Some(vec![0.0]);
        let result = explicit(
            Explicit::Dopri5,
            &mut ode,
            1.0,
            &[1.0],
            &Tolerances::default(),
            &mut Silent,
        );
        assert!(matches!(result, Err(OdeError::Algebraic { state: 0 })));
    }
}

mod choice_of_method {
    use super::*;

    fn outcome(
        method: Method,
        ode: &mut Monomials,
        t1: f64,
        y: &mut [f64],
    ) -> Result<Outcome, OdeError> {
        let mut s = vec![0.0; ode.n() * ode.m()];
        let (mut ws, mut work) = (Workspace::default(), Work::default());
        integrate(
            method,
            ode,
            0.0,
            t1,
            y,
            &mut s,
            &tolerances(1e-7, 1e-9),
            None,
            &mut Silent,
            &mut ws,
            &mut work,
        )
    }

    #[test]
    fn automatic_choice_is_radau_unless_states_are_algebraic() {
        let calm = outcome(
            Method::Auto,
            &mut chain(1.3, 0.4),
            2.0,
            &mut [1.0, 0.0, 0.0],
        )
        .unwrap();
        assert_eq!((calm.method, calm.fallback), (Method::Radau, None));
        let stiff = outcome(Method::Auto, &mut forced(1e4), 2.0, &mut [0.0]).unwrap();
        assert_eq!((stiff.method, stiff.fallback), (Method::Radau, None));
        let mut ode = Monomials::new(
            2,
            &[0.8],
            &[
                (0, -1.0, &[0, 2], Time::One),
                (1, 1.0, &[0, 0], Time::One),
                (1, -1.0, &[1], Time::One),
            ],
        );
        ode.mass = Some(vec![1.0, 0.0]);
        let algebraic = outcome(Method::Auto, &mut ode, 2.0, &mut [1.5, 2.25]).unwrap();
        assert_eq!(
            (algebraic.method, algebraic.fallback),
            (Method::Rodas5P, None)
        );
    }

    #[test]
    fn automatic_choice_for_tight_tolerances_is_radau() {
        let (mut y, mut work) = ([0.0], Work::default());
        let outcome = integrate(
            Method::Auto,
            &mut forced(1e4),
            0.0,
            2.0,
            &mut y,
            &mut [],
            &tolerances(1e-12, 1e-12),
            None,
            &mut Silent,
            &mut Workspace::default(),
            &mut work,
        )
        .unwrap();
        assert_eq!((outcome.method, outcome.fallback), (Method::Radau, None));
        assert!((y[0] - forced_solution(1e4, 2.0).0).abs() < 1e-12);
    }

    #[test]
    fn stiff_segment_is_finished_by_the_implicit_method() {
        let mut y = [0.0];
        let outcome = outcome(Method::Dopri5, &mut forced(1e5), 10.0, &mut y).unwrap();
        assert_eq!(outcome.fallback, Some(Method::Rodas5P));
        assert!((y[0] - forced_solution(1e5, 10.0).0).abs() < 1e-6);
    }

    #[test]
    fn failure_without_remedy_is_reported() {
        let error = outcome(Method::Auto, &mut decay(1.0), 1.0, &mut [f64::NAN]).unwrap_err();
        assert!(matches!(error, OdeError::NotFinite { t: 0.0, state: 0 }));
        assert_eq!(error.time(), Some(0.0));
    }
}
