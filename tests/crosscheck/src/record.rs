//! The recorded reference: a table with one row a problem, time, state and quantity.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use super::ours::Question;
use super::solution::Solution;

/// Name of the column that stands for the state itself among its sensitivities.
const VALUE: &str = "value";

/// Folder of the models' texts and of the reference.
pub fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../data/crosscheck")
}

/// Header of the reference.
pub const HEADER: &str = "problem\ttime\tstate\tquantity\tat\tresult\n";

/// Rows of a problem: `quantity` is `value`, or a parameter by whose logarithm the state is differentiated; `at` is the
/// value of that parameter.
pub fn rows(question: &Question, solution: &Solution) -> String {
    let mut text = String::new();
    for (t, time) in question.times.iter().enumerate() {
        for (i, state) in question.states.iter().enumerate() {
            let start = format!("{}\t{time}\t{state}", question.name);
            let _ = writeln!(text, "{start}\t{VALUE}\t\t{:e}", solution.states[t][i]);
            for (k, (parameter, value)) in question.parameters.iter().enumerate() {
                let slope = solution.sensitivities[t][i][k];
                let _ = writeln!(text, "{start}\t{parameter}\t{value:e}\t{slope:e}");
            }
        }
    }
    text
}

/// Reads the reference again.
///
/// # Panics
/// If the table is not as [`rows`] writes it.
pub fn read(text: &str) -> Vec<(Question, Solution)> {
    let mut list: Vec<(Question, Solution)> = Vec::new();
    for line in text.lines().skip(1) {
        let cells: Vec<&str> = line.split('\t').collect();
        let [name, time, state, quantity, at, result] = cells[..] else {
            panic!("six cells are expected in `{line}`");
        };
        let number = |text: &str| text.parse::<f64>().expect("a number");
        if list.last().is_none_or(|(q, _)| q.name != name) {
            let question = Question {
                name: name.into(),
                states: Vec::new(),
                parameters: Vec::new(),
                times: Vec::new(),
            };
            let solution = Solution {
                states: Vec::new(),
                sensitivities: Vec::new(),
            };
            list.push((question, solution));
        }
        let Some((question, solution)) = list.last_mut() else {
            continue;
        };
        if question.times.last() != Some(&number(time)) {
            question.times.push(number(time));
            solution.states.push(Vec::new());
            solution.sensitivities.push(Vec::new());
        }
        let t = question.times.len() - 1;
        if quantity == VALUE {
            if t == 0 {
                question.states.push(state.into());
            }
            solution.states[t].push(number(result));
            solution.sensitivities[t].push(Vec::new());
        } else {
            if !question.parameters.iter().any(|(id, _)| id == quantity) {
                question.parameters.push((quantity.into(), number(at)));
            }
            let i = solution.states[t].len() - 1;
            solution.sensitivities[t][i].push(number(result));
        }
    }
    list
}
