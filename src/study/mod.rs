//! A study on disk: plan, scenarios, run folder, checkpoints, shards, verification.
//!
//! Everything that touches files or the clock on behalf of a run is here; nothing here prints or exits.

pub mod atomic;
pub mod audit;
pub mod canonical;
pub mod checkpoint;
pub mod checks;
pub mod claims;
pub mod clock;
pub mod compare_tables;
pub mod diff;
pub mod expected;
pub mod exporting;
pub mod files;
pub mod fill;
pub mod findings;
pub mod fitted;
pub mod fitting;
pub mod gates;
pub mod job;
pub mod journal;
pub mod json;
pub mod open;
pub mod plan;
pub mod postmortem;
pub mod replicates;
pub mod result;
pub mod sbml_case;
pub mod scenario;
pub mod schema;
pub mod simulations;
pub mod stage_bootstrap;
pub mod stage_compare;
pub mod stage_coverage;
pub mod stage_fit;
pub mod stop;
pub mod strict;
pub mod values;
pub mod verify;
pub mod warnings;
pub mod work;
