//! Figures as SVG: classes for the page's stylesheet, hover text on every mark, text that can be selected.
//!
//! A figure is one or more drawings side by side; a page lets them flow into its width, a file of its own sets them in
//! rows. Drawing never fails on data: what cannot be shown on a scale is left out and said so in the caption.

mod axis;
mod canvas;
mod course;
mod data;
mod diagram;
mod dose;
mod estimates;
mod forest;
mod ink;
mod label;
mod layout;
mod marker;
mod panel;
mod ranking;
mod style;

pub use axis::{Axis, Scale};
pub use canvas::clean;
pub use course::courses;
pub use data::{fit, residuals, starts};
pub use diagram::diagram;
pub use dose::{combination, doses};
pub use estimates::{correlation, histograms, intervals, profiles};
pub use forest::{design, populations, predictions, sensitivity};
pub use ink::Ink;
pub use marker::Marker;
pub use panel::{Frame, Panel, Sheet};
pub use ranking::ranking;

use super::document::Text;
use super::markup::Markup;

/// Width in pixels of a drawing of which three stand in a row on a wide page and one on a phone.
pub const PANEL: u32 = 310;

/// A drawing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Drawing {
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
    /// What it shows, for those who do not see it.
    pub label: String,
    /// Content of the `<svg>` element.
    body: String,
}

/// A figure.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Figure {
    /// Name of its file and anchor.
    pub id: String,
    /// What it shows, in a few words.
    pub title: String,
    /// How to read it.
    pub caption: Text,
    /// Explanation of marks and lines, in the order of importance.
    pub key: Vec<(Sample, String)>,
    /// Drawings in order.
    pub drawings: Vec<Drawing>,
}

/// What stands beside an entry of a figure's key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sample {
    /// A line.
    Line(Ink),
    /// A dashed line.
    Dashed(Ink),
    /// A dotted line.
    Dotted(Ink),
    /// A line of the dash pattern of a series.
    Dash(u8),
    /// A line that ends in a marker.
    Arrow(Marker, Ink),
    /// A marker.
    Dot(Marker, Ink),
    /// A filled area.
    Area(Ink),
}

impl Drawing {
    /// The `<svg>` element for a page that has the stylesheet.
    pub fn inline(&self) -> String {
        let mut out = Markup::new();
        let (w, h) = (self.width.to_string(), self.height.to_string());
        let view = format!("0 0 {w} {h}");
        out.open(
            "svg",
            &[
                ("xmlns", "http://www.w3.org/2000/svg"),
                ("class", "drawing"),
                ("viewBox", &view),
                ("width", &w),
                ("height", &h),
                ("role", "img"),
                ("aria-label", &self.label),
            ],
        );
        out.nested(&self.body);
        out.finish()
    }
}

/// Pixels around drawings in a file of its own.
const MARGIN: u32 = 12;
/// Height of the title in a file of its own.
const HEAD: u32 = 30;
/// Height of a line of the key.
const KEY: u32 = 20;
/// Widest row of drawings.
const ROW: u32 = 960;

impl Figure {
    /// A file of its own: title, key and drawings in rows, the stylesheet inside.
    pub fn svg(&self) -> String {
        let mut rows: Vec<Vec<&Drawing>> = Vec::new();
        let mut used = ROW;
        for d in &self.drawings {
            if used + d.width > ROW || rows.is_empty() {
                rows.push(Vec::new());
                used = 0;
            }
            used += d.width + MARGIN;
            if let Some(row) = rows.last_mut() {
                row.push(d);
            }
        }
        let width_of = |row: &Vec<&Drawing>| row.iter().map(|d| d.width + MARGIN).sum::<u32>();
        let height_of = |row: &Vec<&Drawing>| row.iter().map(|d| d.height).max().unwrap_or(0);
        let title_width = (canvas::text_width(&self.title) * 15.0) as u32;
        let width = rows
            .iter()
            .map(width_of)
            .chain([title_width + MARGIN])
            .max()
            .unwrap_or(0)
            + MARGIN;
        let key = self.key_rows(width);
        let top = HEAD + key.len() as u32 * KEY;
        let height = rows.iter().map(|r| height_of(r) + MARGIN).sum::<u32>() + top + MARGIN;

        let mut out = Markup::new();
        let (w, h) = (width.to_string(), height.to_string());
        out.open(
            "svg",
            &[
                ("xmlns", "http://www.w3.org/2000/svg"),
                ("viewBox", &format!("0 0 {w} {h}")),
                ("width", &w),
                ("height", &h),
                ("class", "drawing file"),
            ],
        );
        out.element("title", &[], &self.title);
        out.element("desc", &[], &self.caption.words());
        out.element("style", &[], &style::file());
        out.empty(
            "rect",
            &[("class", "f paper"), ("width", &w), ("height", &h)],
        );
        out.element(
            "text",
            &[
                ("class", "t ink strong"),
                ("x", &MARGIN.to_string()),
                ("y", "21"),
                ("font-size", "14"),
            ],
            &self.title,
        );
        for (i, entries) in key.iter().enumerate() {
            let y = HEAD + i as u32 * KEY + KEY / 2;
            for (x, sample, text) in entries {
                let at = format!("translate({x} {y})");
                out.open("g", &[("transform", &at)]);
                out.nested(&sample.markup());
                out.element("text", &[("class", "t ink"), ("x", "26"), ("y", "4")], text);
                out.close();
            }
        }
        let mut y = top;
        for row in &rows {
            let mut x = MARGIN;
            for d in row {
                let at = format!("translate({x} {y})");
                out.open("g", &[("transform", &at)]).nested(&d.body).close();
                x += d.width + MARGIN;
            }
            y += height_of(row) + MARGIN;
        }
        out.finish()
    }
    /// Entries of the key broken into lines: x, sample, text.
    fn key_rows(&self, width: u32) -> Vec<Vec<(u32, Sample, &str)>> {
        let mut rows: Vec<Vec<(u32, Sample, &str)>> = Vec::new();
        let mut x = width;
        for (sample, text) in &self.key {
            let entry = 26 + (canvas::text_width(text) * 12.0) as u32 + 18;
            if x + entry > width || rows.is_empty() {
                rows.push(Vec::new());
                x = MARGIN;
            }
            if let Some(row) = rows.last_mut() {
                row.push((x, *sample, text));
            }
            x += entry;
        }
        rows
    }
    /// The drawings as elements of a page that has [`style_sheet`].
    pub fn inline(&self) -> impl Iterator<Item = String> {
        self.drawings.iter().map(Drawing::inline)
    }
}

impl Sample {
    fn stroke(out: &mut Markup, class: &str, path: &str, width: &str) {
        out.empty(
            "path",
            &[("class", class), ("d", path), ("stroke-width", width)],
        );
    }
    /// The sample as SVG elements in a field of 20 × 12 pixels centred on height 0.
    pub fn markup(self) -> String {
        let class = |ink: Ink, what: &str| {
            let plotters::style::RGBColor(r, g, b) = ink.key();
            format!("{what} {}", Ink::class((r, g, b)))
        };
        let mut out = Markup::new();
        match self {
            Self::Line(ink) => {
                out.empty(
                    "path",
                    &[
                        ("class", &class(ink, "l")),
                        ("d", "M0 0L20 0"),
                        ("stroke-width", "1.8"),
                    ],
                );
            }
            Self::Dashed(ink) | Self::Dotted(ink) => {
                let pattern = if matches!(self, Self::Dashed(_)) {
                    "dashed"
                } else {
                    "dotted"
                };
                out.open("g", &[("class", pattern)]);
                out.empty(
                    "path",
                    &[
                        ("class", &class(ink, "l")),
                        ("d", "M0 0L20 0"),
                        ("stroke-width", "1.5"),
                    ],
                );
                out.close();
            }
            Self::Dash(i) => {
                out.open("g", &[("class", &format!("series d{i}"))]);
                out.empty(
                    "path",
                    &[
                        ("class", &class(Ink::Series(i), "l")),
                        ("d", "M0 0L20 0"),
                        ("stroke-width", "1.8"),
                    ],
                );
                out.close();
            }
            Self::Arrow(marker, ink) => {
                // Shorter than the field by the marker at its end.
                Self::stroke(&mut out, &class(ink, "l"), "M0 0L15 0", "1.8");
                let what = if marker.filled() { "f" } else { "l" };
                Self::stroke(&mut out, &class(ink, what), &marker.path(16.0, 0.0), "1.5");
            }
            Self::Dot(marker, ink) => {
                out.empty(
                    "path",
                    &[
                        (
                            "class",
                            &class(ink, if marker.filled() { "f" } else { "l" }),
                        ),
                        ("d", &marker.path(10.0, 0.0)),
                        ("stroke-width", "1.5"),
                    ],
                );
            }
            Self::Area(ink) => {
                out.empty(
                    "rect",
                    &[
                        ("class", &class(ink, "f")),
                        ("x", "0"),
                        ("y", "-5"),
                        ("width", "20"),
                        ("height", "10"),
                    ],
                );
            }
        }
        out.finish()
    }
    /// The sample as an element of a page.
    pub fn inline(self) -> String {
        let mut out = Markup::new();
        out.open(
            "svg",
            &[
                ("xmlns", "http://www.w3.org/2000/svg"),
                ("class", "drawing sample"),
                ("viewBox", "-1 -7 22 14"),
                ("width", "22"),
                ("height", "14"),
                ("aria-hidden", "true"),
            ],
        );
        out.nested(&self.markup());
        out.finish()
    }
}

/// Rules for figures in a page: light, dark and paper.
pub fn style_sheet() -> String {
    style::page()
}

/// Class of the dash pattern of a series.
fn dash(series: usize) -> &'static str {
    const CLASSES: [&str; ink::SERIES] = [
        "series d0",
        "series d1",
        "series d2",
        "series d3",
        "series d4",
        "series d5",
        "series d6",
        "series d7",
    ];
    CLASSES[series % ink::SERIES]
}

/// Figures that no result of a prediction or profile comes with, in order: `courses.json` has its `courses.svg`.
pub fn beside_results(document: &super::document::Document) -> Vec<&Figure> {
    let sections = document.sections.iter().filter(|s| !s.has_own_files());
    sections.flat_map(in_section).collect()
}

/// All figures of a document, in order.
pub fn of(document: &super::document::Document) -> Vec<&Figure> {
    document.sections.iter().flat_map(in_section).collect()
}

fn in_section(section: &super::document::Section) -> Vec<&Figure> {
    fn walk<'d>(blocks: &'d [super::document::Block], found: &mut Vec<&'d Figure>) {
        use super::document::Block;
        for b in blocks {
            match b {
                Block::Figure(f) => found.push(f),
                Block::Details { blocks, .. } => walk(blocks, found),
                _ => {}
            }
        }
    }
    let mut found = Vec::new();
    walk(&section.blocks, &mut found);
    found
}
