//! From statements to a model: names resolved, units checked, definitions in order.

use std::collections::HashSet;
use std::sync::Arc;

use crate::diagnostic::{Finding, Source};
use crate::math::{Expr, Kind};
use crate::model::{Input, Model, Output, Parameter};
use crate::units::Unit;

use super::compose::Composition;
use super::declare::{self, is_bare, no_source};
use super::findings::Findings;
use super::infer::{Checker, Names, Subject};
use super::read::did_you_mean;
use super::scope::Scope;
use super::syntax::{Item, Role, Statement, Word};

mod events;
mod lets;
mod states;
mod unused;

/// The model of a composition. It is only to be used if no error was found.
pub(super) fn build(composition: &Composition, findings: &mut Findings) -> Model {
    let mut scope = Scope::default();
    let units = declare::declare_units(composition, &mut scope, findings);
    let time_unit = declare::declare_time(composition, &mut scope, findings);
    let substances = declare::declare_substances(composition, &mut scope, findings);
    declare::declare_names(composition, &mut scope, findings);
    let mut model = Model {
        id: composition.name.clone(),
        description: composition.description.clone(),
        time_unit,
        pure_numbers: true,
        units,
        substances,
        ..Model::default()
    };
    model.assignments = lets::assignments(composition, &mut scope, findings);
    let mut builder = Builder {
        scope: &scope,
        findings,
        model,
        set_by_events: HashSet::new(),
    };
    for statement in composition.statements() {
        if builder.findings.is_full() {
            break;
        }
        builder.constant(statement);
    }
    for statement in composition.statements() {
        if builder.findings.is_full() {
            break;
        }
        builder.event(statement);
    }
    builder.states(composition);
    for statement in composition.statements() {
        if builder.findings.is_full() {
            break;
        }
        builder.output(statement);
    }
    let model = builder.model;
    for finding in scope.unknown_names(findings.room()) {
        findings.push(finding);
    }
    if model.states.is_empty() && model.outputs.is_empty() && !findings.has_errors() {
        findings.push(
            Finding::error("empty-model", "the model has neither states nor outputs")
                .in_file(composition.source.path.clone())
                .help("a state is declared by `state X = … [unit]` and changes by `d/dt(X) = …`"),
        );
    }
    unused::unused(composition, &scope, findings);
    model
}

fn text(word: &Option<Word>) -> String {
    word.as_ref().map_or(String::new(), |w| w.text.clone())
}

fn declared_subject(
    name: &str,
    unit: &Unit,
    source: &Arc<Source>,
    place: Option<&Word>,
) -> Subject {
    Subject {
        name: format!("`{name}`"),
        unit: unit.clone(),
        note: String::new(),
        state: None,
        declared: place.map(|w| (source.clone(), w.span.clone())),
    }
}

fn shown(unit: &Unit, written: Option<&Word>) -> Option<String> {
    match written {
        Some(word) => Some(word.text.clone()),
        None => (!unit.is_unknown()).then(|| unit.to_string()),
    }
}

struct Builder<'a> {
    scope: &'a Scope,
    findings: &'a mut Findings,
    model: Model,
    /// States that an event sets.
    set_by_events: HashSet<String>,
}

impl Builder<'_> {
    fn checker<'b>(
        &'b mut self,
        source: &'b Arc<Source>,
        names: Names,
        what: &'b str,
    ) -> Checker<'b> {
        Checker {
            scope: self.scope,
            source,
            names,
            what,
            findings: self.findings,
            named: false,
            powered: false,
        }
    }

    /// Parameters and inputs.
    fn constant(&mut self, s: &Statement) {
        let Item::Entity(e) = &s.item else { return };
        if !matches!(e.role, Role::Param | Role::Input) {
            return;
        }
        let Some(value) = &e.value else { return };
        let what = format!("the value of `{}`", e.name.text);
        let unit = e.tail.unit.as_ref();
        let (_, number) = declare::number(value, unit, &what, &s.source, self.scope, self.findings);
        let symbol = self.scope.symbols.get(&e.name.text);
        let declared = symbol.map_or_else(Unit::unknown, |s| s.unit.clone());
        let written = match (unit, &e.fixed) {
            (Some(word), None) => Some(word.text.clone()),
            (_, Some(fixed)) => fixed.unit.clone(),
            (None, None) => shown(&declared, None),
        };
        // A fixed value in brackets of its own: `fix Kd = 5[nM]`.
        if e.fixed.is_some() && !is_bare(value) && unit.is_none() {
            let subject = declared_subject(&e.name.text, &declared, &s.source, None);
            self.checker(&s.source, Names::None, &what)
                .check(value, &subject);
        }
        let Some(number) = number else { return };
        let description = text(&e.tail.description);
        if e.role == Role::Input {
            if let Some(of) = &e.tail.substance {
                if self.scope.substances.contains_key(&of.text) {
                    self.scope.mark_used(&format!("{}.", of.text));
                } else {
                    let known = self.scope.substances.keys().map(String::as_str);
                    let help = did_you_mean(&of.text, known).unwrap_or_else(|| {
                        format!(
                            "declare it: `substance {} molar_mass … [Da] source \"…\"`",
                            of.text
                        )
                    });
                    self.findings.push(
                        Finding::error(
                            "unknown-name",
                            format!("the substance `{}` is not declared", of.text),
                        )
                        .at(&s.source, of.span.clone(), "")
                        .help(help),
                    );
                }
            }
            self.model.inputs.push(Input {
                id: e.name.text.clone(),
                value: number,
                unit: written,
                description,
                substance: e.tail.substance.as_ref().map(|w| w.text.clone()),
            });
            return;
        }
        if e.tail.source.is_none() && e.fixed.is_none() {
            self.findings
                .push(no_source(&format!("`{}`", e.name.text), &s.source, &e.name));
        }
        self.model.parameters.push(Parameter {
            id: e.name.text.clone(),
            value: Expr::number(number),
            unit: written,
            description,
            source: e.tail.source.as_ref().map(|w| w.text.clone()),
            fixed: e.fixed.is_some(),
            compartment: false,
        });
    }

    fn output(&mut self, s: &Statement) {
        let Item::Entity(e) = &s.item else { return };
        let (Role::Output, Some(value)) = (e.role, &e.value) else {
            return;
        };
        let name = e.name.text.as_str();
        if let Some(symbol) = self.scope.symbols.get(name)
            && !matches!(&value.kind, Kind::Symbol(v) if v == name)
        {
            let keyword = symbol.role.with_article();
            self.findings.push(
                Finding::error(
                    "duplicate-name",
                    format!("`{name}` is {keyword} and an output of another value"),
                )
                .at(&s.source, e.name.span.clone(), "")
                .and(&symbol.source, symbol.name.clone(), "declared here")
                .help("give the output another name"),
            );
        }
        let declared = e
            .tail
            .unit
            .as_ref()
            .map(|word| declare::unit(self.scope, word, &s.source, self.findings));
        let mut checker = self.checker(&s.source, Names::All, "an output");
        let (unit, raw) = match declared {
            Some(unit) if is_bare(value) => (unit, value.clone()),
            Some(unit) => {
                let subject = declared_subject(name, &unit, &s.source, e.tail.unit.as_ref());
                (unit, checker.check(value, &subject))
            }
            None => checker.infer(value),
        };
        self.model.outputs.push(Output {
            id: name.into(),
            value: raw,
            unit: shown(&unit, e.tail.unit.as_ref()),
            description: text(&e.tail.description),
        });
    }
}
