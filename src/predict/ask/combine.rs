//! A combination asked by name.

use super::super::DosingError;
use super::super::combination::{Combination, Readout};
use super::super::combine::{CombineSetup, combine, default_full};
use super::super::response::Watch;
use super::{AskError, Fitted, Readoff, Setting, doses};

/// A combination asked by name.
#[derive(Debug, Clone, PartialEq)]
pub struct CombineQuestion {
    /// The two inputs.
    pub inputs: [String; 2],
    /// Their ranges, `LO:HI[:N]`.
    pub ranges: [String; 2],
    /// What is read.
    pub readoff: Readoff,
    /// Direction.
    pub readout: Readout,
    /// Response at the full effect; `None`: by convention, see [`default_full`].
    pub full: Option<f64>,
    /// Effects whose isoboles are drawn; empty: parts of the largest.
    pub effects: Vec<f64>,
}

impl CombineQuestion {
    /// Whether it can be asked: everything that can be known before a fit.
    ///
    /// # Errors
    /// [`AskError`].
    pub fn check(&self, setting: &Setting<'_>) -> Result<(), AskError> {
        for (input, range) in self.inputs.iter().zip(&self.ranges) {
            doses(setting, range, input)?;
        }
        self.readoff.build(setting, &self.names())?;
        self.full_effect(setting)?;
        Ok(())
    }

    fn names(&self) -> [&str; 2] {
        let [a, b] = &self.inputs;
        [a.as_str(), b.as_str()]
    }

    /// Response at the full effect, declared or by convention.
    fn full_effect(&self, setting: &Setting<'_>) -> Result<f64, AskError> {
        let unit = self.readoff.unit(setting.models, setting.problem);
        self.full
            .or_else(|| default_full(self.readout, unit.as_deref()))
            .ok_or_else(|| AskError::Full(self.readoff.observable.clone()))
    }

    /// Answers the question.
    ///
    /// # Errors
    /// [`AskError`].
    pub fn answer(&self, fitted: &Fitted) -> Result<Combination, AskError> {
        self.answer_watched(fitted, &|_| {})
    }

    /// Answers the question; `tell` is told of the replicates.
    ///
    /// # Errors
    /// [`AskError`].
    pub fn answer_watched(
        &self,
        fitted: &Fitted,
        tell: Watch<'_>,
    ) -> Result<Combination, AskError> {
        let setting = &fitted.setting;
        let [a, b] = self.names();
        let [range_a, range_b] = &self.ranges;
        let (doses_a, doses_b) = (doses(setting, range_a, a)?, doses(setting, range_b, b)?);
        let full = self.full_effect(setting)?;
        let (dosed, text) = self.readoff.build(setting, &[a, b])?;
        let [Some(first), Some(second)] = [dosed.inputs.first(), dosed.inputs.get(1)] else {
            return Err(DosingError::Build(Vec::new()).into());
        };
        let setup = CombineSetup {
            inputs: [first.clone(), second.clone()],
            response: text,
            response_unit: self.readoff.unit(setting.models, setting.problem),
            readout: self.readout,
            full,
            doses_a,
            doses_b,
            effects: self.effects.clone(),
            level: fitted.level,
        };
        Ok(combine(
            &dosed,
            &setup,
            fitted.theta,
            fitted.replicates,
            tell,
        )?)
    }
}
