//! The report as Markdown (CommonMark with tables).

use super::document::{Align, Block, Document, Span, Table, Text, Tone};
use super::view::Equation;
use super::words;

/// The document as Markdown. Figures are links to `folder/ID.svg` (`folder` empty: beside the file).
pub fn markdown(document: &Document, folder: &str) -> String {
    let mut out = format!("# {}\n\n", escape(&document.title));
    for t in &document.lead {
        out.push_str(&format!("{}\n\n", text(t)));
    }
    for s in &document.sections {
        out.push_str(&format!("## {}\n\n", escape(&s.title)));
        for b in &s.blocks {
            block(&mut out, b, folder);
        }
    }
    out.truncate(out.trim_end().len());
    out.push('\n');
    out
}

fn block(out: &mut String, b: &Block, folder: &str) {
    match b {
        Block::Paragraph(t) => out.push_str(&format!("{}\n\n", text(t))),
        Block::Note(tone, t) => {
            let word = match tone {
                Tone::Bad | Tone::Mind => "**Mind:** ",
                _ => "",
            };
            out.push_str(&format!("> {word}{}\n\n", text(t)));
        }
        Block::List(items) => {
            for i in items {
                out.push_str(&format!("- {}\n", text(i)));
            }
            out.push('\n');
        }
        Block::Heading(t) => out.push_str(&format!("### {}\n\n", escape(t))),
        Block::Table(t) => table(out, t),
        Block::Figure(f) => {
            let place = if folder.is_empty() {
                address(&f.id)
            } else {
                format!("{}/{}", address(folder), address(&f.id))
            };
            out.push_str(&format!(
                "![{}]({place}.svg)\n\n*{}.* {}\n\n",
                escape(&f.title),
                escape(&f.title),
                text(&f.caption)
            ));
        }
        Block::Equations { list, rates } => equations(out, list, *rates),
        Block::Definitions(list) => {
            for (name, value) in list {
                out.push_str(&format!("- {}: {}\n", text(name), text(value)));
            }
            out.push('\n');
        }
        Block::Details { summary, blocks } => {
            out.push_str(&format!("**{}**\n\n", escape(summary)));
            for b in blocks {
                block(out, b, folder);
            }
        }
        Block::Code(t) => fenced(out, t),
    }
}

fn equations(out: &mut String, list: &[Equation], rates: bool) {
    let mut lines = String::new();
    for e in list {
        let left = if rates {
            format!("d/dt({})", e.left)
        } else {
            e.left.clone()
        };
        let unit = words::unit(e.unit.as_deref()).map_or_else(String::new, |u| format!(" [{u}]"));
        let note = if e.description.is_empty() {
            String::new()
        } else {
            format!("    # {}", e.description.replace(['\n', '\r'], " "))
        };
        lines.push_str(&format!("{left} = {}{unit}{note}\n", e.right));
    }
    fenced(out, lines.trim_end());
}

/// A block of code whose fence is longer than any run of backticks in it.
fn fenced(out: &mut String, code: &str) {
    let fence = "`".repeat(longest_run(code).max(2) + 1);
    out.push_str(&format!("{fence}\n{code}\n{fence}\n\n"));
}

fn longest_run(text: &str) -> usize {
    text.split(|c| c != '`').map(str::len).max().unwrap_or(0)
}

fn table(out: &mut String, t: &Table) {
    if !t.caption.is_empty() {
        out.push_str(&format!("{}\n\n", text(&t.caption)));
    }
    let row = |cells: Vec<String>| format!("| {} |\n", cells.join(" | "));
    out.push_str(&row(t.columns.iter().map(|c| in_cell(&c.title)).collect()));
    out.push_str(&row(t
        .columns
        .iter()
        .map(|c| match c.align {
            Align::Left => "---".to_owned(),
            Align::Number => "---:".to_owned(),
            Align::Center => ":---:".to_owned(),
        })
        .collect()));
    for r in &t.rows {
        out.push_str(&row(r.iter().map(|c| in_cell(&c.text)).collect()));
    }
    out.push('\n');
}

/// Text in a table: a bar would end the cell, in code as well.
fn in_cell(t: &Text) -> String {
    t.0.iter()
        .map(|s| match s {
            Span::Code(c) | Span::Symbol(c) => code(c).replace('|', "\\|"),
            other => span(other),
        })
        .collect()
}

fn text(t: &Text) -> String {
    t.0.iter().map(span).collect()
}

fn span(s: &Span) -> String {
    match s {
        Span::Plain(t) => escape(t),
        Span::Strong(t) if t.trim().is_empty() => escape(t),
        Span::Strong(t) => format!("**{}**", escape(t.trim())),
        Span::Code(t) | Span::Symbol(t) => code(t),
    }
}

/// A span of code; its own backticks are kept by longer ones around it.
fn code(t: &str) -> String {
    let t = t.replace(['\n', '\r'], " ");
    if t.trim().is_empty() {
        return String::new();
    }
    let ticks = "`".repeat(longest_run(&t) + 1);
    if t.starts_with('`') || t.ends_with('`') {
        format!("{ticks} {t} {ticks}")
    } else {
        format!("{ticks}{t}{ticks}")
    }
}

/// Words in which nothing is taken for markup.
fn escape(t: &str) -> String {
    let mut out = String::with_capacity(t.len() + 8);
    let mut start = true;
    for c in t.chars() {
        match c {
            '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '|' | '#' | '~' | '$' | '&' => {
                out.push('\\');
                out.push(c);
            }
            // Marks of lists and headings mean something at the start of a line only.
            '-' | '+' | '=' if start => {
                out.push('\\');
                out.push(c);
            }
            '\n' | '\r' => out.push(' '),
            c if c.is_control() => {}
            c => out.push(c),
        }
        start = false;
    }
    // `1.` at the start of a line would begin a list.
    let digits = out.chars().take_while(char::is_ascii_digit).count();
    let mut rest = out.chars().skip(digits);
    if digits > 0
        && matches!(rest.next(), Some('.' | ')'))
        && rest.next().is_none_or(char::is_whitespace)
    {
        out.insert(digits, '\\');
    }
    out
}

/// A name in an address.
fn address(t: &str) -> String {
    t.chars()
        .map(|c| {
            if c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '/') {
                c
            } else {
                '-'
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::document::{Cell, Column, Section};
    use super::*;

    #[test]
    fn nothing_of_a_users_becomes_markup() {
        assert_eq!(escape("<script>*a*_b_|c"), "\\<script\\>\\*a\\*\\_b\\_\\|c");
        assert_eq!(escape("- item"), "\\- item");
        assert_eq!(escape("1. item\n# head"), "1\\. item \\# head");
        assert_eq!(code("a`b"), "``a`b``");
        assert_eq!(code("`"), "`` ` ``");
        assert_eq!(address("a b)](x"), "a-b---x");
    }

    #[test]
    fn a_document_is_set_as_markdown() {
        let mut t = Table::new(
            "Caption",
            vec![Column::words("arm"), Column::number("value")],
        );
        t.row(vec![Text::new().code("a|b").into(), Cell::from("1.5")]);
        let d = Document {
            title: "A *title*".into(),
            lead: vec![],
            sections: vec![Section {
                id: "x",
                title: "Section".into(),
                blocks: vec![
                    Block::Paragraph(
                        Text::from("Words, ")
                            .strong("strong")
                            .plain(", ")
                            .symbol("k_on")
                            .plain("."),
                    ),
                    Block::Table(t),
                    Block::Note(Tone::Mind, "beware".into()),
                    Block::Code("mechfit run x".into()),
                ],
            }],
        };
        insta::assert_snapshot!(markdown(&d, "figures"));
    }
}
