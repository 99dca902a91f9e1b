//! The signals that ask this program to end.

use crate::diagnostics::Code;
use crate::host::inherited::note_ignored_signals;
use crate::study::{KillSwitch, RunGuard};

use crate::cli::failure::Failure;

/// Handles the signals that ask this program to end; they trigger the switch.
pub(crate) fn handle() -> Result<KillSwitch, Failure> {
    note_ignored_signals();
    let switch = KillSwitch::default();
    let on_signal = switch.clone();
    ctrlc::set_handler(move || on_signal.trigger())
        .map_err(|error| Failure::coded(Code::HostSpawn, error.to_string()))?;
    Ok(switch)
}

/// Starts the process group of a run that signals end.
pub(crate) fn guarded() -> Result<RunGuard, Failure> {
    Ok(RunGuard::start(handle()?)?)
}
