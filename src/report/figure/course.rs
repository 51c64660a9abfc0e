//! Time courses with bands and data: one panel an observable and arm, the other arms faint behind.

use super::super::view::{Fit, Study};
use super::super::words;
use super::axis::{Axis, Scale};
use super::data::row_text;
use super::ink::Ink;
use super::label;
use super::marker::Marker;
use super::panel::{Frame, bottom_room, left_room, sheet};
use super::{Drawing, Figure, PANEL, Sample};
use crate::predict::course::{Course, Courses};

/// Height of a panel.
const HEIGHT: u32 = 190;
/// Panels of a figure: more would no longer be looked at.
const MOST: usize = 60;

/// One figure an observable.
pub fn courses(study: &Study, courses: &Courses, fit: Option<&Fit>) -> Vec<Figure> {
    let mut observables: Vec<&str> = courses
        .courses
        .iter()
        .map(|c| c.observable.as_str())
        .collect();
    observables.sort_by_key(|o| study.observable_order(o));
    observables.dedup();
    observables
        .into_iter()
        .filter_map(|observable| figure(study, courses, fit, observable))
        .collect()
}

fn figure(study: &Study, courses: &Courses, fit: Option<&Fit>, observable: &str) -> Option<Figure> {
    let mut own: Vec<&Course> = courses
        .courses
        .iter()
        .filter(|c| c.observable == observable && c.times.len() > 1)
        .collect();
    own.sort_by_key(|c| study.experiment_order(&c.experiment));
    if own.is_empty() {
        return None;
    }
    let name = study.observable_name(observable);
    let unit = own
        .first()
        .and_then(|c| c.unit.as_deref())
        .or_else(|| study.observable_unit(observable));
    let mut values: Vec<f64> = own
        .iter()
        .flat_map(|c| {
            let b = &c.band;
            [
                &b.value,
                &b.lower,
                &b.upper,
                &b.simultaneous_lower,
                &b.simultaneous_upper,
            ]
        })
        .flatten()
        .copied()
        .collect();
    let rows = fit.map(|f| f.data.as_slice()).unwrap_or_default();
    for row in rows.iter().filter(|r| r.observable == observable) {
        let spread = row.standard_error.or(row.sd).unwrap_or(0.0);
        values.extend(
            row.measured
                .into_iter()
                .flat_map(|m| [m - spread, m + spread]),
        );
    }
    let y = Axis::from_zero(words::unit(unit).unwrap_or_default(), values, 4);
    let times = own.iter().flat_map(|c| &c.times).copied();
    let time_unit = courses.time_unit.as_deref().or(study.time_unit.as_deref());
    let x = Axis::over(words::with_unit("time", time_unit), Scale::Linear, times, 5);
    let has_band = own.iter().any(|c| finite(&c.band.lower));
    let has_simultaneous = own.iter().any(|c| finite(&c.band.simultaneous_lower));
    let drawings = own
        .iter()
        .take(MOST)
        .map(|course| panel(study, fit, &own, course, (&x, &y)))
        .collect();
    let mut key = vec![(Sample::Line(Ink::Fit), "fit".to_owned())];
    if has_band {
        key.push((
            Sample::Area(Ink::Band),
            format!("{} band at each time", words::level(Some(courses.level))),
        ));
    }
    if has_simultaneous {
        key.push((
            Sample::Dotted(Ink::Muted),
            "band for all times together".into(),
        ));
    }
    if rows.iter().any(|r| r.observable == observable) {
        key.push((
            Sample::Dot(Marker::Circle, Ink::Data),
            "measured ± standard error".into(),
        ));
    }
    if own.len() > 1 {
        key.push((Sample::Line(Ink::Ghost), "the other arms".into()));
    }
    let left_out = own.len().saturating_sub(MOST);
    let mut caption = "One panel an arm, all on the same axes.".to_owned();
    if own.iter().any(|c| {
        c.last_measured
            .is_some_and(|l| c.times.iter().any(|t| *t > l))
    }) {
        caption.push_str(" Dotted: after the last measurement of the arm.");
    }
    if left_out > 0 {
        caption.push_str(&format!(" {left_out} more arms are in the result files."));
    }
    Some(Figure {
        id: format!("course-{observable}"),
        title: format!("Time course of {}", words::with_unit(name, unit)),
        caption: caption.into(),
        key,
        drawings,
    })
}

fn panel(
    study: &Study,
    fit: Option<&Fit>,
    all: &[&Course],
    course: &Course,
    (x, y): (&Axis, &Axis),
) -> Drawing {
    let left = left_room(y);
    let frame = Frame {
        left,
        top: 24.0,
        right: f64::from(PANEL) - 10.0,
        bottom: f64::from(HEIGHT) - bottom_room(x, f64::from(PANEL) - 10.0 - left),
    };
    let unit = course
        .unit
        .as_deref()
        .or_else(|| study.observable_unit(&course.observable));
    let label = format!(
        "{} over time, {}",
        study.observable_name(&course.observable),
        course.experiment
    );
    sheet(PANEL, HEIGHT, label, |s| {
        s.title(&label::short(&course.experiment, 45))?;
        let panel = s.panel(frame, x.clone(), y.clone())?;
        panel.band(&band(course), Ink::Band, "")?;
        for other in all.iter().filter(|c| c.experiment != course.experiment) {
            let line = line(&other.times, &other.band.value);
            panel.curve(&line, Ink::Ghost.stroke(1.0), "", &other.experiment)?;
        }
        for end in [
            &course.band.simultaneous_lower,
            &course.band.simultaneous_upper,
        ] {
            panel.curve(
                &line(&course.times, end),
                Ink::Muted.stroke(1.0),
                "dotted",
                "",
            )?;
        }
        let last = course.last_measured.unwrap_or(f64::INFINITY);
        let fitted = line(&course.times, &course.band.value);
        let split = fitted.partition_point(|p| p.0 <= last);
        panel.curve(&fitted[..split], Ink::Fit.stroke(1.8), "", "")?;
        panel.curve(
            &fitted[split.saturating_sub(1)..],
            Ink::Fit.stroke(1.8),
            "dotted",
            "",
        )?;
        // Places to read values at: the curve itself is one mark.
        const READINGS: usize = 24;
        let every = (course.times.len() / READINGS).max(1);
        for (i, (t, v)) in fitted.iter().enumerate().step_by(every) {
            let Some(at) = panel.x.place(*t).filter(|_| v.is_finite()) else {
                continue;
            };
            let mut text = format!(
                "{} at {}",
                label::value(*v, unit),
                label::time(*t, study.time_unit.as_deref())
            );
            if let (Some(l), Some(u)) = (course.band.lower.get(i), course.band.upper.get(i)) {
                text.push_str(&format!(" ({})", label::range(Some(*l), Some(*u), unit)));
            }
            panel.whisker(at, *v, *v, Ink::Touch.stroke(10.0), &text)?;
        }
        let rows = fit.map(|f| f.data.as_slice()).unwrap_or_default();
        for row in rows
            .iter()
            .filter(|r| r.observable == course.observable && r.experiment == course.experiment)
        {
            let (Some(t), Some(m)) = (row.time, row.measured) else {
                continue;
            };
            let Some(at) = panel.x.place(t) else { continue };
            let spread = row
                .standard_error
                .or_else(|| Some(row.sd? / (row.n? as f64).sqrt()));
            let marker = match row.kind.as_str() {
                "limit_below" => Marker::Down,
                "limit_above" => Marker::Up,
                "known_error" => Marker::Ring,
                _ => Marker::Circle,
            };
            if let Some(d) = spread.filter(|_| !row.kind.starts_with("limit")) {
                panel.whisker(at, m - d, m + d, Ink::Data.stroke(2.0), "")?;
            }
            panel.mark(t, m, marker, Ink::Data, &row_text(study, row))?;
        }
        Ok(())
    })
}

fn line(times: &[f64], values: &[f64]) -> Vec<(f64, f64)> {
    times.iter().copied().zip(values.iter().copied()).collect()
}

fn band(course: &Course) -> Vec<(f64, f64, f64)> {
    course
        .times
        .iter()
        .zip(course.band.lower.iter().zip(&course.band.upper))
        .filter(|(_, (l, u))| l.is_finite() && u.is_finite())
        .map(|(t, (l, u))| (*t, *l, *u))
        .collect()
}

fn finite(values: &[f64]) -> bool {
    values.iter().any(|v| v.is_finite())
}
