//! Weights of waits by kind, and the shares that they add up to.

use crate::profile::result::{WaitKind, Waits};

/// Sums of weights by kind of wait.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct WaitCounts([f64; 7]);

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

    /// Returns the shares of the kinds, from 0 to 1; all 0 if nothing was added.
    pub fn shares(&self) -> Waits {
        let total = self.total();
        let share = |wait: WaitKind| if total > 0.0 { self.0[wait as usize] / total } else { 0.0 };
        Waits {
            network: share(WaitKind::Network),
            disk: share(WaitKind::Disk),
            sleep: share(WaitKind::Sleep),
            lock: share(WaitKind::Lock),
            pipe: share(WaitKind::Pipe),
            child: share(WaitKind::Child),
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
}
