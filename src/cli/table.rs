//! Aligned tables for the terminal.

use comfy_table::{CellAlignment, ContentArrangement, presets};

/// Widest line of the output, in characters.
const WIDTH: u16 = 100;

/// A table whose first columns are text and whose others are numbers.
pub fn table(header: &[&str], left: usize, rows: &[Vec<String>]) -> String {
    let mut table = comfy_table::Table::new();
    table
        .load_style(presets::NOTHING)
        .set_content_arrangement(ContentArrangement::Dynamic)
        .set_width(WIDTH)
        .set_header(header.to_vec());
    for row in rows {
        table.add_row(row);
    }
    for (k, column) in table.column_iter_mut().enumerate() {
        column.set_padding((if k == 0 { 2 } else { 1 }, 1));
        if k >= left {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table
        .to_string()
        .lines()
        .map(str::trim_end)
        .collect::<Vec<_>>()
        .join("\n")
}

/// A number with a number of significant digits, as people write it.
pub fn number(x: f64, digits: usize) -> String {
    if x == 0.0 || !x.is_finite() {
        return if x.is_nan() {
            "–".into()
        } else {
            x.to_string()
        };
    }
    let digits = digits.max(1);
    let exponent = libm::floor(libm::log10(x.abs())) as i32;
    if (-4..6).contains(&exponent) {
        let decimals = usize::try_from(digits as i32 - 1 - exponent).unwrap_or(0);
        format!("{x:.decimals$}")
    } else {
        format!("{x:.*e}", digits - 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_keep_their_significant_digits() {
        let shown = [
            0.000123456,
            0.123456,
            12.3456,
            123456.7,
            1.5e9,
            -2.0,
            0.0,
            f64::NAN,
        ];
        let text: Vec<String> = shown.iter().map(|x| number(*x, 3)).collect();
        assert_eq!(
            text,
            [
                "0.000123", "0.123", "12.3", "123457", "1.50e9", "-2.00", "0", "–"
            ]
        );
    }
}
