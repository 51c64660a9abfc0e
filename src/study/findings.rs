//! Errors of the floors below as findings with the cell concerned.

use crate::bind::BindError;
use crate::diagnostic::Finding;
use crate::objective::{BuildError, QuantityError};
use crate::problem::{LoadedProblem, Places, Table};

use super::claims::Suspect;

/// A row whose SD the plan's rule has filled in.
pub fn zero_sd_filled(places: &Places, row: usize, sd: f64) -> Finding {
    places
        .locate(
            Finding::warning(
                "zero-sd-filled",
                format!("an SD of 0 was replaced by {sd} as the plan's `zero_sd` says"),
            ),
            Table::Measurements,
            row,
            "sd",
            "0 has no weight",
        )
        .help("the result depends on this rule; try another one as a scenario")
}

/// A reported P-value that the reported scatter does not give.
pub fn suspect(places: &Places, s: &Suspect) -> Finding {
    let p = |x: f64| format!("{x:.2e}");
    let (now, then) = if s.written_as_sd {
        ("SD", "SEM")
    } else {
        ("SEM", "SD")
    };
    match s.other {
        Some(other) => places
            .locate(
                Finding::error(
                    if s.written_as_sd { "sem-as-sd" } else { "sd-as-sem" },
                    format!(
                        "the scatter reads as {then}, not as {now}: claim `{}` prints P = {}, and {now} gives {}, {then} gives {}",
                        s.id, s.printed, p(s.recomputed), p(other)
                    ),
                ),
                Table::Measurements,
                s.row,
                "sd",
                "this group and the other of the claim",
            )
            .help(format!(
                "set `sdKind` to `{}`, or, if the paper says {now}, `expect` of the claim to `no`",
                then.to_lowercase()
            )),
        None => places
            .locate(
                Finding::warning(
                    "p-value-not-reproduced",
                    format!(
                        "claim `{}` prints P = {}, and mean, scatter and n give {}",
                        s.id, s.printed, p(s.recomputed)
                    ),
                ),
                Table::Claims,
                s.claim_row,
                "printed",
                "neither as SD nor as SEM",
            )
            .help("look at n, test and numbers; if they are as printed, set `expect` to `no`"),
    }
}

/// A finding of a build error.
pub fn of_build(loaded: &LoadedProblem, error: &BuildError) -> Finding {
    let places = &loaded.places;
    let at = |code, table, row, column: &str, label: &str, message: String| {
        places.locate(Finding::error(code, message), table, row, column, label)
    };
    match error {
        BuildError::Bind(e) => of_bind(loaded, e),
        BuildError::Prior { row, error } => at(
            "invalid-prior",
            Table::Parameters,
            *row,
            "priorParameters",
            "here",
            error.to_string(),
        )
        .help("the distributions and their parameters are listed in docs/tables.md"),
        BuildError::Relation { id, error } => relation(loaded, id, error),
        BuildError::RelationWithoutSd { id } => located_relation(
            loaded,
            Finding::error("relation-without-sd", error.to_string()),
            id,
            "sd",
        )
        .help("declare the SD of the compared difference, or set `use` to `check`"),
        BuildError::Donors { .. } => Finding::error("invalid-donors", error.to_string())
            .help("a scenario's `donors` need means with the same n in every arm, and a correlation from 0 to below 1"),
        BuildError::MissingN { row, why } => at(
            "missing-n",
            Table::Measurements,
            *row,
            "n",
            "no usable n here",
            format!("`n` is needed for {why}"),
        )
        .help("give the number of replicates; where only a standard error is known, set `sdKind` to `sem`"),
        BuildError::ZeroScatter { row } => at(
            "zero-sd",
            Table::Measurements,
            *row,
            "sd",
            "no weight can be made of this",
            "a mean needs a positive SD".into(),
        )
        .help("name a rule in plan.json (`\"zero_sd\": \"pooled_cv\"` or `{\"floor\": …}`), or leave the row out"),
        BuildError::Bounds { row, id, scale, lower, upper } => at(
            "invalid-bounds",
            Table::Parameters,
            *row,
            if lower >= upper { "upperBound" } else { "lowerBound" },
            "here",
            format!("the bounds {lower} and {upper} of `{id}` do not enclose an interval on the scale `{scale}`"),
        )
        .help(match *scale {
            "lin" => "the upper bound lies above the lower one",
            "logit" => "a fraction estimated on the logit scale has bounds between 0 and 1, both excluded",
            _ => "a parameter estimated on a logarithmic scale has positive bounds, the upper one above the lower one",
        }),
        BuildError::NoValue { row, id } => at(
            "missing-value",
            Table::Parameters,
            *row,
            "nominalValue",
            "empty",
            format!("`{id}` is not estimated and has no value"),
        )
        .help("give a `nominalValue`, or set `estimate` to `true`"),
    }
}

fn of_bind(loaded: &LoadedProblem, error: &BindError) -> Finding {
    let places = &loaded.places;
    let at = |code, table: Table, row, column: &str, label: &str, message: String| {
        places.locate(Finding::error(code, message), table, row, column, label)
    };
    match error {
        BindError::Unknown {
            table,
            row,
            column,
            name,
            similar,
        } => {
            let (table, row, column) = match in_relation(loaded, *table, name) {
                Some((row, side)) => (&Table::Relations, &{ row }, side),
                None => (table, row, *column),
            };
            let finding = at(
                "unknown-name",
                *table,
                *row,
                column,
                "",
                format!("`{name}` is not defined"),
            )
            .note(format!("in the {table}, column `{column}`"));
            match similar.first() {
                Some(s) => finding.help(format!("did you mean `{s}`?")),
                None => finding.help(
                    "names of the model, of the parameter table and of placeholders are known here",
                ),
            }
        }
        BindError::Overrides {
            row,
            column,
            expected,
            found,
        } => at(
            "wrong-overrides",
            Table::Measurements,
            *row,
            column,
            "",
            format!("{expected} values expected in `{column}` (one a placeholder), found {found}"),
        )
        .help("separate values by `;`, in the order of the observable's placeholders"),
        BindError::OverrideExpression { row, column } => at(
            "wrong-overrides",
            Table::Measurements,
            *row,
            column,
            "",
            "a number or the id of a parameter is expected".into(),
        )
        .help("expressions belong into the observable's formula"),
        BindError::NotSettable { row, target } => at(
            "not-settable",
            Table::Conditions,
            *row,
            "targetId",
            "",
            format!("`{target}` is computed by the model and cannot be set"),
        )
        .help("set an input, a parameter or a state instead"),
        BindError::NotAParameter {
            row,
            name,
            computed,
        } => at(
            "not-a-parameter",
            Table::Parameters,
            *row,
            "parameterId",
            "",
            match computed {
                true => format!("`{name}` is computed by the model's equations"),
                false => format!("`{name}` is an input of the model, which only conditions set"),
            },
        )
        .help("take the row out of the parameter table"),
        BindError::UnknownUnit {
            table,
            row,
            unit,
            message,
        } => at(
            "unknown-unit",
            *table,
            *row,
            "unit",
            "",
            format!("`{unit}` is not a unit: {message}"),
        )
        .help("units of the tables are those that the model knows or declares"),
        BindError::Unit {
            table,
            row,
            name,
            found,
            expected,
            factor,
        } => {
            let finding = at(
                "unit-mismatch",
                *table,
                *row,
                "unit",
                "",
                format!("the table gives `{found}`, the model has `{name}` in `{expected}`"),
            )
            .note("units are compared, never converted");
            match factor {
                Some(f) => finding.help(format!(
                    "1 {found} = {f} {expected}: convert the numbers of the row and write `{expected}`"
                )),
                None => finding.help("the two are of different dimensions; one of them is wrong"),
            }
        }
        other => Finding::error("binding", other.to_string()),
    }
}

/// Row and side of the relation that refers to a name, where an expression does.
fn in_relation(loaded: &LoadedProblem, table: Table, name: &str) -> Option<(usize, &'static str)> {
    if table != Table::Expression {
        return None;
    }
    let refers = |e: &crate::math::Expr| {
        let mut found = false;
        e.for_each_symbol(&mut |s| found |= s.split('@').any(|part| part == name));
        found
    };
    loaded.problem.relations.iter().find_map(|r| {
        if refers(&r.left) {
            Some((r.row, "left"))
        } else {
            refers(&r.right).then_some((r.row, "right"))
        }
    })
}

fn relation(loaded: &LoadedProblem, id: &str, error: &QuantityError) -> Finding {
    let finding = Finding::error("invalid-expression", format!("`{id}`: {error}"));
    located_relation(loaded, finding, id, "left")
        .help("quantities are written `observable@experiment@time`, such as `mfi@co@24`")
}

fn located_relation(loaded: &LoadedProblem, finding: Finding, id: &str, column: &str) -> Finding {
    match loaded.problem.relations.iter().find(|r| r.id == id) {
        Some(r) => loaded
            .places
            .locate(finding, Table::Relations, r.row, column, ""),
        None => finding,
    }
}
