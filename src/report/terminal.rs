//! A document for the terminal: paragraphs wrapped, tables aligned, warnings last. Figures and equations stay in the files.

use super::document::{Block, Document, Span, Text, Tone};
use super::table::{Terminal, terminal, wrap};

/// The document as lines of at most `terminal.width` columns.
pub fn render(document: &Document, to: Terminal) -> String {
    let mut out = String::new();
    for s in &document.sections {
        out.push_str(&format!("{}\n", heading(&s.title, to)));
        for b in &s.blocks {
            block(&mut out, b, to);
        }
        out.push('\n');
    }
    out.truncate(out.trim_end().len());
    out.push('\n');
    out
}

fn heading(title: &str, to: Terminal) -> String {
    if to.color {
        format!("\u{1b}[1m{title}\u{1b}[0m")
    } else {
        title.to_uppercase()
    }
}

/// Words of a text; verbatim parts in backticks as findings have them.
fn words(t: &Text) -> String {
    t.0.iter()
        .map(|s| match s {
            Span::Code(c) => format!("`{c}`"),
            other => other.words().to_owned(),
        })
        .collect()
}

fn block(out: &mut String, b: &Block, to: Terminal) {
    let width = to.width as usize;
    match b {
        Block::Paragraph(t) => out.push_str(&format!("{}\n", wrap(&words(t), width))),
        Block::Note(tone, t) => {
            let mark = match tone {
                Tone::Plain | Tone::Good => "note: ",
                Tone::Mind | Tone::Bad => "warning: ",
            };
            out.push_str(&hang(mark, &words(t), width));
        }
        Block::List(items) => {
            for i in items {
                out.push_str(&hang("- ", &words(i), width));
            }
        }
        Block::Heading(t) => out.push_str(&format!("\n{}\n", wrap(t, width))),
        Block::Table(t) => {
            out.push('\n');
            out.push_str(&terminal(t, to));
        }
        Block::Definitions(list) => {
            for (name, value) in list {
                out.push_str(&hang(
                    "  ",
                    &format!("{}: {}", words(name), words(value)),
                    width,
                ));
            }
        }
        Block::Code(t) => {
            for line in t.lines() {
                out.push_str(&format!("  {line}\n"));
            }
        }
        // What is folded away on the page would be noise here; it is in the files.
        Block::Details { .. } | Block::Figure(_) | Block::Equations { .. } => {}
    }
}

/// A paragraph with a mark before its first line and blanks before the others.
fn hang(mark: &str, text: &str, width: usize) -> String {
    let indent = mark.chars().count();
    let mut out = String::new();
    for (i, line) in wrap(text, width.saturating_sub(indent).max(20))
        .lines()
        .enumerate()
    {
        if i == 0 {
            out.push_str(mark);
        } else {
            out.push_str(&" ".repeat(indent));
        }
        out.push_str(line);
        out.push('\n');
    }
    out
}
