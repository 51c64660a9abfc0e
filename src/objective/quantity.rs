//! Scalar expressions over simulated values: relations, facts, claims, predictions, doses.
//!
//! A value is `observable@experiment@time`; a summary of a course over a span is `max(observable@experiment@start:end)`,
//! `min(…)`, `auc(…)` or `time_above(…, level)`.

use crate::bind::{Probe, Reading, Summary};
use crate::math::{Expr, Function, Kind};
use crate::system::graph::{Graph, GraphError, Input, NodeId};
use crate::system::import::Names;
use crate::system::program::{self, Compiled, Sizes};

/// A compiled expression over probes (values and summaries of courses) and parameters of the table.
#[derive(Debug, Clone)]
pub struct Quantity {
    /// As written.
    pub text: String,
    /// Indices of its probes among those of the objective.
    pub probes: Vec<usize>,
    /// Rows of the parameter table it uses directly.
    pub parameters: Vec<usize>,
    compiled: Compiled,
    by_probe: Vec<(usize, usize)>,
    by_parameter: Vec<(usize, usize)>,
    pub(crate) overrides: Vec<(usize, f64)>,
}

/// Why an expression is not a quantity.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum QuantityError {
    /// A reference that is not `observable@experiment@time`.
    #[error("`{0}` is not of the form `observable@experiment@time`")]
    Reference(String),
    /// A span that is empty or has no end.
    #[error("the span of `{0}` is not from an earlier to a later, finite time")]
    Span(String),
    /// A level over simulated values.
    #[error("the level of `time_above({0}, …)` may not refer to simulated values")]
    Level(String),
    /// It cannot be compiled.
    #[error(transparent)]
    Graph(#[from] GraphError),
}

/// Splits `observable@experiment@time` or `observable@experiment@start:end`; the summary of a span is asked of `of`.
fn reference(
    name: &str,
    with: &[(String, f64)],
    of: Option<Summary>,
) -> Result<Probe, QuantityError> {
    let bad = || QuantityError::Reference(name.to_string());
    let mut parts = name.split('@');
    let (Some(quantity), Some(experiment), Some(time), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return Err(bad());
    };
    let number = |text: &str| -> Result<f64, QuantityError> {
        let t: f64 = text.parse().map_err(|_| bad())?;
        if t.is_nan() { Err(bad()) } else { Ok(t) }
    };
    let reading = match (time.split_once(':'), of) {
        (None, None) => Reading::At(number(time)?),
        (Some((from, to)), Some(summary)) => {
            let (from, to) = (number(from)?, number(to)?);
            if !(from < to && from.is_finite() && to.is_finite()) {
                return Err(QuantityError::Span(name.into()));
            }
            Reading::Over { from, to, summary }
        }
        _ => return Err(bad()),
    };
    Ok(Probe {
        quantity: quantity.into(),
        experiment: experiment.into(),
        reading,
        with: with.to_vec(),
    })
}

/// The probe that an expression is, if it is a reference or a summary of one.
fn probe_of(expr: &Expr, with: &[(String, f64)]) -> Option<Result<Probe, QuantityError>> {
    let (name, summary) = match &expr.kind {
        Kind::Symbol(name) if name.contains('@') => (name, None),
        Kind::Call(function, arguments) => {
            let (
                Some(Expr {
                    kind: Kind::Symbol(name),
                    ..
                }),
                rest,
            ) = (arguments.first(), arguments.get(1..).unwrap_or_default())
            else {
                return None;
            };
            let summary = match (function, rest) {
                (Function::Max, []) => Summary::Maximum,
                (Function::Min, []) => Summary::Minimum,
                (Function::Auc, []) => Summary::Area,
                (Function::TimeAbove, [level]) => {
                    let mut refers = false;
                    level.for_each_symbol(&mut |s| refers |= s.contains('@'));
                    if refers {
                        return Some(Err(QuantityError::Level(name.clone())));
                    }
                    Summary::Above(level.clone())
                }
                _ => return None,
            };
            (name, Some(summary))
        }
        _ => return None,
    };
    Some(reference(name, with, summary))
}

/// Collects the probes of an expression, each once, and returns the expression with a name for each: `@0`, `@1`, ….
fn extract(
    expr: &Expr,
    with: &[(String, f64)],
    list: &mut Vec<Probe>,
) -> Result<Expr, QuantityError> {
    if let Some(probe) = probe_of(expr, with) {
        let probe = probe?;
        let at = match list.iter().position(|p| *p == probe) {
            Some(i) => i,
            None => {
                list.push(probe);
                list.len() - 1
            }
        };
        return Ok(Expr::symbol(format!("@{at}")));
    }
    let mut inner = |e: &Expr| extract(e, with, list);
    let kind = match &expr.kind {
        Kind::Symbol(_) | Kind::Number(_) | Kind::Quantity(..) | Kind::Bool(_) => expr.kind.clone(),
        Kind::Unary(op, a) => Kind::Unary(*op, Box::new(inner(a)?)),
        Kind::Convert(a, unit) => Kind::Convert(Box::new(inner(a)?), unit.clone()),
        Kind::Binary(op, a, b) => Kind::Binary(*op, Box::new(inner(a)?), Box::new(inner(b)?)),
        Kind::Call(f, arguments) => {
            Kind::Call(*f, arguments.iter().map(inner).collect::<Result<_, _>>()?)
        }
    };
    Ok(Expr {
        kind,
        span: expr.span,
    })
}

/// The probes that an expression refers to, in order of appearance, each once.
///
/// # Errors
/// [`QuantityError`] for references that are not of their form.
pub fn probes(expr: &Expr, with: &[(String, f64)]) -> Result<Vec<Probe>, QuantityError> {
    let mut list = Vec::new();
    extract(expr, with, &mut list)?;
    Ok(list)
}

/// Names of a quantity: its probes by number, and rows of the parameter table in order of use.
struct Own<'a> {
    table: &'a [&'a str],
    parameters: Vec<usize>,
}

impl Names for Own<'_> {
    fn name(&mut self, g: &mut Graph, name: &str) -> Result<NodeId, GraphError> {
        if let Some(k) = name.strip_prefix('@').and_then(|k| k.parse().ok()) {
            return Ok(g.input(Input::Placeholder(k)));
        }
        let row = self.table.iter().position(|t| *t == name);
        let row = row.ok_or_else(|| GraphError::UnknownName(name.into()))?;
        let known = self.parameters.iter().position(|p| *p == row);
        let k = known.unwrap_or_else(|| {
            self.parameters.push(row);
            self.parameters.len() - 1
        });
        Ok(g.input(Input::Parameter(k as u32)))
    }
}

impl Quantity {
    /// Compiles an expression; `all` are the objective's probes, `table` the ids of the parameter table.
    ///
    /// # Errors
    /// [`QuantityError`] for references and names that cannot be resolved.
    pub fn compile(
        text: &str,
        expr: &Expr,
        with: &[(String, f64)],
        all: &[Probe],
        table: &[&str],
    ) -> Result<Self, QuantityError> {
        let mut own: Vec<Probe> = Vec::new();
        let expr = extract(expr, with, &mut own)?;
        let used: Vec<usize> = own
            .iter()
            .map(|p| {
                all.iter()
                    .position(|q| q == p)
                    .ok_or_else(|| GraphError::UnknownName(p.quantity.clone()).into())
            })
            .collect::<Result<_, QuantityError>>()?;
        let mut graph = Graph::new();
        let mut own = Own {
            table,
            parameters: Vec::new(),
        };
        let node = graph.import(&expr, &mut own)?;
        let parameters = own.parameters;
        let mut roots = vec![node];
        let (mut by_probe, mut by_parameter) = (Vec::new(), Vec::new());
        for input in graph.inputs(node).to_vec() {
            let d = graph.derivative(node, input);
            match input {
                Input::Placeholder(k) => by_probe.push((k as usize, roots.len())),
                Input::Parameter(k) => by_parameter.push((k as usize, roots.len())),
                _ => continue,
            }
            roots.push(d);
        }
        let compiled = program::compile(
            &graph,
            Sizes {
                parameters: parameters.len(),
                placeholders: used.len(),
                ..Sizes::default()
            },
            &[roots],
        );
        let overrides = with
            .iter()
            .filter_map(|(id, v)| table.iter().position(|t| t == id).map(|j| (j, *v)))
            .collect();
        Ok(Self {
            text: text.into(),
            probes: used,
            parameters,
            compiled,
            by_probe,
            by_parameter,
            overrides,
        })
    }

    /// Value from the values of its probes and parameters (in its own order), with derivatives by probe and by parameter.
    pub fn evaluate(&self, probes: &[f64], parameters: &[f64]) -> (f64, Vec<f64>, Vec<f64>) {
        let layout = &self.compiled.layout;
        let mut registers = vec![0.0; layout.len];
        for &(at, v) in &self.compiled.values {
            registers[at as usize] = v;
        }
        registers[layout.parameters..layout.parameters + parameters.len()]
            .copy_from_slice(parameters);
        registers[layout.placeholders..layout.placeholders + probes.len()].copy_from_slice(probes);
        self.compiled.prelude.run(&mut registers);
        let Some(program) = self.compiled.programs.first() else {
            return (f64::NAN, Vec::new(), Vec::new());
        };
        let mut out = vec![0.0; program.n_outputs()];
        program.evaluate(&mut registers, &mut out);
        let mut dp = vec![0.0; probes.len()];
        let mut dq = vec![0.0; parameters.len()];
        for &(k, at) in &self.by_probe {
            dp[k] = out[at];
        }
        for &(k, at) in &self.by_parameter {
            dq[k] = out[at];
        }
        (out[0], dp, dq)
    }
}
