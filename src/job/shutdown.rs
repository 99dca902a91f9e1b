//! The end of a run before its time, as signals and limits ask for it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

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
pub(crate) struct Shutdown(Arc<AtomicU8>);

impl Shutdown {
    /// Asks the run to end; returns what was asked for before.
    pub(crate) fn ask(&self, stop: Stop) -> Option<Stop> {
        let level = match stop {
            Stop::Soon => 1,
            Stop::Now => 2,
        };
        Self::of(self.0.fetch_max(level, Ordering::SeqCst))
    }

    /// Returns what was asked for.
    pub(crate) fn asked(&self) -> Option<Stop> {
        Self::of(self.0.load(Ordering::SeqCst))
    }

    fn of(level: u8) -> Option<Stop> {
        match level {
            0 => None,
            1 => Some(Stop::Soon),
            _ => Some(Stop::Now),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_only_becomes_more_urgent() {
        let shutdown = Shutdown::default();
        assert_eq!((shutdown.asked(), shutdown.ask(Stop::Soon)), (None, None));
        assert_eq!(shutdown.ask(Stop::Now), Some(Stop::Soon));
        assert_eq!((shutdown.ask(Stop::Soon), shutdown.asked()), (Some(Stop::Now), Some(Stop::Now)));
    }
}
