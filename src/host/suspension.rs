//! Times in which the user has stopped this program, as with Ctrl-Z: they count for no deadline and no rate.

use std::sync::{PoisonError, RwLock};
use std::time::{Duration, Instant};

use crate::host::clock::monotonic_ns;

/// Begin and end of each time, by [`monotonic_ns`]. Held while the program is stopped, so that nobody who looks
/// finds a time that has not ended.
static STOPS: RwLock<Vec<[u64; 2]>> = RwLock::new(Vec::new());

/// Calls `stop`, which returns when the program goes on.
pub(crate) fn while_stopped(stop: impl FnOnce()) {
    let mut stops = STOPS.write().unwrap_or_else(PoisonError::into_inner);
    let begun = monotonic_ns();
    stop();
    stops.push([begun, monotonic_ns()]);
}

/// Returns the number of times that the program was stopped.
pub(crate) fn count() -> usize {
    STOPS.read().unwrap_or_else(PoisonError::into_inner).len()
}

/// Returns a time by [`monotonic_ns`] on a clock that stands still while the program is stopped.
pub(crate) fn awake_ns(at_ns: u64) -> u64 {
    at_ns - stopped_before(&STOPS.read().unwrap_or_else(PoisonError::into_inner), at_ns)
}

/// Returns a time that is not past on a clock that stands still while the program is stopped.
pub(crate) fn awake(at: Instant) -> Instant {
    let stopped = stopped_before(&STOPS.read().unwrap_or_else(PoisonError::into_inner), u64::MAX);
    // The program was stopped after the machine had started, which is where the clock begins.
    at.checked_sub(Duration::from_nanos(stopped)).unwrap_or(at)
}

/// Returns the present time of that clock.
pub(crate) fn awake_now() -> Instant {
    // In this order: the clock is read after the program has gone on.
    let stopped = stopped_before(&STOPS.read().unwrap_or_else(PoisonError::into_inner), u64::MAX);
    let now = Instant::now();
    now.checked_sub(Duration::from_nanos(stopped)).unwrap_or(now)
}

/// Returns the time since an earlier [`awake_now`].
pub(crate) fn awake_since(begun: Instant) -> Duration {
    awake_now().saturating_duration_since(begun)
}

fn stopped_before(stops: &[[u64; 2]], at_ns: u64) -> u64 {
    stops.iter().map(|[begun, ended]| at_ns.clamp(*begun, *ended) - begun).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clock_stands_still_while_the_program_is_stopped() {
        let stops = [[100, 150], [200, 1200]];
        let awake = |at| at - stopped_before(&stops, at);
        assert_eq!([90, 100, 120, 150, 180].map(awake), [90, 100, 100, 100, 130]);
        assert_eq!([200, 700, 1200, 1300].map(awake), [150, 150, 150, 250]);
        assert_eq!(stopped_before(&stops, u64::MAX), 1050);
    }
}
