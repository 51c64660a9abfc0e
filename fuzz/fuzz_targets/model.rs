//! The model language: any text is read or refused, and every finding can be shown.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mechfit::diagnostic::{Color, has_errors, render};
use mechfit::model::language;

fuzz_target!(|data: &str| {
    // The text is the model, its base and its part alike: whatever it names is itself.
    let files = |_: &std::path::Path| Ok(data.as_bytes().to_vec());
    for parts in [vec![], vec!["b.part".into()]] {
        match language::load_str("a.model", data, &parts, &files) {
            Ok(loaded) => assert!(!has_errors(&loaded.findings)),
            Err(findings) => {
                assert!(has_errors(&findings));
                for finding in &findings {
                    let _ = render(finding, Color::Never);
                }
            }
        }
    }
});
