//! Intervals as the product: covariance, profiles, bootstraps, identifiability, coverage, comparison of variants.
//!
//! Written against [`Target`](crate::objective::Target) only. Every formula stands in `docs/statistics.md`.

pub mod bootstrap;
pub mod compare;
pub mod covariance;
pub mod coverage;
pub mod design;
pub mod draw;
pub mod extended;
pub mod fisher;
pub mod goodness;
pub mod identifiability;
pub mod information;
pub mod interval;
pub mod profile;
pub mod refits;
pub mod run;
pub mod verdict;

pub use bootstrap::Bootstrap;
pub use compare::Comparison;
pub use covariance::{Covariance, Scatter};
pub use coverage::Coverage;
pub use design::Design;
pub use fisher::{Estimate, Linearised};
pub use goodness::Goodness;
pub use identifiability::{Judgement, Structural};
pub use information::Criteria;
pub use interval::{Cause, End, Interval, Method, Range, Status};
pub use profile::Profiles;
pub use verdict::Verdict;
