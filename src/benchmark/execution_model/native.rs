//! Tasks that are steps of this program, or commands.

use crate::benchmark::conditions::Conditions;
use crate::benchmark::configuration::Configuration;
use crate::benchmark::execution_model::model::ExecutionModel;
use crate::benchmark::overhead::Overhead;
use crate::host::Host;
use crate::model::RateCurve;
use crate::strategy::StrategyKind;
use crate::strategy::info::{Runtime, UseCase, WidthMeaning};
use crate::strategy::stages::MAX_STAGES;
use crate::workload::Workload;
use crate::workload::spec::{StepNature, StepRule, StepSpec};

/// CPU seconds after which the kernel gives a CPU to another thread: about Linux's `base_slice_ns` on a few
/// CPUs (`sched_base_slice` times 1 + log2 of their number).
const KERNEL_SLICE_S: f64 = 3e-3;

/// CPU seconds to hand a task to the next stage of a pipeline: a message of a bounded channel, and now and then
/// waking its thread. Two steps of 1 µs took 0.2 µs more than a step, of 10 µs 1.0 µs more
/// (`cargo bench --bench dispatch`, 2 CPUs).
const HANDOVER_S: f64 = 1e-6;

/// The execution model of native tasks on one machine.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Native<'a> {
    /// The tasks.
    pub workload: &'a Workload,
    /// The machine.
    pub host: &'a Host,
    /// The measured rates and overheads of the machine.
    pub conditions: &'a Conditions,
    /// CPU seconds that a process needs to prepare the workload.
    pub preparation_s: f64,
}

impl Native<'_> {
    /// Returns what in the workload keeps a strategy from running it as it is described.
    fn hindrance(&self, strategy: StrategyKind) -> Option<&'static str> {
        let width = strategy.info().width;
        let is_staged = width == WidthMeaning::WorkersPerStage;
        if is_staged && self.workload.steps.len() > MAX_STAGES {
            return Some("a pipeline has at most 8 stages");
        }
        if self.workload.ordered_step().is_some() && !is_staged && width != WidthMeaning::Fixed1 {
            return Some("it does not keep the order that a step with `ordered = true` needs");
        }
        let computes = |i: usize| self.workload.steps.get(i).is_some_and(StepSpec::is_computation);
        let is_split = |(i, rule): (usize, &StepRule)| {
            let in_processes = width.workers_are_processes() || (width.has_processes() && computes(i));
            rule.at_once().is_some() && in_processes
        };
        let mut rules = self.workload.rules.iter().enumerate();
        rules.any(is_split).then_some("its processes cannot count the tasks in a step together")
    }
}

impl ExecutionModel for Native<'_> {
    fn unavailable(&self, strategy: StrategyKind) -> Option<&'static str> {
        match strategy.info().runtime {
            Runtime::Native { .. } | Runtime::Both => self.hindrance(strategy),
            Runtime::Python { .. } => Some("it runs Python callables only"),
        }
    }

    fn fits(&self, strategy: StrategyKind, _variants: bool) -> bool {
        if self.unavailable(strategy).is_some() {
            return false;
        }
        let natures = || self.workload.steps.iter().map(|step| step.nature());
        // A command is a process already: a pool of processes, or of threads that steal, adds nothing.
        let in_process = !natures().any(|nature| nature == StepNature::Foreign);
        match strategy.info().use_case {
            UseCase::General => true,
            UseCase::InProcess | UseCase::NativeInProcess => in_process,
            UseCase::SeparateSteps => {
                let computes = natures().any(|nature| nature == StepNature::Cpu);
                let waits = natures().any(|nature| nature != StepNature::Cpu);
                computes && waits && in_process
            }
            UseCase::SeparateStages => {
                let differ = || natures().any(|nature| Some(nature) != natures().next());
                let is_limited = !self.workload.rules.is_empty();
                self.workload.steps.len() > 1 && in_process && (is_limited || differ())
            }
            UseCase::VariantForCoroutines | UseCase::UnderGlobalLock => false,
        }
    }

    fn rates(&self, _strategy: StrategyKind) -> RateCurve {
        self.conditions.rates
    }

    fn cpus(&self, _strategy: StrategyKind) -> f64 {
        self.host.cpus_effective
    }

    fn overhead(&self, cell: &Configuration) -> Overhead {
        let overheads = &self.conditions.overheads;
        let Some(stages) = cell.stages else { return overheads.of(cell.strategy) };
        let threads = overheads.of(StrategyKind::Threads);
        let queues = stages.count().saturating_sub(1) as f64;
        Overhead { dispatch_s: threads.dispatch_s + HANDOVER_S * queues, ..threads }
    }

    fn time_slice_s(&self) -> f64 {
        KERNEL_SLICE_S
    }

    fn computing_threads(&self, cell: &Configuration) -> usize {
        match cell.strategy.info().width {
            // Every command is a process, whichever strategy waits for it.
            _ if self.workload.runs_commands() => cell.width,
            WidthMeaning::InFlightTimesProcesses => cell.worker_processes(),
            WidthMeaning::InFlight => self.host.cpu_workers(),
            _ => cell.width,
        }
    }

    fn has_loop_of_its_own(&self, cell: &Configuration) -> bool {
        cell.strategy.info().width == WidthMeaning::InFlightTimesProcesses
    }

    fn startup_s(&self, cell: &Configuration) -> f64 {
        // The processes of a hybrid start at once, and calibration sees them as one.
        let workers = if cell.strategy.info().width.has_processes() { 1 } else { cell.width };
        let (overhead, rates) = (self.overhead(cell), self.rates(cell.strategy));
        // Every process prepares the workload for itself.
        let processes = cell.worker_processes();
        let prepared_s = processes as f64 * self.preparation_s / rates.at(processes).max(f64::MIN_POSITIVE);
        overhead.startup_s + overhead.startup_per_worker_s * (workers - 1) as f64 + prepared_s
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::benchmark::testing::{computing, host, sleeping};

    fn fits(strategy: StrategyKind, workload: &Workload) -> bool {
        let host = host(2);
        Native { workload, host: &host, conditions: &Conditions::usual(&host), preparation_s: 0.0 }
            .fits(strategy, true)
    }

    #[test]
    fn a_hybrid_needs_steps_that_compute_and_steps_that_wait() {
        let mut both = sleeping(10);
        both.steps.extend(computing(10).steps);
        assert!(fits(StrategyKind::Hybrid, &both));
        assert!(!fits(StrategyKind::Hybrid, &sleeping(10)) && !fits(StrategyKind::Hybrid, &computing(10)));
    }

    #[test]
    fn a_pipeline_needs_steps_of_different_nature_or_with_limits() {
        let mut both = sleeping(10);
        both.steps.extend(computing(10).steps);
        assert!(fits(StrategyKind::Pipeline, &both));
        let mut alike = sleeping(10);
        alike.steps.extend(sleeping(10).steps);
        assert!(!fits(StrategyKind::Pipeline, &alike) && !fits(StrategyKind::Pipeline, &sleeping(10)));
        alike.rules = vec![StepRule::default(), StepRule { workers: Some(1), ordered: false }];
        assert!(fits(StrategyKind::Pipeline, &alike));
        assert!(fits(StrategyKind::Threads, &alike) && !fits(StrategyKind::Processes, &alike));
        alike.rules[1].ordered = true;
        assert!(fits(StrategyKind::Pipeline, &alike) && !fits(StrategyKind::Threads, &alike));
        alike.steps = vec![alike.steps[0].clone(); MAX_STAGES + 1];
        assert!(!fits(StrategyKind::Pipeline, &alike));
    }

    #[test]
    fn strategies_of_python_are_not_offered() {
        let (host, workload) = (host(2), sleeping(10));
        let model = Native {
            workload: &workload,
            host: &host,
            conditions: &Conditions::usual(&host),
            preparation_s: 0.0,
        };
        for strategy in [StrategyKind::Uvloop, StrategyKind::Interpreters] {
            assert!(model.unavailable(strategy).is_some() && !model.fits(strategy, true), "{strategy}");
        }
        assert_eq!(model.unavailable(StrategyKind::Threads), None);
    }
}
