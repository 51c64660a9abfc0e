//! All integration tests in one binary: one link instead of one per file. One module a topic.

mod allocation;
mod benchmark;
mod cli;
mod codes;
mod combine;
mod compare;
mod crosscheck;
mod donors;
mod dose;
mod doses;
mod export;
mod layers;
mod model_fuzz;
mod model_language;
mod petab_suite;
mod quantities;
mod report;
mod reported;
mod sbml_suite;
mod sbml_units;
mod sbml_wrong;
mod schema;
mod sensitivity;
mod support;
mod tables;
mod uncertainty;
