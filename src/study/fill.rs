//! Numbers of recorded results put into a text: what a page says of a study is what the program computed.
//!
//! A template is any text with places in double braces:
//!
//! * `{{FILE#ROW.COLUMN}}` or `{{FILE#ROW.COLUMN|FORMAT}}`: a cell of a tab-separated table below the folder of the
//!   results; `ROW` is the text of the row's first column. `FORMAT` is a number of decimals (`2`), `p` (a P-value), or `mark`
//!   (`yes` → ✓, `no` → ✗).
//! * `{{include FILE}}`: the text of a file.
//! * `{{each FILE}}` … `{{end}}`: the lines between, once for each row of a table; `$COLUMN` in them is the row's cell.
//!   With `{{each FILE where COLUMN is TEXT}}` only for rows whose cell is that text (nothing behind `is`: an empty cell).
//!
//! `{{each …}}` and `{{end}}` stand on lines of their own.

use std::collections::BTreeMap;
use std::path::Path;

/// Why a template cannot be filled.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FillError {
    /// A file cannot be read.
    #[error("line {line}: `{file}` cannot be read: {cause}")]
    File {
        /// Line of the template, from 1.
        line: usize,
        /// File.
        file: String,
        /// Why.
        cause: String,
    },
    /// A place that means nothing.
    #[error("line {line}: `{{{{{place}}}}}`: {why}")]
    Place {
        /// Line of the template, from 1.
        line: usize,
        /// What stands between the braces.
        place: String,
        /// What is wrong.
        why: String,
    },
}

/// A table: names of its columns, and rows of cells.
#[derive(Debug, Clone)]
struct Sheet {
    columns: Vec<String>,
    rows: Vec<Vec<String>>,
}

impl Sheet {
    fn parse(text: &str) -> Self {
        let mut lines = text
            .lines()
            .map(|l| l.split('\t').map(str::to_owned).collect());
        Self {
            columns: lines.next().unwrap_or_default(),
            rows: lines.collect(),
        }
    }
    fn column(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|c| c == name)
    }
}

struct Filler<'a> {
    folder: &'a Path,
    sheets: BTreeMap<String, Sheet>,
}

/// Fills a template from the results below `folder`.
///
/// # Errors
/// [`FillError`] with the line of the template: a file that is missing, a row or column that a table does not have, a cell
/// that is no number where one is to be formatted.
pub fn fill(template: &str, folder: &Path) -> Result<String, FillError> {
    let mut filler = Filler {
        folder,
        sheets: BTreeMap::new(),
    };
    let mut out = String::new();
    let mut lines = template.split_inclusive('\n').enumerate();
    while let Some((at, line)) = lines.next() {
        let place = |why: &str| FillError::Place {
            line: at + 1,
            place: line.trim().trim_matches(['{', '}']).into(),
            why: why.into(),
        };
        let Some(each) = line
            .trim()
            .strip_prefix("{{each ")
            .and_then(|l| l.strip_suffix("}}"))
        else {
            out += &filler.line(line, at + 1)?;
            continue;
        };
        let mut body: Vec<(usize, &str)> = Vec::new();
        loop {
            match lines.next() {
                None => return Err(place("it has no `{{end}}`")),
                Some((_, l)) if l.trim() == "{{end}}" => break,
                Some((k, l)) => body.push((k + 1, l)),
            }
        }
        let (file, filter) = match each.split_once(" where ") {
            Some((file, rest)) => {
                let (column, text) = rest
                    .split_once(" is")
                    .ok_or_else(|| place("write `where COLUMN is TEXT`"))?;
                (file.trim(), Some((column.trim(), text.trim())))
            }
            None => (each.trim(), None),
        };
        let sheet = filler.sheet(file, at + 1)?.clone();
        let wanted = match filter {
            Some((column, text)) => {
                let at = sheet
                    .column(column)
                    .ok_or_else(|| place(&format!("there is no column `{column}`")))?;
                Some((at, text))
            }
            None => None,
        };
        // Longer names first, so that `$p_value_bootstrap` is not read as `$p_value`.
        let mut names: Vec<(usize, &String)> = sheet.columns.iter().enumerate().collect();
        names.sort_by_key(|(_, n)| std::cmp::Reverse(n.len()));
        for row in &sheet.rows {
            let cell = |k: usize| row.get(k).map_or("", String::as_str);
            if wanted.is_some_and(|(k, text)| cell(k) != text) {
                continue;
            }
            for (number, l) in &body {
                let mut l = (*l).to_string();
                for (k, name) in &names {
                    l = l.replace(&format!("${name}"), cell(*k));
                }
                out += &filler.line(&l, *number)?;
            }
        }
    }
    Ok(out)
}

impl Filler<'_> {
    fn read(&self, file: &str, line: usize) -> Result<String, FillError> {
        std::fs::read_to_string(self.folder.join(file)).map_err(|e| FillError::File {
            line,
            file: file.into(),
            cause: e.to_string(),
        })
    }

    fn sheet(&mut self, file: &str, line: usize) -> Result<&Sheet, FillError> {
        if !self.sheets.contains_key(file) {
            let sheet = Sheet::parse(&self.read(file, line)?);
            self.sheets.insert(file.into(), sheet);
        }
        self.sheets.get(file).ok_or_else(|| FillError::File {
            line,
            file: file.into(),
            cause: "not read".into(),
        })
    }

    /// A line with its places filled.
    fn line(&mut self, line: &str, number: usize) -> Result<String, FillError> {
        let mut out = String::new();
        let mut rest = line;
        while let Some((before, behind)) = rest.split_once("{{") {
            out += before;
            let wrong = |place: &str, why: &str| FillError::Place {
                line: number,
                place: place.trim_end().into(),
                why: why.into(),
            };
            let (place, after) = behind
                .split_once("}}")
                .ok_or_else(|| wrong(behind, "it has no `}}`"))?;
            out += &self.place(place, number)?;
            rest = after;
        }
        out += rest;
        Ok(out)
    }

    fn place(&mut self, place: &str, line: usize) -> Result<String, FillError> {
        let wrong = |why: String| FillError::Place {
            line,
            place: place.into(),
            why,
        };
        if let Some(file) = place.strip_prefix("include ") {
            return Ok(self.read(file.trim(), line)?.trim_end().to_string());
        }
        let (address, format) = match place.rsplit_once('|') {
            Some((a, f)) => (a.trim(), Some(f.trim())),
            None => (place.trim(), None),
        };
        let (file, cell) = address
            .split_once('#')
            .ok_or_else(|| wrong("write FILE#ROW.COLUMN".into()))?;
        let (row, column) = cell
            .rsplit_once('.')
            .ok_or_else(|| wrong("write FILE#ROW.COLUMN".into()))?;
        let sheet = self.sheet(file, line)?;
        let at = sheet
            .column(column)
            .ok_or_else(|| wrong(format!("the table has no column `{column}`")))?;
        let cells = sheet
            .rows
            .iter()
            .find(|r| r.first().is_some_and(|c| c == row))
            .ok_or_else(|| wrong(format!("the table has no row `{row}`")))?;
        let text = cells.get(at).map_or("", String::as_str);
        formatted(text, format).map_err(wrong)
    }
}

/// A cell in a format.
fn formatted(text: &str, format: Option<&str>) -> Result<String, String> {
    /// Least P-value that is written as a number.
    const LEAST_P: f64 = 0.001;
    let number = || {
        text.parse::<f64>()
            .map_err(|_| format!("`{text}` is no number"))
    };
    match format {
        None => Ok(text.into()),
        Some(_) if text.is_empty() => Ok("–".into()),
        Some("mark") => Ok(match text {
            "yes" => "✓".into(),
            "no" => "✗".into(),
            other => other.into(),
        }),
        Some("p") => {
            let p = number()?;
            Ok(if p < LEAST_P {
                format!("< {LEAST_P}")
            } else if p < 0.1 {
                format!("{p:.3}")
            } else {
                format!("{p:.2}")
            })
        }
        Some(digits) => {
            // The formatter takes no more than a u16, and panics above.
            let digits: usize = digits.parse::<u8>().map(usize::from).map_err(|_| {
                format!(
                    "`{digits}` is no format; write a number of decimals (0 to {}), `p` or `mark`",
                    u8::MAX
                )
            })?;
            let x = number()?;
            // A rounded zero has no sign.
            let shown = format!("{x:.digits$}");
            Ok(if shown.parse::<f64>() == Ok(0.0) {
                shown.trim_start_matches('-').to_string()
            } else {
                shown.replace('-', "−")
            })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(name: &str) -> std::path::PathBuf {
        let folder =
            std::env::temp_dir().join(format!("mechfit-fill-{name}-{}", std::process::id()));
        std::fs::create_dir_all(folder.join("a")).unwrap();
        std::fs::write(
            folder.join("a/t.tsv"),
            "id\tdelta\tp\tf1\nbase\t0\t0.00012\tyes\ns1\t-7.254\t0.0431\tno\nx\t\t0.5\t\n",
        )
        .unwrap();
        std::fs::write(folder.join("words.md"), "Two words.\n").unwrap();
        folder
    }

    #[test]
    fn places_rows_and_files_are_put_in() {
        let folder = folder("in");
        let text = "Δ {{a/t.tsv#s1.delta|1}}, P {{a/t.tsv#base.p|p}}, {{a/t.tsv#s1.p|p}}.\n{{include words.md}}\n\
                    {{each a/t.tsv}}\n| $id | {{a/t.tsv#$id.delta|2}} | {{a/t.tsv#$id.f1|mark}} |\n{{end}}\n\
                    {{each a/t.tsv where f1 is no}}\n$id\n{{end}}\n{{each a/t.tsv where f1 is}}\n$id\n{{end}}\nend\n";
        assert_eq!(
            fill(text, &folder).unwrap(),
            "Δ −7.3, P < 0.001, 0.043.\nTwo words.\n| base | 0.00 | ✓ |\n| s1 | −7.25 | ✗ |\n| x | – | – |\ns1\nx\nend\n"
        );
        std::fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn what_is_not_there_is_named_with_its_line() {
        let folder = folder("out");
        for (text, part) in [
            ("\n{{b.tsv#x.y}}", "line 2: `b.tsv` cannot be read"),
            ("{{a/t.tsv#s9.p}}", "no row `s9`"),
            ("{{a/t.tsv#s1.q}}", "no column `q`"),
            ("{{a/t.tsv#s1.f1|2}}", "`no` is no number"),
            ("{{a/t.tsv#s1.p|70000}}", "decimals (0 to 255)"),
            ("{{a/t.tsv#s1.p|-1}}", "`-1` is no format"),
            ("{{a/t.tsv}}", "FILE#ROW.COLUMN"),
            ("{{a/t.tsv#s1.p", "no `}}`"),
            ("{{each a/t.tsv}}\n$id\n", "no `{{end}}`"),
        ] {
            let error = fill(text, &folder).unwrap_err().to_string();
            assert!(error.contains(part), "{text}: {error}");
        }
        std::fs::remove_dir_all(folder).unwrap();
    }
}
