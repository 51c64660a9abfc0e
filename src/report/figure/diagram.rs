//! The diagram of a model: what becomes what, and what acts on what.

use super::super::view::{Equations, Flow, FlowKind, Node, Role};
use super::canvas::text_width;
use super::ink::Ink;
use super::label;
use super::layout::{Layout, Link, layered};
use super::marker::Marker;
use super::panel::{Drawn, Sheet, Words, sheet};
use super::{Figure, Sample};

/// Nodes up to which a diagram can be read; beyond, the equations are the better view.
const MOST_NODES: usize = 40;
/// Height of a node.
const HEIGHT: f64 = 28.0;
/// Room around the layout.
const MARGIN: f64 = 16.0;
/// Points that a curve is drawn with between two places.
const SMOOTH: usize = 8;

/// The diagram, unless the model is too large to be read as one.
pub fn diagram(equations: &Equations) -> Option<Figure> {
    let nodes = &equations.nodes;
    if nodes.len() < 2 || nodes.len() > MOST_NODES {
        return None;
    }
    let names: Vec<String> = nodes
        .iter()
        .map(|n| label::symbol(&label::short(&n.id, 20)))
        .collect();
    let widths: Vec<f64> = names
        .iter()
        .map(|n| (text_width(n) * 12.0 + 22.0).max(44.0))
        .collect();
    let drawn: Vec<&Flow> = equations
        .flows
        .iter()
        .filter(|f| f.from.is_some() && f.to.is_some())
        .collect();
    let links: Vec<Link> = drawn
        .iter()
        .filter_map(|f| {
            Some(Link {
                from: f.from?,
                to: f.to?,
            })
        })
        .collect();
    let of = |role: Role| -> Vec<bool> { nodes.iter().map(|n| n.role == role).collect() };
    let layout = layered(&widths, &links, &of(Role::Input), &of(Role::Output));
    let (width, height) = (layout.width + 2.0 * MARGIN, layout.height + MARGIN);
    let sheet_label = format!(
        "Diagram of {}: states, inputs and readouts, and what acts on what",
        equations.id
    );
    let drawing = sheet(
        width.ceil() as u32,
        height.ceil() as u32,
        sheet_label,
        |s| {
            for (k, flow) in drawn.iter().enumerate() {
                arrow(s, &layout, &widths, nodes, flow, k)?;
            }
            for (i, node) in nodes.iter().enumerate() {
                let Some((x, y)) = layout.nodes.get(i).copied() else {
                    continue;
                };
                let (x, y) = (x + MARGIN, y + MARGIN / 2.0);
                let half = widths.get(i).copied().unwrap_or(44.0) / 2.0;
                let title = if node.description.is_empty() {
                    node.id.clone()
                } else {
                    format!("{}: {}", node.id, node.description)
                };
                let outline = outline(node.role, (x, y), half);
                s.node(&outline, &title)?;
                s.words(
                    names.get(i).map_or("", String::as_str),
                    x,
                    y,
                    Words {
                        h: 0,
                        size: 12.0,
                        ..Words::default()
                    },
                )?;
            }
            Ok(())
        },
    );
    let kinds = |kind: FlowKind| drawn.iter().any(|f| f.kind == kind);
    let mut key = Vec::new();
    for (kind, sample, text) in [
        (
            FlowKind::Conversion,
            Sample::Arrow(Marker::Right, Ink::Text),
            "becomes",
        ),
        (
            FlowKind::Activation,
            Sample::Arrow(Marker::Right, Ink::Series(0)),
            "raises",
        ),
        (
            FlowKind::Inhibition,
            Sample::Dot(Marker::Stop, Ink::Series(1)),
            "lowers",
        ),
        (
            FlowKind::Modulation,
            Sample::Arrow(Marker::Lozenge, Ink::Muted),
            "acts either way",
        ),
    ] {
        if kinds(kind) {
            key.push((sample, text.to_owned()));
        }
    }
    Some(Figure {
        id: "diagram".into(),
        title: "States and what acts on them".into(),
        caption: "Read off the equations. Boxes are states, boxes with slanted sides are inputs, rounded ones are \
                  readouts."
            .into(),
        key,
        drawings: vec![drawing],
    })
}

/// Corners of a node's box.
fn outline(role: Role, (x, y): (f64, f64), half: f64) -> Vec<(f64, f64)> {
    let h = HEIGHT / 2.0;
    match role {
        Role::State => vec![
            (x - half, y - h),
            (x + half, y - h),
            (x + half, y + h),
            (x - half, y + h),
        ],
        Role::Input => {
            let slant = 7.0;
            vec![
                (x - half + slant, y - h),
                (x + half + slant, y - h),
                (x + half - slant, y + h),
                (x - half - slant, y + h),
            ]
        }
        Role::Output => {
            // Half circles at both sides.
            let steps = 10;
            let mut points = Vec::new();
            for (centre, from) in [(x + half - h, -0.25), (x - half + h, 0.25)] {
                for i in 0..=steps {
                    let turn = from + 0.5 * f64::from(i) / f64::from(steps);
                    let angle = std::f64::consts::TAU * turn;
                    points.push((centre + h * libm::cos(angle), y + h * libm::sin(angle)));
                }
            }
            points
        }
    }
}

fn arrow(
    s: &Sheet<'_>,
    layout: &Layout,
    widths: &[f64],
    nodes: &[Node],
    flow: &Flow,
    k: usize,
) -> Drawn {
    let (Some(from), Some(to)) = (flow.from, flow.to) else {
        return Ok(());
    };
    let at = |i: usize| {
        layout
            .nodes
            .get(i)
            .map(|(x, y)| (x + MARGIN, y + MARGIN / 2.0))
    };
    let (Some(a), Some(b)) = (at(from), at(to)) else {
        return Ok(());
    };
    let mut points = vec![a];
    if let Some(way) = layout.ways.get(k) {
        points.extend(way.iter().map(|(x, y)| (x + MARGIN, y + MARGIN / 2.0)));
    }
    points.push(b);
    if points.len() == 2 {
        // Two arrows between the same nodes, or along a rank, bow apart.
        let (dx, dy) = (b.0 - a.0, b.1 - a.1);
        let length = (dx * dx + dy * dy).sqrt().max(1.0);
        let level = dy.abs() < 1.0;
        let bow = if level { 0.28 * length.min(160.0) } else { 7.0 };
        let side = if level {
            (0.0, -1.0)
        } else {
            (dy / length, -dx / length)
        };
        points.insert(
            1,
            (
                f64::midpoint(a.0, b.0) + side.0 * bow,
                f64::midpoint(a.1, b.1) + side.1 * bow,
            ),
        );
    }
    let half = |i: usize| widths.get(i).copied().unwrap_or(44.0) / 2.0 + 2.0;
    let head = if flow.kind == FlowKind::Conversion {
        9.0
    } else {
        7.0
    };
    let curve = smooth(&points);
    let curve = leave(curve, a, half(from), 0.0);
    let mut curve: Vec<(f64, f64)> = leave(curve.into_iter().rev().collect(), b, half(to), 1.0);
    curve.reverse();
    let (ink, width) = match flow.kind {
        FlowKind::Conversion => (Ink::Text, 2.0),
        FlowKind::Activation => (Ink::Series(0), 1.2),
        FlowKind::Inhibition => (Ink::Series(1), 1.2),
        FlowKind::Modulation => (Ink::Muted, 1.2),
    };
    let name = |i: usize| nodes.get(i).map_or("", |n| n.id.as_str());
    let verb = match flow.kind {
        FlowKind::Conversion => "becomes",
        FlowKind::Activation => "raises",
        FlowKind::Inhibition => "lowers",
        FlowKind::Modulation => "acts on",
    };
    let title = format!(
        "{} {verb} {}: {}",
        name(from),
        name(to),
        label::short(&flow.text, 160)
    );
    let Some(tip) = curve.last().copied() else {
        return Ok(());
    };
    // Direction over the last pixels, not of the last short piece.
    let before = curve
        .iter()
        .rev()
        .find(|p| {
            let (dx, dy) = (tip.0 - p.0, tip.1 - p.1);
            dx * dx + dy * dy > head * head
        })
        .copied()
        .unwrap_or(a);
    let (dx, dy) = (tip.0 - before.0, tip.1 - before.1);
    let length = (dx * dx + dy * dy).sqrt().max(1e-6);
    let (ux, uy) = (dx / length, dy / length);
    let place = |along: f64, across: f64| {
        (
            tip.0 - along * ux - across * uy,
            tip.1 - along * uy + across * ux,
        )
    };
    let shaft = if flow.kind == FlowKind::Inhibition {
        0.0
    } else {
        head - 2.0
    };
    let mut line: Vec<(f64, f64)> = curve
        .iter()
        .copied()
        .filter(|p| {
            let (dx, dy) = (tip.0 - p.0, tip.1 - p.1);
            dx * dx + dy * dy > shaft * shaft
        })
        .collect();
    line.push(place(shaft, 0.0));
    s.arrow(&line, ink, width, &title)?;
    match flow.kind {
        FlowKind::Conversion | FlowKind::Activation => {
            let spread = head * 0.45;
            s.area(&[tip, place(head, spread), place(head, -spread)], ink)
        }
        FlowKind::Inhibition => s.path(&[place(0.0, 5.5), place(0.0, -5.5)], ink.stroke(2.0)),
        FlowKind::Modulation => s.area(
            &[tip, place(4.0, 3.4), place(8.0, 0.0), place(4.0, -3.4)],
            ink,
        ),
    }
}

/// A smooth curve through points (Catmull & Rom, uniform).
fn smooth(points: &[(f64, f64)]) -> Vec<(f64, f64)> {
    let n = points.len();
    let get = |i: isize| {
        let k = i.clamp(0, n as isize - 1) as usize;
        points.get(k).copied().unwrap_or_default()
    };
    let mut out = Vec::with_capacity(n * SMOOTH);
    for i in 0..n.saturating_sub(1) as isize {
        let (p0, p1, p2, p3) = (get(i - 1), get(i), get(i + 1), get(i + 2));
        for step in 0..SMOOTH {
            let t = step as f64 / SMOOTH as f64;
            let blend = |a: f64, b: f64, c: f64, d: f64| {
                0.5 * (2.0 * b
                    + (c - a) * t
                    + (2.0 * a - 5.0 * b + 4.0 * c - d) * t * t
                    + (3.0 * b - a - 3.0 * c + d) * t * t * t)
            };
            out.push((blend(p0.0, p1.0, p2.0, p3.0), blend(p0.1, p1.1, p2.1, p3.1)));
        }
    }
    out.extend(points.last().copied());
    out
}

/// The curve from where it leaves the box around `centre`, `gap` pixels away from it.
fn leave(curve: Vec<(f64, f64)>, centre: (f64, f64), half: f64, gap: f64) -> Vec<(f64, f64)> {
    let (w, h) = (half + gap, HEIGHT / 2.0 + 1.5 + gap);
    let inside = |p: (f64, f64)| (p.0 - centre.0).abs() <= w && (p.1 - centre.1).abs() <= h;
    let Some(k) = curve.iter().position(|p| !inside(*p)) else {
        return curve;
    };
    let mut rest = curve.get(k..).map(<[_]>::to_vec).unwrap_or_default();
    if let (Some(last), Some(next)) = (
        k.checked_sub(1).and_then(|j| curve.get(j).copied()),
        rest.first().copied(),
    ) {
        // Where the piece crosses the box, by halving.
        let (mut a, mut b) = (last, next);
        for _ in 0..24 {
            let m = (f64::midpoint(a.0, b.0), f64::midpoint(a.1, b.1));
            if inside(m) {
                a = m;
            } else {
                b = m;
            }
        }
        rest.insert(0, b);
    }
    rest
}
