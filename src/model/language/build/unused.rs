//! What is declared and nowhere used.

use crate::diagnostic::Finding;

use super::super::compose::Composition;
use super::super::declare;
use super::super::findings::Findings;
use super::super::scope::Scope;
use super::super::syntax::{Item, Role};

/// Warnings about what is declared and nowhere used.
pub(super) fn unused(composition: &Composition, scope: &Scope, findings: &mut Findings) {
    // After an error, names are unused because their use could not be read.
    if findings.has_errors() {
        return;
    }
    // What a part leaves without use is the base's own, and in use there. A parameter that data cannot determine matters.
    let composed = composition.is_composed();
    let units = declare::unit_names(composition);
    let used = scope.used.borrow();
    for s in composition.statements() {
        let (name, what, help) = match &s.item {
            Item::Entity(e) if e.role == Role::Param && e.fixed.is_some() => continue,
            item if composed && !matches!(item, Item::Entity(e) if e.role == Role::Param) => {
                continue;
            }
            Item::Unit { name, .. } if !units.contains(&name.text) => {
                (name, "the unit", "leave it out")
            }
            Item::Substance { name, .. } if !used.contains(&format!("{}.", name.text)) => (
                name,
                "the substance",
                "leave it out, or declare its input `of` it",
            ),
            Item::Entity(e) if !used.contains(&e.name.text) => match e.role {
                Role::Param => (
                    &e.name,
                    "the parameter",
                    "leave it out; data cannot determine it",
                ),
                Role::Input => (
                    &e.name,
                    "the input",
                    "leave it out; setting it changes nothing",
                ),
                Role::Let => (
                    &e.name,
                    "the quantity",
                    "leave it out, or show it by an `output`",
                ),
                Role::State | Role::Output => continue,
            },
            _ => continue,
        };
        findings.push(
            Finding::warning("unused", format!("{what} `{}` is used nowhere", name.text))
                .at(&s.source, name.span.clone(), "")
                .help(help),
        );
    }
}
