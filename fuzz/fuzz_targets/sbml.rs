//! Any text as SBML: a model or findings; what is written of a model is read again.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mechfit::diagnostic::{Color, has_errors, render};
use mechfit::model::sbml;

fuzz_target!(|data: &str| {
    match sbml::load_str(data, "a.xml") {
        Ok((model, findings)) => {
            assert!(!has_errors(&findings));
            if let Ok((text, _)) = sbml::write(&model)
                && let Err(findings) = sbml::load_str(&text, "b.xml")
            {
                let shown: Vec<String> =
                    findings.iter().map(|f| render(f, Color::Never)).collect();
                panic!("what was written is refused:\n{}\n{text}", shown.join("\n"));
            }
        }
        Err(findings) => {
            assert!(has_errors(&findings));
            for finding in &findings {
                let _ = render(finding, Color::Never);
            }
        }
    }
});
