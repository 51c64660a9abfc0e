//! Scalar expressions over simulated values: relations, facts, claims, predictions.

use crate::bind::Probe;
use crate::math::Expr;
use crate::system::graph::{Graph, GraphError, Input};
use crate::system::program::{self, Compiled};

/// A compiled expression over probes (`observable@experiment@time`) and parameters of the table.
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
    /// It cannot be compiled.
    #[error(transparent)]
    Graph(#[from] GraphError),
}

/// Splits `observable@experiment@time`.
///
/// # Errors
/// [`QuantityError::Reference`].
pub fn reference(name: &str, with: &[(String, f64)]) -> Result<Probe, QuantityError> {
    let bad = || QuantityError::Reference(name.to_string());
    let mut parts = name.split('@');
    let (Some(quantity), Some(experiment), Some(time), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return Err(bad());
    };
    let time: f64 = time.parse().map_err(|_| bad())?;
    if time.is_nan() {
        return Err(bad());
    }
    Ok(Probe {
        quantity: quantity.into(),
        experiment: experiment.into(),
        time,
        with: with.to_vec(),
    })
}

/// The probes that an expression refers to, in order of appearance, each once.
///
/// # Errors
/// [`QuantityError::Reference`].
pub fn probes(expr: &Expr, with: &[(String, f64)]) -> Result<Vec<Probe>, QuantityError> {
    let mut list: Vec<Probe> = Vec::new();
    let mut error = None;
    expr.for_each_symbol(&mut |name| {
        if name.contains('@') {
            match reference(name, with) {
                Ok(p) if !list.contains(&p) => list.push(p),
                Ok(_) => {}
                Err(e) => error = Some(e),
            }
        }
    });
    match error {
        Some(e) => Err(e),
        None => Ok(list),
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
        let mut graph = Graph::new();
        let mut used: Vec<usize> = Vec::new();
        let mut parameters: Vec<usize> = Vec::new();
        let mut failed = None;
        let node = graph.import(
            expr,
            &mut |g, name| {
                if name.contains('@') {
                    let found = reference(name, with).map(|p| all.iter().position(|q| *q == p));
                    return match found {
                        Ok(Some(i)) => {
                            let k = used.iter().position(|u| *u == i).unwrap_or_else(|| {
                                used.push(i);
                                used.len() - 1
                            });
                            Ok(g.input(Input::Placeholder(k as u32)))
                        }
                        Ok(None) => Err(GraphError::UnknownName(name.into())),
                        Err(e) => {
                            failed = Some(e);
                            Err(GraphError::UnknownName(name.into()))
                        }
                    };
                }
                match table.iter().position(|t| *t == name) {
                    Some(j) => {
                        let k = parameters.iter().position(|p| *p == j).unwrap_or_else(|| {
                            parameters.push(j);
                            parameters.len() - 1
                        });
                        Ok(g.input(Input::Parameter(k as u32)))
                    }
                    None => Err(GraphError::UnknownName(name.into())),
                }
            },
            &mut |_, name| Err(GraphError::Unsupported(format!("rateOf({name})"))),
        );
        if let Some(e) = failed {
            return Err(e);
        }
        let node = node?;
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
        let compiled = program::compile(&graph, [0, parameters.len(), used.len(), 0], &[roots]);
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
