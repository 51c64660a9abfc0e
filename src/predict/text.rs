//! Doses and ranges of doses as people type them.

use crate::model::Model;
use crate::units::{Dose, DoseError, Registry, Unit, UnitError};

/// A range of doses in the unit of its input, evenly spaced in the logarithm.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DoseRange {
    /// Lowest dose.
    pub lower: f64,
    /// Highest dose.
    pub upper: f64,
    /// Number of doses.
    pub n: usize,
}

/// Doses a decade where no number is given.
const PER_DECADE: f64 = 10.0;
/// Most doses of a range.
pub const MAX_DOSES: usize = 10_000;

/// Why a text is not a range of doses.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum RangeError {
    /// Not `LO:HI` or `LO:HI:N`.
    #[error("`{0}` is not a range of doses: write LO:HI or LO:HI:N, such as 1nM:100uM:50")]
    Form(String),
    /// A dose that cannot be read or converted.
    #[error(transparent)]
    Dose(#[from] DoseError),
    /// The unit of the input cannot be read.
    #[error("the unit of `{input}`: {error}")]
    Unit {
        /// Input.
        input: String,
        /// What is wrong.
        error: UnitError,
    },
    /// A unit was given for an input that has none.
    #[error("`{0}` has no unit in the model: give its doses as bare numbers")]
    NoUnit(String),
    /// Not from a positive dose to a higher one.
    #[error(
        "{lower} to {upper} is not a range from a positive dose to a higher one (the control is always computed beside it)"
    )]
    Order {
        /// Lowest dose, in the unit of the input.
        lower: f64,
        /// Highest dose.
        upper: f64,
    },
    /// Too few or too many doses.
    #[error("a range has 2 to {MAX_DOSES} doses, not {0}")]
    Count(String),
}

impl DoseRange {
    /// The doses, ascending; the ends exactly as given.
    pub fn doses(&self) -> Vec<f64> {
        let (a, b) = (libm::log(self.lower), libm::log(self.upper));
        let last = self.n.saturating_sub(1);
        (0..self.n)
            .map(|i| {
                if i == 0 {
                    self.lower
                } else if i == last {
                    self.upper
                } else {
                    libm::exp(a + (b - a) * i as f64 / last as f64)
                }
            })
            .collect()
    }

    /// Reads `LO:HI` or `LO:HI:N` for an input of a model; doses may carry units, mass against moles where the input is
    /// of a substance with a molar mass.
    ///
    /// # Errors
    /// [`RangeError`].
    pub fn parse(text: &str, model: &Model, input: &str) -> Result<Self, RangeError> {
        let form = || RangeError::Form(text.into());
        let mut parts = text.split(':').map(str::trim);
        let (Some(lower), Some(upper)) = (parts.next(), parts.next()) else {
            return Err(form());
        };
        let n = parts.next();
        if parts.next().is_some() || lower.is_empty() || upper.is_empty() {
            return Err(form());
        }
        let lower = dose(lower, model, input)?;
        let upper = dose(upper, model, input)?;
        if !(lower > 0.0 && upper > lower && upper.is_finite()) {
            return Err(RangeError::Order { lower, upper });
        }
        let n = match n {
            Some(n) => n.parse().map_err(|_| RangeError::Count(n.into()))?,
            None => {
                let decades = libm::log10(upper / lower);
                (PER_DECADE * decades).ceil().min(MAX_DOSES as f64) as usize + 1
            }
        };
        if !(2..=MAX_DOSES).contains(&n) {
            return Err(RangeError::Count(n.to_string()));
        }
        Ok(Self { lower, upper, n })
    }
}

/// Reads a dose in the unit of an input of a model.
///
/// # Errors
/// [`RangeError`].
pub fn dose(text: &str, model: &Model, input: &str) -> Result<f64, RangeError> {
    let units = registry(model)?;
    let typed = Dose::parse(text, &units)?;
    let unit_error = |error| RangeError::Unit {
        input: input.into(),
        error,
    };
    let Some(unit) = model.unit(input) else {
        return match typed.unit {
            Some(_) => Err(RangeError::NoUnit(input.into())),
            None => Ok(typed.value),
        };
    };
    let unit = units.parse(unit).map_err(unit_error)?;
    let substance = model
        .inputs
        .iter()
        .find(|i| i.id == input)
        .and_then(|i| i.substance.as_ref())
        .and_then(|s| model.substances.iter().find(|x| x.id == *s));
    let mass: Option<(f64, Unit)> = match substance {
        Some(s) => Some((s.molar_mass, units.parse(&s.unit).map_err(unit_error)?)),
        None => None,
    };
    Ok(typed.value_in(&unit, mass.as_ref().map(|(m, u)| (*m, u)))?)
}

/// The units that a model knows.
fn registry(model: &Model) -> Result<Registry, RangeError> {
    let mut units = Registry::new();
    for u in &model.units {
        units
            .declare(&u.id, u.definition.as_deref())
            .map_err(|error| RangeError::Unit {
                input: u.id.clone(),
                error,
            })?;
    }
    Ok(units)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Input, Substance};

    fn model() -> Model {
        Model {
            substances: vec![Substance {
                id: "AMD3100".into(),
                molar_mass: 502.78,
                unit: "Da".into(),
                source: None,
            }],
            inputs: vec![
                Input {
                    id: "amd".into(),
                    value: 0.0,
                    unit: Some("nM".into()),
                    description: String::new(),
                    substance: Some("AMD3100".into()),
                },
                Input {
                    id: "plain".into(),
                    value: 0.0,
                    unit: None,
                    description: String::new(),
                    substance: None,
                },
            ],
            ..Model::default()
        }
    }

    #[test]
    fn a_range_is_read_in_the_unit_of_its_input() {
        let m = model();
        let r = DoseRange::parse("1nM:100uM:50", &m, "amd").unwrap();
        assert_eq!((r.lower, r.n), (1.0, 50));
        assert!((r.upper - 1e5).abs() < 1e-9);
        // 5 mg/L over 502.78 g/mol.
        let mass = dose("5ug/mL", &m, "amd").unwrap();
        assert!((mass - 5e6 / 502.78).abs() < 1e-6, "{mass}");
        assert_eq!(DoseRange::parse("1:1000", &m, "amd").unwrap().n, 31);
        let doses = DoseRange::parse("1:1000:4", &m, "amd").unwrap().doses();
        for (d, e) in doses.iter().zip([1.0, 10.0, 100.0, 1000.0]) {
            assert!((d - e).abs() < 1e-10 * e, "{d}");
        }
    }

    #[test]
    fn what_is_not_a_range_is_refused_with_its_reason() {
        let m = model();
        let message = |t: &str, i: &str| DoseRange::parse(t, &m, i).unwrap_err().to_string();
        assert!(message("5", "amd").contains("LO:HI"));
        assert!(message("1nM:2nM:3:4", "amd").contains("LO:HI"));
        assert!(message("0:1uM", "amd").contains("positive dose"));
        assert!(message("2uM:1uM", "amd").contains("positive dose"));
        assert!(message("1nM:1uM:1", "amd").contains("2 to"));
        assert!(message("1nM:1uM:x", "amd").contains("not x"));
        assert!(message("1h:2h", "amd").contains("cannot be converted"));
        assert!(message("1nM:2nM", "plain").contains("no unit"));
    }
}
