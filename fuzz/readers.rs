//! What every reader is held to, whatever it is given: an answer or findings that can be shown, never a panic. Shared by the fuzz
//! targets and the seeded test.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use mechfit::diagnostic::{Color, Finding, Source, has_errors, render};
use mechfit::math::{Syntax, parse};
use mechfit::model::{language, sbml};
use mechfit::problem::{from_spreadsheet, load, model_space, variant_table};
use mechfit::study::{checkpoint, diff, expected, plan, postmortem, sbml_case, values};
use mechfit::units::{Dose, Registry};

/// What is given bytes.
type Reader = fn(&[u8]);

/// Every reader by the name of its target.
const ALL: [(&str, Reader); 7] = [
    ("expression", |data| text(data, expression)),
    ("model", |data| text(data, model)),
    ("records", records),
    ("sbml", |data| text(data, sbml_file)),
    ("spreadsheet", spreadsheet),
    ("tables", tables),
    ("unit", |data| text(data, unit)),
];

/// Readers of texts are given what of the bytes is text.
fn text(data: &[u8], read: fn(&str)) {
    if let Ok(text) = std::str::from_utf8(data) {
        read(text);
    }
}

/// Most findings that are shown of one input: what stands behind them is shown first for another.
const MOST_SHOWN: usize = 8;

fn show(findings: &[Finding]) {
    for f in findings.iter().take(MOST_SHOWN) {
        let _ = render(f, Color::Never);
    }
}

/// A folder of this process, filled once.
fn folder(name: &str, files: &[(&str, &str)]) -> PathBuf {
    let folder = std::env::temp_dir().join(format!("mechfit-fuzz-{}-{name}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("the folder of temporary files can be written");
    for (name, text) in files {
        std::fs::write(folder.join(name), text).expect("it can be written");
    }
    folder
}

/// What is read is printed, and what is printed is read back as the same.
fn expression(data: &str) {
    for syntax in [Syntax::PETAB, Syntax::MODEL, Syntax::QUANTITY] {
        if let Ok(expr) = parse(data, syntax, 0) {
            let _ = expr.constant();
            // Printing may add brackets, so that what was read at the limit of nesting can be refused.
            if let Ok(again) = parse(&expr.to_string(), syntax, 0) {
                assert_eq!(again.to_string(), expr.to_string());
            }
        }
    }
}

/// The text is the model, its base and its part alike: whatever it names is itself. A base in a folder names one in a folder of that
/// folder, and so on to the limit of nesting: two of them are as good as all sixteen, and sooner read.
fn model(data: &str) {
    let files = |path: &Path| match path.components().count() {
        0..=2 => Ok(data.as_bytes().to_vec()),
        _ => Err(std::io::ErrorKind::NotFound.into()),
    };
    for parts in [vec![], vec!["b.part".into()]] {
        match language::load_str("a.model", data, &parts, &files) {
            Ok(loaded) => assert!(!has_errors(&loaded.findings)),
            Err(findings) => {
                assert!(has_errors(&findings));
                show(&findings);
            }
        }
    }
}

/// What is written of a model that was read is read again.
fn sbml_file(data: &str) {
    match sbml::load_str(data, "a.xml") {
        Ok((model, findings)) => {
            assert!(!has_errors(&findings));
            if let Ok((text, _)) = sbml::write(&model)
                && let Err(findings) = sbml::load_str(&text, "b.xml")
            {
                let shown: Vec<String> = findings.iter().map(|f| render(f, Color::Never)).collect();
                panic!("what was written is refused:\n{}\n{text}", shown.join("\n"));
            }
        }
        Err(findings) => {
            assert!(has_errors(&findings));
            show(&findings);
        }
    }
}

fn spreadsheet(data: &[u8]) {
    match from_spreadsheet("study", "data.csv", data.to_vec()) {
        Ok(study) => show(&study.findings),
        Err(findings) => show(&findings),
    }
}

/// What is read is printed, and what is printed is read back as the same.
fn unit(data: &str) {
    let registry = Registry::new();
    if let Ok(unit) = registry.parse(data)
        && unit.factor().is_normal()
    {
        let again = registry
            .parse(&unit.to_string())
            .expect("what is printed is a unit");
        assert!(unit.is_same(&again), "{unit} is read as {again}");
    }
    let _ = Dose::parse(data, &registry);
}

const YAML: &str = "format_version: 2.0.0\nmodel_files: {m: {location: m.model, language: mechfit}}\nparameter_files: [parameters.tsv]\n\
    condition_files: [conditions.tsv]\nexperiment_files: [experiments.tsv]\nobservable_files: [observables.tsv]\n\
    measurement_files: [measurements.tsv]\nmapping_files: [mapping.tsv]\nextensions: {mechfit: {version: 1.0.0, required: true}}\n";

/// Files of a small problem; the bytes take the place of the one that the first byte names.
const PROBLEM: [(&str, &str); 12] = [
    ("problem.yaml", YAML),
    (
        "parameters.tsv",
        "parameterId\tlowerBound\tupperBound\tnominalValue\testimate\nk\t0\t1\t0.1\ttrue\n",
    ),
    (
        "conditions.tsv",
        "conditionId\ttargetId\ttargetValue\nhigh\tdose\t100\n",
    ),
    (
        "experiments.tsv",
        "experimentId\ttime\tconditionId\na\t0\thigh\n",
    ),
    (
        "observables.tsv",
        "observableId\tobservableFormula\tnoiseFormula\ny\tC\t1\n",
    ),
    (
        "measurements.tsv",
        "observableId\texperimentId\ttime\tmeasurement\ny\ta\t1\t2\n",
    ),
    ("mapping.tsv", "petabEntityId\tmodelEntityId\nC\tA\n"),
    (
        "relations.tsv",
        "relationId\tleft\trelation\tright\tuse\nr\ty@a@1\t>\t0\tcheck\n",
    ),
    ("variants.tsv", "modelId\tparts\tnestedIn\nbase\t\t\n"),
    (
        "claims.tsv",
        "claimId\tkind\targuments\tprinted\nc\twelch_p\ty@a;y@a\t0.01\n",
    ),
    (
        "doses.tsv",
        "experimentId\tTIME\tAMT\tCMT\tRATE\tADDL\tII\tSS\tEVID\na\t1\t5\tdose\t1\t2\t12\t0\t1\n",
    ),
    ("m.model", "model m \"m\"\ntime h\n"),
];
/// How many of them are tables; the model, read by others, stays.
const TABLES: usize = 11;

/// Any bytes as one of the files of a problem.
fn tables(data: &[u8]) {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    let Some((which, bytes)) = data.split_first() else {
        return;
    };
    let folder = FOLDER.get_or_init(|| folder("tables", &PROBLEM));
    let (name, text) = PROBLEM[usize::from(*which) % TABLES];
    std::fs::write(folder.join(name), bytes).expect("it can be written");
    match load(&folder.join("problem.yaml")) {
        Ok(loaded) => show(&loaded.findings),
        Err(findings) => show(&findings),
    }
    std::fs::write(folder.join(name), text).expect("it can be written");
}

/// Any bytes as one of the files that runs write and people edit; the first byte says which.
fn records(data: &[u8]) {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    let Some((which, bytes)) = data.split_first() else {
        return;
    };
    let space = "format_version: 1.0.0\ncriterion: AICc\nmodel_space_files: [space.tsv]\n";
    let folder = FOLDER.get_or_init(|| folder("records", &[("select.yaml", space)]));
    let file = |name: &str| {
        let path = folder.join(name);
        std::fs::write(&path, bytes).expect("it can be written");
        path
    };
    let findings = match which % 9 {
        0 => {
            let text = String::from_utf8_lossy(bytes);
            plan::parse(&Source::new("plan.json", text)).err()
        }
        1 => expected::Expected::read(&file("expected.json")).err(),
        2 => {
            let _ = checkpoint::read(&file("fit.jsonl"));
            None
        }
        3 => {
            let _ = postmortem::PostMortem::read(&file("start-1.json"));
            None
        }
        4 => {
            let _ = diff::read(&file("result.json"));
            None
        }
        5 => values::read(&file("values.tsv")).err(),
        6 => sbml_case::read(&file("settings.txt")).err(),
        7 => {
            file("space.tsv");
            model_space(&folder.join("select.yaml")).err()
        }
        _ => {
            let other = model_space(&file("other.yaml")).err();
            show(&other.unwrap_or_default());
            variant_table(&file("variants.tsv")).err()
        }
    };
    show(&findings.unwrap_or_default());
}

/// Gives bytes to the reader of a target.
pub fn read(target: &str, data: &[u8]) {
    for (name, reader) in ALL {
        if name == target {
            reader(data);
        }
    }
}
