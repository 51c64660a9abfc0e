//! Fit over data, and residuals.

use super::super::number::{Style, fixed, significant};
use super::super::view::{DataRow, Fit, Study};
use super::super::words;
use super::axis::{Axis, Scale};
use super::ink::Ink;
use super::label;
use super::marker::Marker;
use super::panel::{Drawn, Frame, Words, bottom_room, left_room, sheet};
use super::{Drawing, Figure, PANEL, Sample};

/// Height of a panel of the fit.
const HEIGHT: u32 = 250;
/// Data rows up to which each has a line of its own in the figure of residuals.
const LISTED: usize = 60;
/// Arms of a panel: more names could not be read.
const MOST_ARMS: usize = 60;
/// Marks of a panel: more would only make the page larger.
const MOST_MARKS: usize = 2000;
/// Guide in the figure of residuals: 95 % of standard normal residuals lie within.
const GUIDE: f64 = 1.96;

/// Rows by observable in the order of the table, each group in the order of arms and times.
fn groups<'f>(study: &Study, fit: &'f Fit) -> Vec<(&'f str, Vec<&'f DataRow>)> {
    let mut groups: Vec<(&str, Vec<&DataRow>)> = Vec::new();
    for row in &fit.data {
        match groups.iter_mut().find(|(o, _)| *o == row.observable) {
            Some((_, rows)) => rows.push(row),
            None => groups.push((&row.observable, vec![row])),
        }
    }
    groups.sort_by_key(|(o, _)| study.observable_order(o));
    for (_, rows) in &mut groups {
        rows.sort_by(|a, b| {
            let key = |r: &DataRow| study.experiment_order(&r.experiment);
            key(a).cmp(&key(b)).then(
                a.time
                    .unwrap_or(f64::INFINITY)
                    .total_cmp(&b.time.unwrap_or(f64::INFINITY)),
            )
        });
    }
    groups
}

fn censored(row: &DataRow) -> bool {
    row.kind.starts_with("limit")
}

/// What the pointer reads on a row.
pub fn row_text(study: &Study, row: &DataRow) -> String {
    let unit = study.observable_unit(&row.observable);
    let mut text = row.experiment.clone();
    if let Some(t) = row.time {
        text.push_str(&format!(", {}", label::time(t, study.time_unit.as_deref())));
    }
    text.push_str(": ");
    if let Some(m) = row.measured {
        match (row.kind.as_str(), row.sd) {
            ("limit_below", _) => {
                text.push_str(&format!("all at or below {}", label::value(m, unit)))
            }
            ("limit_above", _) => {
                text.push_str(&format!("all at or above {}", label::value(m, unit)))
            }
            (_, Some(sd)) => text.push_str(&format!(
                "measured {} ± {} (SD)",
                significant(m, 4, Style::Typeset),
                label::value(sd, unit)
            )),
            _ => text.push_str(&format!("measured {}", label::value(m, unit))),
        }
    }
    if let Some(n) = row.n {
        text.push_str(&format!(", n = {n}"));
    }
    if let Some(f) = row.fitted {
        text.push_str(&format!("; fitted {}", label::value(f, unit)));
    }
    if let Some(r) = row.residual {
        text.push_str(&format!("; residual {} SE", fixed(r, 2, Style::Typeset)));
    }
    text
}

/// Fit over data: one panel an observable, data with error bars, the fit beside them.
pub fn fit(study: &Study, fit: &Fit) -> Option<Figure> {
    let groups = groups(study, fit);
    if groups.is_empty() {
        return None;
    }
    let cut = groups.iter().any(|(_, rows)| {
        rows.len()
            > if over_time(rows) {
                MOST_MARKS
            } else {
                MOST_ARMS
            }
    });
    let by_time = groups.iter().any(|(_, rows)| over_time(rows));
    let drawings = groups
        .iter()
        .map(|(observable, rows)| {
            if over_time(rows) {
                time_panel(study, observable, rows.get(..MOST_MARKS).unwrap_or(rows))
            } else {
                arm_panel(study, observable, rows.get(..MOST_ARMS).unwrap_or(rows))
            }
        })
        .collect();
    let mut key = vec![(
        Sample::Dot(Marker::Circle, Ink::Data),
        "measured".to_owned(),
    )];
    if fit.data.iter().any(|r| r.sd.is_some()) {
        key.push((Sample::Line(Ink::Data), "± standard error".into()));
        key.push((Sample::Line(Ink::Ghost), "± SD".into()));
    }
    if fit.data.iter().any(|r| r.kind == "known_error") {
        key.push((
            Sample::Dot(Marker::Ring, Ink::Data),
            "value with known error, no SD reported".into(),
        ));
    }
    if fit.data.iter().any(censored) {
        key.push((
            Sample::Dot(Marker::Down, Ink::Data),
            "all values beyond the limit".into(),
        ));
    }
    if by_time {
        key.push((Sample::Line(Ink::Fit), "fit".into()));
    } else {
        key.push((Sample::Dot(Marker::Diamond, Ink::Fit), "fit".into()));
    }
    if fit.data.iter().any(|r| r.fitted_interval.is_some()) {
        key.push((Sample::Line(Ink::Fit), "its interval".into()));
    }
    Some(Figure {
        id: "fit".into(),
        title: "Fit over data".into(),
        caption: if cut {
            "Each observable on its own axis, with its unit; the first rows of each, all are in data.tsv.".into()
        } else {
            "Each observable on its own axis, with its unit.".into()
        },
        key,
        drawings,
    })
}

/// Whether an observable was read at several times.
fn over_time(rows: &[&DataRow]) -> bool {
    let first = rows.first().and_then(|r| r.time);
    rows.iter().any(|r| r.time != first)
}

/// Values that an axis must hold.
fn extent<'r>(rows: &'r [&DataRow]) -> impl Iterator<Item = f64> + 'r {
    rows.iter().flat_map(|r| {
        let spread = r.sd.or(r.standard_error).unwrap_or(0.0);
        let interval = r.fitted_interval.unwrap_or_default();
        [
            r.measured.map(|m| m + spread),
            r.measured.map(|m| m - spread),
            r.fitted,
            interval.lower,
            interval.upper,
        ]
        .into_iter()
        .flatten()
    })
}

/// An axis that starts at zero where that costs little room.
pub fn value_axis(name: String, values: Vec<f64>) -> Axis {
    const ROOM: f64 = 0.6;
    let (low, high) = values
        .iter()
        .filter(|v| v.is_finite())
        .fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), v| {
            (l.min(*v), h.max(*v))
        });
    if low >= 0.0 && low <= ROOM * high {
        Axis::from_zero(name, values, 5)
    } else {
        Axis::over(name, Scale::Linear, values, 5)
    }
}

fn arm_panel(study: &Study, observable: &str, rows: &[&DataRow]) -> Drawing {
    let name = study.observable_name(observable);
    let unit = study.observable_unit(observable);
    let y = value_axis(
        words::unit(unit).unwrap_or_default(),
        extent(rows).collect(),
    );
    let names = rows.iter().map(|r| label::short(&r.experiment, 18));
    let x = Axis::names("", names);
    // Many arms need more room than three panels in a row leave.
    const ARM: u32 = 34;
    let width = PANEL.max(70 + ARM * rows.len() as u32);
    let left = left_room(&y);
    let frame = Frame {
        left,
        top: 26.0,
        right: f64::from(width) - 8.0,
        bottom: f64::from(HEIGHT) - bottom_room(&x, f64::from(width) - 8.0 - left),
    };
    let label = format!("{}: data and fit by arm", words::with_unit(name, unit));
    sheet(width, HEIGHT, label, |s| {
        s.title(&label::short(name, 60))?;
        let panel = s.panel(frame, x.clone(), y.clone())?;
        for (i, row) in rows.iter().enumerate() {
            let text = row_text(study, row);
            let (data_at, fit_at) = (i as f64 - 0.12, i as f64 + 0.18);
            draw_measured(&panel, row, data_at, &text)?;
            if let Some(f) = row.fitted {
                if let Some(i) = row.fitted_interval
                    && let (Some(l), Some(u)) = (i.lower, i.upper)
                {
                    panel.whisker(fit_at, l, u, Ink::Fit.stroke(1.5), "")?;
                }
                panel.mark(fit_at, f, Marker::Diamond, Ink::Fit, &text)?;
            }
        }
        Ok(())
    })
}

fn draw_measured(panel: &super::Panel<'_>, row: &DataRow, at: f64, text: &str) -> Drawn {
    let Some(m) = row.measured else {
        return Ok(());
    };
    if censored(row) {
        let marker = if row.kind == "limit_above" {
            Marker::Up
        } else {
            Marker::Down
        };
        panel.whisker(at, m, m, Ink::Data.stroke(1.0), "")?;
        return panel.mark(at, m, marker, Ink::Data, text);
    }
    if let Some(sd) = row.sd {
        panel.whisker(at, m - sd, m + sd, Ink::Ghost.stroke(2.0), "")?;
    }
    let se = row
        .standard_error
        .or_else(|| Some(row.sd? / (row.n? as f64).sqrt()));
    if let Some(se) = se {
        panel.whisker(at, m - se, m + se, Ink::Data.stroke(2.2), "")?;
    }
    let marker = if row.kind == "known_error" {
        Marker::Ring
    } else {
        Marker::Circle
    };
    panel.mark(at, m, marker, Ink::Data, text)
}

fn time_panel(study: &Study, observable: &str, rows: &[&DataRow]) -> Drawing {
    let name = study.observable_name(observable);
    let unit = study.observable_unit(observable);
    let y = value_axis(
        words::unit(unit).unwrap_or_default(),
        extent(rows).collect(),
    );
    let times = rows.iter().filter_map(|r| r.time);
    let x = Axis::over(
        words::with_unit("time", study.time_unit.as_deref()),
        Scale::Linear,
        times,
        5,
    );
    let mut arms: Vec<&str> = rows.iter().map(|r| r.experiment.as_str()).collect();
    arms.dedup();
    let left = left_room(&y);
    let frame = Frame {
        left,
        top: 26.0,
        right: f64::from(PANEL) - 8.0,
        bottom: f64::from(HEIGHT) - bottom_room(&x, f64::from(PANEL) - 8.0 - left),
    };
    let label = format!("{}: data and fit over time", words::with_unit(name, unit));
    sheet(PANEL, HEIGHT, label, |s| {
        s.title(&label::short(name, 60))?;
        let panel = s.panel(frame, x.clone(), y.clone())?;
        for (i, arm) in arms.iter().enumerate() {
            let ink = if arms.len() == 1 {
                Ink::Fit
            } else {
                Ink::Series((i % 8) as u8)
            };
            let of_arm: Vec<&&DataRow> = rows.iter().filter(|r| r.experiment == *arm).collect();
            let line: Vec<(f64, f64)> = of_arm
                .iter()
                .filter_map(|r| Some((r.time?, r.fitted?)))
                .collect();
            panel.curve(
                &line,
                ink.stroke(1.6),
                super::dash(i),
                &format!("{arm}: fit"),
            )?;
            for row in of_arm {
                let (Some(t), Some(m)) = (row.time, row.measured) else {
                    continue;
                };
                let text = row_text(study, row);
                let spread = row.standard_error.or(row.sd);
                if let (Some(at), Some(d)) = (panel.x.place(t), spread) {
                    panel.whisker(at, m - d, m + d, Ink::Ghost.stroke(1.5), "")?;
                }
                let ink = if arms.len() == 1 { Ink::Data } else { ink };
                panel.mark(t, m, Marker::of_series(i), ink, &text)?;
            }
        }
        Ok(())
    })
}

/// Residuals, divided by √(1 − h) where the leverage h is known.
pub fn residuals(study: &Study, fit: &Fit) -> Option<Figure> {
    let rows: Vec<(&DataRow, f64, bool)> = groups(study, fit)
        .into_iter()
        .flat_map(|(_, rows)| rows)
        .filter_map(|r| {
            let (residual, can) = r.judged();
            Some((r, residual?, !can))
        })
        .collect();
    if rows.is_empty() {
        return None;
    }
    let scaled = fit.data.iter().any(|r| r.leverage.is_some());
    let drawing = if rows.len() <= LISTED {
        listed_residuals(study, &rows)
    } else {
        many_residuals(study, rows.get(..MOST_MARKS).unwrap_or(&rows))
    };
    let caption = if scaled {
        "Measured minus fitted, in standard errors, divided by √(1 − h): h is the share of a row that the model is bound \
         to follow. Dashed lines: ±1.96, within which 95 % of standard normal residuals lie."
    } else {
        "Measured minus fitted, in standard errors. Dashed lines: ±1.96, within which 95 % of standard normal residuals \
         lie."
    };
    let mut key = vec![(
        Sample::Dot(Marker::Circle, Ink::Data),
        "residual".to_owned(),
    )];
    if rows.iter().any(|r| r.2) {
        key.push((
            Sample::Dot(Marker::Ring, Ink::Data),
            "the model must pass through it (h ≈ 1)".into(),
        ));
    }
    Some(Figure {
        id: "residuals".into(),
        title: "Residuals".into(),
        caption: caption.into(),
        key,
        drawings: vec![drawing],
    })
}

fn residual_axis(rows: &[(&DataRow, f64, bool)]) -> Axis {
    let values = rows.iter().map(|r| r.1).chain([-2.4, 2.4]);
    Axis::over("residual (standard errors)", Scale::Linear, values, 7)
}

fn listed_residuals(study: &Study, rows: &[(&DataRow, f64, bool)]) -> Drawing {
    const LINE: f64 = 17.0;
    let several_times = rows
        .iter()
        .any(|r| r.0.time != rows.first().and_then(|f| f.0.time));
    let names: Vec<String> = rows
        .iter()
        .rev()
        .map(|(r, _, _)| {
            let name = label::short(study.observable_name(&r.observable), 24);
            let arm = label::short(&r.experiment, 18);
            match r.time.filter(|_| several_times) {
                Some(t) => format!(
                    "{name}, {arm}, {}",
                    label::time(t, study.time_unit.as_deref())
                ),
                None => format!("{name}, {arm}"),
            }
        })
        .collect();
    let n = names.len();
    let y = Axis::names("", names);
    let x = residual_axis(rows);
    let frame = Frame {
        left: left_room(&y),
        top: 8.0,
        right: 560.0,
        bottom: 8.0 + LINE * n as f64,
    };
    let height = (frame.bottom + 42.0) as u32;
    sheet(572, height, "Residuals of every row of data", |s| {
        let panel = s.panel(frame, x.clone(), y.clone())?;
        guides(&panel)?;
        for (i, (row, residual, bound)) in rows.iter().enumerate() {
            let at = (n - 1 - i) as f64;
            panel.bar(0.0, *residual, at, Ink::Ghost.stroke(2.0), "")?;
            let marker = if *bound { Marker::Ring } else { Marker::Circle };
            panel.mark(*residual, at, marker, Ink::Data, &row_text(study, row))?;
        }
        Ok(())
    })
}

fn guides(panel: &super::Panel<'_>) -> Drawn {
    panel.vertical(0.0, Ink::Axis, "", "")?;
    panel.vertical(-GUIDE, Ink::Limit, "dashed", "")?;
    panel.vertical(GUIDE, Ink::Limit, "dashed", "")
}

fn many_residuals(study: &Study, rows: &[(&DataRow, f64, bool)]) -> Drawing {
    let mut x = residual_axis(rows);
    x.label = String::new();
    let y = Axis {
        label: "residual (standard errors)".into(),
        ..x
    };
    let several_times = rows
        .iter()
        .any(|r| r.0.time != rows.first().and_then(|f| f.0.time));
    let place = |i: usize, r: &DataRow| {
        if several_times {
            r.time.unwrap_or(f64::NAN)
        } else {
            i as f64 + 1.0
        }
    };
    let name = if several_times {
        words::with_unit("time", study.time_unit.as_deref())
    } else {
        "row of data".into()
    };
    let x = Axis::over(
        name,
        Scale::Linear,
        rows.iter().enumerate().map(|(i, r)| place(i, r.0)),
        6,
    );
    let frame = Frame {
        left: left_room(&y),
        top: 10.0,
        right: 560.0,
        bottom: 240.0,
    };
    sheet(572, 285, "Residuals of every row of data", |s| {
        let panel = s.panel(frame, x.clone(), y.clone())?;
        panel.horizontal(0.0, Ink::Axis, "", "")?;
        panel.horizontal(-GUIDE, Ink::Limit, "dashed", "")?;
        panel.horizontal(GUIDE, Ink::Limit, "dashed", "")?;
        let mut observables: Vec<&str> = Vec::new();
        for (i, (row, residual, _)) in rows.iter().enumerate() {
            let series = observables
                .iter()
                .position(|o| *o == row.observable)
                .unwrap_or_else(|| {
                    observables.push(&row.observable);
                    observables.len() - 1
                });
            panel.mark(
                place(i, row),
                *residual,
                Marker::of_series(series),
                Ink::Series((series % 8) as u8),
                &format!(
                    "{}, {}",
                    study.observable_name(&row.observable),
                    row_text(study, row)
                ),
            )?;
        }
        Ok(())
    })
}

/// Final objectives of all starts in order, above the best.
pub fn starts(fit: &Fit) -> Option<Figure> {
    let starts = fit.starts.as_ref()?;
    let mut ends: Vec<f64> = starts
        .objectives
        .iter()
        .flatten()
        .copied()
        .filter(|v| v.is_finite())
        .collect();
    if ends.len() < 2 {
        return None;
    }
    ends.sort_by(f64::total_cmp);
    let best = ends.first().copied().unwrap_or(0.0);
    // Differences below this are one optimum to all purposes; a logarithmic axis needs some floor.
    const FLOOR: f64 = 1e-4;
    const SAME: f64 = 0.1;
    let rise: Vec<f64> = ends.iter().map(|v| (v - best).max(FLOOR)).collect();
    let y = Axis::over(
        "objective above the best",
        Scale::Log,
        rise.iter().copied().chain([FLOOR, 1.0]),
        6,
    );
    let x = Axis::over(
        "start, in order of its end",
        Scale::Linear,
        [1.0, rise.len() as f64],
        6,
    )
    .whole();
    let frame = Frame {
        left: left_room(&y),
        top: 10.0,
        right: 560.0,
        bottom: 210.0,
    };
    let drawing = sheet(572, 255, "Where the starts of the search ended", |s| {
        let panel = s.panel(frame, x.clone(), y.clone())?;
        panel.horizontal(SAME, Ink::Limit, "dashed", "0.1 above the best")?;
        let line: Vec<(f64, f64)> = rise
            .iter()
            .enumerate()
            .map(|(i, v)| (i as f64 + 1.0, *v))
            .collect();
        panel.curve(&line, Ink::Ghost.stroke(1.2), "", "")?;
        for (i, v) in rise.iter().enumerate() {
            let (marker, ink) = if *v <= SAME {
                (Marker::Circle, Ink::Fit)
            } else {
                (Marker::Ring, Ink::Muted)
            };
            let text = format!(
                "{} above the best",
                significant(
                    ends.get(i).copied().unwrap_or(best) - best,
                    3,
                    Style::Typeset
                )
            );
            panel.mark(i as f64 + 1.0, *v, marker, ink, &text)?;
        }
        panel.words_at(
            "0.1: taken as the same optimum",
            (panel.x.to, -1.0),
            (-4.0, -4.0),
            Words {
                ink: Ink::Muted,
                h: 1,
                v: 1,
                ..Words::default()
            },
        )
    });
    Some(Figure {
        id: "starts".into(),
        title: "Where the starts ended".into(),
        caption:
            "A flat foot means that many starts found the same optimum; steps are local optima."
                .into(),
        key: vec![
            (
                Sample::Dot(Marker::Circle, Ink::Fit),
                "within 0.1 of the best".into(),
            ),
            (
                Sample::Dot(Marker::Ring, Ink::Muted),
                "another optimum, or not converged".into(),
            ),
        ],
        drawings: vec![drawing],
    })
}
