//! Events.

use crate::diagnostic::Finding;
use crate::math::{BinaryOp, Expr, Kind, UnaryOp};
use crate::model::Event;

use super::super::infer::{Names, Subject};
use super::super::read::did_you_mean;
use super::super::syntax::{Item, Role, Statement, Trigger, Word};
use super::Builder;

impl Builder<'_> {
    pub(super) fn event(&mut self, s: &Statement) {
        let Item::Event {
            trigger,
            assignments,
        } = &s.item
        else {
            return;
        };
        let trigger = trigger.as_ref().map(|t| match t {
            Trigger::At(e) => (self.event_time(s, e), false),
            Trigger::When(e) => (self.condition(s, e), true),
        });
        let mut set: Vec<(String, Expr)> = Vec::new();
        for (word, value) in assignments {
            let name = &word.text;
            let state = self
                .scope
                .symbols
                .get(name)
                .filter(|symbol| symbol.role == Role::State);
            let Some(symbol) = state else {
                self.not_settable(s, word);
                self.checker(&s.source, Names::All, "an event").infer(value);
                continue;
            };
            if set.iter().any(|(n, _)| n == name) {
                self.findings.push(
                    Finding::error("duplicate-name", format!("the event sets `{name}` twice")).at(
                        &s.source,
                        word.span.clone(),
                        "",
                    ),
                );
            }
            self.set_by_events.insert(name.clone());
            let subject = Subject {
                name: format!("`{name}`"),
                unit: symbol.unit.clone(),
                note: String::new(),
                state: None,
                declared: symbol.unit_span.clone().map(|u| (symbol.source.clone(), u)),
            };
            let value = self
                .checker(&s.source, Names::All, "an event")
                .check(value, &subject);
            set.push((name.clone(), value));
        }
        let Some((trigger, initial_value)) = trigger else {
            return;
        };
        self.model.events.push(Event {
            id: format!("event_{}", self.model.events.len() + 1),
            trigger,
            initial_value,
            persistent: true,
            delay: None,
            priority: None,
            values_from_trigger_time: true,
            assignments: set,
        });
    }

    /// `at e`: time has reached `e`.
    pub(super) fn event_time(&mut self, s: &Statement, e: &Expr) -> Expr {
        let subject = Subject {
            name: "the time of an event".into(),
            unit: self.scope.time_unit(),
            note: String::new(),
            state: None,
            declared: None,
        };
        let at = self
            .checker(&s.source, Names::Constant, "the time of an event")
            .check(e, &subject);
        Expr {
            kind: Kind::Binary(BinaryOp::Ge, Box::new(Expr::symbol("time")), Box::new(at)),
            span: e.span,
        }
    }

    pub(super) fn condition(&mut self, s: &Statement, e: &Expr) -> Expr {
        let span = e.span.start as usize..e.span.end as usize;
        if !is_condition(e) {
            self.findings.push(
                Finding::error(
                    "not-a-condition",
                    "an event waits for a condition, and this is a number",
                )
                .at(&s.source, span.clone(), "")
                .help(
                    "compare it: `when X > 5[nM] : …`; an event at a known time is `at 24[h] : …`",
                ),
            );
            return self.checker(&s.source, Names::All, "an event").infer(e).1;
        }
        if let Kind::Binary(BinaryOp::Eq | BinaryOp::Ne, a, b) = &e.kind {
            let time = |x: &Expr| matches!(&x.kind, Kind::Symbol(n) if n == "time");
            let help = if time(a) || time(b) {
                "an event at a known time is written `at 24[h] : …`"
            } else {
                "wait for it to be passed, with `>=` or `<=`"
            };
            self.findings.push(
                Finding::warning(
                    "equality",
                    "quantities that change are hardly ever exactly equal",
                )
                .at(&s.source, span, "")
                .help(help),
            );
        }
        self.checker(&s.source, Names::All, "an event")
            .pure(e, "a condition")
    }

    pub(super) fn not_settable(&mut self, s: &Statement, word: &Word) {
        let name = &word.text;
        let f = match self.scope.symbols.get(name) {
            Some(symbol) => {
                let keyword = symbol.role.with_article();
                Finding::error("not-a-state", format!("an event sets states, and `{name}` is {keyword}"))
                    .at(&s.source, word.span.clone(), "")
                    .and(&symbol.source, symbol.name.clone(), "declared here")
                    .help(match symbol.role {
                        Role::Input => "the experiments' conditions set inputs".to_string(),
                        _ => format!("declare it as `state {name} = … [unit]`; a state that only events set needs no equation"),
                    })
            }
            None => {
                let states = self
                    .scope
                    .symbols
                    .iter()
                    .filter(|(_, s)| s.role == Role::State)
                    .map(|(n, _)| n.as_str());
                let f = Finding::error(
                    "unknown-name",
                    format!("the state `{name}` is not declared"),
                )
                .at(&s.source, word.span.clone(), "");
                match did_you_mean(name, states) {
                    Some(help) => f.help(help),
                    None => f,
                }
            }
        };
        self.findings.push(f);
    }
}

/// Whether an expression is true or false.
fn is_condition(e: &Expr) -> bool {
    match &e.kind {
        Kind::Bool(_) | Kind::Unary(UnaryOp::Not, _) => true,
        Kind::Binary(op, ..) => !matches!(
            op,
            BinaryOp::Add | BinaryOp::Sub | BinaryOp::Mul | BinaryOp::Div | BinaryOp::Pow
        ),
        _ => false,
    }
}
