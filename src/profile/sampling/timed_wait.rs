//! Waits for a lock that end at a given time at the latest: did the lock or the time end them?
//!
//! `Event.wait(2)`, `Thread.sleep` of a JVM and `queue.get(timeout=2)` are one system call, a futex with a
//! timeout. A look cannot tell them apart, but their ends can: a sleep ends when its time is over.

/// A wait for a lock with a time limit; times are seconds on one clock.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct TimedWait {
    /// Time of the look that found it first.
    pub seen_s: f64,
    /// Time at which it ends at the latest.
    pub deadline_s: f64,
}

/// Seconds of timed waits by what ended them.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct TimedEnds {
    /// Seconds of waits that lasted until their time was over.
    pub timed_out_s: f64,
    /// Seconds of waits that something else ended.
    pub woken_s: f64,
}

impl TimedEnds {
    /// Records the end of a wait, which was found at `now_s`, `span_s` after the look before.
    ///
    /// A wait that was to last less than that tells nothing: either may have ended it.
    pub(crate) fn record(&mut self, wait: &TimedWait, now_s: f64, span_s: f64) {
        if now_s < wait.deadline_s {
            self.woken_s += now_s - wait.seen_s;
        } else if wait.deadline_s - wait.seen_s >= span_s {
            self.timed_out_s += wait.deadline_s - wait.seen_s;
        }
    }

    /// Returns the share of waits that lasted until their time was over, from 0 to 1; `None` if the end of none
    /// was seen.
    pub(crate) fn timed_out_share(&self) -> Option<f64> {
        let seen_s = self.timed_out_s + self.woken_s;
        (seen_s > 0.0).then(|| self.timed_out_s / seen_s)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ended(deadline_s: f64, now_s: f64) -> TimedEnds {
        let mut ends = TimedEnds::default();
        ends.record(&TimedWait { seen_s: 1.0, deadline_s }, now_s, 0.02);
        ends
    }

    #[test]
    fn a_sleep_ends_when_its_time_is_over_and_a_lock_before() {
        assert_eq!(ended(3.0, 3.01), TimedEnds { timed_out_s: 2.0, woken_s: 0.0 });
        assert_eq!(ended(3.0, 1.5), TimedEnds { timed_out_s: 0.0, woken_s: 0.5 });
        assert_eq!(ended(3.0, 1.5).timed_out_share(), Some(0.0));
    }

    #[test]
    fn a_wait_shorter_than_the_time_between_two_looks_tells_nothing() {
        assert_eq!(ended(1.01, 1.02).timed_out_share(), None);
    }
}
