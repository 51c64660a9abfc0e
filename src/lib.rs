//! mechfit fits mechanistic ODE pharmacodynamic models to what papers report: group means, with their SD and n.
//!
//! Data flows one way through the modules, each an owned, immutable value made from the one before:
//! text → model + tables → bound → system → trajectory → residuals → fit → intervals → predictions → report.
#![cfg_attr(not(feature = "jit"), forbid(unsafe_code))]
#![cfg_attr(feature = "jit", deny(unsafe_code))]
#![warn(missing_docs)]

pub mod bind;
pub mod cli;
pub mod diagnostic;
pub mod fit;
pub mod math;
pub mod model;
pub mod objective;
pub mod ode;
pub mod predict;
pub mod problem;
pub mod report;
pub mod search;
pub mod simulate;
pub mod stats;
pub mod study;
pub mod system;
pub mod uncertainty;
pub mod units;
