//! The tasks that took longest.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// How many are kept.
const MOST: usize = 5;

/// The slowest tasks of a run, each with the time it took; the slowest is the first.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Slowest(Vec<(Duration, u64)>);

impl Slowest {
    /// Looks at task `index`; a task that was run several times is kept once.
    pub fn add(&mut self, index: u64, took: Duration) {
        if self.0.len() == MOST && took <= self.0[MOST - 1].0 {
            return;
        }
        match self.0.iter_mut().find(|(_, other)| *other == index) {
            Some(known) => known.0 = known.0.max(took),
            None => self.0.push((took, index)),
        }
        self.0.sort_unstable_by_key(|(took, index)| (std::cmp::Reverse(*took), *index));
        self.0.truncate(MOST);
    }

    /// Looks at those of another worker.
    pub fn merge(&mut self, other: &Slowest) {
        other.0.iter().for_each(|(took, index)| self.add(*index, *took));
    }

    /// The tasks with their times, the slowest first.
    pub fn iter(&self) -> impl Iterator<Item = (u64, Duration)> {
        self.0.iter().map(|(took, index)| (*index, *took))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_slowest_are_kept_once_each_in_whatever_order_they_come() {
        let ms = Duration::from_millis;
        let (mut a, mut b) = (Slowest::default(), Slowest::default());
        (0..50).for_each(|i| a.add(i, ms(i)));
        (50..100).rev().for_each(|i| b.add(i, ms(i)));
        b.add(99, ms(7));
        b.add(98, ms(500));
        a.merge(&b);
        let indexes: Vec<u64> = a.iter().map(|(index, _)| index).collect();
        assert_eq!(indexes, [98, 99, 97, 96, 95]);
        assert_eq!(a.iter().next(), Some((98, ms(500))));
    }
}
