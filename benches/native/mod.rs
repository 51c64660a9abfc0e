//! Models with right-hand sides and Jacobians written by hand, as a programmer would who has one model to care for.
//!
//! The same models stand beside them as text for the engine.

mod binding;
mod dimers;
mod ring;

use mechfit::math::{Syntax, parse};
use mechfit::model::{Model, Parameter, Rate, State};
use mechfit::system::{self, SlotKind, SlotSpec, Spec, System};

/// Right-hand side and Jacobian: states, parameters, right-hand side, values of the Jacobian row by row.
pub type Native = fn(&[f64], &[f64], &mut [f64], &mut [f64]);

/// A model twice: as text and as code.
pub struct Twin {
    /// Parameters with their values.
    pub parameters: &'static [(&'static str, f64)],
    /// States with a point at which to evaluate and their rates.
    pub states: &'static [(&'static str, f64, &'static str)],
    /// The code.
    pub native: Native,
}

/// Names of the models.
pub const NAMES: [&str; 3] = ["binding", "dimers", "ring"];

/// A model by its name.
pub fn twin(name: &str) -> Twin {
    match name {
        "binding" => binding::TWIN,
        "dimers" => dimers::TWIN,
        _ => ring::TWIN,
    }
}

impl Twin {
    /// The point at which it is evaluated.
    pub fn point(&self) -> Vec<f64> {
        self.states.iter().map(|s| s.1).collect()
    }
    /// Values of the parameters.
    pub fn values(&self) -> Vec<f64> {
        self.parameters.iter().map(|p| p.1).collect()
    }
    /// The model compiled by the engine, all parameters estimated.
    pub fn system(&self) -> System {
        let expr = |text: &str| parse(text, Syntax::MODEL, 0).expect("a rate");
        let parameter = |(id, value): &(&str, f64)| Parameter {
            id: (*id).into(),
            value: expr(&value.to_string()),
            unit: None,
            description: String::new(),
            source: None,
            fixed: false,
            compartment: false,
        };
        let state = |(id, initial, rate): &(&str, f64, &str)| State {
            id: (*id).into(),
            initial: expr(&initial.to_string()),
            rate: Rate::Differential(expr(rate)),
            volume: None,
            unit: None,
            description: String::new(),
            compartment: false,
        };
        let model = Model {
            parameters: self.parameters.iter().map(parameter).collect(),
            states: self.states.iter().map(state).collect(),
            ..Model::default()
        };
        let slot = |(id, _): &(&str, f64)| SlotSpec {
            id: (*id).into(),
            kind: SlotKind::Entity,
            zero: false,
            active: true,
        };
        let slots: Vec<SlotSpec> = self.parameters.iter().map(slot).collect();
        let spec = Spec {
            model: &model,
            slots: &slots,
            formulas: &[],
            reset: &[],
            reduce: false,
        };
        system::compile(&spec).expect("the model compiles")
    }
}
