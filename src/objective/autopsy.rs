//! Which experiment of an objective fails at a point, and what was going on there.

use crate::simulate::Autopsy;

use super::{Objective, RowInfo};

/// A failing experiment.
#[derive(Debug, Clone, PartialEq)]
pub struct FailedExperiment<'a> {
    /// Its id.
    pub experiment: String,
    /// What was found.
    pub autopsy: Autopsy,
    /// The measurement row that could not be reached: the first one of the experiment at or after the failure.
    pub row: Option<&'a RowInfo>,
}

impl Objective {
    /// The first experiment that fails at `theta` (estimation scale), looked at closely; `None` if all can be simulated.
    pub fn autopsy(&self, theta: &[f64], sensitivities: bool) -> Option<FailedExperiment<'_>> {
        let table = self.table(theta);
        self.looks.iter().enumerate().find_map(|(k, look)| {
            if look.is_empty() {
                return None;
            }
            let e = self.experiments.get(k)?;
            let times: Vec<f64> = look.visits.iter().map(|v| v.t).collect();
            let until = self.summaries(e, &look.spans).until();
            let autopsy = e.autopsy(&table, &times, until, sensitivities, &self.settings)?;
            let t = autopsy.t.unwrap_or(f64::NEG_INFINITY);
            let row = self
                .rows
                .iter()
                .filter(|r| r.experiment == e.id && r.time >= t)
                .min_by(|a, b| a.time.total_cmp(&b.time));
            Some(FailedExperiment {
                experiment: e.id.clone(),
                autopsy,
                row,
            })
        })
    }
}
