//! The second stage: the conditions of the run and the cost of one task.

use std::time::Duration;

use crate::benchmark::conditions::Conditions;
use crate::benchmark::event::{Event, Observer, Phase};
use crate::diagnostics::Code;
use crate::error::Error;
use crate::host::suspension;
use crate::profile::Profile;
use crate::profile::tasks::{ProfileLimits, Profiled};
use crate::report::document::{CommandName, Report};
use crate::report::prose;
use crate::study::prepare::PreparedStudy;
use crate::study::state::StudyState;
use crate::workload::task_outcomes::TaskOutcomes;

/// Profiling time, unless the class and the cost of a task are certain earlier.
pub(super) const PROFILE_TIME: Duration = Duration::from_millis(1000);

/// Parts of the items of which a profile takes at most one if no item may run twice.
const ONCE_PARTS: u64 = 4;

/// Time that a single task may take before the profile is abandoned.
const TASK_PATIENCE: Duration = Duration::from_secs(120);

/// The same for a Python callable, which may hang in many ways: a multiple of the budget, within bounds.
const CALLABLE_PATIENCE_IN_BUDGETS: u32 = 3;
const LEAST_CALLABLE_PATIENCE: Duration = Duration::from_secs(10);

/// A workload whose cost per task is known, and the conditions that it runs under.
pub struct ProfiledStudy<'m> {
    pub(super) state: StudyState<'m>,
    pub(super) conditions: Conditions,
    pub(super) profiled: Profiled,
}

impl<'m> PreparedStudy<'m> {
    /// Measures what strategies cost on this machine, then profiles the workload.
    ///
    /// # Errors
    /// When a hook, the process that runs the tasks, or every task fails.
    pub fn profile(self, observer: &mut dyn Observer) -> Result<ProfiledStudy<'m>, Error> {
        let PreparedStudy { mut state } = self;
        observer.observe(&Event::PhaseStarted(Phase::Calibrating));
        let conditions = state.backend.conditions(state.config.recalibrate);
        state.check()?;
        let (profiled, server_cpu_s) = state.profile(true, observer)?;
        state.warn_of_redirects(&profiled.tally);
        Ok(ProfiledStudy { state, conditions: Conditions { server_cpu_s, ..conditions }, profiled })
    }

    /// Profiles the workload and reports nothing else.
    ///
    /// # Errors
    /// Any error of [`profile`](Self::profile).
    pub fn profile_only(self, observer: &mut dyn Observer) -> Result<Report, Error> {
        let PreparedStudy { mut state } = self;
        let (profiled, _) = state.profile(false, observer)?;
        state.warn_of_redirects(&profiled.tally);
        let counts = profiled.tally.counts;
        let (started, ok) = (counts.started(), counts.ok);
        if ok < started {
            state.warn(Code::NoteFailures, prose::warnings::failed_in_profile(started - ok, started));
        }
        let mut report = state.empty_report(CommandName::Profile);
        report.profile = Some(profiled.profile);
        report.warnings = state.warnings;
        Ok(report)
    }
}

impl ProfiledStudy<'_> {
    /// Returns the profile and ends the study.
    pub fn into_profile(self) -> Profile {
        self.profiled.profile
    }
}

impl StudyState<'_> {
    /// Returns the time that a single task may take.
    fn patience(&self) -> Duration {
        let workload = self.backend.workload();
        if !workload.runs_python() {
            return TASK_PATIENCE;
        }
        let in_budgets = self.config.budget.saturating_mul(CALLABLE_PATIENCE_IN_BUDGETS);
        let bounded = in_budgets.clamp(LEAST_CALLABLE_PATIENCE, TASK_PATIENCE);
        // Where tasks have a timeout, that ends them.
        bounded.max(workload.limits.timeout.map_or(Duration::ZERO, |timeout| timeout.saturating_mul(2)))
    }

    /// Warns if answers of servers pointed elsewhere: a redirect is as fast as it is useless.
    fn warn_of_redirects(&mut self, tally: &TaskOutcomes) {
        if tally.redirects > 0 {
            let message = prose::warnings::redirects(tally.redirects, tally.counts.started());
            self.warn(Code::NoteRedirects, message);
        }
    }

    /// Profiles the workload, for less than the usual time if it `ends_early`; returns the profile and the
    /// CPU seconds that the embedded server used per task.
    fn profile(&self, ends_early: bool, observer: &mut dyn Observer) -> Result<(Profiled, f64), Error> {
        observer.observe(&Event::PhaseStarted(Phase::Profiling));
        let tasks = self.backend.workload().tasks();
        let most_tasks = if self.config.once { tasks / ONCE_PARTS } else { u64::MAX };
        let limits = ProfileLimits { time: PROFILE_TIME, ends_early, patience: self.patience(), most_tasks };
        self.run_hook("--prepare", self.config.hooks.prepare.as_deref())?;
        let server_before_s = self.backend.server_cpu_s();
        let profiled = loop {
            let stops = suspension::count();
            let profiled = self.backend.profile(&limits);
            // While the user had stopped everything, time went on for the tasks.
            if suspension::count() == stops || self.config.once {
                break profiled;
            }
        };
        self.run_hook("--cleanup", self.config.hooks.cleanup.as_deref())?;
        let profiled = profiled?;
        let server_s = self.backend.server_cpu_s() - server_before_s;
        let started = profiled.tally.counts.started().max(1);
        Ok((profiled, server_s / started as f64))
    }
}
