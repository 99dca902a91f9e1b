//! Tasks that are steps of this program, or commands.

use crate::benchmark::conditions::Conditions;
use crate::benchmark::configuration::Configuration;
use crate::benchmark::execution_model::model::ExecutionModel;
use crate::benchmark::overhead::Overhead;
use crate::host::Host;
use crate::model::RateCurve;
use crate::strategy::StrategyKind;
use crate::strategy::info::{Runtime, UseCase, WidthMeaning};
use crate::workload::Workload;
use crate::workload::spec::StepNature;

/// CPU seconds after which the kernel gives a CPU to another thread: about Linux's `base_slice_ns` on a few
/// CPUs (`sched_base_slice` times 1 + log2 of their number).
const KERNEL_SLICE_S: f64 = 3e-3;

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

impl ExecutionModel for Native<'_> {
    fn unavailable(&self, strategy: StrategyKind) -> Option<&'static str> {
        match strategy.info().runtime {
            Runtime::Native { .. } | Runtime::Both => None,
            Runtime::Python { .. } => Some("it runs Python callables only"),
            Runtime::NotYetMeasured => Some("this version does not measure it yet"),
        }
    }

    fn fits(&self, strategy: StrategyKind, _variants: bool) -> bool {
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
            UseCase::VariantForCoroutines | UseCase::UnderGlobalLock | UseCase::Never => false,
        }
    }

    fn rates(&self, _strategy: StrategyKind) -> RateCurve {
        self.conditions.rates
    }

    fn cpus(&self, _strategy: StrategyKind) -> f64 {
        self.host.cpus_effective
    }

    fn overhead(&self, cell: &Configuration) -> Overhead {
        self.conditions.overheads.of(cell.strategy)
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
    fn strategies_of_python_are_not_offered() {
        let (host, workload) = (host(2), sleeping(10));
        let model = Native {
            workload: &workload,
            host: &host,
            conditions: &Conditions::usual(&host),
            preparation_s: 0.0,
        };
        for strategy in [StrategyKind::Uvloop, StrategyKind::Interpreters, StrategyKind::Pipeline] {
            assert!(model.unavailable(strategy).is_some() && !model.fits(strategy, true), "{strategy}");
        }
        assert_eq!(model.unavailable(StrategyKind::Threads), None);
    }
}
