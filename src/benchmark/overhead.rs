//! The cost of strategies on top of the tasks, native and Python: defaults with units, machine and date.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::strategy::StrategyKind;

/// Longest overhead that is believed, in seconds: a start of a pool takes milliseconds.
const MAX_OVERHEAD_S: f64 = 10.0;

/// Largest cost of a request among many that is believed, as a multiple of that of one alone.
const MAX_SERVER_SHARE: f64 = 10.0;

/// The cost of one strategy compared with running tasks one after another.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Overhead {
    /// Seconds to start the strategy with one worker.
    pub startup_s: f64,
    /// Seconds that every further worker adds.
    pub startup_per_worker_s: f64,
    /// CPU seconds to hand out a task.
    pub dispatch_s: f64,
    /// Cost of a sleeping step.
    pub sleep: StepOverhead,
    /// Cost of a request.
    pub http: StepOverhead,
}

/// The cost of a step compared with its blocking form run alone; negative where it is cheaper.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct StepOverhead {
    /// CPU seconds.
    pub cpu_s: f64,
    /// Seconds of waiting.
    pub delay_s: f64,
}

/// The overheads of every strategy.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Overheads {
    /// Overheads by strategy.
    pub strategies: BTreeMap<StrategyKind, Overhead>,
    /// CPU time of the embedded server per request among many, as a share of that of one request alone.
    pub server_share: f64,
    /// Cost of a connection before its first request.
    pub connection: Connection,
}

/// The cost of opening and closing a connection to the embedded server.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Connection {
    /// CPU seconds of the client.
    pub client_s: f64,
    /// CPU seconds of the server.
    pub server_s: f64,
}

impl Overheads {
    /// Returns true for figures that a measurement could have given: a stored form may have been edited.
    pub fn are_plausible(&self) -> bool {
        let is_time = |s: f64| (0.0..=MAX_OVERHEAD_S).contains(&s);
        // A step may be cheaper than its blocking form.
        let is_difference = |s: f64| is_time(s.abs());
        let is_step = |of: StepOverhead| is_difference(of.cpu_s) && is_difference(of.delay_s);
        let of_strategies = self.strategies.values().all(|of| {
            is_time(of.startup_s)
                && is_time(of.startup_per_worker_s)
                && is_time(of.dispatch_s)
                && is_step(of.sleep)
                && is_step(of.http)
        });
        let Connection { client_s, server_s } = self.connection;
        of_strategies
            && is_time(client_s)
            && is_time(server_s)
            && (0.0..=MAX_SERVER_SHARE).contains(&self.server_share)
    }

    /// Returns the overhead of `strategy`; zero if it is not calibrated.
    pub fn of(&self, strategy: StrategyKind) -> Overhead {
        self.strategies.get(&strategy).copied().unwrap_or_default()
    }
}

impl Default for Overheads {
    /// The overheads of native strategies on a machine with 2 CPUs at 2.5 GHz (x86-64, Linux, 2026-11-24); of
    /// the right order of magnitude elsewhere. `conc` calibrates them on the machine it runs on.
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

/// The time to start workers of a pool, without any module of the user.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct WorkerStart {
    /// Seconds until the first worker is ready, that of a server that starts the others included.
    pub first_s: f64,
    /// Seconds that every further worker takes of the process that starts it, one after another.
    pub serial_s: f64,
    /// CPU seconds that every further worker takes of its own.
    pub parallel_s: f64,
}

impl WorkerStart {
    /// Reads the figures off the seconds to start one worker and then a pool of `workers` workers, on `cpus`
    /// CPUs. Forking is work of the parent; all other ways to start are work of the worker.
    pub fn measured(one_s: f64, all_s: f64, workers: u64, cpus: f64, forks: bool) -> Self {
        let workers = workers.max(1) as f64;
        let each_s = all_s / workers;
        if forks {
            return WorkerStart { first_s: one_s, serial_s: each_s, parallel_s: 0.0 };
        }
        WorkerStart { first_s: one_s, serial_s: 0.0, parallel_s: each_s * cpus.clamp(1.0, workers) }
    }
}

/// The time to start workers with one Python interpreter and one start method of `multiprocessing`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct PythonStartUp {
    /// Worker processes.
    pub process: WorkerStart,
    /// Interpreters in one process.
    pub interpreter: WorkerStart,
}

impl PythonStartUp {
    /// Returns the times of CPython 3.11 (`fork`, `spawn`) and 3.14 (`forkserver`, interpreters) on a machine with
    /// 2 CPUs at 2.5 GHz (x86-64, Linux, 2026-11-27); of the right order of magnitude elsewhere.
    pub fn usual(start_method: &str) -> Self {
        let spawned = |first_s, parallel_s| WorkerStart { first_s, serial_s: 0.0, parallel_s };
        let process = match start_method {
            "fork" => WorkerStart { first_s: 15e-3, serial_s: 6e-3, parallel_s: 0.0 },
            "forkserver" => spawned(0.12, 20e-3),
            _ => spawned(0.12, 0.1),
        };
        PythonStartUp { process, interpreter: spawned(0.06, 40e-3) }
    }
}

/// Costs of the mechanisms that Python strategies are built from, in seconds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct PythonOverheads {
    /// CPU seconds per task taken from a queue by a long-lived coroutine.
    pub coroutine_dispatch_s: f64,
    /// CPU seconds per call through `asyncio.to_thread`.
    pub to_thread_dispatch_s: f64,
    /// Seconds to start a thread of a `ThreadPoolExecutor`.
    pub thread_start_s: f64,
    /// CPU seconds per task submitted to a `ThreadPoolExecutor`.
    pub thread_dispatch_s: f64,
    /// CPU seconds per message to a `ProcessPoolExecutor`, with its answer.
    pub submit_dispatch_s: f64,
    /// CPU seconds per task in a message with many.
    pub item_dispatch_s: f64,
    /// CPU seconds per task on an event loop inside a worker process.
    pub loop_in_process_dispatch_s: f64,
}

impl Default for PythonOverheads {
    /// The costs in CPython 3.11 on a machine with 2 CPUs at 2.5 GHz (x86-64, Linux, 2026-11-24); of the
    /// right order of magnitude elsewhere.
    fn default() -> Self {
        PythonOverheads {
            coroutine_dispatch_s: 0.3e-6,
            to_thread_dispatch_s: 50e-6,
            thread_start_s: 60e-6,
            thread_dispatch_s: 15e-6,
            submit_dispatch_s: 150e-6,
            item_dispatch_s: 0.5e-6,
            loop_in_process_dispatch_s: 2e-6,
        }
    }
}
