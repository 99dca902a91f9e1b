//! What becomes of an item after an attempt: it is finished, or attempted again.

use std::sync::atomic::Ordering;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crossbeam_channel::Sender;

use crate::job::config::{JobConfig, RetryConfig};
use crate::job::counters::Counters;
use crate::job::halt::Halt;
use crate::job::items::ItemSource;
use crate::job::outcome::{Attempt, Ending, Finished};
use crate::job::scheduler::{Scheduler, Work};
use crate::job::shutdown::{Shutdown, Stop};
use crate::job::timeout::{Durations, Timeout};
use crate::workload::retry::pause;
use crate::workload::spec::{Backoff, RetryPolicy};

/// Doublings of the pause before a retry, at most: 256 times the first is minutes, not days.
const MAX_DOUBLINGS: u32 = 8;

/// Pause before an item that was stopped, or could not be started, runs again.
const RELIEF: Duration = Duration::from_secs(1);

/// Time in which a signal reaches this process as well, if it was sent to all processes of the run.
const SIGNAL_GRACE: Duration = Duration::from_millis(300);

/// Signals by which a system ends a whole run: a service manager, a batch system, or the terminal.
const ENDING_SIGNALS: [i32; 4] = [libc::SIGTERM, libc::SIGINT, libc::SIGHUP, libc::SIGKILL];

/// Everything that finishing an item takes.
pub(crate) struct Finisher<'a> {
    /// The source of items.
    pub(crate) scheduler: &'a Scheduler,
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
    /// Seeds the pauses before retries.
    pub(crate) seed: u64,
    /// Whether every signal that asks this process to end is sent to the items, too, as Slurm does: they may end in any
    /// way then.
    pub(crate) shares_signals: bool,
    /// Time in which this process learns of a signal that has ended an item; zero if items run elsewhere.
    pub(crate) signal_grace: Duration,
}

impl<'a> Finisher<'a> {
    /// Makes a finisher as a run is configured.
    pub(crate) fn new(
        config: &JobConfig,
        scheduler: &'a Scheduler,
        shutdown: &'a Shutdown,
        counters: &'a Counters,
    ) -> Self {
        Finisher {
            scheduler,
            shutdown,
            counters,
            retry: config.retry,
            timeout: config.timeout,
            durations: Mutex::new(Durations::default()),
            halt: config.halt,
            ignores_failure: config.ignores_failure,
            seed: config.seed,
            shares_signals: matches!(config.items, ItemSource::Numbered(_)),
            signal_grace: SIGNAL_GRACE,
        }
    }

    /// Returns the longest time of the next attempt.
    pub(crate) fn limit(&self) -> Option<Duration> {
        let durations = self.durations.lock().unwrap_or_else(PoisonError::into_inner);
        self.timeout.and_then(|timeout| timeout.limit(&durations))
    }

    /// Takes an attempt that has ended: the item is finished, or attempted again. Returns how the run is to end,
    /// if the item has ended it.
    pub(crate) fn conclude(
        &self,
        work: Work,
        slot: usize,
        mut attempt: Attempt,
        finished: &Sender<Finished>,
    ) -> Option<Stop> {
        if self.shutdown.asked() == Some(Stop::Now) && !attempt.ending.is_success() {
            // Killed with the run: it counts as never run.
            attempt.ending = Ending::Stopped;
        }
        if self.is_ended_with_run(&attempt.ending) {
            attempt.ending = Ending::Stopped;
        }
        match &attempt.ending {
            Ending::Stopped => {
                self.scheduler.done();
                return None;
            }
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
            self.scheduler.again(Work { attempts, ..work }, pause);
            return None;
        }
        let counter = if is_success { &self.counters.ok } else { &self.counters.failed };
        counter.fetch_add(1, Ordering::Relaxed);
        // The committer takes everything until the last worker has ended.
        let _ = finished.send(Finished { item: work.item, slot, attempts, last: attempt, is_success });
        let stop = self.halt();
        self.scheduler.done();
        stop
    }

    /// Returns true if a signal has ended the item that was sent to the whole run: this process is asked to end, too.
    fn is_ended_with_run(&self, ending: &Ending) -> bool {
        let is_by_signal = match ending {
            Ending::Signaled(signal) => ENDING_SIGNALS.contains(signal),
            // What a shell exits with whose command a signal has ended.
            Ending::Exited(status) => ENDING_SIGNALS.contains(&(status - 128)),
            _ => false,
        };
        if !is_by_signal {
            return self.shares_signals && !ending.is_success() && self.shutdown.asked().is_some();
        }
        !self.signal_grace.is_zero() && self.shutdown.wait(self.signal_grace).is_some()
    }

    fn requeue(&self, work: Work) -> Option<Stop> {
        self.counters.requeued.fetch_add(1, Ordering::Relaxed);
        self.scheduler.again(work, RELIEF);
        None
    }

    fn pause(&self, retry: u32, number: u64) -> Duration {
        let policy =
            RetryPolicy { max: self.retry.retries, backoff: Backoff::Exponential, base: self.retry.delay };
        pause(&policy, retry.min(MAX_DOUBLINGS), number, self.seed)
    }

    fn halt(&self) -> Option<Stop> {
        let (ok, failed) = (&self.counters.ok, &self.counters.failed);
        let stop = self.halt?.stop(ok.load(Ordering::Relaxed), failed.load(Ordering::Relaxed))?;
        self.scheduler.halt(stop);
        Some(stop)
    }
}
