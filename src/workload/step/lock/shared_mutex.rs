//! A mutex for threads that can be waited for until a deadline, which the standard one cannot.

use std::ops::Deref;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use crate::error::Error;
use crate::workload::step::deadline;

/// Lets one thread at a time have the value.
#[derive(Debug)]
pub(super) struct SharedMutex<T> {
    value: Mutex<Option<T>>,
    freed: Condvar,
}

impl<T> SharedMutex<T> {
    pub(super) fn new(value: T) -> Self {
        SharedMutex { value: Mutex::new(Some(value)), freed: Condvar::new() }
    }

    /// Waits for the value; fails at the deadline.
    pub(super) fn take(&self, until: Option<Instant>) -> Result<SharedMutexGuard<'_, T>, Error> {
        let mut value = self.lock();
        loop {
            if let Some(value) = value.take() {
                return Ok(SharedMutexGuard { mutex: self, value: Some(value) });
            }
            deadline::check(until)?;
            value = match deadline::left(until) {
                None => self.freed.wait(value).unwrap_or_else(PoisonError::into_inner),
                Some(left) => {
                    let waited = self.freed.wait_timeout(value, left);
                    waited.unwrap_or_else(PoisonError::into_inner).0
                }
            };
        }
    }

    fn lock(&self) -> MutexGuard<'_, Option<T>> {
        // Nothing that can panic runs under the mutex.
        self.value.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The value, until it is dropped.
#[derive(Debug)]
pub(super) struct SharedMutexGuard<'a, T> {
    mutex: &'a SharedMutex<T>,
    value: Option<T>,
}

impl<T> Deref for SharedMutexGuard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        self.value.as_ref().expect("only dropping gives the value back")
    }
}

impl<T> Drop for SharedMutexGuard<'_, T> {
    fn drop(&mut self) {
        *self.mutex.lock() = self.value.take();
        self.mutex.freed.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn the_value_is_had_by_one_at_a_time() {
        let mutex = SharedMutex::new(std::cell::Cell::new(0));
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..500 {
                        let count = mutex.take(None).unwrap();
                        let before = count.get();
                        std::thread::yield_now();
                        count.set(before + 1);
                    }
                });
            }
        });
        assert_eq!(mutex.take(None).unwrap().get(), 2000);
    }

    #[test]
    fn waiting_ends_at_the_deadline() {
        let mutex = SharedMutex::new(());
        let taken = mutex.take(None).unwrap();
        let soon = Instant::now() + Duration::from_millis(5);
        assert!(mutex.take(Some(soon)).unwrap_err().is_timeout());
        drop(taken);
        assert!(mutex.take(Some(soon)).is_ok(), "a free value is had even late");
    }
}
