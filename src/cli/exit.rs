//! Exit codes: a written contract.

/// What the exit code of the process says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Exit {
    /// Done.
    Ok = 0,
    /// The program or the system failed: a mistake of this program, a full disk, a folder that cannot be written.
    Internal = 1,
    /// The arguments are wrong.
    Usage = 2,
    /// A file that was read is wrong.
    Invalid = 3,
    /// Nothing could be evaluated: every start or every experiment failed.
    NothingEvaluated = 4,
    /// Finished, but a quality gate failed.
    Gate = 5,
    /// The result does not reproduce.
    DoesNotReproduce = 6,
    /// Too few bootstrap replicates succeeded.
    Partial = 7,
    /// Stopped by `--max-time`; `--resume` goes on.
    OutOfTime = 75,
    /// Interrupted; `--resume` goes on.
    Interrupted = 130,
}

impl Exit {
    /// Every exit code.
    pub const ALL: [Self; 10] = [
        Self::Ok,
        Self::Internal,
        Self::Usage,
        Self::Invalid,
        Self::NothingEvaluated,
        Self::Gate,
        Self::DoesNotReproduce,
        Self::Partial,
        Self::OutOfTime,
        Self::Interrupted,
    ];
    /// The number.
    pub fn code(self) -> u8 {
        self as u8
    }
}

impl From<Exit> for std::process::ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

impl From<crate::study::stop::Why> for Exit {
    fn from(why: crate::study::stop::Why) -> Self {
        match why {
            crate::study::stop::Why::Interrupted => Self::Interrupted,
            crate::study::stop::Why::OutOfTime => Self::OutOfTime,
        }
    }
}
