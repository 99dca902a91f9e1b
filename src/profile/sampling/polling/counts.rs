//! Counts of samples of user mode, by the kind of place.

use crate::profile::result::PollingCause;
use crate::profile::sampling::polling::place::Place;

/// Samples of the user mode of threads, by the kind of place that they show.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct PlaceCounts {
    /// All samples.
    pub all: u64,
    /// CPU seconds of user mode that they stand for.
    pub sampled_s: f64,
    /// Samples behind a system call that asks for events, or sleeps.
    pub asks: u64,
    /// Samples behind another system call; not behind `sched_yield`.
    pub calls: u64,
    /// Times that the sampled threads were given a CPU while they were sampled.
    pub slices: u64,
    /// True if the system refused to sample.
    pub is_refused: bool,
    /// Samples in loops that only wait, by cause.
    pub(crate) polls: [u64; PollingCause::ALL.len()],
}

impl PlaceCounts {
    /// Counts one sample, which stands for `seconds`.
    pub(crate) fn add(&mut self, place: Place, seconds: f64) {
        self.all += 1;
        self.sampled_s += seconds;
        match place {
            Place::Work => {}
            Place::Polls(cause) => self.polls[cause as usize] += 1,
            Place::AsksForEvents => self.asks += 1,
            Place::OtherCall => self.calls += 1,
        }
    }

    /// Returns the number of samples in loops with this cause.
    pub(crate) fn polls(&self, cause: PollingCause) -> u64 {
        self.polls[cause as usize]
    }

    /// Returns the number of samples in loops that only wait.
    pub(crate) fn polls_at_all(&self) -> u64 {
        self.polls.iter().sum()
    }
}
