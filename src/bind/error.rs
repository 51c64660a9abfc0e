//! What can be wrong between a model and its tables.

pub use crate::problem::Table;

/// A finding between model and tables. Rows are counted from 2 (1 is the header), 0: unknown.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum BindError {
    /// A name that nothing declares.
    #[error("{table}, row {row}, column `{column}`: `{name}` is not defined{}", hint(.similar))]
    Unknown {
        /// Table.
        table: Table,
        /// Row.
        row: usize,
        /// Column.
        column: &'static str,
        /// The name.
        name: String,
        /// Similar names that exist.
        similar: Vec<String>,
    },
    /// The number of overrides differs from the number of placeholders.
    #[error(
        "measurement table, row {row}, column `{column}`: {expected} values expected (one a placeholder), found {found}"
    )]
    Overrides {
        /// Row.
        row: usize,
        /// Column.
        column: &'static str,
        /// Number of placeholders.
        expected: usize,
        /// Number of values.
        found: usize,
    },
    /// An override that is neither a number nor a parameter.
    #[error(
        "measurement table, row {row}, column `{column}`: a number or the id of a parameter is expected"
    )]
    OverrideExpression {
        /// Row.
        row: usize,
        /// Column.
        column: &'static str,
    },
    /// A condition sets something that is computed.
    #[error("condition table, row {row}: `{target}` is computed by the model and cannot be set")]
    NotSettable {
        /// Row.
        row: usize,
        /// Target.
        target: String,
    },
    /// A row of the parameter table that the model computes, or that only conditions set.
    #[error(
        "parameter table, row {row}: `{name}` is {} of the model, not a parameter",
        if *.computed { "computed by the equations" } else { "an input" }
    )]
    NotAParameter {
        /// Row.
        row: usize,
        /// Name.
        name: String,
        /// It is a state or an assigned quantity (else an input).
        computed: bool,
    },
    /// A unit that cannot be read.
    #[error("{table}, row {row}, column `unit`: `{unit}` is not a unit ({message})")]
    UnknownUnit {
        /// Table.
        table: Table,
        /// Row.
        row: usize,
        /// As written.
        unit: String,
        /// What is wrong.
        message: String,
    },
    /// A unit that is not the model's.
    #[error(
        "{table}, row {row}, column `unit`: {found} is written, but `{name}` is in {expected} in the model{}",
        factor_text(.factor, found, expected)
    )]
    Unit {
        /// Table.
        table: Table,
        /// Row.
        row: usize,
        /// The model's entity.
        name: String,
        /// Unit in the table.
        found: String,
        /// Unit in the model.
        expected: String,
        /// What a value in the table's unit has to be multiplied by, if the dimensions agree.
        factor: Option<f64>,
    },
    /// A prediction of an observable whose formula has placeholders.
    #[error(
        "`{observable}` has placeholders that only measurements fill, so it cannot be predicted by name"
    )]
    ProbeWithPlaceholders {
        /// Observable.
        observable: String,
    },
    /// A formula could not be compiled.
    #[error("{context}: {message}")]
    Formula {
        /// Experiment or observable.
        context: String,
        /// What is wrong.
        message: String,
    },
}

fn factor_text(factor: &Option<f64>, found: &str, expected: &str) -> String {
    match factor {
        Some(f) => format!(" (1 {found} = {f} {expected})"),
        None => String::new(),
    }
}

fn hint(similar: &[String]) -> String {
    match similar.first() {
        Some(s) => format!("; did you mean `{s}`?"),
        None => String::new(),
    }
}

impl BindError {
    /// An unknown name with its nearest neighbours among the known ones.
    pub fn unknown<'a>(
        table: Table,
        row: usize,
        column: &'static str,
        name: &str,
        known: impl Iterator<Item = &'a str>,
    ) -> Self {
        let similar = crate::diagnostic::similar(name, known);
        Self::Unknown {
            table,
            row,
            column,
            name: name.into(),
            similar,
        }
    }
}
