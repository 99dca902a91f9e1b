//! The seconds that batches take besides their tasks: the start and the end of processes, and imports.

use std::collections::BTreeMap;

use crate::strategy::StrategyKind;

/// The seconds that the batches of each strategy took besides their tasks.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct BatchCosts(BTreeMap<StrategyKind, f64>);

impl BatchCosts {
    /// Adds a batch.
    pub fn add(&mut self, strategy: StrategyKind, seconds: f64) {
        self.0.insert(strategy, seconds.max(0.0));
    }

    /// Returns the seconds of the last batch of a strategy; before the first one, the least of all others.
    pub fn of(&self, strategy: StrategyKind) -> f64 {
        let others = || self.0.values().copied().reduce(f64::min).unwrap_or(0.0);
        self.0.get(&strategy).copied().unwrap_or_else(others)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_strategy_costs_what_its_last_batch_did() {
        let mut costs = BatchCosts::default();
        assert_eq!(costs.of(StrategyKind::Threads), 0.0);
        costs.add(StrategyKind::Threads, 0.1);
        costs.add(StrategyKind::Processes, 3.0);
        costs.add(StrategyKind::Processes, 2.0);
        assert_eq!(costs.of(StrategyKind::Processes), 2.0);
        assert_eq!(costs.of(StrategyKind::Async), 0.1, "an import is paid by every strategy");
        costs.add(StrategyKind::Threads, -1.0);
        assert_eq!(costs.of(StrategyKind::Threads), 0.0, "clocks differ");
    }
}
