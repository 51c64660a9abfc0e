//! Variants that differ in a known way.

use mechfit::objective::Target;
use mechfit::objective::example::Example;
use mechfit::search::{Control, Options};
use mechfit::uncertainty::Comparison;
use mechfit::uncertainty::compare::{
    Pair, PairContext, Variant, conclude, fit_variants, pair_replicates, rank, summarise_pair,
};

use super::{close, fitted};

const WIDE: (f64, f64) = (-1e3, 1e3);

fn target(columns: &[&dyn Fn(f64) -> f64], y: &[f64]) -> Example {
    let design: Vec<Vec<f64>> = (0..y.len())
        .map(|i| columns.iter().map(|f| f(i as f64)).collect())
        .collect();
    Example::linear(
        &design,
        y,
        &vec![0.5; y.len()],
        5,
        &vec![WIDE; columns.len()],
    )
}

fn variant<'a>(id: &str, target: &'a Example, nested_in: &[&str]) -> Variant<'a, Example> {
    Variant {
        id: id.into(),
        optimum: fitted(target, &vec![0.0; target.coordinates().len()]),
        target,
        starts: Vec::new(),
        nested_in: nested_in.iter().map(|s| (*s).to_string()).collect(),
        fixed: vec![("p1".into(), 0.0)],
    }
}

fn compare(variants: &[Variant<'_, Example>], first: usize, second: usize) -> Comparison {
    let search = Options::default();
    let (fits, refused) = fit_variants(variants, &search);
    assert!(refused.is_empty(), "{refused:?}");
    let ctx = PairContext::new(
        (&variants[first], &fits[first]),
        (&variants[second], &fits[second]),
        1,
        search,
    )
    .unwrap();
    let ks: Vec<u64> = (1..=199).collect();
    let list = pair_replicates(&ks, &ctx, &|_, _| Control::Continue);
    let pair = summarise_pair(&ctx, &list);
    conclude(rank(&fits, refused), &fits, vec![pair])
}

#[test]
fn a_slope_that_the_data_have_rejects_the_constant() {
    let y = [1.0, 1.4, 2.1, 2.4, 3.1];
    let (constant, line) = (target(&[&|_| 1.0], &y), target(&[&|_| 1.0, &|x| x], &y));
    let variants = [
        variant("constant", &constant, &["line"]),
        variant("line", &line, &[]),
    ];
    let found = compare(&variants, 0, 1);
    assert_eq!(found.models[0].id, "line");
    assert_eq!(found.models[0].verdict, "best");
    let small = &found.models[1];
    assert!(small.delta.unwrap() > 6.0);
    let lrt = small.lrt.as_ref().unwrap();
    assert_eq!(
        (lrt.against.as_str(), lrt.method.as_str()),
        ("line", "bootstrap")
    );
    // None of 199 replicates reached it.
    close(lrt.p_value, 1.0 / 200.0, 1e-12);
    assert!(small.verdict.starts_with("rejected against line"));
    assert_eq!(found.supported, ["line"]);
    let weights: f64 = found.models.iter().map(|m| m.weight.unwrap()).sum();
    close(weights, 1.0, 1e-12);
}

#[test]
fn a_slope_that_the_data_do_not_have_is_not_needed() {
    let y = [2.0, 2.1, 1.9, 2.05, 2.0];
    let (constant, line) = (target(&[&|_| 1.0], &y), target(&[&|_| 1.0, &|x| x], &y));
    let variants = [
        variant("constant", &constant, &["line"]),
        variant("line", &line, &[]),
    ];
    let found = compare(&variants, 0, 1);
    assert_eq!(found.models[0].id, "constant");
    let pair = &found.pairs[0];
    assert!(pair.nested && pair.p_second.is_none());
    assert!(pair.p_first.unwrap() > 0.3, "{pair:?}");
    assert!(pair.verdict.contains("is not needed"));
    assert!(found.supported.contains(&"line".to_string()));
}

#[test]
fn two_shapes_that_the_data_cannot_tell_apart_are_said_to_be_so() {
    let y = [1.0, 1.6, 2.1, 2.4, 3.1];
    let (line, root) = (
        target(&[&|_| 1.0, &|x| x], &y),
        target(&[&|_| 1.0, &|x| x * (1.0 + 0.02 * x)], &y),
    );
    let variants = [variant("line", &line, &[]), variant("bent", &root, &[])];
    let found = compare(&variants, 0, 1);
    let pair = &found.pairs[0];
    assert!(!pair.nested);
    assert!(
        pair.p_first.unwrap() > 0.05 && pair.p_second.unwrap() > 0.05,
        "{pair:?}"
    );
    assert!(
        pair.verdict.contains("cannot be told apart"),
        "{}",
        pair.verdict
    );
    assert_eq!(found.supported.len(), 2);
}

#[test]
fn a_test_that_does_not_reject_takes_back_nothing_of_what_the_criterion_says() {
    // A model ten above the best by AICc, in a pair whose test has too little power to reject it.
    let y = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0];
    let line = target(&[&|_| 1.0, &|x| x], &y);
    let constant = target(&[&|_| 1.0], &y);
    let variants = [
        variant("constant", &constant, &["line"]),
        variant("line", &line, &[]),
    ];
    let (fits, refused) = fit_variants(&variants, &Options::default());
    let pair = |p: f64| Pair {
        first: "constant".into(),
        second: "line".into(),
        nested: true,
        statistic: 5.0,
        p_first: Some(p),
        p_second: None,
        samples: [99, 0],
        verdict: String::new(),
    };
    let said = |p: f64| {
        let found = conclude(rank(&fits, refused.clone()), &fits, vec![pair(p)]);
        let m = found.models.iter().find(|m| m.id == "constant").unwrap();
        assert!(m.delta.unwrap() > 6.0, "{:?}", m.delta);
        m.verdict.clone()
    };
    assert_eq!(
        said(0.2),
        "not supported by AICc (not rejected against line: P = 0.20)"
    );
    assert_eq!(said(0.01), "rejected against line (P = 0.010)");
}

#[test]
fn variants_of_other_data_are_refused() {
    let (a, b) = (
        target(&[&|_| 1.0], &[1.0, 2.0, 3.0]),
        target(&[&|_| 1.0], &[1.0, 2.0, 3.5]),
    );
    let variants = [variant("a", &a, &[]), variant("b", &b, &[])];
    let (fits, refused) = fit_variants(&variants, &Options::default());
    assert_eq!(fits.len(), 1);
    assert_eq!(refused[0].id, "b");
    assert!(refused[0].reason.contains("other data rows"));
}

#[test]
fn a_model_without_aicc_is_refused_with_the_reason() {
    let y = [1.0, 2.0];
    let full = Example::linear(
        &[vec![1.0, 0.0], vec![0.0, 1.0]],
        &y,
        &[0.5; 2],
        2,
        &[WIDE, WIDE],
    );
    let variants = [variant("full", &full, &[])];
    let (fits, refused) = fit_variants(&variants, &Options::default());
    assert!(fits.is_empty());
    assert!(refused[0].reason.contains("AICc"), "{}", refused[0].reason);
}

#[test]
fn a_larger_model_that_fits_worse_is_refitted_from_the_smaller_ones_optimum() {
    // The larger model's search was stopped far away: its exact-summary start lies in another valley.
    let y = [0.0, 0.2, 10.0, 10.1, 10.3];
    let small = target(&[&|_| 1.0], &y);
    let large = target(&[&|_| 1.0, &|x| if x > 10.0 { 1.0 } else { 0.0 }], &y);
    let mut a = variant("small", &small, &["large"]);
    a.starts = vec![vec![0.1], vec![10.1]];
    let mut b = variant("large", &large, &[]);
    b.optimum.theta = vec![0.1, 0.0];
    let (fits, refused) = fit_variants(&[a, b], &Options::default());
    assert!(refused.is_empty(), "{refused:?}");
    assert!(fits[1].refitted_from_parent);
    assert!(fits[1].exact.deviance <= fits[0].exact.deviance + 1e-4);
}

/// Twelve means of n = 5 and a chain of models, each with one more column than the one before.
fn chain(columns: usize, y: &[f64], s: &[f64]) -> Example {
    let design: Vec<Vec<f64>> = (0..y.len())
        .map(|i| {
            (0..columns)
                .map(|k| {
                    f64::cos(std::f64::consts::PI * k as f64 * (i as f64 + 0.5) / y.len() as f64)
                })
                .collect()
        })
        .collect();
    Example::linear(&design, y, s, 5, &vec![WIDE; columns])
}

/// What one more parameter costs by AICc against the optimism that simulation finds: how much better a model looks on the
/// data that it was fitted to than on new ones, more so with one parameter more.
#[test]
fn aicc_charges_what_a_parameter_is_worth() {
    use mechfit::stats::Stream;
    use mechfit::uncertainty::information::{Counts, exact_fit};

    const SETS: u64 = 1500;
    const N: f64 = 5.0;
    let sigma: Vec<f64> = (0..12).map(|i| 0.4 + 0.15 * f64::from(i % 5)).collect();
    let (k, zero) = (8, vec![0.0; 12]);
    let models = [chain(k, &zero, &sigma), chain(k + 1, &zero, &sigma)];
    let penalty = |m: &Example| Counts::of(m, m.data()).penalty().unwrap();
    let cost = penalty(&models[1]) - penalty(&models[0]);
    let search = Options::default();
    let mut differences = Vec::new();
    for set in 0..SETS {
        let mut stream = Stream::new(7, "optimism", set, 0);
        let mut data = models[0].data().clone();
        for (i, sigma) in sigma.iter().enumerate() {
            // The truth is 0 throughout, which every model of the chain contains.
            data.value[i] = sigma / N.sqrt() * stream.normal();
            data.sd[i] = sigma * (stream.chi_square(4) / 4.0).sqrt();
        }
        let optimism = |m: &Example| -> f64 {
            let mut own = m.data().clone();
            own.value.clone_from(&data.value);
            own.sd.clone_from(&data.sd);
            let start = vec![0.0; m.coordinates().len()];
            let found = exact_fit(m, &own, &[&start], &search, &mut m.workspace()).unwrap();
            let at = m
                .linearise(&found.optimum.theta, &own, &mut m.workspace())
                .unwrap();
            // −2 log likelihood of new data at this fit, in expectation: their squares average n(σ² + f̂²).
            let new: f64 = (0..12)
                .map(|i| {
                    let f = at.rows[i].simulated;
                    let d = own.value[i] - f;
                    let v = ((N - 1.0) * own.sd[i] * own.sd[i] + N * d * d) / N;
                    N * f64::ln(2.0 * std::f64::consts::PI * v)
                        + N * (sigma[i] * sigma[i] + f * f) / v
                })
                .sum();
            new - found.deviance
        };
        differences.push(optimism(&models[1]) - optimism(&models[0]));
    }
    let mean = differences.iter().sum::<f64>() / SETS as f64;
    let variance = differences
        .iter()
        .map(|d| (d - mean) * (d - mean))
        .sum::<f64>()
        / SETS as f64;
    let error = (variance / SETS as f64).sqrt();
    println!("cost of a parameter by AICc {cost:.2}, simulated optimism {mean:.2} ± {error:.2}");
    assert!(
        (cost / mean - 1.0).abs() < 0.25,
        "{cost} against {mean} ± {error}"
    );
    // And the usual AIC, 2 a parameter, is far from it.
    assert!(mean - 2.0 > 3.0 * error, "{mean} ± {error}");
}

/// The bootstrap likelihood ratio of a line within a curve holds its size; χ² does not.
#[test]
fn the_bootstrap_likelihood_ratio_holds_its_size() {
    let y = [1.0, 1.4, 2.1, 2.4, 3.1, 3.4];
    let line = target(&[&|_| 1.0, &|x| x], &y);
    let curve = target(&[&|_| 1.0, &|x| x, &|x| x * x], &y);
    let variants = [
        Variant {
            fixed: vec![("p2".into(), 0.0)],
            ..variant("line", &line, &["curve"])
        },
        variant("curve", &curve, &[]),
    ];
    let search = Options::default();
    let (fits, refused) = fit_variants(&variants, &search);
    assert!(refused.is_empty(), "{refused:?}");
    let ctx = PairContext::new(
        (&variants[0], &fits[0]),
        (&variants[1], &fits[1]),
        3,
        search,
    )
    .unwrap();
    let ks: Vec<u64> = (1..=4000).collect();
    let size = ctx.size(&ctx.size_replicates(&ks, &|_, _| Control::Continue));
    println!("{size:?}");
    assert_eq!(size.sets, [4000, 0]);
    let share = size.bootstrap.unwrap();
    // Binomial error 0.35 %.
    assert!((0.04..=0.065).contains(&share), "{share}");
    assert!(size.chi2.unwrap() > 0.065, "{:?}", size.chi2);
}
