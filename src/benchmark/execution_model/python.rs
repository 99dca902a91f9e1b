//! Tasks that are Python callables: the interpreter, its lock and its libraries decide what a strategy does.

use crate::benchmark::configuration::Configuration;
use crate::benchmark::execution_model::model::ExecutionModel;
use crate::benchmark::execution_model::module_imports::ModuleImports;
use crate::benchmark::execution_model::staged;
use crate::benchmark::overhead::{Overhead, PythonOverheads, PythonStartUp, WorkerStart};
use crate::model::RateCurve;
use crate::profile::result::PythonProfile;
use crate::strategy::StrategyKind;
use crate::strategy::info::{Runtime, UseCase, WidthMeaning};

/// CPython's switch interval in seconds, after which a thread hands the global lock to another one.
const GIL_SLICE_S: f64 = 5e-3;

/// Seconds of work in a message to a worker process, and the smallest number of messages for each worker.
/// `python/harness/conc_harness/processes.py` has the same numbers.
const CHUNK_S: f64 = 0.01;
const MIN_CHUNKS_PER_WORKER: f64 = 4.0;

/// The execution model of Python callables in one interpreter.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Python<'a> {
    /// The interpreter and the callables.
    pub profile: &'a PythonProfile,
    /// True if only so many tasks may be in some step at once, or in their order.
    pub has_step_rules: bool,
    /// Number of tasks.
    pub tasks: u64,
    /// Seconds that one task takes alone.
    pub task_s: f64,
    /// The work that the CPUs of the machine do together.
    pub rates: RateCurve,
    /// Costs of the mechanisms that strategies use.
    pub overheads: PythonOverheads,
    /// Times to start workers.
    pub start_up: PythonStartUp,
}

impl Python<'_> {
    /// Returns the seconds to start `workers` workers of a pool, each with the module of the callables and with
    /// what its first call costs.
    fn pool_start_s(&self, start: WorkerStart, workers: usize, imports: ModuleImports) -> f64 {
        let once = self.profile.once_per_process.unwrap_or_default();
        let module = self.profile.import;
        let (first_s, own_cpu_s) = match imports {
            ModuleImports::Inherited => (0.0, 0.0),
            ModuleImports::ByServer => (module.total_s(), 0.0),
            ModuleImports::ByWorkers => (module.total_s(), module.cpu_s),
        };
        let others = workers.saturating_sub(1) as f64;
        // Further workers prepare themselves beside the first one, as far as there are CPUs.
        let waiting = (workers as f64 / self.rates.at(workers).max(f64::MIN_POSITIVE) - 1.0).max(0.0);
        start.first_s
            + first_s
            + once.total_s()
            + start.serial_s * others
            + start.parallel_s * others / self.rates.cpus.max(1.0)
            + (own_cpu_s + once.cpu_s) * waiting
    }
}

impl Python<'_> {
    /// Returns the CPU seconds per task of messages to `workers` worker processes, each with several tasks, and of
    /// their results.
    fn message_s(&self, workers: usize) -> f64 {
        let fair = self.tasks as f64 / (MIN_CHUNKS_PER_WORKER * workers.max(1) as f64);
        let chunk = (CHUNK_S / self.task_s.max(f64::MIN_POSITIVE)).min(fair).floor().max(1.0);
        self.overheads.submit_dispatch_s / chunk + self.overheads.item_dispatch_s + self.result_s()
    }

    /// Returns the CPU seconds per task to send its result back.
    fn result_s(&self) -> f64 {
        self.profile.send_cpu_s.unwrap_or(0.0)
    }

    /// Returns true if every worker has the module for itself, and with it the limits that the module sets.
    fn multiplies_the_module(&self, strategy: StrategyKind) -> bool {
        match strategy.info().width {
            WidthMeaning::Processes | WidthMeaning::Interpreters => true,
            // Steps that wait stay on one loop.
            WidthMeaning::InFlightTimesProcesses => !self.profile.has_separate_steps(),
            _ => false,
        }
    }
}

impl ExecutionModel for Python<'_> {
    fn unavailable(&self, strategy: StrategyKind) -> Option<&'static str> {
        let width = strategy.info().width;
        if self.has_step_rules && !matches!(width, WidthMeaning::Fixed1 | WidthMeaning::WorkersPerStage) {
            return Some("it does not limit the tasks in a single step");
        }
        match strategy.info().runtime {
            Runtime::Both
                if strategy == StrategyKind::Threads && self.profile.bound_to_one_loop().is_some() =>
            {
                Some("it runs an event loop in each thread, and an object of the module belongs to one loop")
            }
            Runtime::Both => None,
            Runtime::Native { missing_in_python } => Some(missing_in_python),
            Runtime::Python { missing } => (!self.profile.offers.contains(&strategy)).then_some(missing),
        }
    }

    fn fits(&self, strategy: StrategyKind, variants: bool) -> bool {
        if self.unavailable(strategy).is_some() {
            return false;
        }
        if self.profile.own_semaphore().is_some() && self.multiplies_the_module(strategy) {
            return false;
        }
        if self.profile.has_green_threads() && self.multiplies_the_module(strategy) {
            return false;
        }
        // Without a coroutine, a loop hands every task to the same threads at a higher price.
        if strategy.info().width == WidthMeaning::InFlight && !self.profile.is_awaitable() {
            return false;
        }
        match strategy.info().use_case {
            UseCase::General | UseCase::InProcess => true,
            // Either a pool for each kind of step, or an event loop in every process.
            UseCase::SeparateSteps => self.profile.has_separate_steps() || self.profile.is_awaitable(),
            UseCase::VariantForCoroutines => variants && self.profile.is_awaitable(),
            // Without a lock plain threads do the same.
            UseCase::UnderGlobalLock => self.profile.has_lock(),
            UseCase::SeparateStages => staged::fits(&self.profile.stage_pools(), self.has_step_rules),
            UseCase::NativeInProcess => false,
        }
    }

    fn rates(&self, strategy: StrategyKind) -> RateCurve {
        let each = self.profile.cpus_per_task;
        let rates = self.rates.of_tasks_on(each);
        match strategy.info().width {
            WidthMeaning::Fixed1 => rates.limited_to(each),
            WidthMeaning::InFlight if self.profile.is_awaitable() => rates.limited_to(each),
            WidthMeaning::InFlight | WidthMeaning::Threads => {
                rates.with_serial_share(self.profile.serial_share())
            }
            WidthMeaning::Processes
            | WidthMeaning::Interpreters
            | WidthMeaning::InFlightTimesProcesses
            | WidthMeaning::WorkersPerStage => rates,
        }
    }

    fn cpus(&self, strategy: StrategyKind) -> f64 {
        match strategy.info().width {
            WidthMeaning::InFlight if self.profile.is_awaitable() => self.profile.cpus_per_task,
            WidthMeaning::InFlight | WidthMeaning::Threads => self.profile.cpus_of_threads(self.rates.cpus),
            _ => self.rates.cpus,
        }
    }

    fn overhead(&self, cell: &Configuration) -> Overhead {
        let costs = self.overheads;
        let dispatch_s = match cell.strategy.info().width {
            WidthMeaning::Fixed1 => 0.0,
            WidthMeaning::InFlight if self.profile.is_awaitable() => costs.coroutine_dispatch_s,
            WidthMeaning::InFlight => costs.to_thread_dispatch_s,
            WidthMeaning::Threads => costs.thread_dispatch_s,
            WidthMeaning::Processes | WidthMeaning::Interpreters => self.message_s(cell.width),
            WidthMeaning::InFlightTimesProcesses if self.profile.has_separate_steps() => {
                costs.submit_dispatch_s + self.result_s()
            }
            WidthMeaning::WorkersPerStage => staged::dispatch_s(self.profile, &costs),
            WidthMeaning::InFlightTimesProcesses => costs.loop_in_process_dispatch_s + self.result_s(),
        };
        Overhead { dispatch_s, ..Overhead::default() }
    }

    fn time_slice_s(&self) -> f64 {
        GIL_SLICE_S
    }

    fn computing_threads(&self, cell: &Configuration) -> usize {
        match cell.strategy.info().width {
            WidthMeaning::InFlightTimesProcesses => cell.worker_processes(),
            WidthMeaning::InFlight if self.profile.is_awaitable() => 1,
            _ => cell.width,
        }
    }

    fn has_loop_of_its_own(&self, _cell: &Configuration) -> bool {
        false
    }

    fn startup_s(&self, cell: &Configuration) -> f64 {
        let once_s = self.profile.once_per_process.map_or(0.0, |cost| cost.total_s());
        match cell.strategy.info().width {
            WidthMeaning::Fixed1 => once_s,
            WidthMeaning::InFlight if self.profile.is_awaitable() => once_s,
            WidthMeaning::InFlight | WidthMeaning::Threads => {
                once_s + self.overheads.thread_start_s * cell.width as f64
            }
            WidthMeaning::Interpreters => {
                self.pool_start_s(self.start_up.interpreter, cell.width, ModuleImports::ByWorkers)
            }
            WidthMeaning::WorkersPerStage if staged::processes(self.profile, cell) == 0 => {
                once_s + self.overheads.thread_start_s * cell.width as f64
            }
            WidthMeaning::Processes
            | WidthMeaning::InFlightTimesProcesses
            | WidthMeaning::WorkersPerStage => {
                let workers = cell.worker_processes().max(staged::processes(self.profile, cell));
                let imports = ModuleImports::of_processes(self.profile);
                self.pool_start_s(self.start_up.process, workers, imports)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::result::{FreeThreading, OwnLimit, PythonStep, TaskCost, ThreadsVerdict, TwoThreads};

    fn python(gil_held: f64, steps: &[(bool, f64)]) -> PythonProfile {
        let steps = steps.iter().map(|(awaitable, cpu_fraction)| PythonStep {
            name: "f".into(),
            blocking: true,
            awaitable: *awaitable,
            cpu_fraction: *cpu_fraction,
        });
        PythonProfile::of_steps(gil_held, steps.collect())
    }

    fn model(profile: &PythonProfile, cpus: f64) -> Python<'_> {
        Python {
            profile,
            has_step_rules: false,
            tasks: 1000,
            task_s: 2e-3,
            rates: RateCurve::ideal(cpus),
            overheads: PythonOverheads::default(),
            start_up: PythonStartUp::usual(&profile.start_method),
        }
    }

    fn fits(strategy: StrategyKind, profile: &PythonProfile, variants: bool) -> bool {
        model(profile, 2.0).fits(strategy, variants)
    }

    #[test]
    fn under_a_lock_that_is_held_threads_compute_one_at_a_time() {
        let together = |strategy, profile: &PythonProfile| model(profile, 8.0).rates(strategy).at(100);
        let held = python(0.9, &[(false, 1.0)]);
        assert!(together(StrategyKind::Threads, &held) < 1.2);
        assert_eq!(together(StrategyKind::Processes, &held), 8.0);
        assert!(together(StrategyKind::Threads, &python(0.02, &[(false, 1.0)])) > 7.0, "Amdahl's law");
        let free = PythonProfile { free_threaded: FreeThreading::Yes, ..held };
        assert_eq!(together(StrategyKind::Threads, &free), 8.0);
    }

    fn start_s(profile: &PythonProfile, strategy: StrategyKind, workers: usize) -> f64 {
        model(profile, 2.0).startup_s(&Configuration::planned(strategy, workers, workers))
    }

    #[test]
    fn what_two_threads_did_rules_over_what_the_probe_of_the_lock_saw() {
        let seen = |gain: f64| TwoThreads {
            serial_share: Some(2.0 / gain - 1.0),
            ..TwoThreads::lost(2, ThreadsVerdict::Thrashing)
        };
        let of = |gil_held, gain, strategy| {
            let profile =
                PythonProfile { two_threads: Some(seen(gain)), ..python(gil_held, &[(false, 1.0)]) };
            model(&profile, 8.0).rates(strategy).at(8)
        };
        // Short stretches between system calls: the probe finds the lock free.
        assert!(of(0.05, 1.04, StrategyKind::Threads) < 1.1);
        assert!(of(0.05, 0.35, StrategyKind::Threads) < 0.35);
        assert!(of(0.9, 2.0, StrategyKind::Threads) > 7.9);
        assert_eq!(of(0.05, 0.35, StrategyKind::Processes), 8.0);
    }

    #[test]
    fn a_task_with_threads_of_its_library_uses_several_cpus_under_every_strategy() {
        let blas = PythonProfile { cpus_per_task: 2.0, ..python(0.01, &[(false, 1.0)]) };
        let at = |strategy, width| model(&blas, 2.0).rates(strategy).at(width);
        for strategy in [StrategyKind::Sequential, StrategyKind::Threads, StrategyKind::Processes] {
            assert_eq!(at(strategy, 1), 2.0, "{strategy:?}");
        }
        assert_eq!(at(StrategyKind::Processes, 2), 2.0);
    }

    #[test]
    fn processes_take_time_to_start_and_more_where_they_are_not_forked() {
        let start = |method: &str, strategy| {
            let python = PythonProfile { start_method: method.into(), ..python(0.9, &[(false, 1.0)]) };
            start_s(&python, strategy, 4)
        };
        assert!(start("spawn", StrategyKind::Processes) > start("forkserver", StrategyKind::Processes));
        assert!(start("forkserver", StrategyKind::Processes) > start("fork", StrategyKind::Processes));
        assert!(start("fork", StrategyKind::Processes) > 10.0 * start("fork", StrategyKind::Threads));
    }

    #[test]
    fn a_large_result_costs_a_process_and_no_thread() {
        let plain = python(0.01, &[(false, 1.0)]);
        let large = PythonProfile { send_cpu_s: Some(1.5e-3), ..plain.clone() };
        let dispatch_s = |profile: &PythonProfile, strategy| {
            model(profile, 2.0).overhead(&Configuration::planned(strategy, 2, 2)).dispatch_s
        };
        let more = |strategy| dispatch_s(&large, strategy) - dispatch_s(&plain, strategy);
        assert!((more(StrategyKind::Processes) - 1.5e-3).abs() < 1e-12);
        assert_eq!(more(StrategyKind::Threads), 0.0);
    }

    #[test]
    fn a_message_to_a_process_costs_less_per_task_if_it_has_many_tasks() {
        let profile = python(0.9, &[(false, 1.0)]);
        let each = |tasks, task_s| {
            let model = Python { tasks, task_s, ..model(&profile, 2.0) };
            model.overhead(&Configuration::new(StrategyKind::Processes, 2)).dispatch_s
        };
        assert!(each(10_000, 0.02) > 100e-6, "one task each");
        assert!((each(10_000, 0.002) / each(10_000, 0.02) - 0.2).abs() < 0.01, "five tasks each");
        assert!(each(100_000, 1e-6) < 1e-6);
        assert!(each(8, 1e-6) > 100e-6, "so few that every worker gets four messages of one");
    }

    #[test]
    fn a_slow_import_is_paid_by_those_who_import() {
        let import = TaskCost { cpu_s: 2.0, wait_s: 1.0 };
        let added = |method: &str, version: &str, strategy, workers| {
            let plain = PythonProfile {
                start_method: method.into(),
                version: version.into(),
                ..python(0.9, &[(false, 1.0)])
            };
            let heavy = PythonProfile { import, ..plain.clone() };
            start_s(&heavy, strategy, workers) - start_s(&plain, strategy, workers)
        };
        let of_processes =
            |method, version, workers| added(method, version, StrategyKind::Processes, workers);
        assert!(of_processes("fork", "3.11.7", 8).abs() < 1e-9);
        assert!(
            (of_processes("forkserver", "3.14.0 (main)", 8) - 3.0).abs() < 1e-9,
            "the server imports once"
        );
        // Four times as many workers as CPUs import one group after another.
        for (method, version) in [("spawn", "3.14.0"), ("forkserver", "3.13.1")] {
            assert!((of_processes(method, version, 8) - 9.0).abs() < 1e-9, "{method} {version}");
            assert!((of_processes(method, version, 2) - 3.0).abs() < 1e-9, "{method} {version}");
        }
        assert!((added("fork", "3.14.0", StrategyKind::Interpreters, 8) - 9.0).abs() < 1e-9);
        assert!(added("spawn", "3.14.0", StrategyKind::Threads, 8).abs() < 1e-9);
    }

    #[test]
    fn every_process_pays_once_what_the_first_call_costs() {
        let once = Some(TaskCost { cpu_s: 1.5, wait_s: 0.5 });
        let plain = python(0.9, &[(false, 1.0)]);
        let lazy = PythonProfile { once_per_process: once, ..plain.clone() };
        let added =
            |strategy, workers| start_s(&lazy, strategy, workers) - start_s(&plain, strategy, workers);
        assert!((added(StrategyKind::Sequential, 1) - 2.0).abs() < 1e-9);
        assert!((added(StrategyKind::Threads, 8) - 2.0).abs() < 1e-9);
        assert!((added(StrategyKind::Processes, 2) - 2.0).abs() < 1e-9, "both at once on 2 CPUs");
        assert!((added(StrategyKind::Processes, 8) - 6.5).abs() < 1e-9);
    }

    #[test]
    fn what_was_measured_of_starting_is_told_apart() {
        let forked = WorkerStart::measured(0.02, 0.04, 4, 2.0, true);
        assert_eq!(forked, WorkerStart { first_s: 0.02, serial_s: 0.01, parallel_s: 0.0 });
        let spawned = WorkerStart::measured(0.4, 0.8, 4, 2.0, false);
        assert_eq!(spawned, WorkerStart { first_s: 0.4, serial_s: 0.0, parallel_s: 0.4 });
    }

    #[test]
    fn an_event_loop_needs_a_coroutine() {
        assert!(fits(StrategyKind::Async, &python(0.1, &[(true, 0.1)]), false));
        assert!(
            !fits(StrategyKind::Async, &python(0.1, &[(false, 0.1)]), true),
            "threads, at a higher price"
        );
    }

    #[test]
    fn an_interpreter_is_not_asked_for_what_it_does_not_offer() {
        let plain = python(0.9, &[(true, 0.6)]);
        let offers = vec![StrategyKind::Interpreters, StrategyKind::Uvloop];
        let rich = PythonProfile { offers, ..plain.clone() };
        for kind in [StrategyKind::Interpreters, StrategyKind::Uvloop] {
            assert!(!fits(kind, &plain, true) && model(&plain, 2.0).unavailable(kind).is_some());
            assert!(fits(kind, &rich, true) && model(&rich, 2.0).unavailable(kind).is_none());
        }
        assert!(!fits(StrategyKind::Uvloop, &rich, false), "a variant of async");
        let free = PythonProfile { free_threaded: FreeThreading::Yes, ..rich };
        assert!(!fits(StrategyKind::Interpreters, &free, true), "threads do the same");
        assert!(model(&free, 2.0).unavailable(StrategyKind::WorkStealing).is_some());
    }

    #[test]
    fn a_semaphore_of_the_module_stays_on_one_loop_in_one_process() {
        let gate = |kind: &str, permits, one_loop| OwnLimit {
            name: "gate".into(),
            kind: kind.into(),
            permits,
            one_loop,
        };
        let coroutine = |limit| {
            let mut profile = PythonProfile { own_limits: vec![limit], ..python(0.1, &[(true, 0.01)]) };
            profile.steps[0].blocking = false;
            profile
        };
        let semaphore = coroutine(gate("asyncio.Semaphore", Some(10), true));
        assert!(fits(StrategyKind::Async, &semaphore, false));
        for kind in [StrategyKind::Threads, StrategyKind::Processes, StrategyKind::Hybrid] {
            assert!(!fits(kind, &semaphore, false), "{kind}");
        }
        // Who asks for them gets processes, but no threads: those would hang.
        assert_eq!(model(&semaphore, 2.0).unavailable(StrategyKind::Processes), None);
        assert!(model(&semaphore, 2.0).unavailable(StrategyKind::Threads).is_some());
        let client = coroutine(gate("httpx.AsyncClient", None, true));
        assert!(
            !fits(StrategyKind::Threads, &client, false) && fits(StrategyKind::Processes, &client, false)
        );
    }

    #[test]
    fn functions_share_a_semaphore_of_threads_but_not_of_processes() {
        let gate = OwnLimit {
            name: "gate".into(),
            kind: "threading.Semaphore".into(),
            permits: Some(4),
            one_loop: false,
        };
        let function = PythonProfile { own_limits: vec![gate], ..python(0.1, &[(false, 0.01)]) };
        assert!(fits(StrategyKind::Threads, &function, false));
        assert!(!fits(StrategyKind::Processes, &function, false));
        // An event loop for the steps that wait keeps the semaphore in one process.
        let steps =
            PythonProfile { own_limits: function.own_limits, ..python(0.9, &[(false, 0.1), (false, 0.9)]) };
        assert!(fits(StrategyKind::Hybrid, &steps, false));
    }

    #[test]
    fn a_hybrid_needs_steps_of_both_kinds_or_a_coroutine() {
        assert!(!fits(StrategyKind::Hybrid, &python(0.9, &[(false, 0.6)]), false));
        assert!(fits(StrategyKind::Hybrid, &python(0.9, &[(true, 0.6)]), false));
        assert!(fits(StrategyKind::Hybrid, &python(0.9, &[(false, 0.1), (false, 0.9)]), false));
        assert!(!fits(StrategyKind::WorkStealing, &python(0.9, &[(true, 0.6)]), false));
    }
}
