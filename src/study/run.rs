//! All stages of one workload in one call.

use crate::benchmark::event::{Observer, Silent};
use crate::diagnostics::Code;
use crate::error::Error;
use crate::host::Host;
use crate::profile::Profile;
use crate::report::document::Report;
use crate::study::config::StudyConfig;
use crate::study::machine::Machine;
use crate::study::measure::MeasuredStudy;
use crate::study::prepare::PreparedStudy;
use crate::study::run_guard::{KillSwitch, RunGuard};
use crate::workload::Workload;

/// A workload to study, and the machine to study it on.
pub struct Study<'m> {
    machine: &'m dyn Machine,
    host: &'m Host,
    workload: Workload,
}

impl<'m> Study<'m> {
    /// Makes a study of `workload` on `machine`.
    pub fn new(machine: &'m dyn Machine, host: &'m Host, workload: Workload) -> Self {
        Study { machine, host, workload }
    }

    /// Profiles the workload, measures its configurations and recommends one.
    ///
    /// # Errors
    /// When the workload cannot be run, a hook fails, or the user interrupts before there is a result.
    pub fn run(self, config: &StudyConfig, observer: &mut dyn Observer) -> Result<Report, Error> {
        let prepared = self.prepare(config, observer)?;
        Ok(prepared.into_measured(observer)?.conclude())
    }

    /// Goes through the first stage only.
    ///
    /// # Errors
    /// When the server, the interpreter or the set-up fails, or the user interrupts.
    pub fn prepare(
        self,
        config: &StudyConfig,
        observer: &mut dyn Observer,
    ) -> Result<PreparedStudy<'m>, Error> {
        PreparedStudy::new(self.machine, self.host, self.workload, config, observer)
    }
}

impl<'m> PreparedStudy<'m> {
    /// Goes through all stages up to the recommendation.
    ///
    /// # Errors
    /// When the workload or a hook fails, or the user interrupts before there is a result.
    pub fn into_measured(self, observer: &mut dyn Observer) -> Result<MeasuredStudy<'m>, Error> {
        self.profile(observer)?.measure(observer)
    }
}

/// Profiles `workload`, runs it under every strategy that applies, and recommends one.
///
/// # Errors
/// When the workload cannot be run.
pub fn advise(workload: Workload, config: &StudyConfig) -> Result<Report, Error> {
    let guard = RunGuard::start(KillSwitch::default())?;
    Study::new(&guard, &this_machine()?, workload).run(config, &mut Silent)
}

/// Profiles `workload`: determines if its tasks compute or wait, and the causes of the waits.
///
/// # Errors
/// When the workload cannot be run.
pub fn profile(workload: Workload) -> Result<Profile, Error> {
    let guard = RunGuard::start(KillSwitch::default())?;
    let (host, config) = (this_machine()?, StudyConfig::default());
    let prepared = Study::new(&guard, &host, workload).prepare(&config, &mut Silent)?;
    Ok(prepared.profile(&mut Silent)?.into_profile())
}

/// Examines this machine.
///
/// # Errors
/// When the system provides no description of itself, for example because `/proc` is not mounted.
pub(crate) fn this_machine() -> Result<Host, Error> {
    Host::detect()
        .map_err(|error| Error::new(Code::HostSpawn, format!("cannot examine this machine: {error}")))
}
