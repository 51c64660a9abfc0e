//! `explain`: what the code of a finding, a reason of failure, an exit code or a gate means.

use std::path::Path;

use serde_json::json;

use super::super::common::Display;
use super::super::console::{Console, SCHEMA_VERSION};
use super::super::{Exit, Failure, replay};
use crate::diagnostic::similar;
use crate::study::gates;
use crate::study::postmortem::PostMortem;

/// The page of the documentation that says what each code means; its sections are what this command prints.
const CODES: &str = include_str!("../../../docs/codes.md");

/// Say what a code or exit code means, which names a gate may use, or what a recorded failure was, replayed.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  mechfit explain unit-mismatch\n  mechfit explain 6\n  mechfit explain gates\n  mechfit explain fits/wang2020/results/failures/start-3.json\n  mechfit explain          lists everything"
)]
pub struct Arguments {
    /// Code of a finding, reason of failure, exit code, `gates`, or the file of a recorded failure
    pub subject: Option<String>,
    #[command(flatten)]
    pub display: Display,
}

impl Arguments {
    /// Explains one subject, or lists them.
    pub fn run(&self, console: &mut Console) -> Result<Exit, Failure> {
        let Some(subject) = &self.subject else {
            console.line("exit codes:");
            for exit in Exit::ALL {
                console.line(format!("  {:>3}  {}", exit.code(), meaning(exit)));
            }
            console.line("topics:");
            console.line("       gates    names that a condition on the result may use");
            for (title, codes) in chapters() {
                console.line(format!("{title}:"));
                for line in lines_of(&codes) {
                    console.line(format!("  {line}"));
                }
            }
            let codes: Vec<&str> = sections().map(|(code, _)| code).collect();
            console.document(json!({
                "schema_version": SCHEMA_VERSION,
                "exit_codes": Exit::ALL.map(|e| json!({"code": e.code(), "meaning": meaning(e)})),
                "codes": codes,
            }));
            return Ok(Exit::Ok);
        };
        if let Some(found) = PostMortem::read(Path::new(subject)) {
            return replay::replay(&found, Path::new(subject), console);
        }
        let text = if subject == "gates" {
            let names: Vec<String> = gates::NAMES
                .iter()
                .map(|(name, what)| format!("  {name:<18} {what}"))
                .collect();
            format!(
                "A gate is a condition over the names below, such as `converged && chi2_means < 10`.\n{}",
                names.join("\n")
            )
        } else if let Some(exit) = subject
            .parse::<u8>()
            .ok()
            .and_then(|code| Exit::ALL.into_iter().find(|e| e.code() == code))
        {
            format!("exit code {}: {}", exit.code(), meaning(exit))
        } else if let Some((code, text)) = sections().find(|(code, _)| code == subject) {
            format!("{code}\n\n{text}")
        } else {
            let known = similar(subject, sections().map(|(code, _)| code));
            return Err(Failure::usage(
                format!("there is no explanation of `{subject}`"),
                match known.first() {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => "`mechfit explain` lists every code".into(),
                },
            ));
        };
        console.line(&text);
        console.document(json!({
            "schema_version": SCHEMA_VERSION,
            "subject": subject,
            "text": text,
        }));
        Ok(Exit::Ok)
    }
}

/// Every code and what it means, in the order of the page.
pub fn sections() -> impl Iterator<Item = (&'static str, &'static str)> {
    CODES.split("\n### ").skip(1).filter_map(|section| {
        let (code, text) = section.split_once('\n')?;
        let text = text.split("\n## ").next().unwrap_or(text);
        Some((code.trim(), text.trim()))
    })
}

/// Titles of the page's chapters, each with its codes.
fn chapters() -> Vec<(&'static str, Vec<&'static str>)> {
    CODES
        .split("\n## ")
        .skip(1)
        .filter_map(|chapter| {
            let (title, text) = chapter.split_once('\n')?;
            let codes = text.split("\n### ").skip(1);
            let codes = codes.filter_map(|s| s.lines().next()).collect();
            Some((title.trim(), codes))
        })
        .collect()
}

/// Words on lines that fit a terminal.
fn lines_of(words: &[&str]) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in words {
        match lines.last_mut() {
            Some(line) if line.len() + word.len() < WIDTH => {
                if !line.is_empty() {
                    line.push_str("  ");
                }
                line.push_str(word);
            }
            _ => lines.push((*word).to_string()),
        }
    }
    lines
}

/// Width of the list of codes, within the 100 columns that every table keeps to.
const WIDTH: usize = 92;

/// What an exit code means.
fn meaning(exit: Exit) -> &'static str {
    match exit {
        Exit::Ok => "done",
        Exit::Internal => {
            "the program or the system failed (a full disk, a folder that cannot be written)"
        }
        Exit::Usage => "the arguments are wrong, for example an unknown flag or parameter",
        Exit::Invalid => "a file that was read is wrong; every mistake was shown with its place",
        Exit::NothingEvaluated => {
            "nothing could be evaluated: every start or every experiment failed"
        }
        Exit::Gate => "finished, but a condition on the result (a gate) does not hold",
        Exit::DoesNotReproduce => "the recorded result does not reproduce; the cause was named",
        Exit::Partial => "fewer bootstrap replicates succeeded than --min-success asks for",
        Exit::OutOfTime => "stopped by --max-time; the same command with --resume goes on",
        Exit::Interrupted => "interrupted; the same command with --resume goes on",
    }
}
