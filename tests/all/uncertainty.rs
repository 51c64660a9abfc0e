//! Intervals against closed forms.

mod bootstrap;
mod compare;
mod coverage;
mod design;
mod fisher;
mod identify;
mod information;
mod profile;

use mechfit::fit::{Optimum, refit};
use mechfit::objective::Target;
use mechfit::objective::example::Example;
use mechfit::search;
use mechfit::uncertainty::Linearised;

/// Fits from `start` with tolerances well beyond those of the tests.
fn fitted(target: &Example, start: &[f64]) -> Optimum {
    let options = search::Options {
        objective_tolerance: 1e-14,
        gradient_tolerance: 1e-10,
        ..search::Options::default()
    };
    let fit = refit(target, target.data(), start, &[], &options, &mut ()).unwrap();
    assert!(fit.termination.is_converged(), "{:?}", fit.termination);
    fit
}

fn linearised(target: &Example, fit: &Optimum) -> Linearised {
    let free: Vec<bool> = fit.at_bound.iter().map(Option::is_none).collect();
    Linearised::at(target, target.data(), &fit.theta, &free, &mut ()).unwrap()
}

/// Asserts that two numbers agree within `tolerance`.
#[track_caller]
fn close(found: f64, expected: f64, tolerance: f64) {
    assert!(
        (found - expected).abs() <= tolerance,
        "found {found}, expected {expected} ± {tolerance}"
    );
}
