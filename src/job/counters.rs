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
    /// Nanoseconds of CPU time of all attempts.
    pub(crate) cpu_ns: AtomicU64,
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
        self.cpu_ns.fetch_add((attempt.cpu_s * 1e9) as u64, Ordering::Relaxed);
    }
}
