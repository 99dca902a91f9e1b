//! A thread that runs items one after another.

use std::time::{Duration, Instant};

use crossbeam_channel::Sender;

use crate::job::finisher::Finisher;
use crate::job::outcome::Finished;
use crate::job::runner::Runner;
use crate::job::shutdown::Stop;
use crate::workload::rate::RateLimiter;

/// Longest sleep before a thread looks at the request to end again.
const NAP: Duration = Duration::from_millis(50);

/// Everything that workers share.
pub(crate) struct Workers<'a> {
    /// What finishes items.
    pub(crate) finisher: Finisher<'a>,
    /// The way to run an item.
    pub(crate) runner: &'a dyn Runner,
    /// The limit of starts.
    pub(crate) rate: Option<RateLimiter>,
}

impl Workers<'_> {
    /// Runs items until there are no more, or the run ends.
    pub(crate) fn run(&self, slot: usize, finished: &Sender<Finished>) {
        while let Some(work) = self.finisher.scheduler.next() {
            if !self.wait_for_rate() {
                self.finisher.scheduler.done();
                return;
            }
            let attempt = self.runner.run(&work.item, slot, self.finisher.limit());
            if self.finisher.conclude(work, slot, attempt, finished) == Some(Stop::Now) {
                self.runner.stop_all();
            }
        }
    }

    /// Waits for the next start that the rate allows; returns false if the run ends meanwhile.
    fn wait_for_rate(&self) -> bool {
        let Some(rate) = &self.rate else { return true };
        let start = Instant::now() + rate.reserve();
        loop {
            if self.finisher.shutdown.asked().is_some() {
                return false;
            }
            let left = start.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return true;
            }
            std::thread::sleep(left.min(NAP));
        }
    }
}
