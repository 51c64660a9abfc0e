//! From simulated values to residuals, −log likelihood, gradient and curvature.

mod autopsy;
mod build;
pub mod donors;
mod evaluate;
pub mod example;
mod memory;
mod penalties;
mod predict;
pub mod quantity;
mod readings;
mod rows;
pub mod target;
pub mod terms;

pub use build::{BuildError, BuildOptions, QuantitySpec};
pub use donors::Donors;
pub use quantity::{Quantity, QuantityError};
pub use readings::{ConditionReport, Workspace};
pub use target::{
    Coordinate, Data, EvalError, Evaluated, Linearisation, Parts, PriorTerm, RelationTerm, RowInfo,
    RowKind, RowTerm, Target,
};

use crate::bind::{BoundProbe, Reading, Source};
use crate::model::Model;
use crate::problem::RelationKind;
use crate::simulate::{Experiment, Settings};
use crate::stats::Distribution;

/// A prior ready to evaluate.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PriorOf {
    /// Distribution.
    pub distribution: Distribution,
    /// It is the distribution of the value on the estimation scale.
    pub on_scale: bool,
    /// ln of the probability within the bounds, if truncated; else 0.
    pub log_mass: f64,
}

/// A relation ready to evaluate.
#[derive(Debug, Clone)]
pub struct RelationOf {
    /// Id.
    pub id: String,
    /// Left side.
    pub left: Quantity,
    /// Right side.
    pub right: Quantity,
    /// Comparison.
    pub kind: RelationKind,
    /// Margin.
    pub margin: f64,
    /// SD of the compared difference.
    pub sd: f64,
    /// Whether it is in the objective.
    pub penalty: bool,
    /// Source.
    pub source: Option<String>,
}

/// How a row is read from a simulation.
#[derive(Debug, Clone)]
struct RowBinding {
    experiment: usize,
    observable: usize,
    noise: Option<usize>,
    placeholders: Vec<Source>,
}

/// What is looked at in a run of an experiment: times, ascending, and probes that summarise spans.
#[derive(Debug, Clone, Default)]
struct Look {
    visits: Vec<Visit>,
    spans: Vec<usize>,
}

impl Look {
    /// Adds a probe.
    fn add(&mut self, probe: usize, reading: &Reading) {
        let list = match reading {
            Reading::At(t) => &mut Visit::at(&mut self.visits, *t).probes,
            Reading::Over { .. } => &mut self.spans,
        };
        if !list.contains(&probe) {
            list.push(probe);
        }
    }
    /// Brings the times into order.
    fn sort(&mut self) {
        self.visits.sort_by(|a, b| a.t.total_cmp(&b.t));
    }
    fn is_empty(&self) -> bool {
        self.visits.is_empty() && self.spans.is_empty()
    }
}

/// A time at which an experiment is looked at.
#[derive(Debug, Clone)]
struct Visit {
    t: f64,
    rows: Vec<usize>,
    probes: Vec<usize>,
}

impl Visit {
    fn new(t: f64) -> Self {
        Self {
            t,
            rows: Vec::new(),
            probes: Vec::new(),
        }
    }
    /// The visit at `t`, made if there is none.
    fn at(list: &mut Vec<Visit>, t: f64) -> &mut Visit {
        let i = match list.iter().position(|v| v.t == t) {
            Some(i) => i,
            None => {
                list.push(Self::new(t));
                list.len() - 1
            }
        };
        &mut list[i]
    }
}

/// A fitting problem: experiments compiled, rows bound, data as values.
///
/// Its evaluation is a pure function of the parameters and the data.
#[derive(Debug, Clone)]
pub struct Objective {
    /// Ids of the parameter table.
    pub table_ids: Vec<String>,
    coordinates: Vec<Coordinate>,
    coordinate_of: Vec<Option<usize>>,
    nominal: Vec<f64>,
    priors: Vec<Option<PriorOf>>,
    rows: Vec<RowInfo>,
    bindings: Vec<RowBinding>,
    data: Data,
    donors: Vec<Donors>,
    /// Relations, in the order of their table.
    pub relations: Vec<RelationOf>,
    /// Quantities, in the order of the build options.
    pub quantities: Vec<Quantity>,
    probes: Vec<BoundProbe>,
    looks: Vec<Look>,
    /// Experiments: those of rows, then those of probes only.
    pub experiments: Vec<Experiment>,
    /// Which memory each experiment runs in: those of like structure share one, so that ten thousand conditions need no more
    /// than one.
    rooms: Vec<usize>,
    /// Settings of the simulations.
    pub settings: Settings,
    /// Models.
    pub models: Vec<Model>,
}

impl Objective {
    /// Whether right-hand sides are evaluated by machine code.
    pub fn has_machine_code(&self) -> bool {
        self.experiments.iter().any(|e| e.system.has_machine_code())
    }

    /// Values of the parameter table on the natural scale for a point on the estimation scale.
    pub fn table(&self, theta: &[f64]) -> Vec<f64> {
        let mut table = self.nominal.clone();
        for (value, coordinate) in table.iter_mut().zip(&self.coordinate_of) {
            if let Some(k) = *coordinate {
                *value = target::to_natural(self.coordinates[k].scale, theta[k]);
            }
        }
        table
    }
    /// The nominal point on the estimation scale; a coordinate without nominal value is put in the middle of its bounds.
    pub fn nominal_point(&self) -> Vec<f64> {
        self.coordinates
            .iter()
            .map(|c| {
                c.nominal
                    .filter(|x| x.is_finite())
                    .unwrap_or(0.5 * (c.lower + c.upper))
            })
            .collect()
    }
    /// Sets fixed values or nominal values of estimated parameters by id, on the natural scale; returns ids it does not know.
    pub fn set_nominal(&mut self, values: &[(String, f64)]) -> Vec<String> {
        let mut unknown = Vec::new();
        for (id, value) in values {
            match self.table_ids.iter().position(|t| t == id) {
                None => unknown.push(id.clone()),
                Some(j) => {
                    self.nominal[j] = *value;
                    if let Some(k) = self.coordinate_of[j] {
                        self.coordinates[k].nominal =
                            Some(target::to_scaled(self.coordinates[k].scale, *value));
                    }
                }
            }
        }
        unknown
    }
}
