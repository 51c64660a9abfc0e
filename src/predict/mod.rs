//! What a fitted model predicts: responses to doses, combinations, time courses, populations and sensitivities.
//!
//! Everything here is a function of parameter vectors on the estimation scale: the fit, bootstrap replicates, draws from
//! priors. Results are plain structs that the floors above print, write and draw.

pub mod combination;
pub mod course;
pub mod dose;
pub mod estimate;
pub mod population;
pub mod sensitivity;

pub use estimate::{Band, Estimate, Failures, Warning};
