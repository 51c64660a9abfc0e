//! The model's equations and its graph, made from the model.

use serde::{Serialize, Serializer};

use crate::math::Expr;
use crate::model::{Model, Rate};

/// Equations in the order of a paper: assigned quantities, states, events, outputs.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Equations {
    /// Name of the model.
    pub id: String,
    /// What it describes.
    pub description: String,
    /// Unit of time.
    pub time_unit: Option<String>,
    /// Inputs.
    pub inputs: Vec<Declaration>,
    /// States with their initial values.
    pub states: Vec<Declaration>,
    /// Assigned quantities, each after those it uses.
    pub assignments: Vec<Equation>,
    /// Rates of change, in the order of the states.
    pub rates: Vec<Equation>,
    /// Algebraic rules: each right side is zero.
    pub algebraic: Vec<Equation>,
    /// Events, in words and assignments.
    pub events: Vec<Equation>,
    /// Readouts.
    pub outputs: Vec<Equation>,
    /// Nodes of the diagram.
    pub nodes: Vec<Node>,
    /// Arrows of the diagram.
    pub flows: Vec<Flow>,
}

/// A declared quantity.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Declaration {
    /// Id.
    pub id: String,
    /// What it is.
    pub description: String,
    /// Unit.
    pub unit: Option<String>,
    /// Initial or default value.
    #[serde(serialize_with = "as_text")]
    pub value: Expr,
}

/// `left = right`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Equation {
    /// Name on the left side.
    pub left: String,
    /// Right side.
    #[serde(serialize_with = "as_text")]
    pub right: Expr,
    /// Unit of both sides.
    pub unit: Option<String>,
    /// What it is.
    pub description: String,
}

/// A node of the diagram: a state, input or output.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Node {
    /// Id.
    pub id: String,
    /// What it is, for the hover text.
    pub description: String,
    /// What it stands for.
    pub role: Role,
}

/// What a node of the diagram stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// A quantity with memory.
    State,
    /// A dose.
    Input,
    /// A readout.
    Output,
}

/// What an arrow of the diagram means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FlowKind {
    /// Matter moves from one state to another: the same term leaves one rate and enters the other.
    Conversion,
    /// Raises a rate or readout.
    Activation,
    /// Lowers a rate or readout.
    Inhibition,
    /// Acts with a sign that depends on the state.
    Modulation,
}

/// An arrow of the diagram.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Flow {
    /// Index of the node it comes from; `None`: from outside.
    pub from: Option<usize>,
    /// Index of the node it goes to; `None`: leaves.
    pub to: Option<usize>,
    /// What it means.
    pub kind: FlowKind,
    /// Term or expression behind it, for the hover text.
    pub text: String,
}

impl Equations {
    /// The equations and the graph of a model.
    pub fn of(model: &Model) -> Self {
        let mut algebraic: Vec<Equation> = Vec::new();
        for rule in &model.algebraic {
            algebraic.push(Equation {
                left: "0".into(),
                right: rule.clone(),
                unit: None,
                description: String::new(),
            });
        }
        let events = model
            .events
            .iter()
            .flat_map(|e| {
                let when = e.delay.as_ref().map_or_else(
                    || format!("when {}", e.trigger),
                    |d| format!("{d} after {}", e.trigger),
                );
                e.assignments.iter().map(move |(target, value)| Equation {
                    left: target.clone(),
                    right: value.clone(),
                    unit: None,
                    description: when.clone(),
                })
            })
            .collect();
        let rates = model
            .states
            .iter()
            .filter_map(|s| match &s.rate {
                Rate::Differential(right) => Some(Equation {
                    left: s.id.clone(),
                    right: right.clone(),
                    unit: s.unit.clone(),
                    description: s.description.clone(),
                }),
                Rate::Discrete | Rate::Algebraic => None,
            })
            .collect();
        let equation =
            |left: &String, right: &Expr, unit: &Option<String>, text: &String| Equation {
                left: left.clone(),
                right: right.clone(),
                unit: unit.clone(),
                description: text.clone(),
            };
        let (nodes, flows) = super::graph::graph(model);
        Self {
            id: model.id.clone(),
            description: model.description.clone(),
            time_unit: model.time_unit.clone(),
            inputs: model
                .inputs
                .iter()
                .map(|i| Declaration {
                    id: i.id.clone(),
                    description: i.description.clone(),
                    unit: i.unit.clone(),
                    value: Expr::number(i.value),
                })
                .collect(),
            states: model
                .states
                .iter()
                .map(|s| Declaration {
                    id: s.id.clone(),
                    description: s.description.clone(),
                    unit: s.unit.clone(),
                    value: s.initial.clone(),
                })
                .collect(),
            assignments: model
                .assignments
                .iter()
                .map(|a| equation(&a.id, &a.value, &a.unit, &a.description))
                .collect(),
            rates,
            algebraic,
            events,
            outputs: model
                .outputs
                .iter()
                .map(|o| equation(&o.id, &o.value, &o.unit, &o.description))
                .collect(),
            nodes,
            flows,
        }
    }
}

fn as_text<S: Serializer>(expr: &Expr, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(expr)
}
