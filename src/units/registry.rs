//! Known units.

use std::collections::BTreeMap;

use super::scale::Scale;
use super::{Dimension, Unit, UnitError, UnitErrorKind, builtin, parse};

/// The units of a model: built-in ones and those that it declares.
#[derive(Debug, Clone, Default)]
pub struct Registry {
    declared: BTreeMap<String, Unit>,
}

/// Longest name of a unit.
const LONGEST_NAME: usize = 64;

impl Registry {
    /// Only the built-in units.
    pub fn new() -> Self {
        Self::default()
    }

    /// Declares a unit: a new base (no definition) or another name for a product of known units.
    ///
    /// # Errors
    /// [`UnitErrorKind::Exists`], [`UnitErrorKind::Name`], or what is wrong with the definition (span within it).
    pub fn declare(&mut self, name: &str, definition: Option<&str>) -> Result<(), UnitError> {
        let whole = |kind| UnitError {
            kind,
            span: 0..name.len(),
        };
        if !parse::is_name(name) || name.len() > LONGEST_NAME {
            return Err(whole(UnitErrorKind::Name(name.into())));
        }
        if self.find(name).is_some() {
            return Err(whole(UnitErrorKind::Exists(name.into())));
        }
        let unit = match definition {
            None => Unit::named(name, Dimension::base(name), Scale::ONE),
            Some(text) => self.parse(text)?.renamed(name),
        };
        self.declared.insert(name.into(), unit);
        Ok(())
    }

    /// The unit of one name.
    pub(super) fn find(&self, name: &str) -> Option<Unit> {
        self.declared
            .get(name)
            .cloned()
            .or_else(|| builtin::find(name))
    }

    /// Whether a unit of this name is declared or built in.
    pub fn knows(&self, name: &str) -> bool {
        self.find(name).is_some()
    }

    /// Reads a unit: names, `1` and positive numbers joined by `*` (or `·`) and `/`, powers `^2`, `^-1`, `^(1/2)`, `²`,
    /// brackets. `a/b/c` is `a/(b*c)`. `µ` and `μ` are read as `u`.
    ///
    /// # Errors
    /// What is wrong and where.
    pub fn parse(&self, text: &str) -> Result<Unit, UnitError> {
        parse::parse(text, self)
    }

    /// Declared names, built-in names, and the prefixed ones that pharmacology writes most.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.declared
            .keys()
            .map(String::as_str)
            .chain(builtin::names().map(|n| -> &str { n }))
    }

    /// What an unknown name stands for, if it is a known one in another case, in the plural, or by a habit.
    pub(super) fn similar(&self, name: &str) -> Vec<String> {
        // A single letter in another case is seldom what is meant: `a` is no ampere.
        if name.len() > LONGEST_NAME || name.len() < 2 {
            return Vec::new();
        }
        // `cells` for `cell`, `Cell` for `cell`.
        let folded = |s: &str| s.to_lowercase().trim_end_matches('s').to_string();
        let own = self
            .declared
            .keys()
            .find(|d| folded(d) == folded(name))
            .cloned();
        if let Some(meant) = own.or_else(|| builtin::meant(name)) {
            return vec![meant];
        }
        Vec::new()
    }
}
