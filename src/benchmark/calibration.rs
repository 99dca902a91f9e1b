//! The overheads of strategies on this machine, measured once with batches of tiny workloads.

use std::time::Duration;

use crate::benchmark::configuration::Configuration;
use crate::benchmark::overhead::{Connection, Overhead, Overheads, StepOverhead};
use crate::strategy::StrategyKind;
use crate::strategy::catalog::STRATEGIES;
use crate::strategy::info::{Runtime, WidthMeaning};
use crate::strategy::run::RunReport;
use crate::workload::Items;
use crate::workload::spec::{
    CpuSpec, FixtureSpec, HttpSpec, Kernel, LatencySpec, SleepSpec, StepSpec, Workload, WorkloadSource,
};

/// CPU time of a computing task: as short as a task that is handed out on its own.
const COMPUTE: Duration = Duration::from_micros(40);

/// Wait of a waiting task: as short as the timer of an event loop resolves.
const WAIT: Duration = Duration::from_millis(2);

/// CPU or waiting time of a batch per worker, in seconds.
const BATCH_S: f64 = 0.04;

/// Width at which waiting is measured, and at which start-up is compared with a narrow configuration.
const WIDE: usize = 24;

/// A tiny workload of one step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CalibrationWorkload {
    /// Computes.
    Compute,
    /// Sleeps.
    Sleep,
    /// Sends a request to a server.
    Http,
    /// Sends a request over a new connection.
    Connect,
}

impl CalibrationWorkload {
    /// All of them.
    pub(crate) const ALL: [CalibrationWorkload; 4] = [
        CalibrationWorkload::Compute,
        CalibrationWorkload::Sleep,
        CalibrationWorkload::Http,
        CalibrationWorkload::Connect,
    ];

    /// Returns the workload, before it is calibrated.
    pub(crate) fn workload(self) -> Workload {
        let step = match self {
            CalibrationWorkload::Compute => {
                StepSpec::Cpu(CpuSpec { kernel: Kernel::Sha256, work: COMPUTE, iterations: None })
            }
            CalibrationWorkload::Sleep => StepSpec::Sleep(SleepSpec { duration: WAIT }),
            CalibrationWorkload::Http | CalibrationWorkload::Connect => {
                let (url, pool) = ("fixture:/page/{item}".to_owned(), self == CalibrationWorkload::Http);
                StepSpec::Http(HttpSpec { url, method: "GET".to_owned(), body: None, pool })
            }
        };
        let latency = LatencySpec { median: WAIT, p99: WAIT };
        Workload {
            fixture: Some(FixtureSpec { latency, ..FixtureSpec::default() }),
            ..Workload::new("calibration", WorkloadSource::Inline, Items::Count(1_000_000), vec![step])
        }
    }

    fn task_s(self) -> f64 {
        if self == CalibrationWorkload::Compute { COMPUTE.as_secs_f64() } else { WAIT.as_secs_f64() }
    }
}

/// A runner of calibration workloads.
pub(crate) trait CalibrationRunner {
    /// Runs `tasks` tasks of a calibration workload and returns the report with the CPU seconds that its
    /// server used meanwhile; `None` if that fails.
    fn run(
        &mut self,
        probe: CalibrationWorkload,
        cell: Configuration,
        tasks: u64,
    ) -> Option<(RunReport, f64)>;
}

/// Measures the overheads of every strategy, which takes about two seconds. An overhead that cannot be
/// measured keeps its default.
pub(crate) fn calibrate(runner: &mut impl CalibrationRunner, cpus: usize) -> Overheads {
    let mut overheads = Overheads::default();
    let alone = [CalibrationWorkload::Compute, CalibrationWorkload::Sleep, CalibrationWorkload::Http]
        .map(|probe| Cost::of(runner, probe, Configuration::REFERENCE));
    let [Some(compute), Some(sleep), Some(http)] = alone else { return overheads };
    let mut server = Vec::new();
    for strategy in calibrated() {
        let cell = |width| Configuration::planned(strategy, width, cpus);
        let narrow = Cost::of(runner, CalibrationWorkload::Compute, cell(cpus.max(2)));
        let wide = Cost::of(runner, CalibrationWorkload::Sleep, cell(WIDE));
        let asking = Cost::of(runner, CalibrationWorkload::Http, cell(WIDE));
        let (Some(narrow), Some(wide), Some(asking)) = (narrow, wide, asking) else { continue };
        server.push(asking.server_cpu_s);
        let has_processes = strategy.info().width.has_processes();
        let workers = if has_processes { 0.0 } else { (WIDE - cpus.clamp(2, WIDE - 1)) as f64 };
        let per_worker = if workers > 0.0 { (wide.startup_s - narrow.startup_s) / workers } else { 0.0 };
        let startup_per_worker_s = per_worker.max(0.0);
        let overhead = Overhead {
            startup_s: (narrow.startup_s - startup_per_worker_s * (cpus.max(2) - 1) as f64).max(0.0),
            startup_per_worker_s,
            dispatch_s: (narrow.cpu_s - compute.cpu_s).max(0.0),
            sleep: wide.over(&sleep),
            http: StepOverhead { delay_s: 0.0, ..asking.over(&http) },
        };
        overheads.strategies.insert(strategy, overhead);
    }
    if let Some(connect) = Cost::of(runner, CalibrationWorkload::Connect, Configuration::REFERENCE) {
        overheads.connection = Connection {
            client_s: (connect.cpu_s - http.cpu_s).max(0.0),
            server_s: (connect.server_cpu_s - http.server_cpu_s).max(0.0),
        };
    }
    if let (Some(most), true) = (server.iter().copied().reduce(f64::min), http.server_cpu_s > 0.0) {
        overheads.server_share = (most / http.server_cpu_s).clamp(0.1, 1.0);
    }
    overheads
}

/// Returns the strategies whose overheads are measured: those that run native tasks concurrently.
fn calibrated() -> impl Iterator<Item = StrategyKind> {
    let concurrent = STRATEGIES.iter().filter(|info| info.width != WidthMeaning::Fixed1);
    concurrent
        // Its threads and queues cost what those of `threads` do.
        .filter(|info| info.width != WidthMeaning::WorkersPerStage)
        .filter(|info| matches!(info.runtime, Runtime::Native { .. } | Runtime::Both))
        .map(|info| info.kind)
}

/// The cost of a task of a calibration workload under one configuration.
#[derive(Debug, Clone, Copy)]
struct Cost {
    startup_s: f64,
    cpu_s: f64,
    median_s: f64,
    server_cpu_s: f64,
}

impl Cost {
    fn of(
        runner: &mut impl CalibrationRunner,
        probe: CalibrationWorkload,
        cell: Configuration,
    ) -> Option<Self> {
        let tasks = (BATCH_S / probe.task_s()).ceil() as u64 * cell.width as u64;
        let (report, server_s) = runner.run(probe, cell, tasks)?;
        let started = report.tally.counts.started();
        Some(Cost {
            startup_s: report.startup_s,
            cpu_s: report.cpu.total_s() / started.max(1) as f64,
            median_s: report.tally.latencies.quantile(0.5)?,
            server_cpu_s: server_s / started.max(1) as f64,
        })
    }

    fn over(&self, alone: &Cost) -> StepOverhead {
        StepOverhead {
            cpu_s: self.cpu_s - alone.cpu_s,
            delay_s: (self.median_s - alone.median_s - (self.cpu_s - alone.cpu_s)).max(0.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::benchmark::testing::report;
    use crate::host::usage::CpuTime;

    /// A machine on which an event loop wakes a millisecond late and spends 5 µs more on it.
    struct Fake;

    impl CalibrationRunner for Fake {
        fn run(
            &mut self,
            probe: CalibrationWorkload,
            cell: Configuration,
            tasks: u64,
        ) -> Option<(RunReport, f64)> {
            let late = probe == CalibrationWorkload::Sleep && cell.strategy == StrategyKind::Async;
            let mut report = report(tasks, cell.width, probe.task_s() + if late { 1.005e-3 } else { 0.0 });
            report.startup_s = 1e-3 + 1e-4 * (cell.width - 1) as f64;
            let each = 40e-6 + if late { 5e-6 } else { 0.0 };
            report.cpu = CpuTime { user_s: each * tasks as f64, system_s: 0.0 };
            let server_s = if cell == Configuration::REFERENCE { 100e-6 } else { 60e-6 };
            (cell.strategy != StrategyKind::Hybrid).then_some((report, server_s * tasks as f64))
        }
    }

    #[test]
    fn costs_are_told_apart_from_those_of_the_tasks() {
        let overheads = calibrate(&mut Fake, 2);
        let event_loop = overheads.of(StrategyKind::Async);
        assert!((event_loop.sleep.cpu_s - 5e-6).abs() < 1e-9, "{event_loop:?}");
        // Latencies are kept to 1%.
        assert!((event_loop.sleep.delay_s - 1e-3).abs() < 6e-5, "{event_loop:?}");
        assert!((event_loop.startup_per_worker_s - 1e-4).abs() < 1e-9, "{event_loop:?}");
        assert!((event_loop.startup_s - 1e-3).abs() < 1e-9, "{event_loop:?}");
        assert!(overheads.of(StrategyKind::Threads).sleep.delay_s < 1e-9);
        assert!((overheads.server_share - 0.6).abs() < 1e-9);
    }

    #[test]
    fn what_cannot_be_measured_keeps_its_usual_value() {
        assert_eq!(
            calibrate(&mut Fake, 2).of(StrategyKind::Hybrid),
            Overheads::default().of(StrategyKind::Hybrid)
        );
    }
}
