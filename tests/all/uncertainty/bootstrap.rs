//! Bootstraps against the distributions that they stand for.

use mechfit::objective::example::{At, Example};
use mechfit::objective::{Coordinate, Data, EvalError, Evaluated, Linearisation, RowInfo, Target};
use mechfit::search::{Control, Want};
use mechfit::stats::t_quantile;
use mechfit::uncertainty::bootstrap::{
    BootstrapError, Centre, Context, Draw, Kind, Options, Replicate, Wanted, replicate, replicates,
    summarise,
};
use mechfit::uncertainty::{Bootstrap, Method};

use super::{close, fitted};

fn run(target: &Example, start: &[f64], options: Options) -> (Vec<Replicate>, Bootstrap) {
    let fit = fitted(target, start);
    let ctx = Context::new(target, target.data(), &fit, Vec::new(), options).unwrap();
    let ks: Vec<u64> = (1..=ctx.options.samples).collect();
    let list = replicates(&ks, &ctx, &|_, _| Control::Continue);
    let wanted = Wanted {
        methods: vec![Method::Percentile, Method::Basic, Method::Bc],
        ..Wanted::default()
    };
    let summary = summarise(&ctx, &list, &wanted);
    (list, summary)
}

/// Monte-Carlo standard error of the quantile `p` of a t distribution, from its density by differences.
fn quantile_error(p: f64, nu: f64, samples: u64) -> f64 {
    let h = 1e-4;
    let density = 2.0 * h / (t_quantile(p + h, nu) - t_quantile(p - h, nu));
    (p * (1.0 - p) / samples as f64).sqrt() / density
}

#[test]
fn t_draw_percentiles_of_one_mean_are_students_interval() {
    let samples = 5000;
    for n in [2_u32, 3, 5, 10] {
        let (mean, sd) = (12.0, 3.0);
        let target = Example::linear(&[vec![1.0]], &[mean], &[sd], n, &[(-1e6, 1e6)]);
        let (_, summary) = run(
            &target,
            &[0.0],
            Options {
                samples,
                ..Options::default()
            },
        );
        assert_eq!(summary.succeeded, samples);
        let nu = f64::from(n - 1);
        let se = sd / f64::from(n).sqrt();
        let (lower, upper) = summary.intervals[0].interval.ends().unwrap();
        // Five Monte-Carlo standard errors of a 2.5 % quantile.
        let tolerance = 5.0 * se * quantile_error(0.975, nu, samples);
        close(lower, mean - t_quantile(0.975, nu) * se, tolerance);
        close(upper, mean + t_quantile(0.975, nu) * se, tolerance);
        // The Monte-Carlo interval of the end holds about ±2 of them.
        let range = summary.intervals[0].upper_monte_carlo;
        let width = range.upper.unwrap() - range.lower.unwrap();
        let expected = 2.0 * 1.96 * se * quantile_error(0.975, nu, samples);
        assert!(
            (0.6..1.6).contains(&(width / expected)),
            "{width} {expected}"
        );
    }
}

#[test]
fn plug_in_percentiles_are_z_intervals_whatever_sd_is_redrawn() {
    let samples = 5000;
    let (mean, sd, n) = (12.0, 3.0, 5_u32);
    let target = Example::linear(&[vec![1.0]], &[mean], &[sd], n, &[(-1e6, 1e6)]);
    for draw in [Draw::PlugIn, Draw::MeansOnly] {
        let (_, summary) = run(
            &target,
            &[0.0],
            Options {
                draw,
                samples,
                ..Options::default()
            },
        );
        let se = sd / f64::from(n).sqrt();
        let tolerance = 5.0 * se * quantile_error(0.975, f64::INFINITY, samples);
        for i in &summary.intervals {
            let (lower, upper) = i.interval.ends().unwrap();
            close(lower, mean - 1.959_964 * se, tolerance);
            close(upper, mean + 1.959_964 * se, tolerance);
        }
        assert!(summary.notes.iter().any(|n| n.contains("88–93 %")));
    }
}

#[test]
fn a_randomised_posterior_mode_has_the_conjugate_posterior() {
    let samples = 5000;
    let (mean, sd, n, centre) = (10.0, 2.0, 5_u32, 4.0);
    let data = f64::from(n) / (sd * sd);
    for share in [0.1_f64, 0.5, 0.9] {
        let prior = data * share / (1.0 - share);
        let target = Example::linear(&[vec![1.0]], &[mean], &[sd], n, &[(-1e6, 1e6)]).with_prior(
            0,
            centre,
            prior.sqrt().recip(),
        );
        let expected = (1.0 - share) * mean + share * centre;
        let spread = (data + prior).sqrt().recip();
        for draws in [Centre::Fit, Centre::Observed] {
            let (list, _) = run(
                &target,
                &[0.0],
                Options {
                    // The posterior of the conjugate model takes the SD as known.
                    draw: Draw::MeansOnly,
                    centre: draws,
                    samples,
                    ..Options::default()
                },
            );
            let count = samples as f64;
            let average = list.iter().map(|r| r.theta[0]).sum::<f64>() / count;
            let variance = list
                .iter()
                .map(|r| (r.theta[0] - average).powi(2))
                .sum::<f64>()
                / (count - 1.0);
            close(average, expected, 5.0 * spread / count.sqrt());
            close(variance.sqrt(), spread, 5.0 * spread / (2.0 * count).sqrt());
        }
        // Prior means kept: what is left is the scatter of the data alone, shrunk.
        let (list, _) = run(
            &target,
            &[0.0],
            Options {
                draw: Draw::MeansOnly,
                fixed_priors: true,
                samples,
                ..Options::default()
            },
        );
        let spread = (1.0 - share) / data.sqrt();
        let average = list.iter().map(|r| r.theta[0]).sum::<f64>() / samples as f64;
        let sd = (list
            .iter()
            .map(|r| (r.theta[0] - average).powi(2))
            .sum::<f64>()
            / (samples as f64 - 1.0))
            .sqrt();
        close(sd, spread, 5.0 * spread / (2.0 * samples as f64).sqrt());
    }
}

fn line() -> Example {
    let x = [0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0];
    let design: Vec<Vec<f64>> = x.iter().map(|x| vec![1.0, *x]).collect();
    Example::linear(
        &design,
        &[1.1, 2.9, 5.2, 6.8, 9.3, 10.7, 13.2, 14.9],
        &[0.5; 8],
        5,
        &[(-1e6, 1e6), (-1e6, 1e6)],
    )
}

#[test]
fn a_replicate_depends_on_its_number_only() {
    let target = line();
    let fit = fitted(&target, &[0.0, 0.0]);
    let ctx = Context::new(&target, target.data(), &fit, Vec::new(), Options::default()).unwrap();
    let all = replicates(&(0..50).collect::<Vec<_>>(), &ctx, &|_, _| {
        Control::Continue
    });
    let one = rayon::ThreadPoolBuilder::new()
        .num_threads(1)
        .build()
        .unwrap()
        .install(|| {
            let ks: Vec<u64> = (0..50).rev().collect();
            replicates(&ks, &ctx, &|_, _| Control::Continue)
        });
    for (k, r) in all.iter().enumerate() {
        assert_eq!(r, &one[49 - k]);
        assert_eq!(r, &replicate(k as u64, &ctx, &mut ()));
        // A checkpoint reads back what was computed.
        let text = serde_json::to_string(r).unwrap();
        assert_eq!(&serde_json::from_str::<Replicate>(&text).unwrap(), r);
    }
    assert_eq!(all[0].theta, fit.theta);
}

#[test]
fn means_have_no_cases_to_resample() {
    let target = line();
    let fit = fitted(&target, &[0.0, 0.0]);
    let options = Options {
        kind: Kind::Case,
        ..Options::default()
    };
    let refused = Context::new(&target, target.data(), &fit, Vec::new(), options).unwrap_err();
    assert!(matches!(
        refused,
        BootstrapError::CaseOfMeans { means: 8, rows: 8 }
    ));
    assert!(refused.to_string().contains("use kind `parametric`"));
}

#[test]
fn residuals_are_refused_below_five_degrees_of_freedom() {
    let options = Options {
        kind: Kind::Residual,
        ..Options::default()
    };
    let few = Example::linear(
        &[vec![1.0], vec![1.0], vec![1.0], vec![1.0]],
        &[1.0, 2.0, 3.0, 4.0],
        &[1.0; 4],
        5,
        &[(-1e6, 1e6)],
    );
    let fit = fitted(&few, &[0.0]);
    let refused = Context::new(&few, few.data(), &fit, Vec::new(), options.clone()).unwrap_err();
    assert!(matches!(refused, BootstrapError::FewResiduals { .. }));
    // Six degrees of freedom are enough, and scaled residuals give back the scatter of the estimates.
    let samples = 5000;
    let (list, _) = run(&line(), &[0.0, 0.0], Options { samples, ..options });
    let average = list.iter().map(|r| r.theta[1]).sum::<f64>() / samples as f64;
    let variance = list
        .iter()
        .map(|r| (r.theta[1] - average).powi(2))
        .sum::<f64>()
        / samples as f64;
    // Pool of residuals r/√(1−h), centred: its variance over Σ(x − x̄)² = 42.
    let target = line();
    let fit = fitted(&target, &[0.0, 0.0]);
    let linear = super::linearised(&target, &fit);
    let pool: Vec<f64> = (0..8)
        .map(|i| linear.residual[i] / (1.0 - linear.leverage[i]).sqrt())
        .collect();
    let mean = pool.iter().sum::<f64>() / 8.0;
    let spread = pool.iter().map(|r| (r - mean).powi(2)).sum::<f64>() / 8.0;
    let expected = spread * 0.05 / 42.0;
    close(variance, expected, 0.05 * expected);
}

#[test]
fn three_percent_of_failures_open_every_end_if_they_were_extreme() {
    let target = line();
    let fit = fitted(&target, &[0.0, 0.0]);
    let options = Options {
        samples: 1000,
        draw: Draw::PlugIn,
        studentise: true,
        ..Options::default()
    };
    let ctx = Context::new(&target, target.data(), &fit, Vec::new(), options).unwrap();
    let ks: Vec<u64> = (1..=1000).collect();
    let mut list = replicates(&ks, &ctx, &|_, _| Control::Continue);
    let failing = |list: &mut [Replicate], every: usize| {
        for r in list.iter_mut().step_by(every) {
            *r = Replicate {
                index: r.index,
                failure: Some("step_too_small".into()),
                ..Replicate::default()
            };
        }
    };
    let wanted = Wanted {
        methods: vec![
            Method::Percentile,
            Method::Basic,
            Method::Bc,
            Method::BootstrapT,
        ],
        ..Wanted::default()
    };
    let whole = summarise(&ctx, &list, &wanted);
    assert_eq!(whole.intervals.len(), 8);
    failing(&mut list, 100);
    let one = summarise(&ctx, &list, &wanted);
    assert_eq!(one.succeeded, 990);
    assert_eq!(one.failed["step_too_small"], 10);
    for (a, b) in whole.intervals.iter().zip(&one.intervals) {
        let (lower, upper) = a.interval.ends().unwrap();
        // One percent extreme: the ends move outwards, to the 1.5 % quantiles of the rest.
        assert!(b.if_failures_extreme.lower.unwrap() < lower);
        assert!(b.if_failures_extreme.upper.unwrap() > upper);
    }
    failing(&mut list, 30);
    let three = summarise(&ctx, &list, &wanted);
    assert!(three.succeeded < 970);
    for i in &three.intervals {
        let method = i.interval.method;
        assert_eq!(i.if_failures_extreme.lower, None, "{method:?}");
        assert_eq!(i.if_failures_extreme.upper, None, "{method:?}");
        assert!(i.interval.ends().is_some());
    }
    assert!(three.notes.iter().any(|n| n.contains("replicates failed")));
}

#[test]
fn an_end_with_many_replicates_at_a_bound_is_at_bound() {
    // The estimate lies one standard error above its lower bound: 16 % of z draws end there.
    let se = 1.0 / 5.0_f64.sqrt();
    let target = Example::linear(&[vec![1.0]], &[se], &[1.0], 5, &[(0.0, 1e3)]);
    let (_, summary) = run(&target, &[1.0], Options::default());
    let i = &summary.intervals[0];
    assert_eq!(i.interval.lower, mechfit::uncertainty::End::AtBound);
    assert!(i.interval.upper.closed().is_some());
    assert!(
        (0.1..0.25).contains(&i.share_at_lower_bound),
        "{}",
        i.share_at_lower_bound
    );
    // Reflected, these replicates are what the upper end is read from; the lower one is read from those far above.
    let basic = &summary.intervals[1];
    assert_eq!(basic.interval.method, Method::Basic);
    assert_eq!(basic.interval.upper, mechfit::uncertainty::End::AtBound);
    assert!(basic.interval.lower.closed().is_some());
}

#[test]
fn estimates_of_a_line_correlate_as_their_covariance_says() {
    let target = line();
    let samples = 4000;
    let (_, summary) = run(
        &target,
        &[0.0, 0.0],
        Options {
            draw: Draw::MeansOnly,
            samples,
            ..Options::default()
        },
    );
    let fit = fitted(&target, &[0.0, 0.0]);
    let c = super::linearised(&target, &fit).covariance;
    let expected = c.at(0, 1) / (c.at(0, 0) * c.at(1, 1)).sqrt();
    let found = summary.correlation.values[0][1].unwrap();
    close(
        found,
        expected,
        5.0 * (1.0 - expected * expected) / (samples as f64).sqrt(),
    );
    assert_eq!(summary.correlation.values[0][0], Some(1.0));
    let last = summary.convergence.last().unwrap();
    assert_eq!(last.samples, samples);
    assert_eq!(summary.convergence[0].samples, 50);
    assert_eq!(
        last.ends[0].lower,
        summary.intervals[0].interval.lower.closed()
    );
}

#[test]
fn studentised_draws_of_one_mean_are_students_interval() {
    let samples = 5000;
    for n in [3_u32, 5, 10] {
        let (mean, sd) = (12.0, 3.0);
        let target = Example::linear(&[vec![1.0]], &[mean], &[sd], n, &[(-1e6, 1e6)]);
        let fit = fitted(&target, &[0.0]);
        let options = Options {
            draw: Draw::PlugIn,
            studentise: true,
            samples,
            ..Options::default()
        };
        let ctx = Context::new(&target, target.data(), &fit, Vec::new(), options).unwrap();
        let ks: Vec<u64> = (1..=samples).collect();
        let list = replicates(&ks, &ctx, &|_, _| Control::Continue);
        let wanted = Wanted {
            methods: vec![Method::BootstrapT],
            ..Wanted::default()
        };
        let summary = summarise(&ctx, &list, &wanted);
        let nu = f64::from(n - 1);
        let se = sd / f64::from(n).sqrt();
        let (lower, upper) = summary.intervals[0].interval.ends().unwrap();
        assert_eq!(summary.intervals[0].interval.method, Method::BootstrapT);
        let tolerance = 5.0 * se * quantile_error(0.975, nu, samples);
        close(lower, mean - t_quantile(0.975, nu) * se, tolerance);
        close(upper, mean + t_quantile(0.975, nu) * se, tolerance);
    }
}

#[test]
fn residuals_are_drawn_within_their_stratum() {
    // Ten quiet arms, ten noisy ones, by their residuals about a common level.
    let noise = |i: usize| if i < 10 { 0.1 } else { 2.0 };
    let y: Vec<f64> = (0..20)
        .map(|i| 5.0 + noise(i) * if i % 2 == 0 { 1.0 } else { -1.0 })
        .collect();
    let target = Example::linear(&vec![vec![1.0]; 20], &y, &[1.0; 20], 5, &[(-1e3, 1e3)]);
    let fit = fitted(&target, &[0.0]);
    let context = |strata| {
        let options = Options {
            kind: Kind::Residual,
            strata,
            ..Options::default()
        };
        Context::new(&target, target.data(), &fit, Vec::new(), options).unwrap()
    };
    let strata = (0..20).map(|i| i / 10).collect();
    let (apart, mixed) = (context(Some(strata)), context(None));
    let furthest = |ctx: &Context<'_, Example>, rows: std::ops::Range<usize>| {
        (1..=50)
            .flat_map(|k| ctx.data_of(k).value[rows.clone()].to_vec())
            .map(|v| (v - fit.theta[0]).abs())
            .fold(0.0, f64::max)
    };
    // Residuals are scaled by 1/sqrt(1 - 1/20), no more.
    assert!(
        furthest(&apart, 0..10) < 0.11,
        "{}",
        furthest(&apart, 0..10)
    );
    close(furthest(&apart, 10..20), 2.0 / 0.95_f64.sqrt(), 1e-9);
    assert!(furthest(&mixed, 0..10) > 1.9);
}

#[test]
fn ends_settle_with_the_number_of_replicates() {
    let target = Example::linear(&[vec![1.0]], &[12.0], &[3.0], 5, &[(-1e6, 1e6)]);
    let samples = 4000;
    let (_, summary) = run(
        &target,
        &[0.0],
        Options {
            samples,
            ..Options::default()
        },
    );
    let se = 3.0 / 5.0_f64.sqrt();
    let exact = 12.0 - t_quantile(0.975, 4.0) * se;
    assert!(summary.convergence.len() >= 4);
    for c in &summary.convergence {
        // Each within five of its own Monte-Carlo standard errors, which fall with the root of the number.
        let error = se * quantile_error(0.975, 4.0, c.samples);
        close(c.ends[0].lower.unwrap(), exact, 5.0 * error);
    }
    let last = summary.convergence.last().unwrap();
    assert_eq!(
        last.ends[0].lower,
        summary.intervals[0].interval.lower.closed()
    );
}

/// An example that cannot be evaluated for data whose first mean lies above a limit: as a model that has no steady state
/// there.
struct Fragile(Example, f64);

impl Target for Fragile {
    type Workspace = ();
    type Quantity = At;

    fn coordinates(&self) -> &[Coordinate] {
        self.0.coordinates()
    }
    fn rows(&self) -> &[RowInfo] {
        self.0.rows()
    }
    fn data(&self) -> &Data {
        self.0.data()
    }
    fn workspace(&self) {}
    fn evaluate(
        &self,
        theta: &[f64],
        data: &Data,
        want: Want,
        (): &mut (),
    ) -> Result<Evaluated, EvalError> {
        if data.value[0] > self.1 {
            return Err(EvalError::Simulation {
                experiment: "e0".into(),
                reason: "no_steady_state",
                cause: "there is no steady state".into(),
            });
        }
        self.0.evaluate(theta, data, want, &mut ())
    }
    fn linearise(
        &self,
        theta: &[f64],
        data: &Data,
        (): &mut (),
    ) -> Result<Linearisation, EvalError> {
        self.0.linearise(theta, data, &mut ())
    }
    fn predict(
        &self,
        quantity: &At,
        theta: &[f64],
        (): &mut (),
    ) -> Result<(f64, Vec<f64>), EvalError> {
        self.0.predict(quantity, theta, &mut ())
    }
}

#[test]
fn three_percent_that_really_fail_are_counted_by_reason_and_open_the_ends() {
    let (mean, sd) = (12.0, 3.0);
    let se = sd / 5.0_f64.sqrt();
    let example = Example::linear(&[vec![1.0]], &[mean], &[sd], 5, &[(-1e6, 1e6)]);
    let fit = fitted(&example, &[0.0]);
    // Draws lie above this limit in 3 %: whoever swept them aside would cut off the upper tail.
    let target = Fragile(example, mean + t_quantile(0.97, 4.0) * se);
    let samples = 2000;
    let options = Options {
        samples,
        ..Options::default()
    };
    let ctx = Context::new(&target, target.data(), &fit, Vec::new(), options).unwrap();
    let ks: Vec<u64> = (1..=samples).collect();
    let list = replicates(&ks, &ctx, &|_, _| Control::Continue);
    let summary = summarise(&ctx, &list, &Wanted::default());
    let failed = summary.failed["no_steady_state"];
    // 60 ± 7.6 of 2000.
    assert!((30..=90).contains(&failed), "{failed}");
    assert_eq!(summary.succeeded, samples - failed);
    let i = &summary.intervals[0];
    assert_eq!(i.if_failures_extreme.lower, None);
    assert_eq!(i.if_failures_extreme.upper, None);
    let (_, upper) = i.interval.ends().unwrap();
    assert!(
        upper < mean + t_quantile(0.97, 4.0) * se,
        "the tail is gone: {upper}"
    );
    assert!(
        summary
            .notes
            .iter()
            .any(|n| n.contains("replicates failed"))
    );
}
