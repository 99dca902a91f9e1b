//! The outputs of some items, so that runs that drew different ones can be compared.
//!
//! Which items these are depends on nothing but their numbers: those with the smallest hashes, a
//! bottom-k sketch (Cohen and Kaplan, "Summarizing data using bottom-k sketches", PODC 2007). Two runs
//! that both ran such an item both kept its output.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::workload::digest::mix;

/// Outputs kept; a workload with no more tasks is kept whole.
const MAX_KEPT_OUTPUTS: usize = 256;

/// Outputs of some items, by the hash of the item.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outputs {
    kept: BTreeMap<u64, u64>,
    /// Items that were run again with the same output.
    repeated: u64,
    /// Items that were run again with a different output.
    contradicted: u64,
}

impl Outputs {
    /// Adds the output of task `index`.
    pub fn add(&mut self, index: u64, output: u64) {
        let item = mix(index, 0);
        if self.kept.len() < MAX_KEPT_OUTPUTS
            || self.kept.last_key_value().is_some_and(|(last, _)| item <= *last)
        {
            self.insert(item, output);
        }
    }

    fn insert(&mut self, item: u64, output: u64) {
        match self.kept.insert(item, output) {
            None if self.kept.len() > MAX_KEPT_OUTPUTS => _ = self.kept.pop_last(),
            None => {}
            Some(before) if before == output => self.repeated += 1,
            Some(_) => self.contradicted += 1,
        }
    }

    /// Adds the outputs of another worker or another run.
    pub fn merge(&mut self, other: &Outputs) {
        other.kept.iter().for_each(|(item, output)| self.insert(*item, *output));
        self.repeated += other.repeated;
        self.contradicted += other.contradicted;
    }

    /// Returns true if repeated items gave equal outputs; `None` if no item was repeated.
    pub fn is_repeatable(&self) -> Option<bool> {
        (self.repeated + self.contradicted > 0).then_some(self.contradicted == 0)
    }

    /// Returns true if the items in both samples have equal outputs; `None` if there are no such items.
    pub fn agrees_with(&self, other: &Outputs) -> Option<bool> {
        let shared = self.kept.iter().filter_map(|(item, output)| Some((output, other.kept.get(item)?)));
        shared.map(|(mine, theirs)| mine == theirs).reduce(|all, one| all && one)
    }

    /// Returns the items, by their hashes.
    pub fn items(&self) -> BTreeSet<u64> {
        self.kept.keys().copied().collect()
    }

    /// Returns a digest of the outputs of `items`.
    pub fn digest(&self, items: &BTreeSet<u64>) -> u64 {
        let outputs = items.iter().filter_map(|item| Some((item, self.kept.get(item)?)));
        outputs.fold(0, |sum, (item, output)| sum.wrapping_add(mix(*item, *output)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn of(indexes: impl Iterator<Item = u64>) -> Outputs {
        let mut outputs = Outputs::default();
        indexes.for_each(|i| outputs.add(i, i * 3));
        outputs
    }

    #[test]
    fn a_small_workload_is_kept_whole_and_a_large_one_in_part() {
        assert_eq!(of(0..200).items().len(), 200);
        assert_eq!(of(0..100_000).items().len(), MAX_KEPT_OUTPUTS);
    }

    #[test]
    fn a_different_output_is_seen_and_so_is_one_that_changes() {
        let mut wrong = of(1..100);
        wrong.add(0, 17);
        assert_eq!(of(0..100).agrees_with(&wrong), Some(false));
        assert_eq!(of(0..100).agrees_with(&of(0..50)), Some(true));
        assert_eq!(of(0..10).agrees_with(&of(10..20)), None);
        assert_eq!(of(0..10).is_repeatable(), None);
        assert_eq!(of((0..10).chain(0..10)).is_repeatable(), Some(true));
        wrong.merge(&of(0..100));
        assert_eq!(wrong.is_repeatable(), Some(false));
    }

    #[test]
    fn equal_outputs_have_equal_digests_over_the_items_in_common() {
        let (all, some) = (of(0..200), of(50..120));
        let shared: BTreeSet<u64> = all.items().intersection(&some.items()).copied().collect();
        assert_eq!(shared.len(), 70);
        assert_eq!(all.digest(&shared), some.digest(&shared));
    }

    proptest! {
        #[test]
        fn the_order_of_the_tasks_does_not_matter(
            indexes in prop::collection::hash_set(0u64..5000, 0..800), at in 0usize..800,
        ) {
            let indexes: Vec<u64> = indexes.into_iter().collect();
            let at = at.min(indexes.len());
            let mut halves = of(indexes[at..].iter().copied());
            halves.merge(&of(indexes[..at].iter().copied()));
            prop_assert_eq!(halves, of(indexes.into_iter()));
        }
    }
}
