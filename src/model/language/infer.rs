//! Units of expressions, and expressions on raw values.

use std::ops::Range;
use std::sync::Arc;

use crate::diagnostic::{Finding, Source};
use crate::math::{BinaryOp, Expr, Function, Kind, UnaryOp};
use crate::units::{Ratio, Unit};

use super::findings::Findings;
use super::scope::Scope;
use super::syntax::Role;

/// Exact since the SI of 2019 (SI Brochure, 9th edition, table 1).
const AVOGADRO: f64 = 6.022_140_76e23;

/// Which names an expression may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Names {
    /// None: the value of a parameter.
    None,
    /// What does not change with time: an initial value, the time of an event.
    Constant,
    /// All.
    All,
}

/// What an expression belongs to, for messages.
#[derive(Debug, Clone)]
pub(super) struct Subject {
    /// `d/dt(R)`, `protect`.
    pub name: String,
    /// The unit that every term must have.
    pub unit: Unit,
    /// Why.
    pub note: String,
    /// The state whose rate it is, with its unit.
    pub state: Option<(String, Unit)>,
    /// Where the unit is declared.
    pub declared: Option<(Arc<Source>, Range<usize>)>,
}

/// Walks the expressions of one statement.
pub(super) struct Checker<'a> {
    pub scope: &'a Scope,
    pub source: &'a Arc<Source>,
    pub names: Names,
    /// What the statement declares, for messages.
    pub what: &'a str,
    pub findings: &'a mut Findings,
    /// A name where none may be was reported: once a statement is enough.
    pub named: bool,
    /// A power of a unit was reported.
    pub powered: bool,
}

/// Unit and raw form of an expression.
type Typed = (Unit, Expr);

impl Checker<'_> {
    /// An expression that must be in the unit of the subject. If it is consistent in another unit, that is one finding;
    /// else each term in the wrong unit is one.
    pub fn check(&mut self, e: &Expr, subject: &Subject) -> Expr {
        let mut trial = Findings::default();
        let mut whole = Checker {
            scope: self.scope,
            source: self.source,
            names: self.names,
            what: self.what,
            findings: &mut trial,
            named: self.named,
            powered: self.powered,
        };
        let (unit, raw) = whole.infer(e);
        if !trial.is_empty() {
            return self.check_terms(e, subject);
        }
        if !unit.is_same(&subject.unit) {
            let finding = self.wrong_term(e, &unit, subject);
            self.findings.push(finding);
        }
        raw
    }

    fn check_terms(&mut self, e: &Expr, subject: &Subject) -> Expr {
        let kind = match &e.kind {
            Kind::Binary(BinaryOp::Add | BinaryOp::Sub, ..) => return self.check_sum(e, subject),
            Kind::Unary(op @ (UnaryOp::Neg | UnaryOp::Plus), a) => {
                Kind::Unary(*op, Box::new(self.check_terms(a, subject)))
            }
            Kind::Call(
                f @ (Function::Min | Function::Max | Function::Clip | Function::Abs),
                list,
            ) => Kind::Call(
                *f,
                list.iter().map(|a| self.check_terms(a, subject)).collect(),
            ),
            Kind::Call(f @ Function::Piecewise, list) => {
                let list = list.iter().enumerate().map(|(i, a)| {
                    if i.is_multiple_of(2) {
                        self.check_terms(a, subject)
                    } else {
                        self.pure(a, "a condition")
                    }
                });
                Kind::Call(*f, list.collect())
            }
            _ => {
                let (unit, raw) = self.infer(e);
                if !unit.is_same(&subject.unit) {
                    let finding = self.wrong_term(e, &unit, subject);
                    self.findings.push(finding);
                }
                return raw;
            }
        };
        Expr { kind, span: e.span }
    }

    /// The terms of a sum, one after the other.
    fn check_sum(&mut self, e: &Expr, subject: &Subject) -> Expr {
        let mut links = Vec::new();
        let mut first = e;
        while let Kind::Binary(op @ (BinaryOp::Add | BinaryOp::Sub), a, b) = &first.kind {
            links.push((*op, first.span, &**b));
            first = a;
        }
        let mut raw = self.check_terms(first, subject);
        for (op, span, b) in links.into_iter().rev() {
            let right = self.check_terms(b, subject);
            raw = Expr {
                kind: Kind::Binary(op, Box::new(raw), Box::new(right)),
                span,
            };
        }
        raw
    }

    /// An expression that must be a pure number; `what` it is.
    pub fn pure(&mut self, e: &Expr, what: &str) -> Expr {
        let (unit, raw) = self.infer(e);
        self.must_be_pure(e, &unit, what);
        raw
    }

    fn must_be_pure(&mut self, e: &Expr, unit: &Unit, what: &str) {
        if !unit.is_one() {
            let finding = self.not_pure(e, unit, what);
            self.findings.push(finding);
        }
    }

    /// Unit and raw form of an expression.
    pub fn infer(&mut self, e: &Expr) -> Typed {
        let at = |kind| Expr { kind, span: e.span };
        match &e.kind {
            // 0 and infinity are what they are in every unit.
            Kind::Number(v) if *v == 0.0 || v.is_infinite() => (Unit::unknown(), e.clone()),
            Kind::Number(_) | Kind::Bool(_) => (Unit::one(), e.clone()),
            Kind::Quantity(_, text) => {
                let unit = self.unit(text, self.bracket(e));
                (unit, e.clone())
            }
            Kind::Symbol(name) => self.symbol(name, e),
            Kind::Unary(UnaryOp::Not, a) => {
                let a = self.pure(a, "a condition");
                (Unit::one(), at(Kind::Unary(UnaryOp::Not, Box::new(a))))
            }
            Kind::Unary(op, a) => {
                let (unit, a) = self.infer(a);
                (unit, at(Kind::Unary(*op, Box::new(a))))
            }
            Kind::Convert(a, text) => self.convert(e, a, text),
            Kind::Binary(..) => self.chain(e),
            Kind::Call(f, list) => {
                let (unit, list) = self.call(*f, list);
                (unit, at(Kind::Call(*f, list)))
            }
        }
    }

    fn symbol(&mut self, name: &str, e: &Expr) -> Typed {
        let span = e.span.start as usize..e.span.end as usize;
        if name.eq_ignore_ascii_case("avogadro") {
            let kind = Kind::Quantity(AVOGADRO, "1/mol".into());
            let unit = self
                .scope
                .units
                .parse("1/mol")
                .unwrap_or_else(|_| Unit::unknown());
            return (unit, Expr { kind, span: e.span });
        }
        if name == "time" {
            if self.names != Names::All {
                self.varies(name, "time", span);
                return (Unit::unknown(), e.clone());
            }
            return (self.scope.time_unit(), e.clone());
        }
        if let Some(substance) = name.strip_suffix(".molar_mass")
            && let Some(molar) = self.scope.substances.get(substance)
        {
            self.scope.mark_used(&format!("{substance}."));
            return match molar {
                Some(m) => {
                    let kind = Kind::Quantity(m.value, m.written.clone());
                    (m.unit.clone(), Expr { kind, span: e.span })
                }
                None => (Unit::unknown(), e.clone()),
            };
        }
        let Some(symbol) = self.scope.symbols.get(name) else {
            self.scope.mark_unknown(name, self.source, span);
            return (Unit::unknown(), e.clone());
        };
        self.scope.mark_used(name);
        if self.names == Names::None {
            if std::mem::replace(&mut self.named, true) {
                return (Unit::unknown(), e.clone());
            }
            self.findings.push(
                Finding::error("not-a-number", format!("{} must be a number", self.what))
                    .at(self.source, span, "this is a name")
                    .help("what is computed from other quantities is a `let`"),
            );
            return (Unit::unknown(), e.clone());
        }
        if self.names == Names::Constant && !symbol.constant {
            let what = if symbol.role == Role::State {
                "a state"
            } else {
                "a `let` that changes with time"
            };
            self.varies(name, what, span);
            return (Unit::unknown(), e.clone());
        }
        (symbol.unit.clone(), e.clone())
    }

    fn varies(&mut self, name: &str, what: &str, span: Range<usize>) {
        let help = if self.what.starts_with("the time") {
            "to wait for a state or a condition, write `when condition : X = …`"
        } else {
            "use parameters, inputs, numbers, and `let`s made of them"
        };
        let label = if name == what {
            "this changes with time".to_string()
        } else {
            format!("this is {what}")
        };
        self.findings.push(
            Finding::error("not-constant", format!("{} cannot use `{name}`", self.what))
                .at(self.source, span, label)
                .help(help),
        );
    }

    /// A chain `((a + b) - c)*d`, its left operands one after the other: it may be longer than the stack is deep.
    fn chain(&mut self, e: &Expr) -> Typed {
        let mut links = Vec::new();
        let mut first = e;
        while let Kind::Binary(op, a, b) = &first.kind {
            links.push((*op, first.span, &**a, &**b));
            first = a;
        }
        let (mut unit, mut raw) = self.infer(first);
        for (op, span, a, b) in links.into_iter().rev() {
            let (new, right) = self.binary(op, (a, unit), b);
            unit = new;
            raw = Expr {
                kind: Kind::Binary(op, Box::new(raw), Box::new(right)),
                span,
            };
        }
        (unit, raw)
    }

    /// Unit of `a op b`, and the raw form of b.
    fn binary(&mut self, op: BinaryOp, (a, ua): (&Expr, Unit), b: &Expr) -> Typed {
        match op {
            BinaryOp::Mul | BinaryOp::Div => {
                let (ub, rb) = self.infer(b);
                let unit = if op == BinaryOp::Mul {
                    ua.mul(&ub)
                } else {
                    ua.div(&ub)
                };
                (unit, rb)
            }
            BinaryOp::Pow => self.power(a, ua, b),
            BinaryOp::And | BinaryOp::Or => {
                self.must_be_pure(a, &ua, "a condition");
                (Unit::one(), self.pure(b, "a condition"))
            }
            BinaryOp::Add | BinaryOp::Sub => {
                let verb = if op == BinaryOp::Add {
                    "added"
                } else {
                    "subtracted"
                };
                let (ub, rb) = self.infer(b);
                (self.common(&[(a, ua), (b, ub)], verb), rb)
            }
            _ => {
                let (ub, rb) = self.infer(b);
                self.common(&[(a, ua), (b, ub)], "compared");
                (Unit::one(), rb)
            }
        }
    }

    fn power(&mut self, base: &Expr, unit: Unit, exponent: &Expr) -> Typed {
        let raw = self.pure(exponent, "an exponent");
        if unit.is_unknown() {
            return (unit, raw);
        }
        if unit.is_one() {
            return (Unit::one(), raw);
        }
        let result = match raw.constant().and_then(Ratio::near) {
            Some(n) => unit.pow(n),
            None => {
                if !std::mem::replace(&mut self.powered, true) {
                    let finding = self.power_of_unit(base, &unit, exponent);
                    self.findings.push(finding);
                }
                Unit::unknown()
            }
        };
        (result, raw)
    }

    /// Expressions that must share a unit: that unit, and their raw forms.
    fn alike(&mut self, list: &[&Expr], verb: &str) -> (Unit, Vec<Expr>) {
        let (units, raw): (Vec<Unit>, Vec<Expr>) = list.iter().map(|e| self.infer(e)).unzip();
        let pairs: Vec<(&Expr, Unit)> = list.iter().copied().zip(units).collect();
        (self.common(&pairs, verb), raw)
    }

    /// The unit that all share; unknown, after a finding, if they do not.
    fn common(&mut self, list: &[(&Expr, Unit)], verb: &str) -> Unit {
        let mut common: Option<(&Expr, &Unit)> = None;
        let mut wrong = false;
        for (e, unit) in list.iter().filter(|(_, u)| !u.is_unknown()) {
            match common {
                None => common = Some((e, unit)),
                Some((first, own)) if !unit.is_same(own) => {
                    let finding = self.cannot_combine((first, own), (e, unit), verb);
                    self.findings.push(finding);
                    wrong = true;
                }
                // `1 + x` with x in `fold`: the name says more.
                Some((_, own)) if own.to_string() == "1" => common = Some((e, unit)),
                Some(_) => {}
            }
        }
        match common {
            Some((_, unit)) if !wrong => unit.clone(),
            _ => Unit::unknown(),
        }
    }

    fn call(&mut self, f: Function, list: &[Expr]) -> (Unit, Vec<Expr>) {
        use Function as F;
        let all: Vec<&Expr> = list.iter().collect();
        match f {
            F::Min | F::Max | F::Clip => self.alike(&all, "compared"),
            F::Abs => match list {
                [a] => {
                    let (unit, a) = self.infer(a);
                    (unit, vec![a])
                }
                _ => (Unit::unknown(), list.to_vec()),
            },
            F::Sign => (Unit::one(), list.iter().map(|a| self.infer(a).1).collect()),
            F::Sqrt => match list {
                [a] => {
                    let (unit, a) = self.infer(a);
                    let half = Ratio::new(1, 2).unwrap_or(Ratio::ONE);
                    (unit.pow(half), vec![a])
                }
                _ => (Unit::unknown(), list.to_vec()),
            },
            F::Hill => {
                let (pair, exponent) = all.split_at(2.min(all.len()));
                let (_, mut raw) = self.alike(pair, "the first two arguments of `hill`");
                raw.extend(
                    exponent
                        .iter()
                        .map(|n| self.pure(n, "the exponent of `hill`")),
                );
                (Unit::one(), raw)
            }
            F::Piecewise => {
                // Values and conditions alternate, a value last.
                let is_value = |i: usize| i.is_multiple_of(2);
                let values: Vec<&Expr> = list
                    .iter()
                    .enumerate()
                    .filter(|(i, _)| is_value(*i))
                    .map(|(_, e)| e)
                    .collect();
                let (unit, values) = self.alike(&values, "alternatives");
                let mut values = values.into_iter();
                let raw = list
                    .iter()
                    .enumerate()
                    .map(|(i, e)| {
                        if is_value(i) {
                            values.next().unwrap_or_else(|| e.clone())
                        } else {
                            self.pure(e, "a condition")
                        }
                    })
                    .collect();
                (unit, raw)
            }
            F::RateOf => {
                let (unit, raw) = match list {
                    [a] => self.infer(a),
                    _ => return (Unit::unknown(), list.to_vec()),
                };
                (unit.div(&self.scope.time_unit()), vec![raw])
            }
            F::Delay => match list {
                [a, tau] => {
                    let (unit, a) = self.infer(a);
                    let (_, tau) = self.infer(tau);
                    (unit, vec![a, tau])
                }
                _ => (Unit::unknown(), list.to_vec()),
            },
            _ => {
                let what = format!("the argument of `{}`", f.name());
                (
                    Unit::one(),
                    list.iter().map(|a| self.pure(a, &what)).collect(),
                )
            }
        }
    }

    fn convert(&mut self, e: &Expr, inner: &Expr, text: &str) -> Typed {
        let (from, raw) = self.infer(inner);
        let place = self.behind_comma(e, inner);
        let to = self.unit(text, place.clone());
        let Some(factor) = from.factor_to(&to) else {
            let finding = self.cannot_convert(inner, &from, &to, place);
            self.findings.push(finding);
            return (to, raw);
        };
        if factor == 1.0 {
            return (to, raw);
        }
        let ratio = Expr {
            kind: Kind::Quantity(factor, to.div(&from).to_string()),
            span: e.span,
        };
        let product = Kind::Binary(BinaryOp::Mul, Box::new(raw), Box::new(ratio));
        (
            to,
            Expr {
                kind: product,
                span: e.span,
            },
        )
    }

    /// Reads a unit within an expression.
    fn unit(&mut self, text: &str, place: Range<usize>) -> Unit {
        match self.scope.units.parse(text) {
            Ok(unit) => unit,
            Err(error) => {
                let finding = super::units::finding(&self.scope.units, &error, self.source, &place);
                self.findings.push(finding);
                Unit::unknown()
            }
        }
    }

    /// Between the brackets of `5[nM]`.
    fn bracket(&self, e: &Expr) -> Range<usize> {
        let (start, end) = (e.span.start as usize, e.span.end as usize);
        let text = self.source.text.get(start..end).unwrap_or("");
        match (text.find('['), text.rfind(']')) {
            (Some(a), Some(b)) if a < b => start + a + 1..start + b,
            _ => start..end,
        }
    }

    /// The unit of `convert(x, unit)`.
    fn behind_comma(&self, e: &Expr, inner: &Expr) -> Range<usize> {
        let (start, end) = (
            inner.span.end as usize,
            (e.span.end as usize).saturating_sub(1),
        );
        let text = self.source.text.get(start..end).unwrap_or("");
        let Some(comma) = text.find(',') else {
            return e.span.start as usize..e.span.end as usize;
        };
        let unit = &text[comma + 1..];
        let from = start + comma + 1 + (unit.len() - unit.trim_start().len());
        from..from + unit.trim().len()
    }
}
