//! Reactions.

use super::super::super::{Rate, Reaction};
use super::super::lower::reaction_rate;
use super::quantities::double;
use super::{WriteError, Writer};
use crate::math::Expr;

impl Writer<'_> {
    /// Species whose rate is that of the model's reactions, with stoichiometries in numbers.
    pub(super) fn is_stoichiometric(&self, id: &str) -> bool {
        let Some(i) = self.model.state(id) else {
            return false;
        };
        let Rate::Differential(rate) = &self.model.states[i].rate else {
            return false;
        };
        let numbers = self
            .model
            .reactions
            .iter()
            .flat_map(|r| &r.changes)
            .filter(|(s, _)| s == id)
            .all(|(_, c)| c.as_number().is_some_and(f64::is_finite));
        numbers && reaction_rate(&self.model.reactions, id).as_ref() == Some(rate)
    }

    pub(super) fn reactions(&mut self) -> Result<(), WriteError> {
        let m = self.model;
        let made: Vec<(String, &Expr)> = m
            .states
            .iter()
            .filter(|s| self.by_reactions(&s.id) && !self.is_stoichiometric(&s.id))
            .filter_map(|s| match &s.rate {
                Rate::Differential(rate) => Some((s.id.clone(), rate)),
                _ => None,
            })
            .collect();
        if m.reactions.is_empty() && made.is_empty() {
            return Ok(());
        }
        self.xml.open("listOfReactions", &[]);
        for r in &m.reactions {
            self.reaction(r)?;
        }
        for (species, rate) in made {
            let id = self.fresh(&format!("rate_of_{species}"));
            self.xml
                .open("reaction", &[("id", &id), ("reversible", "true")]);
            self.side("listOfProducts", &[(species.clone(), 1.0)]);
            self.law(rate, &species)?;
            self.xml.close();
        }
        self.xml.close();
        Ok(())
    }

    fn reaction(&mut self, r: &Reaction) -> Result<(), WriteError> {
        let name = self
            .model
            .assignments
            .iter()
            .find(|a| a.id == r.id)
            .map_or("", |a| a.description.as_str());
        self.xml.open(
            "reaction",
            &[("id", &r.id), ("name", name), ("reversible", "true")],
        );
        let carried: Vec<(String, f64)> = r
            .changes
            .iter()
            .filter(|(s, _)| self.is_stoichiometric(s))
            .filter_map(|(s, c)| Some((s.clone(), c.as_number()?)))
            .collect();
        let consumed: Vec<(String, f64)> = carried
            .iter()
            .filter(|(_, c)| *c < 0.0)
            .map(|(s, c)| (s.clone(), -c))
            .collect();
        let produced: Vec<(String, f64)> =
            carried.iter().filter(|(_, c)| *c >= 0.0).cloned().collect();
        self.side("listOfReactants", &consumed);
        self.side("listOfProducts", &produced);
        // Whatever else takes part acts on the rate.
        let mut others: Vec<&String> = Vec::new();
        for s in r.reactants.iter().chain(&r.products).chain(&r.modifiers) {
            let known = carried.iter().any(|(c, _)| c == s) || others.contains(&s);
            if !known && self.is_species(s) {
                others.push(s);
            }
        }
        if !others.is_empty() {
            self.xml.open("listOfModifiers", &[]);
            for s in others {
                self.xml
                    .empty("modifierSpeciesReference", &[("species", s)]);
            }
            self.xml.close();
        }
        if self.model.assignments.iter().any(|a| a.id == r.id) {
            self.law(&r.rate, &r.id)?;
        }
        self.xml.close();
        Ok(())
    }

    fn side(&mut self, name: &'static str, list: &[(String, f64)]) {
        if list.is_empty() {
            return;
        }
        self.xml.open(name, &[]);
        for (species, stoichiometry) in list {
            let attributes = [
                ("species", species.as_str()),
                ("stoichiometry", &double(*stoichiometry)),
                ("constant", "true"),
            ];
            self.xml.empty("speciesReference", &attributes);
        }
        self.xml.close();
    }

    fn law(&mut self, rate: &Expr, quantity: &str) -> Result<(), WriteError> {
        self.xml.open("kineticLaw", &[]);
        self.math
            .write(&mut self.xml, &mut self.units, rate, quantity)?;
        self.xml.close();
        Ok(())
    }
}
