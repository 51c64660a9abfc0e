//! Units and doses: what is read is printed, and what is printed is read back as the same.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mechfit::units::{Dose, Registry};

fuzz_target!(|data: &str| {
    let registry = Registry::new();
    if let Ok(unit) = registry.parse(data)
        && unit.factor().is_normal()
    {
        let again = registry.parse(&unit.to_string()).expect("what is printed is a unit");
        assert!(unit.is_same(&again));
    }
    let _ = Dose::parse(data, &registry);
});
