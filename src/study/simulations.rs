//! PEtab's simulation table: the measurement table with simulated values in place of the measured ones.

use crate::math::Expr;
use crate::problem::{Measurement, Problem};

/// A number as PEtab writes it.
fn number(x: f64) -> String {
    if x.is_nan() {
        "NaN".into()
    } else if x.is_infinite() {
        if x > 0.0 { "inf".into() } else { "-inf".into() }
    } else {
        format!("{x:?}")
    }
}

/// The simulation table of a problem in the columns of the version it was written in; `values[i]` belongs to row `i` of the
/// measurement table. Columns that are empty throughout are left out.
pub fn table(problem: &Problem, values: &[f64]) -> String {
    let list = |list: &[Expr]| {
        list.iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
            .join(";")
    };
    type Column<'a> = (&'static str, bool, Box<dyn Fn(&Measurement) -> String + 'a>);
    let conditions = |m: &Measurement| m.v1_conditions.clone().unwrap_or_default();
    let columns: Vec<Column> = if problem.petab_version == 1 {
        vec![
            (
                "observableId",
                true,
                Box::new(|m: &Measurement| m.observable.clone()),
            ),
            (
                "preequilibrationConditionId",
                false,
                Box::new(move |m: &Measurement| conditions(m).0),
            ),
            (
                "simulationConditionId",
                true,
                Box::new(move |m: &Measurement| conditions(m).1),
            ),
        ]
    } else {
        vec![
            (
                "observableId",
                true,
                Box::new(|m: &Measurement| m.observable.clone()),
            ),
            (
                "experimentId",
                true,
                Box::new(|m: &Measurement| m.experiment.clone()),
            ),
            (
                "modelId",
                false,
                Box::new(|m: &Measurement| m.model.clone()),
            ),
        ]
    };
    let more: Vec<Column> = vec![
        ("time", true, Box::new(|m: &Measurement| number(m.time))),
        (
            "observableParameters",
            false,
            Box::new(move |m: &Measurement| list(&m.observable_parameters)),
        ),
        (
            "noiseParameters",
            false,
            Box::new(move |m: &Measurement| list(&m.noise_parameters)),
        ),
    ];
    let columns: Vec<Column> = columns
        .into_iter()
        .chain(more)
        .filter(|(_, always, of)| *always || problem.measurements.iter().any(|m| !of(m).is_empty()))
        .collect();
    let mut text = String::new();
    for (name, _, _) in &columns {
        text += name;
        text.push('\t');
    }
    text += "simulation\n";
    for (m, value) in problem.measurements.iter().zip(values) {
        for (_, _, of) in &columns {
            text += &of(m);
            text.push('\t');
        }
        text += &number(*value);
        text.push('\n');
    }
    text
}
