//! What a dose-response is described by, as results carry it.

use serde::{Deserialize, Serialize};

use super::super::feature::Feature;
use super::super::missing;
use super::super::{Estimate, Failures, Warning};
use crate::uncertainty::{Interval, Method};

/// A point of a dose-response curve.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CurvePoint {
    /// Dose in the unit of the input.
    #[serde(deserialize_with = "missing::number")]
    pub dose: f64,
    /// Response at the fit.
    #[serde(deserialize_with = "missing::number")]
    pub value: f64,
    /// Lower end of its interval.
    #[serde(deserialize_with = "missing::number")]
    pub lower: f64,
    /// Upper end of its interval.
    #[serde(deserialize_with = "missing::number")]
    pub upper: f64,
    /// The dose lies outside the doses of the data.
    pub extrapolated: bool,
}

/// Doses at which the response has gone a part of the way to a full effect that is declared, not fitted: 0 for a falling
/// response, the top of its scale for a rising one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Absolute {
    /// Response at the full effect.
    #[serde(deserialize_with = "missing::number")]
    pub full: f64,
    /// Dose of 10 % of the way from the control to it.
    pub ec10: Estimate,
    /// Dose of 50 % of the way.
    pub ec50: Estimate,
    /// Dose of 90 % of the way.
    pub ec90: Estimate,
}

/// What describes a curve.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DoseSummary {
    /// Response without the drug.
    pub control: Estimate,
    /// Response at the largest effect of any dose: the plateau, or the peak of a curve that has one.
    pub emax: Estimate,
    /// Dose of 10 % of the way from the control to `emax`.
    pub ec10: Estimate,
    /// Dose of 50 % of the way.
    pub ec50: Estimate,
    /// Dose of 90 % of the way.
    pub ec90: Estimate,
    /// Hill slope ln 81 / ln(EC90/EC10).
    pub hill: Estimate,
    /// The same against a declared full effect, where there is one.
    pub absolute: Option<Absolute>,
}

/// The content of `dose.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DoseResponse {
    /// Input that is varied.
    pub input: String,
    /// Its unit as written.
    pub input_unit: Option<String>,
    /// The response as an expression (`apoptosis@co_vcr@24`).
    pub response: String,
    /// Its unit as written.
    pub response_unit: Option<String>,
    /// Points over the range asked for.
    pub curve: Vec<CurvePoint>,
    /// What describes it.
    pub summary: DoseSummary,
    /// Doses of the data, ascending, control left out.
    #[serde(deserialize_with = "missing::numbers")]
    pub tested: Vec<f64>,
    /// Level of the intervals.
    #[serde(deserialize_with = "missing::number")]
    pub level: f64,
    /// Method of the intervals of the curve (absent: none).
    pub method: Option<Method>,
    /// Replicates used.
    pub replicates: usize,
    /// Draws from the priors that intervals from priors come from; 0: there are none.
    #[serde(default)]
    pub prior_draws: usize,
    /// Replicates that could not be simulated, by reason.
    pub failed: Failures,
    /// The curve's position comes from priors (prior share of log EC50 of 0.9 or more).
    pub prior_only: bool,
    /// What a reader has to know.
    pub warnings: Vec<Warning>,
}

/// Fold shift of a dose between two curves, taken within each replicate.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FoldShift {
    /// Input that is varied in both.
    #[serde(default)]
    pub input: String,
    /// Response of the first curve.
    pub from: String,
    /// Response of the second.
    pub to: String,
    /// EC50 of the second over that of the first.
    pub ec50: Estimate,
}

impl DoseSummary {
    /// The estimate of a feature; `None` for one that a summary does not have.
    pub fn estimate(&self, feature: Feature) -> Option<&Estimate> {
        Some(match feature {
            Feature::Control => &self.control,
            Feature::Emax => &self.emax,
            Feature::LogEc(k) => [&self.ec10, &self.ec50, &self.ec90].get(k).copied()?,
            Feature::LogHill => &self.hill,
            Feature::LogAbsolute(k) => {
                let a = self.absolute.as_ref()?;
                [&a.ec10, &a.ec50, &a.ec90].get(k).copied()?
            }
            Feature::Value(_) | Feature::LogShift => return None,
        })
    }

    /// Adds an interval of a feature, on the scale of the feature.
    pub fn add(&mut self, feature: Feature, interval: Interval) {
        let estimate = match feature {
            Feature::Control => Some(&mut self.control),
            Feature::Emax => Some(&mut self.emax),
            Feature::LogEc(k) => [&mut self.ec10, &mut self.ec50, &mut self.ec90]
                .into_iter()
                .nth(k),
            Feature::LogHill => Some(&mut self.hill),
            Feature::LogAbsolute(k) => self
                .absolute
                .as_mut()
                .and_then(|a| [&mut a.ec10, &mut a.ec50, &mut a.ec90].into_iter().nth(k)),
            Feature::Value(_) | Feature::LogShift => None,
        };
        if let Some(e) = estimate {
            e.add(interval.map(|x| feature.natural(x)));
        }
    }

    /// Adds the intervals of a summary that was made of draws from the priors.
    pub fn add_priors(&mut self, of: &Self, level: f64) {
        for feature in Feature::OF_SUMMARY {
            if let Some(interval) = of.estimate(feature).and_then(|e| e.interval(level)) {
                self.add(
                    feature,
                    Interval {
                        method: Method::Prior,
                        ..interval.map(|x| feature.scaled(x))
                    },
                );
            }
        }
    }
}
