//! MathML to expressions, with functions of the model written out.

use std::collections::HashMap;

use roxmltree::Node;

use super::units::Units;
use super::xml::{self, Log, Place};
use crate::diagnostic::Finding;
use crate::math::{Expr, Function, Kind, MAX_DEPTH};

mod leaf;
mod operation;
mod tree;

pub(super) use operation::element;

use leaf::{Csymbol, csymbol, literal};
use operation::{count, operation};
use tree::{Tree, at, call};

/// Namespace of MathML.
pub(super) const NAMESPACE: &str = "http://www.w3.org/1998/Math/MathML";
/// Avogadro's number as SBML Level 3 fixes it (CODATA 2006; sections 3.4.6 of both versions).
const AVOGADRO: f64 = 6.022_141_79e23;
/// Most nodes of all expressions of a file together: functions that call one another twice grow without bound.
const MAX_EXPRESSION_NODES: usize = 4_000_000;
/// A function of the model, with its body written out.
struct Body {
    parameters: Vec<String>,
    tree: Tree,
    /// How often each parameter appears in the body.
    uses: Vec<usize>,
}

enum Definition<'a, 'i> {
    Unread(Node<'a, 'i>),
    Reading,
    Ready(Body),
    Wrong,
}

/// Reads the MathML of one file.
pub(super) struct MathReader<'a, 'i> {
    functions: HashMap<String, Definition<'a, 'i>>,
    /// The symbol that stands for time: a name that the model does not use for something else.
    pub time: &'static str,
    pub units: Units,
    spent: usize,
}

impl<'a, 'i> MathReader<'a, 'i> {
    pub(super) fn new(time: &'static str, units: Units) -> Self {
        Self {
            functions: HashMap::new(),
            time,
            units,
            spent: 0,
        }
    }

    /// Declares a function by its `<lambda>`; false if the name is taken.
    pub(super) fn declare(&mut self, id: &str, lambda: Node<'a, 'i>) -> bool {
        self.functions
            .insert(id.to_string(), Definition::Unread(lambda))
            .is_none()
    }

    /// Reads every function, so that mistakes in unused ones are found as well.
    pub(super) fn check_functions(&mut self, log: &mut Log) {
        let mut names: Vec<String> = self.functions.keys().cloned().collect();
        names.sort_unstable();
        for name in names {
            self.define(log, &name, 0);
        }
    }

    /// The expression in a `<math>` element; `None` if it is empty or wrong (which is recorded).
    pub(super) fn read(&mut self, log: &mut Log, math: Node<'a, 'i>) -> Option<Expr> {
        if math.tag_name().namespace() != Some(NAMESPACE) {
            log.error(
                "mathml",
                &xml::place(math),
                format!("<math> is not in the namespace {NAMESPACE}"),
            );
            return None;
        }
        let mut content = xml::elements(math);
        let first = content.next()?;
        if let Some(second) = content.next() {
            log.error(
                "mathml",
                &xml::place(second),
                "<math> holds more than one expression",
            );
            return None;
        }
        let tree = self.tree(log, first, 0)?;
        self.spend(log, tree.nodes, &xml::place(first))?;
        Some(tree.expr)
    }

    fn spend(&mut self, log: &mut Log, nodes: usize, place: &Place) -> Option<()> {
        let before = self.spent;
        self.spent = self.spent.saturating_add(nodes);
        if self.spent <= MAX_EXPRESSION_NODES {
            return Some(());
        }
        if before <= MAX_EXPRESSION_NODES {
            log.error(
                "too-large",
                place,
                format!(
                    "the mathematics of this file, functions written out, has more than {MAX_EXPRESSION_NODES} terms"
                ),
            );
        }
        None
    }

    fn tree(&mut self, log: &mut Log, node: Node<'a, 'i>, level: usize) -> Option<Tree> {
        let place = xml::place(node);
        if level >= MAX_DEPTH {
            log.error(
                "too-deep",
                &place,
                format!("the expression is nested deeper than {MAX_DEPTH} levels"),
            );
            return None;
        }
        let leaf = |kind: Kind| {
            Some(Tree {
                expr: at(kind, &place),
                depth: 1,
                nodes: 1,
            })
        };
        if node.tag_name().namespace() != Some(NAMESPACE) {
            log.error(
                "mathml",
                &place,
                format!("<{}> is not MathML", node.tag_name().name()),
            );
            return None;
        }
        match node.tag_name().name() {
            "cn" => leaf(self.number(log, node)?),
            "ci" => {
                let name = node.text().unwrap_or("").trim();
                if !crate::math::is_identifier(name) {
                    log.error(
                        "identifier",
                        &place,
                        format!("`{name}` is not an identifier"),
                    );
                    return None;
                }
                leaf(Kind::Symbol(name.to_string()))
            }
            "csymbol" => match csymbol(log, node)? {
                Csymbol::Time => leaf(Kind::Symbol(self.time.to_string())),
                Csymbol::Avogadro => leaf(Kind::Number(AVOGADRO)),
                Csymbol::Delay | Csymbol::RateOf => {
                    log.error(
                        "mathml",
                        &place,
                        "this symbol is a function and needs <apply>",
                    );
                    None
                }
            },
            "true" => leaf(Kind::Bool(true)),
            "false" => leaf(Kind::Bool(false)),
            "pi" => leaf(Kind::Number(std::f64::consts::PI)),
            "exponentiale" => leaf(Kind::Number(std::f64::consts::E)),
            "infinity" => leaf(Kind::Number(f64::INFINITY)),
            "notanumber" => leaf(Kind::Number(f64::NAN)),
            "apply" => self.apply(log, node, level),
            "piecewise" => self.piecewise(log, node, level),
            "semantics" => match xml::elements(node).next() {
                Some(inner) => self.tree(log, inner, level + 1),
                None => {
                    log.error("mathml", &place, "<semantics> is empty");
                    None
                }
            },
            other => {
                log.error(
                    "mathml",
                    &place,
                    format!("<{other}> has no meaning in SBML mathematics here"),
                );
                None
            }
        }
    }

    /// A number, with its unit if it has one other than 1.
    fn number(&mut self, log: &mut Log, node: Node) -> Option<Kind> {
        let value = literal(log, node)?;
        let unit = node
            .attributes()
            .find(|a| a.name() == "units" && a.namespace().is_some());
        let Some(unit) = unit else {
            self.units.bare_numbers |= value != 0.0;
            return Some(Kind::Number(value));
        };
        let text = self.units.of_attribute(log, &unit);
        let Some(text) = text else {
            // A unit that is not known is not 1: the number fits everything, like one without a unit.
            self.units.bare_numbers |= value != 0.0;
            return Some(Kind::Number(value));
        };
        self.units.numbers_with_unit = true;
        Some(match text.as_str() {
            "1" | "dimensionless" => Kind::Number(value),
            _ => Kind::Quantity(value, text),
        })
    }

    fn piecewise(&mut self, log: &mut Log, node: Node<'a, 'i>, level: usize) -> Option<Tree> {
        let mut arguments = Vec::new();
        let mut otherwise = None;
        for part in xml::elements(node) {
            let content: Vec<Node> = xml::elements(part).collect();
            match (part.tag_name().name(), content.as_slice()) {
                ("piece", [value, condition]) if otherwise.is_none() => {
                    arguments.push(self.tree(log, *value, level + 1)?);
                    arguments.push(self.tree(log, *condition, level + 1)?);
                }
                ("otherwise", [value]) if otherwise.is_none() => {
                    otherwise = Some(self.tree(log, *value, level + 1)?);
                }
                _ => {
                    log.error(
                        "mathml",
                        &xml::place(part),
                        "<piecewise> takes <piece> with a value and a condition each, then at most one <otherwise>",
                    );
                    return None;
                }
            }
        }
        match otherwise {
            Some(tree) => arguments.push(tree),
            None if arguments.is_empty() => {
                log.error("mathml", &xml::place(node), "<piecewise> is empty");
                return None;
            }
            // Where no condition holds, the value is undefined.
            None => arguments.push(Tree {
                expr: Expr::number(f64::NAN),
                depth: 1,
                nodes: 1,
            }),
        }
        Some(call(Function::Piecewise, arguments, &xml::place(node)))
    }

    fn apply(&mut self, log: &mut Log, node: Node<'a, 'i>, level: usize) -> Option<Tree> {
        let place = xml::place(node);
        let mut content = xml::elements(node);
        let Some(operator) = content.next() else {
            log.error("mathml", &place, "<apply> is empty");
            return None;
        };
        let name = operator.tag_name().name();
        // Qualifiers come before the operands.
        let mut qualifier = None;
        let mut arguments = Vec::new();
        for argument in content {
            match argument.tag_name().name() {
                "degree" | "logbase" if qualifier.is_none() && arguments.is_empty() => {
                    let Some(inner) = xml::elements(argument).next() else {
                        log.error("mathml", &xml::place(argument), "empty qualifier");
                        return None;
                    };
                    qualifier = Some((argument, self.tree(log, inner, level + 1)?));
                }
                _ => arguments.push(self.tree(log, argument, level + 1)?),
            }
        }
        if let Some((q, _)) = &qualifier {
            let expected = match name {
                "root" => "degree",
                "log" => "logbase",
                _ => "",
            };
            if q.tag_name().name() != expected {
                log.error(
                    "mathml",
                    &xml::place(*q),
                    format!("<{}> does not belong to <{name}>", q.tag_name().name()),
                );
                return None;
            }
        }
        let tree = match name {
            "ci" => {
                let id = operator.text().unwrap_or("").trim().to_string();
                self.user_call(log, &id, arguments, &xml::place(operator), level)?
            }
            "csymbol" => match csymbol(log, operator)? {
                Csymbol::Delay => {
                    count(log, "delay", &arguments, 2..=2, &place)?;
                    call(Function::Delay, arguments, &place)
                }
                Csymbol::RateOf => {
                    count(log, "rateOf", &arguments, 1..=1, &place)?;
                    if !matches!(arguments[0].expr.kind, Kind::Symbol(_)) {
                        log.error("mathml", &place, "rateOf takes the name of a quantity");
                        return None;
                    }
                    call(Function::RateOf, arguments, &place)
                }
                Csymbol::Time | Csymbol::Avogadro => {
                    log.error("mathml", &place, "this symbol is a value, not a function");
                    return None;
                }
            },
            _ => operation(log, name, qualifier.map(|(_, t)| t), arguments, &place)?,
        };
        if tree.depth > MAX_DEPTH {
            log.error(
                "too-deep",
                &place,
                format!(
                    "the expression, functions written out, is nested deeper than {MAX_DEPTH} levels"
                ),
            );
            return None;
        }
        Some(tree)
    }

    /// Writes out a call of a function of the model.
    fn user_call(
        &mut self,
        log: &mut Log,
        id: &str,
        arguments: Vec<Tree>,
        place: &Place,
        level: usize,
    ) -> Option<Tree> {
        if !self.functions.contains_key(id) {
            let similar = crate::diagnostic::similar(id, self.functions.keys().map(String::as_str));
            let mut finding =
                Finding::error("unknown-function", format!("`{id}` is not a function"));
            if let Some(s) = similar.first() {
                finding = finding.help(format!("did you mean `{s}`?"));
            }
            log.add(finding, place);
            return None;
        }
        if matches!(self.functions.get(id), Some(Definition::Reading)) {
            log.error(
                "cycle",
                place,
                format!("the function `{id}` is defined by itself"),
            );
            return None;
        }
        self.define(log, id, level + 1);
        let Some(Definition::Ready(body)) = self.functions.get(id) else {
            return None;
        };
        if arguments.len() != body.parameters.len() {
            let expected = body.parameters.len();
            log.error(
                "wrong-arguments",
                place,
                format!(
                    "`{id}` takes {expected} argument{}, found {}",
                    if expected == 1 { "" } else { "s" },
                    arguments.len()
                ),
            );
            return None;
        }
        // The size is known before anything is built.
        let mut nodes = body.tree.nodes;
        let mut deepest = 0;
        for (argument, uses) in arguments.iter().zip(&body.uses) {
            nodes = nodes.saturating_add(argument.nodes.saturating_mul(*uses));
            deepest = deepest.max(argument.depth);
        }
        let depth = body.tree.depth + deepest;
        if self.spent.saturating_add(nodes) > MAX_EXPRESSION_NODES {
            return self.spend(log, nodes, place).and(None);
        }
        let Some(Definition::Ready(body)) = self.functions.get(id) else {
            return None;
        };
        let expr = body.tree.expr.substitute(&|name| {
            let at = body.parameters.iter().position(|p| p == name)?;
            arguments.get(at).map(|a| a.expr.clone())
        });
        Some(Tree { expr, depth, nodes })
    }

    /// Reads the body of a function unless that was done.
    fn define(&mut self, log: &mut Log, id: &str, level: usize) {
        let Some(Definition::Unread(lambda)) = self.functions.get(id) else {
            return;
        };
        let lambda = *lambda;
        if level >= MAX_DEPTH {
            log.error(
                "too-deep",
                &xml::place(lambda),
                format!("functions call one another deeper than {MAX_DEPTH} levels"),
            );
            self.functions.insert(id.into(), Definition::Wrong);
            return;
        }
        self.functions.insert(id.into(), Definition::Reading);
        let body = self.body(log, lambda, level);
        self.functions
            .insert(id.into(), body.map_or(Definition::Wrong, Definition::Ready));
    }

    fn body(&mut self, log: &mut Log, lambda: Node<'a, 'i>, level: usize) -> Option<Body> {
        let mut parameters = Vec::new();
        let mut expression = None;
        for part in xml::elements(lambda) {
            if part.tag_name().name() == "bvar" {
                let name = xml::child(part, "ci")
                    .and_then(|c| c.text())
                    .unwrap_or("")
                    .trim();
                if parameters.iter().any(|p| p == name) || !crate::math::is_identifier(name) {
                    log.error(
                        "mathml",
                        &xml::place(part),
                        format!("`{name}` cannot be an argument of this function"),
                    );
                    return None;
                }
                parameters.push(name.to_string());
            } else if expression.is_none() {
                expression = Some(part);
            } else {
                log.error(
                    "mathml",
                    &xml::place(part),
                    "<lambda> takes arguments (<bvar>), then one expression",
                );
                return None;
            }
        }
        let Some(expression) = expression else {
            log.error("mathml", &xml::place(lambda), "<lambda> has no expression");
            return None;
        };
        let tree = self.tree(log, expression, level + 1)?;
        let mut uses = vec![0; parameters.len()];
        let mut unknown: Option<String> = None;
        let time = self.time;
        tree.expr.for_each_symbol(
            &mut |name| match parameters.iter().position(|p| p == name) {
                Some(at) => uses[at] += 1,
                None if name == time => {}
                None => unknown = unknown.take().or_else(|| Some(name.to_string())),
            },
        );
        if let Some(name) = unknown {
            log.error(
                "unknown-name",
                &xml::place(expression),
                format!("`{name}` is not an argument of this function"),
            );
            return None;
        }
        Some(Body {
            parameters,
            tree,
            uses,
        })
    }
}
