//! The seam between a study and the machine: a scripted machine makes a whole study deterministic.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use crate::benchmark::clock::Clock;
use crate::benchmark::conditions::Conditions;
use crate::benchmark::executor::Executor;
use crate::benchmark::hooks::Shell;
use crate::benchmark::machine_probe::MachineProbe;
use crate::error::Error;
use crate::host::contention::TakenShares;
use crate::host::{Host, Interrupt};
use crate::profile::tasks::{ProfileLimits, Profiled};
use crate::report::document::Warning;
use crate::study::callables::Callables;
use crate::study::config::StudyConfig;
use crate::study::run_guard::RunGuard;
use crate::workload::Workload;
use crate::workload::fixture::FixtureStats;

/// A machine that runs workloads.
///
/// [`RunGuard`] is the real one.
pub trait Machine {
    /// Returns the interrupt that ends the run early.
    fn interrupt(&self) -> &Interrupt;

    /// Returns the processes of the run, for work that only a real machine can do.
    #[doc(hidden)]
    fn guard(&self) -> Option<&RunGuard> {
        None
    }

    /// Makes a workload ready to run: gives its `cpu` steps their iterations, starts the server and the
    /// interpreter that it needs.
    ///
    /// # Errors
    /// When one of these fails, or the user interrupts.
    fn prepare<'m>(
        &'m self,
        workload: Workload,
        host: &Host,
        config: &StudyConfig,
    ) -> Result<PreparedWorkload<'m>, Error>;
}

/// A workload that is ready to run.
pub struct PreparedWorkload<'m> {
    /// Runs the workload.
    pub backend: Box<dyn Backend + 'm>,
    /// Warnings that limit the trust in the results.
    pub warnings: Vec<Warning>,
}

/// Everything that a study does with one workload on one machine.
pub trait Backend {
    /// Returns the workload, with the iterations of its steps and the number of its items.
    fn workload(&self) -> &Arc<Workload>;

    /// Returns the shell that runs the user's hooks.
    fn shell(&self) -> Shell;

    /// Measures the speed of the CPUs, and the overheads of strategies if they are not in the cache;
    /// `recalibrate` ignores the cache.
    fn conditions(&self, recalibrate: bool) -> Conditions;

    /// Profiles the workload, one task after another.
    ///
    /// # Errors
    /// When the process that runs the tasks fails, or every task does.
    fn profile(&self, limits: &ProfileLimits) -> Result<Profiled, Error>;

    /// Returns the executor of batches.
    fn executor<'s>(&'s self, profiled: &'s Profiled) -> Box<dyn Executor + 's>;

    /// Returns an executor that runs the same workload by another build of this program.
    ///
    /// # Errors
    /// When its directory cannot be made.
    fn executor_of_build<'s>(&'s self, program: &Path) -> Result<Box<dyn Executor + 's>, Error>;

    /// Returns a clock that begins now.
    fn clock(&self) -> Box<dyn Clock>;

    /// Returns the time since the workload began to be prepared, without the imports of the user's module.
    fn spent(&self) -> Duration;

    /// Begins to count the CPU time of other programs.
    fn contention(&self) -> Box<dyn ContentionMeter + '_>;

    /// Returns the probe that looks at the machine between the batches of a series.
    fn machine_probe(&self) -> Box<dyn MachineProbe + '_>;

    /// Returns the CPU seconds that the embedded server has used so far; 0 without one.
    fn server_cpu_s(&self) -> f64;

    /// Ends the embedded server and returns its figures; `None` without a server.
    fn stop_server(&mut self) -> Option<FixtureStats>;

    /// Returns the Python callables of the workload, if it has any.
    fn callables(&self) -> Option<&Callables> {
        None
    }
}

/// Counts the CPU time that other programs and the hypervisor take.
pub trait ContentionMeter {
    /// Returns the shares of the CPUs that other programs and the hypervisor have taken so far; `None` if the
    /// system does not report them.
    fn shares(&self) -> Option<TakenShares>;
}
