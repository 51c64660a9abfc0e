//! Intervals as the product: covariance, profiles, bootstraps, identifiability, coverage, comparison of variants.
//!
//! Written against [`Target`](crate::objective::Target) only. Every formula stands in `docs/statistics.md`.

pub mod covariance;
pub mod fisher;
pub mod goodness;
pub mod interval;
pub mod verdict;

pub use covariance::{Covariance, Scatter};
pub use fisher::{Estimate, Linearised};
pub use goodness::Goodness;
pub use interval::{Cause, End, Interval, Method, Range, Status};
pub use verdict::Verdict;
