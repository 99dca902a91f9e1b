//! The end of a run before its time, as signals and limits ask for it.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::Serialize;

/// How a run is to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Stop {
    /// Nothing new starts; what runs ends by itself.
    Soon,
    /// What runs is killed.
    Now,
}

/// A request to end, shared by everything that runs; it only ever becomes more urgent.
#[derive(Debug, Clone, Default)]
pub(crate) struct Shutdown(Arc<Request>);

#[derive(Debug, Default)]
struct Request {
    asked: Mutex<Option<Stop>>,
    is_raised: Condvar,
}

impl Shutdown {
    /// Asks the run to end; returns what was asked for before.
    pub(crate) fn ask(&self, stop: Stop) -> Option<Stop> {
        let mut asked = self.lock();
        let before = *asked;
        *asked = before.max(Some(stop));
        self.0.is_raised.notify_all();
        before
    }

    /// Returns what was asked for.
    pub(crate) fn asked(&self) -> Option<Stop> {
        *self.lock()
    }

    /// Waits until something is asked for, for at most `limit`; returns it.
    pub(crate) fn wait(&self, limit: Duration) -> Option<Stop> {
        let waiting = self.0.is_raised.wait_timeout_while(self.lock(), limit, |asked| asked.is_none());
        let (asked, _) = waiting.unwrap_or_else(PoisonError::into_inner);
        *asked
    }

    fn lock(&self) -> MutexGuard<'_, Option<Stop>> {
        self.0.asked.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;

    #[test]
    fn a_request_only_becomes_more_urgent() {
        let shutdown = Shutdown::default();
        assert_eq!((shutdown.asked(), shutdown.ask(Stop::Soon)), (None, None));
        assert_eq!(shutdown.ask(Stop::Now), Some(Stop::Soon));
        assert_eq!((shutdown.ask(Stop::Soon), shutdown.asked()), (Some(Stop::Now), Some(Stop::Now)));
    }

    #[test]
    fn a_request_ends_a_wait() {
        let (shutdown, limit) = (Shutdown::default(), Duration::from_secs(60));
        assert_eq!(shutdown.wait(Duration::from_millis(1)), None);
        let begun = Instant::now();
        std::thread::scope(|scope| {
            scope.spawn(|| {
                // The wait has most likely begun by then; otherwise it does not begin.
                std::thread::sleep(Duration::from_millis(20));
                shutdown.ask(Stop::Soon);
            });
            assert_eq!(shutdown.wait(limit), Some(Stop::Soon));
        });
        assert!(begun.elapsed() < limit, "it waited for nothing");
    }
}
