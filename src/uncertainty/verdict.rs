//! What the data say about a parameter.

use serde::{Deserialize, Serialize};

/// What the data say about a parameter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Both ends of its reference interval are closed.
    Identifiable,
    /// An end is open or at a bound.
    PracticallyNonIdentifiable,
    /// Only a combination with others is determined, whatever the data's precision.
    StructurallyNonIdentifiable,
    /// It says what its prior says.
    PriorOnly,
}
