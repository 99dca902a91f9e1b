//! A pool of resources of which each task in flight needs one to itself, made on demand and reused.

use std::sync::{Mutex, PoisonError};

/// A pool that grows to the number of tasks that were ever in flight at once.
#[derive(Debug)]
pub(super) struct Checkout<T> {
    free: Mutex<Vec<T>>,
}

impl<T> Checkout<T> {
    /// Makes a pool of existing resources.
    pub(super) fn new(free: Vec<T>) -> Self {
        Checkout { free: Mutex::new(free) }
    }

    /// Lends a resource to `work`, made by `make` if none is free. If `work` panics, its resource is
    /// discarded.
    pub(super) fn with<R, E>(
        &self,
        make: impl FnOnce() -> Result<T, E>,
        work: impl FnOnce(&mut T) -> Result<R, E>,
    ) -> Result<R, E> {
        let free = self.lock().pop();
        let mut one = match free {
            Some(one) => one,
            None => make()?,
        };
        let result = work(&mut one);
        self.lock().push(one);
        result
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<T>> {
        // Nothing that can panic runs under the lock, so a poisoned vector is whole.
        self.free.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Barrier;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[test]
    fn one_is_made_per_task_in_flight_and_then_used_again() {
        const WIDTH: usize = 3;
        let (pool, made, all_in) = (Checkout::new(vec![]), AtomicUsize::new(0), Barrier::new(WIDTH));
        let make = || Ok::<_, ()>(made.fetch_add(1, Ordering::Relaxed));
        let mut lent: Vec<usize> = std::thread::scope(|scope| {
            let task = || {
                pool.with(make, |one| {
                    all_in.wait();
                    Ok(*one)
                })
            };
            let threads: Vec<_> = (0..WIDTH).map(|_| scope.spawn(task)).collect();
            threads.into_iter().map(|thread| thread.join().unwrap().unwrap()).collect()
        });
        lent.sort_unstable();
        assert_eq!(lent, [0, 1, 2]);

        pool.with(make, |_| Ok(())).unwrap();
        assert_eq!(made.into_inner(), WIDTH);
    }

    #[test]
    fn one_is_kept_when_the_work_fails() {
        let pool = Checkout::new(vec![5]);
        assert_eq!(pool.with(|| Ok(6), |_| Err::<(), _>("work")), Err("work"));
        assert_eq!(pool.with(|| Ok(6), |one| Ok::<_, &str>(*one)), Ok(5));
    }

    #[test]
    fn what_cannot_be_made_is_an_error() {
        let pool = Checkout::<u8>::new(vec![]);
        assert_eq!(pool.with(|| Err("make"), |_| Ok(())), Err("make"));
    }
}
