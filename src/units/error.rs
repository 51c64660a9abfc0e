//! What can be wrong with the text of a unit.

/// Why a text is not a unit, with the place in it.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("{kind}")]
pub struct UnitError {
    /// What is wrong.
    pub kind: UnitErrorKind,
    /// Bytes of the text concerned.
    pub span: std::ops::Range<usize>,
}

/// What can be wrong with a unit.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum UnitErrorKind {
    /// Nothing there.
    #[error("a unit is expected")]
    Empty,
    /// A name that is neither built in nor declared.
    #[error("the unit `{name}` is not known")]
    Unknown {
        /// Name.
        name: String,
        /// Known units that may be meant, the likeliest first.
        similar: Vec<String>,
    },
    /// Something else was expected.
    #[error("{expected} is expected, found {found}")]
    Expected {
        /// What.
        expected: &'static str,
        /// What stands there.
        found: String,
    },
    /// An exponent sign without `^` (`h-1`).
    #[error("`{name}-{digits}` is not a unit: an exponent is written with `^`")]
    Exponent {
        /// Unit in front.
        name: String,
        /// The exponent.
        digits: String,
    },
    /// A number that is not positive and finite, or an exponent out of range.
    #[error("`{0}` cannot be part of a unit")]
    Number(String),
    /// Longer or deeper than any unit.
    #[error("the text is too long or nested too deeply for a unit")]
    TooLong,
    /// Exponents or a number of names that get out of hand.
    #[error("its exponents or the number of its names are beyond what a unit has")]
    TooComplex,
    /// The product of its numbers cannot be written as a number.
    #[error("the numbers in it multiply to one beyond the range of numbers, 1e-307 to 1e308")]
    OutOfRange,
    /// A declaration of a unit that exists.
    #[error("the unit `{0}` exists already")]
    Exists(String),
    /// A name that cannot be a unit.
    #[error("`{0}` cannot be the name of a unit")]
    Name(String),
}

impl UnitErrorKind {
    /// Stable code of the finding.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Unknown { .. } => "unknown-unit",
            Self::Exists(_) => "duplicate-name",
            _ => "unit-syntax",
        }
    }
    /// Remedy, if there is one to name.
    pub fn help(&self) -> Option<String> {
        match self {
            Self::Empty => Some("a pure number has the unit `1`".into()),
            Self::Unknown { name, similar } => Some(match similar.first() {
                Some(s) => format!("did you mean `{s}`?"),
                None => {
                    format!(
                        "declare it: `unit {name}` for a new one, `unit {name} = …` for another name"
                    )
                }
            }),
            Self::Exponent { name, digits } => Some(if digits == "1" {
                format!("write `1/{name}` or `{name}^-1`")
            } else {
                format!("write `1/{name}^{digits}` or `{name}^-{digits}`")
            }),
            Self::OutOfRange => {
                Some("write fewer decades, or leave them to the prefix of a unit".into())
            }
            Self::Expected { .. } => {
                Some("units are written like `nM`, `1/h`, `mg/L`, `1/(nM*h)`, `cm^2`".into())
            }
            _ => None,
        }
    }
}
