//! What kind of quantity a unit measures.

use std::fmt;
use std::sync::Arc;

use super::Ratio;

/// Exponents over base units: those of the SI by symbol (`m`, `kg`, `s`, `A`, `K`, `mol`, `cd`) and declared ones by name.
///
/// No exponent is 0; the order is by name, so that equal dimensions compare equal.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Dimension(Vec<(Arc<str>, Ratio)>);

impl Dimension {
    /// Of a base unit.
    pub(super) fn base(name: &str) -> Self {
        Self(vec![(name.into(), Ratio::ONE)])
    }
    /// Base units and exponents, sorted by name.
    pub fn exponents(&self) -> impl Iterator<Item = (&str, Ratio)> {
        self.0.iter().map(|(b, e)| (&**b, *e))
    }
    /// Whether no base unit is left.
    pub fn is_none(&self) -> bool {
        self.0.is_empty()
    }
    /// `self × other^exponent`, `None` if an exponent gets too large.
    pub(super) fn times(&self, other: &Self, exponent: Ratio) -> Option<Self> {
        let mut result = self.0.clone();
        for (base, e) in &other.0 {
            let e = e.times(exponent)?;
            match result.binary_search_by(|(b, _)| b.cmp(base)) {
                Ok(i) => {
                    let sum = result[i].1.plus(e)?;
                    if sum.is_zero() {
                        result.remove(i);
                    } else {
                        result[i].1 = sum;
                    }
                }
                Err(_) if e.is_zero() => {}
                Err(i) => result.insert(i, (base.clone(), e)),
            }
        }
        Some(Self(result))
    }

    /// Name of the dimension in plain words, for those that pharmacology uses by name.
    ///
    /// ```
    /// use mechfit::units::Registry;
    /// let units = Registry::new();
    /// assert_eq!(units.parse("nM")?.dimension().name(), Some("a molar concentration"));
    /// assert_eq!(units.parse("nm")?.dimension().name(), Some("a length"));
    /// # Ok::<(), mechfit::units::UnitError>(())
    /// ```
    pub fn name(&self) -> Option<&'static str> {
        /// By their exponents over the base units.
        const NAMES: [(&str, &[(&str, i32)]); 14] = [
            ("a pure number", &[]),
            ("a length", &[("m", 1)]),
            ("an area", &[("m", 2)]),
            ("a volume", &[("m", 3)]),
            ("a mass", &[("kg", 1)]),
            ("a time", &[("s", 1)]),
            ("an amount of substance", &[("mol", 1)]),
            ("a molar concentration", &[("m", -3), ("mol", 1)]),
            ("a mass concentration", &[("kg", 1), ("m", -3)]),
            ("a molar mass", &[("kg", 1), ("mol", -1)]),
            ("a rate (1/time)", &[("s", -1)]),
            (
                "a rate constant of binding",
                &[("m", 3), ("mol", -1), ("s", -1)],
            ),
            (
                "a molar concentration per time",
                &[("m", -3), ("mol", 1), ("s", -1)],
            ),
            ("a clearance (volume/time)", &[("m", 3), ("s", -1)]),
        ];
        NAMES
            .iter()
            .find(|(_, list)| {
                list.len() == self.0.len()
                    && list.iter().zip(&self.0).all(|((b, e), (own, r))| {
                        **own == **b && *r == Ratio::new(i64::from(*e), 1).unwrap_or(Ratio::ZERO)
                    })
            })
            .map(|(name, _)| *name)
    }
}

/// `kg*m^2/s^2`, or `1`.
impl fmt::Display for Dimension {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        super::unit::product(f, None, &self.0)
    }
}
