//! Sensitivities, populations, courses and expressions against closed forms.

use mechfit::model::Model;
use mechfit::objective::{BuildOptions, EvalError, Target};
use mechfit::predict::course::{CourseModel, equidistant};
use mechfit::predict::expression::expressions;
use mechfit::predict::population::{Place, Population, population};
use mechfit::predict::sensitivity::{Sampling, SensitivityError, Subject, indices, sensitivity};
use mechfit::predict::{Dosed, Spread};
use mechfit::problem::{Problem, Scale};
use mechfit::stats::{Distribution, Stream};

use crate::support::{ModelBuilder, estimated, measured, objective, problem, quantity};

fn sampling(samples: usize, seed: u64) -> Sampling<'static> {
    Sampling {
        samples,
        seed,
        level: 0.95,
        progress: &|| {},
    }
}

#[test]
fn indices_of_ishigami_are_the_closed_form() {
    // f = sin x1 + a sin² x2 + b x3⁴ sin x1, uniform on (−π, π), a = 7, b = 0.1.
    let (a, b) = (7.0, 0.1);
    let pi = std::f64::consts::PI;
    let f = |u: &[f64], _: &mut ()| -> Result<f64, EvalError> {
        let x: Vec<f64> = u.iter().map(|u| pi * (2.0 * u - 1.0)).collect();
        Ok(x[0].sin() + a * x[1].sin().powi(2) + b * x[2].powi(4) * x[0].sin())
    };
    let r = indices(3, sampling(4096, 1), &|| (), &f).unwrap();
    let variance = a * a / 8.0 + b * pi.powi(4) / 5.0 + b * b * pi.powi(8) / 18.0 + 0.5;
    let v1 = 0.5 * (1.0 + b * pi.powi(4) / 5.0).powi(2);
    let v13 = 8.0 * b * b * pi.powi(8) / 225.0;
    let v2 = a * a / 8.0;
    assert!((r.mean - a / 2.0).abs() < 0.01);
    assert!((r.variance / variance - 1.0).abs() < 0.01, "{}", r.variance);
    let first = [v1 / variance, v2 / variance, 0.0];
    let total = [(v1 + v13) / variance, v2 / variance, v13 / variance];
    for k in 0..3 {
        for (e, expected) in [(&r.first[k], first[k]), (&r.total[k], total[k])] {
            assert!(
                (e.value - expected).abs() < 0.01,
                "{k}: {} {expected}",
                e.value
            );
            assert!(
                e.lower - 0.005 <= expected && expected <= e.upper + 0.005,
                "{k}: {e:?}"
            );
            assert!(e.upper - e.lower < 0.15);
        }
    }
    assert_eq!(r.evaluations, 4096 * 5);
    // Another seed is another shift of the same sequence; failures are counted and left out.
    let failing = |u: &[f64], ws: &mut ()| {
        if u[0] < 0.001 {
            return Err(EvalError::NotFinite { what: "x".into() });
        }
        f(u, ws)
    };
    let other = indices(3, sampling(1024, 2), &|| (), &failing).unwrap();
    assert!((other.first[1].value - first[1]).abs() < 0.05);
    assert!(other.failed["not_finite"] >= 1);
    let never = |_: &[f64], _: &mut ()| Err(EvalError::NotFinite { what: "x".into() });
    assert!(matches!(
        indices(3, sampling(64, 2), &|| (), &never),
        Err(SensitivityError::TooFew {
            succeeded: 0,
            samples: 64
        })
    ));
}

#[test]
fn indices_of_a_product_of_powers_follow_from_their_exponents() {
    // ln y = Σ w·ln p is linear in the estimation scale; the response is ln y.
    let model = ModelBuilder::default()
        .parameter("p", 1.0)
        .parameter("q", 1.0)
        .output("y", "2*ln(p) - ln(q)")
        .build();
    let mut rows = vec![
        estimated("p", 1.0, Scale::Log10),
        estimated("q", 1.0, Scale::Log10),
    ];
    (rows[0].lower, rows[0].upper) = (0.1, 10.0);
    (rows[1].lower, rows[1].upper) = (0.01, 100.0);
    let p = problem(rows, &[("one", &[(0.0, &[])])]);
    let options = BuildOptions {
        quantities: vec![quantity("y@one@0")],
        ..BuildOptions::default()
    };
    let d = Dosed::build(vec![model], &p, &["one"], &[], &options).unwrap();
    let theta = [0.2, -0.3];
    let subject = Subject {
        response: &d,
        text: "y@one@0",
        unit: None,
        coordinates: d.objective.coordinates(),
        theta: &theta,
        doses: &[],
    };
    let s = sensitivity(subject, &[], sampling(1024, 1)).unwrap();
    // Variances of a uniform over widths 2 and 4 of log10, times the squared weights 4 and 1.
    let (v, w) = (4.0 * 4.0, 16.0);
    assert!((s.sobol[0].first.value - v / (v + w)).abs() < 0.01);
    assert!((s.sobol[1].total.value - w / (v + w)).abs() < 0.01);
    let ln10 = std::f64::consts::LN_10;
    assert!((s.local[0].by_scaled - 2.0 * ln10).abs() < 1e-9);
    assert!((s.local[0].by_natural - 2.0 / 10f64.powf(0.2)).abs() < 1e-9);
    let value = 2.0 * 0.2 * ln10 + 0.3 * ln10;
    assert!((s.local[1].elasticity + 1.0 / value).abs() < 1e-9);
    assert!((s.local[0].by_log - 2.0).abs() < 1e-9);
    assert_eq!(s.simulations, 1024 * 4);
    // Of one parameter alone, with the other at the fit, everything is explained by it.
    let one = sensitivity(subject, &[1], sampling(256, 1)).unwrap();
    assert_eq!(one.sobol.len(), 1);
    assert_eq!(one.sobol[0].id, "q");
    assert!((one.sobol[0].first.value - 1.0).abs() < 0.02);
    assert!((one.variance - 16.0 * ln10 * ln10 / 12.0).abs() < 0.05);
}

fn decay() -> (Model, Problem) {
    let model = ModelBuilder::default()
        .parameter("x0", 3.0)
        .parameter("k", 0.1)
        .state("x", "x0", "-k*x")
        .build();
    let rows = vec![
        estimated("x0", 3.0, Scale::Log),
        estimated("k", 0.1, Scale::Log),
    ];
    let mut p = problem(
        rows,
        &[("one", &[(0.0, &[])]), ("two", &[(0.0, &[("x", "1")])])],
    );
    for t in [0.0, 5.0, 10.0] {
        measured(&mut p, "x", "one", t, 3.0 * (-0.1 * t).exp(), 0.1);
    }
    (model, p)
}

#[test]
fn a_population_over_a_log_normal_start_has_its_quantiles() {
    let (model, p) = decay();
    let options = BuildOptions {
        quantities: vec![quantity("x@one@10")],
        ..BuildOptions::default()
    };
    let d = Dosed::build(vec![model], &p, &["one"], &[], &options).unwrap();
    let spread = Spread::log_normal("x0", 588.54, 248.71).unwrap();
    let what = Population {
        distributed: vec![(Place::Parameter(0, Scale::Log), spread)],
        members: 1023,
        ..Population::default()
    };
    let theta = [3f64.ln(), 0.1f64.ln()];
    let replicates: Vec<Vec<f64>> = (0..39)
        .map(|k| vec![theta[0], theta[1] + 0.01 * f64::from(k - 19)])
        .collect();
    let r = population(
        &d,
        ("x@one@10", None),
        &what,
        (&theta, &[]),
        &replicates,
        0.95,
        &|_| {},
    )
    .unwrap();
    let decayed = (-1f64).exp();
    assert!(
        (r.mean.value / (588.54 * decayed) - 1.0).abs() < 0.005,
        "{}",
        r.mean.value
    );
    assert!(
        (r.sd.value / (248.71 * decayed) - 1.0).abs() < 0.03,
        "{}",
        r.sd.value
    );
    let cv2: f64 = (248.71f64 / 588.54).powi(2);
    let median = 588.54 / (1.0 + cv2).sqrt() * decayed;
    assert_eq!(r.quantiles[2].0, 0.5);
    assert!((r.quantiles[2].1.value / median - 1.0).abs() < 0.005);
    // Fastest and slowest decay of the replicates, on the same members.
    let factor = |k: f64| (-10.0 * 0.1 * (0.01 * k).exp()).exp() / decayed;
    assert!((r.mean.lower / (r.mean.value * factor(19.0)) - 1.0).abs() < 1e-6);
    assert!((r.mean.upper / (r.mean.value * factor(-19.0)) - 1.0).abs() < 1e-6);
}

#[test]
fn a_restricted_distribution_keeps_within_its_bounds() {
    let mut s = Spread::new("x", Distribution::Normal(0.0, 1.0));
    (s.lower, s.upper) = (-1.0, 0.5);
    assert!((s.quantile(1e-12) + 1.0).abs() < 1e-6);
    assert!((s.quantile(1.0 - 1e-12) - 0.5).abs() < 1e-6);
    let middle = s.quantile(0.5);
    let f = |x: f64| Distribution::Normal(0.0, 1.0).cdf(x);
    assert!((f(middle) - 0.5 * (f(-1.0) + f(0.5))).abs() < 1e-9);
}

#[test]
fn courses_have_the_bands_of_their_replicates() {
    let (model, p) = decay();
    let times = equidistant(0.0, 20.0, 10);
    let m = CourseModel::build(vec![model], &p, &[], &[], &times, &Default::default()).unwrap();
    let theta = [3f64.ln(), 0.1f64.ln()];
    let replicates: Vec<Vec<f64>> = (0..39)
        .map(|k| vec![theta[0] + 0.01 * f64::from(k - 19), theta[1]])
        .collect();
    let c = m.courses(&theta, &replicates, None, 0.95, &|| {}).unwrap();
    assert_eq!(c.courses.len(), 2);
    let one = &c.courses[0];
    assert_eq!(
        (one.experiment.as_str(), one.last_measured),
        ("one", Some(10.0))
    );
    for (i, t) in times.iter().enumerate() {
        let x = 3.0 * (-0.1 * t).exp();
        assert!((one.band.value[i] - x).abs() < 1e-6);
        assert!((one.band.upper[i] / x - (0.19f64).exp()).abs() < 1e-6);
        assert!((one.band.lower[i] / x - (-0.19f64).exp()).abs() < 1e-6);
    }
    assert_eq!(c.method, Some(mechfit::uncertainty::Method::Percentile));
    // The start of the second arm is set: its course does not vary.
    let two = &c.courses[1];
    assert_eq!(two.last_measured, None);
    assert_eq!(two.band.lower, two.band.upper);
}

#[test]
fn courses_without_replicates_have_the_bands_of_the_linearised_fit() {
    let (model, p) = decay();
    let o = objective(model.clone(), &p, &[]);
    let theta = o.nominal_point();
    let mut ws = o.workspace();
    let l =
        mechfit::uncertainty::Linearised::at(&o, o.data(), &theta, &[true; 2], &mut ws).unwrap();
    let times = equidistant(0.0, 20.0, 10);
    let m = CourseModel::build(
        vec![model],
        &p,
        &[],
        &["one".into()],
        &times,
        &Default::default(),
    );
    let c = m
        .unwrap()
        .courses(&theta, &[], Some(&l.covariance), 0.95, &|| {})
        .unwrap();
    assert_eq!(c.method, Some(mechfit::uncertainty::Method::Fisher));
    let band = &c.courses[0].band;
    for (i, t) in times.iter().enumerate() {
        // x = x0·e^(−kt): its gradient in ln x0 and ln k is (x, −k·t·x).
        let x = 3.0 * (-0.1 * t).exp();
        let half = l
            .covariance
            .of(&[x, -0.1 * t * x])
            .unwrap()
            .half_width(0.95);
        assert!((band.upper[i] - x - half).abs() < 1e-6);
        assert!((x - band.lower[i] - half).abs() < 1e-6);
    }
    // The course moves in two directions: its largest deviation lies between |z| and √χ²₂ at 95 %, 1.96 and 2.448.
    assert!(
        band.critical > 1.0 && band.critical < 2.448 / 1.96,
        "{}",
        band.critical
    );
    let wider = (band.simultaneous_upper[3] - band.value[3]) / (band.upper[3] - band.value[3]);
    assert!((wider - band.critical).abs() < 1e-9);
}

#[test]
fn an_input_over_a_population_is_given_only_where_it_is_dosed() {
    use mechfit::predict::Vary;
    use mechfit::predict::ask::{Fitted, PopulationQuestion, Setting};
    let model = ModelBuilder::default()
        .parameter("k", 0.5)
        .input("d", 0.0)
        .state("x", "0", "k*d")
        .build();
    let p = problem(
        vec![estimated("k", 0.5, Scale::Log)],
        &[
            ("control", &[(0.0, &[])]),
            ("dosed", &[(0.0, &[("d", "3")])]),
        ],
    );
    let ask = |vary: &str| {
        PopulationQuestion {
            expression: "x@dosed@2 - x@control@2".into(),
            vary: vec![Vary::parse(vary).unwrap()],
            members: 1024,
            seed: 1,
        }
        .answer(&Fitted {
            setting: Setting {
                models: std::slice::from_ref(&model),
                problem: &p,
                settings: &Default::default(),
            },
            theta: &[0.5f64.ln()],
            replicates: &[],
            covariance: None,
            level: 0.95,
        })
    };
    // x = k·d·t: the median over doses is that of the dose.
    let by_input = ask("d=uniform(2,6)").unwrap();
    assert!(
        (by_input.mean.value - 4.0).abs() < 0.01,
        "{}",
        by_input.mean.value
    );
    let by_factor = ask("k*=lognormal(2,0.5)").unwrap();
    assert!(
        (by_factor.mean.value - 6.0).abs() < 0.02,
        "{}",
        by_factor.mean.value
    );
    assert!(
        (by_factor.sd.value - 1.5).abs() < 0.03,
        "{}",
        by_factor.sd.value
    );
    let by_value = ask("k=lognormal(2,0.5)").unwrap();
    assert!(
        (by_value.mean.value - 12.0).abs() < 0.04,
        "{}",
        by_value.mean.value
    );
    assert!(
        ask("d*=lognormal(2,0.5)")
            .unwrap_err()
            .to_string()
            .contains("not estimated")
    );
    assert!(
        ask("nothing=normal(1,2)")
            .unwrap_err()
            .to_string()
            .contains("nothing")
    );
}

#[test]
fn the_unit_of_an_expression_follows_from_its_parts() {
    use mechfit::predict::expression::unit_of;
    let of = |text: &str| {
        let spec = mechfit::predict::dosing::quantity(text).unwrap();
        let unit = |id: &str| match id {
            "x" => Some("nM".to_string()),
            "y" => Some("MFI".to_string()),
            _ => None,
        };
        unit_of(&spec.expr, &unit, Some("h"))
    };
    let cases = [
        ("x@a@2", Some("nM")),
        ("max(x@a@0:2)", Some("nM")),
        ("auc(y@a@0:2)", Some("MFI*h")),
        ("time_above(x@a@0:2, 1)", Some("h")),
        ("x@a@2 - x@b@2", Some("nM")),
        ("100*x@a@2", Some("nM")),
        ("x@a@2/x@b@2", Some("1")),
        ("ln(x@a@2/x@b@2)", Some("1")),
        ("x@a@2/y@b@2", None),
        ("x@a@2 + y@b@2", None),
    ];
    for (text, unit) in cases {
        assert_eq!(of(text).as_deref(), unit, "{text}");
    }
}

#[test]
fn expressions_carry_percentiles_fisher_intervals_and_prior_shares() {
    let (model, p) = decay();
    let o = objective(model, &p, &["x@one@20", "x@one@0/x@one@10"]);
    let theta = o.nominal_point();
    let mut ws = o.workspace();
    let l =
        mechfit::uncertainty::Linearised::at(&o, o.data(), &theta, &[true; 2], &mut ws).unwrap();
    let replicates: Vec<Vec<f64>> = (0..199)
        .map(|k| {
            let mut z = Stream::new(1, "test", k, 0);
            theta.iter().map(|t| t + 0.1 * z.normal()).collect()
        })
        .collect();
    let (list, failed) =
        expressions(&o, &theta, &replicates, Some(&l.covariance), 0.95, &|| {}).unwrap();
    assert!(failed.is_empty());
    // x(20) = x0·e^(−20k): its gradient in ln x0 and ln k is (x, −20k·x).
    let x = 3.0 * (-2f64).exp();
    let half = l.covariance.of(&[x, -2.0 * x]).unwrap().half_width(0.95);
    let e = &list[0].estimate;
    assert!((e.value - x).abs() < 1e-8);
    assert!((e.others[0].ends().unwrap().1 - x - half).abs() < 1e-6);
    assert_eq!(e.prior_share, Some(0.0));
    let mut column: Vec<f64> = replicates
        .iter()
        .map(|t| (10.0 * t[1].exp()).exp())
        .collect();
    column.sort_by(f64::total_cmp);
    assert!((list[1].estimate.lower - column[4]).abs() < 1e-6);
}
