//! Messages about units that do not fit, with remedies.

use std::ops::Range;

use crate::diagnostic::Finding;
use crate::math::{BinaryOp, Expr, Kind, UnaryOp};
use crate::units::{Ratio, Unit};

use super::infer::{Checker, Subject};

/// Longest piece of an expression shown in a sentence.
const LONGEST_SHOWN: usize = 60;

fn span(e: &Expr) -> Range<usize> {
    e.span.start as usize..e.span.end as usize
}

/// Whether an expression is a number without unit.
fn is_bare(e: &Expr) -> bool {
    match &e.kind {
        Kind::Number(_) => true,
        Kind::Unary(UnaryOp::Neg | UnaryOp::Plus, a) => is_bare(a),
        _ => false,
    }
}

/// Code for two units that differ: only in scale, or in kind.
fn code(a: &Unit, b: &Unit) -> &'static str {
    if a.is_compatible(b) {
        "unit-scale"
    } else {
        "unit-mismatch"
    }
}

/// A unit in a sentence: `1` says nothing to the eye.
fn words(unit: &Unit) -> String {
    match unit.to_string().as_str() {
        "1" => "a pure number".into(),
        text => text.into(),
    }
}

/// `in nM`, `a pure number`.
fn is_in(unit: &Unit) -> String {
    match unit.to_string().as_str() {
        "1" => "a pure number".into(),
        text => format!("in {text}"),
    }
}

/// `which multiplies by 1000`, `which divides by 24`: whichever number is shorter.
fn effect(factor: f64) -> String {
    let (direct, inverse) = (factor.to_string(), (1.0 / factor).to_string());
    if inverse.len() < direct.len() {
        format!("which divides by {inverse}")
    } else {
        format!("which multiplies by {direct}")
    }
}

/// Whether an expression must be put in brackets to be a factor.
fn needs_brackets(e: &Expr) -> bool {
    matches!(
        &e.kind,
        Kind::Binary(op, ..) if !matches!(op, BinaryOp::Mul | BinaryOp::Div | BinaryOp::Pow)
    )
}

impl Checker<'_> {
    /// An expression as written, cut to what a sentence can hold.
    fn shown(&self, e: &Expr) -> String {
        let text = self.source.text.get(span(e)).unwrap_or("");
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        if text.chars().count() <= LONGEST_SHOWN {
            return text;
        }
        let cut: String = text.chars().take(LONGEST_SHOWN).collect();
        format!("{cut}…")
    }

    /// A term in another unit than its equation.
    pub(super) fn wrong_term(&self, e: &Expr, unit: &Unit, subject: &Subject) -> Finding {
        let expected = &subject.unit;
        let shown = self.shown(e);
        let found = if is_bare(e) {
            "has no unit".to_string()
        } else {
            format!("is {}", is_in(unit))
        };
        let f = Finding::error(
            code(unit, expected),
            format!(
                "`{shown}` {found}, but {} is {}",
                subject.name,
                is_in(expected)
            ),
        )
        .at(self.source, span(e), format!("this is {}", words(unit)));
        let f = match &subject.declared {
            Some((source, place)) => f.and(source, place.clone(), "declared here"),
            None => f,
        };
        let f = if subject.note.is_empty() {
            f
        } else {
            f.note(subject.note.clone())
        };
        self.remedies(f, e, unit, expected, Some(subject))
    }

    /// Two expressions that are added, subtracted or compared.
    pub(super) fn cannot_combine(
        &self,
        (a, ua): (&Expr, &Unit),
        (b, ub): (&Expr, &Unit),
        verb: &str,
    ) -> Finding {
        let (sa, sb) = (self.shown(a), self.shown(b));
        let both = format!("{} and {}", words(ua), words(ub));
        let message = match verb {
            "alternatives" => format!("`{sa}` and `{sb}` cannot be values of one quantity: {both}"),
            v if v.starts_with("the ") => format!("{v} differ in unit: {both}"),
            _ => format!("`{sa}` and `{sb}` cannot be {verb}: {both}"),
        };
        let f = Finding::error(code(ua, ub), message)
            .at(self.source, span(b), format!("this is {}", words(ub)))
            .and(self.source, span(a), format!("this is {}", words(ua)));
        // A bare number is at fault wherever it stands.
        if is_bare(a) && !is_bare(b) {
            return self.remedies(f, a, ua, ub, None);
        }
        self.remedies(f, b, ub, ua, None)
    }

    /// What must be a pure number and has a unit.
    pub(super) fn not_pure(&self, e: &Expr, unit: &Unit, what: &str) -> Finding {
        let shown = self.shown(e);
        let f = Finding::error(
            code(unit, &Unit::one()),
            format!("{what} must be a pure number, but `{shown}` is in {unit}"),
        )
        .at(self.source, span(e), format!("this is {unit}"));
        if let Some(factor) = unit.factor_to(&Unit::one()) {
            return f.help(format!("write `convert({shown}, 1)`, {}", effect(factor)));
        }
        let factor = if needs_brackets(e) {
            format!("({shown})")
        } else {
            shown
        };
        let time = self.scope.time_unit();
        if !time.is_unknown() {
            if unit.mul(&time).is_one() {
                return f.help(format!("a rate is multiplied by a time: `{factor}*time`"));
            }
            if unit.div(&time).is_one() {
                return f.help(format!(
                    "a time is multiplied by a rate, or divided by a time: `{factor}/1[{time}]`"
                ));
            }
        }
        let alike: Vec<String> = self
            .in_unit(unit)
            .into_iter()
            .filter(|n| *n != factor)
            .take(2)
            .map(|n| format!("`{n}`"))
            .collect();
        let f = f.help(format!(
            "divide by a reference in the same unit: `{factor}/1[{unit}]`"
        ));
        if alike.is_empty() {
            f
        } else {
            f.note(format!("also in {unit}: {}", alike.join(", ")))
        }
    }

    /// A power of a quantity with a unit to an exponent that is no number.
    pub(super) fn power_of_unit(&self, base: &Expr, unit: &Unit, exponent: &Expr) -> Finding {
        let (b, n) = (self.shown(base), self.shown(exponent));
        Finding::error(
            "unit-mismatch",
            format!("`{b}` is in {unit}, so its exponent must be a number such as 2 or 1/2"),
        )
        .at(
            self.source,
            span(exponent),
            "the unit of the power depends on this",
        )
        .and(self.source, span(base), format!("this is {unit}"))
        .help(format!(
            "write `hill({b}, K, {n})` for {b}^{n}/(K^{n} + {b}^{n}), or divide first: `({b}/K)^{n}`"
        ))
    }

    /// `convert` between different kinds of quantity.
    pub(super) fn cannot_convert(
        &self,
        inner: &Expr,
        from: &Unit,
        to: &Unit,
        place: Range<usize>,
    ) -> Finding {
        let f = Finding::error(
            "unit-mismatch",
            format!("{} cannot be converted to {to}", words(from)),
        )
        .at(self.source, place, "wanted")
        .and(self.source, span(inner), format!("this is {}", words(from)));
        self.remedies(f, inner, from, to, None)
    }

    /// What would bring an expression from one unit to another.
    fn remedies(
        &self,
        f: Finding,
        e: &Expr,
        actual: &Unit,
        expected: &Unit,
        subject: Option<&Subject>,
    ) -> Finding {
        let shown = self.shown(e);
        if is_bare(e) {
            return f.help(format!(
                "a number carries its unit in brackets: `{shown}[{expected}]`"
            ));
        }
        if let Some(factor) = actual.factor_to(expected) {
            let f = f.help(format!(
                "write `convert({shown}, {expected})`, {}",
                effect(factor)
            ));
            return if actual.is_one() && expected.to_string() == "percent" {
                f.note("`convert` brings its own factor of 100: leave out one that is there")
            } else {
                f
            };
        }
        let f = match (actual.dimension().name(), expected.dimension().name()) {
            (Some(a), Some(b)) if a != "a pure number" && b != "a pure number" => {
                f.note(format!("{actual} is {a}, {expected} is {b}"))
            }
            _ => f,
        };
        if actual
            .to_string()
            .eq_ignore_ascii_case(&expected.to_string())
        {
            return f.help("the two differ in small and capital letters: is one of them a slip?");
        }
        let factor = if needs_brackets(e) {
            format!("({shown})")
        } else {
            shown
        };
        let missing = expected.div(actual);
        if let Some((state, unit)) = subject.and_then(|s| s.state.as_ref()) {
            if missing.is_same(unit) && !missing.is_one() {
                return f.help(format!(
                    "a process of first order is written `{factor}*{state}`"
                ));
            }
            // What is in the unit of the state itself lacks a rate.
            if actual.is_same(unit) && !unit.is_unknown() {
                let rates = self.named_in(&missing, &factor);
                return f.help(format!("multiply by a rate constant in {missing}{rates}"));
            }
        }
        if let Some(help) = self.through_molar_mass(&factor, actual, expected) {
            return f.help(help);
        }
        let (verb, lacking) = if missing.to_string().starts_with("1/") {
            ("divide", missing.pow(Ratio::ONE.negated()))
        } else {
            ("multiply", missing)
        };
        let named = self.named_in(&lacking, &factor);
        // Of two things that are added or compared neither is known to be right: only a name makes a hint.
        if subject.is_none() && named.is_empty() {
            return f;
        }
        f.help(format!("{verb} by a quantity in {lacking}{named}"))
    }

    /// Declared names in a unit; none where no one would read them.
    fn in_unit(&self, unit: &Unit) -> Vec<&str> {
        if self.findings.is_full() {
            return Vec::new();
        }
        self.scope.in_unit(unit)
    }

    /// Names that are in a unit, as a hint.
    fn named_in(&self, unit: &Unit, beside: &str) -> String {
        /// With more candidates than that, naming some misleads.
        const MOST: usize = 3;
        let names: Vec<String> = self
            .in_unit(unit)
            .into_iter()
            .filter(|n| *n != beside)
            .map(|n| format!("`{n}`"))
            .collect();
        if names.is_empty() || names.len() > MOST || unit.is_one() {
            return String::new();
        }
        format!(", such as {}", names.join(" or "))
    }

    /// Mass against moles.
    fn through_molar_mass(&self, factor: &str, actual: &Unit, expected: &Unit) -> Option<String> {
        let da = self.scope.units.parse("Da").ok()?;
        let (what, sign) = if actual.div(&da).is_compatible(expected) {
            ("to turn mass into moles, divide by the molar mass", "/")
        } else if actual.mul(&da).is_compatible(expected) {
            ("to turn moles into mass, multiply by the molar mass", "*")
        } else {
            return None;
        };
        let mut known = self.scope.substances.keys();
        let (name, declare) = match (known.next(), known.next()) {
            (Some(only), None) => (only.as_str(), ""),
            (None, _) => (
                "NAME",
                "; it is declared by `substance NAME molar_mass … [Da] source \"…\"`",
            ),
            _ => ("SUBSTANCE", ""),
        };
        Some(format!(
            "{what}: `convert({factor}{sign}{name}.molar_mass, {expected})`{declare}"
        ))
    }
}
