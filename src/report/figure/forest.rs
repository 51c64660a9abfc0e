//! Values with intervals one under another: predictions, populations, sensitivities, measurements to be made.

use super::super::number::{Style, percent};
use super::super::words;
use super::axis::{Axis, Scale};
use super::ink::Ink;
use super::label;
use super::marker::Marker;
use super::panel::{Frame, bottom_room, left_room, sheet};
use super::{Drawing, Figure, PANEL, Sample};
use crate::predict::Estimate;
use crate::predict::expression::Predicted;
use crate::predict::population::PopulationResponse;
use crate::predict::sensitivity::Sensitivity;
use crate::uncertainty::{Design, Status};

/// Height of a row.
const ROW: f64 = 26.0;
/// Rows of a drawing.
const MOST: usize = 40;
/// Longest name of a row.
const NAME: usize = 46;
/// Width of a drawing.
const WIDTH: u32 = 652;

/// A value with an interval.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Value {
    value: Option<f64>,
    lower: Option<f64>,
    upper: Option<f64>,
}

impl Value {
    fn of(e: &Estimate) -> Self {
        let finite = |x: f64| Some(x).filter(|x| x.is_finite());
        Self {
            value: finite(e.value),
            lower: finite(e.lower).filter(|_| e.lower_status == Status::Closed),
            upper: finite(e.upper).filter(|_| e.upper_status == Status::Closed),
        }
    }
    fn all(self) -> impl Iterator<Item = f64> {
        [self.value, self.lower, self.upper].into_iter().flatten()
    }
}

/// A row: its name, and one value a series.
struct Row {
    name: String,
    values: Vec<Option<Value>>,
}

/// A drawing of rows on one axis.
fn forest(label: &str, axis: Axis, unit: Option<&str>, rows: &[Row], width: u32) -> Drawing {
    let n = rows.len();
    let names = rows.iter().rev().map(|r| r.name.clone());
    let y = Axis::names("", names);
    let frame = Frame {
        left: left_room(&y),
        top: 10.0,
        right: f64::from(width) - 12.0,
        bottom: 10.0 + ROW * n as f64,
    };
    let height = (frame.bottom + bottom_room(&axis, frame.right - frame.left)) as u32;
    sheet(width, height, label, |s| {
        let panel = s.panel(frame, axis.clone(), y.clone())?;
        for (i, row) in rows.iter().enumerate() {
            let series = row.values.len();
            for (k, v) in row.values.iter().enumerate() {
                let Some(v) = v else { continue };
                /// Distance between the series of a row.
                const STEP: f64 = 0.3;
                let at = (n - 1 - i) as f64 + STEP * (0.5 * (series as f64 - 1.0) - k as f64);
                let ink = if series == 1 {
                    Ink::Fit
                } else {
                    Ink::Series(k as u8)
                };
                let mut text = v.value.map_or_else(String::new, |x| label::value(x, unit));
                if v.lower.is_some() || v.upper.is_some() {
                    text += &format!(" ({})", label::range(v.lower, v.upper, unit));
                    let (from, to) = (
                        v.lower.and_then(|x| panel.x.clamped(x)),
                        v.upper.and_then(|x| panel.x.clamped(x)),
                    );
                    let from_place = from.unwrap_or(panel.x.from);
                    let to_place = to.unwrap_or(panel.x.to);
                    panel.line_at(
                        (from_place, at),
                        (to_place, at),
                        ink.stroke(2.4),
                        if series == 1 { "" } else { super::dash(k) },
                        &text,
                    )?;
                    if from.is_none() {
                        panel.mark_at((panel.x.from, at), Marker::Left, ink, "no lower end")?;
                    }
                    if to.is_none() {
                        panel.mark_at((panel.x.to, at), Marker::Right, ink, "no upper end")?;
                    }
                }
                if let Some(x) = v.value.and_then(|x| panel.x.clamped(x)) {
                    panel.mark_at((x, at), Marker::Diamond, ink, &text)?;
                }
            }
        }
        Ok(())
    })
}

/// An axis over all values of rows.
fn axis(label: String, rows: &[Row]) -> Axis {
    let values = rows
        .iter()
        .flat_map(|r| r.values.iter().flatten())
        .flat_map(|v| v.all());
    Axis::over(label, Scale::Linear, values, 5)
}

/// Predictions, one drawing a unit.
pub fn predictions(list: &[Predicted], level: Option<f64>) -> Option<Figure> {
    let mut units: Vec<Option<&str>> = Vec::new();
    for p in list {
        if !units.contains(&p.unit.as_deref()) {
            units.push(p.unit.as_deref());
        }
    }
    let mut drawings = Vec::new();
    for unit in units {
        let own: Vec<&Predicted> = list
            .iter()
            .filter(|p| p.unit.as_deref() == unit)
            .filter(|p| p.estimate.value.is_finite() || p.estimate.lower.is_finite())
            .take(MOST)
            .collect();
        // Quantities without a unit share no scale: each has an axis of its own.
        let groups: Vec<&[&Predicted]> = if unit.is_some() {
            vec![own.as_slice()]
        } else {
            own.chunks(1).collect()
        };
        for group in groups.into_iter().filter(|g| !g.is_empty()) {
            let rows: Vec<Row> = group
                .iter()
                .map(|p| Row {
                    name: label::short(&p.id, NAME),
                    values: vec![Some(Value::of(&p.estimate))],
                })
                .collect();
            let title = words::with_unit("prediction", unit);
            drawings.push(forest(
                "Predictions",
                axis(title, &rows),
                unit,
                &rows,
                WIDTH,
            ));
        }
    }
    if drawings.is_empty() {
        return None;
    }
    Some(Figure {
        id: "predictions".into(),
        title: "Predictions".into(),
        caption: "Values at the fit with their intervals.".into(),
        key: key(level),
        drawings,
    })
}

fn key(level: Option<f64>) -> Vec<(Sample, String)> {
    vec![
        (Sample::Dot(Marker::Diamond, Ink::Fit), "at the fit".into()),
        (
            Sample::Line(Ink::Fit),
            format!("{} interval", words::level(level)),
        ),
    ]
}

/// Quantiles over populations: the spread between members, and how well each quantile is known.
pub fn populations(list: &[PopulationResponse]) -> Option<Figure> {
    let drawings: Vec<Drawing> = list
        .iter()
        .map(|p| {
            let mut rows = vec![Row {
                name: "mean".into(),
                values: vec![Some(Value::of(&p.mean))],
            }];
            rows.extend(p.quantiles.iter().map(|(q, e)| Row {
                name: format!("{} quantile", percent(*q, Style::Typeset)),
                values: vec![Some(Value::of(e))],
            }));
            let unit = p.unit.as_deref();
            let title = words::with_unit(&label::short(&p.response, NAME), unit);
            let label = format!("{} over a population", p.response);
            forest(&label, axis(title, &rows), unit, &rows, WIDTH)
        })
        .collect();
    if drawings.is_empty() {
        return None;
    }
    Some(Figure {
        id: "populations".into(),
        title: "Predictions over a population".into(),
        caption:
            "Mean and quantiles over the members; the bars say how well the fit knows each of them."
                .into(),
        key: vec![
            (Sample::Dot(Marker::Diamond, Ink::Fit), "at the fit".into()),
            (Sample::Line(Ink::Fit), "interval".into()),
        ],
        drawings,
    })
}

/// First-order and total indices, the largest first; without them the local sensitivities.
pub fn sensitivity(s: &Sensitivity) -> Option<Figure> {
    let (rows, title, key) = if s.sobol.is_empty() {
        let mut local: Vec<_> = s.local.iter().filter(|l| l.by_log.is_finite()).collect();
        local.sort_by(|a, b| b.by_log.abs().total_cmp(&a.by_log.abs()));
        let rows: Vec<Row> = local
            .into_iter()
            .map(|l| Row {
                name: label::symbol(&l.id),
                values: vec![Some(Value {
                    value: Some(l.by_log),
                    lower: Some(l.by_log.min(0.0)),
                    upper: Some(l.by_log.max(0.0)),
                })],
            })
            .collect();
        let title = words::with_unit(
            "change for a change of ln parameter by 1",
            s.unit.as_deref(),
        );
        (rows, title, Vec::new())
    } else {
        let mut indices: Vec<_> = s.sobol.iter().collect();
        indices.sort_by(|a, b| b.total.value.total_cmp(&a.total.value));
        let rows: Vec<Row> = indices
            .into_iter()
            .map(|i| Row {
                name: label::symbol(&i.id),
                values: vec![Some(Value::of(&i.first)), Some(Value::of(&i.total))],
            })
            .collect();
        let key = vec![
            (Sample::Dash(0), "first: by itself".to_owned()),
            (Sample::Dash(1), "total: with its interactions".to_owned()),
        ];
        (rows, "part of the variance".to_owned(), key)
    };
    let rows: Vec<Row> = rows.into_iter().take(MOST).collect();
    if rows.is_empty() {
        return None;
    }
    let drawing = forest(
        &format!("What {} depends on", s.response),
        axis(title, &rows),
        None,
        &rows,
        WIDTH,
    );
    Some(Figure {
        id: format!("sensitivity-{}", label::slug(&s.response)),
        title: format!("What {} depends on", s.response),
        caption: if s.sobol.is_empty() {
            "At the fit.".into()
        } else {
            "Sobol indices with intervals over the ranges of the parameters.".into()
        },
        key,
        drawings: vec![drawing],
    })
}

/// Measurements that are shown.
const PROPOSALS: usize = 12;

/// The interval of a target now, and what it would be after each measurement.
pub fn design(d: &Design, level: Option<f64>) -> Option<Figure> {
    let target = d.target.as_deref()?;
    let value = d.value.filter(|v| v.is_finite());
    let now = Value {
        value,
        lower: d.lower,
        upper: d.upper,
    };
    let mut rows = vec![Row {
        name: "now".into(),
        values: vec![Some(now)],
    }];
    rows.extend(d.proposals.iter().take(PROPOSALS).map(|p| Row {
        name: label::short(&format!("{} (n = {})", p.id, p.n), NAME),
        values: vec![Some(Value {
            value,
            lower: p.expected_lower,
            upper: p.expected_upper,
        })],
    }));
    let drawing = forest(
        &format!("Expected intervals of {target}"),
        axis(label::short(target, 60), &rows),
        None,
        &rows,
        WIDTH.max(2 * PANEL),
    );
    Some(Figure {
        id: format!("design-{}", label::slug(target)),
        title: format!("Expected interval of {target} after one more measurement"),
        caption: "Each line: the interval that is expected if only this mean is added to the data."
            .into(),
        key: key(level),
        drawings: vec![drawing],
    })
}
