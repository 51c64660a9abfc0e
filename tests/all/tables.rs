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
    static MADE: std::sync::atomic::AtomicUsize = std::sync::atomic::AtomicUsize::new(0);
    let k = MADE.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    let folder = std::env::temp_dir().join(format!("mechfit-{}-{k}-{name}", std::process::id()));
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

/// Other layouts that people have: scatter as SEM, and single values.
#[test]
fn standard_errors_and_single_values_become_the_same_study_as_means() {
    let table = |text: &str| {
        let study = problem::from_spreadsheet("s", "s.csv", text.as_bytes().to_vec()).unwrap();
        let (_, table) = study
            .files
            .into_iter()
            .find(|(name, _)| name == "measurements.tsv")
            .unwrap();
        let row: Vec<String> = table
            .lines()
            .nth(1)
            .unwrap()
            .split('\t')
            .map(str::to_string)
            .collect();
        // Mean, scatter, its kind, n.
        [3, 5, 6, 7].map(|k| row[k].clone())
    };
    let head = "arm,drug [nM],time [h],observable";
    assert_eq!(
        table(&format!("{head},mean,SEM,n\nc,0,24,y,3,0.5,4\n")),
        ["3", "0.5", "sem", "4"]
    );
    assert_eq!(
        table(&format!(
            "{head},value\nc,0,24,y,1\nc,0,24,y,3\nd,5,24,y,9\nc,0,24,y,5\nd,5,24,y,7\n"
        )),
        ["3", "2", "sd", "3"]
    );
    // One value has no SD.
    let text = format!("{head},value\nc,0,24,y,1\n");
    let findings = problem::from_spreadsheet("s", "s.csv", text.into_bytes()).unwrap_err();
    assert_eq!(findings[0].code, "no-scatter");
    // Three times 0.1 has a mean of 0.10000000000000002 and would have an SD of 2e-17.
    for (values, says) in [
        (["0.1", "0.1", "0.1"], "all the same"),
        (["1", "inf", "2"], "no number"),
    ] {
        let rows = values.map(|v| format!("c,0,24,y,{v}\n")).concat();
        let text = format!("{head},value\n{rows}");
        let findings = problem::from_spreadsheet("s", "s.csv", text.into_bytes()).unwrap_err();
        assert_eq!(findings[0].code, "no-scatter");
        assert!(findings[0].message.contains(says), "{findings:?}");
    }
}

/// A second column of scatter or of means is no drug.
#[test]
fn columns_that_say_the_same_twice_are_refused_at_the_second() {
    for (columns, second) in [
        ("mean,sd,SEM,n", "SEM"),
        ("mean,sem,sd,n", "sd"),
        ("mean,cv,ci95,n", "ci95"),
        ("mean,value,sd,n", "value"),
        ("Mean,sd,n,mean", "mean"),
        ("mean,sd,n,time (d)", "time (d)"),
    ] {
        let head = format!("arm,drug [nM],time [h],observable,{columns}");
        let text = format!("{head}\nc,0,24,y,3,0.5,4,4\n");
        let findings = problem::from_spreadsheet("s", "s.csv", text.into_bytes()).unwrap_err();
        let [finding] = findings.as_slice() else {
            panic!("{columns}: {findings:?}");
        };
        assert_eq!(finding.code, "duplicate-column");
        let column = head.rfind(second).unwrap() + 1;
        assert_eq!(finding.place().1, Some((1, column)), "{columns}");
    }
}

#[test]
fn a_wrong_spreadsheet_is_explained_with_its_cell() {
    let csv = "arm;dose;time;observable;mean;sd;n\na;0;24;x;1,5;0,1;3\na;1;24;x;2;0.1;3\n";
    let findings = problem::from_spreadsheet("s", "data.csv", csv.as_bytes().to_vec()).unwrap_err();
    let text: Vec<String> = findings.iter().map(|f| render(f, Color::Never)).collect();
    insta::assert_snapshot!(text.join("\n\n"));
}

/// A long table is read in bounded time and memory. (A million rows take 2 s in an optimised build.)
#[test]
fn a_quarter_of_a_million_measurements_is_read_within_seconds() {
    let folder = laid(&data("wrong/tables/base"));
    let mut text = String::from("observableId\texperimentId\ttime\tmeasurement\tsd\tsdKind\tn\n");
    for k in 0..250_000 {
        text += &format!("conc\ttreated\t{}\t{}\t1\tsd\t5\n", k % 24, 100 + k % 7);
    }
    std::fs::write(folder.join("measurements.tsv"), &text).unwrap();
    let start = std::time::Instant::now();
    let loaded = problem::load(&folder).unwrap();
    assert_eq!(loaded.problem.measurements.len(), 250_000);
    // Generous: unoptimised builds on a busy machine take a few seconds.
    assert!(start.elapsed().as_secs() < 60);
    // A mistake in every row is reported a bounded number of times.
    std::fs::write(
        folder.join("measurements.tsv"),
        text.replace("\tsd\t5", "\tsd\t0"),
    )
    .unwrap();
    let findings = problem::load(&folder).unwrap_err();
    assert!(findings.len() < 50, "{}", findings.len());
    std::fs::remove_dir_all(folder).unwrap();
}

mod mutated {
    use super::*;
    use proptest::prelude::*;

    const FILES: [&str; 7] = [
        "problem.yaml",
        "parameters.tsv",
        "conditions.tsv",
        "experiments.tsv",
        "observables.tsv",
        "measurements.tsv",
        "relations.tsv",
    ];

    proptest! {
        #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..Default::default() })]

        /// Bytes replaced, inserted and taken out anywhere: an answer or findings, never a panic.
        #[test]
        fn tables_are_read_or_refused(
            file in 0..FILES.len(),
            edits in prop::collection::vec((any::<prop::sample::Index>(), 0..3u8, any::<u8>()), 1..8),
        ) {
            let folder = scratch("mutated");
            for name in std::fs::read_dir(data("wrong/tables/base")).unwrap() {
                let path = name.unwrap().path();
                std::fs::copy(&path, folder.join(path.file_name().unwrap())).unwrap();
            }
            let path = folder.join(FILES[file]);
            let mut bytes = std::fs::read(&path).unwrap();
            for (at, kind, byte) in edits {
                if bytes.is_empty() {
                    break;
                }
                let k = at.index(bytes.len());
                match kind {
                    0 => bytes[k] = byte,
                    1 => bytes.insert(k, byte),
                    _ => {
                        bytes.remove(k);
                    }
                }
            }
            std::fs::write(&path, bytes).unwrap();
            let list = findings(&folder);
            for f in &list {
                let _ = render(f, Color::Never);
            }
        }

        /// The same for spreadsheets.
        #[test]
        fn spreadsheets_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let mut text = b"arm,dose,time,observable,mean,sd,n\na,1,2,x,3,0.4,5\n".to_vec();
            text.extend(bytes);
            let _ = problem::from_spreadsheet("s", "s.csv", text);
        }
    }
}

/// A model space is the product of the alternatives of each row.
#[test]
fn a_model_space_of_petab_select_becomes_variants() {
    let folder = scratch("select");
    std::fs::write(
        folder.join("select.yaml"),
        "format_version: 1.0.0\ncriterion: AICc\nmethod: brute_force\nmodel_space_files: [space.tsv]\n",
    )
    .unwrap();
    std::fs::write(
        folder.join("space.tsv"),
        "model_subspace_id\tmodel_subspace_petab_yaml\tk1\tk2\nM1\tp/problem.yaml\t0;estimate\t0.5;estimate\n",
    )
    .unwrap();
    let space = problem::model_space(&folder.join("select.yaml")).unwrap();
    assert_eq!(space.criterion.as_deref(), Some("AICc"));
    let values: Vec<_> = space
        .variants
        .iter()
        .map(|v| {
            (
                v.id.as_str(),
                v.parameters[0].1,
                v.parameters[1].1,
                v.nested_in.len(),
            )
        })
        .collect();
    assert_eq!(
        values,
        [
            ("M1_1", Some(0.0), Some(0.5), 3),
            ("M1_2", Some(0.0), None, 1),
            ("M1_3", None, Some(0.5), 1),
            ("M1_4", None, None, 0),
        ]
    );
    std::fs::remove_dir_all(folder).unwrap();
}
