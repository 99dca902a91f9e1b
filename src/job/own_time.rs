//! The time that items needed for themselves: without what they waited for a CPU.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use crate::policy::{CPU_BOUND_FROM, IO_BOUND_UP_TO};
use crate::profile::Class;

/// The time of some items that were looked at.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct OwnTime {
    /// Seconds from start to end, without those in which no CPU was free.
    pub(crate) seconds: f64,
    /// CPU seconds.
    pub(crate) cpu_s: f64,
    /// Whether all waits for a CPU were seen; those of processes that an item has started are not.
    pub(crate) is_whole: bool,
}

impl OwnTime {
    /// Returns the share of the time on a CPU, from 0 to 1.
    pub(crate) fn cpu_share(&self) -> f64 {
        (self.cpu_s / self.seconds.max(f64::MIN_POSITIVE)).clamp(0.0, 1.0)
    }

    /// Returns the class of the items, by the thresholds of every profile.
    pub(crate) fn class(&self) -> Class {
        let share = self.cpu_share();
        if share >= CPU_BOUND_FROM {
            Class::CpuBound
        } else if share <= IO_BOUND_UP_TO {
            Class::IoBound
        } else {
            Class::Mixed
        }
    }
}

/// Adds up times from many threads.
#[derive(Debug, Default)]
pub(crate) struct OwnTimes {
    own_ns: AtomicU64,
    cpu_ns: AtomicU64,
    has_unseen: AtomicBool,
}

impl OwnTimes {
    /// Says that processes of an item may have waited for a CPU unseen.
    pub(crate) fn note_unseen(&self) {
        self.has_unseen.store(true, Ordering::Relaxed);
    }

    /// Adds an item: its seconds without what it waited for a CPU, and its CPU seconds.
    pub(crate) fn add(&self, own_s: f64, cpu_s: f64) {
        let own_s = own_s.max(cpu_s).max(0.0);
        self.own_ns.fetch_add((own_s * 1e9) as u64, Ordering::Relaxed);
        self.cpu_ns.fetch_add((cpu_s * 1e9) as u64, Ordering::Relaxed);
    }

    /// Returns the sums; `None` without any item.
    pub(crate) fn total(&self) -> Option<OwnTime> {
        let seconds = self.own_ns.load(Ordering::Relaxed) as f64 * 1e-9;
        let cpu_s = self.cpu_ns.load(Ordering::Relaxed) as f64 * 1e-9;
        let is_whole = !self.has_unseen.load(Ordering::Relaxed);
        (seconds > 0.0).then_some(OwnTime { seconds, cpu_s, is_whole })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_class_is_that_of_the_time_without_waiting_for_a_cpu() {
        let times = OwnTimes::default();
        assert_eq!(times.total(), None);
        // Two items that computed for 0.1 s each, of which one waited for a CPU most of the time.
        times.add(0.1, 0.1);
        times.add(0.9 - 0.8, 0.1);
        assert_eq!(times.total().map(|own| own.class()), Some(Class::CpuBound));
        times.add(0.2, 0.0);
        assert_eq!(times.total().map(|own| own.class()), Some(Class::Mixed));
        times.add(2.0, 0.0);
        assert_eq!(times.total().map(|own| own.class()), Some(Class::IoBound));
    }
}
