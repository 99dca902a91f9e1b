//! Numbers of attempts, which grow while the work goes on.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::job::outcome::Attempt;

/// Numbers that grow while the work goes on.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    /// Items that succeeded.
    pub(crate) ok: AtomicU64,
    /// Items that failed after all their attempts.
    pub(crate) failed: AtomicU64,
    /// Attempts that ended by themselves and succeeded.
    pub(crate) ok_attempts: AtomicU64,
    /// Attempts that failed.
    pub(crate) failed_attempts: AtomicU64,
    /// Attempts that were stopped for memory or could not be started, and are made again.
    pub(crate) requeued: AtomicU64,
    /// Nanoseconds of all attempts.
    pub(crate) busy_ns: AtomicU64,
    /// Squares of the seconds of all attempts, in 10⁻⁹ s²; their spread follows.
    pub(crate) squares: AtomicU64,
    /// Nanoseconds of the attempts that failed.
    pub(crate) failed_ns: AtomicU64,
    /// Squares of their seconds, in the same unit.
    pub(crate) failed_squares: AtomicU64,
    /// Nanoseconds of CPU time of the attempts of which it is known.
    pub(crate) cpu_ns: AtomicU64,
    /// Attempts whose CPU time is not known.
    pub(crate) cpu_unknown: AtomicU64,
}

impl Counters {
    /// Adds an attempt. Each number only ever grows, so that a reader needs no lock.
    pub(crate) fn add(&self, attempt: &Attempt, is_success: bool) {
        let (ns, squares) =
            ((attempt.seconds * 1e9) as u64, (attempt.seconds * attempt.seconds * 1e9) as u64);
        if is_success {
            self.ok_attempts.fetch_add(1, Ordering::Relaxed);
        } else {
            self.failed_attempts.fetch_add(1, Ordering::Relaxed);
            self.failed_ns.fetch_add(ns, Ordering::Relaxed);
            self.failed_squares.fetch_add(squares, Ordering::Relaxed);
        }
        self.busy_ns.fetch_add(ns, Ordering::Relaxed);
        self.squares.fetch_add(squares, Ordering::Relaxed);
        match attempt.cpu_s {
            Some(cpu_s) => self.cpu_ns.fetch_add((cpu_s * 1e9) as u64, Ordering::Relaxed),
            None => self.cpu_unknown.fetch_add(1, Ordering::Relaxed),
        };
    }

    /// Returns the number of attempts that ended by themselves.
    pub(crate) fn attempts(&self) -> u64 {
        self.ok_attempts.load(Ordering::Relaxed) + self.failed_attempts.load(Ordering::Relaxed)
    }

    /// Returns the seconds of an attempt, on average; `None` without any.
    pub(crate) fn task_s(&self) -> Option<f64> {
        self.mean(&self.busy_ns)
    }

    /// Returns the CPU seconds of an attempt, on average; `None` unless they are known of all.
    pub(crate) fn task_cpu_s(&self) -> Option<f64> {
        self.mean(&self.cpu_ns).filter(|_| self.cpu_unknown.load(Ordering::Relaxed) == 0)
    }

    fn mean(&self, ns: &AtomicU64) -> Option<f64> {
        let attempts = self.attempts();
        (attempts > 0).then(|| ns.load(Ordering::Relaxed) as f64 * 1e-9 / attempts as f64)
    }
}
