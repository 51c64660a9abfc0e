//! States and their equations.

use std::collections::HashMap;

use crate::diagnostic::Finding;
use crate::math::Expr;
use crate::model::{Rate, State};
use crate::units::Unit;

use super::super::compose::Composition;
use super::super::declare::is_bare;
use super::super::infer::{Names, Subject};
use super::super::read::did_you_mean;
use super::super::syntax::{Item, Role, Statement, Word};
use super::{Builder, declared_subject, shown, text};

impl Builder<'_> {
    pub(super) fn states(&mut self, composition: &Composition) {
        let mut rates: HashMap<&str, (&Statement, &Word, Option<&Expr>)> = HashMap::new();
        for s in composition.statements() {
            if let Item::Rate { state, value } = &s.item {
                rates.insert(&state.text, (s, state, value.as_ref()));
            }
        }
        for s in composition.statements() {
            let Item::Entity(e) = &s.item else { continue };
            if e.role != Role::State || self.findings.is_full() {
                continue;
            }
            let name = e.name.text.as_str();
            let unit = self
                .scope
                .symbols
                .get(name)
                .map_or_else(Unit::unknown, |s| s.unit.clone());
            let what = format!("the initial value of `{name}`");
            let initial = e.value.as_ref().map(|value| {
                if is_bare(value) {
                    return value.clone();
                }
                let subject = declared_subject(name, &unit, &s.source, e.tail.unit.as_ref());
                self.checker(&s.source, Names::Constant, &what)
                    .check(value, &subject)
            });
            let rate = match rates.remove(name) {
                Some((at, word, value)) => Rate::Differential(
                    value.map_or_else(|| Expr::number(0.0), |v| self.rate(at, word, v, &unit)),
                ),
                None if self.set_by_events.contains(name) => Rate::Discrete,
                None => {
                    self.findings.push(
                        Finding::error("no-equation", format!("the state `{name}` has no equation"))
                            .at(&s.source, e.name.span.clone(), "nothing changes it")
                            .help(format!(
                                "write `d/dt({name}) = …`, or declare it as `param` or `input` if it is constant"
                            )),
                    );
                    Rate::Discrete
                }
            };
            self.model.states.push(State {
                id: name.into(),
                initial: initial.unwrap_or_else(|| Expr::number(0.0)),
                rate,
                volume: None,
                unit: shown(&unit, e.tail.unit.as_ref()),
                description: text(&e.tail.description),
                compartment: false,
            });
        }
        // Equations of what is no state, in the order of the file.
        let mut left: Vec<_> = rates.into_values().collect();
        left.sort_by_key(|(s, _, _)| (s.source.path.clone(), s.span.start));
        for (s, word, value) in left {
            if self.findings.is_full() {
                break;
            }
            self.no_state(s, word);
            if let Some(value) = value {
                self.checker(&s.source, Names::All, "an equation")
                    .infer(value);
            }
        }
    }

    pub(super) fn no_state(&mut self, s: &Statement, word: &Word) {
        let name = &word.text;
        let f = match self.scope.symbols.get(name) {
            Some(symbol) => {
                let keyword = symbol.role.with_article();
                Finding::error(
                    "not-a-state",
                    format!("`{name}` is {keyword} and has no rate of change"),
                )
                .at(&s.source, word.span.clone(), "")
                .and(&symbol.source, symbol.name.clone(), "declared here")
                .help(format!("declare it as `state {name} = … [unit]`"))
            }
            None => {
                let states = self
                    .scope
                    .symbols
                    .iter()
                    .filter(|(_, s)| s.role == Role::State)
                    .map(|(n, _)| n.as_str());
                let help = did_you_mean(name, states)
                    .unwrap_or_else(|| format!("declare it: `state {name} = … [unit]`"));
                Finding::error(
                    "unknown-name",
                    format!("the state `{name}` is not declared"),
                )
                .at(&s.source, word.span.clone(), "")
                .help(help)
            }
        };
        self.findings.push(f);
    }

    pub(super) fn rate(&mut self, s: &Statement, state: &Word, value: &Expr, unit: &Unit) -> Expr {
        let time = self.scope.time_unit();
        let name = &state.text;
        let expected = unit.div(&time);
        let subject = Subject {
            name: format!("d/dt({name})"),
            note: if expected.is_unknown() {
                String::new()
            } else {
                format!(
                    "`{name}` is in {unit} and time in {time}, so every term of d/dt({name}) must be in {expected}"
                )
            },
            unit: expected,
            state: Some((name.clone(), unit.clone())),
            declared: self
                .scope
                .symbols
                .get(name)
                .and_then(|symbol| Some((symbol.source.clone(), symbol.unit_span.clone()?))),
        };
        self.checker(&s.source, Names::All, "an equation")
            .check(value, &subject)
    }
}
