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

/// Share of the items that run again from which failures mean that items work once.
const CONSUMED_SHARE: f64 = 0.9;

/// Items that must have failed after they worked to mean that items work once.
const FEWEST_CONSUMED: u64 = 3;

/// Outputs that were compared.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct OutputCounts {
    /// Outputs that were compared with another one of the same item.
    pub compared: u64,
    /// Those of them that were different.
    pub differing: u64,
}

/// Outputs of some items, by the hash of the item.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outputs {
    kept: BTreeMap<u64, u64>,
    /// Items that failed after they had worked.
    failed_again: u64,
    /// Items that failed, by their hashes.
    failed: BTreeSet<u64>,
    /// Items that were run again with the same output.
    repeated: u64,
    /// Items that were run again with a different output.
    contradicted: u64,
}

/// Items that other runs may have used up.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UsedElsewhere {
    /// Items that worked in one of them, by their hashes.
    pub worked: BTreeSet<u64>,
    /// Tasks of runs of which nothing is known: each may have used up its item.
    pub lost: u64,
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

    /// Adds the failure of task `index`.
    pub fn add_failure(&mut self, index: u64) {
        self.fail(mix(index, 0));
    }

    fn fail(&mut self, item: u64) {
        self.failed_again += u64::from(self.kept.contains_key(&item));
        self.failed.insert(item);
        if self.failed.len() > MAX_KEPT_OUTPUTS {
            self.failed.pop_last();
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
        // Items that failed in the other run had their turn in this one before.
        other.failed.iter().for_each(|item| self.fail(*item));
        other.kept.iter().for_each(|(item, output)| self.insert(*item, *output));
        self.failed_again += other.failed_again;
        self.repeated += other.repeated;
        self.contradicted += other.contradicted;
    }

    /// Compares the outputs of items that were run again with the earlier ones.
    pub fn repeats(&self) -> OutputCounts {
        OutputCounts { compared: self.repeated + self.contradicted, differing: self.contradicted }
    }

    /// Returns true if items work once: nearly all of them worked, and nearly all of those failed when they ran
    /// again. An item that was used elsewhere before it failed here does not count as one that never worked.
    pub fn are_consumed(&self, elsewhere: &UsedElsewhere) -> bool {
        // Of the others nobody knows whether they worked: their outputs are not kept.
        let is_sampled = |item: &u64| {
            let last = self.kept.last_key_value().filter(|_| self.kept.len() >= MAX_KEPT_OUTPUTS);
            last.is_none_or(|(last, _)| item <= last)
        };
        let never = |item: &&u64| {
            is_sampled(item) && !self.kept.contains_key(item) && !elsewhere.worked.contains(item)
        };
        let failed = self.failed.iter().filter(never).count() as u64;
        let never_worked = failed.saturating_sub(elsewhere.lost);
        let again = self.failed_again + self.repeated + self.contradicted;
        let nearly_all = |part: u64, whole: u64| part as f64 >= CONSUMED_SHARE * whole as f64;
        let worked = self.kept.len() as u64;
        self.failed_again >= FEWEST_CONSUMED
            && nearly_all(self.failed_again, again)
            && nearly_all(worked, worked + never_worked)
    }

    /// Compares the outputs of the items in both samples.
    pub fn compare(&self, other: &Outputs) -> OutputCounts {
        let shared = self.kept.iter().filter_map(|(item, output)| Some((output, other.kept.get(item)?)));
        shared.fold(OutputCounts::default(), |counts, (mine, theirs)| OutputCounts {
            compared: counts.compared + 1,
            differing: counts.differing + u64::from(mine != theirs),
        })
    }

    /// Returns the outputs that are kept, by the hashes of their items, smallest first.
    pub fn kept(&self) -> impl Iterator<Item = (u64, u64)> {
        self.kept.iter().map(|(item, output)| (*item, *output))
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
    use std::ops::Range;

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
        let counts = |compared, differing| OutputCounts { compared, differing };
        assert_eq!(of(0..100).compare(&wrong), counts(100, 1));
        assert_eq!(of(0..100).compare(&of(0..50)), counts(50, 0));
        assert_eq!(of(0..10).compare(&of(10..20)), counts(0, 0));
        assert_eq!(of(0..10).repeats(), counts(0, 0));
        assert_eq!(of((0..10).chain(0..10)).repeats(), counts(10, 0));
        wrong.merge(&of(0..100));
        assert_eq!(wrong.repeats(), counts(100, 1));
    }

    #[test]
    fn equal_outputs_have_equal_digests_over_the_items_in_common() {
        let (all, some) = (of(0..200), of(50..120));
        let shared: BTreeSet<u64> = all.items().intersection(&some.items()).copied().collect();
        assert_eq!(shared.len(), 70);
        assert_eq!(all.digest(&shared), some.digest(&shared));
    }

    #[test]
    fn items_that_work_once_are_told_from_items_that_fail() {
        let run = |fails: fn(u64) -> bool| {
            let mut outputs = Outputs::default();
            (0..20).for_each(|i| if fails(i) { outputs.add_failure(i) } else { outputs.add(i, i) });
            outputs
        };
        let after = |first: &Outputs, second: &Outputs| {
            let mut both = first.clone();
            both.merge(second);
            both.are_consumed(&UsedElsewhere::default())
        };
        let (works, fails, flaky) = (run(|_| false), run(|_| true), run(|i| i % 3 == 0));
        assert!(after(&works, &fails), "rm {{item}}");
        assert!(!after(&works, &works) && !after(&fails, &fails) && !after(&works, &flaky));
        let mut repeated = works.clone();
        (0..20).for_each(|i| repeated.add_failure(i));
        let given = |outputs: &Outputs, worked: Range<u64>, lost| {
            outputs.are_consumed(&UsedElsewhere { worked: worked.map(|i| mix(i, 0)).collect(), lost })
        };
        assert!(given(&repeated, 0..0, 0));
        (20..200).for_each(|i| repeated.add_failure(i));
        assert!(!given(&repeated, 0..0, 0), "a service that nearly always fails");
        assert!(given(&repeated, 20..200, 0), "they worked in other batches");
        assert!(given(&repeated, 0..0, 200), "a batch that was given up had them");
        assert!(!given(&repeated, 20..60, 40));
        let mut many = of(0..1000);
        (0..100).for_each(|i| many.add_failure(i));
        assert!(given(&many, 0..0, 0), "of most items no output is kept");
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
