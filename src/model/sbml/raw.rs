//! What a file declares, as it stands there, before names are resolved.

use super::units::Units;
use super::xml::Place;
use crate::math::Expr;

/// A file's model. Attributes have the defaults of their level.
#[derive(Default)]
pub(super) struct Raw {
    pub id: String,
    pub name: String,
    pub level: u8,
    pub version: u8,
    /// Units of quantities are kept as texts that its registry reads.
    pub units: Units,
    pub conversion_factor: Option<(String, Place)>,
    pub compartments: Vec<Compartment>,
    pub species: Vec<Species>,
    pub parameters: Vec<Parameter>,
    pub initial: Vec<Assigned>,
    pub rules: Vec<Rule>,
    pub reactions: Vec<Reaction>,
    pub events: Vec<Event>,
}

pub(super) struct Compartment {
    pub id: String,
    pub name: String,
    pub place: Place,
    pub dimensions: f64,
    pub size: Option<f64>,
    pub units: Option<String>,
    pub constant: bool,
}

#[derive(Clone, Copy)]
pub(super) enum Amount {
    Amount(f64),
    Concentration(f64),
}

pub(super) struct Species {
    pub id: String,
    pub name: String,
    pub place: Place,
    pub compartment: (String, Place),
    pub initial: Option<Amount>,
    pub substance_units: Option<String>,
    /// Level 2 Versions 1 and 2: unit of the volume in its concentration.
    pub spatial_units: Option<String>,
    pub only_substance: bool,
    pub boundary: bool,
    pub constant: bool,
    pub conversion_factor: Option<(String, Place)>,
}

pub(super) struct Parameter {
    pub id: String,
    pub name: String,
    pub place: Place,
    pub value: Option<f64>,
    pub units: Option<String>,
    pub constant: bool,
}

/// A symbol and the mathematics that sets it; without mathematics it sets nothing.
pub(super) struct Assigned {
    pub symbol: String,
    pub place: Place,
    pub math: Option<Expr>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum RuleKind {
    Assignment,
    Rate,
    Algebraic,
}

pub(super) struct Rule {
    pub kind: RuleKind,
    /// Empty for an algebraic rule.
    pub variable: String,
    pub place: Place,
    pub math: Option<Expr>,
}

pub(super) struct SpeciesReference {
    pub id: Option<String>,
    pub species: String,
    pub place: Place,
    pub stoichiometry: Option<f64>,
    /// Level 2: stoichiometry as an expression.
    pub math: Option<Expr>,
    pub constant: bool,
}

pub(super) struct Reaction {
    pub id: String,
    pub name: String,
    pub place: Place,
    pub fast: bool,
    /// Level 2 Version 1: the kinetic law has units of its own.
    pub own_units: bool,
    pub reactants: Vec<SpeciesReference>,
    pub products: Vec<SpeciesReference>,
    pub modifiers: Vec<(String, Place)>,
    /// Rate with local parameters under their own names.
    pub rate: Option<Expr>,
    pub locals: Vec<Parameter>,
}

pub(super) struct Event {
    pub id: Option<String>,
    pub place: Place,
    pub trigger: Option<Expr>,
    pub initial_value: bool,
    pub persistent: bool,
    pub delay: Option<Expr>,
    pub priority: Option<Expr>,
    pub values_from_trigger_time: bool,
    pub assignments: Vec<Assigned>,
}
