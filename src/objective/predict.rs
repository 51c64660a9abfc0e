//! Predictions of an [`Objective`]: expressions over values and summaries of simulated courses.

use crate::bind::{Reading, Summary};
use crate::simulate::{Asked, Experiment, Summaries};

use super::quantity::Quantity;
use super::{EvalError, Look, Objective, Workspace};

impl Objective {
    /// Value of a prediction at `theta` (estimation scale).
    ///
    /// # Errors
    /// [`EvalError`] if a simulation fails or the value is not a number.
    pub fn value_of(
        &self,
        quantity: &Quantity,
        theta: &[f64],
        ws: &mut Workspace,
    ) -> Result<f64, EvalError> {
        let list = self.predict_all(&[quantity], theta, false, ws)?;
        Ok(list.first().map_or(f64::NAN, |(v, _)| *v))
    }

    /// Values of many predictions at `theta`, with their gradients if asked for (else empty); each experiment is run once.
    ///
    /// # Errors
    /// [`EvalError`] if a simulation fails or a value is not a number.
    pub fn predict_all(
        &self,
        quantities: &[&Quantity],
        theta: &[f64],
        derivatives: bool,
        ws: &mut Workspace,
    ) -> Result<Vec<(f64, Vec<f64>)>, EvalError> {
        let table = self.table(theta);
        self.slopes(theta, ws);
        for (e, look) in self.looks_of(quantities) {
            self.run_one(e, &table, derivatives, ws, &look)?;
        }
        quantities
            .iter()
            .map(|q| {
                let (value, gradient) = self.quantity_from(q, &table, derivatives, ws);
                if value.is_nan() {
                    return Err(EvalError::NotFinite {
                        what: format!("`{}`", q.text),
                    });
                }
                Ok((value, gradient))
            })
            .collect()
    }

    /// What the probes of quantities look at, by experiment in order of first use.
    fn looks_of(&self, quantities: &[&Quantity]) -> Vec<(usize, Look)> {
        let mut list: Vec<(usize, Look)> = Vec::new();
        for &p in quantities.iter().flat_map(|q| &q.probes) {
            let probe = &self.probes[p];
            let at = match list.iter().position(|(e, _)| *e == probe.experiment) {
                Some(i) => i,
                None => {
                    list.push((probe.experiment, Look::default()));
                    list.len() - 1
                }
            };
            list[at].1.add(p, &probe.reading);
        }
        list.iter_mut().for_each(|(_, look)| look.sort());
        list
    }

    /// The summaries that probes ask of one experiment.
    pub(super) fn summaries<'e>(&self, e: &'e Experiment, probes: &[usize]) -> Summaries<'e> {
        let mut summaries = Summaries::new();
        for &p in probes {
            let probe = &self.probes[p];
            let Reading::Over { from, to, summary } = &probe.reading else {
                continue;
            };
            let asked = match summary {
                Summary::Maximum => Asked::Maximum,
                Summary::Minimum => Asked::Minimum,
                Summary::Area => Asked::Area,
                Summary::Above(_) => Asked::TimeAbove,
            };
            let formula = e.formula(probe.formula);
            summaries.add(formula, asked, *from, *to, e.columns.len());
        }
        summaries
    }
}
