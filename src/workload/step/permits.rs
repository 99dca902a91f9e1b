//! The permits of a step that only some tasks may be in at once.

use std::time::Instant;

use crossbeam_channel::{Receiver, SendTimeoutError, Sender, bounded};
use tokio::sync::{Semaphore, SemaphorePermit};

use crate::error::Error;

/// The permits of one step in one process, for threads and for an event loop; a batch uses one of the two.
#[derive(Debug)]
pub(in crate::workload) struct Permits {
    taken: Sender<()>,
    returned: Receiver<()>,
    awaited: Semaphore,
}

/// A permit of a thread, returned when it is dropped.
#[derive(Debug)]
pub(in crate::workload) struct Permit<'a>(&'a Receiver<()>);

impl Permits {
    /// Creates permits for `at_once` tasks.
    pub(in crate::workload) fn new(at_once: usize) -> Self {
        let (taken, returned) = bounded(at_once.max(1));
        let permits = at_once.clamp(1, Semaphore::MAX_PERMITS);
        Permits { taken, returned, awaited: Semaphore::new(permits) }
    }

    /// Waits on the calling thread for a permit, no longer than until the deadline.
    pub(in crate::workload) fn acquire_blocking(
        &self,
        deadline: Option<Instant>,
    ) -> Result<Permit<'_>, Error> {
        let taken = match deadline {
            None => self.taken.send(()).map_err(|_| ()),
            Some(deadline) => self.taken.send_deadline((), deadline).map_err(|error| match error {
                SendTimeoutError::Timeout(()) | SendTimeoutError::Disconnected(()) => (),
            }),
        };
        taken.map(|()| Permit(&self.returned)).map_err(|()| Error::timed_out())
    }

    /// Waits on the calling event loop for a permit; the caller drops the future at the deadline.
    pub(in crate::workload) async fn acquire_async(&self) -> SemaphorePermit<'_> {
        self.awaited.acquire().await.expect("it is never closed")
    }
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        let _ = self.0.try_recv();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn a_permit_is_waited_for_until_the_deadline_and_comes_back() {
        let permits = Permits::new(1);
        let soon = || Some(Instant::now() + Duration::from_millis(1));
        let held = permits.acquire_blocking(None).expect("the first");
        assert!(permits.acquire_blocking(soon()).expect_err("none is left").is_timeout());
        drop(held);
        assert!(permits.acquire_blocking(soon()).is_ok());
    }

    #[tokio::test]
    async fn an_event_loop_waits_for_permits_too() {
        let permits = Permits::new(1);
        let held = permits.acquire_async().await;
        assert!(permits.awaited.try_acquire().is_err());
        drop(held);
        drop(permits.acquire_async().await);
    }
}
