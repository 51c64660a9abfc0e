//! Integrators under random models: no panic, no hang, the same bits twice. `MECHFIT_FUZZ_SECONDS` runs it for longer.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use mechfit::stats::Stream;

#[path = "../../fuzz/random_model.rs"]
mod random_model;

use random_model::{Fate, run};

/// Models of a run without a time given.
const MODELS: u64 = 1000;

#[test]
fn random_models_are_integrated_or_their_failure_is_said() {
    let seconds = std::env::var("MECHFIT_FUZZ_SECONDS")
        .ok()
        .and_then(|s| s.parse().ok())
        .map(Duration::from_secs);
    let seed = std::env::var("MECHFIT_FUZZ_SEED")
        .ok()
        .and_then(|s| s.parse().ok())
        .unwrap_or(1);
    let begun = Instant::now();
    let mut fates: BTreeMap<&str, u64> = BTreeMap::new();
    let mut k = 0;
    while seconds.map_or(k < MODELS, |s| begun.elapsed() < s) {
        let mut stream = Stream::new(seed, "integrator fuzz", k, 0);
        let bytes: Vec<u8> = (0..64).map(|_| (stream.uniform() * 256.0) as u8).collect();
        let fate = std::panic::catch_unwind(|| run(&bytes))
            .unwrap_or_else(|_| panic!("model {k} of seed {seed}"));
        let name = match fate {
            Fate::Refused => "refused",
            Fate::Integrated => "integrated",
            Fate::Failed => "failed",
        };
        *fates.entry(name).or_default() += 1;
        k += 1;
    }
    println!("{k} models in {:?}: {fates:?}", begun.elapsed());
    // A generator that makes nothing to integrate would prove nothing.
    let share = |name: &str| *fates.get(name).unwrap_or(&0) as f64 / k as f64;
    assert!(share("integrated") > 0.2, "{fates:?}");
    assert!(share("failed") > 0.01, "{fates:?}");
}
