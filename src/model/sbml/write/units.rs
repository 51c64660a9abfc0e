//! Units as unit definitions.

use super::super::super::Model;
use super::xml::Xml;
use crate::units::{Registry, Unit};

/// Base units of the SI by symbol, with their SBML names.
const KINDS: [(&str, &str); 8] = [
    ("m", "metre"),
    ("kg", "kilogram"),
    ("s", "second"),
    ("A", "ampere"),
    ("K", "kelvin"),
    ("mol", "mole"),
    ("cd", "candela"),
    ("item", "item"),
];

/// Units used so far.
pub(super) struct Units {
    registry: Registry,
    used: Vec<(String, Unit)>,
    names: Vec<String>,
    lost: Vec<String>,
}

impl Units {
    pub fn new(model: &Model) -> Self {
        Self {
            registry: model.registry(),
            used: Vec::new(),
            names: Vec::new(),
            lost: Vec::new(),
        }
    }

    /// What could not be carried.
    pub fn lost(&self) -> Vec<String> {
        self.lost.clone()
    }

    /// A text as a unit, unknown if there is none.
    pub fn unit(&self, text: Option<&str>) -> Unit {
        text.and_then(|t| self.registry.parse(t).ok())
            .unwrap_or_else(Unit::unknown)
    }

    /// Identifier of a unit; `None` if it is unknown.
    pub fn id(&mut self, text: Option<&str>) -> Option<String> {
        let unit = self.unit(text);
        self.id_of(&unit)
    }

    /// The same for a unit at hand.
    pub fn id_of(&mut self, unit: &Unit) -> Option<String> {
        if unit.is_unknown() {
            return None;
        }
        if unit.is_one() {
            return Some("dimensionless".into());
        }
        if let Some((id, _)) = self.used.iter().find(|(_, u)| u.is_same(unit)) {
            return Some(id.clone());
        }
        let readable: String = unit
            .to_string()
            .replace('/', "_per_")
            .replace('-', "m")
            .chars()
            .map(|c| if c.is_ascii_alphanumeric() { c } else { '_' })
            .collect();
        let mut id = format!("unit_{}", readable.trim_matches('_'));
        while self.names.contains(&id) {
            id.push('_');
        }
        self.names.push(id.clone());
        self.used.push((id.clone(), unit.clone()));
        Some(id)
    }

    /// The list of unit definitions.
    pub fn write(&mut self, xml: &mut Xml) {
        if self.used.is_empty() {
            return;
        }
        xml.open("listOfUnitDefinitions", &[]);
        for (id, unit) in &self.used {
            let name = unit.to_string();
            xml.open("unitDefinition", &[("id", id), ("name", &name)]);
            xml.open("listOfUnits", &[]);
            let factor = unit.factor();
            if factor != 1.0 || unit.dimension().is_none() {
                part(xml, "dimensionless", 1.0, factor);
            }
            for (base, exponent) in unit.dimension().exponents() {
                let kind = match KINDS.iter().find(|(symbol, _)| *symbol == base) {
                    Some((_, kind)) => kind,
                    None => {
                        let line =
                            format!("unit `{base}`: a base unit of the model, written as `item`");
                        if !self.lost.contains(&line) {
                            self.lost.push(line);
                        }
                        "item"
                    }
                };
                let power = f64::from(exponent.numerator()) / f64::from(exponent.denominator());
                part(xml, kind, power, 1.0);
            }
            xml.close();
            xml.close();
        }
        xml.close();
    }
}

fn part(xml: &mut Xml, kind: &str, exponent: f64, multiplier: f64) {
    xml.empty(
        "unit",
        &[
            ("kind", kind),
            ("exponent", &exponent.to_string()),
            ("scale", "0"),
            ("multiplier", &format!("{multiplier:e}")),
        ],
    );
}
