//! The data as reported, with their sources, and what each arm is.

use super::super::number::{Style, fixed, shortest, shortest_decimals, significant};
use super::super::view::{DataRow, Study, View};
use super::super::words;
use super::{Block, Cell, Column, Section, Table, Text};

/// The section.
pub fn section(view: &View, style: Style) -> Section {
    let mut blocks = Vec::new();
    let study = &view.study;
    if let Some(fit) = view.fit.as_ref().filter(|f| !f.data.is_empty()) {
        blocks.push(Block::Table(table(study, &fit.data, style)));
    }
    if let Some(t) = arms(study) {
        blocks.push(Block::Table(t));
    }
    let noise: Vec<Text> = study
        .observables
        .iter()
        .filter_map(|o| {
            Some(
                Text::new()
                    .strong(if o.name.is_empty() {
                        o.id.as_str()
                    } else {
                        o.name.as_str()
                    })
                    .plain(format!(": {}", o.noise.as_ref()?)),
            )
        })
        .collect();
    if !noise.is_empty() {
        blocks.push(Block::Details {
            summary: "How the scatter of each observable enters".into(),
            blocks: vec![Block::List(noise)],
        });
    }
    Section {
        id: "data",
        title: "Data".into(),
        blocks,
    }
}

/// Rows that a table shows: more are read from `data.tsv`, and would make the page too large to send.
const MOST_ROWS: usize = 300;

/// What a caption says of rows that are left out.
pub fn left_out(n: usize) -> String {
    if n > MOST_ROWS {
        format!("; the first {MOST_ROWS} of {n} rows, all are in data.tsv")
    } else {
        String::new()
    }
}

/// The rows that a table shows, in the order of observables, arms and times.
pub fn shown<'d>(study: &Study, data: &'d [DataRow]) -> Vec<&'d DataRow> {
    let mut rows = ordered(study, data);
    rows.truncate(MOST_ROWS);
    rows
}

/// Rows in the order of observables, arms and times.
fn ordered<'d>(study: &Study, data: &'d [DataRow]) -> Vec<&'d DataRow> {
    let mut rows: Vec<&DataRow> = data.iter().collect();
    rows.sort_by(|a, b| {
        let key = |r: &DataRow| {
            (
                study.observable_order(&r.observable),
                study.experiment_order(&r.experiment),
            )
        };
        key(a).cmp(&key(b)).then(
            a.time
                .unwrap_or(f64::INFINITY)
                .total_cmp(&b.time.unwrap_or(f64::INFINITY)),
        )
    });
    rows
}

/// Whether all rows were read at the same time.
pub fn one_time(data: &[DataRow]) -> bool {
    data.iter()
        .all(|r| r.time == data.first().and_then(|f| f.time))
}

/// A time for a cell.
pub fn time_text(time: Option<f64>, style: Style) -> String {
    time.map_or_else(|| "steady state".into(), |t| shortest(t, style))
}

/// Name of an observable with its unit.
pub fn observable_text(study: &Study, id: &str) -> String {
    words::with_unit(study.observable_name(id), study.observable_unit(id))
}

/// A measured value with its scatter, with the decimals that both have.
pub fn measured_text(row: &DataRow, style: Style) -> String {
    let Some(m) = row.measured else {
        return String::new();
    };
    let decimals = shortest_decimals(m)
        .max(row.sd.map_or(0, shortest_decimals))
        .max(0);
    let value = fixed(m, decimals, style);
    match (row.kind.as_str(), row.sd) {
        ("limit_below", _) => format!("≤ {value}"),
        ("limit_above", _) => format!("≥ {value}"),
        (_, Some(sd)) => format!("{value} ± {}", fixed(sd, decimals, style)),
        _ => match row.standard_error.filter(|_| row.kind == "known_error") {
            Some(se) => format!("{value} (SE {})", significant(se, 2, style)),
            None => value,
        },
    }
}

fn table(study: &Study, data: &[DataRow], style: Style) -> Table {
    let single = one_time(data);
    let mut caption = "Data as reported: mean ± SD of n replicates".to_owned();
    if single && let Some(t) = data.first().and_then(|r| r.time) {
        caption.push_str(&format!(
            ", all at {}{}",
            shortest(t, style),
            words::behind(study.time_unit.as_deref())
        ));
    }
    if data.iter().any(|r| r.kind.starts_with("limit")) {
        caption.push_str("; ≤ and ≥ mark groups whose values all lie beyond a limit");
    }
    caption.push_str(&left_out(data.len()));
    let mut columns = vec![Column::words("observable"), Column::words("arm")];
    if !single {
        columns.push(Column::number(words::with_unit(
            "time",
            study.time_unit.as_deref(),
        )));
    }
    columns.extend([
        Column::number("value"),
        Column::number("n"),
        Column::words("data set").minor(),
        Column::words("source").minor(),
    ]);
    let mut t = Table::new(caption, columns);
    let mut last = None;
    for row in shown(study, data) {
        let first = last != Some(&row.observable);
        last = Some(&row.observable);
        let mut cells: Vec<Cell> = vec![
            if first {
                observable_text(study, &row.observable).into()
            } else {
                Cell::default()
            },
            row.experiment.as_str().into(),
        ];
        if !single {
            cells.push(time_text(row.time, style).into());
        }
        cells.extend([
            measured_text(row, style).into(),
            row.n.map_or_else(String::new, |n| n.to_string()).into(),
            row.dataset.clone().unwrap_or_default().into(),
            row.source.clone().unwrap_or_default().into(),
        ]);
        t.row(cells);
    }
    t.without_empty_columns()
}

/// What each arm is.
fn arms(study: &Study) -> Option<Table> {
    if study.experiments.is_empty() {
        return None;
    }
    let mut t = Table::new(
        "Arms",
        vec![Column::words("arm"), Column::words("what is set")],
    );
    for e in &study.experiments {
        let mut text = Text::new();
        for (i, s) in e.settings.iter().enumerate() {
            if i > 0 {
                text = text.plain(", ");
            }
            text = text.symbol(s.target.as_str()).plain(format!(
                " = {}{}",
                s.value,
                words::behind(s.unit.as_deref())
            ));
            match s.time {
                Some(0.0) => {}
                Some(time) => {
                    text = text.plain(format!(
                        " from {}{}",
                        shortest(time, Style::Typeset),
                        words::behind(study.time_unit.as_deref())
                    ));
                }
                None => text = text.plain(" until the steady state"),
            }
        }
        if e.settings.is_empty() {
            text = text.plain("the model as it is");
        }
        t.row(vec![e.id.as_str().into(), text.into()]);
    }
    Some(t)
}
