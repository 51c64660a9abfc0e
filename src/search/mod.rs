//! Bounded minimisation of a smooth objective from value, gradient and positive semidefinite curvature.

/// What an evaluation must deliver.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Want {
    /// The value only.
    Value,
    /// Value, gradient and curvature.
    Derivatives,
}

/// Value, gradient and curvature of an objective at one point.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Evaluation {
    /// Objective.
    pub value: f64,
    /// Gradient, `n` (empty if only the value was asked for).
    pub gradient: Vec<f64>,
    /// Positive semidefinite approximation of the Hessian, row-major `n × n` (for least squares `JᵀJ` of ½Σr²).
    pub curvature: Vec<f64>,
}
