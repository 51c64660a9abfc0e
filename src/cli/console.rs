//! The two streams: results on stdout, everything else on stderr.

use std::io::{IsTerminal as _, Write as _};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::{Value, json};

use crate::diagnostic::{Color, Finding, Severity, render};
use crate::predict::Tell;
use crate::study::journal::Journal;
use crate::study::json;
use crate::study::stop::Why;

use super::common::{Display, Shard, When};
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
    /// Whether a part of the answer could not be written.
    lost: bool,
}

impl Console {
    /// As the flags say.
    pub fn new(display: &Display) -> Self {
        JSON.store(display.json, Ordering::Relaxed);
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
            lost: false,
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
        if let Err(e) = put(text.as_bytes()) {
            self.lost = true;
            self.findings(&[Finding::error(
                "file",
                format!("cannot write the answer to stdout: {e}"),
            )
            .help("free space or send it elsewhere, and run the same command again")]);
        }
    }
    /// The result for programs; printed under `--json` only.
    pub fn document(&mut self, value: Value) {
        self.document = Some(value);
    }
    /// The result, whatever `--json` says (files on stdout).
    pub fn raw(&mut self, text: &str) {
        self.text.push_str(text);
    }
    /// The end of a piece of work, which has no result of its own.
    pub fn piece(&mut self, shard: Option<Shard>) {
        let name = shard.map(|s| s.to_string()).unwrap_or_default();
        self.line(format!(
            "piece {name} is done; `mechfit merge` joins the pieces"
        ));
        self.document(json!({
            "schema_version": SCHEMA_VERSION,
            "status": "ok",
            "shard": name,
        }));
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
    /// Prints what is left and gives back the exit code: no answer that was not written in full is a success.
    pub fn finish(mut self, exit: Exit) -> Exit {
        if let Some(document) = self.document.take().filter(|_| self.json) {
            self.text = json::text(&document);
        }
        self.flush();
        let exit = match exit {
            Exit::Ok if self.lost => Exit::Internal,
            _ => exit,
        };
        note_down(exit);
        exit
    }
}

const TEMPLATE: &str = "{msg} [{bar:40}] {pos}/{len} ({per_sec}, {eta} left)";

/// Progress of a work, from any thread.
#[derive(Debug)]
pub struct Progress {
    bar: ProgressBar,
    from: Option<Instant>,
}

impl Progress {
    /// What a prediction tells of its work.
    pub fn tell(&self, what: Tell) {
        match what {
            Tell::Expect(units) => self.bar.inc_length(units),
            Tell::Done => self.step(),
        }
    }

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

/// Ends the process in the middle of a unit of work, saying so as [`Console::fail`] does.
pub fn abandon(why: Why) -> ! {
    let failure = Failure::Stopped {
        why,
        message: "stopped in the middle of a unit of work; what was finished before is kept, the same command with --resume goes on".into(),
    };
    let json = JSON.load(Ordering::Relaxed);
    let mut console = Console::new(&Display {
        json,
        ..Display::default()
    });
    let exit = console.fail(&failure);
    std::process::exit(i32::from(console.finish(exit).code()))
}

/// The journal of the folder of results that this process works in.
static JOURNAL: Mutex<Option<Journal>> = Mutex::new(None);

/// Keeps a journal until the process ends; the first one stays, so that a command within a command is part of it.
pub fn keep(journal: Journal) {
    JOURNAL
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner)
        .get_or_insert(journal);
}

/// Writes what was done down.
fn note_down(exit: Exit) {
    let journal = JOURNAL
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner)
        .take();
    if let Some(journal) = journal
        && let Err(e) = journal.end(exit.code())
    {
        complain(&format!("the log could not be written: {e}"));
    }
}

/// Whether stdout is one JSON document, for the threads that may have to end the process.
static JSON: AtomicBool = AtomicBool::new(false);

/// Writes to stdout. A reader that went away (`| head`) is no mistake.
#[allow(clippy::print_stdout)]
fn put(bytes: &[u8]) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    match out.write_all(bytes).and_then(|()| out.flush()) {
        Err(e) if e.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        written => written,
    }
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
    }
}
