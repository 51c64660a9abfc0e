//! Expressions as MathML.

use std::collections::HashSet;

use super::WriteError;
use super::units::Units;
use super::xml::Xml;
use crate::math::{BinaryOp, Expr, Function, Kind, TIME_BESIDE_A_NAME, UnaryOp};

use super::super::mathml::NAMESPACE;

/// Namespace for the units of numbers.
const CORE: (&str, &str) = ("xmlns:sbml", super::super::CORE_NAMESPACE);

/// Functions of the language that become functions of the SBML model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Own {
    Hill,
    Clip,
    Sign,
}

/// Writes expressions, and remembers which functions they need.
pub(super) struct Math {
    /// `time` is not the name of a quantity.
    time_is_free: bool,
    /// A number without a unit is a pure number, where everything has a unit.
    bare_is_pure: bool,
    names: [String; 3],
    used: [bool; 3],
}

impl Math {
    pub fn new(time_is_free: bool, bare_is_pure: bool, taken: &mut HashSet<String>) -> Self {
        let names = ["hill", "clip", "sign"].map(|wish| {
            let mut id = wish.to_string();
            while !taken.insert(id.clone()) {
                id.push('_');
            }
            id
        });
        Self {
            time_is_free,
            bare_is_pure,
            names,
            used: [false; 3],
        }
    }

    /// A `<math>` element; `quantity` names whose expression it is.
    pub fn write(
        &mut self,
        xml: &mut Xml,
        units: &mut Units,
        e: &Expr,
        quantity: &str,
    ) -> Result<(), WriteError> {
        xml.open("math", &[("xmlns", NAMESPACE), CORE]);
        self.expression(xml, units, e)
            .map_err(|function| WriteError::Function {
                quantity: quantity.into(),
                function,
            })?;
        xml.close();
        Ok(())
    }

    fn expression(
        &mut self,
        xml: &mut Xml,
        units: &mut Units,
        e: &Expr,
    ) -> Result<(), &'static str> {
        match &e.kind {
            // 0 fits every unit.
            Kind::Number(v) if self.bare_is_pure && *v != 0.0 => {
                number(xml, *v, Some("dimensionless"));
            }
            Kind::Number(v) => number(xml, *v, None),
            Kind::Quantity(v, unit) => number(xml, *v, units.id(Some(unit)).as_deref()),
            Kind::Bool(b) => xml.empty(if *b { "true" } else { "false" }, &[]),
            Kind::Symbol(name) => {
                if name == TIME_BESIDE_A_NAME || name == "time" && self.time_is_free {
                    symbol(xml, "time");
                } else {
                    xml.leaf("ci", &[], name);
                }
            }
            Kind::Convert(a, _) => self.expression(xml, units, a)?,
            Kind::Unary(UnaryOp::Plus, a) => self.expression(xml, units, a)?,
            Kind::Unary(op, a) => {
                let name = if *op == UnaryOp::Not { "not" } else { "minus" };
                self.apply(xml, units, name, std::slice::from_ref(a))?;
            }
            Kind::Binary(op, a, b) => {
                xml.open("apply", &[]);
                xml.empty(operator(*op), &[]);
                self.expression(xml, units, a)?;
                self.expression(xml, units, b)?;
                xml.close();
            }
            Kind::Call(function, arguments) => self.call(xml, units, *function, arguments)?,
        }
        Ok(())
    }

    fn apply<E: std::borrow::Borrow<Expr>>(
        &mut self,
        xml: &mut Xml,
        units: &mut Units,
        operator: &str,
        arguments: &[E],
    ) -> Result<(), &'static str> {
        xml.open("apply", &[]);
        xml.empty(operator, &[]);
        for a in arguments {
            self.expression(xml, units, a.borrow())?;
        }
        xml.close();
        Ok(())
    }

    fn call(
        &mut self,
        xml: &mut Xml,
        units: &mut Units,
        function: Function,
        arguments: &[Expr],
    ) -> Result<(), &'static str> {
        use Function as F;
        let own = match function {
            F::Hill => Some(Own::Hill),
            F::Clip => Some(Own::Clip),
            F::Sign => Some(Own::Sign),
            _ => None,
        };
        if let Some(own) = own {
            self.used[own as usize] = true;
            xml.open("apply", &[]);
            xml.leaf("ci", &[], &self.names[own as usize]);
            for a in arguments {
                self.expression(xml, units, a)?;
            }
            xml.close();
            return Ok(());
        }
        match (function, arguments) {
            (F::Sqrt, _) => self.apply(xml, units, "root", arguments),
            (F::Log2 | F::Log10, [a]) => {
                xml.open("apply", &[]);
                xml.empty("log", &[]);
                xml.open("logbase", &[]);
                number(xml, if function == F::Log2 { 2.0 } else { 10.0 }, None);
                xml.close();
                self.expression(xml, units, a)?;
                xml.close();
                Ok(())
            }
            (F::LogBase, [a, base]) => {
                xml.open("apply", &[]);
                xml.empty("log", &[]);
                xml.open("logbase", &[]);
                self.expression(xml, units, base)?;
                xml.close();
                self.expression(xml, units, a)?;
                xml.close();
                Ok(())
            }
            (F::Piecewise, _) => self.piecewise(xml, units, arguments),
            (F::RateOf | F::Delay, _) => {
                let name = if function == F::Delay {
                    "delay"
                } else {
                    "rateOf"
                };
                xml.open("apply", &[]);
                symbol(xml, name);
                for a in arguments {
                    self.expression(xml, units, a)?;
                }
                xml.close();
                Ok(())
            }
            _ => {
                let name = super::super::mathml::element(function).ok_or(function.name())?;
                self.apply(xml, units, name, arguments)
            }
        }
    }

    fn piecewise(
        &mut self,
        xml: &mut Xml,
        units: &mut Units,
        arguments: &[Expr],
    ) -> Result<(), &'static str> {
        let (pairs, otherwise) = arguments.split_at(arguments.len() - arguments.len() % 2);
        xml.open("piecewise", &[]);
        for pair in pairs.chunks_exact(2) {
            xml.open("piece", &[]);
            for part in pair {
                self.expression(xml, units, part)?;
            }
            xml.close();
        }
        if let Some(value) = otherwise.first() {
            xml.open("otherwise", &[]);
            self.expression(xml, units, value)?;
            xml.close();
        }
        xml.close();
        Ok(())
    }

    /// The functions that the expressions written so far need.
    pub fn write_functions(&self, xml: &mut Xml) {
        if !self.used.contains(&true) {
            return;
        }
        let bodies: [(Own, &[&str], &str); 3] = [
            (Own::Hill, &["x", "k", "n"], HILL),
            (Own::Clip, &["x", "low", "high"], CLIP),
            (Own::Sign, &["x"], SIGN),
        ];
        xml.open("listOfFunctionDefinitions", &[]);
        for (own, parameters, body) in bodies {
            if !self.used[own as usize] {
                continue;
            }
            xml.open("functionDefinition", &[("id", &self.names[own as usize])]);
            xml.open("math", &[("xmlns", NAMESPACE)]);
            xml.open("lambda", &[]);
            for p in parameters {
                xml.open("bvar", &[]);
                xml.leaf("ci", &[], p);
                xml.close();
            }
            xml.text(body);
            xml.close();
            xml.close();
            xml.close();
        }
        xml.close();
    }
}

/// `xⁿ/(kⁿ + xⁿ)`
const HILL: &str = "<apply><divide/><apply><power/><ci>x</ci><ci>n</ci></apply>\
<apply><plus/><apply><power/><ci>k</ci><ci>n</ci></apply><apply><power/><ci>x</ci><ci>n</ci></apply></apply></apply>\n";
/// `min(max(x, low), high)`
const CLIP: &str =
    "<apply><min/><apply><max/><ci>x</ci><ci>low</ci></apply><ci>high</ci></apply>\n";
/// −1, 0 or 1.
const SIGN: &str = "<piecewise><piece><cn>1</cn><apply><gt/><ci>x</ci><cn>0</cn></apply></piece>\
<piece><cn>-1</cn><apply><lt/><ci>x</ci><cn>0</cn></apply></piece><otherwise><cn>0</cn></otherwise></piecewise>\n";

fn operator(op: BinaryOp) -> &'static str {
    match op {
        BinaryOp::Add => "plus",
        BinaryOp::Sub => "minus",
        BinaryOp::Mul => "times",
        BinaryOp::Div => "divide",
        BinaryOp::Pow => "power",
        BinaryOp::Lt => "lt",
        BinaryOp::Le => "leq",
        BinaryOp::Gt => "gt",
        BinaryOp::Ge => "geq",
        BinaryOp::Eq => "eq",
        BinaryOp::Ne => "neq",
        BinaryOp::And => "and",
        BinaryOp::Or => "or",
    }
}

fn symbol(xml: &mut Xml, name: &str) {
    let url = format!("http://www.sbml.org/sbml/symbols/{name}");
    xml.leaf(
        "csymbol",
        &[("encoding", "text"), ("definitionURL", &url)],
        name,
    );
}

/// A number; exponents in MathML's own notation.
fn number(xml: &mut Xml, v: f64, unit: Option<&str>) {
    if v.is_nan() {
        return xml.empty("notanumber", &[]);
    }
    if v.is_infinite() {
        if v < 0.0 {
            xml.open("apply", &[]);
            xml.empty("minus", &[]);
            xml.empty("infinity", &[]);
            return xml.close();
        }
        return xml.empty("infinity", &[]);
    }
    let unit = ("sbml:units", unit.unwrap_or(""));
    let plain = v.to_string();
    let scientific = format!("{v:e}");
    match scientific.split_once('e') {
        Some((mantissa, exponent)) if plain.len() > scientific.len() => {
            xml.e_notation(unit, mantissa, exponent);
        }
        _ => xml.leaf("cn", &[unit], &plain),
    }
}
