//! Every item at most once: batches take disjoint slices of one random order.

use std::ops::Range;

use crate::benchmark::executor::{BatchRequest, Executor};
use crate::diagnostics::Code;
use crate::error::Error;
use crate::strategy::run::RunReport;

/// Number of parts that the items are divided into; one batch takes at most one part, the others are for
/// other configurations.
const MIN_BATCHES_PER_ITEMS: u64 = 24;

/// Number of configurations at full width that the items must suffice for.
const MIN_FULL_WIDTHS: u64 = 8;

/// An executor that gives every batch of another one items of its own, until there are no more.
#[derive(Debug)]
pub(crate) struct Once<E> {
    inner: E,
    slices: Option<Slices>,
}

/// The items that are left.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Slices {
    next: u64,
    items: u64,
    is_exhausted: bool,
}

impl Slices {
    /// Creates the slices of `items` items, of which the first `used` positions were run already.
    pub(crate) fn new(items: u64, used: u64) -> Self {
        Slices { next: used, items, is_exhausted: used >= items }
    }

    /// Returns the widest configuration that can still be compared with others.
    pub(crate) fn widest(items: u64) -> usize {
        usize::try_from(items / MIN_FULL_WIDTHS).unwrap_or(usize::MAX).max(1)
    }

    /// Returns the number of items that were run.
    pub(crate) fn used(&self) -> u64 {
        self.next.min(self.items)
    }

    /// Returns true if the items ran out.
    pub(crate) fn is_exhausted(&self) -> bool {
        self.is_exhausted
    }

    /// Returns the positions for a batch that wants `wanted` tasks and has `width` in flight; `None` if too
    /// few are left to keep it busy.
    fn take(&mut self, wanted: u64, width: u64) -> Option<Range<u64>> {
        let left = self.items - self.used();
        let fair = wanted.min((self.items / MIN_BATCHES_PER_ITEMS).max(2 * width));
        if left == 0 || left < fair.min(width) {
            self.is_exhausted = true;
            return None;
        }
        let start = self.next;
        self.next += fair.min(left);
        Some(start..self.next)
    }
}

impl<E> Once<E> {
    /// Wraps an executor to take items from `slices`; without slices batches run their own tasks.
    pub(crate) fn new(inner: E, slices: Option<Slices>) -> Self {
        Once { inner, slices }
    }
}

impl<E: Executor> Executor for Once<E> {
    fn run(&mut self, request: &BatchRequest) -> Result<RunReport, Error> {
        let Some(slices) = &mut self.slices else { return self.inner.run(request) };
        let wanted = request.tasks.end - request.tasks.start;
        let tasks = slices
            .take(wanted, request.cell.width as u64)
            .ok_or_else(|| Error::new(Code::NoteItemsUsed, "every item has been run"))?;
        // One order for the whole run: in another one the same items would come again.
        self.inner.run(&BatchRequest { tasks, permutation_id: 0, ..request.clone() })
    }

    fn is_exhausted(&self) -> bool {
        self.slices.as_ref().is_some_and(Slices::is_exhausted) || self.inner.is_exhausted()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::benchmark::configuration::Configuration;
    use crate::benchmark::testing::report;
    use crate::strategy::StrategyKind;
    use proptest::prelude::*;
    use std::time::Duration;

    /// Records the requests.
    struct Log(Vec<BatchRequest>);

    impl Executor for Log {
        fn run(&mut self, request: &BatchRequest) -> Result<RunReport, Error> {
            self.0.push(request.clone());
            Ok(report(request.tasks.end - request.tasks.start, request.cell.width, 0.01))
        }
    }

    fn order(width: usize, tasks: u64) -> BatchRequest {
        let limit = Duration::from_secs(60);
        let cell = Configuration::new(StrategyKind::Threads, width);
        BatchRequest {
            cell,
            tasks: 0..tasks,
            permutation_id: 3,
            stop_starting_after: limit,
            kill_after: limit,
        }
    }

    #[test]
    fn without_slices_orders_pass_as_they_are() {
        let mut executor = Once::new(Log(Vec::new()), None);
        executor.run(&order(4, 100)).expect("a batch");
        assert_eq!(executor.inner.0, [order(4, 100)]);
        assert!(!executor.is_exhausted());
    }

    proptest! {
        #[test]
        fn no_item_is_given_twice_and_few_are_left_when_it_ends(
            items in 1u64..2000, profiled in 0u64..500,
            orders in prop::collection::vec((1usize..64, 1u64..3000), 1..200),
        ) {
            let profiled = profiled.min(items);
            let mut executor = Once::new(Log(Vec::new()), Some(Slices::new(items, profiled)));
            for (width, tasks) in orders {
                let ran = executor.run(&order(width, tasks));
                prop_assert_eq!(ran.is_err(), executor.is_exhausted());
                if executor.is_exhausted() {
                    let used = executor.slices.as_ref().expect("slices").used();
                    prop_assert!(items - used < width as u64);
                    break;
                }
            }
            let mut next = profiled;
            for BatchRequest { tasks, permutation_id, .. } in &executor.inner.0 {
                prop_assert_eq!((tasks.start, *permutation_id), (next, 0));
                prop_assert!(tasks.end > tasks.start && tasks.end <= items);
                next = tasks.end;
            }
        }
    }
}
