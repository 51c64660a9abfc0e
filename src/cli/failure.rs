//! Why a command ended without its result.

use crate::diagnostic::{Finding, similar};
use crate::study::atomic::FileError;
use crate::study::checkpoint::CheckpointError;
use crate::study::json::JsonError;
use crate::study::stop::Why;

use super::Exit;

/// Names that are listed where none is similar; more would be read by nobody.
const LISTED: usize = 12;

/// A name that nothing has, with those that it may have meant.
pub fn unknown_name(name: &str, what: &str, known: &[&str]) -> Finding {
    let help = match similar(name, known.iter().copied()).first() {
        Some(s) => format!("did you mean `{s}`?"),
        None if known.is_empty() => "there is none".into(),
        None if known.len() > LISTED => {
            let first = known.get(..LISTED).unwrap_or(known);
            let more = known.len() - LISTED;
            format!("there are {} and {more} more", first.join(", "))
        }
        None => format!("there are {}", known.join(", ")),
    };
    Finding::error("unknown-name", format!("`{name}` is not {what}")).help(help)
}

/// Why a command ended without its result.
#[derive(Debug)]
pub enum Failure {
    /// Files that people write are wrong.
    Findings(Vec<Finding>),
    /// An argument does not fit, with a remedy.
    Usage {
        /// What is wrong.
        message: String,
        /// What to do.
        help: String,
    },
    /// Every start or every experiment failed.
    NothingEvaluated {
        /// What was tried.
        message: String,
        /// What failed, each with its cause.
        notes: Vec<String>,
    },
    /// The system refused.
    File(FileError),
    /// A checkpoint cannot be used.
    Checkpoint(CheckpointError),
    /// A mistake of this program.
    Internal(String),
    /// Ended early; what is done is kept.
    Stopped {
        /// Why.
        why: Why,
        /// What is done, and how to go on.
        message: String,
    },
}

impl Failure {
    /// A wrong argument.
    pub fn usage(message: impl Into<String>, help: impl Into<String>) -> Self {
        Self::Usage {
            message: message.into(),
            help: help.into(),
        }
    }
    /// The exit code it stands for.
    pub fn exit(&self) -> Exit {
        match self {
            Self::Findings(_) => Exit::Invalid,
            Self::Usage { .. } => Exit::Usage,
            Self::NothingEvaluated { .. } => Exit::NothingEvaluated,
            Self::Checkpoint(CheckpointError::File(_)) | Self::File(_) | Self::Internal(_) => {
                Exit::Internal
            }
            Self::Checkpoint(_) => Exit::Invalid,
            Self::Stopped { why, .. } => (*why).into(),
        }
    }
    /// As findings, for printing.
    pub fn findings(&self) -> Vec<Finding> {
        match self {
            Self::Findings(list) => list.clone(),
            Self::Usage { message, help } => {
                vec![Finding::error("usage", message.as_str()).help(help.as_str())]
            }
            Self::NothingEvaluated { message, notes } => {
                let finding = Finding::error("nothing-evaluated", message.as_str());
                vec![notes.iter().fold(finding, |f, n| f.note(n.as_str()))]
            }
            Self::File(e) | Self::Checkpoint(CheckpointError::File(e)) => vec![
                Finding::error("file", e.to_string())
                    .help("free space or choose another folder with --out; finished work is kept"),
            ],
            Self::Checkpoint(e) => {
                vec![Finding::error("checkpoint", e.to_string()).help(match e {
                    CheckpointError::Busy(_) => "wait until it ends, or give --out another folder",
                    _ => "leave --resume out to start anew, or give --out another folder",
                })]
            }
            Self::Internal(message) => vec![Finding::error("internal", message.as_str()).help(
                "this is a mistake of the program; please report it with the command and the files",
            )],
            Self::Stopped { why, message } => vec![Finding::warning(
                match why {
                    Why::Interrupted => "interrupted",
                    Why::OutOfTime => "out-of-time",
                },
                message.as_str(),
            )],
        }
    }
}

impl From<Vec<Finding>> for Failure {
    fn from(list: Vec<Finding>) -> Self {
        Self::Findings(list)
    }
}
impl From<Finding> for Failure {
    fn from(finding: Finding) -> Self {
        Self::Findings(vec![finding])
    }
}
impl From<FileError> for Failure {
    fn from(e: FileError) -> Self {
        Self::File(e)
    }
}
impl From<CheckpointError> for Failure {
    fn from(e: CheckpointError) -> Self {
        Self::Checkpoint(e)
    }
}
impl From<JsonError> for Failure {
    fn from(e: JsonError) -> Self {
        Self::Internal(e.to_string())
    }
}
