//! Expressions: what is read is printed, and what is printed is read back as the same.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mechfit::math::{Syntax, parse};

fuzz_target!(|data: &str| {
    for syntax in [Syntax::PETAB, Syntax::MODEL, Syntax::QUANTITY] {
        if let Ok(expr) = parse(data, syntax, 0) {
            let _ = expr.constant();
            // Printing may add brackets, so that what was read at the limit of nesting can be refused.
            if let Ok(again) = parse(&expr.to_string(), syntax, 0) {
                assert_eq!(again.to_string(), expr.to_string());
            }
        }
    }
});
