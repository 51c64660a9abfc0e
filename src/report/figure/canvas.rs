//! A drawing backend for `plotters` that writes SVG with classes instead of colours, marks with hover text, and text
//! that can be selected.

use std::convert::Infallible;

use plotters::element::{Drawable, PointCollection};
use plotters::style::ShapeStyle;
use plotters_backend::text_anchor::{HPos, VPos};
use plotters_backend::{
    BackendColor, BackendCoord, BackendStyle, BackendTextStyle, DrawingBackend, DrawingErrorKind,
    FontStyle, FontTransform,
};

use super::super::markup::Markup;
use super::ink::Ink;
use super::marker::Marker;

/// Units of the canvas a pixel: `plotters` places points on whole units, and curves need tenths of a pixel.
pub const UNITS: i32 = 10;
/// Size of text in pixels unless said otherwise; the stylesheet has the same.
pub const FONT: f64 = 11.0;
/// Opens and closes a subscript in a text. Private-use characters: they are removed from what users write.
pub const SUBSCRIPT: (char, char) = ('\u{e000}', '\u{e001}');

/// The drawing of a figure in progress.
pub struct Canvas<'a> {
    out: &'a mut Markup,
    size: (u32, u32),
}

impl<'a> Canvas<'a> {
    /// A canvas of a size in pixels that writes to `out`.
    pub fn new(out: &'a mut Markup, width: u32, height: u32) -> Self {
        let units = UNITS as u32;
        Self {
            out,
            size: (width * units, height * units),
        }
    }
    fn class<S: BackendStyle>(style: &S, what: &str) -> String {
        format!("{what} {}", Ink::class(style.color().rgb))
    }
    fn width<S: BackendStyle>(style: &S) -> Option<String> {
        let width = style.stroke_width();
        (width != UNITS as u32).then(|| pixels(width as i32))
    }
}

/// Units as pixels with at most one decimal.
fn pixels(units: i32) -> String {
    let (whole, tenth) = (units / UNITS, (units % UNITS).abs());
    match (units < 0 && whole == 0, tenth) {
        (_, 0) => format!("{whole}"),
        (true, _) => format!("-{whole}.{tenth}"),
        (false, _) => format!("{whole}.{tenth}"),
    }
}

fn path(points: impl IntoIterator<Item = BackendCoord>, close: bool) -> String {
    let mut d = String::new();
    let mut last = None;
    for p in points {
        if last == Some(p) {
            continue;
        }
        d.push_str(if last.is_none() { "M" } else { "L" });
        d.push_str(&pixels(p.0));
        d.push(' ');
        d.push_str(&pixels(p.1));
        last = Some(p);
    }
    if close {
        d.push('Z');
    }
    d
}

type Result<T = ()> = std::result::Result<T, DrawingErrorKind<Infallible>>;

impl DrawingBackend for Canvas<'_> {
    type ErrorType = Infallible;

    fn get_size(&self) -> (u32, u32) {
        self.size
    }
    fn ensure_prepared(&mut self) -> Result {
        Ok(())
    }
    fn present(&mut self) -> Result {
        Ok(())
    }
    fn draw_pixel(&mut self, _: BackendCoord, _: BackendColor) -> Result {
        Ok(())
    }
    fn draw_line<S: BackendStyle>(
        &mut self,
        from: BackendCoord,
        to: BackendCoord,
        style: &S,
    ) -> Result {
        self.draw_path([from, to], style)
    }
    fn draw_path<S: BackendStyle, I: IntoIterator<Item = BackendCoord>>(
        &mut self,
        points: I,
        style: &S,
    ) -> Result {
        let (d, class) = (path(points, false), Self::class(style, "l"));
        let width = Self::width(style);
        let mut attributes = vec![("class", class.as_str()), ("d", d.as_str())];
        if let Some(w) = &width {
            attributes.push(("stroke-width", w));
        }
        self.out.empty("path", &attributes);
        Ok(())
    }
    fn draw_rect<S: BackendStyle>(
        &mut self,
        a: BackendCoord,
        b: BackendCoord,
        style: &S,
        fill: bool,
    ) -> Result {
        let class = Self::class(style, if fill { "f" } else { "l" });
        let (x, y) = (pixels(a.0.min(b.0)), pixels(a.1.min(b.1)));
        let (w, h) = (pixels((b.0 - a.0).abs()), pixels((b.1 - a.1).abs()));
        self.out.empty(
            "rect",
            &[
                ("class", &class),
                ("x", &x),
                ("y", &y),
                ("width", &w),
                ("height", &h),
            ],
        );
        Ok(())
    }
    fn draw_circle<S: BackendStyle>(
        &mut self,
        center: BackendCoord,
        radius: u32,
        style: &S,
        fill: bool,
    ) -> Result {
        let class = Self::class(style, if fill { "f" } else { "l" });
        let (x, y, r) = (pixels(center.0), pixels(center.1), pixels(radius as i32));
        self.out.empty(
            "circle",
            &[("class", &class), ("cx", &x), ("cy", &y), ("r", &r)],
        );
        Ok(())
    }
    fn fill_polygon<S: BackendStyle, I: IntoIterator<Item = BackendCoord>>(
        &mut self,
        points: I,
        style: &S,
    ) -> Result {
        let (d, class) = (path(points, true), Self::class(style, "f"));
        self.out.empty("path", &[("class", &class), ("d", &d)]);
        Ok(())
    }
    fn draw_text<S: BackendTextStyle>(
        &mut self,
        text: &str,
        style: &S,
        at: BackendCoord,
    ) -> Result {
        let size = style.size();
        let anchor = match style.anchor().h_pos {
            HPos::Left => "start",
            HPos::Center => "middle",
            HPos::Right => "end",
        };
        // Cap height and descent of common sans-serif faces, in units of the size.
        let shift = match style.anchor().v_pos {
            VPos::Top => 0.78,
            VPos::Center => 0.35,
            VPos::Bottom => -0.22,
        } * size;
        let rotated = matches!(style.transform(), FontTransform::Rotate270);
        let (x, y) = if rotated {
            (at.0 + shift as i32, at.1)
        } else {
            (at.0, at.1 + shift as i32)
        };
        let bold = matches!(style.style(), FontStyle::Bold);
        let class = format!(
            "t {}{}",
            Ink::class(style.color().rgb),
            if bold { " strong" } else { "" }
        );
        let (x, y) = (pixels(x), pixels(y));
        let turn = format!("rotate(-90 {x} {y})");
        let points = pixels(size as i32);
        let mut attributes = vec![("class", class.as_str()), ("x", &x), ("y", &y)];
        if anchor != "start" {
            attributes.push(("text-anchor", anchor));
        }
        if size != FONT * f64::from(UNITS) {
            attributes.push(("font-size", &points));
        }
        if rotated {
            attributes.push(("transform", &turn));
        }
        self.out.open("text", &attributes);
        write_text(self.out, text);
        self.out.close();
        Ok(())
    }
    fn estimate_text_size<S: BackendTextStyle>(&self, text: &str, style: &S) -> Result<(u32, u32)> {
        let size = style.size();
        Ok(((text_width(text) * size) as u32, size as u32))
    }
}

/// Text with its subscripts lowered; `<tspan>`s return to the line because `dy` adds up.
fn write_text(out: &mut Markup, text: &str) {
    let mut rest = text;
    let mut lowered = false;
    while let Some((before, after)) = rest.split_once(SUBSCRIPT.0) {
        let Some((sub, next)) = after.split_once(SUBSCRIPT.1) else {
            break;
        };
        if !before.is_empty() {
            tail(out, before, lowered);
        }
        out.element("tspan", &[("class", "sub"), ("dy", "2.5")], sub);
        lowered = true;
        rest = next;
    }
    if !rest.is_empty() {
        tail(out, rest, lowered);
    }
}

fn tail(out: &mut Markup, text: &str, lowered: bool) {
    if lowered {
        out.element("tspan", &[("dy", "-2.5")], text);
    } else {
        out.text(text);
    }
}

/// Width of a text in units of its size, from the advance widths of common sans-serif faces (Helvetica, Arial).
pub fn text_width(text: &str) -> f64 {
    let mut small = false;
    text.chars()
        .map(|c| {
            if c == SUBSCRIPT.0 || c == SUBSCRIPT.1 {
                small = c == SUBSCRIPT.0;
                return 0.0;
            }
            let w = match c {
                'i' | 'j' | 'l' | '\'' | '|' => 0.23,
                'f' | 't' | 'I' | ' ' | '.' | ',' | ':' | ';' | '!' | '/' | '(' | ')' | '['
                | ']' => 0.29,
                'r' | '-' | '·' => 0.34,
                'm' | 'M' | '%' | '@' => 0.86,
                'w' | 'W' => 0.8,
                '⁰'..='⁹' | '¹' | '²' | '³' | '⁻' => 0.36,
                'A'..='Z' => 0.69,
                '\u{202f}' | '\u{2009}' => 0.2,
                _ => 0.556,
            };
            if small { w * 0.75 } else { w }
        })
        .sum()
}

/// What a [`Mark`] draws at its points.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Shape {
    /// A line through the points.
    Line,
    /// The area that the points surround.
    Area,
    /// The rectangle between two points.
    Rectangle,
    /// A line around an area of the ground's colour.
    Box,
    /// A marker of a size in pixels at one point.
    Marker(Marker),
}

/// A shape drawn as one group with a class and a text that is shown while the pointer is over it.
pub struct Mark<C> {
    /// Hover text; empty: none.
    pub title: String,
    /// Class of the group; empty: none.
    pub class: &'static str,
    /// Points in the coordinates of the area drawn on.
    pub points: Vec<C>,
    /// What is drawn at them.
    pub shape: Shape,
    /// How.
    pub style: ShapeStyle,
}

impl<'a, C> PointCollection<'a, C> for &'a Mark<C> {
    type Point = &'a C;
    type IntoIter = std::slice::Iter<'a, C>;
    fn point_iter(self) -> Self::IntoIter {
        self.points.iter()
    }
}

impl<'c, C> Drawable<Canvas<'c>> for Mark<C> {
    fn draw<I: Iterator<Item = BackendCoord>>(
        &self,
        mut points: I,
        canvas: &mut Canvas<'c>,
        _: (u32, u32),
    ) -> Result {
        let depth = canvas.out.depth();
        let class = match (self.title.is_empty(), self.class.is_empty()) {
            (true, true) => "",
            (true, false) => self.class,
            (false, true) => "mark",
            (false, false) => &format!("mark {}", self.class),
        };
        if !class.is_empty() {
            canvas.out.open("g", &[("class", class)]);
        }
        if !self.title.is_empty() {
            canvas.out.element("title", &[], &self.title);
        }
        match self.shape {
            Shape::Line => canvas.draw_path(points, &self.style)?,
            Shape::Area => canvas.fill_polygon(points, &self.style)?,
            Shape::Box => {
                let corners: Vec<BackendCoord> = points.collect();
                canvas.fill_polygon(corners.iter().copied(), &Ink::Paper.fill())?;
                canvas.draw_path(corners, &self.style)?;
            }
            Shape::Rectangle => {
                if let (Some(a), Some(b)) = (points.next(), points.next()) {
                    canvas.draw_rect(a, b, &self.style, true)?;
                }
            }
            Shape::Marker(marker) => {
                if let Some(at) = points.next() {
                    canvas.draw_marker(at, marker, &self.style)?;
                }
            }
        }
        canvas.out.close_to(depth);
        Ok(())
    }
}

impl Canvas<'_> {
    fn draw_marker(&mut self, (x, y): BackendCoord, marker: Marker, style: &ShapeStyle) -> Result {
        if let Some(radius) = marker.radius() {
            let radius = (radius * f64::from(UNITS)) as u32;
            return self.draw_circle((x, y), radius, style, marker.filled());
        }
        let (outline, closed) = marker.outline();
        let mut corners: Vec<BackendCoord> = outline
            .iter()
            .map(|(dx, dy)| (x + units(*dx), y + units(*dy)))
            .collect();
        if marker.filled() {
            return self.fill_polygon(corners, style);
        }
        if closed {
            corners.extend(corners.first().copied());
        }
        self.draw_path(corners, style)
    }
}

/// Pixels as units of the canvas.
pub fn units(pixels: f64) -> i32 {
    (pixels * f64::from(UNITS)).round() as i32
}

/// The text without characters that this module gives a meaning.
pub fn clean(text: &str) -> String {
    text.chars()
        .filter(|c| *c != SUBSCRIPT.0 && *c != SUBSCRIPT.1)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_are_tenths_of_pixels() {
        assert_eq!(pixels(125), "12.5");
        assert_eq!(pixels(-5), "-0.5");
        assert_eq!(pixels(-30), "-3");
        assert_eq!(path([(0, 0), (0, 0), (15, -7)], true), "M0 0L1.5 -0.7Z");
    }

    #[test]
    fn subscripts_return_to_the_line() {
        let mut m = Markup::new();
        m.open("text", &[]);
        write_text(&mut m, "k\u{e000}on\u{e001} (1/h)");
        assert_eq!(
            m.finish(),
            "<text>k<tspan class=\"sub\" dy=\"2.5\">on</tspan><tspan dy=\"-2.5\"> (1/h)</tspan></text>"
        );
    }
}
