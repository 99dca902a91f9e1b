//! Weights of waits by kind, and the shares that they add up to.

use crate::profile::result::{WaitKind, Waits};
use crate::profile::sampling::timed_wait::TimedEnds;

/// Sums of weights by kind of wait.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct WaitCounts([f64; WaitKind::ALL.len()]);

impl WaitCounts {
    /// Adds `weight` to one kind.
    pub fn add(&mut self, wait: WaitKind, weight: f64) {
        self.0[wait as usize] += weight;
    }

    /// Returns the sums of both.
    #[must_use]
    pub fn plus(&self, others: &WaitCounts) -> WaitCounts {
        WaitCounts(std::array::from_fn(|kind| self.0[kind] + others.0[kind]))
    }

    /// Returns the sums, each multiplied by `factor`.
    #[must_use]
    pub fn times(&self, factor: f64) -> WaitCounts {
        WaitCounts(self.0.map(|sum| sum * factor))
    }

    /// Returns the sum over all kinds.
    pub fn total(&self) -> f64 {
        self.0.iter().sum()
    }

    /// Returns the sum over all kinds but [`WaitKind::Other`], which explains nothing.
    pub fn known(&self) -> f64 {
        self.total() - self.0[WaitKind::Other as usize]
    }

    /// Returns the same weights, with the waits for a lock or a timer counted as sleeps and waits for locks,
    /// in the proportion in which waits of both kinds ended; unchanged if none was seen to end.
    #[must_use]
    pub(crate) fn resolved(mut self, ended: &TimedEnds) -> WaitCounts {
        if let Some(timed_out) = ended.timed_out_share() {
            let unresolved = std::mem::take(&mut self.0[WaitKind::LockOrTimer as usize]);
            self.add(WaitKind::Sleep, unresolved * timed_out);
            self.add(WaitKind::Lock, unresolved * (1.0 - timed_out));
        }
        self
    }

    /// Returns the shares of the kinds, from 0 to 1; all 0 if nothing was added.
    pub fn shares(&self) -> Waits {
        let total = self.total();
        let share = |wait: WaitKind| if total > 0.0 { self.0[wait as usize] / total } else { 0.0 };
        Waits {
            network: share(WaitKind::Network),
            disk: share(WaitKind::Disk),
            sleep: share(WaitKind::Sleep),
            lock: share(WaitKind::Lock),
            lock_or_timer: share(WaitKind::LockOrTimer),
            pipe: share(WaitKind::Pipe),
            child: share(WaitKind::Child),
            signal: share(WaitKind::Signal),
            other: share(WaitKind::Other),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_sum_to_one_or_are_all_zero() {
        let mut counts = WaitCounts::default();
        assert_eq!(counts.shares(), Waits::default());
        counts.add(WaitKind::Network, 3.0);
        counts.add(WaitKind::Disk, 1.0);
        assert_eq!(counts.known(), 4.0);
        assert_eq!(counts.shares().network, 0.75);
        assert_eq!(counts.shares().named().iter().map(|(_, share)| share).sum::<f64>(), 1.0);
        counts.add(WaitKind::Other, 1.0);
        assert_eq!((counts.known(), counts.total()), (4.0, 5.0));
    }

    #[test]
    fn a_limited_wait_is_what_such_waits_turned_out_to_be() {
        let mut counts = WaitCounts::default();
        counts.add(WaitKind::LockOrTimer, 4.0);
        assert_eq!(counts.resolved(&TimedEnds::default()), counts);
        let shares = counts.resolved(&TimedEnds { timed_out_s: 3.0, woken_s: 1.0 }).shares();
        assert_eq!((shares.sleep, shares.lock, shares.lock_or_timer), (0.75, 0.25, 0.0));
    }
}
