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
    state: Mutex<State>,
    is_raised: Condvar,
}

#[derive(Debug, Default)]
struct State {
    asked: Option<Stop>,
    /// Whether items may be running.
    has_begun: bool,
}

impl Shutdown {
    /// Asks the run to end; returns what was asked for before.
    pub(crate) fn ask(&self, stop: Stop) -> Option<Stop> {
        self.raise(&mut self.lock(), stop)
    }

    /// Asks the run to end as the user does by a signal; returns how: the first lets items end that run, and where
    /// none has begun, there is nothing to wait for.
    pub(crate) fn ask_by_signal(&self) -> Stop {
        let mut state = self.lock();
        let stop = if state.has_begun && state.asked.is_none() { Stop::Soon } else { Stop::Now };
        self.raise(&mut state, stop);
        stop
    }

    /// Says that items begin; returns false if the run was asked to end before, so that none may.
    #[must_use]
    pub(crate) fn begin(&self) -> bool {
        let mut state = self.lock();
        state.has_begun = state.asked.is_none();
        state.has_begun
    }

    fn raise(&self, state: &mut State, stop: Stop) -> Option<Stop> {
        let before = state.asked;
        state.asked = before.max(Some(stop));
        self.0.is_raised.notify_all();
        before
    }

    /// Returns what was asked for.
    pub(crate) fn asked(&self) -> Option<Stop> {
        self.lock().asked
    }

    /// Waits until something is asked for, for at most `limit`; returns it.
    pub(crate) fn wait(&self, limit: Duration) -> Option<Stop> {
        let waiting = self.0.is_raised.wait_timeout_while(self.lock(), limit, |state| state.asked.is_none());
        let (state, _) = waiting.unwrap_or_else(PoisonError::into_inner);
        state.asked
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
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
    fn a_signal_lets_items_end_but_waits_for_none_that_has_not_begun() {
        let early = Shutdown::default();
        assert_eq!(early.ask_by_signal(), Stop::Now);
        assert!(!early.begin(), "no item begins after it");
        assert_eq!(early.ask_by_signal(), Stop::Now);
        let late = Shutdown::default();
        assert!(late.begin());
        assert_eq!((late.ask_by_signal(), late.asked()), (Stop::Soon, Some(Stop::Soon)));
        assert_eq!((late.ask_by_signal(), late.asked()), (Stop::Now, Some(Stop::Now)));
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
