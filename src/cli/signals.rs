//! The signals that ask this program to end.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use tokio::signal::unix::{SignalKind, signal};

use crate::diagnostics::Code;
use crate::host::inherited::note_ignored_signals;
use crate::job::shutdown::{Shutdown, Stop};
use crate::study::{KillSwitch, RunGuard};

use crate::cli::failure::Failure;

/// Handles the signals that ask this program to end; they trigger the switch.
pub(crate) fn handle() -> Result<KillSwitch, Failure> {
    note_ignored_signals();
    let switch = KillSwitch::default();
    let on_signal = switch.clone();
    on_ending_signal(move || on_signal.trigger())?;
    Ok(switch)
}

/// Calls the function at every signal that asks this program to end.
fn on_ending_signal(handle: impl FnMut() + Send + 'static) -> Result<(), Failure> {
    ctrlc::set_handler(handle).map_err(|error| {
        // It says what went wrong only to those who ask for the error inside.
        let why = match error {
            ctrlc::Error::System(error) => error.to_string(),
            other => other.to_string(),
        };
        Failure::coded(Code::HostSpawn, format!("cannot handle signals: {why}"))
    })
}

/// Starts the process group of a run that signals end.
pub(crate) fn guarded() -> Result<RunGuard, Failure> {
    Ok(RunGuard::start(handle()?)?)
}

/// Starts the process group of a run that ends by degrees: the first signal lets what runs end, the second
/// kills it.
pub(crate) fn graceful(shutdown: &Shutdown) -> Result<RunGuard, Failure> {
    note_ignored_signals();
    let switch = KillSwitch::default();
    let (on_signal, shutdown) = (switch.clone(), shutdown.clone());
    let on_signal = move || {
        if shutdown.ask(Stop::Soon).is_some() {
            shutdown.ask(Stop::Now);
            on_signal.trigger();
        }
    };
    on_ending_signal(on_signal)?;
    Ok(RunGuard::start(switch)?)
}

/// Counts SIGUSR1 as a step up and SIGUSR2 as a step down, from now on.
pub(crate) fn follow_width(steps: &Arc<AtomicI64>) -> Result<(), Failure> {
    let failed = |error: std::io::Error| Failure::coded(Code::HostSpawn, error.to_string());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build().map_err(failed)?;
    // Made here, so that no signal that comes later finds the default: it would end this process.
    let (mut up, mut down) = {
        let _entered = runtime.enter();
        let user = |kind| signal(kind).map_err(failed);
        (user(SignalKind::user_defined1())?, user(SignalKind::user_defined2())?)
    };
    let steps = Arc::clone(steps);
    std::thread::spawn(move || {
        runtime.block_on(async {
            loop {
                let step = tokio::select! {
                    received = up.recv() => received.map(|()| 1),
                    received = down.recv() => received.map(|()| -1),
                };
                let Some(step) = step else { return };
                steps.fetch_add(step, Ordering::Relaxed);
            }
        });
    });
    Ok(())
}
