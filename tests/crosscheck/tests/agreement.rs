//! What `diffsol` finds is what is recorded, and what this program finds.

use crosscheck::ours::{self, Question, Setting};
use crosscheck::peer;
use crosscheck::problems::{Hires, Predators, Problem, Receptor, Robertson};
use crosscheck::record::{HEADER, folder, read, rows};
use crosscheck::solution::Solution;
use mechfit::ode::Method;

/// Set to write the reference anew.
const RECORD: &str = "CROSSCHECK_RECORD";

/// Tolerance at which the two programs are compared: ten times tighter than the reference's loosest.
const TIGHT: f64 = 1e-12;

/// Both programs' errors at their tolerances together; `diffsol`'s own is up to a hundred times its tolerance.
const AGREEMENT: f64 = 1e-8;

fn question<P: Problem>() -> Question {
    Question {
        name: P::NAME.into(),
        states: P::STATES.iter().map(|s| (*s).into()).collect(),
        parameters: P::PARAMETERS
            .iter()
            .map(|(id, v)| ((*id).into(), *v))
            .collect(),
        times: P::TIMES.to_vec(),
    }
}

fn reference<P: Problem>() -> (Question, Solution) {
    (
        question::<P>(),
        peer::solve::<P>(P::REFERENCE_RTOL).expect("a solution"),
    )
}

fn references() -> Vec<(Question, Solution)> {
    vec![
        reference::<Robertson>(),
        reference::<Hires>(),
        reference::<Predators>(),
        reference::<Receptor>(),
    ]
}

#[test]
fn the_reference_is_what_diffsol_finds() {
    let path = folder().join("reference.tsv");
    let found = references();
    if std::env::var_os(RECORD).is_some() {
        let all: String = found.iter().map(|(q, s)| rows(q, s)).collect();
        std::fs::write(&path, format!("{HEADER}{all}")).expect("a writable folder");
    }
    let recorded = read(&std::fs::read_to_string(&path).expect("the reference"));
    assert_eq!(recorded.len(), found.len());
    for ((q, was), (question, now)) in recorded.iter().zip(&found) {
        assert_eq!(q, question);
        let (states, slopes) = (now.error_of_states(was), now.error_of_sensitivities(was));
        assert!(
            states < AGREEMENT && slopes < AGREEMENT,
            "{}: {states:e} {slopes:e}",
            q.name
        );
    }
}

#[test]
fn both_programs_find_the_same_states_and_sensitivities() {
    for (question, reference) in references() {
        let setting = Setting {
            method: Method::Radau,
            rtol: TIGHT,
            control_sensitivities: true,
        };
        let found = ours::solve(&question, &folder(), setting);
        let states = found.error_of_states(&reference);
        let slopes = found.error_of_sensitivities(&reference);
        println!(
            "{}: states {states:.1e}, sensitivities {slopes:.1e}",
            question.name
        );
        assert!(
            states < AGREEMENT && slopes < AGREEMENT,
            "{}: {states:e} {slopes:e}",
            question.name
        );
    }
}
