//! Problems read, refused, written and read again.

use std::path::{Path, PathBuf};

use mechfit::diagnostic::{Color, Finding, render};
use mechfit::objective::{BuildOptions, Objective};
use mechfit::problem::{self, LoadedProblem};

fn data(folder: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/data")
        .join(folder)
}

/// A folder of its own for a test, empty.
fn scratch(name: &str) -> PathBuf {
    let folder = std::env::temp_dir().join(format!("mechfit-tables-{}-{name}", std::process::id()));
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

/// The base problem with the files of a case laid over it.
fn laid(case: &Path) -> PathBuf {
    let folder = scratch(&case.file_name().unwrap().to_string_lossy());
    for from in [&data("wrong/tables/base"), case] {
        for entry in std::fs::read_dir(from).unwrap() {
            let path = entry.unwrap().path();
            std::fs::copy(&path, folder.join(path.file_name().unwrap())).unwrap();
        }
    }
    folder
}

/// Findings of loading, and where that works of bringing model and tables together.
fn findings(folder: &Path) -> Vec<Finding> {
    let loaded = match problem::load(folder) {
        Ok(loaded) => loaded,
        Err(findings) => return findings,
    };
    let mut list = loaded.findings.clone();
    list.extend(built(&loaded).err().unwrap_or_default());
    list
}

fn built(loaded: &LoadedProblem) -> Result<Objective, Vec<Finding>> {
    let mut models = Vec::new();
    for m in &loaded.problem.models {
        models.push(mechfit::model::load(&m.path, &m.language, &m.parts)?.model);
    }
    Objective::build(models, &loaded.problem, &BuildOptions::default()).map_err(|list| {
        list.iter()
            .map(|e| mechfit::study::findings::of_build(loaded, e))
            .collect()
    })
}

#[test]
fn every_wrong_table_is_explained_with_its_cell_and_a_remedy() {
    let mut cases: Vec<PathBuf> = std::fs::read_dir(data("wrong/tables"))
        .unwrap()
        .map(|e| e.unwrap().path())
        .filter(|p| p.is_dir() && !p.ends_with("base"))
        .collect();
    cases.sort();
    assert!(cases.len() > 40);
    for case in cases {
        let name = case.file_name().unwrap().to_string_lossy().into_owned();
        let folder = laid(&case);
        let list = findings(&folder);
        assert!(!list.is_empty(), "{name} is accepted");
        let text: Vec<String> = list.iter().map(|f| render(f, Color::Never)).collect();
        let text = text
            .join("\n\n")
            .replace(&folder.display().to_string(), "DIR");
        insta::assert_snapshot!(format!("wrong_{name}"), text);
        std::fs::remove_dir_all(folder).unwrap();
    }
}

#[test]
fn the_base_of_the_wrong_tables_is_right() {
    let list = findings(&data("wrong/tables/base"));
    let text: Vec<String> = list.iter().map(|f| render(f, Color::Never)).collect();
    assert!(list.is_empty(), "{}", text.join("\n"));
}

#[test]
fn a_folder_without_or_with_several_problems_is_refused() {
    let empty = scratch("no-problem");
    std::fs::write(empty.join("other.yaml"), "a: 1\n").unwrap();
    assert_eq!(problem::load(&empty).unwrap_err()[0].code, "no-problem");
    for name in ["a.yaml", "b.yaml"] {
        std::fs::write(empty.join(name), "format_version: 2.0.0\nmodel_files: {}\n").unwrap();
    }
    assert_eq!(
        problem::load(&empty).unwrap_err()[0].code,
        "several-problems"
    );
    assert_eq!(
        problem::load(&empty.join("c.yaml")).unwrap_err()[0].code,
        "missing-file"
    );
    std::fs::remove_dir_all(empty).unwrap();
}

/// Problems of the suites written as another version and read again have the same likelihood.
#[test]
fn what_is_written_for_other_tools_has_the_same_likelihood() {
    use mechfit::objective::Target as _;
    use mechfit::search::Want;
    let nllh = |o: &Objective| {
        let theta = o.nominal_point();
        let e = o.evaluate(&theta, o.data(), Want::Value, &mut o.workspace());
        e.map(|e| e.parts.nllh).map_err(|e| e.to_string())
    };
    let mut compared = 0;
    let mut wrong = Vec::new();
    for part in ["petab/v1.0.0", "petab/v2.0.0"] {
        let Some(folder) = crate::petab_suite::suites(part) else {
            return;
        };
        for case in crate::petab_suite::cases(&folder) {
            let (problem, objective) = crate::petab_suite::open(&case).unwrap();
            let expected = nllh(&objective);
            for version in [1, 2] {
                let models: Vec<problem::ExportModel> = problem
                    .models
                    .iter()
                    .zip(&objective.models)
                    .map(|(file, model)| problem::ExportModel {
                        id: file.id.clone(),
                        location: file.path.canonicalize().unwrap().display().to_string(),
                        declared: model.declared().map(str::to_string).collect(),
                        defaults: model
                            .parameters
                            .iter()
                            .filter_map(|p| Some((p.id.clone(), p.value.as_number()?)))
                            .collect(),
                        renamed: Vec::new(),
                    })
                    .collect();
                let export = problem::export(&problem, version, &models);
                if export.left_out.iter().any(|l| l.starts_with("experiment")) {
                    continue;
                }
                let to = scratch(&format!("export-{version}"));
                for (name, text) in &export.files {
                    std::fs::write(to.join(name), text).unwrap();
                }
                let again = crate::petab_suite::open(&to).and_then(|(_, o)| nllh(&o));
                let good = match (&expected, &again) {
                    (Ok(a), Ok(b)) => (a - b).abs() <= 1e-7 * a.abs().max(1.0),
                    _ => false,
                };
                if !good {
                    let list: Vec<String> = export
                        .files
                        .iter()
                        .map(|(n, t)| format!("--- {n}\n{t}"))
                        .collect();
                    wrong.push(format!(
                        "{} as version {version}: {expected:?} became {again:?}\n{}",
                        case.display(),
                        list.concat()
                    ));
                }
                compared += 1;
                std::fs::remove_dir_all(to).unwrap();
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(compared > 60, "{compared}");
}

/// A spreadsheet becomes a study that loads, builds and evaluates.
#[test]
fn a_spreadsheet_becomes_a_study_that_can_be_evaluated() {
    use mechfit::objective::Target as _;
    use mechfit::search::Want;
    let csv = "arm,AMD3100 [uM],VCR [nM],time [h],observable,unit,mean,sd,n\n\
               alone,0,0,24,Bcl-2,fold,1,0.1,3\nboth,10,5,24,Bcl-2,fold,0.7,0.12,3\n\
               alone,0,0,24,MFI,MFI,335.2,12.85,5\nboth,10,5,24,MFI,MFI,140,20,5\n\
               alone,0,0,24,apoptosis,%,12,2,5\n";
    let study = problem::from_spreadsheet("my study", "data.csv", csv.as_bytes().to_vec()).unwrap();
    let folder = scratch("spreadsheet");
    for (name, text) in &study.files {
        std::fs::write(folder.join(name), text).unwrap();
    }
    let loaded = problem::load(&folder).unwrap_or_else(|f| {
        panic!(
            "{}",
            f.iter()
                .map(|f| render(f, Color::Never))
                .collect::<String>()
        )
    });
    let objective = built(&loaded).unwrap_or_else(|f| {
        panic!(
            "{}",
            f.iter()
                .map(|f| render(f, Color::Never))
                .collect::<String>()
        )
    });
    let theta = objective.nominal_point();
    let e = objective.evaluate(
        &theta,
        objective.data(),
        Want::Derivatives,
        &mut objective.workspace(),
    );
    assert!(e.unwrap().value.is_finite());
    assert_eq!(objective.rows().len(), 5);
    let files: Vec<String> = study
        .files
        .iter()
        .map(|(n, t)| format!("--- {n}\n{t}"))
        .collect();
    insta::assert_snapshot!(files.join("\n"));
    std::fs::remove_dir_all(folder).unwrap();
}

#[test]
fn a_wrong_spreadsheet_is_explained_with_its_cell() {
    let csv = "arm;dose;time;observable;mean;sd;n\na;0;24;x;1,5;0,1;3\na;1;24;x;2;0.1;3\n";
    let findings = problem::from_spreadsheet("s", "data.csv", csv.as_bytes().to_vec()).unwrap_err();
    let text: Vec<String> = findings.iter().map(|f| render(f, Color::Never)).collect();
    insta::assert_snapshot!(text.join("\n\n"));
}
