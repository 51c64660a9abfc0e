//! From bytes to text that can be read: limits, encodings, comments and typography.

use std::path::Path;
use std::sync::Arc;

use crate::diagnostic::{Finding, Source};

/// Largest file in bytes. Models are written by hand: the longest published ones stay below 2 MB.
pub(super) const LARGEST: usize = 4 << 20;

/// A file, and a copy of its text with the same byte offsets that holds no comments and no typography.
#[derive(Debug)]
pub(super) struct Text {
    pub source: Arc<Source>,
    pub clean: String,
}

/// What a text must be readable as; what it looks like if it is something else.
const OTHERS: [(&str, &str, &str); 5] = [
    ("<?xml", "SBML or other XML", "give it the ending `.xml`"),
    ("<sbml", "SBML", "give it the ending `.xml`"),
    (
        "$PROB",
        "a NONMEM control stream",
        "write its $DES block as `d/dt(X) = …` lines",
    ),
    (
        "format_version:",
        "a PEtab problem",
        "give it the ending `.yaml`",
    ),
    (
        "{",
        "JSON",
        "a model begins with `model NAME \"what it describes\"`",
    ),
];

/// Reads bytes as text.
///
/// # Errors
/// A finding if they are too many, no text, or evidently another format.
pub(super) fn decode(path: &Path, bytes: &[u8]) -> Result<Text, Box<Finding>> {
    let name = path.display().to_string();
    if bytes.len() > LARGEST {
        return Err(Box::new(
            Finding::error(
                "file-too-large",
                format!("the file has more than {} MB", LARGEST >> 20),
            )
            .in_file(name)
            .note("no model is that long")
            .help("is this the right file?"),
        ));
    }
    if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) {
        return Err(Box::new(
            Finding::error("encoding", "the file is UTF-16")
                .in_file(name)
                .help("save it as UTF-8"),
        ));
    }
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => text.to_string(),
        Err(e) => {
            let at = e.valid_up_to();
            let source = Source::new(name, String::from_utf8_lossy(bytes));
            let byte = bytes.get(at).copied().unwrap_or(0);
            let binary = bytes.contains(&0);
            let f = Finding::error("encoding", "the file is not UTF-8 text");
            return Err(Box::new(if binary {
                f.in_file(source.path.clone())
                    .help("is this the right file?")
            } else {
                f.at(&source, at..at + 1, format!("this is the byte {byte:#04x}"))
                    .help("save it as UTF-8 (in Excel and older editors: \"Unicode (UTF-8)\")")
            }));
        }
    };
    if text.trim().is_empty() {
        return Err(Box::new(
            Finding::error("empty-file", "the file is empty")
                .in_file(name)
                .help("a model begins with `model NAME \"what it describes\"`"),
        ));
    }
    let start = text.trim_start_matches('\u{feff}').trim_start();
    for (sign, what, help) in OTHERS {
        if start.starts_with(sign) {
            return Err(Box::new(
                Finding::error(
                    "not-a-model",
                    format!("this looks like {what}, not like a model"),
                )
                .in_file(name)
                .help(help),
            ));
        }
    }
    let clean = clean(&text);
    if clean.trim().is_empty() {
        return Err(Box::new(
            Finding::error("empty-file", "the file holds only comments")
                .in_file(name)
                .help("a model begins with `model NAME \"what it describes\"`"),
        ));
    }
    Ok(Text {
        source: Source::new(name, text),
        clean,
    })
}

/// Signs that papers and word processors set, and what is read in their place; never longer than the sign in bytes.
fn plain(c: char) -> Option<&'static str> {
    Some(match c {
        '\u{2212}' | '\u{2013}' => "-",
        '×' | '·' | '⋅' | '∙' => "*",
        '÷' | '∕' => "/",
        '≤' => "<=",
        '≥' => ">=",
        '≠' => "!=",
        '“' | '”' | '„' => "\"",
        '\u{feff}' | '\r' => " ",
        c if c.is_whitespace() && !matches!(c, '\n' | ' ') => " ",
        '\u{200b}' | '\u{200c}' | '\u{200d}' | '\u{2060}' => " ",
        _ => return None,
    })
}

/// The text without comments and typography, every byte that stays at its place.
fn clean(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let (mut opened, mut comment): (Option<char>, bool) = (None, false);
    for c in text.chars() {
        let width = c.len_utf8();
        if c == '\n' {
            (opened, comment) = (None, false);
            out.push('\n');
            continue;
        }
        if comment || (opened.is_none() && c == '#') {
            comment = true;
            out.extend(std::iter::repeat_n(' ', width));
            continue;
        }
        let quote = match opened {
            None => matches!(c, '"' | '“' | '”' | '„'),
            Some('"') => c == '"',
            Some(_) => matches!(c, '"' | '“' | '”'),
        };
        if quote {
            opened = if opened.is_none() { Some(c) } else { None };
        }
        let new = if opened.is_some() && !quote {
            None
        } else {
            plain(c)
        };
        match new {
            Some(new) => {
                out.push_str(new);
                out.extend(std::iter::repeat_n(' ', width.saturating_sub(new.len())));
            }
            None => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offsets_stay_where_they_were() {
        let text = "param k\u{a0}= 2×10^−3 [1/h] “a # b” # × \nlet x = k·2 ≤ 3\r\n";
        let c = clean(text);
        assert_eq!(c.len(), text.len());
        assert!(
            c.starts_with("param k  = 2* 10^-  3 [1/h] \"  a # b\"  "),
            "{c}"
        );
        assert!(c.contains("let x = k* 2 <=  3 \n"), "{c}");
    }

    #[test]
    fn other_formats_are_named() {
        let code = |b: &[u8]| decode(Path::new("a.model"), b).unwrap_err().code;
        assert_eq!(code(b"  \n"), "empty-file");
        assert_eq!(code(b"<?xml version"), "not-a-model");
        assert_eq!(code(b"\xff\xfem\0"), "encoding");
        assert_eq!(code(b"model a \"\xb5M\""), "encoding");
        assert_eq!(code(&vec![b'a'; LARGEST + 1]), "file-too-large");
    }
}
