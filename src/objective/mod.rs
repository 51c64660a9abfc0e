//! From simulated values to residuals, −log likelihood, gradient and curvature.

pub mod target;
pub use target::{
    Coordinate, Data, EvalError, Evaluated, Linearisation, Parts, PriorTerm, RelationTerm, RowInfo,
    RowKind, RowTerm, Target,
};
