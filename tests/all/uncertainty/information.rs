//! Information criteria against sums worked out by hand.

use mechfit::objective::Target;
use mechfit::objective::example::Example;
use mechfit::problem::NoiseSetting;
use mechfit::search::Options;
use mechfit::uncertainty::information::{Counts, criteria};

use super::close;

const WIDE: (f64, f64) = (-1e3, 1e3);

#[test]
fn the_deviance_is_that_of_the_exact_summary() {
    // Two means with a parameter each: σ̂² = (n−1)s²/n.
    let target = Example::linear(
        &[vec![1.0, 0.0], vec![0.0, 1.0]],
        &[2.0, 5.0],
        &[0.5, 1.5],
        6,
        &[WIDE, WIDE],
    );
    let found = criteria(
        &target,
        target.data(),
        &[&[1.0, 1.0]],
        &Options::default(),
        &mut (),
    );
    let two_pi = 2.0 * std::f64::consts::PI;
    let own = |s: f64| 6.0 * (two_pi * 5.0 * s * s / 6.0).ln() + 6.0;
    let d = own(0.5) + own(1.5);
    close(found.deviance.unwrap(), d, 1e-9);
    assert_eq!((found.n_replicates, found.n_variances, found.k), (12, 2, 4));
    close(found.aic.unwrap(), d + 8.0, 1e-9);
    close(found.aicc.unwrap(), d + 8.0 + 2.0 * 4.0 * 5.0 / 7.0, 1e-9);
    close(found.bic.unwrap(), d + 4.0 * 12.0_f64.ln(), 1e-9);
    // Pooled: one variance for both.
    let pooled = target.with_noise(NoiseSetting::PooledSd);
    let found = criteria(
        &pooled,
        pooled.data(),
        &[&[1.0, 1.0]],
        &Options::default(),
        &mut (),
    );
    let variance = 5.0 * (0.25 + 2.25) / 12.0;
    close(
        found.deviance.unwrap(),
        12.0 * (two_pi * variance).ln() + 12.0,
        1e-9,
    );
    assert_eq!(found.n_variances, 1);
}

#[test]
fn too_few_replicates_give_no_aicc_and_a_reason() {
    let target = Example::linear(
        &[vec![1.0, 0.0], vec![0.0, 1.0]],
        &[2.0, 5.0],
        &[0.5, 1.5],
        2,
        &[WIDE, WIDE],
    );
    let found = criteria(
        &target,
        target.data(),
        &[&[1.0, 1.0]],
        &Options::default(),
        &mut (),
    );
    assert_eq!(found.aicc, None);
    assert!(found.reason.unwrap().contains("N = 4, K = 4"));
}

#[test]
fn twelve_means_of_five_never_have_a_negative_penalty() {
    for k in 1..=14 {
        let counts = Counts {
            n: 60,
            variances: 12,
            parameters: k,
        };
        assert!(counts.penalty().unwrap() > 0.0);
    }
    let penalty = |k| {
        Counts {
            n: 60,
            variances: 12,
            parameters: k,
        }
        .penalty()
        .unwrap()
    };
    // The eighth and ninth parameter: 4.8 (science notes, measured optimism 4.5).
    close(penalty(9) - penalty(8), 4.8, 0.1);
}

#[test]
fn an_arm_that_the_likelihood_gives_up_is_named() {
    let target = Example::linear(&vec![vec![1.0]; 3], &[0.0, 0.1, 8.0], &[1.0; 3], 5, &[WIDE]);
    let found = criteria(
        &target,
        target.data(),
        &[&[0.0]],
        &Options::default(),
        &mut (),
    );
    assert_eq!(found.given_up, [2]);
}
