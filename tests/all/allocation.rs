//! Inner loops allocate nothing: what an evaluation allocates does not depend on how many steps it takes.

use std::path::Path;

use mechfit::objective::{BuildOptions, Objective, Target};
use mechfit::ode::Method;
use mechfit::search::Want;
use mechfit::simulate::Settings;
use mechfit::study::open::Study;

fn study(method: Method, rtol: f64) -> Objective {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fits/wang2020");
    let mut settings = Settings {
        method,
        ..Settings::default()
    };
    settings.tolerances.rtol = rtol;
    settings.tolerances.atol = vec![rtol];
    let options = BuildOptions {
        settings,
        ..BuildOptions::default()
    };
    let study = Study::open(&folder).unwrap();
    let prepared = study.prepare(None).unwrap();
    prepared.objective(&options).unwrap()
}

/// Allocations and steps of one evaluation once memory is warm.
fn allocations(objective: &Objective, want: Want) -> (u64, u64) {
    let theta = objective.nominal_point();
    let mut ws = objective.workspace();
    let mut evaluate = || {
        ws.forget();
        objective
            .evaluate(&theta, objective.data(), want, &mut ws)
            .unwrap()
    };
    evaluate();
    let counted = allocation_counter::measure(|| {
        evaluate();
    });
    (counted.count_total, ws.work().0.steps / 2)
}

#[test]
fn steps_of_the_implicit_methods_allocate_nothing() {
    for method in [Method::Rodas5P, Method::Radau] {
        for want in [Want::Value, Want::Derivatives] {
            let (loose, few) = allocations(&study(method, 1e-6), want);
            let (tight, many) = allocations(&study(method, 1e-11), want);
            assert!(
                many > 2 * few,
                "{method:?} {want:?}: {few} and {many} steps"
            );
            assert_eq!(
                loose, tight,
                "{method:?} {want:?}: allocations in {few} and in {many} steps"
            );
        }
    }
}

#[test]
fn memory_does_not_grow_over_evaluations() {
    let objective = study(Method::Auto, 1e-6);
    let theta = objective.nominal_point();
    let mut ws = objective.workspace();
    let mut evaluate = |times: usize| {
        for _ in 0..times {
            objective
                .evaluate(&theta, objective.data(), Want::Derivatives, &mut ws)
                .unwrap();
        }
    };
    evaluate(2);
    let counted = allocation_counter::measure(|| evaluate(300));
    assert_eq!(counted.count_current, 0);
    assert_eq!(counted.bytes_current, 0);
}
