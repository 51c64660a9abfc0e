//! Tables for the terminal.

use comfy_table::{Attribute, Color, ContentArrangement, ContentLineStyle, LineStyle, TableStyle};

use super::document::{Align, Table, Tone};

/// Width that every table fits: what a terminal beside an editor usually leaves, and a page of plain text.
pub const WIDTH: u16 = 100;

/// A head over a rule, columns apart by blanks: what a paper's table looks like.
const STYLE: TableStyle = TableStyle::new()
    .header_lines(ContentLineStyle::none().junction(' '))
    .header_separator(LineStyle::none().fill('─').junction('─'))
    .content_lines(ContentLineStyle::none().junction(' '));

/// How a terminal takes text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Terminal {
    /// Columns.
    pub width: u16,
    /// Whether to colour.
    pub color: bool,
}

impl Default for Terminal {
    fn default() -> Self {
        Self {
            width: WIDTH,
            color: false,
        }
    }
}

/// The table as lines of at most `terminal.width` columns, without trailing blanks; the caption above it if it has one.
pub fn terminal(table: &Table, terminal: Terminal) -> String {
    let keep: Vec<usize> = (0..table.columns.len())
        .filter(|c| !table.columns[*c].minor)
        .collect();
    let mut out = comfy_table::Table::new();
    out.load_style(STYLE)
        .set_content_arrangement(ContentArrangement::Dynamic)
        .set_width(terminal.width);
    if terminal.color {
        out.enforce_styling();
    } else {
        out.force_no_tty();
    }
    out.set_header(keep.iter().map(|c| {
        let column = &table.columns[*c];
        let cell = comfy_table::Cell::new(column.title.words());
        let cell = match column.align {
            Align::Number => cell.set_alignment(comfy_table::CellAlignment::Right),
            Align::Center => cell.set_alignment(comfy_table::CellAlignment::Center),
            Align::Left => cell,
        };
        if terminal.color {
            cell.add_attribute(Attribute::Bold)
        } else {
            cell
        }
    }));
    let padding = table.padding();
    for (row, blanks) in table.rows.iter().zip(&padding) {
        out.add_row(keep.iter().map(|c| {
            let (Some(cell), Some((before, after))) = (row.get(*c), blanks.get(*c)) else {
                return comfy_table::Cell::new("");
            };
            let words = cell.text.words();
            // A blank that the layout may neither trim nor break at.
            let pad = |n: usize| "\u{a0}".repeat(n);
            let text = match table.columns[*c].align {
                Align::Number if words.is_empty() => words,
                Align::Number => format!("{}{words}{}", pad(*before), pad(*after)),
                _ => words,
            };
            let out = comfy_table::Cell::new(text);
            let out = match table.columns[*c].align {
                Align::Number => out.set_alignment(comfy_table::CellAlignment::Right),
                Align::Center => out.set_alignment(comfy_table::CellAlignment::Center),
                Align::Left => out,
            };
            match (terminal.color, cell.tone) {
                (true, Tone::Good) => out.fg(Color::Green),
                (true, Tone::Mind) => out.fg(Color::Yellow),
                (true, Tone::Bad) => out.fg(Color::Red),
                _ => out,
            }
        }));
    }
    let mut text = String::new();
    let caption = table.caption.words();
    if !caption.is_empty() {
        text.push_str(&wrap(&caption, terminal.width as usize));
        text.push('\n');
    }
    for line in out.to_string().lines() {
        let line = line.replace('\u{a0}', " ");
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

/// Text in lines of at most `width` columns, broken at blanks; a longer word keeps its own line.
pub fn wrap(text: &str, width: usize) -> String {
    let mut out = String::new();
    for (i, paragraph) in text.split('\n').enumerate() {
        if i > 0 {
            out.push('\n');
        }
        let mut column = 0;
        for word in paragraph.split(' ').filter(|w| !w.is_empty()) {
            let length = word.chars().count();
            if column > 0 && column + 1 + length > width {
                out.push('\n');
                column = 0;
            } else if column > 0 {
                out.push(' ');
                column += 1;
            }
            out.push_str(word);
            column += length;
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::super::document::{Cell, Column};
    use super::*;

    fn estimates() -> Table {
        let mut t = Table::new(
            "Estimates",
            vec![
                Column::words("parameter"),
                Column::number("value"),
                Column::words("unit"),
                Column::number("lower"),
                Column::words("what it says"),
                Column::words("source").minor(),
            ],
        );
        for (id, v, u, l, w) in [
            ("k_int", "0.61", "1/h", "0.402", "identifiable"),
            (
                "n_sites",
                "15000",
                "1/cell",
                "open",
                "practically not identifiable: the objective flattens towards small values, and with it the uptake",
            ),
            ("Kd", "4.5", "nM", "-1.25", "prior only"),
        ] {
            t.row(vec![
                id.into(),
                v.into(),
                u.into(),
                l.into(),
                Cell::from(w).tone(Tone::Mind),
                "not shown".into(),
            ]);
        }
        t
    }

    #[test]
    fn a_table_fits_its_width_and_aligns_on_decimals() {
        let text = terminal(
            &estimates(),
            Terminal {
                width: 72,
                color: false,
            },
        );
        assert!(text.lines().all(|l| l.chars().count() <= 72), "{text}");
        insta::assert_snapshot!(text);
    }

    #[test]
    fn colour_is_only_written_where_it_is_asked_for() {
        let plain = terminal(&estimates(), Terminal::default());
        let colored = terminal(
            &estimates(),
            Terminal {
                color: true,
                ..Terminal::default()
            },
        );
        assert!(!plain.contains('\u{1b}'));
        assert!(colored.contains('\u{1b}'));
    }

    #[test]
    fn text_is_wrapped_at_blanks() {
        assert_eq!(wrap("one two three", 7), "one two\nthree");
        assert_eq!(wrap("unbreakable", 4), "unbreakable");
        assert_eq!(wrap("a\nb", 9), "a\nb");
    }
}
