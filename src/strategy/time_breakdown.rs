//! The time of worker processes by purpose: start-up, waiting, working, transfer.

use serde::{Deserialize, Serialize};

use crate::model::message::MessageCosts;

/// Messages to worker processes, as all of their drivers saw them together.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct IpcStats {
    /// Seconds in which a worker had something to do, from sending a message to receiving the answer.
    pub active_s: f64,
    /// Part of `active_s` in which the worker ran tasks, by the worker's own clock.
    pub working_s: f64,
    /// Costs of the messages.
    pub costs: MessageCosts,
}

impl IpcStats {
    /// Adds a message of `tasks` tasks that kept a worker for `active_s` seconds, of which it worked
    /// `working_s`.
    pub fn add(&mut self, tasks: u64, active_s: f64, working_s: f64) {
        let working_s = working_s.min(active_s);
        self.active_s += active_s;
        self.working_s += working_s;
        self.costs.add(tasks, active_s - working_s);
    }

    /// Adds the messages of another driver.
    pub fn merge(&mut self, other: &IpcStats) {
        self.active_s += other.active_s;
        self.working_s += other.working_s;
        self.costs.merge(&other.costs);
    }
}

/// The time of all workers of a batch, in seconds: the time of the batch times the number of workers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct WorkerTimeBreakdown {
    /// Number of worker processes.
    pub workers: u64,
    /// Time until the workers were ready.
    pub startup_s: f64,
    /// Time with nothing to do.
    pub waiting_s: f64,
    /// Time in tasks.
    pub working_s: f64,
    /// Time spent handing tasks over and results back.
    pub transfer_s: f64,
    /// Costs of the messages.
    pub costs: MessageCosts,
}

impl WorkerTimeBreakdown {
    /// Breaks down the time of a batch that started in `startup_s` seconds and ran for `wall_s`.
    pub fn new(workers: u64, startup_s: f64, wall_s: f64, ipc: &IpcStats) -> Self {
        let available = workers as f64 * wall_s;
        // A driver may see the end of its last message shortly after the batch.
        let active = ipc.active_s.min(available);
        let working_s = ipc.working_s.min(active);
        WorkerTimeBreakdown {
            workers,
            startup_s: workers as f64 * startup_s,
            waiting_s: available - active,
            working_s,
            transfer_s: active - working_s,
            costs: ipc.costs.clone(),
        }
    }

    /// Adds another batch of the same configuration.
    pub fn merge(&mut self, other: &WorkerTimeBreakdown) {
        self.workers = self.workers.max(other.workers);
        self.startup_s += other.startup_s;
        self.waiting_s += other.waiting_s;
        self.working_s += other.working_s;
        self.transfer_s += other.transfer_s;
        self.costs.merge(&other.costs);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn the_parts_are_the_time_of_the_workers(
            workers in 1u64..64, startup in 0.0f64..1.0, wall in 0.0f64..10.0,
            messages in prop::collection::vec((1u64..64, 0.0f64..1.0, 0.0f64..1.0), 0..30),
        ) {
            let mut traffic = IpcStats::default();
            messages.iter().for_each(|(tasks, active, working)| traffic.add(*tasks, *active, *working));
            let ledger = WorkerTimeBreakdown::new(workers, startup, wall, &traffic);
            let parts = [ledger.startup_s, ledger.waiting_s, ledger.working_s, ledger.transfer_s];
            prop_assert!(parts.iter().all(|part| *part >= 0.0), "{ledger:?}");
            let whole = workers as f64 * (startup + wall);
            prop_assert!((parts.iter().sum::<f64>() - whole).abs() < 1e-9 * (1.0 + whole), "{ledger:?}");
        }
    }
}
