//! The way in which Python callables run, chosen by the first items.

use crate::job::own_time::OwnTime;
use crate::policy::{CPU_BOUND_FROM, IO_BOUND_UP_TO};
use crate::python::protocol::request::ServeStrategy;
use crate::strategy::StrategyKind;

/// Number of first items that run one after another.
const FIRST_ITEMS: u64 = 3;

/// Seconds of first items that suffice, however few they are.
const FIRST_SECONDS: f64 = 0.4;

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

/// The costs of the first items, until they decide.
#[derive(Debug)]
pub(crate) struct FirstItems {
    is_open: bool,
    is_awaitable: bool,
    cpus: usize,
    count: u64,
    seconds: f64,
    cpu_s: f64,
}

impl FirstItems {
    /// Begins, unless the user has fixed the strategy.
    pub(crate) fn new(is_fixed: bool, is_awaitable: bool, cpus: usize) -> Self {
        FirstItems { is_open: !is_fixed, is_awaitable, cpus, count: 0, seconds: 0.0, cpu_s: 0.0 }
    }

    /// Returns true as long as nothing is decided: items run one after another.
    pub(crate) fn is_open(&self) -> bool {
        self.is_open
    }

    /// Returns the time of the first items.
    pub(crate) fn own_time(&self) -> Option<OwnTime> {
        let own = OwnTime { seconds: self.seconds, cpu_s: self.cpu_s, is_whole: true };
        (self.count > 0 && self.seconds > 0.0).then_some(own)
    }

    /// Adds an item; returns the mode once it is decided.
    ///
    /// It is that of the decision tree: work that computes needs processes, work that waits one event loop or
    /// threads, and mixed work both.
    pub(crate) fn add(&mut self, seconds: f64, cpu_s: f64) -> Option<CallableMode> {
        if !self.is_open {
            return None;
        }
        self.count += 1;
        self.seconds += seconds;
        self.cpu_s += cpu_s;
        if self.count < FIRST_ITEMS && self.seconds < FIRST_SECONDS {
            return None;
        }
        self.is_open = false;
        let computing = self.cpu_s / self.seconds.max(f64::MIN_POSITIVE);
        let kind = if computing >= CPU_BOUND_FROM {
            StrategyKind::Processes
        } else if computing > IO_BOUND_UP_TO {
            StrategyKind::Hybrid
        } else if self.is_awaitable {
            StrategyKind::Async
        } else {
            StrategyKind::Threads
        };
        CallableMode::of(kind, self.is_awaitable, self.cpus)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decided(is_awaitable: bool, seconds: f64, cpu_s: f64) -> (StrategyKind, Option<usize>) {
        let mut first = FirstItems::new(false, is_awaitable, 4);
        let mode = loop {
            assert!(first.is_open());
            if let Some(mode) = first.add(seconds, cpu_s) {
                break mode;
            }
        };
        assert!(!first.is_open() && first.add(seconds, cpu_s).is_none(), "it decides once");
        (mode.kind, mode.processes)
    }

    #[test]
    fn the_first_items_choose_as_the_decision_tree_does() {
        assert_eq!(decided(true, 0.05, 0.001), (StrategyKind::Async, Some(1)));
        assert_eq!(decided(false, 0.05, 0.001), (StrategyKind::Threads, Some(1)));
        assert_eq!(decided(false, 0.05, 0.049), (StrategyKind::Processes, None));
        assert_eq!(decided(true, 0.05, 0.02), (StrategyKind::Hybrid, Some(4)));
    }

    #[test]
    fn one_long_item_is_enough_and_a_fixed_strategy_asks_none() {
        let mut first = FirstItems::new(false, false, 2);
        assert!(first.add(5.0, 0.0).is_some());
        assert!(!FirstItems::new(true, false, 2).is_open());
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
