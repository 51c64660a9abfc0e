//! A [`Model`] as SBML Level 3 Version 2.
//!
//! States that are no species become parameters with rate rules. A species keeps its reactions if their stoichiometry is
//! in numbers; else one reaction of its own makes it, at the rate of its amount, which is right in any volume.

mod mathml;
mod quantities;
mod reactions;
mod units;
mod xml;

use std::collections::HashSet;

use super::super::{Model, Rate};
use mathml::Math;
use units::Units;
use xml::Xml;

/// Why a model cannot be written as SBML.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum WriteError {
    /// A function that SBML has no word for.
    #[error("`{quantity}` uses `{function}`, which SBML cannot express")]
    Function {
        /// Quantity whose expression it is.
        quantity: String,
        /// The function.
        function: &'static str,
    },
    /// A name that is no SBML identifier.
    #[error("`{0}` is no SBML identifier")]
    Identifier(String),
}

/// A model being written.
struct Writer<'m> {
    model: &'m Model,
    xml: Xml,
    units: Units,
    math: Math,
    /// Names in use, so that made-up ones are new.
    taken: HashSet<String>,
    compartments: HashSet<&'m str>,
    lost: Vec<String>,
}

/// Writes a model as SBML; with it, what could not be carried, one line each.
///
/// # Errors
/// [`WriteError`] for mathematics that SBML cannot express and names that it does not allow.
pub fn write(model: &Model) -> Result<(String, Vec<String>), WriteError> {
    let mut taken: HashSet<String> = model.declared().map(str::to_string).collect();
    taken.extend(model.events.iter().map(|e| e.id.clone()));
    taken.extend(model.reactions.iter().map(|r| r.id.clone()));
    if let Some(wrong) = taken.iter().find(|id| !crate::math::is_identifier(id)) {
        return Err(WriteError::Identifier(wrong.clone()));
    }
    let flagged = model
        .parameters
        .iter()
        .filter(|p| p.compartment)
        .map(|p| p.id.as_str());
    let states = model
        .states
        .iter()
        .filter(|s| s.compartment)
        .map(|s| s.id.as_str());
    let of_species = model.species.iter().map(|s| s.compartment.as_str());
    let volumes = model.states.iter().filter_map(|s| s.volume.as_deref());
    let compartments = flagged
        .chain(states)
        .chain(of_species)
        .chain(volumes)
        .collect();
    let time_is_free = !taken.contains("time");
    let mut writer = Writer {
        model,
        xml: Xml::default(),
        units: Units::new(model),
        math: Math::new(time_is_free, model.pure_numbers, &mut taken),
        taken,
        compartments,
        lost: Vec::new(),
    };
    writer.document()?;
    let Writer {
        xml, units, lost, ..
    } = writer;
    let mut all = units.lost();
    all.extend(lost);
    Ok((xml.finish(), all))
}

impl Writer<'_> {
    fn document(&mut self) -> Result<(), WriteError> {
        // The body first: it says which units and functions are needed at the top.
        let head = std::mem::take(&mut self.xml);
        let time = self.units.id(self.model.time_unit.as_deref());
        let substance = self.extent();
        self.compartments()?;
        self.species()?;
        self.parameters()?;
        self.initial_assignments()?;
        self.rules()?;
        self.reactions()?;
        self.events()?;
        let body = std::mem::replace(&mut self.xml, head);
        self.say_what_is_lost();
        self.xml
            .text("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
        self.xml.open(
            "sbml",
            &[
                ("xmlns", super::CORE_NAMESPACE),
                ("level", "3"),
                ("version", "2"),
            ],
        );
        let id = if crate::math::is_identifier(&self.model.id) {
            self.model.id.as_str()
        } else {
            ""
        };
        let attributes = [
            ("id", id),
            ("name", self.model.description.as_str()),
            ("substanceUnits", substance.as_deref().unwrap_or("")),
            ("timeUnits", time.as_deref().unwrap_or("")),
            ("extentUnits", substance.as_deref().unwrap_or("")),
        ];
        self.xml.open("model", &attributes);
        self.math.write_functions(&mut self.xml);
        self.units.write(&mut self.xml);
        self.xml.append(body);
        self.xml.close();
        self.xml.close();
        Ok(())
    }

    fn say_what_is_lost(&mut self) {
        for s in &self.model.substances {
            self.lost.push(format!(
                "substance `{}`: its molar mass {} {} (conversions that use it are multiplied out)",
                s.id, s.molar_mass, s.unit
            ));
        }
        for i in &self.model.inputs {
            self.lost.push(format!(
                "input `{}`: written as a parameter; that only conditions set it is not said",
                i.id
            ));
        }
        for f in &self.model.fast {
            let ids: Vec<String> = f.changes.iter().map(|(s, _)| format!("`{s}`")).collect();
            self.lost.push(format!(
                "the fast reaction of {}: Level 3 Version 2 has no fast reactions",
                ids.join(", ")
            ));
        }
    }

    /// A name that nothing has yet.
    fn fresh(&mut self, wish: &str) -> String {
        let mut id = wish.to_string();
        while !self.taken.insert(id.clone()) {
            id.push('_');
        }
        id
    }

    fn events(&mut self) -> Result<(), WriteError> {
        if self.model.events.is_empty() {
            return Ok(());
        }
        let flag = |b: bool| if b { "true" } else { "false" };
        self.xml.open("listOfEvents", &[]);
        for e in &self.model.events {
            let attributes = [
                ("id", e.id.as_str()),
                ("useValuesFromTriggerTime", flag(e.values_from_trigger_time)),
            ];
            self.xml.open("event", &attributes);
            let attributes = [
                ("initialValue", flag(e.initial_value)),
                ("persistent", flag(e.persistent)),
            ];
            self.xml.open("trigger", &attributes);
            self.math
                .write(&mut self.xml, &mut self.units, &e.trigger, &e.id)?;
            self.xml.close();
            for (name, part) in [("priority", &e.priority), ("delay", &e.delay)] {
                if let Some(part) = part {
                    self.xml.open(name, &[]);
                    self.math
                        .write(&mut self.xml, &mut self.units, part, &e.id)?;
                    self.xml.close();
                }
            }
            if !e.assignments.is_empty() {
                self.xml.open("listOfEventAssignments", &[]);
                for (target, value) in &e.assignments {
                    self.xml.open("eventAssignment", &[("variable", target)]);
                    self.math
                        .write(&mut self.xml, &mut self.units, value, &e.id)?;
                    self.xml.close();
                }
                self.xml.close();
            }
            self.xml.close();
        }
        self.xml.close();
        Ok(())
    }

    /// Species: those of SBML, and states that are concentrations in a volume.
    fn species_ids(&self) -> Vec<(&str, &str, bool)> {
        let m = self.model;
        let own = m
            .species
            .iter()
            .map(|s| (s.id.as_str(), s.compartment.as_str(), s.amount));
        let more = m.states.iter().filter_map(|s| {
            let known = m.species.iter().any(|k| k.id == s.id);
            s.volume
                .as_deref()
                .filter(|_| !known)
                .map(|v| (s.id.as_str(), v, false))
        });
        own.chain(more).collect()
    }

    fn is_species(&self, id: &str) -> bool {
        self.model.species.iter().any(|s| s.id == id)
            || self
                .model
                .state(id)
                .is_some_and(|i| self.model.states[i].volume.is_some())
    }

    /// Whether a species changes by reactions, its rate being that of its amount; else a rate rule says the same.
    fn by_reactions(&self, id: &str) -> bool {
        let Some(state) = self.model.state(id).map(|i| &self.model.states[i]) else {
            return false;
        };
        matches!(state.rate, Rate::Differential(_))
            && self.is_species(id)
            && (state.volume.is_some() || self.is_stoichiometric(id))
    }

    /// Whether nothing changes a state.
    fn is_constant(&self, id: &str) -> bool {
        let state = self.model.state(id).map(|i| &self.model.states[i]);
        let mut targets = self.model.events.iter().flat_map(|e| &e.assignments);
        state.is_some_and(|s| s.rate == Rate::Discrete) && !targets.any(|(t, _)| t == id)
    }
}
