//! A table before it is set.

use super::{Text, Tone};

/// How a column is set.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Align {
    /// Words.
    #[default]
    Left,
    /// Numbers, one under another by their decimal points.
    Number,
    /// Short marks.
    Center,
}

/// A column.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Column {
    /// Heading.
    pub title: Text,
    /// How it is set.
    pub align: Align,
    /// Left out where there is little room (the terminal); its content then stands in the results.
    pub minor: bool,
}

/// A cell.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Cell {
    /// Content.
    pub text: Text,
    /// How it is meant.
    pub tone: Tone,
}

/// A table; every row has one cell a column.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Table {
    /// What it shows.
    pub caption: Text,
    /// Columns.
    pub columns: Vec<Column>,
    /// Rows; the first cell of a row names it.
    pub rows: Vec<Vec<Cell>>,
}

impl Column {
    /// A column of words.
    pub fn words(title: impl Into<Text>) -> Self {
        Self {
            title: title.into(),
            ..Self::default()
        }
    }
    /// A column of numbers.
    pub fn number(title: impl Into<Text>) -> Self {
        Self {
            title: title.into(),
            align: Align::Number,
            minor: false,
        }
    }
    /// A column of short marks.
    pub fn mark(title: impl Into<Text>) -> Self {
        Self {
            title: title.into(),
            align: Align::Center,
            minor: false,
        }
    }
    /// The same, left out where there is little room.
    #[must_use]
    pub fn minor(mut self) -> Self {
        self.minor = true;
        self
    }
}

impl Cell {
    /// The same with a tone.
    #[must_use]
    pub fn tone(mut self, tone: Tone) -> Self {
        self.tone = tone;
        self
    }
}

impl<T: Into<Text>> From<T> for Cell {
    fn from(text: T) -> Self {
        Self {
            text: text.into(),
            tone: Tone::Plain,
        }
    }
}

impl Table {
    /// A table without rows.
    pub fn new(caption: impl Into<Text>, columns: Vec<Column>) -> Self {
        Self {
            caption: caption.into(),
            columns,
            rows: Vec::new(),
        }
    }
    /// Adds a row; missing cells are empty, surplus ones are left out.
    pub fn row(&mut self, mut cells: Vec<Cell>) {
        cells.resize(self.columns.len(), Cell::default());
        self.rows.push(cells);
    }
    /// The same table without columns that are empty in every row.
    #[must_use]
    pub fn without_empty_columns(mut self) -> Self {
        let keep: Vec<bool> = (0..self.columns.len())
            .map(|c| {
                self.rows
                    .iter()
                    .any(|r| r.get(c).is_some_and(|cell| !cell.text.is_empty()))
            })
            .collect();
        let mut kept = keep.iter();
        self.columns.retain(|_| *kept.next().unwrap_or(&true));
        for row in &mut self.rows {
            let mut kept = keep.iter();
            row.retain(|_| *kept.next().unwrap_or(&true));
        }
        self
    }
    /// Per row and column: how many blanks the size of a digit stand before and after the words of a number, so that
    /// decimal points stand one under another. `(0, 0)` in other columns.
    pub fn padding(&self) -> Vec<Vec<(usize, usize)>> {
        let mut padding = vec![vec![(0, 0); self.columns.len()]; self.rows.len()];
        for (c, column) in self.columns.iter().enumerate() {
            if column.align != Align::Number {
                continue;
            }
            let parts: Vec<(usize, usize)> = self
                .rows
                .iter()
                .map(|r| {
                    r.get(c)
                        .map_or((0, 0), |cell| around_point(&cell.text.words()))
                })
                .collect();
            let before = parts.iter().map(|p| p.0).max().unwrap_or(0);
            let after = parts.iter().map(|p| p.1).max().unwrap_or(0);
            for (r, part) in parts.iter().enumerate() {
                if let Some(cell) = padding.get_mut(r).and_then(|p| p.get_mut(c)) {
                    *cell = (before - part.0, after - part.1);
                }
            }
        }
        padding
    }
}

/// Characters before the decimal point (or the end of the digits), and from it on.
fn around_point(number: &str) -> (usize, usize) {
    let total = number.chars().count();
    let before = number
        .chars()
        .position(|c| c == '.')
        .or_else(|| {
            // Without a point the number ends where its digits do: `12 %`, `1×10⁵`, `1e5`.
            let digits = number
                .chars()
                .take_while(|c| {
                    c.is_ascii_digit() || matches!(c, '-' | '−' | '+' | '<' | '\u{202f}')
                })
                .count();
            (digits > 0).then_some(digits)
        })
        .unwrap_or(total);
    (before, total - before)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimal_points_stand_one_under_another() {
        let mut t = Table::new("", vec![Column::words("a"), Column::number("b")]);
        for v in ["1.25", "−100", "12 %", "", "open"] {
            t.row(vec!["x".into(), v.into()]);
        }
        let p: Vec<(usize, usize)> = t.padding().iter().map(|r| r[1]).collect();
        assert_eq!(p, [(3, 0), (0, 3), (2, 1), (4, 3), (0, 3)]);
        assert!(t.padding().iter().all(|r| r[0] == (0, 0)));
    }

    #[test]
    fn empty_columns_are_left_out() {
        let mut t = Table::new(
            "",
            vec![Column::words("a"), Column::words("b"), Column::words("c")],
        );
        t.row(vec!["1".into(), "".into(), "2".into()]);
        t.row(vec!["1".into()]);
        let t = t.without_empty_columns();
        assert_eq!(t.columns.len(), 2);
        assert_eq!(t.rows[1].len(), 2);
        assert_eq!(t.columns[1].title.words(), "c");
    }
}
