//! Experiments: periods, jumps at events with their sensitivities, pre-equilibration and steady states.
//!
//! An [`Experiment`] is compiled once; [`Experiment::run`] is a pure function of the table's values and delivers the
//! state at each asked time, with its derivative with respect to the estimated parameters it depends on.

mod advance;
mod autopsy;
mod consistent;
mod course;
mod cycle;
mod equilibrium;
mod experiment;
mod history;
mod jump;
mod linear;
mod mode;
mod point;
mod run;
mod segment;
mod steady;
mod summary;
mod watch;

pub use autopsy::{Autopsy, StateThere};
pub use course::{Course, CourseError, Request, Show, course};
pub use experiment::{Experiment, Room, build};
pub use point::Point;
pub use run::Workspace;
pub use summary::{Asked, Summaries};
pub use watch::{Stretch, Watcher};

use crate::ode::{OdeError, Tolerances};

/// Settings of a simulation.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// Tolerances of the integration.
    pub tolerances: Tolerances,
    /// Integrator.
    pub method: crate::ode::Method,
    /// A steady state is reached when no state changes, in one unit of time, by more than this part of itself (plus the
    /// absolute tolerance); Newton's method then makes it exact. Default 1e-6.
    pub steady_rtol: f64,
    /// Longest pre-equilibration in units of the model's time (default 1e10).
    pub steady_horizon: f64,
    /// Seed of the order of simultaneous events of equal priority (default 1).
    pub seed: u64,
    /// Events that may execute at one instant before it counts as an endless cascade (default 10 000).
    pub max_cascade: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            tolerances: Tolerances::default(),
            method: crate::ode::Method::Auto,
            steady_rtol: 1e-6,
            steady_horizon: 1e10,
            seed: 1,
            max_cascade: 10_000,
        }
    }
}

/// Why an experiment could not be simulated.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum SimulateError {
    /// The integrator failed.
    #[error("{cause}{}", state_text(.state))]
    Integration {
        /// Cause with its time.
        cause: OdeError,
        /// State concerned.
        state: Option<String>,
        /// State vector when it happened.
        values: Vec<(String, f64)>,
    },
    /// An initial value is not finite.
    #[error("the initial value of `{state}` is not finite ({value})")]
    Initial {
        /// State.
        state: String,
        /// Its value.
        value: f64,
    },
    /// No steady state was reached.
    #[error("no steady state by t = {t:e}: `{state}` still changes by {rate:e} in a unit of time")]
    NoSteadyState {
        /// Time reached.
        t: f64,
        /// The state that changes most.
        state: String,
        /// Its rate.
        rate: f64,
    },
    /// Regular doses lead to no periodic course.
    #[error(
        "no steady state after {cycles} dosing intervals: `{state}` still changes from one to the next"
    )]
    NotPeriodic {
        /// Intervals tried.
        cycles: usize,
        /// The state that changes most.
        state: String,
    },
    /// The algebraic rules have no solution near the given values, or not one only.
    #[error("the algebraic rules cannot be solved at t = {t} (`{state}` and what goes with it)")]
    Inconsistent {
        /// Time.
        t: f64,
        /// First state that the rules determine.
        state: String,
    },
    /// The fast reactions find no state in which they stand still.
    #[error("the fast reactions find no equilibrium at t = {t}")]
    NoEquilibrium {
        /// Time.
        t: f64,
    },
    /// Something that is not done for models with delays.
    #[error("{what} are not supported for a model with delays")]
    Delays {
        /// What.
        what: &'static str,
    },
    /// The delay of an event is negative or not a number.
    #[error("the delay of event `{event}` is {delay} at t = {t}")]
    Delay {
        /// Time.
        t: f64,
        /// Event.
        event: String,
        /// Its delay.
        delay: f64,
    },
    /// A condition switches back and forth without end.
    #[error(
        "more than {limit} discontinuities by t = {t}: a condition switches back and forth without end"
    )]
    Switches {
        /// Time reached.
        t: f64,
        /// Limit, that of the steps of a segment.
        limit: usize,
    },
    /// Events trigger one another without end.
    #[error("more than {limit} events at t = {t}; the last one is `{event}`")]
    Cascade {
        /// Time.
        t: f64,
        /// Limit.
        limit: usize,
        /// Event.
        event: String,
    },
}

fn state_text(state: &Option<String>) -> String {
    match state {
        Some(s) => format!(" (state `{s}`)"),
        None => String::new(),
    }
}

impl SimulateError {
    /// Stable name of the cause, for counting.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::Integration { cause, .. } => match cause {
                OdeError::StepTooSmall { .. } => "step_too_small",
                OdeError::TooManySteps { .. } => "too_many_steps",
                OdeError::NotFinite { .. } => "not_finite",
                OdeError::Singular { .. } => "singular",
                OdeError::Stiff { .. } => "stiff",
                OdeError::Algebraic { .. } => "algebraic",
            },
            Self::Initial { .. } => "initial_not_finite",
            Self::NoSteadyState { .. } | Self::NotPeriodic { .. } => "no_steady_state",
            Self::Switches { .. } => "switches",
            Self::Cascade { .. } => "event_cascade",
            Self::Inconsistent { .. } => "inconsistent",
            Self::NoEquilibrium { .. } => "no_equilibrium",
            Self::Delays { .. } => "delays",
            Self::Delay { .. } => "event_delay",
        }
    }
}
