//! Tasks that are Python callables: the interpreter, its lock and its libraries decide what a strategy does.

use crate::benchmark::configuration::Configuration;
use crate::benchmark::execution_model::model::ExecutionModel;
use crate::benchmark::overhead::{Overhead, PythonOverheads};
use crate::model::RateCurve;
use crate::profile::result::PythonProfile;
use crate::strategy::StrategyKind;
use crate::strategy::info::{Runtime, UseCase, WidthMeaning};

/// CPython's switch interval in seconds, after which a thread hands the global lock to another one.
const GIL_SLICE_S: f64 = 5e-3;

/// The execution model of Python callables in one interpreter.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Python<'a> {
    /// The interpreter and the callables.
    pub profile: &'a PythonProfile,
    /// The work that the CPUs of the machine do together.
    pub rates: RateCurve,
    /// Costs of the mechanisms that strategies use.
    pub overheads: PythonOverheads,
}

impl Python<'_> {
    /// Seconds to start a worker process of a pool.
    fn process_start_s(&self) -> f64 {
        if self.profile.start_method == "fork" {
            self.overheads.fork_s
        } else {
            self.overheads.spawn_s / self.rates.cpus.max(1.0)
        }
    }
}

impl Python<'_> {
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
        match strategy.info().runtime {
            Runtime::Both
                if strategy == StrategyKind::Threads && self.profile.bound_to_one_loop().is_some() =>
            {
                Some("it runs an event loop in each thread, and an object of the module belongs to one loop")
            }
            Runtime::Both => None,
            Runtime::Native { missing_in_python } => Some(missing_in_python),
            Runtime::Python { missing } => (!self.profile.offers.contains(&strategy)).then_some(missing),
            Runtime::NotYetMeasured => Some("this version does not measure it yet"),
        }
    }

    fn fits(&self, strategy: StrategyKind, variants: bool) -> bool {
        if self.unavailable(strategy).is_some() {
            return false;
        }
        if self.profile.own_semaphore().is_some() && self.multiplies_the_module(strategy) {
            return false;
        }
        match strategy.info().use_case {
            UseCase::General | UseCase::InProcess => true,
            // Either a pool for each kind of step, or an event loop in every process.
            UseCase::SeparateSteps => self.profile.has_separate_steps() || self.profile.is_awaitable(),
            UseCase::VariantForCoroutines => variants && self.profile.is_awaitable(),
            // Without a lock plain threads do the same.
            UseCase::UnderGlobalLock => self.profile.has_lock(),
            UseCase::NativeInProcess | UseCase::Never => false,
        }
    }

    fn rates(&self, strategy: StrategyKind) -> RateCurve {
        let in_threads = || self.rates.limited_to(self.profile.cpus_of_threads(self.rates.cpus));
        match strategy.info().width {
            WidthMeaning::Fixed1 => self.rates.limited_to(1.0),
            WidthMeaning::InFlight if self.profile.is_awaitable() => self.rates.limited_to(1.0),
            WidthMeaning::InFlight | WidthMeaning::Threads => in_threads(),
            WidthMeaning::Processes
            | WidthMeaning::Interpreters
            | WidthMeaning::InFlightTimesProcesses
            | WidthMeaning::WorkersPerStage => self.rates,
        }
    }

    fn cpus(&self, strategy: StrategyKind) -> f64 {
        match strategy.info().width {
            WidthMeaning::InFlight if self.profile.is_awaitable() => 1.0,
            WidthMeaning::InFlight | WidthMeaning::Threads => self.profile.cpus_of_threads(self.rates.cpus),
            _ => self.rates.cpus,
        }
    }

    fn overhead(&self, strategy: StrategyKind) -> Overhead {
        let costs = self.overheads;
        let (start_s, dispatch_s) = match strategy.info().width {
            WidthMeaning::Fixed1 => (0.0, 0.0),
            WidthMeaning::InFlight if self.profile.is_awaitable() => (0.0, costs.coroutine_dispatch_s),
            WidthMeaning::InFlight => (0.0, costs.to_thread_dispatch_s),
            WidthMeaning::Threads => (costs.thread_start_s, costs.thread_dispatch_s),
            WidthMeaning::Processes => (self.process_start_s(), costs.chunk_dispatch_s),
            WidthMeaning::Interpreters => {
                (costs.interpreter_start_s / self.rates.cpus.max(1.0), costs.chunk_dispatch_s)
            }
            WidthMeaning::InFlightTimesProcesses if self.profile.has_separate_steps() => {
                (self.process_start_s(), costs.submit_dispatch_s)
            }
            WidthMeaning::InFlightTimesProcesses | WidthMeaning::WorkersPerStage => {
                (self.process_start_s(), costs.loop_in_process_dispatch_s)
            }
        };
        Overhead { startup_s: start_s, startup_per_worker_s: start_s, dispatch_s, ..Overhead::default() }
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

    fn workers_started(&self, cell: &Configuration) -> usize {
        if cell.strategy.info().width.has_processes() { cell.worker_processes() } else { cell.width }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::result::{FreeThreading, OwnLimit, PythonStep};

    fn python(gil_held: f64, steps: &[(bool, f64)]) -> PythonProfile {
        let steps = steps.iter().map(|(awaitable, cpu_fraction)| PythonStep {
            name: "f".into(),
            blocking: true,
            awaitable: *awaitable,
            cpu_fraction: *cpu_fraction,
        });
        PythonProfile {
            executable: "python3".into(),
            version: "3.12.1".into(),
            free_threaded: FreeThreading::No,
            start_method: "fork".into(),
            offers: Vec::new(),
            once_per_process: None,
            faster_again: None,
            own_limits: Vec::new(),
            two_threads: None,
            gil_wanted: Some(gil_held),
            gil_held: Some(gil_held),
            native_threads: Some(0),
            steps: steps.collect(),
        }
    }

    fn model(profile: &PythonProfile, cpus: f64) -> Python<'_> {
        Python { profile, rates: RateCurve::ideal(cpus), overheads: PythonOverheads::default() }
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
        assert_eq!(together(StrategyKind::Threads, &python(0.02, &[(false, 1.0)])), 8.0);
        let free = PythonProfile { free_threaded: FreeThreading::Yes, ..held };
        assert_eq!(together(StrategyKind::Threads, &free), 8.0);
    }

    #[test]
    fn processes_take_time_to_start_and_more_where_they_are_not_forked() {
        let start = |method: &str, strategy| {
            let python = PythonProfile { start_method: method.into(), ..python(0.9, &[(false, 1.0)]) };
            model(&python, 2.0).overhead(strategy).startup_per_worker_s
        };
        assert!(start("spawn", StrategyKind::Processes) > start("fork", StrategyKind::Processes));
        assert!(start("fork", StrategyKind::Processes) > 10.0 * start("fork", StrategyKind::Threads));
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
