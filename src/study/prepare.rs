//! The first stage: a workload that is ready to run.

use std::time::Duration;

use crate::advice::{checklist, gil_check};
use crate::benchmark::event::{Event, Observer, Phase};
use crate::diagnostics::Code;
use crate::error::Error;
use crate::host::Host;
use crate::policy::BUSY_PRESSURE;
use crate::report::CheckReport;
use crate::report::document::{Warning, WorkloadSummary};
use crate::report::prose;
use crate::study::config::StudyConfig;
use crate::study::forewarnings::forewarnings;
use crate::study::machine::{Machine, PreparedWorkload};
use crate::study::state::StudyState;
use crate::workload::Workload;

/// Time of the profile that tells whether tasks hold the GIL.
const GIL_TRIAL: Duration = Duration::from_millis(500);

/// A workload that is ready to run.
pub struct PreparedStudy<'m> {
    pub(super) state: StudyState<'m>,
}

impl<'m> PreparedStudy<'m> {
    /// Makes a workload ready to run on `machine` and runs the user's set-up.
    ///
    /// # Errors
    /// When the server, the interpreter or the set-up fails, or the user interrupts.
    pub fn new(
        machine: &'m dyn Machine,
        host: &Host,
        workload: Workload,
        config: &StudyConfig,
        observer: &mut dyn Observer,
    ) -> Result<Self, Error> {
        observer.observe(&Event::PhaseStarted(Phase::Preparing));
        let PreparedWorkload { backend, mut warnings } = machine.prepare(workload, host, config)?;
        warnings.extend(forewarnings(backend.workload(), config));
        for Warning { code, message, .. } in warnings.iter().filter(|warning| warning.code.is_told_first()) {
            observer.observe(&Event::Warned { code: *code, message: message.clone() });
        }
        let (interrupt, config) = (machine.interrupt().clone(), config.clone());
        let mut state = StudyState { backend, interrupt, host: host.clone(), config, warnings };
        if let Some(pressure) = host.cpu_pressure.filter(|pressure| *pressure > BUSY_PRESSURE) {
            state.warn(Code::HostContended, prose::warnings::busy_before(pressure));
        }
        state.run_hook("--setup", state.config.hooks.setup.as_deref())?;
        Ok(PreparedStudy { state })
    }

    /// Returns the workload with the items that it has: those of its module, or numbers, are counted.
    pub(crate) fn workload(&self) -> &Workload {
        self.state.backend.workload()
    }

    /// Runs a few tasks of a Python callable under observation and checks them for concurrency bugs; a
    /// task that takes longer than `timeout` hangs.
    ///
    /// # Errors
    /// When the workload is not a Python callable, or its interpreter fails.
    pub fn check(
        self,
        tasks: u64,
        timeout: Duration,
        observer: &mut dyn Observer,
    ) -> Result<CheckReport, Error> {
        observer.observe(&Event::PhaseStarted(Phase::Checking));
        let StudyState { backend, host, .. } = &self.state;
        let Some(callables) = backend.callables() else {
            let message = "only Python callables can be checked";
            return Err(Error::new(Code::WorkloadUnsupported, message));
        };
        let seen = callables.observe(backend.workload(), tasks, timeout);
        self.state.check()?;
        let seen = seen?;
        let workload = WorkloadSummary { tasks: seen.tasks, ..WorkloadSummary::of(backend.workload()) };
        // What the GIL does is found by trial in threads, in one place: the profile.
        let profile = gil_check::needs_profile(&seen)
            .then(|| callables.profile_briefly(backend.workload(), GIL_TRIAL, timeout));
        self.state.check()?;
        let checks = checklist::judge(&seen, timeout, profile.flatten().as_ref());
        Ok(CheckReport::new(host.clone(), workload, callables.version().to_owned(), checks))
    }
}
