//! When a long computation has to end early: an interrupt or a time limit.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// Why a computation ended before it was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// SIGINT or SIGTERM.
    Interrupted,
    /// The limit of time was reached.
    OutOfTime,
}

/// Asked between the units of a computation (starts, replicates, points) whether to go on.
#[derive(Debug, Default)]
pub struct Stop {
    interrupted: AtomicBool,
    deadline: Option<Instant>,
}

impl Stop {
    /// Ends by itself after `limit`, if one is given.
    pub fn after(limit: Option<Duration>) -> Self {
        Self {
            interrupted: AtomicBool::new(false),
            deadline: limit.and_then(|d| Instant::now().checked_add(d)),
        }
    }
    /// Asks every computation to end.
    pub fn interrupt(&self) {
        self.interrupted.store(true, Ordering::SeqCst);
    }
    /// Why to end, if so. The limit is measured by a clock that nobody can set.
    pub fn reason(&self) -> Option<Why> {
        self.reason_at(Instant::now())
    }

    fn reason_at(&self, now: Instant) -> Option<Why> {
        if self.interrupted.load(Ordering::SeqCst) {
            Some(Why::Interrupted)
        } else if self.deadline.is_some_and(|d| now >= d) {
            Some(Why::OutOfTime)
        } else {
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_ends_at_its_time_and_an_endless_one_never() {
        let minute = Duration::from_secs(60);
        let begun = Instant::now();
        let stop = Stop::after(Some(minute));
        assert_eq!(stop.reason_at(begun), None);
        assert_eq!(stop.reason_at(begun + minute / 2), None);
        assert_eq!(
            stop.reason_at(Instant::now() + minute),
            Some(Why::OutOfTime)
        );
        let stop = Stop::after(Some(Duration::MAX));
        assert_eq!(stop.reason_at(begun + 1_000_000 * minute), None);
        stop.interrupt();
        assert_eq!(stop.reason_at(begun), Some(Why::Interrupted));
    }
}
