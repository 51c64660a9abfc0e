//! Rows of each table, from cells to the data model. What concerns one table only is checked here, what concerns several
//! in `check`.

mod conditions;
mod extension;
mod measurements;
mod observables;
mod parameters;

pub(super) use conditions::{conditions, experiments, wide_conditions};
pub(super) use extension::{claims, mapping, relations, variants};
pub(super) use measurements::{V1Row, measurements, measurements_v1};
pub(super) use observables::observables;
pub(super) use parameters::parameters;

/// How the tables are to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Format {
    /// Version of PEtab: 1 or 2.
    pub version: u32,
    /// The columns of the extension `mechfit` have their meaning.
    pub extended: bool,
}
