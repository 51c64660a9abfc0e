//! A mechanistic model: parameters, inputs, states, rules, events and outputs; names resolved, units checked.
//!
//! Readers make it from text (`language`) or SBML (`sbml`); nothing here knows data or integration.

mod beside;
pub mod language;
pub mod sbml;

use std::path::{Path, PathBuf};

use crate::diagnostic::Finding;
use crate::math::Expr;
use crate::units::Registry;

/// A model as a reader delivers it.
#[derive(Debug, Clone, PartialEq)]
pub struct Loaded {
    /// The model.
    pub model: Model,
    /// Warnings; errors refuse the file.
    pub findings: Vec<Finding>,
    /// Every file read, the model's first, for hashes and diagnostics.
    pub files: Vec<PathBuf>,
}

/// Reads a model in `language` (`mechfit` or `sbml`, as PEtab names them; empty: by the ending of the file) with parts laid over it.
///
/// # Errors
/// Every finding of the files, at least one of which is an error.
pub fn load(path: &Path, language: &str, parts: &[PathBuf]) -> Result<Loaded, Vec<Finding>> {
    let language = match language {
        "" => language_of(path),
        given => given,
    };
    match language {
        "mechfit" => language::load(path, parts),
        "sbml" => match parts.first() {
            None => sbml::load(path),
            Some(part) => Err(vec![
                Finding::error(
                    "not-a-part",
                    format!(
                        "the part `{}` cannot be laid over an SBML model",
                        part.display()
                    ),
                )
                .in_file(path.display().to_string())
                .help("write the model in the model language to vary it by parts"),
            ]),
        },
        other => Err(vec![
            Finding::error(
                "unknown-language",
                format!("models in `{other}` cannot be read"),
            )
            .in_file(path.display().to_string())
            .help("the languages are `mechfit` (.model) and `sbml` (.xml)"),
        ]),
    }
}

/// The language that the ending of a file stands for.
pub fn language_of(path: &Path) -> &'static str {
    match path.extension().and_then(|e| e.to_str()) {
        Some("xml" | "sbml") => "sbml",
        _ => "mechfit",
    }
}

/// A model as its readers deliver it: every name that an expression uses is declared here, or is `time`.
///
/// Expressions are on raw values in the declared units: conversions are multiplied out, and a number with a unit
/// ([`crate::math::Kind::Quantity`]) counts as the number. What is multiplied in by a conversion is such a number too, so that the
/// units of an expression can still be followed.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Model {
    /// Name.
    pub id: String,
    /// What it describes.
    pub description: String,
    /// Unit of time as written, `None` if the file gives none.
    pub time_unit: Option<String>,
    /// A number without a unit is a pure number, as in the model language; in SBML no one has said what it is.
    pub pure_numbers: bool,
    /// Units declared by the model, in order.
    pub units: Vec<DeclaredUnit>,
    /// Substances with their molar masses.
    pub substances: Vec<Substance>,
    /// Constants, in order of declaration.
    pub parameters: Vec<Parameter>,
    /// Constants that only conditions set (doses).
    pub inputs: Vec<Input>,
    /// States, in order of declaration.
    pub states: Vec<State>,
    /// Assigned quantities (`let`, assignment rules), each after the ones that it uses.
    pub assignments: Vec<Assignment>,
    /// Algebraic rules `0 = expr` (index 1), each with the states they determine left to the binder.
    pub algebraic: Vec<Expr>,
    /// Reactions at equilibrium at all times.
    pub fast: Vec<FastReaction>,
    /// Discontinuities.
    pub events: Vec<Event>,
    /// Named readouts.
    pub outputs: Vec<Output>,
    /// Species of SBML, whatever their role, so that each can be reported as amount or concentration.
    pub species: Vec<Species>,
    /// Reactions as drawn in a diagram; the mathematics is in the states' rates.
    pub reactions: Vec<Reaction>,
}

/// A unit that the model declares: a new base (no definition) or another name for a unit.
#[derive(Debug, Clone, PartialEq)]
pub struct DeclaredUnit {
    /// Name.
    pub id: String,
    /// Definition in terms of known units, `None` for a new base unit.
    pub definition: Option<String>,
}

/// A substance with its molar mass, so that doses can be given as mass.
#[derive(Debug, Clone, PartialEq)]
pub struct Substance {
    /// Name.
    pub id: String,
    /// Molar mass in `unit`.
    pub molar_mass: f64,
    /// Unit of the molar mass as written.
    pub unit: String,
    /// Where the number comes from.
    pub source: Option<String>,
}

/// A constant. Parameter tables and conditions may set it unless `fixed`.
#[derive(Debug, Clone, PartialEq)]
pub struct Parameter {
    /// Name.
    pub id: String,
    /// Value, a number or an expression over other constants (an initial assignment), evaluated after the
    /// parameter table and the first period's conditions.
    pub value: Expr,
    /// Unit as written, `None` if unknown.
    pub unit: Option<String>,
    /// What it is.
    pub description: String,
    /// Where the number comes from.
    pub source: Option<String>,
    /// Made a constant by a part (`fix`): the parameter table does not apply.
    pub fixed: bool,
    /// Size of a compartment (conditions that set it keep concentrations).
    pub compartment: bool,
}

/// A constant entity that only conditions set; its value here is that of the control arm.
#[derive(Debug, Clone, PartialEq)]
pub struct Input {
    /// Name.
    pub id: String,
    /// Value of the control arm.
    pub value: f64,
    /// Unit as written.
    pub unit: Option<String>,
    /// What it is.
    pub description: String,
    /// The substance dosed, for conversion between mass and moles.
    pub substance: Option<String>,
}

/// How a state changes between events.
#[derive(Debug, Clone, PartialEq)]
pub enum Rate {
    /// Rate of change of the integrated quantity (see [`State::volume`]).
    Differential(Expr),
    /// Changes only at events and conditions.
    Discrete,
    /// Determined by the algebraic rules.
    Algebraic,
}

/// A quantity with memory.
#[derive(Debug, Clone, PartialEq)]
pub struct State {
    /// Name; in expressions it stands for the quantity itself, or for a concentration if `volume` is given.
    pub id: String,
    /// Value of the named quantity at the start, over constants (evaluated after the first period's conditions).
    pub initial: Expr,
    /// Rate.
    pub rate: Rate,
    /// Compartment: the integrated quantity is then the amount `id × volume`, the rate is that of the amount,
    /// and a change of the compartment's size by an event keeps the amount.
    pub volume: Option<String>,
    /// Unit as written.
    pub unit: Option<String>,
    /// What it is.
    pub description: String,
    /// Size of a compartment.
    pub compartment: bool,
}

/// An assigned quantity, valid at all times.
#[derive(Debug, Clone, PartialEq)]
pub struct Assignment {
    /// Name.
    pub id: String,
    /// Its value.
    pub value: Expr,
    /// Unit as written or inferred.
    pub unit: Option<String>,
    /// What it is.
    pub description: String,
}

/// A named readout.
#[derive(Debug, Clone, PartialEq)]
pub struct Output {
    /// Name; may be that of a state or assignment, whose value it then shows.
    pub id: String,
    /// Its value.
    pub value: Expr,
    /// Unit as written or inferred.
    pub unit: Option<String>,
    /// What it is.
    pub description: String,
}

/// An event as SBML Level 3 defines it.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// Name (made up if the file gives none).
    pub id: String,
    /// Fires when this turns from false to true.
    pub trigger: Expr,
    /// Value that the trigger is taken to have before the start; `true` means it cannot fire at the start.
    pub initial_value: bool,
    /// Whether it executes even if the trigger turns false during the delay.
    pub persistent: bool,
    /// Time between trigger and execution.
    pub delay: Option<Expr>,
    /// Order among events that execute at the same time: higher first.
    pub priority: Option<Expr>,
    /// Whether assignments use values from the time of the trigger rather than of execution.
    pub values_from_trigger_time: bool,
    /// Target and new value of the named quantity.
    pub assignments: Vec<(String, Expr)>,
}

/// A reaction so fast that its rate is 0 at all times; how often it turns follows from that.
#[derive(Debug, Clone, PartialEq)]
pub struct FastReaction {
    /// Its rate, whose sign says in which direction equilibrium lies.
    pub rate: Expr,
    /// States, and the amount that one turn adds to each.
    pub changes: Vec<(String, Expr)>,
}

/// A species of SBML.
#[derive(Debug, Clone, PartialEq)]
pub struct Species {
    /// Name; a state, parameter or assignment has the same.
    pub id: String,
    /// Its compartment.
    pub compartment: String,
    /// Whether the name stands for an amount (`hasOnlySubstanceUnits`, or a compartment without size).
    pub amount: bool,
}

/// A reaction, for diagrams and reports.
#[derive(Debug, Clone, PartialEq)]
pub struct Reaction {
    /// Name.
    pub id: String,
    /// Species consumed.
    pub reactants: Vec<String>,
    /// Species produced.
    pub products: Vec<String>,
    /// Species that act on the rate.
    pub modifiers: Vec<String>,
    /// Species that it changes, and the amount that one turn adds to each; a species may appear more than once.
    pub changes: Vec<(String, Expr)>,
    /// Rate in amount per time.
    pub rate: Expr,
}

impl Model {
    /// The units that the model knows: built-in ones and those that it declares.
    pub fn registry(&self) -> Registry {
        let mut registry = Registry::new();
        for unit in &self.units {
            // A reader has refused declarations that do not hold.
            let _ = registry.declare(&unit.id, unit.definition.as_deref());
        }
        registry
    }
    /// Index of a state by name.
    pub fn state(&self, id: &str) -> Option<usize> {
        self.states.iter().position(|s| s.id == id)
    }
    /// Names of everything declared that has a value.
    pub fn declared(&self) -> impl Iterator<Item = &str> {
        let parameters = self.parameters.iter().map(|p| p.id.as_str());
        let inputs = self.inputs.iter().map(|p| p.id.as_str());
        let states = self.states.iter().map(|s| s.id.as_str());
        let assignments = self.assignments.iter().map(|a| a.id.as_str());
        let outputs = self.outputs.iter().map(|o| o.id.as_str());
        parameters
            .chain(inputs)
            .chain(states)
            .chain(assignments)
            .chain(outputs)
    }
    /// Whether `id` is declared as parameter, input, state, assignment or output.
    pub fn declares(&self, id: &str) -> bool {
        self.parameters.iter().any(|p| p.id == id)
            || self.inputs.iter().any(|p| p.id == id)
            || self.state(id).is_some()
            || self.assignments.iter().any(|a| a.id == id)
            || self.outputs.iter().any(|o| o.id == id)
    }
    /// Unit of a declared quantity as written, `None` if unknown.
    pub fn unit(&self, id: &str) -> Option<&str> {
        let find = || {
            self.parameters
                .iter()
                .find(|p| p.id == id)
                .map(|p| p.unit.as_deref())
                .or_else(|| {
                    self.inputs
                        .iter()
                        .find(|p| p.id == id)
                        .map(|p| p.unit.as_deref())
                })
                .or_else(|| {
                    self.states
                        .iter()
                        .find(|p| p.id == id)
                        .map(|p| p.unit.as_deref())
                })
                .or_else(|| {
                    self.assignments
                        .iter()
                        .find(|p| p.id == id)
                        .map(|p| p.unit.as_deref())
                })
                .or_else(|| {
                    self.outputs
                        .iter()
                        .find(|p| p.id == id)
                        .map(|p| p.unit.as_deref())
                })
        };
        find().flatten()
    }
}
