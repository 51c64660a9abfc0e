//! Unit definitions of a file, and what its names of units mean.

use std::collections::HashMap;
use std::sync::LazyLock;

use roxmltree::Node;

use super::super::DeclaredUnit;
use super::xml::{self, Log};
use crate::units::{Ratio, Registry, Unit};

/// Base units of SBML (Level 3 Version 2, table 2; `liter`, `meter` of Level 2 Version 1 included).
const KINDS: [&str; 35] = [
    "ampere",
    "avogadro",
    "becquerel",
    "candela",
    "coulomb",
    "dimensionless",
    "farad",
    "gram",
    "gray",
    "henry",
    "hertz",
    "item",
    "joule",
    "katal",
    "kelvin",
    "kilogram",
    "liter",
    "litre",
    "lumen",
    "lux",
    "meter",
    "metre",
    "mole",
    "newton",
    "ohm",
    "pascal",
    "radian",
    "second",
    "siemens",
    "sievert",
    "steradian",
    "tesla",
    "volt",
    "watt",
    "weber",
];

/// Avogadro's number as the base unit `avogadro` has it.
const AVOGADRO: &str = "6.02214179e23";

/// Units that Level 2 names without a definition, and what they are where the file does not redefine them.
const OF_LEVEL_2: [(&str, &str); 5] = [
    ("substance", "mole"),
    ("volume", "litre"),
    ("area", "metre^2"),
    ("length", "metre"),
    ("time", "second"),
];

/// How units of pharmacology are usually written: a definition that is one of these is shown as it.
const USUAL: [&str; 36] = [
    "1", "percent", "s", "min", "h", "day", "week", "1/s", "1/min", "1/h", "1/day", "mol", "mmol",
    "umol", "nmol", "pmol", "fmol", "kg", "g", "mg", "ug", "ng", "L", "mL", "uL", "M", "mM", "uM",
    "nM", "pM", "g/L", "mg/L", "ug/L", "ng/L", "L/h", "mL/min",
];

static USUAL_UNITS: LazyLock<Vec<(&str, Unit)>> = LazyLock::new(|| {
    let registry = Registry::new();
    let read = |text: &'static str| Some((text, registry.parse(text).ok()?));
    USUAL.into_iter().filter_map(read).collect()
});

/// Which default a quantity has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Measure {
    Substance,
    Volume,
    Area,
    Length,
    Time,
    Extent,
}

/// The units of a file.
#[derive(Default)]
pub(super) struct Units {
    /// Unit by the name that the file has for it, as text that the registry reads.
    names: HashMap<String, String>,
    /// Units of the model's quantities where they have none of their own.
    defaults: HashMap<&'static str, String>,
    /// What the registry does not know by itself.
    pub declared: Vec<DeclaredUnit>,
    pub registry: Registry,
    /// There is a number other than 0 without a known unit.
    pub bare_numbers: bool,
    /// There is a number with a known unit.
    pub numbers_with_unit: bool,
}

impl Units {
    /// Reads the definitions; what is wrong with them is a warning, and the unit is then unknown.
    pub(super) fn read(log: &mut Log, model: Node, level: u8) -> Self {
        let mut units = Self::default();
        for kind in KINDS {
            let text = if kind == "avogadro" { AVOGADRO } else { kind };
            units.names.insert(kind.into(), text.into());
        }
        if level == 2 {
            for (name, meaning) in OF_LEVEL_2 {
                units.names.insert(name.into(), meaning.into());
            }
        }
        let definitions = xml::child(model, "listOfUnitDefinitions");
        for node in definitions.into_iter().flat_map(xml::elements) {
            if node.tag_name().name() == "unitDefinition" {
                units.define(log, node, level);
            }
        }
        let attributes = [
            ("substanceUnits", "substance"),
            ("volumeUnits", "volume"),
            ("areaUnits", "area"),
            ("lengthUnits", "length"),
            ("timeUnits", "time"),
            ("extentUnits", "extent"),
        ];
        for (attribute, what) in attributes {
            let of_level_2 = if what == "extent" { "substance" } else { what };
            let unit = if level == 2 {
                units.names.get(of_level_2).cloned()
            } else {
                units.named(log, model, attribute)
            };
            if let Some(unit) = unit {
                units.defaults.insert(what, unit);
            }
        }
        units
    }

    /// The unit that an attribute names; a name without a meaning is a warning.
    pub(super) fn named(&self, log: &mut Log, node: Node, attribute: &str) -> Option<String> {
        self.of_attribute(log, &node.attribute_node(attribute)?)
    }

    /// The same for an attribute at hand.
    pub(super) fn of_attribute(
        &self,
        log: &mut Log,
        attribute: &roxmltree::Attribute,
    ) -> Option<String> {
        let name = attribute.value().trim();
        if let Some(text) = self.names.get(name) {
            return (!text.is_empty()).then(|| text.clone());
        }
        log.warning(
            "unknown-unit",
            &xml::value_place(attribute),
            format!("the unit `{name}` is not defined; it counts as unknown"),
        );
        None
    }

    pub(super) fn of(&self, which: Measure) -> Option<&str> {
        let name = match which {
            Measure::Substance => "substance",
            Measure::Volume => "volume",
            Measure::Area => "area",
            Measure::Length => "length",
            Measure::Time => "time",
            Measure::Extent => "extent",
        };
        self.defaults.get(name).map(String::as_str)
    }

    /// A text as a unit, unknown if there is none.
    pub(super) fn unit(&self, text: Option<&str>) -> Unit {
        text.and_then(|t| self.registry.parse(t).ok())
            .unwrap_or_else(Unit::unknown)
    }

    /// A unit as people write it, `None` if it is unknown.
    pub(super) fn shown(&self, unit: &Unit) -> Option<String> {
        if unit.is_unknown() {
            return None;
        }
        let usual = USUAL_UNITS.iter().find(|(_, u)| u.is_same(unit));
        Some(usual.map_or_else(|| unit.to_string(), |(text, _)| (*text).to_string()))
    }

    fn define(&mut self, log: &mut Log, node: Node, level: u8) {
        let Some(id) = node.attribute("id").map(str::trim) else {
            return;
        };
        let text = self.definition(log, node, level);
        let unit = self.unit(text.as_deref());
        let name = match (self.shown(&unit), text) {
            (Some(shown), Some(text)) => {
                if USUAL.contains(&shown.as_str()) {
                    shown
                } else {
                    self.declare(id, &text)
                }
            }
            // Defined, but as what is not known: no name without a meaning.
            _ => String::new(),
        };
        self.names.insert(id.into(), name);
    }

    /// Gives a definition its name in the registry, which may have another unit under that of the file.
    fn declare(&mut self, id: &str, definition: &str) -> String {
        let mut name = id.to_string();
        while self.registry.knows(&name) {
            name.push('_');
        }
        match self.registry.declare(&name, Some(definition)) {
            Ok(()) => {
                self.declared.push(DeclaredUnit {
                    id: name.clone(),
                    definition: Some(definition.into()),
                });
                name
            }
            // Too long for a name.
            Err(_) => definition.into(),
        }
    }

    /// The product that a definition is, as text; `None` if a part of it has no meaning here.
    fn definition(&self, log: &mut Log, node: Node, level: u8) -> Option<String> {
        let mut factors = Vec::new();
        for part in xml::child(node, "listOfUnits")
            .into_iter()
            .flat_map(xml::elements)
        {
            if part.tag_name().name() != "unit" {
                continue;
            }
            factors.push(factor(log, part, level)?);
        }
        let text = factors.join("*");
        (!text.is_empty()).then_some(text)
    }
}

/// `(multiplier·10^scale·kind)^exponent`
fn factor(log: &mut Log, node: Node, level: u8) -> Option<String> {
    let kind = node.attribute("kind").unwrap_or("").trim();
    // Level 2 has defaults, Level 3 has none.
    let mut read = |name: &str, default: f64| match node.attribute(name) {
        None if level == 2 => Some(default),
        None => None,
        Some(_) => xml::number(log, node, name),
    };
    let exponent = read("exponent", 1.0)?;
    let scale = read("scale", 0.0)?;
    let multiplier = read("multiplier", 1.0)?;
    let shifted = node
        .attribute("offset")
        .and_then(xml::double)
        .is_some_and(|o| o != 0.0);
    let place = xml::attribute_place(node, "kind");
    if !KINDS.contains(&kind) || shifted {
        let message = if shifted || kind == "Celsius" {
            "a scale with another zero is no unit here; it counts as unknown".to_string()
        } else {
            format!("`{kind}` is no base unit of SBML; the unit counts as unknown")
        };
        log.warning("unknown-unit", &place, message);
        return None;
    }
    let kind = if kind == "avogadro" { AVOGADRO } else { kind };
    let power = Ratio::near(exponent);
    let (Some(power), true) = (power, multiplier > 0.0 && multiplier.is_finite()) else {
        log.warning(
            "unknown-unit",
            &place,
            "an exponent or multiplier without a meaning; the unit counts as unknown",
        );
        return None;
    };
    if power.is_zero() {
        return Some("1".into());
    }
    // Decimals are kept: 10^-9 is a step of the exponent, not a product.
    let decimals = format!("{multiplier:e}");
    let (mantissa, decade) = decimals.split_once('e')?;
    let decade = decade.parse::<f64>().ok()? + scale;
    let number = format!("{mantissa}e{decade}");
    Some(match number.as_str() {
        "1e0" => format!("{kind}^({power})"),
        _ => format!("({number}*{kind})^({power})"),
    })
}
