//! Profiles against closed forms.

use mechfit::fit::refit;
use mechfit::objective::Target;
use mechfit::objective::example::{At, Example};
use mechfit::problem::NoiseSetting;
use mechfit::search::Control;
use mechfit::stats::t_quantile;
use mechfit::uncertainty::profile::{
    Calibration, Context, Item, ItemResult, Options, Profile, Profiles, ThresholdKind, calibration,
    likelihood_ratios, profiles,
};
use mechfit::uncertainty::{Cause, End, Method, fisher};

use super::{close, fitted, linearised};

const WIDE: (f64, f64) = (-1e6, 1e6);

fn all(target: &Example, start: &[f64], options: &Options) -> Profiles {
    let fit = fitted(target, start);
    let items: Vec<_> = (0..start.len()).map(Item::Parameter).collect();
    profiles(
        target,
        target.data(),
        &fit,
        &items,
        options,
        1,
        &[],
        &|_| Control::Continue,
    )
    .unwrap()
}

fn ends(profile: &Profile) -> (f64, f64) {
    profile
        .interval
        .ends()
        .unwrap_or_else(|| panic!("{:?}", profile.interval))
}

#[test]
fn the_reference_profile_of_one_mean_is_students_interval() {
    for n in 2..=10_u32 {
        for noise in [NoiseSetting::KnownSd, NoiseSetting::ExactSummary] {
            let (mean, sd) = (1.7, 0.6);
            let target =
                Example::linear(&[vec![1.0]], &[mean], &[sd], n, &[(-1e3, 1e3)]).with_noise(noise);
            let found = all(&target, &[1.0], &Options::default());
            let half = t_quantile(0.975, f64::from(n - 1)) * sd / f64::from(n).sqrt();
            let (lower, upper) = ends(&found.parameters[0]);
            close(lower, mean - half, 1e-6);
            close(upper, mean + half, 1e-6);
            assert_eq!(found.parameters[0].interval.method, Method::Profile);
            assert_eq!(found.parameters[0].interval.lower_cause, Some(Cause::Data));
        }
    }
}

fn line(noise: NoiseSetting) -> Example {
    let x = [0.0, 1.0, 2.0, 3.0, 4.0];
    let design: Vec<Vec<f64>> = x.iter().map(|x| vec![1.0, *x]).collect();
    Example::linear(
        &design,
        &[1.1, 2.9, 5.2, 6.8, 9.3],
        &[0.5, 0.7, 0.4, 0.6, 0.5],
        5,
        &[WIDE, WIDE],
    )
    .with_noise(noise)
}

#[test]
fn profiles_of_a_linear_model_are_the_quick_intervals() {
    let target = line(NoiseSetting::KnownSd);
    let fit = fitted(&target, &[0.0, 0.0]);
    let found = all(&target, &[0.0, 0.0], &Options::default());
    let estimates = fisher::estimates(target.coordinates(), &linearised(&target, &fit), 0.95);
    for (p, e) in found.parameters.iter().zip(&estimates) {
        let (lower, upper) = ends(p);
        let (a, b) = e.interval.as_ref().unwrap().ends().unwrap();
        close(lower, a, 1e-6);
        close(upper, b, 1e-6);
        assert!(p.points.len() > 8, "{}", p.points.len());
        assert!(p.points.windows(2).all(|w| w[0].value <= w[1].value));
        // The parameter at the end is the minimum over the other: the objective has risen by half of the threshold.
        let top = p.points.iter().find(|q| q.value == upper).unwrap();
        close(2.0 * (top.objective - found.objective), p.threshold, 1e-6);
    }
    assert!(found.better_optima.is_empty() && found.refused.is_empty());
}

#[test]
fn the_profile_of_a_prediction_is_exact_on_closed_forms() {
    let target = line(NoiseSetting::KnownSd);
    let fit = fitted(&target, &[0.0, 0.0]);
    let linear = linearised(&target, &fit);
    let at = At(vec![1.0, 7.5]);
    let items = [Item::Prediction {
        id: "y at 7.5".into(),
        quantity: &at,
    }];
    let options = Options::default();
    let found = profiles(
        &target,
        target.data(),
        &fit,
        &items,
        &options,
        1,
        &[],
        &|_| Control::Continue,
    )
    .unwrap();
    let (value, slope) = target.predict(&at, &fit.theta, &mut ()).unwrap();
    let half = linear.covariance.of(&slope).unwrap().half_width(0.95);
    let (lower, upper) = ends(&found.predictions[0]);
    close(lower, value - half, 1e-6);
    close(upper, value + half, 1e-6);
}

fn decay() -> Example {
    Example::decay(
        &[0.0, 0.5, 1.0, 2.0],
        &[10.3, 5.9, 3.9, 1.2],
        &[0.8, 0.7, 0.5, 0.4],
        5,
    )
}

#[test]
fn a_prediction_that_is_a_parameter_has_its_profile() {
    let target = decay();
    let fit = fitted(&target, &[1.0, 0.0]);
    let at = At(vec![0.0]);
    let items = [
        Item::Parameter(0),
        Item::Prediction {
            id: "y at 0".into(),
            quantity: &at,
        },
    ];
    let options = Options {
        accuracy: 1e-9,
        ..Options::default()
    };
    let found = profiles(
        &target,
        target.data(),
        &fit,
        &items,
        &options,
        1,
        &[],
        &|_| Control::Continue,
    )
    .unwrap();
    let (a, b) = ends(&found.parameters[0]);
    let (c, d) = ends(&found.predictions[0]);
    close(a, c, 1e-6);
    close(b, d, 1e-6);
    // It is not the symmetric interval of the delta method.
    let value = 10.0_f64.powf(fit.theta[0]);
    assert!(((b - value) - (value - a)).abs() > 1e-4);
}

#[test]
fn an_objective_that_flattens_has_an_open_end_and_one_that_rises_ends_at_the_bound() {
    // Nothing is left at the second time: the rate is bounded below, not above.
    let target = Example::decay(&[0.0, 1.0], &[10.0, 0.0], &[1.0, 1.0], 5);
    let found = all(&target, &[1.0, 1.0], &Options::default());
    let rate = &found.parameters[1];
    assert!(rate.interval.lower.closed().is_some());
    assert_eq!(rate.interval.upper, End::Open);
    assert_eq!(rate.interval.upper_cause, Some(Cause::Nothing));

    // A mean whose interval reaches beyond the bound of its parameter.
    let target = Example::linear(&[vec![1.0]], &[1.0], &[1.0], 5, &[(0.0, 1e3)]);
    let found = all(&target, &[1.5], &Options::default());
    let p = &found.parameters[0];
    assert_eq!(p.interval.lower, End::AtBound);
    assert_eq!(
        p.interval.lower_cause,
        Some(Cause::Bound(vec!["p0".into()]))
    );
    close(
        p.interval.upper.closed().unwrap(),
        1.0 + t_quantile(0.975, 4.0) / 5.0_f64.sqrt(),
        1e-6,
    );
}

#[test]
fn a_side_that_runs_out_of_refits_says_so() {
    // A mean with an end far within its bounds, which two refits do not reach.
    let target = Example::linear(&[vec![1.0]], &[1.0], &[1.0], 5, &[(-10.0, 10.0)]);
    let options = Options {
        max_refits: 2,
        ..Options::default()
    };
    let found = all(&target, &[1.5], &options);
    let p = &found.parameters[0].interval;
    assert_eq!((p.lower, p.upper), (End::Open, End::Open));
    assert_eq!(p.lower_cause, Some(Cause::Refits));
    assert_eq!(p.upper_cause, Some(Cause::Refits));
}

#[test]
fn the_bound_of_another_parameter_is_named_and_changes_the_threshold() {
    // p0 + p1 and p1 alone are measured; p1 is kept within a narrow box.
    let target = Example::linear(
        &[vec![1.0, 1.0], vec![0.0, 1.0]],
        &[5.0, 2.0],
        &[1.0, 1.0],
        5,
        &[WIDE, (1.9, 2.1)],
    );
    let found = all(&target, &[0.0, 2.0], &Options::default());
    let p = &found.parameters[0];
    let expected = Some(Cause::Bound(vec!["p1".into()]));
    assert_eq!(p.interval.lower_cause, expected);
    assert_eq!(p.interval.upper_cause, expected);
    // Beyond the box p1 is held: twice the objective rises by 5(p0 + 2.1 − 5)² + 5·0.1² below, and the threshold is
    // Student's with the 4 degrees of freedom of the one mean that is left.
    let t = t_quantile(0.975, 4.0);
    let away = (t * t / 5.0 - 0.01).sqrt();
    close(p.interval.lower.closed().unwrap(), 2.9 - away, 1e-6);
    close(p.interval.upper.closed().unwrap(), 3.1 + away, 1e-6);
}

#[test]
fn a_limit_at_a_natural_bound_is_one_sided() {
    let target = Example::linear(&[vec![1.0]], &[-0.1], &[1.0], 5, &[(0.0, 1e3)]).with_natural(0);
    let found = all(&target, &[0.5], &Options::default());
    let p = &found.parameters[0];
    assert_eq!(p.interval.lower, End::AtBound);
    let limit = p.one_sided.as_ref().unwrap();
    // 2ΔO = 5[(x + 0.1)² − 0.1²] = t²_{4, 0.95}.
    let t = t_quantile(0.95, 4.0);
    let expected = (t * t / 5.0 + 0.01).sqrt() - 0.1;
    close(limit.limit.unwrap(), expected, 1e-6);
    assert!(limit.limit.unwrap() < p.interval.upper.closed().unwrap());
}

#[test]
fn a_fit_at_a_bound_is_pressed_against_it_by_its_slope_or_because_the_bound_is_natural() {
    // Twice the objective is 5(x − y)², the range 10 and the threshold t²_{4, 0.975} = 7.71. A fit held a distance d from y
    // has a slope of 5d: gone on with over the range, it gives 2·5d·10 = 100d, and reaches the threshold from d = 0.0771.
    let ends = |y: f64, natural: bool| {
        let target = Example::linear(&[vec![1.0]], &[y], &[1.0], 5, &[(0.0, 10.0)]);
        let target = if natural {
            target.with_natural(0)
        } else {
            target
        };
        let found = all(&target, &[5.0], &Options::default());
        let i = &found.parameters[0].interval;
        [i.lower, i.upper]
    };
    for natural in [false, true] {
        // The upper bound, of a range whose lower one is natural or not.
        assert_eq!(ends(10.05, natural)[1], End::Open, "natural: {natural}");
        assert_eq!(ends(10.1, natural)[1], End::AtBound, "natural: {natural}");
        assert_eq!(ends(-0.1, natural)[0], End::AtBound, "natural: {natural}");
    }
    assert_eq!(ends(-0.05, false)[0], End::Open);
    assert_eq!(ends(-0.05, true)[0], End::AtBound);
}

#[test]
fn a_better_optimum_is_followed_and_everything_is_redone_from_it() {
    // Two of five arms lie far from the others: the exact summary gives them up, or the three.
    let y = [0.0, 0.2, 10.0, 10.1, 10.3];
    let target = Example::linear(&vec![vec![1.0]; 5], &y, &[1.0; 5], 5, &[(-5.0, 15.0)])
        .with_noise(NoiseSetting::ExactSummary);
    let options = Options {
        beyond: 20,
        ..Options::default()
    };
    let local = refit(
        &target,
        target.data(),
        &[0.1],
        &[],
        &options.search,
        &mut (),
    )
    .unwrap();
    assert!(local.theta[0] < 2.0, "{}", local.theta[0]);
    let found = profiles(
        &target,
        target.data(),
        &local,
        &[Item::Parameter(0)],
        &options,
        1,
        &[],
        &|_| Control::Continue,
    )
    .unwrap();
    assert_eq!(found.better_optima.len(), 1);
    let better = &found.better_optima[0];
    assert_eq!(better.found_by, "p0");
    assert!(better.after < better.before);
    assert!(found.theta[0] > 8.0, "{}", found.theta[0]);
    let (lower, upper) = ends(&found.parameters[0]);
    assert!(lower > 8.0 && upper < 12.0, "{lower} {upper}");
    assert_eq!(found.objective, better.after);
}

#[test]
fn two_accepted_sets_are_shown_apart() {
    let target = Example::linear(
        &vec![vec![1.0]; 2],
        &[0.0, 10.0],
        &[1.0; 2],
        5,
        &[(-5.0, 15.0)],
    )
    .with_noise(NoiseSetting::ExactSummary);
    let options = Options {
        beyond: 40,
        ..Options::default()
    };
    let found = all(&target, &[0.1], &options);
    let p = &found.parameters[0];
    let (lower, upper) = ends(p);
    assert!(lower < 0.0 && upper < 5.0, "{lower} {upper}");
    assert_eq!(p.further_sets.len(), 1);
    let set = p.further_sets[0];
    // The mirror image of the interval about 5.
    close(set.lower.unwrap(), 10.0 - upper, 1e-3);
    close(set.upper.unwrap(), 10.0 - lower, 1e-3);
}

#[test]
fn chi_square_thresholds_carry_their_own_name() {
    let target = Example::linear(&[vec![1.0]], &[1.0], &[1.0], 5, &[WIDE]);
    let options = Options {
        threshold: ThresholdKind::Chi2,
        ..Options::default()
    };
    let found = all(&target, &[0.0], &options);
    let (lower, _) = ends(&found.parameters[0]);
    close(lower, 1.0 - 1.959_963_984_540_054 / 5.0_f64.sqrt(), 1e-6);
    assert_eq!(found.parameters[0].interval.method, Method::ProfileChi2);
}

#[test]
fn simultaneous_intervals_share_the_error_between_the_parameters() {
    let target = line(NoiseSetting::KnownSd);
    let options = Options {
        simultaneous: true,
        ..Options::default()
    };
    let found = all(&target, &[0.0, 0.0], &options);
    let linear = linearised(&target, &fitted(&target, &[0.0, 0.0]));
    for (j, p) in found.parameters.iter().enumerate() {
        let s = linear.covariance.of_coordinate(j).unwrap();
        let half = t_quantile(1.0 - 0.05 / 4.0, s.nu) * s.standard_error();
        let (lower, upper) = p.simultaneous.as_ref().unwrap().ends().unwrap();
        close(lower, found.theta[j] - half, 1e-6);
        close(upper, found.theta[j] + half, 1e-6);
    }
}

#[test]
fn a_prior_that_bounds_an_end_is_named() {
    let target = Example::constant(&[1.0], 10.0, 5).with_prior(0, 1.2, 0.1);
    let found = all(&target, &[1.0], &Options::default());
    let p = &found.parameters[0];
    assert_eq!(p.interval.lower_cause, Some(Cause::Prior));
    assert_eq!(p.interval.upper_cause, Some(Cause::Prior));
}

#[test]
fn the_calibrated_threshold_of_one_mean_is_the_square_of_students_quantile() {
    let target = Example::linear(&[vec![1.0]], &[1.0], &[1.0], 5, &[WIDE]);
    let fit = fitted(&target, &[0.0]);
    let at = At(vec![1.0]);
    let items = vec![
        Item::Parameter(0),
        Item::Prediction {
            id: "twice".into(),
            quantity: &at,
        },
    ];
    let ctx = Context::new(&target, target.data(), fit, items, Options::default(), 1).unwrap();
    let draws = Calibration::new(&ctx, 1).unwrap();
    let n = 4000;
    let ratios: Vec<_> = (1..=n)
        .map(|k| likelihood_ratios(k, &draws, &mut ()))
        .collect();
    let thresholds = calibration(&ratios, 2, 0.95);
    let expected = t_quantile(0.975, 4.0).powi(2);
    // F(1, 4) at its 95 % point: five Monte-Carlo standard errors, density by differences of the t quantile.
    let h = 1e-4;
    let density =
        2.0 * h / (t_quantile(0.975 + h, 4.0).powi(2) - t_quantile(0.975 - h, 4.0).powi(2)) * 2.0;
    let tolerance = 5.0 * (0.95 * 0.05 / n as f64).sqrt() / density;
    close(thresholds[0].unwrap(), expected, tolerance);
    close(thresholds[1].unwrap(), thresholds[0].unwrap(), 1e-4);
}

#[test]
fn a_resumed_run_gives_the_same_profiles() {
    let target = decay();
    let fit = fitted(&target, &[1.0, 0.0]);
    let items = [Item::Parameter(0), Item::Parameter(1)];
    let options = Options::default();
    let log = std::sync::Mutex::new(Vec::new());
    let sink = |r: &ItemResult| {
        // As a checkpoint does it: through text.
        let text = serde_json::to_string(r).unwrap();
        log.lock()
            .unwrap()
            .push(serde_json::from_str::<ItemResult>(&text).unwrap());
        Control::Continue
    };
    let whole = profiles(
        &target,
        target.data(),
        &fit,
        &items,
        &options,
        1,
        &[],
        &sink,
    )
    .unwrap();
    let mut done = log.into_inner().unwrap();
    done.sort_by_key(|r| r.item);
    for kept in 0..2 {
        let resumed = profiles(
            &target,
            target.data(),
            &fit,
            &items,
            &options,
            1,
            &done[..kept],
            &|_| Control::Continue,
        )
        .unwrap();
        assert_eq!(resumed, whole);
    }
}
