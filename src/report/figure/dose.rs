//! Dose-response curves and combinations of two drugs.

use super::super::number::{Style, significant};
use super::super::view::{Combination, Dose, Study};
use super::super::words;
use super::axis::{Axis, Scale};
use super::ink::{HEAT_STEPS, Ink, step};
use super::label;
use super::marker::Marker;
use super::panel::{Frame, Words, bottom_room, left_room, sheet};
use super::{Drawing, Figure, Sample};

/// One figure for the curves that share input and observable.
pub fn doses(study: &Study, doses: &[Dose]) -> Vec<Figure> {
    let mut groups: Vec<Vec<&Dose>> = Vec::new();
    for dose in doses.iter().filter(|d| d.curve.len() > 1) {
        match groups.iter_mut().find(|g| {
            g.first()
                .is_some_and(|f| f.input == dose.input && f.observable == dose.observable)
        }) {
            Some(g) => g.push(dose),
            None => groups.push(vec![dose]),
        }
    }
    groups.iter().filter_map(|g| curves(study, g)).collect()
}

fn curves(study: &Study, doses: &[&Dose]) -> Option<Figure> {
    let first = doses.first()?;
    let name = study.observable_name(&first.observable);
    let unit = first
        .unit
        .as_deref()
        .or_else(|| study.observable_unit(&first.observable));
    let points = || doses.iter().flat_map(|d| &d.curve);
    let x = Axis::over(
        words::with_unit(&first.input, first.input_unit.as_deref()),
        Scale::Log,
        points().map(|p| p.dose),
        7,
    );
    let values = points()
        .flat_map(|p| [p.value, p.lower, p.upper])
        .flatten()
        .collect();
    let y = value_axis(words::with_unit(name, unit), values);
    let frame = Frame {
        left: left_room(&y),
        top: 12.0,
        right: 600.0,
        bottom: 290.0,
    };
    let single = doses.len() == 1;
    let drawing = sheet(
        612,
        340,
        format!("{name} against the dose of {}", first.input),
        |s| {
            let panel = s.panel(frame, x.clone(), y.clone())?;
            for dose in doses {
                let band: Vec<(f64, f64, f64)> = dose
                    .curve
                    .iter()
                    .filter_map(|p| Some((p.dose, p.lower?, p.upper?)))
                    .collect();
                panel.band(&band, Ink::Band)?;
            }
            for (i, dose) in doses.iter().enumerate() {
                let ink = if single {
                    Ink::Fit
                } else {
                    Ink::Series((i % 8) as u8)
                };
                for (extrapolated, class) in [
                    (false, super::dash(if single { 0 } else { i })),
                    (true, "dotted"),
                ] {
                    let line: Vec<(f64, f64)> = dose
                        .curve
                        .iter()
                        .enumerate()
                        .map(|(k, p)| {
                            // The neighbour of a tested dose belongs to both pieces, so that the curve has no gap.
                            let beside = |j: Option<usize>| {
                                j.and_then(|j| dose.curve.get(j))
                                    .is_some_and(|q| q.extrapolated == extrapolated)
                            };
                            let own = p.extrapolated == extrapolated
                                || (extrapolated
                                    && (beside(k.checked_sub(1)) || beside(Some(k + 1))));
                            (
                                p.dose,
                                if own {
                                    p.value.unwrap_or(f64::NAN)
                                } else {
                                    f64::NAN
                                },
                            )
                        })
                        .collect();
                    let width = if extrapolated { 1.4 } else { 2.0 };
                    panel.curve(&line, ink.stroke(width), class, "")?;
                }
                for p in &dose.curve {
                    if let (Some(v), Some(at)) = (p.value, panel.x.place(p.dose)) {
                        let mut text = format!(
                            "{}: {}",
                            label::value(p.dose, dose.input_unit.as_deref()),
                            label::value(v, unit)
                        );
                        if p.lower.is_some() || p.upper.is_some() {
                            text.push_str(&format!(" ({})", label::range(p.lower, p.upper, unit)));
                        }
                        if p.extrapolated {
                            text.push_str(", beyond the doses tested");
                        }
                        panel.whisker(at, v, v, Ink::Touch.stroke(8.0), &text)?;
                    }
                }
                mark_half(&panel, dose, ink)?;
            }
            for tested in &first.tested {
                let text = format!(
                    "tested: {}",
                    label::value(*tested, first.input_unit.as_deref())
                );
                if let Some(p) = panel.x.place(*tested).filter(|_| panel.x.holds(*tested)) {
                    panel.mark_at((p, panel.y.from), Marker::Up, Ink::Data, &text)?;
                }
            }
            Ok(())
        },
    );
    let mut key: Vec<(Sample, String)> = doses
        .iter()
        .enumerate()
        .map(|(i, d)| {
            let text = d.label.clone().unwrap_or_else(|| d.experiment.clone());
            if single {
                (Sample::Line(Ink::Fit), text)
            } else {
                (Sample::Dash(i as u8), text)
            }
        })
        .collect();
    if points().any(|p| p.lower.is_some()) {
        key.push((
            Sample::Area(Ink::Band),
            format!("{} band", words::level(first.level)),
        ));
    }
    if doses.iter().any(|d| d.summary.ec50.is_some()) {
        key.push((
            Sample::Dot(Marker::Diamond, Ink::Fit),
            "half the effect, with interval".into(),
        ));
    }
    if !first.tested.is_empty() {
        key.push((
            Sample::Dot(Marker::Up, Ink::Data),
            "dose in the data".into(),
        ));
    }
    let mut caption = format!("{name} against {}", first.input);
    if let Some(t) = first.time {
        caption.push_str(&format!(
            " at {}",
            label::value(t, study.time_unit.as_deref())
        ));
    }
    caption.push_str(". Dotted: beyond the doses that occur in the data.");
    let prior_only: Vec<&str> = doses
        .iter()
        .filter(|d| d.prior_only)
        .map(|d| d.label.as_deref().unwrap_or(&d.experiment))
        .collect();
    if !prior_only.is_empty() {
        caption.push_str(&format!(
            " The position of {} on the dose axis comes from a prior, not from these data.",
            prior_only.join(" and ")
        ));
    }
    Some(Figure {
        id: format!("dose-{}-{}", first.input, first.observable),
        title: format!("{name} against the dose of {}", first.input),
        caption: caption.into(),
        key,
        drawings: vec![drawing],
    })
}

fn value_axis(label: String, values: Vec<f64>) -> Axis {
    if values.iter().all(|v| *v >= 0.0) {
        Axis::from_zero(label, values, 6)
    } else {
        Axis::over(label, Scale::Linear, values, 6)
    }
}

/// The dose of half the effect, at the height that the curve has there.
fn mark_half(panel: &super::Panel<'_>, dose: &Dose, ink: Ink) -> super::panel::Drawn {
    let Some(half) = &dose.summary.ec50 else {
        return Ok(());
    };
    let Some(value) = half.value else {
        return Ok(());
    };
    let Some(height) = interpolate(dose, value) else {
        return Ok(());
    };
    let Some(at) = panel.y.place(height) else {
        return Ok(());
    };
    let unit = dose.input_unit.as_deref();
    let text = format!(
        "EC50 {} ({})",
        label::value(value, unit),
        label::range(half.lower, half.upper, unit)
    );
    let low = half.lower.unwrap_or(0.0);
    let high = half.upper.unwrap_or(f64::MAX);
    let to = if half.upper.is_some() {
        panel.x.clamped(high).unwrap_or(panel.x.to)
    } else {
        panel.x.to
    };
    let from = panel.x.clamped(low).unwrap_or(panel.x.from);
    panel.line_at((from, at), (to, at), ink.stroke(1.6), "", &text)?;
    panel.mark(value, height, Marker::Diamond, ink, &text)
}

/// Response at a dose between the points of a curve, linear in the logarithm.
fn interpolate(dose: &Dose, at: f64) -> Option<f64> {
    dose.curve.windows(2).find_map(|w| {
        let [a, b] = w else { return None };
        if !(a.dose <= at && at <= b.dose) {
            return None;
        }
        let (va, vb) = (a.value?, b.value?);
        let log = |v: f64| super::axis::place(Scale::Log, v);
        match (log(a.dose), log(b.dose), log(at)) {
            (Some(la), Some(lb), Some(l)) if lb > la => Some(va + (vb - va) * (l - la) / (lb - la)),
            _ => Some(va),
        }
    })
}

/// A combination: response, and excess over each reference that applies.
pub fn combination(study: &Study, c: &Combination) -> Option<Figure> {
    let [first, second] = c.inputs.as_slice() else {
        return None;
    };
    let s = &c.surface;
    if s.a.len() < 2 || s.b.len() < 2 {
        return None;
    }
    let name = study.observable_name(&c.observable);
    let unit = c
        .unit
        .as_deref()
        .or_else(|| study.observable_unit(&c.observable));
    let mut drawings = vec![surface(
        c,
        &s.value,
        &words::with_unit(name, unit),
        unit,
        false,
    )];
    for (values, title) in [
        (&s.bliss, "excess over Bliss independence"),
        (&s.loewe, "excess over Loewe additivity"),
        (&s.hsa, "excess over the better drug alone"),
    ] {
        if values.iter().flatten().any(Option::is_some) {
            drawings.push(surface(
                c,
                values,
                &words::with_unit(title, unit),
                unit,
                true,
            ));
        }
    }
    let mut caption = format!("{name} over the doses of {first} and {second}");
    if let Some(t) = c.time {
        caption.push_str(&format!(
            " at {}",
            label::value(t, study.time_unit.as_deref())
        ));
    }
    caption.push_str(
        ". Each step of colour is a tenth of the range written beside the panel; an excess is blue below and orange \
         above zero.",
    );
    Some(Figure {
        id: format!("combine-{first}-{second}"),
        title: format!("{first} and {second} together"),
        caption: caption.into(),
        key: Vec::new(),
        drawings,
    })
}

fn surface(
    c: &Combination,
    values: &[Vec<Option<f64>>],
    title: &str,
    unit: Option<&str>,
    around_zero: bool,
) -> Drawing {
    const WIDTH: u32 = 460;
    const HEIGHT: u32 = 330;
    let all = || {
        values
            .iter()
            .flatten()
            .flatten()
            .copied()
            .filter(|v| v.is_finite())
    };
    let (mut low, mut high) = all().fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), v| {
        (l.min(v), h.max(v))
    });
    if around_zero {
        let most = low.abs().max(high.abs());
        (low, high) = (-most, most);
    }
    if low.is_nan() || high.is_nan() || low >= high {
        (low, high) = (low.min(0.0), low.max(0.0) + 1.0);
    }
    let input = |i: usize| {
        words::with_unit(
            c.inputs.get(i).map_or("", String::as_str),
            c.input_units.get(i).and_then(Option::as_deref),
        )
    };
    let x = edges(&c.surface.a, input(0));
    let y = edges(&c.surface.b, input(1));
    let (x_edges, y_edges) = (x.1, y.1);
    let (x, y) = (x.0, y.0);
    let left = left_room(&y);
    let frame = Frame {
        left,
        top: 26.0,
        right: f64::from(WIDTH) - 74.0,
        bottom: f64::from(HEIGHT) - bottom_room(&x, 300.0),
    };
    let ink = |k: u8| {
        if around_zero {
            Ink::Diverging(k)
        } else {
            Ink::Heat(k)
        }
    };
    let share = |v: f64| (v - low) / (high - low);
    sheet(WIDTH, HEIGHT, title.to_owned(), |s| {
        s.title(title)?;
        let panel = s.panel(frame, x.clone(), y.clone())?;
        // Runs of one step along the first dose are one rectangle.
        for (j, window) in y_edges.windows(2).enumerate() {
            let [bottom, top] = window else { continue };
            let step_at = |i: usize| {
                values
                    .get(i)
                    .and_then(|row| row.get(j))
                    .copied()
                    .flatten()
                    .map(|v| step(share(v)))
            };
            let mut i = 0;
            while i < c.surface.a.len() {
                let Some(k) = step_at(i) else {
                    i += 1;
                    continue;
                };
                let start = i;
                while i < c.surface.a.len() && step_at(i) == Some(k) {
                    i += 1;
                }
                if let (Some(from), Some(to)) = (x_edges.get(start), x_edges.get(i)) {
                    panel.block((*from, *bottom), (*to, *top), ink(k), "")?;
                }
            }
        }
        readings(&panel, c, values, unit)?;
        legend(s, frame, (low, high), &ink)
    })
}

/// An axis over doses with the edges of cells half way between them; a dose of 0 is put one cell below the smallest.
fn edges(doses: &[f64], label: String) -> (Axis, Vec<f64>) {
    let positive: Vec<f64> = doses
        .iter()
        .filter_map(|d| super::axis::place(Scale::Log, *d))
        .collect();
    let step = match positive.as_slice() {
        [a, b, ..] => b - a,
        _ => 1.0,
    };
    let zero = positive.first().copied().unwrap_or(0.0) - step;
    let places: Vec<f64> = doses
        .iter()
        .map(|d| super::axis::place(Scale::Log, *d).unwrap_or(zero))
        .collect();
    let mut edges = Vec::with_capacity(places.len() + 1);
    for (i, p) in places.iter().enumerate() {
        let before = if i == 0 { p - step } else { places[i - 1] };
        edges.push((before + p) / 2.0);
    }
    let last = places.last().copied().unwrap_or(0.0);
    let before = places.iter().rev().nth(1).copied().unwrap_or(last - step);
    edges.push(last + (last - before) / 2.0);
    let from = edges.first().copied().unwrap_or(0.0);
    let mut axis = Axis::between(
        label,
        Scale::Log,
        from,
        edges.last().copied().unwrap_or(1.0),
        5,
    );
    if doses.first().is_some_and(|d| *d <= 0.0) {
        axis.ticks.retain(|(p, _)| *p > zero + 0.5 * step);
        axis.minor.retain(|p| *p > zero + 0.5 * step);
        axis.ticks.insert(0, (zero, "0".into()));
    }
    (axis, edges)
}

/// Values to read under the pointer, on a coarser grid than the surface.
fn readings(
    panel: &super::Panel<'_>,
    c: &Combination,
    values: &[Vec<Option<f64>>],
    unit: Option<&str>,
) -> super::panel::Drawn {
    const EACH_WAY: usize = 14;
    let every = |n: usize| n.div_ceil(EACH_WAY).max(1);
    for (i, a) in c
        .surface
        .a
        .iter()
        .enumerate()
        .step_by(every(c.surface.a.len()))
    {
        for (j, b) in c
            .surface
            .b
            .iter()
            .enumerate()
            .step_by(every(c.surface.b.len()))
        {
            let Some(v) = values.get(i).and_then(|r| r.get(j)).copied().flatten() else {
                continue;
            };
            let dose = |k: usize, v: f64| {
                format!(
                    "{} {}",
                    c.inputs.get(k).map_or("", String::as_str),
                    label::value(v, c.input_units.get(k).and_then(Option::as_deref))
                )
            };
            let text = format!(
                "{}, {}: {}",
                dose(0, *a),
                dose(1, *b),
                label::value(v, unit)
            );
            if let (Some(x), Some(y)) = (panel.x.clamped(*a), panel.y.clamped(*b)) {
                panel.mark_at((x, y), Marker::Spot, Ink::Touch, &text)?;
            }
        }
    }
    Ok(())
}

/// The steps of colour beside a surface, with their values.
fn legend(
    s: &super::Sheet<'_>,
    frame: Frame,
    (low, high): (f64, f64),
    ink: &dyn Fn(u8) -> Ink,
) -> super::panel::Drawn {
    let left = frame.right + 14.0;
    let n = f64::from(HEAT_STEPS);
    let height = (frame.bottom - frame.top) / n;
    for k in 0..HEAT_STEPS {
        let bottom = frame.bottom - f64::from(k) * height;
        s.cell(
            Frame {
                left,
                top: bottom - height,
                right: left + 12.0,
                bottom,
            },
            ink(k),
            String::new(),
        )?;
    }
    for k in [0.0, 0.25, 0.5, 0.75, 1.0] {
        let v = low + k * (high - low);
        let v = if v.abs() < 1e-9 * (high - low) {
            0.0
        } else {
            v
        };
        s.words(
            &significant(v, 2, Style::Typeset),
            left + 16.0,
            frame.bottom - k * (frame.bottom - frame.top),
            Words {
                size: 10.0,
                ..Words::default()
            },
        )?;
    }
    Ok(())
}
