//! Any bytes as one of the files that runs write and people edit: plan, record of `verify`, checkpoint, post-mortem, result,
//! table of values, PEtab Select space and its tables. An answer or findings, never a panic.
#![no_main]

use std::path::PathBuf;
use std::sync::OnceLock;

use mechfit::diagnostic::{Color, Finding, Source, render};
use mechfit::problem::{model_space, variant_table};
use mechfit::study::{checkpoint, diff, expected, plan, postmortem, sbml_case, values};

/// A folder of this process.
fn folder() -> &'static PathBuf {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(|| {
        let folder = std::env::temp_dir().join(format!("mechfit-fuzz-{}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("the folder of temporary files can be written");
        let space = "format_version: 1.0.0\ncriterion: AICc\nmodel_space_files: [space.tsv]\n";
        std::fs::write(folder.join("select.yaml"), space).expect("it can be written");
        folder
    })
}

fn show<T>(read: Result<T, Vec<Finding>>) {
    if let Err(findings) = read {
        for f in &findings {
            let _ = render(f, Color::Never);
        }
    }
}

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let Some((which, bytes)) = data.split_first() else {
        return;
    };
    let file = |name: &str| {
        let path = folder().join(name);
        std::fs::write(&path, bytes).expect("it can be written");
        path
    };
    match which % 9 {
        0 => show(plan::parse(&Source::new("plan.json", String::from_utf8_lossy(bytes).into_owned()))),
        1 => show(expected::Expected::read(&file("expected.json"))),
        2 => {
            let _ = checkpoint::read(&file("fit.jsonl"));
        }
        3 => {
            let _ = postmortem::PostMortem::read(&file("start-1.json"));
        }
        4 => {
            let _ = diff::read(&file("result.json"));
        }
        5 => show(values::read(&file("values.tsv"))),
        6 => show(sbml_case::read(&file("settings.txt"))),
        7 => {
            file("space.tsv");
            show(model_space(&folder().join("select.yaml")));
        }
        _ => {
            show(model_space(&file("other.yaml")));
            show(variant_table(&file("variants.tsv")));
        }
    }
});
