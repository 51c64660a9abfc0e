//! Assigned quantities, in the order in which they can be computed.

use std::collections::HashMap;

use crate::diagnostic::Finding;
use crate::model::Assignment;

use super::super::compose::Composition;
use super::super::declare::is_bare;
use super::super::findings::Findings;
use super::super::infer::{Checker, Names};
use super::super::order;
use super::super::scope::Scope;
use super::super::syntax::{Entity, Item, Role, Statement};
use super::{declared_subject, shown, text};

/// The `let`s in the order in which they can be computed, with their units.
pub(super) fn assignments(
    composition: &Composition,
    scope: &mut Scope,
    findings: &mut Findings,
) -> Vec<Assignment> {
    let lets: Vec<(&Statement, &Entity)> = composition
        .statements()
        .filter_map(|s| match &s.item {
            Item::Entity(e) if e.role == Role::Let => Some((s, e)),
            _ => None,
        })
        .collect();
    let index: HashMap<&str, usize> = lets
        .iter()
        .enumerate()
        .map(|(i, (_, e))| (e.name.text.as_str(), i))
        .collect();
    let uses: Vec<Vec<usize>> = lets
        .iter()
        .map(|(_, e)| {
            let mut list = Vec::new();
            if let Some(value) = &e.value {
                value.for_each_symbol(&mut |name| list.extend(index.get(name)));
            }
            list.sort_unstable();
            list.dedup();
            list
        })
        .collect();
    let (sorted, cycles) = order::sort(&uses);
    // Loops that share a member are one mistake.
    let mut shown_before = vec![false; lets.len()];
    for cycle in cycles {
        if cycle.iter().all(|&i| !shown_before[i]) {
            findings.push(loop_of(&cycle, &lets));
        }
        cycle.iter().for_each(|&i| shown_before[i] = true);
    }
    let mut result = Vec::new();
    for i in sorted {
        if findings.is_full() {
            break;
        }
        let (s, e) = lets[i];
        let Some(value) = &e.value else { continue };
        let mut constant = true;
        value.for_each_symbol(&mut |name| {
            constant &= name != "time" && scope.symbols.get(name).is_none_or(|s| s.constant);
        });
        let declared = scope
            .symbols
            .get(&e.name.text)
            .filter(|_| e.tail.unit.is_some())
            .map(|s| s.unit.clone());
        let mut checker = Checker {
            scope,
            source: &s.source,
            names: Names::All,
            what: "a `let`",
            findings,
            named: false,
            powered: false,
        };
        let (unit, raw) = match declared {
            Some(unit) if is_bare(value) => (unit, value.clone()),
            Some(unit) => {
                let subject =
                    declared_subject(&e.name.text, &unit, &s.source, e.tail.unit.as_ref());
                (unit, checker.check(value, &subject))
            }
            None => checker.infer(value),
        };
        result.push(Assignment {
            id: e.name.text.clone(),
            value: raw,
            unit: shown(&unit, e.tail.unit.as_ref()),
            description: text(&e.tail.description),
        });
        if let Some(symbol) = scope.symbols.get_mut(&e.name.text) {
            symbol.unit = unit;
            symbol.constant = constant;
        }
    }
    result
}

fn loop_of(cycle: &[usize], lets: &[(&Statement, &Entity)]) -> Finding {
    /// A loop of more is shown by its first members.
    const SHOWN: usize = 8;
    let names: Vec<&str> = cycle
        .iter()
        .map(|&i| lets[i].1.name.text.as_str())
        .collect();
    let first = names.first().copied().unwrap_or("");
    let mut path: Vec<&str> = names.iter().take(SHOWN).copied().collect();
    if names.len() > SHOWN {
        path.push("…");
    }
    path.push(first);
    let mut f = Finding::error(
        "cycle",
        format!("`{first}` is defined by itself: {}", path.join(" → ")),
    );
    for (k, &i) in cycle.iter().take(SHOWN).enumerate() {
        let (s, e) = lets[i];
        let next = names[(k + 1) % names.len()];
        let label = format!("uses `{next}`");
        f = if k == 0 {
            f.at(&s.source, e.name.span.clone(), label)
        } else {
            f.and(&s.source, e.name.span.clone(), label)
        };
    }
    f.help("what feeds back on itself has a memory: make one of them a `state`")
}
