//! The two streams: results on stdout, everything else on stderr.

use std::io::{IsTerminal as _, Write as _};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::{Value, json};

use crate::diagnostic::{Color, Finding, Severity, render};
use crate::study::json;

use super::common::{Display, When};
use super::{Exit, Failure};

/// A progress bar appears only on work that takes longer than this.
const PATIENCE: Duration = Duration::from_secs(1);
/// Version of the JSON documents.
pub const SCHEMA_VERSION: u32 = 1;

/// Where a command says what it has to say.
#[derive(Debug)]
pub struct Console {
    json: bool,
    quiet: bool,
    color: Color,
    progress: bool,
    stdout_color: bool,
    text: String,
    document: Option<Value>,
}

impl Console {
    /// As the flags say.
    pub fn new(display: &Display) -> Self {
        let terminal = std::io::stderr().is_terminal();
        let plain = std::env::var_os("NO_COLOR").is_some_and(|v| !v.is_empty());
        let color = match display.color {
            When::Always => Color::Always,
            When::Auto if terminal && !plain => Color::Always,
            When::Auto | When::Never => Color::Never,
        };
        Self {
            json: display.json,
            quiet: display.quiet,
            color,
            progress: terminal && !display.quiet,
            stdout_color: match display.color {
                When::Always => true,
                When::Auto => std::io::stdout().is_terminal() && !plain,
                When::Never => false,
            },
            text: String::new(),
            document: None,
        }
    }
    /// Whether stdout is one JSON document.
    pub fn is_json(&self) -> bool {
        self.json
    }
    /// Whether the result may have colours.
    pub fn colors_stdout(&self) -> bool {
        self.stdout_color
    }
    /// Adds a line to the result for people; ignored under `--json`.
    pub fn line(&mut self, text: impl AsRef<str>) {
        if !self.json {
            self.text.push_str(text.as_ref());
            self.text.push('\n');
        }
    }
    /// Shows the lines so far, so that a long run does not keep them back.
    pub fn flush(&mut self) {
        let text = std::mem::take(&mut self.text);
        put(text.as_bytes());
    }
    /// The result for programs; printed under `--json` only.
    pub fn document(&mut self, value: Value) {
        self.document = Some(value);
    }
    /// The result, whatever `--json` says (files on stdout).
    pub fn raw(&mut self, text: &str) {
        self.text.push_str(text);
    }
    /// Something worth knowing that is not the result.
    pub fn note(&self, text: impl AsRef<str>) {
        if !self.quiet {
            complain(text.as_ref());
        }
    }
    /// Shows findings on stderr; warnings are not shown under `--quiet`.
    pub fn findings(&self, list: &[Finding]) {
        for finding in list {
            if finding.severity == Severity::Error || !self.quiet {
                complain(&format!("{}\n", render(finding, self.color)));
            }
        }
    }
    /// Shows why a command failed, as text on stderr and, under `--json`, as a document.
    pub fn fail(&mut self, failure: &Failure) -> Exit {
        let exit = failure.exit();
        let findings = failure.findings();
        self.findings(&findings);
        let errors = findings
            .iter()
            .filter(|f| f.severity == Severity::Error)
            .count();
        if exit == Exit::Invalid && errors > 1 {
            complain(&format!("{errors} errors; nothing was computed"));
        }
        if self.json && self.document.is_none() {
            let list = json::document(&findings).unwrap_or(Value::Null);
            self.document = Some(json!({
                "schema_version": SCHEMA_VERSION,
                "status": if errors > 0 { "failed" } else { "stopped" },
                "exit_code": exit.code(),
                "findings": list,
            }));
        }
        exit
    }
    /// A bar for `units` units of work, shown only if it takes longer than a second.
    pub fn progress(&self, units: u64, what: &str) -> Progress {
        let bar = ProgressBar::with_draw_target(Some(units), ProgressDrawTarget::hidden());
        // The template is constant and checked by a test; without it the default style is as good.
        if let Ok(style) = ProgressStyle::with_template(TEMPLATE) {
            bar.set_style(style.progress_chars("=> "));
        }
        bar.set_message(what.to_string());
        Progress {
            bar,
            from: self.progress.then(Instant::now),
        }
    }
    /// A count of simulations whose number nobody knows beforehand, shown only if they take longer than a second.
    pub fn simulations(&self, what: &str) -> Progress {
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::hidden());
        if let Ok(style) = ProgressStyle::with_template(COUNT) {
            bar.set_style(style);
        }
        bar.set_message(what.to_string());
        Progress {
            bar,
            from: self.progress.then(Instant::now),
        }
    }
    /// Prints what is left and gives back the exit code.
    pub fn finish(mut self, exit: Exit) -> Exit {
        if let Some(document) = self.document.take().filter(|_| self.json) {
            self.text = json::text(&document);
        }
        self.flush();
        exit
    }
}

const TEMPLATE: &str = "{msg} [{bar:40}] {pos}/{len} ({per_sec}, {eta} left)";

/// The same without an end.
const COUNT: &str = "{msg}: {pos} simulations in {elapsed} ({per_sec})";

/// Progress of a work, from any thread.
#[derive(Debug)]
pub struct Progress {
    bar: ProgressBar,
    from: Option<Instant>,
}

impl Progress {
    /// One more unit is done.
    pub fn step(&self) {
        self.bar.inc(1);
        if self.bar.is_hidden() && self.from.is_some_and(|t| t.elapsed() > PATIENCE) {
            self.bar.set_draw_target(ProgressDrawTarget::stderr());
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

/// Writes to stdout. A reader that went away (`| head`) is no mistake.
#[allow(clippy::print_stdout)]
fn put(bytes: &[u8]) {
    let mut out = std::io::stdout().lock();
    let _ = out.write_all(bytes).and_then(|()| out.flush());
}

/// Writes a line to stderr; if that is closed there is nobody to tell.
pub fn complain(text: &str) {
    let _ = writeln!(std::io::stderr().lock(), "{text}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_template_of_the_progress_bar_is_valid() {
        assert!(ProgressStyle::with_template(TEMPLATE).is_ok());
        assert!(ProgressStyle::with_template(COUNT).is_ok());
    }
}
