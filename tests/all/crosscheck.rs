//! Integration errors against what another program finds: `tests/crosscheck` solves the problems with `diffsol` and records
//! the result in `tests/data/crosscheck/reference.tsv`, exact to about 1e-9.

use std::path::Path;

use mechfit::ode::Method;

#[path = "../crosscheck/src/ours.rs"]
mod ours;
#[path = "../crosscheck/src/record.rs"]
#[allow(dead_code, reason = "only the reader is used here")]
mod record;
#[path = "../crosscheck/src/solution.rs"]
mod solution;

use ours::Setting;

/// Errors over the whole course may be this many times the tolerance of one step.
const FACTOR: f64 = 100.0;

/// Tightest tolerance, in decades, of which the error is followed: the reference is itself exact only to about 1e-9.
const FOLLOWED: i32 = 8;

/// Least power of the tolerance with which errors fall; 1 is proportion, and over five decades a step more or less in the
/// last one moves it by 0.2.
const LEAST_SLOPE: f64 = 0.7;

fn folder() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/crosscheck")
}

/// Slope of the line through points by least squares.
fn slope(points: &[(f64, f64)]) -> f64 {
    let n = points.len() as f64;
    let mean = |f: fn(&(f64, f64)) -> f64| points.iter().map(f).sum::<f64>() / n;
    let (x, y) = (mean(|p| p.0), mean(|p| p.1));
    let covariance: f64 = points.iter().map(|p| (p.0 - x) * (p.1 - y)).sum();
    let variance: f64 = points.iter().map(|p| (p.0 - x).powi(2)).sum();
    covariance / variance
}

#[test]
fn errors_follow_the_tolerance_over_seven_decades() {
    let text = std::fs::read_to_string(folder().join("reference.tsv")).unwrap();
    let problems = record::read(&text);
    assert_eq!(problems.len(), 4);
    for (question, reference) in &problems {
        for method in [Method::Auto, Method::Rodas5P, Method::Radau] {
            for control_sensitivities in [false, true] {
                let mut course = Vec::new();
                for decade in 4..=10 {
                    let rtol = 0.1_f64.powi(decade);
                    let setting = Setting {
                        method,
                        rtol,
                        control_sensitivities,
                    };
                    let found = ours::solve(question, &folder(), setting);
                    let states = found.error_of_states(reference);
                    let slopes = found.error_of_sensitivities(reference);
                    let at = format!(
                        "{} {method:?} {rtol:e}: {states:e} {slopes:e}",
                        question.name
                    );
                    assert!(states <= FACTOR * rtol, "{at}");
                    // Sensitivities are accurate to the tolerance where they enter the control of the error.
                    assert!(slopes <= FACTOR * rtol || !control_sensitivities, "{at}");
                    if decade <= FOLLOWED {
                        course.push((rtol.log10(), states.log10()));
                    }
                }
                let slope = slope(&course);
                assert!(
                    slope > LEAST_SLOPE,
                    "{} {method:?}: errors fall with the tolerance to the power {slope:.2}",
                    question.name
                );
            }
        }
    }
}
