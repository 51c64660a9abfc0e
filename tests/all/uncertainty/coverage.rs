//! Coverage on a small algebraic target.

use mechfit::objective::Target;
use mechfit::objective::example::Example;
use mechfit::search::Control;
use mechfit::uncertainty::Coverage;
use mechfit::uncertainty::coverage::{Context, Options, Violation, coverage_sets, summarise};

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
