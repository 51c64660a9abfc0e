//! Variants in order of AICc.

use super::super::number::{Style, fixed, p_value};
use super::axis::Axis;
use super::ink::Ink;
use super::marker::Marker;
use super::panel::{Frame, Words, left_room, sheet};
use super::{Figure, Sample};
use crate::uncertainty::Comparison;
use crate::uncertainty::compare::NOT_SUPPORTED;

/// Height of a variant's line.
const LINE: f64 = 24.0;
/// Variants shown.
const MOST: usize = 60;
/// Distance to the best beyond which a variant is drawn at the edge.
const FAR: f64 = 40.0;

/// A line a variant: its distance to the best in AICc, and what speaks against it.
pub fn ranking(comparison: &Comparison) -> Option<Figure> {
    let rows: Vec<_> = comparison
        .models
        .iter()
        .filter(|m| m.delta.is_some())
        .take(MOST)
        .collect();
    if rows.is_empty() {
        return None;
    }
    let n = rows.len();
    let y = Axis::names("", rows.iter().rev().map(|m| m.id.clone()));
    let most = rows
        .iter()
        .filter_map(|m| m.delta)
        .fold(NOT_SUPPORTED, f64::max)
        .min(FAR);
    let x = Axis::from_zero("ΔAICc", [0.0, most], 6);
    let frame = Frame {
        left: left_room(&y),
        top: 10.0,
        right: 420.0,
        bottom: 10.0 + LINE * n as f64,
    };
    let height = (frame.bottom + 44.0) as u32;
    let drawing = sheet(652, height, "Variants in order of AICc", |s| {
        let panel = s.panel(frame, x.clone(), y.clone())?;
        panel.vertical(
            NOT_SUPPORTED,
            Ink::Limit,
            "dashed",
            "from here a variant is not supported",
        )?;
        for (i, m) in rows.iter().enumerate() {
            let at = (n - 1 - i) as f64;
            let delta = m.delta.unwrap_or_default();
            let shown = delta.min(panel.x.to);
            let ink = if m.excluded_by.is_empty() {
                Ink::Fit
            } else {
                Ink::Muted
            };
            let mut text = format!("{}: ΔAICc {}", m.id, fixed(delta, 1, Style::Typeset));
            if let Some(p) = m.p_value_bootstrap {
                text += &format!(", goodness of fit {}", p_value(p, Style::Typeset));
            }
            if !m.excluded_by.is_empty() {
                text += &format!("; {}", m.excluded_by.join("; "));
            }
            panel.line_at((0.0, at), (shown, at), ink.stroke(2.0), "", &text)?;
            let marker = if delta > shown {
                Marker::Right
            } else {
                Marker::Diamond
            };
            panel.mark_at((shown, at), marker, ink, &text)?;
            let marks: String = m
                .facts
                .iter()
                .map(|f| match f.holds {
                    Some(true) => '●',
                    Some(false) => '○',
                    None => '–',
                })
                .collect();
            let words = Words {
                ink: Ink::Muted,
                size: 10.0,
                v: 0,
                ..Words::default()
            };
            panel.words_at(
                &format!("{}  {marks}", fixed(delta, 1, Style::Typeset)),
                (panel.x.to, at),
                (14.0, 0.0),
                words,
            )?;
        }
        Ok(())
    });
    let facts: Vec<&str> = rows
        .first()
        .map(|m| m.facts.iter().map(|f| f.id.as_str()).collect())
        .unwrap_or_default();
    let mut key = vec![
        (
            Sample::Dot(Marker::Diamond, Ink::Fit),
            "nothing speaks against it".to_owned(),
        ),
        (
            Sample::Dot(Marker::Diamond, Ink::Muted),
            "something does".into(),
        ),
        (
            Sample::Dashed(Ink::Limit),
            format!("ΔAICc {}", fixed(NOT_SUPPORTED, 0, Style::Typeset)),
        ),
    ];
    if !facts.is_empty() {
        key.push((
            Sample::Area(Ink::Paper),
            format!("● holds, ○ fails: {}", facts.join(", ")),
        ));
    }
    Some(Figure {
        id: "ranking".into(),
        title: "Variants in order of AICc".into(),
        caption: "Distance of each variant to the best, on the exact likelihood of mean, SD and n."
            .into(),
        key,
        drawings: vec![drawing],
    })
}
