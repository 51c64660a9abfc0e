//! The measurement table.

use super::super::cells::{Cells, check_columns};
use super::super::findings::Findings;
use super::super::sheet::Sheet;
use super::super::{Censoring, Measurement, SdKind, Statistic, Summary};
use super::Format;
use crate::diagnostic::Finding;
use crate::math::Syntax;

const SD_KINDS: [(&str, SdKind); 4] = [
    ("sd", SdKind::Sd),
    ("sem", SdKind::Sem),
    ("ci95", SdKind::Ci95),
    ("cv", SdKind::Cv),
];
const STATISTICS: [(&str, Statistic); 3] = [
    ("mean", Statistic::Mean),
    ("geomean", Statistic::Geomean),
    ("median", Statistic::Median),
];
const CENSORINGS: [(&str, Censoring); 3] = [
    ("none", Censoring::None),
    ("left", Censoring::Left),
    ("right", Censoring::Right),
];

/// Condition ids of a row of version 1: pre-equilibration, simulation.
pub(in super::super) type V1Row = (Option<String>, String);

/// Columns that both versions share.
struct Columns {
    observable: Option<usize>,
    measurement: Option<usize>,
    time: Option<usize>,
    observable_parameters: Option<usize>,
    noise_parameters: Option<usize>,
    dataset: Option<usize>,
    sd: Option<usize>,
    kind: Option<usize>,
    n: Option<usize>,
    statistic: Option<usize>,
    censoring: Option<usize>,
    source: Option<usize>,
}

impl Columns {
    fn of(sheet: &Sheet, format: Format, findings: &mut Findings) -> Self {
        let only = |name: &str| format.extended.then(|| sheet.column(name)).flatten();
        let columns = Self {
            observable: sheet.require("observableId", findings),
            measurement: sheet.require("measurement", findings),
            time: sheet.require("time", findings),
            observable_parameters: sheet.column("observableParameters"),
            noise_parameters: sheet.column("noiseParameters"),
            dataset: sheet.column("datasetId"),
            sd: only("sd"),
            kind: only("sdKind"),
            n: only("n"),
            statistic: only("statistic"),
            censoring: only("censoring"),
            source: only("source"),
        };
        let mut known = vec![
            "observableId",
            "measurement",
            "time",
            "observableParameters",
            "noiseParameters",
            "datasetId",
        ];
        if format.version == 1 {
            known.extend(["preequilibrationConditionId", "simulationConditionId"]);
        } else {
            known.extend(["experimentId", "modelId"]);
        }
        if format.extended {
            known.extend(["sd", "sdKind", "n", "statistic", "censoring", "source"]);
        } else if sheet.column("sd").is_some() && sheet.column("n").is_some() {
            let span = sheet
                .columns()
                .iter()
                .find(|(name, _)| name == "sd")
                .map_or(0..0, |(_, span)| span.clone());
            findings.push(
                Finding::warning(
                    "extension-not-declared",
                    "the columns `sd` and `n` have no meaning in this problem",
                )
                .at(&sheet.source, span, "read over")
                .help("declare the extension in the YAML: `extensions: {mechfit: {version: 1.0.0, required: true}}`"),
            );
        }
        check_columns(sheet, &known, findings);
        columns
    }
}

/// Reads a measurement table of version 2.
pub(in super::super) fn measurements(
    sheet: &Sheet,
    format: Format,
    findings: &mut Findings,
) -> Vec<Measurement> {
    let columns = Columns::of(sheet, format, findings);
    let experiment = sheet.require("experimentId", findings);
    let model = sheet.column("modelId");
    let mut list = Vec::new();
    for row in sheet.rows() {
        let mut cells = Cells { row, findings };
        let experiment = cells.optional_id(experiment).unwrap_or_default();
        let model = cells.given(model).unwrap_or_default().to_string();
        if let Some(m) = measurement(&mut cells, &columns) {
            list.push(Measurement {
                experiment,
                model,
                ..m
            });
        }
    }
    list
}

/// Reads a measurement table of version 1; each row with its condition ids.
pub(in super::super) fn measurements_v1(
    sheet: &Sheet,
    format: Format,
    findings: &mut Findings,
) -> Vec<(Measurement, V1Row)> {
    let columns = Columns::of(sheet, format, findings);
    let before = sheet.column("preequilibrationConditionId");
    let simulation = sheet.require("simulationConditionId", findings);
    let mut list = Vec::new();
    for row in sheet.rows() {
        let mut cells = Cells { row, findings };
        let before = cells.optional_id(before);
        let simulation = cells.id(simulation);
        if let (Some(m), Some(simulation)) = (measurement(&mut cells, &columns), simulation) {
            list.push((m, (before, simulation)));
        }
    }
    list
}

fn measurement(cells: &mut Cells, columns: &Columns) -> Option<Measurement> {
    let observable = cells.id(columns.observable);
    let value = cells.number(columns.measurement);
    let time = cells.number(columns.time);
    if time == Some(f64::NEG_INFINITY) {
        let finding = Finding::error("invalid-time", "nothing is measured at `-inf`")
            .help("a steady state is measured at `inf`");
        cells.report(finding, columns.time, "");
        return None;
    }
    if value.is_some_and(f64::is_infinite) {
        let finding = Finding::error("not-finite", "a measurement is a finite number")
            .help("a value beyond a limit is written as the limit, with `left` or `right` in `censoring` (extension mechfit)");
        cells.report(finding, columns.measurement, "");
        return None;
    }
    let observable_parameters = cells.expressions(columns.observable_parameters, Syntax::PETAB);
    let noise_parameters = cells.expressions(columns.noise_parameters, Syntax::PETAB);
    let censoring = cells.word(columns.censoring, &CENSORINGS, Censoring::None);
    let summary = summary(cells, columns, censoring.unwrap_or_default());
    Some(Measurement {
        observable: observable?,
        experiment: String::new(),
        model: String::new(),
        time: time?,
        value: value?,
        observable_parameters: observable_parameters?,
        noise_parameters: noise_parameters?,
        summary: summary.ok()?,
        censoring: censoring?,
        dataset: cells.note(columns.dataset),
        source: cells.note(columns.source),
        v1_conditions: None,
        row: cells.row.number,
    })
}

/// Scatter and n of a row; `Err` if they cannot be read (reported).
fn summary(
    cells: &mut Cells,
    columns: &Columns,
    censoring: Censoring,
) -> Result<Option<Summary>, ()> {
    let sd = cells.optional_number(columns.sd);
    let n = cells.optional_number(columns.n);
    let kind = cells.word(columns.kind, &SD_KINDS, SdKind::Sd).ok_or(())?;
    let statistic = cells
        .word(columns.statistic, &STATISTICS, Statistic::Mean)
        .ok_or(())?;
    let (sd, n) = (sd?, n?);
    let n = match n {
        None => None,
        Some(v) => Some(count(cells, columns.n, v)?),
    };
    let Some(sd) = sd else {
        if censoring != Censoring::None && n.is_some() {
            // σ of a replicate then comes from the noise formula.
            return Ok(Some(Summary {
                sd: f64::NAN,
                kind,
                n,
                statistic,
            }));
        }
        if columns.kind.is_some_and(|k| cells.given(Some(k)).is_some()) && columns.sd.is_some() {
            let finding = Finding::error(
                "missing-sd",
                "`sdKind` says what `sd` is, but `sd` is empty",
            )
            .help("give the scatter, or leave `sdKind` empty");
            cells.report(finding, columns.kind, "");
            return Err(());
        }
        return Ok(None);
    };
    if sd < 0.0 || sd.is_infinite() {
        let finding = Finding::error("invalid-sd", format!("a scatter of {sd} is impossible"))
            .help("it is a finite number above 0");
        cells.report(finding, columns.sd, "");
        return Err(());
    }
    let needs_n = matches!(kind, SdKind::Sd | SdKind::Cv) && censoring == Censoring::None;
    if needs_n && n.is_none() && statistic != Statistic::Median {
        let word = if kind == SdKind::Cv { "cv" } else { "sd" };
        let finding = Finding::error("missing-n", "an SD has no weight without `n`")
            .note(format!(
                "`sdKind` is `{word}` here: the standard error of the mean is SD/√n"
            ))
            .help("give `n`, or set `sdKind` to `sem` or `ci95` if the paper reports one of these");
        cells.report(finding, columns.n.or(columns.sd), "");
        return Err(());
    }
    if let Some(n) = n
        && n < 2
        && censoring == Censoring::None
    {
        let finding = Finding::error("small-n", format!("n = {n} has no scatter"))
            .help("a mean with its scatter needs at least 2 replicates; a single value is given without `sd`, with a noise formula");
        cells.report(finding, columns.n, "");
        return Err(());
    }
    if statistic == Statistic::Geomean && kind == SdKind::Sd && sd <= 1.0 {
        let finding = Finding::error(
            "invalid-sd",
            format!("a geometric SD is a factor above 1, {sd} is none"),
        )
        .help("geometric means carry their SD as a factor: ln GM ± ln GSD");
        cells.report(finding, columns.sd, "");
        return Err(());
    }
    Ok(Some(Summary {
        sd,
        kind,
        n,
        statistic,
    }))
}

/// A number of replicates.
fn count(cells: &mut Cells, column: Option<usize>, value: f64) -> Result<u32, ()> {
    let whole = value >= 1.0 && value <= f64::from(u32::MAX) && value.fract() == 0.0;
    if !whole {
        let finding = Finding::error("invalid-n", format!("n = {value} is no number of replicates"))
            .help("n is a whole number from 1; an unknown n is left empty, and scenarios of the plan set it");
        cells.report(finding, column, "");
        return Err(());
    }
    Ok(value as u32)
}
