//! Compartments, species, parameters, initial assignments and rules.

use super::super::super::{Output, Rate};
use super::{WriteError, Writer};
use crate::math::{BinaryOp, Expr, Kind};
use crate::units::Unit;

/// A number as an XML double.
pub(super) fn double(v: f64) -> String {
    if v.is_nan() {
        "NaN".into()
    } else if v.is_infinite() {
        if v > 0.0 { "INF" } else { "-INF" }.into()
    } else {
        let (plain, scientific) = (v.to_string(), format!("{v:e}"));
        if plain.len() <= scientific.len() {
            plain
        } else {
            scientific
        }
    }
}

/// A quantity without its role.
struct Quantity {
    id: String,
    name: String,
    value: Option<f64>,
    unit: Option<String>,
    constant: bool,
    source: Option<String>,
}

/// The number that an expression is, undefined ones left out.
fn given(e: &Expr) -> Option<f64> {
    match &e.kind {
        Kind::Number(v) | Kind::Quantity(v, _) if !v.is_nan() => Some(*v),
        Kind::Unary(crate::math::UnaryOp::Neg, a) => given(a).map(|v| -v),
        _ => None,
    }
}

/// Whether an expression is a number, undefined or not.
fn is_number(e: &Expr) -> bool {
    given(e).is_some() || e.as_number().is_some_and(f64::is_nan)
}

impl<'m> Writer<'m> {
    /// Everything that has a value, in order of declaration.
    fn all(&self) -> Vec<Quantity> {
        let m = self.model;
        let text = |s: &Option<String>| s.clone();
        let mut list = Vec::new();
        for i in &m.inputs {
            list.push(Quantity {
                id: i.id.clone(),
                name: i.description.clone(),
                value: Some(i.value),
                unit: text(&i.unit),
                constant: true,
                source: None,
            });
        }
        for p in &m.parameters {
            list.push(Quantity {
                id: p.id.clone(),
                name: p.description.clone(),
                value: given(&p.value),
                unit: text(&p.unit),
                constant: true,
                source: p.source.clone(),
            });
        }
        for s in &m.states {
            list.push(Quantity {
                id: s.id.clone(),
                name: s.description.clone(),
                value: given(&s.initial),
                unit: text(&s.unit),
                constant: self.is_constant(&s.id),
                source: None,
            });
        }
        for a in &m.assignments {
            // Reactions stand for their own rates.
            if !m.reactions.iter().any(|r| r.id == a.id) {
                list.push(Quantity {
                    id: a.id.clone(),
                    name: a.description.clone(),
                    value: None,
                    unit: text(&a.unit),
                    constant: false,
                    source: None,
                });
            }
        }
        for (id, o) in self.outputs() {
            list.push(Quantity {
                id,
                name: o.description.clone(),
                value: None,
                unit: text(&o.unit),
                constant: false,
                source: None,
            });
        }
        list
    }

    /// Outputs that are quantities of their own: one that has the name of another quantity gets a name behind it, one
    /// that only shows that quantity is not written.
    fn outputs(&self) -> Vec<(String, &'m Output)> {
        let m = self.model;
        let named = |id: &str| {
            m.state(id).is_some()
                || m.assignments.iter().any(|a| a.id == id)
                || m.parameters.iter().any(|p| p.id == id)
                || m.inputs.iter().any(|i| i.id == id)
        };
        let mut list = Vec::new();
        for o in &m.outputs {
            if !named(&o.id) {
                list.push((o.id.clone(), o));
            } else if !matches!(&o.value.kind, Kind::Symbol(s) if *s == o.id) {
                let mut id = format!("{}_output", o.id);
                while named(&id) || m.outputs.iter().any(|p| p.id == id) {
                    id.push('_');
                }
                list.push((id, o));
            }
        }
        list
    }

    fn notes(&mut self, source: Option<&str>) {
        if let Some(source) = source {
            self.xml.open("notes", &[]);
            let text = format!("Source: {source}");
            let html = [("xmlns", "http://www.w3.org/1999/xhtml")];
            self.xml.leaf("p", &html, &text);
            self.xml.close();
        }
    }

    /// An element with its source as a note, if it has one.
    fn element(&mut self, name: &'static str, attributes: &[(&str, &str)], source: Option<&str>) {
        if source.is_none() {
            return self.xml.empty(name, attributes);
        }
        self.xml.open(name, attributes);
        self.notes(source);
        self.xml.close();
    }

    pub(super) fn compartments(&mut self) -> Result<(), WriteError> {
        if self.compartments.is_empty() {
            return Ok(());
        }
        self.xml.open("listOfCompartments", &[]);
        for q in self.all() {
            if !self.compartments.contains(q.id.as_str()) {
                continue;
            }
            let unit = self.units.id(q.unit.as_deref());
            let size = q.value.map(double);
            // A constant without a size is a point.
            let point = q.constant && size.is_none() && !self.has_initial_assignment(&q.id);
            let attributes = [
                ("id", q.id.as_str()),
                ("name", &q.name),
                ("spatialDimensions", if point { "0" } else { "3" }),
                ("size", size.as_deref().unwrap_or("")),
                ("units", unit.as_deref().unwrap_or("")),
                ("constant", if q.constant { "true" } else { "false" }),
            ];
            self.element("compartment", &attributes, q.source.as_deref());
        }
        self.xml.close();
        Ok(())
    }

    fn has_initial_assignment(&self, id: &str) -> bool {
        let p = self.model.parameters.iter().find(|p| p.id == id);
        p.is_some_and(|p| !is_number(&p.value))
    }

    /// An initial amount in a volume, `amount/volume`.
    fn initial_amount(&self, id: &str) -> Option<f64> {
        let state = &self.model.states[self.model.state(id)?];
        let (_, compartment, amount) = *self.species_ids().iter().find(|(s, _, _)| *s == id)?;
        match &state.initial.kind {
            Kind::Binary(BinaryOp::Div, a, v) if !amount => match &v.kind {
                Kind::Symbol(name) if name == compartment => given(a),
                _ => None,
            },
            _ if amount => given(&state.initial),
            _ => None,
        }
    }

    /// Unit of a species' amount: that of its name, or of its concentration times the volume.
    fn substance(&self, id: &str, compartment: &str, amount: bool) -> Unit {
        let own = self.units.unit(self.model.unit(id));
        if amount {
            return own;
        }
        own.mul(&self.units.unit(self.model.unit(compartment)))
    }

    /// The unit that the amounts of all species share, if they do: reactions turn in it.
    pub(super) fn extent(&mut self) -> Option<String> {
        let species = self.species_ids();
        let mut all = species
            .iter()
            .map(|(s, c, amount)| self.substance(s, c, *amount));
        let first = all.next().filter(|u| !u.is_unknown())?;
        if !all.all(|u| !u.is_unknown() && u.is_same(&first)) {
            return None;
        }
        self.units.id_of(&first)
    }

    pub(super) fn species(&mut self) -> Result<(), WriteError> {
        let species: Vec<(String, String, bool)> = self
            .species_ids()
            .into_iter()
            .map(|(a, b, c)| (a.to_string(), b.to_string(), c))
            .collect();
        if species.is_empty() {
            return Ok(());
        }
        let all = self.all();
        self.xml.open("listOfSpecies", &[]);
        for (id, compartment, amount) in species {
            let Some(q) = all.iter().find(|q| q.id == id) else {
                continue;
            };
            let initial_amount = self.initial_amount(&id).map(double).unwrap_or_default();
            let concentration = match q.value {
                Some(v) if !amount => double(v),
                _ => String::new(),
            };
            let ruled = |i: usize| self.model.states[i].rate == Rate::Algebraic;
            let algebraic = self.model.state(&id).is_some_and(ruled);
            let boundary = !self.by_reactions(&id) && !algebraic;
            let constant = self.is_constant(&id);
            let substance = self.substance(&id, &compartment, amount);
            let substance = self.units.id_of(&substance);
            let attributes = [
                ("id", id.as_str()),
                ("name", &q.name),
                ("compartment", &compartment),
                ("initialAmount", &initial_amount),
                ("initialConcentration", &concentration),
                ("substanceUnits", substance.as_deref().unwrap_or("")),
                (
                    "hasOnlySubstanceUnits",
                    if amount { "true" } else { "false" },
                ),
                ("boundaryCondition", if boundary { "true" } else { "false" }),
                ("constant", if constant { "true" } else { "false" }),
            ];
            self.element("species", &attributes, q.source.as_deref());
        }
        self.xml.close();
        Ok(())
    }

    pub(super) fn parameters(&mut self) -> Result<(), WriteError> {
        let others: Vec<Quantity> = self
            .all()
            .into_iter()
            .filter(|q| !self.compartments.contains(q.id.as_str()) && !self.is_species(&q.id))
            .collect();
        if others.is_empty() {
            return Ok(());
        }
        self.xml.open("listOfParameters", &[]);
        for q in others {
            let unit = self.units.id(q.unit.as_deref());
            let value = q.value.map(double);
            let attributes = [
                ("id", q.id.as_str()),
                ("name", &q.name),
                ("value", value.as_deref().unwrap_or("")),
                ("units", unit.as_deref().unwrap_or("")),
                ("constant", if q.constant { "true" } else { "false" }),
            ];
            self.element("parameter", &attributes, q.source.as_deref());
        }
        self.xml.close();
        Ok(())
    }

    pub(super) fn initial_assignments(&mut self) -> Result<(), WriteError> {
        let m = self.model;
        let parameters = m.parameters.iter().map(|p| (&p.id, &p.value));
        let states = m.states.iter().map(|s| (&s.id, &s.initial));
        let list: Vec<(&String, &Expr)> = parameters
            .chain(states)
            .filter(|(id, e)| !is_number(e) && self.initial_amount(id).is_none())
            .collect();
        if list.is_empty() {
            return Ok(());
        }
        self.xml.open("listOfInitialAssignments", &[]);
        for (id, e) in list {
            self.xml.open("initialAssignment", &[("symbol", id)]);
            self.math.write(&mut self.xml, &mut self.units, e, id)?;
            self.xml.close();
        }
        self.xml.close();
        Ok(())
    }

    pub(super) fn rules(&mut self) -> Result<(), WriteError> {
        let m = self.model;
        let mut rules: Vec<(&'static str, String, &Expr)> = Vec::new();
        for a in &m.assignments {
            if !m.reactions.iter().any(|r| r.id == a.id) {
                rules.push(("assignmentRule", a.id.clone(), &a.value));
            }
        }
        for (id, o) in self.outputs() {
            rules.push(("assignmentRule", id, &o.value));
        }
        for s in &m.states {
            if let Rate::Differential(rate) = &s.rate
                && !self.by_reactions(&s.id)
            {
                rules.push(("rateRule", s.id.clone(), rate));
            }
        }
        for rule in &m.algebraic {
            rules.push(("algebraicRule", String::new(), rule));
        }
        if rules.is_empty() {
            return Ok(());
        }
        self.xml.open("listOfRules", &[]);
        for (kind, id, e) in rules {
            self.xml.open(kind, &[("variable", &id)]);
            self.math.write(&mut self.xml, &mut self.units, e, &id)?;
            self.xml.close();
        }
        self.xml.close();
        Ok(())
    }
}
