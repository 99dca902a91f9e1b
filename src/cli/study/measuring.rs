//! Runs the cells of a plan, and sees what others use of the CPUs meanwhile.

use std::sync::Arc;

use crate::advice::{Facts, decide};
use crate::benchmark::clock::Stopwatch;
use crate::benchmark::executor::{Executor, ProcessExecutor};
use crate::benchmark::hooks::Hooked;
use crate::benchmark::measure::{Measured, Measurement};
use crate::benchmark::once::{Once, Slices};
use crate::benchmark::plan::Plan;
use crate::benchmark::reference;
use crate::benchmark::sizing::Sizing;
use crate::host::others::OthersMeter;
use crate::profile::probe::Profiled;

use crate::cli::conditions::server_cpu_s;
use crate::cli::failure::Failure;
use crate::cli::progress::Progress;
use crate::cli::study::{Aim, Study};

impl Study<'_> {
    pub(super) fn measure(
        &self,
        plan: &Plan,
        profiled: &Profiled,
        aim: &Aim,
        progress: &mut Progress,
    ) -> Result<Measured, Failure> {
        let Aim { settings, hooks, .. } = aim;
        let batches = self.executor(profiled);
        let used = profiled.tally.counts.started();
        let slices = settings.once.then(|| Slices::new(self.workload.tasks(), used));
        let facts = Facts::of(&self.workload, &profiled.profile, self.host.cpus_effective);
        let mut executor = Hooked::new(Once::new(batches, slices), self.shell(), hooks.clone());
        let measurement = Measurement {
            executor: &mut executor,
            observer: progress,
            clock: &mut Stopwatch::start(),
            interrupt: &self.guard.interrupt,
            sizing: self.sizing(profiled, aim),
            settings: settings.clone(),
            reference: Some(reference::of_profile(profiled)),
            preferred: Some(decide(&facts).strategy),
        };
        let (meter, server_before_s) = (OthersMeter::start(), self.server_cpu_s());
        let mut measured = measurement.run(plan);
        let server_s = self.server_cpu_s() - server_before_s;
        measured.cpu_others = meter.share(self.host.cpus_logical, server_s);
        match executor.failure() {
            // An interrupt ends the command as well; what was measured before is shown.
            Some(error) if !self.guard.interrupt.is_raised() => Err(self.hook_failed(error)),
            _ => Ok(measured),
        }
    }

    /// How large batches are.
    pub(super) fn sizing(&self, profiled: &Profiled, aim: &Aim) -> Sizing {
        Sizing {
            tasks: self.workload.tasks(),
            task_s: profiled.profile.task.total_s(),
            budget: aim.settings.budget,
            cpus: self.host.cpus_effective,
            is_thorough: aim.settings.exhaustive,
        }
    }

    /// CPU seconds that the embedded server has used so far.
    pub(super) fn server_cpu_s(&self) -> f64 {
        server_cpu_s(self.fixture.as_ref())
    }

    pub(super) fn executor<'s>(&'s self, profiled: &'s Profiled) -> Box<dyn Executor + 's> {
        match &self.python {
            Some(callables) => Box::new(callables.executor(&self.workload, &profiled.profile)),
            None => Box::new(ProcessExecutor::new(
                self.guard.group.reexec().clone(),
                Arc::clone(&self.workload),
                self.env.clone(),
                self.host.cpu_workers(),
            )),
        }
    }
}
