//! Further measurements against the covariance that they would really give.

use mechfit::objective::Target;
use mechfit::objective::example::{At, Example};
use mechfit::uncertainty::design::{Candidate, design, expected_sd};

use super::{close, fitted, linearised};

const WIDE: (f64, f64) = (-1e3, 1e3);

#[test]
fn the_expected_interval_is_that_of_the_fit_with_the_row() {
    let at = |x: f64| vec![1.0, x];
    let small = Example::linear(
        &[at(0.0), at(1.0), at(2.0)],
        &[1.0, 2.0, 3.0],
        &[0.5, 0.6, 0.7],
        5,
        &[WIDE, WIDE],
    );
    let fit = fitted(&small, &[0.0, 0.0]);
    let goal = At(at(6.0));
    let (near, far) = (At(at(0.5)), At(at(5.0)));
    let candidates = [
        Candidate {
            id: "near".into(),
            quantity: &near,
            n: 5,
            sd: 0.8,
        },
        Candidate {
            id: "far".into(),
            quantity: &far,
            n: 5,
            sd: 0.8,
        },
    ];
    let linear = linearised(&small, &fit);
    let found = design(
        &small,
        &linear,
        Some(("y at 6", &goal)),
        &candidates,
        0.95,
        &mut (),
    )
    .unwrap();
    assert_eq!(found.proposals[0].id, "far");
    assert!(found.proposals[0].error_ratio.unwrap() < found.proposals[1].error_ratio.unwrap());
    // With that mean in the data, where the fit predicts it, the fit stays and the interval is the expected one.
    let large = Example::linear(
        &[at(0.0), at(1.0), at(2.0), at(5.0)],
        &[1.0, 2.0, 3.0, 6.0],
        &[0.5, 0.6, 0.7, 0.8],
        5,
        &[WIDE, WIDE],
    );
    let after = linearised(&large, &fitted(&large, &[0.0, 0.0]));
    let half = after.covariance.of(&at(6.0)).unwrap().half_width(0.95);
    close(found.proposals[0].expected_upper.unwrap(), 7.0 + half, 1e-6);
    close(found.proposals[0].expected_lower.unwrap(), 7.0 - half, 1e-6);
}

#[test]
fn what_determines_a_free_direction_says_so() {
    let target = Example::linear(&[vec![1.0, 1.0]], &[3.0], &[1.0], 5, &[WIDE, WIDE]);
    let linear = linearised(&target, &fitted(&target, &[0.0, 0.0]));
    let alone = At(vec![1.0, 0.0]);
    let same = At(vec![1.0, 1.0]);
    let candidate = |id: &str, quantity| Candidate {
        id: id.into(),
        quantity,
        n: 5,
        sd: 1.0,
    };
    let found = design(
        &target,
        &linear,
        None,
        &[candidate("same", &same), candidate("alone", &alone)],
        0.95,
        &mut (),
    )
    .unwrap();
    assert_eq!(found.proposals[0].id, "alone");
    assert!(found.proposals[0].opens && found.proposals[0].d_gain.is_none());
    assert!(!found.proposals[1].opens);
    // A second mean of the same precision halves the variance: ln 2.
    close(found.proposals[1].d_gain.unwrap(), 2.0_f64.ln(), 1e-9);
    let sd = expected_sd(&target, target.data(), "y", 6.0).unwrap();
    close(sd, 2.0, 1e-12);
    // Near 0 the scatter does not vanish with the value: an assay is no better than its best.
    let sd = expected_sd(&target, target.data(), "y", 0.01).unwrap();
    close(sd, 1.0, 1e-12);
}
