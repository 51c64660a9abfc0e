//! Doses as people type them: a number with a unit, mass or moles.

use super::{Registry, Unit, UnitError, parse};

/// A number with its unit as typed (`5ug/mL`, `1 nM`, `0.3`).
#[derive(Debug, Clone)]
pub struct Dose {
    /// The number.
    pub value: f64,
    /// Its unit, `None` if none was given.
    pub unit: Option<Unit>,
}

/// Why a dose cannot be used.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum DoseError {
    /// The text does not begin with a number.
    #[error("`{0}` does not begin with a number")]
    Number(String),
    /// What follows the number is not a unit.
    #[error("`{text}`: {error}")]
    Unit {
        /// The dose as typed.
        text: String,
        /// What is wrong.
        error: UnitError,
    },
    /// The units measure different things.
    #[error("{from} cannot be converted to {to}")]
    Incompatible {
        /// Unit typed.
        from: String,
        /// Unit wanted.
        to: String,
    },
    /// Mass against moles, and no molar mass is known.
    #[error("{from} can be converted to {to} only with a molar mass")]
    MolarMass {
        /// Unit typed.
        from: String,
        /// Unit wanted.
        to: String,
    },
}

impl Dose {
    /// Reads a number with an optional unit behind it.
    ///
    /// ```
    /// use mechfit::units::{Dose, Registry};
    /// let units = Registry::new();
    /// let mass = (502.78, units.parse("Da")?);
    /// let dose = Dose::parse("5ug/mL", &units)?.value_in(&units.parse("nM")?, Some((mass.0, &mass.1)))?;
    /// assert!((dose - 9944.707).abs() < 1e-3); // 5 mg/L over 502.78 g/mol
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`DoseError::Number`] or [`DoseError::Unit`].
    pub fn parse(text: &str, units: &Registry) -> Result<Self, DoseError> {
        let trimmed = text.trim();
        let (negative, body) = match trimmed.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, trimmed.strip_prefix('+').unwrap_or(trimmed)),
        };
        let (number, rest) = body.split_at(parse::number_length(body));
        let value: f64 = number
            .parse()
            .map_err(|_| DoseError::Number(text.to_string()))?;
        let rest = rest.trim();
        let rest = rest
            .strip_prefix('[')
            .and_then(|r| r.strip_suffix(']'))
            .unwrap_or(rest);
        let unit = if rest.is_empty() {
            None
        } else {
            Some(units.parse(rest).map_err(|error| DoseError::Unit {
                text: text.to_string(),
                error,
            })?)
        };
        Ok(Self {
            value: if negative { -value } else { value },
            unit,
        })
    }

    /// The dose in unit `to`. Mass and moles are converted through the molar mass (value and unit) of the substance.
    /// A dose without unit is taken to be in `to`.
    ///
    /// # Errors
    /// [`DoseError::Incompatible`] or [`DoseError::MolarMass`].
    pub fn value_in(&self, to: &Unit, molar_mass: Option<(f64, &Unit)>) -> Result<f64, DoseError> {
        let Some(from) = &self.unit else {
            return Ok(self.value);
        };
        if let Some(f) = from.factor_to(to) {
            return Ok(self.value * f);
        }
        let Some((mass, mass_unit)) = molar_mass else {
            let gram_per_mole = Registry::new().find("Da").unwrap_or_else(Unit::one);
            let bridged = from.div(&gram_per_mole).is_compatible(to)
                || from.mul(&gram_per_mole).is_compatible(to);
            let (from, to) = (from.to_string(), to.to_string());
            return Err(if bridged {
                DoseError::MolarMass { from, to }
            } else {
                DoseError::Incompatible { from, to }
            });
        };
        if let Some(f) = from.div(mass_unit).factor_to(to) {
            return Ok(self.value / mass * f);
        }
        if let Some(f) = from.mul(mass_unit).factor_to(to) {
            return Ok(self.value * mass * f);
        }
        Err(DoseError::Incompatible {
            from: from.to_string(),
            to: to.to_string(),
        })
    }
}
