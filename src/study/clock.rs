//! When a run took place, and how long it took: the time of day can be set, so that durations and limits never use it.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Last second that a time stamp has a form for: 9999-12-31T23:59:59Z, in seconds since 1970 (RFC 3339 has years of four digits).
const LAST: u64 = 253_402_300_799;

/// A run as it goes.
#[derive(Debug, Clone, Copy)]
pub struct Clock {
    started: SystemTime,
    from: Instant,
}

impl Clock {
    /// Starts now.
    pub fn start() -> Self {
        Self {
            started: SystemTime::now(),
            from: Instant::now(),
        }
    }
    /// Seconds since the start, by a clock that never goes back.
    pub fn elapsed_s(&self) -> f64 {
        self.from.elapsed().as_secs_f64()
    }
    /// Start and end (now) as universal time.
    pub fn stamps(&self) -> (String, String) {
        stamps(self.started, SystemTime::now(), self.from.elapsed())
    }
}

/// Start and end. A time of day that was set back in between does not put the end before the start: there the time that
/// really passed counts.
fn stamps(started: SystemTime, now: SystemTime, elapsed: Duration) -> (String, String) {
    let least = started.checked_add(elapsed).unwrap_or(started);
    (stamp(started), stamp(now.max(least)))
}

/// A time of day as text; one outside the years 1970 to 9999, which only a clock that was never set has, as the nearest.
fn stamp(t: SystemTime) -> String {
    let seconds = t.duration_since(UNIX_EPOCH).map_or(0, |d| d.as_secs());
    let shown = UNIX_EPOCH + Duration::from_secs(seconds.min(LAST));
    humantime::format_rfc3339_seconds(shown).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2026-01-01T00:00:00Z in seconds since 1970.
    const NEW_YEAR: u64 = 1_767_225_600;

    fn at(seconds: u64) -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(seconds)
    }

    #[test]
    fn a_clock_that_is_set_back_leaves_the_end_behind_the_start() {
        let hour = Duration::from_secs(3600);
        let told = |now| stamps(at(NEW_YEAR), now, hour);
        let start = "2026-01-01T00:00:00Z".to_string();
        // Undisturbed; set back by a day; by more than there is; forward by an hour (or the machine slept).
        for (now, end) in [
            (at(NEW_YEAR + 3600), "2026-01-01T01:00:00Z"),
            (at(NEW_YEAR + 3600 - 86_400), "2026-01-01T01:00:00Z"),
            (UNIX_EPOCH - hour, "2026-01-01T01:00:00Z"),
            (at(NEW_YEAR + 7200), "2026-01-01T02:00:00Z"),
        ] {
            assert_eq!(told(now), (start.clone(), end.to_string()));
        }
    }

    #[test]
    fn a_clock_that_was_never_set_has_a_stamp() {
        assert_eq!(
            stamp(UNIX_EPOCH - Duration::from_secs(1)),
            "1970-01-01T00:00:00Z"
        );
        assert_eq!(stamp(at(LAST)), "9999-12-31T23:59:59Z");
        assert_eq!(stamp(at(LAST + 1)), "9999-12-31T23:59:59Z");
    }
}
