//! Any bytes as one of the files of a problem: an answer or findings, never a panic.
#![no_main]

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use mechfit::diagnostic::{Color, render};

const YAML: &str = "format_version: 2.0.0\nmodel_files: {m: {location: m.model, language: mechfit}}\nparameter_files: [parameters.tsv]\n\
    condition_files: [conditions.tsv]\nexperiment_files: [experiments.tsv]\nobservable_files: [observables.tsv]\n\
    measurement_files: [measurements.tsv]\nmapping_files: [mapping.tsv]\nextensions: {mechfit: {version: 1.0.0, required: true}}\n";

/// Files of a small problem; the fuzzed bytes take the place of the one that the first byte names.
const FILES: [(&str, &str); 11] = [
    ("problem.yaml", YAML),
    ("parameters.tsv", "parameterId\tlowerBound\tupperBound\tnominalValue\testimate\nk\t0\t1\t0.1\ttrue\n"),
    ("conditions.tsv", "conditionId\ttargetId\ttargetValue\nhigh\tdose\t100\n"),
    ("experiments.tsv", "experimentId\ttime\tconditionId\na\t0\thigh\n"),
    ("observables.tsv", "observableId\tobservableFormula\tnoiseFormula\ny\tC\t1\n"),
    ("measurements.tsv", "observableId\texperimentId\ttime\tmeasurement\ny\ta\t1\t2\n"),
    ("mapping.tsv", "petabEntityId\tmodelEntityId\nC\tA\n"),
    ("relations.tsv", "relationId\tleft\trelation\tright\tuse\nr\ty@a@1\t>\t0\tcheck\n"),
    ("variants.tsv", "modelId\tparts\tnestedIn\nbase\t\t\n"),
    ("claims.tsv", "claimId\tkind\targuments\tprinted\nc\twelch_p\ty@a;y@a\t0.01\n"),
    ("doses.tsv", "experimentId\tTIME\tAMT\tCMT\tRATE\tADDL\tII\tSS\tEVID\na\t1\t5\tdose\t1\t2\t12\t0\t1\n"),
];

/// A folder of this process with the whole problem in it.
fn folder() -> &'static Path {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(|| {
        let folder = std::env::temp_dir().join(format!("mechfit-fuzz-{}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("the folder of temporary files can be written");
        std::fs::write(folder.join("m.model"), "model m \"m\"\ntime h\n").expect("it can be written");
        for (name, text) in FILES {
            std::fs::write(folder.join(name), text).expect("it can be written");
        }
        folder
    })
}

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let Some((which, bytes)) = data.split_first() else {
        return;
    };
    let folder = folder();
    let (name, text) = FILES[usize::from(*which) % FILES.len()];
    std::fs::write(folder.join(name), bytes).expect("it can be written");
    let found = match mechfit::problem::load(&folder.join("problem.yaml")) {
        Ok(loaded) => loaded.findings,
        Err(findings) => findings,
    };
    for f in &found {
        let _ = render(f, Color::Never);
    }
    std::fs::write(folder.join(name), text).expect("it can be written");
});
