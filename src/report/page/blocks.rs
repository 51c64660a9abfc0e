//! Blocks of a document as HTML.

use super::super::document::{Align, Block, Span, Table, Text, Tone};
use super::super::equations;
use super::super::figure::Figure;
use super::super::markup::Markup;
use super::super::view::Equation;
use super::super::words;

/// Numbers of tables and figures, in order of appearance.
#[derive(Debug, Default)]
pub struct Numbers {
    tables: u32,
    figures: u32,
}

/// Text with its markup.
pub fn text(m: &mut Markup, text: &Text) {
    for span in &text.0 {
        match span {
            Span::Plain(t) => {
                m.text(t);
            }
            Span::Strong(t) => {
                m.element("strong", &[], t);
            }
            Span::Code(t) => {
                m.element("code", &[], t);
            }
            Span::Symbol(id) => symbol(m, id),
        }
    }
}

/// A name as mathematics in running text.
fn symbol(m: &mut Markup, id: &str) {
    let n = equations::name(id);
    let letter = n.base.chars().count() == 1;
    m.open("span", &[("class", "symbol"), ("title", id)]);
    m.element(if letter { "i" } else { "span" }, &[], &n.base);
    if let Some(sub) = &n.subscript {
        m.element("sub", &[], sub);
    }
    m.close();
}

fn tone_class(tone: Tone) -> &'static str {
    match tone {
        Tone::Plain => "",
        Tone::Good => "good",
        Tone::Mind => "mind",
        Tone::Bad => "bad",
    }
}

/// One block.
pub fn block(m: &mut Markup, block_: &Block, numbers: &mut Numbers) {
    match block_ {
        Block::Paragraph(t) => {
            m.open("p", &[]);
            text(m, t);
            m.close().line();
        }
        Block::Note(tone, t) => {
            m.open("p", &[("class", &format!("note {}", tone_class(*tone)))]);
            text(m, t);
            m.close().line();
        }
        Block::List(items) => {
            m.open("ul", &[]);
            for item in items {
                m.open("li", &[]);
                text(m, item);
                m.close();
            }
            m.close().line();
        }
        Block::Heading(t) => {
            m.element("h3", &[], t).line();
        }
        Block::Table(t) => table(m, t, numbers),
        Block::Figure(f) => figure(m, f, numbers),
        Block::Equations { list, rates } => equation_list(m, list, *rates),
        Block::Definitions(list) => {
            m.open("dl", &[]);
            for (name, value) in list {
                m.open("dt", &[]);
                text(m, name);
                m.close().open("dd", &[]);
                text(m, value);
                m.close();
            }
            m.close().line();
        }
        Block::Details { summary, blocks } => {
            m.open("details", &[])
                .element("summary", &[], summary)
                .line();
            for b in blocks {
                block(m, b, numbers);
            }
            m.close().line();
        }
        Block::Code(t) => {
            m.open("pre", &[]).element("code", &[], t).close().line();
        }
    }
}

/// A blank of the width of a digit.
const FIGURE_SPACE: &str = "\u{2007}";
/// A blank of the width of a decimal point.
const PUNCTUATION_SPACE: &str = "\u{2008}";

fn table(m: &mut Markup, table: &Table, numbers: &mut Numbers) {
    numbers.tables += 1;
    m.open("div", &[("class", "scroll")]);
    m.open("table", &[]);
    m.open("caption", &[]);
    m.element("strong", &[], &format!("Table {}.", numbers.tables))
        .text(" ");
    text(m, &table.caption);
    m.close();
    m.open("thead", &[]).open("tr", &[]);
    let class = |align: Align| match align {
        Align::Left => "",
        Align::Number => "number",
        Align::Center => "center",
    };
    for c in &table.columns {
        m.open("th", &[("scope", "col"), ("class", class(c.align))]);
        text(m, &c.title);
        m.close();
    }
    m.close().close().open("tbody", &[]).line();
    let padding = table.padding();
    for (r, row) in table.rows.iter().enumerate() {
        m.open("tr", &[]);
        for (c, cell) in row.iter().enumerate() {
            let align = table.columns.get(c).map_or(Align::Left, |c| c.align);
            let classes = [class(align), tone_class(cell.tone)].join(" ");
            let mut attributes = vec![];
            if classes.trim() != "" {
                attributes.push(("class", classes.trim()));
            }
            // The first cell names its row, unless it repeats the one above and is left empty.
            let head = c == 0 && !cell.text.is_empty();
            if head {
                attributes.push(("scope", "row"));
            }
            m.open(if head { "th" } else { "td" }, &attributes);
            let (before, after) = padding
                .get(r)
                .and_then(|p| p.get(c))
                .copied()
                .unwrap_or_default();
            if align == Align::Number && !cell.text.is_empty() {
                text(m, &cell.text);
                // Right-aligned: only what is missing behind the point needs room.
                let point = !cell.text.words().contains('.');
                if after > 0 {
                    if point {
                        m.text(PUNCTUATION_SPACE);
                    }
                    m.text(&FIGURE_SPACE.repeat(after - usize::from(point)));
                }
                let _ = before;
            } else {
                text(m, &cell.text);
            }
            m.close();
        }
        m.close().line();
    }
    m.close().close().close().line();
}

fn figure(m: &mut Markup, figure: &Figure, numbers: &mut Numbers) {
    numbers.figures += 1;
    m.open("figure", &[("id", &anchor(&figure.id))]);
    if !figure.key.is_empty() {
        m.open("ul", &[("class", "key")]);
        for (sample, label) in &figure.key {
            m.open("li", &[])
                .nested(&sample.inline())
                .text(label)
                .close();
        }
        m.close().line();
    }
    let count = figure.drawings.len();
    m.open(
        "div",
        &[
            (
                "class",
                if count > 1 {
                    "drawings several"
                } else {
                    "drawings"
                },
            ),
            ("role", "group"),
            ("aria-label", &figure.title),
        ],
    );
    for svg in figure.inline() {
        m.open("div", &[("class", "plot")]).nested(&svg).close();
    }
    m.close().line();
    m.open("figcaption", &[]);
    m.element(
        "strong",
        &[],
        &format!("Figure {}. {}.", numbers.figures, figure.title),
    )
    .text(" ");
    text(m, &figure.caption);
    m.close().close().line();
}

/// An anchor without characters that would need escaping in an address.
fn anchor(id: &str) -> String {
    let clean: String = id
        .chars()
        .map(|c| {
            if c.is_ascii_alphanumeric() || c == '-' || c == '_' {
                c
            } else {
                '-'
            }
        })
        .collect();
    format!("figure-{clean}")
}

fn equation_list(m: &mut Markup, list: &[Equation], rates: bool) {
    m.open("div", &[("class", "equations")]).line();
    for e in list {
        m.open("div", &[("class", "equation")]);
        m.open("div", &[("class", "scroll")]);
        m.nested(&equations::equation(&e.left, &e.right, rates));
        m.close();
        let unit = words::unit(e.unit.as_deref());
        let note = match (e.description.is_empty(), unit) {
            (false, Some(u)) if !rates => format!("{} ({u})", e.description),
            (false, _) => e.description.clone(),
            (true, Some(u)) if !rates => format!("({u})"),
            (true, _) => String::new(),
        };
        m.element("div", &[("class", "meaning")], &note);
        m.close().line();
    }
    m.close().line();
}
