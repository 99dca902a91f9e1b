//! Deadlines of tasks, as the blocking forms of the steps check them.

use crate::error::Error;
use std::time::{Duration, Instant};

/// Fails if the deadline has passed.
pub(super) fn check(deadline: Option<Instant>) -> Result<(), Error> {
    match deadline {
        Some(deadline) if Instant::now() >= deadline => Err(Error::timed_out()),
        _ => Ok(()),
    }
}

/// Returns the time until the deadline, zero if it has passed; `None` if there is none.
pub(super) fn left(deadline: Option<Instant>) -> Option<Duration> {
    deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()))
}

/// Sleeps on the calling thread, but no longer than until the deadline, which is a failure.
pub(in crate::workload) fn sleep(duration: Duration, deadline: Option<Instant>) -> Result<(), Error> {
    match left(deadline) {
        Some(left) if left < duration => {
            std::thread::sleep(left);
            Err(Error::timed_out())
        }
        _ => {
            std::thread::sleep(duration);
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_deadline_that_has_passed_fails() {
        let now = Instant::now();
        assert_eq!(check(None), Ok(()));
        assert_eq!(check(Some(now + Duration::from_secs(3600))), Ok(()));
        assert_eq!(check(Some(now)), Err(Error::timed_out()));
        assert_eq!(left(Some(now)), Some(Duration::ZERO));
        assert_eq!(left(None), None);
    }

    #[test]
    fn a_sleep_ends_at_the_deadline() {
        let short = Duration::from_millis(1);
        assert_eq!(sleep(short, None), Ok(()));
        assert_eq!(sleep(short, Some(Instant::now() + Duration::from_secs(3600))), Ok(()));
        let endless = Duration::from_secs(3600);
        assert_eq!(sleep(endless, Some(Instant::now() + short)), Err(Error::timed_out()));
    }
}
