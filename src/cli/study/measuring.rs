//! Runs the cells of a plan, and sees what others use of the CPUs meanwhile.

use std::sync::Arc;

use conc::benchmark::clock::Stopwatch;
use conc::benchmark::executor::{Executor, ProcessExecutor};
use conc::benchmark::hooks::Hooked;
use conc::benchmark::measure::{Measured, Measurement};
use conc::benchmark::once::{Once, Slices};
use conc::benchmark::plan::Plan;
use conc::benchmark::reference;
use conc::benchmark::sizing::Sizing;
use conc::host::others::{busy_cpu_s, share_of_others};
use conc::host::usage::CpuTime;
use conc::profile::probe::Profiled;

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
        let mut executor = Hooked::new(Once::new(batches, slices), self.shell(), hooks.clone());
        let measurement = Measurement {
            executor: &mut executor,
            observer: progress,
            clock: &mut Stopwatch::start(),
            interrupt: &self.guard.interrupt,
            sizing: self.sizing(profiled, aim),
            settings: settings.clone(),
            reference: Some(reference::of_profile(profiled)),
        };
        let (busy_before, own_before) = (busy_cpu_s(), self.own_cpu_s());
        let mut measured = measurement.run(plan);
        measured.cpu_others = busy_cpu_s().zip(busy_before).map(|(after, before)| {
            let own_s = self.own_cpu_s() - own_before;
            share_of_others(after - before, own_s, measured.elapsed.as_secs_f64(), self.host.cpus_logical)
        });
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
        }
    }

    /// CPU seconds of this process, of those it has waited for and of the embedded server.
    pub(super) fn own_cpu_s(&self) -> f64 {
        (CpuTime::of_self() + CpuTime::of_children()).total_s() + server_cpu_s(self.fixture.as_ref())
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
