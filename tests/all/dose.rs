//! Dose-response curves of closed forms: doses, plateau, slope and their intervals.

use mechfit::model::Model;
use mechfit::objective::{BuildOptions, Objective, Target};
use mechfit::predict::curve::{Top, curve};
use mechfit::predict::dose::{DoseSetup, dose_response, fold_shift};
use mechfit::predict::feature::{CurveOf, Feature, FeatureTarget};
use mechfit::predict::{DoseRange, Dosed};
use mechfit::problem::{Problem, Scale};
use mechfit::stats::Stream;
use mechfit::uncertainty::{Linearised, Status};

use crate::support::{ModelBuilder, Period, estimated, measured, objective, problem, quantity};

/// A Hill curve of a drug: `e0 + (em − e0)·d^n/(k^n + d^n)`.
fn hill_model() -> Model {
    ModelBuilder::default()
        .parameter("e0", 5.0)
        .parameter("em", 80.0)
        .parameter("k", 30.0)
        .parameter("n", 1.7)
        .input("drug", 0.0)
        .output("effect", "e0 + (em - e0)*hill(drug, k, n)")
        .build()
}

/// The drug at six doses with data that the model meets exactly.
fn hill_problem() -> Problem {
    let rows = vec![
        estimated("e0", 5.0, Scale::Lin),
        estimated("em", 80.0, Scale::Lin),
        estimated("k", 30.0, Scale::Log10),
        estimated("n", 1.7, Scale::Log),
    ];
    let doses = ["0", "3", "10", "30", "100", "1000"];
    let names: Vec<String> = (0..doses.len()).map(|k| format!("d{k}")).collect();
    let changes: Vec<[(&str, &str); 1]> = doses.iter().map(|d| [("drug", *d)]).collect();
    let periods: Vec<[Period; 1]> = changes.iter().map(|c| [(0.0, c.as_slice())]).collect();
    let experiments: Vec<(&str, &[Period])> = names
        .iter()
        .zip(&periods)
        .map(|(n, p)| (n.as_str(), p.as_slice()))
        .collect();
    let mut p = problem(rows, &experiments);
    for (k, d) in doses.iter().enumerate() {
        let d: f64 = d.parse().unwrap();
        let x = (d / 30.0).powf(1.7);
        let value = 5.0 + 75.0 * x / (1.0 + x);
        measured(
            &mut p,
            "effect",
            &format!("d{k}"),
            0.0,
            value,
            2.0 + k as f64,
        );
    }
    p
}

fn dosed(model: Model, problem: &Problem, experiment: &str, inputs: &[&str], text: &str) -> Dosed {
    let mut options = BuildOptions {
        quantities: vec![quantity(text)],
        ..BuildOptions::default()
    };
    options.settings.tolerances.rtol = 1e-11;
    options.settings.tolerances.atol = vec![1e-14];
    Dosed::build(vec![model], problem, &[experiment], inputs, &options).unwrap()
}

fn setup(dosed: &Dosed, doses: Vec<f64>, full: Option<f64>) -> DoseSetup {
    DoseSetup {
        which: 0,
        others: vec![0.0; dosed.inputs.len()],
        input: dosed.inputs[0].clone(),
        response: "effect@d3@0".into(),
        response_unit: None,
        doses,
        full,
        level: 0.95,
    }
}

fn range(lower: f64, upper: f64, n: usize) -> Vec<f64> {
    DoseRange { lower, upper, n }.doses()
}

fn near(value: f64, expected: f64, tolerance: f64) {
    assert!(
        (value - expected).abs() <= tolerance * expected.abs(),
        "{value} for {expected}"
    );
}

#[test]
fn a_hill_curve_gives_back_its_parameters() {
    let d = dosed(
        hill_model(),
        &hill_problem(),
        "d3",
        &["drug"],
        "effect@d3@0",
    );
    // A range around EC50, one far above, one far below, one with few doses.
    for doses in [
        range(0.1, 1e4, 51),
        range(1e4, 1e6, 9),
        range(1e-6, 1e-3, 9),
        vec![1.0, 1e4],
    ] {
        let s = setup(&d, doses, Some(100.0));
        let theta = [5.0, 80.0, 30f64.log10(), 1.7f64.ln()];
        let r = dose_response(&d, &s, &theta, &[], None, &|_| {}).unwrap();
        let y = &r.response.summary;
        near(y.control.value, 5.0, 1e-12);
        near(y.emax.value, 80.0, 1e-9);
        near(y.ec50.value, 30.0, 1e-6);
        near(y.ec10.value, 30.0 / 9f64.powf(1.0 / 1.7), 1e-6);
        near(y.ec90.value, 30.0 * 9f64.powf(1.0 / 1.7), 1e-6);
        near(y.hill.value, 1.7, 1e-6);
        // Half of the way from 5 to a declared 100 is 52.5.
        let a = y.absolute.as_ref().unwrap();
        near(a.ec50.value, 30.0 * (47.5f64 / 27.5).powf(1.0 / 1.7), 1e-6);
        // 90 % of that way is beyond the plateau.
        assert_eq!(a.ec90.reason.as_deref(), Some("not reached"));
        assert_eq!(y.ec50.in_tested_range, Some(true));
        assert_eq!(r.response.tested, [3.0, 10.0, 30.0, 100.0, 1000.0]);
    }
}

#[test]
fn intervals_of_ec50_are_those_of_the_parameter_that_it_is() {
    let p = hill_problem();
    let fit = objective(hill_model(), &p, &[]);
    let d = dosed(hill_model(), &p, "d3", &["drug"], "effect@d3@0");
    let s = setup(&d, range(0.1, 1e4, 26), Some(100.0));
    let theta = fit.nominal_point();
    let mut ws = fit.workspace();
    let l = Linearised::at(&fit, fit.data(), &theta, &[true; 4], &mut ws).unwrap();
    let r = dose_response(&d, &s, &theta, &[], Some(&l.covariance), &|_| {}).unwrap();
    let half = |j: usize| l.covariance.of_coordinate(j).unwrap().half_width(0.95);
    let y = &r.response.summary;
    near(y.ec50.upper, 10f64.powf(theta[2] + half(2)), 1e-6);
    near(y.ec50.lower, 10f64.powf(theta[2] - half(2)), 1e-6);
    near(y.hill.upper, (theta[3] + half(3)).exp(), 1e-6);
    near(y.emax.upper, 80.0 + half(1), 1e-6);
    near(y.control.lower, 5.0 - half(0), 1e-6);
    // EC90 = k·9^(1/n): d log10 EC90 = dθ_k − log10(9)/n·dθ_n.
    let by = [0.0, 0.0, 1.0, -(9f64.log10()) / 1.7];
    let wide = l.covariance.of(&by).unwrap().half_width(0.95);
    near(y.ec90.upper, y.ec90.value * 10f64.powf(wide), 1e-6);
    // The absolute EC50 is reached where the Hill part is (52.5 − e0)/(em − e0) with e0 in both: differences.
    let q = |t: &[f64]| {
        let level = 0.5 * (t[0] + 100.0);
        let f = (level - t[0]) / (t[1] - t[0]);
        t[2] + (f / (1.0 - f)).log10() / t[3].exp()
    };
    let by: Vec<f64> = (0..4)
        .map(|k| {
            let at = |h: f64| {
                let mut t = theta.clone();
                t[k] += h;
                q(&t)
            };
            (at(1e-5) - at(-1e-5)) / 2e-5
        })
        .collect();
    let wide = l.covariance.of(&by).unwrap().half_width(0.95);
    let a = y.absolute.as_ref().unwrap();
    near(a.ec50.upper, a.ec50.value * 10f64.powf(wide), 1e-6);
    // Points of the curve by the delta method as well.
    let mut w = d.objective.workspace();
    let point = r.response.curve[10].clone();
    let (_, g) = mechfit::predict::Response::gradient(&d, &theta, &[point.dose], &mut w).unwrap();
    let wide = l.covariance.of(&g[..4]).unwrap().half_width(0.95);
    near(point.upper - point.value, wide, 1e-9);
}

#[test]
fn percentiles_of_ec50_over_replicates_are_those_of_the_parameter() {
    let d = dosed(
        hill_model(),
        &hill_problem(),
        "d3",
        &["drug"],
        "effect@d3@0",
    );
    let s = setup(&d, range(0.1, 1e4, 26), None);
    let theta = vec![5.0, 80.0, 30f64.log10(), 1.7f64.ln()];
    let replicates: Vec<Vec<f64>> = (0..199)
        .map(|k| {
            let mut z = Stream::new(3, "test", k, 0);
            theta.iter().map(|t| t + 0.05 * z.normal()).collect()
        })
        .collect();
    let r = dose_response(&d, &s, &theta, &replicates, None, &|_| {}).unwrap();
    for (j, estimate, natural) in [
        (2, &r.response.summary.ec50, true),
        (3, &r.response.summary.hill, false),
    ] {
        let mut column: Vec<f64> = replicates.iter().map(|t| t[j]).collect();
        column.sort_by(f64::total_cmp);
        let back = |x: f64| if natural { 10f64.powf(x) } else { x.exp() };
        // 200·0.025 = 5: the fifth of each end.
        near(estimate.lower, back(column[4]), 1e-6);
        near(estimate.upper, back(column[194]), 1e-6);
    }
    assert_eq!(r.response.replicates, 199);
    assert!(r.response.failed.is_empty());
}

#[test]
fn a_shift_between_two_curves_is_taken_within_each_replicate() {
    // The antagonist at 100 moves EC50 by 1 + 100/kb; k varies far more than the shift.
    let model = ModelBuilder::default()
        .parameter("k", 30.0)
        .parameter("kb", 20.0)
        .input("drug", 0.0)
        .input("block", 0.0)
        .output("effect", "100*hill(drug, k*(1 + block/kb), 1)")
        .build();
    let rows = vec![
        estimated("k", 30.0, Scale::Log10),
        estimated("kb", 20.0, Scale::Log10),
    ];
    let p = problem(
        rows,
        &[
            ("free", &[(0.0, &[("drug", "10")])]),
            ("blocked", &[(0.0, &[("drug", "10"), ("block", "100")])]),
        ],
    );
    let run = |experiment: &str, replicates: &[Vec<f64>]| {
        let text = format!("effect@{experiment}@0");
        let d = dosed(model.clone(), &p, experiment, &["drug"], &text);
        let s = setup(&d, range(0.1, 1e4, 26), None);
        let theta = [30f64.log10(), 20f64.log10()];
        dose_response(&d, &s, &theta, replicates, None, &|_| {}).unwrap()
    };
    let replicates: Vec<Vec<f64>> = (0..199)
        .map(|k| {
            let mut z = Stream::new(5, "test", k, 0);
            vec![
                30f64.log10() + z.normal(),
                20f64.log10() + 0.01 * z.normal(),
            ]
        })
        .collect();
    let (a, b) = (run("free", &replicates), run("blocked", &replicates));
    let shift = fold_shift(&a, &b, None).ec50;
    near(shift.value, 6.0, 1e-6);
    let mut expected: Vec<f64> = replicates
        .iter()
        .map(|t| 1.0 + 100.0 / 10f64.powf(t[1]))
        .collect();
    expected.sort_by(f64::total_cmp);
    near(shift.lower, expected[4], 1e-6);
    near(shift.upper, expected[194], 1e-6);
    assert!(shift.upper - shift.lower < 1.0);
    assert!(a.response.summary.ec50.upper > 1000.0);
}

#[test]
fn levels_that_no_dose_reaches_are_told_from_undefined_ones() {
    let run = |f: &dyn Fn(f64) -> f64, full: Option<f64>| {
        curve(&range(0.1, 100.0, 31), full, 1e-12, &mut |d| {
            Ok::<f64, ()>(f(d))
        })
        .unwrap()
    };
    let flat = run(&|_| 3.0, Some(0.0));
    assert_eq!(flat.top, Top::Nothing);
    assert!(flat.log_ec[1].is_nan() && flat.hill.is_nan());
    assert_eq!(flat.log_absolute.unwrap()[1], f64::INFINITY);
    let line = run(&|d| 1.0 + d, None);
    assert_eq!(line.top, Top::Unbounded);
    assert!(line.log_ec[1].is_nan());
    // Half inhibition at most: the absolute IC50 is not reached, the relative one is.
    let partial = run(&|d| 1.0 - 0.4 * d / (5.0 + d), Some(0.0));
    near(partial.emax, 0.6, 1e-9);
    near(partial.log_ec[1], 5f64.log10(), 1e-9);
    assert_eq!(partial.log_absolute.unwrap()[1], f64::INFINITY);
    // Reached without dose is not a matter of the dose.
    let saturated = run(&|d| 1.0 - 0.4 * d / (5.0 + d), Some(1.0));
    assert_eq!(saturated.log_absolute.unwrap()[1], f64::NEG_INFINITY);
    // A bell: d·e^(−d/10) is largest at 10.
    let bell = run(&|d| d * (-d / 10.0f64).exp(), None);
    let Top::Peak(x) = bell.top else {
        panic!("{:?}", bell.top)
    };
    near(x, 1.0, 1e-5);
    near(bell.emax, 10.0 * (-1f64).exp(), 1e-10);
    // Half of it: d·e^(−d/10) = 5/e at d = −10·W(−1/(2e)).
    near(bell.log_ec[1], 2.319_610_2_f64.log10(), 1e-6);
}

#[test]
fn half_of_the_replicates_without_effect_leave_no_ec50() {
    let d = dosed(
        hill_model(),
        &hill_problem(),
        "d3",
        &["drug"],
        "effect@d3@0",
    );
    let s = setup(&d, range(0.1, 1e4, 26), Some(60.0));
    let theta = vec![5.0, 80.0, 30f64.log10(), 1.7f64.ln()];
    let replicates: Vec<Vec<f64>> = (0..100)
        .map(|k| {
            let mut t = theta.clone();
            t[2] += 0.001 * f64::from(k);
            if k % 2 == 0 {
                t[1] = t[0]; // no effect
            }
            t
        })
        .collect();
    let r = dose_response(&d, &s, &theta, &replicates, None, &|_| {}).unwrap();
    let y = &r.response.summary;
    assert!(y.ec50.value.is_nan());
    assert_eq!(y.ec50.missing, 0.5);
    assert_eq!(
        (y.ec50.lower_status, y.ec50.upper_status),
        (Status::Open, Status::Open)
    );
    let a = &y.absolute.as_ref().unwrap().ec50;
    assert!(a.reason.as_ref().unwrap().contains("not reached"));
    assert_eq!(a.upper_status, Status::Open);
    assert_eq!(a.lower_status, Status::Closed);
}

#[test]
fn the_features_of_a_curve_have_the_gradients_of_their_differences() {
    let p = hill_problem();
    let fit: Objective = objective(hill_model(), &p, &[]);
    let d = dosed(hill_model(), &p, "d3", &["drug"], "effect@d3@0");
    let s = setup(&d, range(0.1, 1e4, 26), Some(100.0));
    let target = FeatureTarget {
        fit: &fit,
        curve: CurveOf {
            response: &d,
            setup: &s,
        },
        other: None,
    };
    let theta = fit.nominal_point();
    let mut ws = target.workspace();
    for feature in [
        Feature::Control,
        Feature::Emax,
        Feature::LogEc(0),
        Feature::LogEc(1),
        Feature::LogEc(2),
        Feature::LogAbsolute(1),
        Feature::LogHill,
        Feature::Value(12.0),
    ] {
        let (_, g) = target.predict(&feature, &theta, &mut ws).unwrap();
        for k in 0..4 {
            let mut at = |h: f64| {
                let mut t = theta.clone();
                t[k] += h;
                target.predict(&feature, &t, &mut ws).unwrap().0
            };
            let h = 1e-3;
            let difference = (8.0 * (at(h) - at(-h)) - (at(2.0 * h) - at(-2.0 * h))) / (12.0 * h);
            assert!(
                (g[k] - difference).abs() < 1e-7 * (1.0 + difference.abs()),
                "{feature:?} by {k}: {} {difference}",
                g[k]
            );
        }
    }
}

#[test]
fn a_dose_takes_the_place_of_what_the_conditions_give_and_leaves_pauses_alone() {
    // An infusion from 1 to 3 into one compartment; before and after, nothing.
    let model = ModelBuilder::default()
        .parameter("k", 0.5)
        .input("rate", 0.0)
        .state("x", "0", "rate - k*x")
        .build();
    let p = problem(
        vec![estimated("k", 0.5, Scale::Log)],
        &[
            (
                "infusion",
                &[
                    (0.0, &[("rate", "0")]),
                    (1.0, &[("rate", "7")]),
                    (3.0, &[("rate", "0")]),
                ],
            ),
            ("never", &[(0.0, &[])]),
        ],
    );
    let k = 0.5f64;
    for (experiment, expected) in [
        (
            "infusion",
            2.0 / k * (1.0 - (-2.0 * k).exp()) * (-2.0 * k).exp(),
        ),
        ("never", 2.0 / k * (1.0 - (-5.0 * k).exp())),
    ] {
        let text = format!("x@{experiment}@5");
        let d = dosed(model.clone(), &p, experiment, &["rate"], &text);
        let mut ws = d.objective.workspace();
        let (value, g) =
            mechfit::predict::Response::gradient(&d, &[0.5f64.ln()], &[2.0], &mut ws).unwrap();
        near(value, expected, 1e-9);
        near(g[1], expected / 2.0, 1e-9);
    }
}

#[test]
fn what_cannot_be_dosed_is_refused_by_name() {
    let build = |experiment: &str, inputs: &[&str]| {
        let options = BuildOptions {
            quantities: vec![quantity("effect@d3@0")],
            ..BuildOptions::default()
        };
        let p = hill_problem();
        Dosed::build(vec![hill_model()], &p, &[experiment], inputs, &options)
            .unwrap_err()
            .to_string()
    };
    assert!(build("d3", &["drgu"]).contains("did you mean `drug`"));
    assert!(build("d3", &["k"]).contains("parameter table"));
    assert!(build("d3", &["effect"]).contains("computed"));
    assert!(build("d33", &["drug"]).contains("did you mean `d3`"));
    assert!(build("d3", &["drug", "drug"]).contains("twice"));
}

#[test]
fn the_profile_of_ec50_is_the_profile_of_the_parameter_that_it_is() {
    use mechfit::fit::refit;
    use mechfit::search::Control;
    use mechfit::uncertainty::profile::{Item, Options, profiles};
    let p = hill_problem();
    let fit = objective(hill_model(), &p, &[]);
    let d = dosed(hill_model(), &p, "d3", &["drug"], "effect@d3@0");
    let s = setup(&d, range(0.1, 1e4, 11), None);
    let target = FeatureTarget {
        fit: &fit,
        curve: CurveOf {
            response: &d,
            setup: &s,
        },
        other: None,
    };
    let options = Options::default();
    let start = fit.nominal_point();
    let mut ws = target.workspace();
    let best = refit(
        &target,
        target.data(),
        &start,
        &[],
        &options.search,
        &mut ws,
    )
    .unwrap();
    let features = [Feature::LogEc(1), Feature::LogHill, Feature::Emax];
    let mut items: Vec<Item<Feature>> =
        vec![Item::Parameter(2), Item::Parameter(3), Item::Parameter(1)];
    items.extend(features.iter().map(|f| Item::Prediction {
        id: format!("{f:?}"),
        quantity: f,
    }));
    let r = profiles(
        &target,
        target.data(),
        &best,
        &items,
        &options,
        1,
        &[],
        &|_| Control::Continue,
    )
    .unwrap();
    assert!(r.refused.is_empty(), "{:?}", r.refused);
    let ends = |k: usize, prediction: bool| {
        let list = if prediction {
            &r.predictions
        } else {
            &r.parameters
        };
        list[k].interval.ends().unwrap()
    };
    type Forward = fn(f64) -> f64;
    let forward: [Forward; 3] = [f64::log10, f64::ln, |x| x];
    for (k, f) in forward.iter().enumerate() {
        let (a, b) = ends(k, false);
        let (c, d) = ends(k, true);
        near(c, f(a), 1e-6);
        near(d, f(b), 1e-6);
    }
}

#[test]
fn a_position_that_is_linear_in_its_logarithm_has_the_intervals_of_closed_forms() {
    use mechfit::fit::refit;
    use mechfit::predict::feature::{features, thinned};
    use mechfit::search::Control;
    use mechfit::uncertainty::profile::{Item, Options, profiles};
    // log10 EC50 and log10 of the fold shift are measured with known σ: the likelihood is normal in both, so that every
    // interval is the estimate times 10^(±1.96 σ), by the delta method and by the profile. Slope 1 is Emax.
    const Z: f64 = 1.959_963_984_540_054;
    for slope in [1.0, 2.3] {
        let model = ModelBuilder::default()
            .parameter("k", 30.0)
            .parameter("r", 4.0)
            .input("drug", 0.0)
            .input("block", 0.0)
            .output(
                "effect",
                &format!("5 + 75*hill(drug, k*(1 + (r - 1)*block), {slope})"),
            )
            .output("position", "log10(k)")
            .output("ratio", "log10(r)")
            .build();
        let rows = vec![
            estimated("k", 30.0, Scale::Log10),
            estimated("r", 4.0, Scale::Log10),
        ];
        let mut p = problem(
            rows,
            &[
                ("free", &[(0.0, &[("drug", "10")])]),
                ("blocked", &[(0.0, &[("drug", "10"), ("block", "1")])]),
            ],
        );
        measured(&mut p, "position", "free", 0.0, 1.4, 0.1);
        measured(&mut p, "ratio", "free", 0.0, 0.7, 0.2);
        let fit = objective(model.clone(), &p, &[]);
        let curves = ["free", "blocked"].map(|e| {
            let d = dosed(model.clone(), &p, e, &["drug"], &format!("effect@{e}@0"));
            let s = thinned(&setup(&d, range(0.1, 1e4, 51), Some(100.0)));
            assert!(s.doses.len() < 20 && s.doses.last() == Some(&1e4));
            (d, s)
        });
        let [free, blocked] = &curves;
        let curve = |c: &'static str| match c {
            "free" => CurveOf {
                response: &free.0,
                setup: &free.1,
            },
            _ => CurveOf {
                response: &blocked.0,
                setup: &blocked.1,
            },
        };
        let target = FeatureTarget {
            fit: &fit,
            curve: curve("free"),
            other: Some(curve("blocked")),
        };
        let options = Options::default();
        let start = fit.nominal_point();
        let mut ws = target.workspace();
        let data = target.data();
        let best = refit(&target, data, &start, &[], &options.search, &mut ws).unwrap();
        let l = Linearised::at(&fit, data, &best.theta, &[true; 2], &mut ws.0).unwrap();
        let of = |(d, s): &(Dosed, DoseSetup)| {
            dose_response(d, s, &best.theta, &[], Some(&l.covariance), &|_| {}).unwrap()
        };
        let (a, b) = (of(free), of(blocked));
        let wide = 10f64.powf(Z * 0.1);
        let part = 9f64.powf(1.0 / slope);
        let y = &a.response.summary;
        let ec50 = 10f64.powf(1.4);
        for (e, value) in [
            (&y.ec10, ec50 / part),
            (&y.ec50, ec50),
            (&y.ec90, ec50 * part),
        ] {
            near(e.value, value, 1e-6);
            near(e.lower, value / wide, 1e-6);
            near(e.upper, value * wide, 1e-6);
        }
        near(y.emax.value, 80.0, 1e-6);
        near(y.hill.value, slope, 1e-6);
        let shift = fold_shift(&a, &b, Some(&l.covariance)).ec50;
        near(shift.value, 10f64.powf(0.7), 1e-6);
        near(shift.upper, 10f64.powf(0.7 + Z * 0.2), 1e-6);
        let mut list = features(&a.curve, a.gradient.as_ref().unwrap(), 1e-10);
        // The slope is the model's.
        assert!(!list.contains(&Feature::LogHill) && list.contains(&Feature::LogAbsolute(1)));
        list.retain(|f| matches!(f, Feature::LogEc(_)));
        list.push(Feature::LogShift);
        let items: Vec<Item<Feature>> = list
            .iter()
            .map(|f| Item::Prediction {
                id: format!("{f:?}"),
                quantity: f,
            })
            .collect();
        let done = profiles(&target, data, &best, &items, &options, 1, &[], &|_| {
            Control::Continue
        })
        .unwrap();
        assert!(done.refused.is_empty(), "{:?}", done.refused);
        let centres = [1.4 - part.log10(), 1.4, 1.4 + part.log10(), 0.7];
        for ((p, centre), sigma) in done
            .predictions
            .iter()
            .zip(centres)
            .zip([0.1, 0.1, 0.1, 0.2])
        {
            let (lower, upper) = p.interval.ends().unwrap();
            near(lower, centre - Z * sigma, 1e-6);
            near(upper, centre + Z * sigma, 1e-6);
        }
    }
}

#[test]
fn questions_are_asked_by_name_with_units_and_summaries() {
    use mechfit::predict::ask::{DoseQuestion, Fitted, Readoff, Setting};
    let model = ModelBuilder::default()
        .parameter("k", 0.5)
        .parameter("half", 3.0)
        .input("drug", 0.0)
        .state("x", "0", "drug/(drug + half) - k*x")
        .build();
    let p = problem(
        vec![
            estimated("k", 0.5, Scale::Log),
            estimated("half", 3.0, Scale::Log10),
        ],
        &[("one", &[(0.0, &[("drug", "10")])])],
    );
    let models = [model];
    let settings = Default::default();
    let theta = [0.5f64.ln(), 3f64.log10()];
    let fitted = Fitted {
        setting: Setting {
            models: &models,
            problem: &p,
            settings: &settings,
        },
        theta: &theta,
        replicates: &[],
        covariance: None,
        level: 0.95,
    };
    let ask = |summary: Option<&str>| DoseQuestion {
        input: "drug".into(),
        range: "0.1:100:31".into(),
        readoff: Readoff {
            observable: "x".into(),
            experiment: "one".into(),
            time: 4.0,
            summary: summary.map(String::from),
        },
        full: None,
    };
    // All of these are proportional to drug/(drug + half): EC50 is half.
    for (summary, text) in [
        (None, "x@one@4"),
        (Some("max"), "max(x@one@0:4)"),
        (Some("auc"), "auc(x@one@0:4)"),
    ] {
        let r = ask(summary).answer(&fitted).unwrap();
        assert_eq!(r.response.response, text);
        near(r.response.summary.ec50.value, 3.0, 1e-5);
        near(r.response.summary.hill.value, 1.0, 1e-5);
    }
    // The time above a level falls into line once the plateau of x lies above it.
    let r = ask(Some("time_above:0.5")).answer(&fitted).unwrap();
    assert_eq!(r.response.response, "time_above(x@one@0:4, 0.5)");
    assert!(r.response.curve[0].value == 0.0);
    let plateau = 4.0 + (1.0 - 0.25f64).ln() / 0.5;
    near(r.response.summary.emax.value, plateau, 1e-5);
    assert!(
        ask(Some("mean"))
            .answer(&fitted)
            .unwrap_err()
            .to_string()
            .contains("max, min, auc")
    );
}
