//! Plain statements.

use std::ops::Range;

use crate::math;

use super::super::cursor::{rate_head, tail_start};
use super::super::syntax::{Entity, Item, Role, Tail, Trigger, Word};
use super::{Reader, top_level, trim};

impl Reader<'_> {
    pub(super) fn entity(&mut self, role: Role, range: Range<usize>) -> Option<Item> {
        let mut c = self.cursor(range.clone());
        let name = c.until(&['=', '"', '[', '(']);
        let at = c.at;
        let name = self.name(name)?;
        let (value, tail) = self
            // The name is known all the same, so that its uses are no further errors.
            .value(role.keyword(), &name, at..range.end, role == Role::Input)
            .unwrap_or_default();
        Some(Item::Entity(Entity {
            role,
            name,
            value,
            tail,
            fixed: None,
        }))
    }

    pub(super) fn rate(&mut self, range: Range<usize>) -> Option<Item> {
        let mut c = self.cursor(range.clone());
        let head = rate_head(c.rest()).unwrap_or(0);
        c.at += head;
        let state = c.until(&[')', '=']);
        let closed = c.eat(")");
        let at = c.at;
        if !math::is_identifier(&state.text) {
            self.report(
                self.error("syntax", "the name of a state is expected", state.span)
                    .help("a rate of change is written `d/dt(X) = …`"),
            );
            return None;
        }
        if !closed {
            self.report(
                self.error(
                    "syntax",
                    format!("`)` is expected behind `{}`", state.text),
                    state.span.clone(),
                )
                .help(format!("write `d/dt({}) = …`", state.text)),
            );
            return Some(Item::Rate { state, value: None });
        }
        let mut c = self.cursor(at..range.end);
        if !c.eat("=") {
            let rest = c.remainder();
            self.report(
                self.error(
                    "syntax",
                    format!("`=` is expected behind `d/dt({})`", state.text),
                    rest,
                )
                .help(format!("write `d/dt({}) = …`", state.text)),
            );
            return Some(Item::Rate { state, value: None });
        }
        let start = c.at;
        let end = tail_start(&self.text.clean, start..range.end);
        let value = self.expression(start..end);
        let tail = self.tail(end..range.end, false)?;
        if let Some(unit) = tail.unit {
            self.report(
                self.error(
                    "syntax",
                    "a rate of change has no unit of its own",
                    unit.span,
                )
                .note("its unit is that of the state per time")
                .help("leave it out"),
            );
        }
        Some(Item::Rate { state, value })
    }

    pub(super) fn time(&mut self, range: Range<usize>) -> Option<Item> {
        let unit = trim(&self.text.clean, range);
        let text = self.text.clean.get(unit.clone()).unwrap_or("");
        let bare =
            text.trim_matches(|c: char| c.is_whitespace() || matches!(c, '=' | '[' | ']' | '"'));
        let meant = if bare.is_empty() { "h" } else { bare };
        if bare.len() != text.len() || text.is_empty() {
            self.report(
                self.error("syntax", "the unit of time is expected", unit.clone())
                    .help(format!("write `time {meant}`")),
            );
        }
        Some(Item::Time(Word {
            text: meant.to_string(),
            span: unit,
        }))
    }

    pub(super) fn unit(&mut self, range: Range<usize>) -> Option<Item> {
        let mut c = self.cursor(range.clone());
        let name = c.until(&['=', '"', '[', '(']);
        if name.text.is_empty() {
            self.report(
                self.error("syntax", "the name of a unit is expected", name.span)
                    .help("write `unit NAME` for a new unit, `unit NAME = …` for another name"),
            );
            return None;
        }
        let definition = if c.eat("=") {
            let end = c.rest().find('"').map_or(range.end, |i| c.at + i);
            let span = trim(&self.text.clean, c.at..end);
            c.at = end;
            Some(self.cursor(span.clone()).word(span))
        } else {
            None
        };
        let at = c.at;
        // A description or source is allowed, and for the reader only.
        self.tail(at..range.end, false)?;
        Some(Item::Unit { name, definition })
    }

    pub(super) fn substance(&mut self, range: Range<usize>) -> Option<Item> {
        let mut c = self.cursor(range.clone());
        let name = c.until(&['=', '"', '[', '(']);
        let molar_mass = c.eat_word("molar_mass");
        c.eat("=");
        let at = c.at;
        let name = self.name(name)?;
        if molar_mass.is_none() {
            self.report(
                self.error(
                    "syntax",
                    format!("the molar mass of `{}` is expected", name.text),
                    name.span.clone(),
                )
                .help(format!(
                    "write `substance {} molar_mass … [Da] source \"…\"`",
                    name.text
                )),
            );
            return Some(Item::Substance {
                name,
                molar_mass: None,
                tail: Tail::default(),
            });
        }
        let end = tail_start(&self.text.clean, at..range.end);
        let molar_mass = self.expression(at..end);
        let tail = self.tail(end..range.end, false)?;
        Some(Item::Substance {
            name,
            molar_mass,
            tail,
        })
    }

    pub(super) fn event(&mut self, at: bool, range: Range<usize>) -> Option<Item> {
        let keyword = if at { "at" } else { "when" };
        let text = self.text.clean.get(range.clone()).unwrap_or("");
        let Some(colon) = top_level(text, ':').next() else {
            self.report(
                self.error(
                    "syntax",
                    "`:` is expected behind what the event waits for",
                    trim(&self.text.clean, range),
                )
                .help(format!(
                    "write `{keyword} {} : X = new value`",
                    if at { "24[h]" } else { "X > 5[nM]" }
                )),
            );
            return None;
        };
        let head = range.start..range.start + colon;
        let trigger = self
            .expression(head)
            .map(|e| if at { Trigger::At(e) } else { Trigger::When(e) });
        let body = range.start + colon + 1..range.end;
        let mut starts = vec![body.start];
        let text = self.text.clean.get(body.clone()).unwrap_or("");
        starts.extend(top_level(text, ',').map(|i| body.start + i + 1));
        let mut assignments = Vec::new();
        for (k, &start) in starts.iter().enumerate() {
            let end = starts.get(k + 1).map_or(body.end, |next| next - 1);
            let mut c = self.cursor(start..end);
            let name = c.until(&['=', '(', '[', '"', ':']);
            let equals = c.eat("=");
            let at = c.at;
            if !equals || !math::is_identifier(&name.text) {
                self.report(
                    self.error(
                        "syntax",
                        "`X = new value` is expected",
                        trim(&self.text.clean, start..end),
                    )
                    .help("several assignments are parted by commas: `at 24[h] : X = 0, Y = 2*Y`"),
                );
                continue;
            }
            if let Some(value) = self.expression(at..end) {
                assignments.push((name, value));
            }
        }
        Some(Item::Event {
            trigger,
            assignments,
        })
    }
}
