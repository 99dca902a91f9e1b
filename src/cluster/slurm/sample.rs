//! The first items, which run on a node to show how long the others take.

use std::collections::HashSet;
use std::io::Read;
use std::time::{Duration, Instant, SystemTime};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::cluster::slurm::cut::Pace;
use crate::host::child_process::ChildProcess;
use crate::job::outcome::Attempt;

/// Time after which the sample is judged by what has ended until then.
const PATIENCE: Duration = Duration::from_secs(20);

/// A part that runs on a node while this process is connected to it.
#[derive(Debug)]
pub(crate) struct Sample {
    child: ChildProcess,
    submitted: Instant,
    begun: Option<Instant>,
    items: Seen,
}

/// What was seen of the items, by the clock of the node: this side looks only a few times a second.
#[derive(Debug)]
struct Seen {
    left: HashSet<u64>,
    done: u64,
    first: Option<SystemTime>,
    last: Option<SystemTime>,
}

impl Seen {
    fn add(&mut self, number: u64, started: SystemTime, seconds: f64) {
        if !self.left.remove(&number) {
            return;
        }
        self.done += 1;
        let ended = started + Duration::try_from_secs_f64(seconds).unwrap_or_default();
        self.first = Some(self.first.map_or(started, |first| first.min(started)));
        self.last = Some(self.last.map_or(ended, |last| last.max(ended)));
    }

    /// Returns the seconds of the node for each item that has ended.
    fn item_s(&self) -> Option<f64> {
        let seconds = self.last?.duration_since(self.first?).unwrap_or_default().as_secs_f64();
        Some(seconds / self.done as f64)
    }
}

impl Sample {
    /// Begins with the process that is connected to it, and the numbers of its items.
    pub(crate) fn new(child: ChildProcess, items: &[u64]) -> Self {
        let items = Seen { left: items.iter().copied().collect(), done: 0, first: None, last: None };
        Sample { child, submitted: Instant::now(), begun: None, items }
    }

    /// Notes that the node has begun.
    pub(crate) fn begin(&mut self) {
        self.begun.get_or_insert_with(Instant::now);
    }

    /// Returns true if the node has begun.
    pub(crate) fn has_begun(&self) -> bool {
        self.begun.is_some()
    }

    /// Takes an item that has ended.
    pub(crate) fn add(&mut self, number: u64, attempt: &Attempt) {
        self.items.add(number, attempt.started, attempt.seconds);
    }

    /// Returns the pace, once it is known: all items have ended, or it takes too long to wait for them.
    pub(crate) fn pace(&self, cpus: usize) -> Option<Pace> {
        let begun = self.begun?;
        if !self.items.left.is_empty() && begun.elapsed() < PATIENCE {
            return None;
        }
        let start_s = (begun - self.submitted).as_secs_f64();
        // If none has ended, they take at least as long as was waited.
        let item_s = self.items.item_s().unwrap_or(PATIENCE.as_secs_f64() / cpus.max(1) as f64);
        Some(Pace { item_s, start_s })
    }

    /// Returns true if it has ended.
    pub(crate) fn is_over(&self) -> bool {
        self.child.is_over()
    }

    /// Asks it to end: `srun` passes it on to the node.
    pub(crate) fn cancel(&self) {
        let _ = kill(Pid::from_raw(self.child.id().cast_signed()), Signal::SIGTERM);
    }

    /// Waits for its end and returns what `srun` has said last.
    pub(crate) fn last_words(&mut self) -> Option<String> {
        let mut text = String::new();
        self.child.streams().stderr.take()?.read_to_string(&mut text).ok()?;
        text.lines().rev().find(|line| !line.trim().is_empty()).map(|line| line.trim().to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_that_overlap_take_less_than_each_of_them() {
        let mut seen = Seen { left: (1..=4).collect(), done: 0, first: None, last: None };
        assert_eq!(seen.item_s(), None);
        let at = |seconds: f64| SystemTime::UNIX_EPOCH + Duration::from_secs_f64(seconds);
        // Two at a time.
        for (number, started) in [(2, 10.0), (1, 10.0), (3, 10.5), (4, 10.5), (4, 99.0), (9, 99.0)] {
            seen.add(number, at(started), 0.5);
        }
        assert!((seen.item_s().expect("a pace") - 0.25).abs() < 1e-6, "{seen:?}");
        assert!(seen.left.is_empty());
    }
}
