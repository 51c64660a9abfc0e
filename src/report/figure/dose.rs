//! Dose-response curves and combinations of two drugs.

use super::super::number::{Style, significant};
use super::super::view::Study;
use super::super::words;
use super::axis::{Axis, Scale};
use super::ink::{HEAT_STEPS, Ink, step};
use super::label;
use super::marker::Marker;
use super::panel::{Frame, Words, bottom_room, left_room, sheet};
use super::{Drawing, Figure, Sample};
use crate::predict::Estimate;
use crate::predict::combination::{Cell, Combination, SurfacePoint};
use crate::predict::dose::DoseResponse;

/// Parts of a response `observable@experiment@time`; an expression that is more than that is its own name.
pub struct Response<'r> {
    /// Observable, or the whole expression.
    pub observable: &'r str,
    /// Experiment.
    pub experiment: Option<&'r str>,
    /// Time as written.
    pub time: Option<&'r str>,
}

/// Takes a response apart.
pub fn response(text: &str) -> Response<'_> {
    let mut parts = text.split('@').map(str::trim);
    let names = |t: &str| t.chars().all(|c| c.is_alphanumeric() || c == '_');
    match (parts.next(), parts.next(), parts.next(), parts.next()) {
        (Some(o), Some(e), time, None) if names(o) && names(e) => Response {
            observable: o,
            experiment: Some(e),
            time,
        },
        _ => Response {
            observable: text,
            experiment: None,
            time: None,
        },
    }
}

/// One figure for the curves that share input and observable.
pub fn doses(study: &Study, doses: &[DoseResponse]) -> Vec<Figure> {
    let mut groups: Vec<Vec<&DoseResponse>> = Vec::new();
    for dose in doses.iter().filter(|d| d.curve.len() > 1) {
        let same = |f: &&DoseResponse| {
            f.input == dose.input
                && response(&f.response).observable == response(&dose.response).observable
        };
        match groups.iter_mut().find(|g| g.first().is_some_and(same)) {
            Some(g) => g.push(dose),
            None => groups.push(vec![dose]),
        }
    }
    groups.iter().filter_map(|g| curves(study, g)).collect()
}

/// `Read at 24 h. `
fn reading_time(time: Option<&str>, study: &Study) -> String {
    time.map_or_else(String::new, |t| {
        format!("Read at {t}{}. ", words::behind(study.time_unit.as_deref()))
    })
}

/// Name of a curve beside others.
fn curve_name(dose: &DoseResponse) -> &str {
    response(&dose.response)
        .experiment
        .unwrap_or(&dose.response)
}

fn curves(study: &Study, doses: &[&DoseResponse]) -> Option<Figure> {
    let first = doses.first()?;
    let read = response(&first.response);
    let name = study.observable_name(read.observable);
    let unit = first
        .response_unit
        .as_deref()
        .or_else(|| study.observable_unit(read.observable));
    let points = || doses.iter().flat_map(|d| &d.curve);
    let x = Axis::over(
        words::with_unit(&first.input, first.input_unit.as_deref()),
        Scale::Log,
        points().map(|p| p.dose),
        7,
    );
    let values = points()
        .flat_map(|p| [p.value, p.lower, p.upper])
        .filter(|v| v.is_finite())
        .collect();
    let y = super::data::value_axis(words::with_unit(name, unit), values);
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
            for (i, dose) in doses.iter().enumerate() {
                let band: Vec<(f64, f64, f64)> = dose
                    .curve
                    .iter()
                    .filter(|p| p.lower.is_finite() && p.upper.is_finite())
                    .map(|p| (p.dose, p.lower, p.upper))
                    .collect();
                if single {
                    panel.band(&band, Ink::Band, "")?;
                } else {
                    // Bands that overlap show both.
                    panel.band(&band, Ink::Series((i % 8) as u8), "veil")?;
                }
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
                            (p.dose, if own { p.value } else { f64::NAN })
                        })
                        .collect();
                    let width = if extrapolated { 1.4 } else { 2.0 };
                    panel.curve(&line, ink.stroke(width), class, "")?;
                }
                for p in &dose.curve {
                    if let Some(at) = panel.x.place(p.dose).filter(|_| p.value.is_finite()) {
                        let mut text = format!(
                            "{}: {}",
                            label::value(p.dose, dose.input_unit.as_deref()),
                            label::value(p.value, unit)
                        );
                        if p.lower.is_finite() || p.upper.is_finite() {
                            text.push_str(&format!(
                                " ({})",
                                label::range(Some(p.lower), Some(p.upper), unit)
                            ));
                        }
                        if p.extrapolated {
                            text.push_str(", beyond the doses tested");
                        }
                        panel.whisker(at, p.value, p.value, Ink::Touch.stroke(8.0), &text)?;
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
            let text = curve_name(d).to_owned();
            if single {
                (Sample::Line(Ink::Fit), text)
            } else {
                (Sample::Dash(i as u8), text)
            }
        })
        .collect();
    if points().any(|p| p.lower.is_finite()) {
        key.push((
            Sample::Area(if single { Ink::Band } else { Ink::Ghost }),
            format!("{} band", words::level(Some(first.level))),
        ));
    }
    if doses.iter().any(|d| d.summary.ec50.value.is_finite()) {
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
    let mut caption = reading_time(read.time, study);
    caption.push_str("Dotted: beyond the doses that occur in the data.");
    let prior_only: Vec<&str> = doses
        .iter()
        .filter(|d| d.prior_only)
        .map(|d| curve_name(d))
        .collect();
    if !prior_only.is_empty() {
        caption.push_str(&format!(
            " The position of {} on the dose axis comes from a prior, not from these data.",
            prior_only.join(" and ")
        ));
    }
    Some(Figure {
        id: format!("dose-{}-{}", first.input, read.observable),
        title: format!("{name} against the dose of {}", first.input),
        caption: caption.into(),
        key,
        drawings: vec![drawing],
    })
}

/// The dose of half the effect, at the height that the curve has there.
fn mark_half(panel: &super::Panel<'_>, dose: &DoseResponse, ink: Ink) -> super::panel::Drawn {
    let half: &Estimate = &dose.summary.ec50;
    let Some(height) = interpolate(dose, half.value) else {
        return Ok(());
    };
    let Some(at) = panel.y.place(height) else {
        return Ok(());
    };
    let unit = dose.input_unit.as_deref();
    let (lower, upper) = (finite(half.lower), finite(half.upper));
    let text = format!(
        "half the effect at {} ({})",
        label::value(half.value, unit),
        label::range(lower, upper, unit)
    );
    let from = lower
        .and_then(|v| panel.x.clamped(v))
        .unwrap_or(panel.x.from);
    let to = upper.and_then(|v| panel.x.clamped(v)).unwrap_or(panel.x.to);
    panel.line_at((from, at), (to, at), ink.stroke(1.6), "", &text)?;
    panel.mark(half.value, height, Marker::Diamond, ink, &text)
}

fn finite(v: f64) -> Option<f64> {
    Some(v).filter(|v| v.is_finite())
}

/// Response at a dose between the points of a curve, linear in the logarithm.
fn interpolate(dose: &DoseResponse, at: f64) -> Option<f64> {
    dose.curve.windows(2).find_map(|w| {
        let [a, b] = w else { return None };
        if !(a.dose <= at && at <= b.dose) {
            return None;
        }
        let (va, vb) = (finite(a.value)?, finite(b.value)?);
        let log = |v: f64| super::axis::place(Scale::Log, v);
        match (log(a.dose), log(b.dose), log(at)) {
            (Some(la), Some(lb), Some(l)) if lb > la => Some(va + (vb - va) * (l - la) / (lb - la)),
            _ => Some(va),
        }
    })
}

/// A combination: response, and excess over each reference that applies.
pub fn combination(study: &Study, c: &Combination) -> Option<Figure> {
    let [first, second] = &c.inputs;
    let (n, m) = (c.doses_a.len(), c.doses_b.len());
    if n < 2 || m < 2 || c.surface.len() != n * m {
        return None;
    }
    let read = response(&c.response);
    let name = study.observable_name(read.observable);
    let unit = c
        .response_unit
        .as_deref()
        .or_else(|| study.observable_unit(read.observable));
    let title = words::with_unit(name, unit);
    let mut drawings = vec![surface(c, &|p| p.response, &title, unit, false)];
    type Pick<'p> = &'p dyn Fn(&SurfacePoint) -> Cell;
    let excesses: [(Pick<'_>, &str, bool); 3] = [
        (
            &|p| p.bliss,
            "excess over Bliss independence",
            c.synergy.bliss.not_applicable.is_none(),
        ),
        (
            &|p| p.loewe,
            "excess over Loewe additivity",
            c.synergy.loewe.not_applicable.is_none(),
        ),
        (
            &|p| p.hsa,
            "excess over the better drug alone",
            c.synergy.hsa.not_applicable.is_none(),
        ),
    ];
    for (pick, title, applies) in excesses {
        if applies && c.surface.iter().any(|p| pick(p).value.is_finite()) {
            drawings.push(surface(c, pick, title, None, true));
        }
    }
    let mut caption = reading_time(read.time, study);
    caption.push_str(
        "An excess is a part of the full effect, blue below and orange above zero; each step of colour is an eleventh \
         of the range written beside the panel.",
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
    pick: &dyn Fn(&SurfacePoint) -> Cell,
    title: &str,
    unit: Option<&str>,
    around_zero: bool,
) -> Drawing {
    const WIDTH: u32 = 460;
    const HEIGHT: u32 = 330;
    let at = |i: usize, j: usize| {
        let cell = pick(c.surface.get(i * c.doses_b.len() + j)?);
        finite(cell.value).map(|_| cell)
    };
    let all = || {
        c.surface
            .iter()
            .map(|p| pick(p).value)
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
    let (x, x_edges) = edges(&c.doses_a, input(0));
    let (y, y_edges) = edges(&c.doses_b, input(1));
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
            let step_at = |i: usize| at(i, j).map(|cell| step(share(cell.value)));
            let mut i = 0;
            while i < c.doses_a.len() {
                let Some(k) = step_at(i) else {
                    i += 1;
                    continue;
                };
                let start = i;
                while i < c.doses_a.len() && step_at(i) == Some(k) {
                    i += 1;
                }
                if let (Some(from), Some(to)) = (x_edges.get(start), x_edges.get(i)) {
                    panel.block((*from, *bottom), (*to, *top), ink(k), "")?;
                }
            }
        }
        readings(&panel, c, &at, unit)?;
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
    at: &dyn Fn(usize, usize) -> Option<Cell>,
    unit: Option<&str>,
) -> super::panel::Drawn {
    const EACH_WAY: usize = 14;
    let every = |n: usize| n.div_ceil(EACH_WAY).max(1);
    for (i, a) in c.doses_a.iter().enumerate().step_by(every(c.doses_a.len())) {
        for (j, b) in c.doses_b.iter().enumerate().step_by(every(c.doses_b.len())) {
            let Some(cell) = at(i, j) else {
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
                label::value(cell.value, unit)
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
