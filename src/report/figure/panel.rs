//! A sheet to draw on, and panels with two axes on it. All sizes are pixels, all values are data.

use std::convert::Infallible;

use plotters::coord::Shift;
use plotters::coord::types::RangedCoordf64;
use plotters::drawing::DrawingAreaErrorKind;
use plotters::element::Text;
use plotters::prelude::{Cartesian2d, DrawingArea, IntoDrawingArea};
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{
    Color, FontFamily, FontStyle, FontTransform, IntoFont, ShapeStyle, TextStyle,
};

use super::super::markup::Markup;
use super::Drawing;
use super::axis::{Axis, Scale};
use super::canvas::{Canvas, FONT, Mark, Shape, UNITS, text_width, units};
use super::ink::Ink;
use super::marker::Marker;

/// Outcome of drawing. The canvas itself cannot fail.
pub type Drawn = Result<(), DrawingAreaErrorKind<Infallible>>;

/// The place of a panel's data area on its sheet.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Frame {
    /// Left edge.
    pub left: f64,
    /// Upper edge.
    pub top: f64,
    /// Right edge.
    pub right: f64,
    /// Lower edge.
    pub bottom: f64,
}

/// A sheet in progress.
pub struct Sheet<'a> {
    root: DrawingArea<Canvas<'a>, Shift>,
    width: u32,
}

/// Draws on a sheet of the given size. `label` says what is shown to those who do not see it.
pub fn sheet(
    width: u32,
    height: u32,
    label: impl Into<String>,
    draw: impl FnOnce(&Sheet<'_>) -> Drawn,
) -> Drawing {
    let mut out = Markup::new();
    {
        let root = Canvas::new(&mut out, width, height).into_drawing_area();
        let sheet = Sheet { root, width };
        // The canvas is infallible, and `plotters` reports only errors of canvases and of shared use.
        let _ = draw(&sheet);
    }
    Drawing {
        width,
        height,
        label: label.into(),
        body: out.finish(),
    }
}

/// Style of a text.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Words {
    /// Role.
    pub ink: Ink,
    /// Size in pixels.
    pub size: f64,
    /// Bold.
    pub strong: bool,
    /// Horizontal anchor: −1 left, 0 centre, 1 right.
    pub h: i8,
    /// Vertical anchor: −1 top, 0 centre, 1 bottom.
    pub v: i8,
    /// Read upwards.
    pub upright: bool,
}

impl Default for Words {
    fn default() -> Self {
        Self {
            ink: Ink::Text,
            size: FONT,
            strong: false,
            h: -1,
            v: 0,
            upright: false,
        }
    }
}

impl Words {
    fn style(self) -> TextStyle<'static> {
        let font = (FontFamily::SansSerif, self.size * f64::from(UNITS)).into_font();
        let font = if self.strong {
            font.style(FontStyle::Bold)
        } else {
            font
        };
        let font = if self.upright {
            font.transform(FontTransform::Rotate270)
        } else {
            font
        };
        let h = match self.h {
            i8::MIN..=-1 => HPos::Left,
            0 => HPos::Center,
            1.. => HPos::Right,
        };
        let v = match self.v {
            i8::MIN..=-1 => VPos::Top,
            0 => VPos::Center,
            1.. => VPos::Bottom,
        };
        TextStyle {
            font,
            color: self.ink.key().to_backend_color(),
            pos: Pos::new(h, v),
        }
    }
}

impl<'a> Sheet<'a> {
    /// Words at a place in pixels.
    pub fn words(&self, text: &str, x: f64, y: f64, words: Words) -> Drawn {
        self.root.draw(&Text::new(
            text.to_owned(),
            (units(x), units(y)),
            words.style(),
        ))
    }
    /// A title over a drawing.
    pub fn title(&self, text: &str) -> Drawn {
        let room = f64::from(self.width) - 12.0;
        let size = (room / text_width(text).max(1.0)).clamp(9.0, 12.0);
        let words = Words {
            size,
            strong: true,
            v: -1,
            ..Words::default()
        };
        self.words(text, 6.0, 3.0, words)
    }
    /// A path in pixels.
    pub fn path(&self, points: &[(f64, f64)], style: ShapeStyle) -> Drawn {
        let points: Vec<(i32, i32)> = points.iter().map(|(x, y)| (units(*x), units(*y))).collect();
        self.root.draw(&Mark {
            title: String::new(),
            class: "",
            points,
            shape: Shape::Line,
            style,
        })
    }
    /// A path in pixels with a hover text.
    pub fn arrow(&self, points: &[(f64, f64)], ink: Ink, width: f64, title: &str) -> Drawn {
        self.root.draw(&Mark {
            title: title.to_owned(),
            class: "",
            points: points.iter().map(|(x, y)| (units(*x), units(*y))).collect(),
            shape: Shape::Line,
            style: ink.stroke(width),
        })
    }
    /// A filled area in pixels.
    pub fn area(&self, points: &[(f64, f64)], ink: Ink) -> Drawn {
        self.root.draw(&Mark {
            title: String::new(),
            class: "",
            points: points.iter().map(|(x, y)| (units(*x), units(*y))).collect(),
            shape: Shape::Area,
            style: ink.fill(),
        })
    }
    /// A box with an outline in pixels and a hover text.
    pub fn node(&self, outline: &[(f64, f64)], title: &str) -> Drawn {
        let mut closed = outline.to_vec();
        closed.extend(outline.first().copied());
        self.root.draw(&Mark {
            title: title.to_owned(),
            class: "",
            points: closed.iter().map(|(x, y)| (units(*x), units(*y))).collect(),
            shape: Shape::Box,
            style: Ink::Axis.stroke(1.2),
        })
    }
    /// A filled rectangle in pixels, with a hover text unless that is empty.
    pub fn cell(&self, frame: Frame, ink: Ink, title: String) -> Drawn {
        self.root.draw(&Mark {
            title,
            class: "",
            points: vec![
                (units(frame.left), units(frame.top)),
                (units(frame.right), units(frame.bottom)),
            ],
            shape: Shape::Rectangle,
            style: ink.fill(),
        })
    }
    /// A panel with its axes drawn.
    pub fn panel(
        &self,
        frame: Frame,
        x: Axis,
        y: Axis,
    ) -> Result<Panel<'a>, DrawingAreaErrorKind<Infallible>> {
        let coordinates = Cartesian2d::<RangedCoordf64, RangedCoordf64>::new(
            x.from..x.to,
            y.from..y.to,
            (
                units(frame.left)..units(frame.right),
                units(frame.bottom)..units(frame.top),
            ),
        );
        let panel = Panel {
            area: self.root.apply_coord_spec(coordinates),
            x,
            y,
        };
        panel.grid()?;
        self.axes(frame, &panel)?;
        Ok(panel)
    }
    fn axes(&self, frame: Frame, panel: &Panel<'a>) -> Drawn {
        let axis = Ink::Axis.stroke(1.0);
        self.path(
            &[
                (frame.left, frame.top),
                (frame.left, frame.bottom),
                (frame.right, frame.bottom),
            ],
            axis,
        )?;
        let x_of = |p: f64| {
            frame.left
                + (p - panel.x.from) / (panel.x.to - panel.x.from) * (frame.right - frame.left)
        };
        let y_of = |p: f64| {
            frame.bottom
                - (p - panel.y.from) / (panel.y.to - panel.y.from) * (frame.bottom - frame.top)
        };
        for p in &panel.x.minor {
            let x = x_of(*p);
            self.path(&[(x, frame.bottom), (x, frame.bottom + 3.0)], axis)?;
        }
        for p in &panel.y.minor {
            let y = y_of(*p);
            self.path(&[(frame.left - 3.0, y), (frame.left, y)], axis)?;
        }
        // Labels that would touch are left out, names are turned aside instead.
        let step = panel
            .x
            .ticks
            .windows(2)
            .map(|w| x_of(w[1].0) - x_of(w[0].0))
            .fold(f64::INFINITY, f64::min);
        let widest = panel
            .x
            .ticks
            .iter()
            .map(|(_, t)| text_width(t) * FONT)
            .fold(0.0, f64::max);
        let turned = panel.x.scale == Scale::Names && widest > step - 4.0;
        let mut free_from = f64::NEG_INFINITY;
        for (p, label) in &panel.x.ticks {
            let x = x_of(*p);
            if panel.x.scale != Scale::Names {
                self.path(&[(x, frame.bottom), (x, frame.bottom + 5.0)], axis)?;
            }
            let half = text_width(label) * FONT / 2.0;
            // A label at the end of an axis stays on its sheet.
            let x = if turned {
                x
            } else {
                x.min(f64::from(self.width) - half - 2.0)
            };
            if turned {
                self.words(
                    label,
                    x,
                    frame.bottom + 6.0,
                    Words {
                        h: 1,
                        upright: true,
                        ..Words::default()
                    },
                )?;
            } else if x - half >= free_from {
                self.words(
                    label,
                    x,
                    frame.bottom + 7.0,
                    Words {
                        h: 0,
                        v: -1,
                        ..Words::default()
                    },
                )?;
                free_from = x + half + 5.0;
            }
        }
        let mut free_below = f64::INFINITY;
        for (p, label) in &panel.y.ticks {
            let y = y_of(*p);
            // Ticks run upwards; one that would touch the one below it is left out.
            if y > free_below {
                continue;
            }
            free_below = y - FONT;
            if panel.y.scale != Scale::Names {
                self.path(&[(frame.left - 5.0, y), (frame.left, y)], axis)?;
            }
            self.words(
                label,
                frame.left - 7.0,
                y,
                Words {
                    h: 1,
                    ..Words::default()
                },
            )?;
        }
        let below = if turned { widest + 8.0 } else { 22.0 };
        if !panel.x.label.is_empty() {
            self.words(
                &panel.x.label,
                (frame.left + frame.right) / 2.0,
                frame.bottom + below,
                Words {
                    h: 0,
                    v: -1,
                    ink: Ink::Muted,
                    ..Words::default()
                },
            )?;
        }
        if !panel.y.label.is_empty() {
            let widest = panel
                .y
                .ticks
                .iter()
                .map(|(_, t)| text_width(t) * FONT)
                .fold(0.0, f64::max);
            self.words(
                &panel.y.label,
                (frame.left - widest - 18.0).max(8.0),
                (frame.top + frame.bottom) / 2.0,
                Words {
                    h: 0,
                    v: 0,
                    upright: true,
                    ink: Ink::Muted,
                    ..Words::default()
                },
            )?;
        }
        Ok(())
    }
}

/// Room that the labels of an axis at the left need.
pub fn left_room(y: &Axis) -> f64 {
    let widest = y
        .ticks
        .iter()
        .map(|(_, t)| text_width(t) * FONT)
        .fold(0.0, f64::max);
    widest + if y.label.is_empty() { 12.0 } else { 27.0 }
}

/// Room that the labels of an axis at the bottom need, if it is `width` long.
pub fn bottom_room(x: &Axis, width: f64) -> f64 {
    let widest = x
        .ticks
        .iter()
        .map(|(_, t)| text_width(t) * FONT)
        .fold(0.0, f64::max);
    let label = if x.label.is_empty() { 4.0 } else { 20.0 };
    let turned = x.scale == Scale::Names && widest > width / x.ticks.len().max(1) as f64 - 4.0;
    label + if turned { widest + 8.0 } else { 20.0 }
}

/// A data area with two axes.
pub struct Panel<'a> {
    area: DrawingArea<Canvas<'a>, Cartesian2d<RangedCoordf64, RangedCoordf64>>,
    /// Horizontal axis.
    pub x: Axis,
    /// Vertical axis.
    pub y: Axis,
}

impl Panel<'_> {
    fn grid(&self) -> Drawn {
        let style = Ink::Grid.stroke(1.0);
        if self.y.scale != Scale::Names {
            for (p, _) in &self.y.ticks {
                self.line_at((self.x.from, *p), (self.x.to, *p), style, "", "")?;
            }
        }
        Ok(())
    }
    fn place(&self, x: f64, y: f64) -> Option<(f64, f64)> {
        Some((self.x.place(x)?, self.y.place(y)?))
    }
    /// A curve through points; it is broken where a point has no place, and ends at the panel's edge.
    pub fn curve(
        &self,
        points: &[(f64, f64)],
        style: ShapeStyle,
        class: &'static str,
        title: &str,
    ) -> Drawn {
        for piece in self.pieces(points) {
            self.area.draw(&Mark {
                title: title.to_owned(),
                class,
                points: piece,
                shape: Shape::Line,
                style,
            })?;
        }
        Ok(())
    }
    /// Runs of neighbouring places within the vertical range; a line that leaves is cut at the edge.
    fn pieces(&self, points: &[(f64, f64)]) -> Vec<Vec<(f64, f64)>> {
        let (low, high) = (self.y.from, self.y.to);
        let mut pieces = vec![Vec::new()];
        let mut last: Option<(f64, f64)> = None;
        for (x, y) in points {
            let Some(p) = self.place(*x, *y) else {
                last = None;
                pieces.push(Vec::new());
                continue;
            };
            let inside = |q: (f64, f64)| q.1 >= low && q.1 <= high;
            let cut = |a: (f64, f64), b: (f64, f64)| {
                let edge = if a.1.max(b.1) > high { high } else { low };
                let share = (edge - a.1) / (b.1 - a.1);
                (a.0 + share * (b.0 - a.0), edge)
            };
            if let Some(l) = last {
                match (inside(l), inside(p)) {
                    (true, false) => {
                        let end = cut(l, p);
                        if let Some(piece) = pieces.last_mut() {
                            piece.push(end);
                        }
                        pieces.push(Vec::new());
                    }
                    (false, true) => pieces.push(vec![cut(l, p)]),
                    _ => {}
                }
            }
            if inside(p)
                && let Some(piece) = pieces.last_mut()
            {
                piece.push(p);
            }
            last = Some(p);
        }
        pieces.retain(|p| p.len() > 1);
        pieces
    }
    /// The area between two curves over the same `x`; ends outside the panel are moved to its edge.
    pub fn band(&self, points: &[(f64, f64, f64)], ink: Ink, class: &'static str) -> Drawn {
        let places: Vec<(f64, f64, f64)> = points
            .iter()
            .filter_map(|(x, low, high)| {
                Some((
                    self.x.place(*x)?,
                    self.y.clamped(*low)?,
                    self.y.clamped(*high)?,
                ))
            })
            .collect();
        if places.len() < 2 {
            return Ok(());
        }
        let mut outline: Vec<(f64, f64)> = places.iter().map(|p| (p.0, p.1)).collect();
        outline.extend(places.iter().rev().map(|p| (p.0, p.2)));
        self.area.draw(&Mark {
            title: String::new(),
            class,
            points: outline,
            shape: Shape::Area,
            style: ink.fill(),
        })
    }
    /// A marker with a hover text.
    pub fn mark(&self, x: f64, y: f64, marker: Marker, ink: Ink, title: &str) -> Drawn {
        let Some(place) = self.place(x, y) else {
            return Ok(());
        };
        self.mark_at(place, marker, ink, title)
    }
    /// A marker at a place on the transformed scales.
    pub fn mark_at(&self, place: (f64, f64), marker: Marker, ink: Ink, title: &str) -> Drawn {
        let style = if marker.filled() {
            ink.fill()
        } else {
            ink.stroke(1.6)
        };
        self.area.draw(&Mark {
            title: title.to_owned(),
            class: "",
            points: vec![place],
            shape: Shape::Marker(marker),
            style,
        })
    }
    /// A straight line between two places on the transformed scales.
    pub fn line_at(
        &self,
        a: (f64, f64),
        b: (f64, f64),
        style: ShapeStyle,
        class: &'static str,
        title: &str,
    ) -> Drawn {
        self.area.draw(&Mark {
            title: title.to_owned(),
            class,
            points: vec![a, b],
            shape: Shape::Line,
            style,
        })
    }
    /// A vertical line at a value.
    pub fn vertical(&self, x: f64, ink: Ink, class: &'static str, title: &str) -> Drawn {
        let Some(p) = self.x.place(x).filter(|_| self.x.holds(x)) else {
            return Ok(());
        };
        self.line_at(
            (p, self.y.from),
            (p, self.y.to),
            ink.stroke(1.0),
            class,
            title,
        )
    }
    /// A horizontal line at a value.
    pub fn horizontal(&self, y: f64, ink: Ink, class: &'static str, title: &str) -> Drawn {
        let Some(p) = self.y.place(y).filter(|_| self.y.holds(y)) else {
            return Ok(());
        };
        self.line_at(
            (self.x.from, p),
            (self.x.to, p),
            ink.stroke(1.0),
            class,
            title,
        )
    }
    /// A vertical bar from `low` to `high` at a place on the horizontal axis, cut at the panel's edges.
    pub fn whisker(&self, at: f64, low: f64, high: f64, style: ShapeStyle, title: &str) -> Drawn {
        let (Some(low), Some(high)) = (self.y.clamped(low), self.y.clamped(high)) else {
            return Ok(());
        };
        self.line_at((at, low), (at, high), style, "", title)
    }
    /// A horizontal bar, cut at the panel's edges.
    pub fn bar(&self, low: f64, high: f64, at: f64, style: ShapeStyle, title: &str) -> Drawn {
        let (Some(low), Some(high)) = (self.x.clamped(low), self.x.clamped(high)) else {
            return Ok(());
        };
        self.line_at((low, at), (high, at), style, "", title)
    }
    /// A filled rectangle between places on the transformed scales.
    pub fn block(&self, a: (f64, f64), b: (f64, f64), ink: Ink, title: &str) -> Drawn {
        self.area.draw(&Mark {
            title: title.to_owned(),
            class: "",
            points: vec![a, b],
            shape: Shape::Rectangle,
            style: ink.fill(),
        })
    }
    /// Words at a place on the transformed scales, shifted by pixels.
    pub fn words_at(
        &self,
        text: &str,
        place: (f64, f64),
        shift: (f64, f64),
        words: Words,
    ) -> Drawn {
        let (x, y) = self.area.map_coordinate(&place);
        let at = (x + units(shift.0), y + units(shift.1));
        self.area
            .strip_coord_spec()
            .draw(&Text::new(text.to_owned(), at, words.style()))
    }
}
