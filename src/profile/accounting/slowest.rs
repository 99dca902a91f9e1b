//! The tasks that took longest.

use std::cmp::Reverse;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Number of tasks that are kept.
const MAX_TASKS: usize = 5;

/// The slowest tasks of a run, each with the time it took; the slowest is the first.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct SlowestTasks(Vec<(Duration, u64)>);

impl SlowestTasks {
    /// Adds task `index` if it is among the slowest; a task that was run several times is kept once.
    pub(crate) fn add(&mut self, index: u64, took: Duration) {
        if self.0.len() == MAX_TASKS && took <= self.0[MAX_TASKS - 1].0 {
            return;
        }
        match self.0.iter_mut().find(|(_, other)| *other == index) {
            Some(known) => known.0 = known.0.max(took),
            None => self.0.push((took, index)),
        }
        self.0.sort_unstable_by_key(|(took, index)| (Reverse(*took), *index));
        self.0.truncate(MAX_TASKS);
    }

    /// Returns the tasks with their times, the slowest first.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (u64, Duration)> {
        self.0.iter().map(|(took, index)| (*index, *took))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_slowest_are_kept_once_each_in_whatever_order_they_come() {
        let ms = Duration::from_millis;
        let mut slowest = SlowestTasks::default();
        (0..100).for_each(|i| slowest.add(i * 37 % 100, ms(i * 37 % 100)));
        slowest.add(99, ms(7));
        slowest.add(98, ms(500));
        let indexes: Vec<u64> = slowest.iter().map(|(index, _)| index).collect();
        assert_eq!(indexes, [98, 99, 97, 96, 95]);
        assert_eq!(slowest.iter().next(), Some((98, ms(500))));
    }
}
