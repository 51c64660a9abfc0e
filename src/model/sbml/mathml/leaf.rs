//! Numbers and symbols of MathML.

use roxmltree::Node;

use super::super::xml::{self, Log};

/// The number in a `<cn>`.
pub(super) fn literal(log: &mut Log, node: Node) -> Option<f64> {
    let place = xml::place(node);
    if node.attribute("base").is_some_and(|b| b.trim() != "10") {
        log.error("number", &place, "only numbers to the base 10 are allowed");
        return None;
    }
    let parts: Vec<&str> = node
        .children()
        .filter(roxmltree::Node::is_text)
        .filter_map(|c| c.text())
        .map(str::trim)
        .collect();
    let plain = |t: &str| {
        // Words such as INF are no numbers in MathML.
        t.bytes()
            .all(|b| !b.is_ascii_alphabetic() || matches!(b, b'e' | b'E'))
            .then(|| xml::double(t))
            .flatten()
    };
    let value = match (node.attribute("type").map(str::trim), parts.as_slice()) {
        (Some("e-notation"), [mantissa, exponent]) => {
            xml::double(&format!("{mantissa}e{}", exponent.trim_start_matches('+')))
        }
        (Some("rational"), [numerator, denominator]) => {
            plain(numerator).zip(plain(denominator)).map(|(n, d)| n / d)
        }
        (None | Some("real" | "integer"), [number]) => plain(number),
        _ => None,
    };
    if value.is_none() {
        log.error(
            "number",
            &place,
            format!("`{}` is not a number of its type", parts.join(" ")),
        );
    }
    value
}

pub(super) enum Csymbol {
    Time,
    Delay,
    Avogadro,
    RateOf,
}

pub(super) fn csymbol(log: &mut Log, node: Node) -> Option<Csymbol> {
    let url = node.attribute("definitionURL").unwrap_or("").trim();
    match url.rsplit('/').next() {
        Some("time") => Some(Csymbol::Time),
        Some("delay") => Some(Csymbol::Delay),
        Some("avogadro") => Some(Csymbol::Avogadro),
        Some("rateOf") => Some(Csymbol::RateOf),
        _ => {
            log.error(
                "mathml",
                &xml::place(node),
                format!("the symbol `{url}` is not defined by SBML"),
            );
            None
        }
    }
}
