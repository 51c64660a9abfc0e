//! A model and the formulas asked of it, compiled to bytecode: right-hand side, its derivatives, initial values,
//! observables, switches and events.

pub mod graph;
pub mod import;
pub mod operation;
pub mod program;

mod bytecode;
mod compile;
mod derivative;
mod machine;
mod namespace;
#[cfg(feature = "jit")]
mod native;
mod power;
mod rates;
#[cfg(test)]
mod tests;

pub use compile::{FormulaSpec, SlotKind, SlotSpec, Spec, compile};
pub use graph::GraphError;
pub use machine::Machine;

use crate::ode::Pattern;
use program::Compiled;

/// How right-hand sides and their derivatives are evaluated. Both ways give the same bits.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Engine {
    /// As machine code, if the program was built with the feature `jit` and the processor is known; else as bytecode.
    #[default]
    MachineCode,
    /// As bytecode.
    Bytecode,
}

/// A formula: its value and its derivatives with respect to what it depends on.
#[derive(Debug, Clone)]
pub struct Formula {
    /// Program of the value.
    pub value: usize,
    /// Program of value and derivatives (value first).
    pub derivatives: usize,
    /// `(state, position)` of derivatives with respect to integrated quantities.
    pub states: Vec<(usize, usize)>,
    /// `(slot, position)` of derivatives with respect to active slots.
    pub slots: Vec<(usize, usize)>,
    /// `(placeholder, position)`.
    pub placeholders: Vec<(usize, usize)>,
    /// Position of the derivative with respect to time, if it depends on time.
    pub time: Option<usize>,
}

impl Formula {
    /// Number of results of the program with derivatives.
    pub fn len(&self) -> usize {
        1 + self.states.len()
            + self.slots.len()
            + self.placeholders.len()
            + usize::from(self.time.is_some())
    }
    /// Whether it depends on nothing that varies.
    pub fn is_empty(&self) -> bool {
        self.len() == 1
    }
}

/// What became of a state of the model.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum StateSlot {
    /// It is integrated, at this index.
    Integrated(usize),
    /// It keeps this value in every period (its rate vanishes identically there).
    Constant(f64),
}

/// A comparison whose sign change ends a smooth segment.
#[derive(Debug, Clone)]
pub struct Switch {
    /// The comparison of `difference` with 0.
    pub op: operation::Binary,
    /// left − right.
    pub difference: Formula,
    /// Depends on time linearly and on no state: its root is known in advance.
    pub known_in_advance: bool,
    /// Something that is evaluated depends on it.
    pub live: bool,
}

/// An event, compiled.
#[derive(Debug, Clone)]
pub struct Event {
    /// Name.
    pub id: String,
    /// Trigger as a number (true: not 0).
    pub trigger: Formula,
    /// Value that the trigger is taken to have before the start.
    pub initial_value: bool,
    /// Whether it executes even if the trigger turns false meanwhile.
    pub persistent: bool,
    /// Delay.
    pub delay: Option<Formula>,
    /// Priority.
    pub priority: Option<Formula>,
    /// Values from the time of the trigger.
    pub values_from_trigger_time: bool,
    /// What it sets.
    pub assignments: Vec<EventAssignment>,
}

/// A quantity that an event sets.
#[derive(Debug, Clone)]
pub struct EventAssignment {
    /// Integrated quantity.
    pub state: usize,
    /// New value of the named quantity.
    pub value: Formula,
    /// Where the integrated quantity is the named one times a varying volume: that volume.
    pub volume: Option<Formula>,
}

/// A value from the past.
#[derive(Debug, Clone)]
pub struct Delay {
    /// What was delayed, at a point since the start.
    pub value: Formula,
    /// The same at a time before the start.
    pub past: Formula,
    /// How long ago, at the present point.
    pub lag: Formula,
    /// Whether the lag is a constant of the simulation.
    pub fixed: bool,
    /// Whether rates or switches need it, so that it must be known while integrating.
    pub driving: bool,
    /// Values from the past that `value` and `lag` need, those that others of them need first.
    pub inner: Vec<usize>,
}

/// Fast reactions: each keeps its rate at 0.
#[derive(Debug, Clone, Default)]
pub struct Fast {
    /// Rate of each.
    pub rates: Vec<Formula>,
    /// What one turn of each adds to integrated quantities.
    pub directions: Vec<Vec<(usize, Formula)>>,
}

/// A compiled model. Immutable; a [`Machine`] evaluates it.
#[derive(Debug, Clone)]
pub struct System {
    /// Number of integrated quantities.
    pub n: usize,
    /// Ids of the integrated quantities.
    pub state_ids: Vec<String>,
    /// For each state of the model, what became of it.
    pub states: Vec<StateSlot>,
    /// Diagonal of the mass matrix (`None`: identity).
    pub mass: Option<Vec<f64>>,
    /// Number of parameter slots.
    pub n_slots: usize,
    /// Active slots: those with derivatives.
    pub active: Vec<usize>,
    /// Number of placeholders.
    pub n_placeholders: usize,
    /// Initial values of the integrated quantities.
    pub initial: Vec<Formula>,
    /// Formulas in the order of the specification.
    pub formulas: Vec<Formula>,
    /// Value of each named state of the model (concentration where it has a volume).
    pub named: Vec<Formula>,
    /// For each model state with a volume that varies: the volume's value.
    pub volumes: Vec<Option<Formula>>,
    /// Switches.
    pub switches: Vec<Switch>,
    /// Events.
    pub events: Vec<Event>,
    /// Values from the past.
    pub delays: Vec<Delay>,
    /// Fast reactions.
    pub fast: Fast,
    /// Whether the right-hand side does not depend on time explicitly.
    pub autonomous: bool,
    /// Pattern of ∂f/∂y.
    pub jacobian: Pattern,
    /// Pattern of ∂f/∂(active slot): columns are positions in `active`.
    pub parameter: Pattern,
    /// `(Jacobian entry, state)` of the second derivatives.
    second_states: Vec<(u32, u32)>,
    /// `(Jacobian entry, active position)`.
    second_slots: Vec<(u32, u32)>,
    /// `(row, state)` of ∂²f/∂t∂y.
    time_states: Vec<(u32, u32)>,
    /// `(row, active position)` of ∂²f/∂t∂p.
    time_slots: Vec<(u32, u32)>,
    programs: Kernels,
    compiled: Compiled,
}

/// Indices of the programs of the right-hand side.
#[derive(Debug, Clone, Copy, Default)]
struct Kernels {
    rhs: usize,
    jacobian: usize,
    rhs_and_jacobian: usize,
    derivatives: usize,
    linearise: usize,
    second: usize,
    time: usize,
    time_second: usize,
}

impl System {
    /// Whether anything is evaluated by machine code.
    pub fn has_machine_code(&self) -> bool {
        #[cfg(feature = "jit")]
        return self.compiled.programs.iter().any(|p| p.native.is_some());
        #[cfg(not(feature = "jit"))]
        false
    }
}

#[cfg(feature = "jit")]
impl System {
    /// Compiles what is evaluated in every step to machine code: right-hand side and Jacobian at a point, right-hand side and
    /// all derivatives at several.
    pub fn add_machine_code(&mut self) {
        let mut wanted = vec![native::Wanted::default(); self.compiled.programs.len()];
        let of = &self.programs;
        let (n, j, p) = (
            self.n,
            self.jacobian.entries.len(),
            self.parameter.entries.len(),
        );
        for (at_point, parts) in [
            (of.rhs, [n, 0, 0]),
            (of.jacobian, [j, 0, 0]),
            (of.rhs_and_jacobian, [n, j, 0]),
            (of.linearise, [n, j, p]),
        ] {
            wanted[at_point].at_point = Some(parts);
        }
        for over_points in [of.rhs, of.derivatives] {
            wanted[over_points].over_points = true;
        }
        let compiled = &mut self.compiled;
        native::compile(&mut compiled.programs, &wanted, &compiled.layout, n);
    }
}

#[cfg(test)]
impl System {
    /// A system of the programs of f, J, f with J, J with ∂f/∂p, and all three; nothing else.
    fn of_programs(mut compiled: Compiled, n: usize) -> Self {
        // No second derivatives.
        compiled.programs.push(program::Program::default());
        Self {
            n,
            state_ids: vec![String::new(); n],
            states: (0..n).map(StateSlot::Integrated).collect(),
            mass: None,
            n_slots: 0,
            active: Vec::new(),
            n_placeholders: 0,
            initial: Vec::new(),
            formulas: Vec::new(),
            named: Vec::new(),
            volumes: Vec::new(),
            switches: Vec::new(),
            events: Vec::new(),
            delays: Vec::new(),
            fast: Fast::default(),
            autonomous: true,
            jacobian: Pattern::default(),
            parameter: Pattern::default(),
            second_states: Vec::new(),
            second_slots: Vec::new(),
            time_states: Vec::new(),
            time_slots: Vec::new(),
            programs: Kernels {
                rhs: 0,
                jacobian: 1,
                rhs_and_jacobian: 2,
                derivatives: 3,
                linearise: 4,
                second: 5,
                time: 5,
                time_second: 5,
            },
            compiled,
        }
    }
}
