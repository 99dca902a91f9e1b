//! What strategies cost besides the tasks themselves.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::strategy::StrategyKind;

/// What one strategy costs, over running tasks one after another.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Overhead {
    /// Seconds to start it with one worker.
    pub startup_s: f64,
    /// Seconds that every further worker adds to that.
    pub startup_per_worker_s: f64,
    /// CPU seconds to hand out a task.
    pub dispatch_s: f64,
    /// What a sleeping step costs.
    pub sleep: StepOverhead,
    /// What a request costs.
    pub http: StepOverhead,
}

/// What a step costs over its blocking form, run alone; below zero where it costs less.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct StepOverhead {
    /// CPU seconds.
    pub cpu_s: f64,
    /// Seconds of waiting.
    pub delay_s: f64,
}

/// What every strategy costs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Overheads {
    /// By strategy.
    pub strategies: BTreeMap<StrategyKind, Overhead>,
    /// CPU time of the embedded server for a request among many, over that for one alone.
    pub server_share: f64,
    /// What a connection costs before its first request.
    pub connection: Connection,
}

/// What it costs to open a connection to the embedded server, and to close it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Connection {
    /// CPU seconds of the client.
    pub client_s: f64,
    /// CPU seconds of the server.
    pub server_s: f64,
}

impl Overheads {
    /// What `strategy` costs; nothing where it was not calibrated.
    pub fn of(&self, strategy: StrategyKind) -> Overhead {
        self.strategies.get(&strategy).copied().unwrap_or_default()
    }
}

impl Default for Overheads {
    /// As measured on one machine with 2 CPUs of 2.5 GHz and Linux; of the right size elsewhere.
    fn default() -> Self {
        let cost = |startup_s, startup_per_worker_s, dispatch_s, timer_s| Overhead {
            startup_s,
            startup_per_worker_s,
            dispatch_s,
            sleep: StepOverhead { cpu_s: 0.0, delay_s: timer_s },
            http: StepOverhead::default(),
        };
        let strategies = [
            (StrategyKind::Async, cost(200e-6, 0.0, 2e-6, 1.1e-3)),
            (StrategyKind::Threads, cost(50e-6, 25e-6, 1e-6, 0.0)),
            (StrategyKind::WorkStealing, cost(100e-6, 25e-6, 0.3e-6, 0.0)),
            (StrategyKind::Processes, cost(500e-6, 500e-6, 4e-6, 0.0)),
            (StrategyKind::Hybrid, cost(2e-3, 0.0, 30e-6, 1.1e-3)),
        ];
        let connection = Connection { client_s: 60e-6, server_s: 60e-6 };
        Overheads { strategies: strategies.into_iter().collect(), server_share: 0.8, connection }
    }
}
