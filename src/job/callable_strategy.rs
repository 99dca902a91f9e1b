//! The way in which Python callables run, chosen by the first items.

use crate::job::own_time::OwnTime;
use crate::policy::{CPU_BOUND_FROM, IO_BOUND_UP_TO, LOOP_BLOCKED_FROM_SHARE};
use crate::python::protocol::request::ServeStrategy;
use crate::strategy::StrategyKind;

/// Number of items after the first call that run one after another.
const FIRST_ITEMS: u64 = 2;

/// Seconds of these items that suffice, however few they are.
const FIRST_SECONDS: f64 = 0.4;

/// Seconds from which the first call counts as an item like the others: a lazy import or a model that is loaded
/// takes less as a rule, and another item one at a time would cost too much.
const LONG_FIRST_CALL: f64 = 5.0;

/// The way in which callables run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct CallableMode {
    /// The name of the strategy.
    pub(crate) kind: StrategyKind,
    /// How items of one process overlap.
    pub(crate) strategy: ServeStrategy,
    /// Number of processes; `None` is one for each item in flight.
    pub(crate) processes: Option<usize>,
}

impl CallableMode {
    /// Returns the mode of a strategy; `None` if callables have no such strategy here.
    pub(crate) fn of(kind: StrategyKind, is_awaitable: bool, cpus: usize) -> Option<Self> {
        let overlapping = if is_awaitable { ServeStrategy::Async } else { ServeStrategy::Threads };
        let (strategy, processes) = match kind {
            StrategyKind::Sequential => (ServeStrategy::Sequential, Some(1)),
            StrategyKind::Async => (ServeStrategy::Async, Some(1)),
            StrategyKind::Threads => (ServeStrategy::Threads, Some(1)),
            StrategyKind::Processes => (ServeStrategy::Sequential, None),
            StrategyKind::Hybrid => (overlapping, Some(cpus.max(1))),
            _ => return None,
        };
        Some(CallableMode { kind, strategy, processes })
    }

    /// Returns the number of the process that runs the items of a slot, from 0.
    pub(crate) fn process_of(&self, slot: usize) -> usize {
        match self.processes {
            None => slot - 1,
            Some(processes) => (slot - 1) % processes,
        }
    }
}

/// What the code of a callable allows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct CallableForm {
    /// It can be awaited.
    pub(crate) is_awaitable: bool,
    /// It uses an object that belongs to one event loop.
    pub(crate) needs_one_loop: bool,
    /// It limits tasks itself, and several processes would multiply the limit.
    pub(crate) needs_one_process: bool,
}

/// What an item cost.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct ItemCost {
    /// Seconds, without those in which no CPU was free.
    pub(crate) seconds: f64,
    /// CPU seconds.
    pub(crate) cpu_s: f64,
    /// Seconds for which it held its event loop without computing.
    pub(crate) blocked_s: f64,
}

/// The costs of some items.
#[derive(Debug, Default, Clone, Copy)]
struct Costs {
    count: u64,
    sum: ItemCost,
}

impl Costs {
    fn add(&mut self, cost: ItemCost) {
        self.count += 1;
        self.sum.seconds += cost.seconds;
        self.sum.cpu_s += cost.cpu_s;
        self.sum.blocked_s += cost.blocked_s;
    }

    fn share(&self, seconds: f64) -> f64 {
        (seconds / self.sum.seconds.max(f64::MIN_POSITIVE)).clamp(0.0, 1.0)
    }
}

/// The costs of the first items, until they decide. The very first one is kept apart: it also pays for what its
/// process does only once.
#[derive(Debug)]
pub(crate) struct FirstItems {
    is_open: bool,
    form: CallableForm,
    cpus: usize,
    first_call: Costs,
    others: Costs,
}

impl FirstItems {
    /// Begins, unless the user has fixed the strategy.
    pub(crate) fn new(is_fixed: bool, form: CallableForm, cpus: usize) -> Self {
        let none = Costs::default();
        FirstItems { is_open: !is_fixed, form, cpus, first_call: none, others: none }
    }

    /// Returns true as long as nothing is decided: items run one after another.
    pub(crate) fn is_open(&self) -> bool {
        self.is_open
    }

    /// Returns the time of the first items, without the first call if there are others.
    pub(crate) fn own_time(&self) -> Option<OwnTime> {
        let ItemCost { seconds, cpu_s, .. } = self.evidence().sum;
        (seconds > 0.0).then_some(OwnTime { seconds, cpu_s, is_whole: true })
    }

    /// Returns the share of the time for which the coroutine blocked its event loop, from 0 to 1; `None` if it did so
    /// too rarely to matter.
    pub(crate) fn blocked_share(&self) -> Option<f64> {
        let costs = self.evidence();
        Some(costs.share(costs.sum.blocked_s)).filter(|share| *share >= LOOP_BLOCKED_FROM_SHARE)
    }

    fn evidence(&self) -> Costs {
        if self.others.count > 0 { self.others } else { self.first_call }
    }

    /// Adds an item; returns the mode once it is decided.
    ///
    /// It is that of the decision tree: work that computes needs processes, work that waits one event loop or
    /// threads, and mixed work both. A coroutine that blocks its event loop needs a loop in each thread, unless it uses
    /// an object of one loop.
    pub(crate) fn add(&mut self, cost: ItemCost) -> Option<CallableMode> {
        if !self.is_open {
            return None;
        }
        let is_enough = if self.first_call.count == 0 {
            self.first_call.add(cost);
            cost.seconds >= LONG_FIRST_CALL
        } else {
            self.others.add(cost);
            self.others.count >= FIRST_ITEMS || self.others.sum.seconds >= FIRST_SECONDS
        };
        if !is_enough {
            return None;
        }
        self.is_open = false;
        let costs = self.evidence();
        let computing = costs.share(costs.sum.cpu_s);
        let form = self.form;
        let has_loop = form.is_awaitable && (form.needs_one_loop || self.blocked_share().is_none());
        let is_spread = !(form.needs_one_process || (has_loop && form.needs_one_loop));
        let kind = if computing >= CPU_BOUND_FROM && is_spread {
            StrategyKind::Processes
        } else if computing > IO_BOUND_UP_TO && is_spread {
            StrategyKind::Hybrid
        } else if has_loop {
            StrategyKind::Async
        } else {
            StrategyKind::Threads
        };
        CallableMode::of(kind, has_loop, self.cpus)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item(seconds: f64, cpu_s: f64) -> ItemCost {
        ItemCost { seconds, cpu_s, blocked_s: 0.0 }
    }

    fn form(is_awaitable: bool) -> CallableForm {
        CallableForm { is_awaitable, ..CallableForm::default() }
    }

    fn decided(form: CallableForm, cost: ItemCost) -> (StrategyKind, Option<usize>) {
        let mut first = FirstItems::new(false, form, 4);
        let mode = loop {
            assert!(first.is_open());
            if let Some(mode) = first.add(cost) {
                break mode;
            }
        };
        assert!(!first.is_open() && first.add(cost).is_none(), "it decides once");
        (mode.kind, mode.processes)
    }

    #[test]
    fn the_first_items_choose_as_the_decision_tree_does() {
        assert_eq!(decided(form(true), item(0.05, 0.001)), (StrategyKind::Async, Some(1)));
        assert_eq!(decided(form(false), item(0.05, 0.001)), (StrategyKind::Threads, Some(1)));
        assert_eq!(decided(form(false), item(0.05, 0.049)), (StrategyKind::Processes, None));
        assert_eq!(decided(form(true), item(0.05, 0.02)), (StrategyKind::Hybrid, Some(4)));
    }

    #[test]
    fn what_the_first_call_does_once_is_not_taken_for_an_item() {
        // Loads a model for a second and a half, then waits like the others.
        let mut first = FirstItems::new(false, form(false), 2);
        assert!(first.add(item(1.6, 1.5)).is_none());
        assert_eq!(first.own_time().map(|own| own.cpu_s), Some(1.5), "nothing else is known yet");
        assert!(first.add(item(0.1, 0.001)).is_none());
        assert_eq!(first.add(item(0.1, 0.001)).map(|mode| mode.kind), Some(StrategyKind::Threads));
        assert_eq!(first.own_time().map(|own| own.seconds), Some(0.2));
    }

    #[test]
    fn a_coroutine_that_blocks_its_loop_gets_threads() {
        let blocks = |share: f64| ItemCost { blocked_s: 0.05 * share, ..item(0.05, 0.001) };
        assert_eq!(decided(form(true), blocks(0.02)).0, StrategyKind::Async);
        assert_eq!(decided(form(true), blocks(0.9)), (StrategyKind::Threads, Some(1)));
        let computes_too = ItemCost { blocked_s: 0.02, ..item(0.05, 0.02) };
        assert_eq!(decided(form(true), computes_too), (StrategyKind::Hybrid, Some(4)));
    }

    #[test]
    fn limits_that_the_code_sets_itself_are_not_multiplied() {
        let gate = CallableForm { needs_one_loop: true, needs_one_process: true, ..form(true) };
        for cost in [item(0.05, 0.001), item(0.05, 0.02), ItemCost { blocked_s: 0.04, ..item(0.05, 0.0) }] {
            assert_eq!(decided(gate, cost), (StrategyKind::Async, Some(1)));
        }
        let semaphore = CallableForm { needs_one_process: true, ..form(false) };
        assert_eq!(decided(semaphore, item(0.05, 0.049)), (StrategyKind::Threads, Some(1)));
    }

    #[test]
    fn one_long_item_is_enough_and_a_fixed_strategy_asks_none() {
        let mut first = FirstItems::new(false, form(false), 2);
        assert!(first.add(item(5.0, 0.0)).is_some());
        assert!(!FirstItems::new(true, form(false), 2).is_open());
    }

    #[test]
    fn slots_are_spread_over_the_processes() {
        let mode = |kind| CallableMode::of(kind, true, 3).expect("a strategy of callables");
        let places = |kind| (1..=5).map(|slot| mode(kind).process_of(slot)).collect::<Vec<_>>();
        assert_eq!(places(StrategyKind::Hybrid), [0, 1, 2, 0, 1]);
        assert_eq!(places(StrategyKind::Processes), [0, 1, 2, 3, 4]);
        assert_eq!(places(StrategyKind::Async), [0; 5]);
        assert_eq!(CallableMode::of(StrategyKind::WorkStealing, true, 3), None);
    }
}
