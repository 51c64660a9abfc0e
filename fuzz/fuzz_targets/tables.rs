//! Any bytes as one of the files of a problem: an answer or findings, never a panic.
#![no_main]

use std::path::PathBuf;

/// Files of a small problem; the fuzzed bytes take the place of the one that the first byte names.
const FILES: [(&str, &str); 6] = [
    (
        "problem.yaml",
        "format_version: 2.0.0\nmodel_files: {m: {location: m.model, language: mechfit}}\nparameter_files: [parameters.tsv]\n\
         condition_files: [conditions.tsv]\nexperiment_files: [experiments.tsv]\nobservable_files: [observables.tsv]\n\
         measurement_files: [measurements.tsv]\nextensions: {mechfit: {version: 1.0.0, required: true}}\n",
    ),
    ("parameters.tsv", "parameterId\tlowerBound\tupperBound\tnominalValue\testimate\nk\t0\t1\t0.1\ttrue\n"),
    ("conditions.tsv", "conditionId\ttargetId\ttargetValue\nhigh\tdose\t100\n"),
    ("experiments.tsv", "experimentId\ttime\tconditionId\na\t0\thigh\n"),
    ("observables.tsv", "observableId\tobservableFormula\tnoiseFormula\ny\tC\t1\n"),
    ("measurements.tsv", "observableId\texperimentId\ttime\tmeasurement\ny\ta\t1\t2\n"),
];

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let Some((which, bytes)) = data.split_first() else {
        return;
    };
    let folder: PathBuf = std::env::temp_dir().join(format!("mechfit-fuzz-{}", std::process::id()));
    let _ = std::fs::create_dir_all(&folder);
    let _ = std::fs::write(folder.join("m.model"), "model m \"m\"\ntime h\n");
    for (k, (name, text)) in FILES.iter().enumerate() {
        let fuzzed = k == usize::from(*which) % FILES.len();
        let _ = std::fs::write(folder.join(name), if fuzzed { bytes } else { text.as_bytes() });
    }
    if let Err(findings) = mechfit::problem::load(&folder.join("problem.yaml")) {
        for f in &findings {
            let _ = mechfit::diagnostic::render(f, mechfit::diagnostic::Color::Never);
        }
    }
});
