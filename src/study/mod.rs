//! A study on disk: plan, scenarios, run folder, checkpoints, shards, verification.
//!
//! Everything that touches files or the clock on behalf of a run is here; nothing here prints or exits.

pub mod atomic;
pub mod canonical;
pub mod checkpoint;
pub mod json;
pub mod plan;
pub mod scenario;
pub mod schema;
pub mod stop;
pub mod strict;
