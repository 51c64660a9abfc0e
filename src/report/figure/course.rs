//! Time courses with bands and data: one panel an observable and arm, the other arms faint behind.

use super::super::view::{Course, Courses, Fit, Study};
use super::super::words;
use super::axis::{Axis, Scale};
use super::data::row_text;
use super::ink::Ink;
use super::label;
use super::marker::Marker;
use super::panel::{Frame, bottom_room, left_room, sheet};
use super::{Drawing, Figure, PANEL, Sample};

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
        .filter(|c| c.observable == observable && c.points.len() > 1)
        .collect();
    own.sort_by_key(|c| study.experiment_order(&c.experiment));
    if own.is_empty() {
        return None;
    }
    let name = study.observable_name(observable);
    let unit = study.observable_unit(observable);
    let mut values: Vec<f64> = own
        .iter()
        .flat_map(|c| &c.points)
        .flat_map(|p| [p.value, p.lower, p.upper])
        .flatten()
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
    let times = own.iter().flat_map(|c| &c.points).map(|p| p.time);
    let x = Axis::over(
        words::with_unit("time", study.time_unit.as_deref()),
        Scale::Linear,
        times,
        5,
    );
    let has_simultaneous = own
        .iter()
        .flat_map(|c| &c.points)
        .any(|p| p.lower_simultaneous.is_some());
    let drawings = own
        .iter()
        .take(MOST)
        .map(|course| panel(study, fit, &own, course, (&x, &y)))
        .collect();
    let mut key = vec![(Sample::Line(Ink::Fit), "fit".to_owned())];
    let has_band = own
        .iter()
        .flat_map(|c| &c.points)
        .any(|p| p.lower.is_some());
    if has_band {
        key.push((
            Sample::Area(Ink::Band),
            format!("{} band at each time", words::level(courses.level)),
        ));
    }
    if has_simultaneous {
        key.push((
            Sample::Line(Ink::Muted),
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
    let mut caption = format!("{}, one panel an arm.", words::with_unit(name, unit));
    if let Some(method) = courses.method.as_ref().filter(|_| has_band) {
        caption.push_str(&format!(" Bands: {method}."));
    }
    if left_out > 0 {
        caption.push_str(&format!(" {left_out} more arms are in the result files."));
    }
    Some(Figure {
        id: format!("course-{observable}"),
        title: format!("Time course of {name}"),
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
    let unit = study.observable_unit(&course.observable);
    let label = format!(
        "{} over time, {}",
        study.observable_name(&course.observable),
        course.experiment
    );
    sheet(PANEL, HEIGHT, label, |s| {
        s.title(&label::short(&course.experiment, 45))?;
        let panel = s.panel(frame, x.clone(), y.clone())?;
        let band: Vec<(f64, f64, f64)> = course
            .points
            .iter()
            .filter_map(|p| Some((p.time, p.lower?, p.upper?)))
            .collect();
        panel.band(&band, Ink::Band)?;
        for other in all.iter().filter(|c| c.experiment != course.experiment) {
            panel.curve(&line(other), Ink::Ghost.stroke(1.0), "", &other.experiment)?;
        }
        for end in [
            |p: &super::super::view::CoursePoint| p.lower_simultaneous,
            |p: &super::super::view::CoursePoint| p.upper_simultaneous,
        ] {
            let line: Vec<(f64, f64)> = course
                .points
                .iter()
                .filter_map(|p| Some((p.time, end(p)?)))
                .collect();
            panel.curve(&line, Ink::Muted.stroke(1.0), "dotted", "")?;
        }
        panel.curve(&line(course), Ink::Fit.stroke(1.8), "", "")?;
        // Places to read values at: the curve itself is one mark.
        const READINGS: usize = 24;
        let every = (course.points.len() / READINGS).max(1);
        for p in course.points.iter().step_by(every) {
            let (Some(v), Some(at)) = (p.value, panel.x.place(p.time)) else {
                continue;
            };
            let mut text = format!(
                "{} at {}",
                label::value(v, unit),
                label::value(p.time, study.time_unit.as_deref())
            );
            if p.lower.is_some() || p.upper.is_some() {
                text.push_str(&format!(" ({})", label::range(p.lower, p.upper, unit)));
            }
            panel.whisker(at, v, v, Ink::Touch.stroke(10.0), &text)?;
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

fn line(course: &Course) -> Vec<(f64, f64)> {
    course
        .points
        .iter()
        .map(|p| (p.time, p.value.unwrap_or(f64::NAN)))
        .collect()
}
