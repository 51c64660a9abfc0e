//! `explain`: what an exit code or a gate means.

use serde_json::json;

use super::super::common::Display;
use super::super::console::{Console, SCHEMA_VERSION};
use super::super::{Exit, Failure};
use crate::study::gates;

/// Say what an exit code means, or which names a gate may use.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  mechfit explain 6\n  mechfit explain gates\n  mechfit explain          lists everything"
)]
pub struct Arguments {
    /// Exit code or topic
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
            console.document(json!({
                "schema_version": SCHEMA_VERSION,
                "exit_codes": Exit::ALL.map(|e| json!({"code": e.code(), "meaning": meaning(e)})),
            }));
            return Ok(Exit::Ok);
        };
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
        } else {
            return Err(Failure::usage(
                format!("there is no explanation of `{subject}`"),
                "exit codes and the topic `gates` are explained; a finding says itself what to do",
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
