//! A thread that runs items one after another.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crossbeam_channel::Sender;

use crate::job::config::RetryConfig;
use crate::job::halt::Halt;
use crate::job::outcome::{Attempt, Ending, Finished};
use crate::job::runner::Runner;
use crate::job::scheduler::{Scheduler, Work};
use crate::job::shutdown::{Shutdown, Stop};
use crate::job::timeout::{Durations, Timeout};
use crate::workload::rate::RateLimiter;
use crate::workload::retry::pause;
use crate::workload::spec::{Backoff, RetryPolicy};

/// Doublings of the pause before a retry, at most: 256 times the first is minutes, not days.
const MAX_DOUBLINGS: u32 = 8;

/// Pause before an item that was stopped, or could not be started, runs again.
const RELIEF: Duration = Duration::from_secs(1);

/// Longest sleep before a thread looks at the request to end again.
const NAP: Duration = Duration::from_millis(50);

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
    fn add(&self, attempt: &Attempt, is_success: bool) {
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

/// Everything that workers share.
pub(crate) struct Workers<'a> {
    /// The source of items.
    pub(crate) scheduler: &'a Scheduler,
    /// The way to run an item.
    pub(crate) runner: &'a dyn Runner,
    /// The request to end.
    pub(crate) shutdown: &'a Shutdown,
    /// The numbers that grow.
    pub(crate) counters: &'a Counters,
    /// Retries.
    pub(crate) retry: RetryConfig,
    /// The longest time of an attempt.
    pub(crate) timeout: Option<Timeout>,
    /// Durations of items that succeeded.
    pub(crate) durations: Mutex<Durations>,
    /// The rule that ends the run early.
    pub(crate) halt: Option<Halt>,
    /// Whether commands that fail count as successful.
    pub(crate) ignores_failure: bool,
    /// The limit of starts.
    pub(crate) rate: Option<RateLimiter>,
    /// Seeds the pauses before retries.
    pub(crate) seed: u64,
}

impl Workers<'_> {
    /// Runs items until there are no more, or the run ends.
    pub(crate) fn run(&self, slot: usize, finished: &Sender<Finished>) {
        while let Some(work) = self.scheduler.next() {
            if !self.wait_for_rate() {
                self.scheduler.done();
                return;
            }
            let attempt = self.runner.run(&work.item, slot, self.limit());
            self.conclude(work, slot, attempt, finished);
        }
    }

    /// Waits for the next start that the rate allows; returns false if the run ends meanwhile.
    fn wait_for_rate(&self) -> bool {
        let Some(rate) = &self.rate else { return true };
        let start = Instant::now() + rate.reserve();
        loop {
            if self.shutdown.asked().is_some() {
                return false;
            }
            let left = start.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return true;
            }
            std::thread::sleep(left.min(NAP));
        }
    }

    fn limit(&self) -> Option<Duration> {
        let durations = self.durations.lock().unwrap_or_else(PoisonError::into_inner);
        self.timeout.and_then(|timeout| timeout.limit(&durations))
    }

    fn conclude(&self, work: Work, slot: usize, mut attempt: Attempt, finished: &Sender<Finished>) {
        if self.shutdown.asked() == Some(Stop::Now) && !attempt.ending.is_success() {
            // Killed with the run: it counts as never run.
            attempt.ending = Ending::Stopped;
        }
        match &attempt.ending {
            Ending::Stopped => return self.scheduler.done(),
            Ending::Requeued => return self.requeue(work),
            // With nothing else running, nobody would ever free what is missing.
            Ending::Exhausted(_) if self.scheduler.shrink() => return self.requeue(work),
            _ => {}
        }
        let is_success = attempt.ending.is_success()
            || self.ignores_failure
                && matches!(attempt.ending, Ending::Exited(_) | Ending::Signaled(_) | Ending::Raised(..));
        self.counters.add(&attempt, is_success);
        let attempts = work.attempts + 1;
        if is_success {
            self.durations.lock().unwrap_or_else(PoisonError::into_inner).add(attempt.seconds);
        } else if attempts <= self.retry.retries && self.shutdown.asked().is_none() {
            let pause = self.pause(attempts - 1, work.item.number);
            let pause = pause.max(attempt.retry_after.unwrap_or_default());
            return self.scheduler.again(Work { attempts, ..work }, pause);
        }
        let counter = if is_success { &self.counters.ok } else { &self.counters.failed };
        counter.fetch_add(1, Ordering::Relaxed);
        // The committer takes everything until the last worker has ended.
        let _ = finished.send(Finished { item: work.item, slot, attempts, last: attempt, is_success });
        self.halt();
        self.scheduler.done();
    }

    fn requeue(&self, work: Work) {
        self.counters.requeued.fetch_add(1, Ordering::Relaxed);
        self.scheduler.again(work, RELIEF);
    }

    fn pause(&self, retry: u32, number: u64) -> Duration {
        let policy =
            RetryPolicy { max: self.retry.retries, backoff: Backoff::Exponential, base: self.retry.delay };
        pause(&policy, retry.min(MAX_DOUBLINGS), number, self.seed)
    }

    fn halt(&self) {
        let Some(halt) = self.halt else { return };
        let (ok, failed) = (&self.counters.ok, &self.counters.failed);
        if let Some(stop) = halt.stop(ok.load(Ordering::Relaxed), failed.load(Ordering::Relaxed)) {
            self.scheduler.halt(stop);
            if stop == Stop::Now {
                self.runner.stop_all();
            }
        }
    }
}
