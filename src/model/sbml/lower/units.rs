//! Units of a file's quantities, and whether its mathematics agrees with them as far as they are given.

use std::collections::{HashMap, HashSet};

use super::super::raw::{Raw, RuleKind, Species};
use super::super::units::{Measure, Units};
use super::super::xml::{Log, Place};
use crate::diagnostic::Finding;
use crate::math::{BinaryOp, Expr, Function, Kind, UnaryOp};
use crate::units::{Ratio, Unit};

/// Two units whose scales differ by less are the same: files round multipliers (`0.000277778` of a second).
const ROUNDED: f64 = 1e-4;
/// Warnings of units after which more say nothing new.
const MOST: usize = 20;

/// Unit of each quantity, as text that the model's registry reads.
pub(super) fn of_quantities(raw: &Raw) -> HashMap<String, String> {
    let units = &raw.units;
    let mut of: HashMap<String, String> = HashMap::new();
    let mut set = |id: &str, unit: Option<String>| {
        if let Some(unit) = unit {
            of.insert(id.to_string(), unit);
        }
    };
    let mut sizes: HashMap<&str, Unit> = HashMap::new();
    for c in &raw.compartments {
        let default = match c.dimensions {
            3.0 => units.of(Measure::Volume),
            2.0 => units.of(Measure::Area),
            1.0 => units.of(Measure::Length),
            _ => None,
        };
        let unit = c.units.as_deref().or(default);
        sizes.insert(&c.id, units.unit(unit));
        set(&c.id, unit.map(str::to_string));
    }
    let locals = raw.reactions.iter().flat_map(|r| &r.locals);
    for p in raw.parameters.iter().chain(locals) {
        set(&p.id, p.units.clone());
    }
    for s in &raw.species {
        let point = raw
            .compartments
            .iter()
            .any(|c| c.id == s.compartment.0 && c.dimensions == 0.0);
        let substance = substance(raw, s);
        let unit = if s.only_substance || point {
            substance
        } else {
            let own = s.spatial_units.as_deref().map(|u| units.unit(Some(u)));
            let size = own.or_else(|| sizes.get(s.compartment.0.as_str()).cloned());
            substance.div(&size.unwrap_or_else(Unit::unknown))
        };
        set(&s.id, units.shown(&unit));
    }
    let rate = units
        .unit(units.of(Measure::Extent))
        .div(&units.unit(units.of(Measure::Time)));
    for r in &raw.reactions {
        if !r.own_units {
            set(&r.id, units.shown(&rate));
        }
        for s in r.reactants.iter().chain(&r.products) {
            if let Some(id) = &s.id {
                set(id, Some("1".into()));
            }
        }
    }
    of
}

fn substance(raw: &Raw, s: &Species) -> Unit {
    let own = s.substance_units.as_deref();
    raw.units
        .unit(own.or_else(|| raw.units.of(Measure::Substance)))
}

/// Records where mathematics and units disagree, as warnings.
pub(super) fn check(log: &mut Log, raw: &Raw, of: &HashMap<String, String>) {
    let units = &raw.units;
    let mut checker = Checker {
        of: of
            .iter()
            .map(|(id, text)| (id.as_str(), units.unit(Some(text))))
            .collect(),
        time: units.unit(units.of(Measure::Time)),
        pure: units.numbers_with_unit && !units.bare_numbers,
        units,
        found: Vec::new(),
        said: HashSet::new(),
    };
    checker.file(raw);
    let found = checker.found;
    let more = found.len().saturating_sub(MOST);
    for (finding, place) in found.into_iter().take(MOST) {
        log.add(finding, &place);
    }
    if more > 0 {
        log.findings.push(
            Finding::warning(
                "unit-mismatch",
                format!("{more} more places where units disagree"),
            )
            .in_file(log.source.path.clone()),
        );
    }
}

struct Checker<'a> {
    units: &'a Units,
    of: HashMap<&'a str, Unit>,
    time: Unit,
    /// Numbers without a unit are pure numbers.
    pure: bool,
    found: Vec<(Finding, Place)>,
    /// Places that were reported: a function that is called twice is one place.
    said: HashSet<(usize, usize)>,
}

impl Checker<'_> {
    fn file(&mut self, raw: &Raw) {
        for a in &raw.initial {
            if let Some(math) = &a.math {
                let unit = self.unit(&a.symbol);
                self.expect(math, &unit, &format!("the initial value of `{}`", a.symbol));
            }
        }
        for rule in &raw.rules {
            let Some(math) = &rule.math else { continue };
            let unit = self.unit(&rule.variable);
            match rule.kind {
                RuleKind::Assignment => {
                    self.expect(math, &unit, &format!("`{}`", rule.variable));
                }
                RuleKind::Rate => {
                    let rate = unit.div(&self.time);
                    self.expect(math, &rate, &format!("the rate of `{}`", rule.variable));
                }
                RuleKind::Algebraic => {
                    self.infer(math);
                }
            }
        }
        for r in &raw.reactions {
            if let Some(rate) = &r.rate {
                let unit = self.unit(&r.id);
                self.expect(rate, &unit, &format!("the rate of the reaction `{}`", r.id));
            }
            for s in r.reactants.iter().chain(&r.products) {
                if let Some(math) = &s.math {
                    self.expect(math, &Unit::one(), "a stoichiometry");
                }
            }
        }
        for e in &raw.events {
            for part in [&e.trigger, &e.priority].into_iter().flatten() {
                self.infer(part);
            }
            if let Some(delay) = &e.delay {
                let time = self.time.clone();
                self.expect(delay, &time, "a delay");
            }
            for a in &e.assignments {
                if let Some(math) = &a.math {
                    let unit = self.unit(&a.symbol);
                    self.expect(math, &unit, &format!("`{}`", a.symbol));
                }
            }
        }
    }

    fn unit(&self, id: &str) -> Unit {
        self.of.get(id).cloned().unwrap_or_else(Unit::unknown)
    }

    fn report(&mut self, e: &Expr, code: &'static str, message: String) {
        let place = e.span.start as usize..e.span.end as usize;
        if self.said.insert((place.start, place.end)) {
            self.found.push((Finding::warning(code, message), place));
        }
    }

    /// How a unit is shown in a message.
    fn name(&self, unit: &Unit) -> String {
        self.units.shown(unit).unwrap_or_else(|| "unknown".into())
    }

    /// Compares two units; false, after a finding, if they differ. `what` is in `found`, where `wanted` is expected.
    fn same(&mut self, e: &Expr, found: &Unit, wanted: &Unit, what: &str) -> bool {
        let factor = found.factor_to(wanted);
        if factor.is_some_and(|f| (f - 1.0).abs() <= ROUNDED) {
            return true;
        }
        let (f, w) = (self.name(found), self.name(wanted));
        match factor {
            Some(factor) => {
                let message = format!("{what}: {f} where {w} is expected (1 {f} = {factor} {w})");
                self.report(e, "unit-scale", message);
                false
            }
            None => {
                self.report(
                    e,
                    "unit-mismatch",
                    format!("{what}: {f} where {w} is expected"),
                );
                false
            }
        }
    }

    fn expect(&mut self, e: &Expr, wanted: &Unit, what: &str) {
        let unit = self.infer(e);
        self.same(e, &unit, wanted, what);
    }

    fn infer(&mut self, e: &Expr) -> Unit {
        match &e.kind {
            // 0 and infinity are what they are in every unit.
            Kind::Number(v) if self.pure && *v != 0.0 && v.is_finite() => Unit::one(),
            Kind::Number(_) => Unit::unknown(),
            Kind::Bool(_) => Unit::one(),
            Kind::Quantity(_, text) => self.units.unit(Some(text)),
            Kind::Symbol(name) => match self.of.get(name.as_str()) {
                Some(unit) => unit.clone(),
                None if name == "time" || name == super::super::TIME_BESIDE_A_NAME => {
                    self.time.clone()
                }
                None => Unit::unknown(),
            },
            Kind::Unary(UnaryOp::Not, a) => {
                self.infer(a);
                Unit::one()
            }
            Kind::Unary(_, a) | Kind::Convert(a, _) => self.infer(a),
            Kind::Binary(op, a, b) => self.binary(*op, a, b),
            Kind::Call(f, list) => self.call(*f, list),
        }
    }

    fn binary(&mut self, op: BinaryOp, a: &Expr, b: &Expr) -> Unit {
        let left = self.infer(a);
        let right = self.infer(b);
        match op {
            BinaryOp::Mul => left.mul(&right),
            BinaryOp::Div => left.div(&right),
            BinaryOp::Pow => {
                self.same(b, &right, &Unit::one(), "an exponent");
                if left.is_unknown() || left.is_one() {
                    return left;
                }
                let exponent = b.constant().and_then(Ratio::near);
                exponent.map_or_else(Unit::unknown, |n| left.pow(n))
            }
            BinaryOp::Add | BinaryOp::Sub => self.common(&[(a, left), (b, right)], "a sum"),
            BinaryOp::And | BinaryOp::Or => Unit::one(),
            _ => {
                self.common(&[(a, left), (b, right)], "a comparison");
                Unit::one()
            }
        }
    }

    /// The unit that all share; unknown, after a finding, if they do not.
    fn common(&mut self, list: &[(&Expr, Unit)], what: &str) -> Unit {
        let mut known = list.iter().filter(|(_, u)| !u.is_unknown());
        let Some((_, first)) = known.next() else {
            return Unit::unknown();
        };
        let mut alike = true;
        for (e, unit) in known {
            alike &= self.same(e, unit, first, what);
        }
        if alike {
            first.clone()
        } else {
            Unit::unknown()
        }
    }

    fn call(&mut self, f: Function, list: &[Expr]) -> Unit {
        use Function as F;
        let all: Vec<(&Expr, Unit)> = list.iter().map(|e| (e, self.infer(e))).collect();
        let first = all.first().map_or_else(Unit::unknown, |(_, u)| u.clone());
        match f {
            F::Min | F::Max | F::Clip => self.common(&all, "a comparison"),
            F::Abs | F::Floor | F::Ceil | F::Rem => first,
            F::Delay => {
                if let [_, (e, unit)] = all.as_slice() {
                    let time = self.time.clone();
                    self.same(e, unit, &time, "the time of `delay`");
                }
                first
            }
            F::Sqrt => first.pow(Ratio::new(1, 2).unwrap_or(Ratio::ONE)),
            F::Piecewise => {
                // Values and conditions alternate, a value last.
                let values: Vec<(&Expr, Unit)> = all.into_iter().step_by(2).collect();
                self.common(&values, "alternatives")
            }
            F::RateOf => first.div(&self.time),
            F::Quotient => match all.as_slice() {
                [(_, a), (_, b)] => a.div(b),
                _ => Unit::unknown(),
            },
            F::Sign | F::Xor | F::Implies | F::Hill => Unit::one(),
            F::Auc | F::TimeAbove => Unit::unknown(),
            _ => {
                for (e, unit) in &all {
                    let what = format!("the argument of `{}`", f.name());
                    self.same(e, unit, &Unit::one(), &what);
                }
                Unit::one()
            }
        }
    }
}
