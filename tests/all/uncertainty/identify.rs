//! What can be determined, in words.

use mechfit::objective::Target;
use mechfit::objective::example::Example;
use mechfit::uncertainty::identifiability::{judge, structural};
use mechfit::uncertainty::{Interval, Method, Verdict};

use super::{fitted, linearised};

const BOX: (f64, f64) = (-100.0, 100.0);

#[test]
fn parameters_that_only_a_sum_contains_are_structurally_free() {
    let target = Example::linear(
        &[
            vec![1.0, 1.0, 0.0],
            vec![2.0, 2.0, 1.0],
            vec![0.0, 0.0, 1.0],
        ],
        &[3.0, 7.0, 1.0],
        &[1.0; 3],
        5,
        &[BOX, BOX, BOX],
    );
    let found = structural(&target, target.data(), 1, 5);
    assert_eq!((found.rank, found.n_estimated), (2, 3));
    assert_eq!(found.free.len(), 1);
    assert_eq!(found.free[0].text, "only p0 + p1 is determined");
    assert!(found.free[0].constant);
    let linear = linearised(&target, &fitted(&target, &[0.0; 3]));
    let verdicts: Vec<Verdict> = judge(
        target.coordinates(),
        &linear,
        &[None, None, None],
        Some(&found),
        0.95,
    )
    .into_iter()
    .map(|j| j.verdict)
    .collect();
    assert_eq!(
        verdicts,
        [
            Verdict::StructurallyNonIdentifiable,
            Verdict::StructurallyNonIdentifiable,
            Verdict::Identifiable
        ]
    );
}

#[test]
fn a_rate_read_at_time_zero_only_changes_no_row() {
    let target = Example::decay(&[0.0, 0.0], &[10.0, 9.0], &[1.0, 1.0], 5);
    let found = structural(&target, target.data(), 1, 5);
    assert_eq!(found.rank, 1);
    assert_eq!(found.free[0].text, "p1 changes no row of data");
    // Two times are enough.
    let target = Example::decay(&[0.0, 1.0], &[10.0, 9.0], &[1.0, 1.0], 5);
    assert!(structural(&target, target.data(), 1, 5).free.is_empty());
}

#[test]
fn an_estimate_that_repeats_its_prior_is_prior_only() {
    let target = Example::constant(&[1.0], 10.0, 5).with_prior(0, 1.2, 0.1);
    let linear = linearised(&target, &fitted(&target, &[1.0]));
    let judged = judge(target.coordinates(), &linear, &[None], None, 0.95);
    assert_eq!(judged[0].verdict, Verdict::PriorOnly);
    assert!(judged[0].text.contains("comes from its prior"));
    // A share below 0.9, but an interval hardly narrower than the prior's 1.2 ± 1.96·0.1.
    let target = Example::constant(&[1.0], 0.5, 5).with_prior(0, 1.2, 0.1);
    let linear = linearised(&target, &fitted(&target, &[1.0]));
    assert!(linear.prior_share[0] < 0.9);
    let wide = Interval::closed(Method::Profile, 0.95, 1.01, 1.39);
    let judged = judge(target.coordinates(), &linear, &[Some(wide)], None, 0.95);
    assert_eq!(judged[0].verdict, Verdict::PriorOnly);
    let narrow = Interval::closed(Method::Profile, 0.95, 1.1, 1.3);
    let judged = judge(target.coordinates(), &linear, &[Some(narrow)], None, 0.95);
    assert_eq!(judged[0].verdict, Verdict::Identifiable);
}

#[test]
fn a_combination_that_a_prior_settles_is_not_left_free() {
    // The rows know the sum only; the prior of the second gives both.
    let target = Example::linear(
        &[vec![1.0, 1.0], vec![2.0, 2.0]],
        &[3.0, 6.0],
        &[1.0, 1.0],
        5,
        &[BOX, BOX],
    )
    .with_prior(1, 1.0, 3.0);
    let found = structural(&target, target.data(), 1, 5);
    assert_eq!(found.free[0].text, "only p0 + p1 is determined");
    let linear = linearised(&target, &fitted(&target, &[0.0; 2]));
    let none = [None, None];
    let judged = judge(target.coordinates(), &linear, &none, Some(&found), 0.95);
    assert_ne!(judged[0].verdict, Verdict::StructurallyNonIdentifiable);
    assert_eq!(judged[1].verdict, Verdict::PriorOnly);
}
