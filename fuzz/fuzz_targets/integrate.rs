//! The integrators: a random model is integrated or its failure said, in bounded time, twice with the same bits.
#![no_main]

use libfuzzer_sys::fuzz_target;

#[path = "../random_model.rs"]
mod random_model;

fuzz_target!(|data: &[u8]| {
    random_model::run(data);
});
