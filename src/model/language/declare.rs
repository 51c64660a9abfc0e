//! Declarations: units, substances and the names of quantities with their units.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use crate::diagnostic::{Finding, Source};
use crate::math::{Expr, Kind};
use crate::model::{DeclaredUnit, Substance};
use crate::units::{Unit, UnitErrorKind};

use super::compose::Composition;
use super::findings::Findings;
use super::infer::{Checker, Names};
use super::order;
use super::scope::{Molar, Scope, Symbol};
use super::syntax::{Entity, Item, Role, Statement, Word};
use super::units;

/// Reads the unit at a place; unknown after a finding.
pub(super) fn unit(
    scope: &Scope,
    word: &Word,
    source: &Arc<Source>,
    findings: &mut Findings,
) -> Unit {
    match scope.units.parse(&word.text) {
        Ok(unit) => unit,
        Err(error) => {
            findings.push(units::finding(&scope.units, &error, source, &word.span));
            Unit::unknown()
        }
    }
}

/// Declares the units of a model.
pub(super) fn declare_units(
    model: &Composition,
    scope: &mut Scope,
    findings: &mut Findings,
) -> Vec<DeclaredUnit> {
    let list: Vec<(&Statement, &Word, Option<&Word>)> = model
        .statements()
        .filter_map(|s| match &s.item {
            Item::Unit { name, definition } => Some((s, name, definition.as_ref())),
            _ => None,
        })
        .collect();
    let index: HashMap<&str, usize> = list
        .iter()
        .enumerate()
        .map(|(i, (_, name, _))| (name.text.as_str(), i))
        .collect();
    let uses: Vec<Vec<usize>> = list
        .iter()
        .map(|(_, _, definition)| {
            let text = definition.map_or("", |d| d.text.as_str());
            words_of(text)
                .filter_map(|w| index.get(w).copied())
                .collect()
        })
        .collect();
    // A unit that is defined by itself is unknown in its own definition, which says enough.
    let (sorted, _) = order::sort(&uses);
    let mut declared = Vec::new();
    for i in sorted {
        if findings.is_full() {
            break;
        }
        let (s, name, definition) = list[i];
        match scope
            .units
            .declare(&name.text, definition.map(|d| d.text.as_str()))
        {
            Ok(()) => declared.push(DeclaredUnit {
                id: name.text.clone(),
                definition: definition.map(|d| d.text.clone()),
            }),
            Err(e) => refuse(scope, s, name, definition, &e, findings),
        }
    }
    declared
}

/// The names in the text of a unit.
fn words_of(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !(c.is_alphanumeric() || c == '_'))
        .filter(|w| !w.is_empty())
}

fn refuse(
    scope: &Scope,
    statement: &Statement,
    name: &Word,
    definition: Option<&Word>,
    error: &crate::units::UnitError,
    findings: &mut Findings,
) {
    let own = matches!(
        error.kind,
        UnitErrorKind::Exists(_) | UnitErrorKind::Name(_)
    );
    findings.push(match (&error.kind, definition) {
        (UnitErrorKind::Exists(n), _) => {
            Finding::error(error.kind.code(), format!("the unit `{n}` is built in"))
                .at(&statement.source, name.span.clone(), "")
                .help("leave the line out, or choose another name")
        }
        (_, Some(definition)) if !own => {
            units::finding(&scope.units, error, &statement.source, &definition.span)
        }
        _ => Finding::error(error.kind.code(), error.kind.to_string())
            .at(&statement.source, name.span.clone(), "")
            .help("the name of a unit consists of letters, digits and `_`"),
    });
}

/// The unit of time.
pub(super) fn declare_time(
    model: &Composition,
    scope: &mut Scope,
    findings: &mut Findings,
) -> Option<String> {
    let found = model.statements().find_map(|s| match &s.item {
        Item::Time(word) => Some((s, word)),
        _ => None,
    });
    let Some((statement, word)) = found else {
        let end = model
            .source
            .text
            .find('\n')
            .unwrap_or(model.source.text.len());
        findings.push(
            Finding::error(
                "missing-time",
                "the model does not say in which unit time counts",
            )
            .at(&model.source, 0..end, "")
            .help("write `time h` (or `s`, `min`, `day`) below this line"),
        );
        return None;
    };
    let time = unit(scope, word, &statement.source, findings);
    let is_time = scope.units.parse("h").is_ok_and(|h| h.is_compatible(&time));
    if !is_time {
        findings.push(
            Finding::error(
                "unit-mismatch",
                format!("`{}` is no unit of time", word.text),
            )
            .at(
                &statement.source,
                word.span.clone(),
                time.dimension().name().unwrap_or(""),
            )
            .help("write `time h` (or `s`, `min`, `day`)"),
        );
        return None;
    }
    scope.time = Some(time);
    Some(word.text.clone())
}

/// Declares the substances.
pub(super) fn declare_substances(
    model: &Composition,
    scope: &mut Scope,
    findings: &mut Findings,
) -> Vec<Substance> {
    let mut list = Vec::new();
    for s in model.statements() {
        if findings.is_full() {
            break;
        }
        let Item::Substance {
            name,
            molar_mass,
            tail,
        } = &s.item
        else {
            continue;
        };
        let mut molar = None;
        if let Some(value) = molar_mass {
            let what = format!("the molar mass of `{}`", name.text);
            let (unit, value) =
                number(value, tail.unit.as_ref(), &what, &s.source, scope, findings);
            let da = scope.units.parse("Da").unwrap_or_else(|_| Unit::unknown());
            match &unit {
                None => findings.push(
                    Finding::error("missing-unit", format!("{what} has no unit"))
                        .at(&s.source, name.span.clone(), "")
                        .help("write it in `[Da]` (= g/mol) or `[kDa]`"),
                ),
                Some((unit, _)) if !unit.is_compatible(&da) => findings.push(
                    Finding::error("unit-mismatch", format!("{what} cannot be in {unit}"))
                        .at(
                            &s.source,
                            tail.unit
                                .as_ref()
                                .map_or(s.span.clone(), |u| u.span.clone()),
                            unit.dimension().name().unwrap_or(""),
                        )
                        .help("write it in `[Da]` (= g/mol) or `[kDa]`"),
                ),
                _ => {}
            }
            if value.is_some_and(|v| v <= 0.0) {
                findings.push(
                    Finding::error("not-a-number", format!("{what} must be positive")).at(
                        &s.source,
                        s.span.clone(),
                        "",
                    ),
                );
            }
            if tail.source.is_none() {
                findings.push(no_source(&what, &s.source, name));
            }
            if let (Some((unit, written)), Some(value)) = (unit, value) {
                list.push(Substance {
                    id: name.text.clone(),
                    molar_mass: value,
                    unit: written.clone(),
                    source: tail.source.as_ref().map(|w| w.text.clone()),
                });
                molar = Some(Molar {
                    value,
                    unit,
                    written,
                });
            }
        }
        scope.substances.insert(name.text.clone(), molar);
    }
    list
}

pub(super) fn no_source(what: &str, source: &Arc<Source>, name: &Word) -> Finding {
    Finding::warning("no-source", format!("{what} has no source"))
        .at(source, name.span.clone(), "")
        .help("say where the number comes from: `source \"…\"`")
}

/// A number with its unit: written behind it, or part of it (`4.5[nM]`). The unit comes with its text.
pub(super) fn number(
    value: &Expr,
    written: Option<&Word>,
    what: &str,
    source: &Arc<Source>,
    scope: &Scope,
    findings: &mut Findings,
) -> (Option<(Unit, String)>, Option<f64>) {
    let declared = written.map(|w| (unit(scope, w, source, findings), w.text.clone()));
    let mut checker = Checker {
        scope,
        source,
        names: Names::None,
        what,
        findings,
        named: false,
        powered: false,
    };
    let (own, raw) = checker.infer(value);
    let unit = match declared {
        // A bare number takes the unit behind it.
        Some(declared) if is_bare(value) => Some(declared),
        Some((declared, text)) => {
            let subject = super::infer::Subject {
                name: what.to_string(),
                unit: declared.clone(),
                note: String::new(),
                state: None,
                declared: written.map(|w| (source.clone(), w.span.clone())),
            };
            if !own.is_same(&declared) {
                let finding = checker.wrong_term(value, &own, &subject);
                checker.findings.push(finding);
            }
            Some((declared, text))
        }
        None if is_bare(value) => None,
        None if own.is_unknown() => None,
        None => {
            let text = match &value.kind {
                Kind::Quantity(_, text) => text.split_whitespace().collect(),
                _ => own.to_string(),
            };
            Some((own, text))
        }
    };
    let number = raw.constant();
    let mut names = false;
    raw.for_each_symbol(&mut |_| names = true);
    if !names && !number.is_some_and(f64::is_finite) {
        findings.push(
            Finding::error("not-a-number", format!("{what} must be a finite number")).at(
                source,
                value.span.start as usize..value.span.end as usize,
                "",
            ),
        );
        return (unit, None);
    }
    (unit, number)
}

/// Whether an expression consists of numbers without unit: it takes the unit that stands behind it.
pub(super) fn is_bare(e: &Expr) -> bool {
    match &e.kind {
        Kind::Number(_) | Kind::Bool(_) => true,
        Kind::Quantity(..) | Kind::Convert(..) | Kind::Symbol(_) => false,
        Kind::Unary(_, a) => is_bare(a),
        Kind::Binary(_, a, b) => is_bare(a) && is_bare(b),
        Kind::Call(_, list) => list.iter().all(is_bare),
    }
}

/// Puts the names of all quantities into the scope, with the units that are written.
pub(super) fn declare_names(model: &Composition, scope: &mut Scope, findings: &mut Findings) {
    for s in model.statements() {
        let Item::Entity(e) = &s.item else { continue };
        if e.role == Role::Output {
            scope.outputs.insert(e.name.text.clone());
            continue;
        }
        let written = declared_unit(s, e, scope, findings);
        scope.symbols.insert(
            e.name.text.clone(),
            Symbol {
                role: e.role,
                unit: written.unwrap_or_else(Unit::unknown),
                constant: e.role != Role::State,
                source: s.source.clone(),
                name: e.name.span.clone(),
                unit_span: e.tail.unit.as_ref().map(|u| u.span.clone()),
            },
        );
    }
}

/// The unit of a quantity as written; `None` where it is to be inferred, or after a finding.
fn declared_unit(
    s: &Statement,
    e: &Entity,
    scope: &Scope,
    findings: &mut Findings,
) -> Option<Unit> {
    if let Some(fixed) = &e.fixed {
        let base = fixed
            .unit
            .as_ref()
            .and_then(|text| scope.units.parse(text).ok())?;
        match (&e.tail.unit, &e.value) {
            (Some(word), _) => {
                let given = unit(scope, word, &s.source, findings);
                if !given.is_same(&base) {
                    let f = Finding::error(
                        if given.is_compatible(&base) {
                            "unit-scale"
                        } else {
                            "unit-mismatch"
                        },
                        format!("`{}` is declared in {base}, not in {given}", e.name.text),
                    )
                    .at(&s.source, word.span.clone(), "");
                    findings.push(match given.factor_to(&base) {
                        Some(factor) => f.help(format!(
                            "multiply the value by {factor} and write `[{base}]`"
                        )),
                        None => f.help(format!("write the value in `[{base}]`")),
                    });
                }
            }
            (None, Some(value)) => {
                let needs_none = value
                    .constant()
                    .is_some_and(|v| v == 0.0 || v.is_infinite());
                if is_bare(value) && !needs_none && !base.is_one() {
                    findings.push(
                        Finding::error(
                            "missing-unit",
                            format!("the new value of `{}` has no unit", e.name.text),
                        )
                        .at(&s.source, e.name.span.clone(), "")
                        .help(format!("write `[{base}]` behind it")),
                    );
                }
            }
            (None, None) => {}
        }
        return Some(base);
    }
    if let Some(word) = &e.tail.unit {
        return Some(unit(scope, word, &s.source, findings));
    }
    if e.role == Role::Let {
        return None;
    }
    let value = e.value.as_ref()?;
    if let Kind::Quantity(_, text) = &value.kind {
        // Its text is checked with the value.
        return scope.units.parse(text).ok();
    }
    let keyword = e.role.keyword();
    findings.push(
        Finding::error("missing-unit", format!("`{}` has no unit", e.name.text))
            .at(&s.source, e.name.span.clone(), format!("this {keyword}"))
            .help(format!(
                "write the unit behind the value: `{keyword} {} = … [1/h]`; `[1]` for a pure number",
                e.name.text
            )),
    );
    None
}

/// Every unit text of a model, cut into names.
pub(super) fn unit_names(model: &Composition) -> HashSet<String> {
    fn gather(e: &Expr, into: &mut dyn FnMut(&str)) {
        match &e.kind {
            Kind::Number(_) | Kind::Bool(_) | Kind::Symbol(_) => {}
            Kind::Quantity(_, unit) => into(unit),
            Kind::Convert(a, unit) => {
                into(unit);
                gather(a, into);
            }
            Kind::Unary(_, a) => gather(a, into),
            Kind::Binary(_, a, b) => {
                gather(a, into);
                gather(b, into);
            }
            Kind::Call(_, list) => list.iter().for_each(|a| gather(a, into)),
        }
    }
    let mut names = HashSet::new();
    let mut add = |text: &str| {
        for word in words_of(text) {
            if !names.contains(word) {
                names.insert(word.to_string());
            }
        }
    };
    for s in model.statements() {
        let mut tail = |unit: &Option<Word>| {
            if let Some(word) = unit {
                add(&word.text);
            }
        };
        match &s.item {
            Item::Time(word) => add(&word.text),
            Item::Unit { definition, .. } => tail(definition),
            Item::Substance { tail: t, .. } => tail(&t.unit),
            Item::Entity(e) => {
                tail(&e.tail.unit);
                if let Some(text) = e.fixed.as_ref().and_then(|f| f.unit.as_ref()) {
                    add(text);
                }
                if let Some(value) = &e.value {
                    gather(value, &mut add);
                }
            }
            Item::Rate { value, .. } => {
                if let Some(value) = value {
                    gather(value, &mut add);
                }
            }
            Item::Event {
                trigger,
                assignments,
            } => {
                if let Some(super::syntax::Trigger::At(e) | super::syntax::Trigger::When(e)) =
                    trigger
                {
                    gather(e, &mut add);
                }
                assignments.iter().for_each(|(_, e)| gather(e, &mut add));
            }
        }
    }
    names
}
