//! Findings about the texts of units.

use std::ops::Range;
use std::sync::Arc;

use crate::diagnostic::{Finding, Source};
use crate::units::{Registry, UnitError, UnitErrorKind};

use super::read::did_you_mean;

/// A finding for a unit that cannot be read; `place` is that of its text.
pub(super) fn finding(
    units: &Registry,
    error: &UnitError,
    source: &Arc<Source>,
    place: &Range<usize>,
) -> Finding {
    // The text may be written with spaces that were left out when it was read: then the whole is shown.
    let written = source.text.get(place.clone()).unwrap_or("");
    let spaced = written.contains(char::is_whitespace) || !written.is_ascii();
    let span = if spaced {
        place.clone()
    } else {
        (place.start + error.span.start).min(place.end)
            ..(place.start + error.span.end).min(place.end)
    };
    let f = Finding::error(error.kind.code(), error.kind.to_string()).at(source, span, "");
    match &error.kind {
        UnitErrorKind::Unknown { name, similar }
            if similar.is_empty() && !written.contains('.') && name != "per" =>
        {
            // One letter apart among names of three letters or more: with shorter ones everything is near.
            let near = (name.chars().count() >= 3)
                .then(|| did_you_mean(name, units.names().filter(|n| n.len() >= 3)))
                .flatten();
            match near {
                Some(help) => f.help(help),
                None => f.help(format!(
                    "a unit of its own is declared by `unit {name}`, another name for known ones by `unit {name} = …`"
                )),
            }
        }
        _ if written.contains('.') && written.chars().any(char::is_alphabetic) => {
            f.help("a unit has no dots; one of its own is declared, such as `unit AU`")
        }
        UnitErrorKind::Unknown { name, .. } if name == "per" => f.help("write `1/h`, `mg/L`"),
        UnitErrorKind::Expected { .. } if written.split_whitespace().count() > 1 => {
            f.help("factors are joined by `*` and `/`: `mg/L`, `1/(nM*h)`")
        }
        kind => match kind.help() {
            Some(help) => f.help(help),
            None => f,
        },
    }
}
