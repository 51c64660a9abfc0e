//! Profiles, bootstrap histograms, correlation, and where intervals lie within the bounds of the search.

use super::super::number::{Style, decimal, fixed, shortest};
use super::super::view::{Fit, Replicates, Study};
use super::super::words;
use super::axis::{Axis, Scale, place};
use super::ink::{HEAT_STEPS, Ink, over_diverging};
use super::label;
use super::marker::Marker;
use super::panel::{Frame, Words, bottom_room, left_room, sheet};
use super::{Drawing, Figure, PANEL, Sample};
use crate::uncertainty::bootstrap::{BootstrapInterval, Correlation};
use crate::uncertainty::profile::{Profile, ThresholdKind};
use crate::uncertainty::{Bootstrap, Estimate, Interval, Profiles};

/// Height of a panel.
const HEIGHT: u32 = 200;
/// Panels of a figure.
const MOST: usize = 60;

/// Scale of an axis for a parameter estimated on `scale`.
fn scale_of(scale: &str) -> Scale {
    match scale {
        "log" | "log10" => Scale::Log,
        "logit" => Scale::Logit,
        _ => Scale::Linear,
    }
}

fn estimate<'f>(fit: Option<&'f Fit>, id: &str) -> Option<&'f Estimate> {
    fit?.estimates.iter().find(|e| e.id == id)
}

/// Unit of a parameter: the fit's, else the study's.
fn unit<'v>(study: &'v Study, estimate: Option<&'v Estimate>, id: &str) -> Option<&'v str> {
    estimate
        .and_then(|e| e.unit.as_deref())
        .or_else(|| study.parameter_unit(id))
}

fn frame(x: &Axis, y: &Axis) -> Frame {
    let left = left_room(y);
    let right = f64::from(PANEL) - 10.0;
    Frame {
        left,
        top: 10.0,
        right,
        bottom: f64::from(HEIGHT) - bottom_room(x, right - left),
    }
}

fn name_axis(study: &Study, estimate: Option<&Estimate>, id: &str) -> String {
    words::with_unit(
        &label::symbol(&label::short(id, 40)),
        unit(study, estimate, id),
    )
}

/// One panel a profile: rise of the objective, threshold, interval, bounds.
pub fn profiles(study: &Study, profiles: &Profiles, fit: Option<&Fit>) -> Option<Figure> {
    let all: Vec<&Profile> = profiles
        .parameters
        .iter()
        .chain(&profiles.predictions)
        .filter(|p| p.points.len() > 1)
        .collect();
    if all.is_empty() {
        return None;
    }
    let drawings = all
        .iter()
        .take(MOST)
        .map(|p| profile(study, p, estimate(fit, &p.id)))
        .collect();
    let threshold = match profiles.threshold {
        ThresholdKind::SmallSample => "threshold for small samples",
        ThresholdKind::Chi2 => "χ² threshold",
        ThresholdKind::Bootstrap => "threshold calibrated by simulation",
    };
    Some(Figure {
        id: "profiles".into(),
        title: "Profile likelihoods".into(),
        caption: "Twice the rise of the objective when one parameter is held and all others are fitted again. Where the \
                  curve stays below the threshold up to the edge, that end is open or at a bound."
            .into(),
        key: vec![
            (Sample::Line(Ink::Fit), "profile".into()),
            (Sample::Dashed(Ink::Limit), format!("{threshold}, {}", words::level(Some(profiles.level)))),
            (Sample::Area(Ink::Band), "interval".into()),
            (Sample::Dot(Marker::Diamond, Ink::Fit), "estimate".into()),
            (Sample::Line(Ink::Axis), "bound of the search".into()),
        ],
        drawings,
    })
}

fn profile(study: &Study, profile: &Profile, estimate: Option<&Estimate>) -> Drawing {
    let points = &profile.points;
    let best = points
        .iter()
        .map(|p| p.objective)
        .fold(f64::INFINITY, f64::min);
    let threshold = Some(profile.threshold).filter(|t| *t > 0.0 && t.is_finite());
    let rise: Vec<(f64, f64)> = points
        .iter()
        .map(|p| (p.value, 2.0 * (p.objective - best)))
        .collect();
    // Twice the threshold shows how the curve goes on without flattening what lies below it.
    let top = threshold.map_or_else(|| rise.iter().map(|p| p.1).fold(1.0, f64::max), |t| 2.0 * t);
    let scale = estimate.map_or_else(
        || {
            if points.iter().all(|p| p.value > 0.0) {
                Scale::Log
            } else {
                Scale::Linear
            }
        },
        |e| scale_of(&e.scale),
    );
    let x = Axis::over(
        name_axis(study, estimate, &profile.id),
        scale,
        points.iter().map(|p| p.value),
        5,
    );
    let y = Axis::between("2Δ objective".into(), Scale::Linear, 0.0, top, 4);
    let label = format!("Profile of {}", profile.id);
    sheet(PANEL, HEIGHT, label, |s| {
        let panel = s.panel(frame(&x, &y), x.clone(), y.clone())?;
        let unit = unit(study, estimate, &profile.id);
        let (lower, upper) = words::closed(&profile.interval);
        let from = lower
            .and_then(|v| panel.x.clamped(v))
            .unwrap_or(panel.x.from);
        let to = upper.and_then(|v| panel.x.clamped(v)).unwrap_or(panel.x.to);
        let text = format!(
            "{}{}",
            words::interval(&profile.interval, estimate.map(|e| e.value), Style::Typeset),
            words::behind(unit)
        );
        panel.block(
            (from, panel.y.from),
            (to, threshold.unwrap_or(top)),
            Ink::Band,
            &text,
        )?;
        for bound in [
            estimate.map(|e| e.lower_bound),
            estimate.map(|e| e.upper_bound),
        ]
        .into_iter()
        .flatten()
        {
            panel.vertical(bound, Ink::Axis, "", "bound of the search")?;
        }
        if let Some(t) = threshold {
            let text = format!("threshold {}", fixed(t, 2, Style::Typeset));
            panel.horizontal(t, Ink::Limit, "dashed", &text)?;
        }
        panel.curve(&rise, Ink::Fit.stroke(1.8), "", "")?;
        for (v, r) in &rise {
            if *r <= top {
                let text = format!(
                    "{}: {} above the best",
                    label::value(*v, unit),
                    fixed(*r, 2, Style::Typeset)
                );
                panel.mark(*v, *r, Marker::Point, Ink::Fit, &text)?;
            }
        }
        if let Some(v) = estimate.map(|e| e.value) {
            panel.mark(v, 0.0, Marker::Diamond, Ink::Fit, &label::value(v, unit))?;
        }
        Ok(())
    })
}

/// Histograms of the bootstrap replicates, with the interval and the fit.
pub fn histograms(
    study: &Study,
    bootstrap: &Bootstrap,
    replicates: &Replicates,
    fit: Option<&Fit>,
) -> Option<Figure> {
    let drawings: Vec<Drawing> = replicates
        .ids
        .iter()
        .enumerate()
        .take(MOST)
        .filter_map(|(k, id)| {
            let values: Vec<f64> = replicates
                .rows
                .iter()
                .filter_map(|r| r.get(k).copied())
                .collect();
            let interval = bootstrap.intervals.iter().find(|i| i.id == *id);
            histogram(study, id, &values, interval, estimate(fit, id))
        })
        .collect();
    if drawings.is_empty() {
        return None;
    }
    Some(Figure {
        id: "bootstrap".into(),
        title: "Bootstrap replicates".into(),
        caption: "Estimates refitted to drawn data, on the scale of estimation.".into(),
        key: vec![
            (Sample::Area(Ink::Band), "replicates".into()),
            (Sample::Dashed(Ink::Limit), "ends of the interval".into()),
            (Sample::Line(Ink::Fit), "estimate".into()),
        ],
        drawings,
    })
}

fn histogram(
    study: &Study,
    id: &str,
    values: &[f64],
    interval: Option<&BootstrapInterval>,
    estimate: Option<&Estimate>,
) -> Option<Drawing> {
    let positive = values.iter().all(|v| *v > 0.0);
    let scale = match estimate.map(|e| scale_of(&e.scale)) {
        Some(Scale::Log) if !positive => Scale::Linear,
        Some(s) => s,
        None if positive => Scale::Log,
        None => Scale::Linear,
    };
    let mut places: Vec<f64> = values.iter().filter_map(|v| place(scale, *v)).collect();
    places.sort_by(f64::total_cmp);
    let n = places.len();
    if n < 2 {
        return None;
    }
    // The outermost replicates would squeeze the rest into a few bars.
    const TRIM: f64 = 0.002;
    let cut = (n as f64 * TRIM) as usize;
    let (low, high) = (*places.get(cut)?, *places.get(n - 1 - cut)?);
    let x = {
        let width = (high - low).max(1e-12 * low.abs().max(1.0));
        Axis::between(
            name_axis(study, estimate, id),
            scale,
            low - 0.06 * width,
            high + 0.06 * width,
            5,
        )
    };
    let bins = bin_count(n);
    let width = (x.to - x.from) / bins as f64;
    let mut counts = vec![0_u32; bins];
    for p in &places {
        let k = ((p - x.from) / width).floor();
        if k >= 0.0
            && let Some(c) = counts.get_mut(k as usize)
        {
            *c += 1;
        }
    }
    let y = Axis::from_zero("replicates", counts.iter().map(|c| f64::from(*c)), 4).whole();
    let unit = unit(study, estimate, id);
    let label = format!("Bootstrap replicates of {id}");
    Some(sheet(PANEL, HEIGHT, label, |s| {
        let panel = s.panel(frame(&x, &y), x.clone(), y.clone())?;
        for (k, c) in counts.iter().enumerate() {
            if *c == 0 {
                continue;
            }
            let from = x.from + k as f64 * width;
            let text = format!(
                "{}: {}",
                label::range(
                    Some(back(scale, from)),
                    Some(back(scale, from + width)),
                    unit
                ),
                words::counted(u64::from(*c), "replicate", "replicates")
            );
            // A hair of paper between bars.
            let gap = 0.06 * width;
            panel.block(
                (from + gap, 0.0),
                (from + width - gap, f64::from(*c)),
                Ink::Band,
                &text,
            )?;
        }
        if let Some(interval) = interval {
            let (lower, upper) = words::closed(&interval.interval);
            for end in [lower, upper].into_iter().flatten() {
                panel.vertical(end, Ink::Limit, "dashed", &label::value(end, unit))?;
            }
        }
        if let Some(v) = estimate.map(|e| e.value) {
            panel.vertical(
                v,
                Ink::Fit,
                "",
                &format!("estimate {}", label::value(v, unit)),
            )?;
        }
        Ok(())
    }))
}

/// Bars of a histogram: twice the cube root of the number of values (Rice's rule), within what a panel can show.
fn bin_count(n: usize) -> usize {
    ((2.0 * libm::cbrt(n as f64)) as usize).clamp(8, 36)
}

/// Value at a place.
fn back(scale: Scale, p: f64) -> f64 {
    match scale {
        Scale::Log => libm::pow(10.0, p),
        Scale::Logit => 1.0 / (1.0 + libm::exp(-p)),
        _ => p,
    }
}

/// Correlation of the estimates: a triangle of cells with their numbers.
pub fn correlation(c: &Correlation) -> Option<Figure> {
    let n = c.ids.len();
    // Beyond this, numbers no longer fit in the cells and the table in the result files is the better view.
    const LARGEST: usize = 40;
    if !(2..=LARGEST).contains(&n) || c.values.len() != n {
        return None;
    }
    let cell = if n <= 14 { 38.0 } else { 24.0 };
    let names: Vec<String> = c
        .ids
        .iter()
        .map(|i| label::symbol(&label::short(i, 24)))
        .collect();
    let room = names
        .iter()
        .map(|t| super::canvas::text_width(t) * 11.0)
        .fold(0.0, f64::max)
        + 12.0;
    let side = (room + cell * n as f64 + 4.0) as u32;
    let drawing = sheet(side, side, "Correlation of the estimates", |s| {
        for (i, name) in names.iter().enumerate() {
            let middle = room + (i as f64 + 0.5) * cell;
            s.words(
                name,
                room - 6.0,
                middle,
                Words {
                    h: 1,
                    ..Words::default()
                },
            )?;
            s.words(
                name,
                middle,
                room - 6.0,
                Words {
                    upright: true,
                    ..Words::default()
                },
            )?;
            for (j, other) in c.ids.iter().enumerate().take(i) {
                let Some(r) = c
                    .values
                    .get(i)
                    .and_then(|row| row.get(j))
                    .copied()
                    .flatten()
                else {
                    continue;
                };
                let (left, top) = (room + j as f64 * cell, room + i as f64 * cell);
                let frame = Frame {
                    left: left + 0.5,
                    top: top + 0.5,
                    right: left + cell - 0.5,
                    bottom: top + cell - 0.5,
                };
                let id = c.ids.get(i).map_or("", String::as_str);
                let step =
                    ((r.clamp(-1.0, 1.0) + 1.0) / 2.0 * f64::from(HEAT_STEPS - 1)).round() as u8;
                s.cell(
                    frame,
                    Ink::Diverging(step),
                    format!("{id} and {other}: {}", decimal(r, 2, Style::Typeset)),
                )?;
                if i != j {
                    let digits = if cell > 30.0 { 2 } else { 1 };
                    let ink = over_diverging(step);
                    s.words(
                        &decimal(r, digits, Style::Typeset),
                        left + cell / 2.0,
                        top + cell / 2.0,
                        Words {
                            h: 0,
                            size: 9.5,
                            ink,
                            ..Words::default()
                        },
                    )?;
                }
            }
        }
        Ok(())
    });
    Some(Figure {
        id: "correlation".into(),
        title: "Correlation of the estimates".into(),
        caption: "Among bootstrap replicates, on the scale of estimation. Pairs near ±1 trade against each other: the \
                  data determine their combination better than either."
            .into(),
        key: vec![
            (Sample::Area(Ink::Diverging(1)), "−1".into()),
            (Sample::Area(Ink::Diverging(5)), "0".into()),
            (Sample::Area(Ink::Diverging(9)), "+1".into()),
        ],
        drawings: vec![drawing],
    })
}

/// Where each interval lies within the bounds of the search, all methods side by side.
pub fn intervals(
    study: &Study,
    fit: &Fit,
    ids: &[&str],
    sets: &[(String, Vec<(&str, &Interval)>)],
) -> Option<Figure> {
    const LINE: f64 = 34.0;
    // Distance between the methods of a parameter.
    const STEP: f64 = 0.2;
    let rows: Vec<&Estimate> = fit
        .estimates
        .iter()
        .filter(|e| ids.contains(&e.id.as_str()))
        .filter(|e| e.lower_bound.is_finite() && e.upper_bound.is_finite())
        .collect();
    if rows.is_empty() || rows.len() > MOST {
        return None;
    }
    let n = rows.len();
    let names = rows.iter().rev().map(|e| name_axis(study, Some(e), &e.id));
    let y = Axis::names("", names);
    let x = Axis::between(
        "share of the range searched".into(),
        Scale::Linear,
        0.0,
        1.0,
        5,
    );
    let frame = Frame {
        left: left_room(&y),
        top: 10.0,
        right: 640.0,
        bottom: 10.0 + LINE * n as f64,
    };
    let height = (frame.bottom + 44.0) as u32;
    let drawing = sheet(
        652,
        height,
        "Intervals within the bounds of the search",
        |s| {
            let panel = s.panel(frame, x.clone(), y.clone())?;
            for (i, e) in rows.iter().enumerate() {
                let row = (n - 1 - i) as f64;
                let scale = scale_of(&e.scale);
                let (Some(low), Some(high)) =
                    (place(scale, e.lower_bound), place(scale, e.upper_bound))
                else {
                    continue;
                };
                if high <= low {
                    continue;
                }
                let share =
                    |v: f64| place(scale, v).map(|p| ((p - low) / (high - low)).clamp(0.0, 1.0));
                panel.line_at((0.0, row), (1.0, row), Ink::Grid.stroke(1.0), "", "")?;
                let unit = unit(study, Some(e), &e.id);
                for (k, (name, set)) in sets.iter().enumerate() {
                    let Some((_, interval)) = set.iter().find(|(id, _)| *id == e.id) else {
                        continue;
                    };
                    let at = row + STEP * (0.5 * (sets.len() as f64 - 1.0) - k as f64);
                    let (l, u) = words::closed(interval);
                    let text = format!(
                        "{name}: {}{}",
                        words::interval(interval, Some(e.value), Style::Typeset),
                        words::behind(unit)
                    );
                    let from = l.and_then(share).unwrap_or(0.0);
                    let to = u.and_then(share).unwrap_or(1.0);
                    panel.line_at(
                        (from, at),
                        (to, at),
                        Ink::Series(k as u8).stroke(2.4),
                        super::dash(k),
                        &text,
                    )?;
                    if l.is_none() {
                        panel.mark_at(
                            (0.0, at),
                            Marker::Left,
                            Ink::Series(k as u8),
                            "no lower end",
                        )?;
                    }
                    if u.is_none() {
                        panel.mark_at(
                            (1.0, at),
                            Marker::Right,
                            Ink::Series(k as u8),
                            "no upper end",
                        )?;
                    }
                }
                if let Some(p) = share(e.value) {
                    let v = e.value;
                    panel.mark_at((p, row), Marker::Diamond, Ink::Data, &label::value(v, unit))?;
                }
                let bound = |v: f64| shortest(v, Style::Typeset);
                let words = Words {
                    ink: Ink::Muted,
                    size: 9.0,
                    v: 1,
                    ..Words::default()
                };
                panel.words_at(&bound(e.lower_bound), (0.0, row - 0.42), (3.0, -1.0), words)?;
                panel.words_at(
                    &bound(e.upper_bound),
                    (1.0, row - 0.42),
                    (-2.0, -1.0),
                    Words { h: 1, ..words },
                )?;
            }
            Ok(())
        },
    );
    let mut key = vec![(
        Sample::Dot(Marker::Diamond, Ink::Data),
        "estimate".to_owned(),
    )];
    key.extend(
        sets.iter()
            .enumerate()
            .map(|(k, (name, _))| (Sample::Dash(k as u8), name.clone())),
    );
    let open = sets
        .iter()
        .any(|(_, set)| set.iter().any(|(_, i)| i.ends().is_none()));
    if open {
        key.push((
            Sample::Dot(Marker::Right, Ink::Muted),
            "no end on this side".into(),
        ));
    }
    Some(Figure {
        id: "intervals".into(),
        title: "How far the data narrow each parameter".into(),
        caption: "Every line runs over the range that was searched, on the scale of estimation, its bounds written at \
                  the ends. A short bar is a determined parameter."
            .into(),
        key,
        drawings: vec![drawing],
    })
}
