//! Looking up what ids mean.

use super::{DataRow, Experiment, Observable, ParameterRow, Study};

impl Study {
    /// An observable by id.
    pub fn observable(&self, id: &str) -> Option<&Observable> {
        self.observables.iter().find(|o| o.id == id)
    }
    /// Name of an observable for people, its id if it has none.
    pub fn observable_name<'s>(&'s self, id: &'s str) -> &'s str {
        self.observable(id)
            .map(|o| o.name.as_str())
            .filter(|n| !n.is_empty())
            .unwrap_or(id)
    }
    /// Unit of an observable.
    pub fn observable_unit(&self, id: &str) -> Option<&str> {
        self.observable(id).and_then(|o| o.unit.as_deref())
    }
    /// An experiment by id.
    pub fn experiment(&self, id: &str) -> Option<&Experiment> {
        self.experiments.iter().find(|e| e.id == id)
    }
    /// A parameter by id.
    pub fn parameter(&self, id: &str) -> Option<&ParameterRow> {
        self.parameters.iter().find(|p| p.id == id)
    }
    /// Unit of a parameter.
    pub fn parameter_unit(&self, id: &str) -> Option<&str> {
        self.parameter(id).and_then(|p| p.unit.as_deref())
    }
    /// Position of an observable in the table, after all others if it is not in it.
    pub fn observable_order(&self, id: &str) -> usize {
        self.observables
            .iter()
            .position(|o| o.id == id)
            .unwrap_or(self.observables.len())
    }
    /// Position of an experiment in the table, after all others if it is not in it.
    pub fn experiment_order(&self, id: &str) -> usize {
        self.experiments
            .iter()
            .position(|e| e.id == id)
            .unwrap_or(self.experiments.len())
    }
}

/// Share 1 − h below which a row can hardly show misfit.
const BOUND_ROW: f64 = 0.05;

impl DataRow {
    /// The residual as it should be judged: divided by √(1 − h) where the leverage is known, and whether the row can show
    /// misfit at all. A row that the model must pass through keeps its residual as it is.
    pub fn judged(&self) -> (Option<f64>, bool) {
        let residual = self.residual.filter(|r| r.is_finite());
        match (residual, self.leverage.map(|h| 1.0 - h)) {
            (Some(r), Some(free)) if free > BOUND_ROW => (Some(r / free.sqrt()), true),
            (r, Some(_)) => (r, false),
            (r, None) => (r, true),
        }
    }
}
