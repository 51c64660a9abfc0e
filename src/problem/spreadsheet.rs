//! A study from one spreadsheet of means: the tables of a problem and the skeleton of a model.

use std::sync::Arc;

use super::cells::Cells;
use super::findings::Findings;
use super::places::Table;
use super::sheet::Sheet;
use super::text;
use crate::diagnostic::{Finding, Source};
use crate::math::{is_identifier, is_reserved};

mod model;
mod replicates;

/// Columns of the spreadsheet that are no doses.
const COLUMNS: [&str; 9] = [
    "arm",
    "time",
    "observable",
    "mean",
    "sd",
    "n",
    "sdKind",
    "unit",
    "source",
];

/// Places of some of them.
const MEAN: usize = 3;
const SD: usize = 4;
const N: usize = 5;

/// Columns that give the scatter in place of `sd`, with the kind that they say.
const SCATTER: [(&str, &str); 5] = [
    ("sem", "sem"),
    ("se", "sem"),
    ("ci95", "ci95"),
    ("cv", "cv"),
    ("stdev", "sd"),
];

/// A column of single values, one row a replicate, in place of `mean`, `sd` and `n`.
const VALUE: &str = "value";

/// A dose column: an input of the model.
#[derive(Debug, Clone, PartialEq)]
struct Dose {
    id: String,
    /// As in the header.
    label: String,
    unit: String,
    column: usize,
    /// Largest value in the sheet.
    largest: f64,
}

#[derive(Debug, Clone, PartialEq)]
struct Arm {
    id: String,
    label: String,
    doses: Vec<f64>,
}

#[derive(Debug, Clone, PartialEq)]
struct Readout {
    id: String,
    label: String,
    unit: String,
    /// First mean in the sheet: a start value of the right size.
    first: f64,
}

#[derive(Debug, Clone, PartialEq)]
struct Mean {
    readout: usize,
    arm: usize,
    time: f64,
    mean: f64,
    sd: String,
    n: String,
    kind: String,
    source: String,
}

/// What the spreadsheet says.
#[derive(Debug, Default)]
struct Content {
    time_unit: String,
    doses: Vec<Dose>,
    arms: Vec<Arm>,
    readouts: Vec<Readout>,
    means: Vec<Mean>,
}

/// Files of a study made from a spreadsheet.
#[derive(Debug, Clone, PartialEq)]
pub struct NewStudy {
    /// File name and text.
    pub files: Vec<(String, String)>,
    /// Warnings about the spreadsheet.
    pub findings: Vec<Finding>,
}

/// Makes the tables and the model skeleton of a study from the bytes of one spreadsheet, CSV or TSV, with the columns
/// `arm`, `time`, `observable`, `mean`, `sd`, `n` and one column a dose (`AMD3100 [nM]`); `sdKind`, `unit` and `source` may
/// be added, and `time [h]` gives the unit of time. A column `sem`, `ci95` or `cv` may take the place of `sd`. Single values
/// have one row each and a column `value` in place of `mean`, `sd` and `n`: their means and SDs are computed.
///
/// The skeleton has one turnover state an observable, on which every dose acts by a saturable effect: it fits, and is to be
/// replaced by what is known of the mechanism.
///
/// * `shown`: path of the spreadsheet for findings. `name`: id of the study.
///
/// # Errors
/// Every finding of the spreadsheet, with its cell and a remedy.
///
/// # Example
/// ```
/// let csv = "arm,drug [nM],time [h],observable,mean,sd,n\ncontrol,0,24,viability,100,8,5\ntreated,50,24,viability,41,6,5\n";
/// let study = mechfit::problem::from_spreadsheet("demo", "data.csv", csv.as_bytes().to_vec())?;
/// let names: Vec<&str> = study.files.iter().map(|(n, _)| n.as_str()).collect();
/// assert!(names.contains(&"problem.yaml") && names.contains(&"demo.model"));
/// # Ok::<(), Vec<mechfit::diagnostic::Finding>>(())
/// ```
pub fn from_spreadsheet(name: &str, shown: &str, bytes: Vec<u8>) -> Result<NewStudy, Vec<Finding>> {
    let mut findings = Findings::default();
    let content = text::decode(shown, bytes, &mut findings)
        .and_then(|source| read(&source, &mut findings))
        .filter(|_| !findings.has_errors());
    let failed = findings.has_errors();
    let findings = findings.finish();
    match content {
        Some(content) if !failed => Ok(NewStudy {
            files: write(&identifier(name, "study"), &content),
            findings,
        }),
        _ => Err(findings),
    }
}

fn read(source: &Arc<Source>, findings: &mut Findings) -> Option<Content> {
    let header = source.text.lines().next().unwrap_or_default();
    let separator = ['\t', ';', ',']
        .into_iter()
        .max_by_key(|s| (header.matches(*s).count(), *s == '\t'))
        .unwrap_or('\t');
    let sheet = Sheet::separated(Table::Measurements, source, 0, separator as u8, findings)?;
    let mut content = Content::default();
    let mut columns: Vec<Option<usize>> = vec![None; COLUMNS.len()];
    let mut scatter = "sd";
    let mut single = false;
    for (k, (label, span)) in sheet.columns().iter().enumerate() {
        let (plain, unit) = label_and_unit(label);
        let other = SCATTER.iter().find(|(c, _)| c.eq_ignore_ascii_case(&plain));
        let value = plain.eq_ignore_ascii_case(VALUE);
        let known = match other {
            Some(_) => Some(SD),
            None if value => Some(MEAN),
            None => COLUMNS.iter().position(|c| c.eq_ignore_ascii_case(&plain)),
        };
        let Some(known) = known else {
            content.doses.push(Dose {
                id: identifier(&plain, "dose"),
                label: plain,
                unit: unit_of(unit.as_deref().unwrap_or_default()),
                column: k,
                largest: 0.0,
            });
            continue;
        };
        if let Some(first) = columns[known] {
            let again = sheet.columns().get(first).filter(|(name, _)| name != label);
            if let Some((name, place)) = again {
                findings.push(
                    Finding::error(
                        "duplicate-column",
                        format!("the column `{label}` says again what `{name}` says"),
                    )
                    .at(source, span.clone(), "second")
                    .and(source, place.clone(), "first")
                    .help("take one of them out: which of the two holds cannot be told"),
                );
            }
            continue;
        }
        columns[known] = Some(k);
        if let Some((_, kind)) = other {
            scatter = kind;
        }
        single |= value;
        if COLUMNS[known] == "time" {
            content.time_unit = unit.unwrap_or_default();
        }
    }
    // Single values have neither SD nor n.
    single &= columns[SD].is_none() && columns[N].is_none();
    for (k, (needed, at)) in COLUMNS.iter().zip(&columns).take(6).enumerate() {
        if at.is_none() && !(single && (k == SD || k == N)) {
            let names: Vec<&str> = sheet.columns().iter().map(|(n, _)| n.as_str()).collect();
            findings.push(
                Finding::error(
                    "missing-column",
                    format!("the spreadsheet has no column `{needed}`"),
                )
                .in_file(source.path.clone())
                .note(format!("its columns are `{}`", names.join("`, `")))
                .help("the columns are `arm`, one for each dose, `time`, `observable`, `mean`, `sd` (or `sem`, `ci95`, `cv`), `n`; \
                       for single values `value` in place of the last three"),
            );
        }
    }
    let [arm, time, observable, mean, sd, n, kind, unit, cited] = columns.as_slice() else {
        return None;
    };
    for row in sheet.rows() {
        let mut cells = Cells { row, findings };
        let arm_label = cells.text(*arm).to_string();
        let label = cells.text(*observable).to_string();
        let time = cells.number(*time);
        let value = cells.number(*mean);
        let sd_value = if single { Some(0.0) } else { cells.number(*sd) };
        let n_value = cells.optional_number(*n);
        let doses: Vec<Option<f64>> = content
            .doses
            .iter()
            .map(|d| match cells.given(Some(d.column)) {
                None => Some(0.0),
                Some(_) => cells.number(Some(d.column)),
            })
            .collect();
        for (column, text, what) in [
            (*arm, &arm_label, "arm"),
            (*observable, &label, "observable"),
        ] {
            if text.is_empty() && column.is_some() {
                let finding = Finding::error("empty-cell", format!("`{what}` is empty"));
                cells.report(finding, None, "a name is needed here");
            }
        }
        let (Some(time), Some(value), Some(_), Ok(_)) = (time, value, sd_value, n_value) else {
            continue;
        };
        let Some(doses) = doses.into_iter().collect::<Option<Vec<f64>>>() else {
            continue;
        };
        if arm_label.is_empty() || label.is_empty() {
            continue;
        }
        for (d, v) in content.doses.iter_mut().zip(&doses) {
            d.largest = d.largest.max(*v);
        }
        let arm_index = match content.arms.iter().position(|a| a.label == arm_label) {
            Some(k) if content.arms[k].doses == doses => k,
            Some(k) => {
                let finding = Finding::error(
                    "changing-dose",
                    format!("the doses of arm `{arm_label}` are not those of its first row"),
                )
                .note(format!("its first row has {:?}", content.arms[k].doses))
                .help("give arms with different doses different names; doses that change over time are written into the experiment table afterwards");
                cells.report(finding, None, "");
                continue;
            }
            None => {
                let taken: Vec<String> = content.arms.iter().map(|a| a.id.clone()).collect();
                content.arms.push(Arm {
                    id: free(&identifier(&arm_label, "arm"), &taken),
                    label: arm_label,
                    doses,
                });
                content.arms.len() - 1
            }
        };
        let readout = match content.readouts.iter().position(|r| r.label == label) {
            Some(k) => k,
            None => {
                let mut taken: Vec<String> = content.doses.iter().map(|d| d.id.clone()).collect();
                taken.extend(content.readouts.iter().map(|r| r.id.clone()));
                content.readouts.push(Readout {
                    id: free(&identifier(&label, "observable"), &taken),
                    label,
                    unit: unit_of(cells.given(*unit).unwrap_or_default()),
                    first: value,
                });
                content.readouts.len() - 1
            }
        };
        content.means.push(Mean {
            readout,
            arm: arm_index,
            time,
            mean: value,
            sd: cells.text(*sd).into(),
            n: cells.given(*n).unwrap_or_default().into(),
            kind: cells.given(*kind).unwrap_or(scatter).into(),
            source: cells.text(*cited).into(),
        });
    }
    if single {
        replicates::gather(&mut content, source, findings);
    }
    Some(content)
}

/// `AMD3100 [nM]` or `AMD3100 (nM)` to name and unit.
fn label_and_unit(label: &str) -> (String, Option<String>) {
    for (open, close) in [('[', ']'), ('(', ')')] {
        if let Some((name, rest)) = label.split_once(open)
            && let Some(unit) = rest.trim_end().strip_suffix(close)
            && !name.trim().is_empty()
        {
            return (name.trim().to_string(), Some(unit.trim().to_string()));
        }
    }
    (label.trim().to_string(), None)
}

/// A unit of a spreadsheet in the terms of the model language.
fn unit_of(written: &str) -> String {
    match written {
        "" => "1".into(),
        "%" => "percent".into(),
        "a.u." | "a.u" => "au".into(),
        other => other.into(),
    }
}

/// An identifier that reads like a label.
fn identifier(label: &str, otherwise: &str) -> String {
    let mut id: String = label
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() { c } else { '_' })
        .collect();
    while id.contains("__") {
        id = id.replace("__", "_");
    }
    let id = id.trim_matches('_').to_string();
    match (is_identifier(&id), is_reserved(&id)) {
        (true, false) => id,
        (true, true) => format!("{id}_"),
        (false, _) if id.is_empty() => otherwise.into(),
        (false, _) => format!("{otherwise}_{id}"),
    }
}

/// The id, with a number behind it until it is free.
fn free(id: &str, taken: &[String]) -> String {
    let mut name = id.to_string();
    let mut k = 2;
    while taken.contains(&name) {
        name = format!("{id}_{k}");
        k += 1;
    }
    name
}

fn write(name: &str, c: &Content) -> Vec<(String, String)> {
    let join = |lines: Vec<String>| lines.join("\n") + "\n";
    let yaml = format!(
        "format_version: 2.0.0\nmodel_files:\n  {name}:\n    location: {name}.model\n    language: mechfit\n\
         parameter_files: [parameters.tsv]\ncondition_files: [conditions.tsv]\nexperiment_files: [experiments.tsv]\n\
         observable_files: [observables.tsv]\nmeasurement_files: [measurements.tsv]\n\
         extensions:\n  mechfit:\n    version: 1.0.0\n    required: true\n"
    );
    let mut conditions = vec!["conditionId\ttargetId\ttargetValue\tunit".to_string()];
    let mut experiments = vec!["experimentId\ttime\tconditionId".to_string()];
    for arm in &c.arms {
        let mut any = false;
        for (d, v) in c.doses.iter().zip(&arm.doses) {
            if *v != 0.0 {
                any = true;
                conditions.push(format!("{}\t{}\t{v}\t{}", arm.id, d.id, d.unit));
            }
        }
        let condition = if any { arm.id.as_str() } else { "" };
        experiments.push(format!("{}\t0\t{condition}", arm.id));
    }
    let mut observables = vec![
        "observableId\tobservableName\tobservableFormula\tnoiseFormula\tnoiseDistribution\tnoisePlaceholders\tunit\tnoise"
            .to_string(),
    ];
    for r in &c.readouts {
        let (id, label) = (&r.id, r.label.replace(['\t', '"'], " "));
        observables.push(format!(
            "{id}\t{label}\t{id}\tse_{id}\tnormal\tse_{id}\t{}\tknown_sd",
            r.unit
        ));
    }
    let mut measurements = vec![
        "observableId\texperimentId\ttime\tmeasurement\tnoiseParameters\tsd\tsdKind\tn\tstatistic\tcensoring\tdatasetId\tsource"
            .to_string(),
    ];
    for m in &c.means {
        measurements.push(format!(
            "{}\t{}\t{}\t{}\t\t{}\t{}\t{}\tmean\tnone\tmain\t{}",
            c.readouts[m.readout].id, c.arms[m.arm].id, m.time, m.mean, m.sd, m.kind, m.n, m.source
        ));
    }
    vec![
        ("problem.yaml".into(), yaml),
        (format!("{name}.model"), model::text(name, c)),
        ("parameters.tsv".into(), model::parameters(c)),
        ("conditions.tsv".into(), join(conditions)),
        ("experiments.tsv".into(), join(experiments)),
        ("observables.tsv".into(), join(observables)),
        ("measurements.tsv".into(), join(measurements)),
    ]
}
