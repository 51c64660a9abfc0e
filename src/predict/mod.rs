//! What a fitted model predicts: responses to doses, combinations, time courses, populations and sensitivities.
//!
//! Everything here is a function of parameter vectors on the estimation scale: the fit, bootstrap replicates, draws from
//! priors. Results are plain structs that the floors above print, write and draw.

pub mod ask;
mod band;
pub mod combination;
pub mod combine;
pub mod course;
pub mod curve;
pub mod dose;
pub mod dosing;
pub mod estimate;
pub mod expression;
pub mod feature;
mod missing;
pub mod population;
mod response;
pub mod sensitivity;
mod sobol;
mod spread;
pub mod text;
mod vary;

pub use band::Band;
pub use dosing::{Dosed, DosingError};
pub use estimate::{Estimate, Failures, Warning};
pub use response::{Response, Tell, Watch};
pub use sobol::{MAX_DIMENSIONS, Sobol};
pub use spread::Spread;
pub use text::DoseRange;
pub use vary::{Vary, VaryError};
