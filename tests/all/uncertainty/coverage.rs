//! Coverage on a small algebraic target.

use mechfit::fit::refit;
use mechfit::objective::Target;
use mechfit::objective::example::Example;
use mechfit::objective::target::to_natural;
use mechfit::problem::NoiseSetting;
use mechfit::search::Control;
use mechfit::uncertainty::Coverage;
use mechfit::uncertainty::coverage::{
    Context, CoverageSet, KINDS, Options, Violation, coverage_sets, simulate, summarise,
};
use mechfit::uncertainty::profile::{Item, Options as ProfileOptions, profiles};

/// Five arms, two parameters, n = 5, unequal SDs.
fn line() -> (Example, Vec<f64>) {
    let x = [0.0, 1.0, 2.0, 3.0, 4.0];
    let design: Vec<Vec<f64>> = x.iter().map(|x| vec![1.0, *x]).collect();
    let target = Example::linear(
        &design,
        &[1.0, 3.0, 5.0, 7.0, 9.0],
        &[0.5, 0.9, 0.4, 0.7, 0.5],
        5,
        &[(-1e3, 1e3), (-1e3, 1e3)],
    );
    (target, vec![1.0, 2.0])
}

fn run(sets: u64, options: Options) -> Coverage {
    let (target, theta) = line();
    let ctx = Context {
        target: &target,
        data: target.data(),
        theta: &theta,
        options,
    };
    let ks: Vec<u64> = (1..=sets).collect();
    let list = coverage_sets(&ks, &ctx, &|_, _| Control::Continue);
    summarise(&ctx, &list)
}

fn covered(c: &Coverage, method: &str) -> f64 {
    c.rows
        .iter()
        .find(|r| r.id.is_none() && r.method == method)
        .and_then(|r| r.covered)
        .unwrap_or_else(|| panic!("no row {method}"))
}

#[test]
fn reference_intervals_cover_what_they_say_and_z_intervals_do_not() {
    let sets = 1500;
    let found = run(
        sets,
        Options {
            widths: 30,
            ..Options::default()
        },
    );
    assert_eq!(found.succeeded, sets);
    // Four binomial standard errors of one parameter.
    let margin = 4.0 * (0.95 * 0.05 / sets as f64).sqrt();
    for method in ["profile", "fisher", "profile_exact"] {
        let c = covered(&found, method);
        assert!((c - 0.95).abs() < margin, "{method}: {c}");
    }
    for method in ["fisher_z", "profile_chi2"] {
        let c = covered(&found, method);
        assert!(c < 0.95 - margin, "{method}: {c}");
    }
    for r in found.rows.iter().filter(|r| r.method == "profile") {
        let (below, above) = (r.missed_below.unwrap(), r.missed_above.unwrap());
        assert!((0.005..0.05).contains(&below), "{below}");
        assert!((0.005..0.05).contains(&above), "{above}");
        // Wider than z, and not by more than half.
        let width = r.relative_width.unwrap();
        assert!((1.0..1.5).contains(&width), "{width}");
    }
    let size = |test: &str| {
        found
            .sizes
            .iter()
            .find(|s| s.test == test)
            .and_then(|s| s.rejected)
            .unwrap()
    };
    let margin = 4.0 * (0.05 * 0.95 / sets as f64).sqrt();
    assert!(
        (size("johansen_f") - 0.05).abs() < margin,
        "{}",
        size("johansen_f")
    );
    assert!(size("chi2") > 0.05 + margin, "{}", size("chi2"));
}

#[test]
fn t_draw_percentiles_cover_and_plug_in_percentiles_do_not() {
    let sets = 300;
    let found = run(
        sets,
        Options {
            bootstrap: 79,
            exact: false,
            widths: 0,
            ..Options::default()
        },
    );
    let margin = 4.0 * (0.95 * 0.05 / sets as f64).sqrt();
    let t = covered(&found, "percentile");
    assert!((t - 0.95).abs() < margin, "{t}");
    let plug_in = covered(&found, "percentile_plug_in");
    assert!(plug_in < t, "{plug_in} {t}");
    let size = found.sizes.iter().find(|s| s.test == "bootstrap").unwrap();
    assert!((size.rejected.unwrap() - 0.05).abs() < margin, "{size:?}");
}

#[test]
fn declared_violations_are_named_and_change_the_data() {
    for (violation, name) in [
        (
            Violation::Correlated { rho: 0.5 },
            "arms correlate, rho = 0.5",
        ),
        (Violation::LogNormal, "replicates are log-normal"),
    ] {
        let found = run(
            200,
            Options {
                exact: false,
                widths: 0,
                violation,
                ..Options::default()
            },
        );
        assert_eq!(found.violation, name);
        assert_eq!(found.succeeded, 200);
    }
    // Arms that share their donors make the common level (p0 + 2·p1 here) less certain than independent arms say.
    let found = run(
        400,
        Options {
            exact: false,
            widths: 0,
            violation: Violation::Correlated { rho: 0.8 },
            ..Options::default()
        },
    );
    let c = covered(&found, "profile");
    assert!(c < 0.999, "{c}");
}

#[test]
fn truths_with_priors_are_drawn_from_them() {
    let target = Example::constant(&[3.0], 2.0, 5).with_prior(0, 3.0, 0.5);
    let theta = [3.0];
    let ctx = Context {
        target: &target,
        data: target.data(),
        theta: &theta,
        options: Options {
            widths: 0,
            exact: false,
            ..Options::default()
        },
    };
    let sets = 600;
    let ks: Vec<u64> = (1..=sets).collect();
    let found = summarise(&ctx, &coverage_sets(&ks, &ctx, &|_, _| Control::Continue));
    assert_eq!(found.drawn_from_priors, ["p0"]);
    let margin = 4.0 * (0.95 * 0.05 / sets as f64).sqrt();
    let c = covered(&found, "profile");
    assert!((c - 0.95).abs() < margin, "{c}");
}

/// Whether the interval of a profile walked to its ends holds each truth, for one data set.
fn walked(target: &Example, ctx: &Context<'_, Example>, k: u64) -> Vec<i8> {
    let (truth, data) = simulate(k, ctx, &mut target.workspace()).unwrap();
    let options = ProfileOptions::default();
    let best = refit(target, &data, &truth, &[], &options.search, &mut ()).unwrap();
    let items: Vec<_> = (0..truth.len()).map(Item::Parameter).collect();
    let found = profiles(target, &data, &best, &items, &options, 1, &[], &|_| {
        Control::Continue
    })
    .unwrap();
    found
        .parameters
        .iter()
        .zip(&truth)
        .zip(target.coordinates())
        .map(|((p, truth), c)| {
            let truth = &to_natural(c.scale, *truth);
            let below = p.interval.upper.closed().is_some_and(|b| b < *truth);
            let above = p.interval.lower.closed().is_some_and(|a| a > *truth);
            i8::from(above) - i8::from(below)
        })
        .collect()
}

#[test]
fn one_constrained_minimum_says_what_the_walk_to_both_ends_says() {
    let (line, straight) = line();
    // A curve that bends, so that the first guess of a constrained minimum is not the minimum.
    let decay = Example::decay(
        &[0.0, 0.5, 1.0, 2.0],
        &[10.0, 6.07, 3.68, 1.35],
        &[1.8, 1.2, 0.9, 0.6],
        5,
    );
    for (target, theta) in [(line, straight), (decay, vec![1.0, 0.0])] {
        let ctx = Context {
            target: &target,
            data: target.data(),
            theta: &theta,
            options: Options {
                exact: false,
                widths: 0,
                ..Options::default()
            },
        };
        let ks: Vec<u64> = (1..=60).collect();
        let sets = coverage_sets(&ks, &ctx, &|_, _| Control::Continue);
        let kind = KINDS.iter().position(|k| *k == "profile").unwrap();
        let mut missed = 0;
        for set in &sets {
            let judged: Vec<i8> = set.cells[kind].iter().map(|c| c.unwrap().miss).collect();
            assert_eq!(judged, walked(&target, &ctx, set.index), "{}", set.index);
            missed += judged.iter().filter(|m| **m != 0).count();
        }
        assert!(missed > 1, "a test of misses needs some: {missed}");
    }
}

#[test]
fn a_record_comes_back_from_its_text_and_a_set_depends_on_its_number_only() {
    let (target, theta) = line();
    let ctx = Context {
        target: &target,
        data: target.data(),
        theta: &theta,
        options: Options {
            bootstrap: 59,
            widths: 2,
            ..Options::default()
        },
    };
    let all = coverage_sets(&[1, 2, 3], &ctx, &|_, _| Control::Continue);
    let alone = coverage_sets(&[3], &ctx, &|_, _| Control::Continue);
    assert_eq!(alone[0], all[2]);
    for set in &all {
        let text = serde_json::to_string(set).unwrap();
        let back: CoverageSet = serde_json::from_str(&text).unwrap();
        assert_eq!(&back, set);
        assert_eq!(serde_json::to_string(&back).unwrap(), text);
    }
}

#[test]
fn thresholds_calibrated_by_order_cover() {
    let sets = 150;
    let found = run(
        sets,
        Options {
            bootstrap: 99,
            exact: false,
            widths: 0,
            ..Options::default()
        },
    );
    let margin = 4.0 * (0.95 * 0.05 / sets as f64).sqrt();
    let c = covered(&found, "profile_bootstrap");
    assert!((c - 0.95).abs() < margin, "{c}");
}

#[test]
fn pooled_sds_are_assumed_by_the_analysis_of_the_same_data() {
    let (target, theta) = line();
    let of = |violation| {
        let options = Options {
            violation,
            ..Options::default()
        };
        let ctx = Context {
            target: &target,
            data: target.data(),
            theta: &theta,
            options,
        };
        simulate(7, &ctx, &mut ()).unwrap()
    };
    let (truth, own) = of(Violation::None);
    let (same, pooled) = of(Violation::PooledSd);
    assert_eq!(truth, same);
    assert_eq!((&own.value, &own.sd), (&pooled.value, &pooled.sd));
    assert_eq!(pooled.noise, Some(NoiseSetting::PooledSd));
    assert_eq!(own.noise, None);
    assert_eq!(
        Violation::PooledSd.name(),
        "the analysis pools SDs that differ"
    );
}
