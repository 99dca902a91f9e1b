//! The part of a study that every stage has.

use crate::benchmark::params::SizingParams;
use crate::benchmark::sizing::{Quota, Sizing};
use crate::diagnostics::Code;
use crate::error::Error;
use crate::host::{Host, Interrupt};
use crate::profile::tasks::Profiled;
use crate::report::document::{CommandName, Report, Warning, WorkloadSummary};
use crate::study::config::StudyConfig;
use crate::study::machine::Backend;

/// The workload on its machine, the configuration, and the warnings so far.
pub(super) struct StudyState<'m> {
    pub(super) backend: Box<dyn Backend + 'm>,
    pub(super) interrupt: Interrupt,
    pub(super) host: Host,
    pub(super) config: StudyConfig,
    pub(super) warnings: Vec<Warning>,
}

impl StudyState<'_> {
    /// Runs a hook of the user, if it is given.
    pub(super) fn run_hook(&self, option: &'static str, line: Option<&str>) -> Result<(), Error> {
        self.backend.shell().run(option, line).map_err(|error| self.hook_failed(&error))
    }

    /// Returns the error of a hook, or the interrupt that ended the hook.
    pub(super) fn hook_failed(&self, error: &Error) -> Error {
        let failed = error.clone();
        self.check().err().unwrap_or(failed)
    }

    /// Checks that the user has not interrupted the run.
    pub(super) fn check(&self) -> Result<(), Error> {
        if self.interrupt.is_raised() { Err(Error::interrupted()) } else { Ok(()) }
    }

    /// Adds a warning to the report.
    pub(super) fn warn(&mut self, code: Code, message: impl Into<String>) {
        self.warnings.push(Warning::new(code, message));
    }

    /// Returns a report about the workload without results.
    pub(super) fn empty_report(&self, command: CommandName) -> Report {
        Report::new(command, self.host.clone(), WorkloadSummary::of(self.backend.workload()))
    }

    /// Returns the rule for the size of batches.
    pub(super) fn sizing(&self, profiled: &Profiled) -> Sizing {
        Sizing {
            tasks: self.backend.workload().tasks(),
            task_s: profiled.profile.task.total_s(),
            longest_s: profiled.profile.longest_task_s().unwrap_or(0.0),
            budget: self.config.budget,
            cpus: self.host.cpus_effective,
            quota: Quota::of(&self.host, profiled.profile.task.cpu_s),
            is_thorough: self.config.is_exhaustive(),
            params: SizingParams::default(),
        }
    }
}
