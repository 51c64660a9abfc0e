//! Fits with closed forms.

use super::*;
use crate::objective::Target;
use crate::objective::example::Example;
use crate::problem::{NoiseSetting, Prior};
use crate::search::Control;

fn decay() -> Example {
    let times: [f64; 6] = [0.0, 1.0, 2.0, 4.0, 8.0, 12.0];
    let y: Vec<f64> = times.iter().map(|t| 3.0 * libm::exp(-0.25 * t)).collect();
    Example::decay(&times, &y, &[0.1; 6], 5)
}

fn tight() -> search::Options {
    search::Options {
        gradient_tolerance: 1e-10,
        objective_tolerance: 1e-14,
        ..Default::default()
    }
}

#[test]
fn a_refit_finds_the_weighted_mean_with_its_prior() {
    // Precision n/SD² = 5/4 a mean and 4 for the prior.
    let target = Example::constant(&[1.0, 2.0, 6.0], 2.0, 5).with_prior(0, 0.5, 0.5);
    let best = refit(&target, target.data(), &[-3.0], &[], &tight(), &mut ()).unwrap();
    let expected = (1.25 * 9.0 + 4.0 * 0.5) / (3.0 * 1.25 + 4.0);
    assert!((best.theta[0] - expected).abs() < 1e-12, "{best:?}");
    assert!(best.termination.is_converged());
    assert!((best.evaluated.curvature[0] - 7.75).abs() < 1e-12);
    assert!(
        best.gradients <= 2,
        "a quadratic takes one step: {}",
        best.gradients
    );
}

#[test]
fn fixed_coordinates_stay_and_the_rest_adapts() {
    let target = decay();
    let k = libm::log10(0.3);
    let best = refit(
        &target,
        target.data(),
        &[0.0, 0.0],
        &[(1, k)],
        &tight(),
        &mut (),
    )
    .unwrap();
    assert_eq!(best.theta[1], k);
    // p₀ = Σ yᵢeᵢ/Σ eᵢ² with e = exp(−0.3 t).
    let (mut top, mut bottom) = (0.0, 0.0);
    for (at, y) in target.design.iter().zip(&target.data().value) {
        let e = libm::exp(-0.3 * at.0[0]);
        top += y * e;
        bottom += e * e;
    }
    assert!((libm::exp10(best.theta[0]) - top / bottom).abs() < 1e-8);
    assert_eq!(best.evaluated.gradient.len(), 2);
    assert!(best.evaluated.gradient[1].abs() > 1.0);
    assert_eq!(best.at_bound, [None, None]);
}

#[test]
fn a_coordinate_that_its_bound_holds_is_named_and_lies_on_it() {
    let target = Example::linear(
        &[vec![1.0, 0.0], vec![0.0, 1.0]],
        &[4.0, -7.0],
        &[1.0; 2],
        5,
        &[(0.0, 3.0), (-5.0, 5.0)],
    );
    let best = refit(&target, target.data(), &[1.0, 1.0], &[], &tight(), &mut ()).unwrap();
    assert_eq!(best.theta, [3.0, -5.0]);
    assert_eq!(best.at_bound, [Some(Side::Upper), Some(Side::Lower)]);
    assert!(best.termination.is_converged());
}

#[test]
fn exact_summaries_weigh_an_outlying_mean_less() {
    let target =
        Example::constant(&[1.0, 1.1, 0.9, 6.0], 0.5, 5).with_noise(NoiseSetting::ExactSummary);
    let best = refit(&target, target.data(), &[1.0], &[], &tight(), &mut ()).unwrap();
    assert!(
        best.theta[0] < 1.2 && best.termination.is_converged(),
        "{best:?}"
    );
}

#[test]
fn every_start_of_a_decay_ends_at_the_truth() {
    let target = decay();
    let options = Options {
        starts: 12,
        search: tight(),
        ..Options::default()
    };
    let fit = multistart(&target, target.data(), &options, &[], &|_| {
        Control::Continue
    })
    .unwrap();
    assert!(fit.is_complete());
    assert!(fit.at_best() >= 8, "{:?}", fit.objectives());
    assert!((libm::exp10(fit.best.theta[0]) - 3.0).abs() < 1e-8);
    assert!((libm::exp10(fit.best.theta[1]) - 0.25).abs() < 1e-8);
}

#[test]
fn starts_fill_every_stratum_once_and_follow_their_distribution() {
    let mut coordinates = Example::constant(&[0.0], 1.0, 5).coordinates().to_vec();
    coordinates[0].lower = -2.0;
    coordinates[0].upper = 6.0;
    coordinates[0].nominal = Some(1.5);
    let with = |coordinates| Custom {
        example: Example::constant(&[0.0], 1.0, 5),
        coordinates,
    };
    let target = with(coordinates.clone());
    assert_eq!(start_point(&target, 1, 0, 9), [1.5]);
    let mut strata: Vec<usize> = (1..9)
        .map(|i| (start_point(&target, 1, i, 9)[0] + 2.0) as usize)
        .collect();
    strata.sort_unstable();
    assert_eq!(strata, (0..8).collect::<Vec<_>>());
    assert_ne!(start_point(&target, 1, 3, 9), start_point(&target, 2, 3, 9));
    // A normal distribution of starts: half of them on each side of its mean.
    coordinates[0].lower = f64::NEG_INFINITY;
    coordinates[0].upper = f64::INFINITY;
    coordinates[0].start = Some(Prior {
        distribution: "normal".into(),
        parameters: vec![4.0, 0.1],
        on_scale: true,
        truncated: false,
    });
    let target = with(coordinates);
    let points: Vec<f64> = (1..101)
        .map(|i| start_point(&target, 1, i, 101)[0])
        .collect();
    assert_eq!(points.iter().filter(|x| **x > 4.0).count(), 50);
    // 68.27 % within one SD.
    let inside = points.iter().filter(|x| (**x - 4.0).abs() < 0.1).count();
    assert!((67..=70).contains(&inside), "{inside}");
}

#[test]
fn threads_and_resumes_change_nothing() {
    let target = decay();
    let options = Options {
        starts: 10,
        ..Options::default()
    };
    let run = |threads: usize, done: &[Start]| {
        rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .unwrap()
            .install(|| {
                multistart(&target, target.data(), &options, done, &|_| {
                    Control::Continue
                })
            })
            .unwrap()
    };
    let one = run(1, &[]);
    assert_eq!(one, run(3, &[]));
    assert_eq!(one, run(2, &one.starts[3..7]));
    assert_eq!(
        one.starts[4],
        run_start(&target, target.data(), 4, &options, &mut ())
    );
}

#[test]
fn a_stopped_run_keeps_what_has_ended() {
    let target = decay();
    let options = Options {
        starts: 200,
        ..Options::default()
    };
    let fit = multistart(&target, target.data(), &options, &[], &|_| Control::Stop).unwrap();
    assert!(!fit.is_complete() && !fit.starts.is_empty());
}

#[test]
fn a_target_that_cannot_be_evaluated_says_why() {
    let target = Example::constant(&[f64::NAN], 1.0, 5);
    let options = Options {
        starts: 4,
        ..Options::default()
    };
    let error = multistart(&target, target.data(), &options, &[], &|_| {
        Control::Continue
    })
    .unwrap_err();
    let FitError::NothingEvaluated { reasons, .. } = error else {
        panic!("{error:?}")
    };
    assert_eq!(reasons["not_finite"], 4);
    let none = Options {
        starts: 0,
        ..options
    };
    assert_eq!(
        multistart(&target, target.data(), &none, &[], &|_| Control::Continue),
        Err(FitError::NoStarts)
    );
}

/// An example with other coordinates.
struct Custom {
    example: Example,
    coordinates: Vec<crate::objective::Coordinate>,
}

impl Target for Custom {
    type Workspace = ();
    type Quantity = crate::objective::example::At;
    fn coordinates(&self) -> &[crate::objective::Coordinate] {
        &self.coordinates
    }
    fn rows(&self) -> &[crate::objective::RowInfo] {
        self.example.rows()
    }
    fn data(&self) -> &crate::objective::Data {
        self.example.data()
    }
    fn workspace(&self) {}
    fn evaluate(
        &self,
        theta: &[f64],
        data: &crate::objective::Data,
        want: crate::search::Want,
        ws: &mut (),
    ) -> Result<Evaluated, EvalError> {
        self.example.evaluate(theta, data, want, ws)
    }
    fn linearise(
        &self,
        theta: &[f64],
        data: &crate::objective::Data,
        ws: &mut (),
    ) -> Result<crate::objective::Linearisation, EvalError> {
        self.example.linearise(theta, data, ws)
    }
    fn predict(
        &self,
        quantity: &Self::Quantity,
        theta: &[f64],
        ws: &mut (),
    ) -> Result<(f64, Vec<f64>), EvalError> {
        self.example.predict(quantity, theta, ws)
    }
}
