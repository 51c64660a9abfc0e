//! A dose-response asked by name.

use super::super::combination::Readout;
use super::super::combine::default_full;
use super::super::dose::{DoseResult, DoseSetup, dose_response};
use super::super::{Dosed, DosingError, Response as _};
use super::{AskError, Fitted, Readoff, Setting, doses};

/// A dose-response asked by name.
#[derive(Debug, Clone, PartialEq)]
pub struct DoseQuestion {
    /// Input that is varied.
    pub input: String,
    /// `LO:HI[:N]`, with units if wanted.
    pub range: String,
    /// What is read.
    pub readoff: Readoff,
    /// Response at the full effect, for absolute doses; `None`: 0 of a falling response, 100 of a rising percentage, else
    /// no absolute doses.
    pub full: Option<f64>,
}

impl DoseQuestion {
    /// Whether it can be asked: everything that can be known before a fit.
    ///
    /// # Errors
    /// [`AskError`].
    pub fn check(&self, setting: &Setting<'_>) -> Result<(), AskError> {
        doses(setting, &self.range, &self.input)?;
        self.readoff.build(setting, &[self.input.as_str()])?;
        Ok(())
    }

    /// Builds the response and what is varied.
    ///
    /// # Errors
    /// [`AskError`].
    pub fn prepare(&self, fitted: &Fitted) -> Result<(Dosed, DoseSetup), AskError> {
        let setting = &fitted.setting;
        let doses = doses(setting, &self.range, &self.input)?;
        let (dosed, text) = self.readoff.build(setting, &[self.input.as_str()])?;
        let unit = self.readoff.unit(setting.models, setting.problem);
        let input = dosed
            .inputs
            .first()
            .cloned()
            .ok_or(DosingError::Build(Vec::new()))?;
        let full = match self.full {
            Some(full) => Some(full),
            None => {
                let mut ws = dosed.workspace();
                let mut at = |d: f64| dosed.value(fitted.theta, &[d], &mut ws);
                let (control, top) = (at(0.0)?, at(doses.last().copied().unwrap_or(0.0))?);
                if top < control && control > 0.0 {
                    Some(0.0)
                } else if top > control {
                    default_full(Readout::Inhibition, unit.as_deref())
                } else {
                    None
                }
            }
        };
        Ok((
            dosed,
            DoseSetup {
                which: 0,
                others: vec![0.0],
                input,
                response: text,
                response_unit: unit,
                doses,
                full,
                level: fitted.level,
            },
        ))
    }

    /// Answers the question.
    ///
    /// # Errors
    /// [`AskError`].
    pub fn answer(&self, fitted: &Fitted) -> Result<DoseResult, AskError> {
        let (dosed, setup) = self.prepare(fitted)?;
        Ok(dose_response(
            &dosed,
            &setup,
            fitted.theta,
            fitted.replicates,
            fitted.covariance,
            &|_| {},
        )?)
    }
}
