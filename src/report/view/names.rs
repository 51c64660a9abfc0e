//! Looking up what ids mean.

use super::{Experiment, Observable, ParameterRow, Study};

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
